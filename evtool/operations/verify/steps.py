"""The steps of a verification, numbered as in `manifests/FORMAT-verify.md`, section "The steps".

Each step says what it is about, for how much of that it ran to its end, and what it found; the answers on the axes are
computed from that. Steps 7 to 11 read manifests and evidence in one pass, as neither has to fit in memory: the first of
them starts it, and each takes from its result what is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cached_property

from msgspec import Struct, field

from evtool.core.consent.summary import ConsentSummary, ConsentTally
from evtool.core.custody.clocks import judge_dates, judge_entries
from evtool.core.custody.events import Event
from evtool.core.custody.house import Agents
from evtool.core.errors import UsageError
from evtool.core.finding import Code, Effect, Finding, Words
from evtool.core.text.patterns import Exclusions
from evtool.core.text.ranges import ranges_of
from evtool.core.verdict.accounts import ItemFates
from evtool.core.verdict.verdict import SignerReport, Step, StepResult
from evtool.operations.record.record import Record
from evtool.operations.record.subject import Subject
from evtool.operations.record.trust import TrustPolicy, read_agents
from evtool.operations.verify.custody import judge_custody, judge_second_signatures, judge_signers
from evtool.operations.verify.derivations import judge_derivations
from evtool.operations.verify.items.comparer import Comparer
from evtool.operations.verify.items.comparison import Comparison
from evtool.operations.verify.items.plain import compare
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.renewals import judge_renewals
from evtool.operations.verify.time.axis import judge_time
from evtool.operations.verify.time.grounds import TimeResult
from evtool.operations.workers import choose_workers, report_losses
from evtool.scan.engine import Workers
from evtool.scan.observe import Mode
from evtool.scan.progress import Progress
from evtool.scan.tree import TreeLocation
from evtool.scan.workers import default_jobs


class Case(Struct, dict=True):
    """One verification under way: what it is about, and what earlier steps found out.

    Attributes:
        subject: the record and the evidence.
        record: the record, read but for its manifests.
        options: what is asked.
        progress: who is told how far it is.
        signers: the entries whose signature verifies, once the step about trust has run.
    """

    subject: Subject
    record: Record
    options: VerifyOptions
    progress: Progress
    signers: list[SignerReport] = field(default_factory=list)

    @property
    def identifier(self) -> str | None:
        """Id of the collection, if any entry can be used."""
        links = self.record.chain.links
        return links[0].entry.collection if links else None

    @property
    def entries(self) -> int:
        """Entries that exist, or have lost their signature."""
        return len(self.record.listing.entries) + len(self.record.listing.lost)

    @property
    def usable(self) -> int:
        """Entries whose signature verifies and that can be read."""
        return len(self.record.chain.links)

    @property
    def seals(self) -> int:
        """Seals that exist, those that cannot be used counted."""
        listing = self.record.listing
        return sum(event == Event.SEALED.value for _, event in listing.entries + listing.lost)

    @cached_property
    def time(self) -> TimeResult:
        """What the time evidence shows; keys that are trusted no longer are judged by it."""
        return judge_time(self.record, self.options.time, self.options.now)

    @cached_property
    def policy(self) -> TrustPolicy:
        """Whose keys count."""
        options = self.options
        return TrustPolicy(options.trust, options.signers, options.now, self.time.proven, options.receipts)

    @cached_property
    def agents(self) -> Agents:
        """Which codes and keys are one agent."""
        return read_agents(self.record.chain.links, self.record.houses, self.policy)

    @cached_property
    def comparison(self) -> Comparison:
        """Manifests and evidence, read in one pass."""
        return _compare(self)

    @property
    def sealed(self) -> int:
        """Items in the seals that can be used."""
        return sum(seal.sealed.items for seal in self.record.seals)

    @cached_property
    def fates(self) -> ItemFates:
        """What the items of all seals met."""
        return self.comparison.all_fates

    @cached_property
    def consent(self) -> ConsentSummary | None:
        """What the terms of all items amount to; None if they cannot be relied on."""
        # Looser terms could be all that is left because somebody without a key withheld an item.
        return _summarize_consent(self.record) if self.comparison.withholding.is_explained else None


def check_record(case: Case) -> StepResult:
    """Step 1: the custody directory holds a record, and nothing else."""
    listing = case.record.listing
    names = case.entries + len(listing.foreign) + len(listing.stamps) + len(listing.informational)
    apart = case.subject.apart
    findings = case.record.findings if apart is None else [*case.record.findings, apart]
    return StepResult(Step.RECORD, names, names, tuple(findings))


def check_signatures(case: Case) -> StepResult:
    """Step 2: every entry is signed by the key that it names."""
    chain = case.record.chain
    findings = [finding for finding in chain.findings if finding.axis is Step.SIGNATURES.axis]
    return StepResult(Step.SIGNATURES, case.entries, chain.decided, tuple(findings))


def check_chain(case: Case) -> StepResult:
    """Step 3: every entry follows from the one before, and item numbers go on from seal to seal."""
    findings = [finding for finding in case.record.chain.findings if finding.axis is Step.CHAIN.axis]
    return StepResult(Step.CHAIN, case.entries, case.usable, tuple(findings))


def check_trust(case: Case) -> StepResult:
    """Step 4: the user trusts those keys, for those agents, at that time."""
    findings: list[Finding] = []
    record = case.record
    case.signers = judge_signers(record.chain.links, record.houses, case.policy, findings)
    findings += judge_second_signatures(record, case.policy, case.agents, case.options.min_signers)
    return StepResult(Step.TRUST, case.entries, len(case.signers), tuple(findings))


def check_custody(case: Case) -> StepResult:
    """Step 5: receipts, references, late entries, and who outside vouches for the record."""
    head, stamped = case.options.expected_head, case.time.stamped
    findings = judge_custody(case.record, case.policy, case.agents, head, stamped)
    return StepResult(Step.CUSTODY, case.entries, case.usable, tuple(findings))


def check_time(case: Case) -> StepResult:
    """Step 6: it is proven by when the entries existed."""
    return StepResult(Step.TIME, case.seals, len(case.record.seals), case.time.findings)


def check_manifests(case: Case) -> StepResult:
    """Step 7: every manifest is the one that was signed."""
    _ = case.comparison
    findings = [finding for seal in case.record.seals for finding in seal.findings if finding.code not in _ABOUT_LISTS]
    read = sum(not seal.broken for seal in case.record.seals)
    return StepResult(Step.MANIFESTS, case.seals, read, tuple(findings))


_ABOUT_LISTS = (Code.CHECKSUMS_MISSING, Code.CHECKSUMS_MISMATCH, Code.CHECKSUMS_UNREADABLE)


def check_checksums(case: Case) -> StepResult:
    """Step 8: every list of checksums is the one that was signed."""
    findings = [finding for seal in case.record.seals for finding in seal.findings if finding.code in _ABOUT_LISTS]
    unread = sum(finding.effect is Effect.UNCHECKED for finding in findings)
    sound = sum(seal.is_sound for seal in case.record.seals)
    return StepResult(Step.CHECKSUMS, case.seals, sound - unread, tuple(findings))


def check_withholding(case: Case) -> StepResult:
    """Step 9: what this copy leaves out is what a signed entry says that it leaves out."""
    withholding = case.comparison.withholding
    explained = case.seals if withholding.is_explained else 0
    findings = list(withholding.findings)
    if case.fates.withheld and withholding.link is not None:
        says = Words("items", by=withholding.link.entry.sequence)
        effect = Effect.OPEN if case.options.whole else Effect.NOTE
        findings.append(Finding(Code.WITHHELD, effect, says, count=case.fates.withheld))
    elif case.options.whole and not withholding.is_whole:
        findings.append(Finding(Code.WITHHELD, Effect.OPEN, Words("whole")))
    if case.record.withheld_details and withholding.link is not None:
        numbers = case.record.withheld_details
        says = Words("details", which=ranges_of(numbers).ranges, by=withholding.link.entry.sequence)
        effect = Effect.OPEN if case.options.whole else Effect.NOTE
        findings.append(Finding(Code.WITHHELD, effect, says, entry=numbers[0]))
    return StepResult(Step.WITHHOLDING, case.seals, explained, tuple(findings))


def check_evidence(case: Case) -> StepResult:
    """Step 10: everything that lies in the evidence was seen."""
    evidence = case.comparison.evidence
    directories = 1 + evidence.directories + evidence.unlistable
    return StepResult(Step.EVIDENCE, directories, directories - evidence.unlistable)


def check_items(case: Case) -> StepResult:
    """Step 11: every item that was asked for is there with the same bytes, and nothing else is."""
    fates = case.fates
    apart = fates.withheld + fates.omitted + fates.disposed + fates.stated_only + fates.not_selected
    compared = fates.ok + fates.changed + fates.missing + fates.renamed + fates.type_changed
    findings = [*case.comparison.findings, *_judge_coverage(case, compared)]
    return StepResult(Step.ITEMS, case.sealed - apart, compared, tuple(findings))


def _judge_coverage(case: Case, compared: int) -> Iterable[Finding]:
    """Say how far the check went: nothing checked is never success."""
    if case.options.quick:
        says = Words("quick", number=case.fates.unread)
        yield Finding(Code.NOT_HASHED, Effect.OPEN, says, count=max(case.fates.unread, 1))
    elif not compared:
        yield Finding(Code.NO_ITEMS, Effect.UNCHECKED, Words("nothing"))


def check_the_bag(case: Case) -> StepResult | None:
    """Step 12: a bundle is, with all of its files, what its own lists say; no step for an evidence directory."""
    bundle = case.subject.bundle
    if bundle is None:
        return None
    # Start-up time: it imports the reader of bundles, which a directory does not need.
    from evtool.operations.verify.bag import check_bag

    findings = check_bag(bundle, case.identifier, whole=case.options.selection.is_all)
    unread = sum(finding.effect is Effect.UNCHECKED for finding in findings)
    return StepResult(Step.BAG, len(bundle.tags), len(bundle.tags) - unread, tuple(findings))


def check_renewals(case: Case) -> StepResult:
    """Step 13: lists of renewals hold what lies here, and copies of items are told as what they are."""
    findings = [*judge_renewals(case.record), *judge_derivations(case.record), *_judge_clocks(case)]
    return StepResult(Step.RENEWALS, case.entries, case.usable, tuple(findings))


def _judge_clocks(case: Case) -> Iterable[Finding]:
    yield from judge_entries(case.record.chain.links, case.options.now or datetime.now(UTC))
    for seal in case.record.seals:
        yield from judge_dates(seal.link, seal.later)


def check_consent(case: Case) -> StepResult:
    """Step 14: it is stated under which consent the items may be used."""
    summary = case.consent
    # An entry that cannot be used may hold a change.
    subjects = sum(seal.disclosed.items for seal in case.record.seals)
    relied_on = summary.items if summary is not None else 0
    return StepResult(Step.CONSENT, subjects, relied_on, tuple(_judge_consent(summary)))


def _summarize_consent(record: Record) -> ConsentSummary | None:
    """Put together what the terms of all items amount to, once their manifests have been read.

    None if the record cannot be relied on: an entry that cannot be read, or whose signature fails, may hold a
    change of consent.
    """
    seals = record.seals
    if not seals or not record.tells_all_changes or not all(seal.is_sound for seal in seals):
        return None
    total = ConsentTally()
    for seal in seals:
        total.merge(seal.consent)
    return total.summarize(record.chain.links[-1].entry.recorded_at)


def _judge_consent(summary: ConsentSummary | None) -> list[Finding]:
    """Say for how many items no terms are stated."""
    if summary is None:
        return [Finding(Code.NO_CONSENT, Effect.OPEN, Words("no-record"))]
    if summary.problem:
        says = Words("problem", why=summary.problem)
        return [Finding(Code.NO_CONSENT, Effect.UNCHECKED, says)]
    missing = summary.items - summary.stated
    if summary.items == missing:
        return [Finding(Code.NO_CONSENT, Effect.OPEN, Words("none"))]
    if missing:
        return [Finding(Code.NO_CONSENT, Effect.OPEN, Words("some", total=summary.items), count=missing)]
    return []


def check_accounts(case: Case) -> StepResult:
    """Step 15: every sealed item and everything that lies in the evidence ended in exactly one class."""
    findings = case.comparison.check_accounts(case.sealed)
    subjects = case.sealed + case.comparison.evidence.seen
    return StepResult(Step.ACCOUNTS, subjects, 0 if findings else subjects, findings)


STEPS: tuple[Callable[[Case], StepResult | None], ...] = (
    check_record,
    check_signatures,
    check_chain,
    check_trust,
    check_custody,
    check_time,
    check_manifests,
    check_checksums,
    check_withholding,
    check_evidence,
    check_items,
    check_the_bag,
    check_renewals,
    check_consent,
    check_accounts,
)
"""Steps 1 to 15; step 16, the verdict, is the report's."""


def _compare(case: Case) -> Comparison:
    subject, options = case.subject, case.options
    if isinstance(subject.evidence, TreeLocation):
        with choose_workers(options.jobs, options.scheduler, subject.evidence, case.progress.meter) as workers:
            comparison = _run_comparer(case, workers)
            comparison.findings += report_losses(workers)
        return comparison
    if options.scheduler is not None:
        raise UsageError("a bundle is read on this machine; a scheduler is for evidence directories", key="bundle-here")
    return _run_comparer(case, Workers(options.jobs or default_jobs(), meter=case.progress.meter))


def _run_comparer(case: Case, jobs: int | Workers) -> Comparison:
    subject, record, options = case.subject, case.record, case.options
    # What is in a bundle was put there one by one; no pattern leaves anything out of it.
    exclusions = record.exclusions if record.seals and subject.bundle is None else Exclusions()
    comparer = Comparer(
        evidence=subject.evidence,
        record=record,
        custody_name=subject.custody_name,
        exclusions=exclusions,
        jobs=jobs,
        mode=Mode.STAT if options.quick else Mode.HASH,
        selection=options.selection,
        links_left_out=options.links_left_out,
        progress=case.progress,
    )
    case.progress.start("verifying", case.sealed, None, measure=comparer.measure(case.sealed))
    comparison = compare(comparer)
    for text in comparer.seen.unknown():
        number = int(text) if text.isascii() and text.isdigit() else None
        path = text if number is None else None
        says = Words("asked", name=text)
        comparison.findings.append(Finding(Code.ITEM_UNKNOWN, Effect.UNCHECKED, says, item=number, path=path))
    return comparison
