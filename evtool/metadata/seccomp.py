"""A seccomp filter that leaves a process the few system calls that parsing needs (Linux, seccomp(2)).

The filter allows a short list and answers EPERM to everything else, so a system call that is invented next year is
refused too. `read` and `lseek` are not on the list: the descriptor that is parsed shares its position with the
process that hashes it, and `pread64` leaves that position alone.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import platform
import sys

from evtool.metadata.landlock import system_library

_ALLOWED = {
    # name: number on x86_64, number on aarch64 (include/uapi/asm-generic/unistd.h)
    "pread64": (17, 67),
    "write": (1, 64),
    "close": (3, 57),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "futex": (202, 98),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "getrandom": (318, 278),
    "getpid": (39, 172),
    "exit": (60, 93),
    "exit_group": (231, 94),
}

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Machine -> column above, AUDIT_ARCH_* (include/uapi/linux/audit.h)."""

_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
"""BPF_LD+BPF_W+BPF_ABS, BPF_JMP+BPF_JEQ+BPF_K, BPF_RET+BPF_K."""

_NUMBER_OFFSET, _ARCH_OFFSET = 0, 4
"""Where struct seccomp_data keeps the call's number and the architecture it was made for."""

_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def _program(column: int, arch: int) -> list[tuple[int, int, int, int]]:
    numbers = [row[column] for row in _ALLOWED.values()]
    return [
        (_LOAD, 0, 0, _ARCH_OFFSET),
        # The same number means another call for another architecture (a 32-bit call on a 64-bit kernel).
        (_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
        *[(_EQUAL, len(numbers) - index, 0, number) for index, number in enumerate(numbers)],
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]


@functools.cache
def filter_program() -> ctypes.Structure | None:
    """Make the filter, which can be done before a process is forked; None where there is none for this platform."""
    # platform.machine() names the kernel; a 32-bit Python on it makes calls by another table.
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None or sys.maxsize < 2**32:
        return None
    lines = _program(*machine)
    return _Program(len(lines), (_Instruction * len(lines))(*(_Instruction(*line) for line in lines)))


def apply_seccomp() -> bool:
    """Confine this process for good; tell whether the platform did so. Needs `no_new_privs` or CAP_SYS_ADMIN."""
    if (program := filter_program()) is None:
        return False
    pointer = ctypes.byref(program)
    return bool(system_library().prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, pointer, 0, 0) == 0)
