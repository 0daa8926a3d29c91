"""Reads what a confined child wrote, which is as hostile as the file that it read."""

from __future__ import annotations

import re

from evtool.core.errors import FormatError
from evtool.core.metadata.json_form import read_claims
from evtool.core.text.expressions import compiled_when_used

_LINE = compiled_when_used(rb'\{"item":(0|[1-9][0-9]{0,5}),(?:"(end|alone)":true|"claims":(\{.*\}))\}\Z', re.DOTALL)
"""As `wire` describes it."""


def read_answer(answer: bytes, files: int) -> list[tuple[str, bool]]:
    """Give, for each file, the last claims, and whether the child finished.

    The claims are in their canonical spelling, and hold to the vocabulary; "" stands for none.

    Reading stops at the first line that is not as `wire` describes it: what follows it is worth nothing either.
    """
    latest = [b""] * files
    ended = [False] * files
    for line in answer.split(b"\n")[:-1]:
        match = _LINE.match(line)
        if match is None or (item := int(match[1])) >= files or ended[item]:
            break
        if match[3]:
            latest[item] = match[3]
        elif match[2] == b"end":
            ended[item] = True
    return [_checked(document, end) for document, end in zip(latest, ended, strict=True)]


def _checked(document: bytes, ended: bool) -> tuple[str, bool]:
    if not document:
        return "", False
    try:
        read_claims(document)
    except FormatError:
        return "", False
    return document.decode(), ended
