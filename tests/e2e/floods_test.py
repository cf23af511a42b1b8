"""attacks.md F14: ten thousand clients that send an octet now and then. Others are served as before, the slow ones are shown
the door, memory is bounded.

PIDGE_SLOW_CLIENTS sets how many there are (default 1000); with 10000, the long form, the times of the others are held to their
goals too.
"""

import os
import selectors
import socket
import statistics
import time
import unittest

from rawsmtp import Raw
from testsite import Site

SLOW = int(os.environ.get("PIDGE_SLOW_CLIENTS", "1000"))
IS_LONG = SLOW >= 10_000
PER_NETWORK = 50
DRIP_S = 9.0
TEXT = b"From: alice@site.test\r\nTo: x@out.test\r\n\r\nhello\r\n"


class SlowClients:
    """Connections from many addresses, each of which sends an octet every nine seconds."""

    def __init__(self, port, count):
        self.port, self.count = port, count
        self.selector = selectors.DefaultSelector()
        self.open, self.said = [], {}
        self.ended = []          # when they were closed, after they had begun
        self.next_drip = time.monotonic()

    def connect(self):
        for number in range(self.count):
            stream = socket.socket()
            stream.setblocking(False)
            network, host = divmod(number, PER_NETWORK)
            stream.bind((f"127.{1 + network // 250}.{network % 250}.{1 + host}", 0))
            stream.connect_ex(("127.0.0.1", self.port))
            self.selector.register(stream, selectors.EVENT_READ, time.monotonic())
            self.open.append(stream)
            self.said[stream] = b""
            if number % 50 == 49:
                self.wait_for_banners()

    def wait_for_banners(self):
        """More at once than the backlog of the socket holds would be reset by the kernel."""
        end = time.monotonic() + 60
        while any(not self.said[stream] for stream in self.open):
            if time.monotonic() > end:
                raise AssertionError("a slow client was not greeted within a minute")
            self.next_drip = time.monotonic() + DRIP_S  # who speaks before the greeting is sent away at once
            self.work(0.01)

    def work(self, wait_s):
        """Reads what came, drips when it is time."""
        for key, _ in self.selector.select(wait_s):
            stream = key.fileobj
            try:
                piece = stream.recv(4096)
            except OSError:
                piece = b""
            self.said[stream] = self.said[stream][-200:] + piece
            if not piece:
                self.ended.append(time.monotonic() - key.data)
                self.selector.unregister(stream)
                self.open.remove(stream)
                stream.close()
        if time.monotonic() >= self.next_drip:
            self.next_drip = time.monotonic() + DRIP_S
            for stream in self.open:
                try:
                    stream.send(b"N")
                except OSError:
                    pass  # the selector tells

    def close(self):
        for stream in self.open:
            stream.close()
        self.selector.close()


def visit(site):
    """A well-behaved client sends a message; milliseconds to the banner, and to the end."""
    begun = time.monotonic()
    with Raw(site.ports["smtp"], timeout_s=60) as client:
        banner = client.reply()
        first = (time.monotonic() - begun) * 1000
        if not banner or not banner.startswith("220"):
            raise AssertionError(f"instead of a banner there came {banner}")
        client.ask("EHLO client.test")
        client.send(b"MAIL FROM:<alice@site.test>\r\nRCPT TO:<x@out.test>\r\nDATA\r\n")
        replies = [client.reply() for _ in range(3)]
        client.send(TEXT + b".\r\n")
        replies.append(client.reply())
        if [reply and reply[:3] for reply in replies] != ["250", "250", "354", "250"]:
            raise AssertionError(f"a well-behaved client was answered {replies}")
    return first, (time.monotonic() - begun) * 1000


def p99(values):
    return statistics.quantiles(values, n=100, method="inclusive")[98] if len(values) > 1 else values[0]


class Floods(unittest.TestCase):
    def site(self, connections):
        site = Site()
        site.write_config(changes={
            "listener": [{"name": "smtp", "service": "mx", "address": f"127.0.0.1:{site.ports['smtp']}", "connections": connections},
                         {"name": "admin", "service": "http", "address": f"127.0.0.1:{site.ports['admin']}"}],
            "limits": {"connections_per_client": 20}, "log": {"level": "info", "form": "json"}})
        return site

    def test_F14_slow_clients_in_great_number_harm_nobody(self):
        """[F14] More than four fifths of all places are theirs, so each has ten seconds for a line."""
        places = SLOW * 6 // 5
        with self.site(places) as site:
            alone = [visit(site) for _ in range(200)]
            before = site.memory_kib()
            slow = SlowClients(site.ports["smtp"], SLOW)
            try:
                slow.connect()
                peak, others, begun = 0, [], time.monotonic()
                while slow.open and time.monotonic() - begun < 40:
                    others.append(visit(site))
                    slow.work(0.01)
                    if len(others) % 20 == 1:
                        peak = max(peak, site.memory_kib())
                # Who came when others had gone already has more time: nobody is in want of a place then.
                self.assertLess(len(slow.open), places * 4 // 5, "slow clients that were not sent away")
                ended = SLOW - len(slow.open)
                farewells = [said for said in slow.said.values() if b"421 4.4.2" in said]
            finally:
                slow.close()
            banner, banner_alone = p99([first for first, _ in others]), p99([first for first, _ in alone])
            rate = len(others) / sum(whole for _, whole in others) * 1000
            rate_alone = len(alone) / sum(whole for _, whole in alone) * 1000
            print(f"{SLOW} slow clients: banner p99 {banner:.1f} ms ({banner_alone:.1f} alone), {rate:.0f} messages/s by one client "
                  f"after another ({rate_alone:.0f} alone), {(peak - before) / SLOW:.1f} KiB for each, the last was left after "
                  f"{max(slow.ended):.1f} s", flush=True)
            # Where an octet crosses the goodbye on the wire, a reset takes that from the client.
            self.assertGreaterEqual(len(farewells), ended * 9 // 10)
            self.assertLess((peak - before) / SLOW, 64)
            if IS_LONG:
                self.assertLessEqual(banner, 200)
                self.assertGreaterEqual(rate, 0.8 * rate_alone)

    def test_F14_one_client_or_network_gets_no_more_than_its_share(self):
        """[F14] Twenty connections of an address, a hundred of a /24."""
        with self.site(1000) as site:
            def open_from(address):
                client = Raw(site.ports["smtp"], source=address)
                kept.append(client)
                return (client.reply() or "")[:3]
            kept = []
            try:
                self.assertEqual([open_from("127.3.3.3") for _ in range(25)], ["220"] * 20 + ["421"] * 5)
                self.assertEqual([open_from(f"127.3.3.{10 + n}") for n in range(85)], ["220"] * 80 + ["421"] * 5)
                self.assertEqual(open_from("127.3.4.3"), "220")
            finally:
                for client in kept:
                    client.close()


if __name__ == "__main__":
    unittest.main()
