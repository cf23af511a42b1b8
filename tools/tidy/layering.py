"""Floors and declared uses: who may include whom (ARCHITECTURE.md, floors and rooms)."""

from tree import Complaint, is_test

FLOORS = {"base": 0, "system": 1, "formats": 1, "protocols": 2, "mail": 2, "services": 3, "program": 4}


def floor(module):
    return FLOORS.get(module.split("/")[0])


def strangers(one, other):
    return {one.split("/")[0], other.split("/")[0]} == {"protocols", "mail"}


def check_module(tree, module):
    where = f"src/{module.path}/CMakeLists.txt"
    if floor(module.path) is None:
        yield Complaint(where, module.line, f"{module.path} is on no floor",
                        "Move it below one of: " + ", ".join(FLOORS) + ".")
        return
    for used in module.uses + module.test_uses:
        if used not in tree.modules:
            yield Complaint(where, module.line, f"USES names {used}, which is no module",
                            "Write the path of a folder below src that has a CMakeLists.txt.")
        elif (floor(used) or 0) > floor(module.path):
            yield Complaint(where, module.line, f"{module.path} uses {used}, which is on a higher floor",
                            "Turn it round: let the higher floor implement an interface that this one declares.")
        elif strangers(module.path, used):
            yield Complaint(where, module.line, f"{module.path} uses {used}: protocols and mail never see each other",
                            "Ask through the protocol's backend.h, and implement it in services.")


def check_cycles(tree):
    """Reports each module that reaches itself through USES."""
    for start in tree.modules.values():
        seen, todo = set(), list(start.uses)
        while todo:
            path = todo.pop()
            if path in seen or path not in tree.modules:
                continue
            seen.add(path)
            todo += tree.modules[path].uses
        if start.path in seen:
            yield Complaint(f"src/{start.path}/CMakeLists.txt", start.line, f"{start.path} uses itself in a circle",
                            "Move what both need into a module of its own, below them.")


def check_includes(tree, path):
    own = tree.module_of(path)
    module = tree.modules[own]
    allowed = {own, "base", *module.uses} | (set(module.test_uses) if is_test(path) else set())
    for include in tree.includes(path):
        target = "src/" + include.path
        if not include.quoted:
            continue
        if target not in tree.file_set:
            yield Complaint(path, include.line, f'"{include.path}" is no file of src',
                            'Write the whole path below src; libraries are included with <>.')
            continue
        used = tree.module_of(target)
        if used in allowed or used is None:
            continue
        higher = (floor(used) or 0) > (floor(own) or 0)
        if higher or strangers(own, used):
            instead = "That floor is out of reach here; hand in an interface instead."
        else:
            instead = f"Add {used} to {'TEST_USES' if is_test(path) else 'USES'} in src/{own}/CMakeLists.txt, or do without."
        yield Complaint(path, include.line, f"{own} includes {used} without declaring it", instead)


def check_declared_uses_are_used(tree, module):
    included = set()
    for path in tree.cpp(f"src/{module.path}/"):
        if tree.module_of(path) == module.path:
            included |= {tree.module_of("src/" + include.path) for include in tree.includes(path) if include.quoted}
    for used in module.uses + module.test_uses:
        if used in tree.modules and used not in included and used != "base":
            yield Complaint(f"src/{module.path}/CMakeLists.txt", module.line,
                            f"{module.path} declares {used} and includes nothing of it", f"Take {used} out.")


def check(tree):
    for module in tree.modules.values():
        yield from check_module(tree, module)
        yield from check_declared_uses_are_used(tree, module)
    yield from check_cycles(tree)
    for path in tree.cpp("src/"):
        if tree.module_of(path):
            yield from check_includes(tree, path)
