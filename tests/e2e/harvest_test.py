"""attacks.md R07: guessing who is here, through the real program.

PIDGE_HARVEST_SAMPLES sets how many answers are timed (default 100); with 1000, the long form, a known and an unknown address
may not differ by their time.
"""

import os
import random
import statistics
import time
import unittest

from rawsmtp import Raw
from testsite import Site

SAMPLES = int(os.environ.get("PIDGE_HARVEST_SAMPLES", "100"))


class Harvest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(ranges=(), people=("alice", "bob", "carol"))
        cls.site.start()

    @classmethod
    def tearDownClass(cls):
        cls.site.__exit__(None, None, None)

    def connect(self, source):
        return Raw(self.site.ports["smtp"], source=source, timeout_s=60).hello()

    def test_R07_a_thousand_guesses_learn_ten_answers(self):
        """[R07] From one address, whatever the session: two guesses each, and then so many that the answers stop."""
        said = []
        for number in range(500):
            with self.connect("127.0.2.1") as client:
                client.ask("MAIL FROM:<a@out.test>")
                said += [client.ask(f"RCPT TO:<guess{2 * number + n}@site.test>") for n in range(2)]
        learnt = [reply for reply in said if reply[:9] in ("550 5.1.1", "250 2.1.5")]
        self.assertEqual(len(learnt), 10)
        self.assertEqual({reply[0] for reply in said[10:]}, {"4"})
        # Nor does a known address stand out any more.
        with self.connect("127.0.2.1") as client:
            client.ask("MAIL FROM:<a@out.test>")
            self.assertEqual(client.ask("RCPT TO:<alice@site.test>"), said[-1])
        with self.connect("127.0.2.2") as client:  # and others are served
            self.assertEqual(client.envelope("a@out.test", "alice@site.test"), ("250", "250"))

    def test_R07_one_session_is_slowed_down_and_ended(self):
        """[R07] From the third guess a second each, at the tenth 421."""
        with self.connect("127.0.2.3") as client:
            client.ask("MAIL FROM:<a@out.test>")
            begun = time.monotonic()
            replies = [client.code(f"RCPT TO:<guess{n}@site.test>") for n in range(10)]
            self.assertEqual(replies, ["550"] * 9 + ["421"])
            self.assertGreaterEqual(time.monotonic() - begun, 8)
            self.assertTrue(client.is_closed())

    def test_R07_VRFY_and_EXPN_tell_nothing(self):
        """[R07] Of known and unknown alike; nor does the sender of a message from outside."""
        with self.connect("127.0.2.4") as client:
            for who in ("alice", "alice@site.test", "nobody@site.test", "postmaster", "<bob@site.test>", "everybody"):
                self.assertEqual(client.code(f"VRFY {who}"), "252", who)
                self.assertEqual(client.code(f"EXPN {who}"), "502", who)
            replies = set()
            for who in ("alice@site.test", "nobody@site.test"):
                replies.add(client.ask(f"MAIL FROM:<{who}>"))
                client.ask("RSET")
            self.assertEqual(len(replies), 1)

    def test_R07_known_and_unknown_take_the_same_time(self):
        """[R07] Medians over many addresses; asserted in the long form."""
        times = {"known": [], "unknown": []}
        chance = random.Random(7)
        for number in range(SAMPLES):
            with self.connect(f"127.{20 + number // 200}.{number % 200}.9") as client:
                client.ask("MAIL FROM:<a@out.test>")
                for kind in chance.sample(list(times), 2):
                    who = chance.choice(("alice", "bob", "carol")) if kind == "known" else f"guess{chance.randrange(10**6)}"
                    begun = time.perf_counter()
                    code = client.code(f"RCPT TO:<{who}@site.test>")
                    times[kind].append((time.perf_counter() - begun) * 1000)
                    self.assertEqual(code, "250" if kind == "known" else "550")
        medians = {kind: statistics.median(each) for kind, each in times.items()}
        print(f"{SAMPLES} samples: median {medians['known']:.3f} ms for a known address, {medians['unknown']:.3f} ms for an unknown one", flush=True)
        if SAMPLES >= 1000:
            self.assertLess(abs(medians["known"] - medians["unknown"]), 1.0)


if __name__ == "__main__":
    unittest.main()
