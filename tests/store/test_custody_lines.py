"""Lines of a custody file, read one by one and in blocks: the same lines, the same refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from itertools import chain
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.errors import FormatError, InputError
from evtool.store.custody import CustodyReader

LIMIT = 8


class Pieces(BytesIO):
    """A file that gives a few bytes at a time, as a container may, and perhaps cannot be read to its end."""

    def __init__(self, data: bytes, size: int, broken: bool) -> None:
        super().__init__(data)
        self._size = size
        self._broken = broken

    def __enter__(self) -> Self:
        return self

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(self._size)
        if not data and self._broken:
            raise InputError("input/output error")
        return data


class OneFile(CustodyReader):
    """A custody directory of one file."""

    def __init__(self, data: bytes, size: int = 1 << 20, broken: bool = False) -> None:
        self._file = data, size, broken

    def close(self) -> None:
        pass

    def _names(self) -> list[tuple[bytes, str]]:
        return [(b"0001-sealed.jsonl", "f")]

    def _open(self, name: str) -> Pieces:
        return Pieces(*self._file)


def read_until_refused(lines: Callable[[], Iterable[bytes]]) -> tuple[list[bytes], str]:
    """All lines up to the place where no more can be read, and why not."""
    found: list[bytes] = []
    try:
        for line in lines():
            found.append(line)
    except (FormatError, InputError) as error:
        return found, error.message
    return found, ""


texts = st.lists(st.binary(max_size=LIMIT + 3) | st.sampled_from([b"", b"\r", b"x" * LIMIT]), max_size=9).map(
    b"\n".join
)


@given(texts, st.integers(1, 5), st.integers(1, 30), st.booleans())
def test_blocks_hold_the_lines(text: bytes, lines: int, piece: int, newline: bool) -> None:
    """However the file is cut into pieces: too long a line and a missing end are met after the lines before them."""
    text += b"\n" if newline else b""
    reader = OneFile(text, piece)
    blocks: list[list[bytes]] = []

    def in_blocks() -> Iterable[bytes]:
        for block in reader.read_blocks("0001-sealed.jsonl", lines, LIMIT):
            blocks.append(block)
            assert all(line.endswith(b"\n") for line in block)
            yield from (line[:-1] for line in block)

    found = read_until_refused(in_blocks)
    assert found == read_until_refused(lambda: OneFile(text).read_lines("0001-sealed.jsonl", LIMIT))
    assert list(chain.from_iterable(blocks)) == [line + b"\n" for line in found[0]]
    assert [len(block) for block in blocks[:-1]] == [lines] * (len(blocks) - 1)
    assert all(0 < len(block) <= lines for block in blocks)


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_what_was_read_before_an_error_is_given(piece: int) -> None:
    """A disk that fails in the middle of a manifest does not take the lines before with it."""
    reader = OneFile(b"one\ntwo\nthree\nfo", piece, broken=True)
    found, problem = read_until_refused(lambda: chain.from_iterable(reader.read_blocks("0001-sealed.jsonl", 2, LIMIT)))
    assert (found, problem) == ([b"one\n", b"two\n", b"three\n"], "input/output error")
