"""The queue through the real program: what cannot be delivered waits, survives a kill, and goes when it can; what is refused
comes back as a report that a person understands.

PIDGE_QUEUED sets how many messages wait across the kill (default 5000); 100000 is the long form.
"""

import email
import email.policy
import json
import os
import time
import unittest

import processes
from rawsmtp import Raw
from server import run_pidge
from sink import Sink, wait_until
from testsite import Site

QUEUED = int(os.environ.get("PIDGE_QUEUED", "5000"))
READY_S_MAX = 5.0


def fill(site, count, recipient="x@out.test", batch=200):
    """Messages in large pipelined batches (RFC 2920, RFC 3030 §4.2)."""
    with Raw(site.ports["smtp"], timeout_s=120).hello() as client:
        for start in range(0, count, batch):
            octets = b""
            here = min(batch, count - start)
            for number in range(start, start + here):
                text = f"From: alice@site.test\r\nTo: {recipient}\r\nMessage-ID: <q{number}@client.test>\r\n\r\nnumber {number}\r\n".encode()
                octets += (f"MAIL FROM:<alice@site.test>\r\nRCPT TO:<{recipient}>\r\n" f"BDAT {len(text)} LAST\r\n").encode() + text
            client.send(octets)
            for _ in range(3 * here):
                reply = client.reply()
                if not reply or reply[0] != "2":
                    raise AssertionError(f"filling the queue was answered with {reply}")


class Queue(unittest.TestCase):
    def test_O4_what_waits_survives_a_kill_and_is_ready_within_seconds(self):
        closed = processes.free_port()
        with Site(routes={"out.test": f"127.0.0.1:{closed}", "site.test": f"127.0.0.1:{closed}"}) as site:
            fill(site, QUEUED)
            site.kill()
            started = time.monotonic()
            site.start()
            ready = time.monotonic() - started
            wait_until(lambda: json.loads(site.pidge("status", "--json"))["queue"]["entries"] == QUEUED, 60, f"{QUEUED} entries in the status")
            print(f"{QUEUED} queued, ready {ready:.2f} s after the kill", flush=True)
            self.assertLessEqual(ready, READY_S_MAX)
            with Sink(port=closed) as sink:
                # 1: some of them are being delivered at that moment, so there is nothing to hurry.
                code, out, err = run_pidge("queue", "retry", "--all", "--config", site.config_path, timeout_s=200)
                self.assertIn(code, (0, 1), out + err)
                wait_until(lambda: len(sink.messages) >= QUEUED, 300, "all messages at the sink")
                time.sleep(0.5)
                ids = [email.message_from_bytes(message.octets)["Message-ID"] for message in sink.messages]
                self.assertEqual(len(ids), QUEUED)
                self.assertEqual(len(set(ids)), QUEUED)
            self.assertEqual(json.loads(site.pidge("queue", "list", "--json")), [])
            self.assertIn("sound", site.pidge("audit", "verify"))

    def report(self, site, recipient):
        """The report that alice gets about mail to this recipient."""
        site.submit(f"From: alice@site.test\r\nTo: {recipient}\r\nSubject: to be refused\r\n\r\nhello\r\n".encode(), [recipient])
        wait_until(lambda: any("alice@site.test" in m.recipients for m in site.sink.messages), 30, "the report")
        octets = next(m for m in site.sink.messages if "alice@site.test" in m.recipients)
        self.assertEqual(octets.sender, "")
        return email.message_from_bytes(octets.octets, policy=email.policy.SMTP)

    def test_J27_a_refusal_comes_back_as_a_report_for_people_and_programs(self):
        with Site() as site:
            site.sink.script["rcpt:nobody@out.test"] = "550 5.1.1 No such user \x1b[2J here"
            report = self.report(site, "nobody@out.test")
            self.assertEqual(report.get_content_type(), "multipart/report")
            self.assertEqual(report.get_param("report-type"), "delivery-status")
            people, machine, original = report.get_payload()
            self.assertIn("nobody@out.test", people.get_content())
            self.assertNotIn("\x1b", report.as_string())
            self.assertEqual(machine.get_content_type(), "message/delivery-status")
            fields = machine.as_string()
            for part in ("Final-Recipient: rfc822;", "Action: failed", "Status: 5.1.1", "Reporting-MTA: dns;", "Diagnostic-Code: smtp;"):
                self.assertIn(part, fields)
            self.assertIn("Subject: to be refused", original.as_string())
            self.assertEqual(report["Auto-Submitted"].split()[0], "auto-replied")
            shown = json.loads(site.pidge("audit", "search", "--type", "dsn-sent", "--json"))
            self.assertEqual(len(shown), 1)

    def test_R05_reports_about_reports_are_never_sent(self):
        with Site() as site:
            site.sink.script["rcpt:nobody@out.test"] = "550 5.1.1 No such user"
            site.sink.script["rcpt:alice@site.test"] = "550 5.1.1 No such user either"
            site.submit(b"From: alice@site.test\r\nTo: nobody@out.test\r\n\r\nhello\r\n", ["nobody@out.test"])
            wait_until(lambda: json.loads(site.pidge("queue", "list", "--json")) == [], 30, "an empty queue")
            # A report that cannot be delivered goes to postmaster, once, and nowhere if that fails too.
            reports = [m.recipients for m in site.sink.messages if m.sender == ""]
            self.assertIn(reports, ([], [("postmaster@site.test",)]))

    def test_a_route_that_is_mended_holds_for_what_waits(self):
        closed = processes.free_port()
        with Sink() as sink, Site(routes={"out.test": f"127.0.0.1:{closed}", "site.test": f"127.0.0.1:{closed}"}) as site:
            site.submit(b"From: alice@site.test\r\nTo: x@out.test\r\n\r\nhello\r\n", ["x@out.test"])
            wait_until(lambda: (json.loads(site.pidge("queue", "list", "--json")) or [{}])[0].get("attempts") == 1, 30, "the first attempt")
            site.pidge("route", "set", "out.test", "--host", "127.0.0.1", "--port", str(sink.port))
            site.pidge("queue", "retry", "--all")
            self.assertEqual(sink.wait_for(1)[0].recipients, ("x@out.test",))
            wait_until(lambda: json.loads(site.pidge("queue", "list", "--json")) == [], 30, "an empty queue")

    def test_a_temporary_failure_is_tried_again_and_nothing_comes_back(self):
        with Site() as site:
            site.sink.script["rcpt:later@out.test"] = ["450 4.2.0 Not now", None]
            site.submit(b"From: alice@site.test\r\nTo: later@out.test\r\n\r\nhello\r\n", ["later@out.test"])
            wait_until(lambda: (json.loads(site.pidge("queue", "list", "--json")) or [{}])[0].get("attempts") == 1, 30, "the first attempt")
            entry = json.loads(site.pidge("queue", "list", "--json"))[0]
            self.assertIn("Not now", json.dumps(entry))
            site.pidge("queue", "retry", entry["id"])
            wait_until(lambda: any("later@out.test" in m.recipients for m in site.sink.messages), 30, "the second attempt")
            self.assertEqual(len(site.sink.messages), 1)

    def test_an_administrator_holds_releases_and_removes(self):
        with Site() as site:
            site.sink.script["mail"] = ["450 4.2.0 Not now"] * 20
            site.submit(b"From: alice@site.test\r\nTo: x@out.test\r\n\r\nhello\r\n", ["x@out.test"])
            wait_until(lambda: (json.loads(site.pidge("queue", "list", "--json")) or [{}])[0].get("attempts") == 1, 30, "the first attempt")
            identifier = json.loads(site.pidge("queue", "list", "--json"))[0]["id"]
            site.pidge("queue", "hold", identifier)
            self.assertTrue(json.loads(site.pidge("queue", "list", "--json"))[0]["held"])
            site.pidge("queue", "release", identifier)
            self.assertFalse(json.loads(site.pidge("queue", "list", "--json"))[0]["held"])
            site.pidge("queue", "remove", identifier)
            self.assertEqual(json.loads(site.pidge("queue", "list", "--json")), [])


if __name__ == "__main__":
    unittest.main()
