"""C8, the network's part: connections of clients and to other sites that are cut, reset, half closed, stalled, slowed down or
corrupted, at any octet and after any reply. What was acknowledged arrives; what arrives twice was cut between dot and reply."""

import time

from bench import Bench
from campaign import Campaign
from chaosproxy import ChaosProxy, Plan

# After these the connection breaks, in clear at least; by direction.
PATTERNS = {"up": (b"EHLO ", b"STARTTLS", b"MAIL FROM", b"RCPT TO", b"DATA\r\n", b"BDAT ", b"Subject:", b"\r\n.\r\n", b"\r\n.\r\n", b"\r\n.\r\n"),
            "down": (b"220 ", b"250", b"\r\n354 ", b"accepted ", b"250 2.0.0 Taken", b"250 2.0.0 Taken")}
LATEST_OCTET = 150_000
PATIENCE_S = 1.5


class NetworkBench(Bench):
    """Between site and remote servers, and between clients and site, there is a proxy."""

    def __enter__(self):
        self.remote = ChaosProxy("127.0.0.1", 0).start()
        return super().__enter__()

    def start(self, **env):
        self.site.write_config(relay_port=self.remote.port)
        self.remote.target = ("127.0.0.1", self.sink.port)
        took = super().start(**env)
        if not hasattr(self, "front"):
            self.front = {port: ChaosProxy("127.0.0.1", self.site.ports[port]).start() for port in ("smtp", "submission")}
            self.site.ports = {**self.site.ports, **{port: proxy.port for port, proxy in self.front.items()}}
        return took

    def __exit__(self, *what):
        super().__exit__(*what)
        for proxy in (self.remote, *getattr(self, "front", {}).values()):
            proxy.stop()


class Network(Campaign):
    name, identifier, faults_by_default = "network", "C8n", 2000
    summary = "connections cut, reset, stalled, slowed and corrupted, on either side"
    faults_per_site = 200

    def make_bench(self, folder, group_seed):
        return NetworkBench(folder, group_seed, load={"rate": 120.0, "sessions": 12, "size_max": 200_000},
                            site={"changes": {"log": {"level": "info"}, "relay": {"wait_max": "3 s"}}})

    def plan(self, chance, where):
        direction = chance.choice(("up", "down"))
        hows = ["rst", "rst", "fin", "half-close", "stall", "drip", "delay"]
        # Only TLS notices a wrong octet.
        how = "corrupt" if where == "submission" and chance.random() < 0.3 else chance.choice(hows)
        plan = Plan(how, direction, seconds={"stall": 1.0, "drip": 0.002, "delay": 0.05}.get(how, 0.0), seed=chance.getrandbits(32))
        if how == "corrupt":
            plan.cut_at = 600 + int(LATEST_OCTET ** chance.random())  # beyond STARTTLS
        elif chance.random() < 0.6 and where != "submission":
            plan.cut_after = chance.choice(PATTERNS[direction])
        else:
            plan.cut_at = int(LATEST_OCTET ** chance.random())
        return plan

    def inflict(self, bench, number, chance):
        where = chance.choice(("remote", "remote", "smtp", "submission"))
        proxy = bench.remote if where == "remote" else bench.front[where]
        before, after_dot = len(proxy.cuts), proxy.cuts_after_dot
        proxy.plans.append(self.plan(chance, where))
        end = time.monotonic() + PATIENCE_S
        while len(proxy.cuts) == before and time.monotonic() < end:
            time.sleep(0.005)
        self.tally.count("cuts_after_dot", proxy.cuts_after_dot - after_dot)
        if bench.site.process.poll() is not None:
            bench.findings.append(["crash", "", "", f"the program ended by itself with code {bench.site.process.returncode}"])
            bench.start()
        return len(proxy.cuts) > before
