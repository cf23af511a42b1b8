"""C2m: the campaign itself is tried. Builds that leave out one step of durability must be caught by power cuts; a campaign
that does not catch its own mutant proves nothing."""

import json
import shutil

import report
import server
from bench import Bench
from campaign import Campaign, NotRun
from campaigns.kill import ForgetNames, has_kill_points
from campaigns.powercut import MEMTABLE_BYTES, PowerCut


class PowerCutOfMutant(PowerCut):
    name, identifier, faults_per_site, file_systems = "", "C2m", 20, ("ext4",)

    def goes_on(self):
        return not self.tally.failing


class NamesOfMutant(ForgetNames):
    name, identifier, faults_per_site = "", "C2m", 5

    def goes_on(self):
        return not self.tally.failing

    def make_bench(self, folder, group_seed):
        return Bench(folder, group_seed, env={"PIDGE_MEMTABLE_BYTES": MEMTABLE_BYTES, "PIDGE_SABOTAGE": self.sabotage})

    def run_group(self, numbers):
        try:
            super().run_group(numbers)
        except (AssertionError, RuntimeError) as error:  # it does not even start on what is left
            self.tally.done += 1
            self.tally.counts["stuck"] += 1
            self.tally.failing.append({"faults": list(numbers), "findings": 1, "text": str(error)[:300]})


# What is left out, and the faults that show it within the bound. A directory that is not synced cannot be seen by power
# cuts on ext4, XFS and btrfs: RocksDB syncs each new file before anything is acknowledged, and they keep its name with it.
MUTANTS = {"log-sync": (PowerCutOfMutant, 100), "directory-sync": (NamesOfMutant, 100), "audit-apart": (PowerCutOfMutant, 100)}


class SabotageCampaign(Campaign):
    name, identifier, faults_by_default = "sabotage", "C2m", len(MUTANTS)
    summary = "the campaign catches builds with a step of durability left out"

    def check(self):
        if not has_kill_points(server.binary()):
            raise NotRun("this build cannot leave anything out: the preset campaign can")
        for kind, faults in MUTANTS.values():
            kind(faults, self.seed, folder=self.folder).check()

    @staticmethod
    def run_until_caught(mutant):
        """The number of faults that it took, or None."""
        mutant.check()
        for group in mutant.groups():
            mutant.run_group(group)
            if not mutant.goes_on():
                return mutant.tally.done
        return None

    def run(self):
        self.check()
        steps = list(MUTANTS)[:self.count]
        caught, kinds = {}, {}
        for step in steps if self.only is None else steps[self.only - 1:self.only]:
            kind, faults = MUTANTS[step]
            mutant = kind(faults, self.seed, keep=self.keep)
            mutant.sabotage = step
            caught[step] = self.run_until_caught(mutant)
            if not self.keep:
                shutil.rmtree(mutant.folder, ignore_errors=True)
            kinds[step] = {kind: count for kind, count in mutant.tally.counts.items() if count}
            self.say(f"{step}: " + (f"caught at fault {caught[step]}" if caught[step] else "not caught"))
        print(json.dumps({"campaign": self.identifier, "commit": report.commit(), "seed": self.seed,
                          "mutants": {step: f"fault {fault}" if fault else "not caught" for step, fault in caught.items()}, "findings": kinds}), flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        return all(caught.values())
