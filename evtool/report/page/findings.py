"""What the page says about findings: what was found, about what, and what to do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from evtool.core.errors import FormatError
from evtool.core.finding import Code, Effect, Finding
from evtool.report.account import AccountFinding
from evtool.report.groups import group_findings
from evtool.report.language import Said
from evtool.report.page.writer import PageWriter, lines, name, nfc
from evtool.report.paper import Block, Content, Grid, Piece, TextRun, ValueKind
from evtool.report.told import words_of

_MOST_DETAILS = 200
_MOST_SAID = 100
"""Findings of one kind whose sentence differs that are said one by one."""

_NEXT = {
    "copy": "changed missing extra type-changed bag-broken",
    "access": "unreadable changing manifest-unreadable checksums-unreadable custody-unreadable no-items "
    "accounts-differ not-hashed not-selected",
    "record": "manifest-invalid manifest-mismatch manifest-missing checksums-mismatch checksums-missing "
    "signature-invalid signer-differs entry-invalid entry-missing entry-doubled chain-broken continuation-apart "
    "timestamp-missing timestamp-changed renewal-mismatch records-part custody-extra line-ends disclosure-invalid",
    "trust": "key-unknown key-other-agent key-other-namespace key-not-yet-valid key-no-longer-valid signers-too-few",
    "retired": "key-retired",
    "stamp": "no-timestamp time-not-proven timestamp-open timestamp-failed",
    "sender": "withheld-unexplained renamed time-claim time-contradiction clock-order clock-doubtful undo-invalid "
    "renewal-incomplete item-unknown link-absent",
    "consent": "no-consent",
    "receipt": "transfer-open receipt-invalid receipt-misplaced",
    "head": "head-unknown no-witness",
}
"""What to do -> the findings after which that is to be done; after all others nothing is."""

NEXT_OF = {code: key for key, codes in _NEXT.items() for code in codes.split()}
"""Code of a finding -> what to do."""


def findings(page: PageWriter) -> Iterator[Block]:
    """Tell the findings by what they do to the verdict, worst first."""
    yield page.heading("findings.title")
    if not page.account.report.findings:
        yield page.paragraph("findings.none")
    for effect in Effect:
        kinds: dict[Code, list[AccountFinding]] = defaultdict(list)
        for finding in page.account.report.findings:
            if finding.effect is effect:
                kinds[finding.code].append(finding)
        if kinds:
            yield page.heading(f"effect.{effect.value}", 3)
            yield _table(page, kinds)
            for code, found in kinds.items():
                yield from _details(page, code, [f for f in found if _has_details(f)])


def _table(page: PageWriter, kinds: dict[Code, list[AccountFinding]]) -> Grid:
    columns = (
        page.column("findings.code", share=3),
        page.column("findings.what", share=9),
        page.column("findings.next", share=5),
    )
    return Grid(columns, tuple(_row(page, code, found) for code, found in kinds.items()))


def _row(page: PageWriter, code: Code, found: list[AccountFinding]) -> tuple[Content, ...]:
    return (
        (TextRun(code.value, ValueKind.COMMAND),),
        say_kind(page, code, found, _MOST_SAID),
        page.say(f"next.{NEXT_OF.get(code.value, 'nothing')}"),
    )


def say_kind(page: PageWriter, code: Code, found: list[AccountFinding], most: int) -> tuple[Piece, ...]:
    """Say findings of one kind, `most` of those that differ one by one.

    Raises:
        FormatError: the account has a sentence, or a value in one, that this version does not know.
    """
    try:
        rows = group_findings(page.sentences, [_finding(page, each) for each in found], most)
    except KeyError as error:
        raise FormatError(
            "this version has no words for a finding {code} of the account",
            hint="use the version of evtool that made the account",
            key="account-of-another-version",
            code=code.value,
        ) from error
    said: list[tuple[Piece, ...]] = [(TextRun(nfc(row.text), ValueKind.NAME),) for row in rows]
    if more := page.account.report.more_findings.get(code, 0):
        said.append((page.say("findings.more", count=more),))
    return lines(said)


def _finding(page: PageWriter, told: AccountFinding) -> Finding:
    """Give the finding again, with words in place of what this audience does not get."""
    hidden, causes = Said(page.say("findings.hidden")), page.texts.table("cause")
    path = told.path if told.path is not None or not told.hidden else hidden
    says = words_of(told.says, hidden, causes)
    return Finding(
        code=told.code,
        effect=told.effect,
        says=says,
        item=told.item,
        path=path,
        expected=hidden if told.hidden and told.expected is None else told.expected,
        found=hidden if told.hidden and told.found is None else told.found,
        entry=told.entry,
        count=told.count,
        remarks=tuple(words_of(remark, hidden, causes) for remark in told.remarks),
    )


def _has_details(finding: AccountFinding) -> bool:
    compares = finding.expected is not None or finding.found is not None
    return compares and finding.effect in (Effect.DISPROVES, Effect.UNCHECKED)


def _details(page: PageWriter, code: Code, compared: list[AccountFinding]) -> Iterator[Block]:
    if not compared:
        return
    columns = (
        page.column("page.item", share=1),
        page.column("findings.name", share=4),
        page.column("findings.expected", ValueKind.DIGEST, 4),
        page.column("findings.found", ValueKind.DIGEST, 4),
    )
    rows = tuple(_detail(page, finding) for finding in compared[:_MOST_DETAILS])
    yield Grid(columns, rows, is_annex=True, caption=f"{page.say('findings.details')}: {code.value}")
    if len(compared) > _MOST_DETAILS:
        yield page.paragraph("findings.more", count=len(compared) - _MOST_DETAILS)


def _detail(page: PageWriter, finding: AccountFinding) -> tuple[Content, ...]:
    nameless: Content = page.say("findings.hidden") if finding.hidden else ""
    about = str(finding.item or "")
    if finding.item is None:
        about = page.say("page.no-item") if finding.entry is None else f"{page.say('page.entry')} {finding.entry}"
    return (
        about,
        name(finding.path) if finding.path is not None else nameless,
        name(finding.expected) if finding.expected is not None else "",
        name(finding.found) if finding.found is not None else "",
    )
