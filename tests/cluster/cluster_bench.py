"""A cluster under load, with its recorders: campaign/bench.py for several nodes.

    with ClusterBench(folder, seed) as bench:
        bench.cluster, bench.sink, bench.load
        bench.settle(); bench.read(); bench.write_case()

The recorders stand outside of every machine that a fault reaches.
"""

import collections
import contextlib
import json
import os
import shutil
import time

from cluster import OUTSIDE, Cluster
from dnszone import Zone
from journal import Journal, read_journal
from load import Load
from recording_sink import RecordingSink
from sink import wait_until
import reader

DOMAINS = ("out.test", "slow.test", "no.test")
SINK_PORT = 2525


class ClusterBench:
    def __init__(self, folder, seed, load=None, **options):
        """options: of the Cluster."""
        self.folder, self.seed, self.load_options, self.options = folder, seed, load or {}, options
        self.faults, self.findings, self.stalls = [], [], []

    def __enter__(self):
        self.cluster = Cluster(**self.options).__enter__()
        try:
            self.build()
        except BaseException as error:
            self.keep_logs()
            self.cluster.__exit__(type(error), error, None)
            raise
        return self

    def build(self):
        network = self.cluster.network
        self.sent = Journal(os.path.join(self.folder, "sender.jsonl"))
        self.received = Journal(os.path.join(self.folder, "sink.jsonl"))
        outside = network.addresses[OUTSIDE]
        self.zone = network.inside(OUTSIDE, lambda: Zone(host=outside, port=53))
        self.sink = network.inside(OUTSIDE, lambda: RecordingSink(self.received, host=outside, port=SINK_PORT))
        for domain in DOMAINS:
            self.zone.add(domain, "MX", 10, "mx." + domain)
            self.zone.host_record("mx." + domain, outside)
        self.sink.deferred.add("slow.test")
        self.sink.refused.add("no.test")
        self.zone.start()
        self.sink.start()
        self.cluster.start()
        self.load = Load(self.cluster, self.sent, self.seed, **self.load_options)
        self.load.start()
        wait_until(lambda: len({session for *_, session in list(self.load.waits)}) == self.load.sessions, 90, "all load to flow")

    def __exit__(self, kind, *_):
        self.load.stopping.set()
        self.keep_logs()
        self.sink.stop()
        self.zone.stop()
        self.cluster.__exit__(kind, None, None)

    @contextlib.contextmanager
    def stall(self):
        """A node is frozen or cut off meanwhile: it may have been waiting for a reply to a final dot."""
        begun = time.time() - 1
        try:
            yield
        finally:
            self.stalls.append([begun, time.time()])

    def stuck(self, text):
        self.findings.append(["stuck", "", "", text])

    def keep_logs(self):
        for name, node in getattr(self.cluster, "nodes", {}).items():
            if os.path.exists(node.log_path):
                os.replace(node.log_path, os.path.join(self.folder, f"{name}.log"))
        for machine in self.cluster.form.votes:
            for service in ("patroni", "etcd", "elsewhere"):  # PostgreSQL writes into Patroni's
                log = os.path.join(self.cluster.folder, machine, f"{service}.log")
                if os.path.exists(log):
                    shutil.copy(log, os.path.join(self.folder, f"{machine}.{service}.log"))

    def wait_for_flow(self, count=20, timeout_s=90):
        """Until so many more messages were acknowledged."""
        before = self.load.acknowledged
        wait_until(lambda: self.load.acknowledged >= before + count, timeout_s, f"{count} further acknowledgements")

    def settle(self, timeout_s=180):
        self.load.stop()
        self.sink.deferred.clear()
        end = time.monotonic() + timeout_s
        while queue := json.loads(self.cluster.pidge("queue", "list", "--json", "--limit", "1000")):
            if time.monotonic() > end:
                self.stuck(f"{len(queue)} or more entries stay in the queue: {json.dumps(queue[:3])}")
                return
            # A node tells its own relay at once; the others find it at their next look.
            for node in self.cluster.nodes.values():
                node.run("queue", "retry", "--all")
            time.sleep(0.5)

    @staticmethod
    def ask_at(node):
        """On that machine."""
        return lambda _, *words, **options: node.pidge(*words, **options)

    def read(self):
        """reader.json: the queue once, the audit logs of all nodes as one."""
        audit, codes, texts = [], [], []
        for node in self.cluster.nodes.values():
            code, out, error = node.run("audit", "verify")
            codes.append(code)
            texts.append(f"{node.name}: {(out + error).strip()}")
            entries = reader.read_audit(node.config_path, ask=self.ask_at(node))
            numbers = [number for number, _, _ in entries]
            if numbers != list(range(1, len(numbers) + 1)):
                self.findings.append(["audit_gap", "", "", f"the log of {node.name} has a gap"])
            audit += [(kind, fields) for _, kind, fields in entries]
        node = self.cluster.some_node()
        code, out, error = node.run("store", "verify", "--quiet", timeout_s=300)
        if code != 0:
            self.findings.append(["damaged", "", "", f"pidge store verify: {(out + error).strip()[:1000]}"])
        found = {"queue": reader.read_queue(node.config_path, ask=self.ask_at(node)),
                 "audit": [[number, kind, fields] for number, (kind, fields) in enumerate(audit, 1)],
                 "verify": {"code": max(codes), "text": "\n".join(texts)}}
        with open(os.path.join(self.folder, "reader.json"), "w", encoding="utf-8") as file:
            json.dump(found, file)

    def write_case(self, **more):
        case = {**more, "faults": self.faults, "stalls": self.stalls, "findings": self.findings, "sender_bytes": None,
                "sinks": [{"file": "sink.jsonl", "settled_bytes": None}]}
        with open(os.path.join(self.folder, "case.json"), "w", encoding="utf-8") as file:
            json.dump(case, file)

    def looks(self):
        """What clients noticed of each fault, until the next one: seconds without any 250 (`pause_s`), the longest that one
        client waited from wanting to send until its 250, over all it tried meanwhile (`wait_s`), transactions that broke off,
        those that were answered otherwise (`put_off`), and messages that one further try would not have brought in
        (`failed`)."""
        good = [record["t"] for _, record in read_journal(os.path.join(self.folder, "sender.jsonl"))
                if record["kind"] == "reply" and record["queue"]]
        ends = [fault["t"] for fault in self.faults[1:]] + [float("inf")]
        for fault, end in zip(self.faults, ends):
            begin = fault["t"]
            inside = [begin] + [time_s for time_s in good if begin <= time_s < end]
            troubles = [(time_s - begin, *rest) for time_s, *rest in self.load.troubles if begin <= time_s < end]
            counts = collections.Counter(kind for _, kind, _ in troubles)
            yield {"kind": fault["kind"],
                   "pause_s": max((after - before for before, after in zip(inside, inside[1:])), default=0.0),
                   "wait_s": max((waited for time_s, waited, *_ in self.load.waits if begin <= time_s < end), default=0.0),
                   "breaks": counts["break"], "put_off": counts["put off"], "troubles": troubles,
                   "failed": sum(1 for time_s, _, vain, _ in self.load.waits if begin <= time_s < end and vain > 1)}
