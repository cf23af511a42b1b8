"""Processes that tests start: they die with the test, and only they are ever ended."""

import contextlib
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import time

SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)


def free_port(host="127.0.0.1"):
    """A port that nobody listens on just now."""
    return free_ports(1, host)[0]


def free_ports(count, host="127.0.0.1"):
    """So many different ones: each is held until the last is found. They lie below those that the kernel gives to connections that go
    out: one of these could take such a port before a server listens there, or between two of its lives."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        end = int(file.read().split()[0])
    found = []
    with contextlib.ExitStack() as held:
        while len(found) < count:
            probe = held.enter_context(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET))
            try:
                probe.bind((host, random.SystemRandom().randrange(10_000, max(end, 20_000))))
            except OSError:
                continue
            found.append(probe.getsockname()[1])
        return found


def is_open(port, host="127.0.0.1"):
    try:
        with socket.create_connection((host, port), 1):
            return True
    except OSError:
        return False


def greets(port, host="127.0.0.1"):
    """Whether a server that speaks first says something."""
    try:
        with socket.create_connection((host, port), 2) as stream:
            return bool(stream.recv(1))
    except OSError:
        return False


def tied_to_us():
    """Runs in the child: it is killed when the test goes away, however that happens."""
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def start(command, log, **options):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=tied_to_us, **options)


class Guard:
    """Ends a process when we are gone. For servers that change their user, which makes the kernel forget tied_to_us()."""

    def __init__(self, process):
        self.shell = subprocess.Popen(["sh", "-c", f"read _; kill {process.pid}"], stdin=subprocess.PIPE,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def dismiss(self):
        self.shell.kill()
        self.shell.wait()
        self.shell.stdin.close()


def wait_for(ready, process=None, timeout_s=20.0, what="the server"):
    """Until ready() is true; RuntimeError when the process ends before, or time is up."""
    end = time.monotonic() + timeout_s
    while not ready():
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{what} ended with code {process.returncode}")
        if time.monotonic() > end:
            raise RuntimeError(f"{what} was not ready in {timeout_s} s")
        time.sleep(0.02)


def has(*programs):
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return all(shutil.which(program, path=path) for program in programs)
