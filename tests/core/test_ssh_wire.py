"""SSH data types: nothing is read that is not there, nothing is left unread."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.ssh.wire import Reader, decode_base64, put_string, put_uint32

UNPRINTABLE = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F)}
UNPRINTABLE |= {chr(code) for code in (*range(0x2028, 0x202F), *range(0x2066, 0x206A), *range(0xD800, 0xE000))}
"""What FORMAT-text.md calls not printable, in every version of Unicode."""


@given(st.binary(max_size=40), st.integers(0, 2**32 - 1), st.text(max_size=20))
def test_what_is_written_is_read_back(data: bytes, number: int, text: str) -> None:
    """Text that is not printable can be written but is never read as text."""
    reader = Reader(put_string(data) + put_uint32(number) + put_string(text) + b"\x07", "example")
    assert reader.string("data") == data
    assert reader.uint32("number") == number
    if not UNPRINTABLE.intersection(text):
        assert reader.text("text") == text
        assert reader.byte("end") == 7
        reader.finish()
    else:
        with pytest.raises(FormatError, match="example: text holds characters that are not printable"):
            reader.text("text")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "length of name needs 4 bytes, 0 are left"),
        (b"\0\0\0", "length of name needs 4 bytes, 3 are left"),
        (b"\0\0\0\2a", "name needs 2 bytes, 1 are left"),
        (b"\xff\xff\xff\xffa", "name needs 4294967295 bytes, 1 are left"),
        (b"\0\0\0\1\xff", "name is not UTF-8"),
        (b"\0\0\0\2a\0", "not printable"),
        (b"\0\0\0\1ab", "1 bytes after the end"),
    ],
)
def test_what_is_not_a_text_alone_is_refused(data: bytes, message: str) -> None:
    """Lengths that lie, bytes that are no text, bytes that nobody reads."""
    reader = Reader(data, "example")

    def read() -> None:
        reader.text("name")
        reader.finish()

    with pytest.raises(FormatError, match=f"example: .*{message}"):
        read()


@given(st.binary(max_size=40), st.text("AQgw+/-_= \n\t", max_size=12))
def test_base64_has_one_spelling(data: bytes, text: str) -> None:
    """What decodes at all, encodes to the same."""
    assert decode_base64(base64.b64encode(data), "example") == data
    try:
        decoded = decode_base64(text.encode(), "example")
    except FormatError:
        return
    assert base64.b64encode(decoded) == text.encode()
