"""Patroni and etcd of the next Debian release, unpacked into a folder; nothing is installed.

Debian 12's Patroni 3.0.2 and its etcd 3.4.23 lose acknowledged writes when a frozen primary thaws (docs/cluster.md), so they
are never used. The packages come from the mirror that apt is configured with, checked by the keys that apt trusts.
"""

import glob
import os
import subprocess

SUITE = "trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
OLDEST = (4, 0, 7)


class NotThere(Exception):
    """It cannot be had here, and why."""


def run(*words, cwd=None):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd, timeout=180, check=False)
    if done.returncode != 0:
        raise NotThere(f"{words[0]} failed: {done.stdout.decode(errors='replace').strip()[-300:]}")
    return done.stdout.decode(errors="replace")


def version_of(folder):
    for file in glob.glob(os.path.join(folder, "usr/lib/python3/dist-packages/patroni/version.py")):
        with open(file, encoding="utf-8") as text:
            for line in text:
                if line.startswith("__version__"):
                    return tuple(int(part) for part in line.split("'")[1].split(".")[:3])
    return None


def etcd_program(folder):
    return os.path.join(folder, "usr/bin/etcd")


def fetch(folder):
    """The folder with Patroni and etcd below it."""
    if (version_of(folder) or (0,)) >= OLDEST and os.access(etcd_program(folder), os.X_OK):
        return folder
    if not os.path.exists(KEYRING):
        raise NotThere("apt has no keys of Debian")
    targets = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian").split()
    if not targets:
        raise NotThere("apt knows no mirror of Debian")
    work = os.path.join(folder, "apt")
    lists = os.path.join(work, "lists")
    os.makedirs(os.path.join(lists, "partial"), exist_ok=True)
    sources = os.path.join(work, "sources.list")
    with open(sources, "w", encoding="utf-8") as file:
        file.write(f"deb [signed-by={KEYRING}] {targets[0]} {SUITE} main\n")
    apt = ["apt-get", "-q", "-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-", "-o",
           f"Dir::State::Lists={lists}", "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=", "-o",
           "APT::Sandbox::User=root"]
    run(*apt, "update")
    run(*apt, "download", "patroni", "python3-ydiff", "etcd-server", cwd=work)
    for package in glob.glob(os.path.join(work, "*.deb")):
        run("dpkg", "-x", package, folder)
    if (version_of(folder) or (0,)) < OLDEST:
        raise NotThere(f"the package of {SUITE} is version {version_of(folder)}")
    return folder
