"""A node among equals: what it is told to do, and what it says of itself. Several nodes at once: tests/cluster."""

import json
import os
import smtplib
import socket
import tempfile
import unittest
import urllib.error
import urllib.request

import archive
import processes
import server
from sink import wait_until
from testsite import Site

MESSAGE = b"From: alice@site.test\r\nTo: x@out.test\r\nSubject: still here\r\n\r\ntext\r\n"
SOON = {"node": {"drain_grace": "0 s"}}
NODE_SPACE = 7


def readiness(site):
    """(status, reason) as a load balancer sees it."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{site.ports['admin']}/readyz", timeout=5) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def state(site):
    (node,) = json.loads(site.pidge("node", "list", "--json"))
    return node["state"]


class Drain(unittest.TestCase):
    def test_a_drained_node_takes_nothing_new_and_finishes_what_it_has(self):
        """[O7] Drained, a node refuses connections, finishes transactions, and serves again when it is told to."""
        with Site(changes=SOON) as site:
            self.assertEqual(readiness(site)[0], 200)
            busy, idle = site.client(), site.client("smtp")
            busy.mail("alice@site.test")
            busy.rcpt("x@out.test")
            site.pidge("node", "drain", "n1")
            wait_until(lambda: readiness(site)[0] == 404, what="readiness to turn")
            self.assertIn("pidge node resume n1", readiness(site)[1])
            wait_until(lambda: not processes.is_open(site.ports["submission"]), what="the port to close")
            # Somebody in the middle of a transaction ends it, and hears 250.
            wait_until(lambda: state(site) == "draining", what="the node's row to tell of it")
            self.assertEqual(busy.data(MESSAGE)[0], 250)
            for client in (busy, idle):
                with self.assertRaises((smtplib.SMTPServerDisconnected, smtplib.SMTPResponseException)):
                    for _ in range(3):
                        code, text = client.noop()
                        if code == 421:
                            raise smtplib.SMTPResponseException(code, text)
            site.pidge("node", "drain", "n1", "--wait")
            self.assertEqual(state(site), "drained")
            self.assertEqual(site.metric("pidge_nodes"), 1)

            site.pidge("node", "resume", "n1", "--wait")
            wait_until(lambda: readiness(site)[0] == 200, what="readiness")
            self.assertEqual(site.submit(MESSAGE, ["x@out.test"]), {})
            self.assertEqual(len(site.sink.wait_for(2)), 2)
            # And once more, from the state it came back to.
            site.pidge("node", "drain", "n1", "--wait")
            self.assertFalse(processes.is_open(site.ports["submission"]))
            site.pidge("node", "resume", "n1", "--wait")
            self.assertEqual(site.submit(MESSAGE, ["x@out.test"]), {})

    def test_a_drained_node_stays_drained_when_it_is_started_again(self):
        """[O7] An update in the middle of a drain does not end it."""
        with Site(changes=SOON) as site:
            site.pidge("node", "drain", "n1", "--wait")
            site.stop()
            self.assertEqual(state(site), "down")
            site.start(wait=False)
            wait_until(lambda: processes.is_open(site.ports["admin"]) and state(site) == "drained", what="the start")
            self.assertEqual(readiness(site)[0], 404)
            self.assertFalse(processes.is_open(site.ports["submission"]))
            site.pidge("node", "resume", "n1", "--wait")
            wait_until(site.is_ready, what="readiness")

    def test_the_grace_is_for_load_balancers(self):
        """Not ready yet still accepting: a balancer that has not looked turns nobody away."""
        with Site(changes={"node": {"drain_grace": "600 s"}}) as site:
            site.pidge("node", "drain", "n1")
            wait_until(lambda: readiness(site)[0] == 404, what="readiness to turn")
            self.assertEqual(site.submit(MESSAGE, ["x@out.test"]), {})
            site.pidge("node", "resume", "n1", "--wait")
            wait_until(lambda: readiness(site)[0] == 200, what="readiness")

    def test_who_drained_what_stands_in_the_audit_trail(self):
        """[J20] The wish of an administrator is recorded with who had it."""
        with Site(changes=SOON) as site:
            site.pidge("node", "drain", "n1")
            (entry,) = json.loads(site.pidge("audit", "search", "Node/set", "--type", "admin-action", "--json"))
            self.assertEqual((entry["type"], entry["fields"]["object"]), ("admin-action", "n1"))
            self.assertIn("drain", entry["fields"]["after"])
            self.assertTrue(entry["fields"]["who"])
            code, _, error = server.run_pidge("node", "drain", "n9", "--config", site.config_path)
            self.assertEqual(code, 1)
            self.assertIn("There is no node n9", error)


class Roles(unittest.TestCase):
    def test_a_node_opens_what_its_roles_say(self):
        """[J16] Parts of the service on nodes of their own."""
        with Site(changes={"node": {"roles": ["mx"]}}) as site:
            self.assertTrue(processes.greets(site.ports["smtp"]))
            self.assertFalse(processes.is_open(site.ports["submission"]))
            with site.client("smtp") as client:
                client.sendmail("a@elsewhere.test", ["alice@site.test"], MESSAGE)
            waiting = json.loads(site.pidge("queue", "list", "--json"))
            self.assertEqual([entry["attempts"] for entry in waiting], [0])
            self.assertEqual(json.loads(site.pidge("status", "--json"))["roles"], ["mx"])
            site.stop()
            site.write_config(changes={"node": {"roles": ["relay"]}})
            site.start()  # what the one took the other delivers
            self.assertEqual(len(site.sink.wait_for(1)), 1)
            self.assertFalse(processes.is_open(site.ports["smtp"]))

    def test_received_names_the_node(self):
        with Site(changes={"site": {"node": "east-2"}}) as site:
            site.submit(MESSAGE, ["x@out.test"])
            octets = site.sink.wait_for(1)[0].octets
            self.assertRegex(octets, rb"by mx\.site\.test \(east-2\) with ESMTPSA id [0-9a-z]{26}")


class Sources(unittest.TestCase):
    def test_a_destination_sees_one_of_several_source_addresses(self):
        """[O6] Several source addresses; the same one for the same destination."""
        sources = [f"127.0.0.{last}" for last in (2, 3, 4)]
        with Site(changes={"relay": {"sources": sources}}) as site:
            seen = set()
            for _ in range(3):
                site.submit(MESSAGE, ["x@out.test"])
            for message in site.sink.wait_for(3):
                seen.add(message.connection.peer[0])
            self.assertEqual(len(seen), 1)
            self.assertLessEqual(seen, set(sources))


class Formats(unittest.TestCase):
    def test_a_program_that_is_too_old_for_the_store_does_not_start(self):
        """[O7] What is stored is never read by a program that cannot understand it."""
        with tempfile.TemporaryDirectory() as folder:
            with Site(folder=folder) as site:
                site.stop()
                path = os.path.join(folder, "out.pidge")
                site.pidge("store", "export", path)
                with open(path, "rb") as file:
                    records = archive.read(file.read()).records
                # A record of version 1 with field 1, the level, far above what any build reads.
                records = [(space, key, b"\x01\x02\x09") if (space, key) == (NODE_SPACE, b"l") else (space, key, value)
                           for space, key, value in records]
                with open(path + "2", "wb") as file:
                    file.write(archive.write(records))
                site.pidge("store", "import", path + "2", "--replace")
                code, _, error = server.run_pidge("serve", "--config", site.config_path)
                self.assertEqual(code, 1)
                self.assertIn("The store holds records of format 9, and this version of pidge", error)
                with socket.socket() as probe:
                    self.assertNotEqual(probe.connect_ex(("127.0.0.1", site.ports["submission"])), 0)


if __name__ == "__main__":
    unittest.main()
