"""Bundles that were changed after packing: each is found out for its one reason, and unpacks to nothing."""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from evtool.core.errors import EvtoolError, ExitCode, InputError
from evtool.operations.bundle.unpack import unpack
from evtool.report.language import in_english
from tests.bundle.case import only, pack_it, seal_case, snapshot, verify_it, write_files

VECTORS = Path(__file__).parents[1] / "vectors" / "bundle" / "bag"

FIRST = {"a.txt": b"first\n", "b 100%.txt": b"second\n", "c.txt": b"third\n"}
SECOND = {"d/김.txt": b"fourth\n", "e.txt": b"withheld\n"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """One vector."""

    comment: str
    exit: int
    finding: str
    unpacks: bool
    changes: list[dict[str, str]]


def load(path: Path) -> Recipe:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    assert table["comment"].endswith(".")
    return Recipe(
        table["comment"], table["exit"], table["finding"], table.get("unpacks", False), table.get("change", [])
    )


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle that every recipe starts from."""
    folder = tmp_path_factory.mktemp("bags")
    case = folder / "case"
    case.mkdir()
    for start, files in enumerate((FIRST, SECOND)):
        write_files(case, files)
        seal_case(case, files, start << 40)
    pack_it(case, folder / "bundle", only("1-4"))
    return folder / "bundle"


def relist(bag: Path, name: str) -> None:
    """Write a list of the bag anew, as somebody would who covers their tracks."""
    below = bag / "data" if name.startswith("manifest") else bag
    files = [path for path in below.rglob("*") if path.is_file() and path.name != name]
    if below == bag:
        files = [path for path in files if not path.is_relative_to(bag / "data")]
    names = sorted((str(path.relative_to(bag)), path) for path in files)
    lines = [f"{sha256(path.read_bytes()).hexdigest()}  {name}\n" for name, path in names]
    (bag / name).write_text("".join(sorted(lines, key=lambda line: line[66:].encode())), encoding="utf-8")


def edit(path: Path, how: Callable[[str], str]) -> None:
    """Change a text, and make sure that it is changed."""
    before = path.read_bytes().decode("utf-8")
    after = how(before)
    assert after != before
    path.write_bytes(after.encode("utf-8"))


def edit_lines(path: Path, how: Callable[[list[str]], list[str]]) -> None:
    edit(path, lambda text: "".join(how(text.splitlines(keepends=True))))


def flip(text: str, after: str) -> str:
    at = text.index(after) + len(after)
    return text[:at] + ("1" if text[at] == "0" else "0") + text[at + 1 :]


def containing(lines: list[str], text: str) -> int:
    return next(index for index, line in enumerate(lines) if text in line)


CHANGES: dict[str, Callable[[Path, dict[str, str]], object]] = {
    "write": lambda path, change: path.write_bytes(change["text"].encode("utf-8")),
    "append": lambda path, change: edit(path, lambda text: text + change["text"]),
    "replace": lambda path, change: edit(path, lambda text: text.replace(change["old"], change["new"], 1)),
    "cut_line": lambda path, change: edit_lines(
        path, lambda lines: [line for n, line in enumerate(lines) if n != containing(lines, change["containing"])]
    ),
    "double_line": lambda path, change: edit_lines(
        path,
        lambda lines: (
            lines[: containing(lines, change["containing"]) + 1] + lines[containing(lines, change["containing"]) :]
        ),
    ),
    "reverse_lines": lambda path, _: edit_lines(path, lambda lines: lines[::-1]),
    "flip_hex": lambda path, change: edit(path, lambda text: flip(text, change["after"])),
    "remove": lambda path, _: path.unlink(),
    "link": lambda path, change: path.symlink_to(change["to"]),
    "directory": lambda path, _: path.mkdir(),
    "fifo": lambda path, _: os.mkfifo(path),
}


def apply(bag: Path, change: dict[str, str]) -> None:
    """Carry out one change."""
    kind = next(iter(change))
    path = bag / change[kind]
    if kind == "relist":
        relist(bag, change[kind])
    elif kind == "move":
        path.rename(bag / change["to"])
    elif kind == "copy":
        shutil.copyfile(path, bag / change["to"])
    else:
        CHANGES[kind](path, change)


@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.toml")), ids=lambda path: path.stem)
def test_a_changed_bundle_is_found_out_and_unpacks_to_nothing(path: Path, packed: Path, tmp_path: Path) -> None:
    recipe = load(path)
    bag = tmp_path / "bags" / "bundle"
    shutil.copytree(packed, bag)
    for change in recipe.changes:
        apply(bag, change)
    before = snapshot(tmp_path)

    if recipe.finding:
        report = verify_it(bag)
        found = [f"{finding.code.value}: {in_english(finding)}" for finding in report.findings]
        assert report.exit_code == recipe.exit, found
        assert any(text.startswith(recipe.finding) for text in found), found
    else:
        with pytest.raises(InputError):
            verify_it(bag)

    if recipe.unpacks:
        unpack(bag, tmp_path / "copy")
        assert verify_it(tmp_path / "copy").exit_code is ExitCode.OK
        shutil.rmtree(tmp_path / "copy")
    else:
        with pytest.raises(EvtoolError):
            unpack(bag, tmp_path / "copy")
    assert snapshot(tmp_path) == before


def test_most_of_the_vectors_must_fail() -> None:
    recipes = [load(path) for path in VECTORS.glob("*.toml")]
    assert len(recipes) > 60
    assert sum(recipe.exit != 0 for recipe in recipes) > 0.9 * len(recipes)
