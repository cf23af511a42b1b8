"""A small site on one server, made by the command line as an administrator would: domain, people, range, routes.

    with Site() as site:                     # site.test with alice and bob, loopback as anonymous range
        site.sink                            # a sink.Sink that gets everything for out.test
        site.submit(octets, ["x@out.test"])  # by port 587 with alice's password
"""

import smtplib
import ssl

import server
from sink import Sink

PASSWORD = "correct horse battery"


class Site(server.Server):
    def __init__(self, sink=None, people=("alice", "bob"), ranges=("127.0.0.1/32",), routes=None, **settings):
        super().__init__(**settings)
        self.own_sink = sink is None
        self.sink = sink or Sink()
        self.people, self.ranges = people, ranges
        self.routes = routes
        self.is_set_up = False

    def set_up(self):
        if self.own_sink:
            self.sink.start()
        hop = f"127.0.0.1:{self.sink.port}"
        self.pidge("domain", "add", "site.test")
        for name in self.people:
            self.pidge("account", "add", f"{name}@site.test", "--password-stdin", input=(PASSWORD + "\n").encode())
        for network in self.ranges:
            self.pidge("range", "add", network, "--owner", "alice@site.test", "--purpose", "tests")
        for domain, target in (self.routes or {"out.test": hop, "site.test": hop}).items():
            host, port = target.rsplit(":", 1)
            self.pidge("route", "set", domain, "--host", host, "--port", port)
        self.is_set_up = True

    def start(self, wait=True):
        if not self.is_set_up:
            self.set_up()  # on the store itself: no server runs yet
        return super().start(wait)

    def __exit__(self, kind, *rest):
        try:
            return super().__exit__(kind, *rest)
        finally:
            if self.own_sink and self.is_set_up:
                self.sink.stop()

    # Clients

    def trust(self):
        return ssl.create_default_context(cafile=self.authority.certificate)

    def client(self, port="submission", login="alice", password=PASSWORD, timeout_s=60):
        """A session that has logged in, except on port "smtp"."""
        if port == "submissions":
            client = smtplib.SMTP_SSL("localhost", self.ports[port], timeout=timeout_s, context=self.trust())
        else:
            client = smtplib.SMTP("localhost", self.ports[port], timeout=timeout_s)
            if port == "submission":
                client.starttls(context=self.trust())
        client.ehlo("client.test")
        if port != "smtp" and login:
            client.login(login, password)
        return client

    def submit(self, octets, recipients, sender="alice@site.test", port="submission", options=()):
        with self.client(port) as client:
            return client.sendmail(sender, recipients, octets, mail_options=list(options))
