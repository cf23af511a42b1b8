"""Routes to a host that wants a login: by each mechanism, by STARTTLS and with TLS from the first octet, and never with a
password for somebody else. The secret shows nowhere."""

import json
import os
import unittest

from dnszone import Zone
from server import run_pidge
from sink import Sink, wait_until
from testsite import PASSWORD, Site

SECRET = "eisgekühlter Bommerlunder 7"
USER = "site@hub.test"


class SmartHost(unittest.TestCase):
    def setUp(self):
        self.zone = Zone().start()
        self.addCleanup(self.zone.stop)
        for name in ("hub.test", "other.test"):
            self.zone.host_record(name, "127.0.0.1")
        self.site = Site(dns_port=self.zone.port, routes={"site.test": "127.0.0.1:1"})
        self.pair = self.site.authority.issue("hub.test", file="hub")
        self.site.write_config(anchors=self.site.authority.certificate)
        self.password_file = os.path.join(self.site.folder, "hub.password")
        self.write_password(SECRET)
        self.site.start()
        self.addCleanup(self.finish)

    def finish(self):
        for text in (SECRET, SECRET.split()[1]):
            self.assertNotIn(text, self.site.log())
            self.assertNotIn(text, self.site.pidge("route", "list", "--json"))
            self.assertNotIn(text, self.site.pidge("queue", "list", "--json"))
            self.assertNotIn(text, self.site.pidge("audit", "search", "--json", "--limit", "1000"))
        self.site.__exit__(None, None, None)

    def write_password(self, text, mode=0o600):
        with open(self.password_file, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.chmod(self.password_file, mode)

    def route(self, port, *options, host="hub.test", domain="out.test"):
        self.site.pidge("route", "set", domain, "--host", host, "--port", str(port), "--user", USER,
                        "--password-file", self.password_file, *options)

    def submit(self, recipient="bob@out.test"):
        self.site.submit(f"From: alice@site.test\r\nTo: {recipient}\r\nSubject: x\r\n\r\nhello\r\n".encode(), [recipient])

    def entry(self, attempts=1):
        """The one queue entry, once it was tried so often."""
        def listed():
            return json.loads(self.site.pidge("queue", "list", "--json"))
        wait_until(lambda: listed() and listed()[0]["attempts"] >= attempts, 30, "the attempt")
        return listed()[0]

    def test_a_login_by_PLAIN_and_by_LOGIN_within_verified_TLS(self):
        for mechanism in ("PLAIN", "LOGIN"):
            for implicit in (False, True):
                with self.subTest(mechanism=mechanism, implicit=implicit), \
                        Sink(tls=self.pair, users={USER: SECRET}, mechanisms=(mechanism,), implicit_tls=implicit) as hub:
                    self.route(hub.port, *(["--implicit-tls"] if implicit else []))
                    self.submit()
                    message = hub.wait_for(1)[0]
                    self.assertTrue(message.tls)
                    self.assertEqual(message.connection.login, (USER, SECRET))
                    self.assertEqual(message.connection.server_name, "hub.test")

    def test_a_login_by_SCRAM_at_another_pidge(self):
        hub = Site(dns_port=self.zone.port)
        hub.pair = hub.authority.issue("hub.test", "localhost", file="server")
        with hub:
            self.site.write_config(anchors=hub.authority.certificate)
            self.write_password(PASSWORD)
            self.site.restart()
            for port, options in (("submission", []), ("submissions", ["--implicit-tls"])):
                self.site.pidge("route", "set", "out.test", "--host", "hub.test", "--port", str(hub.ports[port]), "--user", "alice@site.test",
                                "--password-file", self.password_file, *options)
                before = len(hub.sink.messages)
                self.submit()
                hub.sink.wait_for(before + 1)
            logins = json.loads(hub.pidge("audit", "search", "--type", "auth-ok", "--json"))
            self.assertEqual(len(logins), 2)
            for entry in logins:
                self.assertTrue(entry["fields"]["mechanism"].startswith("SCRAM-SHA-256"), entry)

    def test_a_wrong_password_defers_until_it_is_mended(self):
        with Sink(tls=self.pair, users={USER: SECRET}) as hub:
            self.write_password("not it")
            self.route(hub.port)
            self.submit()
            entry = self.entry()
            self.assertIn("cannot log in as " + USER, json.dumps(entry))
            self.assertIn("Wrong name or password", json.dumps(entry))
            self.write_password(SECRET, 0o644)
            self.site.pidge("queue", "retry", entry["id"])
            self.assertIn("open to everybody", json.dumps(self.entry(2)))
            self.write_password(SECRET)
            self.site.pidge("queue", "retry", entry["id"])
            hub.wait_for(1)

    def test_T03_no_password_for_a_host_that_has_not_proven_its_name(self):
        with Sink(tls=self.pair, users={USER: SECRET}) as hub:
            self.route(hub.port, host="other.test")
            self.submit()
            self.entry()
        with Sink(tls=self.pair, users={USER: SECRET}, offers_starttls=False) as plain:
            self.route(plain.port, domain="plain.test")
            self.submit("bob@plain.test")
            wait_until(lambda: plain.connections, 30, "a connection")
            wait_until(lambda: len([e for e in json.loads(self.site.pidge("queue", "list", "--json")) if e["attempts"]]) == 2, 30, "the attempt")
        for sink in (hub, plain):
            self.assertEqual(sink.messages, [])
            for connection in sink.connections:
                self.assertIsNone(connection.login)
                self.assertNotIn("AUTH", " ".join(connection.commands))

    def test_what_makes_no_sense_is_refused_when_it_is_set(self):
        def refused(*options):
            code, out, err = run_pidge("route", "set", "out.test", *options, "--config", self.site.config_path)
            self.assertNotEqual(code, 0, out)
            return out + err
        host = ("--host", "hub.test", "--user", USER)
        self.assertIn("come together", refused(*host))
        self.assertIn("absolute path", refused(*host, "--password-file", "hub.password"))
        for tls in ("opportunistic", "required"):
            self.assertIn("verified TLS", refused(*host, "--password-file", self.password_file, "--tls", tls))
        self.assertIn("Only a route to a host by SMTP", refused("--lmtp", "hub.test", "--user", USER, "--password-file", self.password_file))
        self.assertIn("--implicit-tls is for a route to a host", refused("--mx", "--implicit-tls"))
        self.route(465)
        listed = next(route for route in json.loads(self.site.pidge("route", "list", "--json")) if route["domain"] == "out.test")
        self.assertEqual((listed["user"], listed["passwordFile"], listed["tls"]), (USER, self.password_file, "verified"))
        self.assertIn(f"as {USER}", self.site.pidge("route", "list"))


if __name__ == "__main__":
    unittest.main()
