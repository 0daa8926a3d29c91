"""The texts of a bag have one spelling, and every other is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.container.bagit import BagInfo, ManifestLine, parse_info, parse_manifest
from evtool.core.errors import FormatError

A, B = "a" * 64, "b" * 64
INFO = BagInfo("0.1.0", "0f" * 16, 123, 4)


def test_bag_info_has_the_oxum_and_reads_back() -> None:
    assert b"\nPayload-Oxum: 123.4\n" in INFO.serialize()
    assert parse_info(INFO.serialize()) == INFO


GOOD = INFO.serialize()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (GOOD[:-1], "does not come from an evtool bundle"),
        (GOOD + b"Contact-Name: x\n", "does not come from an evtool bundle"),
        (GOOD.replace(b"\n", b"\r\n"), "does not come from an evtool bundle"),
        (GOOD.replace(b"123.4", b"0123.4"), "does not come from an evtool bundle"),
        (GOOD.replace(b"123.4", b"123"), "does not come from an evtool bundle"),
        (b"\xef\xbb\xbf" + GOOD, "does not come from an evtool bundle"),
        (GOOD.replace(b"bundle/1", b"bundle/2"), "the bundle is in format evtool-bundle/2"),
    ],
)
def test_another_spelling_of_bag_info_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        parse_info(data)


@given(st.binary(max_size=300))
def test_bag_info_parses_to_the_same_bytes_or_is_refused(data: bytes) -> None:
    try:
        info = parse_info(data)
    except FormatError:
        return
    assert info.serialize() == data


def test_a_manifest_reads_back() -> None:
    lines = [ManifestLine("data/a b.txt", A), ManifestLine("data/김.txt", B)]
    data = b"".join(line.serialize() for line in lines)
    assert list(parse_manifest(data.splitlines(), "manifest-sha256.txt")) == lines


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{A} data/x\n", "line 1 is not a digest, two spaces and a path"),
        (f"{A} *data/x\n", "line 1 is not a digest, two spaces and a path"),
        (f"{A[:40]}  data/x\n", "line 1 is not a digest"),
        (f"{A.upper()}  data/x\n", "not 64 lower-case"),
        (f"{A}  data/x\n{A}  data/x\n", "line 2: the path appears twice or is out of order"),
        (f"{A}  data/y\n{A}  data/x\n", "line 2: the path appears twice or is out of order"),
        (f"{A}  ../x\n", "not safe"),
        (f"{A}  /etc/passwd\n", "not safe"),
        (f"{A}  ~/x\n", "not safe"),
        (f"{A}  data\\x\n", "not safe"),
        (f"{A}  data/x%0A\n", "not safe"),
        (f"{A}  \n", "line 1 is not a digest, two spaces and a path"),
        (f"{A}  data/\x1b[2J\n", "not safe"),
    ],
)
def test_another_manifest_is_refused_with_its_line(text: str, reason: str) -> None:
    lines = text.encode().split(b"\n")[:-1]
    with pytest.raises(FormatError) as caught:
        list(parse_manifest(lines, "manifest-sha256.txt"))
    assert caught.value.message.startswith("manifest-sha256.txt: line ")
    assert reason in caught.value.message
    assert "\x1b" not in caught.value.message


@given(st.lists(st.binary(max_size=90), max_size=3))
def test_a_manifest_parses_to_the_same_lines_or_is_refused(lines: list[bytes]) -> None:
    try:
        parsed = list(parse_manifest(lines, "m"))
    except FormatError:
        return
    assert [line.serialize() for line in parsed] == [line + b"\n" for line in lines]
