"""C1 with a long queue: the process is killed with 100,000 entries in it, under load, and must be ready again within five seconds,
with all of them. They wait for servers that cannot be reached; their own end is no part of this campaign."""

import json
import smtplib
import threading
import time

import server
from bench import Bench
from campaign import Campaign
from load import SENDER, make_message

ENTRIES, DOMAINS, FILLERS = 100_000, 100, 4  # one message has an entry for each of so many domains
DELIVERED = ("out.test", "slow.test", "no.test", "site.test")


class LongBench(Bench):
    """What waits for ever is left in the queue."""
    waiting = None

    def entries(self, *filters):
        return json.loads(self.site.pidge("queue", "list", "--json", "--limit", "1000000", *filters, timeout_s=300))

    def count_waiting(self):
        return len(self.entries("--destination", "away"))

    def drain(self, site, timeout_s=120):
        end = time.monotonic() + timeout_s
        while any(self.entries("--destination", domain) for domain in DELIVERED):
            if time.monotonic() > end:
                self.findings.append(["stuck", "", "", "not all that can be delivered is delivered"])
                return
            for domain in DELIVERED:
                server.run_pidge("queue", "retry", "--all", "--destination", domain, "--config", site.config_path, timeout_s=120)
            time.sleep(3)


class Recovery(Campaign):
    name, identifier, faults_by_default = "recovery", "C1", 10
    summary = f"killed with {ENTRIES} entries in the queue: ready within 5 s, with all of them"
    faults_per_site = 10
    entries = ENTRIES

    def make_bench(self, folder, group_seed):
        return LongBench(folder, group_seed, load={"rate": 10.0, "sessions": 4, "size_max": 50_000}, site={"changes": {"log": {"level": "warning"}}})

    def inflict(self, bench, number, chance):
        if bench.waiting is None:
            self.fill(bench, chance)
        time.sleep(chance.uniform(0.3, 1.5))
        in_flight = bench.load.in_flight
        bench.site.kill()
        self.check_ready(bench, bench.start())
        waiting = bench.count_waiting()
        if waiting != bench.waiting:
            bench.findings.append(["lost", "", "", f"{waiting} entries wait after the kill, {bench.waiting} before"])
        self.tally.most("entries", waiting)
        return in_flight > 0

    def fill(self, bench, chance):
        """Their domains lead to where nobody listens."""
        for number in range(DOMAINS):
            bench.zone.add(f"away{number}.test", "MX", 10, "mx.away.test")
        bench.zone.host_record("mx.away.test", "127.0.0.66")
        messages = -(-self.entries // DOMAINS)
        octets = [make_message(chance, f"filler-{number}", 1500) for number in range(messages)]
        threads = [threading.Thread(target=self.send, args=(bench, octets[part::FILLERS])) for part in range(FILLERS)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        bench.waiting = bench.count_waiting()
        self.tally.most("fill_s", round(time.monotonic() - began))
        if bench.waiting < self.entries:
            raise RuntimeError(f"only {bench.waiting} entries came into the queue")

    @staticmethod
    def send(bench, texts):
        with smtplib.SMTP("127.0.0.1", bench.site.ports["smtp"], timeout=120) as client:
            for text in texts:
                client.sendmail(SENDER, [f"x@away{number}.test" for number in range(DOMAINS)], text)
