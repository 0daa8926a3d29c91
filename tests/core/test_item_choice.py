"""What a person types means items, and the ones they see: by number, by name in any Unicode form, or it is an error."""

from __future__ import annotations

import unicodedata

import pytest

from evtool.core.errors import FormatError, UsageError
from evtool.core.text.item_choice import ChoiceBinding, parse_choice
from evtool.core.text.names import store_name

NFC, NFD = unicodedata.normalize("NFC", "김철수.txt"), unicodedata.normalize("NFD", "김철수.txt")
ITEMS = {
    1: "2024/x",
    2: "a.txt",
    3: NFD,
    4: "photos/2023-2024/b.jpg",
    5: "photos/c.jpg",
    6: store_name(b"100%.txt"),
    7: "4",
    8: None,
    9: "2024-01-15/d.txt",
}


def meant(*texts: str, last: int = 0) -> list[int]:
    binding = ChoiceBinding(parse_choice(texts))
    for number, path in ITEMS.items():
        binding.note(number, path)
    means = binding.finish(last)
    return [number for number in range(1, 20) if means(number)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (NFC, [3]),
        (NFD, [3]),
        (f"./{NFC}", [3]),
        (unicodedata.normalize("NFC", "김*"), [3]),
        ("2024", [1]),
        ("2024/", [1]),
        ("./2024", [1]),
        ("././2024//x", [1]),
        ("2023-2024", [4]),
        ("2024-01-15", [9]),
        ("photos", [4, 5]),
        ("*.jpg", [4, 5]),
        ("100%.txt", [6]),
        ("100%25.txt", [6]),
        ("8", [8]),
        ("item:4", [4]),
        ("./4", [7]),
        ("1-3, 8", [1, 2, 3, 8]),
        ("8-4000", [8, 9, *range(10, 20)]),
    ],
)
def test_a_text_means_the_items_that_a_person_would_say(text: str, numbers: list[int]) -> None:
    assert meant(text) == numbers


@pytest.mark.parametrize(
    "text", ["mispelt.txt", "Photos", "11", "1,11", "9-2", "0", "item:11", "./9", "2024/y", "*.png"]
)
def test_a_text_that_means_nothing_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="no sealed item matches"):
        meant("a.txt", text)


@pytest.mark.parametrize("text", ["", "./", "item:", "item:x", "item:9-2", "a\x07b"])
def test_a_text_that_can_mean_nothing_is_refused_before_any_item_is_read(text: str) -> None:
    with pytest.raises(FormatError):
        parse_choice([text])


def test_what_could_be_a_number_and_a_name_is_not_guessed() -> None:
    with pytest.raises(UsageError, match="4 can be item numbers and can be a name"):
        meant("4")


def test_a_number_of_which_this_copy_says_nothing_can_be_left_out_all_the_same() -> None:
    assert meant("12", last=12) == [12]
    with pytest.raises(UsageError):
        meant("13", last=12)


def test_all_that_means_nothing_is_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        meant("a.txt", "b", "c")
    assert "b, c" in caught.value.message
    assert "`evtool show DIR`" in caught.value.hint


def test_a_hundred_names_are_as_good_as_one() -> None:
    texts = [f"file-{number}" for number in range(100)]
    binding = ChoiceBinding(parse_choice(texts))
    for number, path in enumerate(texts, start=1):
        assert binding.note(number, path)
    assert binding.finish()(100)
