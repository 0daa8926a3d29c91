"""What a finding says, in an account: it comes back as it was, and a court gets it without the names in it."""

from __future__ import annotations

import json

from evtool.core.finding import Cause, Listed, Words
from evtool.report.from_json import read_document
from evtool.report.json_value import to_json
from evtool.report.language import Said, load_language
from evtool.report.told import ToldWords, tell, without_causes, without_names, without_patterns, words_of

WHOLE = Words(
    "whole",
    name="custody/0002-sealed.toml",
    path="secret.txt",
    agent="A1",
    digest="0" * 64,
    count=3,
    ranges=((1, 3), (5, 5)),
    why=Cause("InputError", "secret.txt: gone", "gone", (("path", "secret.txt"), ("why", Cause("ENOENT", "gone")))),
    names=Listed(("secret.txt", "b.txt"), 7),
    patterns=Listed(("*.tmp",), 1),
    fates=Listed((Words("fate-ok", count=2), Words("companion", path="secret.txt", who=Words("system-folder"))), 2),
    remark=Words("beside", system="macOS", beside="secret.txt"),
    rest=None,
)
CAUSES = {"InputError": "a file is missing", "other": "a reason"}


def test_words_come_back_from_an_account_as_they_were() -> None:
    """Through JSON, and in whatever order their values are."""
    document = to_json(tell(WHOLE))
    told = read_document(ToldWords, json.dumps(document).encode(), "words")
    back = words_of(told, "hidden", CAUSES)
    assert (back.key, dict(back.values) | {"remark": None}) == (WHOLE.key, dict(WHOLE.values) | {"remark": None})
    (before, after) = (dict(dict(words.values)["remark"].values) for words in (WHOLE, back))  # type: ignore[union-attr]
    assert before == after


def test_a_court_gets_the_sentence_without_names() -> None:
    """Codes, digests, numbers and files of the record stay; names, lists of names and patterns are counted and gone."""
    told, texts = without_causes(without_patterns(tell(WHOLE)))
    assert texts == 1
    told, names = without_names(told)
    assert names == 4
    values = dict(words_of(told, "hidden", CAUSES).values)
    assert "secret" not in str(values)
    assert (values["path"], values["names"], values["patterns"]) == ("hidden", "hidden", "hidden")
    assert (values["agent"], values["digest"], values["count"], values["ranges"]) == (
        "A1",
        "0" * 64,
        3,
        ((1, 3), (5, 5)),
    )
    assert (values["name"], values["why"]) == ("custody/0002-sealed.toml", "a file is missing")


def test_a_name_that_looks_like_one_of_the_record_is_a_name() -> None:
    """A file in evidence can be numbered as entries are, and a value of a time can hold something else."""
    words = Words(
        "beside", name="0001-jane-doe.toml", beside="custody/0002-kim.details", now="jane", newest="2026-11-28"
    )
    told, names = without_names(tell(words))
    assert names == 3
    assert told.hidden == ("beside", "name", "now")
    times = dict.fromkeys(("claimed", "now"), "2026-11-28T10:00:00+09:00") | {"date": "2026-11-28T10:00:00.123456789Z"}
    assert without_names(tell(Words("after-now", **times)))[0].texts == times


def test_what_is_left_out_is_said_in_its_place() -> None:
    told, _ = without_names(tell(Words("beside", system="macOS", beside="secret.txt")))
    words = words_of(told, Said("(not shown)"), CAUSES)
    assert load_language("en").say_words(words) == "macOS, beside (not shown)"
