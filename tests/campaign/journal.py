"""A recorder's file: one JSON object a line, on the disk before anybody goes on (O_SYNC).

The file lies where no fault of a campaign reaches. Its size in bytes at a moment stands for all that was recorded by then.
"""

import json
import os
import threading


class Journal:
    def __init__(self, path):
        self.path = path
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_SYNC | os.O_CLOEXEC, 0o600)
        self.lock = threading.Lock()
        self.size_bytes = os.fstat(self.descriptor).st_size

    def add(self, **record):
        line = (json.dumps(record, separators=(",", ":")) + "\n").encode()
        with self.lock:
            os.write(self.descriptor, line)
            self.size_bytes += len(line)

    def close(self):
        os.close(self.descriptor)


def read_journal(path):
    """[(offset of the line's end, record)]; a torn last line is no record."""
    found, end = [], 0
    with open(path, "rb") as file:
        for line in file:
            end += len(line)
            if line.endswith(b"\n"):
                found.append((end, json.loads(line)))
    return found
