"""The oracle on the real program: what was deleted behind its back is found, all of it and nothing else."""

import json
import os
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]

import oracle  # noqa: E402
import processes  # noqa: E402
import reader  # noqa: E402
import subprocess  # noqa: E402
from bench import Bench  # noqa: E402
from evidence import base_id, read_promises  # noqa: E402

LOG = b"audit.mx.site.test/n1"
MESSAGES = 60


class Store:
    """The records of a stopped program, by RocksDB's own tool: key layouts as in src/system/store/space.h."""

    def __init__(self, path):
        self.path = path

    def ldb(self, family, *arguments):
        done = subprocess.run(["ldb", f"--db={self.path}", f"--column_family={family}", "--try_load_options", "--hex", *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"ldb {family} {arguments}: {done.stderr.decode()}")
        return done.stdout.decode()

    def keys(self, family):
        return [line.split(" : ")[0] for line in self.ldb(family, "scan").splitlines() if line.startswith("0x")]

    def delete_queue_entry(self, due_key):
        item = due_key[2 + 2 + 32:]  # after 0x, the space, the group and the time
        self.ldb("due", "delete", due_key)
        self.ldb("default", "delete", "0x20" + item)

    def delete_audit_entry(self, number):
        self.ldb("audit", "delete", "0x08" + LOG.hex().upper() + "00" + f"{number:016X}")


@unittest.skipUnless(processes.has("ldb"), "needs ldb (rocksdb-tools)")
class SelfCheck(unittest.TestCase):
    def test_three_deletions_are_three_findings(self):
        """[O5] [J23] One message, one outcome and one accept entry are deleted."""
        with tempfile.TemporaryDirectory() as folder, \
                Bench(folder, 1, load={"rate": 200, "size_max": 5000}) as bench:
            end = time.monotonic() + 60
            while bench.load.acknowledged < MESSAGES and time.monotonic() < end:
                time.sleep(0.05)
            bench.load.stop()
            time.sleep(0.5)  # most is delivered; what slow.test defers stays
            audit = reader.read_audit(bench.site.config_path)
            bench.site.stop()
            wanted = self.delete(bench, folder, audit)
            bench.start()
            bench.settle()
            reader.read_site(bench.site.config_path, os.path.join(folder, "reader.json"))
            bench.write_case()
            verdict = oracle.judge(folder)
        self.assertGreaterEqual(verdict.accepted, MESSAGES)
        self.assertEqual(sorted((finding.kind, finding.token) for finding in verdict.findings), sorted(wanted),
                         "\n".join(str(finding) for finding in verdict.findings))

    def delete(self, bench, folder, audit):
        """[(class, token)] of what the oracle must tell."""
        promises = {promise.queue: promise for promise in read_promises(os.path.join(folder, "sender.jsonl"), None).values()
                    if promise.queue}
        store = Store(os.path.join(bench.data, "data", "store"))
        queued = json.loads(bench.site.pidge("queue", "list", "--json", "--limit", "1000"))
        lost = promises[queued[0]["queueId"]]
        place = int(queued[0]["id"].rpartition("-")[2])
        key = next(key for key in store.keys("due")
                   if key[36:68] in self.item_prefixes(store, queued[0]) and key.endswith(f"{place:04X}"))
        store.delete_queue_entry(key)
        others = [(number, kind, fields) for number, kind, fields in audit
                  if base_id(fields.get("queue", "")) != lost.queue and fields.get("queue") != lost.queue]
        outcome = next((number, promises[base_id(fields["queue"])]) for number, kind, fields in others
                       if kind == "outcome" and base_id(fields["queue"]) in promises)
        accept = next((number, promises[fields["queue"]]) for number, kind, fields in reversed(others)
                      if kind == "accept" and fields["queue"] in promises and fields["queue"] != outcome[1].queue)
        for number, _ in (outcome, accept):
            store.delete_audit_entry(number)
        return [("lost", lost.token), ("audit_gap", outcome[1].token), ("audit_gap", accept[1].token)]

    @staticmethod
    def item_prefixes(store, entry):
        """The octets of the message's id: those of the queue record that names its recipient."""
        wanted = entry["recipients"][0]["address"].partition("@")[0].encode().hex().upper()
        return [line[4:36] for line in store.ldb("default", "scan", "--from=0x20", "--to=0x21").splitlines()
                if wanted in line]


if __name__ == "__main__":
    unittest.main()
