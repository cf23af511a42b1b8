"""./dev run: a whole site on loopback, in one folder that is kept."""

import argparse
import os
import secrets
import shutil
import signal
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

import certs  # noqa: E402
import config  # noqa: E402
import processes  # noqa: E402
import server  # noqa: E402
from sink import Sink  # noqa: E402

FOLDER = os.path.join(ROOT, "run", "demo")
PORTS = {"smtp": 2525, "submission": 2587, "submissions": 2465, "admin": 8025}
SINK_PORT = 2526
DOMAIN, HOSTNAME = "demo.test", "mail.demo.test"
ACCOUNTS = ("alice", "bob")


class Demo(server.Server):
    """The server of the tests, with ports and files that stay."""

    def __init__(self):
        self.own_folder, self.folder, self.process = False, FOLDER, None
        self.ports, self.log_path = dict(PORTS), os.path.join(FOLDER, "pidge.log")
        self.config_path = os.path.join(FOLDER, "pidge.toml")
        os.makedirs(FOLDER, exist_ok=True)
        authority = certs.Authority(os.path.join(FOLDER, "ca"), "pidge demonstration")
        self.authority_path = authority.certificate
        if not os.path.exists(os.path.join(FOLDER, "ca", "server.pem")):
            authority.issue(HOSTNAME, "localhost", "127.0.0.1", file="server")
        self.pair = certs.Pair(os.path.join(FOLDER, "ca", "server.pem"), os.path.join(FOLDER, "ca", "server.key"))
        if not os.path.exists(self.config_path):  # what was edited by hand stays
            config.site_config(FOLDER, PORTS, self.pair, hostname=HOSTNAME, changes={"log": {"level": "info", "form": "text"}})

    def passwords(self):
        """Domain, accounts and routes, made on the first run; the passwords are written down in the folder."""
        path = os.path.join(FOLDER, "passwords.txt")
        if not os.path.exists(path):
            made = {f"{name}@{DOMAIN}": secrets.token_urlsafe(12) for name in ACCOUNTS}
            self.pidge("domain", "add", DOMAIN)
            for domain in (DOMAIN, "elsewhere.test"):
                self.pidge("route", "set", domain, "--next-hop", f"127.0.0.1:{SINK_PORT}")
            for address, password in made.items():
                self.add_account(address, password)
            with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write("".join(f"{address} {password}\n" for address, password in made.items()))
        with open(path, encoding="ascii") as file:
            return dict(line.split() for line in file)


class ShownSink(Sink):
    def take(self, message):
        super().take(message)
        subject = next((line for line in message.octets.split(b"\r\n") if line.lower().startswith(b"subject:")), b"")
        print(f"  left for another site: {message.sender} -> {', '.join(message.recipients)} "
              f"({len(message.octets)} octets) {subject.decode(errors='replace')}", flush=True)


def welcome(demo, passwords):
    address, password = next(iter(passwords.items()))
    print(f"""
pidge is ready. Accounts (also in run/demo/passwords.txt):
""" + "".join(f"  {name}  {word}\n" for name, word in passwords.items()) + f"""
Submit a message over TLS:
  swaks --server 127.0.0.1:{PORTS['submissions']} --tls-on-connect --auth-user {address} --auth-password {password} \\
        --from {address} --to someone@elsewhere.test
Deliver one from outside:
  swaks --server 127.0.0.1:{PORTS['smtp']} --from someone@elsewhere.test --to bob@{DOMAIN}
Look at it:
  curl http://127.0.0.1:{PORTS['admin']}/metrics
  {os.path.relpath(server.binary(), ROOT)} --help        (configuration: run/demo/pidge.toml, log: run/demo/pidge.log)

Ctrl-C ends it; run/demo is kept.
""", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="./dev run")
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    busy = [port for port in [*PORTS.values(), SINK_PORT] if processes.is_open(port)]
    if busy:
        sys.exit(f"Something listens on port {busy[0]} already; is another ./dev run going?")
    if options.fresh:
        shutil.rmtree(FOLDER, ignore_errors=True)

    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with ShownSink(port=SINK_PORT):
        demo = Demo()
        try:
            demo.start()
            welcome(demo, demo.passwords())
            while not over.wait(0.5) and demo.process.poll() is None:
                pass
            if demo.process.poll() is not None:
                sys.exit(f"pidge ended by itself with code {demo.process.returncode}; see run/demo/pidge.log")
        finally:
            if demo.process and demo.process.poll() is None:
                demo.stop()
    print("\nEnded.")


main()
