"""C++ files are laid out as clang-format does it. What was found good is remembered by its hash below build/."""

import hashlib
import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

from tree import Complaint

FORMATTER = "clang-format-19"
MEMORY = "build/tidy/layout.json"


def is_good(tree, path):
    out = subprocess.run([FORMATTER, "--dry-run", "--Werror", path], cwd=tree.root, stderr=subprocess.DEVNULL, check=False)
    return out.returncode == 0


def check(tree):
    if ".clang-format" not in tree.file_set or not shutil.which(FORMATTER):
        return
    style = tree.text(".clang-format")
    digests = {path: hashlib.sha256((style + "\0" + tree.text(path)).encode()).hexdigest() for path in tree.cpp()}
    memory = os.path.join(tree.root, MEMORY)
    try:
        with open(memory, encoding="utf-8") as file:
            good = set(json.load(file))
    except (OSError, ValueError):
        good = set()
    unknown = [path for path, digest in digests.items() if digest not in good]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, answer in zip(unknown, pool.map(lambda path: is_good(tree, path), unknown)):
            if answer:
                good.add(digests[path])
            else:
                yield Complaint(path, 1, "not laid out by .clang-format", f"Run ./dev fmt {path}.")
    os.makedirs(os.path.dirname(memory), exist_ok=True)
    with open(memory, "w", encoding="utf-8") as file:
        json.dump(sorted(good & set(digests.values())), file)
