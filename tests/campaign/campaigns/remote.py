"""C8: other sites' mail servers misbehave, at every stage in every way. A cell of the table is one stage and one way.

Every cell is a server of its own on a loopback address of its own, so that a whole table is delivered to at once. First they
misbehave, and what became of each message is compared with the table; then they are mended, and each message must arrive.
"""

import random
import re
import socket
import threading
import time

import oracle
from dnszone import Zone
from faultsite import FaultSite, TableCampaign, digest_below, judge_trail, message_octets, wait_at_most
from misbehaving import TABLE, Cell, expected
from sink import Sink

WAIT_S = 2    # relay.wait_max
HEALTHY = 20  # messages to a site that behaves, before and meanwhile
HEALTHY_HOST = "127.20.0.1"


class Round:
    """The table, or the cells of these numbers, once."""

    def __init__(self, site, zone, port, tls, seed, numbers):
        self.site, self.zone = site, zone
        self.cells = [Cell(number, *TABLE[number], seed, port, tls) for number in numbers]
        self.healthy = Sink(HEALTHY_HOST, port)
        self.healthy.script["message"] = self.note_healthy
        self.sent_at, self.took = {}, {}
        self.chance = random.Random(f"{seed}/sizes")
        self.digests = {}
        self.verdict = oracle.Verdict()
        self.effective = self.duplicates = 0

    def run(self):
        self.zone.add("healthy.test", "MX", 10, "mx.healthy.test")
        self.zone.host_record("mx.healthy.test", HEALTHY_HOST)
        self.healthy.start()
        for cell in self.cells:
            self.zone.add(cell.domain, "MX", 10, f"mx.{cell.domain}")
            self.zone.host_record(f"mx.{cell.domain}", cell.host)
            cell.start()
        try:
            self.alone_ms = self.send_healthy("alone")
            for cell in self.cells:
                for _ in range(2 if cell.stage == "next" else 1):
                    self.send(cell.recipient, 300_000 if cell.stage == "body" else self.chance.choice((500, 5000, 50_000)))
            self.meanwhile_ms = self.send_healthy("meanwhile")
            self.judge_before()
            self.mend()
            for cell in self.cells:
                self.judge_after(cell)
        finally:
            for cell in self.cells:
                cell.sink.stop()
            self.healthy.stop()

    # Mail

    def send(self, recipient, size):
        octets = message_octets(recipient, size)
        self.site.send_anonymous("alice@site.test", [recipient], octets)
        self.digests.setdefault(recipient, []).append(digest_below(octets))
        self.verdict.accepted += 1
        self.verdict.promised += 1

    def note_healthy(self, connection, _):
        for recipient in connection.recipients:
            self.took[recipient] = time.monotonic() - self.sent_at[recipient]

    def send_healthy(self, label):
        """The median from the first octet sent to the last one at the sink, ms."""
        recipients = [f"{label}{number}@healthy.test" for number in range(HEALTHY)]
        for recipient in recipients:
            self.sent_at[recipient] = time.monotonic()
            self.send(recipient, 2000)
        if not wait_at_most(lambda: all(recipient in self.took for recipient in recipients), 60):
            self.verdict.add("stuck", text="mail for a site that behaves has not arrived within a minute")
            return 60_000
        return round(sorted(self.took[recipient] for recipient in recipients)[HEALTHY // 2] * 1000)

    # What became of it

    def copies(self, cell):
        return [message for message in cell.sink.messages if cell.recipient in message.recipients]

    def reports(self, cell):
        wanted = re.compile(rb"Final-Recipient: rfc822; ?" + re.escape(cell.recipient.encode()) + rb"\s", re.IGNORECASE)
        return [message for message in self.site.sink.messages if message.sender == "" and wanted.search(message.octets)]

    def state(self, cell, entries):
        """"delivered", "deferred", "failed", or None when it is not decided yet."""
        mine = [entry for entry in entries if cell.recipient in (each["address"] for each in entry["recipients"])]
        if mine:
            return None if any(entry["attempts"] == 0 for entry in mine) else "deferred"
        if self.reports(cell):
            return "failed"
        return "delivered" if len(self.copies(cell)) >= len(self.digests[cell.recipient]) else None

    def judge_before(self):
        states = {}

        def all_decided():
            entries = self.site.queued()
            states.update({cell: self.state(cell, entries) for cell in self.cells})
            return None not in states.values()

        wait_at_most(all_decided, 60 + 10 * WAIT_S)
        for cell, state in states.items():
            self.effective += bool(cell.misbehaved) or cell.stage == "connect"
            wanted = expected(cell.stage, cell.behaviour)
            if state != wanted:
                self.verdict.add("false_bounce" if state == "failed" else "silent", str(cell), cell.recipient, f"{state} instead of {wanted}")

    def mend(self):
        menders = [threading.Thread(target=cell.mend) for cell in self.cells]
        for mender in menders:
            mender.start()
        for mender in menders:
            mender.join()

        def is_empty():
            if not self.site.queued():
                return True
            self.site.retry_all()
            time.sleep(0.3)
            return not self.site.queued()

        if not wait_at_most(is_empty, 60):
            self.verdict.add("stuck", text=f"{len(self.site.queued())} entries stay in the queue")
        wait_at_most(lambda: all(self.copies(cell) or self.reports(cell) for cell in self.cells), 20)

    def judge_after(self, cell):
        copies, reports = self.copies(cell), self.reports(cell)
        fails = expected(cell.stage, cell.behaviour) == "failed"
        wanted = len(self.digests[cell.recipient]) - fails
        self.verdict.permitted += cell.cuts
        self.duplicates += max(0, len(copies) - wanted)
        if len(reports) != fails:
            self.verdict.add("false_bounce" if reports else "silent", str(cell), cell.recipient, f"{len(reports)} reports")
        if len(copies) < wanted:
            self.verdict.add("lost", str(cell), cell.recipient, f"{len(copies)} copies of {wanted}")
        if len(copies) > wanted + cell.cuts:
            self.verdict.add("dup_remote", str(cell), cell.recipient, f"{len(copies)} copies of {wanted}, {cell.cuts} cuts")
        if any(digest_below(message.octets) not in self.digests[cell.recipient] for message in copies):
            self.verdict.add("damaged", str(cell), cell.recipient)


class Remote(TableCampaign):
    name, identifier, faults_by_default = "remote", "C8", 20 * len(TABLE)
    summary = f"other sites misbehave: {len(TABLE)} cells of stage and way, 20 times"
    faults_per_site = len(TABLE)

    def run_group(self, numbers):
        """Fault n is cell n - 1 of the table, counted on through its repetitions."""
        with Zone(ttl_s=1) as zone, socket.socket() as probe:
            probe.bind((HEALTHY_HOST, 0))
            port = probe.getsockname()[1]
            probe.close()
            relay = {"wait_max": f"{WAIT_S} s", "connections": 400, "connections_per_destination": 1}
            with FaultSite(dns_port=zone.port, relay_port=port, changes={"relay": relay}) as site:
                tls = site.authority.issue("mx.remote.test", file="remote")
                seed = f"{self.seed}/{(numbers[0] - 1) // len(TABLE)}"
                table = Round(site, zone, port, tls, seed, [(number - 1) % len(TABLE) for number in numbers])
                table.run()
                judge_trail(site, table.verdict)
        self.tally.done += len(numbers)
        self.tally.effective += table.effective
        self.tally.count("lawful_duplicates", table.duplicates)
        self.tally.most("healthy_alone_ms_max", table.alone_ms)
        self.tally.most("healthy_meanwhile_ms_max", table.meanwhile_ms)
        self.take(table.verdict, numbers)
