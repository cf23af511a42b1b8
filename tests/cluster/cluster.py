"""The whole service in namespaces: databases, nodes of pidge, a balancer on each of two sites, and everybody else.

    a: a1 a2 (database)  n1 n2 (pidge)  la (balancer)       b: b1, n3, lb       x: clients, other sites, the DNS
    in the wide form also       b: b2, n4       w: w1 (etcd)

    with Cluster(folder) as cluster:      # or Cluster(folder, form=forms.WIDE)
        cluster.start()
        cluster.nodes["n2"].kill()
        client = cluster.client("submission")      # through whichever balancer answers

A Cluster stands where a testsite.Site stands for the load of a campaign. What is missing here is told by NotHere.
"""

import json
import os
import shutil
import signal
import smtplib
import ssl
import subprocess
import tempfile
import time

import certs
import config
import database
import patroni
import postgresql
import processes
import server
from forms import SMALL
from network import Network
from sink import wait_until

OUTSIDE = "x"
PORTS = {"smtp": 25, "submission": 587, "submissions": 465, "admin": 8025}
TAKING = ("smtp", "submission", "submissions")
PASSWORD = "correct horse battery"
CACHE = os.path.join(tempfile.gettempdir(), "pidge-patroni")
CONNECT_S = 3


class NotHere(Exception):
    """A cluster cannot be had on this machine, and why."""


def check_machine():
    if os.geteuid() != 0:
        raise NotHere("needs root for network namespaces")
    missing = [name for name in ("ip", "haproxy", "setpriv", "curl") if not shutil.which(name)]
    if missing:
        raise NotHere(f"{', '.join(missing)} not installed")
    if not postgresql.installed():
        raise NotHere("PostgreSQL is not installed")
    try:
        return patroni.fetch(CACHE)
    except (patroni.NotThere, subprocess.TimeoutExpired) as reason:
        raise NotHere(f"Patroni 4 cannot be had: {reason}") from None


class Node:
    def __init__(self, cluster, name):
        self.cluster, self.name, self.process = cluster, name, None
        self.folder = os.path.join(cluster.folder, name)
        self.log_path = os.path.join(self.folder, "pidge.log")
        os.makedirs(self.folder, exist_ok=True)
        self.address = cluster.network.addresses[name]
        self.program = server.binary()
        self.write_config()

    def write_config(self):
        cluster = self.cluster
        balancers = [f"{cluster.network.addresses[name]}/32" for name in cluster.form.balancers]
        listeners = [{"name": name, "service": config.SERVICES[name], "address": f"{self.address}:{port}",
                      **({"balancers": balancers} if name in TAKING else {})} for name, port in PORTS.items()]
        changes = {"site": {"node": self.name}, "log": {"level": "info"}, "listener": listeners,
                   "node": {"drain_grace": "5 s"}, "relay": {"sources": [self.address]},
                   "store": {"engine": "postgres", "conninfo": cluster.conninfo()},
                   "dns": {"resolvers": [cluster.resolver], "validate": False}}
        self.config_path = config.site_config(self.folder, {}, cluster.pair, hostname=f"{self.name}.site.test",
                                              relay_port=cluster.sink_port, changes=changes)

    def run(self, *words, input=b"", timeout_s=90, program=None):
        """The command line on this machine, server or not; (code, output, errors)."""
        done = subprocess.run(self.cluster.network.command(self.name, program or self.program, *words, "--config", self.config_path),
                              input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout_s, check=False)
        return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")

    def pidge(self, *words, **options):
        code, out, error = self.run(*words, **options)
        if code != 0:
            raise AssertionError(f"{self.name}: pidge {' '.join(words)} ended with code {code}:\n{out}{error}")
        return out

    def start(self, wait=True):
        self.process = self.cluster.network.start(self.name, [self.program, "serve", "--config", self.config_path], self.log_path)
        if wait:
            wait_until(lambda: self.readiness()[0] == 200, 60, f"readiness of {self.name}")

    def stop(self, timeout_s=60):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def kill(self):
        self.cluster.network.kill(self.name)

    def freeze(self):
        self.cluster.network.signal(self.name, signal.SIGSTOP)

    def thaw(self):
        self.cluster.network.signal(self.name, signal.SIGCONT)

    def readiness(self):
        """(status, reason); (0, "") where nobody answers."""
        out = self.cluster.network.execute(self.name, "curl", "-s", "-m", "2", "-w", "\n%{http_code}",
                                           f"http://{self.address}:{PORTS['admin']}/readyz", check=False)
        body, _, status = out.rpartition("\n")
        return int(status or 0), body

    def metric(self, name):
        out = self.cluster.network.execute(self.name, "curl", "-s", "-m", "5",
                                           f"http://{self.address}:{PORTS['admin']}/metrics")
        return sum(float(line.rsplit(" ", 1)[1]) for line in out.splitlines() if line.split("{")[0].split(" ")[0] == name)


class Cluster:
    def __init__(self, folder=None, resolver=("10.77.9.11", 53), sink_port=2525, form=SMALL, programs=None):
        """resolver, sink_port: where the DNS of the test and the mail exchangers of everybody else listen. form: which machines
        there are; programs: the folder of PostgreSQL's, else what is installed."""
        self.form, self.programs = form, programs
        self.patroni = check_machine()
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="pgc-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)
        self.resolver, self.sink_port = f"{resolver[0]}:{resolver[1]}", sink_port
        self.network = Network()
        self.balancers = {}
        self.ways = list(form.balancers)  # which of them clients try, in this order

    def __enter__(self):
        self.network.__enter__()
        try:
            self.database = database.Database(self.network, self.folder, self.patroni, self.form, self.programs)
            for name, (site, number) in {**self.form.nodes, **self.form.balancers, OUTSIDE: ("x", 11)}.items():
                self.network.machine(name, site, number)
            self.authority = certs.Authority(os.path.join(self.folder, "ca"))
            self.pair = self.authority.issue("mail.site.test", *(self.network.addresses[name] for name in self.form.balancers),
                                             file="server")
            self.nodes = {name: Node(self, name) for name in self.form.nodes}
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.network.__exit__()
        if self.own_folder and not os.environ.get("PIDGE_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def conninfo(self):
        hosts = ",".join(self.network.addresses[name] for name in self.form.databases)
        return f"host={hosts} port=5432 dbname=postgres user=postgres"

    # Life

    def start(self, people=("alice", "bob")):
        self.database.start()
        first = self.nodes["n1"]
        first.pidge("store", "init")
        first.pidge("domain", "add", "site.test")
        for name in people:
            first.pidge("account", "add", f"{name}@site.test", "--password-stdin", input=(PASSWORD + "\n").encode())
        outside = self.network.addresses[OUTSIDE].rsplit(".", 1)[0] + ".0/24"
        first.pidge("range", "add", outside, "--owner", "alice@site.test", "--purpose", "tests")
        first.pidge("route", "set", "site.test", "--host", self.network.addresses[OUTSIDE], "--port", str(self.sink_port))
        for node in self.nodes.values():
            node.start()
        for name in self.form.balancers:
            self.start_balancer(name)
        for name in self.form.balancers:
            wait_until(lambda each=name: self.network.inside(OUTSIDE, processes.is_open, PORTS["smtp"],
                                                             self.network.addresses[each]), 30, f"balancer {name}")

    def start_balancer(self, name):
        path = os.path.join(self.folder, f"{name}.cfg")
        own = self.network.addresses[name]
        with open(path, "w", encoding="utf-8") as file:
            file.write("global\n    maxconn 4000\ndefaults\n    mode tcp\n    timeout connect 1s\n    timeout client 10m\n"
                       "    timeout server 10m\n    timeout check 1s\n    option redispatch 1\n    retries 3\n")
            for port in (PORTS[service] for service in TAKING):
                file.write(f"frontend f{port}\n    bind {own}:{port}\n    default_backend b{port}\n"
                           f"backend b{port}\n    balance leastconn\n    option httpchk GET /readyz\n"
                           "    http-check expect status 200\n    http-check disable-on-404\n"
                           "    default-server inter 1s fastinter 500ms fall 2 rise 2 "
                           f"port {PORTS['admin']} check send-proxy-v2 on-marked-down shutdown-sessions\n")
                for node in self.nodes.values():
                    file.write(f"    server {node.name} {node.address}:{port}\n")
        log = os.path.join(self.folder, f"{name}.log")
        self.balancers[name] = self.network.start(name, ["haproxy", "-db", "-f", path], log)

    def some_node(self):
        """One that answers."""
        for node in self.nodes.values():
            if node.process and node.process.poll() is None and node.readiness()[0] == 200:
                return node
        raise AssertionError("no node is ready")

    def pidge(self, *words, **options):
        return self.some_node().pidge(*words, **options)

    def states(self):
        return {node["name"]: node["state"] for node in json.loads(self.pidge("node", "list", "--json"))}

    # Clients: as those with two addresses for one name do it

    def trust(self):
        return ssl.create_default_context(cafile=self.authority.certificate)

    def client(self, port="submission", login="alice", password=PASSWORD, timeout_s=60):
        self.network.stand_in(OUTSIDE)
        last = None
        for name in list(self.ways):
            try:
                client = smtplib.SMTP(timeout=CONNECT_S)
                client.connect(self.network.addresses[name], PORTS[port])
                client.sock.settimeout(timeout_s)
                client._host = self.network.addresses[name]
                client.ehlo("client.test")
                if port == "submission":
                    client.starttls(context=self.trust())
                    client.ehlo("client.test")
                    client.login(login, password)
                return client
            except (OSError, smtplib.SMTPException) as error:
                last = error
        raise last

    def drain_and_update(self, name, program, timeout_s=120):
        """As docs/cluster.md says it; by another node, as an administrator would where this one is odd."""
        node = self.nodes[name]
        helper = next(other for other in self.nodes.values() if other is not node and other.readiness()[0] == 200)
        helper.pidge("node", "drain", name, "--wait", timeout_s=timeout_s)
        code = node.stop()
        node.program = program
        node.start(wait=False)
        wait_until(lambda: self.states().get(name) in ("drained", "draining"), 60, f"{name} to be back")
        helper.pidge("node", "resume", name, "--wait", timeout_s=timeout_s)
        wait_until(lambda: node.readiness()[0] == 200, 30, f"readiness of {name}")
        return code

    def wait_settled(self, timeout_s=120):
        """All machines and nodes are as they should be."""
        self.database.wait_ready(timeout_s)
        end = time.monotonic() + timeout_s
        while any(node.readiness()[0] != 200 for node in self.nodes.values()):
            if time.monotonic() > end:
                raise AssertionError(f"not all nodes are ready: {[node.readiness() for node in self.nodes.values()]}")
            time.sleep(0.5)
