"""C2: the power is cut under load; the program is started on what the disk holds then, and the oracle judges that.

The recorders are read before the cut, so that no more is asked for than was acknowledged. Little is kept in memory, so
that log, MANIFEST and CURRENT turn over many times between two cuts.
"""

import contextlib
import os
import shutil
import time

import power_disk
import reader
from bench import Bench, environment
from campaign import Campaign, NotRun
from dnszone import Zone
from journal import Journal
from recording_sink import RecordingSink
from server import Server

TWIN_ADDRESS = "127.0.0.2"
MEMTABLE_BYTES = "262144"


class Twin:
    """The site after the cut: the same program and configuration on the clone, with servers of its own around it."""

    def __init__(self, folder, bench, seen):
        self.bench, self.journal_path = bench, os.path.join(folder, "after.jsonl")
        self.zone = Zone()
        bench.publish(self.zone, TWIN_ADDRESS)
        self.server = Server(folder=folder, dns_port=self.zone.port, relay_port=bench.sink.port,
                             changes={"site": {"data": os.path.join(seen, "data")}, "log": {"level": "info"}})

    def __enter__(self):
        self.zone.start()
        return self

    def __exit__(self, *_):
        self.server.kill()
        self.zone.stop()

    @contextlib.contextmanager
    def started(self, folder):
        """One life of it, with a sink that records into `folder`. Gives the seconds until it was ready."""
        journal = Journal(os.path.join(folder, "after.jsonl"))
        sink = RecordingSink(journal, host=TWIN_ADDRESS, port=self.bench.sink.port)
        sink.refused.add("no.test")
        sink.start()
        began = time.monotonic()
        try:
            with environment(PIDGE_MEMTABLE_BYTES=MEMTABLE_BYTES):
                self.server.start()
            yield time.monotonic() - began
        finally:
            self.server.kill()
            sink.stop()


class PowerCut(Campaign):
    name, identifier, faults_by_default = "powercut", "C2", 1400
    summary = "power cut on ext4, XFS and btrfs, 5 : 1 : 1"
    file_systems = ("ext4",) * 3 + ("xfs", "btrfs") + ("ext4",) * 2
    faults_per_site = 40
    sabotage = None  # a step of durability that is left out; see sabotage.h

    def check(self):
        for kind in sorted(set(self.file_systems)):
            if reason := power_disk.missing(kind):
                raise NotRun(reason)
        power_disk.enter_private_mounts()

    def file_system(self, number):
        return self.file_systems[(number - 1) // self.faults_per_site % len(self.file_systems)]

    def run_group(self, numbers):
        folder, kind = self.case_folder(numbers), self.file_system(numbers[0])
        for part in ("disk", "before", "site", "twin"):
            os.makedirs(os.path.join(folder, part))
        with power_disk.PowerDisk(os.path.join(folder, "disk"), kind) as disk:
            os.makedirs(os.path.join(disk.data, "data"))
            os.sync()
            with self.make_power_bench(folder, numbers[0], disk) as bench, \
                    Twin(os.path.join(folder, "twin"), bench, disk.seen) as twin:
                for number in numbers:
                    self.cut(bench, twin, disk, number, folder)
                    if not self.goes_on() or self.is_time_up():
                        break
                self.tally.accepted += bench.load.acknowledged
        if not self.tally.failing and not self.keep:
            shutil.rmtree(folder, ignore_errors=True)

    def goes_on(self):
        return True

    def make_power_bench(self, folder, first, disk):
        changes = {"site": {"data": os.path.join(disk.data, "data")}}
        return Bench(os.path.join(folder, "before"), f"{self.seed}/{first}", data=os.path.join(folder, "site"),
                     site={"changes": changes},
                     env={"PIDGE_MEMTABLE_BYTES": MEMTABLE_BYTES, "PIDGE_SABOTAGE": self.sabotage})

    def cut(self, bench, twin, disk, number, folder):
        bench.load.resume()
        time.sleep(self.chance(number).uniform(0.1, 0.8))
        self.wait_for_flight(bench)
        is_effective = bench.load.in_flight > 0
        sender_bytes, settled_bytes = bench.sent.size_bytes, bench.received.size_bytes  # first: what is known by now
        clone = disk.clone()
        case = os.path.join(folder, f"cut-{number}")
        os.makedirs(case)
        for name in ("sender.jsonl", "sink.jsonl"):
            shutil.copy(os.path.join(bench.folder, name), case)
        bench.load.pause()
        bench.check_alive()
        fault = {"number": number, "t": round(time.time(), 4), "effective": is_effective, "fs": disk.kind}
        sinks = [{"file": "sink.jsonl", "settled_bytes": settled_bytes}, {"file": "after.jsonl"}]
        with disk.mounted(clone):
            if self.live_again(bench, twin, case):
                bench.write_case(folder=case, faults=[fault], sinks=sinks, sender_bytes=sender_bytes,
                                 campaign=self.name, seed=self.seed)
                self.judge(case, [number])
            else:
                self.tally.counts["stuck"] += 1
                self.tally.failing.append({"faults": [number], "case": case, "findings": 1})
            bench.findings.clear()
        self.tally.done += 1
        self.tally.effective += is_effective
        self.tally.count(f"cuts_{disk.kind}")

    def wait_for_flight(self, bench, timeout_s=10):
        """A cut shows most while something is under way; on a machine with little to do there may be nothing for a moment."""
        end = time.monotonic() + timeout_s
        while not bench.load.in_flight and time.monotonic() < end:
            time.sleep(0.001)

    def live_again(self, bench, twin, case):
        """False: it does not even start on what is left."""
        try:
            with twin.started(case) as ready_s:
                self.check_ready(bench, ready_s)
                bench.drain(twin.server, 60)
                reader.read_site(twin.server.config_path, os.path.join(case, "reader.json"))
            return True
        except (AssertionError, RuntimeError) as error:
            self.say(f"stuck: {error}")
            shutil.copy(twin.server.log_path, case)
            return False


class PowerCutExt4(PowerCut):
    name, faults_by_default, file_systems = "powercut-ext4", 1000, ("ext4",)
    summary = "power cut on ext4 (noauto_da_alloc,commit=30)"


class PowerCutXfs(PowerCut):
    name, faults_by_default, file_systems = "powercut-xfs", 200, ("xfs",)
    summary = "power cut on XFS"


class PowerCutBtrfs(PowerCut):
    name, faults_by_default, file_systems = "powercut-btrfs", 200, ("btrfs",)
    summary = "power cut on btrfs (commit=30)"


