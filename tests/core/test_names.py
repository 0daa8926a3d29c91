"""Names: bytes on disk, stored form in files, shown form on screens; one to one all the way."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.text.names import nfc_key, parse_name, parse_target, shown, shown_path, store_name
from tests.parse_shown import parse_shown

awkward = st.sampled_from(
    [
        b"\xff",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
        b"%",
        b"%0A",
        b"\n",
        b"\x1b",
        b"\x7f",
        b"\xc2\x9b",
        b"\\",
        b"\xea\xb9",
        b" ",
    ]
)
components = st.lists(st.binary(min_size=1, max_size=6) | awkward | st.text(max_size=4).map(str.encode), min_size=1)
names = (
    st.lists(components.map(b"".join), min_size=1, max_size=4)
    .map(b"/".join)
    .filter(lambda name: b"\0" not in name and not {b"", b".", b".."} & set(name.split(b"/")))
)
"""Names that a file system could hold."""

any_text = st.text(st.characters())
"""Lone surrogates included, as they come from names that are not UTF-8."""


@given(names)
@example("김철수".encode())
@example(unicodedata.normalize("NFD", "김철수").encode())
@example(b"\xc3\xa9\xe9")
def test_the_stored_form_gives_the_name_back(name: bytes) -> None:
    """Store and parse are each other's inverse, so no two names are stored alike."""
    stored = store_name(name)
    assert parse_name(stored) == name
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in stored)


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text("%0A/.a\x1f\x7f\x9bé"))
@example("%2F")
@example("a%0a")
@example("%C3%A9")
@example("100%")
def test_one_name_has_one_stored_form(stored: str) -> None:
    """Whatever is read as a name is what that name would be stored as."""
    try:
        name = parse_name(stored)
    except FormatError:
        return
    assert store_name(name) == stored
    assert b"\0" not in name
    assert not {b"", b".", b".."} & set(name.split(b"/"))


@given(names)
def test_every_name_can_be_read(name: bytes) -> None:
    """The other way round: a name that a file system could hold is refused by nobody."""
    assert parse_name(store_name(name)) == name
    assert parse_target(store_name(b"/" + name + b"/..")) == b"/" + name + b"/.."


@pytest.mark.parametrize(
    "stored",
    ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/.", "%00", "a%00b", "%2E%2E", "\ud800", "a\udcffb"],
)
def test_paths_that_lead_elsewhere_or_hold_no_text_are_refused(stored: str) -> None:
    """The reader never hands out a path that could leave the directory."""
    with pytest.raises(FormatError):
        parse_name(stored)


@pytest.mark.parametrize("stored", ["", "%", "%0a", "%41", "\ud800"])
def test_a_target_has_one_spelling_too(stored: str) -> None:
    """It may lead anywhere, but is spelled in one way."""
    with pytest.raises(FormatError):
        parse_target(stored)


@given(any_text)
@example("")
@example("x \\(not NFC)")
@example("\\(empty)")
@example("e\u0301 \\(not NFC)")
@example("\\u{41}")
@example(" ")
def test_the_shown_form_is_printable_and_gives_the_text_back(text: str) -> None:
    """One line, nothing that moves a cursor, and no two texts that look alike by their code points."""
    safe = shown(text, limit=10**6)
    assert safe.isprintable()
    assert safe
    assert parse_shown(safe) == text


@given(any_text)
def test_what_is_shown_starts_with_nothing_that_joins_its_neighbour(text: str) -> None:
    """No blank at the edges, no mark that would sit on the character before, at most four marks in a row."""
    safe = shown(text)
    assert safe.strip(" ") == safe
    assert unicodedata.category(safe[0]) not in ("Mn", "Me")
    marks = [unicodedata.category(character) in ("Mn", "Me") for character in safe]
    assert not any(all(marks[at : at + 5]) for at in range(len(marks) - 4))


@given(st.text(min_size=300), st.text(min_size=300))
@settings(max_examples=60)
def test_long_texts_are_cut_and_still_told_apart(one: str, other: str) -> None:
    """The start of a digest stands beside what was cut."""
    assert len(shown(one)) <= 240
    assume(one != other)
    assert shown(one) != shown(other)


def test_twins_are_marked() -> None:
    """The decomposed form looks like the composed one, so it says what it is."""
    composed, decomposed = "김철수.jpg", unicodedata.normalize("NFD", "김철수.jpg")
    assert shown(composed) == composed
    assert shown(decomposed) == decomposed + r" \(not NFC)"
    assert nfc_key(composed) == nfc_key(decomposed)


@pytest.mark.parametrize(
    ("name", "on_screen"),
    [
        (b"plain.txt", "plain.txt"),
        (b"a\nb", "a%0Ab"),
        (b"100%", "100%25"),
        (b"\xff", "%FF"),
        (b"back\\slash", r"back\\slash"),
        (b" edge ", r"\u{20}edge\u{20}"),
        ("rtl\u202egpj.exe".encode(), r"rtl\u{202E}gpj.exe"),
        ("zero\u200bwidth".encode(), r"zero\u{200B}width"),
        (b"[bold]", "[bold]"),
        ("\u0301alone".encode(), r"\u{301}alone"),
    ],
)
def test_on_screens(name: bytes, on_screen: str) -> None:
    """What a person sees of awkward names."""
    assert shown_path(name) == on_screen
