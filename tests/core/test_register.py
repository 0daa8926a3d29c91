"""The register of people: its format, and the search that must find a name in whatever spelling it slipped in."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.custody.register import Person, RegisterSearch, parse_register
from evtool.core.errors import FormatError
from evtool.core.text.names import store_name

FILE = """
format = "evtool-register/1"
[person.S17]
names = ["김철수", "Kim Chol-su"]
other = ["+82 10 1234 5678"]
[person.S18]
names = ["박영희"]
"""


def test_what_a_register_says() -> None:
    assert parse_register(FILE.encode()) == (
        Person("S17", ("김철수", "Kim Chol-su", "+82 10 1234 5678")),
        Person("S18", ("박영희",)),
    )


HEAD = 'format = "evtool-register/1"\n'
REFUSED = [
    (FILE.replace("register/1", "register/2"), "format"),
    (HEAD, "person is missing"),
    (HEAD + '[person."김철수"]\nnames = ["박영희"]', "is not a code"),
    (HEAD + "[person.S17]\n", "names is missing"),
    (HEAD + '[person.S17]\nnames = ["김"]', "too short"),
    (HEAD + '[person.S17]\nnames = ["Li"]', "too short"),
    (HEAD + '[person.S17]\nnames = [""]', "too short"),
    (HEAD + '[person.S17]\nnames = ["박영희"]\nhome = "x"', "unknown field"),
    (HEAD + "person = {S17 = 1}", "not a table"),
]


@pytest.mark.parametrize(
    ("text", "message"), REFUSED, ids=[message + str(at) for at, (_, message) in enumerate(REFUSED)]
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        parse_register(text.encode())
    assert "김철수" not in error.value.message + error.value.hint


SEARCH = RegisterSearch(parse_register(FILE.encode()))
FOUND = [
    '"path":"김철수_증언.pdf"',
    unicodedata.normalize("NFD", "김철수"),
    "김 철 수",
    "김\u200b철수",
    "KIM CHOL-SU",
    "kimchol-su",
    "tel +821012345678",
    store_name("김철수.hwp".encode("cp949")),
]


@pytest.mark.parametrize("text", FOUND)
def test_a_name_is_found_in_any_spelling(text: str) -> None:
    assert SEARCH.find(f'{{"item":1,{text}}}') == {"S17"}


def test_what_only_looks_like_a_name_by_chance_is_not_found() -> None:
    search = RegisterSearch([Person("S1", ("Ada", "bea"))])
    assert not search.find(f'"salt":"{"ada0bea1" * 4}"')
    assert not search.find("SHA256:" + "Ada" * 14 + "x")
    assert not search.find("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAda" + "bea" * 9)
    assert search.find('"title":"Ada"') == {"S1"}


def test_two_people_of_one_name_are_both_told() -> None:
    search = RegisterSearch([Person("S1", ("김철수",)), Person("S2", ("김철수", "철수"))])
    assert search.find("김철수") == {"S1", "S2"}
    assert search.find("박철수") == {"S2"}


def test_an_empty_register_finds_nothing() -> None:
    assert not RegisterSearch([]).find("김철수")


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from(["NFC", "NFD"]))
def test_a_name_is_found_wherever_it_stands(before: str, after: str, form: str) -> None:
    text = before + "|" + unicodedata.normalize(form, "박영희") + "|" + after  # type: ignore[arg-type]
    assert "S18" in SEARCH.find(text)
