"""Real mail clients submit: Python's smtplib, swaks, msmtp, curl, and Perl's Net::SMTP (through swaks only where it is there)."""

import os
import subprocess
import unittest

import processes
from testsite import PASSWORD, Site

MESSAGE = b"From: alice@site.test\r\nTo: bob@out.test\r\nSubject: from a client\r\n\r\nhello\r\n"


def run(command, input=b"", env=None):
    done = subprocess.run(command, input=input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
                          env={**os.environ, **(env or {})})
    return done.returncode, done.stdout.decode(errors="replace")


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site()
        cls.site.start()

    @classmethod
    def tearDownClass(cls):
        cls.site.__exit__(None, None, None)

    def setUp(self):
        self.before = len(self.site.sink.messages)

    def arrived(self):
        return self.site.sink.wait_for(self.before + 1)[self.before]

    def check_arrived(self, with_word):
        octets = self.arrived().octets
        self.assertIn(f" with {with_word} id ".encode(), octets.replace(b"\r\n\t", b" "))
        for field in (b"\r\nDate: ", b"\r\nMessage-ID: ", b"\r\nFrom: ", b"\r\nTo: "):
            self.assertIn(field.lower(), octets.lower())

    def test_O2_smtplib_on_587_and_465_and_O3_25_from_a_range(self):
        for port, word in (("submission", "ESMTPSA"), ("submissions", "ESMTPSA"), ("smtp", "ESMTP")):
            with self.subTest(port):
                self.setUp()
                self.site.submit(MESSAGE, ["bob@out.test"], port=port)
                self.check_arrived(word)

    @unittest.skipUnless(processes.has("swaks"), "swaks is not installed")
    def test_O2_swaks_with_each_mechanism(self):
        for mechanism in ("PLAIN", "LOGIN"):
            with self.subTest(mechanism):
                self.setUp()
                code, out = run(["swaks", "--server", "127.0.0.1", "--port", str(self.site.ports["submission"]), "--tls", "--auth", mechanism,
                                 "--auth-user", "alice", "--auth-password", PASSWORD, "--from", "alice@site.test", "--to", "bob@out.test"])
                self.assertEqual(code, 0, out)
                self.check_arrived("ESMTPSA")

    @unittest.skipUnless(processes.has("swaks"), "swaks is not installed")
    def test_T01_swaks_without_TLS_is_not_offered_AUTH(self):
        code, out = run(["swaks", "--server", "127.0.0.1", "--port", str(self.site.ports["submission"]), "--auth", "PLAIN",
                         "--auth-user", "alice", "--auth-password", PASSWORD, "--from", "alice@site.test", "--to", "bob@out.test"])
        self.assertNotEqual(code, 0)
        self.assertNotIn("250-AUTH", out)

    @unittest.skipUnless(processes.has("msmtp"), "msmtp is not installed")
    def test_O2_msmtp_with_SCRAM(self):
        for mechanism in ("scram-sha-256", "plain"):
            for port, starttls in (("submission", "on"), ("submissions", "off")):
                with self.subTest(mechanism=mechanism, port=port):
                    self.setUp()
                    code, out = run(["msmtp", "--host=localhost", f"--port={self.site.ports[port]}", "--tls=on", f"--tls-starttls={starttls}",
                                     f"--tls-trust-file={self.site.authority.certificate}", f"--auth={mechanism}", "--user=alice",
                                     f"--passwordeval=echo '{PASSWORD}'", "--from=alice@site.test", "bob@out.test"], MESSAGE)
                    if "not support" in out or "unsupported" in out.lower():
                        self.assertEqual(mechanism, "scram-sha-256", out)
                        continue
                    self.assertEqual(code, 0, out)
                    self.check_arrived("ESMTPSA")

    @unittest.skipUnless(processes.has("curl"), "curl is not installed")
    def test_O2_curl(self):
        for scheme, port, extra in (("smtps", "submissions", []), ("smtp", "submission", ["--ssl-reqd"])):
            with self.subTest(port):
                self.setUp()
                code, out = run(["curl", "-sS", f"{scheme}://localhost:{self.site.ports[port]}", "--cacert", self.site.authority.certificate,
                                 "--user", f"alice:{PASSWORD}", "--mail-from", "alice@site.test", "--mail-rcpt", "bob@out.test",
                                 "--upload-file", "-", *extra], MESSAGE)
                self.assertEqual(code, 0, out)
                self.check_arrived("ESMTPSA")

    @unittest.skipUnless(processes.has("perl"), "perl is not installed")
    def test_O2_perl_Net_SMTP(self):
        script = """use Net::SMTP; my $s = Net::SMTP->new('localhost', Port => $ARGV[0], Hello => 'perl.test', Timeout => 30) or die $@;
            $s->starttls(SSL_ca_file => $ARGV[1]) or die 'tls: ' . $s->message; $s->auth('alice', $ARGV[2]) or die 'auth: ' . $s->message;
            $s->mail('alice@site.test') or die; $s->to('bob@out.test') or die; $s->data() or die;
            $s->datasend("From: alice\\@site.test\\nTo: bob\\@out.test\\n\\nhi\\n"); $s->dataend() or die $s->message; $s->quit;"""
        code, out = run(["perl", "-e", script, str(self.site.ports["submission"]), self.site.authority.certificate, PASSWORD])
        if "IO::Socket::SSL" in out or "Authen::SASL" in out:
            self.skipTest("Perl lacks IO::Socket::SSL or Authen::SASL")
        self.assertEqual(code, 0, out)
        self.check_arrived("ESMTPSA")


if __name__ == "__main__":
    unittest.main()
