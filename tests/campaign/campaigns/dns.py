"""C7: the DNS fails in every way, at the domain and at its mail exchanger. What is not sure is tried again; what is sure is told."""

import random
import struct

import oracle
from dnszone import Zone
from faultsite import FaultSite, TableCampaign, digest_below, judge_trail, message_octets, wait_at_most
from sink import Sink

PLACES = ("MX", "A", "all")  # of the domain; of its exchanger, both address types; everything
TROUBLES = ("servfail", "refused", "formerr", "timeout", "garbage", "wrong-id", "close-tcp", "truncate")
SURE = ("null MX", "no such domain", "no exchanger's name", "flips")
MALFORMED = 200
TABLE = ([(trouble, place) for trouble in TROUBLES for place in PLACES] + [(sure, "") for sure in SURE] +
         [("malformed", str(number)) for number in range(MALFORMED)])


def expected(trouble, place):
    """States that are lawful before anything is mended."""
    if trouble == "null MX" or trouble == "no such domain":
        return {"failed"}
    if trouble == "truncate":
        return {"delivered"}  # asked again over TCP
    if trouble == "malformed":
        return {"deferred", "delivered"}
    # An exchanger whose name does not exist: RFC 5321 §5.1 leaves it open; what is configured wrongly may be mended.
    return {"failed", "deferred"} if trouble == "no exchanger's name" else {"deferred"}


def spoilt(seed):
    """A function that breaks an answer so that it is no longer one. The code of the answer stays as it is."""
    def spoil(octets):
        chance = random.Random(seed)
        how = chance.randrange(6)
        question_end = 12 + octets[12:].index(b"\0") + 5
        out = bytearray(octets)
        if how == 0:    # cut off within the answers
            return bytes(out[:chance.randrange(question_end + 1, max(question_end + 2, len(out) - 12))])
        if how == 1:    # more answers than there are
            struct.pack_into("!H", out, 6, chance.randrange(2, 65536))
        elif how == 2:  # a name that points at itself
            out[question_end:question_end + 2] = struct.pack("!H", 0xC000 | question_end)
        elif how == 3:  # a label beyond the end
            out[question_end] = 63
        elif how == 4:  # data longer than the message
            name_end = question_end + out[question_end:].index(0) + 1
            struct.pack_into("!H", out, name_end + 8, 0xFFFF)
        else:           # a label of an undefined kind
            out[question_end] = 0x80 | chance.randrange(64)
        return bytes(out)
    return spoil


class Round:
    def __init__(self, site, zone, sink, numbers):
        self.site, self.zone, self.sink = site, zone, sink
        self.cases = {number: TABLE[number] for number in numbers}
        self.digests = {}
        self.verdict = oracle.Verdict()

    def domain(self, number):
        return f"d{number}.test"

    def recipient(self, number):
        return f"x@{self.domain(number)}"

    def break_names(self, number):
        trouble, place = self.cases[number]
        domain, host = self.domain(number), f"mx.{self.domain(number)}"
        if trouble == "null MX":
            self.zone.add(domain, "MX", 0, ".")
            return
        if trouble in ("no such domain", "flips"):
            if trouble == "flips":  # it says no to the address only, then yes
                self.zone.add(domain, "MX", 10, host)
                self.zone.fail(host, "servfail")
            return
        self.zone.add(domain, "MX", 10, host)
        if trouble == "no exchanger's name":
            return
        self.zone.host_record(host, "127.0.0.1")
        how = spoilt(f"{self.site.folder} {place}") if trouble == "malformed" else trouble
        if trouble == "malformed":
            self.zone.fail(domain, how, "MX")
            return
        if place in ("MX", "all"):
            self.zone.fail(domain, how)
        if place in ("A", "all"):
            self.zone.fail(host, how)

    def mend(self, number):
        trouble, place = self.cases[number]
        domain, host = self.domain(number), f"mx.{self.domain(number)}"
        for name in (domain, host):
            for kind in (None, "MX"):
                self.zone.fail(name, None, kind)
        if trouble in ("flips", "no exchanger's name"):
            self.zone.host_record(host, "127.0.0.1")

    def run(self):
        for number in self.cases:
            self.break_names(number)
            octets = message_octets(self.recipient(number), 500)
            self.digests[self.recipient(number)] = digest_below(octets)
            self.site.send_anonymous("alice@site.test", [self.recipient(number)], octets)
            self.verdict.accepted += 1
            self.verdict.promised += 1
        self.states = {}
        wait_at_most(self.are_decided, 120)
        for number, state in self.states.items():
            if state not in expected(*self.cases[number]):
                self.find("false_bounce" if state == "failed" else "silent", number, f"{state}, not {sorted(expected(*self.cases[number]))}")
        for number in self.cases:
            self.mend(number)
        self.deliver()
        for number in self.cases:
            self.judge(number)

    def find(self, kind, number, text):
        self.verdict.add(kind, " ".join(self.cases[number]), self.recipient(number), text)

    def are_decided(self):
        queue = {recipient["address"]: entry for entry in self.site.queued() for recipient in entry["recipients"]}
        arrived = {recipient for message in self.sink.messages for recipient in message.recipients}
        reports = b"".join(message.octets for message in self.site.sink.messages)
        for number in self.cases:
            name = self.recipient(number)
            entry = queue.get(name)
            state = "deferred" if entry and entry["attempts"] else None
            if not entry:
                state = "delivered" if name in arrived else "failed" if self.is_reported(name, reports) else None
            self.states[number] = state
        return None not in self.states.values()

    @staticmethod
    def is_reported(name, reports):
        return f"rfc822; {name}\r\n".encode() in reports or f"rfc822;{name}\r\n".encode() in reports

    def deliver(self):
        """A look-up that failed is remembered for some seconds."""
        def is_empty():
            if self.site.queued():
                self.site.retry_all()
                return False
            return True
        if not wait_at_most(is_empty, 90):
            self.verdict.add("stuck", text=f"{len(self.site.queued())} entries stay in the queue: {self.site.queued()[0]}")

    def judge(self, number):
        name = self.recipient(number)
        copies = [message for message in self.sink.messages if name in message.recipients]
        reports = [message.octets for message in self.site.sink.messages if self.is_reported(name, message.octets)]
        fails = self.states.get(number) == "failed"
        if len(copies) != (not fails) or len(reports) != fails:
            self.find("lost" if not copies and not reports else "dup_remote" if len(copies) > 1 else "silent", number,
                      f"{len(copies)} copies, {len(reports)} reports; it was {self.states.get(number)}")
        if any(digest_below(message.octets) != self.digests[name] for message in copies):
            self.find("damaged", number, "")
        if self.cases[number][0] == "null MX" and not all(b"Status: 5.1.10" in report for report in reports):
            self.find("silent", number, "the report does not say 5.1.10")


class Dns(TableCampaign):
    name, identifier, faults_by_default = "dns", "C7", 10 * len(TABLE)
    summary = f"the DNS fails: {len(TABLE)} ways, {MALFORMED} malformed answers among them, 10 times"
    faults_per_site = len(TABLE)

    def run_group(self, numbers):
        with Zone(ttl_s=1) as zone, Sink() as sink:
            changes = {"relay": {"connections": 400, "wait_max": "10 s"}}
            with FaultSite(dns_port=zone.port, relay_port=sink.port, changes=changes) as site:
                table = Round(site, zone, sink, [(number - 1) % len(TABLE) for number in numbers])
                table.run()
                judge_trail(site, table.verdict)
                self.tally.count("questions", len(zone.queries))
        self.tally.done += len(numbers)
        self.tally.effective += len(numbers)
        for state in ("delivered", "deferred", "failed"):
            self.tally.count(f"at_first_{state}", sum(each == state for each in table.states.values()))
        self.take(table.verdict, numbers)
