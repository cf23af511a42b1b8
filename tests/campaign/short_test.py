"""The short slice of the crash campaigns: what each run of the tests makes. ./dev campaign makes the long forms."""

import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TEST_BUILD = os.path.join(ROOT, "build", "campaign", "pidge")  # with kill points and sabotage
SEED = os.environ.get("PIDGE_SEED", "1")


class ShortSlice(unittest.TestCase):
    def setUp(self):
        self.assertTrue(os.access(TEST_BUILD, os.X_OK), f"{TEST_BUILD} is not there: ./dev build campaign pidge")

    def run_campaign(self, *arguments):
        env = {**os.environ, "PIDGE_BINARY": TEST_BUILD}
        done = subprocess.run([sys.executable, os.path.join(HERE, "runner.py"), "campaign", *arguments, "--seed", SEED],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, check=False)
        said = done.stdout.decode(errors="replace")
        print(said.strip(), flush=True)
        if done.returncode == 77:
            self.skipTest("not run: " + said.strip().splitlines()[-1])
        self.assertEqual(done.returncode, 0, said)
        return json.loads(said.strip().splitlines()[-1])

    def test_kills_lose_nothing(self):
        """[O5] C1."""
        report = self.run_campaign("kill", "--count", "30")
        self.assertGreater(report["accepted"], 30)

    def test_power_cuts_lose_nothing_on_ext4(self):
        """[O5] C2."""
        self.run_campaign("powercut-ext4", "--count", "6")

    def test_power_cuts_lose_nothing_on_xfs(self):
        """[O5] C2."""
        self.run_campaign("powercut-xfs", "--count", "3")

    def test_power_cuts_lose_nothing_on_btrfs(self):
        """[O5] C2."""
        self.run_campaign("powercut-btrfs", "--count", "3")

    def test_a_program_that_does_not_sync_its_log_is_caught(self):
        """[O5] C2m."""
        self.run_campaign("sabotage", "--only", "1")

    def test_a_program_that_writes_its_trail_apart_is_caught(self):
        """[J23] C2m."""
        self.run_campaign("sabotage", "--only", "3")


if __name__ == "__main__":
    unittest.main()
