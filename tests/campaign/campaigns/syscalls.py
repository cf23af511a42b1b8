"""C4: the n-th system call of a kind fails, for n = 1, 2, ... until the scenario passes undisturbed.

A fault of this campaign is one scenario with one kind of call and one error; each is a loop of trials. After each trial the fault
is gone; a program that has stopped (never by a crash), or whose store has failed, is started again and must go on from its log.
"""

import os
import signal

from bench import Bench
from campaign import Campaign, NotRun
from preload import ERRORS, SEEN, Faults, library
from scenarios import SCENARIOS, Sender
from sink import wait_until

PAIRS = (("open", "EIO"), ("open", "ENOSPC"), ("open", "EMFILE"), ("write", "EIO"), ("write", "ENOSPC"), ("write", "EINTR"), ("write", "short"),
         ("pwrite", "EIO"), ("pwrite", "ENOSPC"), ("read", "EIO"), ("read", "short"), ("fsync", "EIO"), ("fsync", "ENOSPC"), ("fdatasync", "EIO"),
         ("fdatasync", "ENOSPC"), ("fdatasync", "EINTR"), ("rename", "EIO"), ("rename", "ENOSPC"), ("link", "EIO"), ("unlink", "EIO"),
         ("ftruncate", "EIO"), ("fallocate", "ENOSPC"), ("mkdir", "EIO"), ("mkdir", "ENOSPC"), ("accept", "EMFILE"), ("accept", "ENOMEM"),
         ("mmap", "ENOMEM"), ("malloc", "ENOMEM"))
TABLE = [(scenario, call, error) for scenario in SCENARIOS for call, error in PAIRS]
TRIALS_MAX = 400
# Allocations come by the thousand; of them a spread of so many is tried.
ALLOCATIONS_TRIED = 24
SYNCS = ("fsync", "fdatasync")


class FaultyBench(Bench):
    """A site without load whose program has the library of faults; everything that is sent is sent by the scenarios."""

    def __init__(self, folder, seed, **options):
        super().__init__(folder, seed, load={"sessions": 0}, **options)
        # Of the last act: where its log begins, and what failed in it.
        self.log_seen, self.where = 0, ""
        self.life_begin = 0  # in the log: where at the latest the life began that goes on
        self.system = Faults(folder, below=self.data)
        self.env = {**self.system.environment(), "PIDGE_FAULT_TRACE": "1"}

    def start(self, **env):
        if os.path.exists(self.site.log_path):
            self.life_begin = os.path.getsize(self.site.log_path)
        return super().start(**env)

    def life(self):
        """The log of the last life."""
        with open(self.site.log_path, "rb") as file:
            file.seek(self.life_begin)
            return "\n".join(last_life(file.read().decode(errors="replace").splitlines()))

    def let_go(self):
        """What was deferred on purpose is delivered, so that the work of a trial does not grow with their number."""
        deferred, self.sink.deferred = self.sink.deferred, set()
        self.drain(self.site)
        self.sink.deferred = deferred

    def __enter__(self):
        super().__enter__()
        self.sender = Sender(self)
        if not self.system.counts().get("fdatasync"):
            raise RuntimeError("the library of faults sees no system call of the program: the campaign would prove nothing")
        return self


class Syscalls(Campaign):
    name, identifier, faults_by_default = "syscalls", "C4", len(TABLE)
    summary = f"the n-th system call fails: {len(SCENARIOS)} scenarios, {len(PAIRS)} kinds of failure, all n"
    faults_per_site = len(PAIRS)
    trials_max = TRIALS_MAX

    def check(self):
        if library() is None:
            raise NotRun("the library of faults is not built (target pidge_faults)")

    def make_bench(self, folder, group_seed):
        return FaultyBench(folder, group_seed, site={"changes": {"log": {"level": "info"}, "relay": {"wait_max": "5 s"}}})

    def inflict(self, bench, number, chance):
        name, call, error = TABLE[(number - 1) % len(TABLE)]
        if bench.site.process.poll() is None:
            bench.let_go()
        scenario = SCENARIOS[name](bench, chance)
        bench.keep_alive = lambda: self.revive(bench, scenario)
        has_fired = False
        for nth in self.places(bench, scenario, call):
            if self.trial(bench, scenario, call, error, nth):
                has_fired = True
            elif call != "malloc":  # of those there are not as many each time
                break
        return has_fired

    def places(self, bench, scenario, call):
        """1, 2, ... for the loop to end; for allocations some places of those that there are."""
        if call != "malloc":
            return range(1, self.trials_max + 1)
        bench.system.arm(call, ERRORS["ENOMEM"], nth=1 << 40)
        scenario.prepare()
        bench.log_seen = os.path.getsize(bench.site.log_path)
        bench.system.set(SEEN, 0)
        scenario.act()
        total = max(bench.system.seen, 1)
        bench.system.disarm()
        self.recover(bench, scenario, "undisturbed")
        tried = min(ALLOCATIONS_TRIED, self.trials_max)
        return sorted({max(1, round(total ** (number / tried))) for number in range(tried)} | {max(1, total * number // tried) for number in range(tried)})

    def trial(self, bench, scenario, call, error, nth):
        """One act with the n-th call failing; False when it was not reached."""
        bench.keep_alive()
        scenario.prepare()
        where = f"{type(scenario).__name__}, {call} number {nth} fails with {error}"
        bench.log_seen, bench.where = os.path.getsize(bench.site.log_path), where
        scenario.first_end = None
        bench.system.arm(call, ERRORS[error], nth)
        try:
            scenario.act()
        finally:
            fired = bench.system.fired
            bench.system.disarm()
        self.tally.count("trials")
        self.tally.count("calls_failed", fired)
        if scenario.first_end:
            self.judge_end(bench, where, *scenario.first_end)
        self.recover(bench, scenario, where, is_sync=fired and call in SYNCS)
        return fired > 0

    # Afterwards

    def revive(self, bench, scenario):
        """A call that failed behind the scenes, as in a compaction, may take effect only when its trial has been judged."""
        if bench.site.process.poll() is not None or '"store-write-failed"' in bench.life():
            scenario.first_end = None
            self.recover(bench, scenario, bench.where)

    def find(self, bench, kind, text):
        bench.findings.append([kind, "", "", text])
        self.say(f"{kind}: {text}")

    def recover(self, bench, scenario, where, is_sync=False):
        """The fault is over: whatever it has done, the program works again, after a start at most."""
        site = bench.site
        site.is_ready()  # one that ends of the fault has had the time to, when this has been asked
        code = site.process.poll()
        if code is None and not self.is_well(bench, scenario, where):
            self.tally.count("store_failed")
            self.check_refusal(bench, where)
            try:
                site.stop()
            except AssertionError as error:
                self.find(bench, "stuck", f"{where}: {error}")
            code = site.process.poll()
        if code is not None:
            if scenario.first_end is None:
                self.judge_end(bench, where, code, site.log())
            self.tally.count("starts_again")
            try:
                self.tally.most("ready_ms_max", round(1000 * bench.start()))
            except AssertionError as error:
                self.find(bench, "stuck", f"{where}: {error}")
                raise

    def judge_end(self, bench, where, code, log):
        """RocksDB of Debian checks itself to death where it meets trouble while it opens, and neither it nor we can go on where memory
        for the next step of a thread is refused; nothing was promised by then, or it is in the log. Those ends are counted; all
        others are findings. `log` is at least that of the last life; one that takes long to die counts for the act after."""
        if code is None:
            self.find(bench, "stuck", f"{where}: the program does not end")
        life = last_life(log.splitlines())
        words = last_words(life)
        if code == 1 and any('"store-engine-ended"' in line for line in life):
            self.tally.count("engine_ended")
        if code is None or 0 <= code <= 128:
            return
        is_in_rocksdb = any("/librocksdb.so" in line for line in last_trace(life))
        if ", malloc " in where and ("bad_alloc" in words or "rocksdb::" in words or (is_in_rocksdb and code == -signal.SIGSEGV)):
            # Counted, and told in the report: nothing is lost by it, but ours could do better.
            self.tally.count("rocksdb_out_of_memory" if is_in_rocksdb else "own_out_of_memory")
        elif ", mmap " in where and code == -signal.SIGSEGV and is_start(life):
            # jemalloc, the allocator that Debian's RocksDB brings, follows a null pointer where the first allocation of a thread gets no memory.
            self.tally.count("allocator_out_of_memory")
        elif "rocksdb::" in words and "Assertion" in words and is_start(life):
            self.tally.count("rocksdb_assertion_at_start")
        else:
            self.find(bench, "crash", f"{where}: the program ended with code {code}; {words}")

    def is_well(self, bench, scenario, where):
        """Whether the store takes changes; one that only was full does so again by itself."""
        if '"store-write-failed"' in bench.life():
            return False
        if '"store-full"' in scenario.log():
            try:
                wait_until(bench.site.is_ready, 10)
            except AssertionError:
                self.find(bench, "stuck", f"{where}: the store does not take changes again though there is space")
                return False
        return True

    def check_refusal(self, bench, where):
        """A store that has failed takes nothing, and says so by 4xx."""
        reply = bench.sender.send("small", expect_refusal=True)
        if reply and reply[0] == 250:
            self.find(bench, "early_250", f"{where}: a message is accepted by a store that has failed")
        elif reply and reply[0] not in (421, 451, 452):
            self.find(bench, "silent", f"{where}: a store that has failed answers {reply}")


def last_words(lines):
    """Of a program that crashed: the last lines that are no log events."""
    return " | ".join([line for line in lines if line and not line.startswith(("{", "/"))][-3:])


def last_life(lines):
    starts = [number for number, line in enumerate(lines) if '"event":"starting"' in line]
    return lines[starts[-1]:] if starts else lines


def last_trace(lines):
    """The stack of the last call that was made to fail."""
    end = max((number for number, line in enumerate(lines) if line.startswith("/")), default=-1)
    begin = end
    while begin >= 0 and lines[begin].startswith("/"):
        begin -= 1
    return lines[begin + 1:end + 1]


def is_start(life):
    """Whether that is the log of a start, from its first line on, that did not come to its end."""
    return any('"event":"starting"' in line for line in life[:1]) and not any('"event":"ready"' in line for line in life)
