"""Large bodies in a bucket of a real object store (OpenStack Swift with its S3 interface), by https and a private authority: that what
pidge sends is understood by others than the stand-in of objects_test.py, and what is said when something is wrong."""

import json
import os
import shutil
import smtplib
import tempfile
import unittest

import certs
import postgres
from objects_test import HEAD, large, text_of, text_of_bytes
from s3swift import Swift
from server import run_pidge
from sink import Sink, wait_until
from testsite import Site


class RealStore(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="swift-ca-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        authority = certs.Authority(folder)
        cls.authority = authority.certificate
        cls.swift = cls.enterClassContext(Swift(authority.issue("localhost", "mail.localhost")))

    def setUp(self):
        self.swift.start()  # what another test has ended

    def settings(self, **changes):
        return self.swift.settings(**{"authorities": self.authority, "from": "256 KiB", "prefix": self.prefix(), **changes})

    def prefix(self):
        """Of this test: another may have left objects to a sweep that comes hours later."""
        return self.id().rsplit(".", 1)[1] + "/"

    def site(self, sink=None, **changes):
        return Site(sink=sink, store=postgres.new_store(), changes={"objects": self.settings(**changes)})

    def bodies(self):
        return [name for name in self.swift.names() if name.startswith(self.prefix())]

    def test_O6_a_large_message_goes_through_and_leaves_nothing_there(self):
        with Sink() as sink, self.site(sink, style="host") as site:
            message = large(5 << 19)
            site.submit(message, ["x@out.test"])
            wait_until(lambda: sink.messages, 100, "delivered")
            self.assertEqual(text_of(sink.messages[0]), text_of_bytes(message))
            wait_until(lambda: not self.bodies(), 100, "the objects go with the body")
            self.assertEqual(site.events("objects-away"), [])
            site.pidge("store", "verify", "--quiet")

    def test_O7_an_archive_holds_what_lies_there(self):
        with self.site() as site:
            site.pidge("route", "set", "out.test", "--host", "127.0.0.1", "--port", "1")
            site.submit(large(1 << 20), ["x@out.test"])
            self.assertGreaterEqual(len(self.bodies()), 3)
            site.stop()
            site.pidge("store", "verify", "--quiet")
            archive = os.path.join(site.folder, "archive")
            exported = json.loads(site.pidge("store", "export", archive, "--json"))
            other = Site(store=postgres.new_store(), routes={})
            self.addCleanup(other.__exit__, None, None, None)
            imported = json.loads(other.pidge("store", "import", archive, "--json"))
            self.assertEqual(imported["sha256"], exported["sha256"])
            for name in self.bodies():
                self.assertEqual(self.swift.request("DELETE", f"/mail/{name}")[0], 204)
            code, out, err = run_pidge("store", "verify", "--quiet", "--config", site.config_path)
            self.assertEqual(code, 1, out + err)

    def test_O5_a_store_that_is_killed_during_an_upload_costs_no_message(self):
        with Sink() as sink, self.site(sink) as site:
            message = large(4 << 20)
            middle = message.index(b"\n", len(message) // 2) + 1
            with site.client() as client:
                client.mail("alice@site.test")
                client.rcpt("x@out.test")
                self.assertEqual(client.docmd("DATA")[0], 354)
                client.send(message[:middle])
                wait_until(self.bodies, 100, "the first of its objects")
                self.swift.kill()
                client.send(message[middle:] + b".\r\n")
                self.assertEqual(client.getreply()[0], 451)
            self.assertTrue(site.is_ready())
            site.submit(HEAD + b"small\r\n", ["x@out.test"])
            self.swift.start()

            def is_taken():
                try:
                    site.submit(message, ["x@out.test"])
                    return True
                except smtplib.SMTPDataError as refused:
                    self.assertEqual(refused.smtp_code, 451)
                    return False
            wait_until(is_taken, 100, "large mail again")
            wait_until(lambda: len(sink.messages) == 2, 100, "delivered")
            self.assertEqual(text_of(sink.messages[1]), text_of_bytes(message))

    def finding(self, site, **changes):
        site.write_config(changes={"objects": self.settings(**changes)})
        _, out, err = run_pidge("check", "--offline", "--json", "--config", site.config_path)
        (found,) = [each for each in json.loads(out)["findings"] if each["about"] == "object store"]
        return found["kind"], found["text"] + " " + found["instead"], err

    def assert_error(self, site, *words, **changes):
        kind, text, err = self.finding(site, **changes)
        self.assertEqual(kind, "error", text)
        for word in words:
            self.assertIn(word, text, err)

    def test_check_tells_what_is_wrong_and_how_to_mend_it(self):
        site = self.site()
        self.addCleanup(site.__exit__, None, None, None)
        for style in ("path", "host"):
            self.assertEqual(self.finding(site, style=style)[0], "ok")
        self.assert_error(site, "certificate", "objects.authorities", authorities="/etc/ssl/certs/ca-certificates.crt")
        self.assert_error(site, "127.0.0.1", "certificate", endpoint=f"https://127.0.0.1:{self.swift.port}")
        self.assert_error(site, "NoSuchBucket", "Make the bucket", bucket="other")
        self.assert_error(site, "objects.region", region="eu-test-2")
        self.assert_error(site, "objects.access_key", access_key="pidge:nobody")
        wrong = os.path.join(site.folder, "wrong")
        with open(wrong, "w", encoding="ascii") as file:
            file.write("another\n")
        os.chmod(wrong, 0o644)
        self.assert_error(site, "open to everybody", "objects.secret_file", secret_file=wrong)
        os.chmod(wrong, 0o600)
        self.assert_error(site, "SignatureDoesNotMatch", "objects.secret_file", secret_file=wrong)
        self.assert_error(site, "cannot be opened", "objects.secret_file", secret_file=wrong + "er")
        self.swift.kill(["proxy"])
        self.assert_error(site, "onnect", "See that the object store runs")
        self.addCleanup(self.swift.kill, ["proxy"])
        self.swift.start(shift_s=1200)
        self.assert_error(site, "RequestTimeTooSkewed", "NTP")


if __name__ == "__main__":
    unittest.main()
