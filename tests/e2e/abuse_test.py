"""attacks.md T04, T05 and the abuse controls through the real program: guessing passwords, sending too much, machines without a
name. Clients come through a balancer, whose PROXY header tells their addresses.
"""

import base64
import concurrent.futures
import hashlib
import hmac
import json
import os
import unittest

from dnszone import Zone
from rawsmtp import Raw
from testsite import PASSWORD, Site

TEXT = b"From: alice@site.test\r\nTo: x@out.test\r\n\r\nhello\r\n.\r\n"


class Scram:
    """The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding."""

    def __init__(self, login, password):
        self.password = password.encode()
        self.nonce = base64.b64encode(os.urandom(18)).decode()
        self.bare = f"n={login},r={self.nonce}"

    def first(self):
        return base64.b64encode(f"n,,{self.bare}".encode()).decode()

    def final(self, challenge):
        server_first = base64.b64decode(challenge).decode()
        fields = dict(field.split("=", 1) for field in server_first.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self.password, base64.b64decode(fields["s"]), int(fields["i"]))
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        without_proof = f"c=biws,r={fields['r']}"
        self.message = f"{self.bare},{server_first},{without_proof}".encode()
        signature = hmac.digest(hashlib.sha256(client_key).digest(), self.message, "sha256")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature))).decode()
        self.server_signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), self.message, "sha256")
        return base64.b64encode(f"{without_proof},p={proof}".encode()).decode()

    def log_in(self, client):
        """The last reply of the server."""
        reply = client.ask(f"AUTH SCRAM-SHA-256 {self.first()}")
        if reply.startswith("334"):
            reply = client.ask(self.final(reply[4:]))
        if reply.startswith("334"):
            assert base64.b64decode(reply[4:]) == b"v=" + base64.b64encode(self.server_signature)
            reply = client.ask("")
        return reply


class Behind(Site):
    """A site behind a balancer on 127.0.0.1, with the limits that tests otherwise do without."""

    def __init__(self, **settings):
        super().__init__(ranges=("192.0.2.0/24",), **settings)
        self.write_config(changes={
            "limits": {"connections_per_client": 10000, "sending_rates": True},
            "listener": [{"name": name, "service": service, "address": f"127.0.0.1:{self.ports[name]}", "balancers": ["127.0.0.1/32"]}
                         for name, service in (("smtp", "mx"), ("submission", "submission"))]
                        + [{"name": "admin", "service": "http", "address": f"127.0.0.1:{self.ports['admin']}"}]})

    def connect(self, address, port="smtp"):
        client = Raw(self.ports[port], timeout_s=60)
        client.send(f"PROXY TCP4 {address} 127.0.0.1 4711 25\r\n")
        client.hello()
        if port == "submission":
            client.start_tls(self.trust())
            client.ask("EHLO client.test")
        return client

    def log_in(self, address, login, password):
        with self.connect(address, "submission") as client:
            return client.ask("AUTH PLAIN " + base64.b64encode(f"\0{login}\0{password}".encode()).decode())


def send(client, sender="alice@site.test", recipients=("x@out.test",)):
    """The last reply."""
    for command in (f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{each}>" for each in recipients), "DATA"):
        reply = client.ask(command)
        if reply[0] not in "23":
            client.ask("RSET")
            return reply
    client.send(TEXT.replace(b"alice@site.test", sender.encode()))
    return client.reply()


class Abuse(unittest.TestCase):
    def test_F06_F07_who_does_not_wait_is_found_behind_a_balancer_too(self):
        """[F06, F07] Ahead of the greeting, of 354 and of TLS: refused and closed, and nothing of it is run."""
        with Behind() as site:
            with Raw(site.ports["smtp"]) as client:
                client.send("PROXY TCP4 198.18.0.1 127.0.0.1 4711 25\r\nEHLO early\r\n")
                self.assertTrue(client.reply().startswith("554 5.5.0"))
                self.assertTrue(client.is_closed())
            # What does not fit into the buffer of a command line is behind it, where only the socket knows of it.
            for command, behind in (("DATA\r\n", TEXT), ("STARTTLS\r\n", b"RSET\r\n")):
                with site.connect("192.0.2.7") as client:
                    if behind == TEXT:
                        self.assertEqual(client.envelope(), ("250", "250"))
                    noop = "NOOP ".ljust(512 - len(command) - 2, "x") + "\r\n"
                    client.send((noop + command).encode() + behind)
                    self.assertTrue(client.reply().startswith("250"))
                    self.assertTrue(client.reply().startswith("554 5.5.0"), command)
                    self.assertTrue(client.is_closed())
            self.assertEqual(site.sink.messages, [])

    def test_T04_an_account_that_is_guessed_at_stays_open_to_those_who_are_known(self):
        """[T04] Ten different wrong passwords from ten networks; the right one counts from where it was used before."""
        with Behind() as site:
            self.assertTrue(site.log_in("203.0.113.9", "alice", PASSWORD).startswith("235"))
            with concurrent.futures.ThreadPoolExecutor(20) as pool:
                replies = list(pool.map(lambda n: site.log_in(f"198.51.{n % 10}.7", ("alice", "nobody")[n // 10], f"guess {n}"), range(20)))
            self.assertEqual({reply[:9] for reply in replies}, {"535 5.7.8"}, replies)
            stranger = [site.log_in("198.18.0.1", login, password) for login in ("alice", "nobody") for password in (PASSWORD, "other")]
            self.assertEqual(len(set(stranger)), 1, stranger)
            self.assertTrue(stranger[0].startswith("454 4.7.0 [USR-GUE]"), stranger)
            self.assertTrue(site.log_in("203.0.113.77", "alice", PASSWORD).startswith("235"))
            self.assertTrue(site.log_in("198.18.0.1", "bob", PASSWORD).startswith("235"))

    def test_T04_a_host_has_ten_failures_a_minute(self):
        """[T04] The same wrong password again and again, as a forgotten device does: the account is not harmed."""
        with Behind() as site:
            replies = [site.log_in("198.51.100.7", "alice", "old password")[:3] for _ in range(12)]
            self.assertEqual(replies, ["535"] * 10 + ["454"] * 2)
            self.assertTrue(site.log_in("198.18.0.1", "alice", PASSWORD).startswith("235"))

    def test_SCRAM_takes_the_password_and_every_app_password(self):
        """[O2] Each by its own proof; a removed one no more."""
        with Behind() as site:
            made = [json.loads(site.pidge("account", "app-password", "alice", "--label", label, "--json")) for label in ("laptop", "phone")]
            def log_in(password, login="alice"):
                with site.connect("198.18.0.1", "submission") as client:
                    return Scram(login, password).log_in(client)[:3]
            for password in (PASSWORD, made[0]["secret"], made[1]["secret"]):
                self.assertEqual(log_in(password), "235")
            self.assertEqual(log_in("wrong"), "535")
            self.assertEqual(log_in(PASSWORD, "nobody"), "535")
            site.pidge("account", "app-password", "alice", "--remove", made[0]["id"])
            self.assertEqual(log_in(made[0]["secret"]), "535")
            self.assertEqual(log_in(made[1]["secret"]), "235")
            site.pidge("account", "password", "alice", "--password-stdin", input=b"another long one\n")
            self.assertEqual(log_in("another long one"), "235")
            self.assertEqual(log_in(made[1]["secret"]), "235")

    def test_T05_a_person_and_a_machine_send_no_more_than_they_may(self):
        """[T05] 450 4.7.1 USR-FLD; whatever the session, and others go on."""
        with Behind() as site:
            def as_person():
                client = site.connect("198.18.0.1", "submission")
                client.ask("AUTH PLAIN " + base64.b64encode(f"\0alice\0{PASSWORD}".encode()).decode())
                return client
            with as_person() as first, as_person() as second:
                replies = [send((first, second)[n % 2]) for n in range(40)]
            self.assertEqual([reply[:3] for reply in replies[:30]], ["250"] * 30)
            self.assertTrue(all(reply.startswith("450 4.7.1 [USR-FLD]") for reply in replies[30:]), replies[30:])
            with site.connect("192.0.2.7") as printer, site.connect("192.0.2.8") as scanner:
                replies = [send(printer, "bob@site.test")[:3] for _ in range(62)]
                self.assertEqual(replies, ["250"] * 60 + ["450"] * 2)
                self.assertEqual(send(scanner, "bob@site.test")[:3], "250")
                many = [f"r{n}@out.test" for n in range(101)]
                self.assertTrue(send(scanner, "bob@site.test", many).startswith("452 4.5.3"))
            with site.connect("198.51.100.1") as stranger:  # mail for our people is not limited by these
                self.assertEqual({send(stranger, "a@ext.test", ["bob@site.test"])[:3] for _ in range(70)}, {"250"})

    def test_R07_a_list_with_some_who_have_left_reaches_the_others(self):
        """[R07] An unknown recipient is refused by itself, at once, where a person or machine of ours names it."""
        with Behind() as site:
            with site.connect("198.18.0.1", "submission") as person, site.connect("192.0.2.7") as machine:
                self.assertIn("LIMITS RCPTMAX=1000", person.ask("EHLO client.test"))
                self.assertIn("LIMITS RCPTMAX=100\n", machine.ask("EHLO client.test") + "\n")
                person.ask("AUTH PLAIN " + base64.b64encode(f"\0alice\0{PASSWORD}".encode()).decode())
                for client in (person, machine):
                    client.ask("MAIL FROM:<alice@site.test>")
                    replies = [client.ask(f"RCPT TO:<{who}@site.test>")[:9] for who in ["bob", *(f"gone{n}" for n in range(12)), "alice"]]
                    self.assertEqual(replies, ["250 2.1.5", *["550 5.1.1"] * 12, "250 2.1.5"])
                    client.ask("DATA")
                    client.send(TEXT)
                    self.assertEqual(client.reply()[:3], "250")

    def test_R02_a_range_can_ask_for_machines_with_a_name(self):
        """[R02] Forward-confirmed: 550 5.7.25 HST-PTR."""
        with Zone() as zone:
            zone.add("130.100.51.198.in-addr.arpa", "PTR", "printer.site.test")
            zone.add("printer.site.test", "A", "198.51.100.130")
            zone.add("131.100.51.198.in-addr.arpa", "PTR", "printer.site.test")
            with Behind(dns_port=zone.port) as site:
                site.pidge("range", "add", "198.51.100.128/25", "--owner", "bob@site.test", "--purpose", "printers", "--needs-name")
                for address, expected in (("198.51.100.130", "250"), ("198.51.100.131", "550 5.7.25 [HST-PTR]"), ("198.51.100.132", "550 5.7.25 [HST-PTR]"), ("192.0.2.9", "250")):
                    with site.connect(address) as client:
                        self.assertTrue(send(client, "bob@site.test").startswith(expected), address)


if __name__ == "__main__":
    unittest.main()
