"""A cluster under load, with its recorders: campaign/bench.py for several nodes.

    with ClusterBench(folder, seed) as bench:
        bench.cluster, bench.sink, bench.load
        bench.settle(); bench.read(); bench.write_case()

The recorders stand outside of every machine that a fault reaches.
"""

import json
import os
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
    def __init__(self, folder, seed, load=None):
        self.folder, self.seed, self.load_options = folder, seed, load or {}
        self.faults, self.findings = [], []

    def __enter__(self):
        self.cluster = Cluster().__enter__()
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
        wait_until(lambda: self.load.acknowledged > 20, 60, "the load to flow")

    def __exit__(self, kind, *_):
        self.load.stopping.set()
        self.keep_logs()
        self.sink.stop()
        self.zone.stop()
        self.cluster.__exit__(kind, None, None)

    def keep_logs(self):
        for name, node in getattr(self.cluster, "nodes", {}).items():
            if os.path.exists(node.log_path):
                os.replace(node.log_path, os.path.join(self.folder, f"{name}.log"))

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
                self.findings.append(["stuck", "", "", f"{len(queue)} or more entries stay in the queue"])
                return
            # A node tells its own relay at once; the others find it at their next look.
            for node in self.cluster.nodes.values():
                node.run("queue", "retry", "--all")
            time.sleep(0.5)

    def read(self):
        """reader.json: the queue once, the audit logs of all nodes as one."""
        audit, codes, texts = [], [], []
        for node in self.cluster.nodes.values():
            code, out, error = node.run("audit", "verify")
            codes.append(code)
            texts.append(f"{node.name}: {(out + error).strip()}")
            entries = reader.read_audit(node.config_path)
            numbers = [number for number, _, _ in entries]
            if numbers != list(range(1, len(numbers) + 1)):
                self.findings.append(["audit_gap", "", "", f"the log of {node.name} has a gap"])
            audit += [(kind, fields) for _, kind, fields in entries]
        code, out, error = self.cluster.some_node().run("store", "verify", "--quiet", timeout_s=300)
        if code != 0:
            self.findings.append(["damaged", "", "", f"pidge store verify: {(out + error).strip()[:1000]}"])
        found = {"queue": reader.read_queue(self.cluster.some_node().config_path),
                 "audit": [[number, kind, fields] for number, (kind, fields) in enumerate(audit, 1)],
                 "verify": {"code": max(codes), "text": "\n".join(texts)}}
        with open(os.path.join(self.folder, "reader.json"), "w", encoding="utf-8") as file:
            json.dump(found, file)

    def write_case(self, **more):
        case = {**more, "faults": self.faults, "findings": self.findings, "sender_bytes": None,
                "sinks": [{"file": "sink.jsonl", "settled_bytes": None}]}
        with open(os.path.join(self.folder, "case.json"), "w", encoding="utf-8") as file:
            json.dump(case, file)

    def pauses(self):
        """For each fault the longest time without any 250, and the longest that one message took, in seconds."""
        good, took, tried = [], [], {}
        for _, record in read_journal(os.path.join(self.folder, "sender.jsonl")):
            if record["kind"] == "try":
                tried[record["token"]] = record["t"]
            elif record["queue"]:
                good.append(record["t"])
                took.append((record["t"], record["t"] - tried[record["token"]]))
        found = []
        ends = [fault["t"] for fault in self.faults[1:]] + [float("inf")]
        for fault, end in zip(self.faults, ends):
            inside = [fault["t"]] + [time_s for time_s in good if fault["t"] <= time_s < end]
            gaps = [after - before for before, after in zip(inside, inside[1:])]
            slow = [seconds for time_s, seconds in took if fault["t"] <= time_s < end]
            found.append((fault["kind"], max(gaps, default=0.0), max(slow, default=0.0)))
        return found
