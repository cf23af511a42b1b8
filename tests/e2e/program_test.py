"""The program as an administrator meets it: start, command line with and without a server, reload, drain, kill, wrong
configurations."""

import contextlib
import json
import os
import pty
import select
import signal
import smtplib
import socket
import subprocess
import unittest
import unittest.mock
import urllib.error
import urllib.request

import processes
import server
from sink import Sink, wait_until
from testsite import PASSWORD, Site

MESSAGE = b"From: alice@site.test\r\nTo: x@out.test\r\nSubject: hello\r\n\r\nhello\r\n"


def pidge_fails(site, *arguments, input=b""):
    code, out, err = server.run_pidge(*arguments, "--config", site.config_path, input=input)
    if code == 0:
        raise AssertionError(f"pidge {' '.join(arguments)} was expected to fail, but: {out}")
    return code, err


def fill(place):
    """The socket there takes no more until it is read."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.connect(place)
        with contextlib.suppress(BlockingIOError):
            while True:
                sender.send(b"nothing")


def get(site, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{site.ports['admin']}{path}", timeout=5) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def on_terminal(command, *dialogue):
    """Runs a command on a terminal of its own; answers each question when it is asked. (What was shown, exit code)."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(command[0], command)
    shown = b""

    def more():
        if not select.select([terminal], [], [], 60)[0]:
            os.kill(child, signal.SIGKILL)
            raise AssertionError(f"nothing more was shown after {shown!r}")
        return os.read(terminal, 4096)

    try:
        for question, answer in dialogue:
            while question.encode() not in shown:
                shown += more()
            os.write(terminal, answer.encode() + b"\n")
        while True:
            shown += more()
    except OSError:  # the other side has closed
        pass
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return shown.decode(errors="replace"), os.waitstatus_to_exitcode(status)


class Program(unittest.TestCase):
    def test_a_message_is_seen_in_sink_and_audit_trail(self):
        """[O10] Submitted, delivered, and found again by address and by queue id."""
        with Site() as site:
            site.submit(MESSAGE, ["x@out.test"])
            site.sink.wait_for(1)
            wait_until(lambda: json.loads(site.pidge("audit", "search", "--type", "outcome", "--json")), what="an outcome entry")
            accepted = json.loads(site.pidge("audit", "search", "x@out.test", "--type", "accept", "--json"))
            self.assertEqual(len(accepted), 1)
            queue_id = accepted[0]["fields"]["queue"]
            story = json.loads(site.pidge("audit", "search", "--queue-id", queue_id, "--oldest-first", "--json"))
            self.assertEqual(story[0]["type"], "accept")
            self.assertIn("outcome", [entry["type"] for entry in story])
            self.assertIn("sound", site.pidge("audit", "verify"))
            # Each look was recorded.
            looks = json.loads(site.pidge("audit", "search", "--type", "access", "--json"))
            self.assertGreaterEqual(len(looks), 4)

    def test_health_readiness_metrics(self):
        """[O4] The probes answer, and nothing else does."""
        with Site() as site:
            self.assertEqual(get(site, "/healthz"), (200, "ok\n"))
            self.assertEqual(get(site, "/readyz"), (200, "ready\n"))
            status, text = get(site, "/metrics")
            self.assertEqual(status, 200)
            self.assertIn("# TYPE pidge_", text)
            self.assertEqual(get(site, "/jmap")[0], 404)

    def test_the_queue_is_held_released_and_removed_with_a_report(self):
        closed = processes.free_port()
        with Sink() as home, Site(sink=home, routes={"out.test": f"127.0.0.1:{closed}", "site.test": f"127.0.0.1:{home.port}"}) as site:
            site.submit(MESSAGE, ["x@out.test"])
            site.submit(MESSAGE, ["y@out.test"])
            entries = json.loads(site.pidge("queue", "list", "--to", "x@out.test", "--json"))
            self.assertEqual(len(entries), 1)
            wait_until(lambda: json.loads(site.pidge("queue", "list", "--state", "deferred", "--json")), what="a deferred entry")
            wait_until(lambda: json.loads(site.pidge("queue", "hold", "--all", "--json"))["failed"] == [], what="all held")
            self.assertEqual(len(json.loads(site.pidge("queue", "list", "--state", "held", "--json"))), 2)
            removed = json.loads(site.pidge("queue", "remove", entries[0]["id"], "--report", "--json"))
            self.assertEqual(removed["done"], [entries[0]["id"]])
            report = home.wait_for(1)[0]
            self.assertEqual(report.sender, "")
            self.assertEqual(report.recipients, ("alice@site.test",))
            self.assertIn(b"multipart/report", report.octets)
            with Sink(port=closed) as late:
                site.pidge("queue", "release", "--all")
                # The destination is left alone for half a minute after it could not be reached.
                self.assertEqual(late.wait_for(1, 60)[0].recipients, ("y@out.test",))

    def test_the_command_line_works_without_a_server(self):
        site = Site()
        try:
            site.set_up()
            self.assertIn("alice@site.test", site.pidge("account", "list"))
            self.assertIn("no server runs", site.pidge("status"))
            site.start()
            self.assertIn("ready", site.pidge("status"))
            entries = json.loads(site.pidge("audit", "search", "--type", "admin-action", "--json"))
            self.assertEqual({entry["fields"]["via"] for entry in entries}, {"direct"})
            site.pidge("domain", "add", "second.test")
            newest = json.loads(site.pidge("audit", "search", "--type", "admin-action", "--limit", "1", "--json"))[0]
            self.assertEqual(newest["fields"]["via"], "socket")
            self.assertEqual(newest["fields"]["uid"], os.getuid())
        finally:
            site.__exit__(None, None, None)

    def test_accounts_are_checked_changed_blocked(self):
        """[J5] No role address, no foreign domain, no address twice."""
        with Site() as site:
            for wrong, why in (("postmaster@site.test", "role address"), ("x@elsewhere.test", "not one of this site"),
                               ("ALICE@site.test", "belongs to alice")):
                code, error = pidge_fails(site, "account", "add", wrong, "--no-password")
                self.assertEqual(code, 1)
                self.assertIn(why, error)
            code, error = pidge_fails(site, "account", "add", "carol@site.test", "--password", "secret words")
            self.assertEqual(code, 2)
            self.assertIn("command line", error)
            code, error = pidge_fails(site, "account", "add", "carol@site.test", "--password-stdin", input=b"short\n")
            self.assertIn("at least 8", error)
            self.assertEqual(json.loads(site.pidge("account", "list", "carol", "--json")), [])

            made = json.loads(site.pidge("account", "app-password", "alice", "--label", "laptop", "--json"))
            with site.client(password=made["secret"]):
                pass
            site.pidge("account", "app-password", "alice", "--remove", made["id"])
            with self.assertRaises(smtplib.SMTPAuthenticationError):
                site.client(password=made["secret"])
            site.pidge("account", "block", "alice")
            with self.assertRaises((smtplib.SMTPAuthenticationError, smtplib.SMTPException)):
                site.client()
            site.pidge("account", "unblock", "alice@site.test")
            with site.client():
                pass

    def test_what_names_nobody_changes_nobody(self):
        """An empty or misspelt name, as of a variable of a script that was not set, is refused and does not stand for all."""
        closed = processes.free_port()
        with Site(routes={"out.test": f"127.0.0.1:{closed}", "site.test": f"127.0.0.1:{closed}"}) as site:
            site.submit(MESSAGE, ["x@out.test"])
            accounts = json.loads(site.pidge("account", "list", "--json"))
            bob = json.loads(site.pidge("account", "show", "bob", "--json"))
            entry = json.loads(site.pidge("queue", "list", "--json"))[0]["id"]
            for arguments, expected in (
                    (("account", "remove", ""), 2), (("account", "block", ""), 2), (("account", "alias", "", "--add", "x@site.test"), 2),
                    (("account", "password", "", "--password-stdin"), 2), (("account", "app-password", ""), 2),
                    (("account", "list", "--state", "foo"), 1), (("account", "list", "--kind", "foo"), 1),
                    (("account", "app-password", "alice", "--remove", bob["credentials"][0]["id"]), 1),
                    (("account", "app-password", "alice", "--scope", "foo"), 1),
                    (("account", "app-password", "alice", "--expires", "2020-01-01"), 1),
                    (("account", "password", "alice", "--password-stdin", "--password-file", "/dev/null"), 2),
                    (("account", "add", "evil@site.test", "--login", "Alice@site.test", "--no-password"), 1),
                    (("queue", "hold", "--all", "--from", ""), 2), (("queue", "remove", "--all", "--account", ""), 2),
                    (("queue", "remove", "--all", "--state", "helt"), 1), (("queue", "remove", ""), 2),
                    (("queue", "hold", entry, "--from", "zzz"), 2)):
                with self.subTest(arguments):
                    self.assertEqual(pidge_fails(site, *arguments, input=b"a new password\n")[0], expected)
            self.assertEqual(json.loads(site.pidge("account", "list", "--json")), accounts)
            self.assertEqual(json.loads(site.pidge("account", "show", "bob", "--json")), bob)
            self.assertFalse(json.loads(site.pidge("queue", "list", "--json"))[0]["held"])

    def test_what_many_change_at_once_is_all_kept(self):
        with Site() as site:
            aliases = [f"al{number}@site.test" for number in range(20)]
            changes = [subprocess.Popen([server.binary(), "account", "alias", "alice", "--add", alias, "--config", site.config_path],
                                        stdout=subprocess.DEVNULL) for alias in aliases]
            self.assertEqual({change.wait(60) for change in changes}, {0})
            site.pidge("account", "alias", "alice", "--remove", aliases.pop())
            self.assertEqual(sorted(site.pidge("account", "alias", "alice").split()), sorted(aliases))

    def test_a_reload_is_all_or_nothing(self):
        with Site() as site:
            pair = site.pair
            site.write_config(changes={"limits": {"message_size": "64 KiB", "recipients": "many"}})
            site.reload()
            wait_until(lambda: site.events("reload-refused"), what="the refusal of the reload")
            self.assertEqual(site.events("reload-mistake")[0]["key"], "limits.recipients")
            with site.client() as client:
                self.assertNotEqual(client.esmtp_features["size"], str(64 * 1024))

            site.write_config(changes={"limits": {"message_size": "64 KiB"}, "certificate": [{"chain": pair.certificate, "key": "/nowhere"}]})
            site.reload()
            wait_until(lambda: len(site.events("reload-refused")) == 2, what="the second refusal")
            with site.client() as client:
                self.assertNotEqual(client.esmtp_features["size"], str(64 * 1024))

            site.write_config(changes={"limits": {"message_size": "64 KiB"}, "site": {"node": "n2"}, "certificate": [{"chain": pair.certificate, "key": pair.key}]})
            site.reload()
            wait_until(lambda: site.events("reloaded"), what="the reload")
            self.assertEqual([event["option"] for event in site.events("restart-needed")], ["site.node"])
            with site.client() as client:
                self.assertEqual(client.esmtp_features["size"], str(64 * 1024))

    def test_a_drain_lets_a_transaction_finish(self):
        """[O7] What was begun before SIGTERM is accepted and kept."""
        with Site() as site:
            client = site.client()
            client.mail("alice@site.test")
            client.rcpt("x@out.test")
            site.process.send_signal(signal.SIGTERM)
            wait_until(lambda: site.events("draining"), what="the drain")
            code, text = client.data(MESSAGE)
            self.assertEqual(code, 250, text)
            client.close()
            self.assertEqual(site.process.wait(30), 0)
            site.start()
            accepted = json.loads(site.pidge("audit", "search", "x@out.test", "--type", "accept", "--json"))
            self.assertEqual(len(accepted), 1)
            site.sink.wait_for(1)

    def test_a_wish_to_end_right_after_the_start_drains(self):
        """[O7] SIGTERM while the start still tells systemd that it is done, which reads nothing for a while."""
        with Site() as site, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            site.stop()
            place = os.path.join(site.folder, "notify")
            systemd.settimeout(30)
            systemd.bind(place)
            fill(place)
            with unittest.mock.patch.dict(os.environ, NOTIFY_SOCKET=place):
                site.start(wait=False)
            wait_until(lambda: len(site.events("ready")) == 2, what="the start")
            site.process.send_signal(signal.SIGTERM)
            while not systemd.recv(100).startswith(b"READY=1"):
                pass
            self.assertEqual(site.process.wait(30), 0)
            self.assertEqual(len(site.events("drained")), 2)

    def test_nothing_acknowledged_is_lost_by_a_kill(self):
        """[O5] kill -9 right after the 250."""
        closed = processes.free_port()
        with Site(routes={"out.test": f"127.0.0.1:{closed}"}) as site:
            site.submit(MESSAGE, ["x@out.test"])
            site.kill()
            site.start()
            self.assertEqual(len(json.loads(site.pidge("queue", "list", "--json"))), 1)
            self.assertIn("sound", site.pidge("audit", "verify"))

    @unittest.skipIf(os.environ.get("PIDGE_ENGINE") == "postgres", "a database is for several")
    def test_a_second_instance_is_refused_with_clear_words(self):
        with Site() as site:
            code, error = pidge_fails(site, "serve")
            self.assertEqual(code, 1)
            self.assertIn("in use by another pidge", error)
            self.assertEqual(get(site, "/readyz")[0], 200)
            self.assertIn("ready", site.pidge("status"))

    def test_wrong_configurations_are_told_with_place_and_remedy(self):
        site = Site()
        try:
            cases = (({"site": {"hostnme": "x"}}, "hostnme", "Did you mean"),
                     ({"limits": {"message_size": 10}}, "message_size", "unit"),
                     ({"domain": [{"name": "site.test"}]}, "domain", "pidge domain add"))
            for changes, key, remedy in cases:
                site.write_config(changes=changes)
                for verb in (["check", "--offline"], ["serve"], ["status"]):
                    code, error = pidge_fails(site, *verb)
                    self.assertEqual(code, 78)
                    self.assertRegex(error, rf"pidge\.toml:\d+:\d+: .*{key}")
                    self.assertIn(remedy, error)
        finally:
            site.__exit__(None, None, None)

    def test_check_finds_what_does_not_fit(self):
        """[J7] Certificates, ports, names."""
        with Site() as site:
            self.assertEqual(server.run_pidge("check", "--offline", "--config", site.config_path)[0], 0)
            other = Site(ports=())
            try:
                other.ports = {"smtp": site.ports["smtp"]}
                other.pair = other.authority.issue("elsewhere.test", file="other")
                other.write_config()
                code, out, _ = server.run_pidge("check", "--offline", "--config", other.config_path)
                self.assertEqual(code, 1)
                self.assertIn("ERROR    listener smtp", out)
                self.assertIn("none bears the name mx.site.test", out)
                other.write_config(changes={"certificate": [{"chain": other.pair.certificate, "key": site.pair.key}]})
                code, out, _ = server.run_pidge("check", "--offline", "--json", "--config", other.config_path)
                self.assertEqual(code, 1)
                errors = [found["about"] for found in json.loads(out)["findings"] if found["kind"] == "error"]
                self.assertIn("certificates", errors)
            finally:
                other.__exit__(None, None, None)

    def test_a_password_is_asked_for_without_echo(self):
        """Over a terminal: typed twice, shown never."""
        with Site() as site:
            shown, code = on_terminal([server.binary(), "account", "password", "bob", "--config", site.config_path],
                                      ("Password: ", "new password words"), ("Once more: ", "new password words"))
            self.assertEqual(code, 0, shown)
            self.assertIn("Set the password of bob", shown)
            self.assertNotIn("new password words", shown)
            with site.client(login="bob", password="new password words"):
                pass
            with self.assertRaises(smtplib.SMTPAuthenticationError):
                site.client(login="bob", password=PASSWORD)
