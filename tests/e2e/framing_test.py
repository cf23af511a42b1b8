"""docs/attacks.md, framing, against the real program: end of data, chunks, state, early talkers, STARTTLS, long lines."""

import itertools
import os
import re
import unittest

from rawsmtp import Raw
from server import ROOT
from sink import wait_until
from testsite import Site

HEADER = b"From: alice@site.test\r\nTo: x@out.test\r\n\r\n"
SECOND = b"MAIL FROM:<alice@site.test>\r\nRCPT TO:<smuggled@out.test>\r\nDATA\r\n" + HEADER + b"smuggled\r\n"
END = b"\r\n.\r\n"
ODD_ENDS = [b"\n.\n", b"\n.\r", b"\r.\n", b"\r.\r", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n.\r\r\n"]


class Framing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site()
        cls.site.start()

    @classmethod
    def tearDownClass(cls):
        cls.site.__exit__(None, None, None)

    def connect(self):
        return Raw(self.site.ports["smtp"]).hello()

    def setUp(self):
        self.before = len(self.site.sink.messages)

    def arrived(self, end):
        """Waits for a message that ends so."""
        wait_until(lambda: any(message.octets.endswith(end) for message in self.site.sink.messages), 20, f"a message that ends in {end!r}")

    def test_F01_odd_ends_of_data_smuggle_nothing(self):
        generated = {b"".join(pieces) for length in range(2, 6) for pieces in itertools.product((b"\r", b"\n", b"."), repeat=length)
                     if b"." in pieces}
        for odd in ODD_ENDS + sorted(end for end in generated if end not in ODD_ENDS):
            text = b"hello" + odd
            if b"\r\n.\r\n" in text + SECOND[:2]:
                continue  # the true end
            bare = re.search(rb"\r(?!\n)|(?<!\r)\n", text + b"M") is not None
            with self.connect() as client:
                self.assertEqual(client.envelope(), ("250", "250"))
                self.assertEqual(client.code("DATA"), "354")
                client.send(HEADER + text + SECOND + b"\r\n.\r\n")
                reply = client.reply()
                if bare:
                    self.assertTrue(reply.startswith("550 5.5.2"), (odd, reply))
                else:
                    self.assertTrue(reply.startswith("250"), (odd, reply))
                self.assertEqual(client.code("NOOP"), "250", odd)  # and nothing else was answered in between
        for message in self.site.sink.messages[self.before:]:
            self.assertNotIn("smuggled@out.test", message.recipients)

    def test_F01_lawful_text_is_text(self):
        text = b"hello\r\n .\r\nMAIL FROM:<a@b>\r\n. \r\n..\r\n"
        with self.connect() as client:
            client.envelope()
            client.code("DATA")
            client.send(HEADER + text + b"end" + END)
            self.assertTrue(client.reply().startswith("250"))
            self.assertEqual(client.code("NOOP"), "250")
        self.arrived(text.replace(b"\r\n.", b"\r\n") + b"end\r\n")  # RFC 5321 §4.5.2: a leading dot is taken away

    def test_F02_what_leaves_is_canonical_whatever_came_in(self):
        accepted = 0
        for odd in ODD_ENDS + [b"\0", b"\r\r\n", b"\n\r"]:
            with self.connect() as client:
                client.envelope()
                octets = HEADER + b"a" + odd + SECOND + END
                client.send(f"BDAT {len(octets)} LAST\r\n".encode() + octets)
                accepted += client.reply().startswith("250")
        with self.connect() as client:  # dots at the start of lines, by chunks
            client.envelope()
            octets = HEADER + b".\r\n..\r\n.x\r\n"
            client.send(f"BDAT {len(octets)} LAST\r\n".encode() + octets)
            self.assertTrue(client.reply().startswith("250"))
        self.assertEqual(accepted, 0)
        self.arrived(b".\r\n..\r\n.x\r\n")

    def test_F03_no_part_of_pidge_speaks_SMTP_to_another(self):
        """[F03] The process listens where the configuration says and nowhere else, and only the relay has an SMTP client."""
        pid = self.site.process.pid
        own = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd") if os.path.islink(f"/proc/{pid}/fd/{fd}")}
        listening = set()
        for table in ("tcp", "tcp6"):
            with open(f"/proc/{pid}/net/{table}", encoding="ascii") as file:
                for line in list(file)[1:]:
                    fields = line.split()
                    if fields[3] == "0A" and f"socket:[{fields[9]}]" in own:
                        listening.add(int(fields[1].rsplit(":", 1)[1], 16))
        self.assertEqual(listening, set(self.site.ports.values()))
        with open(f"/proc/{pid}/net/unix", encoding="utf-8") as file:
            bound = [line.split() for line in list(file)[1:]]
        self.assertEqual([fields[7] for fields in bound if len(fields) > 7 and f"socket:[{fields[6]}]" in own and fields[3] == "00010000"],
                         [os.path.join(self.site.folder, "control.sock")])
        users = set()
        for folder, _, files in os.walk(os.path.join(ROOT, "src")):
            if "CMakeLists.txt" in files:
                with open(os.path.join(folder, "CMakeLists.txt"), encoding="utf-8") as file:
                    uses = file.read().split("TEST_USES")[0]
                if re.search(r"protocols/smtp/client\b", uses):
                    users.add(os.path.relpath(folder, os.path.join(ROOT, "src")))
        self.assertEqual(users - {"protocols/smtp/testing"}, {"services/relay"})

    def test_F04_chunks_are_payload_never_commands(self):
        with self.connect() as client:
            payload = b"\r\nMAIL FROM:<alice@site.test>\r\n".ljust(40, b"x")
            client.send(b"BDAT 40\r\n" + payload)
            self.assertTrue(client.reply().startswith("503"))
            self.assertEqual(client.code("RCPT TO:<x@out.test>"), "503")
        for size in ("18446744073709551615 LAST", "18446744073709551616", "-1", "+1", "0x10", "1e3", ""):
            with self.connect() as client:
                client.envelope()
                self.assertIn(client.code(f"BDAT {size}".rstrip()), ("501", "552", "500"), size)
        with self.connect() as client:
            client.envelope()
            client.send(b"BDAT 5\r\nhello")
            self.assertTrue(client.reply().startswith("250"))
            self.assertEqual(client.code("DATA"), "503")

    def test_F04_tiny_chunks_take_no_memory(self):
        before = self.site.memory_kib()
        with self.connect() as client:
            client.envelope()
            replies = []
            for _ in range(100):
                if not client.try_send(b"BDAT 1\r\nx" * 1000):
                    break
                replies = [client.reply() for _ in range(1000)]
                if None in replies or any(reply[0] in "45" for reply in replies if reply):
                    break
        self.assertLess(self.site.memory_kib() - before, 4096)
        self.assertTrue(any(reply is None or reply[:3] in ("421", "554", "550") for reply in replies), replies[-3:])

    def test_F05_no_state_is_left_after_an_error(self):
        with self.connect() as client:
            self.assertEqual(client.code("MAIL FROM:<nobody@site.test>"), "550")
            self.assertEqual(client.code("RCPT TO:<x@out.test>"), "503")
            self.assertEqual(client.code("DATA"), "503")
            self.assertEqual(client.envelope(), ("250", "250"))
            client.send(b"BDAT 3\r\n\n\0\r")
            client.reply()
            client.send(b"BDAT 0 LAST\r\n")
            self.assertNotEqual(client.reply()[:1], "2")
            self.assertEqual(client.code("DATA"), "503")
            self.assertEqual(client.code("NOOP"), "250")

    def test_F06_early_talkers_and_pipelining_that_was_not_offered(self):
        with Raw(self.site.ports["smtp"]) as client:
            client.send("EHLO x\r\nMAIL FROM:<alice@site.test>\r\nRCPT TO:<x@out.test>\r\nDATA\r\n")
            replies = []
            while (reply := client.reply()) is not None:
                replies.append(reply)
            self.assertFalse(any(reply.startswith("354") for reply in replies), replies)
        with self.connect() as client:
            client.envelope()
            client.send("DATA\r\nSubject: before the 354\r\n\r\nx\r\n.\r\n")
            self.assertIn((client.reply() or "")[:3], ("503", "554"))
            self.assertTrue(client.is_closed())

    def test_F07_nothing_said_before_TLS_counts_after_it(self):
        with Raw(self.site.ports["submission"]).hello() as client:
            client.send("STARTTLS\r\nRSET\r\n")
            reply = client.reply()
            if reply and reply.startswith("220"):
                client.socket = self.site.trust().wrap_socket(client.socket, server_hostname="localhost")
                client.send("NOOP\r\n")
                self.assertTrue(client.reply().startswith("250"))
                self.assertEqual(client.buffer, b"")
            else:
                self.assertTrue(client.is_closed())
        with Raw(self.site.ports["submission"]).hello() as client:
            client.start_tls(self.site.trust())
            self.assertIn(client.code("MAIL FROM:<alice@site.test>"), ("503", "530"))  # EHLO counts no more

    def test_F09_other_protocols_are_shown_the_door(self):
        for port in ("smtp", "submission"):
            for verb in ("GET / HTTP/1.1", "POST /x HTTP/1.0", "CONNECT site.test:25 HTTP/1.1", "PUT / HTTP/1.1", "OPTIONS * HTTP/1.1"):
                with Raw(self.site.ports[port]) as client:
                    client.reply()
                    client.try_send(verb + "\r\nHost: x\r\n\r\nMAIL FROM:<alice@site.test>\r\n")
                    self.assertTrue(client.is_closed(), (port, verb))

    def test_F10_control_characters_in_parameters(self):
        with self.connect() as client:
            for command in ("MAIL FROM:<alice@site.test> AUTH=x+0Aroot", "MAIL FROM:<alice@site.test> ENVID=a+00b", "MAIL FROM:<alice@site.test> ENVID=a+0D",
                            "MAIL FROM:<alice@site.test> AUTH=+1B[2J", "MAIL FROM:<alice@site.test> ENVID=a+7F", "MAIL FROM:<alice@site.test> ENVID=a+ZZ"):
                reply = client.ask(command)
                self.assertEqual(reply[:9], "501 5.5.4", command)

    def test_F11_nothing_is_ever_executed(self):
        with self.connect() as client:
            for sender in (";sleep 66;", "$(id)", "`id`", "|id", "../../etc/passwd"):
                self.assertIn(client.code(f"MAIL FROM:<{sender}>"), ("501", "550", "553"), sender)

    def test_F13_over_long_commands(self):
        with self.connect() as client:
            sent = 0
            while sent < 10_000_000 and client.try_send(b"A" * 100_000 if sent else b"EHLO " + b"A" * 99_995):
                sent += 100_000
            replies = []
            while (reply := client.reply()) is not None:
                replies.append(reply[:3])
            self.assertTrue(set(replies) <= {"500", "421"}, replies)
        self.assertEqual(self.connect().code("NOOP"), "250")

    def test_P01_header_bombs(self):
        before = self.site.memory_kib()
        for octets in (b"To: " + b",".join(b"a%d@b.test" % n for n in range(200_000)) + b"\r\n", b"X: " + b"x" * 30_000_000 + b"\r\n",
                       b"".join(b"X%d: y\r\n" % n for n in range(500_000))):
            with self.connect() as client:
                client.envelope()
                client.code("DATA")
                client.send(b"From: alice@site.test\r\n" + octets + b"\r\nx\r\n.\r\n")
                self.assertIn(client.reply()[:3], ("250", "552", "550"))
        self.assertLess(self.site.memory_kib() - before, 64 * 1024)

    def test_P02_deep_and_wide_MIME(self):
        deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(10_000))
        wide = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 1_000_000 + b"--b--\r\n"
        before = self.site.memory_kib()
        for octets in (deep, wide):
            with self.connect() as client:
                client.envelope()
                client.code("DATA")
                client.send(b"From: alice@site.test\r\nMIME-Version: 1.0\r\n" + octets + b"\r\n.\r\n")
                self.assertIn(client.reply()[:3], ("250", "550"))
        self.assertLess(self.site.memory_kib() - before, 64 * 1024)

    def test_R06_no_backscatter(self):
        with Raw(self.site.ports["smtp"], source="127.0.0.7").hello() as client:
            self.assertEqual(client.envelope("victim@out.test", "nobody@site.test"), ("250", "550"))
        self.assertEqual([m for m in self.site.sink.messages[self.before:] if "victim@out.test" in m.recipients], [])


if __name__ == "__main__":
    unittest.main()
