"""docs/events.md and docs/metrics.md are made from the declarations in the code; ./dev tidy --fix writes them."""

import os
import re

import declarations
from tree import Complaint

EVENTS, METRICS = "docs/events.md", "docs/metrics.md"
LEVELS = ("debug", "info", "warning", "error")


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ").strip()


def table(title, head, rows):
    lines = [f"# {title}", "", "Made from the code by `./dev tidy --fix`.", "", "| " + " | ".join(head) + " |",
             "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell(text) for text in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def folder(path):
    return f"`{os.path.dirname(path)}`"


def event_rows(tree):
    for event, _, _ in declarations.events(tree):
        if event and len(event.fields) >= 3:
            advice = event.fields[3] if len(event.fields) > 3 else ""
            yield (f"`{event.fields[0]}`", event.fields[1].split("::")[-1], event.fields[2], advice or "Nothing.",
                   folder(event.path))


def metric_rows(tree):
    for metric, _, _ in declarations.metrics(tree):
        if metric and len(metric.fields) >= 2:
            name, text = metric.fields[0], metric.fields[1]
            label = "=".join(metric.fields[2:4]) if len(metric.fields) > 3 else ""
            yield (f"`{name}`", metric.kind, label, text, folder(metric.path))


def wanted(tree):
    return {
        EVENTS: table("Log events", ("event", "level", "what it means", "what to do", "from"), sorted(event_rows(tree))),
        METRICS: table("Metrics", ("name", "kind", "label", "what it counts", "from"), sorted(metric_rows(tree))),
    }


def check_events(tree):
    seen = {}
    for event, path, line in declarations.events(tree):
        if not event or len(event.fields) < 3 or event.fields[1].split("::")[-1] not in LEVELS:
            yield Complaint(path, line, "this log event cannot be read",
                            'Write log::Event name{"id", log::Level::info, "What it means.", "What to do."};')
            continue
        name = event.fields[0]
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
            yield Complaint(path, line, f"event id '{name}'", "Ids are lower-case words joined by hyphens.")
        if name in seen:
            yield Complaint(path, line, f"event id '{name}' is also declared at {seen[name]}", "Give each event its own id.")
        seen[name] = f"{path}:{line}"


def check_metrics(tree):
    seen = {}
    for metric, path, line in declarations.metrics(tree):
        if not metric or len(metric.fields) < 2 or not metric.fields[0]:
            yield Complaint(path, line, "this metric cannot be read",
                            'Write metrics::Counter name{"pidge_things_total", "What it counts."};')
            continue
        name, label = metric.fields[0], metric.fields[2:4]
        if not re.fullmatch(r"pidge_[a-z0-9_]+", name) or (metric.kind == "counter") != name.endswith("_total"):
            yield Complaint(path, line, f"metric name '{name}'",
                            "Names begin with pidge_ and end in their unit; counters, and only they, end in _total.")
        if (name, label) in seen:
            yield Complaint(path, line, f"metric '{name}' is also declared at {seen[name, label]}",
                            "Give each metric its own name or label.")
        seen[name, label] = f"{path}:{line}"


def check(tree):
    yield from check_events(tree)
    yield from check_metrics(tree)
    for path, text in wanted(tree).items():
        if path not in tree.file_set or tree.text(path) != text:
            yield Complaint(path, 1, "does not tell what the code declares", "Run ./dev tidy --fix.")


def fix(tree):
    for path, text in wanted(tree).items():
        os.makedirs(os.path.join(tree.root, "docs"), exist_ok=True)
        with open(os.path.join(tree.root, path), "w", encoding="utf-8") as file:
            file.write(text)
