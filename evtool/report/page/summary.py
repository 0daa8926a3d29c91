"""How the page begins: what may be done with the evidence, the verdict, the head and the numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evtool.core.consent.summary import COUNTED_TERMS
from evtool.core.errors import ExitCode
from evtool.core.finding import AxisState
from evtool.core.terms.terms import Handling
from evtool.core.values import names_of
from evtool.report.page.writer import PageWriter, name
from evtool.report.paper import Block, Field, FieldList, Frame, Grid, Paragraph, Picture, TextRun, ValueKind
from evtool.report.qr import draw_head

MARKS = {AxisState.SHOWN: "✓", AxisState.FAILED: "×", AxisState.NOT_ESTABLISHED: "?"}
"""A sign for each answer, beside the word: color alone says nothing on paper."""

_HANDLINGS = frozenset(handling.value for handling in Handling)
_SAID = (ExitCode.OK, ExitCode.MISMATCH, ExitCode.NOT_ESTABLISHED, ExitCode.NOT_CHECKED)


def introduction(page: PageWriter) -> Iterator[Block]:
    """Say what the page is, and what it is about."""
    yield page.paragraph("page.what")
    yield from about(page)


def about(page: PageWriter) -> Iterator[Block]:
    """Say what was checked when, and for whom the page is."""
    account = page.account
    fields = [
        page.field("page.collection", account.report.collection or page.say("page.no-collection"), ValueKind.DIGEST),
        page.field("page.verified", page.checked_at()),
        page.field("page.audience", page.say(f"audience.{account.audience.value}")),
    ]
    if account.path is not None:
        fields.append(page.field("page.path", name(account.path)))
    yield FieldList(tuple(fields))


def consent(page: PageWriter) -> Iterator[Block]:
    """Say what may be done with the evidence, before anything else."""
    report = page.account.report
    handling = report.handling if report.handling in _HANDLINGS else "other"
    said: list[Paragraph | FieldList] = [page.paragraph(f"consent.{handling}", is_strong=True)]
    summary = report.consent_summary
    if summary is None:
        said.append(page.paragraph("consent.unreliable"))
    else:
        said.append(page.paragraph("consent.stated", stated=summary.stated, items=summary.items))
        if summary.as_of is not None:
            said.append(page.paragraph("consent.as-of", time=summary.as_of))
        table = [
            Field(
                f"{page.say('consent.status')}: {page.term('status', status)}",
                f"{page.say('page.items')} {', '.join(numbers)}",
            )
            for status, numbers in sorted(report.statuses.items())
        ]
        table += [_counts(page, term, found) for term, field in COUNTED_TERMS if (found := getattr(summary, field))]
        days = (("from", summary.starts), ("until", summary.until), ("review", summary.review))
        table += [page.field(f"consent.{term}", day) for term, day in days if day is not None]
        said.append(FieldList(tuple(table)))
    yield Frame(page.say("consent.title"), tuple(said))


def _counts(page: PageWriter, term: str, found: Mapping[str, int]) -> Field:
    said = "; ".join(f"{page.term(term, code)}: {count:,}" for code, count in sorted(found.items()))
    return page.field(f"consent.{term}", said)


def verdict(page: PageWriter) -> Iterator[Block]:
    """Give the verdict, in a sentence and as the answers to six questions."""
    report = page.account.report
    code = report.exit_code if report.exit_code in _SAID else ExitCode.NOT_CHECKED
    yield page.heading("verdict.title", anchor="verdict")
    yield page.paragraph(f"verdict.{code.value}", is_strong=True, ok=report.items.ok, sealed=report.sealed)
    if report.partial is not None:
        copy = report.partial
        yield page.paragraph("fate.partial", items=copy.items, sealed=copy.sealed, entry=copy.entry)
    rows = [
        (
            page.say(f"axis.{axis.value}"),
            (TextRun(f"{MARKS[state]} {page.say(f'state.{state.value}')}", ValueKind.STRONG),),
            page.yes(axis in page.account.asked.required),
        )
        for axis, state in report.axes.items()
    ]
    columns = (
        page.column("verdict.question", share=4),
        page.column("verdict.answer", share=2),
        page.column("verdict.asked", share=1),
    )
    yield Grid(columns, tuple(rows))


def head(page: PageWriter) -> Iterator[Block]:
    """Give the head, to be compared by telephone, and as a code to be read by a camera."""
    report = page.account.report
    yield page.heading("head.title")
    if report.head is None or report.collection is None:
        yield page.paragraph("head.none")
        return
    title = page.say("head.qr")
    yield Picture(draw_head(report.collection, report.head, title), title, 34, page.head_lines())
    yield page.paragraph("head.what")


def fates(page: PageWriter) -> Iterator[Block]:
    """Count what became of the items."""
    report = page.account.report
    counts = [("sealed", report.sealed)]
    for fate in names_of(report.items):
        count = getattr(report.items, fate)
        if count or fate == "ok":
            counts.append((fate, count))
    counts += [("extra", report.evidence.extra), ("bytes", report.bytes)]
    yield page.heading("fate.title")
    columns = (page.column("fate.fate"), page.column("page.number", ValueKind.NUMBER))
    yield Grid(columns, tuple((page.say(f"fate.{fate}"), f"{count:,}") for fate, count in counts))
