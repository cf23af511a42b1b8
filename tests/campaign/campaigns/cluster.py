"""C12: nodes, databases, links and networks of a cluster fail under load; what was acknowledged is kept, and clients wait no
longer than docs/cluster.md says."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "cluster"))

import server  # noqa: E402
from campaign import Campaign, NotRun  # noqa: E402
from cluster import NotHere, check_machine  # noqa: E402
from cluster_bench import ClusterBench  # noqa: E402

# What is broken, and the longest pause of all clients together that is allowed for it, in seconds (docs/cluster.md).
FAULTS = {
    "node-kill": 6, "node-freeze": 6, "node-cut": 12, "node-drain": 3, "server-kill": 10, "machine-kill": 30,
    "primary-freeze": 40, "primary-cut": 40, "standby-kill": 20, "network-cut": 45, "switchover": 10, "update": 6,
}
# Under valgrind, on one core or beside a compiler everything takes longer; what is lost is not a matter of time.
SLOWER = float(os.environ.get("PIDGE_CLUSTER_SLOWER", "1"))


class ClusterCampaign(Campaign):
    name, identifier, faults_by_default = "cluster", "C12", len(FAULTS)
    summary = "nodes, databases, links and networks of a cluster"

    def check(self):
        try:
            check_machine()
        except NotHere as reason:
            raise NotRun(str(reason)) from None
        self.next_program = os.environ.get("PIDGE_NEXT_BINARY", "")
        if not os.access(self.next_program, os.X_OK):
            self.say("no program of the next format (PIDGE_NEXT_BINARY): the update is to the same one")
            self.next_program = server.binary()
        self.updated = False

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
        self.judge(folder, numbers)

    def look_at_pauses(self, bench):
        for kind, pause_s, slowest_s in bench.pauses():
            self.say(f"{kind}: longest pause {pause_s:.1f} s, slowest message {slowest_s:.1f} s")
            self.tally.most(f"pause_ms {kind}", round(pause_s * 1000))
            if pause_s > FAULTS[kind] * SLOWER:
                bench.findings.append(["stuck", "", "", f"{kind}: a pause of {pause_s:.1f} s, {FAULTS[kind]} s are allowed"])

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
        node.freeze()
        time.sleep(20)  # longer than its word holds
        bench.wait_for_flow()
        node.thaw()

    def node_cut(self, bench, chance):
        node = self.some_node(bench, chance)
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

    def network_cut(self, bench, _):
        """Site b: a vote, a database, a node and a balancer. Site a holds the majority in this small form."""
        bench.cluster.network.cut_site("b")
        time.sleep(15)
        bench.wait_for_flow()
        bench.cluster.network.heal_site("b")

    # Both builds side by side

    def update(self, bench, _):
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
                bench.findings.append(["stuck", "", "", "the level of formats did not rise after the last update"])
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
