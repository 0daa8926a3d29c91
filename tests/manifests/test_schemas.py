"""The JSON Schemas: made from the types, and true of what commands print and of what files hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from evtool.core.manifest.statement import (
    ContentStatement,
    FileStatement,
    ItemType,
    OmissionReason,
    Statement,
    WithheldStatement,
)
from evtool.core.text.digest import Digests
from evtool.core.text.names import store_name
from evtool.store.custody_names import NAME
from tests.documents import COUNTS, MisfitError, check_run, closed

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "manifests"
VECTORS = ROOT / "tests" / "vectors" / "verify"
SCHEMAS = sorted(path.name.removesuffix(".schema.json") for path in MANIFESTS.glob("*.schema.json"))


ANOTHER_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH41FmL7R3bpIXrieRaijcpcS6ZQ78sUVddZ2YN1AhHT\n"


def read_schema(name: str) -> dict[str, Any]:
    schema = json.loads((MANIFESTS / f"{name}.schema.json").read_text("utf-8"))
    assert isinstance(schema, dict)
    return schema


def check(name: str, document: Any) -> None:
    Draft202012Validator(closed(read_schema(name)), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
        document
    )


def test_everything_generated_is_current(tmp_path: Path) -> None:
    """Schemas, pages, examples and tables are what types and vectors make; a change there has to reach them."""
    script = ROOT / "tests" / "tools" / "write_manifests.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    made = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text("utf-8") for path in [*MANIFESTS.glob("*.schema.json"), *MANIFESTS.glob("*.md")]}
    assert [name for name in made | kept if made.get(name) != kept.get(name)] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_a_schema_and_describes_every_field(name: str) -> None:
    """Each is valid itself, and says of each field what it means."""
    schema = read_schema(name)
    Draft202012Validator.check_schema(schema)
    objects = [schema, *schema.get("$defs", {}).values()]
    for object_schema in objects:
        for field, part in object_schema.get("properties", {}).items():
            assert "description" in part or "const" in part, f"{name}: {field}"


# --- what commands print ---------------------------------------------------------------------------------------------


def test_only_what_seals_can_end_with_6() -> None:
    """A script that asks for a verdict need not be ready for the exit code of `seal` and `derive`."""
    with_6 = {name for name in SCHEMAS if any(6 in each.get("enum", ()) for each in parts_of(read_schema(name)))}
    assert with_6 == {"seal", "derive"}


def parts_of(schema: Any) -> Iterator[dict[str, Any]]:
    """Give a schema and every schema in it."""
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from parts_of(part)


def test_what_each_command_prints_fits_its_schema(evtool: Any) -> None:
    """An archivist's day, with every command's JSON held against its schema, good news and bad."""
    case = evtool.directory / "case"
    (case / "empty").mkdir(parents=True)
    (case / "letter.txt").write_text("a letter\n")
    (case / "김철수.txt").write_text("a name\n")
    (case / "newest").symlink_to("letter.txt")
    os.mkfifo(case / "pipe")

    check("error", evtool("key", "show", "--json").document)
    check("keys", evtool("key", "new", "A03", "--no-passphrase", "--json").document)
    check("keys", evtool("key", "list", "--json").document)
    check("keys", evtool("key", "show", "--json").document)
    trusting = ["trust", "add", "B07", "-", "--valid-after", "2026-01-01", "--json"]
    check("trust", evtool(*trusting, stdin=ANOTHER_KEY).document)
    check("trust", evtool("trust", "list", "--json").document)
    check("recipients", evtool("recipient", "add", "B7", "--purpose", "research", "--json").document)
    check("recipients", evtool("recipient", "list", "--json").document)
    check("error", evtool("seal", "case", "--json").document)
    check("items-table", evtool("items", "case", "--json").document)
    check("items-table", evtool("items", "--columns", "--json").document)
    check("seal", evtool("seal", "case", "--dry-run", "--allow", "special", "--json").document)
    check("seal", evtool("seal", "case", "--allow", "special", "--json").document)
    check("report", evtool("verify", "case", "--json").document)
    check("log", evtool("log", "case", "--json").document)
    check("items", evtool("show", "case", "--json").document)

    (case / "letter.txt").write_text("another letter\n")
    (case / "new.txt").write_text("new\n")
    check("report", evtool("verify", "case", "--json", "--require", "time").document)
    check("report", evtool("verify", "case", "--json", "--quick").document)
    check("report", evtool("verify", "case", ".", "--json").document)
    check("seal", evtool("seal", "case", "--json").document)
    check("log", evtool("log", "case", "--json").document)
    check("error", evtool("show", "case", "--items", "no such item", "--json").document)
    check("error", evtool("verify", "--json").document)
    check("trust", evtool("trust", "revoke", "B07", "--json").document)
    (case / os.fsdecode(NAME) / "0001-sealed.toml").write_text("changed\n")
    check("report", evtool("verify", "case", "--json").document)
    check("log", evtool("log", "case", "--json").document)
    check("items", evtool("show", "case", "--json").document)


def test_a_document_of_another_shape_does_not_fit(evtool: Any) -> None:
    """The check above could not fail if a schema took anything."""
    document = evtool("trust", "list", "--json").document
    check("trust", document)
    for wrong in ({**document, "format": "evtool-trust/2"}, {**document, "new": 1}, {"format": document["format"]}):
        with pytest.raises(ValidationError):
            check("trust", wrong)


# --- what files hold -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vectors")
    subprocess.run([sys.executable, str(VECTORS / "build_verify_vectors.py"), str(folder)], check=True)
    return folder


def as_json(value: Any) -> Any:
    """An entry as the schema sees it: date-times as text."""
    if isinstance(value, dict):
        return {key: as_json(child) for key, child in value.items()}
    if isinstance(value, datetime):
        return value.isoformat()
    return [as_json(child) for child in value] if isinstance(value, list) else value


def test_entries_and_manifests_of_good_vectors_fit(built: Path) -> None:
    """Whatever verifies is described."""
    folders = sorted(built.glob("good-*"))
    assert len(folders) > 20
    for folder in folders:
        for path in folder.glob("evidence/custody/*.toml"):
            check("entry", as_json(tomllib.loads(path.read_text("utf-8"))))
        for path in folder.glob("evidence/custody/*.jsonl"):
            for line in path.read_bytes().splitlines():
                check("statement", json.loads(line))


SEEN_BY_A_SCHEMA = [
    "entry-unknown-field",
    "entry-unknown-table",
    "entry-unknown-field-in-sealed",
    "entry-unknown-informational",
    "entry-missing-field",
    "entry-missing-table",
    "entry-wrong-type",
    "entry-bool-for-int",
    "entry-naive-time",
    "entry-other-version",
    "entry-unknown-event",
    "entry-unknown-clock",
    "entry-collection-upper-case",
    "entry-agent-is-a-name",
    "entry-key-not-a-fingerprint",
    "entry-reason-empty",
    "entry-reason-of-1001-characters",
    "entry-sequence-0",
    "entry-sequence-10000",
    "entry-first-with-previous",
    "entry-digest-upper-case",
    "entry-no-items",
    "entry-first-item-0",
    "entry-unknown-omission",
    "entry-pattern-of-257-characters",
    "entry-65-patterns",
    "entry-exclude-not-array",
]
"""Vectors of entries whose fault is one of fields, types or spellings."""


@pytest.mark.parametrize("name", SEEN_BY_A_SCHEMA)
def test_the_entry_schema_sees_what_a_schema_can_see(name: str, built: Path) -> None:
    """It refuses wrong fields, types and spellings, as the reader does."""
    path = built / name / "evidence" / "custody" / "0001-sealed.toml"
    with pytest.raises(ValidationError):
        check("entry", as_json(tomllib.loads(path.read_text("utf-8"))))


numbers = st.integers(min_value=1, max_value=2**53 - 1)
salts = st.binary(min_size=16, max_size=16).map(bytes.hex)
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
names = st.binary(min_size=1, max_size=40).map(lambda raw: store_name(raw.replace(b"\0", b"0")))
statements: st.SearchStrategy[Statement] = st.one_of(
    st.builds(ContentStatement, numbers, salts, st.just(ItemType.FILE), numbers, st.builds(Digests, hashes, hashes)),
    st.builds(ContentStatement, numbers, salts, st.just(ItemType.DIRECTORY)),
    st.builds(ContentStatement, numbers, salts, st.just(ItemType.SYMLINK), target=names),
    st.builds(ContentStatement, numbers, salts, st.just(ItemType.OMITTED), reason=st.sampled_from(OmissionReason)),
    st.builds(FileStatement, numbers, salts, names, st.none() | st.integers(min_value=-(2**55), max_value=2**62)),
    st.builds(WithheldStatement, st.integers(0, 40).map(lambda exponent: 1 << exponent), hashes),
)
STATEMENT = Draft202012Validator(read_schema("statement"))


@given(statements)
def test_every_statement_fits(statement: Statement) -> None:
    """Whatever can be stated, the schema describes."""
    STATEMENT.validate(json.loads(statement.serialize()))


@given(statements, st.data())
def test_a_statement_with_a_field_too_few_or_too_many_does_not_fit(statement: Statement, data: st.DataObject) -> None:
    """Kinds have exactly their fields."""
    line = json.loads(statement.serialize())
    assert not STATEMENT.is_valid({**line, "extra": 1})
    line.pop(data.draw(st.sampled_from(sorted(line))))
    assert not STATEMENT.is_valid(line)


# --- every run of every story ----------------------------------------------------------------------------------------


def test_the_runner_of_stories_refuses_what_no_schema_describes() -> None:
    """An unknown format, a field that is not described, a wrong exit code, text in place of JSON, progress included."""
    error = {"format": "evtool-error/1", "exit_code": 2, "error": "x", "hint": ""}
    line = {"format": "evtool-progress/1", "stage": "scan"}
    check_run(["seal", "--json"], 2, json.dumps(error), "")
    check_run(["seal", "--json", "--help"], 0, "Usage", "")
    check_run(["show", "--json"], 4, '{"format": "evtool-items/1", "items": [', "")
    wrong = [
        (2, json.dumps({**error, "new": 1}), ""),
        (4, json.dumps(error), ""),
        (2, json.dumps({**error, "format": "evtool-error/2"}), ""),
        (2, json.dumps([error]), ""),
        (2, json.dumps(error) + "\n" + json.dumps(error), ""),
        (0, "sealed", ""),
        (4, "", ""),
        (0, '{"format": "evtool-items/1", "items": [', ""),
        (2, json.dumps(error), json.dumps(line)),
    ]
    counted = COUNTS.copy()
    for code, output, errors in wrong:
        with pytest.raises(MisfitError):
            check_run(["seal", "--json", "--progress", "json"], code, output, errors)
    # These were no misfits of the program.
    COUNTS.clear()
    COUNTS.update(counted)
