"""./dev bench smtp: pidge and Postfix side by side, interleaved in one run; prints the ratios of the medians."""

import argparse
import contextlib
import os
import socket
import ssl
import statistics
import sys
import tempfile

import measure
from peers import PEERS, ROOT

# peers.py puts tests/lib on the path.
import processes
import waits

IDLE_SESSIONS = 1000
SUBMISSION = ["--tls", "--per-connection", "1"]
# name, role, sessions, messages in a round, more options, goal (design: figures to reach)
SCENARIOS = [
    ("accept, 1 session", "accept", 1, 400, [], "≥ 1 ×"),
    ("accept, 10 sessions", "accept", 10, 2000, [], "≥ 3 ×"),
    ("accept, 50 sessions", "accept", 50, 3000, [], "≥ 10 ×"),
    ("accept, 50, pipelined", "accept", 50, 3000, ["--pipeline"], ""),
    ("relay, 10 sessions", "relay", 10, 1500, [], "≥ 8 ×"),
    ("relay, 50 sessions", "relay", 50, 3000, [], "≥ 8 ×"),
    ("submission, TLS + AUTH each", "submission", 10, 400, SUBMISSION, "≥ 1 ×"),
]


def load(scenario, peer, sink_port, count=None):
    _, role, sessions, messages, more, _ = scenario
    command = [os.path.join(ROOT, "build", "release", "bench", "smtpload"), "--sessions", str(sessions), "--count",
               str(count or messages), "--recipient", "b%d@out.test", "--modulus", "50", *more]
    if role == "submission":
        return command + ["--port", str(peer.submission_ports[0]), "--auth", peer.login, "--from", "u0@site.test"]
    if role == "relay":
        command += ["--sink", str(sink_port)]
    return command + [word for port in peer.ports for word in ("--port", str(port))]


def rate(scenario, result):
    return result["sink_per_s"] if scenario[1] == "relay" else result["msgs_per_s"]


def one_role(role, names, rounds, scale, folder, results, wants_waits):
    """All scenarios of a role with every server up at once, so that a round measures them in turn."""
    sink_port = processes.free_port()
    scenarios = [scenario for scenario in SCENARIOS if scenario[1] == role]
    running = {}
    try:
        for name in names:
            running[name] = PEERS[name](role, sink_port, folder)
        for peer in running.values():  # what happens only once is not counted
            measure.run_load(load(scenarios[0], peer, sink_port, 50), peer.pid)
        for number in range(rounds):
            for scenario in scenarios:
                for peer in running.values():
                    with waits.watched(peer, scenario[0]) if wants_waits else contextlib.nullcontext():
                        result = measure.run_load(load(scenario, peer, sink_port, max(50, int(scenario[3] * scale))), peer.pid,
                                                  peer.database)
                    result["disk"] = measure.disk_syncs_per_s(folder)
                    results.setdefault((scenario[0], peer.name), []).append(result)
                    print(f"round {number + 1}: {scenario[0]:<28} {peer.name:<8} {rate(scenario, result):8.0f} msg/s "
                          f"{result['cpu_ms']:6.2f} ms CPU, {result['database_ms']:6.2f} in the database  (others {result['foreign_cores']:.1f} cores, "
                          f"disk {result['disk']:.0f} syncs/s)", flush=True)
        for scenario in scenarios:
            for peer in running.values():
                counted = measure.syncs_per_message(load(scenario, peer, sink_port, 200), peer.pid)
                results[scenario[0], peer.name][0].update(counted)
        if role == "submission":
            for peer in running.values():
                results["idle", peer.name] = idle_memory(peer)
    finally:
        for peer in running.values():
            peer.stop()


def idle_memory(peer):
    """KiB per idle TLS session, of the whole process tree."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    before, sessions = measure.memory_kib(peer.pid), []
    for _ in range(IDLE_SESSIONS):
        stream = context.wrap_socket(socket.create_connection(("127.0.0.1", peer.submission_ports[0]), 30))
        stream.recv(4096)
        stream.sendall(b"EHLO idle.client.test\r\n")
        stream.recv(4096)
        sessions.append(stream)
    measure.wait_until_idle(peer.pid)
    after = measure.memory_kib(peer.pid)
    for stream in sessions:
        stream.close()
    return (after - before) / IDLE_SESSIONS


def median_and_range(values, form="{:.0f}"):
    low, high = form.format(min(values)), form.format(max(values))
    return form.format(statistics.median(values)) + (f" ({low}–{high})" if low != high else "")


def report(names, results):
    print(f"\n{'':<30}{'':<14}" + "".join(f"{name:>24}" for name in names) + f"{'ratio':>10}  goal")

    def row(title, unit, values, form, goal="", ratio=None):
        cells = "".join(f"{median_and_range(values[name], form):>24}" for name in names)
        print(f"{title:<30}{unit:<14}{cells}{(f'{ratio:.2f} ×' if ratio else ''):>10}  {goal}")

    for scenario in SCENARIOS:
        runs = {name: results.get((scenario[0], name)) for name in names}
        if not all(runs.values()):
            continue
        rates = {name: [rate(scenario, result) for result in runs[name]] for name in names}
        # The ratio of each round, then the median: what troubles the machine in a round troubles both servers.
        ratio = None
        if {"pidge", "postfix"} <= set(names):
            ratio = statistics.median(ours / theirs for ours, theirs in zip(rates["pidge"], rates["postfix"]))
        row(scenario[0], "msg/s", rates, "{:.0f}", scenario[5], ratio)
        row("", "CPU ms/msg", {name: [result["cpu_ms"] for result in runs[name]] for name in names}, "{:.2f}",
            "≤ 0.15" if scenario[2] == 50 else "")
        if any(result["database_ms"] for name in names for result in runs[name]):
            row("", "database ms", {name: [result["database_ms"] for result in runs[name]] for name in names}, "{:.2f}")
        row("", "syncs/msg", {name: [runs[name][0]["syncs"]] for name in names}, "{:.3f}",
            "≤ 0.111" if scenario[2] == 50 else "")
        row("", "calls/msg", {name: [runs[name][0]["calls"]] for name in names}, "{:.0f}")
    if all(("idle", name) in results for name in names):
        row(f"{IDLE_SESSIONS} idle TLS sessions", "KiB each", {name: [results["idle", name]] for name in names}, "{:.0f}")
    foreign = [result["foreign_cores"] for runs in results.values() if isinstance(runs, list) for result in runs]
    if foreign:
        print(f"\nOthers used {statistics.median(foreign):.1f} cores meanwhile (most {max(foreign):.1f}).")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench smtp")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", choices=["accept", "relay", "submission"])
    parser.add_argument("--peer", choices=sorted(PEERS), action="append", help="only this one, or these")
    parser.add_argument("--database", action="store_true", help="pidge on PostgreSQL too, as one node and as three")
    parser.add_argument("--waits", action="store_true", help="tell what the sessions of the databases waited for")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("Postfix needs root: run ./dev bench smtp as root.")
    names = options.peer if options.peer else ["postfix", "pidge", *(["pidge-db", "pidge-3"] if options.database else [])]
    if "pidge" in names and not os.access(os.path.join(ROOT, "build", "release", "pidge"), os.X_OK):
        print("There is no build/release/pidge: only Postfix is measured.")
        names.remove("pidge")
    roles = [options.only] if options.only else ["accept", "relay", "submission"]
    results = {}
    os.makedirs(os.path.join(ROOT, "run"), exist_ok=True)
    # On the tree's own disk: a tmpfs would make syncs free.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.path.join(ROOT, "run")) as folder:
        os.chmod(folder, 0o755)
        for role in roles:
            one_role(role, names, options.rounds, options.scale, folder, results, options.waits)
    waits.report()
    report(names, results)


if __name__ == "__main__":
    main()
