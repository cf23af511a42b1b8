"""DANE (RFC 7672) through the real program and its real resolver, which validates a zone that the test signs: TLSA records
that are proven are obeyed, those that are not count for nothing, and those that are forged stop the mail."""

import hashlib
import json
import unittest

import certs
from policyhost import PolicyHost, policy
from signedzone import SignedZone
from sink import Sink, wait_until
from testsite import Site

DOMAINS = ("secure.test", "plain.test")  # signed and not


class Dane(unittest.TestCase):
    def setUp(self):
        self.zone = self.enter(SignedZone("secure.test", ttl_s=1))
        self.site = Site(routes={"site.test": "127.0.0.1:1"})
        self.authority = certs.Authority(self.site.folder + "/other-ca", "Authority of the other site")
        self.pair = self.authority.issue("mx.secure.test", "mx.plain.test", file="mx")
        for domain in DOMAINS:
            self.zone.add(domain, "MX", 10, "mx." + domain)
            self.zone.host_record("mx." + domain, "127.0.0.1")
        self.policy_port = 443

    def enter(self, context):
        self.addCleanup(context.__exit__, None, None, None)
        return context.__enter__()

    def start(self, sink):
        dns = {"resolvers": [f"127.0.0.1:{self.zone.port}"], "anchors": self.zone.write_anchors(self.site.folder)}
        self.site.write_config(relay_port=sink.port, anchors=self.site.authority.certificate,
                               changes={"dns": dns, "relay": {"policy_port": self.policy_port}})
        if self.site.process:
            self.site.restart()
        else:
            self.enter(self.site)

    def publish(self, record, domain="secure.test"):
        name = "_25._tcp.mx." + domain
        self.zone.remove(name)
        self.zone.add(name, "TLSA", *record)

    def right(self):
        return certs.tlsa(self.pair.certificate)

    @staticmethod
    def wrong():
        return 3, 1, 1, hashlib.sha256(b"another key").digest()

    def anchor(self):
        """DANE-TA(2): the whole certificate of the authority."""
        octets = certs.openssl("x509", "-in", self.authority.certificate, "-outform", "DER")
        return 2, 0, 1, hashlib.sha256(octets).digest()

    def submit(self, domain="secure.test"):
        self.site.submit(f"From: alice@site.test\r\nTo: bob@{domain}\r\nSubject: x\r\n\r\nhello\r\n".encode(), [f"bob@{domain}"])

    def check_waits(self, sink, *words, domain="secure.test"):
        self.submit(domain)

        def listed():
            return json.loads(self.site.pidge("queue", "list", "--json"))
        wait_until(lambda: listed() and listed()[0]["attempts"] >= 1, 40, "the attempt")
        entry = listed()[0]
        for word in words:
            self.assertIn(word, entry["lastReply"])
        self.assertEqual(sink.messages, [])
        for connection in sink.connections:
            self.assertFalse(any(line.upper().startswith("MAIL") for line in connection.commands), connection.commands)
        self.site.pidge("queue", "remove", entry["id"])

    def check_goes(self, sink, domain="secure.test"):
        """Returns what the audit trail says of the protection."""
        count = len(sink.messages)
        self.submit(domain)
        sink.wait_for(count + 1)
        wait_until(lambda: json.loads(self.site.pidge("queue", "list", "--json")) == [], 30, "an empty queue")
        attempt = json.loads(self.site.pidge("audit", "search", "--type", "attempt", "--json"))[0]
        return attempt["fields"].get("tls", "")

    def test_T03_a_certificate_that_matches_its_proven_record(self):
        with Sink(tls=self.pair) as sink:
            self.publish(self.right())
            self.start(sink)
            self.assertIn("dane", self.check_goes(sink))
            self.publish(self.anchor())
            self.site.restart()
            self.assertIn("dane", self.check_goes(sink))

    def test_T03_another_certificate_waits(self):
        with Sink(tls=self.pair) as sink:
            self.publish(self.wrong())
            self.start(sink)
            self.check_waits(sink, "TLS")

    def test_T03_another_name_below_the_right_authority_waits(self):
        with Sink(tls=self.authority.issue("other.test", file="other")) as sink:
            self.publish(self.anchor())
            self.start(sink)
            self.check_waits(sink, "TLS")

    def test_T03_stripped_STARTTLS_waits(self):
        with Sink(tls=self.pair, offers_starttls=False) as sink:
            self.publish(self.right())
            self.start(sink)
            self.check_waits(sink, "TLS is required")

    def test_T03_records_whose_signature_is_forged_stop_the_mail(self):
        with Sink(tls=self.pair) as sink:
            self.publish(self.right())
            self.zone.forge("_25._tcp.mx.secure.test", "TLSA")
            self.start(sink)
            self.check_waits(sink, "TLSA records of mx.secure.test cannot be found")
            self.assertEqual(sink.connections, [])

    def test_an_MX_record_that_is_forged_stops_the_mail(self):
        with Sink(tls=self.pair) as sink:
            self.zone.forge("secure.test", "MX")
            self.start(sink)
            self.check_waits(sink)
            self.assertEqual(sink.connections, [])

    def test_records_that_nothing_proves_count_for_nothing(self):
        with Sink() as sink:
            self.publish(self.wrong(), "plain.test")
            self.start(sink)
            self.assertEqual(self.check_goes(sink, "plain.test"), "")
            self.assertFalse(sink.messages[0].tls)

    def test_a_proven_absence_leaves_TLS_opportunistic(self):
        with Sink(tls=self.pair) as sink:
            self.start(sink)
            self.assertNotIn("dane", self.check_goes(sink))
            self.assertTrue(sink.messages[0].tls)

    def test_proven_records_count_instead_of_an_MTA_STS_policy(self):
        with PolicyHost(self.site.authority.issue("mta-sts.secure.test", file="policies")) as host, Sink(tls=self.pair) as sink:
            host.policies["mta-sts.secure.test"] = policy("enforce", "elsewhere.secure.test")
            self.policy_port = host.port
            self.zone.host_record("mta-sts.secure.test", "127.0.0.1")
            self.zone.add("_mta-sts.secure.test", "TXT", "v=STSv1; id=1")
            self.publish(self.right())
            self.start(sink)
            self.assertIn("dane", self.check_goes(sink))
            self.assertEqual(host.fetched, ["mta-sts.secure.test"])
            self.zone.remove("_25._tcp.mx.secure.test")
            self.site.restart()
            self.check_waits_again(sink)

    def check_waits_again(self, sink):
        """Without the records the policy counts, and names another host."""
        count = len(sink.messages)
        self.submit()

        def listed():
            return json.loads(self.site.pidge("queue", "list", "--json"))
        wait_until(lambda: listed() and listed()[0]["attempts"] >= 1, 40, "the attempt")
        self.assertIn("does not name mx.secure.test", listed()[0]["lastReply"])
        self.assertEqual(len(sink.messages), count)


if __name__ == "__main__":
    unittest.main()
