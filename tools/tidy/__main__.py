"""The project's own checker; see tools/dev/tidy for how it is called. Each rule is a module with check(tree)."""

import argparse
import re
import sys

import banned
import catalogues
import documents
import doors
import layering
import layout
import marks
import rfc
import shape
import unused
from tree import Tree

RULES = (layering, doors, banned, shape, unused, documents, catalogues, rfc, marks, layout)


def open_points(tree):
    """TODO and Deviation comments, which are kept in the code and listed here."""
    for path in tree.files:
        if path.endswith((".cc", ".h", ".py", ".ts", ".tsx")):
            for number, line in enumerate(tree.lines(path), 1):
                match = re.search(r"(?://|#) ((?:TODO|Deviation)\b.*)", line)
                if match:
                    yield f"{path}:{number}: {match.group(1)}"


def main():
    parser = argparse.ArgumentParser(prog="./dev tidy")
    parser.add_argument("--root", default=".")
    parser.add_argument("--fix", action="store_true")
    parser.add_argument("--todo", action="store_true")
    options = parser.parse_args()
    tree = Tree(options.root)
    if options.todo:
        print("\n".join(open_points(tree)))
        return 0
    if options.fix:
        catalogues.fix(tree)
        tree = Tree(options.root)
    complaints = [complaint for rule in RULES for complaint in rule.check(tree)]
    for complaint in sorted(complaints):
        print(complaint)
    count = len(complaints)
    print(f"tidy: {len(tree.files)} files, {'nothing to complain about' if not count else f'{count} complaints'}")
    return 1 if count else 0


sys.exit(main())
