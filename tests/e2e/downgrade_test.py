"""Next hops that take seven bits only (RFC 6152 §3, RFC 3030 §3): a message with octets above 127 arrives there as
quoted-printable and base64, with the same content; what cannot be converted comes back with the reason. The peers are a
sink and a real Postfix that do not offer 8BITMIME.

PIDGE_LARGE sets the size of the large message in MB (default 8); 50 is the long form.
"""

import email
import email.policy
import json
import os
import unittest

from postfix import Postfix, require
from rawsmtp import Raw
from sink import ALL, Sink, wait_until
from testsite import PASSWORD, Site

LARGE_MB = int(os.environ.get("PIDGE_LARGE", "8"))
MEMORY_KIB_MAX = 32 * 1024

HEAD = ("Date: Fri, 21 Nov 2025 09:55:06 +0000\r\nFrom: alice@site.test\r\nTo: bob@out.test\r\nMessage-ID: <{0}@client.test>\r\n"
        "Subject: {0}\r\nMIME-Version: 1.0\r\n")


def message(name, header, *content):
    return (HEAD.format(name) + header + "\r\n").encode() + b"".join(each.encode() if isinstance(each, str) else each for each in content)


TEXT = message("text", "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n",
               ".Grüße aus Köln = schön \r\n\r\n", "langе Zeile ü " * 60, "\r\n.\r\n..\r\nFrom here on\r\n")
LATIN = message("latin", "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n", b"Gr\xfc\xdfe\r\n")
MIXED = message(
    "mixed", "Content-Type: multipart/mixed; boundary=out\r\nContent-Transfer-Encoding: 8bit\r\n",
    "--out\r\nContent-Type: multipart/alternative; boundary=in\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
    "--in\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n",
    "--in\r\nContent-Type: text/html; charset=us-ascii\r\n\r\n<p>plain</p>\r\n--in--\r\n",
    "--out\r\nContent-Type: application/x-any\r\nContent-Transfer-Encoding: 8bit\r\n\r\n", bytes(range(128, 256)), "\r\n",
    "--out\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
    "Subject: inner\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\ninnen: ü\r\n",
    "--out--\r\n")
SIGNED_BESIDE = message(
    "beside", "Content-Type: multipart/mixed; boundary=out\r\nContent-Transfer-Encoding: 8bit\r\n",
    "--out\r\nContent-Type: multipart/signed; boundary=sig; micalg=pgp-sha256; protocol=\"application/pgp-signature\"\r\n\r\n",
    "--sig\r\nContent-Type: text/plain\r\n\r\nsigned as it is =20 \r\n--sig\r\nContent-Type: application/pgp-signature\r\n\r\nabc\r\n--sig--\r\n",
    "--out\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nfooter: ü\r\n--out--\r\n")
SIGNED = message(
    "signed", "Content-Type: multipart/signed; boundary=sig; micalg=pgp-sha256; protocol=\"application/pgp-signature\"\r\n",
    "--sig\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n",
    "--sig\r\nContent-Type: application/pgp-signature\r\n\r\nabc\r\n--sig--\r\n")
CONVERTED = {"text": TEXT, "latin": LATIN, "mixed": MIXED, "beside": SIGNED_BESIDE}


def leaves(octets):
    """Types and decoded contents of all leaf parts, attached messages looked into."""
    parsed = email.message_from_bytes(octets, policy=email.policy.SMTP)
    return [(part.get_content_type(), part.get_content_charset(), part.get_payload(decode=True)) for part in parsed.walk() if not part.is_multipart()]


def encodings(octets):
    return {str(part.get("Content-Transfer-Encoding", "7bit")).lower() for part in email.message_from_bytes(octets, policy=email.policy.SMTP).walk()}


class Downgrade(unittest.TestCase):
    def check(self, name, octets):
        self.assertLess(max(octets), 128, name)
        self.assertLessEqual(encodings(octets), {"7bit", "quoted-printable", "base64"}, name)
        self.assertEqual(leaves(octets), leaves(CONVERTED[name]), name)

    def submit_all(self, site):
        for octets in CONVERTED.values():
            site.submit(octets, ["bob@out.test"], options=["BODY=8BITMIME"])

    def test_a_host_without_8BITMIME_gets_seven_bits_and_the_same_content(self):
        for extensions in (set(), {"PIPELINING", "SIZE"}, {"CHUNKING", "PIPELINING", "SIZE", "ENHANCEDSTATUSCODES"}):
            with self.subTest(extensions=extensions), Sink(extensions=extensions) as sink, Site(sink=sink) as site:
                self.submit_all(site)
                for arrived in sink.wait_for(len(CONVERTED)):
                    self.assertNotIn("BODY=", arrived.parameters)
                    name = email.message_from_bytes(arrived.octets)["Subject"]
                    self.check(name, arrived.octets)
                    if "SIZE" in extensions:
                        self.assertIn(f"SIZE={len(arrived.octets)}", arrived.parameters)
                    if name == "beside":
                        self.assertIn(b"signed as it is =20 \r\n", arrived.octets)
                attempts = json.loads(site.pidge("audit", "search", "--type", "attempt", "--json"))
                self.assertEqual([entry["fields"]["converted"] for entry in attempts], ["7bit"] * len(CONVERTED))

    def test_a_host_with_8BITMIME_gets_it_unchanged(self):
        with Sink(extensions=ALL - {"CHUNKING"}) as sink, Site(sink=sink) as site:
            self.submit_all(site)
            for arrived in sink.wait_for(len(CONVERTED)):
                name = email.message_from_bytes(arrived.octets)["Subject"]
                # Submission may write the Date anew, so from the first field after those that it looks at.
                self.assertEqual(arrived.octets.split(b"MIME-Version", 1)[1], CONVERTED[name].split(b"MIME-Version", 1)[1], name)
                self.assertIn("BODY=8BITMIME", arrived.parameters)

    def test_a_real_Postfix_without_8BITMIME(self):
        require()
        with Postfix(settings={"smtpd_discard_ehlo_keywords": "8bitmime, chunking, smtputf8"}) as peer:
            with Site(routes={"out.test": f"127.0.0.1:{peer.port}", "site.test": f"127.0.0.1:{peer.port}"}) as site:
                self.submit_all(site)
                for octets in peer.wait_for(len(CONVERTED)):
                    self.check(email.message_from_bytes(octets)["Subject"], octets)

    def test_what_cannot_be_converted_comes_back_with_the_reason(self):
        with Sink(extensions=set()) as sink, Site(sink=sink) as site:
            site.submit(SIGNED, ["bob@out.test"], options=["BODY=8BITMIME"])
            report = email.message_from_bytes(sink.wait_for(1)[0].octets, policy=email.policy.SMTP)
            people, machine, _ = report.get_payload()
            self.assertIn("Status: 5.6.3", machine.as_string())
            for text in ("8BITMIME", "signed"):
                self.assertIn(text, people.get_content())

    def test_P15_what_needs_SMTPUTF8_and_what_only_said_it(self):
        """[P15] Many clients say SMTPUTF8 whatever the message: one that is ASCII goes to hosts without the extension too."""
        part = b"--b\r\nContent-Type: text/plain\r\nContent-Description: Gr\xc3\xbc\xc3\x9fe\r\n\r\nx\r\n--b--\r\n"
        needs = {
            "field": (message("field", "X-Name: Gr\u00fc\u00dfe\r\n", b"x\r\n"), "bob@out.test"),
            "part": (message("part", "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n", part), "bob@out.test"),
            "recipient": (message("recipient", "", b"x\r\n"), "b\u00f6b@out.test"),
        }
        with Sink(extensions=ALL - {"SMTPUTF8"}) as sink, Site(sink=sink) as site:
            site.submit(message("plain", "", b"x\r\n"), ["bob@out.test"], options=["SMTPUTF8"])
            site.submit(TEXT, ["bob@out.test"], options=["SMTPUTF8", "BODY=8BITMIME"])
            for arrived in sink.wait_for(2):
                self.assertEqual(arrived.recipients, ("bob@out.test",))
                self.assertNotIn("SMTPUTF8", arrived.parameters)
            for number, (name, (octets, recipient)) in enumerate(needs.items()):
                with self.subTest(name=name):
                    site.submit(octets, [recipient], options=["SMTPUTF8", "BODY=8BITMIME"])
                    report = sink.wait_for(3 + number)[-1]
                    self.assertEqual(report.sender, "")
                    self.assertIn(b"Status: 5.6.7", report.octets)

    def test_P15_nothing_of_ours_makes_a_message_need_SMTPUTF8(self):
        """[P15] Neither the names in our trace field, nor an account that is published beyond ASCII and used by its ASCII alias."""
        with Sink(extensions=ALL - {"SMTPUTF8", "8BITMIME"}) as sink, Site(sink=sink) as site:
            site.pidge("route", "set", "xn--bcher-kva.test", "--host", "127.0.0.1", "--port", str(sink.port))
            site.pidge("account", "add", "m\u00fcller@site.test", "--login", "mueller", "--alias", "mueller@site.test", "--password-stdin",
                       input=(PASSWORD + "\n").encode())
            site.submit(message("label", "", b"x\r\n"), ["x@xn--bcher-kva.test"], options=["SMTPUTF8"])
            sink.wait_for(1)
            with Raw(site.ports["smtp"], source="127.0.0.9") as outside:
                outside.reply()
                outside.ask("EHLO b\u00fccher.test")
                self.assertEqual(outside.envelope("boss@bank.test", "mueller@site.test"), ("250", "250"))
                outside.ask("DATA")
                outside.send(TEXT + b".\r\n")
                self.assertEqual(outside.reply()[:3], "250")
            sink.wait_for(2)
            with site.client(login="mueller") as client:
                client.sendmail("mueller@site.test", ["bob@out.test"], message("own", "Cc: mueller@site.test\r\n", b"x\r\n").replace(b"alice@", b"mueller@"))
            label, alias, own = sink.wait_for(3)
            self.assertEqual([each.recipients for each in (label, alias, own)], [("x@xn--bcher-kva.test",), ("mueller@site.test",), ("bob@out.test",)])
            self.assertEqual(own.sender, "mueller@site.test")
            self.assertIn(b"from xn--bcher-kva.test (", alias.octets)
            for arrived in (label, alias, own):
                self.assertTrue(arrived.octets.isascii(), arrived.octets)

    def test_a_large_message_is_converted_in_bounded_memory(self):
        line = "Grüße aus Köln, und noch etwas mehr Text in dieser Zeile.\r\n".encode()
        octets = message("large", "Content-Type: application/x-any\r\nContent-Transfer-Encoding: 8bit\r\n", line * (LARGE_MB * 1024 * 1024 // len(line)))
        with Sink(extensions={"PIPELINING", "SIZE"}) as sink, Site(sink=sink) as site:
            # The store's own buffers are warm after a first one.
            site.submit(octets, ["bob@out.test"], options=["BODY=8BITMIME"])
            sink.wait_for(1, 120)
            before, most = site.memory_kib(), 0
            site.submit(octets, ["bob@out.test"], options=["BODY=8BITMIME"])

            def arrived():
                nonlocal most
                most = max(most, site.memory_kib())
                return len(sink.messages) >= 2
            wait_until(arrived, 120, "the large message")
            self.assertEqual(leaves(sink.messages[1].octets), leaves(octets))
            print(f"{len(octets)} octets converted; memory {before} KiB before, {most} KiB at most", flush=True)
            self.assertLess(most - before, MEMORY_KIB_MAX)


if __name__ == "__main__":
    unittest.main()
