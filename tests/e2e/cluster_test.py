"""Several nodes on one replicated database; short. The long form is ./dev campaign cluster."""

import json
import os
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cluster"))

import server  # noqa: E402
from cluster import OUTSIDE, Cluster, NotHere, check_machine  # noqa: E402
from sink import Sink, wait_until  # noqa: E402

SINK_PORT = 2525
MESSAGE = b"From: alice@site.test\r\nTo: bob@site.test\r\nSubject: %d\r\n\r\ntext\r\n"


def setUpModule():
    try:
        check_machine()
    except NotHere as reason:
        raise unittest.SkipTest(f"not run: {reason}") from None


class Nodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster().__enter__()
        try:
            outside = cls.cluster.network.addresses[OUTSIDE]
            cls.sink = cls.cluster.network.inside(OUTSIDE, lambda: Sink(host=outside, port=SINK_PORT)).start()
            cls.cluster.start()
        except BaseException:
            cls.cluster.__exit__()
            raise
        cls.sent = 0

    @classmethod
    def tearDownClass(cls):
        cls.sink.stop()
        cls.cluster.__exit__()

    def send(self, count=5):
        """Through the balancers, tried again as clients do; every one of them arrives at bob's mailbox."""
        def work():
            for _ in range(count):
                number = type(self).sent = type(self).sent + 1
                for attempt in range(40):
                    try:
                        with self.cluster.client("submission", timeout_s=20) as client:
                            client.sendmail("alice@site.test", ["bob@site.test"], MESSAGE % number)
                        break
                    except Exception:  # of any kind: what counts is that one goes through in the end
                        if attempt == 39:
                            raise
                        threading.Event().wait(0.5)
        self.cluster.network.inside(OUTSIDE, work)

    def subjects(self):
        return {int(message.octets.split(b"Subject: ")[1].split(b"\r\n")[0]) for message in list(self.sink.messages)}

    def check_arrived(self):
        wait_until(lambda: len(self.subjects()) == self.sent, 90, "everything to arrive")

    def test_1_nodes_are_equal(self):
        """[O1] Each node takes mail and knows of the others; what one took another may deliver."""
        self.assertEqual(self.cluster.states(), {"n1": "up", "n2": "up", "n3": "up"})
        self.send(9)
        self.check_arrived()
        one = [json.loads(node.pidge("account", "list", "--json")) for node in self.cluster.nodes.values()]
        self.assertEqual(one[0], one[1])
        self.assertEqual(one[0], one[2])
        self.assertEqual(sum(node.metric("pidge_node_leads") for node in self.cluster.nodes.values()), 1)

    def test_2_a_killed_node_is_not_missed(self):
        """[O5] A node dies; mail goes on through the others, and the node comes back under its name."""
        node = self.cluster.nodes["n2"]
        node.kill()
        self.send(5)
        wait_until(lambda: self.cluster.states()["n2"] == "down", 30, "the others to notice")
        node.start()
        wait_until(lambda: self.cluster.states()["n2"] == "up", 30, "its return")
        self.check_arrived()

    def test_3_a_killed_primary_is_replaced(self):
        """[O5] The database's primary dies; mail waits and goes on."""
        self.cluster.database.kill_server(self.cluster.database.primary())
        self.send(5)
        self.cluster.wait_settled()
        self.check_arrived()

    def test_4_etcd_is_not_led_where_the_primary_is(self):
        """[O5] Else both freeze together, and the thawed etcd revokes the hold of the new primary."""
        database = self.cluster.database
        database.lead_etcd(database.primary())
        wait_until(lambda: database.etcd_leader() not in (None, database.primary()), 60, "etcd to be led elsewhere")

    def test_5_nodes_are_updated_one_by_one(self):
        """[O7] Drained, stopped, started, resumed, while mail flows."""
        sender = threading.Thread(target=self.send, args=(20,))
        sender.start()
        for name in ("n1", "n3"):
            self.assertEqual(self.cluster.drain_and_update(name, server.binary()), 0)
        sender.join()
        self.check_arrived()

    def test_6_everything_moves_to_one_machine_and_back(self):
        """[J28] From the cluster to an embedded store, octet for octet, and back."""
        node = self.cluster.nodes["n1"]
        with tempfile.TemporaryDirectory(dir=self.cluster.folder) as folder:
            os.mkdir(os.path.join(folder, "small"))
            small = server.Server(folder=os.path.join(folder, "small"))
            code, _, error = node.run("store", "import", "-")
            self.assertNotEqual(code, 0)
            self.assertIn("runs on this store", error)
            for each in self.cluster.nodes.values():
                each.stop()
            first, second = os.path.join(folder, "1"), os.path.join(folder, "2")
            told = json.loads(node.pidge("store", "export", first, "--json"))
            self.assertEqual(json.loads(node.pidge("store", "verify", "--json"))["problems"], 0)
            self.assertEqual(json.loads(small.pidge("store", "import", first, "--json"))["sha256"], told["sha256"])
            report = json.loads(small.pidge("store", "verify", "--json"))
            self.assertEqual((report["problems"], len(report["logs"])), (0, 3))
            told = json.loads(small.pidge("store", "export", second, "--json"))
            back = json.loads(node.pidge("store", "import", second, "--replace", "--json"))
            self.assertEqual(back["sha256"], told["sha256"])
            self.assertEqual(json.loads(node.pidge("store", "verify", "--json"))["problems"], 0)
            for each in self.cluster.nodes.values():
                each.start()
        self.send(3)
        self.check_arrived()


if __name__ == "__main__":
    unittest.main()
