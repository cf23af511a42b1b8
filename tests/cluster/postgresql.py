"""The oldest and the newest PostgreSQL of one major version that apt can give (Debian's release and its security updates),
each unpacked into a folder; nothing is installed.

    for programs in postgresql.fetch(folder):    # one folder of programs where apt knows a single version
        postgresql.version(programs)             # (15, 18)
"""

import functools
import glob
import os
import subprocess

from patroni import run


def installed():
    """The folder with the programs of the newest that is installed; None without any."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[4]))
    return os.path.dirname(found[-1]) if found else None


def version(programs):
    """As postgres tells it: (major, minor)."""
    said = run(os.path.join(programs, "postgres"), "--version").split()[2]
    return tuple(int(part) for part in said.split("."))


def compare(one, other):
    """Of two versions of a package."""
    if one == other:
        return 0
    return -1 if subprocess.run(["dpkg", "--compare-versions", one, "lt", other], check=False).returncode == 0 else 1


def fetch(folder):
    """Folders of programs, the older first. May raise patroni.NotThere."""
    major = installed().split("/")[4]
    names = [f"postgresql-{major}", f"postgresql-client-{major}"]
    known = {line.split("|")[1].strip() for line in run("apt-cache", "madison", names[0]).splitlines() if "Packages" in line}
    found = sorted(known, key=functools.cmp_to_key(compare))
    places = []
    for each in dict.fromkeys(found[:1] + found[-1:]):
        place = os.path.join(folder, f"postgresql-{each}")
        programs = os.path.join(place, "usr/lib/postgresql", major, "bin")
        if not os.access(os.path.join(programs, "pg_basebackup"), os.X_OK):
            os.makedirs(place, exist_ok=True)
            run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *(f"{name}={each}" for name in names), cwd=place)
            for package in sorted(glob.glob(os.path.join(place, "*.deb")), reverse=True):
                run("dpkg", "-x", package, place)
                os.remove(package)
        places.append(programs)
    return places
