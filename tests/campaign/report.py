"""What a campaign says of itself: one JSON object on a line, and never a zero without the number of tries behind it."""

import collections
import json
import os
import platform
import subprocess

import oracle
import server


def of_tree(*arguments):
    done = subprocess.run(["git", "-C", server.ROOT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout.decode().strip()


def commit():
    changed = of_tree("status", "--porcelain", "--untracked-files=no")
    return of_tree("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def engine():
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "librocksdb-dev"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    return "rocksdb " + done.stdout.decode().partition("-")[0]


class Tally:
    """The figures of a campaign while it runs."""

    def __init__(self):
        self.done = self.effective = 0
        self.accepted = 0     # messages
        self.promised = self.permitted = 0  # recipients that were judged, and their lawful second copies
        self.counts = collections.Counter({kind: 0 for kind in oracle.CLASSES})
        self.failing = []     # {"faults", "case", "findings"}
        self.more = {}        # figures of one campaign only

    def add(self, verdict):
        self.promised += verdict.promised
        self.permitted += verdict.permitted
        self.counts.update({kind: count for kind, count in verdict.counts().items() if count})

    def most(self, name, value):
        self.more[name] = max(self.more.get(name, 0), value)

    def count(self, name, more=1):
        self.more[name] = self.more.get(name, 0) + more


def bound_percent(effective):
    """No failure in n independent tries: a rate below 3/n, with 95 % confidence."""
    return float(f"{min(300 / effective, 100):.2g}") if effective else None


def line(campaign, tally, wall_s):
    failed = sum(tally.counts.values())
    report = {
        "campaign": campaign.identifier, "commit": commit(), "build": os.path.basename(os.path.dirname(server.binary())),
        "engine": campaign.engine or engine(), "kernel": platform.release(), "seed": campaign.seed, "planned": campaign.planned(),
        "done": tally.done, "effective": tally.effective, "accepted": tally.accepted, "judged": tally.promised,
        "permitted": tally.permitted, **{kind: tally.counts[kind] for kind in oracle.CLASSES}, **tally.more,
        "wall_s": round(wall_s, 1),
    }
    if failed == 0:
        report["rate_below_percent_95"] = bound_percent(tally.effective)
    else:
        report["failing"] = tally.failing
    return json.dumps(report)
