"""What a server costs: CPU and memory of a process tree, syncs under strace, and how busy the rest of the machine was."""

import os
import re
import signal
import subprocess
import tempfile
import time

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
SYNCS = ("fsync", "fdatasync", "sync_file_range", "syncfs", "msync")


def processes():
    """pid -> (parent, CPU ticks of itself and of its reaped children)."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            found[int(name)] = (int(fields[1]), sum(int(field) for field in fields[11:15]))
    return found


def tree(roots, table=None):
    """roots: a process id, or several."""
    table = table or processes()
    roots = roots if isinstance(roots, list) else [roots]
    children = {}
    for pid, (parent, _) in table.items():
        children.setdefault(parent, []).append(pid)
    found, todo = [], [root for root in roots if root in table]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def cpu_s(root):
    table = processes()
    return sum(table[pid][1] for pid in tree(root, table)) / TICKS_PER_S


def memory_kib(root):
    """Proportional share (PSS) of the whole tree."""
    total = 0
    for pid in tree(root):
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except OSError:
            pass
    return total


def wait_until_idle(root, patience_s=20.0):
    """So that work done after the last reply is counted, too."""
    end, before, quiet = time.monotonic() + patience_s, cpu_s(root), 0
    while time.monotonic() < end and quiet < 3:
        time.sleep(0.3)
        now = cpu_s(root)
        quiet = quiet + 1 if now - before < 0.03 else 0
        before = now


def machine_busy_s():
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(field) for field in file.readline().split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / TICKS_PER_S


def disk_syncs_per_s(folder, seconds=0.4):
    """4 KiB append and fdatasync, one after the other: what the disk is like just now."""
    with tempfile.TemporaryFile(dir=folder) as file:
        count, start = 0, time.monotonic()
        while time.monotonic() - start < seconds:
            os.write(file.fileno(), bytes(4096))
            os.fdatasync(file.fileno())
            count += 1
        return count / (time.monotonic() - start)


def figures(line):
    return {key: float(value) for key, value in re.findall(r"(\w+)=([\d.]+)(?!\S)", line)}


def run_load(command, root, database=()):
    """Runs a load that prints one line of key=value figures; adds what it cost the server, and its database, per message."""
    cpu, busy, start = cpu_s(root), machine_busy_s(), time.monotonic()
    database_cpu = cpu_s(list(database))
    own = os.times()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    elapsed = time.monotonic() - start
    line = done.stdout.decode(errors="replace").strip()
    wait_until_idle(root)
    after = os.times()
    used = cpu_s(root) - cpu
    load = sum(after[:4]) - sum(own[:4])
    result = figures(line)
    if done.returncode != 0 or result.get("fail", 1) > 0 or not result.get("n"):
        raise RuntimeError(f"the load failed: {line}")
    result["cpu_ms"] = used / result["n"] * 1000
    database_used = cpu_s(list(database)) - database_cpu
    result["database_ms"] = database_used / result["n"] * 1000
    result["foreign_cores"] = max(0.0, (machine_busy_s() - busy - used - database_used - load) / (time.monotonic() - start))
    result["elapsed_s"] = elapsed
    return result


def syncs_per_message(command, root):
    """Counts under strace, so the rate of this run means nothing."""
    with tempfile.NamedTemporaryFile() as out:
        arguments = ["strace", "-f", "-c", "-o", out.name]
        for pid in tree(root):
            arguments += ["-p", str(pid)]
        with subprocess.Popen(arguments, stderr=subprocess.DEVNULL) as tracer:
            time.sleep(1.5)  # until it has attached to all of them
            done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
            wait_until_idle(root)
            tracer.send_signal(signal.SIGINT)
        result = figures(done.stdout.decode(errors="replace"))
        counts = {}
        for line in out.read().decode(errors="replace").splitlines():
            fields = line.split()
            if len(fields) >= 5 and fields[3].isdigit():
                counts[fields[-1]] = int(fields[3])
    if not result.get("n"):
        raise RuntimeError("the load failed under strace")
    return {"syncs": sum(counts.get(name, 0) for name in SYNCS) / result["n"],
            "calls": sum(count for name, count in counts.items() if name != "total") / result["n"]}
