"""C2m: the campaign itself is tried. Builds that leave out one step of durability must be caught by power cuts; a campaign
that does not catch its own mutant proves nothing."""

import json
import shutil

import report
from campaign import Campaign, NotRun
from campaigns.kill import has_kill_points
from campaigns.powercut import PowerCut
import server

# What is left out, and the file system on which its absence shows within the bound.
MUTANTS = {"log-sync": ("ext4", 100), "directory-sync": ("btrfs", 40), "audit-apart": ("ext4", 100)}


class OfMutant(PowerCut):
    """Power cuts on one mutant, until it is caught."""
    name, identifier, faults_per_site = "", "C2m", 20

    def __init__(self, step, seed, keep):
        kind, cuts = MUTANTS[step]
        super().__init__(cuts, seed, None, keep)
        self.sabotage, self.file_systems = step, (kind,)

    def goes_on(self):
        return not self.tally.failing

    def run_until_caught(self):
        """The number of the cut, or None."""
        for group in self.groups():
            self.run_group(group)
            if not self.goes_on():
                return self.tally.done
        return None


class SabotageCampaign(Campaign):
    name, identifier, faults_by_default = "sabotage", "C2m", len(MUTANTS)
    summary = "the campaign catches builds with a step of durability left out"

    def check(self):
        if not has_kill_points(server.binary()):
            raise NotRun("this build cannot leave anything out: the preset campaign can")
        OfMutant("log-sync", self.seed, False).check()

    def run(self):
        self.check()
        steps = list(MUTANTS)[:self.count]
        caught, kinds = {}, {}
        for step in steps if self.only is None else steps[self.only - 1:self.only]:
            mutant = OfMutant(step, self.seed, self.keep)
            caught[step] = mutant.run_until_caught()
            if not self.keep:
                shutil.rmtree(mutant.folder, ignore_errors=True)
            kinds[step] = {kind: count for kind, count in mutant.tally.counts.items() if count}
            self.say(f"{step}: " + (f"caught at cut {caught[step]}" if caught[step] else "not caught"))
        print(json.dumps({"campaign": self.identifier, "commit": report.commit(), "seed": self.seed,
                          "mutants": {step: f"cut {cut} on {MUTANTS[step][0]}" if cut else "not caught"
                                      for step, cut in caught.items()}, "findings": kinds}), flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        return all(caught.values())
