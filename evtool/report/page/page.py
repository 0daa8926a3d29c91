"""The page that people read, made from an account and a language, and from nothing else.

The same account and language give the same papers: no clock, no zone, no path and no environment is asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from evtool.report.account import Account, AccountItem
from evtool.report.page import annexes, custody, findings, method, summary
from evtool.report.page.writer import PageWriter
from evtool.report.paper import Block, LastLine, Paper

MOST_ITEMS = 10_000
"""Items that one page lists; more of them go into volumes."""

_ITEMS_OF_A_VOLUME = 5_000


def write_papers(account: Account, language: str) -> Iterator[Paper]:
    """Write the page of an account in one of the languages of `list_languages(PAGES)`, then the volumes of its items.

    There are volumes if it lists more than `MOST_ITEMS` items.
    """
    page = PageWriter(account, language)
    volumes = _split(account.items) if len(account.items) > MOST_ITEMS else []
    yield _write_page(page, len(volumes))
    for number, items in enumerate(volumes, 1):
        yield _write_volume(page, items, number, len(volumes))


def _split(items: tuple[AccountItem, ...]) -> list[tuple[AccountItem, ...]]:
    return [items[at : at + _ITEMS_OF_A_VOLUME] for at in range(0, len(items), _ITEMS_OF_A_VOLUME)]


def _write_page(page: PageWriter, volumes: int) -> Paper:
    blocks = [
        *summary.introduction(page),
        *summary.consent(page),
        *summary.verdict(page),
        *summary.head(page),
        *summary.fates(page),
        *findings.findings(page),
        *custody.timeline(page),
        *custody.witnesses(page),
        *custody.time_evidence(page),
        *method.limits(page),
        *method.repeat(page),
        *method.how_checked(page),
        *method.handover_form(page),
        *annexes.items(page, volumes),
        *annexes.entries(page),
        *annexes.glossary(page),
        *_ending(page, 0 if volumes else len(page.account.items)),
    ]
    return Paper(page.texts.code, page.say("page.title"), tuple(blocks), page.foot(), page.say("page.skip"))


def _write_volume(page: PageWriter, items: tuple[AccountItem, ...], number: int, volumes: int) -> Paper:
    title = page.say("volume.title", number=number, volumes=volumes)
    blocks = [
        page.paragraph("page.what"),
        *summary.about(page),
        *summary.consent(page),
        page.heading("annex-a.title", anchor="items"),
        page.paragraph("volume.what", first=items[0].item, last=items[-1].item),
        annexes.item_table(page, items),
        *_ending(page, len(items)),
    ]
    return Paper(page.texts.code, title, tuple(blocks), page.foot(), page.say("volume.skip"))


def _ending(page: PageWriter, listed: int) -> Iterator[Block]:
    if not page.texts.is_reviewed:
        yield page.paragraph("page.unreviewed")
    account = page.account
    counts = {"items": account.report.sealed, "listed": listed, "entries": len(account.log)}
    yield LastLine(page.say("page.end", **counts), page.say("page.pages"))
