"""The plan of the house: which rooms there are, on which floors, and that imports point down only.

A reader follows a file from the command line to the verdict without ever climbing back up. What keeps it so is this
page: a new room, or a new arrow between two rooms, is decided here first.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]

FLOORS: Mapping[str, list[set[str]]] = {
    "evtool": [
        {"core", "web"},  # what checks without evtool shares nothing with it
        {"scan", "metadata", "keys", "report", "interop"},
        {"store"},  # reads files as scan does, and unlocks with keys
        {"operations"},
        {"cli"},
        {"__main__"},
    ],
    "evtool.core": [
        {"values"},  # what every value is made of
        {"errors"},
        {"finding", "text"},
        {"terms", "ssh", "container", "timestamp", "metadata"},  # claims are spelled canonically, as text says
        {"manifest"},
        {"custody"},
        {"consent"},
        {"verdict"},
    ],
    "evtool.operations": [
        {"workers", "merge", "inspect", "record", "author"},
        {"verify"},
        {"entries"},
        {"timestamps", "seal", "bundle", "examine"},
        {"catalogue"},  # a repository's work: whole bundles in, and its own journal sealed
    ],
    "evtool.cli": [
        {"completion", "delivery", "environment", "next_command", "screen", "ways", "progress_bars", "topics"},
        {"command"},
        {"output", "group"},
        {"options", "progress", "faults", "usage", "telling"},
        {"answers", "notes"},
        {"commands", "app"},
    ],
}
"""Package -> its rooms from the ground up. A room imports from the floors below it, and from no room beside it."""

MOST_ROOMS = {"evtool.core": 13, "evtool.operations": 12}
MOST_FLOORS = {"evtool.operations": 5}


class Arrow(NamedTuple):
    """One import: from a module, to a module, at a line, and whether it stands in a function."""

    source: str
    target: str
    line: int
    is_local: bool


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted((ROOT / "evtool").rglob("*.py"))}


@cache
def imports_in(module: str) -> list[tuple[ast.Import | ast.ImportFrom, bool]]:
    """All imports in a module, those for the type checker included; whether each stands in a function."""
    found: list[tuple[ast.Import | ast.ImportFrom, bool]] = []
    statements: list[tuple[ast.AST, bool]] = [(ast.parse(MODULES[module].read_text("utf-8")), False)]
    for node, is_local in statements:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append((node, is_local))
        inner = is_local or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        # An import is a statement, and no expression holds statements.
        statements += [(child, inner) for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]
    return found


def imports_of(module: str) -> Iterator[Arrow]:
    """All imports of evtool's own modules in a module."""
    for node, is_local in imports_in(module):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        else:
            targets = [f"{node.module}.{alias.name}" for alias in node.names]
            targets = [name if name in MODULES else str(node.module) for name in targets]
        for target in targets:
            if target in MODULES:
                yield Arrow(module, target, node.lineno, is_local)


@cache
def all_arrows() -> list[Arrow]:
    return [arrow for module in MODULES for arrow in imports_of(module)]


def room_of(module: str, package: str) -> str | None:
    """The room of a package that a module lies in; None if it lies elsewhere, or is the package itself."""
    return module.removeprefix(f"{package}.").split(".")[0] if module.startswith(f"{package}.") else None


def breaches(package: str, arrows: list[Arrow]) -> list[str]:
    """The imports that do not point down."""
    height = {room: number for number, floor in enumerate(FLOORS[package]) for room in floor}
    found = []
    for arrow in arrows:
        source, target = room_of(arrow.source, package), room_of(arrow.target, package)
        if source and target and source != target and height[target] >= height[source]:
            found.append(f"{arrow.source} (line {arrow.line}) imports {arrow.target}")
    return found


def circle(arrows: list[Arrow]) -> list[str]:
    """The modules that lie on a circle of imports, or lead to one only: what is left when leaves are taken off."""
    targets = {module: {arrow.target for arrow in arrows if arrow.source == module} - {module} for module in MODULES}
    while leaves := [module for module, below in targets.items() if not below]:
        for module in leaves:
            del targets[module]
        targets = {module: below.difference(leaves) for module, below in targets.items()}
    return sorted(targets)


@pytest.mark.parametrize("package", FLOORS)
def test_the_plan_names_every_room(package: str) -> None:
    rooms = {room_of(module, package) for module in MODULES} - {None}
    assert rooms == set().union(*FLOORS[package])
    assert len(rooms) <= MOST_ROOMS.get(package, 100)
    assert len(FLOORS[package]) <= MOST_FLOORS.get(package, 100)


@pytest.mark.parametrize("package", FLOORS)
def test_imports_point_down(package: str) -> None:
    assert breaches(package, all_arrows()) == []


def test_no_import_leads_back_to_its_own_module() -> None:
    """No circle anywhere, be it between rooms or inside one, or by an import that only runs later."""
    assert circle(all_arrows()) == []


def test_nothing_below_imports_the_package_itself() -> None:
    """`evtool/__init__` offers what the rooms have; a room that asked it would ask itself."""
    assert [arrow for arrow in all_arrows() if arrow.target == "evtool"] == []


def test_an_import_in_a_function_gives_its_reason() -> None:
    """Only what would make every start slower is imported late, or what a platform may lack, and it says so."""
    without = []
    for module, path in MODULES.items():
        lines = path.read_text("utf-8").splitlines()
        late = {node.lineno for node, is_local in imports_in(module) if is_local}
        for number in sorted(late):
            above = number - 1
            while above in late or not lines[above - 1]:  # groups of imports belong together
                above -= 1
            if "  # " not in lines[number - 1] and not lines[above - 1].lstrip().startswith(("#", "try:")):
                without.append(f"{module}, line {number}: {lines[number - 1].strip()}")
    assert without == []


def test_breaches_are_found() -> None:
    """The rules above see an arrow that points up, one beside, and a circle."""
    up = Arrow("evtool.core.text.names", "evtool.store.writer", 1, False)
    beside = Arrow("evtool.operations.seal.seal", "evtool.operations.bundle.pack", 1, True)
    back = Arrow("evtool.core.errors", "evtool.core.verdict.verdict", 1, True)
    assert len(breaches("evtool", [*all_arrows(), up])) == 1
    assert len(breaches("evtool.operations", [*all_arrows(), beside])) == 1
    assert "evtool.core.errors" in circle([*all_arrows(), back])


def lengths(source: str, kind: type[ast.FunctionDef] | type[ast.ClassDef]) -> dict[str, int]:
    """Lines of each function, or of each class."""
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, kind)]
    return {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in found}


@pytest.mark.parametrize(("kind", "most"), [(ast.FunctionDef, 60), (ast.ClassDef, 350)])
def test_functions_and_classes_are_read_in_one_sitting(
    kind: type[ast.FunctionDef] | type[ast.ClassDef], most: int
) -> None:
    assert lengths("def f():\n  pass\nclass C:\n  x = 1\n  y = 2", ast.ClassDef) == {"C": 3}
    found = {
        f"{module}.{name}": lines
        for module, path in MODULES.items()
        for name, lines in lengths(path.read_text("utf-8"), kind).items()
        if lines > most
    }
    assert found == {}


def loop_variables(source: str) -> Iterator[tuple[int, str]]:
    """Names that a loop or a comprehension gives to what it goes through, each with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.For | ast.comprehension):
            for name in ast.walk(node.target):
                if isinstance(name, ast.Name):
                    yield name.lineno, name.id


def test_no_loop_variable_is_called_one() -> None:
    """`one` says how many, which a loop says already: the reader wants to know one of what."""
    assert list(loop_variables("for one, other in pairs: pass\n[one for (_, one) in pairs]")) == [
        (1, "one"),
        (1, "other"),
        (2, "_"),
        (2, "one"),
    ]
    paths = [path for folder in ("evtool", "tests", "examples") for path in (ROOT / folder).rglob("*.py")]
    sources = [(path, source) for path in paths if "one" in (source := path.read_text("utf-8"))]
    loops = [(path, source) for path, source in sources if re.search(r"\bfor\b[^:]*\bone\b", source)]
    found = [(path, line) for path, source in loops for line, name in loop_variables(source) if name == "one"]
    assert found == []


def public_types(source: str) -> Iterator[str]:
    """Public classes of a module, and other types that it names with a capital: `Code = NewType("PartyCode", str)`."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign) and not re.match(r"TypeVar|ParamSpec", ast.unparse(node.value)):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        else:
            continue
        yield from (name for name in names if name[0].isupper() and not name.isupper())


def test_no_two_types_have_one_name() -> None:
    """Who reads a name knows what it is, without looking for where it came from."""
    assert list(public_types("class A1b:\n  pass\nclass _C: pass\nDef = NewType('Def', str)\nLIMIT = 1")) == [
        "A1b",
        "Def",
    ]
    homes: dict[str, list[str]] = {}
    for module, path in MODULES.items():
        for name in public_types(path.read_text("utf-8")):
            homes.setdefault(name, []).append(module)
    assert {name: modules for name, modules in homes.items() if len(modules) > 1} == {}
