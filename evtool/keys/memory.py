"""Keeps secrets in memory from reaching the disk when the process dies."""

from __future__ import annotations


def forbid_core_dumps() -> None:
    """Let the kernel write no core dump of this process from now on; called before a secret is read.

    Only for this process and what it starts. Windows has no such limit; there nothing happens.
    """
    try:
        import resource
    except ImportError:  # pragma: no cover
        return
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
