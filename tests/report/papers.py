"""What has to be true of any certificate, whatever a verification found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from evtool.core.errors import ExitCode
from evtool.report.account import Account
from evtool.report.certificate.certificate import write_certificate
from evtool.report.certificate.kind import CertificateKind
from evtool.report.certificate.standing import Extent, judge
from evtool.report.certificate.writer import CERTIFICATES, Source, Writer
from evtool.report.json_value import to_json
from evtool.report.language import PAGES, list_languages, load_language
from evtool.report.paper import (
    Blank,
    Block,
    Choices,
    Content,
    FieldList,
    Frame,
    Grid,
    Heading,
    Paper,
    Paragraph,
    Piece,
    SigningPlace,
    TextRun,
    ValueKind,
)
from evtool.report.paper_page import render_paper
from tests.report.korean import FORBIDDEN

NEVER = re.compile(r"authentic|tamper-?proof|진본|위조|변조|object at 0x|\bconform(s|ing)\b|admissible", re.IGNORECASE)

EVERY = [(kind, language) for kind in CertificateKind for language in list_languages(CERTIFICATES)]

SHA = "5" * 64
"""Stands for the digest of an account's file."""


def pieces_of(block: Block) -> Iterator[Piece | Content]:
    """Every text of a block, and every place for the pen."""
    if isinstance(block, Heading):
        yield block.text
    elif isinstance(block, Paragraph):
        yield from block.pieces
    elif isinstance(block, Frame):
        yield block.title
        for paragraph in block.paragraphs:
            assert isinstance(paragraph, Paragraph)
            yield from paragraph.pieces
    elif isinstance(block, Choices):
        for choice in block.choices:
            yield from choice.pieces
    elif isinstance(block, Grid):
        yield from (column.heading for column in block.columns)
        yield from (piece for row in block.rows for cell in row for piece in _pieces_of_cell(cell))
    elif isinstance(block, (FieldList, SigningPlace)):
        for field in block.fields:
            yield field.label
            yield field.value


def _pieces_of_cell(cell: Content) -> Iterator[Piece | Content]:
    if isinstance(cell, tuple):
        yield from (piece.text if isinstance(piece, TextRun) else piece for piece in cell)
    else:
        yield cell


def blanks_of(paper: Paper) -> int:
    return sum(piece is None or piece is Blank.LINE for block in paper.blocks for piece in pieces_of(block))


def text_of(paper: Paper) -> str:
    texts = [piece for block in paper.blocks for piece in pieces_of(block) if isinstance(piece, str)]
    return "\n".join([paper.title, paper.foot, *texts])


def known_of(paper: Paper) -> Iterator[tuple[ValueKind, str]]:
    """Every value that the program filled in, with its kind."""
    for block in paper.blocks:
        if isinstance(block, FieldList):
            yield from ((field.kind, field.value) for field in block.fields if isinstance(field.value, str))
        if isinstance(block, Grid):
            kinds = [column.kind for column in block.columns]
            for row in block.rows:
                yield from ((kind, cell) for kind, cell in zip(kinds, row, strict=True) if isinstance(cell, str))


def scalars_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield str(name)
            yield from scalars_of(child)
    elif isinstance(value, list):
        for child in value:
            yield from scalars_of(child)
    else:
        yield str(value)


def papers_of(account: Account) -> Iterator[tuple[CertificateKind, str, Paper]]:
    for kind, language in EVERY:
        yield kind, language, write_certificate(kind, Source(account, SHA), language)


def check_paper(kind: CertificateKind, language: str, paper: Paper, account: Account) -> None:
    """What has to be true of any certificate, whatever came of the check."""
    standing = judge(account, kind)
    text = text_of(paper)
    assert not NEVER.search(text), NEVER.search(text)
    assert not re.search(r"\bconform(s|ing)\b|court-ready|admissible", text, re.IGNORECASE)
    assert language != "ko" or not FORBIDDEN.search(text), FORBIDDEN.search(text)
    page = load_language(language, PAGES)
    limits = list(page.table("limits"))[1:]
    texts = [piece for block in paper.blocks for piece in pieces_of(block)]
    last_limit = max(texts.index(page.say(f"limits.{limit}")) for limit in limits)
    kinds = [type(block) for block in paper.blocks]
    if standing.extent is Extent.REFUSED:
        assert SigningPlace not in kinds
        assert Choices not in kinds
        assert blanks_of(paper) == 0
        return
    assert blanks_of(paper) >= 9
    signature = next(block for block in reversed(paper.blocks) if isinstance(block, SigningPlace))
    assert texts.index(signature.fields[-1].label, last_limit) > last_limit, "limits stand before the last signature"
    first = paper.blocks[0]
    assert isinstance(first, Frame)
    said = Writer(kind, Source(account, SHA), language)
    box = "\n".join(str(piece) for piece in pieces_of(first))
    assert said.say("rule") in box
    assert said.say("source") in box
    assert said.say("unchecked") in box
    assert said.say("unreviewed") in box
    second = paper.blocks[1]
    assert (isinstance(second, Frame) and second.title == said.say("limited-title")) == (
        standing.extent is Extent.LIMITED
    ), "what is not clean is said on top"
    is_partial = standing.extent is Extent.WHOLE and account.report.items.withheld > 0
    assert (isinstance(second, Frame) and second.title == said.say("partial-title")) == is_partial, "so is a part"
    assert all(signed.fields and all(field.value is None for field in signed.fields) for signed in _signatures(paper))


def _signatures(paper: Paper) -> list[SigningPlace]:
    return [block for block in paper.blocks if isinstance(block, SigningPlace)]


def check_filled(paper: Paper, account: Account) -> None:
    """Every digest, number, time and name on a paper stands in the account; nothing was made up or mixed up."""
    known = set(scalars_of(to_json(account))) | {SHA, "SHA-256", ""}
    numbers = {number for number in known if number.isdigit()} | {str(len(account.log)), "0", ""}
    for kind, value in known_of(paper):
        if kind is ValueKind.NUMBER:
            assert value.replace(",", "") in numbers, value
        elif kind is ValueKind.TIME:
            assert value in known or not value[:1].isdigit(), value
        elif kind is ValueKind.NAME:
            assert all(part in known for part in value.split(" ")), value
        elif kind is ValueKind.DIGEST:
            in_fours = re.fullmatch(r"([0-9a-f]{4} )+[0-9a-f]{4}", value)
            parts = {"".join(value.split())} if in_fours else set(value.split())
            hexes = {part for part in parts if re.fullmatch(r"[0-9a-f]{16,}|SHA256:.*", part)}
            assert hexes <= known, value


def check_certificates(account: Account, every: int = 1, first: int = 0) -> None:
    """Check all certificates of an account for a court, or every so many-th of them."""
    for kind, language in EVERY[first % every :: every]:
        standing = judge(account, kind)
        assert (standing.extent is Extent.WHOLE) == (account.exit_code is ExitCode.OK)
        paper = write_certificate(kind, Source(account, SHA), language)
        check_paper(kind, language, paper, account)
        check_filled(paper, account)
        assert "<script" not in render_paper(paper)
