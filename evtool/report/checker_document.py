"""The JSON documents about this version and the checkers that come with it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evtool.report.account import CheckerShown, PackageVersion
from evtool.report.checkers import Checker, sha256_of


class VersionDocument(Struct, frozen=True, kw_only=True):
    """What `evtool --version --json` prints.

    Attributes:
        format: what this document is, and in which version.
        version: of evtool.
        code_sha256: SHA-256 over the list of the SHA-256 of all files of evtool, or null if they cannot be read; an
            account (`evtool report`) holds the same.
        code_files: how many files these are.
        python: version of Python.
        platform: family of the operating system.
        packages: the libraries that evtool needs, as in an account.
        inside: what Python and these libraries were built with, as far as they tell: OpenSSL of Python and of
            cryptography, zlib, expat, and the version of Unicode.
        checkers: the programs that check a record without evtool.
    """

    format: Literal["evtool-version/1"] = "evtool-version/1"
    version: str
    code_sha256: str | None
    code_files: int
    python: str
    platform: str
    packages: tuple[PackageVersion, ...]
    inside: tuple[PackageVersion, ...]
    checkers: tuple[CheckerShown, ...]


class PageDocument(Struct, frozen=True, kw_only=True):
    """What `evtool page` prints.

    Attributes:
        format: what this document is, and in which version.
        path: the file that was written, as it was named.
        checker: what was written.
        version: of evtool.
    """

    format: Literal["evtool-page/1"] = "evtool-page/1"
    path: str
    checker: CheckerShown
    version: str


def describe_checker(checker: Checker) -> CheckerShown:
    """Give the name and the digest of a checker."""
    return CheckerShown(name=checker.value, sha256=sha256_of(checker))
