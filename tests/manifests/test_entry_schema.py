"""The schema of entries against entries of every event, as the program writes them."""

from __future__ import annotations

import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from evtool.core.custody.events import DETAILS, Event
from tests.cli.custody import ANYWAY, copy_of, make_case, make_party
from tests.cli.test_custody_story import EVENTS
from tests.conftest import Runner

MANIFESTS = Path(__file__).parents[2] / "manifests"


def as_json(value: Any) -> Any:
    """TOML as JSON: dates and times become text."""
    if isinstance(value, dict):
        return {key: as_json(member) for key, member in value.items()}
    if isinstance(value, list):
        return [as_json(member) for member in value]
    return value.isoformat() if isinstance(value, datetime) else value


@pytest.fixture
def validator() -> jsonschema.Draft202012Validator:
    """A validator for entries."""
    schema = json.loads((MANIFESTS / "entry.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_entries_of_a_whole_story_validate(evtool: Runner, validator: jsonschema.Draft202012Validator) -> None:
    """Sealed, recorded, handed over and received; a field too many, too few or of another event does not validate."""
    giver, receiver = make_party(evtool, "A1"), make_party(evtool, "B7")
    receiver.trusts(giver)
    case = make_case(evtool)
    giver.ok("seal", case)
    for event, arguments in EVENTS.items():
        giver.ok("record", case, event, *arguments)
    (case / "증거-04.txt").rename(case / "편지.txt")
    giver.ok("seal", case, "--renamed")
    giver.ok("record", case, "verified")
    giver.ok("transfer", case, "--to", "B7", "--authority", "x", "--purpose", "y", *ANYWAY)
    giver.ok("consent", "set", case, "--items", "1", "--status", "withdrawn")
    inbox = copy_of(case, "inbox")
    receiver.ok("receive", inbox, "--receipt", "r")

    entries = [
        as_json(tomllib.loads(path.read_text("utf-8"))) for path in sorted((inbox / "custody").glob("[0-9]*-*.toml"))
    ]
    assert {entry["event"] for entry in entries} == {event.value for event in DETAILS} - {Event.RENEWED.value}
    for entry in entries:
        validator.validate(entry)
        assert not validator.is_valid(entry | {"unknown": 1})
        assert not validator.is_valid(entry | {"sealed" if entry["event"] != "sealed" else "incident": {}})
        assert not validator.is_valid({name: value for name, value in entry.items() if name != "agent"})
