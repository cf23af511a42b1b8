"""What the product itself shows once the dust has settled: queue, audit trail and the verdict on the trail.

All by the command line, as an administrator asks, here or wherever `ask` does it. The answer is one JSON file that the
oracle reads:

    {"queue": [entry...], "audit": [[number, type, fields]...], "verify": {"code": 0, "text": ...}}
"""

import json

import server

ALL = "1000000"  # the most that the commands show; a case is kept smaller
KEPT_FIELDS = ("queue", "from", "to", "action", "reply", "sha256", "about", "kind", "header", "size", "lost")


def ask(config_path, *arguments, timeout_s=300):
    code, out, err = server.run_pidge(*arguments, "--config", config_path, timeout_s=timeout_s)
    if code != 0:
        raise RuntimeError(f"pidge {' '.join(arguments)} ended with code {code}:\n{out}{err}")
    return out


def read_queue(config_path, ask=ask):
    return json.loads(ask(config_path, "queue", "list", "--json", "--limit", ALL))


def read_audit(config_path, ask=ask):
    entries = json.loads(ask(config_path, "audit", "search", "--json", "--oldest-first", "--limit", ALL))
    if len(entries) >= int(ALL):
        raise RuntimeError("the trail is longer than one search shows: the case has too many messages")
    return [[entry["number"], entry["type"],
             {name: entry["fields"][name] for name in KEPT_FIELDS if name in entry["fields"]}] for entry in entries]


def read_site(config_path, path):
    code, out, err = server.run_pidge("audit", "verify", "--config", config_path, timeout_s=120)
    found = {"queue": read_queue(config_path), "audit": read_audit(config_path),
             "verify": {"code": code, "text": (out + err).strip()}}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(found, file)
    return found
