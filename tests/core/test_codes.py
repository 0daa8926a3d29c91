"""Codes stand in entries, in trust files and as file names; nothing that means something there is one."""

from __future__ import annotations

import pytest

from evtool.core.errors import FormatError
from evtool.core.text.codes import check_code


@pytest.mark.parametrize("code", ["A03", "a", "7", "id_ed25519", "NK-2.b", "x" * 64])
def test_a_code_is_taken_as_it_is(code: str) -> None:
    """Codes are compared byte by byte, so nothing is changed on the way."""
    assert check_code(code) == code


@pytest.mark.parametrize(
    "code",
    [
        "",
        "x" * 65,
        ".",
        "..",
        ".a",
        "-A03",
        "_a",
        "A 03",
        "A/03",
        "A\\03",
        "A03\n",
        "A,B",
        "A*",
        "!A",
        '"A"',
        "김철수",
        "Ａ03",
        "A03\0",
    ],
)
def test_what_a_path_a_pattern_or_a_line_could_misread_is_no_code(code: str) -> None:
    """Dots and hyphens in front, separators, wildcards, quotes, line ends, look-alikes, names of people."""
    with pytest.raises(FormatError, match="is not a code") as caught:
        check_code(code)
    assert "for example A03" in caught.value.hint
