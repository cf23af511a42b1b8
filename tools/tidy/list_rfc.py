"""./dev rfc: lists the RFC references of the code by section, then what docs/rfc.md gets wrong."""

import sys

import rfc
from tree import Tree


def by_section(reference):
    parts = [(part.isdigit() and int(part) or 0, part) for part in reference.section.split(".")]
    return reference.rfc, parts, reference.path, reference.line


def main(arguments):
    tree = Tree(".")
    numbers = {int(word) for word in arguments if word.isdigit()}
    rows = {row.rfc: row for row in rfc.rows(tree)}
    if "--check" not in arguments:
        current = None
        for reference in sorted(rfc.references(tree), key=by_section):
            if numbers and reference.rfc not in numbers:
                continue
            if reference.rfc != current:
                current = reference.rfc
                row = rows.get(current)
                print(f"\nRFC {current}" + (f"  {row.title}  [{row.status}]" if row else "  (not in docs/rfc.md)"))
            section = "§" + reference.section if reference.section else ""
            print(f"  {section:<12} {reference.path}:{reference.line}")
    complaints = sorted(rfc.check(tree))
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


try:
    sys.exit(main(sys.argv[1:]))
except BrokenPipeError:  # ./dev rfc | head
    sys.stdout = None
