"""What a program gets from `import evtool`: the functions that the commands call."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.resources import files

import pytest

import evtool

COMMANDS_OF_TIME = ["timestamp", "timestamp_airgap", "timestamp_revocation", "renew", "due"]
"""Modules of the command line about trusted time."""


def imported_operations(module: str) -> set[str]:
    """The functions of `evtool.operations` that a module of the command line imports."""
    tree = ast.parse(files("evtool.cli").joinpath(f"{module}.py").read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    named = [(node.module or "", alias.name) for node in imports for alias in node.names]
    return {name for home, name in named if home.startswith("evtool.operations.") and name[0].islower()}


@pytest.mark.parametrize("module", COMMANDS_OF_TIME)
def test_what_a_command_of_time_calls_is_public(module: str) -> None:
    """Whatever the command can do, a program can do with the same function."""
    operations = imported_operations(module)
    assert operations
    assert operations - set(evtool.__all__) == set()


def test_every_public_name_is_there() -> None:
    """Each name in `__all__` can be had, is documented, and is defined where the package says."""
    for name in evtool.__all__:
        thing = getattr(evtool, name)
        assert thing.__doc__, name
        assert getattr(thing, "__name__", name) == name
        assert getattr(sys.modules[thing.__module__], name) is thing


def test_no_other_name_is_made_up() -> None:
    """A misspelt name is an AttributeError as with any module."""
    with pytest.raises(AttributeError, match="no attribute 'timestmap'"):
        evtool.timestmap  # noqa: B018


def test_importing_the_package_imports_nothing_else() -> None:
    """`import evtool` is quick: the names are fetched when they are first used."""
    code = "import sys, evtool; print([name for name in sys.modules if name.startswith('evtool.')])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
