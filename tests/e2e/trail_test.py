"""The audit trail in the hands of somebody who may write the store."""

import glob
import json
import os
import struct
import tempfile
import unittest

import archive
import server

AUDIT, COUNTER = archive.SPACES["audit"], archive.SPACES["counter"]
LOG = b"audit.mx.site.test/n1"
END = b"log:" + LOG


class Tampered(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A site whose trail has some entries, as records."""
        cls.folder = tempfile.TemporaryDirectory(prefix="pidge-trail-")
        with server.Server() as site:
            for i in range(8):
                site.pidge("domain", "add", f"d{i}.test")
            site.stop()
            file = os.path.join(cls.folder.name, "site.pidge")
            site.pidge("store", "export", file)
        with open(file, "rb") as octets:
            cls.records = archive.read(octets.read()).records
        cls.entries = {key: value for space, key, value in cls.records if space == AUDIT}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def site_with(self, change):
        """A site that holds the records after change(dictionary by (space, key))."""
        records = {(space, key): value for space, key, value in self.records}
        change(records)
        site = server.Server()
        self.addCleanup(site.__exit__, None)
        path = os.path.join(site.folder, "tampered.pidge")
        with open(path, "wb") as file:
            file.write(archive.write([(space, key, value) for (space, key), value in records.items()]))
        site.pidge("store", "import", path)
        return site

    def entries_of(self, site):
        path = os.path.join(site.folder, "after.pidge")
        if os.path.exists(path):
            os.remove(path)
        site.pidge("store", "export", path)
        with open(path, "rb") as octets:
            return {key: value for space, key, value in archive.read(octets.read()).records if space == AUDIT}

    def verify(self, site, *more):
        code, out, error = server.run_pidge("audit", "verify", "--json", *more, "--config", site.config_path)
        return code, json.loads(out) if out else error

    def key(self, number):
        return LOG + b"\0" + struct.pack(">Q", number)

    def test_what_stands_behind_the_end_mark_is_never_written_over(self):
        """[J23] Whatever became of the end mark, no entry is lost, and every look says that the trail was altered."""
        def set_back(records):
            number = struct.unpack(">Q", records[COUNTER, END][:8])[0] - 5
            records[COUNTER, END] = struct.pack(">Q", number) + self.entries[self.key(number)][:32]

        def add_foreign(records):
            records[AUDIT, self.key(len(self.entries) + 1)] = b"x" * 100

        for change in (set_back, add_foreign, lambda records: records.pop((COUNTER, END)),
                       lambda records: records.update({(COUNTER, END): b"spoiled"})):
            site = self.site_with(change)
            first = self.verify(site)
            self.assertEqual(first[0], 1, first)
            site.start(wait=False)
            self.assertNotEqual(site.process.wait(30), 0)
            refused = site.events("start-refused")
            self.assertEqual(len(refused), 1, site.log())
            self.assertIn("give this node another site.node", refused[0]["reason"])
            again = self.verify(site)
            self.assertEqual((again[0], again[1]["logs"][0]["firstBad"]), (1, first[1]["logs"][0]["firstBad"]))
        # Under another name the node goes on, and the altered log stays as it is.
        site.write_config(changes={"site": {"node": "n2"}})
        site.start()
        site.stop()
        code, verdict = self.verify(site)
        self.assertEqual((code, [log["verdict"] for log in verdict["logs"]]), (1, ["sound", "altered"]))
        self.assertEqual(self.verify(site, "--log", "audit.mx.site.test/n2")[0], 0)
        self.assertLessEqual(self.entries.items(), self.entries_of(site).items())

    def test_a_log_of_a_former_hostname_is_verified_and_looked_into(self):
        """[J23] Another hostname begins another log; the old one is neither forgotten nor out of sight."""
        def alter(records):
            value = records[AUDIT, self.key(5)]
            records[AUDIT, self.key(5)] = value[:-1] + bytes([value[-1] ^ 1])

        old = LOG.decode()
        for change, code, verdicts in ((lambda records: None, 0, ["sound", "sound"]), (alter, 1, ["sound", "altered"])):
            site = self.site_with(change)
            site.write_config(hostname="mail.site.test")
            got, verdict = self.verify(site)
            self.assertEqual((got, [log["verdict"] for log in verdict["logs"]]), (code, verdicts))
            self.assertEqual(verdict["logs"][1]["log"], old)
        got, _, error = server.run_pidge("audit", "show", "9", "--config", site.config_path)
        self.assertEqual(got, 1)
        self.assertIn(f"--log looks at one of them: {old} (", error)
        self.assertIn("admin-action", site.pidge("audit", "show", "4", "--log", old))
        self.assertIn("d3.test", site.pidge("audit", "search", "d3.test", "--log", old, "--oldest-first"))
        code, out, error = server.run_pidge("audit", "search", "d3.test", "--type", "admin-action", "--config", site.config_path)
        self.assertEqual((code, out), (0, "No such entries.\n"))
        self.assertIn(old, error)


class Damaged(unittest.TestCase):
    def test_a_log_of_the_store_that_was_altered_is_told_and_kept(self):
        """[C3] [J23] What was acknowledged and then altered on the disk does not vanish without a word."""
        with server.Server() as site:
            for i in range(5):
                site.pidge("domain", "add", f"d{i}.test")
            site.kill()
            log, = glob.glob(os.path.join(site.folder, "data", "**", "*.log"), recursive=True)
            with open(log, "r+b") as file:
                file.seek(3)
                octet = file.read(1)
                file.seek(3)
                file.write(bytes([octet[0] ^ 0xff]))
            site.start()
            told, = site.events("store-log-damaged")
            self.assertEqual((told["file"], told["from-octet"], told["kept-as"]), (log, 0, log + ".damaged"))
            self.assertEqual(told["lost-octets"], os.path.getsize(log + ".damaged"))
            start = json.loads(site.pidge("audit", "search", "--type", "start", "--limit", "1", "--json"))
            self.assertIn(log, start[0]["fields"]["lost"])
            self.assertIn("sound", site.pidge("audit", "verify"))
            # The event comes once: after another kill the log ends where it was torn, if anywhere. The rest is told while the file is kept.
            site.kill()
            site.start()
            self.assertEqual(len(site.events("store-log-damaged")), 1)
            self.assertEqual(self.told(site), (True, True))
            os.unlink(log + ".damaged")
            site.stop()
            site.start()
            self.assertEqual(self.told(site), (False, False))

    def told(self, site):
        """By the last start in the trail, and by pidge check."""
        start = json.loads(site.pidge("audit", "search", "--type", "start", "--limit", "1", "--json"))
        code, out, _ = server.run_pidge("check", "--offline", "--config", site.config_path)
        self.assertEqual(code, 0, out)
        return "lost" in start[0]["fields"], ".log.damaged had lost what was acknowledged" in out
