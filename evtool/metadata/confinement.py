"""The confinement around one parser: what a process gives up before it reads a stranger's file.

Several mechanisms, each of which suffices for most of it: resource limits (also: no new descriptor of any kind), the
user `nobody` where the process is root, Landlock, seccomp. `try_confinement` shows by trying what is refused; on a
platform where it refuses too little, nothing is parsed.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable

from evtool.metadata.landlock import apply_landlock, prepare_landlock, set_no_new_privileges, system_library
from evtool.metadata.seccomp import apply_seccomp, filter_program
from evtool.metadata.wire import Limits

_NOBODY = 65534
_PR_SET_PDEATHSIG, _PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 1, 3, 4

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_KEPT = 16 << 20
"""Bytes; larger pieces of memory go back to the system as soon as they are free."""

_WARMING = 12
"""How often what does no harm is done beforehand: by then its code is as it will be in each process."""

_DEPTH = 400
"""Levels of calls: deeper nesting than any honest file has ends as an error in place of a crash."""


def prepare_confinement() -> None:
    """Make what `enter_confinement` needs, so that each process that is forked finds it made."""
    if sys.platform == "linux":
        library = system_library()
        filter_program()
        for _ in range(_WARMING):
            library.prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0)
            prepare_landlock()
            for what in (resource.RLIMIT_CORE, resource.RLIMIT_NOFILE):
                _limit(what, *resource.getrlimit(what))


def keep_freed_memory() -> None:
    """Have the allocator use freed memory again in place of giving it back (mallopt(3)).

    A parser reads hundreds of kilobytes of each file. Fresh memory for that costs a page fault every four kilobytes.
    """
    if sys.platform == "linux" and (set_option := getattr(system_library(), "mallopt", None)) is not None:
        set_option(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
        set_option(_M_TRIM_THRESHOLD, 4 * _LARGEST_KEPT)


def enter_confinement(limits: Limits) -> tuple[str, ...]:
    """Confine this process for good; name the mechanisms that applied, in a fixed order."""
    set_limits(limits)
    _limit(resource.RLIMIT_FSIZE, 0, 0)
    _limit(resource.RLIMIT_NPROC, 0, 0)
    applied = ["rlimits"]
    if _become_nobody():
        applied.append("user")
    set_no_new_privileges()
    if sys.platform == "linux":
        libc = system_library()
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if abi := apply_landlock():
        applied.append(f"landlock-{abi}")
    # Only now, as Landlock needs a descriptor for a moment: no new one of any kind, UDP sockets included.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    if apply_seccomp():
        applied.append("seccomp")
    return tuple(applied)


def set_limits(limits: Limits) -> None:
    """Bound what this process may cost; this applies without confinement as well."""
    sys.setrecursionlimit(_DEPTH)
    _limit(resource.RLIMIT_CORE, 0, 0)
    # Past the soft limit comes SIGXCPU, which says why; past the hard one SIGKILL.
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)
    _limit(resource.RLIMIT_AS, limits.memory, limits.memory)


def _limit(what: int, soft: int, hard: int) -> None:
    # macOS knows RLIMIT_AS and refuses to set it; what the confinement is worth is found by trying.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(what, (soft, hard))


def _become_nobody() -> bool:
    """Leave root, for whom file modes and process limits do not count."""
    if os.geteuid() != 0:
        return False
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    except (OSError, AttributeError):
        # In a user namespace there may be no such user; the other bounds stay.
        return False
    return True


def try_confinement(descriptor: int) -> tuple[str, ...]:
    """Try, in confinement, what a parser must not do, and name what was refused.

    `descriptor` is one that was open before confinement began.
    """
    attempts: dict[str, Callable[[], object]] = {
        "open": lambda: os.open("/", os.O_RDONLY),
        "socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).detach(),
        "fork": _fork,
        "chmod": lambda: os.fchmod(descriptor, 0o600),
        "kill": lambda: os.kill(os.getppid(), 0),
    }
    refused = []
    for name, attempt in attempts.items():
        try:
            attempt()
        except OSError:
            refused.append(name)
    return tuple(refused)


def _fork() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
