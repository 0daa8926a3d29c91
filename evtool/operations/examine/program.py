"""Which program checked: its version, its libraries, and a digest of its own code."""

from __future__ import annotations

import hashlib
import platform
import re
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from msgspec import Struct

import evtool.core as core
from evtool.report.account import PackageVersion

_ROOT = Path(core.__file__).parents[1]
_CACHES = ("__pycache__",)


class CodeDigest(Struct, frozen=True):
    """The digest of a program.

    Attributes:
        sha256: of the list of its files; null if one cannot be read.
        files: how many these are.
    """

    sha256: str | None
    files: int


@cache
def digest_code(root: Path = _ROOT) -> CodeDigest:
    """Hash the program as it is installed, so that two people can tell whether they ran the same one.

    The program is read once in a process. The digest is that of what this prints in the folder `evtool`:

        find . -name __pycache__ -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    """
    paths = sorted(
        (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() and not _is_cache(path)),
        key=str.encode,
    )
    whole = hashlib.sha256()
    try:
        for path in paths:
            digest = hashlib.sha256((root / path).read_bytes()).hexdigest()
            whole.update(f"{digest}  ./{path}\n".encode())
    except OSError:
        return CodeDigest(None, len(paths))
    return CodeDigest(whole.hexdigest(), len(paths))


def _is_cache(path: Path) -> bool:
    return any(part in _CACHES for part in path.parts)


def list_packages() -> tuple[PackageVersion, ...]:
    """Give the libraries that evtool needs, as they are installed; none if nobody installed evtool as a package."""
    try:
        wanted = requires("evtool") or []
    except PackageNotFoundError:
        return ()
    names = [re.split(r"[^A-Za-z0-9._-]", line)[0] for line in wanted if "extra ==" not in line]
    found = []
    for name in sorted(names, key=str.lower):
        try:
            found.append(PackageVersion(name=name, version=version(name)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def list_inside() -> tuple[PackageVersion, ...]:
    """Give what Python and the libraries were built with, as far as they tell; PyNaCl keeps its libsodium to itself."""
    # Start-up time: an account says none of this.
    import ssl
    import unicodedata
    import zlib
    from pyexpat import EXPAT_VERSION

    from cryptography.hazmat.backends.openssl import backend

    inside = {
        "expat": EXPAT_VERSION,
        "openssl-of-cryptography": backend.openssl_version_text(),
        "openssl-of-python": ssl.OPENSSL_VERSION,
        "unicode": unicodedata.unidata_version,
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }
    return tuple(PackageVersion(name=name, version=version) for name, version in inside.items())


def describe_platform() -> tuple[str, str]:
    """Give the version of Python and the family of the operating system, and nothing else of this machine."""
    return platform.python_version(), sys.platform
