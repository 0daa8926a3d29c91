"""Made manifests: items with all kinds of statements, signed or damaged, and what lies in their place."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import random
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

BUILDER = Path(__file__).parents[1] / "vectors" / "verify" / "build_verify_vectors.py"
Table = dict[str, Any]
Lines = list[bytes]

MANIFEST, CHECKSUMS = "custody/0001-sealed.jsonl", "custody/0001-sealed.sha256"


@cache
def builder() -> ModuleType:
    """The writer of the vectors, which shares no code with evtool."""
    spec = importlib.util.spec_from_file_location("build_verify_vectors", BUILDER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Made:
    """One sealed directory in the making.

    Attributes:
        items: what there is of each item, as the writer of the vectors has it.
        lines: the lines of the manifest.
        done: what was done to it, for whoever looks for the reason of a difference.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.done: list[str] = []
        self.items = [self._item(name) for name in self._names(rng.randint(1, 9))]
        self.items.sort(key=sort_key)
        for number, item in enumerate(self.items, start=1):
            item["number"] = number
        self.lines = [builder().canonical(statement) for item in self.items for statement in self._statements(item)]
        self.groups: list[Table] = []
        """What the list of a disclosure says, if there is to be one."""

    def _names(self, count: int) -> list[str]:
        letters = 'ab-z.~ "\\é김\u2028\U0001f600'
        names: set[str] = set()
        while len(names) < count:
            name = "".join(self.rng.choice(letters) for _ in range(self.rng.randint(1, 4)))
            if name.strip(".") and name != "custody":
                names.add(name)
        # Some lie in directories of their own, whose names are no item's.
        return [
            f"{name}{number}/x%25" if self.rng.random() < 0.3 else name for number, name in enumerate(sorted(names))
        ]

    def _item(self, path: str) -> Table:
        kind = self.rng.choice(["file", "file", "file", "symlink", "directory", "omitted"])
        item: Table = {"path": path, "type": kind, "mtime": "2026-02-01T09:00:00.000000000Z"}
        if kind == "file":
            item["content"] = f"{path}\n" * self.rng.randint(0, 2)
        if kind == "symlink":
            item["target"] = self.rng.choice(["a", "../b", "/c%25", 'd"\\'])
        if kind == "omitted":
            item["reason"] = self.rng.choice(["unreadable", "unreadable-directory", "special", "changing"])
        return item

    def _salt(self) -> str:
        return self.rng.randbytes(16).hex()

    def _statements(self, item: Table) -> list[Table]:
        """The statements of one item: those of the writer of the vectors, and metadata."""
        rng, number = self.rng, item["number"]
        stated = dict(item)
        if rng.random() < 0.4:
            fields = rng.sample(["title", "language", "place", "x-own", "kind"], rng.randint(1, 3))
            stated["context"] = {field: rng.choice(["a", 'two\nlines "\\', "김철수", "\u2028"]) for field in fields}
        if rng.random() < 0.3:
            consent: Table = rng.choice([{"status": "given", "for": ["research"]}, {"share": []}, {"note": "ü\n"[:1]}])
            stated["terms"] = {"consent": consent} | rng.choice([{}, {"handling": "named"}])
        statements: list[Table] = builder().statements(stated, iter(self._salt, ""))
        if item["type"] == "file" and rng.random() < 0.4:
            metadata: Table = {"item": number, "kind": "metadata", "salt": self._salt(), "confinement": "none"}
            claims = {"vocabulary": "evtool-claims/1", "detail": "basic", "dropped": rng.randint(1, 9)}
            metadata |= rng.choice(
                [{"failure": "no-confinement"}, {"claims": claims}, {"claims": claims, "failure": "killed"}]
            )
            statements.insert(2, metadata)
            statements[0]["statements"].insert(1, "metadata")
        return statements

    # --- damage to lines -------------------------------------------------------------------------------------------

    def damage_lines(self) -> None:
        """Put something out of order, out of place or out of number."""
        damage = self.rng.choice(DAMAGES)
        self.done.append(damage.__name__)
        self.lines = damage(list(self.lines), self.rng)

    def withhold(self, *, legal: bool) -> None:
        """Withhold lines: whole items, names, metadata and fields; or whatever else."""
        places = self._legal_places() if legal else self._any_places()
        self.done.append(f"withheld {places}")
        leaves = [builder().sha256(b"\0" + line) for line in self.lines]
        for first, count in sorted(places, reverse=True):
            node = builder().tree_hash(leaves[first : first + count]).hex()
            self.lines[first : first + count] = [
                builder().canonical({"hash": node, "kind": "withheld", "lines": count})
            ]

    def _legal_places(self) -> list[tuple[int, int]]:
        """Lines that may be withheld, as pairs of the lines before them and how many; they are noted for the list."""
        withheld: set[int] = set()
        groups: dict[tuple[str, ...], list[str]] = {}
        at = 0
        for item in self.items:
            own = [builder().json.loads(line) for line in self.lines[at : at + self._size(item)]]
            if self.rng.random() < 0.3:
                withheld |= set(range(at, at + len(own)))
            else:
                chosen = [
                    (place, statement)
                    for place, statement in enumerate(own, start=at)
                    if statement["kind"] in ("file", "metadata", "context") and self.rng.random() < 0.2
                ]
                withheld |= {place for place, _ in chosen}
                names = tuple(spell_withheld(statement) for _, statement in chosen)
                groups.setdefault(names, []).append(str(item["number"]))
            at += len(own)
        self.groups = [{"items": join(numbers), "withheld": list(names)} for names, numbers in groups.items()]
        return [place for place in gather(withheld, self.rng) if place[1]]

    def _size(self, item: Table) -> int:
        own = f'"item":{item["number"]},'.encode()
        return sum(own in line for line in self.lines)

    def _any_places(self) -> list[tuple[int, int]]:
        count = self.rng.choice([1, 1, 2, 2, 3, 4])
        first = self.rng.randrange(max(len(self.lines) - count + 1, 1))
        return [(first, count)] if first + count <= len(self.lines) else []

    def text(self) -> bytes:
        """The manifest as it stands now."""
        return b"".join(line + b"\n" for line in self.lines)


def sort_key(item: Table) -> bytes:
    is_directory = item["type"] == "directory" or item.get("reason") == "unreadable-directory"
    return bytes(builder().unescape(item["path"])) + (b"/" if is_directory else b"")


def spell_withheld(statement: Table) -> str:
    return f"context.{statement['field']}" if statement["kind"] == "context" else str(statement["kind"])


def join(numbers: list[str]) -> list[str]:
    """Spell numbers as ranges."""
    ranges: list[list[int]] = []
    for number in map(int, numbers):
        if ranges and ranges[-1][1] + 1 == number:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return [str(first) if first == last else f"{first}-{last}" for first, last in ranges]


def gather(withheld: set[int], rng: random.Random) -> list[tuple[int, int]]:
    """Put neighbouring lines together where they fill a node of the tree; now and then, leave them apart."""
    places: list[tuple[int, int]] = []
    for line in sorted(withheld):
        places.append((line, 1))
        while len(places) > 1 and rng.random() < 0.8:
            (first, size), (second, other) = places[-2:]
            if size != other or first + size != second or first % (2 * size):
                break
            places[-2:] = [(first, 2 * size)]
    return places


# --- damages of lines ------------------------------------------------------------------------------------------------


def swap_lines(lines: Lines, rng: random.Random) -> Lines:
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return lines


def remove_line(lines: Lines, rng: random.Random) -> Lines:
    del lines[rng.randrange(len(lines))]
    return lines


def double_line(lines: Lines, rng: random.Random) -> Lines:
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
    return lines


def change_line(lines: Lines, rng: random.Random, change: Callable[[Table], object]) -> Lines:
    """Change the statement of one line, and spell it canonically again."""
    readable = find(lines, b"")
    if not readable:
        return lines
    at = rng.choice(readable)
    statement = builder().json.loads(lines[at])
    change(statement)
    lines[at] = builder().canonical(statement)
    return lines


def find(lines: Lines, text: bytes) -> list[int]:
    """Find the lines that hold a text, and that no earlier damage keeps from being read."""
    found = []
    for at, line in enumerate(lines):
        with contextlib.suppress(ValueError):
            if text in line and isinstance(builder().json.loads(line), dict):
                found.append(at)
    return found


def renumber(lines: Lines, rng: random.Random) -> Lines:
    """Give a statement the number of another item, of none, or one that is too large."""
    number = rng.choice([0, 1, 2, 3, 4, 5, 9, 10, 2**53 - 1, 2**53])
    return change_line(lines, rng, lambda statement: statement.update(item=number))


def announce_others(lines: Lines, rng: random.Random) -> Lines:
    """Change what a content says of the statements that follow it."""
    contents = find(lines, b'"kind":"content"')
    if not contents:
        return lines
    at = rng.choice(contents)
    statement = builder().json.loads(lines[at])
    kinds = statement.get("statements")
    if not isinstance(kinds, list):
        return lines
    extra = rng.choice(["file", "metadata", "context", "consent", "content", "other"])
    rng.choice([lambda: kinds.insert(rng.randrange(len(kinds) + 1), extra), kinds.clear, kinds.reverse])()
    lines[at] = builder().canonical(statement)
    return lines


def change_field(lines: Lines, rng: random.Random) -> Lines:
    """Leave a field out, add one, or give one another value."""
    values: list[Any] = [
        None,
        7,
        -1,
        "",
        "x",
        "../up",
        "a%2F",
        "김",
        [],
        {},
        True,
        "0" * 64,
        "0" * 32,
        "file",
        "symlink",
    ]

    def change(statement: Table) -> None:
        field = rng.choice([*statement, "other"])
        # What stands inside of metadata and terms, the second verifier does not judge.
        if rng.random() < 0.3:
            statement.pop(field, None)
        elif field not in ("confinement", "claims", "failure", "consent", "handling"):
            statement[field] = rng.choice(values)

    return change_line(lines, rng, change)


def change_byte(lines: Lines, rng: random.Random) -> Lines:
    """Change, add or remove one byte, but none inside of metadata and terms."""
    outside = [at for at, line in enumerate(lines) if b'"kind":"metadata"' not in line and b'"consent":{' not in line]
    if not outside:
        return lines
    at = rng.choice(outside)
    line, place = lines[at], rng.randrange(len(lines[at]) + 1)
    byte = rng.choice([b'"', b"\\", b" ", b"0", b",", b"\x00", b"\xff", b"\xc3\xa9", b"%", b"/", b"\xe2\x80\xa8", b""])
    lines[at] = line[:place] + byte + line[place + rng.randint(0, 1) :]
    return lines


def put_path(lines: Lines, rng: random.Random) -> Lines:
    """Give an item the path of another, or one that sorts elsewhere."""
    names = [at for at in find(lines, b'"kind":"file"') if b'"path":"' in lines[at]]
    if not names:
        return lines
    at, other = rng.choice(names), rng.choice(names)
    statement = builder().json.loads(lines[at])
    path = builder().json.loads(lines[other])["path"]
    statement["path"] = rng.choice([path, f"{path}/a", f"{path}a", "a", "~~"])
    lines[at] = builder().canonical(statement)
    return lines


def change_withheld(lines: Lines, rng: random.Random) -> Lines:
    """Say of a withheld line that it stands for another number of lines."""
    withheld = find(lines, b'"kind":"withheld"')
    if not withheld:
        return lines
    at = rng.choice(withheld)
    statement = builder().json.loads(lines[at])
    statement["lines"] = rng.choice([0, 1, 2, 3, 4, 8, 2**52, 2**53])
    lines[at] = builder().canonical(statement)
    return lines


DAMAGES: list[Callable[[Lines, random.Random], Lines]] = [
    swap_lines,
    remove_line,
    double_line,
    renumber,
    announce_others,
    change_field,
    change_byte,
    put_path,
    change_withheld,
]


# --- the directory ---------------------------------------------------------------------------------------------------


def make(folder: Path, rng: random.Random) -> Made:
    """Write a sealed directory, in nine of ten cases with something about it that may be wrong."""
    made = Made(rng)
    while rng.random() < 0.35 and made.lines:
        made.damage_lines()
    signed = made.text()
    made.done.append("signed")
    if not made.lines:
        made.done.append("no lines")
    elif rng.random() < 0.5:
        made.withhold(legal=len(made.done) == 1 and rng.random() < 0.7)
    has_list = bool(made.groups) and rng.random() < 0.8
    while rng.random() < 0.25 and made.lines:
        made.damage_lines()
    header = {"key": "A03", "happened_at": "2026-03-01 14:30:00+09:00", "recorded_at": "2026-03-01 14:30:00+09:00"}
    header["reason"] = "test"
    recipe: Table = {"seal": [header | {"item": made.items}]}
    recipe["before"] = [{"file": "0001-sealed.jsonl", "hex": signed.hex()}]
    if has_list:
        recipe["disclosed"] = [header | {"to": "B07", "groups": made.groups}]
        made.done.append(f"list {made.groups}")
    collection = builder().Collection(recipe)
    collection.files[MANIFEST] = made.text()
    if b'"kind":"withheld"' in made.text() and rng.random() < 0.9:
        del collection.files[CHECKSUMS]
    evidence = folder / "evidence"
    builder().write_files(collection, evidence)
    (folder / "trust").write_text(f"A03 {builder().Key('A03').line}\n")
    damage_evidence(made, evidence)
    return made


def damage_evidence(made: Made, evidence: Path) -> None:
    """Do to some items, and most withheld ones, what is done to files."""
    text = made.text()
    for item in made.items:
        path = builder().path_below(evidence, item["path"])
        is_named = f'"path":{builder().json.dumps(item["path"], ensure_ascii=False)}'.encode() in text
        if not os.path.lexists(path) or made.rng.random() > (0.1 if is_named else 0.9):
            continue
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
            made.done.append(f"removed {item['number']}")
            continue
        doing = made.rng.choice(["removed", "numbered", "renamed", "replaced"] if is_named else ["removed", "numbered"])
        made.done.append(f"{doing} {item['number']}")
        if doing == "removed":
            path.unlink()
        elif doing == "numbered":
            path.rename(evidence / f"item-{item['number']:06d}.txt")
        elif doing == "renamed":
            path.rename(path.with_name(f"new{item['number']}"))
        else:
            path.unlink()
            path.write_bytes(b"other\n")
    if made.rng.random() < 0.1:
        (evidence / "planted").write_bytes(b"planted\n")
        made.done.append("planted")


if __name__ == "__main__":
    print(make(Path(sys.argv[1]), random.Random(sys.argv[2])).done)
