"""C12: nodes, databases, links and networks of a cluster fail under load; what was acknowledged is kept, and clients wait no
longer than docs/cluster.md says."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "cluster"))

import patroni  # noqa: E402
import postgresql  # noqa: E402
import server  # noqa: E402
from campaign import Campaign, NotRun  # noqa: E402
from cluster import CACHE, NotHere, check_machine  # noqa: E402
from cluster_bench import ClusterBench  # noqa: E402
from forms import SMALL, WIDE  # noqa: E402
from sink import wait_until  # noqa: E402

# What is broken, and how long a client may wait from wanting to send until its 250, in seconds: what docs/cluster.md says.
# Where a machine or a network is gone without a word, Patroni's time to live (20 s) goes by first.
FAULTS = {
    "node-kill": 5, "node-freeze": 5, "node-cut": 5, "node-drain": 5, "server-kill": 5, "machine-kill": 25,
    "primary-freeze": 25, "primary-cut": 25, "standby-kill": 10, "standby-freeze": 15, "network-cut": 25, "switchover": 5,
    "update": 5, "primary-network-cut": 25, "other-network-cut": 25, "witness-cut": 5,
}
# These need the wide form, 2 + 2 + 1; the others are made in the small one.
IN_WIDE = {"primary-network-cut", "other-network-cut", "witness-cut"}
# Of these clients notice nothing but the wait: no connection breaks, no message is put off.
ONLY_WAITING = {"server-kill", "machine-kill", "primary-freeze", "primary-cut", "standby-kill", "standby-freeze", "switchover",
                "witness-cut"}
# In these a client that tries once more has its 250.
ONE_MORE_TRY = {"node-kill", "node-drain", "update"}
# Under valgrind, on one core or beside a compiler everything takes longer; what is lost is not a matter of time.
SLOWER = float(os.environ.get("PIDGE_CLUSTER_SLOWER", "1"))


class ClusterCampaign(Campaign):
    name, identifier, faults_by_default = "cluster", "C12", len(FAULTS)
    summary = "nodes, databases, links and networks of a cluster"

    def check(self):
        try:
            version = patroni.version_of(check_machine())
        except NotHere as reason:
            raise NotRun(str(reason)) from None
        self.engine = f"patroni {'.'.join(map(str, version))}"
        self.next_program = os.environ.get("PIDGE_NEXT_BINARY", "")
        if not os.access(self.next_program, os.X_OK):
            self.say("no program of the next format (PIDGE_NEXT_BINARY): the update is to the same one")
            self.next_program = server.binary()
        try:
            found = postgresql.fetch(CACHE)
        except patroni.NotThere as reason:
            self.say(str(reason))
            found = [postgresql.installed()]
        self.old_postgresql, self.new_postgresql = found[0], found[-1]
        versions = [".".join(map(str, postgresql.version(each))) for each in found]
        if len(found) == 1:
            self.say("apt knows one version of PostgreSQL: databases come back with the same one")
        self.engine = f"postgresql {' to '.join(versions)}, {self.engine}"

    @staticmethod
    def kind(number):
        return list(FAULTS)[(number - 1) % len(FAULTS)]

    def groups(self):
        """A cluster for each form and each pass through the list, whose last in the small form, the update, is not taken back."""
        found = {}
        for number in self.numbers():
            found.setdefault(((number - 1) // len(FAULTS), self.kind(number) in IN_WIDE), []).append(number)
        return list(found.values())

    def run_group(self, numbers):
        folder = self.case_folder(numbers)
        form = WIDE if self.kind(numbers[0]) in IN_WIDE else SMALL
        with ClusterBench(folder, f"{self.seed}/{numbers[0]}", load={"rate": 30, "sessions": 8, "size_max": 100_000},
                          form=form, programs=self.old_postgresql) as bench:
            for number in numbers:
                kind, chance = self.kind(number), self.chance(number)
                name = kind.replace("-", "_")
                self.say(f"{number}: {kind}")
                if prepare := getattr(self, f"before_{name}", None):
                    prepare(bench, chance)
                bench.faults.append({"number": number, "t": round(time.time(), 4), "kind": kind, "effective": True})
                getattr(self, name)(bench, chance)
                bench.wait_for_flow()
                bench.cluster.wait_settled()
                self.tally.done += 1
                self.tally.effective += 1
            bench.settle()
            bench.read()
            self.look_at_pauses(bench)
            bench.write_case(campaign=self.name, seed=self.seed)
        self.tally.accepted += bench.load.acknowledged
        self.judge(folder, numbers)

    def look_at_pauses(self, bench):
        for look in bench.looks():
            kind = look["kind"]
            self.say(f"{kind}: nobody got a 250 for {look['pause_s']:.1f} s, one client waited for {look['wait_s']:.1f} s; "
                     f"{look['breaks']} transactions broke off, {look['put_off']} were put off, {look['failed']} needed a "
                     "third try")
            for time_s, step, text in look["troubles"]:
                self.say(f"  {time_s:.1f} s: {step}: {text}")
            for name in ("pause_s", "wait_s"):
                self.tally.most(f"{name[:-2]}_ms {kind}", round(look[name] * 1000))
            for name in ("breaks", "put_off", "failed"):
                self.tally.count(f"{name} {kind}", look[name])
            if kind in ONLY_WAITING and look["troubles"]:
                bench.stuck(f"{kind}: {len(look['troubles'])} sessions broke or were refused instead of waiting")
            if kind in ONE_MORE_TRY and look["failed"]:
                bench.stuck(f"{kind}: {look['failed']} messages needed more than two tries")
            if look["wait_s"] > FAULTS[kind] * SLOWER:
                bench.stuck(f"{kind}: a client waited for {look['wait_s']:.1f} s, {FAULTS[kind]} s are allowed")

    # Nodes

    def some_node(self, bench, chance):
        return bench.cluster.nodes[chance.choice(sorted(bench.cluster.nodes))]

    def node_kill(self, bench, chance):
        node = self.some_node(bench, chance)
        node.kill()
        bench.wait_for_flow()
        node.start()

    def node_freeze(self, bench, chance):
        node = self.some_node(bench, chance)
        with bench.stall():
            node.freeze()
            time.sleep(20)  # longer than its word holds
            bench.wait_for_flow()
            node.thaw()

    def node_cut(self, bench, chance):
        node = self.some_node(bench, chance)
        with bench.stall():
            bench.cluster.network.cut(node.name)
            time.sleep(20)
            bench.wait_for_flow()
            bench.cluster.network.heal(node.name)

    def node_drain(self, bench, chance):
        node = self.some_node(bench, chance)
        bench.cluster.pidge("node", "drain", node.name, "--wait", timeout_s=120)
        bench.wait_for_flow()
        bench.cluster.pidge("node", "resume", node.name, "--wait")

    # The database

    def server_kill(self, bench, _):
        bench.cluster.database.kill_server(bench.cluster.database.primary())

    def machine_kill(self, bench, _):
        machine = bench.cluster.database.primary()
        bench.cluster.network.kill(machine)
        bench.wait_for_flow()
        bench.cluster.database.start_machine(machine)

    def lead_elsewhere(self, bench, chance):
        """In every second case the primary's machine is given the lead of etcd; it must not keep it (docs/cluster.md). A
        witness, where there is one, gets it from whoever has it."""
        database = bench.cluster.database
        machine = database.primary()
        if chance.random() < 0.5:
            database.lead_etcd(machine)
        wanted = set(database.form.witnesses) or set(database.form.votes) - {machine}
        wait_until(lambda: database.etcd_leader() in wanted, 60, "etcd to be led elsewhere")
        self.say(f"{machine} is the primary, {database.etcd_leader()} leads etcd")

    before_primary_freeze = before_primary_cut = before_machine_kill = lead_elsewhere

    def primary_freeze(self, bench, _):
        machine = bench.cluster.database.primary()
        bench.cluster.database.freeze(machine)
        bench.wait_for_flow()
        bench.cluster.database.thaw(machine)

    def primary_cut(self, bench, _):
        machine = bench.cluster.database.primary()
        bench.cluster.network.cut(machine)
        bench.wait_for_flow()
        bench.cluster.network.heal(machine)

    def standby_kill(self, bench, _):
        standby = bench.cluster.database.synchronous()[0]
        bench.cluster.network.kill(standby)
        bench.wait_for_flow()
        bench.cluster.database.start_machine(standby)

    def before_standby_freeze(self, bench, _):
        """It leads etcd, and revokes the leases of all others when it thaws: the primary must stay the primary."""
        database = bench.cluster.database
        standby = database.synchronous()[0]
        database.lead_etcd(standby)
        wait_until(lambda: database.etcd_leader() == standby, 10, "etcd to be led there")

    def standby_freeze(self, bench, _):
        database = bench.cluster.database
        primary, standby = database.primary(), database.etcd_leader()
        database.freeze(standby)
        time.sleep(30)
        bench.wait_for_flow()
        database.thaw(standby)
        time.sleep(5)
        if database.primary() != primary:
            bench.stuck(f"standby-freeze: {database.primary()} leads in place of {primary}")

    def switchover(self, bench, _):
        bench.cluster.database.switchover()

    # Networks. What is connected to an address of a lost network waits for its own time-outs, so the load goes through the
    # balancer of another one.

    @staticmethod
    def lead_from(bench, site):
        """A machine there becomes the primary. Where none is synchronous, the standbys elsewhere go away for that."""
        database = bench.cluster.database
        there = [machine for machine, (each, _) in database.form.databases.items() if each == site]
        before = database.primary()
        if before in there:
            return
        away = [machine for machine in database.form.databases if machine not in (*there, before)]
        if any(machine in there for machine in database.synchronous()):
            away = []
        for machine in away:
            database.stop_machine(machine)
        wait_until(lambda: any(machine in there for machine in database.synchronous()), 60, f"a synchronous standby in {site}")
        database.switchover(next(machine for machine in database.synchronous() if machine in there))
        wait_until(lambda: database.primary() in there, 60, f"{site} to lead")
        for machine in away:
            database.start_machine(machine)
        bench.cluster.wait_settled()
        bench.wait_for_flow()

    def before_network_cut(self, bench, _):
        self.lead_from(bench, "b")

    def before_primary_network_cut(self, bench, chance):
        site = chance.choice(bench.cluster.form.sites)
        self.lead_from(bench, site)
        self.send_past(bench, site)
        self.lead_elsewhere(bench, chance)

    def before_other_network_cut(self, bench, chance):
        self.send_past(bench, self.other_site(bench))
        self.lead_elsewhere(bench, chance)

    def before_witness_cut(self, bench, _):
        witness = next(iter(bench.cluster.form.witnesses))
        bench.cluster.database.lead_etcd(witness)
        wait_until(lambda: bench.cluster.database.etcd_leader() == witness, 10, "etcd to be led there")

    @staticmethod
    def send_past(bench, site):
        bench.cluster.ways.sort(key=lambda name: bench.cluster.network.sites[name] == site)
        bench.load.reconnect()

    @staticmethod
    def primary_site(bench):
        return bench.cluster.network.sites[bench.cluster.database.primary()]

    def other_site(self, bench):
        return next(site for site in bench.cluster.form.sites if site != self.primary_site(bench))

    def cut_for_30_s(self, bench, site):
        self.say(f"site {site} is cut off")
        with bench.stall():
            bench.cluster.network.cut_site(site)
            time.sleep(30)
            bench.wait_for_flow()
            bench.cluster.network.heal_site(site)

    def network_cut(self, bench, _):
        """Site b: a vote, the primary, a node and a balancer. Site a holds the majority in this small form."""
        self.cut_for_30_s(bench, "b")

    def primary_network_cut(self, bench, _):
        self.cut_for_30_s(bench, self.primary_site(bench))

    def other_network_cut(self, bench, _):
        self.cut_for_30_s(bench, self.other_site(bench))

    def witness_cut(self, bench, _):
        """The third site, whose etcd leads the others."""
        self.cut_for_30_s(bench, "w")

    # Both builds side by side

    def update(self, bench, _):
        """All nodes, then all databases, one after the other."""
        self.update_nodes(bench)
        self.update_databases(bench)

    def update_databases(self, bench):
        """As an update of PostgreSQL within a major version goes, or of the system below: each machine stops in order and comes
        back with the new programs, the primary last, after it handed over."""
        database = bench.cluster.database
        primary, machines = database.primary(), list(database.form.databases)
        for machine in [each for each in machines if each != primary] + [primary]:
            if machine == database.primary():
                database.switchover()
                wait_until(lambda: database.primary() not in (None, machine), 60, "another primary")
                bench.cluster.wait_settled()
            database.stop_machine(machine)
            bench.wait_for_flow()
            database.start_machine(machine, self.new_postgresql)
            bench.cluster.wait_settled()
            running = {each: database.version(each) for each in machines}
            self.say(f"{machine} was updated: " + ", ".join(f"{each} {'.'.join(map(str, running[each]))}" for each in running))
        bench.wait_for_flow()
        wanted = postgresql.version(self.new_postgresql)
        if set(running.values()) != {wanted}:
            bench.stuck(f"PostgreSQL was updated to {wanted}, and {running} run")

    def update_nodes(self, bench):
        before, after = server.binary(), self.next_program
        for number, name in enumerate(bench.cluster.nodes, 1):
            code = bench.cluster.drain_and_update(name, after)
            if code != 0:
                bench.findings.append(["crash", "", "", f"{name} ended with code {code} when it was updated"])
            bench.wait_for_flow()
            if before != after and number < len(bench.cluster.nodes) and self.level(bench) != 1:
                bench.findings.append(["damaged", "", "", "the next format was written while an old program ran"])
        if before == after:
            return
        end = time.monotonic() + 60
        while self.level(bench) < 2:
            if time.monotonic() > end:
                bench.stuck("the level of formats did not rise after the last update")
                return
            time.sleep(1)
        bench.wait_for_flow(100)
        node = bench.cluster.nodes["n1"]
        node.stop()
        code, _, error = node.run("serve", program=before, timeout_s=60)
        if code != 1 or "reads formats up to" not in error:
            bench.findings.append(["damaged", "", "", f"an old program was not refused: {code} {error}"])
        node.start()

    def level(self, bench):
        return int(max(node.metric("pidge_format_level") for node in bench.cluster.nodes.values()))
