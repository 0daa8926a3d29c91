"""An intruder who can write to a copy and has no key: what such a person can change, and what may never follow.

A scene is a sealed directory or a bundle, with an oracle that remembers what was sealed. Changes are drawn at random,
often several that belong together: a file is replaced, and the lines that speak of it are withheld. After them a
verification may end in anything but success on a copy that is not what was sealed, and may announce any terms but
looser ones.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import random
import re
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from zlib import crc32

from evtool.core.custody.item_names import Rename
from evtool.core.manifest.merkle import compute_leaf_hash, compute_node_hash
from evtool.core.manifest.statement import WithheldStatement
from evtool.core.terms.terms import ConsentTerms, Handling, code_text
from evtool.core.text.item_choice import parse_choice
from evtool.core.text.names import store_name
from evtool.core.text.ranges import parse_ranges
from evtool.core.verdict.verdict import Report
from evtool.operations.author import EntryHeader
from evtool.operations.bundle.choice import Wanted
from evtool.operations.bundle.options import PackOptions
from evtool.operations.entries.consent import change_consent
from evtool.operations.entries.rename import record_renames
from evtool.operations.record.items import read_numbered_items
from evtool.operations.record.read import open_record
from evtool.operations.seal.metadata import MetadataChoice
from evtool.operations.seal.options import SealOptions, StatementFiles
from evtool.operations.seal.seal import seal
from evtool.store.zip_writer import ZipWriter
from tests.bundle.case import (
    TERMS,
    author,
    marked_files,
    pack_it,
    title_of,
    verify_it,
    write_files,
)

T = TypeVar("T")

_PATH = re.compile('"path":"([^"]+)"')

HANDLINGS = [code_text(handling) for handling in Handling]


@dataclass
class Scene:
    """A copy in the intruder's hands.

    Attributes:
        root: the directory, or the bundle as a folder.
        evidence: where the evidence lies in it.
        is_bundle: whether there are lists of a bag to rebuild.
        sealed: path below `evidence` -> what lies there: bytes, the target of a link, or None for a directory.
        handling: the handling that an untouched copy announces.
        done: what was changed, for whoever has to understand a failure.
    """

    root: Path
    evidence: Path
    is_bundle: bool
    sealed: dict[str, bytes | str | None]
    handling: str
    done: list[str] = field(default_factory=list)

    @property
    def custody(self) -> Path:
        """The record."""
        return self.root / "custody"

    def paths(self) -> list[Path]:
        """Everything in the evidence but directories that hold something."""
        found = [path for path in self.evidence.rglob("*") if self.custody not in (path, *path.parents)]
        return sorted(path for path in found if path.is_symlink() or not path.is_dir() or not any(path.iterdir()))

    def is_as_sealed(self) -> bool:
        """The oracle: the evidence is, name by name and byte by byte, what was sealed and handed over."""
        return {str(path.relative_to(self.evidence)): look(path) for path in self.paths()} == self.sealed


def look(path: Path) -> bytes | str | None:
    """Tell what lies at a path."""
    if path.is_symlink():
        return os.readlink(path)
    return None if path.is_dir() else path.read_bytes()


# --- scenes ----------------------------------------------------------------------------------------------------------


def make_scenes(folder: Path) -> list[Scene]:
    """Make one scene of each form; rounds work on copies of them."""
    case = write_files(folder / "case", marked_files(6))
    (case / "empty").mkdir()
    (case / "link").symlink_to("nowhere")
    seal_some(case, 0)
    # Without effect, as stricter terms are sealed; whoever could take those away would make it count.
    change_consent(case, author(), ConsentTerms(handling=Handling.PUBLIC), EntryHeader())
    write_files(case, marked_files(2, "later "))
    seal_some(case, 1 << 40)
    # Details that stay behind where item 6 is not disclosed.
    change_consent(
        case, author(1 << 41), ConsentTerms(handling=Handling.PUBLIC), EntryHeader(items=parse_ranges(["6"]))
    )
    scenes = []
    choices = {
        "whole": PackOptions(),
        "part": PackOptions(Wanted(only=parse_choice(["2-5"]))),
        "nameless": PackOptions(Wanted(only=parse_choice(["1-4"]), withhold=frozenset({"names", "context"}))),
    }
    for name, options in choices.items():
        pack_it(case, folder / name, options)
        scenes.append(scene_of(folder / name, folder / name / "data", is_bundle=True))
    # Details with an effect: whoever could take them away would loosen what may be done with item 6.
    change_consent(
        case, author(1 << 42), ConsentTerms(handling=Handling.CLOSED), EntryHeader(items=parse_ranges(["6"]))
    )
    return [scene_of(case, case, is_bundle=False), *scenes]


def make_renamed_scenes(folder: Path) -> list[Scene]:
    """Make a directory whose files were renamed, one of them twice and two at once, and a bundle of some of it."""
    case = make_scenes(folder)[0].root
    renamed = Path(shutil.copytree(case, folder / "renamed", symlinks=True))
    start = 1 << 43
    for moves in ({1: "new name"}, {2: "강가/편지", 3: "강가/사진"}, {1: "newer name"}):
        names = named_items(renamed)
        for number, new in moves.items():
            (renamed / new).parent.mkdir(exist_ok=True)
            old = renamed / names[number]
            old.rename(renamed / new)
            if old.parent != renamed and not any(old.parent.iterdir()):
                old.parent.rmdir()
        renames = [Rename(number, names[number], new) for number, new in moves.items()]
        record_renames(renamed, author(start), renames, EntryHeader("catalogue"))
        start += 1 << 40
    pack_it(renamed, folder / "renamed-part", PackOptions(Wanted(only=parse_choice(["1", "3-5"]))))
    part = folder / "renamed-part"
    return [scene_of(renamed, renamed, is_bundle=False), scene_of(part, part / "data", is_bundle=True)]


def named_items(case: Path) -> dict[int, str]:
    """Give the names that items have now, by their numbers."""
    with open_record(case) as record:
        return {sealed.item.number: sealed.item.file.path for sealed in read_numbered_items(record) if sealed.item.file}


def seal_some(case: Path, start: int) -> None:
    """Seal what is new: of every second file looser terms are stated than of the others."""
    new = [str(path.relative_to(case)) for path in Scene(case, case, False, {}, "").paths()]
    listed = "".join(path.read_text("utf-8") for path in case.glob("custody/*.jsonl"))
    table = case.with_name("items.csv")
    with table.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, ["path", "title", *TERMS])
        writer.writeheader()
        for index, name in enumerate(name for name in new if name not in listed):
            terms = TERMS | {"handling": "public"} if index % 2 else TERMS
            writer.writerow({"path": store_name(name.encode()), "title": title_of(name), **terms})
    options = SealOptions(jobs=1, statements=StatementFiles(str(table)), metadata=MetadataChoice.NONE)
    seal(case, author(start), options)


def scene_of(root: Path, evidence: Path, *, is_bundle: bool) -> Scene:
    """Remember what lies in a copy that nobody touched, and what it announces."""
    scene = Scene(root, evidence, is_bundle, {}, verify_it(root).handling)
    scene.sealed = {str(path.relative_to(evidence)): look(path) for path in scene.paths()}
    return scene


def copy_of(scene: Scene, place: Path) -> Scene:
    """Give the intruder a copy."""
    shutil.copytree(scene.root, place, symlinks=True)
    evidence = place / scene.evidence.relative_to(scene.root)
    return replace(scene, root=place, evidence=evidence, done=[])


# --- changes to the evidence -----------------------------------------------------------------------------------------


def edit(scene: Scene, rng: random.Random) -> None:
    """Replace the bytes of a file, now and then by others of the same length and date."""
    path = choose(rng, [path for path in scene.paths() if path.is_file() and not path.is_symlink()])
    if path is None:
        return
    facts, data = path.stat(), path.read_bytes()
    path.write_bytes(bytes(data[:-1]) + b"!" if rng.random() < 0.5 else b"FORGED " + data)
    if rng.random() < 0.5:
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    scene.done.append(f"edit {path.name}")


def swap(scene: Scene, rng: random.Random) -> None:
    """Exchange the bytes of two files."""
    files = [path for path in scene.paths() if path.is_file() and not path.is_symlink()]
    if len(files) > 1:
        one, other = rng.sample(files, 2)
        first, second = one.read_bytes(), other.read_bytes()
        one.write_bytes(second)
        other.write_bytes(first)
        scene.done.append(f"swap {one.name} {other.name}")


def delete(scene: Scene, rng: random.Random) -> None:
    """Remove a file, a link or an empty directory."""
    path = choose(rng, scene.paths())
    if path is not None:
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        scene.done.append(f"delete {path.name}")


def add(scene: Scene, rng: random.Random) -> None:
    """Plant a file, a link or an empty directory; now and then under a name that items without a name have."""
    name = rng.choice(["planted", "plänted 2", f"item-{rng.randint(1, 12):06d}.txt", "김철수.txt", "zz/deep"])
    path = scene.evidence / name
    if os.path.lexists(path):
        return
    path.parent.mkdir(exist_ok=True)
    kind = rng.choice(["file", "link", "directory"])
    if kind == "file":
        path.write_bytes(
            rng.choice([b"", b"planted\n", *(path.read_bytes() for path in scene.paths() if path.is_file())])
        )
    elif kind == "link":
        path.symlink_to("anywhere")
    else:
        path.mkdir()
    scene.done.append(f"add {kind} {name}")


def rename(scene: Scene, rng: random.Random) -> None:
    """Give something another name; where names have changed, now and then one that it had."""
    if next(scene.custody.glob("*-renamed.details"), None) and rng.random() < 0.5:
        rename_back(scene, rng)
        return
    path = choose(rng, scene.paths())
    if path is not None:
        path.rename(path.with_name(f"renamed {rng.randint(0, 99)}"))
        scene.done.append(f"rename {path.name}")


def rename_back(scene: Scene, rng: random.Random) -> None:
    """Give something a name that the record tells: one that was sealed, or one that came later."""
    told = [path for file in scene.custody.glob("*.jsonl") for path in _PATH.findall(file.read_text("utf-8"))]
    for file in scene.custody.glob("*-renamed.details"):
        with contextlib.suppress(tomllib.TOMLDecodeError):  # it was damaged before
            told += tomllib.loads(file.read_text("utf-8"))["renamed"]["paths"]
    path, name = choose(rng, scene.paths()), choose(rng, told)
    if path is not None and name is not None and not os.path.lexists(scene.evidence / name):
        (scene.evidence / name).parent.mkdir(parents=True, exist_ok=True)
        path.rename(scene.evidence / name)
        scene.done.append(f"rename {path.name} to {name}")


def retype(scene: Scene, rng: random.Random) -> None:
    """Put something of another type in a place."""
    path = choose(rng, scene.paths())
    if path is None:
        return
    is_file = path.is_file() and not path.is_symlink()
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    if is_file and rng.random() < 0.5:
        path.symlink_to("elsewhere")
    elif is_file:
        path.mkdir()
    else:
        path.write_bytes(b"a file now\n")
    scene.done.append(f"retype {path.name}")


# --- changes to the record -------------------------------------------------------------------------------------------


def withhold_lines(scene: Scene, rng: random.Random) -> None:
    """Replace lines by their true hashes: one line, some of an item, whole items, a subtree; aimed or at random."""
    manifest = choose(rng, sorted(scene.custody.glob("*.jsonl")))
    if manifest is None:
        return
    lines = manifest.read_bytes().splitlines()
    places = place_lines(lines)
    numbers = sorted({number for _, number, _ in places if number})
    way = rng.choice(["one", "kind", "item", "items", "subtree", "all"])
    chosen: set[int] = set()
    if way == "one":
        chosen = {rng.randrange(len(lines))}
    elif way == "kind":
        kind = rng.choice(["content", "file", "context", "consent"])
        chosen = {index for index, (_, _, place_kind) in enumerate(places) if place_kind == kind and rng.random() < 0.8}
    elif way in ("item", "items") and numbers:
        aimed = set(rng.sample(numbers, 1 if way == "item" else rng.randint(1, len(numbers))))
        chosen = {index for index, (_, number, _) in enumerate(places) if number in aimed}
    elif way == "subtree":
        size = rng.choice([2, 4, 8])
        start = rng.randrange(0, len(lines), size)
        chosen = set(range(start, min(start + size, len(lines))))
    elif way == "all":
        chosen = set(range(len(lines)))
    write_withheld(manifest, lines, places, chosen, fold=rng.random() < 0.5)
    if rng.random() < 0.9:
        manifest.with_suffix(".sha256").unlink(missing_ok=True)
    scene.done.append(f"withhold {way} {sorted(chosen)} of {manifest.name}")


def withhold_what_was_touched(scene: Scene, rng: random.Random) -> None:
    """Withhold what speaks of a file that is changed or removed in the same breath."""
    manifest = choose(rng, sorted(scene.custody.glob("*.jsonl")))
    if manifest is None:
        return
    lines = manifest.read_bytes().splitlines()
    places = place_lines(lines)
    named = [json.loads(line) for line in lines if b'"kind":"file"' in line]
    target = choose(rng, [item for item in named if os.path.lexists(scene.evidence / item["path"])])
    if target is None:
        return
    path = scene.evidence / target["path"]
    if path.is_symlink() or path.is_file():
        is_gone = path.is_symlink() or rng.random() < 0.5
        path.unlink() if is_gone else path.write_bytes(b"FORGED\n")
        scene.done.append(f"{'delete' if is_gone else 'forge'} {path.name}")
    kinds = rng.choice([{"content"}, {"content", "file"}, {"content", "file", "context", "consent", "metadata"}])
    chosen = {index for index, (_, number, kind) in enumerate(places) if number == target["item"] and kind in kinds}
    write_withheld(manifest, lines, places, chosen, fold=rng.random() < 0.5)
    manifest.with_suffix(".sha256").unlink(missing_ok=True)
    scene.done.append(f"withhold {sorted(kinds)} of item {target['item']}")


def place_lines(lines: list[bytes]) -> list[tuple[int, int, str]]:
    """Tell of each line how many leaves come before it, of which item it is (0 if withheld), and of which kind."""
    places, leaves = [], 0
    for line in lines:
        value = json.loads(line)
        places.append((leaves, value.get("item", 0), value["kind"]))
        leaves += value.get("lines", 1)
    return places


def write_withheld(
    manifest: Path, lines: list[bytes], places: list[tuple[int, int, str]], chosen: set[int], *, fold: bool
) -> None:
    """Write a manifest anew, neighbouring hashes folded along the nodes of the tree or not."""
    out: list[tuple[int, int, bytes, bytes]] = []  # leaves before, leaves, hash, line
    for index, (line, (at, _, kind)) in enumerate(zip(lines, places, strict=True)):
        if kind == "withheld":
            value = json.loads(line)
            out.append((at, value["lines"], bytes.fromhex(value["hash"]), line))
        elif index in chosen:
            out.append((at, 1, compute_leaf_hash(line), b""))
        else:
            out.append((at, 1, b"", line))
        while fold and len(out) > 1 and out[-1][2] and out[-2][2] and out[-1][1] == out[-2][1]:
            (left, size, one, _), (_, _, other, _) = out[-2:]
            if left % (2 * size):
                break
            out[-2:] = [(left, 2 * size, compute_node_hash(one, other), b"")]
    made = [line or WithheldStatement(size, node.hex()).serialize() for _, size, node, line in out]
    manifest.write_bytes(b"".join(line + b"\n" for line in made))


def touch_the_record(scene: Scene, rng: random.Random) -> None:
    """Remove or plant files of the record that no signature covers directly."""
    names = ["*.sha256", "*.items", "*.details", "COVER.txt", "README.txt", "allowed_signers"]
    way = rng.choice(["remove", "edit", "plant"])
    if way == "plant":
        name = rng.choice(
            ["0001-sealed.toml.sig.x.tsr", "0001-sealed.toml.sig.x.ots", "0003-disclosed.receipt.toml", "COVER.txt"]
        )
        (scene.custody / name).write_bytes(b"junk")
        scene.done.append(f"plant {name}")
        return
    path = choose(rng, [path for name in names for path in sorted(scene.custody.glob(name))])
    if path is None:
        return
    if way == "remove":
        path.unlink()
    else:
        data = path.read_bytes()
        path.write_bytes(data.replace(b'"1', b'"2', 1) if b'"1' in data else data + b"more\n")
    scene.done.append(f"{way} {path.name}")


def rebuild_lists(scene: Scene) -> None:
    """Write the lists of a bag anew, as anybody can."""
    root = scene.root
    payload = sorted(
        (path for path in (root / "data").rglob("*") if path.is_file() and not path.is_symlink()), key=os.fsencode
    )
    lines = [f"{digest_of(path)}  {path.relative_to(root)}\n" for path in payload]
    (root / "manifest-sha256.txt").write_text("".join(lines), "utf-8")
    info = (root / "bag-info.txt").read_text("utf-8").splitlines()
    info[3] = f"Payload-Oxum: {sum(path.stat().st_size for path in payload)}.{len(payload)}"
    (root / "bag-info.txt").write_text("\n".join([*info[:4], ""]), "utf-8")
    tags = [root / name for name in ("bag-info.txt", "bagit.txt", "README.txt", "manifest-sha256.txt")]
    tags = sorted([*tags, *(root / "custody").iterdir()], key=lambda path: os.fsencode(path.relative_to(root)))
    lines = [f"{digest_of(path)}  {path.relative_to(root)}\n" for path in tags if path.is_file()]
    (root / "tagmanifest-sha256.txt").write_text("".join(lines), "utf-8")


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def zip_up(scene: Scene, place: Path) -> Path:
    """Make the one form of zip container that is read."""
    root = scene.root
    first = ["bagit.txt", "bag-info.txt", "README.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"]
    rest = [path for folder in ("custody", "data") for path in (root / folder).rglob("*")]
    names = sorted(
        (str(path.relative_to(root)) for path in rest if path.is_file() and not path.is_symlink()), key=os.fsencode
    )
    with place.open("wb") as out:
        writer = ZipWriter(out)
        for name in [*first, *names]:
            data = (root / name).read_bytes()
            writer.add(name, len(data), crc32(data), iter((data,)))
        writer.finish()
    return place


def choose(rng: random.Random, things: list[T]) -> T | None:
    """Choose one of some things, if there are any."""
    return rng.choice(things) if things else None


EVIDENCE: tuple[Callable[[Scene, random.Random], None], ...] = (edit, swap, delete, add, rename, retype)
RECORD: tuple[Callable[[Scene, random.Random], None], ...] = (
    withhold_lines,
    withhold_lines,
    withhold_what_was_touched,
    withhold_what_was_touched,
    touch_the_record,
)


def attack(scene: Scene, rng: random.Random) -> Path:
    """Change a copy as an intruder would, and give what is then handed on."""
    if rng.random() < 0.3:
        # One change alone: beside others, each found for its own reason, it would rarely show that a rule is gone.
        changes = [rng.choice(RECORD)]
    else:
        changes = rng.choices(RECORD, k=rng.randint(0, 2)) + rng.choices(EVIDENCE, k=rng.randint(0, 2))
    for change in changes:
        change(scene, rng)
    if not scene.is_bundle:
        return scene.root
    if rng.random() < 0.8:
        rebuild_lists(scene)
    links = any(path.is_symlink() or path.is_dir() for path in scene.paths())
    return zip_up(scene, scene.root.with_suffix(".zip")) if rng.random() < 0.3 and not links else scene.root


def find_wrong(scene: Scene, report: Report) -> str:
    """Say what is wrong with a verdict; empty where nothing is."""
    if report.exit_code == 0 and not scene.is_as_sealed():
        return "exit 0 on a copy that is not what was sealed and handed over"
    if HANDLINGS.index(report.handling) > HANDLINGS.index(scene.handling):
        return f"handling {report.handling} is announced, {scene.handling} was sealed"
    return ""
