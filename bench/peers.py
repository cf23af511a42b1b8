"""The servers that are measured: Postfix and pidge, each in the roles of the benchmark, with equal durability.

Roles:
    accept      takes mail for b@out.test from 127.0.0.1, makes it durable, then throws it away
    relay       the same, but hands it on to the sink's port
    submission  implicit TLS and AUTH PLAIN as u0, then as accept
"""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

import certs  # noqa: E402
import postfix  # noqa: E402
import postgres  # noqa: E402
import processes  # noqa: E402
import server  # noqa: E402

USER, PASSWORD = "u0", "a long benchmark password"


class PostfixPeer:
    name, database = "postfix", ()

    def __init__(self, role, sink_port, folder):
        self.submission_ports = [processes.free_port()]
        pair = certs.Authority(os.path.join(folder, "postfix-ca")).issue("localhost")
        # in_flow_delay is 0 already: bursts are taken as they come.
        settings, services = {"smtpd_client_connection_count_limit": "0",
                              "default_process_limit": "1200"}, ""
        if role == "submission":
            settings |= {"smtpd_sasl_type": "cyrus", "smtpd_sasl_local_domain": "site.test"}
            services = self.submission_service()
        self.server = postfix.Postfix(tls=pair, discard=role != "relay", settings=settings, services=services, below=folder,
                                      relay=f"127.0.0.1:{sink_port}" if role == "relay" else None)
        if role == "submission":
            self.make_password_file()
        self.server.start()
        self.ports, self.pid = [self.server.port], self.server.process.pid
        self.login = f"{USER}:{PASSWORD}"

    def submission_service(self):
        return (f"127.0.0.1:{self.submission_ports[0]} inet n - n - - smtpd\n"
                "  -o smtpd_sasl_auth_enable=yes\n  -o smtpd_tls_wrappermode=yes\n  -o mynetworks=\n"
                "  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject\n")

    def make_password_file(self):
        """Cyrus SASL with a file of its own, which smtpd must be able to read; Debian's Postfix looks for its settings
        beside main.cf."""
        where = os.path.join(self.server.etc, "sasl")
        base = os.path.join(where, "sasldb2")
        os.mkdir(where)
        subprocess.run(["saslpasswd2", "-p", "-c", "-f", base, "-u", "site.test", USER], input=PASSWORD.encode(), check=True)
        os.chmod(base, 0o644)
        with open(os.path.join(where, "smtpd.conf"), "w", encoding="ascii") as file:
            file.write(f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN\nsasldb_path: {base}\n")

    def stop(self):
        self.server.stop()


class PidgePeer:
    name, nodes, database = "pidge", 1, ()

    def __init__(self, role, sink_port, folder, **settings):
        self.servers = []
        for number in range(1, self.nodes + 1):
            self.servers.append(server.Server(folder=tempfile.mkdtemp(prefix="pidge-", dir=folder), **settings, changes={
                "site": {"node": f"n{number}"}, "log": {"level": "warning", "form": "text"},
                "limits": {"connections_per_client": 5000, "sending_rates": False}}))
        self.server = self.servers[0]
        self.set_up(["--host", "127.0.0.1", "--port", str(sink_port)] if role == "relay" else ["--discard"])
        for each in self.servers:
            each.start()
        self.pid = [each.process.pid for each in self.servers]
        self.ports = [each.ports["smtp"] for each in self.servers]
        self.submission_ports = [each.ports["submissions"] for each in self.servers]
        self.login = f"{USER}:{PASSWORD}"

    def set_up(self, route):
        self.server.pidge("domain", "add", "site.test")
        self.server.pidge("domain", "add", "client.test")  # the anonymous range may send as load@client.test
        self.server.pidge("account", "add", f"{USER}@site.test", "load@client.test", "--login", USER, "--password-stdin",
                          input=PASSWORD.encode() + b"\n")
        self.server.pidge("range", "add", "127.0.0.1/32", "--owner", f"{USER}@site.test", "--purpose", "benchmark")
        self.server.pidge("route", "set", "out.test", *route)

    def stop(self):
        for each in self.servers:
            each.stop()


class PidgeDatabasePeer(PidgePeer):
    """The same on a throw-away PostgreSQL of its own, without replication."""

    name, has_standby = "pidge-db", False

    def __init__(self, role, sink_port, folder):
        self.postgres = postgres.PostgresServer()
        if self.has_standby:
            self.postgres.add_standby()
        store = {"engine": "postgres", "conninfo": self.postgres.conninfo(self.postgres.new_database())}
        self.database = [each.pid for each in (self.postgres.process, self.postgres.standby) if each]
        super().__init__(role, sink_port, folder, store=store)

    def stop(self):
        super().stop()
        self.postgres.remove()


class PidgeNodesPeer(PidgeDatabasePeer):
    """Three nodes on one database; connections take them in turn."""

    name, nodes = "pidge-3", 3


class PidgeCopiedPeer(PidgeDatabasePeer):
    """One node; each commit waits for a second copy of the database."""

    name, has_standby = "pidge-copied", True


class PidgeCopiedNodesPeer(PidgeNodesPeer):
    name, has_standby = "pidge-3-copied", True


PEERS = {peer.name: peer for peer in (PostfixPeer, PidgePeer, PidgeDatabasePeer, PidgeNodesPeer, PidgeCopiedPeer, PidgeCopiedNodesPeer)}
