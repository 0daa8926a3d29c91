"""Keeping revocation evidence: CRLs and OCSP answers are stored beside the time-stamps that they are about.

They come as files that the user fetched, or from `evtool.operations.timestamps.fetching`. Once the authority is gone
nobody can ask it any more, and what was kept then decides whether a time-stamp still counts.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from evtool.core.errors import EvtoolError, FormatError, InputError, MismatchError, NotEstablishedError, Way
from evtool.core.text.names import shown
from evtool.core.timestamp.anchor import Anchor
from evtool.core.timestamp.grounds import Grounds
from evtool.core.timestamp.result import TokenState
from evtool.core.timestamp.stamp_names import MAX_NUMBER, StampName, StampRole
from evtool.core.timestamp.time_report import StampKind, StampReport
from evtool.core.timestamp.verify import verify_token
from evtool.core.timestamp.x509.certificates import Certificate, load_certificate
from evtool.core.timestamp.x509.revocation_file import (
    RevocationFile,
    RevocationStatement,
    parse_revocation_file,
    read_statements,
)
from evtool.core.timestamp.x509.revocation_status import Evidence
from evtool.core.values import replace
from evtool.operations.entries.opening import OpenRecord
from evtool.operations.record.beside import Companions
from evtool.operations.record.place import Where, place_of
from evtool.operations.record.read import open_record
from evtool.operations.record.record import Record
from evtool.operations.timestamps.storing import Ports, Target, open_same_record, read_target, store_files
from evtool.operations.verify.time.axis import judge_time
from evtool.operations.verify.time.evidence import read_time_files
from evtool.operations.verify.time.grounds import TimeGrounds
from evtool.scan.tree import TreeLocation
from evtool.store.continued import ContinuedCustody
from evtool.store.custody import CustodyDirectory


class KeptRevocation(Struct, frozen=True):
    """One file beside one time-stamp.

    Attributes:
        source: what the caller calls the file.
        name: its name in the custody directory.
        new: it was stored now; otherwise the same bytes were there already.
        statement: what it says, of a certificate of this time-stamp's path.
    """

    source: str
    name: StampName
    new: bool
    statement: RevocationStatement


class RevocationResult(Struct, frozen=True):
    """What was kept, and how the time-stamps that it is about are judged with it.

    Attributes:
        kept: each file beside each of its time-stamps.
        stamps: those time-stamps, judged with all that lies beside them now.
    """

    kept: tuple[KeptRevocation, ...]
    stamps: tuple[StampReport, ...]

    @property
    def ok(self) -> bool:
        """Whether every time-stamp that a file is about passes."""
        return all(stamp.state is TokenState.PASSED for stamp in self.stamps)


class Token(Struct, frozen=True):
    """A time-stamp of the record whose path is known, the signer first."""

    target: Target
    name: StampName
    time: datetime
    path: tuple[Certificate, ...]


def add_revocation(
    path: str | os.PathLike[str],
    files: Sequence[tuple[str, bytes]],
    anchors: tuple[Anchor, ...],
    *,
    entry: int | None = None,
    where: Where = None,
    ports: Ports | None = None,
) -> RevocationResult:
    """Check CRLs and OCSP answers against the time-stamps of a record, and store each beside those that it is about.

    `files` are pairs of what to call a file in messages, and its bytes in DER or PEM. All of them are checked before
    the first is stored; what is stored already is left as it is.

    Raises:
        FormatError: a file is neither a CRL nor an OCSP answer.
        InputError: there is no record, or no time-stamp in it.
        MismatchError: a file is about none of the time-stamps, or was not signed by the issuer that it names.
        NotEstablishedError: a file can show nothing for them, or no time-stamp leads to an authority of `anchors`.
    """
    ports = ports or Ports()
    parsed = [(source, _parse(source, data)) for source, data in files]
    with open_record(path, where) as record:
        tokens = find_tokens(record, anchors, entry, ports)
    matches = [
        (source, file, token, statement) for source, file in parsed for token, statement in _match(source, file, tokens)
    ]
    targets = {token.target.sequence: token.target for _, _, token, _ in matches}
    with open_same_record(path, where, *targets.values()) as opened:
        plan = _Plan(opened)
        kept = tuple(plan.add(source, file, token.name, statement) for source, file, token, statement in matches)
        if plan.new:
            store_files(opened, plan.new)
        if place_of(where).dry_run:
            return RevocationResult(kept, _judge_beforehand(opened.record, plan.new, kept, anchors, ports))
    return RevocationResult(kept, _judge_again(path, where, kept, anchors, ports))


def _parse(source: str, data: bytes) -> RevocationFile:
    try:
        return parse_revocation_file(data)
    except FormatError as error:
        raise FormatError(
            "{source}: {why}; nothing was stored",
            hint="{why.hint}",
            key="revocation-not-stored",
            source=shown(source),
            why=error,
        ) from error


def find_tokens(record: Record, anchors: tuple[Anchor, ...], entry: int | None, ports: Ports) -> list[Token]:
    """Find the time-stamps of a record, or of one entry, that lead to an authority of `anchors`.

    Raises:
        InputError: there is no time-stamp.
        NotEstablishedError: none leads to one.
    """
    stamps = [stamp for stamp in read_time_files(record).stamps if stamp.name.role is StampRole.RESPONSE]
    stamps = [stamp for stamp in stamps if entry in (None, stamp.name.sequence)]
    if not stamps:
        raise InputError(
            "the record has no time-stamp token to collect revocation evidence for"
            if entry is None
            else "entry {entry} has no time-stamp token to collect revocation evidence for",
            key="revocation-no-token" if entry is None else "revocation-no-token-of",
            entry=entry or 0,
        )
    found = []
    companions = Companions(record)
    for stamp in stamps:
        verdict = verify_token(
            stamp.data, stamp.signature, Grounds(ports.now(), anchors, certificates=companions.certificates(stamp.name))
        )
        if verdict.claimed and verdict.chain:
            target, links = read_target(record, stamp.name.sequence), map(load_certificate, verdict.chain)
            found.append(Token(target, stamp.name, verdict.claimed.gen_time, tuple(links)))
    if not found:
        raise NotEstablishedError(
            "no time-stamp here leads to an authority that you trust, so no revocation evidence can be checked",
            hint="'evtool trust tsa add ROOT.pem' trusts the root of an authority, after you have "
            "compared its fingerprint; or name a file with root certificates",
            key="revocation-no-anchor",
            ways=(Way.TSA_ROOTS,),
        )
    return found


def _match(source: str, file: RevocationFile, tokens: Sequence[Token]) -> list[tuple[Token, RevocationStatement]]:
    """Find the time-stamps that a file says something of.

    Raises:
        MismatchError: there is none, or the file is not its issuer's.
        NotEstablishedError: what it says cannot be used for any of them.
    """
    found, unusable = [], []
    for token in tokens:
        statements = read_statements(file, token.path, token.time)
        usable = [statement for statement in statements if not statement.evidence.problem]
        # One answer may be about several certificates; a revocation is what has to be told.
        found += [
            (token, statement)
            for statement in sorted(usable, key=lambda statement: statement.evidence.revocation is None)[:1]
        ]
        unusable += [statement.evidence for statement in statements if statement.evidence.problem]
    if found:
        return found
    raise _refusal(source, unusable)


def _refusal(source: str, unusable: Sequence[Evidence]) -> EvtoolError:
    name = shown(source)
    if not unusable:
        return MismatchError(
            "{name} does not concern any time-stamp here; nothing was stored",
            hint="it must come from the issuer of a certificate in the .chain.pem beside a time-stamp",
            key="revocation-foreign",
            name=name,
        )
    first = min(unusable, key=lambda evidence: evidence.foreign)
    if first.foreign:
        return MismatchError(
            "{name}: {problem_en}; nothing was stored",
            hint="it is forged, or comes from another issuer",
            key="revocation-other-issuer",
            name=name,
            problem_en=first.problem,
        )
    return NotEstablishedError(
        "{name}: {problem_en}, so it proves nothing; nothing was stored",
        hint="fetch one that was issued after the time-stamp and before the certificate expired",
        key="revocation-proves-nothing",
        name=name,
        problem_en=first.problem,
    )


class _Plan:
    """Which files are to be written into a locked record, each under the next free number."""

    def __init__(self, opened: OpenRecord) -> None:
        self.new: dict[StampName, bytes] = {}
        self._record = opened
        names = [name for name in opened.custody.list_files().stamps if name.role in (StampRole.CRL, StampRole.OCSP)]
        self._there: dict[StampName, bytes | None] = dict.fromkeys(names)
        """Name of a file -> SHA-256 of its bytes, once it was looked at."""

    def add(
        self, source: str, file: RevocationFile, token: StampName, statement: RevocationStatement
    ) -> KeptRevocation:
        """Plan one file beside one time-stamp; the same bytes are not written twice."""
        role, digest = StampRole(file.kind.value), sha256(file.der).digest()
        for number in range(1, MAX_NUMBER + 1):
            name = StampName(token.sequence, token.event, token.label, role, number)
            if name not in self._there:
                self._there[name], self.new[name] = digest, file.der
                return KeptRevocation(source, name, True, statement)
            known = self._there[name] or _digest(self._record, name)
            self._there[name] = known
            if known == digest:
                return KeptRevocation(source, name, name in self.new, statement)
        raise InputError(
            "there are {limit} files of this kind beside {name} already",
            key="stamp-files-most",
            limit=MAX_NUMBER,
            name=token.text,
        )


def _digest(opened: OpenRecord, name: StampName) -> bytes:
    """Give the SHA-256 of what lies there; a file that cannot be read keeps its number taken."""
    try:
        return sha256(opened.custody.read_stamp(name)).digest()
    except EvtoolError:
        return b"unreadable"


def _judge_again(
    path: str | os.PathLike[str],
    where: Where,
    kept: Sequence[KeptRevocation],
    anchors: tuple[Anchor, ...],
    ports: Ports,
) -> tuple[StampReport, ...]:
    with open_record(path, where) as record:
        return _judge(record, kept, anchors, ports)


def _judge_beforehand(
    record: Record,
    new: Mapping[StampName, bytes],
    kept: Sequence[KeptRevocation],
    anchors: tuple[Anchor, ...],
    ports: Ports,
) -> tuple[StampReport, ...]:
    """Judge with files that are not stored: for as long as that takes, they lie in a folder elsewhere."""
    with tempfile.TemporaryDirectory(prefix="evtool-") as folder:
        for name, data in new.items():
            Path(folder, name.text).write_bytes(data)
        with CustodyDirectory(TreeLocation.find(folder)) as added:
            both = ContinuedCustody(record.custody, added)
            return _judge(replace(record, custody=both, listing=both.list_files()), kept, anchors, ports)


def _judge(
    record: Record, kept: Sequence[KeptRevocation], anchors: tuple[Anchor, ...], ports: Ports
) -> tuple[StampReport, ...]:
    concerned = {(stored.name.sequence, stored.name.label) for stored in kept}
    result = judge_time(record, TimeGrounds(anchors=lambda: anchors), ports.now())
    stamps = [stamp for stamp in result.stamps if stamp.kind is StampKind.RFC3161]
    return tuple(stamp for stamp in stamps if (stamp.entry, stamp.label) in concerned)
