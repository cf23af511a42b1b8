"""C12: nodes, databases, links and networks of a cluster fail under load; what was acknowledged is kept, and clients wait no
longer than docs/cluster.md says."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "cluster"))

import patroni  # noqa: E402
import server  # noqa: E402
from campaign import Campaign, NotRun  # noqa: E402
from cluster import NotHere, check_machine  # noqa: E402
from cluster_bench import ClusterBench  # noqa: E402
from database import MACHINES, server_version  # noqa: E402
from sink import wait_until  # noqa: E402

# What is broken, and how long a client may wait from wanting to send until its 250, in seconds: what docs/cluster.md says.
# Where a machine or a network is gone without a word, Patroni's time to live (20 s) goes by first.
FAULTS = {
    "node-kill": 5, "node-freeze": 5, "node-cut": 5, "node-drain": 5, "server-kill": 5, "machine-kill": 25,
    "primary-freeze": 25, "primary-cut": 25, "standby-kill": 10, "network-cut": 25, "switchover": 5, "update": 5,
}
# Of these clients notice nothing but the wait: no connection breaks, no message is put off.
ONLY_WAITING = {"server-kill", "machine-kill", "primary-freeze", "primary-cut", "standby-kill", "switchover"}
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
        self.engine = f"postgresql {server_version()}, patroni {'.'.join(map(str, version))}"
        self.next_program = os.environ.get("PIDGE_NEXT_BINARY", "")
        if not os.access(self.next_program, os.X_OK):
            self.say("no program of the next format (PIDGE_NEXT_BINARY): the update is to the same one")
            self.next_program = server.binary()

    def groups(self):
        return [list(self.numbers())]

    def run_group(self, numbers):
        folder = self.case_folder(numbers)
        with ClusterBench(folder, f"{self.seed}/{numbers[0]}", load={"rate": 30, "sessions": 8, "size_max": 100_000}) as bench:
            for number in numbers:
                # Each kind in turn; the update last, since it is not taken back.
                kinds = list(FAULTS)
                kind = kinds[(number - 1) % len(kinds)]
                self.say(f"{number}: {kind}")
                if kind == "network-cut":
                    self.lead_from_b(bench)
                bench.faults.append({"number": number, "t": round(time.time(), 4), "kind": kind, "effective": True})
                getattr(self, kind.replace("-", "_"))(bench, self.chance(number))
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
        standby = next(member["name"] for member in bench.cluster.database.members() if "sync" in member["role"])
        bench.cluster.network.kill(standby)
        bench.wait_for_flow()
        bench.cluster.database.start_machine(standby)

    def switchover(self, bench, _):
        bench.cluster.database.switchover()

    # Networks

    @staticmethod
    def lead_from_b(bench):
        """b1 becomes the primary: it must be the synchronous standby first, so the other one goes away for that."""
        database, settled = bench.cluster.database, bench.cluster.wait_settled
        if database.primary() != "b1":
            other = next(machine for machine in MACHINES if machine not in ("b1", database.primary()))
            database.stop_machine(other)
            wait_until(lambda: any(member["name"] == "b1" and "sync" in member["role"] for member in database.members()), 60,
                       "b1 to be synchronous")
            database.switchover()
            wait_until(lambda: database.primary() == "b1", 60, "b1 to lead")
            database.start_machine(other)
            settled()
        bench.wait_for_flow()

    def network_cut(self, bench, _):
        """Site b: a vote, the primary, a node and a balancer. Site a holds the majority in this small form. The load goes
        through the balancer of site a: what is connected to an address of a lost network waits for its own time-outs."""
        with bench.stall():
            bench.cluster.network.cut_site("b")
            time.sleep(30)
            bench.wait_for_flow()
            bench.cluster.network.heal_site("b")

    # Both builds side by side

    def update(self, bench, _):
        """All nodes, then all databases, one after the other."""
        self.update_nodes(bench)
        self.update_databases(bench)

    def update_databases(self, bench):
        """As an update of PostgreSQL within a version goes, or of the system below: each machine stops in order and comes back,
        the primary last, after it handed over. The programs are the same before and after."""
        database = bench.cluster.database
        primary = database.primary()
        for machine in [each for each in MACHINES if each != primary] + [primary]:
            if machine == database.primary():
                database.switchover()
                wait_until(lambda: database.primary() not in (None, machine), 60, "another primary")
                bench.cluster.wait_settled()
            database.stop_machine(machine)
            bench.wait_for_flow()
            database.start_machine(machine)
            bench.cluster.wait_settled()
        bench.wait_for_flow()

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
