"""Consent in words: what may be done with the evidence comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evtool.core.consent.items import ItemConsent, ItemTerms, TermsNeverStated, TermsWithheld, terms_that_count
from evtool.core.consent.state import Holding
from evtool.core.consent.summary import COUNTED_TERMS, NOT_STATED, ConsentSummary
from evtool.core.finding import Axis, AxisState
from evtool.core.terms.terms import TERMS, ConsentTerms, Handling
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.core.text.times import format_time
from evtool.core.verdict.verdict import Report
from evtool.report.columns import pad
from evtool.report.language import Language, Said
from evtool.report.moments import format_local

_KNOWN = frozenset(handling.value for handling in Handling)


def render_access(language: Language, report: Report, name: str) -> list[str]:
    """Write what a reader must know before anything else; the first line begins with ACCESS."""
    summary = report.consent
    if summary is None:
        line = render_access_line(language, report.handling, name)
        return [line, f"  {language.say('access.strictest')}"]
    lines = [render_access_line(language, report.handling, name, summary)]
    lines += render_summary(language, summary, is_short=True)
    if report.axes[Axis.TRUST] is not AxisState.SHOWN:
        lines.append(f"  {language.say('access.untrusted')}")
    if summary.as_of:
        lines.append(f"  {language.say('access.as-of', time=format_local(language, summary.as_of))}")
    return lines


def render_access_line(language: Language, handling: str, what: str, summary: ConsentSummary | None = None) -> str:
    """Write the first line; `what` is the name of what it is about.

    The handling alone could say "public" although consent was withdrawn. If the summary shows that, the line says so.
    """
    known = handling if handling in _KNOWN else "unknown"
    rule = language.say(f"access.{known}")
    barred = summary.without_consent if summary and known not in (Handling.CLOSED.value, "unknown") else 0
    if summary and barred == summary.items > 0:
        rule = language.say("access.no-consent")
    elif summary and barred:
        rule = Said(rule + language.say("access.barred", count=barred, total=summary.items))
    return language.say("access.line", what=what, handling=language.word("term.handling", handling), rule=rule)


def render_summary(language: Language, summary: ConsentSummary, *, is_short: bool = False) -> list[str]:
    """Write what the terms amount to, one per line; if it is to be short, what is alike for all items on one line."""
    rows: tuple[tuple[str, Mapping[str, int]], ...] = (
        ("handling", summary.handling),
        ("status", summary.status),
        *((term, getattr(summary, field)) for term, field in COUNTED_TERMS),
    )
    unstated = [name for name, counts in rows if counts and counts.get(NOT_STATED) == summary.items]
    merged = unstated if len(unstated) > 1 else []
    alike: list[str] = []
    lines: list[tuple[str, str]] = []
    for name, counts in rows:
        if not counts or name in merged:
            continue
        said = _counted(language, name, counts, summary.items)
        is_alike = len(counts) == 1 and summary.items in counts.values()
        if is_short and is_alike and name in _SINGLE:
            alike.append(f"{language.word('label', name)} {said}")
        else:
            lines.append((name, said))
    if alike:
        lines.insert(0, ("all-items", ", ".join(alike)))
    if merged:
        lines.append(("not-stated", ", ".join(language.word("label", name) for name in merged)))
    written = [_labelled(language, label, said) for label, said in lines]
    if summary.unknown:
        written.append(f"  {language.say('access.unknown-codes')}")
    written += _days(language, summary, is_short=is_short)
    if summary.changed:
        written.append(f"  {language.say('access.changed', count=summary.changed, total=summary.items)}")
    return written


def _days(language: Language, summary: ConsentSummary, *, is_short: bool) -> list[str]:
    named = (("from", summary.starts), ("until", summary.until), ("review", summary.review))
    days = [(name, str(day)) for name, day in named if day]
    if is_short and len(days) > 1:
        together = ", ".join(
            language.say("access.day", label=language.word("label", name), day=day) for name, day in days
        )
        return [_labelled(language, "days", together)]
    return [_labelled(language, name, day) for name, day in days]


def _labelled(language: Language, label: str, said: str) -> str:
    """Write a line with its label; those of one language take as many columns as its longest."""
    width = language.widest("label") + 2
    return f"  {pad(language.word('label', label), width)}{said}"


_SINGLE = ("handling", "status", "identity", "onward", "defence")
"""Terms with one value."""


def _counted(language: Language, name: str, counts: Mapping[str, int], items: int) -> str:
    """Write codes, each with its number of items unless it applies to all of them."""
    said = [(say_code(language, name, code), count) for code, count in counts.items()]
    return ", ".join(text if count == items else f"{text} ({count:,})" for text, count in said)


def say_code(language: Language, name: str, code: str) -> Said:
    """Say the value of a term; what the vocabulary does not have is shown as it is."""
    own = language.table(f"term.{name}")
    return language.word(f"term.{name}" if code in own else "term.any", code)


def render_terms(language: Language, terms: ConsentTerms) -> list[Said]:
    """Write terms, one per line."""
    return [
        language.say("consent.term", name=language.word("term.name", name), value=say_term(language, name, value))
        for name, value in terms.stated.items()
    ]


def say_term(language: Language, name: str, value: str | Sequence[str]) -> Said:
    """Say the value of a term, as files spell it, in words."""
    if isinstance(value, str):
        return say_code(language, name, value) if name in _CODED else Said(shown(value, 400))
    said = [say_code(language, name, code) for code in value]
    return Said(", ".join(said)) if said else language.word("term.any", "none")


_CODED = frozenset(term.name for term in TERMS if term.codes is not None)
"""Terms whose values are codes of a vocabulary; the others are texts, dates, and codes of people."""


def render_known(language: Language, known: ItemTerms) -> list[Said]:
    """Write the terms that apply to an item, one per line; if they are not known, why, and the strictest."""
    if isinstance(known, TermsNeverStated):
        return [language.say("consent.never-stated")]
    if isinstance(known, TermsWithheld):
        return [language.say("consent.terms-withheld"), *render_terms(language, known.terms)]
    return render_terms(language, known.terms)


def _sealed(language: Language, sealed: ItemTerms) -> Said:
    if isinstance(sealed, TermsWithheld):
        return language.say("consent.withheld-here")
    terms = render_terms(language, terms_that_count(sealed))
    return Said("; ".join(terms)) if terms else language.say("consent.nothing")


def render_consent(language: Language, consent: ItemConsent) -> str:
    """Write the consent for one item: what was sealed, what changed, what is in force."""
    say, sealed_by = language.say, consent.sealed_by
    lines: list[str] = [say("show.item", item=consent.item, entry=sealed_by)]
    lines += [f"  {line}" for line in render_known(language, consent.in_force)]
    if consent.changes:
        sealed = _sealed(language, consent.sealed)
        lines += [f"  {say('consent.combined')}", f"    {say('consent.from-seal', entry=sealed_by, terms=sealed)}"]
        for change in consent.changes:
            terms, when = Said("; ".join(render_terms(language, change.terms))), format_time(change.happened_at)
            lines.append(f"    {say('consent.from-change', entry=change.entry, time=when, terms=terms)}")
    return "\n".join(lines)


def render_holding(language: Language, holding: Holding) -> str:
    """Write who has held what, and since when."""
    say = language.say
    answer = language.word("term.acceptance", holding.answer.value) if holding.answer else say("consent.no-answer")
    if holding.accepted:
        answer = Said(f"{answer}, {language.say_ranges(holding.accepted.ranges, 'items', None)}")
    held = language.say_ranges(holding.items.ranges, "items", None)
    since = say("consent.holding", holder=holding.holder, items=held, since=holding.since)
    purpose = say("consent.held-for", purpose=say_code(language, "for", holding.purpose)) if holding.purpose else ""
    event = language.word("event", holding.event.value)
    return "\n".join(
        [
            f"{since}{purpose}",
            f"  {language.say_ranges(((holding.entry, holding.entry),), 'entries')} {event}, {answer}",
            f"  {group_in_fours(holding.head)}",
        ]
    )
