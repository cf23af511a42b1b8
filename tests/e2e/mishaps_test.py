"""What an administrator meets at three in the morning: the disk is full or read-only, somebody else has the port or the data,
certificate and key do not fit, the store is damaged, the DNS is dead, the server hangs. Each time the program says what is
wrong, where, and what to do, and nothing is made worse.
"""

import json
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error

import processes
import server
from sink import wait_until
from testsite import Site

MESSAGE = b"From: alice@site.test\r\nTo: x@out.test\r\nSubject: hello\r\n\r\nhello\r\n"
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


def as_nobody(*arguments):
    done = subprocess.run([*NOBODY, server.binary(), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Disk:
    """A small disk of its own at site.folder/disk, on which the data lie. Needs root."""

    def __init__(self, site, size):
        self.path = os.path.join(site.folder, "disk")
        os.mkdir(self.path)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "pidge-test", self.path], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            raise unittest.SkipTest("file systems cannot be mounted here")
        site.write_config(changes={"site": {"hostname": "mx.site.test", "data": os.path.join(self.path, "data")}, "store": {"reserve": "16 MiB"}})

    def fill(self, leaving=0):
        with open(os.path.join(self.path, "ballast"), "ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError:
                pass
            if leaving:
                file.truncate(max(0, file.tell() - leaving))

    def empty(self):
        os.unlink(os.path.join(self.path, "ballast"))

    def remount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.path], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=False)


class Mishaps(unittest.TestCase):
    def setUp(self):
        # The folder outlives the server, which some of these start again.
        folder = tempfile.mkdtemp(prefix="pidge-mishap-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.site = Site(folder=folder)
        self.addCleanup(self.site.kill)

    def serve(self, code=None, timeout_s=30):
        """`pidge serve` that is expected to refuse: what it tells the administrator."""
        got, _, error = server.run_pidge("serve", "--config", self.site.config_path, timeout_s=timeout_s)
        self.assertNotEqual(got, 0, error)
        self.assertGreater(got, 0, f"it did not end by itself: {error}")
        if code is not None:
            self.assertEqual(got, code, error)
        return error

    def check(self, asks_dns=False):
        code, out, error = server.run_pidge("check", *([] if asks_dns else ["--offline"]), "--config", self.site.config_path)
        return code, out + error

    # Files and folders

    def test_what_stands_in_place_of_the_control_socket_is_left_alone(self):
        precious = os.path.join(self.site.folder, "precious.txt")
        with open(precious, "w", encoding="ascii") as file:
            file.write("years of work")
        self.site.write_config(changes={"control": {"socket": precious}})
        for error in (self.serve(), self.check()[1]):
            self.assertIn(f"cannot listen on {precious}: there is a file of that name, which is left alone", error)
        with open(precious, encoding="ascii") as file:
            self.assertEqual(file.read(), "years of work")
        self.site.write_config(changes={"control": {"socket": self.site.folder}})
        for error in (self.serve(), self.check()[1]):
            self.assertIn(f"cannot listen on {self.site.folder}: there is a folder of that name", error)

    def test_a_path_that_is_too_long_for_a_socket(self):
        self.site.write_config(changes={"control": {"socket": os.path.join(self.site.folder, "x" * 120)}})
        for error in (self.serve(78), self.check()[1]):
            self.assertRegex(error, r"pidge\.toml:\d+:\d+: control\.socket: .*at most 107 octets")
            self.assertIn("Write a shorter one", error)

    def test_the_folder_of_the_control_socket_is_missing(self):
        where = os.path.join(self.site.folder, "run")
        self.site.write_config(changes={"control": {"socket": os.path.join(where, "control.sock")}})
        error = self.serve()
        self.assertIn(where, error)
        self.assertIn("Make the folder", error)
        code, text = self.check()
        self.assertEqual(code, 1)
        self.assertRegex(text, rf"ERROR +control socket: {where} is not there\.\n +Make it: install -d")

    def test_a_configuration_that_may_not_be_read_is_not_to_be_overwritten(self):
        if os.getuid() != 0:
            self.skipTest("needs root")
        os.chmod(self.site.folder, 0o755)
        code, _, error = as_nobody("check", "--offline", "--config", self.site.config_path)
        self.assertEqual(code, 78)
        self.assertIn("Permission denied", error)
        self.assertIn("a user who may read it", error)
        self.assertNotIn("sample", error)

    def test_data_of_another_user(self):
        if os.getuid() != 0:
            self.skipTest("needs root")
        self.site.set_up()
        os.chmod(self.site.folder, 0o755)
        os.chmod(self.site.config_path, 0o644)
        for verb, remedies in (("serve", ("Run this as that user: sudo -u root",)), ("status", ("Run this as that user: sudo -u root",)),
                               ("check", ("Run this as the server's user, or: chown",))):
            code, out, error = as_nobody(verb, *(["--offline"] if verb == "check" else []), "--config", self.site.config_path)
            self.assertGreater(code, 0)
            self.assertIn("/data", out + error)
            for remedy in remedies:
                self.assertIn(remedy, out + error)

    def test_root_leaves_the_store_of_another_user_alone(self):
        """What root writes there, the server could not open again: neither the server as root nor a command does it."""
        if os.getuid() != 0:
            self.skipTest("needs root")
        self.site.set_up()
        os.chmod(self.site.folder, 0o755)
        os.chmod(self.site.config_path, 0o644)
        data = os.path.join(self.site.folder, "data")
        subprocess.run(["chown", "-R", "65534:65534", data], check=True)
        owner = pwd.getpwuid(65534).pw_name
        for _ in ("a store", "a folder for one"):
            self.assertIn(f"Run this as that user: sudo -u {owner}", self.serve(1))
            code, _, error = server.run_pidge("domain", "list", "--config", self.site.config_path)
            self.assertEqual(code, 69)
            self.assertIn(f"Run this as that user: sudo -u {owner}", error)
            self.assertEqual([name for name in os.listdir(data) if os.stat(os.path.join(data, name)).st_uid == 0], [])
            self.assertEqual(as_nobody("domain", "list", "--config", self.site.config_path)[0], 0)
            shutil.rmtree(os.path.join(data, "store"))

    def test_something_else_in_place_of_the_data(self):
        with open(os.path.join(self.site.folder, "data"), "w", encoding="ascii") as file:
            file.write("a file")
        error = self.serve()
        self.assertIn(os.path.join(self.site.folder, "data"), error)
        self.assertRegex(error, "Not a directory|no folder|File exists")
        with open(os.path.join(self.site.folder, "data"), encoding="ascii") as file:
            self.assertEqual(file.read(), "a file")

    # Disks

    def test_a_read_only_disk(self):
        with Disk(self.site, "128m") as disk:
            self.site.set_up()
            disk.remount("ro")
            error = self.serve()
            self.assertIn("Read-only file system", error)
            self.assertIn("mount it for writing again", error)
            code, text = self.check()
            self.assertEqual(code, 1)
            self.assertIn("mount -o remount,rw", text)
            code, _, error = server.run_pidge("domain", "add", "b.test", "--config", self.site.config_path)
            self.assertEqual(code, 69)
            self.assertIn("Read-only file system", error)

    def test_a_disk_that_is_full_before_the_start(self):
        """It says so instead of starting, loses nothing, and starts when there is room."""
        with Disk(self.site, "128m") as disk:
            self.site.set_up()
            disk.fill()
            for error in (self.serve(), self.check()[1], server.run_pidge("domain", "add", "b.test", "--config", self.site.config_path)[2]):
                self.assertRegex(error, r"The disk of .* is full: \d+ KiB are free")
                self.assertIn("make room", error)
            disk.empty()
            with self.site:
                self.assertIn("alice@site.test", self.site.pidge("account", "list"))
                self.site.submit(MESSAGE, ["x@out.test"])

    def test_a_disk_that_fills_up_while_the_server_runs(self):
        """[C5] New mail is put off with the reason; it goes on by itself when there is room."""
        with Disk(self.site, "128m") as disk, self.site:
            self.site.submit(MESSAGE, ["x@out.test"])
            disk.fill(leaving=512 * 1024)
            def is_put_off():
                try:
                    self.site.submit(MESSAGE, ["x@out.test"])
                except smtplib.SMTPResponseException as refused:
                    self.assertEqual(refused.smtp_code, 452)
                    self.assertIn(b"[SYS-FUL]", refused.smtp_error)
                    return True
                except smtplib.SMTPSenderRefused as refused:
                    self.assertEqual(refused.smtp_code, 452)
                    return True
                return False
            wait_until(is_put_off, 30, "the refusal of new mail")
            self.assertEqual(self.site.process.poll(), None)
            with self.assertRaises(urllib.error.HTTPError) as refused:
                server.urllib.request.urlopen(f"http://127.0.0.1:{self.site.ports['admin']}/readyz", timeout=5)
            self.assertIn("disk low", refused.exception.read().decode())
            disk.empty()
            def is_taken():
                try:
                    return self.site.submit(MESSAGE, ["x@out.test"]) == {}
                except smtplib.SMTPException:
                    return False
            wait_until(is_taken, 60, "mail that is taken again")

    def test_a_damaged_store(self):
        self.site.set_up()
        with self.site:
            self.site.submit(MESSAGE, ["x@out.test"])
        store = os.path.join(self.site.folder, "data", "store")
        manifest = os.path.join(store, next(name for name in os.listdir(store) if name.startswith("MANIFEST")))
        with open(manifest, "r+b") as file:
            file.seek(os.path.getsize(manifest) // 3)
            file.write(b"\x5a" * 100)
        for error in (self.serve(), self.check()[1]):
            self.assertIn(f"The store in {store} is damaged", error)
            self.assertIn("restore it from its backup", error)

    # Network

    def test_somebody_else_has_the_port(self):
        with socket.create_server(("127.0.0.1", self.site.ports["submission"])):
            error = self.serve()
            self.assertIn(f"cannot listen on 127.0.0.1:{self.site.ports['submission']}: Address already in use", error)
            self.assertIn("ss -lpn", error)

    def test_an_address_that_is_not_ours(self):
        self.site.write_config(changes={"listener": [{"name": "mx", "service": "mx", "address": "203.0.113.77:2525"}]})
        error = self.serve()
        self.assertIn("203.0.113.77:2525", error)
        self.assertIn("no such address", error)

    def test_a_source_that_is_not_ours(self):
        self.site.write_config(changes={"relay": {"sources": ["127.0.0.1", "192.0.2.1"]}})
        code, text = self.check()
        self.assertEqual(code, 1)
        self.assertRegex(text, r"ok +source 127\.0\.0\.1")
        self.assertRegex(text, r"ERROR +source 192\.0\.2\.1: cannot send from 192\.0\.2\.1: Cannot assign requested address\.\n +Give this")

    def test_authorities_that_cannot_be_read(self):
        junk = os.path.join(self.site.folder, "junk.pem")
        with open(junk, "w", encoding="ascii") as file:
            file.write("no certificate")
        for path in (junk, os.path.join(self.site.folder, "nothing.pem"), self.site.folder):
            self.site.write_config(changes={"relay": {"authorities": path}})
            for error in (self.serve(), self.check()[1]):
                self.assertIn(f"{path}: cannot be read as certificates of authorities", error)
            self.assertEqual(self.check()[0], 1)
        self.site.write_config(changes={"relay": {"authorities": self.site.pair.certificate}})
        code, text = self.check()
        self.assertEqual(code, 0, text)
        self.assertRegex(text, "ok +authorities: .* can be read")

    def test_a_dead_DNS(self):
        self.site.write_config(dns_port=processes.free_port())
        _, text = self.check(asks_dns=True)
        self.assertIn("mx.site.test could not be looked up", text)
        self.assertIn("whether the name servers answer", text)
        self.assertNotIn("Publish", text)

    # Certificates

    def test_certificates_that_do_not_fit_are_named_with_their_fault(self):
        mine, other = self.site.pair, self.site.authority.issue("mx.site.test", file="other")
        cases = ((mine.certificate, other.key, other.key, "does not belong to the first certificate"), (mine.key, mine.certificate, mine.key, "holds no certificate"),
                 ("/nowhere.pem", mine.key, "/nowhere.pem", "No such file"), (self.site.folder, mine.key, self.site.folder, "Is a directory"),
                 (mine.certificate, mine.certificate + "x", mine.certificate + "x", "No such file"))
        for chain, key, culprit, fault in cases:
            self.site.write_config(changes={"certificate": [{"chain": chain, "key": key}]})
            for error in (self.serve(1), self.check()[1]):
                self.assertIn(culprit, error)
                self.assertIn(fault, error)

    def test_an_expired_certificate_stops_neither_the_start_nor_the_mail(self):
        """It is told as an error; a reload does not put one in the place of a good one."""
        folder = self.site.folder
        key, chain = os.path.join(folder, "old.key"), os.path.join(folder, "old.pem")
        subprocess.run(f"umask 077; openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {key} -subj /CN=mx.site.test -out {folder}/old.csr 2>/dev/null"
                       f" && openssl x509 -req -in {folder}/old.csr -signkey {key} -days -1 -out {chain} 2>/dev/null", shell=True, check=True)
        good = [{"chain": self.site.pair.certificate, "key": self.site.pair.key}]
        with self.site:
            self.site.write_config(changes={"certificate": [{"chain": chain, "key": key}]})
            self.site.reload()
            wait_until(lambda: self.site.events("reload-refused"), what="the refusal")
            self.assertIn("expired", self.site.events("reload-refused")[0]["reason"])
            self.site.submit(MESSAGE, ["x@out.test"])  # the certificate is checked
        with self.site:
            self.site.restart()
            self.assertEqual(self.site.events("certificate-expired")[0]["file"], chain)
            code, text = self.check()
            self.assertEqual(code, 1)
            self.assertIn("expired", text)
            with smtplib.SMTP("localhost", self.site.ports["smtp"]) as client:
                client.starttls()  # as other sites' servers do, without looking
                client.sendmail("alice@site.test", ["x@out.test"], MESSAGE)
            self.site.write_config(changes={"certificate": good})
            self.site.reload()
            wait_until(lambda: self.site.events("reloaded"), what="the reload")
            self.site.submit(MESSAGE, ["x@out.test"])

    # Processes

    def test_a_server_that_hangs_is_told_within_seconds(self):
        with self.site:
            self.site.process.send_signal(signal.SIGSTOP)
            try:
                for verb in (["status"], ["store", "verify"], ["check", "--offline"]):
                    begun = time.monotonic()
                    code, out, error = server.run_pidge(*verb, "--config", self.site.config_path, timeout_s=60)
                    self.assertGreater(code, 0)
                    self.assertIn("it hangs", out + error)
                    self.assertIn("systemctl restart pidge", out + error)
                    self.assertLess(time.monotonic() - begun, 30)
            finally:
                self.site.process.send_signal(signal.SIGCONT)
            self.assertIn("ready", self.site.pidge("status"))

    def test_a_second_SIGTERM_ends_at_once_and_loses_nothing(self):
        """[O5] Somebody in a hurry. What was acknowledged is there after the next start."""
        closed = processes.free_port()
        self.site.routes = {"out.test": f"127.0.0.1:{closed}", "site.test": f"127.0.0.1:{closed}"}
        with self.site:
            self.site.submit(MESSAGE, ["x@out.test"])
            client = self.site.client()
            client.mail("alice@site.test")
            client.rcpt("x@out.test")
            self.site.process.send_signal(signal.SIGTERM)
            wait_until(lambda: self.site.events("draining"), what="the drain")
            self.assertIsNone(self.site.process.poll())
            begun = time.monotonic()
            self.site.process.send_signal(signal.SIGTERM)
            code = self.site.process.wait(60)
            self.assertLess(time.monotonic() - begun, 10)
            self.assertIn(code, (0, -signal.SIGTERM))
            self.site.start()
            self.assertEqual(len(json.loads(self.site.pidge("queue", "list", "--json"))), 1)
            self.assertIn("sound", self.site.pidge("audit", "verify"))

    def test_a_store_that_fails_ends_the_program_with_the_reason(self):
        """A sync that fails is final: 451 for those who are there, code 1, and the next start recovers. Whoever asks it to end or to
        reload meanwhile does not break that off."""
        if not shutil.which("strace"):
            self.skipTest("strace makes the sync fail")
        with self.site:
            self.site.submit(MESSAGE, ["x@out.test"])
            self.site.sink.wait_for(1)
            # Not sync_file_range: RocksDB asks by it, of no octets, whether the system knows it, and asserts that this cannot fail.
            tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e",
                                       "inject=fdatasync,fsync:error=EIO", "-p", str(self.site.process.pid)], stderr=subprocess.DEVNULL)
            try:
                def is_refused():
                    try:
                        self.site.submit(MESSAGE, ["x@out.test"])
                    except (smtplib.SMTPException, OSError):
                        return True
                    return False
                writer = self.site.client()
                writer.mail("alice@site.test")
                writer.rcpt("x@out.test")
                wait_until(is_refused, 30, "the failure")
                wait_until(lambda: self.site.events("draining"), 30, "the drain")
                for number in (signal.SIGHUP, signal.SIGTERM):
                    self.site.process.send_signal(number)
                writer.close()
                self.assertEqual(self.site.process.wait(60), 1, self.site.log()[-2000:])
            finally:
                tracer.kill()
                tracer.wait()
            self.assertTrue(self.site.events("store-failed"), self.site.log()[-2000:])
            self.site.start()
            self.assertIn("sound", self.site.pidge("audit", "verify"))
            self.site.submit(MESSAGE, ["x@out.test"])


if __name__ == "__main__":
    unittest.main()
