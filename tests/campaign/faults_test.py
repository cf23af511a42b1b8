"""The short slice of the campaigns of faults other than kills and power cuts; ./dev campaign makes the long forms."""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]

from campaign import NotRun  # noqa: E402
from campaigns import clock, descriptors, diskfull, dns, network, overload, remote, slowdisk, syscalls  # noqa: E402

SEED = int(os.environ.get("PIDGE_SEED", "1"))


class Slice(unittest.TestCase):
    def run_campaign(self, kind, count, only=None, **values):
        campaign = kind(count=count, seed=SEED, only=only)
        for name, value in values.items():
            setattr(campaign, name, value)
        try:
            is_passed = campaign.run()
        except NotRun as reason:
            self.skipTest(f"not run: {reason}")
        self.assertTrue(is_passed, campaign.tally.failing)

    def test_remote_servers_that_misbehave(self):
        """[O5] C8: the whole table once."""
        self.run_campaign(remote.Remote, len(remote.TABLE))

    def test_connections_that_break(self):
        """[O5] C8."""
        self.run_campaign(network.Network, 12)

    def test_system_calls_that_fail(self):
        """[O5] C4: the first three of each kind, while a message is taken."""
        self.run_campaign(syscalls.Syscalls, len(syscalls.PAIRS) - 1, trials_max=3)

    def test_a_disk_that_is_full(self):
        """[O4] C5."""
        self.run_campaign(diskfull.DiskFull, 4)

    def test_a_disk_that_is_slow(self):
        """[O4] C6."""
        self.run_campaign(slowdisk.SlowDisk, 1, only=3)

    def test_names_that_cannot_be_found(self):
        """[O5] C7."""
        self.run_campaign(dns.Dns, len(dns.TABLE))

    def test_a_clock_that_steps(self):
        """[J23] C10."""
        self.run_campaign(clock.Clock, 5)

    def test_descriptors_that_run_out(self):
        """[O4] C13."""
        self.run_campaign(descriptors.Descriptors, 1)

    def test_too_many_clients(self):
        """[O4] 500 that drip; 10,000 in the long form."""
        self.run_campaign(overload.Overload, 1, dripping=500)


if __name__ == "__main__":
    unittest.main()
