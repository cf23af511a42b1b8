"""Headers and calls that are not used here, each with what to write instead."""

import re

from tree import Complaint, is_test

HEADERS = {
    "regex": "Write a reader, or use RE2 in its room: std::regex is slow and recurses on its input.",
    "iostream": "Use log::write, or fmt in a .cc file.",
    "strstream": "Use fmt in a .cc file.",
    "ctype.h": "Use base/text.h: the locale plays no part there.",
    "cctype": "Use base/text.h: the locale plays no part there.",
    "cassert": "Use check() of base/check.h, which stays in release builds.",
    "assert.h": "Use check() of base/check.h, which stays in release builds.",
}


def call(names):
    """A call of the bare name, or of the one in std; not of a member or of a namesake in another namespace."""
    return re.compile(r"(?:(?<![\w.>:])(?:::)?|\bstd::(?:this_thread::)?)(?:" + names + r")\s*\(")


# pattern, what to write instead, folders below src where it is allowed, whether tests may
CALLS = [
    (call("strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|strtok|strtok_r|stpcpy|alloca"),
     "Use std::string and std::string_view, or fmt in a .cc file.", (), False),
    (call("system|popen"), "Nothing is run through a shell.", (), False),
    (call("atoi|atol|atoll|atof|strtol|strtoul|strtoll|strtoull|strtod|stoi|stol|stoll|stoul|stoull|stod|sscanf|scanf"),
     "Use text::parse_u64: it takes digits only and checks for overflow.", (), False),
    (call("rand|srand|drand48"), "Use base/random.h.", (), False),
    (call("tmpnam|tempnam|mktemp"), "Use mkstemp or O_TMPFILE.", (), False),
    (call("setlocale|toupper|tolower|isalpha|isdigit|isalnum|isspace|isxdigit|ispunct|iscntrl"),
     "Use base/text.h: the locale plays no part there.", (), False),
    (call("assert"), "Use check() of base/check.h, which stays in release builds.", (), False),
    (call("printf|fprintf|puts|fputs|perror"), "Use log::write (or fmt::print in src/program).", ("program", "base"), True),
    (call("getenv|setenv|putenv"), "Settings come from the configuration.", ("program",), True),
    (call("sleep|usleep|nanosleep|sleep_for|sleep_until"), "Wait with a timer of net; a thread never sleeps.",
     ("system", "base"), True),
    (call("gettimeofday|time|localtime|gmtime|mktime"), "Take a Clock (base/clock.h) and formats/date.",
     ("base", "system"), True),
    (call("exit|_exit|quick_exit"), "Return or throw: only src/program ends the process.", ("program",), True),
    (re.compile(r"\bstd::regex\b"), HEADERS["regex"], (), False),
    (re.compile(r"\bstd::(?:cout|cerr|clog|cin|endl)\b"), HEADERS["iostream"], (), False),
    (re.compile(r"\bstd::async\b"), "Use the worker pool of net.", (), False),
    (re.compile(r"\.\s*detach\s*\(\s*\)"), "Keep the thread and join it; background work goes through net::spawn.", (), False),
    (re.compile(r"\b(?:system_clock|steady_clock)::now\b"), "Take a Clock (base/clock.h): tests decide what time it is.",
     ("base", "system", "program"), True),
    (re.compile(r"\bco_spawn\b"), "Use net::spawn, which logs what escapes.", ("system/net",), False),
    (re.compile(r"\basio::detached\b"), "Use net::spawn, which logs what escapes.", ("system/net",), False),
    (re.compile(r"\bmalloc\s*\(|\bfree\s*\(|\brealloc\s*\("), "Use a container or unique_ptr.", ("system",), False),
]
IN_HEADERS = [
    (re.compile(r"^\s*using\s+namespace\b", re.MULTILINE), "Name what is meant; a header opens no namespace for others."),
]


# What stands before a name that is being declared: a type. After these words it is a call all the same.
DECLARED = re.compile(r"(?:\b([A-Za-z_]\w*)|[\w>][&*]{1,2}|[\w>]>)\s+$")
BEFORE_CALLS = {"return", "co_return", "co_await", "co_yield", "else", "case", "do", "throw", "and", "or", "not"}


def is_declaration(code, offset):
    before = DECLARED.search(code[max(0, offset - 80):offset])
    return bool(before) and before.group(1) not in BEFORE_CALLS


def line_of(code, offset):
    return code.count("\n", 0, offset) + 1


def allowed(path, folders):
    return any(path.startswith(f"src/{folder}/") for folder in folders)


EXCUSE = re.compile(r"// tidy: \S.{10,}")


def excused(tree, path, line):
    """`// tidy: why this one is right` at the end of the line, or alone on the one before."""
    lines = tree.lines(path)
    return EXCUSE.search(lines[line - 1]) or (line > 1 and EXCUSE.match(lines[line - 2].strip()))


def check_code(tree, path):
    code = tree.code(path)
    for pattern, instead, folders, tests_may in CALLS:
        if allowed(path, folders) or (tests_may and is_test(path)):
            continue
        for match in pattern.finditer(code):
            line = line_of(code, match.start())
            declares = match.group().endswith("(") and is_declaration(code, match.start())
            if declares or excused(tree, path, line):
                continue
            yield Complaint(path, line, f"{match.group().strip(' (')} is not used here", instead)
    if path.endswith(".h"):
        for pattern, instead in IN_HEADERS:
            for match in pattern.finditer(code):
                yield Complaint(path, line_of(code, match.end()), f"{match.group().strip()} in a header", instead)


def check(tree):
    for path in tree.cpp("src/"):
        for include in tree.includes(path):
            if not include.quoted and include.path in HEADERS:
                yield Complaint(path, include.line, f"<{include.path}> is not used here", HEADERS[include.path])
        yield from check_code(tree, path)
