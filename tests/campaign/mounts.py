"""Small file systems that only we and our children see."""

import contextlib
import ctypes
import os
import subprocess
import tempfile

CLONE_NEWNS = 0x00020000


def enter_private_mounts():
    """From here on our mounts are ours alone; they go when we go. Needs root."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNS)")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


@contextlib.contextmanager
def small_disk(size="256m", inodes=4096):
    """An empty tmpfs; its path."""
    path = tempfile.mkdtemp(prefix="pidge-disk-")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},nr_inodes={inodes}", "tmpfs", path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=False)
        os.rmdir(path)


def used_percent(path):
    state = os.statvfs(path)
    return 100 - 100 * state.f_bavail / state.f_blocks
