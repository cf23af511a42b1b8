"""What the sessions of a database do while a load runs: PostgreSQL's own wait events, looked at 50 times a second.

A session "runs" when it waits for nothing. Sessions that wait for their client are left out: they have nothing to do.
"""

import collections
import contextlib
import subprocess
import threading

from postgres import PROGRAMS

QUESTION = """SELECT coalesce(wait_event_type || ':' || wait_event, 'runs') FROM pg_stat_activity
WHERE backend_type IN ('client backend', 'walwriter', 'walsender', 'checkpointer') AND pid <> pg_backend_pid() AND state IS DISTINCT FROM 'idle'
AND coalesce(wait_event_type, '') NOT IN ('Client', 'Activity') \\watch 0.02
"""
seen = {}  # (peer, scenario) -> Counter


@contextlib.contextmanager
def watched(peer, scenario):
    if not peer.database:
        yield
        return
    asking = subprocess.Popen([f"{PROGRAMS}/psql", "-XAtq", "-d", peer.postgres.conninfo("postgres")], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    counts = seen.setdefault((peer.name, scenario), collections.Counter())
    reader = threading.Thread(target=lambda: counts.update(line.strip() for line in asking.stdout if line.strip() and " " not in line.strip()))
    reader.start()
    asking.stdin.write(QUESTION)
    asking.stdin.flush()
    try:
        yield
    finally:
        asking.terminate()
        asking.wait()
        reader.join()


def report():
    for (peer, scenario), counts in seen.items():
        total = sum(counts.values()) or 1
        shares = ", ".join(f"{event} {100 * count / total:.0f} %" for event, count in counts.most_common(8))
        print(f"{peer}, {scenario}: {total} looks; {shares}")
