"""The first line of a verdict: what was shown or not shown, of how many items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evtool.core.errors import ExitCode
from evtool.core.finding import Axis, AxisState, Code, Effect, Finding, Listed, Words
from evtool.core.verdict.verdict import Report
from evtool.report.language import Language, Said

_OF_ITEMS = (Code.CHANGED, Code.MISSING, Code.RENAMED, Code.TYPE_CHANGED)
_NOT_THE_SAME = (Code.DATE_CHANGED, Code.NAME_FORM, Code.NEUTRAL_NAME)
"""Notes on items that are as sealed in their contents only."""

_OPEN_FINDINGS = (Code.WITHHELD, Code.NOT_HASHED, Code.SIGNERS_TOO_FEW)
"""Findings that say more exactly than their axis what is open."""

_OTHER_FATES = ("withheld", "omitted", "disposed", "stated_only", "not_selected")
"""What can have become of items in a verdict that is good."""


def say_mark(language: Language, code: ExitCode) -> Said:
    """Say a verdict in a word or two."""
    return language.word("verdict", code.name.lower().replace("_", "-"))


def render_headline(language: Language, report: Report) -> str:
    """Write the verdict in one sentence, without the name of what it is about."""
    code = report.exit_code
    if code is ExitCode.OK:
        said = _say_what_is_as_sealed(language, report)
    elif code is ExitCode.MISMATCH:
        said = language.say("headline.mismatch", differences=_list(_differences(report)))
    elif code is ExitCode.NOT_CHECKED:
        said = _say_what_could_not_be_checked(language, report)
    elif is_only_untrusted(report):
        return language.say("headline.untrusted")
    else:
        said = language.say("headline.open", questions=_list(_open_questions(report)))
    return language.say("headline.verdict", mark=say_mark(language, code), said=said)


def is_only_untrusted(report: Report) -> bool:
    """Tell whether all that is open is that the user has not chosen to trust a key."""
    asked = {f.code for f in report.findings if f.effect is Effect.OPEN and f.axis in report.required}
    rest = all(report.axes[axis] is AxisState.SHOWN for axis in report.required if axis is not Axis.TRUST)
    return report.exit_code is ExitCode.NOT_ESTABLISHED and asked == {Code.KEY_UNKNOWN} and rest and report.items.ok > 0


def render_one_line(language: Language, report: Report, name: str) -> str:
    """Write the verdict on one of several paths."""
    line = language.say("headline.line", name=name, headline=Said(render_headline(language, report)))
    copy = report.partial
    if copy and copy.items != copy.sealed:
        line = Said(line + language.say("headline.partial", count=copy.items, total=copy.sealed))
    if report.collection is None:
        return line
    return line + language.say("headline.access", handling=language.word("term.handling", report.handling))


def say_fates(fates: Iterable[tuple[str, int]]) -> Listed:
    """List what became of how many items, leaving out what became of none."""
    return _list(Words(f"fate-{fate.replace('_', '-')}", count=count) for fate, count in fates if count)


def _say_what_is_as_sealed(language: Language, report: Report) -> Said:
    fates = report.items
    here = report.sealed - fates.withheld
    which = "some" if fates.ok != here else "all-of-copy" if fates.withheld else "all"
    items = Words(f"items-{which}", count=fates.ok, total=report.sealed)
    same = any(finding.code in _NOT_THE_SAME for finding in report.findings)
    said = language.say(f"headline.{'content' if same else 'as-sealed'}", items=items, count=fates.ok)
    if fates.ok == here:
        return language.say("headline.ok", said=said)
    rest = say_fates((fate, getattr(fates, fate)) for fate in _OTHER_FATES)
    return language.say("headline.ok-but", said=said, rest=rest)


def _differences(report: Report) -> Iterator[Words]:
    """Say what was disproven: items that differ, things that no seal names, and the record itself."""
    disproven = [finding for finding in report.findings if finding.effect is Effect.DISPROVES]
    counts = {code: _count(disproven, code) for code in _OF_ITEMS}
    number = sum(counts.values())
    if number:
        fates = say_fates((code.value, count) for code, count in counts.items())
        yield Words("items-differ", count=number, total=Words("sealed-items", count=report.sealed), fates=fates)
    if extra := _count(disproven, Code.EXTRA):
        yield Words("things-extra", count=extra)
    if any(finding.code not in (*_OF_ITEMS, Code.EXTRA) for finding in disproven):
        yield Words("record-fails")


def _count(findings: list[Finding], code: Code) -> int:
    return sum(finding.count for finding in findings if finding.code is code)


def _say_what_could_not_be_checked(language: Language, report: Report) -> Said:
    unchecked = [finding for finding in report.findings if finding.effect is Effect.UNCHECKED]
    if len(unchecked) == 1 and unchecked[0].code is Code.NO_ITEMS:
        return language.say("headline.no-items", why=language.say_finding(unchecked[0]))
    unread = sum(finding.count for finding in unchecked if finding.code in (Code.UNREADABLE, Code.CHANGING))
    if unread and all(finding.code in (Code.UNREADABLE, Code.CHANGING) for finding in unchecked):
        return language.say("headline.unread", count=unread)
    axes = [axis for axis in Axis if any(finding.axis is axis for finding in unchecked)]
    return language.say("headline.unchecked", axes=_list(language.word("axis", axis.value) for axis in axes))


def _open_questions(report: Report) -> Iterator[Words]:
    for axis in report.required:
        if report.axes[axis] is AxisState.SHOWN:
            continue
        found = {f.code for f in report.findings if f.axis is axis and f.effect is Effect.OPEN}
        exact = [Words(f"open-{code.value}") for code in Code if code in found and code in _OPEN_FINDINGS]
        yield from exact or [Words(f"open-{axis.value}")]
    if report.items.ok == 0:
        yield Words("open-no-item")


def _list(parts: Iterable[str | Words]) -> Listed:
    listed = tuple(parts)
    return Listed(listed, len(listed))
