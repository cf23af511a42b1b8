"""attacks.md T01, T02, F09 against the real program: no password in clear, no old TLS, no protocol but ours; and a certificate
that is renewed without a restart."""

import base64
import re
import smtplib
import socket
import ssl
import subprocess
import unittest

import processes
from rawsmtp import Raw
from testsite import PASSWORD, Site


def openssl(port, *arguments, starttls=True):
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *(["-starttls", "smtp"] if starttls else []), *arguments]
    done = subprocess.run(command, input=b"QUIT\r\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False)
    return done.stdout.decode(errors="replace")


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site()
        cls.site.start()

    @classmethod
    def tearDownClass(cls):
        cls.site.__exit__(None, None, None)

    def test_T01_no_AUTH_before_TLS_and_no_trace_of_the_password(self):
        secret = base64.b64encode(f"\0alice\0{PASSWORD}".encode()).decode()
        with Raw(self.site.ports["submission"]) as client:
            client.reply()
            self.assertNotIn("AUTH", client.ask("EHLO client.test"))
            self.assertEqual(client.ask("AUTH PLAIN " + secret)[:10], "538 5.7.11")
            self.assertEqual(client.ask("AUTH LOGIN")[:10], "538 5.7.11")
            self.assertEqual(client.code("MAIL FROM:<alice@site.test>"), "530")
        self.assertNotIn(secret, self.site.log())
        self.assertNotIn(PASSWORD, self.site.log())

    def test_T01_wrong_passwords_are_answered_alike(self):
        answers = set()
        for login, password in (("alice", "wrong"), ("nobody", PASSWORD), ("alice@site.test", "wrong")):
            client = self.site.client(login=None)
            with self.assertRaises(smtplib.SMTPAuthenticationError) as refused:
                client.login(login, password)
            answers.add((refused.exception.smtp_code, refused.exception.smtp_error))
            client.close()
        self.assertEqual(len(answers), 1, answers)
        self.assertEqual(answers.pop()[0], 535)

    def test_T02_TLS_1_2_and_1_3_and_nothing_older(self):
        for version, works in (("-tls1_3", True), ("-tls1_2", True), ("-tls1_1", False), ("-tls1", False)):
            for port, starttls in (("submission", True), ("submissions", False), ("smtp", True)):
                out = openssl(self.site.ports[port], version, "-cipher", "ALL:@SECLEVEL=0", starttls=starttls)
                agreed = re.search(r"Cipher is (\S+)", out)
                self.assertEqual(bool(agreed) and agreed.group(1) != "(NONE)", works, (version, port, out[-400:]))

    def test_T02_only_forward_secret_AEAD_ciphers(self):
        for cipher in ("AES128-SHA", "AES256-GCM-SHA384", "ECDHE-RSA-AES256-SHA", "ECDHE-ECDSA-AES128-SHA256", "DES-CBC3-SHA", "NULL", "aNULL"):
            out = openssl(self.site.ports["submissions"], "-tls1_2", "-cipher", cipher + ":@SECLEVEL=0", starttls=False)
            self.assertNotRegex(out, r"Cipher is (?!\(NONE\))\S", cipher)
        out = openssl(self.site.ports["submissions"], "-tls1_2", starttls=False)
        self.assertIn("Compression: NONE", out)
        self.assertIn("Secure Renegotiation IS supported", out)

    @unittest.skipUnless(processes.has("sslscan"), "sslscan is not installed")
    def test_T02_sslscan_finds_nothing_weak(self):
        out = subprocess.run(["sslscan", "--no-colour", f"127.0.0.1:{self.site.ports['submissions']}"], stdout=subprocess.PIPE, timeout=120, check=True).stdout.decode()
        for old in ("SSLv2     enabled", "SSLv3     enabled", "TLSv1.0   enabled", "TLSv1.1   enabled", "Compression enabled"):
            self.assertNotIn(old, out)
        self.assertIn("TLSv1.3   enabled", out)
        for line in re.findall(r"^(?:Accepted|Preferred)\s+TLSv1\.[23].*$", out, re.MULTILINE):
            self.assertRegex(line, r"GCM|CHACHA20|CCM", line)

    def test_F09_ALPN_that_is_not_ours_gets_an_alert(self):
        context = self.site.trust()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with socket.create_connection(("127.0.0.1", self.site.ports["submissions"]), 10) as plain:
            with self.assertRaises(ssl.SSLError) as refused:
                context.wrap_socket(plain, server_hostname="localhost")
        self.assertIn("NO_APPLICATION_PROTOCOL", str(refused.exception).upper().replace(" ", "_"))

    def test_O2_the_certificate_is_renewed_without_a_restart(self):
        def serial():
            return subprocess.run(["openssl", "x509", "-noout", "-serial"], input=openssl(self.site.ports["submissions"], starttls=False).encode(),
                                  stdout=subprocess.PIPE, check=True).stdout
        before = serial()
        with self.site.client() as open_session:
            self.site.authority.issue("localhost", "127.0.0.1", file="server")  # over the old files
            self.site.reload()
            processes.wait_for(lambda: serial() != before, timeout_s=20, what="the new certificate")
            self.assertEqual(open_session.noop()[0], 250)


if __name__ == "__main__":
    unittest.main()
