"""Reads what a confined child wrote, which is as hostile as the file that it read."""

from __future__ import annotations

import json

from evtool.core.errors import FormatError
from evtool.core.metadata.claims import Claims
from evtool.core.metadata.json_form import DOCUMENT_LIMIT, parse_claims

_AROUND = 64
"""Bytes of a line around its document."""


def read_answer(answer: bytes, files: int) -> list[tuple[Claims | None, bool]]:
    """Give, for each file, the last claims that hold to the vocabulary, and whether the child finished.

    Reading stops at the first line that is not as `wire` describes it: what follows it is worth nothing either.
    """
    latest: list[object] = [None] * files
    ended = [False] * files
    for line in answer.split(b"\n")[:-1]:
        try:
            message = json.loads(line.decode("utf-8"))
            if not isinstance(message, dict) or type(item := message.pop("item", None)) is not int:
                break
        except (ValueError, RecursionError):
            break
        if not 0 <= item < files or ended[item]:
            break
        if message.keys() == {"claims"} and len(line) <= DOCUMENT_LIMIT + _AROUND:
            latest[item] = message["claims"]
        elif message == {"end": True}:
            ended[item] = True
        elif message != {"alone": True}:
            break
    return [_checked(document, end) for document, end in zip(latest, ended, strict=True)]


def _checked(document: object, ended: bool) -> tuple[Claims | None, bool]:
    if document is None:
        return None, False
    try:
        return parse_claims(document), ended
    except FormatError:
        return None, False
