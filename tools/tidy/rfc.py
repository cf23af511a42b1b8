"""References to RFCs in the code, and docs/rfc.md, the table that says what is supported where."""

import re
from typing import NamedTuple

from tree import Complaint

TABLE = "docs/rfc.md"
# "RFC 5321 §4.1.2" and "RFC 5321 §4.1.2, §4.5.3"; a reference without a section counts for the table only.
REFERENCE = re.compile(r"\bRFC (\d{3,5})\b((?:[, ]*(?:and )?§ ?[A-Z]?[\d.]*\d)*)")
ROW = re.compile(r"^\| *(\d+) *\| *(.*?) *\| *(.*?) *\| *(.*?) *\|")
STATUSES = ("Yes", "Part", "No")


class Reference(NamedTuple):
    rfc: int
    section: str
    path: str
    line: int


class Row(NamedTuple):
    rfc: int
    title: str
    status: str
    folders: tuple
    line: int


def references(tree):
    for path in tree.cpp("src/"):
        for number, line in enumerate(tree.lines(path), 1):
            for match in REFERENCE.finditer(line):
                sections = re.findall(r"§ ?([A-Z]?[\d.]*\d)", match.group(2)) or [""]
                for section in sections:
                    yield Reference(int(match.group(1)), section, path, number)


def rows(tree):
    if TABLE not in tree.file_set:
        return
    for number, line in enumerate(tree.lines(TABLE), 1):
        match = ROW.match(line)
        if match:
            folders = tuple(re.findall(r"`([^`]+)`", match.group(4)))
            yield Row(int(match.group(1)), match.group(2), match.group(3), folders, number)


def check_row(tree, row):
    if not row.title:
        yield Complaint(TABLE, row.line, f"RFC {row.rfc} has no title", "Copy it from the RFC.")
    if row.status not in STATUSES:
        yield Complaint(TABLE, row.line, f"status '{row.status}' of RFC {row.rfc}", "Write Yes, Part or No.")
    if row.status in ("Yes", "Part") and not row.folders:
        yield Complaint(TABLE, row.line, f"RFC {row.rfc} is supported, but nowhere", "Name its folder in backticks.")
    for folder in row.folders:
        if not any(file.startswith(folder.rstrip("/") + "/") for file in tree.files):
            yield Complaint(TABLE, row.line, f"RFC {row.rfc}: there is no folder {folder}", "Name the folder that serves it.")


def check(tree):
    if TABLE not in tree.file_set:
        return
    known = {}
    for row in rows(tree):
        if row.rfc in known:
            yield Complaint(TABLE, row.line, f"RFC {row.rfc} stands in the table twice", f"See line {known[row.rfc]}.")
        known[row.rfc] = row.line
        yield from check_row(tree, row)
    missing = set()
    for reference in references(tree):
        if reference.rfc not in known and reference.rfc not in missing:
            missing.add(reference.rfc)
            yield Complaint(reference.path, reference.line, f"RFC {reference.rfc} is not in {TABLE}",
                            f"Add the row: | {reference.rfc} | its title | Part | `folder` |")
