"""Moving a site from one store to another: pidge store export, import and verify."""

import json
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

import archive
import processes
import server
from sink import Sink
from testsite import Site

MESSAGE = b"From: alice@site.test\r\nTo: x@out.test\r\nSubject: moved\r\n\r\n%s\r\n"
ENTRIES = 100_000


def target(folder):
    """An empty store with a configuration of its own."""
    return server.Server(folder=os.path.join(folder, "target"))


class Move(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """One site with mail that waits: nobody listens where it goes."""
        cls.folder = tempfile.TemporaryDirectory(prefix="pidge-store-")
        os.mkdir(os.path.join(cls.folder.name, "target"))
        cls.port = processes.free_port()
        cls.site = Site(routes={"out.test": f"127.0.0.1:{cls.port}"})
        cls.site.own_folder = False
        with cls.site:
            for body in (b"small", b"a large one\r\n" * 20_000):
                cls.site.submit(MESSAGE % body, ["x@out.test", "y@out.test"])
            code, _, error = server.run_pidge("store", "export", "-", "--config", cls.site.config_path)
            cls.while_running = code, error
        cls.file = os.path.join(cls.folder.name, "site.pidge")
        cls.told = json.loads(cls.site.pidge("store", "export", cls.file, "--json"))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()
        shutil.rmtree(cls.site.folder)

    def setUp(self):
        self.place = tempfile.TemporaryDirectory(prefix="pidge-store-")
        os.mkdir(os.path.join(self.place.name, "target"))
        self.target = target(self.place.name)

    def tearDown(self):
        self.target.__exit__(None)
        self.place.cleanup()

    def run_on_target(self, *arguments, **options):
        return server.run_pidge(*arguments, "--config", self.target.config_path, **options)

    def test_export_says_when_a_server_runs(self):
        code, error = self.while_running
        self.assertEqual(code, 69)
        self.assertIn("A server runs on this store", error)

    def test_everything_moves_and_the_mail_is_delivered_from_there(self):
        """[J28] A site moves to another store: what waits there, its people and its audit trail."""
        moved = json.loads(self.target.pidge("store", "import", self.file, "--json"))
        self.assertEqual(moved["sha256"], self.told["sha256"])
        report = json.loads(self.target.pidge("store", "verify", "--json"))
        self.assertEqual((report["problems"], report["records"]), (0, self.told["records"]), report)
        self.assertEqual([log["name"] for log in report["logs"]], ["audit.mx.site.test/n1"])
        self.assertIn("sound", self.target.pidge("audit", "verify"))
        with Sink(port=self.port) as sink:
            self.target.start()
            for line in json.loads(self.target.pidge("queue", "list", "--json")):
                self.target.pidge("queue", "retry", line["id"])
            bodies = sorted(len(message.octets) // 1000 for message in sink.wait_for(2))
            self.assertEqual(bodies, [0, 260])
            self.assertIn("alice", self.target.pidge("account", "list"))
            self.target.stop()

    def test_the_file_is_what_the_document_says(self):
        with open(self.file, "rb") as file:
            octets = file.read()
        read = archive.read(octets)
        self.assertEqual(read.sha256, self.told["sha256"])
        self.assertEqual(len(read.records), self.told["records"])
        self.assertEqual(read.header["host"], "mx.site.test")
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        # Written by somebody else it is taken too, and comes out the same.
        other = os.path.join(self.place.name, "other.pidge")
        with open(other, "wb") as file:
            file.write(archive.write(read.records))
        self.assertEqual(json.loads(self.target.pidge("store", "import", other, "--json"))["sha256"], read.sha256)

    def test_a_damaged_or_cut_file_changes_nothing(self):
        with open(self.file, "rb") as file:
            octets = file.read()
        middle = len(octets) // 2
        for name, wrong in (("cut", octets[:middle]), ("no end", octets[:-57]), ("longer", octets + b"\0"),
                            ("altered", octets[:middle] + bytes([octets[middle] ^ 4]) + octets[middle + 1:])):
            with self.subTest(name):
                path = os.path.join(self.place.name, name)
                with open(path, "wb") as file:
                    file.write(wrong)
                code, _, error = self.run_on_target("store", "import", path)
                self.assertEqual(code, 1)
                self.assertRegex(error, "ends in the middle|damaged")
        self.target.pidge("store", "import", self.file)  # it is empty still

    def test_a_store_that_holds_something_is_left_alone(self):
        self.target.pidge("domain", "add", "other.test")
        code, _, error = self.run_on_target("store", "import", self.file)
        self.assertEqual(code, 1)
        self.assertIn("not empty", error)
        self.assertIn("other.test", self.target.pidge("domain", "list"))
        self.target.pidge("store", "import", self.file, "--replace")
        self.assertNotIn("other.test", self.target.pidge("domain", "list"))

    def test_an_interrupted_import_goes_on_and_no_server_starts_before(self):
        with open(self.file, "rb") as file:
            records = archive.read(file.read()).records
        # More than one frame, so that there is something to go on from.
        records += [(archive.SPACES["meta"], b"filler%06d" % number, b"x" * 50) for number in range(9000)]
        octets = archive.write(records)
        process = subprocess.Popen([server.binary(), "store", "import", "-", "--config", self.target.config_path],
                                   stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdin.write(octets[:len(octets) * 2 // 3])
        process.stdin.flush()
        deadline = time.monotonic() + 30
        while b"import:" not in os.read(process.stderr.fileno(), 65536) and time.monotonic() < deadline:
            pass
        time.sleep(0.2)  # it waits for more of the pipe now, or soon
        process.send_signal(signal.SIGINT)
        error = process.communicate(timeout=30)[1].decode()
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("Interrupted", error)

        code, _, error = self.run_on_target("serve")
        self.assertEqual(code, 1)
        self.assertIn("not finished", error)
        code, _, error = self.run_on_target("domain", "list")
        self.assertNotEqual(code, 0)
        self.assertIn("not finished", error)

        path = os.path.join(self.place.name, "whole")
        with open(path, "wb") as file:
            file.write(octets)
        done = json.loads(self.target.pidge("store", "import", path, "--json"))
        self.assertGreater(done["resumedAt"], 0)
        self.assertEqual(done["sha256"], archive.read(octets).sha256)

    def test_a_full_disk_leaves_no_half_archive(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([server.binary(), "store", "export", "-", "--config", self.site.config_path],
                                  stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"No space left", done.stderr)
        if os.geteuid() != 0:
            self.skipTest("mounting a small disk needs root")
        small = os.path.join(self.place.name, "small")
        os.mkdir(small)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], check=True)
        try:
            code, _, error = server.run_pidge("store", "export", os.path.join(small, "x"), "--config", self.site.config_path)
            self.assertNotEqual(code, 0)
            self.assertIn("No space left", error)
            self.assertEqual(os.listdir(small), [])
        finally:
            subprocess.run(["umount", small], check=True)

    def test_a_hundred_thousand_entries(self):
        """[J28] A queue of 100 000 entries moves, and is whole on the other side."""
        with open(self.file, "rb") as file:
            records = archive.read(file.read()).records
        queue, due, blob = (archive.SPACES[name] for name in ("queue", "due", "blob"))
        key, value = next((key, value) for space, key, value in records if space == queue)
        due_key = next(each for space, each, _ in records if space == due and each.endswith(key))
        body = next(each for space, each, _ in records if space == blob and each in value)
        more = []
        for number in range(ENTRIES):
            own = b"\x01" + struct.pack(">Q", number) + key[9:]
            own_value = value.replace(key[:16], own[:16])
            more += [(queue, own, own_value), (due, due_key[:16] + own, b"")]
        records = [(space, each, held_by_more(content)) if (space, each) == (blob, body) else (space, each, content)
                   for space, each, content in records]
        path = os.path.join(self.place.name, "many")
        with open(path, "wb") as file:
            file.write(archive.write(records + more))
        self.target.pidge("store", "import", path, timeout_s=120)
        report = json.loads(self.target.pidge("store", "verify", "--json", timeout_s=120))
        self.assertEqual(report["problems"], 0, report["findings"][:3])
        self.assertGreaterEqual(report["kinds"]["queue"], ENTRIES)
        self.assertEqual(report["kinds"]["queue"], report["kinds"]["due"])


def held_by_more(record):
    """A blob record (version, size, holders, upload) with ENTRIES more holders."""
    return record[:9] + struct.pack(">Q", struct.unpack(">Q", record[9:17])[0] + ENTRIES) + record[17:]


if __name__ == "__main__":
    unittest.main()
