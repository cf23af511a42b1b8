"""C13: the program runs out of descriptors. It stops accepting for a while, spends no time on that, and goes on by itself."""

import os
import resource
import socket
import time

from bench import Bench
from campaign import Campaign
from sink import wait_until

LIMIT, CROWD = 256, 400
CPU_PERCENT_MAX, WATCHED_S, BACK_S_MAX = 10.0, 4.0, 5.0


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Descriptors(Campaign):
    name, identifier, faults_by_default = "descriptors", "C13", 20
    summary = f"{CROWD} connections and {LIMIT} descriptors"
    faults_per_site = 5

    def make_bench(self, folder, group_seed):
        return Bench(folder, group_seed, load={"rate": 20.0, "sessions": 4, "size_max": 100_000}, site={"changes": {"log": {"level": "warning"}}})

    def inflict(self, bench, number, chance):
        pid = bench.site.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (LIMIT, before[1]))
        paused = bench.site.log().count('"accept-paused"')
        crowd = []
        try:
            for _ in range(CROWD):
                stream = socket.socket()
                stream.setblocking(False)
                stream.connect_ex(("127.0.0.1", bench.site.ports["smtp" if number % 2 else "submission"]))
                crowd.append(stream)
            try:
                wait_until(lambda: bench.site.log().count('"accept-paused"') > paused, 10)
                is_effective = True
            except AssertionError:
                is_effective = False
            began, spent = time.monotonic(), cpu_s(pid)
            time.sleep(WATCHED_S)
            percent = 100 * (cpu_s(pid) - spent) / (time.monotonic() - began)
            self.tally.most("cpu_percent_max", round(percent, 1))
            if percent > CPU_PERCENT_MAX:
                bench.findings.append(["stuck", "", "", f"{percent:.0f} % of a core while there are no descriptors"])
        finally:
            for stream in crowd:
                stream.close()
        self.check_back(bench)
        resource.prlimit(bench.site.process.pid, resource.RLIMIT_NOFILE, before)
        return is_effective

    def check_back(self, bench):
        """With the descriptors as few as before."""
        began, wanted = time.monotonic(), bench.load.acknowledged + 10
        while bench.load.acknowledged < wanted and time.monotonic() < began + 40:
            time.sleep(0.02)
        seconds = time.monotonic() - began
        self.tally.most("back_ms_max", round(seconds * 1000))
        if seconds > BACK_S_MAX:
            bench.findings.append(["stuck", "", "", f"takes mail {seconds:.1f} s after the crowd had gone"])
        if bench.site.process.poll() is not None:
            bench.findings.append(["crash", "", "", f"the program ended with code {bench.site.process.returncode}"])
            bench.start()
