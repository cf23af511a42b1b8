"""The files of one case as the oracle sees them: who was promised what, what arrived where, what the product shows.

A case is a folder:

    case.json    {"campaign", "seed", "faults": [...], "sender_bytes": n, "sinks": [{"file", "settled_bytes"}],
                  "findings": [[class, token, recipient, text]...], "stalls": [[from, to]...]}
                 stalls: when a process that sends was frozen, or cut off from the sinks
    sender.jsonl what load.py recorded; replies beyond sender_bytes came after the fault and promise nothing here
    *.jsonl      what the sinks recorded; "on" records beyond settled_bytes came after the fault and settle nothing
    reader.json  what reader.py saw
"""

import collections
import json
import os
from dataclasses import dataclass, field
from typing import NamedTuple

from journal import read_journal


class Copy(NamedTuple):
    """A message at a sink."""
    order: tuple       # of sinks and copies
    token: str
    sha256: str
    sender: str
    recipients: tuple
    failed: tuple      # of a report: about whom
    settled: bool      # the client went on after it: it knew our reply
    late: bool = False # recorded after settled_bytes: perhaps by the program that lived on after the cut
    at: float = 0.0          # seconds since 1970
    settled_at: float = 0.0

    def is_report(self):
        return not self.sender


@dataclass
class Promise:
    token: str
    sha256: str
    recipients: tuple
    tried_at: float
    accepted: tuple = ()   # recipients; none without a 250
    queue: str = ""
    replied_at: float = 0.0


@dataclass
class Evidence:
    case: dict
    promises: dict                    # token -> Promise, also of messages without a 250
    copies: list
    refusals: set                     # recipients that a sink refused for good
    queue: list
    audit: list
    verify: dict
    accepts: dict = field(default_factory=dict)    # queue id -> fields
    reports: dict = field(default_factory=dict)    # queue id of a report -> queue id it is about
    outcomes: collections.Counter = field(default_factory=collections.Counter)  # (queue id, recipient)


def base_id(entry_id):
    """Of the message: entry ids are "QUEUEID-n"."""
    return entry_id.rpartition("-")[0] or entry_id


def read_promises(path, limit_bytes):
    promises = {}
    for end, record in read_journal(path):
        token = record["token"]
        if record["kind"] == "try":
            promises[token] = Promise(token, record["sha256"], tuple(record["recipients"]), record["t"])
        elif record["queue"] and (limit_bytes is None or end <= limit_bytes):
            promise = promises[token]
            promise.accepted, promise.queue = tuple(record["recipients"]), record["queue"]
            promise.replied_at = record["t"]
    return promises


def read_sink(path, index, settled_bytes):
    """(copies, recipients refused for good)"""
    texts, refused_texts, settled, refusals, late = {}, set(), {}, set(), set()
    for end, record in read_journal(path):
        kind, is_late = record["kind"], settled_bytes is not None and end > settled_bytes
        if kind == "text":
            texts[record["n"]] = record
            if is_late:
                late.add(record["n"])
        elif kind == "on" and not is_late:
            settled[record["n"]] = record.get("t", 0.0)
        elif kind == "refusal":
            if record.get("n") is not None and record["reply"]:
                refused_texts.add(record["n"])
            if record["reply"].startswith("5"):
                refusals.add(record["recipient"])
                if record.get("n") is not None:
                    refusals.update(texts[record["n"]]["recipients"])
    copies = [Copy((index, n), text["token"], text["sha256"], text["sender"], tuple(text["recipients"]),
                   tuple(text.get("failed", ())), n in settled, n in late,
                   text.get("t", 0.0), settled.get(n, 0.0))
              for n, text in sorted(texts.items()) if n not in refused_texts]
    return copies, refusals


def read_case(folder):
    with open(os.path.join(folder, "case.json"), encoding="utf-8") as file:
        case = json.load(file)
    with open(os.path.join(folder, "reader.json"), encoding="utf-8") as file:
        seen = json.load(file)
    copies, refusals = [], set()
    for index, sink in enumerate(case["sinks"]):
        more, refused = read_sink(os.path.join(folder, sink["file"]), index, sink.get("settled_bytes"))
        copies += more
        refusals |= refused
    evidence = Evidence(case, read_promises(os.path.join(folder, "sender.jsonl"), case.get("sender_bytes")), copies,
                        refusals, seen["queue"], seen["audit"], seen["verify"])
    for _, kind, fields in evidence.audit:
        if kind == "accept":
            evidence.accepts[fields["queue"]] = fields
        elif kind == "dsn-sent":
            evidence.reports[base_id(fields["queue"])] = base_id(fields["about"])
        elif kind == "outcome":
            evidence.outcomes[base_id(fields["queue"]), fields["to"]] += 1
    return evidence
