"""runner.py campaign [NAME] [--count N] [--seed S] [--only K | --first K] [--keep] [--minutes M]; runner.py judge DIR

What ./dev campaign and ./dev judge call. Exit code 0: every promise was kept; 1: one was broken; 77: not run.
"""

import argparse
import importlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]

import oracle  # noqa: E402
from campaign import Campaign, NotRun  # noqa: E402

NOT_RUN = 77


def campaigns():
    """{name: class} of all in campaigns/."""
    for file in sorted(os.listdir(os.path.join(HERE, "campaigns"))):
        if file.endswith(".py") and not file.startswith("_"):
            importlib.import_module("campaigns." + file[:-3])
    found, left = {}, Campaign.__subclasses__()
    while left:
        each = left.pop()
        left += each.__subclasses__()
        if each.name:
            found[each.name] = each
    return dict(sorted(found.items()))


def run(options):
    known = campaigns()
    if not options.name:
        for name, each in known.items():
            print(f"{name:10} {each.identifier:4} {each.faults_by_default:6} faults   {each.summary}")
        return 0
    if options.name not in known:
        print(f"There is no campaign {options.name}. These exist: {', '.join(known)}", file=sys.stderr)
        return 2
    campaign = known[options.name](options.count, options.seed, options.only, options.keep,
                                     minutes=options.minutes, first=options.first)
    try:
        return 0 if campaign.run() else 1
    except NotRun as reason:
        print(f'{{"campaign": "{campaign.identifier}", "not_run": "{reason}"}}')
        return NOT_RUN


def judge(options):
    verdict = oracle.judge(options.folder)
    for finding in verdict.findings:
        print(finding)
    print(f"{verdict.accepted} messages for {verdict.promised} recipients were accepted; {len(verdict.findings)} findings, "
          f"{verdict.permitted} lawful second copies")
    return 1 if verdict.findings else 0


def main():
    parser = argparse.ArgumentParser(prog="./dev")
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("campaign")
    verb.add_argument("name", nargs="?")
    verb.add_argument("--count", type=int)
    verb.add_argument("--seed", type=lambda text: int(text, 0), default=1)
    verb.add_argument("--only", type=int)
    verb.add_argument("--first", type=int, default=1)
    verb.add_argument("--keep", action="store_true")
    verb.add_argument("--minutes", type=float)
    verb.set_defaults(action=run)
    verb = verbs.add_parser("judge")
    verb.add_argument("folder")
    verb.set_defaults(action=judge)
    options = parser.parse_args()
    return options.action(options)


if __name__ == "__main__":
    sys.exit(main())
