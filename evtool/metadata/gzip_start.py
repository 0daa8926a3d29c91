"""What a gzip file says of itself, told where its bytes are hashed: it stands at fixed places, so nothing is parsed.

To parse is to follow what a file says of itself: lengths, offsets, counts, kinds of parts, encodings. Whoever does that
with the bytes of a stranger does it in the confined process. The usual header of a gzip file has nothing to follow: ten
bytes, of which four are a date (RFC 1952, section 2.3), then a name up to the first zero byte, or no name. So it takes
a comparison of one byte, a number at a fixed place, and a search for a zero. No letter of the name is kept: the basic
form only counts that there is one. Any other header goes to the parser, and every header does where the full form is
wanted. A tree of a system holds thousands of such files, and asking the parser costs ten times as much as hashing one.
"""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta

from evtool.core.metadata.claims import Claims, TextClaim, TimeClaim
from evtool.core.metadata.description import Description
from evtool.core.metadata.json_form import spell_claims
from evtool.core.metadata.vocabulary import NOT_PARSED, OffsetBasis, TextKind, TimeKind
from evtool.metadata.format_table import KNOWN

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_NAME, _WITH_NAME = b"\0", b"\x08"
_HEADER = 10
_VISIBLE = bytes(range(0x21, 0x7F))
"""Letters of which any makes a name that a reader shows; with no other bytes it is read as it stands."""


def describe_gzip(head: bytes) -> Description | None:
    """Describe a file in the basic form by its first bytes, which are those of a gzip file.

    `head` are its first `HEAD` bytes, or all there are. None if its header is not the usual one.
    """
    flags = head[3:4]
    if len(head) < _HEADER or flags not in (_NO_NAME, _WITH_NAME):
        return None
    name = b""
    if flags == _WITH_NAME:
        end = head.find(b"\0", _HEADER)
        name = head[_HEADER:end]
        if end < 0 or name.translate(None, _VISIBLE):
            return None
    return _describe(int.from_bytes(head[4:8], "little"), bool(name))


@functools.lru_cache(maxsize=4096)
def _describe(seconds: int, has_name: bool) -> Description:
    """Describe a gzip file by its date, in seconds since 1970, of which 0 means none; and by whether it has a name."""
    when = (_EPOCH + timedelta(seconds=seconds)).isoformat()
    claims = Claims(
        format=KNOWN["application/gzip"],
        times=(TimeClaim(TimeKind.MODIFIED, when, OffsetBasis.FORMAT, str(seconds), "gzip MTIME"),) if seconds else (),
        texts=(TextClaim(TextKind.FILE_NAME, "-", "gzip FNAME"),) if has_name else (),
    )
    return Description(spell_claims(claims.reduce_to_basic()).decode(), "", NOT_PARSED)
