"""Fetching what issuers say of the certificates behind time-stamps, and keeping what is of use.

Only addresses are asked that stand in the certificates of a path to an authority that the user trusts, and only if the
user asked for it: an address that anybody could have put into a record is no reason to contact it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from msgspec import Struct

from evtool.core.errors import EvtoolError
from evtool.core.timestamp.anchor import Anchor
from evtool.core.timestamp.time_report import StampReport
from evtool.core.timestamp.x509.sources import RevocationSource, SourceKind, find_sources
from evtool.interop.http_client import Outgoing
from evtool.interop.revocation_client import fetch_answer, prepare_question
from evtool.operations.record.place import Where
from evtool.operations.record.read import open_record
from evtool.operations.timestamps.revocation import KeptRevocation, add_revocation, find_tokens
from evtool.operations.timestamps.storing import Ports


class FetchedSource(Struct, frozen=True):
    """What came of asking at one address.

    Attributes:
        source: the address, and what about.
        kept: the files that were stored, or were there already.
        problem: why nothing was; "" if something was.
        hint: what to do about that.
    """

    source: RevocationSource
    kept: tuple[KeptRevocation, ...] = ()
    problem: str = ""
    hint: str = ""


class FetchResult(Struct, frozen=True):
    """What was fetched, and how the time-stamps that it is about are judged with it."""

    sources: tuple[FetchedSource, ...]
    stamps: tuple[StampReport, ...]


def preview_revocation(
    path: str | os.PathLike[str],
    anchors: tuple[Anchor, ...],
    *,
    entry: int | None = None,
    where: Where = None,
    ports: Ports | None = None,
) -> tuple[Outgoing, ...]:
    """Decide what `fetch_revocation` would send, and send nothing. A responder is asked only if no list is of use.

    Raises:
        InputError, NotEstablishedError: as `add_revocation`.
    """
    return tuple(map(prepare_question, list_sources(path, anchors, entry=entry, where=where, ports=ports)))


def fetch_revocation(
    path: str | os.PathLike[str],
    anchors: tuple[Anchor, ...],
    *,
    entry: int | None = None,
    where: Where = None,
    ports: Ports | None = None,
) -> FetchResult:
    """Ask at the addresses that the certificates of the time-stamps name; an address that fails loses no other.

    Raises:
        InputError: there is no record, or no time-stamp in it.
        NotEstablishedError: no time-stamp leads to an authority of `anchors`.
    """
    ports = ports or Ports()
    found: list[FetchedSource] = []
    covered: set[str] = set()
    stamps: dict[tuple[int, str], StampReport] = {}
    for source in list_sources(path, anchors, entry=entry, where=where, ports=ports):
        if source.kind is SourceKind.RESPONDER and source.certificate in covered:
            continue
        try:
            data = fetch_answer(source, pause=ports.pause)
            result = add_revocation(path, [(source.url, data)], anchors, entry=entry, where=where, ports=ports)
        except EvtoolError as error:
            found.append(FetchedSource(source, problem=error.message, hint=error.hint))
            continue
        covered |= {kept.statement.certificate.facts.name for kept in result.kept}
        stamps |= {(stamp.entry, stamp.label): stamp for stamp in result.stamps}
        found.append(FetchedSource(source, result.kept))
    return FetchResult(tuple(found), tuple(stamps.values()))


def list_sources(
    path: str | os.PathLike[str],
    anchors: tuple[Anchor, ...],
    *,
    entry: int | None = None,
    where: Where = None,
    ports: Ports | None = None,
) -> Sequence[RevocationSource]:
    """List the addresses that `fetch_revocation` would ask, each once, lists before responders.

    Raises:
        InputError, NotEstablishedError: as `fetch_revocation`.
    """
    with open_record(path, where) as record:
        tokens = find_tokens(record, anchors, entry, ports or Ports())
    found: dict[tuple[str, bytes], RevocationSource] = {}
    for token in tokens:
        for source in find_sources([certificate.der for certificate in token.path]):
            found.setdefault((source.url, source.request), source)
    return sorted(found.values(), key=lambda source: source.kind is SourceKind.RESPONDER)
