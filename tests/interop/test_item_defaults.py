"""Defaults for directories: nested, matched in any Unicode form, and never looser than what stands further out."""

from __future__ import annotations

import unicodedata

import pytest

from evtool.core.errors import FormatError
from evtool.core.terms.terms import Handling, Status
from evtool.interop.item_defaults import combine, parse_defaults

FILE = """
format = "evtool-defaults/1"

[[directory]]
path = "사진/위성"
handling = "public"
context = {kind = "satellite-imagery", language = "en"}
consent = {status = "not-required", basis = "published imagery"}

[[directory]]
path = "."
handling = "named"
context = {language = "ko"}
consent = {share = ["ohchr-dprk"]}
"""


def test_the_inner_context_and_the_stricter_terms_count() -> None:
    defaults = parse_defaults(FILE.encode())
    found = combine(tuple(outer.stated for outer in defaults.find("사진/위성/1.tif")))
    assert found.context == (("kind", "satellite-imagery"), ("language", "en"))
    assert found.terms
    assert (found.terms.handling, found.terms.share) == (Handling.NAMED, ("ohchr-dprk",))
    assert (found.terms.status, found.terms.basis) == (Status.NOT_REQUIRED, "published imagery")


def test_a_directory_covers_what_is_below_it_and_nothing_else() -> None:
    defaults = parse_defaults(FILE.encode())
    paths = [
        "a",
        "사진/b",
        "사진/위성 2/c",
        "사진/위성.txt",
        "사진/위성/d",
        unicodedata.normalize("NFD", "사진/위성/e"),
    ]
    assert [len(defaults.find(path)) for path in paths] == [1, 1, 1, 1, 2, 2]


HEAD = 'format = "evtool-defaults/1"\n'
REFUSED = [
    ('format = "evtool-defaults/2"\ndirectory = []', "format"),
    (HEAD, "directory is missing"),
    (HEAD + "directory = [1]", "not a table"),
    (HEAD + 'zone = 1\n[[directory]]\npath = "."', "unknown field"),
    (HEAD + '[[directory]]\nhandling = "named"', "path is missing"),
    (HEAD + '[[directory]]\npath = "../x"', "neither a relative path"),
    (HEAD + '[[directory]]\npath = "/"', "neither a relative path"),
    (HEAD + '[[directory]]\npath = "."\nhandling = "secret"', "secret is not accepted for handling"),
    (HEAD + '[[directory]]\npath = "."\nconsent = {handling = "named"}', "beside path"),
    (HEAD + '[[directory]]\npath = "."\nconsent = {purpose = "x"}', "not a term of consent"),
    (HEAD + '[[directory]]\npath = "."\ncontext = {titel = "x"}', "not a field of context"),
    (HEAD + '[[directory]]\npath = "."\ncontext = {title = 1}', "not text"),
    (HEAD + '[[directory]]\npath = "."\n[[directory]]\npath = "."', "twice"),
    (HEAD + '[[directory]]\npath = "가"\n[[directory]]\npath = "가"', "twice"),
    ("format = ", "not TOML"),
]


@pytest.mark.parametrize(
    ("text", "message"), REFUSED, ids=[message + str(at) for at, (_, message) in enumerate(REFUSED)]
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse_defaults(text.encode())
