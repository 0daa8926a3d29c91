"""Options about time-stamps that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from evtool.cli.command import flag, options_of
from evtool.cli.output import Output
from evtool.core.errors import FormatError, InputError
from evtool.core.text.names import shown
from evtool.core.timestamp.ots.bitcoin import (
    MAX_JSON_BYTES,
    MINIMUM_WORK,
    BlockHeaders,
    parse_header_json,
    parse_header_run,
)
from evtool.keys.files import read_any_file
from evtool.operations.verify.time.grounds import TimeGrounds

if TYPE_CHECKING:
    from evtool.core.timestamp.anchor import Anchor
    from evtool.core.timestamp.sunset import SunsetTable

_MAX_HEADERS = 1 << 30
MAX_REVOCATION_FILE = 24 << 20
"""A CRL of 16 MiB, in PEM."""


def make_anchor_source(tsa_roots: Path | None, output: Output) -> Callable[[], Sequence[Anchor]]:
    """Give what loads the anchors: those in `tsa_roots`, or the user's own; what cannot be used of them is told."""

    def load() -> Sequence[Anchor]:
        # Not before there is a time-stamp: this imports the X.509 parts of cryptography.
        from evtool.keys.tsa_trust import load_anchors, load_roots

        found = load_roots(tsa_roots) if tsa_roots is not None else load_anchors()
        for problem in found.problems:
            output.note("anchor", problem=problem)
        return found.anchors

    return functools.cache(load)


class TimeOptions(Struct, frozen=True):
    """What time-stamps are judged by.

    Attributes:
        tsa_roots: file or folder with root certificates; None for the user's own list.
        revocation: files with CRLs and OCSP answers.
        bitcoin_headers: file with block headers, or None.
        bitcoin_start: height of the first of them, where the file does not say.
        accept_test_chain: accept block headers that took no work, for tests.
        sunsets: table of when algorithms end; None for the one that comes with evtool.
    """

    tsa_roots: Path | None = flag(
        "--tsa-roots",
        type=click.Path(path_type=Path, exists=True),
        metavar="PATH",
        help="Trust the authorities whose root certificates are in this file or folder. [default: your own list]",
    )
    revocation: tuple[Path, ...] = flag(
        "--revocation",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="FILE",
        help="A CRL or OCSP answer about a time-stamp's authority, besides those in the record. May be repeated.",
    )
    bitcoin_headers: Path | None = flag(
        "--bitcoin-headers",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Block headers for OpenTimestamps proofs: JSON of height to header, or 80 bytes each.",
    )
    bitcoin_start: int = flag(
        "--bitcoin-start", type=click.IntRange(0), default=0, metavar="N", help="Height of the first one."
    )
    accept_test_chain: bool = flag("--accept-test-chain", is_flag=True, hidden=True, help="Accept any block header.")
    sunsets: Path | None = flag(
        "--sunsets",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Until when algorithms are trusted (TOML). [default: the table of this version]",
    )

    def load(self, output: Output) -> TimeGrounds:
        """Read the files; what cannot be used of the anchors is told.

        Raises:
            InputError: a file cannot be read.
            FormatError: a file is not what it should be.
        """
        crls, ocsp_answers = read_revocation(self.revocation)
        return TimeGrounds(
            anchors=make_anchor_source(self.tsa_roots, output),
            headers=read_headers(self.bitcoin_headers, self.bitcoin_start) if self.bitcoin_headers else BlockHeaders(),
            minimum_work=0 if self.accept_test_chain else MINIMUM_WORK,
            crls=crls,
            ocsp_answers=ocsp_answers,
            sunsets=read_sunsets(self.sunsets),
        )


time_options = options_of(TimeOptions, "time", "Judging time-stamps")
"""Add what time-stamps are judged by; the command gets it as `time`."""


def read_headers(path: Path, start: int) -> BlockHeaders:
    """Read block headers: JSON, or binary from a height on.

    Raises:
        InputError: the file cannot be read.
        FormatError: it holds no block headers.
    """
    data = read_any_file(path, _MAX_HEADERS)
    if data.lstrip()[:1] != b"{" or len(data) > MAX_JSON_BYTES:
        return parse_header_run(data, start)
    try:
        return parse_header_json(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise FormatError("{path} holds no block headers", key="no-headers", path=shown(path.name)) from None


def read_revocation(paths: Sequence[Path]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Read CRLs and OCSP answers, told apart by their content.

    Raises:
        InputError: a file cannot be read.
        FormatError: a file is neither.
    """
    if not paths:
        return (), ()
    # Not before there is one: this imports the X.509 parts of cryptography.
    from evtool.core.timestamp.x509.revocation_file import RevocationKind, parse_revocation_file

    found: dict[RevocationKind, list[bytes]] = {kind: [] for kind in RevocationKind}
    for path in paths:
        try:
            file = parse_revocation_file(read_any_file(path, MAX_REVOCATION_FILE))
        except FormatError as error:
            raise FormatError(
                "{path}: {why}", hint="{why.hint}", key="file-why", path=shown(path.name), why=error
            ) from error
        found[file.kind].append(file.der)
    return tuple(found[RevocationKind.CRL]), tuple(found[RevocationKind.OCSP])


def read_sunsets(path: Path | None) -> SunsetTable | None:
    """Read a sunset table that the user names; None keeps the one that comes with evtool."""
    if path is None:
        return None
    # Few commands get a table of their own.
    from evtool.core.timestamp.sunset import MAX_TABLE_BYTES, parse_sunset_table

    try:
        return parse_sunset_table(read_any_file(path, MAX_TABLE_BYTES).decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError("{path} is not text", key="file-not-text", path=shown(path.name)) from None
