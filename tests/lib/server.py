"""The program under test, as its administrator runs it: one folder, one configuration, one process.

    class Submission(unittest.TestCase):
        def test_x(self):
            with Server() as server:
                client = smtplib.SMTP("127.0.0.1", server.ports["submission"])

The program is the one named in PIDGE_BINARY, else that of the release build. The folder is kept when the test fails and
PIDGE_KEEP is set. PIDGE_ENGINE=postgres puts every store into a database of its own on a throw-away PostgreSQL.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

import certs
import config
import postgres
import processes

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PORTS = ("smtp", "submission", "submissions", "admin")


def binary():
    return os.environ.get("PIDGE_BINARY") or os.path.join(ROOT, "build", "release", "pidge")


def run_pidge(*arguments, input=b"", timeout_s=60):
    """One call of the command line; (code, standard output, standard error)."""
    done = subprocess.run([binary(), *arguments], input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=timeout_s, check=False)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


class Server:
    def __init__(self, folder=None, ports=PORTS, names=("mx.site.test", "localhost", "127.0.0.1"), **settings):
        """settings go to config.site_config: dns_port, relay_port, changes, ..."""
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="pidge-test-")
        self.authority = certs.Authority(os.path.join(self.folder, "ca"))
        self.pair = self.authority.issue(*names, file="server")
        self.ports = dict(zip(ports, processes.free_ports(len(ports))))
        self.settings = settings
        if os.environ.get("PIDGE_ENGINE") == "postgres":
            self.settings.setdefault("store", postgres.new_store())
        self.process = None
        self.log_path = os.path.join(self.folder, "pidge.log")
        self.write_config()
        if self.ports and (self.settings.get("store") or {}).get("engine") == "postgres":
            self.pidge("store", "init")

    def write_config(self, **settings):
        """Writes the configuration anew, with other settings laid over the first ones."""
        self.settings = {**self.settings, **settings}
        self.config_path = config.site_config(self.folder, self.ports, self.pair, **self.settings)

    # Life

    def start(self, wait=True):
        with open(self.log_path, "ab") as log:
            self.process = processes.start([binary(), "serve", "--config", self.config_path], log, cwd=self.folder)
        if wait:
            try:
                processes.wait_for(self.is_ready, self.process, 30, "pidge")
            except RuntimeError as error:
                tail = self.log()[-3000:]
                self.kill()
                raise AssertionError(f"{error}; the end of its log:\n{tail}") from None
        return self

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['admin']}/readyz", timeout=1) as reply:
                return reply.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def stop(self, timeout_s=30):
        """As an administrator does it (SIGTERM); returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"pidge did not end within {timeout_s} s of SIGTERM") from None

    def kill(self):
        """As a power cut does it, as far as the process goes."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def restart(self):
        self.stop()
        return self.start()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def __enter__(self):
        return self.start() if self.process is None else self

    def __exit__(self, kind, *_):
        code = None
        if self.process and self.process.poll() is None:
            code = self.stop() if kind is None else self.kill()
        if self.own_folder and not (kind and os.environ.get("PIDGE_KEEP")):
            shutil.rmtree(self.folder, ignore_errors=True)
        elif kind:
            print(f"kept: {self.folder}")
        if kind is None and code not in (None, 0):
            raise AssertionError(f"pidge ended with code {code}")

    # What it says

    def pidge(self, *arguments, **options):
        """The command line on this server; fails when the command does."""
        code, out, err = run_pidge(*arguments, "--config", self.config_path, **options)
        if code != 0:
            raise AssertionError(f"pidge {' '.join(arguments)} ended with code {code}:\n{out}{err}")
        return out

    def add_account(self, address, password):
        self.pidge("account", "add", address, "--password-stdin", input=password.encode() + b"\n")

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def events(self, name=None):
        """The log as dictionaries, all or those of one event."""
        found = []
        for line in self.log().splitlines():
            if line.startswith("{"):
                entry = json.loads(line)
                if name in (None, entry["event"]):
                    found.append(entry)
        return found

    def metric(self, name):
        """The sum of a metric over its labels, from /metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['admin']}/metrics", timeout=5) as reply:
            lines = reply.read().decode().splitlines()
        values = [float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name]
        if not values:
            raise AssertionError(f"/metrics does not show {name}")
        return sum(values)

    def memory_kib(self):
        """Memory of its own, KiB: what it allocated. Its share of the program's pages is left out, for that grows by megabytes
        whenever another process of the same program ends.
        """
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith(("Pss_Anon:", "SwapPss:")))
