"""C1: the process is killed at random and at every kill point, under load; what was promised is kept, and it is ready again
within seconds. A kill leaves the page cache alone: this says nothing on syncs (see powercut.py)."""

import time

import server
from campaign import Campaign

# Where the program kills itself when it was built with kill points (preset campaign).
POINTS = ("store-before-write", "store-before-sync", "store-after-sync", "store-before-chunk", "store-after-chunk")
KILLED = (-9, 137)


def has_kill_points(path):
    with open(path, "rb") as file:
        return b"PIDGE_KILL" in file.read()


class Kill(Campaign):
    name, identifier, faults_by_default = "kill", "C1", 2000
    summary = "SIGKILL at random and at every kill point"
    faults_per_site = 50

    def check(self):
        self.has_points = has_kill_points(server.binary())
        if not self.has_points:
            self.say("this build has no kill points: kills at random only (preset campaign has them)")

    def inflict(self, bench, number, chance):
        """The process runs since the fault before; the point at which it dies was set then."""
        delay_s = chance.uniform(0.02, 0.6)
        point, nth = chance.choice(POINTS), int(40 ** chance.random())
        if self.has_points and number % 2:
            is_effective = self.die_at(bench, point, nth)
        else:
            time.sleep(delay_s)
            is_effective = self.kill(bench)
        self.check_ready(bench, bench.start())
        return is_effective

    def kill(self, bench):
        code = bench.site.process.poll()
        if code is not None:
            bench.findings.append(["crash", "", "", f"the program ended by itself with code {code}"])
        in_flight = bench.load.in_flight
        bench.site.kill()
        self.tally.count("kills_at_random")
        return in_flight > 0

    def die_at(self, bench, point, nth):
        """Starts anew with the point set; a point that is not reached in time becomes a kill at random."""
        bench.site.kill()
        try:
            bench.start(PIDGE_KILL=f"{point}:{nth}")
        except AssertionError as error:  # reached before it was ready
            if "ended with code 137" not in str(error):
                raise
            self.tally.count("kills_at_points")
            return True
        end = time.monotonic() + 3
        while bench.site.process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        code = bench.site.process.poll()
        if code is None:
            return self.kill(bench)
        if code not in KILLED:
            bench.findings.append(["crash", "", "", f"the program ended by itself with code {code}"])
        self.tally.count("kills_at_points")
        self.tally.count(f"at {point}")
        return True
