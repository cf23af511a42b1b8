"""The oracle itself: each class of findings is found in evidence made for it, and nothing is found in sound evidence."""

import json
import os
import smtplib
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]

import oracle  # noqa: E402
from journal import Journal, read_journal  # noqa: E402
from recording_sink import RecordingSink, describe, own_digest  # noqa: E402

ALICE = "alice@site.test"


class Case:
    """Evidence of one message m1 for r@out.test that was accepted and arrived; each test spoils something."""

    def __init__(self):
        self.sent = [{"kind": "try", "t": 1, "token": "m1", "sha256": "S", "sender": ALICE, "recipients": ["r@out.test"]},
                     {"kind": "reply", "t": 2, "token": "m1", "code": 250, "recipients": ["r@out.test"], "queue": "Q1"}]
        self.sink = [self.text(1), {"kind": "on", "n": 1}, {"kind": "end", "n": None}]
        self.queue, self.verify, self.findings = [], {"code": 0, "text": "sound"}, []
        self.audit = [[1, "accept", {"queue": "Q1", "to": ["r@out.test"], "sha256": "S",
                                     "header": {"Message-ID": "<m1@client.test>"}}],
                      [2, "outcome", {"queue": "Q1-0", "to": "r@out.test", "action": "relayed"}]]
        self.second_sink, self.sender_bytes, self.settled_bytes = None, None, None
        self.stalls = []

    @staticmethod
    def text(n, token="m1", sha256="S", recipients=("r@out.test",)):
        return {"kind": "text", "n": n, "token": token, "sha256": sha256, "sender": ALICE, "recipients": recipients}

    @staticmethod
    def report(n, failed=("r@out.test",)):
        return {"kind": "text", "n": n, "token": "m1", "sha256": "D", "sender": "", "recipients": [ALICE], "failed": failed}

    def judged(self):
        with tempfile.TemporaryDirectory() as folder:
            sinks = [{"file": "sink.jsonl", "settled_bytes": self.settled_bytes}]
            self.write(folder, "sender.jsonl", self.sent)
            self.write(folder, "sink.jsonl", self.sink)
            if self.second_sink is not None:
                self.write(folder, "second.jsonl", self.second_sink)
                sinks.append({"file": "second.jsonl"})
            self.write(folder, "case.json", [{"sinks": sinks, "sender_bytes": self.sender_bytes, "findings": self.findings,
                                            "stalls": self.stalls}])
            self.write(folder, "reader.json", [{"queue": self.queue, "audit": self.audit, "verify": self.verify}])
            return oracle.judge(folder)

    @staticmethod
    def write(folder, name, records):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in records)

    def wait_in_queue(self):
        self.queue = [{"id": "Q1-0", "recipients": [{"address": "r@out.test"}]}]


class Oracle(unittest.TestCase):
    def expect(self, case, *kinds):
        verdict = case.judged()
        self.assertEqual([finding.kind for finding in verdict.findings], list(kinds), [str(each) for each in verdict.findings])
        return verdict

    def test_sound_evidence_has_no_findings(self):
        verdict = self.expect(Case())
        self.assertEqual((verdict.accepted, verdict.promised, verdict.permitted), (1, 1, 0))

    def test_what_arrived_nowhere_is_lost(self):
        case = Case()
        case.sink, case.audit = [], case.audit[:1]
        self.expect(case, "lost")

    def test_what_has_an_end_in_the_trail_and_nowhere_else_is_silent(self):
        case = Case()
        case.sink = []
        self.expect(case, "silent")

    def test_what_waits_in_the_queue_is_not_lost(self):
        case = Case()
        case.sink, case.audit = [], case.audit[:1]
        case.wait_in_queue()
        self.expect(case)

    def test_other_octets_are_damage(self):
        case = Case()
        case.sink[0]["sha256"] = "T"
        self.expect(case, "damaged")

    def test_a_copy_for_somebody_else_is_damage(self):
        case = Case()
        case.sink.append(case.text(2, recipients=("other@out.test",)))
        self.expect(case, "damaged")

    def test_a_second_copy_after_a_settled_one_is_a_duplicate(self):
        case = Case()
        case.sink.append(case.text(2))
        self.expect(case, "dup_remote")

    def test_a_second_copy_after_a_cut_is_lawful(self):
        case = Case()
        case.sink = [case.text(1), {"kind": "end", "n": 1}, case.text(2), {"kind": "on", "n": 2}]
        self.assertEqual(self.expect(case).permitted, 1)

    def test_a_second_copy_is_lawful_while_the_client_of_the_first_is_frozen_before_it_saw_the_reply(self):
        def case(settled_at, stalls):
            made = Case()
            made.sink = [{**made.text(1), "t": 10}, {**made.text(2), "t": 30}, {"kind": "on", "n": 1, "t": settled_at},
                         {"kind": "on", "n": 2, "t": 50}]
            made.stalls = stalls
            return made
        self.assertEqual(self.expect(case(40, [[9, 40]])).permitted, 1)
        self.expect(case(11, [[9, 40]]), "dup_remote")
        self.expect(case(40, [[12, 40]]), "dup_remote")
        self.expect(case(40, []), "dup_remote")

    def test_a_copy_settled_after_the_fault_is_not_settled(self):
        case = Case()
        case.second_sink, case.settled_bytes = [case.text(1)], 0
        self.assertEqual(self.expect(case).permitted, 1)
        case.settled_bytes = None
        self.expect(case, "dup_remote")

    def test_what_the_program_did_after_the_cut_is_not_held_against_what_survived(self):
        case = Case()
        case.sent[1]["queue"], case.audit, case.settled_bytes = "", [], 0
        self.expect(case)

    def test_what_the_program_did_after_the_cut_does_not_cover_a_loss(self):
        case = Case()
        case.audit, case.settled_bytes = case.audit[:1], 0
        self.expect(case, "lost")

    def test_a_refused_text_is_no_copy(self):
        case = Case()
        case.sink = [case.text(1), {"kind": "refusal", "n": 1, "stage": "message", "recipient": "", "reply": "451 Later"},
                     {"kind": "on", "n": 1}, case.text(2), {"kind": "on", "n": 2}]
        self.assertEqual(self.expect(case).permitted, 0)

    def test_what_has_arrived_and_waits_still_will_be_a_duplicate(self):
        case = Case()
        case.wait_in_queue()
        self.expect(case, "dup_remote")

    def test_a_report_about_what_nobody_refused_is_false(self):
        case = Case()
        case.sink = [case.report(1)]
        self.expect(case, "false_bounce")
        case.sink.insert(0, {"kind": "refusal", "stage": "rcpt", "recipient": "r@out.test", "reply": "550 No"})
        self.expect(case)

    def test_a_report_about_what_has_arrived_is_false(self):
        case = Case()
        case.sink += [{"kind": "refusal", "stage": "rcpt", "recipient": "r@out.test", "reply": "550 No"}, case.report(2)]
        self.expect(case, "false_bounce")

    def test_missing_entries_of_the_trail_are_gaps(self):
        for missing in (0, 1):
            case = Case()
            del case.audit[missing]
            case.verify = {"code": 2, "text": "entries are missing"}
            self.expect(case, "audit_gap")

    def test_a_hole_that_concerns_no_message_is_a_gap(self):
        case = Case()
        case.audit.append([4, "heartbeat", {}])
        case.verify = {"code": 2, "text": "entries are missing"}
        self.expect(case, "audit_gap")

    def test_a_loss_that_the_store_itself_tells_is_damage(self):
        case = Case()
        case.audit.append([len(case.audit) + 1, "start", {"lost": "7 octets of 000004.log, from octet 0 on"}])
        self.expect(case, "damaged")

    def test_an_altered_trail_is_told(self):
        case = Case()
        case.verify = {"code": 1, "text": "entry 2 was altered"}
        self.expect(case, "audit_altered")
        case = Case()
        case.audit[0][2]["sha256"] = "T"
        self.expect(case, "audit_altered")

    def test_a_message_without_a_promise_may_arrive_once_and_whole(self):
        case = Case()
        case.sent[1]["queue"] = ""
        self.expect(case)
        case.sink[0]["sha256"] = "T"
        self.expect(case, "damaged")
        case.sink, case.audit = [], []
        self.expect(case)

    def test_a_promise_after_the_fault_is_none(self):
        case = Case()
        case.sink, case.audit, case.sender_bytes = [], [], 10
        self.assertEqual(self.expect(case).accepted, 0)

    def test_findings_of_the_campaign_count(self):
        case = Case()
        case.findings = [["stuck", "", "", "ready after 9 s"]]
        self.expect(case, "stuck")


class SlowJournal(Journal):
    """As on a machine where the recorder is held up at the wrong moment."""

    def add(self, **record):
        time.sleep(0.3)
        super().add(**record)


class Recording(unittest.TestCase):
    def test_a_refusal_is_recorded_before_it_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "sink.jsonl")
            with RecordingSink(SlowJournal(path)) as sink:
                sink.refused.add("no.test")
                with smtplib.SMTP("127.0.0.1", sink.port, timeout=20) as client:
                    client.ehlo("client.test")
                    client.mail(ALICE)
                    self.assertEqual(client.rcpt("r@no.test")[0], 550)
                    refusals = [record for _, record in read_journal(path) if record["kind"] == "refusal"]
                    self.assertEqual([each["recipient"] for each in refusals], ["r@no.test"])


class Description(unittest.TestCase):
    OWN = b"X-Campaign: m1\r\nFrom: alice@site.test\r\nMessage-ID: <m1@client.test>\r\n\r\ntext\r\n"

    def test_trace_fields_do_not_count(self):
        self.assertEqual(own_digest(b"Received: from x\r\n\tby y\r\n" + self.OWN), own_digest(self.OWN))

    def test_a_report_tells_whom_it_is_about(self):
        octets = b"From: x\r\n\r\nFinal-Recipient: rfc822;r@no.test\r\nAction: failed\r\n\r\n" + self.OWN
        self.assertEqual((describe("", octets)["failed"], describe("", octets)["token"]), (["r@no.test"], "m1"))


if __name__ == "__main__":
    unittest.main()
