"""A Patroni that is too old loses acknowledged mail (docs/cluster.md): the program says so, and one that does not answer holds
nothing up."""

import json
import unittest

import postgres
import processes
from patroni import Patroni
from server import Server, run_pidge
from sink import wait_until


def server_with(setting):
    return Server(store=postgres.new_store(patroni=setting))


def findings(server):
    code, out, err = run_pidge("check", "--offline", "--json", "--config", server.config_path)
    told = [each for each in json.loads(out)["findings"] if each["about"].startswith("patroni")]
    return code, told, err


class OldPatroni(unittest.TestCase):
    def test_O4_check_refuses_a_Patroni_that_loses_mail_and_tells_how_to_mend_it(self):
        with Patroni("3.0.2") as old, Patroni("4.0.7", status=503) as good, server_with(f"{old.url} {good.url}/") as server:
            code, told, err = findings(server)
            self.assertEqual(code, 1, err)
            self.assertEqual([each["kind"] for each in told], ["error", "ok"])
            self.assertIn("3.0.2", told[0]["text"])
            self.assertIn("lose mail", told[0]["text"])
            self.assertIn("4.0.7 or later", told[0]["instead"])
            self.assertIn("4.0.7", told[1]["text"])

    def test_O4_the_start_says_it_in_the_log_and_in_the_status(self):
        with Patroni("4.0.6") as old, server_with(old.url) as server:
            wait_until(lambda: server.events("patroni-loses-mail"), 30, "the warning")
            (said,) = server.events("patroni-loses-mail")
            self.assertEqual((said["level"], said["version"]), ("error", "4.0.6"))
            status = json.loads(server.pidge("status", "--json"))
            self.assertEqual([(each["version"], each["losesMail"]) for each in status["patroni"]], [("4.0.6", True)])
            self.assertIn("can lose mail", server.pidge("status"))

    def test_a_good_one_is_no_cause_for_alarm(self):
        with Patroni("4.1.0") as good, server_with(good.url) as server:
            wait_until(lambda: server.events("patroni-seen"), 30, "the version")
            self.assertEqual(server.events("patroni-loses-mail"), [])
            self.assertEqual([each["kind"] for each in findings(server)[1]], ["ok"])

    def test_one_that_does_not_answer_holds_nothing_up_and_is_told_once(self):
        nobody = f"http://127.0.0.1:{processes.free_port()}"
        with Patroni(None) as silent, server_with(f"{silent.url} {nobody}") as server:
            # It is ready although the first of them is still being waited for, or has been in vain.
            wait_until(lambda: len(server.events("patroni-unknown")) == 2, 30, "both are told")
            self.assertEqual({each["level"] for each in server.events("patroni-unknown")}, {"info"})
            code, told, err = findings(server)
            self.assertEqual([each["kind"] for each in told], ["warning", "warning"], err)
            self.assertIn("store.patroni", told[0]["instead"])

    def test_it_can_be_switched_off(self):
        with server_with("off") as server:
            self.assertEqual(findings(server)[1], [])
            self.assertEqual(json.loads(server.pidge("status", "--json"))["patroni"], [])

    def test_what_is_no_place_to_ask_is_a_mistake_of_the_configuration(self):
        server = Server(store={"engine": "memory"})
        self.addCleanup(server.__exit__, None, None, None)
        server.write_config(store={"engine": "memory", "patroni": "ftp://db1"})
        code, _, err = run_pidge("check", "--config", server.config_path)
        self.assertEqual(code, 78)
        self.assertIn("store.patroni", err)


if __name__ == "__main__":
    unittest.main()
