"""A disk whose power can be cut: an image file on an XFS with reflinks, mounted as the file system under test. A cut is an
atomic clone of the image at an instant; mounted, it is what a reboot would find.

    enter_private_mounts()
    with PowerDisk(folder, "ext4") as disk:
        ... a server writes below disk.data ...
        with disk.mounted(disk.clone()) as seen: ...   # a folder: the file system after the cut, its journal replayed

Shown: what was not synced. Not shown: a disk that reorders or loses writes in its own cache, torn sectors. Needs root, loop
devices, and the tools of the file system; `missing(kind)` says what is not there.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess

CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 16384, 1 << 18
# ext4 is made harsh, so that a missing sync shows; a clone of XFS has the identity of its mounted original.
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F", "-i", "4096"], "xfs": ["mkfs.xfs", "-q"], "btrfs": ["mkfs.btrfs", "-q"]}
OPTIONS = {"ext4": "noauto_da_alloc,commit=30", "xfs": "", "btrfs": "commit=30"}
CUT_OPTIONS = {"ext4": "", "xfs": "nouuid", "btrfs": ""}
OUTER_SIZE_BYTES, IMAGE_SIZE_BYTES = 6 << 30, 2 << 30


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"})
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with code {done.returncode}: {done.stdout.decode(errors='replace')}")


def is_known(kind):
    with open("/proc/filesystems", encoding="ascii") as file:
        return any(line.split()[-1] == kind for line in file)


def missing(kind):
    """Why there can be no such disk here, or None."""
    if os.geteuid() != 0:
        return "needs root for loop mounts"
    if not os.path.exists("/dev/loop-control"):
        return "there are no loop devices"
    for each in {"xfs", kind}:
        if not is_known(each) and subprocess.run(["modprobe", each], capture_output=True, check=False).returncode != 0:
            return f"the kernel has no {each}"
        if not shutil.which(MAKE[each][0], path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            return f"there is no {MAKE[each][0]}"
    return None


def enter_private_mounts():
    """What this process mounts from now on, nobody else sees, and it goes away with us. Before any thread is started."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(CLONE_NEWNS) != 0 or library.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        raise OSError(ctypes.get_errno(), "no private mount namespace")


class PowerDisk:
    def __init__(self, folder, kind):
        """folder: empty, on any file system; holds a sparse image."""
        self.folder, self.kind = folder, kind
        self.outer = os.path.join(folder, "outer")
        self.data = os.path.join(folder, "data")
        self.seen = os.path.join(folder, "seen")
        self.image = os.path.join(self.outer, "disk.img")
        self.cuts = 0

    def __enter__(self):
        for path in (self.outer, self.data, self.seen):
            os.makedirs(path, exist_ok=True)
        with contextlib.ExitStack() as undo:
            outer_image = os.path.join(self.folder, "outer.img")
            with open(outer_image, "wb") as file:
                file.truncate(OUTER_SIZE_BYTES)
            undo.callback(os.unlink, outer_image)
            run("mkfs.xfs", "-q", "-m", "reflink=1", outer_image)
            run("mount", "-o", "loop", outer_image, self.outer)
            undo.callback(run, "umount", self.outer)
            with open(self.image, "wb") as file:
                file.truncate(IMAGE_SIZE_BYTES)
            run(*MAKE[self.kind], self.image)
            run("mount", "-o", ",".join(filter(None, ("loop", OPTIONS[self.kind]))), self.image, self.data)
            undo.callback(run, "umount", self.data)
            self.undo = undo.pop_all()
        return self

    def __exit__(self, *_):
        self.undo.close()

    def clone(self):
        """The cut itself: the image as it is at this instant. Returns the path of the clone."""
        self.cuts += 1
        path = os.path.join(self.outer, f"cut-{self.cuts}.img")
        run("cp", "--reflink=always", self.image, path)
        return path

    @contextlib.contextmanager
    def mounted(self, clone):
        """As after a reboot. The clone is gone afterwards."""
        run("mount", "-o", ",".join(filter(None, ("loop", CUT_OPTIONS[self.kind]))), clone, self.seen)
        try:
            yield self.seen
        finally:
            run("umount", self.seen)
            os.unlink(clone)
