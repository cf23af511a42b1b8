"""Marks such as [F04] or `attacks.md F04` stand for a row of docs/attacks.md or docs/requirements.md."""

import re

from tree import Complaint

PAGES = {"docs/attacks.md": "FGPRTW", "docs/requirements.md": "CJO"}
ROW = re.compile(r"^\| *((?:[A-Z]\d{1,2}(?:, )?)+) *\|")
BRACKETED = re.compile(r"\[([CFGJOPRTW]\d{1,2}(?:, ?[CFGJOPRTW]\d{1,2})*)\]")
NAMED = re.compile(r"attacks\.md\s+(?:// )?([A-Z]\d{1,2}(?:, [A-Z]\d{1,2})*)")


def known(tree):
    found = set()
    for page in PAGES:
        for line in tree.lines(page) if page in tree.file_set else ():
            match = ROW.match(line)
            found.update(re.findall(r"[A-Z]\d+", match.group(1)) if match else ())
    return found


def check(tree):
    if not any(page in tree.file_set for page in PAGES):
        return
    rows = known(tree)
    for path in tree.files:
        if not path.startswith(("src/", "tests/")) or not path.endswith((".cc", ".h", ".py", ".smtp")):
            continue
        text = tree.text(path)
        for match in [*BRACKETED.finditer(text), *NAMED.finditer(text)]:
            for mark in re.findall(r"[A-Z]\d+", match.group(1)):
                page = next((page for page, letters in PAGES.items() if mark[0] in letters), None)
                if mark not in rows and page:
                    yield Complaint(path, text.count("\n", 0, match.start()) + 1, f"{mark} stands for nothing",
                                    f"Add its row to {page}, or use the number of another.")
