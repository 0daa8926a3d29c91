"""The files of a report: the account, and a page of it in each language, as HTML and as PDF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context

from evtool.report.account import Account
from evtool.report.page.page import write_papers
from evtool.report.paper import Paper
from evtool.report.paper_html import render_html


def render_pages(account: Account, languages: Sequence[str], *, as_pdf: bool) -> Iterator[tuple[str, bytes]]:
    """Give the pages of an account, each with what stands in its name between that of the report and its ending.

    A page in English is `en.html`; the volumes of its list of items, if there are any, are `en.volume-1.html` and so
    on. With `as_pdf` each of them is followed by a PDF.
    """
    for language in languages:
        for number, paper in enumerate(write_papers(account, language)):
            name = f"{language}.volume-{number}" if number else language
            yield f"{name}.html", render_html(paper).encode("utf-8")
            if as_pdf:
                yield f"{name}.pdf", render_paper(paper, account.made.verified_at)


def render_paper(paper: Paper, made_at: str) -> bytes:
    """Make a PDF in a process of its own: what typst keeps of one paper would add up with that of the next.

    `made_at` is a time in RFC 3339, which the PDF gives as its date.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as worker:
        return worker.submit(_render, paper, datetime.fromisoformat(made_at)).result()


def _render(paper: Paper, moment: datetime) -> bytes:
    # typst is an extra: without it this module still makes pages in HTML.
    from evtool.report.paper_pdf import render_pdf

    return render_pdf(paper, moment)
