"""The harness against well-known clients: what it records is what was sent, what it answers is what was scripted."""

import os
import smtplib
import ssl
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import certs  # noqa: E402
import config  # noqa: E402
import dnszone  # noqa: E402
from postfix import Postfix  # noqa: E402
from server import Server  # noqa: E402
from sink import DROP, Raw, Sink  # noqa: E402

TEXT = b"From: a@out.test\r\nSubject: dots\r\n\r\n.one\r\n..two\r\n\r\nend\r\n"


class Certificates(unittest.TestCase):
    def test_a_client_that_trusts_the_authority_accepts_the_name_and_no_other(self):
        with tempfile.TemporaryDirectory() as folder:
            authority = certs.Authority(folder)
            context = ssl.create_default_context(cafile=authority.certificate)
            with Sink(tls=authority.issue("mx.peer.test", "127.0.0.1")) as sink:
                client = smtplib.SMTP("127.0.0.1", sink.port, timeout=20)
                client._host = "mx.peer.test"
                self.assertEqual(client.starttls(context=context)[0], 220)
                client.sendmail("a@out.test", ["b@site.test"], TEXT)
                self.assertTrue(sink.wait_for(1)[0].tls)
                self.assertEqual(sink.connections[0].server_name, "mx.peer.test")
                client.quit()
            with Sink(tls=authority.issue("other.peer.test")) as sink:
                with self.assertRaises(ssl.SSLCertVerificationError):
                    smtplib.SMTP("127.0.0.1", sink.port, timeout=20).starttls(context=context)
            with Sink(tls=authority.issue("127.0.0.1", days=0, file="expired")) as sink:
                with self.assertRaises(ssl.SSLCertVerificationError):
                    smtplib.SMTP("127.0.0.1", sink.port, timeout=20).starttls(context=context)

    def test_a_tlsa_record_is_the_digest_of_the_key(self):
        with tempfile.TemporaryDirectory() as folder:
            usage, selector, matching, digest = certs.tlsa(certs.Authority(folder).issue("mx.peer.test").certificate)
            self.assertEqual((usage, selector, matching, len(digest)), (3, 1, 1, 32))


class SinkTest(unittest.TestCase):
    def test_the_octets_arrive_as_they_were_sent(self):
        with Sink() as sink, smtplib.SMTP("127.0.0.1", sink.port, timeout=20) as client:
            client.sendmail("a@out.test", ["b@site.test", "c@site.test"], TEXT, mail_options=["BODY=8BITMIME"])
            message = sink.wait_for(1)[0]
        self.assertEqual((message.sender, message.recipients, message.octets),
                         ("a@out.test", ("b@site.test", "c@site.test"), TEXT))
        self.assertIn("BODY=8BITMIME", message.parameters.upper())
        self.assertIn(b"\r\n..one\r\n...two\r\n", sink.connections[0].raw)

    def test_the_script_is_followed(self):
        with Sink() as sink, smtplib.SMTP("127.0.0.1", sink.port, timeout=20) as client:
            sink.script["rcpt:b@site.test"] = ["450 4.2.0 Later", None]
            sink.script["message"] = ["552 5.3.4 Too\n552 5.3.4 big"]
            client.ehlo()
            client.mail("a@out.test")
            self.assertEqual(client.rcpt("b@site.test")[0], 450)
            self.assertEqual(client.rcpt("b@site.test")[0], 250)
            self.assertEqual(client.data(TEXT), (552, b"5.3.4 Too\n5.3.4 big"))
            self.assertEqual(sink.messages, [])
            sink.script["mail"] = Raw(b"2")
            sink.script["quit"] = DROP

    def test_extensions_are_offered_as_told(self):
        with Sink(extensions={"CHUNKING"}) as sink, smtplib.SMTP("127.0.0.1", sink.port, timeout=20) as client:
            client.ehlo()
            self.assertEqual(set(client.esmtp_features), {"chunking"})
            client.mail("a@out.test")
            client.rcpt("b@site.test")
            client.send(b"BDAT 4\r\n.\r\n.BDAT 2 LAST\r\n\r\n")
            self.assertEqual((client.getreply()[0], client.getreply()[0]), (250, 250))
            self.assertEqual(sink.wait_for(1)[0].octets, b".\r\n.\r\n")

    def test_a_dropped_connection(self):
        with Sink(script={"data": DROP}) as sink:
            client = smtplib.SMTP("127.0.0.1", sink.port, timeout=20)
            with self.assertRaises(smtplib.SMTPServerDisconnected):
                client.sendmail("a@out.test", ["b@site.test"], TEXT)

    def test_lmtp_answers_for_each_recipient(self):
        with Sink(lmtp=True, script={"message:c@site.test": "550 5.2.2 Full"}) as sink:
            with smtplib.LMTP("127.0.0.1", sink.port, timeout=20) as client:
                client.ehlo()
                client.mail("a@out.test")
                client.rcpt("b@site.test")
                client.rcpt("c@site.test")
                self.assertEqual(client.data(TEXT)[0], 250)
                self.assertEqual(client.getreply()[0], 550)


class Dns(unittest.TestCase):
    def header(self, answer):
        identifier, flags, _, answers, _, _ = struct.unpack("!6H", answer[:12])
        return identifier, flags & 15, bool(flags & 0x200), answers

    def test_answers(self):
        with dnszone.Zone() as zone:
            zone.add("example.test", "MX", 10, "mx.example.test")
            zone.add("www.example.test", "CNAME", "mx.example.test")
            zone.host_record("mx.example.test", "127.0.0.2")
            zone.add("big.test", "TXT", "v=spf1 " + "x" * 1500)
            for over_tcp in (False, True):
                self.assertEqual(self.header(dnszone.ask("EXAMPLE.test.", "MX", zone.port, over_tcp=over_tcp)),
                                 (0x1234, 0, False, 1))
                self.assertEqual(self.header(dnszone.ask("www.example.test", "A", zone.port, over_tcp=over_tcp))[3], 2)
                self.assertEqual(self.header(dnszone.ask("example.test", "A", zone.port, over_tcp=over_tcp))[1:], (0, False, 0))
                self.assertEqual(self.header(dnszone.ask("none.test", "A", zone.port, over_tcp=over_tcp))[1], 3)
                self.assertEqual(self.header(dnszone.ask("2.0.0.127.in-addr.arpa", "PTR", zone.port, over_tcp=over_tcp))[3], 1)
            self.assertEqual(self.header(dnszone.ask("big.test", "TXT", zone.port))[1:], (0, True, 0))
            self.assertEqual(self.header(dnszone.ask("big.test", "TXT", zone.port, over_tcp=True))[1:], (0, False, 1))
            self.assertEqual(zone.asked("big.test", "TXT"), 2)

    def test_failures(self):
        with dnszone.Zone() as zone:
            zone.add("a.test", "A", "127.0.0.2")
            zone.fail("a.test", "servfail")
            self.assertEqual(self.header(dnszone.ask("a.test", "A", zone.port))[1:], (2, False, 0))
            zone.fail("a.test", "truncate")
            self.assertTrue(self.header(dnszone.ask("a.test", "A", zone.port))[2])
            zone.fail("a.test", "wrong-id")
            self.assertNotEqual(self.header(dnszone.ask("a.test", "A", zone.port))[0], 0x1234)
            zone.fail("a.test", "timeout")
            with self.assertRaises(TimeoutError):
                dnszone.ask("a.test", "A", zone.port, timeout_s=0.2)
            zone.fail("a.test", None)
            self.assertEqual(self.header(dnszone.ask("a.test", "A", zone.port))[3], 1)


class PostfixTest(unittest.TestCase):
    def test_receives_over_tls_what_was_sent(self):
        with tempfile.TemporaryDirectory() as folder:
            with Postfix(tls=certs.Authority(folder).issue("mx.peer.test")) as peer:
                client = smtplib.SMTP("127.0.0.1", peer.port, timeout=20)
                client.starttls()
                client.sendmail("a@out.test", ["b@peer.test"], b"Received: from x\r\n\tby y; now\r\n" + TEXT)
                client.quit()
                self.assertEqual(peer.wait_for(1), [b"Received: from x\r\n\tby y; now\r\n" + TEXT])

    def test_relays_what_it_is_given(self):
        with Sink() as sink, Postfix(relay=f"127.0.0.1:{sink.port}") as peer:
            peer.inject("a@out.test", ["b@site.test"], TEXT)
            message = sink.wait_for(1)[0]
            self.assertEqual((message.sender, message.recipients), ("a@out.test", ("b@site.test",)))
            self.assertTrue(message.octets.endswith(b"\r\n\r\n.one\r\n..two\r\n\r\nend\r\n"))


STAND_IN = '''#!{python}
"""Behaves like the program as far as server.py looks at it."""
import http.server, json, re, signal, sys, threading
text = open(sys.argv[sys.argv.index("--config") + 1]).read()
if sys.argv[1] != "serve":
    print(" ".join(sys.argv[1:3]), sys.stdin.read().strip())
    sys.exit(3 if sys.argv[1] == "fail" else 0)
class Admin(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"# HELP x y\\npidge_a_total{{k=\\"1\\"}} 2\\npidge_a_total 3\\npidge_a_total_more 9\\n")
    def log_message(self, *_):
        pass
admin = http.server.HTTPServer(("127.0.0.1", int(re.search(r'"http"\\naddress = "127.0.0.1:(\\d+)"', text).group(1))), Admin)
def end(*_):
    print(json.dumps({{"event": "stopped"}}), flush=True)
    threading.Thread(target=admin.shutdown).start()
signal.signal(signal.SIGTERM, end)
print(json.dumps({{"event": "started"}}), flush=True)
admin.serve_forever()
'''


class ServerTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        program = os.path.join(self.folder.name, "stand-in")
        with open(program, "w", encoding="utf-8") as file:
            file.write(STAND_IN.format(python=sys.executable))
        os.chmod(program, 0o755)
        before = os.environ.get("PIDGE_BINARY")
        os.environ["PIDGE_BINARY"] = program
        self.addCleanup(lambda: os.environ.pop("PIDGE_BINARY") if before is None else
                        os.environ.__setitem__("PIDGE_BINARY", before))

    def test_a_server_lives_and_is_looked_at(self):
        with Server() as server:
            self.assertEqual([entry["event"] for entry in server.events()], ["started"])
            self.assertEqual(server.metric("pidge_a_total"), 5)
            self.assertEqual(server.pidge("echo", "this", input=b"word"), "echo this word\n")
            with self.assertRaises(AssertionError):
                server.pidge("fail", "this")
            self.assertGreater(server.memory_kib(), 1000)
            server.restart()
            self.assertEqual(len(server.events("started")), 2)
            self.assertEqual(len(server.events("stopped")), 1)
            folder = server.folder
        self.assertFalse(os.path.exists(folder))

    def test_a_killed_server_has_no_time_for_a_word(self):
        with Server() as server:
            server.kill()
            self.assertEqual(server.events("stopped"), [])
            server.start()
            self.assertEqual(len(server.events("started")), 2)

    def test_a_server_that_does_not_start_is_an_assertion_with_its_log(self):
        os.environ["PIDGE_BINARY"] = "/bin/false"
        server = Server(folder=self.folder.name)
        with self.assertRaisesRegex(AssertionError, "ended with code 1"):
            server.start()


class Config(unittest.TestCase):
    def test_changes_are_laid_over(self):
        with tempfile.TemporaryDirectory() as folder:
            path = config.site_config(folder, {"smtp": 2525}, changes={"relay": {"port": None, "retry": ["1s"]},
                                                                      "limits": {"name": 'a"b', "on": True}})
            with open(path, encoding="utf-8") as file:
                text = file.read()
        self.assertIn('[[listener]]\nname = "smtp"\nservice = "mx"\naddress = "127.0.0.1:2525"\n', text)
        self.assertIn('[relay]\nretry = ["1s"]\n', text)
        self.assertIn('name = "a\\"b"\non = true\n', text)


if __name__ == "__main__":
    unittest.main()
