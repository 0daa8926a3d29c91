"""The first line of a verdict: what was shown or not shown, of how many items."""

from __future__ import annotations

from collections.abc import Iterator

from evtool.core.accounts import ItemFates
from evtool.core.errors import ExitCode
from evtool.core.finding import Axis, AxisState, Code, Effect, Finding
from evtool.core.text.counts import counted
from evtool.core.text.names import shown
from evtool.core.verdict import Report

MARKS = {
    ExitCode.OK: "VERIFIED",
    ExitCode.MISMATCH: "MISMATCH",
    ExitCode.NOT_CHECKED: "NOT CHECKED",
    ExitCode.NOT_ESTABLISHED: "NOT ESTABLISHED",
}

UNTRUSTED = "INTACT, BUT SIGNED BY A KEY THAT YOU HAVE NOT CHOSEN TO TRUST"

_OF_ITEMS = {
    Code.CHANGED: "changed",
    Code.MISSING: "missing",
    Code.RENAMED: "renamed",
    Code.TYPE_CHANGED: "of another type",
}
_NOT_THE_SAME = (Code.DATE_CHANGED, Code.NAME_FORM, Code.NEUTRAL_NAME)
"""Notes on items that are as sealed in their contents only."""

_OPEN = {
    Axis.INTEGRITY: "not every item was compared",
    Axis.SIGNATURES: "not every signature was checked",
    Axis.TRUST: "not every key is one that you trust",
    Axis.TIME: "the time is not proven",
    Axis.CUSTODY: "the chain of custody was not checked to its end",
    Axis.CONSENT: "consent is not stated for every item",
}
_OPEN_FINDINGS = {
    Code.WITHHELD: "this is a partial copy, and a whole one was asked for",
    Code.NOT_HASHED: "files were compared by type, size and date only",
    Code.SIGNERS_TOO_FEW: "fewer agents signed than were asked for",
}
"""Findings that say more exactly than their axis what is open."""


def render_headline(report: Report) -> str:
    """Write the verdict in one sentence, without the name of what it is about."""
    code = report.exit_code
    if code is ExitCode.OK:
        return f"{MARKS[code]}: {_say_what_is_as_sealed(report)}."
    if code is ExitCode.MISMATCH:
        return f"{MARKS[code]}: {'; '.join(_differences(report))}."
    if code is ExitCode.NOT_CHECKED:
        return f"{MARKS[code]}: {_say_what_could_not_be_checked(report)}"
    if is_only_untrusted(report):
        return f"{UNTRUSTED}."
    return f"{MARKS[code]}: nothing was disproven, but {', and '.join(_open_questions(report))}."


def is_only_untrusted(report: Report) -> bool:
    """Tell whether all that is open is that the user has not chosen to trust a key."""
    asked = {f.code for f in report.findings if f.effect is Effect.OPEN and f.axis in report.required}
    rest = all(report.axes[axis] is AxisState.SHOWN for axis in report.required if axis is not Axis.TRUST)
    return report.exit_code is ExitCode.NOT_ESTABLISHED and asked == {Code.KEY_UNKNOWN} and rest and report.items.ok > 0


def render_one_line(report: Report, name: str) -> str:
    """Write the verdict on one of several paths."""
    copy = report.partial
    part = f" Partial copy: {copy.items:,} of {copy.sealed:,} items." if copy and copy.items != copy.sealed else ""
    access = f" Access: {shown(report.handling)}." if report.collection is not None else ""
    return f"{shown(name)}: {render_headline(report)}{part}{access}"


def _say_what_is_as_sealed(report: Report) -> str:
    fates = report.items
    here = report.sealed - fates.withheld
    same = any(finding.code in _NOT_THE_SAME for finding in report.findings)
    if fates.ok == here:
        whole = " of this copy" if fates.withheld else ""
        items = f"the one item{whole}" if here == 1 else f"all {here:,} items{whole}"
    else:
        items = f"{fates.ok:,} of {report.sealed:,} items"
    if same:
        said = f"the content of {items} is exactly as sealed"
    else:
        said = f"{items} {'is' if fates.ok == 1 else 'are'} exactly as sealed"
    if fates.ok == here:
        return said
    rest = ", ".join(_other_fates(fates))
    return f"{said}; {rest}"


def _other_fates(fates: ItemFates) -> Iterator[str]:
    for count, fate in (
        (fates.withheld, "withheld"),
        (fates.omitted, "listed by name only"),
        (fates.disposed, "disposed of"),
        (fates.stated_only, "known only by their statements"),
        (fates.not_selected, "not asked for"),
    ):
        if count:
            yield f"{count:,} {fate}"


def _differences(report: Report) -> Iterator[str]:
    """Say what was disproven: items that differ, things that no seal names, and the record itself."""
    disproven = [finding for finding in report.findings if finding.effect is Effect.DISPROVES]
    counts = {code: _count(disproven, code) for code in _OF_ITEMS}
    number = sum(counts.values())
    if number:
        fates = ", ".join(f"{count:,} {_OF_ITEMS[code]}" for code, count in counts.items() if count)
        differ = "is not as it was" if number == 1 else "are not as they were"
        yield f"{number:,} of {counted(report.sealed, 'item')} {differ} sealed ({fates})"
    if extra := _count(disproven, Code.EXTRA):
        yield f"{counted(extra, 'thing')} {'is' if extra == 1 else 'are'} here that no seal names"
    if any(finding.code not in (*_OF_ITEMS, Code.EXTRA) for finding in disproven):
        yield "the record fails verification"


def _count(findings: list[Finding], code: Code) -> int:
    return sum(finding.count for finding in findings if finding.code is code)


def _say_what_could_not_be_checked(report: Report) -> str:
    unchecked = [finding for finding in report.findings if finding.effect is Effect.UNCHECKED]
    if len(unchecked) == 1 and unchecked[0].code is Code.NO_ITEMS:
        return f"{unchecked[0].message}."
    unread = sum(finding.count for finding in unchecked if finding.code in (Code.UNREADABLE, Code.CHANGING))
    if unread and all(finding.code in (Code.UNREADABLE, Code.CHANGING) for finding in unchecked):
        return f"{counted(unread, 'thing')} could not be read, so there is no verdict."
    axes = [axis.value for axis in Axis if any(finding.axis is axis for finding in unchecked)]
    return f"something could not be checked ({', '.join(axes)}), so there is no verdict."


def _open_questions(report: Report) -> Iterator[str]:
    for axis in report.required:
        if report.axes[axis] is AxisState.SHOWN:
            continue
        found = {f.code for f in report.findings if f.axis is axis and f.effect is Effect.OPEN}
        exact = [_OPEN_FINDINGS[code] for code in Code if code in found and code in _OPEN_FINDINGS]
        yield from exact or [_OPEN[axis]]
    if report.items.ok == 0:
        yield "no item was compared"
