"""What a program gets from `import evtool`: the functions that the commands call."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.resources import files

import pytest

import evtool

MODULES = sorted(
    path.name.removesuffix(".py") for path in files("evtool.cli.commands").iterdir() if path.name.endswith(".py")
)
"""Modules of the command line."""

PUBLIC = [name for name in dir(evtool) if not name.startswith("_")]
"""What the package offers."""


def imported_operations(module: str) -> set[str]:
    """The functions of `evtool.operations` that a module of the command line imports."""
    tree = ast.parse(files("evtool.cli.commands").joinpath(f"{module}.py").read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    named = [(node.module or "", alias.name) for node in imports for alias in node.names]
    return {name for home, name in named if home.startswith("evtool.operations.") and name[0].islower()}


@pytest.mark.parametrize("module", MODULES)
def test_what_a_command_calls_is_public(module: str) -> None:
    """Whatever the command can do, a program can do with the same function."""
    assert imported_operations(module) - set(PUBLIC) == set()


def test_the_commands_call_operations() -> None:
    """Else the test above would see nothing."""
    assert len(set().union(*map(imported_operations, MODULES))) > 30


def test_every_public_name_is_there() -> None:
    """Each public name can be had, is documented, and is defined where the package says."""
    for name in PUBLIC:
        thing = getattr(evtool, name)
        assert thing.__doc__, name
        assert getattr(thing, "__name__", name) == name
        assert getattr(sys.modules[thing.__module__], name) is thing


def test_no_other_name_is_made_up() -> None:
    """A misspelt name is an AttributeError as with any module."""
    with pytest.raises(AttributeError, match="no attribute 'timestmap'"):
        getattr(evtool, "timestmap")  # noqa: B009  # as a caller would write it


def test_importing_the_package_imports_nothing_else() -> None:
    """`import evtool` is quick: the names are fetched when they are first used."""
    code = "import sys, evtool; print([name for name in sys.modules if name.startswith('evtool.')])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_dir_and_help_show_the_public_names() -> None:
    """Whoever explores the package in Python sees what it offers, and nothing else."""
    code = "import evtool; print(dir(evtool)); help(evtool)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, _, page = run.stdout.partition("\n")
    assert first == str(sorted(["__version__", *PUBLIC]))
    assert {"seal", "verify", "pack"} <= {name for name in PUBLIC if f"    {name}(" in page}
