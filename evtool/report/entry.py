"""An entry in words."""

from __future__ import annotations

from itertools import islice

from evtool.core.custody.entry import NOT_STATED, Entry
from evtool.core.custody.event_tables import details_table
from evtool.core.custody.events import ConsentChanged, Fixity, FixityScope, Renamed
from evtool.core.finding import Listed, Words
from evtool.core.terms.terms import parse_terms_cached
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges
from evtool.report.consent_text import render_terms, say_code
from evtool.report.language import Language, Said


def render_fixity(language: Language, fixity: Fixity) -> Said:
    """Say what a fixity result shows."""
    counts = (
        (fixity.changed, "changed"),
        (fixity.missing, "missing"),
        (fixity.unreadable, "unreadable"),
        (fixity.extra, "extra"),
        (fixity.withheld, "withheld"),
    )
    parts = tuple(Words(f"fixity-{fate}", count=count) for count, fate in counts if count)
    whole = Words("fixity-ok", count=fixity.ok, total=fixity.checked)
    how = "full" if fixity.scope is FixityScope.FULL else "sample"
    fates = Listed((whole, *parts), len(parts) + 1)
    return language.say(f"entry.read-{how}", count=fixity.checked, fates=fates)


_MAX_NAMED = 20
"""New names that are told of one entry."""


def _first(items: ItemRanges) -> list[int]:
    return list(islice(items, _MAX_NAMED))


def render_in_short(language: Language, entry: Entry) -> list[Said]:
    """Write what an entry says for people, without digests and without what every seal has."""
    if entry.sealed is not None:
        first, number = entry.sealed.first_item, entry.sealed.items
        said = [language.say_ranges(((first, first + number - 1),))] if number else []
    elif isinstance(entry.details, Renamed):
        pairs = zip(_first(entry.items), entry.details.paths, strict=False) if entry.items else ()
        said = [language.say("entry.named", item=item, path=path) for item, path in islice(pairs, 3)]
    elif isinstance(entry.details, ConsentChanged):
        said = render_terms(language, parse_terms_cached(entry.details.terms))
    else:
        said = [
            Said(f"{language.word('term.field', name)} {_say_field(language, name, value, 200)}")
            for name, value in details_table(entry.details).items()
            if isinstance(value, int | str) and not _DIGEST.match(str(value))
        ]
    if entry.reason != NOT_STATED and not entry.is_withheld:
        said.append(Said(f"{language.word('term.field', 'reason')} {shown(entry.reason, 200)}"))
    return said


_DIGEST = compiled_when_used(r"[0-9a-f]{32,64}\Z")


def render_details(language: Language, entry: Entry) -> list[str]:
    """Write the fields of an entry's own table, one per line."""
    lines = []
    if entry.items:
        lines.append(f"{language.word('term.field', 'items')}: {', '.join(entry.items.serialize())}")
    if isinstance(entry.details, Renamed) and entry.items:
        lines.append(language.say("entry.renamed", count=len(entry.items)))
        lines += [
            f"  {language.say('entry.item', item=item)}: {shown(path)}"
            for item, path in zip(_first(entry.items), entry.details.paths, strict=False)
        ]
        if len(entry.items) > _MAX_NAMED:
            lines.append(f"  {language.say('entry.more', count=len(entry.items) - _MAX_NAMED)}")
        return lines
    if isinstance(entry.details, ConsentChanged):
        terms = "; ".join(render_terms(language, parse_terms_cached(entry.details.terms)))
        return [*lines, f"{language.word('term.field', 'terms')}: {terms}"]
    for name, value in details_table(entry.details).items():
        lines.append(f"{language.word('term.field', name)}: {_say_field(language, name, value)}")
    if entry.fixity:
        lines.append(f"{language.word('term.field', 'fixity')}: {render_fixity(language, entry.fixity)}")
    return lines


def _say_field(language: Language, name: str, value: object, limit: int | None = None) -> str:
    """Say the value of a field: its codes in words, digests and texts of people as they are."""
    values = value if isinstance(value, list) else [value]
    vocabulary = VOCABULARIES.get(name)
    said = [
        say_code(language, vocabulary, str(each)) if vocabulary else shown(str(each), *([limit] if limit else []))
        for each in values
    ]
    return ", ".join(said) or language.word("term.any", "none")


VOCABULARIES = {
    "purpose": "for",
    "acceptance": "acceptance",
    "role": "role",
    "allowed": "omission",
    "undone": "truth",
}
"""Field of an event -> the vocabulary that its value is a code of."""
