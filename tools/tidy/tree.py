"""The files of the project as the rules see them, and what a rule says about them."""

import os
import re
import subprocess
from typing import NamedTuple


class Complaint(NamedTuple):
    path: str
    line: int
    what: str
    instead: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.what}\n    {self.instead}"


class Include(NamedTuple):
    line: int
    path: str
    quoted: bool


LITERAL_OR_COMMENT = re.compile(
    r'R"(?P<delimiter>[^()\\\s]{0,16})\((?:.|\n)*?\)(?P=delimiter)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'"
    r"|//[^\n]*"
    r"|/\*(?:.|\n)*?\*/")


def blank(match):
    """As long as before and with the same line ends, but without the words."""
    text = match.group()
    if text.startswith(("//", "/*")):
        return re.sub(r"[^\n]", " ", text)
    return '"' + re.sub(r"[^\n]", " ", text[1:-1]) + '"'


class Module(NamedTuple):
    path: str  # below src: "system/net"
    line: int  # of module( in its CMakeLists.txt
    uses: tuple
    test_uses: tuple


KEYWORDS = {"USES", "LIBRARIES", "DEFINITIONS", "TEST_USES", "TEST_LIBRARIES", "TEST_SUITES"}


def parse_module(path, text):
    plain = re.sub(r"#[^\n]*", "", text)
    call = re.search(r"^\s*(?:module|pidge_program)\s*\(([^)]*)\)", plain, re.MULTILINE)
    if not call:
        return None
    lists, current = {}, None
    for word in call.group(1).split():
        if word in KEYWORDS:
            current = lists.setdefault(word, [])
        elif current is not None:
            current.append(word)
    line = plain.count("\n", 0, call.start(1)) + 1
    return Module(path, line, tuple(lists.get("USES", [])), tuple(lists.get("TEST_USES", []) + lists.get("TEST_SUITES", [])))


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = self.list_files()
        self.file_set = set(self.files)
        self.texts, self.codes, self.include_lists = {}, {}, {}
        self.modules = {}
        for path in self.files:
            if path.startswith("src/") and path.endswith("/CMakeLists.txt"):
                module = parse_module(os.path.dirname(path)[len("src/"):], self.text(path))
                if module:
                    self.modules[module.path] = module

    def list_files(self):
        """What git tracks or would track; without git (a small tree of a test) everything."""
        if os.path.exists(os.path.join(self.root, ".git")):
            out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                 cwd=self.root, stdout=subprocess.PIPE, check=True).stdout
            names = {name for name in out.decode().split("\0") if name}
        else:
            names = {os.path.relpath(os.path.join(folder, name), self.root)
                     for folder, _, found in os.walk(self.root) for name in found}
        return sorted(name for name in names if os.path.isfile(os.path.join(self.root, name)))

    def text(self, path):
        if path not in self.texts:
            with open(os.path.join(self.root, path), "rb") as file:
                self.texts[path] = file.read().decode("utf-8", errors="replace")
        return self.texts[path]

    def lines(self, path):
        return self.text(path).split("\n")

    def code(self, path):
        """The C++ text with the words of comments and literals blanked out; lines and columns stay."""
        if path not in self.codes:
            self.codes[path] = LITERAL_OR_COMMENT.sub(blank, self.text(path))
        return self.codes[path]

    def raw_lines(self, path):
        """Numbers of the lines that touch a raw string."""
        text, found = self.text(path), set()
        for match in LITERAL_OR_COMMENT.finditer(text):
            if match.group().startswith("R"):
                first = text.count("\n", 0, match.start()) + 1
                found.update(range(first, first + match.group().count("\n") + 1))
        return found

    def cpp(self, below=""):
        return [path for path in self.files if path.startswith(below) and path.endswith((".cc", ".h"))]

    def includes(self, path):
        if path not in self.include_lists:
            found = []
            code = self.code(path).split("\n")
            for number, line in enumerate(self.lines(path), 1):
                match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
                if match and code[number - 1].lstrip().startswith("#"):
                    found.append(Include(number, match.group(2), match.group(1) == '"'))
            self.include_lists[path] = found
        return self.include_lists[path]

    def module_of(self, path):
        """The module that owns a file (path below the root) by the longest folder name; None outside modules."""
        folder = os.path.dirname(path)
        while folder.startswith("src/"):
            if folder[len("src/"):] in self.modules:
                return folder[len("src/"):]
            folder = os.path.dirname(folder)
        return None


def is_test(path):
    """Test code: by its name, below tests/, or in a folder of the src tree that only tests link."""
    return (path.endswith(("_test.cc", "_fuzz.cc", "_test.h")) or path.startswith("tests/")
            or "/testing/" in path or "/conformance/" in path)
