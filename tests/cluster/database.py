"""Machines with etcd, Patroni and PostgreSQL each, on two sites, and perhaps one with etcd alone: see forms.py.

    database = Database(network, folder, patroni_folder)
    database.start()                       # until one leads and one follows synchronously
    database.primary()                     # "a2"
    database.kill_server("a2")             # the postmaster only; network.kill("a2") for the machine
    database.switchover()
    database.stop_machine("a1"); database.start_machine("a1", programs)    # in an orderly way, as for an update
"""

import json
import os
import pwd
import signal
import subprocess
import time

import postgresql
from forms import SMALL
from patroni import etcd_program

TTL_S, LOOP_S, RETRY_S = 20, 2, 6  # 20 is the least that Patroni takes; RETRY outlives an election of etcd on each
USER = "postgres"
ELSEWHERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "packaging", "cluster", "etcd-elsewhere")


def leader_among(numbers):
    """The machine that all these follow, of Database.etcd_numbers(); None while they do not agree."""
    leaders = {leader for _, leader in numbers.values()}
    return next((machine for machine, (own, _) in numbers.items() if leaders == {own}), None)


class Database:
    def __init__(self, network, folder, patroni, form=SMALL, programs=None):
        """programs: the folder of PostgreSQL's; else what is installed."""
        self.network, self.folder, self.patroni, self.form = network, folder, patroni, form
        self.programs = dict.fromkeys(form.databases, programs or postgresql.installed())
        self.services = {}  # machine -> [etcd, Patroni, etcd-elsewhere]
        for name, (site, number) in form.votes.items():
            network.machine(name, site, number)

    def path(self, machine, *more):
        return os.path.join(self.folder, machine, *more)

    def address(self, machine):
        return self.network.addresses[machine]

    def start(self, timeout_s=120):
        os.chmod(self.folder, 0o755)
        owner = pwd.getpwnam(USER)
        for machine in self.form.votes:
            os.makedirs(self.path(machine), exist_ok=True)
            os.chown(self.path(machine), owner.pw_uid, owner.pw_gid)
            self.start_etcd(machine)
        for machine in self.form.databases:
            self.start_patroni(machine)
        self.wait_ready(timeout_s)

    def start_machine(self, machine, programs=None):
        """After network.kill or stop_machine: everything it had, perhaps with other programs of PostgreSQL."""
        self.start_etcd(machine)
        if machine in self.form.databases:
            self.programs[machine] = programs or self.programs[machine]
            self.start_patroni(machine)

    def stop_machine(self, machine, timeout_s=60):
        """PostgreSQL with Patroni before etcd."""
        for service in reversed(self.services[machine]):
            service.send_signal(signal.SIGTERM)
            service.wait(timeout_s)

    def start_etcd(self, machine):
        own = self.address(machine)
        members = ",".join(f"{name}=http://{self.address(name)}:2380" for name in self.form.votes)
        state = "existing" if os.path.exists(self.path(machine, "etcd", "member")) else "new"
        self.services[machine] = [self.network.start(machine, [
            etcd_program(self.patroni), "--name", machine, "--data-dir", self.path(machine, "etcd"),
            "--listen-client-urls", f"http://{own}:2379", "--advertise-client-urls", f"http://{own}:2379",
            "--listen-peer-urls", f"http://{own}:2380", "--initial-advertise-peer-urls", f"http://{own}:2380",
            "--initial-cluster", members, "--initial-cluster-state", state, "--initial-cluster-token", "pidge",
            "--heartbeat-interval", "100", "--election-timeout", "500", "--logger", "zap", "--log-level", "info"],
            self.path(machine, "etcd.log"), user=USER)]

    def start_patroni(self, machine):
        path = self.path(machine, "patroni.json")  # JSON is YAML
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.settings(machine), file)
        os.chmod(path, 0o644)
        patroni = self.network.start(machine, ["/usr/bin/python3", os.path.join(self.patroni, "usr/bin/patroni"), path],
                           self.path(machine, "patroni.log"), user=USER,
                           env={"PYTHONPATH": os.path.join(self.patroni, "usr/lib/python3/dist-packages"),
                                "HOME": self.path(machine)})
        own = self.address(machine)
        elsewhere = self.network.start(machine, ["/usr/bin/python3", ELSEWHERE, f"http://{own}:2379", f"http://{own}:8008",
                                                 *self.form.witnesses], self.path(machine, "elsewhere.log"))
        self.services[machine] += [patroni, elsewhere]

    def settings(self, machine):
        own, net = self.address(machine), f"{self.network.net}.0.0/16"
        accounts = {name: {"username": name, "password": "x"} for name in ("replication", "rewind")}
        return {
            "scope": "pidge", "name": machine, "log": {"level": "INFO"},
            "restapi": {"listen": f"{own}:8008", "connect_address": f"{own}:8008"},
            "etcd3": {"hosts": [f"{self.address(name)}:2379" for name in self.form.votes]},
            "bootstrap": {
                "dcs": {
                    "ttl": TTL_S, "loop_wait": LOOP_S, "retry_timeout": RETRY_S, "maximum_lag_on_failover": 1048576,
                    "primary_start_timeout": 0, "synchronous_mode": True, "synchronous_mode_strict": True,
                    "synchronous_node_count": self.form.synchronous, "failsafe_mode": True,
                    "postgresql": {"use_pg_rewind": True, "use_slots": True, "parameters": {
                        "max_connections": 200, "max_wal_senders": 10, "wal_log_hints": "on", "synchronous_commit": "on",
                        "shared_buffers": "128MB", "wal_keep_size": "1GB", "wal_sender_timeout": "5s",
                        "wal_receiver_timeout": "5s", "wal_receiver_status_interval": "1s",
                        "wal_retrieve_retry_interval": "500ms", "tcp_keepalives_idle": 5, "tcp_keepalives_interval": 1,
                        "tcp_keepalives_count": 3, "tcp_user_timeout": 5000}}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
                # Everybody in these namespaces is trusted: no model for anything else.
                "pg_hba": [f"host all all {net} trust", f"host replication all {net} trust", "local all all trust"]},
            "postgresql": {
                "listen": f"{own}:5432", "connect_address": f"{own}:5432", "data_dir": self.path(machine, "pg"),
                "bin_dir": self.programs[machine], "pgpass": self.path(machine, "pgpass"),
                "authentication": {"superuser": {"username": "postgres", "password": "x"}, **accounts},
                "parameters": {"unix_socket_directories": self.path(machine)}}}

    # Questions, through the machine's own namespace, so that a cut link does not matter

    def ask(self, machine, path, *options):
        """(status, body) of Patroni's API."""
        try:
            out = self.network.execute(machine, "curl", "-s", "-m", "30" if options else "1", "-w", "\n%{http_code}", *options,
                                       f"http://{self.address(machine)}:8008/{path}", check=False)
        except subprocess.TimeoutExpired:
            return 0, ""
        body, _, status = out.rpartition("\n")
        return int(status or 0), body

    def primary(self):
        leaders = [machine for machine in self.form.databases if self.ask(machine, "primary")[0] == 200]
        return leaders[0] if leaders else None

    def members(self):
        for machine in self.form.databases:
            status, body = self.ask(machine, "cluster")
            if status == 200:
                return json.loads(body)["members"]
        return []

    def is_ready(self):
        states = [(member["role"], member["state"]) for member in self.members()]
        return (len(states) == len(self.form.databases) and all(state in ("running", "streaming") for _, state in states)
                and self.primary() is not None and sum("sync" in role for role, _ in states) == self.form.synchronous)

    def synchronous(self):
        return [member["name"] for member in self.members() if "sync" in member["role"]]

    def version(self, machine):
        """Of the PostgreSQL that runs there, as it tells: (15, 18)."""
        status, body = self.ask(machine, "patroni")
        return divmod(json.loads(body).get("server_version", 0), 10000) if status else None

    def wait_ready(self, timeout_s=120):
        end = time.monotonic() + timeout_s
        while not self.is_ready():
            if time.monotonic() > end:
                raise RuntimeError(f"the database is not ready: {self.members()}; its logs lie in {self.folder}")
            time.sleep(0.5)

    # etcd

    def ask_etcd(self, machine, path, question):
        out = self.network.execute(machine, "curl", "-s", "-m", "5", "-XPOST", "-d", json.dumps(question),
                                   f"http://{self.address(machine)}:2379/v3/{path}", check=False)
        return json.loads(out) if out else {}

    def etcd_numbers(self):
        """{machine: (number of its etcd, number of the one that it follows, None between two)}"""
        found = {machine: self.ask_etcd(machine, "maintenance/status", {}) for machine in self.form.votes}
        return {machine: (status["header"]["member_id"], status.get("leader"))
                for machine, status in found.items() if "header" in status}

    def etcd_leader(self):
        """The machine whose etcd all follow; None while they do not agree."""
        return leader_among(self.etcd_numbers())

    def lead_etcd(self, machine):
        """Its etcd becomes the leader, if that can be within ten seconds."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            numbers = self.etcd_numbers()
            leader = leader_among(numbers)
            if leader == machine:
                return
            if leader and machine in numbers:
                self.ask_etcd(leader, "maintenance/transfer-leadership", {"targetID": numbers[machine][0]})
            time.sleep(0.2)

    # Faults

    def kill_server(self, machine):
        with open(self.path(machine, "pg", "postmaster.pid"), encoding="ascii") as file:
            pid = int(file.readline())
        if pid in self.network.pids(machine):
            os.kill(pid, signal.SIGKILL)

    def freeze(self, machine):
        self.network.signal(machine, signal.SIGSTOP)

    def thaw(self, machine):
        self.network.signal(machine, signal.SIGCONT)

    def switchover(self, candidate=None):
        """To that standby, or to any."""
        leader = self.primary()
        if leader:
            wish = {"leader": leader, **({"candidate": candidate} if candidate else {})}
            self.ask(leader, "switchover", "-XPOST", "-d", json.dumps(wish))
