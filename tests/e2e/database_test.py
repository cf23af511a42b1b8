"""What an administrator meets with the store on PostgreSQL: a second start on the same machine, a database whose disk is full,
one that does not answer when the program is to end.
"""

import os
import signal
import smtplib
import subprocess
import time
import unittest
import unittest.mock

import postgres
import processes
import server
from rawsmtp import Raw
from sink import wait_until
from testsite import Site

MESSAGE = b"From: alice@site.test\r\nTo: x@out.test\r\nSubject: hello\r\n\r\nhello\r\n"
# Longer than from one beat of a node to the next: who has lost its name knows it by then.
BEATS_S = 5


def serve(config_path, timeout_s=60):
    """A start that is expected to be refused: (code, standard error)."""
    done = subprocess.run([server.binary(), "serve", "--config", config_path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=timeout_s, check=False)
    return done.returncode, done.stderr.decode(errors="replace")


class SecondStart(unittest.TestCase):
    def assert_goes_on(self, site):
        """It has renewed its row since, has not been expelled, and takes mail."""
        time.sleep(BEATS_S)
        self.assertIsNone(site.process.poll(), site.log()[-2000:])
        self.assertEqual(site.events("node-expelled"), [])
        self.assertTrue(site.is_ready())
        site.submit(MESSAGE, ["x@out.test"])
        (node,) = [line.split() for line in site.pidge("node", "list").splitlines() if line.startswith("n1 ")]
        self.assertEqual(node[1], "up")

    def test_O1_a_second_start_is_refused_and_the_first_goes_on(self):
        store = postgres.new_store()
        with Site(store=store) as site:
            socket = os.path.join(site.folder, "control.sock")
            other = Site(store=store)  # ports, folder and control socket of its own; the same node
            self.addCleanup(other.__exit__, None, None, None)
            for path in (site.config_path, other.config_path):
                code, err = serve(path)
                self.assertNotEqual(code, 0)
                self.assertIn("start-refused", err)
                self.assertIn(f"process {site.process.pid}", err)
                self.assertIn("runs as node n1", err)
                self.assertIn("site.node", err)
            # Another node that would take the control socket.
            other.write_config(changes={"site": {"node": "n2"}, "control": {"socket": socket}})
            code, err = serve(other.config_path)
            self.assertNotEqual(code, 0)
            self.assertIn("control.sock", err)
            self.assertTrue(os.path.exists(socket))
            self.assert_goes_on(site)

    def test_O1_while_the_first_is_stopped_it_still_has_the_name(self):
        with Site(store=postgres.new_store()) as site:
            site.process.send_signal(signal.SIGSTOP)
            try:
                code, err = serve(site.config_path)
            finally:
                site.process.send_signal(signal.SIGCONT)
            self.assertNotEqual(code, 0)
            self.assertIn("runs as node n1", err)
            self.assert_goes_on(site)

    def test_O5_after_a_kill_the_next_start_need_not_wait(self):
        with Site(store=postgres.new_store()) as site:
            site.kill()
            site.start()
            self.assertEqual(site.events("node-name-doubtful"), [])
            site.submit(MESSAGE, ["x@out.test"])


class FullDisk(unittest.TestCase):
    def answer(self, site, message=MESSAGE):
        try:
            with smtplib.SMTP("127.0.0.1", site.ports["smtp"], timeout=60) as client:
                client.sendmail("alice@site.test", ["x@out.test"], message)
            return 250
        except smtplib.SMTPSenderRefused as refused:
            return refused.smtp_code
        except smtplib.SMTPDataError as refused:
            return refused.smtp_code

    def test_J28_a_full_disk_of_the_database_puts_mail_off_steadily_and_ends_by_itself(self):
        with postgres.SmallDisk("160m") as disk, Site(store=disk.store) as site:
            self.assertEqual(self.answer(site), 250)
            disk.fill()
            large = MESSAGE + b"x" * 70 + b"\r\n" * 1000 + (b"y" * 76 + b"\r\n") * 4000
            wait_until(lambda: self.answer(site, large) == 452, 60, "the disk is full")
            wait_until(lambda: site.events("store-full"), 30, "the log says so")
            # Small changes (signs of life, the audit log) may find room all the time: mail is put off all the same.
            answers = set()
            end = time.monotonic() + 15
            while time.monotonic() < end:
                answers.add(self.answer(site))
                time.sleep(0.1)
            self.assertEqual(answers, {452})
            self.assertEqual(len(site.events("store-full")), 1)
            self.assertEqual(site.events("store-works-again"), [])
            self.assertFalse(site.is_ready())
            self.assertIn("full", site.pidge("status"))
            # A little space would be used up at once.
            disk.give(4 << 20)
            time.sleep(12)
            self.assertEqual(self.answer(site), 452)
            self.assertEqual(site.events("store-works-again"), [])
            disk.empty()
            wait_until(site.is_ready, 60, "it goes on by itself")
            self.assertEqual(self.answer(site, large), 250)
            self.assertEqual(self.answer(site), 250)
            self.assertEqual((len(site.events("store-full")), len(site.events("store-works-again"))), (1, 1))
            site.pidge("audit", "verify")


class FrozenServer(unittest.TestCase):
    def test_O5_the_program_ends_in_time_although_its_database_does_not_answer(self):
        # What is used after it was freed does not look as it did before.
        with unittest.mock.patch.dict(os.environ, MALLOC_CONF="junk:true"):
            self.end_with_a_frozen_server()

    def end_with_a_frozen_server(self):
        database = postgres.PostgresServer()
        self.addCleanup(database.remove)
        store = {"engine": "postgres", "conninfo": database.conninfo(database.new_database())}
        with Site(store=store, changes={"limits": {"drain": "5 s"}}) as site:
            site.submit(MESSAGE, ["x@out.test"])
            sessions = [Raw(site.ports["smtp"], timeout_s=60).hello() for _ in range(10)]
            for session in sessions:
                self.addCleanup(session.close)
                self.assertEqual(session.envelope(), ("250", "250"))
            database.freeze()
            try:
                for session in sessions:
                    session.send(f"BDAT {len(MESSAGE)} LAST\r\n".encode() + MESSAGE)
                time.sleep(1)
                begun = time.monotonic()
                site.process.send_signal(signal.SIGTERM)
                site.process.wait(120)
                # Otherwise each of the last entries would wait a minute for a failover, one after the other.
                took = time.monotonic() - begun
                print(f"ended {took:.1f} s after SIGTERM", flush=True)
                self.assertLess(took, 100)
            finally:
                database.thaw()
            self.assertEqual(site.process.returncode, 0, site.log()[-2000:])
            # What waits ends too, and the clients hear that nothing was taken.
            self.assertEqual(site.events("jobs-stuck"), [])
            for session in sessions:
                self.assertEqual((session.reply() or "")[:3], "451")
            site.start()
            site.submit(MESSAGE, ["x@out.test"])


if __name__ == "__main__":
    unittest.main()
