"""Whether the run that made a lock file is certainly gone.

The file holds salted digests and numbers: it tells this computer that it was this computer, and tells nobody else
anything.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

_HEAD = "evtool-lock/1"
_PARTS = 6

_LOCAL_FILE_SYSTEMS = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "bcachefs", "reiserfs", "tmpfs", "overlay"}
    | {"vfat", "exfat", "ntfs3", "hfsplus"}
)
"""File systems of one computer: whoever holds the system's lock there is alone."""


def describe_this_run() -> bytes:
    """Spell a lock file: a salt, digests of this computer and of what it runs since its start, and of this process."""
    salt = secrets.token_hex(16)
    process = os.getpid()
    parts = (_HEAD, salt, _digest(salt, _machine()), _digest(salt, _boot()), str(process), _start_of(process))
    return "\n".join((*parts, "")).encode("ascii")


def is_gone(lock: bytes, directory: int | None) -> bool:
    """Tell whether the writer of a lock file is certainly gone; the caller holds the system's lock on the directory."""
    parts = lock.decode("ascii", "replace").split("\n")
    if not Path("/proc/self/stat").exists():
        # Where there is no way to tell, the system's lock decides. Windows has none, but removes the lock file of a run
        # that ended: what lies there was left by another computer, or by a power cut.
        return directory is not None
    if len(parts) != _PARTS + 1 or parts[0] != _HEAD:
        return _is_local(directory)
    _, salt, machine, boot, process, start, _ = parts
    if boot == _digest(salt, _boot()) != "-":
        return not (process.isascii() and process.isdigit()) or _start_of(int(process)) != start
    if machine == _digest(salt, _machine()) != "-" and _is_first_process_space():
        return True  # the computer was started anew since
    return _is_local(directory)


def _digest(salt: str, value: str) -> str:
    return hashlib.sha256(f"{salt}{value}".encode()).hexdigest() if value else "-"


def _machine() -> str:
    return _read("/etc/machine-id")


def _boot() -> str:
    """Name the run of this computer's system, and the space in which its process numbers count (containers)."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
    boot = _read("/proc/sys/kernel/random/boot_id")
    return f"{boot} {space}" if boot else ""


def _is_first_process_space() -> bool:
    """Tell whether this is the system itself and no container, which may share its machine's number with others."""
    try:
        return os.readlink("/proc/self/ns/pid") == "pid:[4026531836]"
    except OSError:
        return False


def _start_of(process: int) -> str:
    """Give the moment at which a process was started, in ticks; empty if there is none of this number."""
    text = _read(f"/proc/{process}/stat")
    fields = text.rpartition(")")[2].split()
    # A zombie has ended; it is only still listed.
    return fields[19] if len(fields) > 19 and fields[0] != "Z" else ""


def _is_local(directory: int | None) -> bool:
    return directory is not None and file_system_of(directory) in _LOCAL_FILE_SYSTEMS


def file_system_of(descriptor: int) -> str:
    """Name the file system that an open file or directory lies on, as Linux does; empty where nobody can tell."""
    device = os.fstat(descriptor).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in _read("/proc/self/mountinfo").split("\n"):
        mount, _, kind = line.partition(" - ")
        if mount.split(" ")[2:3] == [wanted]:
            return kind.split(" ")[0]
    return ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace").strip()
    except OSError:
        return ""
