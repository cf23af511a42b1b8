"""MTA-STS (RFC 8461) through the real program: a policy of mode enforce is found, fetched by HTTPS, kept, and obeyed: what does
not fit it waits, and never goes in clear."""

import json
import unittest

from dnszone import Zone
from policyhost import PolicyHost, policy
from sink import Sink, wait_until
from testsite import Site


class MtaSts(unittest.TestCase):
    def setUp(self):
        self.zone = self.enter(Zone(ttl_s=1))
        self.site = Site(dns_port=self.zone.port, routes={"site.test": "127.0.0.1:1"})
        self.good = self.site.authority.issue("mx.out.test", file="good")
        self.host = self.enter(PolicyHost(self.site.authority.issue("mta-sts.out.test", file="policies")))
        self.zone.add("out.test", "MX", 10, "mx.out.test")
        for name in ("mx.out.test", "mta-sts.out.test"):
            self.zone.host_record(name, "127.0.0.1")

    def enter(self, context):
        self.addCleanup(context.__exit__, None, None, None)
        return context.__enter__()

    def start(self, sink):
        self.site.write_config(anchors=self.site.authority.certificate, relay_port=sink.port,
                               changes={"relay": {"policy_port": self.host.port}})
        if self.site.process:
            self.site.restart()
        else:
            self.enter(self.site)

    def announce(self, text, identifier="1"):
        self.zone.remove("_mta-sts.out.test")
        self.zone.add("_mta-sts.out.test", "TXT", f"v=STSv1; id={identifier};")
        self.host.policies["mta-sts.out.test"] = text

    def submit(self):
        self.site.submit(b"From: alice@site.test\r\nTo: bob@out.test\r\nSubject: x\r\n\r\nhello\r\n", ["bob@out.test"])

    def entry(self):
        """The one queue entry, once it was tried."""
        def listed():
            return json.loads(self.site.pidge("queue", "list", "--json"))
        wait_until(lambda: listed() and listed()[0]["attempts"] >= 1, 30, "the attempt")
        return listed()[0]

    def counted(self):
        """{result: sessions} of what is counted about out.test by now, for its TLS report."""
        counts = {}
        for day in json.loads(self.site.pidge("tls-report", "list", "--domain", "out.test", "--json")):
            for each in day["policies"]:
                counts["success"] = counts.get("success", 0) + each["successes"]
                for detail in each["details"]:
                    counts[detail["result"]] = counts.get(detail["result"], 0) + detail["sessions"]
        return counts

    def check_waits(self, sink, *words):
        self.submit()
        entry = self.entry()
        for word in words:
            self.assertIn(word, entry["lastReply"])
        self.assertEqual(sink.messages, [])
        for connection in sink.connections:
            self.assertFalse(any(line.upper().startswith("MAIL") for line in connection.commands), connection.commands)
        self.site.pidge("queue", "remove", entry["id"])

    def test_T03_mail_goes_to_a_host_that_fits_the_policy(self):
        self.announce(policy("enforce", "mx.out.test"))
        with Sink(tls=self.good) as sink:
            self.start(sink)
            for count in (1, 2):
                self.submit()
                self.assertTrue(sink.wait_for(count)[-1].tls)
            attempt = json.loads(self.site.pidge("audit", "search", "--type", "attempt", "--json"))[0]
            self.assertIn("verified", attempt["fields"]["tls"])
            self.assertEqual(self.host.fetched, ["mta-sts.out.test"])
        self.assertEqual(len(self.site.events("sts-policy-fetched")), 1)

    def test_T03_stripped_STARTTLS_waits(self):
        self.announce(policy("enforce", "mx.out.test"))
        with Sink(tls=self.good, offers_starttls=False) as sink:
            self.start(sink)
            self.check_waits(sink, "TLS is required")
            wait_until(lambda: self.counted().get("starttls-not-supported", 0) >= 1, 30, "the count for the report")
            self.assertEqual(self.counted()["success"], 0)
            self.assertIn("starttls-not-supported mx.out.test", self.site.pidge("tls-report", "list"))

    def test_T03_a_certificate_of_another_name_or_authority_waits(self):
        self.announce(policy("enforce", "mx.out.test"))
        stranger = Site(dns_port=self.zone.port)  # only its authority is of interest
        self.addCleanup(stranger.__exit__, None, None, None)
        for pair in (self.site.authority.issue("other.test", file="other"), stranger.authority.issue("mx.out.test", file="stranger")):
            with Sink(tls=pair) as sink:
                self.start(sink)
                self.check_waits(sink, "certificate")
        wait_until(lambda: {"certificate-host-mismatch", "certificate-not-trusted"} <= set(self.counted()), 30, "the counts for the report")

    def test_T03_a_host_that_the_policy_does_not_name_waits(self):
        self.announce(policy("enforce", "*.mail.out.test"))
        with Sink(tls=self.good) as sink:
            self.start(sink)
            self.check_waits(sink, "does not name mx.out.test")
            self.assertEqual(sink.connections, [])

    def test_T03_what_was_kept_holds_when_record_and_policy_are_hidden(self):
        self.announce(policy("enforce", "mx.out.test"))
        with Sink(tls=self.good) as sink:
            self.start(sink)
            self.submit()
            sink.wait_for(1)
        self.zone.remove("_mta-sts.out.test")
        self.host.policies.clear()
        with Sink(tls=self.good, offers_starttls=False) as sink:
            self.start(sink)  # it is kept across the restart
            self.check_waits(sink, "TLS is required")

    def test_mode_testing_delivers_whatever_there_is(self):
        self.announce(policy("testing", "other.out.test"))
        with Sink() as sink:
            self.start(sink)
            self.submit()
            self.assertFalse(sink.wait_for(1)[0].tls)
            wait_until(lambda: self.counted().get("validation-failure", 0) == 1, 30, "the count for the report")

    def test_a_policy_host_that_has_not_proven_its_name_has_no_policy(self):
        self.announce(policy("enforce", "mx.out.test"))
        with PolicyHost(self.site.authority.issue("other.test", file="wrong")) as wrong, Sink() as sink:
            wrong.policies = self.host.policies
            self.host = wrong
            self.start(sink)
            self.submit()
            sink.wait_for(1)
            self.assertEqual(wrong.fetched, [])
            self.assertEqual(len(self.site.events("sts-policy-unfetched")), 1)
            wait_until(lambda: self.counted().get("sts-webpki-invalid", 0) == 1, 30, "the count for the report")


if __name__ == "__main__":
    unittest.main()
