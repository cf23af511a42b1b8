"""C1: the process is killed at random and at every kill point, under load; what was promised is kept, and it is ready again
within seconds. A kill leaves the page cache alone: this says nothing on syncs (see powercut.py)."""

import collections
import itertools
import time

import server
from campaign import Campaign, NotRun

# Where the program kills itself when it was built with kill points (preset campaign).
POINTS = ("submission-before-plan", "submission-before-commit", "submission-before-reply",
          "store-before-write", "store-before-sync", "store-after-sync", "store-before-chunk", "store-after-chunk",
          "relay-after-lease", "relay-before-delivery", "relay-in-body", "relay-after-delivery",
          "relay-before-outcome", "relay-after-outcome")
KILLED = (-9, 137)


def has_kill_points(path):
    with open(path, "rb") as file:
        return b"PIDGE_KILL" in file.read()


class Kill(Campaign):
    name, identifier, faults_by_default = "kill", "C1", 2000
    summary = "SIGKILL at random and at every kill point"
    faults_per_site = 25
    ways = ("random", "random", "text", "reply")
    at_points = {}    # what else the environment says when it dies at a point

    def check(self):
        self.points = self.tally.more["points"] = collections.Counter()
        self.has_points = has_kill_points(server.binary())
        if not self.has_points:
            self.say("this build has no kill points: kills at random only (preset campaign has them)")

    def inflict(self, bench, number, chance):
        delay_s, nth = chance.uniform(0.02, 0.6), int(40 ** chance.random())
        way = chance.choice(self.ways + ("point",) * 4 * self.has_points)
        if way == "point":
            is_effective = self.die_at(bench, chance.choice(POINTS), nth)
        elif way == "random":
            time.sleep(delay_s)
            is_effective = self.kill(bench)
        else:
            is_effective = self.die_seen_from_outside(bench, way, nth)
        self.check_ready(bench, bench.start())
        return is_effective

    def die_seen_from_outside(self, bench, way, nth):
        """At the sink's nth text, after its final dot and before our reply; or at the sender's nth 250, as soon as it is read."""
        left = itertools.count(1)

        def seen(*_):
            if next(left) == nth:
                bench.site.process.kill()

        if way == "text":
            bench.sink.script["message"] = seen
        else:
            bench.load.on_reply = seen
        try:
            is_dead = self.await_death(bench)
        finally:
            bench.sink.script.pop("message", None)
            bench.load.on_reply = None
        if not is_dead:
            return self.kill(bench)
        self.tally.count(f"kills_at_{way}")
        return True

    @staticmethod
    def await_death(bench):
        """False when it does not come in time: there was too little to do."""
        end = time.monotonic() + 3
        while bench.site.process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        return bench.site.process.poll() is not None

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
            bench.start(PIDGE_KILL=f"{point}:{nth}", **self.at_points)
        except AssertionError as error:  # reached before it was ready
            if "ended with code 137" not in str(error):
                raise
            self.tally.count("kills_at_points")
            self.points[point] += 1
            return True
        if not self.await_death(bench):
            return self.kill(bench)
        code = bench.site.process.returncode
        if code not in KILLED:
            bench.findings.append(["crash", "", "", f"the program ended by itself with code {code}"])
        self.tally.count("kills_at_points")
        self.points[point] += 1
        return True


class ForgetNames(Kill):
    """The strict reading of fsync(2): names that no sync of their directory has made durable are gone after the kill. The
    file systems of the power cuts keep them as soon as the file itself is synced, and so hide a missing sync."""
    name, faults_by_default = "names", 200
    summary = "killed at kill points; file names that were not synced are gone"
    ways = ()
    at_points = {"PIDGE_FORGET_NAMES": "1"}
    settings = {"env": {"PIDGE_MEMTABLE_BYTES": "262144"}}

    def check(self):
        super().check()
        if not self.has_points:
            raise NotRun("this build has no kill points: the preset campaign has them")
