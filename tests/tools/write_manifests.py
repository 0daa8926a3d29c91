"""Writes what is generated in `manifests/`: the JSON Schemas, the pages about JSON documents, examples and tables.

    python write_manifests.py            write them into manifests/
    python write_manifests.py FOLDER     write them elsewhere, to compare

Schemas come from the types of the documents, of entries and of statements, with their docstrings as descriptions; what
a type cannot say (how a digest is spelled) is added by the name of the field. Examples come from the test vectors.
`json_pages.py` makes the pages of documents.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Struct

from evtool.core.values import names_of

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests" / "vectors" / "verify"
sys.path[:0] = [str(ROOT), str(VECTORS)]

import build_verify_vectors as vectors  # type: ignore[import-not-found]  # noqa: E402  # it lies beside the vectors

from evtool.cli.output import ErrorDocument  # noqa: E402
from evtool.cli.progress import ProgressLine  # noqa: E402
from evtool.core.custody.entry import (  # noqa: E402
    FORMAT,
    INFORMATIONAL_FILES,
    Entry,
    Previous,
)
from evtool.core.custody.events import (  # noqa: E402
    APART,
    DETAILS,
    ConsentChanged,
    Corrected,
    Event,
    Received,
    Renamed,
    Sealed,
)
from evtool.core.manifest.statement import (  # noqa: E402
    ConsentStatement,
    ContentStatement,
    ContextStatement,
    FileStatement,
    ItemType,
    MetadataStatement,
    OmissionReason,
    Statement,
    WithheldStatement,
)
from evtool.core.metadata.claims import Claims  # noqa: E402
from evtool.core.metadata.vocabulary import VOCABULARY, Detail, Failure  # noqa: E402
from evtool.core.terms.terms import ConsentTerms, Handling, Status  # noqa: E402
from evtool.core.text.digest import Digests  # noqa: E402
from evtool.core.text.limits import (  # noqa: E402
    MAX_CONTEXT,
    MAX_INTEGER,
    MAX_PATTERN_LENGTH,
    MAX_PATTERNS,
    MAX_SEQUENCE,
)
from evtool.core.text.ranges import ItemRanges  # noqa: E402
from evtool.interop.items_table import describe_columns  # noqa: E402
from evtool.operations.catalogue.journal import JournalFile  # noqa: E402
from evtool.report.account import Account  # noqa: E402
from evtool.report.agreement_document import AgreementsDocument  # noqa: E402
from evtool.report.answers_document import (  # noqa: E402
    CatalogueChainDocument,
    CatalogueDuplicatesDocument,
    CatalogueFiguresDocument,
    CatalogueFindDocument,
    CatalogueHoldersDocument,
    CatalogueRecallDocument,
    CatalogueRefusedDocument,
)
from evtool.report.audit_document import AuditDocument, CatalogueDueDocument, LocationsDocument  # noqa: E402
from evtool.report.bundle_document import PackDocument, UnpackDocument  # noqa: E402
from evtool.report.catalogue_document import (  # noqa: E402
    CatalogueAddDocument,
    CatalogueExportDocument,
    CatalogueInitDocument,
    CatalogueListDocument,
    CatalogueRebuildDocument,
)
from evtool.report.checker_document import PageDocument, VersionDocument  # noqa: E402
from evtool.report.consent_document import (  # noqa: E402
    ConsentChangeDocument,
    ConsentCheckDocument,
    ConsentDocument,
    RecallDocument,
    TakenNoticeDocument,
)
from evtool.report.custody_document import (  # noqa: E402
    CopiesDocument,
    EntryDocument,
    ReceiptDocument,
    ReceiptFileDocument,
)
from evtool.report.document import (  # noqa: E402
    ItemsDocument,
    LogDocument,
    ReportDocument,
    ReportLine,
    ReportSum,
    SealDocument,
)
from evtool.report.import_document import DeriveDocument, ImportDocument  # noqa: E402
from evtool.report.intake_document import HoldingsDocument, IntakeEnd, IntakeLine  # noqa: E402
from evtool.report.items_document import ItemsTableDocument  # noqa: E402
from evtool.report.key_document import KeysDocument, TrustDocument  # noqa: E402
from evtool.report.metadata_document import InspectDocument  # noqa: E402
from evtool.report.recipient_document import RecipientsDocument  # noqa: E402
from evtool.report.register_document import RegisterCheckDocument  # noqa: E402
from evtool.report.settings_document import SettingsDocument  # noqa: E402
from evtool.report.time_document import (  # noqa: E402
    AuthoritiesDocument,
    DueDocument,
    LeavesDocument,
    RenewDocument,
    RequestDocument,
    RevocationDocument,
    StampDocument,
    UpgradeDocument,
)
from tests.tools import json_pages  # noqa: E402

Schema = dict[str, Any]

DOCUMENTS: dict[str, type] = {
    "report": ReportDocument,
    "report-line": ReportLine,
    "report-sum": ReportSum,
    "seal": SealDocument,
    "log": LogDocument,
    "account": Account,
    "items": ItemsDocument,
    "items-table": ItemsTableDocument,
    "keys": KeysDocument,
    "trust": TrustDocument,
    "recipients": RecipientsDocument,
    "agreements": AgreementsDocument,
    "timestamp": StampDocument,
    "timestamp-request": RequestDocument,
    "timestamp-revocation": RevocationDocument,
    "timestamp-upgrade": UpgradeDocument,
    "leaves": LeavesDocument,
    "renew": RenewDocument,
    "due": DueDocument,
    "tsa-trust": AuthoritiesDocument,
    "custody-entry": EntryDocument,
    "receipt": ReceiptDocument,
    "receipt-file": ReceiptFileDocument,
    "copies": CopiesDocument,
    "consent": ConsentDocument,
    "consent-check": ConsentCheckDocument,
    "consent-change": ConsentChangeDocument,
    "recall": RecallDocument,
    "notice-taken": TakenNoticeDocument,
    "pack": PackDocument,
    "unpack": UnpackDocument,
    "import": ImportDocument,
    "derive": DeriveDocument,
    "inspect": InspectDocument,
    "register-check": RegisterCheckDocument,
    "catalogue-init": CatalogueInitDocument,
    "catalogue-add": CatalogueAddDocument,
    "catalogue-list": CatalogueListDocument,
    "catalogue-export": CatalogueExportDocument,
    "catalogue-rebuild": CatalogueRebuildDocument,
    "catalogue-journal": JournalFile,
    "intake": IntakeLine,
    "intake-end": IntakeEnd,
    "holdings": HoldingsDocument,
    "catalogue-find": CatalogueFindDocument,
    "catalogue-refused": CatalogueRefusedDocument,
    "catalogue-holders": CatalogueHoldersDocument,
    "catalogue-chain": CatalogueChainDocument,
    "catalogue-recall": CatalogueRecallDocument,
    "catalogue-figures": CatalogueFiguresDocument,
    "catalogue-duplicates": CatalogueDuplicatesDocument,
    "catalogue-locations": LocationsDocument,
    "audit": AuditDocument,
    "catalogue-due": CatalogueDueDocument,
    "version": VersionDocument,
    "page": PageDocument,
    "config": SettingsDocument,
    "error": ErrorDocument,
    "progress": ProgressLine,
}

_DIGEST = {"pattern": "^[0-9a-f]{64}$"}
_HEX_128 = {"pattern": "^[0-9a-f]{32}$"}
_FINGERPRINT = {"pattern": "^SHA256:[A-Za-z0-9+/]{43}$"}
_CODE = {"pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"}
_TIME = {"format": "date-time", "pattern": "(Z|[+-][0-9]{2}:[0-9]{2})$"}
_MTIME = {"pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z$"}
_TEXT = {"minLength": 1, "maxLength": 1000}

SPELLINGS: dict[str, Schema] = {
    "head": _DIGEST,
    "root": _DIGEST,
    "sha256": _DIGEST,
    "blake3": _DIGEST,
    "hash": _DIGEST,
    "checksums": _DIGEST,
    "signature": _DIGEST,
    "collection": _HEX_128,
    "salt": _HEX_128,
    "key": _FINGERPRINT,
    "fingerprint": _FINGERPRINT,
    "agent": _CODE,
    "code": _CODE,
    "happened_at": _TIME,
    "recorded_at": _TIME,
    "claimed_time": _TIME,
    "valid_after": _TIME,
    "valid_before": _TIME,
    "modified": _MTIME,
    "mtime": _MTIME,
    "reason": _TEXT,
    "tool": _TEXT,
    "target": {"minLength": 1},
}
"""How a string of that name is spelled, in every document."""

NUMBERS: dict[str, tuple[int, int]] = {
    "sequence": (1, MAX_SEQUENCE),
    "first_item": (1, MAX_INTEGER),
    "items": (1, MAX_INTEGER),
    "lines": (1, MAX_INTEGER),
    "item": (1, MAX_INTEGER),
    "exit_code": (0, 255),
    "clock_off_seconds": (-MAX_INTEGER, MAX_INTEGER),
}
"""Smallest and largest value of a number of that name; of all others 0 and 2^53 - 1."""


def document_schema(type_: type) -> Schema:
    """The schema of a document that a command prints: every field is always there."""
    schema, definitions = _generate(type_)
    for definition in [schema, *definitions.values()]:
        if "properties" in definition:
            definition["required"] = list(definition["properties"])
    return _finish(schema, definitions)


def entry_schema() -> Schema:
    """The schema of an entry, with TOML's date-times as text; what is None in the type is not there in the file."""
    schema, definitions = _generate(Entry)
    schema["properties"].pop("details")
    schema["required"].remove("details")
    schema["properties"].pop("apart")
    schema["properties"]["details"] = {"description": _describe(Entry)["apart"], "type": "string", **_DIGEST}
    schema["properties"]["items"] = _RANGES | {"description": _describe(Entry)["items"]}
    for event, kind in DETAILS.items():
        table, parts = _generate(kind)
        definitions |= parts | {kind.__name__: table}
        described = table["description"]
        schema["properties"][event.value] = {"description": described, "$ref": f"#/$defs/{kind.__name__}"}
    definitions.pop(ItemRanges.__name__, None)
    definitions[Received.__name__]["properties"]["accepted"] = _RANGES | {
        "description": _describe(Received)["accepted"]
    }
    definitions[ConsentChanged.__name__]["properties"]["terms"] = {
        "description": "The changed terms, in canonical JSON.",
        "type": "string",
    }
    definitions[Corrected.__name__]["properties"]["undone"] = {
        "description": _describe(Corrected)["undone"],
        "const": True,
    }
    definitions[Renamed.__name__]["properties"]["paths"]["minItems"] = 1
    definitions[Sealed.__name__]["properties"]["exclude"] = {
        "description": _describe(Sealed)["exclude"],
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": MAX_PATTERN_LENGTH},
        "maxItems": MAX_PATTERNS,
    }
    for definition in [schema, *definitions.values()]:
        if "properties" in definition:
            _make_closed(definition)
    schema["properties"] = {"format": {"const": FORMAT}} | schema["properties"]
    optional = {"items", "reason", *(event.value for event in Event)}
    schema["required"] = ["format", *(name for name in schema["required"] if name not in optional)]
    first = {"properties": {"sequence": {"const": 1}}}
    schema["allOf"] = [
        {"if": first, "then": {"not": {"required": ["previous"]}}, "else": {"required": ["previous"]}},
        *(_belongs_to(event, definitions[kind.__name__]) for event, kind in DETAILS.items()),
        _APART,
    ]
    schema["properties"]["informational"]["propertyNames"] = {"enum": list(INFORMATIONAL_FILES)}
    definitions[Previous.__name__]["properties"]["entry"] |= _DIGEST
    return _finish(schema, definitions)


_APART: Schema = {
    "if": {"required": ["details"]},
    "then": {
        "properties": {"event": {"enum": sorted(event.value for event in APART)}},
        "not": {"anyOf": [{"required": [name]} for name in ("reason", "items", *(event.value for event in Event))]},
    },
    "else": {"required": ["reason"]},
}
"""What an entry says stands in the entry, or in its file of details."""

_RANGES: Schema = {
    "type": "array",
    "items": {"type": "string", "pattern": "^[1-9][0-9]{0,15}(-[1-9][0-9]{0,15})?$"},
    "minItems": 1,
}
"""Item numbers as ranges."""


def _make_closed(definition: Schema) -> None:
    """Refuse unknown fields, and turn fields that may be null into fields that may be absent."""
    definition["additionalProperties"] = False
    nullable = [name for name, value in definition["properties"].items() if {"type": "null"} in value.get("anyOf", [])]
    for name in nullable:
        value = definition["properties"][name]
        (value_type,) = [alternative for alternative in value.pop("anyOf") if alternative != {"type": "null"}]
        value.update(value_type)
    for value in definition["properties"].values():
        value.pop("default", None)
        if value.get("additionalProperties") == {"type": "string"}:
            value["additionalProperties"] = {"type": "string", **_DIGEST}
    definition["required"] = [name for name in definition["required"] if name not in nullable]


def _belongs_to(event: Event, table: Schema) -> Schema:
    """The table of an event is there only if that is the entry's event, and has to be if it has required fields."""
    there = {"required": [event.value]}
    then = {"anyOf": [there, {"required": ["details"]}]} if table["required"] else {}
    return {"if": {"properties": {"event": {"const": event.value}}}, "then": then, "else": {"not": there}}


SAMPLES: tuple[Statement, ...] = (
    ContentStatement(1, "0" * 32, ItemType.FILE, size=0, digests=Digests("0" * 64, "0" * 64)),
    ContentStatement(1, "0" * 32, ItemType.DIRECTORY),
    ContentStatement(1, "0" * 32, ItemType.SYMLINK, target="x"),
    ContentStatement(1, "0" * 32, ItemType.OMITTED, reason=OmissionReason.SPECIAL),
    FileStatement(1, "0" * 32, "x", 0),
    ContextStatement(1, "0" * 32, "title", "x"),
    ConsentStatement(1, "0" * 32, ConsentTerms(handling=Handling.CLOSED, status=Status.GIVEN)),
    MetadataStatement(1, "0" * 32, "none", Claims(), Failure.KILLED),
    WithheldStatement(1, "0" * 64),
)
"""One statement of each kind and type; the fields that it writes are the fields of the schema."""

_CLAIMS: Schema = {
    "type": "object",
    "properties": {"vocabulary": {"const": VOCABULARY}, "detail": {"enum": [detail.value for detail in Detail]}},
    "required": ["vocabulary", "detail"],
}
"""What every version of the claims has; FORMAT-metadata.md says what else there is."""


def statement_schema() -> Schema:
    """The schema of one line of a manifest."""
    kinds = [_statement_kind(sample) for sample in SAMPLES]
    return _finish({"title": "Statement", "description": "One line of a manifest.", "oneOf": kinds}, {})


def _statement_kind(sample: Statement) -> Schema:
    properties: dict[str, Schema] = {}
    line = json.loads(sample.serialize())
    described = _describe(type(sample)) | _describe(Digests)
    for name, value in line.items():
        schema: Schema = {"description": described[name]} if name in described else {}
        if name in ("kind", "type"):
            schema["const"] = value
        elif name == "reason":
            schema["enum"] = [reason.value for reason in OmissionReason]
        elif name == "statements":
            kinds = ["file", "metadata", "context", "consent"]
            schema |= {"type": "array", "items": {"enum": kinds}, "minItems": 1, "maxItems": MAX_CONTEXT + 3}
        elif name == "claims":
            schema |= _CLAIMS
        elif name == "failure":
            schema["enum"] = [failure.value for failure in Failure]
        elif isinstance(value, int):
            schema["type"] = "integer"
        elif isinstance(value, dict):
            schema["type"] = "object"
        else:
            schema["type"] = ["string", "null"] if name == "mtime" else "string"
        _add_spelling(name, schema)
        properties[name] = schema
    title = f"{line['kind']}, {line['type']}" if "type" in line else line["kind"]
    required = [name for name in line if name not in ("claims", "failure")]
    schema = {"title": title, "type": "object", "properties": properties, "required": required}
    schema["additionalProperties"] = False
    if isinstance(sample, MetadataStatement):
        schema["anyOf"] = [{"required": ["claims"]}, {"required": ["failure"]}]
    return schema


def _generate(type_: type) -> tuple[Schema, dict[str, Schema]]:
    """The schema of a type and those of the types in it, described and with spellings."""
    _, definitions = msgspec.json.schema_components([type_])
    types = {document.__name__: document for document in _types_in(type_)}
    for name, definition in definitions.items():
        definition.pop("title", None)
        definition["description"] = str(types[name].__doc__).split("\n")[0]
        described = _describe(types[name])
        for field, schema in definition.get("properties", {}).items():
            _add_spelling(field, schema)
            if field in described:
                definition["properties"][field] = {"description": described[field]} | schema
        if type_ is not Entry and "format" in definition.get("properties", {}):
            definition["properties"]["format"].pop("default", None)
            definition["properties"] = {"format": definition["properties"].pop("format")} | definition["properties"]
    return definitions.pop(type_.__name__), definitions


def _add_spelling(field: str, schema: Schema) -> None:
    for part in [schema, *schema.get("anyOf", [])]:
        if part.get("type") in ("string", ["string", "null"]):
            part.update(SPELLINGS.get(field, {}))
        elif part.get("type") == "integer":
            least, most = NUMBERS.get(field, (0, MAX_INTEGER))
            part.update({"minimum": least, "maximum": most})


def _types_in(annotation: Any, found: set[type] | None = None) -> set[type]:
    """A type and all values and enums that its fields are made of; a type may be made of itself."""
    found = set() if found is None else found
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        found.add(annotation)
    elif isinstance(annotation, type) and issubclass(annotation, Struct) and annotation not in found:
        found.add(annotation)
        hints = get_type_hints(annotation)
        for name in names_of(annotation):
            _types_in(hints[name], found)
    for argument in get_args(annotation):
        _types_in(argument, found)
    return found


def _describe(type_: type) -> dict[str, str]:
    """What the docstring of a type says of its fields, under `Attributes:`."""
    described: dict[str, str] = {}
    names: list[str] = []
    sections = (str(kind.__doc__).partition("Attributes:\n")[2] for kind in reversed(type_.__mro__))
    for line in "\n".join(sections).splitlines():
        match = re.match(r" {8}(\w+(?:, \w+)*): (.+)", line)
        if match:
            names = match[1].split(", ")
            described |= dict.fromkeys(names, match[2])
        elif names and line.strip():
            described |= dict.fromkeys(names, f"{described[names[0]]} {line.strip()}")
    return {name: text[0].upper() + text[1:] for name, text in described.items()}


def _finish(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return head | schema | ({"$defs": definitions} if definitions else {})


def schemas() -> dict[str, str]:
    """All schemas: file name -> text."""
    made = {name: document_schema(type_) for name, type_ in DOCUMENTS.items()}
    made |= {"entry": entry_schema(), "statement": statement_schema()}
    return {
        f"{name}.schema.json": json.dumps(schema, ensure_ascii=False, indent=2) + "\n" for name, schema in made.items()
    }


_EXAMPLE = re.compile(r"(<!-- example: (\S+) -->\n)(?:```.*?\n```\n)?", re.DOTALL)
_LANGUAGES = {".toml": "toml", ".jsonl": "json", "": "text", ".sha256": "text", ".sig": "text"}


_TABLE = re.compile(r"(<!-- table: (\S+) -->\n)(?:\|[^\n]*\n)*")


def pages() -> dict[str, str]:
    """Every page with its examples and tables as they are now: file name -> text."""
    made = {name: document_schema(type_) for name, type_ in DOCUMENTS.items()}
    said = report()
    written = json_pages.write_pages(made, json_pages.dump_compact(json.loads(said)))
    kept = {path.name: path.read_text("utf-8") for path in sorted((ROOT / "manifests").glob("FORMAT*.md"))}
    tables = {"documents": json_pages.write_index(made), "columns": _columns()}
    examples = _examples()
    return written | {
        name: _fill(text, examples, tables) for name, text in kept.items() if name not in json_pages.PAGES
    }


def _fill(text: str, examples: dict[str, tuple[str, str]], tables: dict[str, str]) -> str:
    text = _TABLE.sub(lambda match: match[1] + tables[match[2]], text)
    return _EXAMPLE.sub(lambda match: match[1] + "```{}\n{}```\n".format(*examples[match[2]]), text)


def _columns() -> str:
    """The columns of the table that an archivist fills in."""
    rows = (f"| `{name}` | {meaning} | {accepted} |" for name, meaning, accepted in describe_columns())
    return "\n".join(["| Column | Says | Accepted |", "| --- | --- | --- |", *rows]) + "\n"


def _examples() -> dict[str, tuple[str, str]]:
    """The files of the example, and what is made from them: name -> language and text."""
    files = vectors.Collection(vectors.read_recipe("good-two-seals")).files
    examples = {name: (_LANGUAGES[Path(name).suffix], data.decode()) for name, data in files.items()}
    withheld = vectors.withhold(files["custody/0001-sealed.jsonl"], [[5, 4]]).decode().splitlines()[-1]
    examples["withheld"] = ("json", withheld + "\n")
    return examples


def report() -> str:
    """What `evtool verify --json` prints of the example."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        vectors.build("good-two-seals", place)
        (place / "evidence").rename(place / "interview-0042")
        shutil.copyfile(place / "interview-0042" / "custody" / "allowed_signers", place / "trusted_keys")
        command = [sys.executable, "-m", "evtool", "verify", "interview-0042", "--trust", "trusted_keys", "--json"]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "EVTOOL_HOME": str(place / "home"), "EVTOOL_LANG": ""}
        run = subprocess.run(command, cwd=place, env=environment, capture_output=True, check=True)
        return run.stdout.decode("utf-8")


def main(folder: Path) -> None:
    """Write everything into a folder."""
    for name, text in schemas().items():
        (folder / name).write_text(text, "utf-8")
    for name, text in pages().items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "manifests")
