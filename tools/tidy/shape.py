"""Sizes of files, functions and lines, and how a header begins."""

import re

from tree import Complaint, is_test

FILE_LINES_MAX, TEST_LINES_MAX, FUNCTION_LINES_MAX, COLUMNS_MAX, README_LINES_MAX = 500, 800, 70, 100, 40
# A definition at the margin or inside a class: clang-format puts its last "{" at the end of a line and its "}" alone.
OPENS = re.compile(r"^(?P<indent>(?:    )?)(?![\s}#])(?!(?:namespace|struct|class|enum|union|extern|template)\b).*\{$")
SOURCES = (".cc", ".h", ".py", ".sh")


def check_file_size(tree, path):
    count = len(tree.lines(path)) - 1
    limit = TEST_LINES_MAX if is_test(path) or "_test." in path else FILE_LINES_MAX
    if count > limit:
        yield Complaint(path, limit + 1, f"{count} lines, the limit is {limit}", "Split it: it holds more than one noun.")


def check_functions(tree, path):
    start, indent = None, ""
    for number, line in enumerate(tree.code(path).split("\n"), 1):
        if start is None:
            match = OPENS.match(line)
            if match and "(" in line + tree.lines(path)[max(0, number - 2)]:
                start, indent = number, match.group("indent")
        elif line.startswith(indent + "}"):
            length = number - start - 1
            if length > FUNCTION_LINES_MAX:
                yield Complaint(path, start, f"a function of {length} lines, the limit is {FUNCTION_LINES_MAX}",
                                "Give its parts names of their own.")
            start = None


def check_width(tree, path):
    raw = tree.raw_lines(path)
    for number, line in enumerate(tree.lines(path), 1):
        # Not to be helped: an include, a link, one long word, text inside a raw string.
        unavoidable = number in raw or "://" in line or re.search(r"\S{70}|^\s*#\s*include", line)
        if len(line) > COLUMNS_MAX and not unavoidable:
            yield Complaint(path, number, f"{len(line)} columns, the limit is {COLUMNS_MAX}",
                            "Break it; ./dev fmt does most of it.")


def check_header(tree, path):
    if not tree.lines(path)[0].startswith("//"):
        yield Complaint(path, 1, "the header does not say what it is",
                        "Begin with a comment: what it promises, units, errors, thread, lifetime, which RFC.")
    for number, line in enumerate(tree.code(path).split("\n"), 1):
        if line.strip():
            if line.strip() != "#pragma once":
                yield Complaint(path, number, "no #pragma once before the first line of code", "Put #pragma once there.")
            return


def check(tree):
    for path in tree.files:
        if path.endswith(SOURCES):
            yield from check_file_size(tree, path)
        if path.startswith("src/") and path.endswith("/README.md") and len(tree.lines(path)) - 1 > README_LINES_MAX:
            yield Complaint(path, README_LINES_MAX + 1, f"more than {README_LINES_MAX} lines",
                            "Keep what it is, what it may depend on, and which three files to read first.")
    for path in tree.cpp():
        if not path.startswith(("src/", "bench/", "tests/", "cmake/")):
            continue
        yield from check_width(tree, path)
        if not is_test(path):
            yield from check_functions(tree, path)
        if path.endswith(".h"):
            yield from check_header(tree, path)
