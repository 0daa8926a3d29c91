"""Holds whatever a run prints for a program against the published schemas, in every story.

The runner of the stories hands each run here. A document that does not fit, or of which there is no schema, fails the
story; at its end a test run says how many documents were looked at.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema_rs

MANIFESTS = Path(__file__).parents[1] / "manifests"

COUNTS: Counter[str] = Counter()
"""What was seen in this process: documents by their format, lines of progress, answers that broke off, misfits."""

PROGRESS = "evtool-progress/1"
BROKEN_OFF = "broken off"
MISFITS = "misfits"


class MisfitError(AssertionError):
    """What was printed is not what a schema describes."""


def closed(schema: Any) -> Any:
    """The same schema, refusing fields that it does not name: nothing that is printed may go without a description."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if "properties" in made and made.get("type") == "object":
        made["additionalProperties"] = False
    return made


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """Format -> its schema; schemas of what lies in records have no format that is printed."""
    found = {}
    for path in sorted(MANIFESTS.glob("*.schema.json")):
        schema = json.loads(path.read_text("utf-8"))
        for name in schema.get("properties", {}).get("format", {}).get("enum", []):
            found[name] = closed(schema)
    return found


@cache
def validator(name: str) -> jsonschema_rs.Validator:
    """What holds documents of a format against their schema; made once."""
    if name not in schemas():
        raise MisfitError(f"no schema describes {name!r}")
    return jsonschema_rs.validator_for(schemas()[name], validate_formats=True)


def check_document(document: Any) -> None:
    """Hold one document against the schema of its format.

    Raises:
        MisfitError: it does not fit, or there is no schema of that format.
    """
    name = document.get("format") if isinstance(document, dict) else None
    try:
        for error in validator(str(name)).iter_errors(document):
            raise MisfitError(f"{name}: {'/'.join(map(str, error.instance_path))}: {error.message[:500]}")
    except MisfitError:
        COUNTS[MISFITS] += 1
        raise
    COUNTS[str(name)] += 1


def check_run(arguments: Sequence[str], exit_code: int, stdout: str, stderr: str) -> None:
    """Hold all that one run printed for a program against the schemas.

    Raises:
        MisfitError: something does not fit, or an answer broke off without saying so.
    """
    if "--help" in arguments or "-h" in arguments:
        return
    # Before a command it is no option of it.
    if "--json" in arguments[1:]:
        _check_answer(exit_code, stdout, stderr)
    if "--json-lines" in arguments:
        for line in stdout.splitlines():
            check_document(json.loads(line))
    if any(pair == ("--progress", "json") for pair in pairwise(arguments)):
        for line in stderr.splitlines():
            if line.startswith("{"):
                check_document(json.loads(line))


def _check_answer(exit_code: int, stdout: str, stderr: str) -> None:
    try:
        document = json.loads(stdout)
    except ValueError:
        if '{"format": "evtool-intake' in stdout[:40]:
            # A line for each bundle as soon as it is done with, and the sum, or the error, behind the last.
            *lines, last = stdout.splitlines()
            for line in lines:
                check_document(json.loads(line))
            _check_answer(exit_code, last, stderr)
            return
        # A long answer ends in the middle where a record cannot be read to its end; the exit code says so.
        COUNTS[BROKEN_OFF] += 1
        if exit_code == 0 or not stdout.startswith("{") or _is_whole(stdout):
            COUNTS[MISFITS] += 1
            raise MisfitError(f"exit code {exit_code}, and no JSON document: {stdout[:200]!r}") from None
        return
    check_document(document)
    # What goes wrong when the answer is out is told on stderr, and makes the exit code 4.
    went_wrong_later = exit_code == 4 and "evtool: error: " in stderr
    says_another = document.get("exit_code", exit_code) != exit_code
    if says_another and not went_wrong_later:
        COUNTS[MISFITS] += 1
        raise MisfitError(f"the document says {document.get('exit_code')}, the process ended with {exit_code}")


def _is_whole(text: str) -> bool:
    """Tell whether a whole document stands at the beginning of a text that is none."""
    try:
        json.JSONDecoder().raw_decode(text)
    except ValueError:
        return False
    return True


def summary(counts: Counter[str]) -> str:
    """Say what was looked at, in one line."""
    formats = [name for name in counts if name.startswith("evtool-")]
    documents = sum(counts[name] for name in formats if name != PROGRESS)
    return (
        f"JSON: {documents:,} documents of {len(formats)} formats and {counts[PROGRESS]:,} lines of progress fit their "
        f"schemas, {counts[BROKEN_OFF]} answers broke off as their exit codes say, {counts[MISFITS]} misfits"
    )
