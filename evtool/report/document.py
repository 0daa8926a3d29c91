"""The JSON documents about a sealed directory, as types; the schemas in `manifests/` are made from them.

Fields that do not apply are null, so that every document of a kind has the same fields. Times are RFC 3339 with an
offset, digests are lower-case hexadecimal, names are in their stored form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from msgspec import Struct

from evtool.core.custody.chain import Link
from evtool.core.custody.entry import Clock
from evtool.core.custody.event_tables import details_table
from evtool.core.custody.events import Event, Fixity
from evtool.core.custody.item_names import EarlierName, Rename
from evtool.core.errors import ExitCode, SealExitCode
from evtool.core.finding import Axis, AxisState, Code
from evtool.core.manifest.statement import ItemType, OmissionReason
from evtool.core.text.times import format_time
from evtool.core.timestamp.time_report import ProvenInterval, StampReport
from evtool.core.verdict.accounts import EvidenceCounts, ItemFates, LeftOut
from evtool.core.verdict.verdict import PartialCopy, Report, SignerReport, StepResult
from evtool.report.consent_document import SummaryDocument, Terms, summary_document
from evtool.report.findings import FindingDocument, ListedFindings, list_findings
from evtool.report.metadata_document import MetadataDocument, SealedMetadata
from evtool.report.time_document import Stamping
from evtool.report.trust_used import TrustChosen


class StepDocument(Struct, frozen=True, kw_only=True):
    """What one step of a verification checked.

    Attributes:
        step: its number in `manifests/FORMAT-verify.md`, section "The steps".
        name: what it is about, in one word.
        axis: the question that rests on it.
        subjects: how many things it is about: entries, seals, items, directories.
        checked: for how many of them it ran to its end, whatever it found.
    """

    step: int
    name: str
    axis: Axis
    subjects: int
    checked: int


class VerdictDocument(Struct, frozen=True, kw_only=True):
    """What a verification found, but for the findings, which each document says in its own way.

    Attributes:
        exit_code: the verdict.
        axes: the answer to each question.
        collection: id of the collection, or null if no entry could be read.
        head: SHA-256 of the newest entry, or null.
        steps: what each step of the verification checked, and on what; one that did not run is not among them.
        sealed: items in the seals.
        items: how many of them met which fate; together they are `sealed`, or the verdict is 4.
        evidence: where each thing went that lies in the evidence; together they are `seen`, or the verdict is 4.
        bytes: bytes that were read and hashed.
        partial: which copy this is, where it leaves out what a signed entry says it leaves out; else null.
        continued: number of the newest entry of the bundle itself, if `--continued` added the ones after it; else null.
        more_findings: how many more of a kind there are than are listed.
        signers: the entries whose signature verifies, oldest first.
        handling: the handling to keep to for all of it together.
        consent_summary: what the terms of the items amount to, or null if nothing can be relied on.
        timestamps: every time-stamp that was judged.
        intervals: what is proven of the time of each entry; empty if there is no time-stamp.
    """

    exit_code: ExitCode
    axes: dict[Axis, AxisState]
    collection: str | None
    head: str | None
    steps: tuple[StepDocument, ...]
    sealed: int
    items: ItemFates
    evidence: EvidenceCounts
    bytes: int
    partial: PartialCopy | None
    continued: int | None
    more_findings: dict[Code, int]
    signers: tuple[SignerReport, ...]
    handling: str
    consent_summary: SummaryDocument | None
    timestamps: tuple[StampReport, ...]
    intervals: tuple[ProvenInterval, ...]


class DirectoryReport(VerdictDocument, frozen=True, kw_only=True):
    """The verdict on one directory.

    Attributes:
        path: the directory, as the user named it.
        required: the questions whose answer had to be `shown` for exit code 0.
        findings: what was found, worst first; up to 1,000 of a kind, with `--all` every one.
    """

    path: str
    required: tuple[Axis, ...]
    findings: tuple[FindingDocument, ...]


class ReportDocument(Struct, frozen=True, kw_only=True):
    """What `evtool verify` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the report with the most serious result.
        trust: whose keys were trusted, and what decided that.
        reports: one for each directory, in the order in which they were named.
    """

    format: Literal["evtool-report/1"] = "evtool-report/1"
    exit_code: ExitCode
    trust: TrustChosen
    reports: tuple[DirectoryReport, ...]


class ReportLine(Struct, frozen=True, kw_only=True):
    """What `evtool verify --json-lines` prints of each path, on one line, as soon as it is checked.

    Attributes:
        format: what this document is, and in which version.
        report: the verdict on the path, before its record is compared with those of the other paths.
    """

    format: Literal["evtool-report-line/1"] = "evtool-report-line/1"
    report: DirectoryReport


class PartedReport(Struct, frozen=True, kw_only=True):
    """A path of which more was found when its record was compared with those of the other paths.

    Attributes:
        path: the directory, as the user named it.
        exit_code: the verdict on it, with that.
        findings: what was found.
    """

    path: str
    exit_code: ExitCode
    findings: tuple[FindingDocument, ...]


class ReportSum(Struct, frozen=True, kw_only=True):
    """What `evtool verify --json-lines` prints on its last line; without it, the answer is not whole.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process: that of the most serious verdict.
        trust: whose keys were trusted, and what decided that.
        paths: how many paths were checked, which is the number of lines before this one.
        verdicts: exit code -> how many paths have this verdict; together they are `paths`.
        parted: the paths whose record parts from that of an earlier path; their verdicts are counted with that.
    """

    format: Literal["evtool-report-sum/1"] = "evtool-report-sum/1"
    exit_code: ExitCode
    trust: TrustChosen
    paths: int
    verdicts: dict[str, int]
    parted: tuple[PartedReport, ...]


class SealDocument(Struct, frozen=True, kw_only=True):
    """What `evtool seal` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process: `verdict`, or 6 if it is not 0 and something was sealed all the same.
        sealed: whether this run added an entry: a seal, or one with new names.
        verdict: what is to be said of the items of earlier seals and of the time-stamps that were asked for.
        path: the directory, as the user named it.
        dry_run: nothing was written; the other fields say what would be.
        entry: number of the new entry, or null if nothing was new or nothing was to be written.
        head: SHA-256 of the new entry, or of the newest one there is.
        new_names: in a dry run, the stored names of the items that are new; else null.
        new_items: items that are new.
        new_bytes: bytes in them.
        kept_items: items of earlier seals that are there as they were sealed: by size and date, or by their bytes.
        other_dates: of these, how many have another date; they were read, and their bytes are as sealed.
        renamed: items that have other names now: number, the name before, and the new one.
        renamed_by: numbers of the entries that say so.
        reused: new files that an interrupted run had hashed already.
        omitted: new items that are named but whose content is not sealed.
        excluded: entries of the directory that patterns left out.
        left_out: the first thousand of them.
        empty: new files without any bytes.
        findings: sealed items that changed or vanished, and names that other systems mix up.
        more_findings: how many more of a kind there are; up to 1,000 of a kind are listed, with `--all` every one.
        notes: what else is to be known, in sentences.
        metadata: what was read of the embedded metadata of new files, or null where nothing was.
        stamping: what came of having the new entry time-stamped, or null if that was not asked for.
    """

    format: Literal["evtool-seal/1"] = "evtool-seal/1"
    exit_code: SealExitCode
    sealed: bool
    verdict: ExitCode
    path: str
    dry_run: bool
    entry: int | None
    head: str | None
    new_names: tuple[str, ...] | None
    new_items: int
    new_bytes: int
    kept_items: int
    other_dates: int
    renamed: tuple[Rename, ...]
    renamed_by: tuple[int, ...]
    reused: int
    omitted: int
    excluded: int
    left_out: tuple[LeftOut, ...]
    empty: int
    findings: tuple[FindingDocument, ...]
    more_findings: dict[Code, int]
    notes: tuple[str, ...]
    metadata: SealedMetadata | None
    stamping: Stamping | None


class LogEntry(Struct, frozen=True, kw_only=True):
    """One entry of the chain of custody; its signature verifies, whose key it is was not asked.

    Attributes:
        entry: number of the entry.
        event: what it records.
        collection: id of the collection it belongs to.
        happened_at: when the event happened; a claim of the signer.
        recorded_at: when the entry was written; a claim of the signer.
        clock: what the signer says about the clock.
        agent: code of the signer.
        fingerprint: the signer's key, as the entry names it.
        reason: why it happened, or null if that is withheld from this copy, or left out of an account.
        tool: name and version of the program, or null where an account leaves out what another program wrote there.
        head: SHA-256 of the entry.
        items: ranges of the items it is about, or null for all that were sealed before it.
        details: the fields of the event's own table, without those that an account leaves out.
        fixity: how the evidence compared with its seals when it was written, or null.
    """

    entry: int
    event: Event
    collection: str
    happened_at: str
    recorded_at: str
    clock: Clock
    agent: str
    fingerprint: str
    reason: str | None
    tool: str | None
    head: str
    items: tuple[str, ...] | None
    details: dict[str, str | int | bool | list[str]]
    fixity: Fixity | None


class LogDocument(Struct, frozen=True, kw_only=True):
    """What `evtool log` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        path: the directory, as the user named it.
        head: SHA-256 of the newest entry, or null if no entry verifies.
        entries: the entries whose signature verifies, oldest first.
        findings: what is wrong with the chain and with the custody directory.
        more_findings: how many more of a kind there are; up to 1,000 of a kind are listed, with `--all` every one.
    """

    format: Literal["evtool-log/1"] = "evtool-log/1"
    exit_code: ExitCode
    path: str
    head: str | None
    entries: tuple[LogEntry, ...]
    findings: tuple[FindingDocument, ...]
    more_findings: dict[Code, int]


class ShownDerivation(Struct, frozen=True, kw_only=True):
    """An entry `derived` that names an item.

    Attributes:
        entry: number of the entry.
        original: number of the item that the copy was made from.
        copy: number of the item that it is.
        method: how it was made, as the signer says.
        original_withheld: this copy of the collection does not disclose the original.
        copy_withheld: it does not disclose the copy.
    """

    entry: int
    original: int
    copy: int
    method: str
    original_withheld: bool
    copy_withheld: bool


class ShownItem(Struct, frozen=True, kw_only=True):
    """What is stated about one item; null if this copy withholds it or it does not apply.

    Attributes:
        item: number of the item.
        entry: number of the entry that seals it.
        path: its stored name, as it is now.
        earlier_names: names that it had before, oldest first, each with the entry that gave it another one.
        modified: its modification time, as the file system said.
        type: what it is on disk.
        size: bytes of a file.
        sha256: SHA-256 of a file.
        blake3: BLAKE3 of a file.
        target: where a symbolic link points, in stored form.
        reason: why the content of an omitted item was not sealed.
        metadata: what the file says of itself, or null.
        context: field -> what the archivist supplied.
        consent: the terms of consent sealed with it, or null.
        in_force: the terms of consent in force, or null if none were ever stated; the strictest where they are not
            known, because this copy may withhold them or its record cannot be relied on.
        derived: the entries that say what it was made from, or what was made from it.
    """

    item: int
    entry: int
    path: str | None
    earlier_names: tuple[EarlierName, ...]
    modified: str | None
    type: ItemType | None
    size: int | None
    sha256: str | None
    blake3: str | None
    target: str | None
    reason: OmissionReason | None
    metadata: MetadataDocument | None
    context: dict[str, str]
    consent: Terms | None
    in_force: Terms | None
    derived: tuple[ShownDerivation, ...]


class ItemsDocument(Struct, frozen=True, kw_only=True):
    """What `evtool show` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        path: the directory, as the user named it.
        items: the items asked for: in path order those whose name is disclosed, then the others by number.
        findings: what is wrong with the chain, the custody directory and the manifests.
        more_findings: how many more of a kind there are; up to 1,000 of a kind are listed, with `--all` every one.
    """

    format: Literal["evtool-items/1"] = "evtool-items/1"
    exit_code: ExitCode
    path: str
    items: tuple[ShownItem, ...]
    findings: tuple[FindingDocument, ...]
    more_findings: dict[Code, int]


def log_entry(link: Link) -> LogEntry:
    """Describe an entry whose signature verifies."""
    entry = link.entry
    return LogEntry(
        entry=entry.sequence,
        event=entry.event,
        collection=entry.collection,
        happened_at=format_time(entry.happened_at),
        recorded_at=format_time(entry.recorded_at),
        clock=entry.clock,
        agent=entry.agent,
        fingerprint=entry.key,
        reason=None if entry.is_withheld else entry.reason,
        tool=entry.tool,
        head=link.head,
        items=tuple(entry.items.serialize()) if entry.items else None,
        details=details_table(entry.details),
        fixity=entry.fixity,
    )


def report_document(
    results: Sequence[tuple[str, Report]], exit_code: ExitCode, trust: TrustChosen, limit: int | None = None
) -> ReportDocument:
    """Put the reports of one run into one document, each under the name that the user gave its directory.

    Of the findings of one kind `limit` are listed, or all.
    """
    reports = tuple(directory_report(name, report, limit) for name, report in results)
    return ReportDocument(exit_code=exit_code, trust=trust, reports=reports)


def report_sum(
    before: Sequence[tuple[str, Report]], after: Sequence[tuple[str, Report]], exit_code: ExitCode, trust: TrustChosen
) -> ReportSum:
    """Sum up the reports of one run, as they were `before` and are `after` they were compared with each other."""
    counts = Counter(report.exit_code for _, report in after)
    parted = []
    for (name, report), (_, earlier) in zip(after, before, strict=True):
        # The very same ones: to compare each with all others takes minutes where there are thousands.
        known = set(map(id, earlier.findings))
        new = [finding for finding in report.findings if id(finding) not in known]
        if new:
            findings = list_findings(new, None).documents
            parted.append(PartedReport(path=name, exit_code=report.exit_code, findings=findings))
    verdicts = {str(int(code)): counts[code] for code in sorted(counts)}
    return ReportSum(exit_code=exit_code, trust=trust, paths=len(after), verdicts=verdicts, parted=tuple(parted))


def directory_report(name: str, report: Report, limit: int | None) -> DirectoryReport:
    """Describe the verdict on one directory; of the findings of one kind `limit` are listed, or all."""
    listed = list_findings(report.findings, limit)
    own = {"path": name, "required": report.required, "findings": listed.documents}
    return fill_verdict(DirectoryReport, report, listed, own)


_Verdict = TypeVar("_Verdict", bound=VerdictDocument)


def fill_verdict(kind: type[_Verdict], report: Report, listed: ListedFindings, own: Mapping[str, Any]) -> _Verdict:
    """Write what a verification found as a document of this kind; `own` are the fields that only this kind has."""
    return kind(
        exit_code=report.exit_code,
        axes=report.axes,
        collection=report.collection,
        head=report.head,
        steps=tuple(map(step_document, report.steps)),
        sealed=report.sealed,
        items=report.items,
        evidence=report.evidence,
        bytes=report.bytes,
        partial=report.partial,
        continued=report.continued,
        more_findings=listed.more,
        signers=report.signers,
        handling=report.handling,
        consent_summary=summary_document(report.consent) if report.consent else None,
        timestamps=report.timestamps,
        intervals=report.intervals,
        **own,
    )


def step_document(result: StepResult) -> StepDocument:
    """Write what one step checked."""
    step = result.step
    return StepDocument(
        step=step.number, name=step.name.lower(), axis=step.axis, subjects=result.subjects, checked=result.checked
    )
