"""Statements of context and consent: one spelling, and everything else refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.custody.events import ConsentChanged, TermsText
from evtool.core.errors import FormatError
from evtool.core.manifest.manifest import Item, ManifestReader
from evtool.core.manifest.statement import ConsentStatement, ContextStatement
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.terms.terms import ConsentTerms, parse_terms, terms_of
from tests.core.test_consent_decision import TERMS

SALT = "00112233445566778899aabbccddeeff"


def read_vectors() -> list[tuple[str, str, str]]:
    text = (Path(__file__).parents[1] / "vectors" / "consent" / "statements.txt").read_text(encoding="utf-8")
    blocks = [block.split("\n") for block in text.strip().split("\n\n")[1:]]
    return [(head.partition(": ")[0], head.partition(": ")[2], line) for head, line in blocks]


VECTORS = read_vectors()


@pytest.mark.parametrize(("expect", "why", "line"), VECTORS, ids=[why for _, why, _ in VECTORS])
def test_each_line_is_read_or_refused(expect: str, why: str, line: str) -> None:
    if expect == "refused":
        with pytest.raises(FormatError):
            parse_statement(line.encode())
        return
    statement = parse_statement(line.encode())
    assert statement.serialize() == line.encode()
    assert rfc8785.dumps(json.loads(line)) == line.encode()


def test_most_lines_are_refused() -> None:
    assert len([why for expect, why, _ in VECTORS if expect == "refused"]) > 0.7 * len(VECTORS)


@given(TERMS.filter(lambda terms: bool(terms.stated) and len(terms.agreement or ()) < 2), st.integers(1, 2**53 - 1))
def test_terms_survive_a_statement_and_an_entry(terms: ConsentTerms, item: int) -> None:
    statement = ConsentStatement(item, SALT, terms)
    assert rfc8785.dumps(json.loads(statement.serialize())) == statement.serialize()
    assert parse_statement(statement.serialize()) == statement
    assert ConsentChanged(TermsText(terms.serialize())).consent == terms
    assert terms_of(terms.document()) == terms


@given(st.text(min_size=1, max_size=50), st.text(min_size=1, max_size=8))
def test_context_survives_a_statement(value: str, field: str) -> None:
    try:
        statement = ContextStatement(3, SALT, field, value)
    except FormatError:
        return
    assert rfc8785.dumps(json.loads(statement.serialize())) == statement.serialize()
    assert parse_statement(statement.serialize()) == statement


@given(st.binary(max_size=200), st.integers(0, 60))
def test_damage_is_refused_or_makes_another_canonical_line(noise: bytes, at: int) -> None:
    line = ConsentStatement(1, SALT, parse_terms('{"consent":{"status":"given"},"handling":"named"}')).serialize()
    damaged = line[:at] + noise + line[at + len(noise) :]
    try:
        statement = parse_statement(damaged)
    except FormatError:
        return
    assert statement.serialize() == damaged


def lines_of_item(*extra: bytes) -> list[bytes]:
    kinds = ["file", *sorted((json.loads(line)["kind"] for line in extra), reverse=True)]
    statements = json.dumps(kinds, separators=(",", ":"))
    content = f'{{"item":1,"kind":"content","salt":"{SALT}","statements":{statements},"type":"directory"}}'
    file = f'{{"item":1,"kind":"file","mtime":null,"path":"a","salt":"{SALT}"}}'
    return [content.encode(), file.encode(), *extra]


def read_item(lines: list[bytes]) -> Item:
    (item,) = ManifestReader(1).read(lines)
    return item


CONTEXT = [ContextStatement(1, SALT, field, "x").serialize() for field in ("language", "title", "x-shelf")]
CONSENT = ConsentStatement(1, SALT, parse_terms('{"consent":{"status":"given"}}')).serialize()


def test_an_item_carries_what_is_stated_of_it() -> None:
    item = read_item(lines_of_item(*CONTEXT, CONSENT))
    assert [(statement.field, statement.value) for statement in item.context] == [
        ("language", "x"),
        ("title", "x"),
        ("x-shelf", "x"),
    ]
    assert item.consent
    assert item.consent.terms.stated == {"status": "given"}
    assert item.withheld == ()


@pytest.mark.parametrize(
    "extra",
    [
        [CONSENT, *CONTEXT],
        [CONTEXT[1], CONTEXT[0]],
        [CONTEXT[0], CONTEXT[0]],
        [CONSENT, CONSENT],
    ],
    ids=["consent before context", "fields out of order", "a field twice", "consent twice"],
)
def test_statements_stand_in_one_order(extra: list[bytes]) -> None:
    with pytest.raises(FormatError, match=r"out of order|is not where|out of order"):
        read_item(lines_of_item(*extra))


def test_terms_cannot_be_withheld_of_an_item_that_is_disclosed() -> None:
    withheld = f'{{"hash":"{"ab" * 32}","kind":"withheld","lines":1}}'.encode()
    content, name, _ = lines_of_item(CONSENT)
    # A tree of three lines cannot end in a subtree of two, one of one can stand at any place.
    with pytest.raises(FormatError, match="its terms of consent are withheld, although the item is not"):
        read_item([content, name, withheld])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"consent":{}}',
        '{"handling":"named"}',
        '{"consent":{"status":"given"},"kind":"consent"}',
        "\ud800",
    ],
)
def test_an_entry_with_other_terms_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        ConsentChanged(TermsText(text))
