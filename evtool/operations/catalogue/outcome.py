"""What was found out about a bundle, and the line that tells of it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from evtool.core.custody.chain import Link
from evtool.core.errors import EvtoolError, ExitCode, KeyFileError
from evtool.core.finding import Axis, Effect, Finding
from evtool.core.text.ranges import ranges_of, spell_any
from evtool.core.verdict.verdict import Report
from evtool.operations.catalogue.facts import Facts
from evtool.operations.catalogue.holdings import BundleHolding
from evtool.operations.catalogue.judging import IntakeReason, gravest
from evtool.operations.catalogue.register import Registered
from evtool.report.intake_document import IntakeEnd, IntakeLine
from evtool.report.language import Language, Said
from evtool.store.catalogue.inbox import Arrived
from evtool.store.catalogue.shelves import BundleMark


class IntakeCount:
    """What the lines of a run come to, counted one by one."""

    def __init__(self) -> None:
        self._states = dict.fromkeys(("accepted", "quarantined", "left", "taken"), 0)
        self._bytes = 0
        self._exit_code = ExitCode.OK

    def add(self, line: IntakeLine) -> None:
        """Count a line."""
        self._states["accepted" if line.state == "partial" else line.state] += 1
        self._bytes += line.bytes or 0
        self._exit_code = gravest((self._exit_code, line.exit_code))

    def end(self, seconds: float, *, dry_run: bool) -> IntakeEnd:
        """Give the sum."""
        return IntakeEnd(
            exit_code=self._exit_code,
            dry_run=dry_run,
            bundles=sum(self._states.values()),
            registered=self._states["accepted"],
            quarantined=self._states["quarantined"],
            left=self._states["left"],
            taken=self._states["taken"],
            bytes=self._bytes,
            seconds=round(seconds, 3),
        )


class Judged(Struct, frozen=True):
    """What was found out about a bundle.

    Attributes:
        reasons: why it is not accepted; empty if it is.
        report: the verdict; None if there is none.
        handover: the entry that made it; None if there is none.
        facts: what the catalogue takes from it; None if it takes nothing.
        problem: what went wrong, as a sentence that names no file of the bundle.
        agreements: numbers of the agreements under which it comes.
    """

    reasons: tuple[IntakeReason, ...]
    report: Report | None = None
    handover: Link | None = None
    facts: Facts | None = None
    problem: str = ""
    agreements: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of this bundle."""
        of_report = [self.report.exit_code] if self.report is not None else []
        return gravest([*of_report, *(reason.exit_code for reason in self.reasons)])

    @property
    def agreement(self) -> str | None:
        """Number of the agreement under which it comes, as far as it is one."""
        return self.agreements[0] if len(self.agreements) == 1 else None

    @property
    def sender(self) -> str | None:
        """Code of who made the bundle."""
        return self.handover.entry.agent if self.handover is not None else None


CHANGED = Judged((IntakeReason.CHANGING,))


def codes_of(report: Report | None) -> tuple[str, ...]:
    """Give the codes of what a verification found, without notes."""
    findings = report.findings if report is not None else ()
    return tuple(sorted({finding.code.value for finding in findings if finding.effect is not Effect.NOTE}))


_NAMELESS = (Axis.TRUST, Axis.TIME)
"""What is found on these questions is told of keys, codes and entries; on all others it may be told of a file."""


def say_worst(report: Report, language: Language) -> str:
    """Say the gravest of what was found, if it is why something is not clean; without any name of a file.

    What is said here goes to terminals, mail and logs. A file goes by the number of its item.
    """
    if report.exit_code is ExitCode.OK or not report.findings:
        return ""
    worst = report.findings[0]
    if worst.axis in _NAMELESS and worst.path is None:
        return language.say_finding(worst)
    alike = [finding for finding in report.findings if finding.effect is worst.effect]
    codes = dict.fromkeys(each.code.value for each in alike)
    return language.say("intake.found", codes=Said("; ".join(_say_code(code, alike, language) for code in codes)))


def _say_code(code: str, findings: Iterable[Finding], language: Language) -> str:
    numbers = {each.item for each in findings if each.code.value == code and each.item is not None}
    return f"{code} ({language.say_ranges(ranges_of(numbers).ranges, 'items')})" if numbers else code


def say_error(error: EvtoolError | OSError, language: Language) -> str:
    """Say what went wrong, in one line; empty if that could name a file of a bundle."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return language.say_error(error) if _is_nameless(error) else ""


def _is_nameless(error: EvtoolError) -> bool:
    """Tell whether numbers are all that an error says beside its own words; the name of a key is the user's."""
    if isinstance(error, KeyFileError):
        return True
    return bool(error.key) and all(
        isinstance(value, int) or (isinstance(value, EvtoolError) and _is_nameless(value))
        for value in error.values.values()
    )


def render_left(arrived: Arrived, reason: IntakeReason, problem: str = "") -> IntakeLine:
    """Say of something in an inbox why it stays there; `problem` is what went wrong."""
    return render(arrived.name, Judged((reason,), problem=problem), "left", None)


def render_known(name: str, holding: BundleHolding, state: str, exit_code: ExitCode) -> IntakeLine:
    """Say of a bundle that was dealt with before what the catalogue knows of it."""
    return IntakeLine(
        exit_code=exit_code,
        bundle=name,
        sha256=holding.sha256,
        bytes=holding.bytes,
        state=state,
        reasons=holding.reasons,
        holding=holding.number,
        path=holding.path,
        collection=holding.collection,
        head=holding.head,
        sender=holding.sender,
        agreement=holding.agreement,
        findings=holding.findings,
    )


def render(
    name: str,
    judged: Judged,
    state: str,
    before: BundleMark | None,
    sha256: str | None = None,
    registered: Registered | None = None,
) -> IntakeLine:
    """Say what became of a bundle."""
    report, facts = judged.report, judged.facts
    return IntakeLine(
        exit_code=judged.exit_code,
        bundle=name,
        sha256=sha256,
        bytes=before.bytes if before is not None else None,
        state=state,
        reasons=tuple(reason.value for reason in judged.reasons),
        collection=report.collection if report is not None else None,
        head=report.head if report is not None else None,
        sender=judged.sender,
        agreement=judged.agreement,
        items=spell_any(facts.disclosed) if facts is not None else (),
        withheld=report.items.withheld if report is not None else 0,
        axes={axis.value: answered.value for axis, answered in report.axes.items()} if report is not None else {},
        findings=codes_of(report),
        relation=registered.relation.value if registered is not None else None,
        parts_after=registered.parts_after if registered is not None else None,
        heads=registered.heads if registered is not None else (),
        recalls=spell_any(registered.recalls) if registered is not None else (),
        terms_unknown=spell_any(registered.terms_unknown) if registered is not None else (),
        already_held=spell_any(registered.already_held) if registered is not None else (),
        problem=judged.problem,
    )
