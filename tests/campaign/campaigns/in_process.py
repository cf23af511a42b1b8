"""Campaigns that run inside one process of their own, without the program: tests/simulation.

C15 simulates the whole in one thread; C3 puts files that lose, tear and fail below RocksDB; C16 compares the queue with a model
of its states. Their programs draw everything from a seed, judge by themselves and print the report; fault K is seed S + K - 1.
"""

import json
import os
import platform
import shutil
import subprocess

import report
import server
from campaign import Campaign, NotRun


class InProcess(Campaign):
    program = ""  # below build/PRESET/tests/simulation; its last part is the target

    def path(self):
        preset = os.environ.get("PIDGE_IN_PROCESS_PRESET", "release")
        return os.path.join(server.ROOT, "build", preset, "tests", "simulation", self.program)

    def check(self):
        if not os.path.exists(self.path()):
            raise NotRun(f"{self.path()} is not built")

    def run(self):
        shutil.rmtree(self.folder, ignore_errors=True)  # nothing is kept but the seed
        self.check()
        seed = self.seed + (self.first if self.only is None else self.only) - 1
        count = 1 if self.only is not None else self.count
        command = [self.path(), "--seed", str(seed), "--count", str(count)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            last = ""
            for line in process.stdout:
                if last:
                    self.say(last)
                last = line.rstrip("\n")
        if process.returncode not in (0, 1) or not last.startswith("{"):
            self.say(last)
            print(json.dumps({"campaign": self.identifier, "crash": 1, "seed": seed, "planned": count}), flush=True)
            return False
        told = json.loads(last)
        told.update(campaign=self.identifier, commit=report.commit(), kernel=platform.release(),
                    build=os.path.relpath(self.path(), server.ROOT))
        if told["failed"] == 0:
            told["rate_below_percent_95"] = report.bound_percent(told["effective"])
        print(json.dumps(told), flush=True)
        return process.returncode == 0 and told["effective"] > 0


class Simulation(InProcess):
    name, identifier, faults_by_default, program = "simulation", "C15", 100_000, "simulation"
    summary = "the core in one thread on simulated disk, network, clock and power, by seed"


class Files(InProcess):
    name, identifier, faults_by_default, program = "files", "C3", 10_000, "files/files"
    summary = "lost, torn, reordered and short writes, EIO, full disk, below RocksDB, by seed"


class QueueModel(InProcess):
    name, identifier, faults_by_default, program = "queue_model", "C16", 1_000_000, "queue/queue_model"
    summary = "random sequences against a model of the queue's states, by seed"
