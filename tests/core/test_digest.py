"""Digests as people note them and type them again."""

from __future__ import annotations

import pytest

from evtool.core.errors import FormatError
from evtool.core.text.digest import parse_grouped_digest

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "noted",
    [DIGEST, DIGEST.upper(), " ".join(DIGEST[at : at + 4] for at in range(0, 64, 4)), f"{DIGEST[:32]}-\n{DIGEST[32:]}"],
)
def test_a_digest_is_read_as_it_was_noted(noted: str) -> None:
    """Groups, dashes, line breaks and capitals do not matter."""
    assert parse_grouped_digest(noted) == DIGEST


@pytest.mark.parametrize(
    ("noted", "said"),
    [
        ("", "; 0 came"),
        (DIGEST[:16], "; 16 came"),
        (DIGEST + "0", "; 65 came"),
        (DIGEST[:63] + "g", "; 63 came, and something that is no digit"),
        (DIGEST[:63] + "\uff10", "; 63 came, and something that is no digit"),
    ],
)
def test_a_digest_that_is_not_whole_is_refused_with_what_came(noted: str, said: str) -> None:
    """Who reads a head by telephone learns how many digits are missing."""
    with pytest.raises(FormatError) as refused:
        parse_grouped_digest(noted)
    assert refused.value.message.endswith(said)
