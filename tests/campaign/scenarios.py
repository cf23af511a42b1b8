"""What a program goes through while its system calls fail: one class for each scenario of C4.

prepare() brings the site into the state before, undisturbed; act() is disturbed and takes whatever comes of it. What was promised
meanwhile is in the sender's record, and judged by the oracle afterwards.
"""

import hashlib
import itertools
import os
import signal
import smtplib
import subprocess
import time

import certs
import config
import processes
import server
from load import SENDER, make_message
from rawsmtp import Raw
from server import run_pidge
from sink import wait_until

SETTLE_S = 4  # for what happens behind the scenes; what has not happened then was held up by the fault
SIZES = {"small": 2000, "large": 700_000, "bdat": 300_000}


def soon(condition, timeout_s=SETTLE_S):
    try:
        wait_until(condition, timeout_s)
        return True
    except (AssertionError, OSError):
        return False


class Sender:
    """Sends one message and records what was promised for it."""

    def __init__(self, bench):
        self.bench, self.site, self.chance = bench, bench.site, bench.chance
        self.numbers = itertools.count(1)

    def send(self, kind="small", domain="out.test", expect_refusal=False):
        """(code, text) of the last reply, or None when the connection broke."""
        token = f"f{next(self.numbers)}-{self.chance.getrandbits(32):08x}"
        octets = make_message(self.chance, token, SIZES[kind])
        recipient = f"r-{token}@{domain}"
        journal = self.bench.sent
        journal.add(kind="try", t=round(time.time(), 4), token=token, sha256=hashlib.sha256(octets).hexdigest(), size=len(octets),
                    sender=SENDER, recipients=[recipient], port="smtp")
        try:
            code, text = (self.by_chunks if kind == "bdat" else self.by_data)(octets, recipient)
        except (OSError, smtplib.SMTPException):
            return None
        queue = text.partition("accepted ")[2].split(" ")[0] if code == 250 else ""
        journal.add(kind="reply", t=round(time.time(), 4), token=token, code=code, text=text, recipients=[recipient] if queue else [], queue=queue)
        return code, text

    def by_data(self, octets, recipient):
        with smtplib.SMTP("127.0.0.1", self.site.ports["smtp"], timeout=20) as client:
            for code, text in (client.ehlo("client.test"), client.mail(SENDER), client.rcpt(recipient)):
                if code != 250:
                    return code, text.decode(errors="replace")
            code, text = client.data(octets)
            return code, text.decode(errors="replace")

    def by_chunks(self, octets, recipient):
        with Raw(self.site.ports["smtp"], timeout_s=20) as client:
            client.hello()
            if client.envelope(SENDER, recipient) != ("250", "250"):
                return 451, ""
            half = len(octets) // 2
            reply = None
            for piece, last in ((octets[:half], ""), (octets[half:], " LAST")):
                client.send(f"BDAT {len(piece)}{last}\r\n".encode() + piece)
                reply = client.reply()
                if reply is None or reply[0] != "2":
                    break
            if reply is None:
                raise OSError("the connection broke")
            return int(reply[:3]), reply[4:]


class Scenario:
    def __init__(self, bench, chance):
        self.bench, self.site, self.chance = bench, bench.site, chance
        self.first_end = None  # code and log of a life that ended before the one that is left

    def prepare(self):
        pass

    def act(self):
        raise NotImplementedError

    def soon(self, condition, timeout_s=SETTLE_S):
        """Not longer than there is something to wait for: a program that has ended, or whose store has failed, does nothing more."""
        return soon(lambda: condition() or self.is_over(), timeout_s)

    def is_over(self):
        return self.site.process.poll() is not None or '"store-write-failed"' in self.log()

    def log(self):
        """Since the act began."""
        with open(self.site.log_path, "rb") as file:
            file.seek(self.bench.log_seen)
            return file.read().decode(errors="replace")

    def verb(self, *arguments):
        """A command of the administrator; it may fail."""
        try:
            return run_pidge(*arguments, "--config", self.site.config_path, timeout_s=20)[0]
        except subprocess.TimeoutExpired:
            return None

    def entries(self):
        return self.site.pidge("queue", "list", "--json")

    def start(self):
        """The program, disturbed from its first call on; it may refuse to start."""
        with open(self.site.log_path, "ab") as log:
            environment = {**os.environ, **self.bench.env}
            self.site.process = processes.start([server.binary(), "serve", "--config", self.site.config_path], log, cwd=self.site.folder,
                                                env=environment)
        soon(lambda: self.site.process.poll() is not None or self.site.is_ready(), 20)


class Start(Scenario):
    """On an empty folder; what the first start leaves behind, the second one goes on from."""
    numbers = itertools.count(1)

    def prepare(self):
        self.site.stop()
        self.kept = self.site.config_path
        data = os.path.join(self.bench.data, f"fresh{next(self.numbers)}")
        folder = os.path.join(self.bench.data, "fresh")
        os.makedirs(folder, exist_ok=True)
        self.site.config_path = config.site_config(folder, self.site.ports, self.site.pair, changes={"site": {"data": data}})

    def act(self):
        self.start()
        if self.site.process.poll() is None:
            self.site.process.send_signal(signal.SIGTERM)
            soon(lambda: self.site.process.poll() is not None, 20)
        code = self.site.process.poll()
        self.first_end = code, self.log()
        self.bench.system.disarm()
        # Now undisturbed, in the same folder.
        self.start()
        if not self.site.is_ready():
            self.bench.findings.append(["stuck", "", "", f"a first start that failed (code {code}) cannot be made good: {self.site.log()[-600:]}"])
        self.site.process.send_signal(signal.SIGTERM)
        soon(lambda: self.site.process.poll() is not None, 20)
        self.site.config_path = self.kept


class Restart(Scenario):
    """With something in the queue."""

    def prepare(self):
        self.bench.sender.send(domain="slow.test")
        self.site.stop()

    act = Scenario.start


class AcceptSmall(Scenario):
    def act(self):
        self.bench.sender.send("small")


class AcceptLarge(Scenario):
    def act(self):
        self.bench.sender.send("large")


class AcceptChunks(Scenario):
    def act(self):
        self.bench.sender.send("bdat")


class Relay(Scenario):
    """What waits in the queue goes out."""

    def prepare(self):
        self.bench.sink.script["mail"] = "451 4.3.0 Wait"
        self.bench.sender.send("large")
        soon(lambda: '"attempts":1' in self.entries().replace(" ", ""))
        del self.bench.sink.script["mail"]
        self.before = self.bench.sink.taken

    def act(self):
        self.verb("queue", "retry", "--all", "--destination", "out.test")
        self.soon(lambda: self.bench.sink.taken > self.before or '"relay-deferred"' in self.log())


class Defer(Scenario):
    def act(self):
        reply = self.bench.sender.send(domain="slow.test")
        if reply and reply[0] == 250:
            self.soon(lambda: '"relay-deferred"' in self.log())


class Bounce(Scenario):
    def act(self):
        before = self.bench.sink.taken
        reply = self.bench.sender.send(domain="no.test")
        if reply and reply[0] == 250:
            self.soon(lambda: self.bench.sink.taken > before)


class QueueVerbs(Scenario):
    def prepare(self):
        reply = self.bench.sender.send(domain="slow.test")
        self.queue_id = reply[1].partition("accepted ")[2].split(" ")[0]

    def act(self):
        for arguments in (("queue", "hold", self.queue_id), ("queue", "release", self.queue_id), ("range", "add", "127.0.9.0/24", "--owner", SENDER, "--purpose", "x"),
                          ("range", "remove", "127.0.9.0/24"), ("route", "set", "other.test", "--host", "mx.out.test")):
            self.verb(*arguments)


class Reload(Scenario):
    def act(self):
        self.site.write_config()
        self.site.reload()
        self.soon(lambda: '"reload' in self.log(), 2)


class TlsReload(Reload):
    def prepare(self):
        certs.Authority(os.path.join(self.site.folder, "ca")).issue("mx.site.test", "localhost", "127.0.0.1", file="server")

    def act(self):
        super().act()
        try:
            with self.site.client():
                pass
        except (OSError, smtplib.SMTPException):
            pass


class Drain(Scenario):
    """SIGTERM while a message is under way."""

    def act(self):
        try:
            with Raw(self.site.ports["smtp"]) as client:
                client.hello()
                client.envelope(SENDER, "x@out.test")
                self.site.process.send_signal(signal.SIGTERM)
                client.ask("NOOP")
        except OSError:
            self.site.process.send_signal(signal.SIGTERM)
        soon(lambda: self.site.process.poll() is not None, 45)


SCENARIOS = {each.__name__: each for each in (AcceptSmall, Relay, AcceptLarge, AcceptChunks, Defer, Bounce, QueueVerbs, Reload, TlsReload, Drain,
                                              Restart, Start)}
