"""Machines on several sites, as network namespaces of this host: a switch for each site, a router between them, links to cut.

    with Network() as network:
        network.machine("a1", "a")            # 10.77.1.11
        network.start("a1", ["etcd", ...], log)
        network.cut("a1"); network.heal("a1"); network.cut_site("a")
        network.inside("x", function)          # in a thread of ours that stands in the namespace

Traffic stays inside; only processes that were started here are ever signalled. Needs root.
"""

import concurrent.futures
import ctypes
import os
import signal
import subprocess
import threading

import processes

CLONE_NEWNET = 0x40000000
SITES = {"a": 1, "b": 2, "w": 3, "x": 9}  # x: everybody else: clients, other sites, the DNS
LIBC = ctypes.CDLL(None, use_errno=True)


def ip(*arguments):
    done = subprocess.run(["ip", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stdout.decode().strip()}")


class Network:
    def __init__(self, prefix=None, net="10.77"):
        self.prefix = prefix or f"pg{os.getpid() % 100000}"
        self.net = net
        self.sites = {}      # machine -> site
        self.addresses = {}  # machine -> address
        self.children = {}   # machine -> [Popen]
        self.here = threading.local()

    def name(self, machine):
        return f"{self.prefix}-{machine}"

    def __enter__(self):
        self.add_namespace("rt")
        self.execute("rt", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        for site, number in SITES.items():
            switch = f"sw{site}"
            self.add_namespace(switch)
            self.at(switch, "link", "add", "name", "br0", "type", "bridge")
            self.at(switch, "link", "set", "br0", "up")
            self.at(switch, "link", "add", f"up{site}", "type", "veth", "peer", "name", f"up{site}", "netns", self.name("rt"))
            self.at(switch, "link", "set", f"up{site}", "master", "br0", "up")
            self.at("rt", "link", "set", f"up{site}", "up")
            self.at("rt", "addr", "add", f"{self.net}.{number}.1/24", "dev", f"up{site}")
        return self

    def __exit__(self, *_):
        for machine in list(self.children):
            self.signal(machine, signal.SIGCONT)
            self.kill(machine)
        names = subprocess.run(["ip", "netns", "list"], stdout=subprocess.PIPE, check=False).stdout.decode().split()
        for name in names:
            if name.startswith(self.prefix + "-"):
                subprocess.run(["ip", "netns", "del", name], check=False)

    def add_namespace(self, machine):
        ip("netns", "add", self.name(machine))
        self.at(machine, "link", "set", "lo", "up")

    def at(self, machine, *arguments):
        ip("-n", self.name(machine), *arguments)

    def machine(self, name, site, number):
        """A machine with one link; returns its address."""
        address = f"{self.net}.{SITES[site]}.{number}"
        self.add_namespace(name)
        self.at(name, "link", "add", "eth0", "type", "veth", "peer", "name", f"p{name}", "netns", self.name(f"sw{site}"))
        self.at(f"sw{site}", "link", "set", f"p{name}", "master", "br0", "up")
        self.at(name, "addr", "add", f"{address}/24", "dev", "eth0")
        self.at(name, "link", "set", "eth0", "up")
        self.at(name, "route", "add", "default", "via", f"{self.net}.{SITES[site]}.1")
        self.sites[name], self.addresses[name], self.children[name] = site, address, []
        return address

    # Links

    def link(self, machine, state):
        self.at(f"sw{self.sites[machine]}", "link", "set", f"p{machine}", state)

    def cut(self, machine):
        self.link(machine, "down")

    def heal(self, machine):
        self.link(machine, "up")

    def cut_site(self, site):
        self.at("rt", "link", "set", f"up{site}", "down")

    def heal_site(self, site):
        self.at("rt", "link", "set", f"up{site}", "up")

    # Processes

    def command(self, machine, *words, user=None):
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        return ["ip", "netns", "exec", self.name(machine), *as_user, *words]

    def start(self, machine, words, log_path, user=None, env=None):
        with open(log_path, "ab") as log:
            child = subprocess.Popen(self.command(machine, *words, user=user), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                     start_new_session=True, preexec_fn=processes.tied_to_us,
                                     env={**os.environ, **(env or {})})
        self.children[machine].append(child)
        return child

    def execute(self, machine, *words, timeout_s=60, check=True, user=None):
        done = subprocess.run(self.command(machine, *words, user=user), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout_s, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"{machine}: {' '.join(words)}: {done.stdout.decode(errors='replace')}")
        return done.stdout.decode(errors="replace")

    def pids(self, machine):
        """Of all processes that stand in the machine's namespace: those we started, and theirs."""
        out = subprocess.run(["ip", "netns", "pids", self.name(machine)], stdout=subprocess.PIPE, check=False).stdout
        return [pid for pid in map(int, out.split()) if pid != os.getpid()]

    def signal(self, machine, number):
        for pid in self.pids(machine):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self, machine):
        """As a power cut does it."""
        for _ in range(5):
            self.signal(machine, signal.SIGKILL)
            for child in self.children[machine]:
                try:
                    child.wait(2)
                except subprocess.TimeoutExpired:
                    continue
            if not self.pids(machine):
                break
        self.children[machine] = []

    # Threads of ours

    def stand_in(self, machine):
        """The calling thread makes its sockets in that namespace from now on."""
        if getattr(self.here, "machine", None) == machine:
            return
        with open(f"/run/netns/{self.name(machine)}", "rb") as file:
            if LIBC.setns(file.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"cannot enter {machine}")
        self.here.machine = machine

    def inside(self, machine, function, *arguments):
        def work():
            self.stand_in(machine)
            return function(*arguments)

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()
