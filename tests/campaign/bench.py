"""A site under load, with its recorders: what a campaign breaks.

    with Bench(folder, seed) as bench:
        bench.site       # testsite.Site; bench.site.kill(), bench.start()
        bench.sink       # RecordingSink behind all MX records and routes
        bench.load       # Load; in_flight, acknowledged
        bench.faults     # what goes into case.json; bench.findings likewise
        bench.settle()   # stops the load, lets everything be delivered

`folder` gets the recorders' files and lies where no fault reaches; `data` is where the site lives, in `folder` unless given.
"""

import contextlib
import json
import os
import random
import shutil
import tempfile
import time

import server
from dnszone import Zone
from journal import Journal
from load import Load
from recording_sink import RecordingSink
from testsite import Site

DOMAINS = ("out.test", "slow.test", "no.test")


@contextlib.contextmanager
def environment(**values):
    """For the processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update({name: value for name, value in values.items() if value is not None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class Bench:
    def __init__(self, folder, seed, data=None, load=None, site=None, env=None):
        """load: options of Load; site: options of Site; env: of the program at every start; data: an empty folder."""
        self.folder, self.seed = folder, seed
        self.own_data = data is None
        self.data = data or tempfile.mkdtemp(prefix="pidge-bench-")
        self.env = env or {}
        self.load_options, self.site_options = load or {}, site or {}
        self.faults, self.findings = [], []
        self.chance = random.Random(f"{seed}/bench")

    def __enter__(self):
        self.sent = Journal(os.path.join(self.folder, "sender.jsonl"))
        self.received = Journal(os.path.join(self.folder, "sink.jsonl"))
        self.zone, self.sink = Zone(), RecordingSink(self.received)
        self.publish(self.zone, "127.0.0.1")
        self.sink.deferred.add("slow.test")
        self.sink.refused.add("no.test")
        self.zone.start()
        self.sink.start()
        changes = {"log": {"level": "info"}, **self.site_options.get("changes", {})}
        options = {**self.site_options, "changes": changes}
        self.site = Site(folder=self.data, sink=self.sink, dns_port=self.zone.port, relay_port=self.sink.port,
                         routes={"site.test": f"mailbox.site.test:{self.sink.port}"}, **options)
        self.load = Load(self.site, self.sent, self.seed, **self.load_options)
        self.start()
        self.load.start()
        return self

    def __exit__(self, kind, *_):
        self.load.stopping.set()
        self.site.kill()
        self.sink.stop()
        self.zone.stop()
        if kind:
            shutil.copy(self.site.log_path, os.path.join(self.folder, "pidge.log"))
        if self.own_data:
            shutil.rmtree(self.data, ignore_errors=True)

    @staticmethod
    def publish(zone, address):
        """All that the load's domains need in the DNS, with every server at one address."""
        for domain in DOMAINS:
            zone.add(domain, "MX", 10, "mx." + domain)
            zone.host_record("mx." + domain, address)
        zone.host_record("mailbox.site.test", address)

    def check_alive(self):
        code = self.site.process.poll()
        if code is not None:
            self.findings.append(["crash", "", "", f"the program ended by itself with code {code}"])
            self.start()

    def start(self, **env):
        """Starts the program and waits until it is ready; returns how long that took, in seconds."""
        began = time.monotonic()
        with environment(**self.env, **env):
            self.site.start()
        return time.monotonic() - began

    def settle(self, timeout_s=120):
        """No more load, nothing deferred any longer: until the queue is empty, or nothing has left it for so long, which is a finding."""
        self.load.stop()
        self.sink.deferred.clear()
        self.drain(self.site, timeout_s)

    def drain(self, site, timeout_s=120):
        moved, before = time.monotonic(), None
        self.keep_alive()
        while queue := [entry["id"] for entry in json.loads(site.pidge("queue", "list", "--json", "--limit", "1000"))]:
            if queue != before:
                moved, before = time.monotonic(), queue
            if time.monotonic() > moved + timeout_s:
                self.findings.append(["stuck", "", "", f"{len(queue)} or more entries stay in the queue"])
                return
            self.keep_alive()
            # 1 says that some are being delivered at this moment, which is as good.
            code, out, err = server.run_pidge("queue", "retry", "--all", "--config", site.config_path, timeout_s=120)
            if code not in (0, 1):
                raise AssertionError(out + err)
            time.sleep(0.3)

    def keep_alive(self):
        """Asked again and again while the queue is drained: for benches whose program may end of a fault only then."""

    def write_case(self, folder=None, faults=None, sinks=None, sender_bytes=None, **more):
        """case.json; what is not given: our own folder, faults and sink."""
        folder = folder or self.folder
        case = {**more, "faults": faults or self.faults, "findings": self.findings, "sender_bytes": sender_bytes,
                "sinks": sinks or [{"file": "sink.jsonl", "settled_bytes": None}]}
        with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as file:
            json.dump(case, file)
        shutil.copy(self.site.log_path, os.path.join(folder, "pidge.log"))
