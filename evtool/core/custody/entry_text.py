"""The lines that an entry may consist of, looked at before a TOML parser sees them.

TOML can nest tables within lines and string keys together with dots, and parsers take seconds for some thousand of
them. Nothing in an entry needs either. So an entry has lines of a few plain forms, each of which is matched once, from
left to right; what is said in them is for the parser to find out.
"""

from __future__ import annotations

from evtool.core.errors import FormatError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.limits import MAX_KEY

# Every repetition is possessive: what was taken is never given back, so no line takes longer than its length.
_STRING = r'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|\'[^\']*+\')'
_SPACE = r"[ \t]*+"
_ATOM = rf"(?:{_STRING}|[0-9A-Za-z+-][0-9A-Za-z:+._-]{{0,63}}+(?: [0-9][0-9:.Zz+-]{{0,40}}+)?+)"
_KEY = rf"(?:[A-Za-z0-9_-]++|{_STRING})"
_REST = rf"{_SPACE}(?:#.*+)?+\r?\Z"
_ATOMS = rf"{_ATOM}(?:{_SPACE},{_SPACE}{_ATOM})*+{_SPACE},?+"

_LINE = compiled_when_used(
    rf"{_SPACE}(?:\[{_SPACE}(?P<table>{_KEY})(?:{_SPACE}\.{_SPACE}(?P<part>{_KEY}))?+{_SPACE}\]"
    rf"|(?P<key>{_KEY}){_SPACE}={_SPACE}(?:{_ATOM}|(?P<list>\[){_SPACE}(?:{_ATOMS}{_SPACE})?+(?P<end>\])?+))?+{_REST}"
)
# The lines that evtool itself writes, which are of a few forms among all of these: the expressions above take longer to
# compile than most entries to read, and are only needed for others.
_PLAIN_STRING = r'"[^"\\]*"'
_PLAIN_KEY = r'(?:[A-Za-z0-9_-]{1,128}|"[^"\\]{0,126}")'
_PLAIN_VALUE = rf"(?:{_PLAIN_STRING}|[0-9A-Za-z+-][0-9A-Za-z:+._-]{{0,63}}(?: [0-9][0-9:.Zz+-]{{0,40}})?|\[\])"
_PLAIN_LINE = compiled_when_used(rf"(?:{_PLAIN_KEY} = (?:{_PLAIN_VALUE}|(?P<list>\[))|\[{_PLAIN_KEY}\])?\Z")
_PLAIN_ELEMENT = compiled_when_used(rf"    {_PLAIN_STRING},\Z|(?P<end>\])\Z")
_ELEMENTS = compiled_when_used(rf"{_SPACE}(?:{_ATOMS}{_SPACE})?+(?P<end>\])?+{_REST}")


def check_lines(text: str) -> None:
    """Refuse a text that has another line than a blank one, a comment, a table, a key with its value, part of a list.

    Raises:
        FormatError: a line has another form, or a key of more than 128 characters.
    """
    in_list = False
    for number, line in enumerate(text.split("\n"), start=1):
        plain = (_PLAIN_ELEMENT if in_list else _PLAIN_LINE).match(line)
        if plain is not None:
            in_list = plain["end"] is None if in_list else plain["list"] is not None
            continue
        match = (_ELEMENTS if in_list else _LINE).match(line)
        if match is None:
            raise FormatError(
                "line {number} of the entry is not a table, a key with a plain value, or part of a list",
                key="entry-line",
                number=number,
            )
        if in_list:
            in_list = match["end"] is None
            continue
        in_list = match["list"] is not None and match["end"] is None
        if any(len(name) > MAX_KEY for name in match.group("table", "part", "key") if name):
            raise FormatError(
                "line {number} of the entry has a key of more than {limit} characters",
                key="entry-key-long",
                number=number,
                limit=MAX_KEY,
            )
