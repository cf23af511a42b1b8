"""attacks.md P07, P08, P09: messages that two readers would understand differently, through the real program, handed in by a
person and sent from outside. Either they are refused while the sender is there, or what leaves can be read in one way only.

The cases of P09 are our own inputs for the classes of From confusion that espoofer (Chen, Paxson, Jiang 2020) documents.
"""

import base64
import email
import email.policy
import re
import unittest

from rawsmtp import Raw
from sink import wait_until
from testsite import PASSWORD, Site

OWN, BOSS = b"alice@site.test", b"boss@bank.test"
B64 = base64.b64encode

# class of confusion -> what stands where "From: alice@site.test" should. Each is refused, whoever sends it: the reader of the
# message would not see what was checked.
REFUSED = {
    "two From fields": [b"From: %s\r\nFrom: %s" % pair for pair in ((OWN, BOSS), (BOSS, OWN), (OWN, OWN))],
    "two From fields in odd spellings": [b"From: %s\r\n%s: %s" % (OWN, name, BOSS) for name in (b"from", b"FROM", b"From ", b"From\t", b"From\r\n ",)],
    "a field that is From to some": [b"From: %s\r\n%s: %s" % (OWN, name, BOSS) for name in (b"F\x01rom", b"\x7fFrom", b"From\x0b", b"From\xc2\xa0")],
    "a blank before the colon": [b"From : " + OWN, b"From\t: " + OWN, b"From\r\n : " + OWN],
    "the header begins with a blank": [b" From: %s\r\nFrom: %s" % (BOSS, OWN), b"\tFrom: %s\r\nFrom: %s" % (BOSS, OWN)],
    "a line that is no field, before From": [b"hello\r\nFrom: " + OWN, b"From alice Sat Nov 21\r\nFrom: " + OWN],
    "no From": [b"X-From: " + OWN, b"Sender: " + OWN, b"Reply-To: " + OWN, b"Resent-From: " + OWN],
    "an empty From": [b"From:", b"From: ", b"From: <>", b"From: alice", b"From: ,", b"From: (alice@site.test)"],
    "several addresses": [b"From: " + each % pair for each in (b"%s, %s", b"<%s>, <%s>", b"A <%s>, B <%s>", b"%s; %s", b"<%s> <%s>", b"%s %s", b"<%s>%s",
                          b"%s <%s>", b"%s\r\n %s", b"%s\r\n <%s>", b"%s,%s,")
                          for pair in ((OWN, BOSS), (BOSS, OWN))],
    "groups": [b"From: g: %s;" % OWN, b"From: g: %s, %s;" % (BOSS, OWN), b"From: g:;", b"From: %s, g: %s;" % (OWN, BOSS)],
    "a route": [b"From: <@bank.test:%s>" % OWN, b"From: <@bank.test,@x.test:%s>" % OWN, b"From: <@site.test:%s>" % BOSS, b"From: @bank.test:" + OWN],
    "an encoded address": [b"From: =?utf-8?B?%s?=" % B64(b"Boss <%s>" % BOSS), b"From: <=?utf-8?B?%s?=>" % B64(BOSS), b"From: =?utf-8?Q?boss=40bank.test?=",
                           b"From: <=?utf-8?Q?boss=40bank.test=3E?=@site.test>", b"From: =?utf-8?Q?alice?=@site.test", b"From: alice@=?utf-8?Q?bank.test?="],
    "quotes and backslashes": [b'From: "%s"' % OWN, b"From: boss@bank.test\\, <%s>" % OWN, b'From: "boss@bank.test" alice@site.test', b'From: "<%s>, <alice"@site.test>' % BOSS,
                               b'From: "alice@site.test', b'From: "\\" <alice@site.test>'],
    "comments": [b"From: boss@bank.test(%s" % OWN, b"From: alice(%s)@site.test" % BOSS, b"From: alice@(bank.test)site.test", b"From: alice@site.test(", b"From: (\\",
                 b"From: boss@bank.test(>)alice@site.test", b"From: alice@site.test) <%s>" % BOSS, b"From: alice @ site.test", b"From: alice@site(x).test"],
    "blank lines that are none": [b"From: %s,\r\n \r\n %s" % (OWN, BOSS), b"From: A\r\n \t\r\n <%s>" % OWN],
    "control characters": [b"From: alice@site.test\x01", b"From: \x1b[2J <alice@site.test>", b"From: alice\x7f@site.test", b"From: (\\\x07) alice@site.test"],
    "domains that end early": [b"From: alice@site.test(.bank.test", b"From: alice@site.test..", b"From: alice@site.test@bank.test", b"From: alice@site.test>bank.test",
                               b"From: alice@[site.test", b"From: alice@"],
}
# Refused for a reason of lines (attacks.md G1), before anybody looks at fields.
BROKEN_LINES = [b"From: alice@site.test\x00.bank.test", b"From: a\x00<alice@site.test>", b"From: %s\nFrom: %s" % (OWN, BOSS), b"From: %s\rFrom: %s" % (OWN, BOSS),
                b"From: %s\r\r\nFrom: %s" % (OWN, BOSS)]
# One reading: the address is alice's, and a program that shows addresses shows it.
ACCEPTED = [b"From: alice@site.test", b"From: <alice@site.test>", b'From: "boss@bank.test" <alice@site.test>', b"From: =?utf-8?Q?boss=40bank.test?= <alice@site.test>",
            b"From: =?utf-8?B?%s?= <alice@site.test>" % B64(b"Boss <%s>" % BOSS), b"From: alice@site.test (boss@bank.test)", b'From: "Boss, \\"the\\" <boss@bank.test>" <alice@site.test>',
            b"fRoM:alice@site.test", b"From:\r\n alice@site.test", b"From: ALICE@SITE.TEST", b"From: J. Doe <alice@site.test>",
            b"Subject: hello\r\n From: boss@bank.test\r\nFrom: alice@site.test"]
# Somebody else's address, clearly. From outside that is anybody's right (DMARC will judge it), from a person of ours it is not.
NOT_OWN = [b"From: boss@bank.test", b"From: bob@site.test", b"From: Alice <bob@site.test>", b'From: "alice@site.test" <boss@bank.test>', b"From: boss@bank.test (alice@site.test)",
           b"From: alice@site.test.bank.test", b"From: alice@xn--ste-tma.test", b'From: "boss@bank.test"@site.test', b"From: alice@[127.0.0.1]", b"From: alice%bank.test@site.test",
           b"From: alice+x@site.test", b"From: alice@sub.site.test"]
NOT_OWN_BESIDE = [b"Sender: boss@bank.test", b"Sender: bob@site.test", b"Resent-From: boss@bank.test", b"Resent-Sender: bob@site.test", b"Resent-From: alice@site.test\r\nResent-From: boss@bank.test"]

PART = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
# fields and body of messages that two readers take apart differently
TWO_READINGS = {
    "two Content-Type": (b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Type: text/html", b"x\r\n"),
    "two Content-Transfer-Encoding": (b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit", b"aGVsbG8=\r\n"),
    "two boundaries": (b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a; boundary=b", b"--a\r\n\r\nx\r\n--a--\r\n--b\r\n\r\ny\r\n--b--\r\n"),
    "base64 that goes on after its padding": (b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64", b"aGVsbG8=aGVsbG8=\r\n"),
    "base64 with other characters": (b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64", b"aGV!sbG8=\r\n"),
    "an encoding that there is not": (b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: base65", b"aGVsbG8=\r\n"),
    "an encoded multipart": (PART + b"Content-Transfer-Encoding: base64", b"--b\r\n\r\nx\r\n--b--\r\n"),
    "no boundary": (b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed", b"--b\r\n\r\nx\r\n--b--\r\n"),
    "no end": (PART.rstrip(b"\r\n"), b"--b\r\n\r\nx\r\n"),
    "a boundary again after the end": (PART.rstrip(b"\r\n"), b"--b\r\n\r\nx\r\n--b--\r\n--b\r\n\r\ny\r\n--b--\r\n"),
}


def client_from(site, kind):
    """A session that may send as alice: she herself, or a stranger with mail for bob."""
    if kind == "outside":
        return Raw(site.ports["smtp"], source="127.0.0.9").hello(), b"bob@site.test"
    client = Raw(site.ports["submission"]).hello()
    client.start_tls(site.trust())
    client.ask("EHLO client.test")
    plain = base64.b64encode(b"\0alice\0" + PASSWORD.encode()).decode()
    assert client.ask(f"AUTH PLAIN {plain}").startswith("235")
    return client, b"x@out.test"


class Sender:
    """Hands in message after message, in a new session when one has been ended."""

    def __init__(self, site, kind):
        self.site, self.kind, self.client = site, kind, None

    def send(self, octets):
        if self.client is None:
            self.client, self.recipient = client_from(self.site, self.kind)
        client = self.client
        assert client.envelope(OWN.decode(), self.recipient.decode()) == ("250", "250")
        assert client.code("DATA") == "354"
        client.send(octets + b"\r\n.\r\n")
        reply = client.reply()
        if client.code("NOOP") != "250":
            self.client = None
        return reply


def message(fields, number=0, body=b"hello\r\n"):
    return b"%s\r\nTo: x@out.test\r\nMessage-ID: <c%d@client.test>\r\nDate: Sat, 21 Nov 2026 12:00:00 +0000\r\n\r\n%s" % (fields, number, body)


class Confusion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(ranges=())
        cls.site.start()

    @classmethod
    def tearDownClass(cls):
        cls.site.__exit__(None, None, None)

    def test_P09_a_From_that_can_be_read_in_two_ways_is_refused(self):
        """[P09] By a person and from outside: 550 5.6.0 at the end of data, never a delivery."""
        before = len(self.site.sink.messages)
        for kind in ("outside", "person"):
            sender = Sender(self.site, kind)
            for name, cases in REFUSED.items():
                for fields in cases:
                    reply = sender.send(message(fields))
                    with self.subTest(kind=kind, name=name, fields=fields):
                        # 5.7.1: a person's other address; 5.6.7: UTF-8 that was not announced.
                        self.assertRegex(reply, r"^550 5\.6\.0 " if kind == "outside" else r"^550 5\.(6\.0|6\.7|7\.1) ")
            for fields in BROKEN_LINES:
                reply = sender.send(message(fields))
                with self.subTest(kind=kind, fields=fields):
                    self.assertRegex(reply, r"^550 5\.(5\.2|6\.0) ")
        self.assertEqual(self.site.sink.messages[before:], [])

    def test_P09_what_has_one_reading_leaves_with_it(self):
        """[P09] A display name may hold another address: the real one stands beside it."""
        for kind in ("outside", "person"):
            sender, before = Sender(self.site, kind), len(self.site.sink.messages)
            for number, fields in enumerate(ACCEPTED):
                reply = sender.send(message(fields, number))
                with self.subTest(kind=kind, fields=fields):
                    self.assertTrue(reply.startswith("250"), reply)
            wait_until(lambda: len(self.site.sink.messages) >= before + len(ACCEPTED), what="all of them at the sink")
            for arrived in self.site.sink.messages[before:]:
                header = arrived.octets.split(b"\r\n\r\n")[0]
                self.assertEqual(len(re.findall(rb"(?im)^from[ \t]*:", header)), 1, header)
                parsed = email.message_from_bytes(arrived.octets, policy=email.policy.SMTP)
                self.assertEqual([a.addr_spec.lower() for a in parsed["From"].addresses], ["alice@site.test"], header)

    def test_P09_a_person_writes_in_their_own_name_only(self):
        """[P09, R03] From, Sender and the Resent- fields."""
        before = len(self.site.sink.messages)
        sender = Sender(self.site, "person")
        for fields in NOT_OWN + [b"From: alice@site.test\r\n" + each for each in NOT_OWN_BESIDE]:
            reply = sender.send(message(fields))
            with self.subTest(fields=fields):
                self.assertRegex(reply, r"^550 5\.(7\.1|6\.0) ")
        self.assertEqual(self.site.sink.messages[before:], [])

    def test_P08_MIME_that_two_readers_take_apart_differently_is_not_submitted(self):
        """[P08] Duplicate fields and parameters, odd base64, boundaries with two readings."""
        before = len(self.site.sink.messages)
        sender = Sender(self.site, "person")
        for name, (fields, body) in TWO_READINGS.items():
            reply = sender.send(message(b"From: alice@site.test\r\n" + fields, body=body))
            with self.subTest(name=name):
                self.assertRegex(reply, r"^550 5\.6\.0 \[MIM-BRK\]")
        self.assertEqual(self.site.sink.messages[before:], [])

    def test_P08_such_MIME_from_outside_is_delivered_as_it_came_and_marked(self):
        """[P08] Each is told in a field of ours and in the audit trail; nobody else can write that field."""
        outside, person = Sender(self.site, "outside"), Sender(self.site, "person")
        plain = (b"MIME-Version: 1.0\r\nContent-Type: text/plain", b"hello\r\n")
        forged = b"X-Pidge-MIME: ambiguous; defect=none\r\nx-pidge-mime : conform\r\nX-Pidge-MIME:\r\n conform\r\n"
        for name, (fields, body) in {**TWO_READINGS, "one reading": plain, "no MIME at all": (b"X-Nothing: 1", b"hello\r\n")}.items():
            before = len(self.site.sink.messages)
            sent = message(forged.replace(b" :", b":") + b"From: boss@bank.test\r\n" + fields, body=body)
            reply = outside.send(sent)
            with self.subTest(name=name):
                self.assertTrue(reply.startswith("250"), reply)
                wait_until(lambda: len(self.site.sink.messages) > before, what="the message")  # pylint: disable=cell-var-from-loop
                header, _, arrived = self.site.sink.messages[-1].octets.partition(b"\r\n\r\n")
                self.assertEqual(arrived, body + b"\r\n")
                marks = re.findall(rb"(?im)^x-pidge-mime:[ \t]*([^\r]*)", header)
                if name in TWO_READINGS:
                    self.assertEqual(len(marks), 1, header)
                    self.assertRegex(marks[0], rb"^(ambiguous|broken); defect=[a-z0-9-]+; part=[0-9A-Z.]+; octet=\d+$")
                    self.assertIn(fields, header)
                    queue = reply.split("accepted ")[1].split()[0]
                    self.assertIn(marks[0].decode(), self.site.pidge("audit", "search", "--queue-id", queue, "--json"))
                else:
                    self.assertEqual(marks, [])
        self.assertRegex(person.send(message(b"From: alice@site.test\r\n" + TWO_READINGS["two Content-Type"][0])), "^550 5.6.0")

    def test_P07_winmail_dat_is_an_attachment(self):
        """[P07] TNEF is carried octet for octet and looked into by nobody, broken and looping records included."""
        signature = b"\x78\x9f\x3e\x22\x01\x00"
        loop = b"\x02" + b"\x06\x90\x08\x00" + b"\xff\xff\xff\xff" + b"\x00" * 64
        for number, tnef in enumerate((signature, signature + loop, signature + loop * 1000, b"\x78\x9f\x3e\x22" + bytes(range(256)) * 40)):
            octets = message(b"From: alice@site.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b", 100 + number,
                             b"--b\r\nContent-Type: text/plain\r\n\r\nsee attachment\r\n--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n"
                             b"Content-Disposition: attachment; filename=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
                             base64.encodebytes(tnef).replace(b"\n", b"\r\n") + b"--b--\r\n")
            for kind in ("person", "outside"):
                before = len(self.site.sink.messages)
                self.assertTrue(Sender(self.site, kind).send(octets).startswith("250"))
                wait_until(lambda: len(self.site.sink.messages) > before, what="the message")  # pylint: disable=cell-var-from-loop
                arrived = email.message_from_bytes(self.site.sink.messages[-1].octets, policy=email.policy.SMTP)
                attachments = list(arrived.iter_attachments())
                self.assertEqual([each.get_filename() for each in attachments], ["winmail.dat"])
                self.assertEqual(attachments[0].get_payload(decode=True), tnef)


if __name__ == "__main__":
    unittest.main()
