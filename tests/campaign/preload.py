"""System calls that fail, wait or lie on command: the other side of preload/faults.cc, which is loaded into the server.

    faults = Faults(folder, below=data_folder)
    with Site(environment=faults.environment()) ...:
        faults.arm("fdatasync", errno.EIO, nth=3)   # the third from now on fails, once
        ... ; faults.fired                          # 1 if it came to that
        faults.disarm()
        faults.sync_delay_ms = 2000                 # each sync takes so long
        faults.clock_offset_s = -3600               # the wall clock steps
"""

import errno
import mmap
import os
import struct

from server import ROOT, binary

CALLS = ("none", "open", "write", "pwrite", "read", "fsync", "fdatasync", "rename", "link", "unlink", "ftruncate", "fallocate", "mkdir", "accept",
         "mmap", "malloc", "clock")
ERRORS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "EINTR": errno.EINTR, "EMFILE": errno.EMFILE, "ENOMEM": errno.ENOMEM,
          "EAGAIN": errno.EAGAIN, "short": 0}
MAGIC = 0x7069646765666c74
(MAGIC_AT, ARMED, ERROR, NTH, LASTING, SEEN, FIRED, SYNC_DELAY, STALLED, CLOCK, SYNCS_BEGUN, SYNCS_ENDED) = range(12)
COUNT = 16
SIZE = 4096


def library():
    """Path of the library, beside the program of the build; None when that build has none."""
    for folder in (os.path.dirname(binary()), os.path.join(ROOT, "build", "release"), os.path.join(ROOT, "build", "debug")):
        path = os.path.join(folder, "pidge_faults.so")
        if os.path.exists(path):
            return path
    return None


class Faults:
    def __init__(self, folder, below=""):
        self.path, self.below = os.path.join(folder, "faults.control"), below
        with open(self.path, "wb") as file:
            file.write(struct.pack("<Q", MAGIC).ljust(SIZE, b"\0"))
        with open(self.path, "r+b") as file:
            self.words = mmap.mmap(file.fileno(), SIZE)

    def environment(self):
        values = {"LD_PRELOAD": library(), "PIDGE_FAULT_CONTROL": self.path}
        return {**values, "PIDGE_FAULT_BELOW": self.below} if self.below else values

    def get(self, at):
        return struct.unpack_from("<q", self.words, 8 * at)[0]

    def set(self, at, value):
        struct.pack_into("<q", self.words, 8 * at, value)

    def arm(self, call, error, nth=1, lasting=False):
        self.disarm()
        for at, value in ((SEEN, 0), (FIRED, 0), (ERROR, error), (NTH, nth), (LASTING, int(lasting))):
            self.set(at, value)
        self.set(ARMED, CALLS.index(call))

    def disarm(self):
        self.set(ARMED, 0)

    @property
    def fired(self):
        return self.get(FIRED)

    @property
    def seen(self):
        return self.get(SEEN)

    def counts(self):
        return {call: self.get(COUNT + number) for number, call in enumerate(CALLS) if number and self.get(COUNT + number)}


def word(at, scale=1):
    return property(lambda self: self.get(at) / scale, lambda self, value: self.set(at, int(value * scale)))


Faults.sync_delay_ms = word(SYNC_DELAY)
Faults.is_stalled = word(STALLED)
Faults.clock_offset_s = word(CLOCK, 1_000_000_000)
Faults.syncs_begun = word(SYNCS_BEGUN)
Faults.syncs_ended = word(SYNCS_ENDED)
