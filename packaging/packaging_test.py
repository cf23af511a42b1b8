"""The units are what systemd accepts, as tight as they were meant to be, and fit the program."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(os.path.dirname(HERE), "src")
EXPOSURE_MAX = 1.5  # systemd-analyze's scale goes from 0 (tight) to 10


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def source(leave_out=None):
    """The program's text, without that of one folder; None while there is no program."""
    if not os.path.exists(os.path.join(SOURCES, "program", "main.cc")):
        return None
    texts = []
    for folder, _, names in os.walk(SOURCES):
        if leave_out and folder.startswith(os.path.join(SOURCES, leave_out)):
            continue
        for name in names:
            if name.endswith((".cc", ".h")):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    texts.append(file.read())
    return "\n".join(texts)


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode()


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class Units(unittest.TestCase):
    def test_the_sandbox_is_tight(self):
        code, out = run("systemd-analyze", "security", "--offline=yes", os.path.join(HERE, "pidge.service"))
        level = re.search(r"Overall exposure level for \S+: ([\d.]+)", out)
        self.assertIsNotNone(level, out)
        self.assertLessEqual(float(level.group(1)), EXPOSURE_MAX, out)

    def test_a_loose_unit_would_be_noticed(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pidge.service")
            with open(path, "w", encoding="utf-8") as file:
                file.write(re.sub(r"(?m)^(?:Protect\w+|SystemCallFilter)=.*\n", "", read("pidge.service")))
            _, out = run("systemd-analyze", "security", "--offline=yes", path)
        self.assertGreater(float(re.search(r": ([\d.]+)", out[out.index("Overall"):]).group(1)), EXPOSURE_MAX)

    def test_systemd_understands_every_line(self):
        with tempfile.TemporaryDirectory() as folder:
            units = [name for name in os.listdir(HERE) if name.endswith((".service", ".socket"))]
            for name in [*units, "cluster/etcd-elsewhere.service"]:
                with open(os.path.join(folder, os.path.basename(name)), "w", encoding="utf-8") as file:
                    file.write(re.sub(r"(?m)^ExecStart=.*$", "ExecStart=/bin/true", read(name)))
            _, out = run("systemd-analyze", "verify", "--man=no", *(os.path.join(folder, name) for name in os.listdir(folder)))
        self.assertEqual([line for line in out.splitlines() if "pidge" in line or "elsewhere" in line], [])

    def test_the_account_and_folders_can_be_made(self):
        code, out = run("systemd-sysusers", "--dry-run", os.path.join(HERE, "pidge.sysusers"))
        self.assertEqual(code, 0, out)
        self.assertIn("pidge", out)


class Program(unittest.TestCase):
    def setUp(self):
        self.text = source()
        if self.text is None:
            self.skipTest("there is no program yet")

    def test_the_unit_starts_it_with_words_that_it_knows(self):
        command = re.search(r"ExecStart=/usr/bin/pidge (.*)", read("pidge.service")).group(1)
        for word in command.split():
            if not word.startswith("/"):
                self.assertIn(f'"{word}', self.text)

    def test_the_kind_of_start_fits(self):
        self.assertEqual("Type=notify" in read("pidge.service"), "READY=1" in self.text)
        self.assertEqual("WatchdogSec=" in read("pidge.service"), "WATCHDOG=1" in self.text)

    def test_what_it_asks_of_the_kernel_is_let_through(self):
        # ProtectClock forbids even reading how well the clock is synchronised; `pidge check` does, outside the unit.
        self.assertIn("ProtectClock=yes", read("pidge.service"))
        self.assertNotIn("adjtimex", source(leave_out=os.path.join("program", "check")))

    def test_it_takes_the_sockets_that_systemd_opens(self):
        self.assertIn("LISTEN_FDS", self.text)


if __name__ == "__main__":
    unittest.main()
