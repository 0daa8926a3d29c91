"""Verifying a sealed directory: every question, all findings, one report.

The steps are those of `manifests/FORMAT.md`, section "Verifying". Nothing is written, no socket is opened, no program
is run, and nothing in the directory is trusted: whose keys count is the caller's to say.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from evtool.core.allowed_signers import AllowedSigners
from evtool.core.names import shown
from evtool.core.patterns import Exclusions
from evtool.core.verdict import DEFAULT_REQUIRED, Axis, Code, Counts, Effect, Finding, Report
from evtool.operations.collection import Collection, read_collection
from evtool.operations.compare import Comparer, Comparison, Selection
from evtool.operations.custody_axis import judge_custody, judge_second_signatures
from evtool.operations.progress import NoProgress, Progress
from evtool.operations.renewal_check import judge_renewals
from evtool.operations.time_axis import TimeGrounds, judge_time
from evtool.operations.trust import TrustPolicy, judge_signers
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
        min_signers: how many distinct trusted keys every seal needs, countersignatures included.
        selection: which items to check.
        quick: compare types, sizes and dates only; never ends in success.
        custody: where the custody directory is, if not in the evidence directory.
        jobs: number of workers; None means a number that suits this machine.
        now: the moment at which keys have to be valid; None means the present.
        time: the anchors and other material that time-stamps are judged on.
    """

    trust: AllowedSigners = field(default_factory=AllowedSigners)
    signers: frozenset[str] = frozenset()
    expected_head: str | None = None
    required: frozenset[Axis] = frozenset()
    min_signers: int = 1
    selection: Selection = field(default_factory=Selection)
    quick: bool = False
    custody: str | None = None
    jobs: int | None = None
    now: datetime | None = None
    time: TimeGrounds = field(default_factory=TimeGrounds)


def verify(
    path: str | os.PathLike[str], options: VerifyOptions | None = None, *, progress: Progress | None = None
) -> Report:
    """Verify one sealed directory.

    Raises:
        InputError: the path is no directory. Everything else that is wrong is a finding of the report.
    """
    options = options or VerifyOptions()
    evidence = TreeLocation.find(os.fspath(path))
    location = locate_custody(evidence, options.custody)
    if location is None:
        return _not_sealed(options, "there is no custody directory: nothing here was sealed by evtool")
    with CustodyDirectory(location) as custody:
        collection = read_collection(custody)
        if not collection.listing.entries:
            return _not_sealed(options, "the custody directory holds no complete entry", collection.findings)
        findings = list(collection.findings)
        time = judge_time(collection, options.time, options.now)
        findings += time.findings
        policy = TrustPolicy(options.trust, options.signers, options.now, time.proven)
        signers = judge_signers(collection.chain.links, policy, findings)
        findings += judge_second_signatures(collection.chain.links, policy, options.min_signers)
        findings += judge_custody(collection, policy, options.expected_head, time.stamped)
        findings += _judge_consent(collection)
        comparison = _compare(evidence, location, collection, options, progress or NoProgress())
        findings += comparison.findings
        findings += [finding for seal in collection.seals for finding in seal.findings]
        findings += judge_renewals(collection)
        counts = _count(collection, comparison)
        findings += _judge_coverage(counts, options)
        return Report(
            collection=collection.chain.links[0].entry.collection if collection.chain.links else None,
            head=collection.chain.head,
            findings=tuple(sorted(findings, key=_severity)),
            counts=counts,
            signers=tuple(signers),
            required=_required(options),
            checked=frozenset({Axis.INTEGRITY, Axis.SIGNATURES, Axis.TRUST, Axis.TIME, Axis.CUSTODY}),
            timestamps=time.stamps,
            intervals=time.intervals,
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


def _judge_consent(collection: Collection) -> list[Finding]:
    consent = "no consent is stated for any item: treat all of them as sealed, for nobody"
    return [Finding(Code.NO_CONSENT, Axis.CONSENT, Effect.OPEN, consent)]


def _compare(
    evidence: TreeLocation,
    custody: TreeLocation,
    collection: Collection,
    options: VerifyOptions,
    progress: Progress,
) -> Comparison:
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
    """Say how far the check went: nothing checked is never success."""
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
