"""C5: the disk is nearly full, full, or out of inodes. New mail is put off with 452 4.3.1, what was accepted is still delivered, and
when there is space again it is taken again within seconds."""

import os
import smtplib
import time

from bench import Bench
from campaign import Campaign, NotRun
from load import SENDER
from mounts import enter_private_mounts, small_disk, used_percent

KINDS = ("nearly", "full", "full at start", "inodes")
BACK_S_MAX = 10.0
FILLER, PIECE = "filler", 1 << 20


class DiskFull(Campaign):
    name, identifier, faults_by_default = "disk-full", "C5", 100
    summary = "the disk is nearly full, full, or out of inodes"
    faults_per_site = 10

    def check(self):
        if os.geteuid() != 0:
            raise NotRun("needs root to mount a small file system")
        enter_private_mounts()

    def run_group(self, numbers):
        with small_disk() as self.disk:
            super().run_group(numbers)

    def make_bench(self, folder, group_seed):
        data = os.path.join(self.disk, "site")
        os.makedirs(data)
        return Bench(folder, group_seed, data=data, load={"rate": 30.0, "sessions": 6, "size_max": 50_000},
                     site={"changes": {"log": {"level": "warning"}, "store": {"reserve": "16 MiB"}}})

    def inflict(self, bench, number, chance):
        kind = KINDS[number % len(KINDS)]
        accepted_before = bench.load.acknowledged
        if kind == "inodes":
            self.use_inodes()
        elif kind == "nearly":
            self.fill(chance.uniform(95.5, 98.5))
        else:
            self.fill(None)
        if kind == "full at start":
            bench.site.kill()
            self.start_full(bench)
        is_refused = self.watch(bench, kind)
        self.free()
        began = time.monotonic()
        if bench.site.process.poll() is not None:
            if bench.site.process.returncode < 0 or bench.site.process.returncode > 128:
                bench.findings.append(["crash", "", "", f"{kind}: the program ended with code {bench.site.process.returncode}"])
            bench.start()
        self.wait_back(bench, kind, began)
        self.tally.count(kind.replace(" ", "_"))
        time.sleep(chance.uniform(0.2, 0.6))
        return is_refused or bench.load.acknowledged > accepted_before

    # The disk

    def fill(self, percent):
        """With None to the last octet."""
        with open(os.path.join(self.disk, FILLER), "ab", buffering=0) as file:
            piece = b"x" * PIECE
            try:
                while percent is None or used_percent(self.disk) < percent:
                    file.write(piece)
            except OSError:
                pass

    def use_inodes(self):
        number = 0
        folder = os.path.join(self.disk, "inodes")
        os.makedirs(folder, exist_ok=True)
        try:
            while True:
                with open(os.path.join(folder, str(number)), "wb"):
                    number += 1
        except OSError:
            pass

    def free(self):
        folder = os.path.join(self.disk, "inodes")
        if os.path.isdir(folder):
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))
        if os.path.exists(os.path.join(self.disk, FILLER)):
            os.unlink(os.path.join(self.disk, FILLER))

    # The program

    def start_full(self, bench):
        """It may start and put mail off, or say what is wrong and end."""
        try:
            bench.start()
        except AssertionError:
            self.tally.count("starts_refused")

    def probe(self, bench):
        """Reply to MAIL, or None."""
        try:
            with smtplib.SMTP("127.0.0.1", bench.site.ports["smtp"], timeout=20) as client:
                client.ehlo("probe.test")
                code, text = client.mail(SENDER)
                return code, text.decode(errors="replace")
        except (OSError, smtplib.SMTPException):
            return None

    def watch(self, bench, kind):
        """For three seconds; whether mail was put off, with the right words."""
        refused = False
        end = time.monotonic() + 3
        taken = bench.sink.taken
        while time.monotonic() < end:
            reply = self.probe(bench)
            # The space is looked at once a second.
            if reply and reply[0] != 250:
                refused = True
                if kind in ("nearly", "full") and not (reply[0] == 452 and reply[1].startswith("4.3.1")):
                    bench.findings.append(["silent", "", "", f"{kind}: new mail is answered with {reply}"])
                if reply[0] >= 500:
                    bench.findings.append(["false_bounce", "", "", f"{kind}: new mail is refused for good, {reply}"])
            elif reply and kind == "nearly" and time.monotonic() > end - 1:
                bench.findings.append(["silent", "", "", f"mail is still taken at {used_percent(self.disk):.1f} % used"])
            time.sleep(0.1)
        self.tally.count("delivered_meanwhile", bench.sink.taken - taken)
        return refused

    def wait_back(self, bench, kind, began):
        while time.monotonic() < began + 30:
            reply = self.probe(bench)
            if reply and reply[0] == 250:
                break
            time.sleep(0.05)
        seconds = time.monotonic() - began
        self.tally.most("back_ms_max", round(seconds * 1000))
        if seconds > BACK_S_MAX:
            bench.findings.append(["stuck", "", "", f"{kind}: takes mail {seconds:.1f} s after there was space again"])
            if seconds >= 30:  # so that the rest can be judged
                bench.site.kill()
                bench.start()
