"""An archivist without luck: evidence, a table, defaults and changes of terms, drawn at every border there is.

What comes out is what people write: files of evidence, a CSV table, a TOML file of defaults, and terms for a change.
What is expected of them is worked out by `tests.attacks.consent_reference`, from the page on consent alone.
"""

from __future__ import annotations

import csv
import io
import os
import random
import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import tomli_w
from msgspec import Struct, field

from evtool.core.text.names import store_name
from tests.attacks import consent_reference as reference
from tests.attacks.consent_reference import Terms

NAMES = (
    *(
        "a",
        "b.txt",
        "김철수",
        unicodedata.normalize("NFD", "박영희.jpg"),
        "with space ",
        " x",
        "=1+1",
        "-rf",
        "'quoted'",
    ),
    *("per%cent", "%41", 'quo"te', "back\\slash", "line\nbreak", "tab\there", "a,b;c", "é", "🙂", "con", "x" * 200),
    *("sep=;", "#", "~", "[a]", "*", "?", "none", "path", "한글" * 30, "\x7f", "\u202egpj", "@at", "+plus", "0"),
)
RAW_NAMES = (b"\xff\xfe", b"latin-\xe9", b"caf\xe9.txt")
CODES = ("B7", "court-a", "ohchr", "web", "x.y_z-1", "A1")
AGREEMENTS = ("DSA-1", "DSA 2; or later", "협정-3", "d" * 64, '"', "=A1")
TEXTS = ("n", "가명 처리", 'say "so"', "=SUM(A1)", "a;b", "y" * 60, "-", "0")
OWN = ("x-own", "x-a.b-c")
VALUES = ("t", "위성 사진", "=1+1", "-x", "'x", "two\nlines", 'a "b", c; d', "z" * 3000, "1997", "-\u00a0-", "%41")
FIELDS = ("title", "description", "identifier", "collected_how", "x-shelf")
DAY = date(2026, 3, 1)


class Plan(Struct):
    """What an archivist prepares for one seal.

    Attributes:
        files: relative paths on disk.
        defaults: directory, as a relative path (empty: the evidence directory) -> terms and context.
        rows: relative path -> terms and context.
    """

    files: list[bytes] = field(default_factory=list)
    defaults: dict[bytes, tuple[Terms, dict[str, str]]] = field(default_factory=dict)
    rows: dict[bytes, tuple[Terms, dict[str, str]]] = field(default_factory=dict)

    def layers(self, path: bytes) -> list[tuple[Terms, dict[str, str]]]:
        """Give what is stated of a file, outermost first, its row last."""
        parts = path.split(b"/")
        above = [b"/".join(parts[:depth]) for depth in range(len(parts))]
        found = [self.defaults[folder] for folder in above if folder in self.defaults]
        return [*found, *([self.rows[path]] if path in self.rows else [])]

    def sealed_terms(self, path: bytes) -> Terms | None:
        """Give the terms that are sealed with a file."""
        return reference.sealed_with([terms for terms, _ in self.layers(path) if terms])

    def sealed_context(self, path: bytes) -> dict[str, str]:
        """Give the context that is sealed with a file."""
        context: dict[str, str] = {}
        for _, values in self.layers(path):
            context |= values
        return context

    @property
    def makes_sense(self) -> bool:
        """Whether the page lets a writer seal this."""
        layers = [terms for terms, _ in [*self.defaults.values(), *self.rows.values()] if terms]
        sealed = [terms for path in self.files if (terms := self.sealed_terms(path))]
        return not (
            any(reference.makes_no_sense(terms, whole=False) for terms in layers)
            or any(reference.makes_no_sense(terms, whole=True) or reference.is_too_long(terms) for terms in sealed)
        )


class Archivist:
    """Draws everything from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def maybe(self, chance: float) -> bool:
        """Toss a coin."""
        return self.random.random() < chance

    def some(self, values: Sequence[Any], most: int = 3) -> list[Any]:
        """Draw a few, sorted, none twice."""
        return sorted(self.random.sample(values, self.random.randint(0, min(most, len(values)))))

    def day(self) -> str:
        """Draw a day near the one that is asked about."""
        return (DAY + timedelta(days=self.random.randint(-2, 2))).isoformat()

    def code(self, term: str) -> str:
        """Draw a code of a term, now and then one of an organisation's own."""
        return self.random.choice(OWN if self.maybe(0.04) else reference.KNOWN[term].split())

    def list_of(self, term: str) -> list[str]:
        """Draw a list, long enough at times to be too long together with another."""
        if self.maybe(0.02):
            return [f"x-{number:03d}" for number in range(self.random.randint(30, 64))]
        known = reference.KNOWN[term].split() + (["region:KR", "region:CH"] if term == "conditions" else [])
        return sorted({*self.some(known, 5), *([self.random.choice(OWN)] if self.maybe(0.05) else [])})

    def terms(self, fullness: float) -> Terms:
        """Draw terms, in an order that makes sense more often than not."""
        makers: dict[str, Any] = {
            "handling": lambda: self.code("handling"),
            "status": lambda: "given" if self.maybe(0.6) else self.code("status"),
            "by": lambda: self.code("by"),
            "for": lambda: self.list_of("for"),
            "share": lambda: self.some(CODES, 4),
            "identity": lambda: self.code("identity"),
            "onward": lambda: self.code("onward"),
            "defence": lambda: self.code("defence"),
            "conditions": lambda: self.list_of("conditions"),
            "from": self.day,
            "until": self.day,
            "review": self.day,
            "agreement": lambda: self.random.choice(AGREEMENTS),
            "ref": lambda: self.random.choice(TEXTS),
            "basis": lambda: self.random.choice(TEXTS),
            "note": lambda: self.random.choice(TEXTS),
        }
        rare = ("from", "until", "conditions", "basis", "review", "note")
        return {name: make() for name, make in makers.items() if self.maybe(fullness * (0.3 if name in rare else 1.0))}

    def sensible(self, fullness: float, *, whole: bool) -> Terms:
        """Draw terms until they make sense; one time in twenty whatever comes first."""
        terms = self.terms(fullness)
        while not self.maybe(0.05) and reference.makes_no_sense(terms, whole=whole):
            terms = self.terms(fullness)
        return terms

    def generous(self) -> Terms:
        """Draw terms that allow much, so that something can be packed at all."""
        many = reference.KNOWN["for"].split()
        terms = {
            "handling": self.random.choice(["named", "partners", "public", "public"]),
            "status": "given",
            "for": sorted(many if self.maybe(0.5) else self.random.sample(many, 5)),
            "share": sorted(CODES),
            "identity": self.random.choice(["public", "to-recipient"]),
            "onward": "yes",
            "defence": "yes",
            "agreement": "DSA-1",
        }
        dropped = self.some(["agreement", "share"], 2) if terms["handling"] == "public" else []
        return {name: value for name, value in terms.items() if name not in dropped}

    def context(self) -> dict[str, str]:
        """Draw some fields of context."""
        return {name: self.random.choice(VALUES) for name in self.some(FIELDS, 2)}

    def name(self) -> bytes:
        """Draw a name."""
        if self.maybe(0.1):
            return self.random.choice(RAW_NAMES)
        return self.random.choice(NAMES).encode()

    def plan(self, taken: Sequence[bytes]) -> Plan:
        """Draw new files beside those that are there, and what is stated of them."""
        plan = Plan()
        folders = [b"", *sorted({path.rpartition(b"/")[0] for path in taken})]
        names = {_key(part) for path in taken for part in _ancestors(path)}
        for _ in range(self.random.randint(1, 6)):
            folder = self.random.choice(folders)
            path = folder + b"/" + self.name() if folder else self.name()
            if _key(path) in names or len(path) > 600 or path == b"custody":
                continue
            if self.maybe(0.3) and path.count(b"/") < 3:
                folders.append(path)
                names.add(_key(path))
                path += b"/" + self.name()
            names.add(_key(path))
            plan.files.append(path)
        generous = self.maybe(0.5)
        for folder in sorted({ancestor for path in plan.files for ancestor in _above(path)}):
            if self.maybe(0.5):
                plan.defaults[folder] = (self.sensible(0.25, whole=False), self.context() if self.maybe(0.3) else {})
        for path in plan.files:
            if self.maybe(0.7):
                terms = self.generous() if generous and self.maybe(0.8) else self.sensible(0.6, whole=False)
                plan.rows[path] = (terms, self.context() if self.maybe(0.4) else {})
        return plan


def _ancestors(path: bytes) -> list[bytes]:
    parts = path.split(b"/")
    return [b"/".join(parts[: depth + 1]) for depth in range(len(parts))]


def _above(path: bytes) -> list[bytes]:
    return [b"", *_ancestors(path)[:-1]]


def _key(path: bytes) -> str:
    # Names that differ only in their Unicode form or in case are other stories than this one.
    return unicodedata.normalize("NFC", os.fsdecode(path)).casefold()


def write_files(root: Path, paths: Sequence[bytes], chance: random.Random) -> None:
    """Make files, and now and then a link or an empty directory, of what was drawn."""
    for path in paths:
        target = os.path.join(os.fsencode(root), path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        kind = chance.random()
        if kind < 0.06:
            os.mkdir(target)
        elif kind < 0.12:
            os.symlink(b"somewhere/else", target)
        else:
            with open(target, "wb") as file:
                file.write(path * chance.randint(0, 3))


def write_table(plan: Plan, bom: bool) -> bytes:
    """Write the rows as a spreadsheet would."""
    columns = ["path", *FIELDS, *_TERM_COLUMNS]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    for path, (terms, context) in plan.rows.items():
        cells = {"path": store_name(path), **context}
        cells |= {name: _cell(name, value) for name, value in terms.items()}
        writer.writerow([_escaped(cells.get(column, "")) for column in columns])
    return (b"\xef\xbb\xbf" if bom else b"") + out.getvalue().encode()


_TERM_COLUMNS = (
    *("handling", "status", "by", "for", "share", "identity", "onward", "defence", "conditions"),
    *("from", "until", "review", "agreement", "ref", "basis", "note"),
)


def _cell(name: str, value: Any) -> str:
    return value if isinstance(value, str) else ";".join(value) or "none"


def _escaped(text: str) -> str:
    return "'" + text if text.startswith(("=", "+", "-", "@", "'", "\t", "\r")) else text


def write_defaults(plan: Plan) -> bytes:
    """Write the defaults as a TOML file."""
    directories: list[dict[str, Any]] = []
    for folder, (terms, context) in plan.defaults.items():
        table: dict[str, Any] = {"path": store_name(folder) if folder else "."}
        consent = dict(terms)
        if "handling" in consent:
            table["handling"] = consent.pop("handling")
        if consent:
            table["consent"] = consent
        if context:
            table["context"] = context
        directories.append(table)
    return tomli_w.dumps({"format": "evtool-defaults/1", "directory": directories}).encode()
