"""[J12, R01, R02, R03] Nobody relays through us who may not, whatever the address looks like; nobody writes under an address
that is not theirs. Through the real program, from an address outside every range."""

import itertools
import smtplib
import subprocess
import unittest

import processes
from dnszone import Zone
from testsite import Site

RECIPIENTS = ("<v%out.test@site.test>", "<out.test!v@site.test>", '<"v@out.test"@site.test>', '<"v%out.test"@site.test>', "<@site.test:v@out.test>",
              "<v@out.test@site.test>", "<v@[127.0.0.1]>", "<v@out.test.>", "<out.test!v>", '<"v@out.test">', "<v@[IPv6:::1]>", "<v@out.test;@site.test>",
              "<v@out.test>", "<v%out.test@[127.0.0.1]>", "<@a.test,@site.test:v@out.test>", "<v@OUT.TEST>", '<v@site.test@out.test>', "v@out.test",
              "<v(@site.test)@out.test>", '<v@"out.test">', "<v\\@out.test@site.test>", "<v@site.test.out.test>", "<v@xsite.test>", "<'v@out.test'@site.test>")
SENDERS = ("<>", "<postmaster@site.test>", "<x@localhost>", "<alice@site.test>")
OUTSIDE = "127.0.0.9"


class RelayTricks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(ranges=("127.0.0.4/31",))
        cls.site.start()

    @classmethod
    def tearDownClass(cls):
        cls.site.__exit__(None, None, None)

    def connect(self, source):
        client = smtplib.SMTP(timeout=20, source_address=(source, 0))
        client.connect("127.0.0.1", self.site.ports["smtp"])
        client.ehlo("outside.test")
        return client

    def rcpt(self, client, sender, recipient):
        client.docmd("RSET")
        code, text = client.docmd(f"MAIL FROM:{sender}")
        return client.docmd(f"RCPT TO:{recipient}") if code == 250 else (code, text)

    def test_R01_no_trick_relays(self):
        accepted = []
        for number, (recipient, sender) in enumerate(itertools.product(RECIPIENTS, SENDERS)):
            # From many networks, so that it is not the guard against guessing that answers.
            with self.connect(f"127.0.{1 + number}.9") as client:
                code, text = self.rcpt(client, sender, recipient)
            self.assertIn(code, (501, 550, 553), (recipient, sender, code, text))
            if code == 250:
                accepted.append((recipient, sender))
        self.assertEqual(accepted, [])

    def test_R02_a_range_ends_where_it_ends(self):
        for source, code in (("127.0.0.3", 550), ("127.0.0.4", 250), ("127.0.0.5", 250), ("127.0.0.6", 550)):
            with self.connect(source) as client:
                self.assertEqual(self.rcpt(client, "<alice@site.test>", "<x@out.test>")[0], code, source)

    def test_R02_no_PROXY_header_from_anybody(self):
        client = smtplib.SMTP(timeout=20, source_address=(OUTSIDE, 0))
        try:
            client.connect("127.0.0.1", self.site.ports["smtp"])
            client.docmd("PROXY TCP4 127.0.0.4 127.0.0.1 1000 25")
            client.ehlo("outside.test")
            self.assertEqual(self.rcpt(client, "<alice@site.test>", "<x@out.test>")[0], 550)
        except smtplib.SMTPServerDisconnected:
            pass  # closed: as good

    def test_R03_forged_senders(self):
        message = b"From: %s\r\nTo: x@out.test\r\n\r\nhello\r\n"
        with self.site.client() as client:
            self.assertEqual(client.mail("bob@site.test")[0], 553)
            self.assertIn(b"5.7.1", client.mail("bob@site.test")[1])
            for forged in (b"bob@site.test", b"alice@site.test, bob@site.test", b"alice@site.test\r\nFrom: bob@site.test", b"postmaster@site.test",
                           b"bob@site.test (alice@site.test)", b'"alice@site.test" <bob@site.test>', b"<bob@site.test> <alice@site.test>",
                           b"x@elsewhere.test", b"alice", b"alice@site.test\r\nSender: bob@site.test"):
                client.rset()
                client.mail("alice@site.test")
                client.rcpt("x@out.test")
                code, text = client.data(message % forged)
                self.assertEqual(code, 550, (forged, text))
        self.assertEqual(self.site.sink.messages, [])

    def test_R04_odd_local_parts(self):
        with self.connect("127.0.200.1") as client:
            for address in ('<""@site.test>', f"<{'a' * 65}@site.test>", f"<a@{'.'.join(['b' * 60] * 5)}>", "<@site.test>", "<a b@site.test>", "<a..b@site.test>"):
                self.assertIn(self.rcpt(client, "<>", address)[0], (501, 550, 553), address)
            self.assertEqual(client.noop()[0], 250)

    def test_J5_postmaster_needs_no_domain(self):
        with self.connect("127.0.201.1") as client:
            for address in ("<postmaster>", "<PostMaster@site.test>", "<ABUSE@Site.Test>"):
                self.assertEqual(self.rcpt(client, "<>", address)[0], 250, address)

    @unittest.skipUnless(processes.has("nmap"), "nmap is not installed")
    def test_R01_nmap_finds_no_open_relay(self):
        out = subprocess.run(["nmap", "-Pn", "-n", "-p", str(self.site.ports["smtp"]), "-S", "127.0.210.1", "-e", "lo", "--script", "smtp-open-relay",
                              "--script-args", "smtp-open-relay.domain=out.test", "127.0.0.1"], stdout=subprocess.PIPE, timeout=120, check=True).stdout.decode()
        self.assertNotIn("is an open relay", out)


class Loops(unittest.TestCase):
    def test_R05_a_domain_whose_exchanger_we_are_is_not_sent_to_ourselves(self):
        """[R05] Its name is not ours, but its address is: the mail comes back at once, not after a hundred rounds."""
        with Zone() as zone, Site(dns_port=zone.port) as site:
            zone.add("gone.test", "MX", 10, "mx.gone.test")
            zone.add("mx.gone.test", "A", "127.0.0.1")
            site.stop()
            site.write_config(relay_port=site.ports["smtp"])
            site.start()
            site.submit(b"From: alice@site.test\r\nTo: x@gone.test\r\n\r\nhello\r\n", ["x@gone.test"])
            report = site.sink.wait_for(1)[0].octets
            self.assertIn(b"\r\nStatus: 5.4.6\r\n", report)
            self.assertEqual(report.count(b"\r\nReceived: "), 1, report)


if __name__ == "__main__":
    unittest.main()
