"""Reads log events and metrics from their declarations in the code."""

import re
from typing import NamedTuple

EVENT = re.compile(r"\bconstexpr\s+(?:pidge::)?(?:log::)?Event\s+\w+\s*(?=\{)")
METRIC = re.compile(r"\b(?:metrics::)(?P<kind>Counter|Gauge)\s+\w+\s*(?=[{(])")
TOKEN = re.compile(r'\s+|//[^\n]*|"((?:\\.|[^"\\])*)"|([{}(),;])|([^\s"{}(),;]+)')


class Declaration(NamedTuple):
    path: str
    line: int
    kind: str      # "event", "counter" or "gauge"
    fields: tuple  # texts; a string literal without its quotes, adjacent ones joined


def read_fields(text, start):
    """The comma-separated fields between the brackets that open at start; None when they do not close."""
    fields, current, depth, position = [], "", 0, start
    while position < len(text):
        token = TOKEN.match(text, position)
        if not token:
            return None
        position = token.end()
        literal, mark, word = token.group(1), token.group(2), token.group(3)
        if literal is not None:
            current += literal.replace('\\"', '"').replace("\\\\", "\\")
        elif mark in ("{", "("):
            depth += 1
        elif mark == "," and depth == 1:
            fields.append(current)
            current = ""
        elif mark in ("}", ")"):
            depth -= 1
            if depth == 0:
                return tuple(fields + [current] if current or fields else fields)
        elif mark == ";":
            return None
        elif word:
            current += word
    return None


def read_all(tree, pattern):
    """(Declaration or None when unreadable, path, line) of each place that the pattern finds."""
    for path in tree.cpp("src/"):
        if path.endswith("_test.cc"):
            continue
        for match in pattern.finditer(tree.code(path)):
            line = tree.code(path).count("\n", 0, match.start()) + 1
            kind = match.groupdict().get("kind", "event").lower()
            fields = read_fields(tree.text(path), match.end())
            yield (Declaration(path, line, kind, fields) if fields else None), path, line


def events(tree):
    return read_all(tree, EVENT)


def metrics(tree):
    return read_all(tree, METRIC)
