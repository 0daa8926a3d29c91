"""Adding time evidence to an entry that exists: asked for over the network, or carried across an air gap.

The entry is never touched, and nothing is stored before it was checked. While servers are being asked the record is
not locked; it is locked, and looked at again, only to add the files.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from msgspec import Struct

from evtool.core.errors import UsageError, Way
from evtool.core.timestamp.algorithms import HASHES_BY_NAME
from evtool.core.timestamp.anchor import Anchor
from evtool.core.timestamp.ots.format import serialize_proof
from evtool.core.timestamp.ots.proof import Proof
from evtool.core.timestamp.ots.stamp import SALT_SIZE, Submission
from evtool.core.timestamp.request import make_nonce, serialize_request
from evtool.core.timestamp.stamp_names import StampName, StampRole, check_label
from evtool.core.values import replace
from evtool.interop.http_client import Outgoing
from evtool.interop.ots_client import prepare_submission
from evtool.interop.tsa_client import prepare_request
from evtool.operations.record.place import Where
from evtool.operations.record.read import open_record
from evtool.operations.timestamps.asking import (
    CalendarOutcome,
    StampOrder,
    StampOutcome,
    ask_authorities,
    make_request,
    preview_requests,
    stamp_with_calendars,
)
from evtool.operations.timestamps.fetching import FetchedSource, fetch_revocation
from evtool.operations.timestamps.storing import (
    Ports,
    StoredStamp,
    Target,
    make_grounds,
    open_same_record,
    read_target,
    store_files,
    store_token,
)


class StampOptions(Struct, frozen=True):
    """What is asked, and of whom.

    Attributes:
        authorities: addresses of time-stamp authorities; nothing else is contacted.
        calendars: addresses of OpenTimestamps calendars; nothing else is contacted.
        at_least: how many authorities must give a time-stamp that passes; None means all of them.
        anchors: the user's trust anchors; without any, no answer could be checked.
        entry: number of the entry; None means the newest.
        policy: TSA policy to ask for, dotted; None leaves it to the authority.
        hash_name: hash function of the imprint.
        label: label of the files; "" takes one from the authority's root certificate.
        with_revocation: fetch and keep what the certificates' issuers say of them.
        where: where the custody directory is, if not in the evidence directory.
    """

    authorities: tuple[str, ...] = ()
    calendars: tuple[str, ...] = ()
    at_least: int | None = None
    anchors: tuple[Anchor, ...] = ()
    entry: int | None = None
    policy: str | None = None
    hash_name: str = "sha256"
    label: str = ""
    with_revocation: bool = False
    where: Where = None

    def __post_init__(self) -> None:
        if self.at_least is not None and not 0 <= self.at_least <= len(self.authorities):
            raise UsageError(
                "at least {at_least} of {count} authorities cannot be reached",
                key="stamp-at-least",
                at_least=self.at_least,
                count=len(self.authorities),
            )
        if self.authorities and not self.anchors:
            raise UsageError(
                "you trust no time-stamping authority, so no answer could be checked; no authority was asked",
                hint="'evtool trust tsa add ROOT.pem' trusts the root of an authority, after you have "
                "compared its fingerprint; or name a file with root certificates",
                key="stamp-no-anchor",
                ways=(Way.TSA_ROOTS,),
            )
        if self.label:
            check_label(self.label)
        # An address that cannot be used is found before anything is done, and before the first one is asked.
        for url in self.authorities:
            prepare_request(url, b"")
        for url in self.calendars:
            prepare_submission(url, b"")

    @property
    def needed(self) -> int:
        """How many authorities must have stamped."""
        return len(self.authorities) if self.at_least is None else self.at_least


class StampResult(Struct, frozen=True):
    """What came of it.

    Attributes:
        entry: number of the entry.
        stored: the time-stamps that passed and were stored.
        failed: the authorities that gave none.
        proof: name of the OpenTimestamps proof that was stored, still a promise; None without one.
        calendars: what came of asking each calendar.
        needed: how many authorities had to stamp.
        fetched: what came of fetching revocation evidence; empty if that was not asked for.
    """

    entry: int
    stored: tuple[StoredStamp, ...] = ()
    failed: tuple[StampOutcome, ...] = ()
    proof: StampName | None = None
    calendars: tuple[CalendarOutcome, ...] = ()
    needed: int = 0
    fetched: tuple[FetchedSource, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether enough authorities stamped, and one calendar promised if any was asked."""
        return len(self.stored) >= self.needed and (self.proof is not None or not self.calendars)


def add_timestamps(path: str | os.PathLike[str], options: StampOptions, ports: Ports | None = None) -> StampResult:
    """Have one entry stamped and store what passed; a server that fails is reported and loses none of the others.

    Raises:
        InputError: there is no record, or no such entry.
        MismatchError: the record fails verification.
        UsageError: the entry already has an OpenTimestamps proof.
    """
    ports = ports or Ports()
    target = _find_target(path, options)
    order = StampOrder(target.signature, options.hash_name, options.policy)
    requests = [(url, make_request(order, ports.random_bits)) for url in options.authorities]
    outcomes = ask_authorities(order, requests, make_grounds(options.anchors, ports), ports.pause)
    salt = ports.random_bytes(SALT_SIZE)
    proof, calendars = stamp_with_calendars(target.signature, options.calendars, salt, ports.pause)
    result = _store(path, target, options, outcomes, proof, calendars)
    if not (options.with_revocation and result.stored):
        return result
    fetched = fetch_revocation(path, options.anchors, entry=target.sequence, where=options.where, ports=ports)
    return replace(result, fetched=fetched.sources)


def _find_target(path: str | os.PathLike[str], options: StampOptions) -> Target:
    with open_record(path, options.where) as record:
        target = read_target(record, options.entry)
        if options.calendars and target.name("", StampRole.PROOF) in record.listing.stamps:
            raise UsageError(
                "entry {sequence} already has an OpenTimestamps proof",
                hint="`evtool timestamp upgrade DIR --ots URL` completes it",
                key="stamp-ots-there",
                sequence=target.sequence,
            )
    return target


def rehearse_timestamps(path: str | os.PathLike[str], options: StampOptions) -> int:
    """Make every check of `add_timestamps` that needs no answer; give the number of the entry, and ask nobody.

    `options.where` says that this is a dry run.

    Raises:
        InputError, MismatchError, UsageError: as `add_timestamps`.
    """
    target = _find_target(path, options)
    with open_same_record(path, options.where, target):
        return target.sequence


def _store(
    path: str | os.PathLike[str],
    target: Target,
    options: StampOptions,
    outcomes: Sequence[StampOutcome],
    proof: Proof | None,
    calendars: tuple[CalendarOutcome, ...],
) -> StampResult:
    passed = [outcome for outcome in outcomes if outcome.ok]
    stored: tuple[StoredStamp, ...] = ()
    proof_name = target.name("", StampRole.PROOF) if proof else None
    if passed or proof:
        with open_same_record(path, options.where, target) as opened:
            stored = tuple(store_token(opened, target, outcome, options.label) for outcome in passed)
            if proof and proof_name:
                store_files(opened, {proof_name: serialize_proof(proof)})
    return StampResult(
        entry=target.sequence,
        stored=stored,
        failed=tuple(outcome for outcome in outcomes if not outcome.ok),
        proof=proof_name,
        calendars=calendars,
        needed=options.needed,
    )


def preview_timestamps(
    path: str | os.PathLike[str], options: StampOptions, ports: Ports | None = None
) -> tuple[Outgoing, ...]:
    """Decide what would leave this machine, and send nothing. The nonce and the salt are new in every run."""
    ports = ports or Ports()
    with open_record(path, options.where) as record:
        target = read_target(record, options.entry)
    order = StampOrder(target.signature, options.hash_name, options.policy)
    submission = Submission(hashlib.sha256(target.signature).digest(), ports.random_bytes(SALT_SIZE))
    submissions = (prepare_submission(calendar, submission.commitment) for calendar in options.calendars)
    return (*preview_requests(order, options.authorities, ports.random_bits), *submissions)


def preview_blank(options: StampOptions) -> tuple[Outgoing, ...]:
    """Decide what would leave this machine for an entry that does not exist yet.

    The digest of its signature, the nonce and the salted digest are not known before; zeros stand in their places.
    """
    size = HASHES_BY_NAME[options.hash_name].size
    request = serialize_request(bytes(size), options.hash_name, make_nonce(0), options.policy)
    requests = (prepare_request(url, request) for url in options.authorities)
    return (*requests, *(prepare_submission(calendar, bytes(32)) for calendar in options.calendars))
