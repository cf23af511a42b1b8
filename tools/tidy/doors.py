"""One door per library: which folders may include an outside library, and that none of it leaks through their headers."""

from tree import Complaint

# include prefix -> rooms that own the library
DOORS = {
    "boost/asio": ("system/net",),
    "boost/beast": ("system/http",),
    "boost/json": ("formats/json",),
    "rocksdb/": ("system/store/rocksdb",),
    "libpq-fe.h": ("system/store/postgres",),
    "openssl/": ("system/tls", "system/crypto"),
    "sodium": ("system/tls", "system/crypto"),
    "unbound.h": ("system/dns",),
    "ldap.h": ("system/ldap",),
    "curl/": ("system/http",),
    "zlib.h": ("formats/gzip",),
    "idn2.h": ("formats",),
    "unicode/": ("formats",),
    "CLI/": ("program",),
    "toml++/": ("program",),
}
# Small enough to be seen through a public header of the room.
LIGHT = {"boost/asio/awaitable.hpp": ("system/net/task.h", "system/net/stream.h"),
         "boost/json/fwd.hpp": ("formats/json",)}
BOOST_ROOMS = ("system/net", "system/http", "formats/json")


def within(path, rooms):
    return any(path == f"src/{room}" or path.startswith(f"src/{room}/") for room in rooms)


def door_of(include):
    for prefix, rooms in DOORS.items():
        if include.startswith(prefix):
            return prefix, rooms
    return ("boost/", BOOST_ROOMS) if include.startswith("boost/") else None


def seen_from(tree, rooms):
    """Headers of these rooms that files outside include, directly or through another header of the rooms."""
    todo = [f"src/{include.path}" for path in tree.cpp("src/") if not within(path, rooms)
            for include in tree.includes(path) if include.quoted]
    seen = set()
    while todo:
        path = todo.pop()
        if path in seen or not within(path, rooms) or path not in tree.file_set:
            continue
        seen.add(path)
        todo += [f"src/{include.path}" for include in tree.includes(path) if include.quoted]
    return seen


def check_file(tree, path, public):
    for include in tree.includes(path):
        if include.quoted:
            continue
        if include.path.startswith("fmt/") and path.endswith(".h"):
            yield Complaint(path, include.line, f"a header includes <{include.path}>",
                            "Declare the function here and format in a .cc file.")
        door = door_of(include.path)
        if not door:
            continue
        prefix, rooms = door
        light = LIGHT.get(include.path, ())
        if within(path, rooms):
            if path in public[rooms] and not within(path, light):
                yield Complaint(path, include.line, f"<{include.path}> can be seen from outside {rooms[0]} through this header",
                                "Forward-declare, or keep the type in a header that only this room includes.")
        elif not within(path, light):
            yield Complaint(path, include.line, f"<{include.path}> is included outside its room",
                            f"Only {' and '.join('src/' + room for room in rooms)} may; use what that room offers.")


def check(tree):
    public = {rooms: seen_from(tree, rooms) for rooms in {*DOORS.values(), BOOST_ROOMS}}
    for path in tree.cpp("src/"):
        yield from check_file(tree, path, public)
