"""Verifying a sealed directory: every question, all findings, one report.

Nothing is written, no socket is opened, no program is run, and nothing in the directory is trusted: whose keys count is
the caller's to say. `STEPS` is the list of `manifests/FORMAT-verify.md`, section "The steps", one call each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple, TypeVar

from evtool.core.errors import EvtoolError, FormatError, UsageError
from evtool.core.finding import Axis, Cause, Code, Effect, Finding, Words
from evtool.core.values import replace
from evtool.core.verdict.accounts import EvidenceCounts, ItemFates
from evtool.core.verdict.verdict import DEFAULT_REQUIRED, Report
from evtool.operations.record.place import Place, name_of
from evtool.operations.record.record import Record, read_record
from evtool.operations.record.subject import Subject, open_subject
from evtool.operations.record.wrong_place import no_record
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.steps import STEPS, Case
from evtool.scan.progress import NoProgress, Progress
from evtool.store.custody_names import NAME

_Told = TypeVar("_Told")


def verify(place: Place, options: VerifyOptions | None = None, *, progress: Progress | None = None) -> Report:
    """Verify one sealed directory, or one bundle: a folder, a `.zip`, a `.zip.age`, or a stream of either.

    A bundle is verified as it is: nothing of it is written anywhere.

    Raises:
        InputError: there is nothing of the kind, or it has no record. Everything else that is wrong is a finding of the
            report.
        KeyFileError: the bundle is encrypted, and nothing given opens it.
    """
    return verify_and_tell(place, options or VerifyOptions(), lambda record: None, progress or NoProgress())[0]


class VerifiedRecord(NamedTuple):
    """What a verification found, and the record that it was about.

    Attributes:
        report: the verdict.
        record: the record, with what the verification found out about its seals; None where there is none.
    """

    report: Report
    record: Record | None


def verify_and_tell(
    place: Place, options: VerifyOptions, tell: Callable[[Record], _Told], progress: Progress
) -> tuple[Report, _Told | None]:
    """Verify as `verify` does, and tell something of the record that was verified, while it is still open.

    `tell` is not asked, and there is None, where there is no record.

    Raises:
        InputError, KeyFileError: as `verify`.
    """
    try:
        with open_verified(place, options, progress) as found:
            return found.report, tell(found.record) if found.record is not None else None
    except FormatError as error:
        return _refused(options, error), None


@contextmanager
def open_verified(place: Place, options: VerifyOptions, progress: Progress) -> Iterator[VerifiedRecord]:
    """Verify as `verify` does, and keep the record open.

    Raises:
        InputError, KeyFileError: as `verify`.
    """
    with ExitStack() as opened:
        try:
            subject = opened.enter_context(open_subject(place, options.place, progress))
            if subject is None:
                error = no_record(name_of(place))
                if options.place.custody is not None or not _has_something_for_a_record(name_of(place)):
                    raise error
                found = VerifiedRecord(report_unreadable(options, error), None)
            else:
                report, record = _verify_subject(subject, options, progress)
                found = VerifiedRecord(report, record if record.listing.entries else None)
        except FormatError as refused:
            found = VerifiedRecord(_refused(options, refused), None)
        yield found


def _refused(options: VerifyOptions, error: FormatError) -> Report:
    refused = Finding(Code.BAG_BROKEN, Effect.UNCHECKED, _refusal(error))
    return _not_sealed(options, Words("bundle"), [refused])


def _has_something_for_a_record(directory: str) -> bool:
    """Tell whether a link or a file lies where the record would: the place is right then, and somebody changed it."""
    path = os.path.join(directory, os.fsdecode(NAME))
    return os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path))


def verify_open(subject: Subject, options: VerifyOptions, progress: Progress) -> Report:
    """Verify what is open already, as `verify` does."""
    return _verify_subject(subject, options, progress)[0]


def _verify_subject(subject: Subject, options: VerifyOptions, progress: Progress) -> tuple[Report, Record]:
    record = read_record(subject.custody)
    if not record.listing.entries:
        findings = [*record.findings, subject.apart] if subject.apart else record.findings
        return _not_sealed(options, Words("no-entry"), findings), record
    if options.quick and subject.bundle is not None:
        raise UsageError(
            "a bundle keeps no dates to compare, so a quick look would prove nothing", key="bundle-no-dates"
        )
    case = Case(subject, record, options, progress)
    steps = tuple(result for step in STEPS if (result := step(case)) is not None)
    comparison = case.comparison
    report = Report(
        collection=case.identifier,
        head=record.chain.head,
        steps=steps,
        findings=sort_findings(finding for result in steps for finding in result.findings),
        sealed=case.sealed,
        items=case.fates,
        evidence=comparison.evidence,
        bytes=comparison.bytes,
        signers=tuple(case.signers),
        required=_required(options),
        consent=case.consent,
        timestamps=case.time.stamps,
        intervals=case.time.intervals,
        continued=subject.continued if subject.apart is None else None,
        links=record.chain.links,
        partial=comparison.withholding.describe(case.sealed - case.fates.withheld, case.sealed),
    )
    return report, record


_SEVERITY = {Effect.DISPROVES: 0, Effect.UNCHECKED: 1, Effect.OPEN: 2, Effect.NOTE: 3}


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Put findings in the order of a report: worst first."""
    axes = list(Axis)
    return tuple(
        sorted(findings, key=lambda finding: (_SEVERITY[finding.effect], axes.index(finding.axis), finding.item or 0))
    )


def _required(options: VerifyOptions) -> tuple[Axis, ...]:
    return tuple(axis for axis in Axis if axis in DEFAULT_REQUIRED or axis in options.required)


def report_unreadable(options: VerifyOptions, error: EvtoolError | OSError) -> Report:
    """Report on something that cannot be read at all, so that one bad path of many does not hide the others."""
    if isinstance(error, EvtoolError):
        return _not_sealed(options, _refusal(error))
    return _not_sealed(options, Words("unreadable", why=Cause.of(error)))


def _refusal(error: EvtoolError) -> Words:
    """Say why something was not read at all, and what to do."""
    cause = Cause.of(error)
    text = f"{error.message} ({error.hint})" if error.hint else error.message
    return Words("unreadable", why=Cause(cause.kind, text, cause.key, cause.values))


def _not_sealed(options: VerifyOptions, says: Words, findings: Iterable[Finding] = ()) -> Report:
    nothing = Finding(Code.NO_ITEMS, Effect.UNCHECKED, says)
    # Without an entry there is nothing that anything could contradict: a folder called custody is no forgery.
    open_questions = [
        replace(finding, effect=Effect.UNCHECKED) if finding.effect is Effect.DISPROVES else finding
        for finding in findings
    ]
    everything = sort_findings([nothing, *open_questions])
    return Report(None, None, (), everything, 0, ItemFates(), EvidenceCounts(), 0, (), _required(options))
