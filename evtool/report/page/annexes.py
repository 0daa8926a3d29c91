"""The annexes of the page: every item, every entry, and the words that the page uses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from evtool.core.manifest.context import MAX_VALUE
from evtool.report.account import Account, AccountItem, Audience, ListedItems, TermsKnown
from evtool.report.consent_document import Terms
from evtool.report.document import LogEntry
from evtool.report.entry import VOCABULARIES
from evtool.report.page.writer import PageWriter, digest, joined, lines, name, ranges, spell
from evtool.report.paper import NEW_LINE, Block, Content, FieldList, Grid, PageBreak, Piece, TextRun, ValueKind

_WHOLE = 10 * MAX_VALUE
"""Letters of a value that an archivist gave, each escaped: an annex holds all of it."""

_FIXITY = ("items", "checked", "ok", "changed", "missing", "unreadable", "extra", "withheld")


def items(page: PageWriter, volumes: int) -> Iterator[Block]:
    """List items, or say in how many volumes they are listed, and which terms apply to which of them."""
    account = page.account
    yield PageBreak()
    yield page.heading("annex-a.title")
    if account.listed is ListedItems.NONE:
        yield page.paragraph("annex-a.not-listed")
        return
    if account.listed is ListedItems.FINDINGS:
        yield page.paragraph("annex-a.some")
    if volumes:
        yield page.paragraph("annex-a.volumes", count=volumes)
    else:
        yield item_table(page, account.items)
    yield from _terms(page)


def has_names(account: Account) -> bool:
    """Tell whether items may have names on this page."""
    return account.audience is not Audience.COURT or account.with_names


def item_table(page: PageWriter, listed: tuple[AccountItem, ...]) -> Grid:
    """List items one by one, with what is stated of each."""
    names = has_names(page.account)
    columns = (
        page.column("page.item", share=11),
        page.column("annex-a.sealed-by", share=12),
        page.column("annex-a.type", share=18),
        page.column("annex-a.size", ValueKind.NUMBER, 18),
        page.column("annex-a.name" if names else "annex-a.stated", share=38),
        page.column("annex-a.digests", ValueKind.DIGEST, 90),
    )
    return Grid(columns, tuple(_item(page, item, names) for item in listed), is_annex=True)


def _item(page: PageWriter, item: AccountItem, names: bool) -> tuple[Content, ...]:
    kind = page.say(f"type.{item.type.value}") if item.type is not None else page.say("page.not-known")
    stated: list[tuple[Piece, ...]] = []
    if item.target is not None:
        stated.append((page.say("annex-a.target"), " ", *name(item.target)))
    if item.omitted is not None:
        stated.append((page.texts.word("omitted", item.omitted.value),))
    stated += [
        (f"{page.texts.word('context', field)}: ", *name(value, _WHOLE))
        for field, value in sorted(item.context.items())
    ]
    if item.claims:
        counts = (f"{page.texts.word('claim', kind)} {count:,}" for kind, count in sorted(item.claims.items()))
        stated.append((f"{page.say('annex-a.claims')}: {', '.join(counts)}",))
    named = (name(item.name) if item.name is not None else (page.say("page.hidden"),)) if names else ()
    digests = NEW_LINE.join(value for value in (item.sha256, item.blake3) if value is not None)
    return (
        str(item.item),
        str(item.entry),
        kind if item.media_type is None else f"{kind}{NEW_LINE}{spell(item.media_type)}",
        f"{item.size:,}" if item.size is not None else "",
        lines(part for part in (named, joined(stated)) if part),
        digests if item.sound else (digests, NEW_LINE, TextRun(page.say("annex-a.unsound"), ValueKind.STRONG)),
    )


def _terms(page: PageWriter) -> Iterator[Block]:
    """Put items together to which the same terms apply: a person reads each of them once."""
    groups: dict[tuple[TermsKnown, tuple[tuple[str, str], ...]], list[AccountItem]] = defaultdict(list)
    for item in page.account.items:
        groups[item.terms_known, _key(item.terms)].append(item)
    if not groups:
        return
    yield page.heading("annex-a.terms", 3)
    rows = [
        (
            f"{page.say('page.items')} {ranges(item.item for item in alike)}",
            _said_terms(page, alike[0].terms_known, alike[0].terms),
        )
        for alike in groups.values()
    ]
    yield Grid((page.column("annex-a.which", share=2), page.column("annex-a.in-force", share=5)), tuple(rows), True)


def _key(terms: Terms | None) -> tuple[tuple[str, str], ...]:
    return tuple((term, repr(value)) for term, value in sorted((terms or {}).items()))


def _said_terms(page: PageWriter, known: TermsKnown, terms: Terms | None) -> Content:
    if known is not TermsKnown.STATED or not terms:
        return page.say(f"annex-a.{known.value if known is not TermsKnown.STATED else 'never-stated'}")
    said: list[tuple[Piece, ...]] = []
    for term, value in terms.items():
        values = value if isinstance(value, list) else [value]
        words = ", ".join(page.term(term, code) for code in values) or page.term(term, "none")
        said.append((f"{page.texts.word('consent-term', term)}: ", TextRun(words, ValueKind.NAME)))
    return lines(said)


def entries(page: PageWriter) -> Iterator[Block]:
    """List every entry with what it says, and which item was made from which."""
    yield PageBreak()
    yield page.heading("annex-b.title")
    columns = (
        page.column("page.entry", share=2),
        page.column("timeline.event", share=3),
        page.column("annex-b.times", share=5),
        page.column("timeline.agent", ValueKind.NAME, 2),
        page.column("annex-b.about", share=3),
        page.column("annex-b.says", share=9),
        page.column("annex-b.digests", ValueKind.DIGEST, 8),
    )
    yield Grid(columns, tuple(_entry(page, entry) for entry in page.account.log), is_annex=True)
    if page.account.derived:
        yield page.heading("annex-b.derived", 3)
        pairs = (
            page.column("page.entry", share=1),
            page.column("annex-b.original", share=2),
            page.column("annex-b.copy", share=2),
            page.column("annex-b.method", share=5),
        )
        rows = [
            (str(pair.entry), str(pair.original), str(pair.copy), _text(page, pair.method))
            for pair in page.account.derived
        ]
        yield Grid(pairs, tuple(rows), is_annex=True)


def _text(page: PageWriter, text: str | None) -> tuple[Piece, ...]:
    return name(text) if text is not None else (page.say("page.hidden"),)


def _entry(page: PageWriter, entry: LogEntry) -> tuple[Content, ...]:
    says: list[tuple[Piece, ...]] = [(f"{page.say('annex-b.reason')}: ", *_text(page, entry.reason))]
    for field, value in entry.details.items():
        says.append(
            (f"{page.texts.word('detail', field)}: ", TextRun(_spell_detail(page, field, value), ValueKind.NAME))
        )
    if entry.fixity is not None:
        counts = {field: getattr(entry.fixity, field) for field in _FIXITY}
        says.append((page.say("annex-b.fixity", **counts),))
    return (
        str(entry.entry),
        page.say(f"event.{entry.event.value}"),
        lines(
            [
                (f"{page.say('annex-b.happened')}: {entry.happened_at}",),
                (f"{page.say('annex-b.recorded')}: {entry.recorded_at}",),
            ]
        ),
        spell(entry.agent),
        ", ".join(entry.items) if entry.items is not None else page.say("page.all"),
        lines(says),
        lines([(digest(entry.fingerprint),), (digest(entry.head),)]),
    )


def _spell_detail(page: PageWriter, field: str, value: str | int | bool | list[str]) -> str:
    """Say the value of a field of an entry: its codes in words, and what else it holds as it is."""
    if isinstance(value, bool):
        return page.yes(value)
    vocabulary = VOCABULARIES.get(field)
    said = [
        page.term(vocabulary, each) if vocabulary else spell(each)
        for each in (value if isinstance(value, list) else [str(value)])
    ]
    return ", ".join(said) or page.say("page.none")


def glossary(page: PageWriter) -> Iterator[Block]:
    """Explain the words that the page uses."""
    yield page.heading("annex-c.title")
    terms = page.texts.table("glossary")
    yield FieldList(tuple(page.field(f"glossary-term.{term}", page.say(f"glossary.{term}")) for term in terms))
