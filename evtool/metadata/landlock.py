"""A Landlock domain in which no file, no TCP port and no process outside can be reached (Linux, landlock(7))."""

from __future__ import annotations

import ctypes
import functools
import os
import sys

_CREATE_RULESET, _RESTRICT_SELF = 444, 446
"""System call numbers, the same on every architecture."""

_QUERY_VERSION = 1
_PR_SET_NO_NEW_PRIVS = 38

_ACCESS_BITS = {1: 13, 2: 14, 3: 15, 4: 15}
"""ABI -> how many rights over files it knows; 16 from ABI 5 on."""

_ALL_TCP, _ALL_SCOPES = 3, 3


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


@functools.cache
def system_library() -> ctypes.CDLL:
    """Give the C library. Loaded once, before processes are forked that need it."""
    return ctypes.CDLL(None, use_errno=True)


@functools.cache
def landlock_version() -> int:
    """Ask for the version of the kernel's interface, 0 if there is none; the answer is the same for each process."""
    if sys.platform != "linux":
        return 0
    return max(int(system_library().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _QUERY_VERSION)), 0)


@functools.cache
def _ruleset(abi: int) -> tuple[_Ruleset, ctypes.c_size_t]:
    """Make a ruleset that handles every right that this version knows, with its size.

    A kernel refuses a structure with fields that it does not know, so older ones get a shorter one.
    """
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    return _Ruleset((1 << _ACCESS_BITS.get(abi, 16)) - 1, _ALL_TCP, _ALL_SCOPES), ctypes.c_size_t(size)


def prepare_landlock() -> None:
    """Make what `apply_landlock` needs, by making a ruleset that confines nobody."""
    if (descriptor := _open_ruleset()) >= 0:
        os.close(descriptor)


def _open_ruleset() -> int:
    """Give a ruleset's descriptor, or -1 if there can be none."""
    if (abi := landlock_version()) < 1:
        return -1
    ruleset, size = _ruleset(abi)
    return int(system_library().syscall(_CREATE_RULESET, ctypes.byref(ruleset), size, 0))


def set_no_new_privileges() -> bool:
    """Give up, for good, to gain rights by running a program (prctl(2)); Landlock and seccomp ask for it."""
    if sys.platform != "linux":
        return False
    return bool(system_library().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


def apply_landlock() -> int:
    """Confine this process for good; give the version of the kernel's interface, or 0 if there is none.

    A ruleset that handles every right and contains no rule allows nothing. What was open before stays usable.
    """
    descriptor = _open_ruleset()
    if descriptor < 0:
        return 0
    try:
        return landlock_version() if system_library().syscall(_RESTRICT_SELF, descriptor, 0) == 0 else 0
    finally:
        os.close(descriptor)
