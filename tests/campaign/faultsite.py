"""For campaigns that have a table of their own instead of a load: a site whose own people's mail, reports among it, arrives at one
sink, and which finds all others by DNS; messages for it that can be told apart; and how such a campaign tells what it found."""

import hashlib
import itertools
import json
import smtplib
import time

from campaign import Campaign
from server import run_pidge
from sink import Sink, wait_until
from testsite import Site

counter = itertools.count(1)


def message_octets(recipient, size, sender="alice@site.test"):
    """A message that no other is equal to, of about this size."""
    token = f"m{next(counter)}-{time.monotonic_ns()}"
    line = f"{token} text\r\n.and dots\r\n".encode()
    head = (f"From: {sender}\r\nTo: {recipient}\r\nDate: Sat, 21 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{token}@client.test>\r\n"
            f"Subject: {token}\r\n\r\n").encode()
    return head + line * (max(0, size - len(head)) // len(line) + 1)


def digest_below(octets):
    """SHA-256 without the trace that was put on top."""
    at = octets.find(b"From: ")
    return hashlib.sha256(octets[max(at, 0):]).hexdigest()


class FaultSite(Site):
    def __init__(self, **settings):
        own = Sink()
        settings.setdefault("routes", {"site.test": f"127.0.0.1:{own.port}"})
        super().__init__(sink=own, people=("alice",), **settings)

    def start(self, wait=True):
        if not self.is_set_up:
            self.sink.start()
        return super().start(wait)

    def __exit__(self, kind, *rest):
        try:
            return super().__exit__(kind, *rest)
        finally:
            self.sink.stop()

    def send_anonymous(self, sender, recipients, octets, timeout_s=60):
        with smtplib.SMTP("127.0.0.1", self.ports["smtp"], timeout=timeout_s) as client:
            client.ehlo("client.test")
            client.sendmail(sender, recipients, octets)

    def queued(self):
        return json.loads(self.pidge("queue", "list", "--limit", "1000000", "--json"))

    def retry_all(self):
        """Exit code 1 says that some were being delivered at that moment, which is as good."""
        code, out, err = run_pidge("queue", "retry", "--all", "--config", self.config_path, timeout_s=120)
        if code not in (0, 1):
            raise AssertionError(out + err)


def wait_at_most(condition, timeout_s):
    """What does not come true is left to the judgement that follows."""
    try:
        wait_until(condition, timeout_s)
        return True
    except AssertionError:
        return False


def judge_trail(site, verdict):
    code, out, err = run_pidge("audit", "verify", "--config", site.config_path, timeout_s=120)
    if code != 0:
        verdict.add("audit_gap" if code == 2 else "audit_altered", text=(out + err).strip())


class TableCampaign(Campaign):
    """run_group takes care of the site and hands each verdict (oracle.Verdict) to take()."""

    def take(self, verdict, numbers):
        self.tally.add(verdict)
        for finding in verdict.findings[:20]:
            self.say(str(finding))
        if verdict.findings:
            self.tally.failing.append({"faults": f"{numbers[0]}-{numbers[-1]}", "findings": len(verdict.findings)})
