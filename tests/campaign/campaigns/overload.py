"""Overload: thousands of clients that send an octet a second, then five times as much mail as can be taken. A client that behaves is
greeted soon, memory stays bounded, and what cannot be taken is put off, never lost."""

import resource
import select
import smtplib
import socket
import threading
import time

from bench import Bench
from campaign import Campaign, NotRun
from load import SENDER, Load
from sink import wait_until

DRIPPING, OTHERS = 10_000, 2000
NETWORKS = 200          # the dripping clients come from so many /24
BANNER_GOAL_MS = 200
RATE_S, FLOOD_S, FLOOD_SENDERS = 6.0, 12.0, 40


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0


class Drippers(threading.Thread):
    """Connections that send one octet a second each, and never a whole command for long."""

    COMMAND = b"EHLO dripping.test\r\nNOOP " + b"x" * 400

    def __init__(self, port, count):
        super().__init__(daemon=True)
        self.port, self.count, self.streams, self.stopping = port, count, [], threading.Event()
        self.closed = 0

    def connect(self):
        poll = select.epoll()
        for number in range(self.count):
            stream = socket.socket()
            stream.setblocking(False)
            stream.bind((f"127.{40 + number % NETWORKS}.{number // NETWORKS % 250}.9", 0))
            stream.connect_ex(("127.0.0.1", self.port))
            poll.register(stream.fileno(), select.EPOLLOUT)
            self.streams.append(stream)
            if number % 100 == 99:
                time.sleep(0.02)
        poll.close()

    def run(self):
        at = 0
        while not self.stopping.is_set():
            began = time.monotonic()
            for stream in list(self.streams):
                try:
                    stream.send(self.COMMAND[at % len(self.COMMAND):][:1])
                except BlockingIOError:
                    pass
                except OSError:
                    self.closed += 1
                    self.streams.remove(stream)
                    stream.close()
            at += 1
            self.stopping.wait(max(0.0, 1.0 - (time.monotonic() - began)))

    def close(self):
        self.stopping.set()
        self.join()
        for stream in self.streams:
            stream.close()


class Overload(Campaign):
    name, identifier, faults_by_default = "overload", "F14", 4
    summary = f"{DRIPPING} dripping connections, then five times the rate that can be taken"
    faults_per_site = 2
    dripping, flood_s = DRIPPING, FLOOD_S

    def check(self):
        wanted = self.dripping + 5000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), max(hard, wanted)))
        except (OSError, ValueError):
            raise NotRun(f"needs {wanted} descriptors; the limit is {hard}") from None

    def make_bench(self, folder, group_seed):
        bench = Bench(folder, group_seed, load={"rate": 10.0, "sessions": 2, "size_max": 20_000},
                      site={"changes": {"limits": {"connections_per_client": 100_000}}})
        return bench

    def inflict(self, bench, number, chance):
        # Room for the crowd, and little where nobody comes: all share the descriptors.
        for listener, connections in (("smtp", self.dripping + OTHERS), ("submission", 500), ("submissions", 100)):
            self.allow(bench, listener, connections)
        return self.drip(bench) if number % 2 else self.flood(bench, chance)

    def allow(self, bench, name, connections):
        text = open(bench.site.config_path, encoding="utf-8").read()
        wanted = f'name = "{name}"\nconnections = {connections}\n'
        if wanted not in text:
            with open(bench.site.config_path, "w", encoding="utf-8") as file:
                file.write(text.replace(f'name = "{name}"\n', wanted))
            before = bench.site.log().count('"event":"reloaded"')
            bench.site.reload()
            wait_until(lambda: bench.site.log().count('"event":"reloaded"') > before, 60, "the reload")

    # A client that behaves

    def watch(self, bench, seconds, label):
        """Sessions one after the other: time to the banner, and what became of a message."""
        banners, taken, put_off = [], 0, 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            try:
                with smtplib.SMTP("127.0.0.1", bench.site.ports["smtp"], timeout=30) as client:
                    banners.append(1000 * (time.monotonic() - began))
                    client.ehlo("behaves.test")
                    code, _ = client.mail(SENDER)
                    taken, put_off = taken + (code == 250), put_off + (400 <= code < 500)
                    if code >= 500:
                        bench.findings.append(["false_bounce", "", "", f"{label}: mail is refused for good with {code}"])
            except smtplib.SMTPConnectError as error:
                put_off += 1
                if error.smtp_code >= 500:
                    bench.findings.append(["false_bounce", "", "", f"{label}: greeted with {error.smtp_code}"])
            except (OSError, smtplib.SMTPException):
                self.tally.count(f"{label}_connections_failed")
            time.sleep(0.02)
        self.tally.count(f"{label}_sessions", taken + put_off)
        self.tally.count(f"{label}_put_off", put_off)
        self.tally.most(f"{label}_banner_ms_p50", round(percentile(banners, 0.5), 1))
        self.tally.most(f"{label}_banner_ms_p99", round(percentile(banners, 0.99), 1))
        self.tally.most(f"{label}_memory_mib", bench.site.memory_kib() >> 10)
        if not taken:
            bench.findings.append(["stuck", "", "", f"{label}: a client that behaves got nowhere in {seconds} s"])

    def drip(self, bench):
        before_kib = bench.site.memory_kib()
        drippers = Drippers(bench.site.ports["smtp"], self.dripping)
        drippers.connect()
        drippers.start()
        try:
            self.watch(bench, RATE_S, "dripping")
            per_connection = (bench.site.memory_kib() - before_kib) / max(1, len(drippers.streams))
            self.tally.most("memory_kib_per_dripping_connection", round(per_connection, 1))
            self.tally.most("dripping_connections", len(drippers.streams))
        finally:
            drippers.close()
        return drippers.streams and bench.load.acknowledged > 0

    def flood(self, bench, chance):
        """First how much is taken when as much is sent as the senders of the load can; then five times as many of them."""
        with Load(bench.site, bench.sent, f"{chance.random()}", rate=100_000.0, sessions=FLOOD_SENDERS // 5, size_max=20_000) as calm:
            time.sleep(self.flood_s / 3)
        self.tally.most("rate_sustained_s", round(calm.acknowledged / (self.flood_s / 3)))
        crowd = Load(bench.site, bench.sent, f"{chance.random()}", rate=100_000.0, sessions=FLOOD_SENDERS, size_max=20_000)
        with crowd:
            self.watch(bench, self.flood_s, "flood")
        self.tally.most("rate_flooded_s", round(crowd.acknowledged / self.flood_s))
        self.tally.count("flood_not_taken", crowd.tried - crowd.acknowledged)
        return crowd.acknowledged > 0
