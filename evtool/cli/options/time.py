"""Options about time-stamps that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

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

Command = Callable[..., Any]

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
            output.talk(f"evtool: note: time-stamp anchor {problem}; it is not trusted")
        return found.anchors

    return functools.cache(load)


def roots_option(command: Command) -> Command:
    """Add --tsa-roots."""
    return click.option(
        "--tsa-roots",
        type=click.Path(path_type=Path, exists=True),
        metavar="PATH",
        help="Trust the time-stamp authorities whose root certificates are in this file or folder, not your own list.",
    )(command)


def ground_options(command: Command) -> Command:
    """Add --tsa-roots, --revocation, --bitcoin-headers and --sunsets; the command gets a `time`."""

    @functools.wraps(command)
    def with_grounds(
        *args: Any,
        tsa_roots: Path | None,
        revocation: tuple[Path, ...],
        bitcoin_headers: Path | None,
        bitcoin_start: int,
        accept_test_chain: bool,
        sunsets: Path | None,
        output: Output,
        **kwargs: Any,
    ) -> Any:
        crls, ocsp_answers = read_revocation(revocation)
        grounds = TimeGrounds(
            anchors=make_anchor_source(tsa_roots, output),
            headers=read_headers(bitcoin_headers, bitcoin_start) if bitcoin_headers else BlockHeaders(),
            minimum_work=0 if accept_test_chain else MINIMUM_WORK,
            crls=crls,
            ocsp_answers=ocsp_answers,
            sunsets=read_sunsets(sunsets),
        )
        return command(*args, time=grounds, output=output, **kwargs)

    file = click.Path(path_type=Path)
    return add_options(
        with_grounds,
        click.option("--sunsets", type=file, metavar="FILE", help="Until when algorithms are trusted (TOML)."),
        click.option("--accept-test-chain", is_flag=True, hidden=True, help="Accept any block header."),
        click.option(
            "--bitcoin-start", type=click.IntRange(0), default=0, metavar="N", help="Height of the first one."
        ),
        click.option(
            "--bitcoin-headers",
            type=file,
            metavar="FILE",
            help="Block headers for OpenTimestamps proofs: JSON of height to header, or 80 bytes each.",
        ),
        click.option(
            "--revocation",
            type=file,
            multiple=True,
            metavar="FILE",
            help="A CRL or OCSP answer about a time-stamp's authority, besides those in the record. May be repeated.",
        ),
        roots_option,
    )


def add_options(command: Command, *options: Command) -> Command:
    """Add options to a command; help lists the last one first."""
    for option in options:
        command = option(command)
    return command


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
        raise FormatError(f"{shown(path.name)} holds no block headers") from None


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
            raise FormatError(f"{shown(path.name)}: {error.message}", hint=error.hint) from error
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
        raise InputError(f"{shown(path.name)} is not text") from None
