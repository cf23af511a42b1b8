"""A throw-away PostgreSQL for the tests of one process: a socket file in a temporary directory, fsync on, gone with the tests.

    store = new_store()          # {"engine": "postgres", "conninfo": ...}: the section of the configuration
    shared().sql("SELECT 1", database_of(store))
"""

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import processes

PROGRAMS = "/usr/lib/postgresql/15/bin"


def run_as():
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class PostgresServer:
    def __init__(self):
        # Short: the path of a socket file ends at 107 octets.
        self.folder = tempfile.mkdtemp(prefix="pgtest-", dir="/tmp")
        if os.geteuid() == 0:
            os.chown(self.folder, run_as()["user"], run_as()["group"])
        self.count, self.standby = 0, None
        subprocess.run([f"{PROGRAMS}/initdb", "-D", f"{self.folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                        "--locale=C", "--no-sync"], cwd="/", stdout=subprocess.DEVNULL, check=True, **run_as())
        self.start()

    def start(self):
        with open(f"{self.folder}/log", "ab") as log:
            self.process = self.run_server(self.folder, log)
        self.guard = processes.Guard(self.process)
        processes.wait_for(self.answers, self.process, 60, "PostgreSQL")

    @staticmethod
    def run_server(folder, log):
        return subprocess.Popen(
            [f"{PROGRAMS}/postgres", "-D", f"{folder}/data", "-k", folder, "-c", "listen_addresses=", "-c", "fsync=on", "-c", "max_connections=200",
             "-c", "shared_buffers=128MB"], cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **run_as())

    def answers(self):
        return subprocess.run([f"{PROGRAMS}/pg_isready", "-q", "-h", self.folder], check=False).returncode == 0

    def kill(self):
        """As kill -9 of all its processes does it; start() recovers."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()
        self.guard.dismiss()

    def processes(self):
        """Of the server and of all its sessions: the sessions first."""
        found = []
        for name in os.listdir("/proc"):
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    if file.read().rsplit(")", 1)[1].split()[1] == str(self.process.pid):
                        found.append(int(name))
            except (OSError, IndexError):
                pass
        return [*found, self.process.pid]

    def freeze(self):
        """Its kernel goes on taking connections, but nothing is answered any more; thaw() ends it."""
        self.process.send_signal(signal.SIGSTOP)  # the one that makes new sessions, before they are counted
        for pid in self.processes():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self.processes():
            os.kill(pid, signal.SIGCONT)

    def remove(self):
        if self.standby:
            self.standby.send_signal(signal.SIGQUIT)
            self.standby.wait()
            self.standby_guard.dismiss()
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def conninfo(self, database):
        return f"host={self.folder} user=postgres dbname={database}"

    def sql(self, statements, database="postgres"):
        done = subprocess.run([f"{PROGRAMS}/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.conninfo(database), "-c",
                               statements], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60)
        if done.returncode != 0:
            raise AssertionError(done.stdout.decode(errors="replace"))
        return done.stdout.decode().strip()

    def add_standby(self):
        """A second copy, which every commit waits for from now on."""
        folder = tempfile.mkdtemp(prefix="standby-", dir=self.folder)
        if os.geteuid() == 0:
            os.chown(folder, run_as()["user"], run_as()["group"])
        subprocess.run([f"{PROGRAMS}/pg_basebackup", "-h", self.folder, "-U", "postgres", "-D", f"{folder}/data", "-R", "-X", "stream", "-c", "fast"],
                       cwd="/", check=True, **run_as())
        with open(f"{self.folder}/log", "ab") as log:
            self.standby = self.run_server(folder, log)
        self.standby_guard = processes.Guard(self.standby)
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.sql("SELECT pg_reload_conf()")
        processes.wait_for(lambda: self.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1", self.standby, 60,
                           "the standby")

    def new_database(self, tablespace="pg_default"):
        self.count += 1
        name = f"site{self.count}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0 TABLESPACE {tablespace}")
        return name


class SmallDisk:
    """A disk of its own for the tables of one database; raises unittest.SkipTest where nothing can be mounted.

    with SmallDisk("64m") as disk:
        Site(store=disk.store)
        disk.fill() ... disk.give(1 << 20) ... disk.empty()
    """

    def __init__(self, size):
        self.server = PostgresServer()
        self.folder = tempfile.mkdtemp(prefix="disk-", dir=self.server.folder)
        self.ballast = os.path.join(self.folder, "ballast")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "pidge-test", self.folder], stderr=subprocess.DEVNULL,
                          check=False).returncode != 0:
            self.server.remove()
            raise unittest.SkipTest("file systems cannot be mounted here")
        if os.geteuid() == 0:
            os.chown(self.folder, run_as()["user"], run_as()["group"])
        os.mkdir(f"{self.folder}/tables")
        os.chmod(f"{self.folder}/tables", 0o700)
        if os.geteuid() == 0:
            os.chown(f"{self.folder}/tables", run_as()["user"], run_as()["group"])
        self.server.sql(f"CREATE TABLESPACE small LOCATION '{self.folder}/tables'")
        self.store = {"engine": "postgres", "conninfo": self.server.conninfo(self.server.new_database("small"))}

    def fill(self):
        with open(self.ballast, "ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError:
                pass

    def give(self, octets):
        """Leaves so much more space than there is."""
        os.truncate(self.ballast, os.path.getsize(self.ballast) - octets)

    def empty(self):
        os.unlink(self.ballast)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.kill()
        subprocess.run(["umount", "-l", self.folder], check=False)
        self.server.remove()


the_server = None


def shared():
    global the_server
    if the_server is None:
        the_server = PostgresServer()
        atexit.register(the_server.remove)
    return the_server


def new_store(**options):
    """The section of a store in a fresh database."""
    return {"engine": "postgres", "conninfo": shared().conninfo(shared().new_database()), **options}


def database_of(store):
    return store["conninfo"].split("dbname=")[1]


def wait_for_sql(statements, wanted, store, timeout_s=30):
    end = time.monotonic() + timeout_s
    while (said := shared().sql(statements, database_of(store))) != wanted:
        if time.monotonic() > end:
            raise AssertionError(f"{statements} gives {said}, not {wanted}")
        time.sleep(0.1)
