"""Writes the pages about JSON documents from their schemas: each document, each part of one, each field.

A page holds the documents of one subject and then the parts that they are made of. A part that several pages
need stands on one of them, and the others link to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

PAGES: dict[str, tuple[str, str, str]] = {
    "FORMAT-json-report.md": (
        "JSON documents: verdicts",
        "What a verification found, of one place or of several.",
        "report report-line report-sum unpack",
    ),
    "FORMAT-json-record.md": (
        "JSON documents: seals and entries",
        "What a command did to a record, and what a record holds.",
        "seal log custody-entry receipt receipt-file copies pack",
    ),
    "FORMAT-json-items.md": (
        "JSON documents: items and their metadata",
        "What is recorded about items, what files say of themselves, and what was taken in.",
        "items items-table inspect derive import",
    ),
    "FORMAT-json-time.md": (
        "JSON documents: time evidence",
        "What was stamped, renewed or asked for, and what expires when.",
        "timestamp timestamp-request timestamp-upgrade timestamp-revocation renew due leaves tsa-trust",
    ),
    "FORMAT-json-people.md": (
        "JSON documents: keys, trust and consent",
        "Whose keys there are, whom the user trusts, and what may go to whom.",
        "keys trust recipients agreements consent consent-check consent-change recall notice-taken register-check",
    ),
    "FORMAT-json-repository.md": (
        "JSON documents: the repository",
        "What a repository received, what it knows of that, and what it decided.",
        "intake intake-end holdings catalogue-locations audit catalogue-due",
    ),
    "FORMAT-json-catalogue.md": (
        "JSON documents: the catalogue",
        "What a repository holds, and what was done to its catalogue.",
        "catalogue-init catalogue-add catalogue-list catalogue-export catalogue-rebuild catalogue-journal "
        "catalogue-figures catalogue-duplicates",
    ),
    "FORMAT-json-answers.md": (
        "JSON documents: answers of a catalogue",
        "Which items may be used, who holds them, how their records go together, and what is to be asked back.",
        "catalogue-find catalogue-refused catalogue-holders catalogue-chain catalogue-recall",
    ),
    "FORMAT-json-account.md": (
        "JSON documents: the account of a verification",
        "All that a report for people is made from; [FORMAT-report.md](FORMAT-report.md) says who gets what of it.",
        "account",
    ),
    "FORMAT-json-program.md": (
        "JSON documents: the program, errors and progress",
        "Which program this is, what decides when an option is not given, what went wrong, and how far a command is.",
        "version page config error progress",
    ),
}
"""Page -> its heading, its first sentence, and the documents on it, by the names of their schemas."""

_HOMES = {
    "Stamping": "FORMAT-json-time.md",
    "AskedServer": "FORMAT-json-time.md",
    "StampReport": "FORMAT-json-time.md",
    "ProvenInterval": "FORMAT-json-time.md",
    "SummaryDocument": "FORMAT-json-people.md",
    "SealedMetadata": "FORMAT-json-items.md",
    "Failure": "FORMAT-json-items.md",
}
"""Parts that belong to the subject of another page than the first one that needs them."""

_LONGEST_ENUM = 9
"""A longer list of values stands below, as a part of its own."""


def write_index(schemas: Mapping[str, Schema]) -> str:
    """Write the table of all documents."""
    rows = ["| `format` | What it is | Page | Schema |", "| --- | --- | --- | --- |"]
    for page, (_, _, names) in PAGES.items():
        short = page.removeprefix("FORMAT-json-").removesuffix(".md")
        for name in names.split():
            file = f"{name}.schema.json"
            link = f"[{short}]({page}#{name})"
            rows.append(f"| `{_format(schemas[name])}` | {schemas[name]['description']} | {link} | [{file}]({file}) |")
    return "\n".join(rows) + "\n"


def write_pages(schemas: Mapping[str, Schema], example: str) -> dict[str, str]:
    """Write the pages of all documents: file name -> text. `example` is a report."""
    parts: dict[str, Schema] = {}
    for schema in schemas.values():
        for part, said in schema.get("$defs", {}).items():
            if parts.setdefault(part, said) != said:
                raise ValueError(f"two types are called {part}; a page can show only one of them")
    homes = _homes(parts, schemas)
    return {page: _write_page(page, schemas, parts, homes, example if "report" in page else "") for page in PAGES}


def _homes(parts: Mapping[str, Schema], schemas: Mapping[str, Schema]) -> dict[str, str]:
    """Part -> its page: the first one that needs it, unless its subject is that of another."""
    homes = dict(_HOMES)
    for page, (_, _, names) in PAGES.items():
        for name in names.split():
            for part in schemas[name].get("$defs", {}):
                if _has_section(parts[part]):
                    homes.setdefault(part, page)
    return homes


def _write_page(
    page: str, schemas: Mapping[str, Schema], parts: Mapping[str, Schema], homes: Mapping[str, str], example: str
) -> str:
    title, sentence, names = PAGES[page]
    out = [
        f"# {title}",
        "",
        f"{sentence} [FORMAT-json.md](FORMAT-json.md) says what holds for all documents.",
        "This page is made from the types in the code by `tests/tools/write_manifests.py`; do not edit it.",
        "",
    ]
    if example:
        out += ["What `evtool verify interview-0042 --trust trusted_keys --json` prints about the example of"]
        out += ["[FORMAT.md](FORMAT.md), with fewer line breaks:", "", "<!-- example: report -->", "```json"]
        out += [example.rstrip("\n"), "```", ""]
    for name in names.split():
        schema = schemas[name]
        out += [f"## {name}", "", f"`{_format(schema)}`: {_lower(schema['description'])}", ""]
        out += [*_rows(schema, parts, homes, page), ""]
    for part in sorted(part for part in parts if homes.get(part) == page):
        definition = parts[part]
        out += [f"### {part}", "", definition["description"], ""]
        if "enum" in definition:
            out += [_wrap(", ".join(f"`{value}`" for value in definition["enum"])), ""]
        else:
            out += [*_rows(definition, parts, homes, page), ""]
    return "\n".join(out).rstrip("\n") + "\n"


def _rows(schema: Schema, parts: Mapping[str, Schema], homes: Mapping[str, str], page: str) -> Iterator[str]:
    yield "| Field | Value | Meaning |"
    yield "| --- | --- | --- |"
    for field, value in schema["properties"].items():
        if field == "format":
            continue
        meaning = str(value.get("description", "")).replace("|", "\\|")
        yield f"| `{field}` | {_type(value, parts, homes, page)} | {meaning} |"


def _type(schema: Schema, parts: Mapping[str, Schema], homes: Mapping[str, str], page: str) -> str:
    """Say in words what a value is."""

    def of(part: Schema) -> str:
        return _type(part, parts, homes, page)

    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        definition = parts[name]
        if not _has_section(definition):
            return _values(definition)
        home = "" if homes[name] == page else homes[name]
        return f"[{name}]({home}#{name.lower()})"
    if "anyOf" in schema:
        kinds = [of(part) for part in schema["anyOf"] if part != {"type": "null"}]
        return " or ".join([*kinds, *(["null"] if {"type": "null"} in schema["anyOf"] else [])])
    if "enum" in schema or "const" in schema:
        return _values(schema)
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(of({**schema, "type": type_name}) for type_name in kind)
    if kind == "array":
        return f"list of {of(schema['items'])}" if schema.get("items") else "list"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"object: name -> {of(values)}" if isinstance(values, dict) and values else "object"
    return _spelling(schema) if kind == "string" else str(kind or "any value")


_SPELLINGS = {
    "^[0-9a-f]{64}$": "digest",
    "^[0-9a-f]{32}$": "id or salt",
    "^SHA256:[A-Za-z0-9+/]{43}$": "fingerprint",
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$": "code",
    "(Z|[+-][0-9]{2}:[0-9]{2})$": "time",
}
"""Pattern of a schema -> the word of FORMAT-text.md for it."""


def _spelling(schema: Schema) -> str:
    return _SPELLINGS.get(schema.get("pattern", ""), "modification time" if "pattern" in schema else "text")


def _values(schema: Schema) -> str:
    values = [schema["const"]] if "const" in schema else schema["enum"]
    return ", ".join(f"`{json.dumps(value) if not isinstance(value, str) else value}`" for value in values)


def _has_section(definition: Schema) -> bool:
    return "properties" in definition or len(definition.get("enum", ())) > _LONGEST_ENUM


def _format(schema: Schema) -> str:
    part = schema["properties"]["format"]
    return str(part["const"] if "const" in part else part["enum"][0])


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _wrap(text: str, width: int = 120) -> str:
    return "\n".join(_fill(text.split(" "), " ", width))


def _fill(parts: Iterable[str], between: str, width: int) -> list[str]:
    """Put as many parts on each line as there is room for."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(between) + len(part) <= width:
            lines[-1] += between + part
        else:
            lines.append(part)
    return lines


def dump_compact(value: Any, width: int = 120, indent: int = 0) -> str:
    """Write JSON with as much on each line as there is room for."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or indent + len(flat) <= width or not value:
        return flat
    inner = " " * (indent + 2)
    room = width - len(inner) - 1
    if isinstance(value, list):
        members = [dump_compact(member, width - 1, indent + 2) for member in value]
    else:
        members = [
            f"{json.dumps(key)}: {dump_compact(member, width - len(key) - 5, indent + 2)}"
            for key, member in value.items()
        ]
    lines = members if any("\n" in member for member in members) else _fill(members, ", ", room)
    begin, end = "[]" if isinstance(value, list) else "{}"
    return begin + "\n" + ",\n".join(inner + line for line in lines) + "\n" + " " * indent + end
