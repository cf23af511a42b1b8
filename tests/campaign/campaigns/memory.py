"""C11: 512 MB of memory, and twenty messages of 100 MB at once. Nothing is killed for want of memory; what cannot be taken is put off."""

import hashlib
import os
import smtplib
import socket
import threading
import time

from bench import Bench
from campaign import Campaign, NotRun
from load import SENDER

SIZE, AT_ONCE, LIMIT = 100_000_000, 20, 512 << 20
GROUPS = "/sys/fs/cgroup/memory", "/sys/fs/cgroup"


class MemoryGroup:
    """A control group that our server is put into."""

    def __init__(self):
        self.is_first = os.path.exists("/sys/fs/cgroup/memory/memory.limit_in_bytes")
        root = GROUPS[0] if self.is_first else GROUPS[1]
        self.path = os.path.join(root, f"pidge-campaign-{os.getpid()}")
        try:
            os.mkdir(self.path)
            self.write("memory.limit_in_bytes" if self.is_first else "memory.max", str(LIMIT))
        except OSError as error:
            raise NotRun(f"needs a control group for memory: {error}") from None

    def write(self, name, text):
        with open(os.path.join(self.path, name), "w", encoding="ascii") as file:
            file.write(text)

    def add(self, pid):
        self.write("cgroup.procs", str(pid))

    def peak_bytes(self):
        try:
            with open(os.path.join(self.path, "memory.max_usage_in_bytes" if self.is_first else "memory.peak"), encoding="ascii") as file:
                return int(file.read())
        except OSError:
            return 0

    def close(self):
        for _ in range(50):
            try:
                return os.rmdir(self.path)
            except OSError:
                time.sleep(0.1)
        return None


class Memory(Campaign):
    name, identifier, faults_by_default = "memory", "C11", 50
    summary = f"{AT_ONCE} messages of {SIZE // 1_000_000} MB at once in {LIMIT >> 20} MB"
    faults_per_site = 5
    size, at_once = SIZE, AT_ONCE

    def check(self):
        self.group = MemoryGroup()

    def run(self):
        try:
            return super().run()
        finally:
            if hasattr(self, "group"):
                self.group.close()

    def make_bench(self, folder, group_seed):
        changes = {"log": {"level": "warning"}, "limits": {"message_size": "200 MiB"}, "relay": {"connections_per_destination": 4}}
        return Bench(folder, group_seed, load={"rate": 5.0, "sessions": 2, "size_max": 20_000}, site={"changes": changes})

    def inflict(self, bench, number, chance):
        self.group.add(bench.site.process.pid)
        pieces = [chance.randbytes(37).hex().encode() for _ in range(self.at_once)]
        threads = [threading.Thread(target=self.send, args=(bench, f"big{number}-{each}-{chance.getrandbits(32):08x}", pieces[each]))
                   for each in range(self.at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rss_kib = bench.site.memory_kib() if bench.site.process.poll() is None else 0
        self.tally.most("own_memory_mib_max", rss_kib >> 10)
        self.tally.most("group_memory_mib_max", self.group.peak_bytes() >> 20)
        if bench.site.process.poll() is not None:
            bench.findings.append(["crash", "", "", f"the program ended with code {bench.site.process.returncode}"])
            bench.start()
        return True

    def send(self, bench, token, filler):
        """As load.py does, but piece by piece."""
        head = (f"X-Campaign: {token}\r\nFrom: {SENDER}\r\nTo: x@out.test\r\nDate: Sat, 21 Nov 2026 12:00:00 +0000\r\n"
                f"Message-ID: <{token}@client.test>\r\n\r\n").encode()
        piece = b"".join(b"%05d %s\r\n" % (number, filler) for number in range(800))
        count = self.size // len(piece)
        digest = hashlib.sha256(head)
        for _ in range(count):
            digest.update(piece)
        recipient = f"r-{token}@out.test"
        bench.sent.add(kind="try", t=round(time.time(), 4), token=token, sha256=digest.hexdigest(), size=len(head) + count * len(piece),
                       sender=SENDER, recipients=[recipient], port="smtp")
        code, text = 0, ""
        try:
            code, text = self.transact(bench, head, piece, count, recipient)
        except (OSError, smtplib.SMTPException) as error:
            text = str(error)
        queue = text.partition("accepted ")[2].split(" ")[0] if code == 250 else ""
        self.tally.count(f"replies_{code}")
        bench.sent.add(kind="reply", t=round(time.time(), 4), token=token, code=code, text=text, recipients=[recipient] if queue else [], queue=queue)

    @staticmethod
    def transact(bench, head, piece, count, recipient):
        with smtplib.SMTP("127.0.0.1", bench.site.ports["smtp"], timeout=120) as client:
            for code, text in (client.ehlo("client.test"), client.mail(SENDER), client.rcpt(recipient), client.docmd("DATA")):
                if code not in (250, 354):
                    return code, text.decode(errors="replace")
            client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.send(head)
            for _ in range(count):
                client.send(piece)
            client.send(b".\r\n")
            code, text = client.getreply()
            return code, text.decode(errors="replace")
