"""Verifying a sealed directory: every question, all findings, one report.

The steps are those of `manifests/FORMAT.md`, section "Verifying"; those on the record are taken in
`evtool.operations.collection`, those on the evidence in `evtool.operations.compare`. Nothing is written, no socket is
opened, no program is run, and nothing in the directory is trusted: whose keys count is the caller's to say.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from evtool.core.allowed_signers import AllowedSigners, TrustStatus
from evtool.core.chain import Link, check_head
from evtool.core.errors import InputError
from evtool.core.names import shown
from evtool.core.patterns import Exclusions
from evtool.core.sshsig import NAMESPACE
from evtool.core.times import format_time
from evtool.core.verdict import DEFAULT_REQUIRED, Axis, Code, Counts, Effect, Finding, Report, SignerReport
from evtool.operations.collection import Collection, read_collection
from evtool.operations.compare import Comparer, Comparison, Selection
from evtool.operations.progress import NoProgress, Progress
from evtool.scan.observe import Mode
from evtool.scan.tree import TreeLocation
from evtool.scan.workers import default_jobs
from evtool.store.custody import NAME, CustodyDirectory, locate_custody


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What a verification is asked for.

    Attributes:
        trust: whose keys the caller trusts.
        signers: fingerprints; if any are given, these keys and no others are trusted, for every agent.
        expected_head: digest of an entry that the caller noted, 64 hexadecimal digits, or None.
        required: axes that have to be shown beside the default ones.
        selection: which items to check.
        quick: compare types, sizes and dates only; never ends in success.
        custody: where the custody directory is, if not in the evidence directory.
        jobs: number of workers; None means a number that suits this machine.
        now: the moment at which keys have to be valid; None means the present.
    """

    trust: AllowedSigners = field(default_factory=AllowedSigners)
    signers: frozenset[str] = frozenset()
    expected_head: str | None = None
    required: frozenset[Axis] = frozenset()
    selection: Selection = field(default_factory=Selection)
    quick: bool = False
    custody: str | None = None
    jobs: int | None = None
    now: datetime | None = None


def verify(
    path: str | os.PathLike[str], options: VerifyOptions | None = None, *, progress: Progress | None = None
) -> Report:
    """Verify one sealed directory.

    Raises:
        InputError: the path, or the custody directory that the caller names, is no directory. Everything else that is
            wrong is a finding of the report.
    """
    options = options or VerifyOptions()
    evidence = TreeLocation.find(os.fspath(path))
    try:
        location = locate_custody(evidence, options.custody)
    except InputError as error:
        if options.custody is not None:
            raise
        return _not_sealed(options, error.message)
    if location is None:
        return _not_sealed(options, "there is no custody directory: nothing here was sealed by evtool")
    with CustodyDirectory(location) as custody:
        collection = read_collection(custody)
        if not collection.listing.entries:
            return _not_sealed(options, "the custody directory holds no complete entry", collection.findings)
        findings = list(collection.findings)
        signers = _judge_trust(collection.chain.links, options, findings)
        findings += _judge_head(collection, options)
        findings += _judge_time_and_consent(collection)
        comparison = _compare(evidence, location, collection, options, progress or NoProgress())
        findings += comparison.findings
        findings += [finding for seal in collection.seals for finding in seal.findings]
        counts = _count(collection, comparison)
        findings += _judge_coverage(counts, options)
        return Report(
            collection=collection.chain.links[0].entry.collection if collection.chain.links else None,
            head=collection.chain.head,
            findings=tuple(sorted(findings, key=_severity)),
            counts=counts,
            signers=tuple(signers),
            required=_required(options),
            checked=frozenset({Axis.INTEGRITY, Axis.SIGNATURES, Axis.TRUST, Axis.CUSTODY}),
        )


_SEVERITY = {Effect.DISPROVES: 0, Effect.UNCHECKED: 1, Effect.OPEN: 2, Effect.NOTE: 3}


def _severity(finding: Finding) -> tuple[int, int, int]:
    return (_SEVERITY[finding.effect], list(Axis).index(finding.axis), finding.item or 0)


def _required(options: VerifyOptions) -> tuple[Axis, ...]:
    return tuple(axis for axis in Axis if axis in DEFAULT_REQUIRED or axis in options.required)


def _not_sealed(options: VerifyOptions, message: str, findings: Iterable[Finding] = ()) -> Report:
    nothing = Finding(Code.NO_ITEMS, Axis.INTEGRITY, Effect.UNCHECKED, message)
    everything = tuple(sorted([nothing, *findings], key=_severity))
    return Report(None, None, everything, Counts(), (), _required(options), frozenset())


_TRUST_CODES = {
    TrustStatus.UNKNOWN_KEY: (Code.KEY_UNKNOWN, "you have not trusted this key"),
    TrustStatus.OTHER_AGENT: (Code.KEY_OTHER_AGENT, "you trust this key, but not for this agent"),
    TrustStatus.OTHER_NAMESPACE: (Code.KEY_OTHER_NAMESPACE, "you trust this key, but not for custody entries"),
    TrustStatus.NOT_YET_VALID: (Code.KEY_NOT_YET_VALID, "you trust this key only from a later date on"),
    TrustStatus.NO_LONGER_VALID: (
        Code.KEY_NO_LONGER_VALID,
        "you no longer trust this key, and nothing proves that it signed before that",
    ),
}


def _judge_trust(links: Iterable[Link], options: VerifyOptions, findings: list[Finding]) -> list[SignerReport]:
    """Step 5: is the signer of each entry trusted for that agent? A claimed time proves nothing, so as of now."""
    now = options.now or datetime.now(UTC)
    reports: list[SignerReport] = []
    for link in links:
        entry, key = link.entry, link.public_key
        if options.signers:
            trusted = key.fingerprint in options.signers
            code, reason = Code.KEY_UNKNOWN, "this is none of the keys that you named"
        else:
            status = options.trust.judge(key, entry.agent, NAMESPACE, now).status
            trusted = status is TrustStatus.TRUSTED
            code, reason = _TRUST_CODES.get(status, (Code.KEY_UNKNOWN, ""))
        if not trusted:
            message = f"entry {entry.sequence} is signed by {key.fingerprint} as agent {entry.agent}: {reason}"
            findings.append(
                Finding(code, Axis.TRUST, Effect.OPEN, message, found=key.fingerprint, entry=entry.sequence)
            )
        reports.append(
            SignerReport(
                entry=entry.sequence,
                event=entry.event.value,
                agent=entry.agent,
                fingerprint=key.fingerprint,
                public_key=key.line,
                trusted=trusted,
                claimed_time=format_time(entry.happened_at),
                head=link.head,
            )
        )
    return reports


def _judge_head(collection: Collection, options: VerifyOptions) -> list[Finding]:
    """Step 6: look for the noted head; without one, say what nobody outside can vouch for."""
    if options.expected_head is not None:
        finding = check_head(collection.chain, options.expected_head)
        return [finding] if finding else []
    message = (
        "no outside witness: whoever holds the directory and the key could have rebuilt or shortened the record; "
        "a head that you noted (--expect-head) would show it"
    )
    return [Finding(Code.NO_WITNESS, Axis.CUSTODY, Effect.NOTE, message)]


def _judge_time_and_consent(collection: Collection) -> list[Finding]:
    """Step 7: say that nothing proves a time, and that no consent is stated."""
    time = "no time-stamp: all times are claims of the signers"
    consent = "no consent is stated for any item: treat all of them as sealed, for nobody"
    return [
        Finding(Code.NO_TIMESTAMP, Axis.TIME, Effect.OPEN, time),
        Finding(Code.NO_CONSENT, Axis.CONSENT, Effect.OPEN, consent),
    ]


def _compare(
    evidence: TreeLocation,
    custody: TreeLocation,
    collection: Collection,
    options: VerifyOptions,
    progress: Progress,
) -> Comparison:
    """Steps 8 to 13: read the manifests and compare the directory with them."""
    inside = custody.path == os.path.join(evidence.path, NAME)
    progress.start("verifying", sum(seal.sealed.items for seal in collection.seals), None)
    comparer = Comparer(
        evidence=evidence,
        collection=collection,
        custody_name=NAME if inside else None,
        exclusions=collection.exclusions if collection.seals else Exclusions(),
        jobs=options.jobs or default_jobs(),
        mode=Mode.STAT if options.quick else Mode.HASH,
        selection=options.selection,
        progress=progress,
    )
    comparison = comparer.run()
    for number in sorted(options.selection.numbers - comparer.seen_numbers):
        message = f"item {number} is in no seal, or its name is withheld"
        comparison.findings.append(Finding(Code.ITEM_UNKNOWN, Axis.INTEGRITY, Effect.UNCHECKED, message, item=number))
    for path in sorted(options.selection.paths - comparer.seen_paths):
        message = f"{shown(path)}: no seal names such an item"
        comparison.findings.append(Finding(Code.ITEM_UNKNOWN, Axis.INTEGRITY, Effect.UNCHECKED, message, path=path))
    return comparison


def _count(collection: Collection, comparison: Comparison) -> Counts:
    tallies = comparison.tallies.values()
    return Counts(
        sealed=sum(seal.sealed.items for seal in collection.seals),
        ok=sum(tally.ok for tally in tallies),
        changed=sum(tally.changed for tally in tallies),
        missing=sum(tally.missing for tally in tallies),
        renamed=sum(tally.renamed for tally in tallies),
        type_changed=sum(tally.type_changed for tally in tallies),
        unreadable=sum(tally.unreadable for tally in tallies),
        withheld=sum(seal.sealed.items - seal.named_items for seal in collection.seals if seal.is_sound),
        unchecked=sum(tally.unchecked for tally in tallies),
        extra=comparison.extra,
        excluded=comparison.notes.excluded_count,
        bytes=comparison.bytes,
    )


def _judge_coverage(counts: Counts, options: VerifyOptions) -> list[Finding]:
    """Step 14: say how far the check went: nothing checked is never success."""
    findings: list[Finding] = []
    if options.quick:
        message = "only types, sizes and dates were compared, no file was read: this shows nothing about their bytes"
        findings.append(Finding(Code.NOT_HASHED, Axis.INTEGRITY, Effect.OPEN, message, count=counts.unchecked))
    elif not (counts.ok or counts.changed or counts.missing or counts.renamed or counts.type_changed):
        findings.append(Finding(Code.NO_ITEMS, Axis.INTEGRITY, Effect.UNCHECKED, "not one item could be checked"))
    if counts.withheld:
        message = "items are withheld from this copy; it shows nothing about them but that they are part of the seal"
        findings.append(Finding(Code.WITHHELD, Axis.INTEGRITY, Effect.NOTE, message, count=counts.withheld))
    return findings
