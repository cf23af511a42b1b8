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
PORTS = {"smtp": 2525, "submission": 2587, "submissions": 2465, "admin": 8080}
SINK_PORT = 2526
HOSTNAME = "mail.demo.test"
DOMAINS = ("demo.test", "physics.demo.test")
# Login, name, published addresses, aliases.
PEOPLE = (
    ("alice", "Alice Archer", ("alice.archer@demo.test",), ("alice@demo.test",)),
    ("bob", "Bob Baker", ("bob.baker@demo.test", "bob.baker@physics.demo.test"), ()),
    ("carol", "Carol Cook", ("carol.cook@physics.demo.test",), ()),
)
# Machines there submit without a password; connecting from 127.0.0.1 shows the difference.
RANGE = "127.0.0.2/32"


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
        """The organisation, made on the first run by the command line; the passwords are written down in the folder."""
        path = os.path.join(FOLDER, "passwords.txt")
        if not os.path.exists(path):
            made = {login: secrets.token_urlsafe(12) for login, *_ in PEOPLE}
            for domain in DOMAINS:
                self.pidge("domain", "add", domain)
            for login, name, published, aliases in PEOPLE:
                options = [word for alias in aliases for word in ("--alias", alias)]
                self.pidge("account", "add", *published, "--login", login, "--name", name, *options, "--password-stdin",
                           input=made[login].encode() + b"\n")
            for domain in DOMAINS:
                self.pidge("domain", "set", domain, "--postmaster", PEOPLE[0][2][0], "--abuse", PEOPLE[1][2][0])
            self.pidge("range", "add", RANGE, "--owner", PEOPLE[0][2][0], "--purpose", "demonstration printer")
            # One receiver stands for the mailboxes of our people and for the rest of the world.
            self.pidge("route", "set", "*", "--host", "127.0.0.1", "--port", str(SINK_PORT))
            with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write("".join(f"{login} {password}\n" for login, password in made.items()))
        with open(path, encoding="ascii") as file:
            return dict(line.split() for line in file)


class ShownSink(Sink):
    """Shows each message in a line and keeps it as run/demo/outside/NUMBER.eml."""

    def take(self, message):
        super().take(message)
        folder = os.path.join(FOLDER, "outside")
        os.makedirs(folder, exist_ok=True)
        with self.arrived:
            path = os.path.join(folder, f"{len(os.listdir(folder)) + 1:05}.eml")
            with open(path, "wb") as file:
                file.write(message.octets)
        subject = next((line for line in message.octets.split(b"\r\n") if line.lower().startswith(b"subject:")), b"")
        print(f"  arrived outside: {message.sender or '<>'} -> {', '.join(message.recipients)} ({len(message.octets)} octets) "
              f"{subject.decode(errors='replace')}  {os.path.relpath(path, ROOT)}", flush=True)


def welcome(demo, passwords):
    with open(os.path.join(FOLDER, "hello.eml"), "w", encoding="ascii", newline="") as file:
        file.write(f"From: {PEOPLE[0][2][0]}\r\nTo: someone@elsewhere.example\r\nSubject: Hello\r\n\r\nHello from the demonstration.\r\n")
    pidge = f"{os.path.relpath(server.binary(), ROOT)} --config run/demo/pidge.toml"
    authority = os.path.relpath(demo.authority_path, ROOT)
    alice, word = PEOPLE[0][2][0], passwords["alice"]
    people = "".join(f"  {login:<8}{passwords[login]:<20}{', '.join(published + aliases)}\n" for login, _, published, aliases in PEOPLE)
    print(f"""
pidge is ready. People and their passwords (also in run/demo/passwords.txt):
{people}
Submit with STARTTLS and a password (port 587 in real life):
  swaks --server 127.0.0.1:{PORTS['submission']} -tls --auth-user alice --auth-password {word} \\
        --from {alice} --to someone@elsewhere.example
TLS from the first octet (465):
  swaks --server 127.0.0.1:{PORTS['submissions']} --tls-on-connect --auth-user alice --auth-password {word} \\
        --from {alice} --to bob.baker@physics.demo.test
  curl --url smtps://localhost:{PORTS['submissions']} --cacert {authority} --user alice:{word} \\
        --mail-from {alice} --mail-rcpt someone@elsewhere.example --upload-file run/demo/hello.eml
A machine of the anonymous range, and the same from elsewhere, which is refused:
  swaks --server 127.0.0.1:{PORTS['smtp']} --local-interface 127.0.0.2 --from {alice} --to someone@elsewhere.example
  swaks --server 127.0.0.1:{PORTS['smtp']} --from {alice} --to someone@elsewhere.example
Mail from outside for one of ours:
  swaks --server 127.0.0.1:{PORTS['smtp']} --from someone@elsewhere.example --to postmaster@demo.test
Look at it:
  {pidge} status
  {pidge} queue list
  {pidge} audit search elsewhere.example
  {pidge} audit verify
  curl http://127.0.0.1:{PORTS['admin']}/readyz http://127.0.0.1:{PORTS['admin']}/metrics
What arrives outside is shown here and kept in run/demo/outside. The log is run/demo/pidge.log; change
run/demo/pidge.toml and reload with: kill -HUP {demo.process.pid}
Next: {pidge} --help, docs/commands.md, docs/configuration.md

Ctrl-C ends it; run/demo is kept, and ./dev run --fresh begins anew.
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
