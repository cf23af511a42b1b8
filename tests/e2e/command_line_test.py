"""The command line as a shell meets it: streams that are closed or full, files, words that are not quite right. No server
runs."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

import archive
import server


def as_typed(place, arguments, redirections):
    """`pidge ARGUMENTS` in a shell that sets its streams so; (exit code, what it said where it still could)."""
    command = f'exec "$0" "$@" --config {place.config_path} {redirections}'
    done = subprocess.run(["sh", "-c", command, server.binary(), *arguments], cwd=place.folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A store with two domains in it."""
        cls.folder = tempfile.mkdtemp(prefix="pidge-command-")
        cls.site = server.Server(folder=cls.folder)
        for name in ("a.test", "b.test"):
            cls.site.pidge("domain", "add", name)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def path(self, name):
        path = os.path.join(self.folder, name)
        self.addCleanup(lambda: os.path.exists(path) and os.unlink(path))
        return path

    # Streams

    def test_nothing_is_said_into_files_in_place_of_closed_streams(self):
        """A stream that was closed leaves its number to the next file: to the archive, or to the store's own."""
        for number, closed in enumerate(("2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-")):
            with self.subTest(closed):
                path = self.path(f"{number}.pidge")
                code, _ = as_typed(self.site, ["store", "export", path], closed)
                self.assertIn(code, (0, 69))
                with open(path, "rb") as file:
                    self.assertGreater(len(archive.read(file.read()).records), 2)
                self.assertEqual(os.path.getsize(os.path.join(self.folder, "data", "store", "LOCK")), 0)

    def test_an_answer_that_is_lost_is_told(self):
        """To a full disk; and where nobody can be told."""
        for arguments in (["config", "sample"], ["config", "show"], ["config", "show", "--json"], ["domain", "list"],
                                            ["domain", "list", "--json"], ["audit", "verify"], ["--help"], ["--version"]):
            with self.subTest(arguments):
                code, said = as_typed(self.site, arguments, ">/dev/full")
                self.assertEqual(code, 69, said)
                self.assertIn("could not be written to standard output: No space left on device", said)
                if "--json" in arguments:
                    self.assertEqual(json.loads(said)["code"], 69)
        self.assertEqual(as_typed(self.site, ["domain", "list"], "1>&-")[0], 69)

    def test_a_reader_who_has_heard_enough_is_none_of_our_business(self):
        for ignored in ("", "trap '' PIPE; "):
            reader, writer = os.pipe()
            os.close(reader)
            done = subprocess.run(["sh", "-c", f"{ignored}exec {server.binary()} config manual"], stdout=writer, stderr=subprocess.PIPE,
                                  timeout=60, check=False)
            os.close(writer)
            self.assertIn(done.returncode, (0, -signal.SIGPIPE))
            self.assertEqual(done.stderr, b"")

    # Files

    def test_an_archive_has_a_name_and_its_note_has_lines(self):
        code, said = as_typed(self.site, ["store", "export", ""], "")
        self.assertEqual(code, 1)
        self.assertIn("needs a name", said)
        self.assertFalse(os.path.exists(os.path.join(self.folder, ".partial")))
        code, said = as_typed(self.site, ["store", "export", "-", "--quiet"], "2>&1 >/dev/null")
        self.assertEqual(code, 0)
        self.assertRegex(said, r"^Exported .* s\.\nsha256 of the contents: [0-9a-f]{64}\n$")

    # Words

    def test_what_was_set_is_removed_by_the_same_words(self):
        """[G8] However it was typed."""
        for typed in ("exämple.org", "X.org", ".Sub.X.org", "*"):
            self.site.pidge("route", "set", typed, "--discard")
            self.site.pidge("route", "remove", typed)
        for typed in ("10.0.0.1", "2001:DB8:8:0::/64", "192.0.2.0/28"):
            self.site.pidge("range", "add", typed, "--owner", "postmaster@a.test")
            self.site.pidge("range", "remove", typed)
        for kind in ("route", "range"):
            self.assertEqual(json.loads(self.site.pidge(kind, "list", "--json")), [])
        self.site.pidge("route", "set", "x.org", "--discard")
        self.site.pidge("route", "remove", json.loads(self.site.pidge("route", "list", "--json"))[0]["id"])

    def test_options_that_mean_nothing_here_are_refused(self):
        for more in (["--discard", "--port", "25"], ["--mx", "--port", "2525"], ["--refuse", "Closed.", "--implicit-tls"],
                     ["--discard", "--tls", "required"], ["--mx", "--user", "x", "--password-file", "/x"]):
            code, said = as_typed(self.site, ["route", "set", "x.org", *more], "")
            self.assertEqual(code, 2, said)
            self.assertIn("is for a route", said)
        self.assertEqual(json.loads(self.site.pidge("route", "list", "--json")), [])

    def test_wrong_usage_is_JSON_for_those_who_ask_for_it(self):
        for arguments in (["domian", "--json"], ["--json"], ["domain", "add", "--json"], ["route", "set", "x.org", "--json"]):
            code, said = as_typed(self.site, arguments, "")
            self.assertEqual((code, json.loads(said)["code"]), (2, 2))
        self.assertTrue(as_typed(self.site, ["domian"], "")[1].startswith('pidge: There is no command "pidge domian". Did you mean "domain"?'))


if __name__ == "__main__":
    unittest.main()
