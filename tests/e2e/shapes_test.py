"""Messages of all shapes, submitted on all three ports, received by a real Postfix that was found by MX, over TLS: they
arrive byte-equal but for trace fields.

PIDGE_SHAPES sets how many (default 160); 500 is the long form.
"""

import email
import email.policy
import os
import re
import smtplib
import unittest

from dnszone import Zone
from postfix import Postfix, require
from testsite import Site

COUNT = int(os.environ.get("PIDGE_SHAPES", "160"))


def without_trace(octets):
    """Without the Received field of pidge."""
    return re.sub(rb"\AReceived: [^\n]*\n(?:[ \t][^\n]*\n)*", b"", octets, count=1)


def payloads(octets):
    """Decoded contents of all leaf parts: what a binary message must keep when its encoding changes."""
    message = email.message_from_bytes(octets, policy=email.policy.SMTP)
    return [(part.get_content_type(), part.get_payload(decode=True)) for part in message.walk() if not part.is_multipart()]


def binary_payload(octets):
    boundary = re.search(rb"boundary=(\S+)\r\n", octets).group(1)
    part = octets.split(b"\r\n--" + boundary)[2]
    return part.split(b"\r\n\r\n", 1)[1]


def send(site, shape, port):
    with site.client(port) as client:
        options = []
        if shape.body != "7BIT":
            options.append(f"BODY={shape.body}")
        if shape.smtputf8:
            options.append("SMTPUTF8")
        if shape.body == "BINARYMIME":
            return send_chunks(client, shape, options)
        client.command_encoding = "utf-8"
        code, text = client.mail(shape.sender or "alice@site.test", options)
        if code == 250:
            code, text = client.rcpt(shape.recipient or "bob@out.test")
        if code == 250:
            code, text = client.data(shape.octets)
        if code != 250:
            raise AssertionError(f"{shape.name}: {code} {text}")


def send_chunks(client, shape, options):
    client.mail("alice@site.test", options)
    client.rcpt("bob@out.test")
    for at in range(0, len(shape.octets), 1000):
        chunk = shape.octets[at:at + 1000]
        last = " LAST" if at + 1000 >= len(shape.octets) else ""
        client.send(f"BDAT {len(chunk)}{last}\r\n".encode() + chunk)
        code, text = client.getreply()
        if code != 250:
            raise smtplib.SMTPResponseException(code, text)


class Shapes(unittest.TestCase):
    def test_all_arrive_as_they_were_sent(self):
        require()
        from shapes import shapes
        with Zone() as zone:
            zone.add("out.test", "MX", 10, "mx.out.test")
            zone.add("mx.out.test", "A", "127.0.0.1")
            authority = Site(dns_port=zone.port)
            with Postfix(tls=authority.pair, hostname="mx.out.test") as peer:
                authority.write_config(relay_port=peer.port)
                authority.routes = {"site.test": f"127.0.0.1:{peer.port}"}
                with authority as site:
                    self.run_through(site, peer, list(shapes(COUNT)))

    def run_through(self, site, peer, wanted):
        for number, shape in enumerate(wanted):
            send(site, shape, ("submission", "submissions", "smtp")[number % 3])
        arrived = {}
        for octets in peer.wait_for(len(wanted), 180):
            token = re.search(rb"^Message-ID: <(shape-[0-9a-f-]+)@", octets, re.MULTILINE)
            self.assertIsNotNone(token, octets[:500])
            arrived[token.group(1).decode()] = octets
        equal, binary = 0, 0
        for shape in wanted:
            octets = without_trace(arrived[shape.token])
            if shape.body == "BINARYMIME":
                self.assertEqual(binary_payload(shape.octets), payloads(octets)[1][1], shape.name)
                binary += 1
            else:
                # Compared in pieces first: a difference of 50 MB is no message for a person.
                if octets != shape.octets:
                    at = next((n for n, (a, b) in enumerate(zip(octets, shape.octets)) if a != b), min(len(octets), len(shape.octets)))
                    self.fail(f"{shape.name} differs at octet {at}: {octets[at - 40:at + 40]!r} is not {shape.octets[at - 40:at + 40]!r}")
                equal += 1
        for octets in peer.raw_messages():
            self.assertRegex(octets, rb"using TLSv1\.[23] with cipher", "it came without TLS")
        print(f"{equal} messages byte-equal, {binary} binary ones with equal contents, {sum(len(s.octets) for s in wanted)} octets", flush=True)


if __name__ == "__main__":
    unittest.main()
