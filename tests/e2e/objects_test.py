"""Large bodies in a bucket of an object store beside the database: what goes there, what comes back, what is removed, and what
happens while the object store misbehaves or is away."""

import hashlib
import json
import os
import smtplib
import unittest

import postgres
import processes
from s3 import S3
from server import run_pidge
from sink import Sink, wait_until
from testsite import Site

HEAD = b"From: alice@site.test\r\nTo: x@out.test\r\nSubject: large\r\n\r\n"


def large(octets=3 << 20, seed="a"):
    lines = [hashlib.sha256(f"{seed}{number}".encode()).hexdigest().encode() + b"\r\n" for number in range(octets // 66)]
    return HEAD + b"".join(lines)


def text_of(message):
    return message.octets.split(b"\r\n\r\n", 1)[1]


class Bucket(unittest.TestCase):
    def site(self, s3, sink=None, routes=None):
        return Site(sink=sink, routes=routes, store=postgres.new_store(), changes={"objects": s3.settings(**{"from": "256 KiB"})})

    def bodies(self, s3):
        return [name for name in s3.objects if name.startswith("pidge/")]

    def submit(self, site, octets):
        """The code of the answer to the whole message."""
        try:
            site.submit(octets, ["x@out.test"])
            return 250
        except smtplib.SMTPDataError as refused:
            return refused.smtp_code

    def test_O6_a_large_message_goes_through_the_bucket_and_leaves_nothing_there(self):
        with S3() as s3, Sink() as sink, self.site(s3, sink) as site:
            site.submit(HEAD + b"small\r\n", ["x@out.test"])
            self.assertEqual([call for call in s3.requests if call[0] == "PUT"], [])
            message = large()
            site.submit(message, ["x@out.test"])
            wait_until(lambda: len(sink.messages) == 2, 60, "both at the sink")
            self.assertIn(text_of_bytes(message), [text_of(each) for each in sink.messages])
            self.assertGreaterEqual(len([call for call in s3.requests if call[0] == "PUT"]), 10)
            wait_until(lambda: not self.bodies(s3), 60, "the objects go with the body")
            self.assertEqual(s3.refused, [])
            site.pidge("store", "verify", "--quiet")

    def test_O5_an_object_store_that_fails_now_and_then_costs_nobody_a_message(self):
        with S3() as s3, Sink() as sink, self.site(s3, sink) as site:
            s3.slow_s = 0.3
            sent = []
            for number, faults in enumerate((["500"], ["cut", "500"], ["slow", "cut"], ["damaged"], ["500", "500", "damaged"])):
                # One message after the other: three faults in a row for one request are more than passing.
                s3.faults = list(faults)
                message = large(1 << 20, seed=str(number))
                self.assertEqual(self.submit(site, message), 250)
                sent.append(text_of_bytes(message))
                wait_until(lambda: len(sink.messages) == len(sent) and not s3.faults, 100, "delivered, the faults have been met")
            self.assertEqual([text_of(each) for each in sink.messages], sent)
            self.assertEqual(site.events("objects-away"), [])
            wait_until(lambda: not self.bodies(s3), 60, "the objects are gone")

    def test_O5_while_it_is_away_large_mail_is_put_off_small_mail_goes_on_and_deliveries_wait(self):
        closed = processes.free_port()
        routes = {"out.test": f"127.0.0.1:{closed}", "site.test": f"127.0.0.1:{closed}"}
        with S3() as s3, self.site(s3, routes=routes) as site:
            def retry():
                run_pidge("queue", "retry", "--all", "--config", site.config_path)
            waiting = large(1 << 20)
            self.assertEqual(self.submit(site, waiting), 250)
            s3.is_down = True
            self.assertEqual(self.submit(site, large(1 << 20, seed="b")), 451)
            with Sink(port=closed) as sink:
                wait_until(lambda: retry() or site.events("relay-body-away"), 60, "it is tried in vain")
                self.assertEqual(self.submit(site, HEAD + b"small\r\n"), 250)
                wait_until(lambda: retry() or len(sink.messages) == 1, 60, "the small one to the same host")
                self.assertTrue(site.is_ready())
                self.assertTrue(site.events("objects-away"))
                s3.is_down = False
                wait_until(lambda: retry() or len(sink.messages) == 2, 100, "what waited")
                self.assertEqual(text_of(sink.messages[1]), text_of_bytes(waiting))
                wait_until(lambda: self.submit(site, large(1 << 20, seed="c")) == 250, 60, "large mail again")
                self.assertTrue(site.events("objects-back"))

    def test_O7_an_archive_holds_what_lies_in_the_bucket(self):
        with S3() as s3, self.site(s3) as site:
            site.pidge("route", "set", "out.test", "--host", "127.0.0.1", "--port", "1")
            site.submit(large(), ["x@out.test"])
            self.assertTrue(self.bodies(s3))
            site.stop()
            archive = os.path.join(site.folder, "archive")
            exported = json.loads(site.pidge("store", "export", archive, "--json"))
            site.pidge("store", "verify", "--quiet")
            other = Site(store=postgres.new_store(), routes={})
            self.addCleanup(other.__exit__, None, None, None)
            imported = json.loads(other.pidge("store", "import", archive, "--json"))
            self.assertEqual(imported["sha256"], exported["sha256"])
            other.pidge("store", "verify", "--quiet")  # without the bucket
            # Damage there is found.
            name = self.bodies(s3)[0]
            s3.objects[name] = s3.objects[name][:-1] + b"?"
            code, out, err = run_pidge("store", "verify", "--quiet", "--config", site.config_path)
            self.assertEqual(code, 1, out + err)

    def test_check_tries_the_bucket_and_tells_what_is_wrong_with_it(self):
        with S3() as s3, self.site(s3) as site:
            def finding():
                _, out, err = run_pidge("check", "--offline", "--json", "--config", site.config_path)
                (found,) = [each for each in json.loads(out)["findings"] if each["about"] == "object store"]
                return found
            self.assertEqual(finding()["kind"], "ok", finding())
            self.assertEqual(s3.objects, {})
            with open(s3.secret_file, "w", encoding="ascii") as file:
                file.write("another\n")
            self.assertEqual(finding()["kind"], "error")
            self.assertIn("SignatureDoesNotMatch", finding()["text"])


def text_of_bytes(message):
    return message.split(b"\r\n\r\n", 1)[1]


if __name__ == "__main__":
    unittest.main()
