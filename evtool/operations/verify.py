"""Verifying a sealed directory: every question, all findings, one report.

The steps are those of `manifests/FORMAT.md`, section "Verifying". Nothing is written, no socket is opened, no program
is run, and nothing in the directory is trusted: whose keys count is the caller's to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from evtool.core.allowed_signers import AllowedSigners
from evtool.core.errors import FormatError, UsageError
from evtool.core.names import shown
from evtool.core.patterns import Exclusions
from evtool.core.verdict import DEFAULT_REQUIRED, Axis, Code, Counts, Effect, Finding, Report
from evtool.operations.bag_check import check_bag
from evtool.operations.collection import Collection, read_collection
from evtool.operations.compare import Comparer
from evtool.operations.comparison import Comparison, Selection
from evtool.operations.consent_axis import judge_consent, summarize_consent
from evtool.operations.crew import hire, report_losses
from evtool.operations.custody_axis import judge_custody, judge_second_signatures
from evtool.operations.derivations import judge_derivations
from evtool.operations.progress import NoProgress, Progress
from evtool.operations.renewal_check import judge_renewals
from evtool.operations.subject import BundleAccess, Place, Subject, open_subject
from evtool.operations.time_axis import TimeGrounds, judge_time
from evtool.operations.trust import TrustPolicy, judge_signers
from evtool.scan.engine import Crew
from evtool.scan.observe import Mode
from evtool.scan.tree import TreeLocation
from evtool.scan.workers import default_jobs
from evtool.store.bundle import Bundle


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
        access: what opens an encrypted bundle.
        jobs: number of workers; None means a number that suits this machine.
        scheduler: address of the Dask scheduler whose workers do the work in their stead.
        links_left_out: symbolic links that the caller did not make in this copy; they count as stated, as in a bundle.
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
    access: BundleAccess = field(default_factory=BundleAccess)
    jobs: int | None = None
    scheduler: str | None = None
    links_left_out: frozenset[int] = frozenset()
    now: datetime | None = None
    time: TimeGrounds = field(default_factory=TimeGrounds)


def verify(place: Place, options: VerifyOptions | None = None, *, progress: Progress | None = None) -> Report:
    """Verify one sealed directory, or one bundle: a folder, a `.zip`, a `.zip.age`, or a stream of either.

    A bundle is verified as it is: nothing of it is written anywhere.

    Raises:
        InputError: there is nothing of the kind. Everything else that is wrong is a finding of the report.
        KeyFileError: the bundle is encrypted, and nothing given opens it.
    """
    options = options or VerifyOptions()
    progress = progress or NoProgress()
    try:
        with open_subject(place, options.custody, options.access, progress) as subject:
            if subject is None:
                return _not_sealed(options, "there is no custody directory: nothing here was sealed by evtool")
            return _verify_subject(subject, options, progress)
    except FormatError as error:
        refused = Finding(Code.BAG_BROKEN, Axis.INTEGRITY, Effect.UNCHECKED, error.message)
        return _not_sealed(options, "the bundle cannot be read", [refused])


def verify_bundle(bundle: Bundle, options: VerifyOptions, progress: Progress) -> Report:
    """Verify a bundle that is open already, as `verify` does."""
    return _verify_subject(Subject(bundle.custody, bundle, None, bundle), options, progress)


def _verify_subject(subject: Subject, options: VerifyOptions, progress: Progress) -> Report:
    collection = read_collection(subject.custody)
    if not collection.listing.entries:
        return _not_sealed(options, "the custody directory holds no complete entry", collection.findings)
    if options.quick and subject.bundle is not None:
        raise UsageError("a bundle keeps no dates to compare, so --quick would show nothing")
    links = collection.chain.links
    identifier = links[0].entry.collection if links else None
    findings = list(collection.findings)
    time = judge_time(collection, options.time, options.now)
    findings += time.findings
    policy = TrustPolicy(options.trust, options.signers, options.now, time.proven)
    signers = judge_signers(links, policy, findings)
    findings += judge_second_signatures(links, policy, options.min_signers)
    findings += judge_custody(collection, policy, options.expected_head, time.stamped)
    comparison = _compare(subject, collection, options, progress)
    findings += comparison.findings
    if subject.bundle is not None:
        findings += check_bag(subject.bundle, identifier, whole=options.selection.is_all)
    findings += [finding for seal in collection.seals for finding in seal.findings]
    findings += judge_derivations(collection)
    findings += judge_renewals(collection)
    consent = summarize_consent(collection)
    findings += judge_consent(consent)
    counts = _count(collection, comparison)
    findings += _judge_coverage(counts, options)
    return Report(
        collection=identifier,
        head=collection.chain.head,
        findings=tuple(sorted(findings, key=_severity)),
        counts=counts,
        signers=tuple(signers),
        required=_required(options),
        checked=frozenset(Axis),
        consent=consent,
        timestamps=time.stamps,
        intervals=time.intervals,
    )


_SEVERITY = {Effect.DISPROVES: 0, Effect.UNCHECKED: 1, Effect.OPEN: 2, Effect.NOTE: 3}


def _severity(finding: Finding) -> tuple[int, int, int]:
    return (_SEVERITY[finding.effect], list(Axis).index(finding.axis), finding.item or 0)


def _required(options: VerifyOptions) -> tuple[Axis, ...]:
    return tuple(axis for axis in Axis if axis in DEFAULT_REQUIRED or axis in options.required)


def report_unreadable(options: VerifyOptions, message: str) -> Report:
    """Report on something that cannot be read at all, so that one bad path of many does not hide the others."""
    return _not_sealed(options, message)


def _not_sealed(options: VerifyOptions, message: str, findings: Iterable[Finding] = ()) -> Report:
    nothing = Finding(Code.NO_ITEMS, Axis.INTEGRITY, Effect.UNCHECKED, message)
    # Without an entry there is nothing that anything could contradict: a folder called custody is no forgery.
    open_questions = [
        replace(finding, effect=Effect.UNCHECKED) if finding.effect is Effect.DISPROVES else finding
        for finding in findings
    ]
    everything = tuple(sorted([nothing, *open_questions], key=_severity))
    return Report(None, None, everything, Counts(), (), _required(options), frozenset())


def _compare(subject: Subject, collection: Collection, options: VerifyOptions, progress: Progress) -> Comparison:
    progress.start("verifying", sum(seal.sealed.items for seal in collection.seals), None)
    if isinstance(subject.evidence, TreeLocation):
        with hire(options.jobs, options.scheduler, subject.evidence) as crew:
            comparison = _run_comparer(subject, collection, options, progress, crew)
            comparison.findings += report_losses(crew)
        return comparison
    if options.scheduler is not None:
        raise UsageError("a bundle is read on this machine; --scheduler goes with an evidence directory")
    return _run_comparer(subject, collection, options, progress, options.jobs or default_jobs())


def _run_comparer(
    subject: Subject, collection: Collection, options: VerifyOptions, progress: Progress, jobs: int | Crew
) -> Comparison:
    # What is in a bundle was put there one by one; no pattern leaves anything out of it.
    exclusions = collection.exclusions if collection.seals and subject.bundle is None else Exclusions()
    comparer = Comparer(
        evidence=subject.evidence,
        collection=collection,
        custody_name=subject.custody_name,
        exclusions=exclusions,
        jobs=jobs,
        mode=Mode.STAT if options.quick else Mode.HASH,
        selection=options.selection,
        links_left_out=options.links_left_out,
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
        withheld=sum(
            seal.sealed.items - seal.named_items - len(seal.nameless) for seal in collection.seals if seal.is_sound
        ),
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
