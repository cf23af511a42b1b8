"""C10: the clock on the wall steps and slews. Nothing expires by it alone, what waits is tried in time, and the trail tells of it."""

import json
import os
import threading
import time

import load
from bench import Bench
from campaign import Campaign, NotRun
from preload import Faults, library
from sink import wait_until

DAY, YEAR = 86_400, 31_557_600
STEPS = (1, -1, 3600, -3600, 6 * DAY, -10 * YEAR, "leap second", "slew")
NOTICED_S_MAX = 5.0
DATE_AHEAD_S = 600  # a Date further ahead is corrected [J10]
LEAST_NOTICED_S = 2.0  # steps of a second or so may be taken for the scheduler's


between_messages = threading.Lock()


def dated(make_message, system):
    """The senders look at the same clock: a Date that is years off would be corrected. So no message is between two clocks either."""
    def make(chance, token, size):
        with between_messages:
            system.messages_made += 1
        octets = make_message(chance, token, size)
        at, end = octets.index(b"Date: "), octets.index(b"\r\nMessage-ID")
        then = time.gmtime(time.time() + system.clock_offset_s)
        return octets[:at] + time.strftime("Date: %a, %d %b %Y %H:%M:%S +0000", then).encode() + octets[end:]
    return make


class Clock(Campaign):
    name, identifier, faults_by_default = "clock", "C10", 40
    summary = "the wall clock steps by seconds, hours, days and years, and slews"
    faults_per_site = len(STEPS)  # a site ends where the clock is years behind

    def check(self):
        if library() is None:
            raise NotRun("the library of faults is not built (target pidge_faults)")

    def make_bench(self, folder, group_seed):
        bench = Bench(folder, group_seed, load={"rate": 30.0, "sessions": 6, "size_max": 20_000}, site={"changes": {"log": {"level": "info"}}})
        bench.system = Faults(folder, below=bench.data)
        bench.system.messages_made = 0
        # The command line looks at the same clock as the server.
        os.environ.update(bench.system.environment())
        load.make_message = dated(self.make_message, bench.system)
        return bench

    def run_group(self, numbers):
        before, self.make_message = dict(os.environ), load.make_message
        try:
            super().run_group(numbers)
        finally:
            load.make_message = self.make_message
            os.environ.clear()
            os.environ.update(before)

    def inflict(self, bench, number, chance):
        """Each step adds to those before; every third time the program is started anew while the clock is wrong."""
        if not bench.system.counts().get("clock"):
            raise RuntimeError("the library of faults sees no look at the clock: the campaign would prove nothing")
        step = STEPS[(number - 1) % len(STEPS)]
        before, accepted = self.steps_told(bench), bench.load.acknowledged
        if step == "leap second":
            bench.system.clock_offset_s -= 1
        elif step != "slew" and abs(step) >= DATE_AHEAD_S:
            with between_messages:
                wait_until(lambda: bench.load.tried == bench.system.messages_made and bench.load.in_flight == 0, 20, "no message under way")
                bench.system.clock_offset_s += step
        elif step == "slew":
            for _ in range(20):
                bench.system.clock_offset_s += 0.05
                time.sleep(0.05)
        else:
            bench.system.clock_offset_s += step
        if isinstance(step, int) and abs(step) >= LEAST_NOTICED_S:
            self.check_told(bench, step, before)
        time.sleep(1.0)
        # Before the first day of its certificate it would say so and not start.
        if number % 3 == 0 and bench.system.clock_offset_s > -DAY:
            bench.site.kill()
            self.check_ready(bench, bench.start())
            time.sleep(1.0)
        expired = sum(event["action"] == "expired" for event in bench.site.events("relay-failed") if "action" in event)
        if expired:
            bench.findings.append(["false_bounce", "", "", f"{expired} messages expired by a step of {step}"])
        self.tally.count(f"step {step}")
        return bench.load.acknowledged > accepted

    def steps_told(self, bench):
        return len(bench.site.events("clock-stepped"))

    def check_told(self, bench, step, before):
        try:
            wait_until(lambda: self.steps_told(bench) > before, NOTICED_S_MAX)
        except AssertionError:
            bench.findings.append(["audit_gap", "", "", f"nothing tells of a step by {step} s within {NOTICED_S_MAX} s"])
            return
        wait_until(lambda: any(abs(entry["fields"]["milliseconds"] - 1000 * step) < 1500
                               for entry in json.loads(bench.site.pidge("audit", "search", "--type", "clock-step", "--json", "--limit", "1000"))),
                   NOTICED_S_MAX, f"a clock-step entry of {step} s")
