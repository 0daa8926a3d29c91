"""Names inside a bundle: plain for every system, one for each item, and each leads back to its item."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.container.payload_names import (
    MAX_PATH,
    PathSet,
    PayloadNamer,
    ReservedNames,
    find_unsafe,
    find_unsafe_names,
    fold_path,
    neutral_name,
    parse_neutral_name,
)
from evtool.core.errors import FormatError
from evtool.core.text.names import store_name

UNSAFE = {
    "": "empty or absolute",
    "/etc/passwd": "empty or absolute",
    "a" * (MAX_PATH + 1): "more than 200 bytes",
    "각" * 67: "more than 200 bytes",
    "a/../b": "component",
    "./a": "component",
    "a//b": "component",
    "a/": "component",
    "a\\b": "holds \\",
    "C:/x": "holds :",
    "file:stream": "holds :",
    "100%": "holds %",
    "what?": "holds ?",
    "a\nb": "control",
    "a\x7f": "control",
    "photo\u202egpj.exe": "control or format",
    "zero\u200bwidth": "control or format",
    "a\u2028b": "control or format",
    "\ud800": "control or format",
    "\u1100\u1161\u11a8.txt": "NFC",
    "CON": "device",
    "dir/aux.txt": "device",
    "Com1": "device",
    "LPT\u00b9.log": "device",
    "NUL .x": "device",
    "end.": "ends in a dot",
    "end /x": "ends in a dot or a space",
    "~/x": "begins with a tilde",
    " x": "begins with a tilde or a space",
}


@pytest.mark.parametrize(("path", "reason"), UNSAFE.items())
def test_what_a_system_could_misread_is_unsafe_for_one_reason(path: str, reason: str) -> None:
    assert reason in (find_unsafe(path) or "")


@pytest.mark.parametrize(
    "path", ["김철수_증언.pdf", "a b/c-d_e.JPG", ".hidden", "a" * MAX_PATH, "CONTENT", "x~1", "🙂"]
)
def test_ordinary_names_in_any_script_are_safe(path: str) -> None:
    assert find_unsafe(path) is None


@given(st.lists(st.binary(min_size=1, max_size=12).filter(lambda b: b"\0" not in b), max_size=30), st.booleans())
def test_any_items_get_names_that_are_safe_distinct_and_lead_back(names: list[bytes], neutral: bool) -> None:
    namer = PayloadNamer(neutral=neutral)
    stored = [store_name(name) for name in names]

    chosen = [namer.choose(number, path) for number, path in enumerate(stored, start=1)]

    assert len({fold_path(name) for name in chosen}) == len(chosen)
    paths = PathSet()
    for number, (name, path) in enumerate(zip(chosen, stored, strict=True), start=1):
        assert find_unsafe(name) is None
        paths.add(name)
        assert (name == path) != (parse_neutral_name(name) == number)


@given(st.sets(st.text("aAbB/.\u1100\u1161\uac00", min_size=1, max_size=6), max_size=30))
def test_names_that_fall_together_elsewhere_are_kept_apart(paths: set[str]) -> None:
    namer = PayloadNamer(neutral=False)
    chosen = [namer.choose(number, path) for number, path in enumerate(sorted(paths), start=1)]
    together = PathSet()
    for name in chosen:
        together.add(name)


def test_the_first_of_two_twins_keeps_its_name() -> None:
    namer = PayloadNamer(neutral=False)
    wanted = ["a/b.txt", "A/c.txt", "a/B.TXT", "a", "dir/file", "DIR"]
    chosen = [namer.choose(number, path) for number, path in enumerate(wanted, start=1)]
    assert chosen == ["a/b.txt", "item-000002.txt", "item-000003.txt", "item-000004", "dir/file", "item-000006"]


def test_a_file_that_is_named_like_a_neutral_name_gets_its_own_neutral_name() -> None:
    """Else `item-000003.jpg` could stand for item 3, or for the item of that name."""
    namer = PayloadNamer(neutral=False)
    assert namer.choose(8, "item-000003.jpg") == "item-000008.jpg"
    assert namer.choose(9, "ITEM-3/photo.jpg") == "item-000009.jpg"


def test_a_neutral_name_keeps_usual_endings_only() -> None:
    assert neutral_name(17, "dir/photo.JPG") == "item-000017.jpg"
    assert neutral_name(17, "report.kim") == "item-000017"
    assert neutral_name(17, "pdf") == "item-000017"
    assert neutral_name(17, None) == "item-000017"
    assert neutral_name(1234567, "a.pdf") == "item-1234567.pdf"


@pytest.mark.parametrize(
    "name",
    ["item-17.jpg", "item-000000.jpg", "item-0000017.jpg", "Item-000017.jpg", "item-000017.JPG", "x/item-000017"],
)
def test_a_neutral_name_has_one_spelling(name: str) -> None:
    assert parse_neutral_name(name) is None


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (["a", "a"], "twice"),
        (["a", "A"], "clashes with another name"),
        (["\uac01", "\u1100\u1161\u11a8"], "clashes with another name"),
        (["ſ", "s"], "clashes with another name"),
        (["a", "a/b"], "clashes with another name"),
        (["a/b", "A"], "clashes with another name"),
        (["a/b", "A/c"], "clashes with another name"),
        (["straße", "STRASSE"], "clashes with another name"),
    ],
)
def test_twins_in_one_container_are_refused(paths: list[str], reason: str) -> None:
    together = PathSet()
    together.add(paths[0])
    with pytest.raises(FormatError, match=reason):
        together.add(paths[1])


def test_a_neutral_name_gives_way_to_a_sealed_name_that_looks_like_it() -> None:
    """Else `item-000001.txt` could stand for item 1, or for the item that was sealed under that name."""
    reserved = ReservedNames(["b.txt", "item-000001.txt", "ITEM-000002/photo.jpg", "item-000002.x0", "item-3"])
    assert neutral_name(1, "a.txt", reserved) == "item-000001"
    assert neutral_name(1, "a.jpg", reserved) == "item-000001.jpg"
    assert neutral_name(2, None, reserved) == "item-000002.x1"
    assert neutral_name(3, None, reserved) == "item-000003"
    assert parse_neutral_name("item-000002.x1") == 2
    namer = PayloadNamer(neutral=True, reserved=reserved)
    assert namer.choose(1, "a.txt") == "item-000001"


@pytest.mark.parametrize("name", ["custody", "Custody/x", "CUSTODY"])
def test_nothing_is_stored_where_unpacking_puts_the_record(name: str) -> None:
    assert PayloadNamer(neutral=False).choose(7, name) == "item-000007"
    assert PayloadNamer(neutral=False).choose(7, f"below/{name}") == f"below/{name}"


AWKWARD = [
    "a:b",
    "x.",
    "y ",
    "~z",
    " q",
    "CON",
    "aux.txt",
    "com\u00b9.log",
    "100%",
    "zero\u200bwidth",
    "\u1100\u1161",
    "plain.txt",
]


@given(
    st.sampled_from(["", "a", "a/b", "con", "x./y", "n" * 150]),
    st.lists(
        st.sampled_from(AWKWARD) | st.text(st.characters(exclude_characters="/"), min_size=1, max_size=60), max_size=6
    ),
)
def test_names_of_a_directory_are_judged_as_each_alone(directory: str, names: list[str]) -> None:
    """The quick look at all of them at once overlooks none."""
    paths = [f"{directory}/{name}" if directory else name for name in names]
    alone = [(path, why) for path in paths if (why := find_unsafe(f"data/{path}")) is not None]
    assert find_unsafe_names(directory, names) == alone
