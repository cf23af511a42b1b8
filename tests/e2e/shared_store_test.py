"""Two and three nodes on one database: what one accepts another delivers, once; a node that is killed loses its deliveries to
the others; what is changed at one is known at the others.

PIDGE_SHARED sets how many messages three nodes share (default 1500).
"""

import collections
import email
import os
import smtplib
import threading
import time
import unittest

import postgres
import processes
from queue_test import fill
from rawsmtp import Raw
from server import run_pidge
from sink import Sink, wait_until
from testsite import PASSWORD, Site

SHARED = int(os.environ.get("PIDGE_SHARED", "1500"))


class Nodes:
    """Sites on one store, set up once; each is a node of its own."""

    def __init__(self, count, **settings):
        store = postgres.new_store()
        self.sites = []
        for number in range(count):
            site = Site(store=store, changes={"site": {"node": f"n{number + 1}"}}, **settings)
            site.is_set_up = number > 0
            self.sites.append(site)

    def __enter__(self):
        for site in self.sites:
            site.start()
        return self.sites

    def __exit__(self, kind, *rest):
        for site in self.sites:
            site.own_sink = False
            site.__exit__(kind, *rest)


def ids_at(sink):
    return collections.Counter(email.message_from_bytes(message.octets)["Message-ID"] for message in list(sink.messages))


class SharedStore(unittest.TestCase):
    def test_O1_three_nodes_share_one_queue_and_each_message_goes_out_once(self):
        with Sink() as sink, Nodes(3, sink=sink) as sites:
            def send(site, first):
                with Raw(site.ports["smtp"], timeout_s=120).hello() as client:
                    for number in range(first, first + SHARED // 3):
                        text = f"From: alice@site.test\r\nTo: x@out.test\r\nMessage-ID: <n{number}@c.test>\r\n\r\nnumber {number}\r\n".encode()
                        client.send(b"MAIL FROM:<alice@site.test>\r\nRCPT TO:<x@out.test>\r\n"
                                    + f"BDAT {len(text)} LAST\r\n".encode() + text)
                        for _ in range(3):
                            reply = client.reply()
                            if not reply or reply[0] != "2":
                                raise AssertionError(f"answered with {reply}")
            senders = [threading.Thread(target=send, args=(site, number * SHARED)) for number, site in enumerate(sites)]
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()
            wanted = SHARED // 3 * 3
            wait_until(lambda: len(sink.messages) >= wanted, 200, "all messages at the sink")
            time.sleep(1)
            counts = ids_at(sink)
            self.assertEqual(len(counts), wanted)
            self.assertEqual([each for each, count in counts.items() if count != 1], [])
            for site in sites:
                site.pidge("audit", "verify")

    def test_O5_what_a_killed_node_held_passes_to_another(self):
        closed = processes.free_port()
        routes = {"out.test": f"127.0.0.1:{closed}", "site.test": f"127.0.0.1:{closed}"}
        with Nodes(2, routes=routes) as (first, second):
            fill(first, 300)
            first.kill()
            with Sink(port=closed) as sink:
                def retry():
                    code, out, err = run_pidge("queue", "retry", "--all", "--config", second.config_path, timeout_s=200)
                    self.assertIn(code, (0, 1), out + err)
                    return len(ids_at(sink)) == 300
                # What the dead one had leased is free again once its signs of life are too old.
                end = time.monotonic() + 120
                while not retry() and time.monotonic() < end:
                    time.sleep(2)
                self.assertEqual(len(ids_at(sink)), 300)
                self.assertEqual(set(ids_at(sink).values()), {1})

    def test_O1_a_person_added_at_one_node_logs_in_at_another(self):
        with Nodes(2) as (first, second):
            first.add_account("carol@site.test", PASSWORD)

            def logs_in():
                try:
                    second.client(login="carol").quit()
                    return True
                except smtplib.SMTPAuthenticationError:
                    return False
            wait_until(logs_in, 10, "carol is known at the second node")

    def test_O5_a_database_that_is_killed_makes_mail_wait_and_loses_none(self):
        with Sink() as sink, Nodes(2, sink=sink) as sites:
            fill(sites[0], 100)
            stop, sent, failed = threading.Event(), [], []

            def send_on(site, name):
                number = 0
                while not stop.is_set():
                    number += 1
                    text = f"From: alice@site.test\r\nTo: x@out.test\r\nMessage-ID: <{name}{number}@c.test>\r\n\r\nx\r\n".encode()
                    try:
                        with smtplib.SMTP("127.0.0.1", site.ports["smtp"], timeout=100) as client:
                            client.sendmail("alice@site.test", ["x@out.test"], text)
                        sent.append(f"<{name}{number}@c.test>")
                    except (OSError, smtplib.SMTPException) as error:
                        failed.append(repr(error))
            senders = [threading.Thread(target=send_on, args=(site, "ab"[i])) for i, site in enumerate(sites)]
            for sender in senders:
                sender.start()
            for _ in range(3):
                wanted = len(sent) + 20
                wait_until(lambda: len(sent) >= wanted, 60, "mail goes on")
                postgres.shared().kill()
                postgres.shared().start()
            wanted = len(sent) + 20
            wait_until(lambda: len(sent) >= wanted, 60, "mail goes on")
            stop.set()
            for sender in senders:
                sender.join()
            print(f"{len(sent)} acknowledged over 3 kills of the database, {len(failed)} put off", flush=True)
            wait_until(lambda: set(sent) <= set(ids_at(sink)), 120, "everything acknowledged at the sink")
            self.assertEqual(failed, [])


if __name__ == "__main__":
    unittest.main()
