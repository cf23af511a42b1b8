"""The oracle: was every promise kept? It knows what the recorders wrote and nothing of how the product works.

    verdict = judge(folder)      # of a case, see evidence.py
    verdict.findings             # [Finding]; empty: every promise was kept
    verdict.counts()             # {"lost": 0, ...} of all classes

For each recipient of a message that was answered with 250 exactly one holds: it is at a sink, a report of its failure is
at the sender's, or it is live in the queue. A second copy is lawful when the connection of the first ended, or the fault
fell, before the client could act on our reply (RFC 1047): that is, if the client was frozen or cut off then (a stall of the
case), before it had gone on when the second copy came.
"""

import collections
from dataclasses import dataclass, field
from typing import NamedTuple

from evidence import base_id, read_case

CLASSES = ("lost", "damaged", "dup_local", "dup_remote", "false_bounce", "silent", "early_250", "audit_gap",
           "audit_altered", "stuck", "crash")
OWN_DOMAIN = "@site.test"


class Finding(NamedTuple):
    kind: str
    token: str
    recipient: str
    text: str

    def __str__(self):
        return f"{self.kind}: {self.token} {self.recipient}: {self.text}"


@dataclass
class Verdict:
    findings: list = field(default_factory=list)
    accepted: int = 0     # messages answered with 250
    promised: int = 0     # their recipients
    permitted: int = 0    # second copies that are lawful

    def add(self, kind, token="", recipient="", text=""):
        if kind not in CLASSES:
            raise ValueError(f"there is no class of findings {kind}")
        self.findings.append(Finding(kind, token, recipient, text))

    def counts(self):
        found = collections.Counter(finding.kind for finding in self.findings)
        return {kind: found[kind] for kind in CLASSES}


class Oracle:
    def __init__(self, evidence):
        self.evidence = evidence
        self.verdict = Verdict()
        self.arrived = collections.defaultdict(list)    # (token, recipient) -> copies
        self.reported = collections.defaultdict(list)   # (token, recipient) -> reports
        for copy in sorted(evidence.copies, key=lambda each: each.order):
            about = copy.failed if copy.is_report() else copy.recipients
            for recipient in about:
                if copy.late and not self.is_known(copy.token, recipient):
                    continue
                (self.reported if copy.is_report() else self.arrived)[copy.token, recipient].append(copy)
        self.queued = {(base_id(entry["id"]), recipient["address"])
                       for entry in evidence.queue for recipient in entry["recipients"]}

    def is_known(self, token, recipient):
        """Whether what survived knows of this end; else a late copy is none of its doing and stands for nothing."""
        promise = self.evidence.promises.get(token)
        return bool(promise and self.evidence.outcomes[promise.queue, recipient])

    def judge(self):
        for finding in self.evidence.case.get("findings", []):
            self.verdict.add(*finding)
        for promise in self.evidence.promises.values():
            if promise.queue:
                self.verdict.accepted += 1
                self.verdict.promised += len(promise.accepted)
                for recipient in promise.accepted:
                    self.judge_fate(promise, recipient)
                self.judge_accept(promise)
        self.judge_copies()
        self.judge_reports()
        self.judge_trail()
        return self.verdict

    # Delivery

    def judge_fate(self, promise, recipient):
        key, fate = (promise.token, recipient), (promise.queue, recipient)
        copies, reports = self.arrived[key], self.reported[key]
        is_queued = fate in self.queued
        if not copies and not reports and not is_queued:
            if not self.evidence.outcomes[fate]:
                self.verdict.add("lost", *key, "answered with 250 and nowhere to be found")
            elif not self.has_report_under_way(promise.queue):
                self.verdict.add("silent", *key, "the trail tells of an end, but it arrived nowhere and nobody was told")
            return
        if copies and is_queued and copies[-1].settled:
            self.verdict.add("dup_remote", *key, "it has arrived and is still in the queue")
        if reports and copies and copies[-1].settled:
            self.verdict.add("false_bounce", *key, "reported as failed, but it has arrived")
        elif reports and recipient not in self.evidence.refusals:
            self.verdict.add("false_bounce", *key, "reported as failed, but nobody refused it")
        ended = (reports or any(copy.settled for copy in copies)) and not is_queued
        if ended and not self.evidence.outcomes[fate]:
            self.verdict.add("audit_gap", *key, f"no outcome of {promise.queue} in the trail")

    def has_report_under_way(self, queue):
        return any(about == queue and any(base == report for base, _ in self.queued)
                   for report, about in self.evidence.reports.items())

    def judge_copies(self):
        promises = self.evidence.promises
        for copy in self.evidence.copies:
            if copy.is_report():
                continue
            promise = promises.get(copy.token)
            if promise is None:
                self.verdict.add("damaged", copy.token, ", ".join(copy.recipients), "nobody sent that")
            elif copy.sha256 != promise.sha256:
                self.verdict.add("damaged", copy.token, ", ".join(copy.recipients), "the octets differ")
            elif set(copy.recipients) - set(promise.recipients):
                self.verdict.add("damaged", copy.token, ", ".join(copy.recipients), "it went to somebody else")
        for (token, recipient), copies in list(self.arrived.items()):
            self.judge_repetition(token, recipient, copies)

    def judge_repetition(self, token, recipient, copies):
        for copy, following in zip(copies, copies[1:]):
            if not copy.settled or self.was_stalled(copy, following):
                self.verdict.permitted += 1
            else:
                kind = "dup_local" if recipient.endswith(OWN_DOMAIN) else "dup_remote"
                self.verdict.add(kind, token, recipient, "a further copy after one that was settled")

    def was_stalled(self, copy, following):
        return copy.settled_at > following.at and any(begin <= copy.at <= end
                                                      for begin, end in self.evidence.case.get("stalls", []))

    def judge_reports(self):
        for (token, recipient), reports in list(self.reported.items()):
            self.judge_repetition(token, recipient, reports)
            if token not in self.evidence.promises:
                self.verdict.add("false_bounce", token, recipient, "a report about what nobody sent")

    # Audit trail

    def judge_accept(self, promise):
        accept = self.evidence.accepts.get(promise.queue)
        if accept is None:
            self.verdict.add("audit_gap", promise.token, "", f"no accept entry of {promise.queue} in the trail")
        elif set(promise.accepted) != set(accept["to"]) or accept["sha256"] != promise.sha256:
            self.verdict.add("audit_altered", promise.token, "", f"the accept entry of {promise.queue} tells otherwise")

    def judge_trail(self):
        evidence, verdict = self.evidence, self.verdict
        known = set(evidence.accepts) | set(evidence.reports)
        queues = {promise.queue for promise in evidence.promises.values() if promise.queue}
        strangers = {queue for queue, _ in evidence.outcomes} | {queue for queue, _ in self.queued}
        for queue in sorted(strangers - known - queues):
            verdict.add("audit_gap", "", "", f"{queue} is in queue or trail without an accept entry")
        for (queue, recipient), count in evidence.outcomes.items():
            if count > 1:
                verdict.add("audit_gap", "", recipient, f"{count} outcomes of {queue} in the trail")
        tokens = {accept.get("header", {}).get("Message-ID", "").strip("<>").partition("@")[0]
                  for accept in evidence.accepts.values()}
        for copy in evidence.copies:
            promise = evidence.promises.get(copy.token)
            if not copy.is_report() and not copy.late and promise and not promise.queue and copy.token not in tokens:
                verdict.add("audit_gap", copy.token, "", "it was sent on without an accept entry")
        for number, _, fields in evidence.audit:
            if "lost" in fields:  # where nobody has altered its files
                verdict.add("damaged", "", "", f"the store says in entry {number} that it has lost what it had taken: {fields['lost']}")
        self.judge_numbers()

    def judge_numbers(self):
        """Gaps that a finding about a message explains are not told a second time."""
        numbers = {number for number, _, _ in self.evidence.audit}
        holes = [number for number in range(1, max(numbers, default=0) + 1) if number not in numbers]
        told = sum(1 for finding in self.verdict.findings if finding.kind == "audit_gap")
        for number in holes[told:]:
            self.verdict.add("audit_gap", "", "", f"entry {number} is missing")
        code, text = self.evidence.verify["code"], self.evidence.verify["text"]
        if code == 2 and not holes and not told:
            self.verdict.add("audit_gap", "", "", text)
        elif code not in (0, 2):
            self.verdict.add("audit_altered", "", "", text)


def judge(folder):
    return Oracle(read_case(folder)).judge()
