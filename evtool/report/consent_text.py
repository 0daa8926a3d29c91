"""Consent in words: what may be done with the evidence comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evtool.core.consent.items import ItemConsent, ItemTerms, TermsNeverStated, TermsWithheld, terms_that_count
from evtool.core.consent.state import Holding
from evtool.core.consent.summary import NOT_STATED, ConsentSummary
from evtool.core.finding import Axis, AxisState
from evtool.core.terms.terms import ConsentTerms, Handling
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.core.text.times import format_time
from evtool.core.verdict import Report
from evtool.report.moments import format_local

_ACCESS = {
    Handling.CLOSED.value: "It may not be given to anyone.",
    Handling.NAMED.value: "It may be given only to the recipients named in its terms.",
    Handling.PARTNERS.value: "It may be given only to those who signed the agreement named in its terms.",
    Handling.PUBLIC.value: "It may be given to anyone, under its terms.",
}
_UNKNOWN_ACCESS = "This version does not know that code, so it may not be given to anyone."


def render_access(report: Report, name: str) -> list[str]:
    """Write what a reader must know before anything else; the first line begins with ACCESS."""
    summary = report.consent
    if summary is None:
        line = render_access_line(report.handling, shown(name))
        return [line, "  No terms can be relied on, so the strictest terms apply."]
    lines = [render_access_line(report.handling, shown(name), summary)]
    lines += render_summary(summary, is_short=True)
    if report.axes[Axis.TRUST] is not AxisState.SHOWN:
        lines.append("  You do not trust all of the keys that signed these terms.")
    if summary.as_of:
        lines.append(
            f"  As of {format_local(summary.as_of)} (claimed). Consent may have changed since: ask the sender."
        )
    return lines


def render_access_line(handling: str, what: str, summary: ConsentSummary | None = None) -> str:
    """Write the first line; `what` is what it is about, escaped already.

    The handling alone could say "public" although consent was withdrawn. If the summary shows that, the line says so.
    """
    rule = _ACCESS.get(handling, _UNKNOWN_ACCESS)
    barred = summary.without_consent if summary and handling != Handling.CLOSED.value and handling in _ACCESS else 0
    if summary and barred == summary.items > 0:
        rule = "It may not be given to anyone: there is no consent."
    elif summary and barred:
        those = "that item" if barred == 1 else "those items"
        rule += f" {barred:,} of {summary.items:,} items may not be given to anyone: there is no consent for {those}."
    return f"ACCESS TO {what}: {shown(handling)}. {rule}"


def render_summary(summary: ConsentSummary, *, is_short: bool = False) -> list[str]:
    """Write what the terms amount to, one per line; if it is to be short, what is alike for all items on one line."""
    rows: tuple[tuple[str, Mapping[str, int]], ...] = (
        ("handling", summary.handling),
        ("consent", summary.status),
        ("for", summary.purposes),
        ("share", summary.share),
        ("conditions", summary.conditions),
        ("identity", summary.identity),
        ("onward", summary.onward),
        ("defence", summary.defence),
        ("agreement", summary.agreements),
        ("unknown", summary.unknown),
    )
    unstated = [label for label, counts in rows if counts and counts.get(NOT_STATED) == summary.items]
    merged = unstated if len(unstated) > 1 else []
    alike: list[str] = []
    lines = []
    for label, counts in rows:
        if not counts or label in merged:
            continue
        is_alike = len(counts) == 1 and summary.items in counts.values()
        if is_short and is_alike and label in _SINGLE:
            alike.append(f"{label} {_counted(counts, summary.items)}")
        else:
            lines.append(f"  {label:<11} {_counted(counts, summary.items)}")
    if alike:
        lines.insert(0, f"  {'all items':<11} {', '.join(alike)}")
    if merged:
        lines.append(f"  {'not stated':<11} {', '.join(merged)}")
    if summary.unknown:
        lines.append("  Unknown codes come from a later version or from another organisation: ask what they mean.")
    days = [
        (label, str(day))
        for label, day in (("from", summary.starts), ("until", summary.until), ("ask again", summary.review))
        if day
    ]
    if is_short and len(days) > 1:
        days = [("days", ", ".join(f"{label} {day}" for label, day in days))]
    lines += [f"  {label:<11} {day}" for label, day in days]
    if summary.changed:
        lines.append(f"  The terms of {summary.changed:,} of {summary.items:,} items were changed after sealing.")
    return lines


_SINGLE = ("handling", "consent", "identity", "onward", "defence")
"""Terms with one value."""


def _counted(counts: Mapping[str, int], items: int) -> str:
    """Write codes, each with its number of items unless it applies to all of them."""
    parts = [shown(code, 80) if count == items else f"{shown(code, 80)} ({count:,})" for code, count in counts.items()]
    return ", ".join(parts)


def render_terms(terms: ConsentTerms) -> list[str]:
    """Write terms, one per line."""
    return [f"{name}: {_value(value)}" for name, value in terms.stated.items()]


def _value(value: str | Sequence[str]) -> str:
    return shown(value, 400) if isinstance(value, str) else ", ".join(shown(code, 80) for code in value) or "none"


def render_known(known: ItemTerms) -> list[str]:
    """Write the terms that apply to an item, one per line; if they are not known, why, and the strictest."""
    if isinstance(known, TermsNeverStated):
        return ["no terms were ever stated, so it is closed: it may not be given to anyone"]
    if isinstance(known, TermsWithheld):
        return ["this copy does not show its terms, so the strictest terms apply", *render_terms(known.terms)]
    return render_terms(known.terms)


def _sealed(sealed: ItemTerms) -> str:
    if isinstance(sealed, TermsWithheld):
        return "withheld from this copy"
    return "; ".join(render_terms(terms_that_count(sealed))) or "nothing"


def render_consent(consent: ItemConsent) -> str:
    """Write the consent for one item: what was sealed, what changed, what is in force."""
    lines = [f"item {consent.item}, sealed by entry {consent.sealed_by}"]
    lines += [f"  {line}" for line in render_known(consent.in_force)]
    if consent.changes:
        lines.append("  combined from")
        lines.append(f"    entry {consent.sealed_by} (sealed): {_sealed(consent.sealed)}")
        for change in consent.changes:
            changed = "; ".join(render_terms(change.terms))
            lines.append(f"    entry {change.entry} ({format_time(change.happened_at)}, claimed): {changed}")
    return "\n".join(lines)


def render_holding(holding: Holding) -> str:
    """Write who has held what, and since when."""
    purpose = f" for {shown(holding.purpose)}" if holding.purpose else ""
    answer = "not answered" if holding.answer is None else holding.answer.value
    if holding.accepted:
        answer += f", items {', '.join(holding.accepted.serialize())}"
    return "\n".join(
        [
            f"{holding.holder}: items {', '.join(holding.items.serialize())} since {holding.since} (claimed){purpose}",
            f"  entry {holding.entry} {holding.event.value}, {answer}",
            f"  {group_in_fours(holding.head)}",
        ]
    )
