"""What became of bundles that came, as text: one line for each, and what they come to."""

from __future__ import annotations

from evtool.core.finding import Listed, Ranges, Words
from evtool.core.text.ranges import count_items, parse_ranges
from evtool.report.intake_document import IntakeEnd, IntakeLine
from evtool.report.language import Language

_PER_HEAD = 16


def render_line(language: Language, line: IntakeLine) -> str:
    """Write what became of one bundle."""
    state = line.state if line.holding is not None else f"{line.state}-unnumbered"
    if line.dry_run and line.holding is not None:
        state = f"{line.state}-dry"
    lines: list[str] = [language.say(f"intake.{state}", name=line.bundle, number=line.holding)]
    lines += [f"  {reason}: {language.word('intake-reason', reason)}" for reason in line.reasons]
    if line.problem:
        lines.append(f"  {line.problem}")
    if line.heads:
        first, second = (head[:_PER_HEAD] for head in line.heads)
        lines.append("  " + language.say("intake.parts", after=line.parts_after or 0, first=first, second=second))
    if line.recalls:
        items = parse_ranges(list(line.recalls)).ranges
        lines.append("  " + language.say("intake.recalls", items=items))
    if line.terms_unknown:
        items = parse_ranges(list(line.terms_unknown)).ranges
        lines.append(f"  {say_terms_unknown(language, items)}")
    if line.receipt is not None:
        lines.append("  " + language.say("intake.receipt", file=line.receipt))
    return "\n".join(lines)


def say_terms_unknown(language: Language, items: Ranges) -> str:
    """Say of items that nobody knows their terms."""
    unknown = language.say("catalogue.terms-withheld", count=count_items(items))
    return f"{language.say_ranges(items, 'items', None)}: {unknown}"


def render_end(language: Language, end: IntakeEnd) -> str:
    """Write what a run comes to."""
    counts = [(name, getattr(end, name)) for name in ("registered", "quarantined", "left", "taken")]
    parts = tuple(Words(f"intake-{name}", count=count) for name, count in counts if count)
    key = "intake.dry" if end.dry_run else "intake.end"
    return (
        language.say(key, count=end.bundles, parts=Listed(parts, len(parts))) if parts else language.say("intake.none")
    )
