"""Metadata statements: one spelling, one place in a manifest, and every flaw refused for its own reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.manifest.manifest import ManifestReader
from evtool.core.manifest.statement import (
    ContentStatement,
    ContextStatement,
    FileStatement,
    ItemStatement,
    ItemType,
    MetadataStatement,
)
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.metadata.claims import Claims
from evtool.core.metadata.vocabulary import Failure
from evtool.core.text.canonical import serialize_canonical
from evtool.core.text.digest import Digests
from evtool.core.values import replace
from tests.core.test_metadata_claims import CLAIMS

SALT = "0123456789abcdef" * 2
LEAVES_NOTHING = (Failure.NO_CONFINEMENT, Failure.UNREADABLE, Failure.CHANGED, Failure.WITHHELD)
LEAVES_SOME = st.none() | st.sampled_from([failure for failure in Failure if failure not in LEAVES_NOTHING])


@given(CLAIMS, LEAVES_SOME, st.sampled_from(["none", "rlimits", "rlimits+user+landlock-7+seccomp"]))
def test_a_statement_reads_back_as_it_was_written(claims: Claims, failure: Failure | None, confinement: str) -> None:
    """All claims, complete or cut short, in one canonical line."""
    statement = MetadataStatement(17, SALT, confinement, claims, failure)

    assert parse_statement(statement.serialize()) == statement
    assert rfc8785.dumps(json.loads(statement.serialize())) == statement.serialize()


@pytest.mark.parametrize("failure", Failure)
def test_why_there_are_no_claims_reads_back(failure: Failure) -> None:
    """A failure alone is a statement, too."""
    statement = MetadataStatement(1, SALT, "none", None, failure)

    assert parse_statement(statement.serialize()) == statement


FLAWS: dict[str, tuple[dict[str, Any], str]] = {
    "neither claims nor a failure": ({"claims": None}, "neither claims nor"),
    "claims beside a failure that leaves none": ({"failure": "changed"}, "changed leaves none"),
    "an unknown failure": ({"failure": "tired"}, "is unknown"),
    "claims in another spelling": (
        {"claims": {"detail": "basic", "vocabulary": "evtool-claims/1", "dropped": 0}},
        "out of range",
    ),
    "a failure that is no text": ({"failure": 7}, "is unknown"),
    "no confinement": ({"confinement": None}, "not a statement of a kind"),
    "a confinement that is not text": ({"confinement": 7}, "is not text"),
    "a confinement in capital letters": ({"confinement": "Seccomp"}, "canonical spelling"),
    "a confinement with an empty part": ({"confinement": "rlimits++seccomp"}, "canonical spelling"),
    "a confinement that ends a line": ({"confinement": "rlimits\n"}, "canonical spelling"),
    "a confinement that is too long": ({"confinement": "a" * 129}, "canonical spelling"),
    "a field too many": ({"note": "x"}, "not a statement of a kind"),
    "a type as content has it": ({"type": "file"}, "not a statement of a kind"),
    "item 0": ({"item": 0}, "the number of its item"),
    "a salt that is too short": ({"salt": SALT[2:]}, "salt of 32"),
    "claims that are a list": ({"claims": []}, "an object"),
    "claims in another vocabulary": ({"claims": {"detail": "basic", "vocabulary": "evtool-claims/2"}}, "vocabulary"),
}


@pytest.mark.parametrize("why", FLAWS)
def test_a_statement_with_one_flaw_is_refused(why: str) -> None:
    """The sound line is read; with one change it is not, and the message names that change."""
    sound = MetadataStatement(1, SALT, "rlimits+seccomp", Claims()).serialize()
    assert isinstance(parse_statement(sound), MetadataStatement)
    changes, message = FLAWS[why]
    value = {name: field for name, field in (json.loads(sound) | changes).items() if field is not None}

    with pytest.raises(FormatError, match=message):
        parse_statement(serialize_canonical(value))


FILE = ContentStatement(1, SALT, ItemType.FILE, size=1, digests=Digests(sha256="a" * 64, blake3="b" * 64))
LINK = ContentStatement(1, SALT, ItemType.SYMLINK, target="b")
NAME = FileStatement(1, SALT, "a", 0)
METADATA = MetadataStatement(1, SALT, "none", Claims())
CONTEXT = ContextStatement(1, SALT, "language", "ko")


def test_it_stands_between_the_name_and_the_context() -> None:
    """The reader gives it with its item."""
    content = replace(FILE, statements=("file", "metadata", "context"))
    lines = [statement.serialize() for statement in (content, NAME, METADATA, CONTEXT)]

    (item,) = ManifestReader(1).read(lines)

    assert (item.metadata, item.context) == (METADATA, (CONTEXT,))


@pytest.mark.parametrize(
    "statements",
    [(METADATA, NAME), (NAME, CONTEXT, METADATA), (NAME, METADATA, METADATA)],
    ids=["before the name", "after the context", "twice"],
)
def test_at_another_place_it_is_refused(statements: tuple[ItemStatement, ...]) -> None:
    """Whether the content announces it there, which no content may, or does not."""
    kinds = tuple(statement.kind for statement in statements)
    with pytest.raises(FormatError, match="names statements that no item has, or names them out of order"):
        replace(FILE, statements=kinds)
    with pytest.raises(FormatError, match="is not where its content says"):
        list(ManifestReader(1).read(statement.serialize() for statement in (FILE, *statements)))


def test_what_is_no_file_claims_nothing() -> None:
    """Neither a link nor a directory has content that could."""
    with pytest.raises(FormatError, match="although it is not a file"):
        replace(LINK, statements=("file", "metadata"))


@pytest.mark.parametrize(
    "line", ['"failure":null,', '"failure":"changed","failure":"changed",', '"failure":"changed" ,']
)
def test_a_failure_in_another_spelling_is_refused(line: str) -> None:
    """What the fast expression does not take is not taken by the slow way either."""
    sound = MetadataStatement(1, SALT, "rlimits+seccomp", Claims()).serialize().decode()
    with pytest.raises(FormatError):
        parse_statement(sound.replace('"item":1', f'{line}"item":1').encode())
