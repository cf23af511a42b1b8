"""A TCP proxy that does to a connection what bad networks do. In front of a server for its clients, or of a remote one.

    with ChaosProxy("127.0.0.1", site.ports["smtp"]) as proxy:
        proxy.plans = [Plan(cut_after=b"\\r\\n.\\r\\n", how="rst")]   # of the connections to come, in turn; then: plain
        ... connect to proxy.port ...
        proxy.cuts    # [(number of the connection, direction, octets that went through)]

A plan is about one direction ("up": client to server, "down") and one way of going wrong, from a place on: `cut_at` octets, or
after the first `cut_after`. A cut after the client's final dot and before the server's reply is counted in `cuts_after_dot`.
"""

import random
import socket
import struct
import threading
import time
from dataclasses import dataclass

HOWS = ("rst", "fin", "half-close", "stall", "drip", "corrupt", "delay")
FINAL_DOT = b"\r\n.\r\n"
PIECE = 65536


@dataclass
class Plan:
    how: str = "rst"
    direction: str = "up"
    cut_at: int = -1        # octets that still go through as they are; -1: none of this kind
    cut_after: bytes = b""
    seconds: float = 1.0    # of a stall before the end, per octet of a drip, of a delay
    seed: int = 0           # of what a corrupt octet becomes


class Cut(Exception):
    pass


class Link:
    """One connection through the proxy."""

    def __init__(self, proxy, number, client, server, plan):
        self.proxy, self.number, self.plan = proxy, number, plan
        self.ends = {"up": (client, server), "down": (server, client)}
        self.passed = {"up": 0, "down": 0}
        self.tail = b""          # of what went up
        self.is_dot_open = False  # a final dot went up and nothing came down since
        self.lock = threading.Lock()
        self.is_over = False

    def run(self):
        threads = [threading.Thread(target=self.pump, args=(direction,), daemon=True) for direction in self.ends]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for end in self.ends["up"]:
            end.close()

    def pump(self, direction):
        source, target = self.ends[direction]
        try:
            while True:
                octets = source.recv(PIECE)
                if not octets:
                    break
                if self.plan and self.plan.direction == direction:
                    self.mistreat(direction, octets, target)
                else:
                    self.forward(direction, octets, target)
            target.shutdown(socket.SHUT_WR)
        except Cut:
            pass
        except OSError:
            self.end(reset=False)

    def forward(self, direction, octets, target):
        target.sendall(octets)
        with self.lock:
            self.passed[direction] += len(octets)
            if direction == "up":
                self.tail = (self.tail + octets)[-len(FINAL_DOT):]
                self.is_dot_open = self.is_dot_open or FINAL_DOT in self.tail + octets or self.tail == FINAL_DOT
            else:
                self.is_dot_open = False

    def place(self, direction, octets):
        """How many of these still go through; None: all, the place has not come."""
        plan = self.plan
        if plan.cut_at >= 0 and self.passed[direction] + len(octets) > plan.cut_at:
            return max(0, plan.cut_at - self.passed[direction])
        if plan.cut_after:
            window = getattr(self, "window", b"")
            at = (window + octets).find(plan.cut_after)
            self.window = (window + octets)[-len(plan.cut_after) + 1:] if len(plan.cut_after) > 1 else b""
            if at >= 0:
                return max(0, at + len(plan.cut_after) - len(window))
        return None

    def mistreat(self, direction, octets, target):
        plan = self.plan
        if plan.how in ("drip", "corrupt", "delay") and getattr(self, "has_begun", False):
            return self.spoil(direction, octets, target)
        place = self.place(direction, octets)
        if place is None:
            return self.forward(direction, octets, target)
        if place:
            self.forward(direction, octets[:place], target)
        if plan.how in ("drip", "corrupt", "delay"):
            self.has_begun = True
            self.proxy.note(self, direction)
            if octets[place:]:
                self.spoil(direction, octets[place:], target)
            return None
        return self.cut(direction, target)

    def spoil(self, direction, octets, target):
        plan = self.plan
        if plan.how == "delay":
            self.proxy.stopping.wait(plan.seconds)
            self.forward(direction, octets, target)
        elif plan.how == "drip":
            for at in range(len(octets)):
                self.forward(direction, octets[at:at + 1], target)
                if self.proxy.stopping.wait(plan.seconds):
                    raise Cut()
        else:
            chance = random.Random(f"{plan.seed} {self.passed[direction]}")
            spoilt = bytearray(octets)
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
            self.forward(direction, bytes(spoilt), target)

    def cut(self, direction, target):
        self.proxy.note(self, direction)
        if self.plan.how == "half-close":
            target.shutdown(socket.SHUT_WR)
            raise Cut()
        if self.plan.how == "stall":
            self.proxy.stopping.wait(self.plan.seconds)
        self.end(reset=self.plan.how == "rst")
        raise Cut()

    def end(self, reset):
        with self.lock:
            if self.is_over:
                return
            self.is_over = True
        for end in self.ends["up"]:
            try:
                if reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.close()
                else:
                    end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class ChaosProxy:
    def __init__(self, target_host, target_port, host="127.0.0.1", port=0):
        self.target = (target_host, target_port)
        self.plans, self.cuts, self.links = [], [], []
        self.cuts_after_dot = 0
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.listener = socket.create_server((host, port), backlog=128)
        self.host, self.port = self.listener.getsockname()

    def note(self, link, direction):
        with self.lock:
            self.cuts.append((link.number, direction, link.passed[direction]))
            self.cuts_after_dot += link.is_dot_open

    def accept(self):
        number = 0
        while not self.stopping.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target, 10)
            except OSError:
                client.close()
                continue
            for end in (client, server):
                end.settimeout(60)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                plan = self.plans.pop(0) if self.plans else None
            link = Link(self, number, client, server, plan)
            self.links.append(link)
            number += 1
            threading.Thread(target=link.run, daemon=True).start()

    def start(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def stop(self):
        self.stopping.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for link in self.links:
            link.end(reset=False)
        time.sleep(0)

    __enter__ = start

    def __exit__(self, *_):
        self.stop()
