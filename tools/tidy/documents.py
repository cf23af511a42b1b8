"""Documents against the tree: what they name must exist, and nothing names this or that machine."""

import os
import re

from tree import Complaint

# Written in two pieces, so that this file does not complain about itself.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:wor" + r"k/|hom" + r"e/[a-z]|roo" + r"t/|User" + r"s/)")
REGISTRY = re.compile(r"https?://(?:[\w-]+\.)*(?:registry|mirrors?|artifactory|nexus|pypi|deb|archive|proxy)\.[\w.-]+")
LOCKED_FROM = re.compile(r'"resolved": *"\w+:[/]/')  # what npm writes into its lock file
TEXT_FILES = (".md", ".py", ".sh", ".cc", ".h", ".cmake", ".txt", ".toml", ".json", ".ts", ".tsx", ".service", ".socket",
              ".yml", ".yaml", ".conf")
TICKS = re.compile(r"`([^`\n]+)`")
NOT_KEPT = ("build/", "run/", "node_modules/")  # made by running things
PLACEHOLDER = re.compile(r"[<>*{}$…]|\bNNN\b|\b[A-Z]{3,}\b|\.\.\.")


def looks_like_path(word, tops):
    return re.fullmatch(r"[\w./+-]+", word) and "/" in word.strip("/") and word.split("/")[0] in tops


def exists(tree, word, beside):
    for base in ("", beside, "src"):
        path = os.path.normpath(os.path.join(base, word))
        if path in tree.file_set or any(file.startswith(path + "/") for file in tree.files):
            return True
        if path.endswith(tuple(".md")) or os.path.splitext(path)[1]:
            continue
        # `formats/address` may stand for a module, `smtp/server/reply` for a header and its .cc
        if any(file.startswith(path + ".") for file in tree.files):
            return True
    return False


def check_dev(tree, path, number, command):
    """`./dev verb --option`: the verb is a script, and the script knows the option."""
    words = command.split()
    if len(words) < 2 or PLACEHOLDER.search(words[1]):
        return
    for verb in words[1].split("|"):
        script = f"tools/dev/{verb}"
        if script not in tree.file_set:
            yield Complaint(path, number, f"there is no ./dev {verb}", "./dev lists the verbs.")
            continue
        for word in words[2:]:
            option = re.match(r"--[a-z][a-z-]*", word)
            if option and option.group() != "--help" and option.group() not in tree.text(script):
                yield Complaint(path, number, f"./dev {verb} has no {option.group()}", f"./dev {verb} --help tells its options.")


def check_program(tree, path, number, command):
    """`pidge verb --option`: the words stand in src/program."""
    source = "".join(tree.text(file) for file in tree.cpp("src/program/"))
    for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", command):
        if source and option not in ("--help", "--version") and option not in source:
            yield Complaint(path, number, f"pidge has no option {option}", "pidge --help tells its options.")


def check_markdown(tree, path):
    tops = {file.split("/")[0] for file in tree.files if "/" in file}
    tops |= {module.split("/")[0] for module in tree.modules}
    fenced = False
    for number, line in enumerate(tree.lines(path), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
            continue
        spans = [line.strip().removeprefix("$ ")] if fenced else TICKS.findall(line)
        for span in spans:
            if span.startswith("./dev "):
                yield from check_dev(tree, path, number, span.split("#")[0])
            elif span.startswith("pidge "):
                yield from check_program(tree, path, number, span.split("#")[0])
            elif not fenced and looks_like_path(span, tops) and not PLACEHOLDER.search(span):
                if not span.startswith(NOT_KEPT) and not exists(tree, span, os.path.dirname(path)):
                    yield Complaint(path, number, f"`{span}` does not exist", "Name what is there now, or take it out.")


def check_hosts_and_paths(tree, path):
    for number, line in enumerate(tree.lines(path), 1):
        if MACHINE_PATHS.search(line):
            yield Complaint(path, number, "a path of one machine", "Write it relative to the tree, or read it from a setting.")
        if REGISTRY.search(line) or LOCKED_FROM.search(line):
            yield Complaint(path, number, "the name of a package registry's host",
                            "Leave it out: each machine's own settings say where packages come from.")


def check(tree):
    for path in tree.files:
        if path.endswith(".md"):
            yield from check_markdown(tree, path)
        if path.endswith(TEXT_FILES) or "." not in os.path.basename(path):
            yield from check_hosts_and_paths(tree, path)
