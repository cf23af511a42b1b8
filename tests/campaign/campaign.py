"""What all campaigns share: numbered faults from one seed, a site under load, recorders, judgement, report.

A campaign is a class in campaigns/NAME.py:

    class Kill(Campaign):
        name, identifier, faults_by_default = "kill", "C1", 2000
        summary = "SIGKILL at random and at every kill point"

        def inflict(self, bench, number, chance):
            "Makes fault `number`; returns whether something was in flight. `chance` is the fault's own randomness."

`run` makes a bench (a fresh site, its sink, its load) for every `faults_per_site` faults, calls inflict for each, lets the
queue drain and asks the oracle. A campaign that judges at each fault itself overrides `run_group`.
"""

import os
import random
import shutil
import tempfile
import time

import oracle
import reader
import report
from bench import Bench


class NotRun(Exception):
    """The campaign cannot be made here; says why. That is no pass."""


class Campaign:
    name = identifier = summary = ""
    faults_by_default = 100
    faults_per_site = 25
    ready_s_goal = 5.0  # on a machine that does nothing else: missing it is counted
    ready_s_max = 25.0  # beyond: a finding
    engine = ""    # of the store; empty: RocksDB
    settings = {}  # for the site: see testsite.Site

    def __init__(self, count=None, seed=1, only=None, keep=False, folder=None, minutes=None, first=1):
        self.count, self.seed, self.only, self.keep, self.first = count or self.faults_by_default, seed, only, keep, first
        self.folder = folder or tempfile.mkdtemp(prefix=f"pidge-campaign-{self.name}-")
        self.tally = report.Tally()
        self.started = time.monotonic()
        self.ends = self.started + minutes * 60 if minutes else None

    # What a campaign may say otherwise

    def check(self):
        """Raises NotRun."""

    def inflict(self, bench, number, chance):
        raise NotImplementedError

    def make_bench(self, folder, group_seed):
        return Bench(folder, group_seed, **self.settings)

    # The run

    def numbers(self):
        return [self.only] if self.only is not None else range(self.first, self.first + self.count)

    def planned(self):
        return len(self.numbers())

    def chance(self, number):
        """The randomness of one fault: the same whether it runs alone or among the others."""
        return random.Random(f"{self.seed}/{self.name}/{number}")

    def groups(self):
        numbers = list(self.numbers())
        return [numbers[at:at + self.faults_per_site] for at in range(0, len(numbers), self.faults_per_site)]

    def is_time_up(self):
        """No further group, and in a group that judges each fault no further fault, is begun."""
        return self.ends is not None and time.monotonic() > self.ends

    def run(self):
        """Runs all; True when every promise was kept and something was tried. Prints the report line."""
        self.check()
        for group in self.groups():
            if self.is_time_up():
                break
            self.run_group(group)
            self.say(f"{self.tally.done}/{self.planned()} faults, {self.tally.effective} effective, {self.tally.accepted} "
                     f"messages accepted, {sum(self.tally.counts.values())} findings")
        if not self.tally.failing and not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        print(report.line(self, self.tally, time.monotonic() - self.started), flush=True)
        return self.is_passed()

    def is_passed(self):
        return not self.tally.failing and self.tally.effective > 0

    def run_group(self, numbers):
        folder = self.case_folder(numbers)
        with self.make_bench(folder, f"{self.seed}/{numbers[0]}") as bench:
            for number in numbers:
                is_effective = self.inflict(bench, number, self.chance(number))
                bench.faults.append({"number": number, "t": round(time.time(), 4), "effective": is_effective})
                self.tally.done += 1
                self.tally.effective += bool(is_effective)
            bench.settle()
            reader.read_site(bench.site.config_path, os.path.join(folder, "reader.json"))
            bench.write_case(campaign=self.name, seed=self.seed)
        self.tally.accepted += bench.load.acknowledged
        self.judge(folder, numbers)

    def case_folder(self, numbers):
        folder = os.path.join(self.folder, f"case-{numbers[0]}")
        os.makedirs(folder)
        return folder

    def judge(self, folder, numbers):
        """Asks the oracle; keeps the folder when a promise was broken."""
        verdict = oracle.judge(folder)
        self.tally.add(verdict)
        if verdict.findings:
            self.tally.failing.append({"faults": list(numbers), "case": folder, "findings": len(verdict.findings)})
            for finding in verdict.findings[:10]:
                self.say(str(finding))
            self.say(f"{len(verdict.findings)} findings; ./dev judge {folder} tells them again")
        elif not self.keep:
            shutil.rmtree(folder, ignore_errors=True)
        return verdict

    def check_ready(self, bench, seconds):
        """A start under a fault took that long."""
        self.tally.most("ready_ms_max", round(seconds * 1000))
        if seconds > self.ready_s_goal:
            self.tally.count("ready_goal_missed")
        if seconds > self.ready_s_max:
            bench.findings.append(["stuck", "", "", f"ready after {seconds:.1f} s"])

    def say(self, text):
        print(f"{self.identifier}: {text}", flush=True)


