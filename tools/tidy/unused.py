"""Files that nothing uses."""

import os

from tree import Complaint


def check(tree):
    files = set(tree.files)
    included = {include.path for path in tree.cpp() for include in tree.includes(path)}
    for path in tree.cpp("src/"):
        if path.endswith(".h") and path[len("src/"):] not in included:
            yield Complaint(path, 1, "no file includes this header", "Use it or remove it.")
        if path.endswith(".cc") and os.path.dirname(path)[len("src/"):] not in tree.modules:
            yield Complaint(path, 1, "no module compiles this file", "Add a CMakeLists.txt with module(...) to its folder.")
    for path in tree.files:
        head, found, _ = path.partition("_fuzz/")
        if not path.startswith("src/"):
            continue
        if path.endswith("_fuzz.dict"):
            head, found = path[:-len("_fuzz.dict")], True
        if found and head + "_fuzz.cc" not in files:
            yield Complaint(path, 1, "corpus or dictionary of a fuzz target that does not exist",
                            f"Add {head}_fuzz.cc or remove this file.")
