"""attacks.md F12 through the real program: mail exchangers that talk without end, contradict themselves, or send what is no
text. The mail waits or comes back; memory stays; whatever they said can be read without harm in queue, log, audit trail and
report.
"""

import email
import email.policy
import json
import threading
import time
import unittest

import server
from sink import ALL, Raw, Sink, wait_until
from testsite import Site

ENDLESS_MB = 1024
STAGES = ("connect", "ehlo", "mail", "rcpt", "data", "message")
MEMORY_KIB_EACH = 512  # all stages talk at the same time
NO_REPLIES = {
    "codes that disagree": b"250-x\r\n550 y\r\n",
    "codes that disagree the other way": b"550-x\r\n250 y\r\n",
    "spaces in the code": b"2 5 0\r\n",
    "a code of two digits": b"25 ok\r\n",
    "a code of four digits": b"2500 ok\r\n",
    "a code that there is not": b"990 ok\r\n",
    "digits of another script": "٢٥٠ ok\r\n".encode(),
    "no code": b"ok\r\n",
    "NUL in the code": b"2\x0050 ok\r\n",
    "bare line feeds": b"250-a\n250 b\n" * 3 + b"\r\n",
    "a hundred lines and one": b"250-x\r\n" * 100 + b"250 x\r\n",
    "a line of three kilobytes": b"250 " + b"x" * 3000 + b"\r\n",
    "nothing but an end of line": b"\r\n",
}
ODD_TEXTS = {
    "escape sequences": b"\x1b[2J\x1b]0;owned\x07 gone",
    "NUL and DEL": b"a\x00b\x7fc",
    "C1 controls in UTF-8": "a\u009b2Jb\u0085c".encode(),
    "direction overrides": "a\u202etxt.exe\u2066b".encode(),
    "octets that are no UTF-8": b"a\xff\xfe\xc3(\xe2\x28\xa1",
    "what looks like a field": b"x\r Subject: forged",
    "format characters": b"%s%n%x {0} {}",
    "markup": b"</pre><script>alert(1)</script>",
}


def sink_for(stage, **options):
    """Where a message comes to that stage: with chunks there is no DATA."""
    return Sink(extensions=ALL - {"CHUNKING"} if stage == "data" else ALL, **options)


def is_printable(text):
    return all(c in "\n\r\t" or (c.isprintable() and c not in "\u202e\u2066\u2028\u2029") for c in text)


def endless(stopping, octets=b"250-" + b"x" * 65532):
    """A reply of ENDLESS_MB megabytes without CRLF; what was sent of it is noted in the list `sent`."""
    sent = []

    def talk(connection, _):
        total = 0
        try:
            while total < ENDLESS_MB << 20 and not stopping.is_set():
                connection.stream.sendall(octets)
                total += len(octets)
        finally:
            sent.append(total)
        return Raw(b"\r\n")
    return talk, sent


class HostileRemotes(unittest.TestCase):
    def queue(self, site):
        return json.loads(site.pidge("queue", "list", "--json"))

    def attempt(self, site, recipient):
        """The entry for this recipient after an attempt."""
        site.submit(f"From: alice@site.test\r\nTo: {recipient}\r\nSubject: to whom\r\n\r\nhello\r\n".encode(), [recipient])

    def test_F12_a_reply_without_end_is_cut_off(self):
        """[F12] In each stage; neither memory nor the queue suffers."""
        stopping = threading.Event()
        sinks = {stage: sink_for(stage) for stage in STAGES}
        talkers = {}
        for stage, each in sinks.items():
            each.script[stage], talkers[stage] = endless(stopping)
            each.start()
        routes = {f"{stage}.test": f"127.0.0.1:{each.port}" for stage, each in sinks.items()}
        try:
            with Sink() as home, Site(sink=home, routes={**routes, "out.test": f"127.0.0.1:{home.port}", "site.test": f"127.0.0.1:{home.port}"}) as site:
                site.pidge("status")
                for _ in range(5):
                    self.attempt(site, "x@out.test")
                home.wait_for(5)
                # The first round is for what is made once: threads, buffers, tables. The second one is measured.
                def round_is_over(number):
                    return all(len(sent) >= number for sent in talkers.values()) and all(entry["attempts"] >= number for entry in self.queue(site))
                for stage in STAGES:
                    self.attempt(site, f"x@{stage}.test")
                wait_until(lambda: round_is_over(1), 60, "the end of the endless replies")
                before = most = site.memory_kib()
                for number in (2, 3):
                    site.pidge("queue", "retry", "--all")
                    end = time.monotonic() + 60
                    while not round_is_over(number) and time.monotonic() < end:
                        most = max(most, site.memory_kib())
                        time.sleep(0.02)
                    self.assertTrue(round_is_over(number), talkers)
                most = max(most, site.memory_kib())
                print(f"memory grew by {most - before} KiB; the endless could say {max(map(max, talkers.values())) >> 10} KiB", flush=True)
                entries = self.queue(site)
                self.assertEqual(len(entries), len(STAGES))
                # A message whose final reply is not known was perhaps taken, but nobody said so: it waits too.
                self.assertEqual({entry["state"] for entry in entries}, {"deferred"}, entries)
                self.assertLess(most - before, MEMORY_KIB_EACH * len(STAGES))
                # The socket's own buffers take some; of the rest nothing was read.
                self.assertLess(max(map(max, talkers.values())), 32 << 20)
        finally:
            stopping.set()
            for each in sinks.values():
                each.stop()

    def test_F12_what_is_no_reply_puts_the_mail_off(self):
        """[F12] Contradictions and nonsense are no verdict."""
        cases = [(stage, name, octets) for stage in STAGES for name, octets in NO_REPLIES.items()]
        sinks = [sink_for(stage, script={stage: Raw(octets)}, timeout_s=120).start() for stage, _, octets in cases]
        try:
            with Sink() as home:
                routes = {f"d{number}.test": f"127.0.0.1:{each.port}" for number, each in enumerate(sinks)}
                with Site(sink=home, routes={**routes, "site.test": f"127.0.0.1:{home.port}"}) as site:
                    with site.client() as client:
                        for number in range(len(cases)):
                            client.sendmail("alice@site.test", [f"x@d{number}.test"], f"From: alice@site.test\r\nTo: x@d{number}.test\r\n\r\nhello\r\n")
                    wait_until(lambda: len(entries := self.queue(site)) == len(cases) and all(e["attempts"] for e in entries), 120, "an attempt each")
                    for entry in self.queue(site):
                        self.assertEqual(entry["state"], "deferred", entry)
                        self.assertTrue(is_printable(json.dumps(entry, ensure_ascii=False)), entry)
                    self.assertEqual(home.messages, [])
                    self.assertTrue(is_printable(site.log()))
        finally:
            for each in sinks:
                each.stop()

    def test_F12_odd_texts_of_a_refusal_are_shown_not_obeyed(self):
        """[F12, G12] In the report to the sender, the log, the audit trail and the terminal."""
        names = list(ODD_TEXTS)
        with Sink() as home:
            with Sink() as away:
                for number, name in enumerate(names):
                    away.script[f"rcpt:x{number}@out.test"] = Raw(b"550 5.1.1 " + ODD_TEXTS[name] + b" end\r\n")
                with Site(sink=home, routes={"out.test": f"127.0.0.1:{away.port}", "site.test": f"127.0.0.1:{home.port}"}) as site:
                    for number in range(len(names)):
                        self.attempt(site, f"x{number}@out.test")
                    home_count = len(names)
                    wait_until(lambda: len(home.messages) + len(self.queue(site)) >= home_count and
                               all(entry["attempts"] for entry in self.queue(site)), 60, "a report or an attempt each")
                    print("reports:", len(home.messages), "deferred:", len(self.queue(site)), flush=True)
                    for message in home.messages:
                        self.assertTrue(all(32 <= octet < 127 or octet in b"\r\n\t" for octet in message.octets), message.octets)
                        report = email.message_from_bytes(message.octets, policy=email.policy.SMTP)
                        self.assertEqual(report.get_content_type(), "multipart/report")
                        self.assertEqual(len(report.get_payload()), 3)
                        self.assertTrue(is_printable(report.get_payload()[0].get_content()))
                        self.assertNotEqual(report["Subject"], "forged")
                    for arguments in (("queue", "list"), ("audit", "search", "--type", "attempt"), ("audit", "search", "--type", "outcome"),
                                      ("audit", "search", "--type", "outcome", "--json")):
                        code, out, _ = server.run_pidge(*arguments, "--config", site.config_path)
                        self.assertEqual(code, 0)
                        self.assertTrue(is_printable(out), out)
                    self.assertTrue(is_printable(site.log()))


if __name__ == "__main__":
    unittest.main()
