"""The files of a report: a page of an account in each language, and its certificates, as HTML and as PDF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from evtool.report.account import Account
from evtool.report.certificate.certificate import write_certificate
from evtool.report.certificate.icc import write_load_file
from evtool.report.certificate.kind import CertificateKind
from evtool.report.certificate.writer import Source
from evtool.report.page.page import write_papers
from evtool.report.paper import Paper
from evtool.report.paper_page import render_paper
from evtool.report.paper_pdf import render_pdf


def render_pages(account: Account, languages: Sequence[str], *, as_pdf: bool) -> Iterator[tuple[str, bytes]]:
    """Give the pages of an account, each with what stands in its name between that of the report and its ending.

    A page in English is `en.html`; the volumes of its list of items, if there are any, are `en.volume-1.html` and so
    on. With `as_pdf` each of them is followed by a PDF.
    """
    for language in languages:
        for number, paper in enumerate(write_papers(account, language)):
            name = f"{language}.volume-{number}" if number else language
            yield from _render_both(name, paper, account, as_pdf=as_pdf)


def render_certificates(
    account: Account, sha256: str, wanted: Iterable[tuple[CertificateKind, str]], *, as_pdf: bool
) -> Iterator[tuple[str, bytes]]:
    """Give certificates in their languages, named likewise, and the load file that goes with one of them.

    `sha256` is that of the file of the account.
    """
    source = Source(account, sha256)
    kinds = set()
    for kind, language in wanted:
        kinds.add(kind)
        paper = write_certificate(kind, source, language)
        yield from _render_both(f"{kind.value}.{language}", paper, account, as_pdf=as_pdf)
    if CertificateKind.ICC_ANNEX in kinds:
        yield f"{CertificateKind.ICC_ANNEX.value}.csv", write_load_file(source).encode("utf-8")


def _render_both(name: str, paper: Paper, account: Account, *, as_pdf: bool) -> Iterator[tuple[str, bytes]]:
    yield f"{name}.html", render_paper(paper).encode("utf-8")
    if as_pdf:
        yield f"{name}.pdf", render_pdf(paper, datetime.fromisoformat(account.made.verified_at))
