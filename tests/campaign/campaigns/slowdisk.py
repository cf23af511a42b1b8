"""C6: syncs take long, or stand still. Nothing is answered with 250 before its own sync, and it goes on as before afterwards."""

import time

from bench import Bench
from campaign import Campaign, NotRun
from journal import read_journal
from preload import Faults, library

DELAYS_MS = (500, 2000, 10_000)
NORMAL_S_MAX = 30.0


class SlowDisk(Campaign):
    name, identifier, faults_by_default = "slow-disk", "C6", 50
    summary = "syncs take 0.5, 2 and 10 s, or stand still"
    faults_per_site = 10
    stall_s = 60.0

    def check(self):
        if library() is None:
            raise NotRun("the library of faults is not built (target pidge_faults)")

    def make_bench(self, folder, group_seed):
        bench = Bench(folder, group_seed, load={"rate": 50.0, "sessions": 10, "size_max": 50_000}, site={"changes": {"log": {"level": "warning"}}})
        bench.system = Faults(folder, below=bench.data)
        bench.env = bench.system.environment()
        return bench

    def inflict(self, bench, number, chance):
        """Every fourth fault is a stall, every eighth one of the full length."""
        system = bench.system
        if not system.syncs_begun:
            raise RuntimeError("the library of faults sees no sync of the program: the campaign would prove nothing")
        before = system.syncs_begun
        if number % 4 == 0:
            took_s = self.stall_s if number % 8 == 0 else min(self.stall_s, 3.0 + self.stall_s * chance.random())
            self.stall(bench, took_s)
        else:
            delay_ms = DELAYS_MS[number % len(DELAYS_MS)]
            self.delay(bench, delay_ms)
        self.time_normal(bench)
        return system.syncs_begun > before and bench.load.in_flight >= 0

    def stall(self, bench, seconds):
        system = bench.system
        system.is_stalled = 1
        # From here on: a sync that stands still, and nothing that began after it may be answered.
        end = time.monotonic() + 5
        while system.syncs_begun == system.syncs_ended and time.monotonic() < end:
            time.sleep(0.002)
        since = time.time()
        time.sleep(seconds)
        until = time.time()
        system.is_stalled = 0
        self.judge_early(bench, since + 0.002, until, None)
        self.tally.count("stalls")
        self.tally.most("stall_s_max", round(seconds))

    def delay(self, bench, delay_ms):
        system = bench.system
        system.sync_delay_ms = delay_ms
        time.sleep(0.05)
        since = time.time()
        time.sleep(max(3.0, 2.5 * delay_ms / 1000))
        until = time.time()
        system.sync_delay_ms = 0
        self.judge_early(bench, since, until, delay_ms / 1000)
        self.tally.count(f"delays_{delay_ms}_ms")

    def judge_early(self, bench, since, until, sync_s):
        """What was sent and answered between the two: its own sync began after it came, so it cannot have been faster than that."""
        tried = {}
        for _, record in read_journal(bench.sent.path):
            if record["kind"] == "try":
                tried[record["token"]] = record["t"]
            elif record["queue"] and tried[record["token"]] >= since and record["t"] <= until:
                took = record["t"] - tried[record["token"]]
                if sync_s is None or took < sync_s:
                    bench.findings.append(["early_250", record["token"], "", f"answered after {took:.3f} s, while a sync took {sync_s or 'for ever'}"])

    def time_normal(self, bench):
        """Until messages are answered as fast as ever again."""
        began, wanted = time.monotonic(), bench.load.acknowledged + 20
        while bench.load.acknowledged < wanted and time.monotonic() < began + 2 * NORMAL_S_MAX:
            time.sleep(0.02)
        seconds = time.monotonic() - began
        self.tally.most("normal_ms_max", round(seconds * 1000))
        if seconds > NORMAL_S_MAX:
            bench.findings.append(["stuck", "", "", f"back to normal {seconds:.1f} s after the disk was"])
