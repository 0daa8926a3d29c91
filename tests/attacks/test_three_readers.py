"""Three readers of the same bytes give the same: evtool by blocks, evtool line by line, and the second verifier.

In the suite a few damages, made manifests and made entries; THREE_READERS_MUTATIONS, THREE_READERS_MANIFESTS,
THREE_READERS_ENTRIES, THREE_READERS_HISTORIES and THREE_READERS_SEED make it longer, and other.
"""

from __future__ import annotations

import importlib
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from evtool.core.custody.entry import parse_entry
from evtool.core.errors import FormatError
from evtool.core.manifest.manifest import Item, ManifestReader
from evtool.operations.verify.items import blocks as merge_blocks
from evtool.operations.verify.items import plain
from tests.attacks.made_entries import make_entry
from tests.attacks.made_histories import make_disk, make_history
from tests.attacks.made_manifests import MANIFEST, make
from tests.manifests.test_vectors import (
    DAMAGES,
    NAMES,
    OF_SIGNERS,
    OF_TIME,
    VECTORS,
    Vector,
    built,
    item_labels,
    read_vector,
    second_opinion,
    second_verdict,
)

__all__ = ["built", "second_opinion"]

SEED = os.environ.get("THREE_READERS_SEED", "evtool")
MUTATIONS = int(os.environ.get("THREE_READERS_MUTATIONS", "0"))
"""Of every vector; 0 is one mutation of every tenth vector."""
MANIFESTS = int(os.environ.get("THREE_READERS_MANIFESTS", "60"))
ENTRIES = int(os.environ.get("THREE_READERS_ENTRIES", "1500"))
HISTORIES = int(os.environ.get("THREE_READERS_HISTORIES", "40"))
ONCE_DIFFERENT = ["evtool 202", "evtool 214", "final 1576"]
"""Manifests of which the three once said different things."""


# --- manifests alone -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """What a reader makes of a manifest: the items that it knows, and, if it comes to the end, what they amount to."""

    items: list[int]
    is_read: bool
    root: str = ""
    lines: int = 0
    withheld: int = 0
    lines_after: int = 0


def read_fast(data: bytes, rng: random.Random) -> Reading:
    """Blocks of any length."""
    lines = [line + b"\n" for line in data.split(b"\n")[:-1]]
    blocks = []
    while lines:
        size = rng.randint(1, 9)
        blocks.append(lines[:size])
        del lines[:size]
    reader = ManifestReader(1)
    return read_all(reader, reader.read_blocks(blocks))


def read_slow(data: bytes) -> Reading:
    """Line by line."""
    reader = ManifestReader(1)
    return read_all(reader, reader.read(data.split(b"\n")[:-1]))


def read_all(reader: ManifestReader, items: Iterable[Item]) -> Reading:
    known: list[int] = []
    try:
        known += (item.number for item in items)
    except FormatError:
        return Reading(known, is_read=False)
    summary = reader.summary
    assert (summary.disclosed_items, summary.last_item) == (len(known), known[-1] if known else 0)
    return Reading(known, True, summary.root, summary.lines, summary.withheld_lines, summary.lines_after)


def read_second(data: bytes) -> Reading:
    """As the second verifier reads it."""
    formats, model = importlib.import_module("manifest"), importlib.import_module("record")
    lines = [formats.Line(text) for text in data.split(b"\n")]
    header = {"sequence": 1, "event": "sealed", "sealed": {"first_item": 1}, "agent": "A03", "collection": ""}
    entry = model.Entry(header, model.File("0001-sealed", b"", b""), "")
    try:
        end, _ = formats.read_items(lines, entry)
        root, count = formats.compute_root(lines)
    except ValueError:
        return Reading([item.number for item in entry.items], is_read=False)
    withheld = sum(line.count for line in lines[:-1] if line.statement["kind"] == "withheld")
    return Reading([item.number for item in entry.items], True, root, count, withheld, count - end)


# --- directories -----------------------------------------------------------------------------------------------------


def line_by_line(reader: ManifestReader, blocks: Iterable[list[bytes]]) -> Iterator[Item]:
    yield from reader.read(line[:-1] for block in blocks for line in block)


def find_difference(vector: Vector, second: ModuleType | None, rng: random.Random) -> str:
    """Verify a directory in three ways; tell what they say if that is not one thing. Without a second, in two."""
    answers = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge_blocks, "BATCH", rng.choice([1, 2, 3, 128]))
        report = vector.verify()
        answers["by blocks"] = int(report.exit_code), item_labels(report)
        patch.setattr(plain, "_is_plain", lambda _: False)
        patch.setattr(ManifestReader, "read_blocks", line_by_line)
        report = vector.verify()
        answers["line by line"] = int(report.exit_code), item_labels(report)
    if second is not None:
        answers["second verifier"] = second_verdict(second, vector, vector.expect_head)
    return "" if len({str(answer) for answer in answers.values()}) == 1 else str(answers)


def mutations(built: Path, folder: Path, second: ModuleType, names: Iterable[str], count: int) -> Iterator[str]:
    """Damage one file of a vector at a time; yield where not all three say the same."""
    for name in names:
        rng = random.Random(f"{SEED} {name}")
        for number in range(count):
            copy = folder / f"{name}-{number}"
            shutil.copytree(built / name, copy, symlinks=True)
            files = [
                path for path in sorted((copy / "evidence").rglob("*")) if path.is_file() and not path.is_symlink()
            ]
            files = [path for path in files if path.stat().st_size]
            if files and not (copy / "evidence" / "custody").is_symlink():
                victim, damage = rng.choice(files), rng.choice(sorted(DAMAGES))
                victim.write_bytes(DAMAGES[damage](victim.read_bytes(), rng))
                difference = find_difference(read_vector(copy), None if name in OF_TIME | OF_SIGNERS else second, rng)
                if difference:
                    yield f"seed {SEED}, {name} {number}: {damage} in {victim.relative_to(copy)}: {difference}"
            shutil.rmtree(copy)


def test_damaged_vectors(built: Path, second_opinion: ModuleType, tmp_path: Path) -> None:
    """Small accidents to the vectors: whatever they amount to, all three say the same."""
    print(f"seed {SEED}")
    names = NAMES if MUTATIONS else random.Random(SEED).sample(NAMES, len(NAMES) // 10)
    assert list(mutations(built, tmp_path, second_opinion, names, MUTATIONS or 1)) == []


def made_manifests(folder: Path, second: ModuleType, seeds: Iterable[str]) -> Iterator[str]:
    """Make manifests; yield where not all three say the same of them, or of their directory."""
    for seed in seeds:
        rng = random.Random(seed)
        place = folder / seed
        made = make(place, rng)
        what = f"seed {seed}: {'; '.join(made.done)}"
        data = (place / "evidence" / MANIFEST).read_bytes()
        readings = read_fast(data, rng), read_slow(data), read_second(data)
        if not readings[0] == readings[1] == readings[2]:
            yield f"{what}: {readings}"
        vector = Vector(place, "", 0, [], None, None, frozenset())
        if difference := find_difference(vector, second, rng):
            yield f"{what}: {difference}"
        shutil.rmtree(place)


def test_made_manifests(second_opinion: ModuleType, tmp_path: Path) -> None:
    """Items with all kinds of statements, withheld lines, disorder, wrong numbers and places."""
    print(f"seed {SEED}")
    seeds = [*ONCE_DIFFERENT, *(f"{SEED} {number}" for number in range(MANIFESTS))]
    assert list(made_manifests(tmp_path, second_opinion, seeds)) == []


def test_made_manifests_are_of_every_sort(tmp_path: Path) -> None:
    """What is made is worth something only if much of it is good, and much is not."""
    codes = []
    for number in range(100):
        make(tmp_path / str(number), random.Random(number))
        vector = Vector(tmp_path / str(number), "", 0, [], None, None, frozenset())
        codes.append(int(vector.verify().exit_code))
    assert min(codes.count(0), codes.count(1), codes.count(4)) >= 10


def is_read(read: Callable[[bytes], object], data: bytes) -> bool:
    """Tell whether a reader takes an entry."""
    try:
        read(data)
    except (FormatError, ValueError):
        return False
    return True


@pytest.mark.usefixtures("second_opinion")
def test_made_entries() -> None:
    """Entries of every event with at most one thing wrong: both verifiers read the same ones, a good part of all."""
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    read_entry = importlib.import_module("forms").read_entry
    read, different = 0, []
    for _ in range(ENTRIES):
        data, done = make_entry(rng)
        answers = is_read(parse_entry, data), is_read(read_entry, data)
        read += answers[0]
        if answers[0] != answers[1]:
            different.append(f"{done}: {answers}: {data!r}")
    assert different == []
    assert 0.2 < read / ENTRIES < 0.8


def test_made_histories(tmp_path: Path, second_opinion: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seals, renames, disposals and undone ones in any order: both verifiers say the same of each item."""
    print(f"seed {SEED}")
    monkeypatch.syspath_prepend(str(VECTORS))
    builder = importlib.import_module("build_verify_vectors")
    rng = random.Random(SEED)
    trust = (VECTORS / "trust").read_text("utf-8")
    keys = {path.stem: builder.Key(path.stem).line for path in VECTORS.glob("keys/*.seed")}
    different, codes = [], Counter[int]()
    for number in range(HISTORIES):
        folder = tmp_path / str(number)
        history = make_history(rng)
        disk = make_disk(rng, history)
        (folder / "evidence" / "custody").mkdir(parents=True)
        for name, data in builder.Collection(history).files.items():
            (folder / "evidence" / name).write_bytes(data)
        for name, content in disk.items():
            (folder / "evidence" / name).parent.mkdir(exist_ok=True)
            (folder / "evidence" / name).write_text(content, encoding="utf-8")
        (folder / "trust").write_text(trust.format(**keys), encoding="utf-8")
        vector = Vector(folder, "none", 0, [], None, None, frozenset())
        difference = find_difference(vector, second_opinion, rng)
        different += [f"{number}: {history} {disk}: {difference}"] if difference else []
        codes[int(vector.verify().exit_code)] += 1
    assert different == []
    assert set(codes) >= {0, 1, 3}
