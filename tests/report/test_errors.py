"""Errors in other languages: each that has a key has a text with the same values, and the others become fewer."""

from __future__ import annotations

import ast
import importlib
import pickle
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from evtool.core import errors
from evtool.core.errors import EvtoolError, FormatError, InputError, KeyFileError, MismatchError
from evtool.core.finding import Cause, Code, Effect, Finding, Words
from evtool.report.language import english, in_english, load_language
from tests.report.test_languages import OTHERS, choices_of, texts_of, values_in
from tests.tools.write_command_pages import walk

ROOT = Path(__file__).parents[2]
PLACE = re.compile(r"\{(\w+)(\.\w+)?(?::[^}]*)?\}")
"""A value in the English of an error, and the attribute of it that is said."""

MOST_UNTOLD = 0
"""How many errors have no text in other languages. This number may fall, and may not rise."""


class Keyed(NamedTuple):
    """An error in the code: its place, what it can be (key, message and hint in English), the names of its values."""

    place: str
    forms: tuple[tuple[str, str, str], ...]
    names: frozenset[str]


def texts_in(node: ast.expr | None, module: object, place: str) -> tuple[str, ...]:
    """The texts that an argument can be; a template is written out where the error is raised, or is a constant."""
    if node is None:
        return ("",)
    texts = []
    for choice in choices_of(node):
        text = getattr(module, choice.id) if isinstance(choice, ast.Name) else getattr(choice, "value", None)
        assert isinstance(text, str), f"{place}: not a plain text"
        texts.append(text)
    return tuple(texts)


_WITH_KEYS = {"NetworkError", "RenamedError", "TableError", "ZipError"}
"""Classes that give each of their errors a key."""


def families() -> set[str]:
    """Names of all classes of errors, wherever they are, but those that give themselves their key."""
    below = [EvtoolError]
    for kind in below:
        below += kind.__subclasses__()
    return {kind.__name__ for kind in below} - _WITH_KEYS


_AS_WELL = ("error", "super().__init__")
"""What else makes an error: a family chosen beforehand, and a family of its own making."""


@cache
def made_errors() -> tuple[list[Keyed], list[str]]:
    """The errors in the code that have a key, and the places of those that do not."""
    paths = [path for path in sorted((ROOT / "evtool").rglob("*.py")) if "rror(" in path.read_text("utf-8")]
    apart = ROOT / "evtool" / "web"  # programs that share nothing with the package
    paths = [path for path in paths if not path.is_relative_to(apart)]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    modules = {path: importlib.import_module(name) for path, name in zip(paths, names, strict=True)}
    kinds, keyed, untold = families(), [], []
    for path, module in modules.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            place, call = f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", ast.unparse(node.func)
            given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
            if call not in kinds and not ("key" in given and call in _AS_WELL):
                continue
            if "key" not in given:
                untold.append(place)
                continue
            values = frozenset(given) - {"hint", "ways", "lines", "key"}
            sides = [texts_in(side, module, place) for side in (given["key"], node.args[0], given.get("hint"))]
            most = max(map(len, sides))
            # Where more than one depends on a condition, it is the same one.
            assert all(len(side) in (1, most) for side in sides), place
            key, message, hint = (side if len(side) == most else side * most for side in sides)
            keyed.append(Keyed(place, tuple(zip(key, message, hint, strict=True)), values))
    return keyed, untold


def said(*texts: str) -> set[str]:
    """The names of values in English; a hint that is that of another error is said by the key of that one."""
    return {place[1] for text in texts for place in PLACE.finditer(text) if place[2] != ".hint"}


@cache
def said_in(code: str, key: str) -> set[str]:
    """The names of values in what another language says of an error."""
    texts = texts_of(code)
    return {name for form in (*texts[f"error.{key}"], *texts.get(f"hint.{key}", ())) for name in values_in(form)}


@pytest.mark.parametrize("code", OTHERS)
def test_every_error_with_a_key_has_a_text_with_its_values(code: str) -> None:
    """A missing text, one of an error that there is no more, and one with other values are named."""
    texts = texts_of(code)
    found: Mapping[str, set[str]] = {
        table: {key.removeprefix(table) for key in texts if key.startswith(table)} for table in ("error.", "hint.")
    }
    hints = {key for each in made_errors()[0] for key, _, hint in each.forms if hint and not hint.endswith(".hint}")}
    assert found["error."] == {key for each in made_errors()[0] for key, _, _ in each.forms} | {"untold"}
    assert found["hint."] == hints | {"untold"}
    wrong = []
    for each in made_errors()[0]:
        plain = {name for name in each.names if not name.endswith("_en")}
        for key, message, hint in each.forms:
            own, other = {name for name in said(message, hint) if not name.endswith("_en")}, said_in(code, key)
            if not own <= other <= plain:
                wrong.append(f"{each.place}: {key} has {sorted(other)}, the English {sorted(own)}")
    assert wrong == []


def test_every_value_of_an_error_is_said_in_some_language() -> None:
    """What no text says is not given."""
    wrong = []
    for each in made_errors()[0]:
        names = {name for key, message, hint in each.forms for name in PLACE.findall(message + hint)}
        told = {name[0] for name in names} | {
            name for code in OTHERS for key, _, _ in each.forms for name in said_in(code, key)
        }
        if told < each.names or not {name[0] for name in names} <= each.names:
            wrong.append(f"{each.place}: {sorted(each.names)}, said are {sorted(told)}")
    assert wrong == []


def test_errors_without_a_text_in_other_languages_become_fewer() -> None:
    """Whoever writes a new error gives it a key, and a text; see `evtool/core/errors.py`."""
    keyed, untold = made_errors()
    assert len(keyed) > 100
    assert len(untold) <= MOST_UNTOLD, untold


def test_an_error_names_no_option_of_a_command_line() -> None:
    """Whoever calls from Python has none: an error says what to change, and the command line adds the option for it.

    A whole command between backticks is something else: that is for a person to run, whoever called.
    """
    word = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
    options = {name for context in walk() for param in context.command.get_params(context) for name in param.opts}
    assert {"--trust", "-o"} <= options
    named, seen = [], 0
    for path in sorted((ROOT / "evtool").rglob("*.py")):
        if path.is_relative_to(ROOT / "evtool" / "cli"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1].endswith(("Error", "error")):
                seen += 1
                for text in map(ast.unparse, [*node.args, *(keyword.value for keyword in node.keywords)]):
                    if options.intersection(word.findall(re.sub("`[^`]*`", "", text))):
                        named.append(f"{path.relative_to(ROOT).as_posix()}:{node.lineno}: {text}")
    assert seen > 500
    assert named == []


def gone(name: str) -> InputError:
    return InputError("{path} is gone", hint="look for {path}", key="test-gone", path=name)


def test_an_error_says_in_english_what_its_template_says() -> None:
    """A name with braces is a value; without a key, braces are text."""
    error = gone(r"a\u{202E}{x}")
    assert (str(error), error.hint) == (r"a\u{202E}{x} is gone", r"look for a\u{202E}{x}")
    assert str(InputError("a {b} c")) == "a {b} c"
    again = pickle.loads(pickle.dumps(error))  # as errors of workers travel
    assert (again.message, again.key, again.values) == (error.message, error.key, error.values)
    other = KeyFileError.like(error)
    assert (other.message, other.hint, other.key, other.exit_code) == (error.message, error.hint, error.key, 4)


def test_an_error_is_said_by_its_key_and_another_one_behind_a_sentence() -> None:
    korean = load_language("ko")
    without = InputError("it did not work", hint="try again")
    assert korean.say_error(without) == "다음 오류는 영문으로만 볼 수 있습니다. it did not work"
    assert korean.say_hint(without) == "다음 안내는 영문으로만 볼 수 있습니다. try again"
    assert english().say_error(without) == "it did not work"
    both = InputError("{first} and {second} clash", key="one-of-two", first="--a", second="--b")
    both.options = "--c"
    assert korean.say_error(both) == "--a, --b: 둘 중 하나만 쓸 수 있습니다"
    assert (korean.say_hint(both), english().say_hint(both)) == ("(--c)", "(--c)")


def test_an_error_in_an_error_and_a_finding_in_one_are_said_in_the_same_language() -> None:
    """The system's own errors by their number; findings by their code; escaped once."""
    korean = load_language("ko")
    why = OSError(13, "Permission denied")
    error = InputError("{why_en}: {path}", key="system-file", why_en="Permission denied", why=why, path=r"a\u{202E}")
    assert korean.say_error(error) == r"a\u{202E}: 접근 권한이 없습니다"
    outer = FormatError("{why}", key="misused", hint="{why.hint}", why=error, page="x")
    assert korean.say_error(outer) == r"a\u{202E}: 접근 권한이 없습니다"
    finding = Finding(Code.MISSING, Effect.DISPROVES, Words("gone"), path="a")
    told = MismatchError("it fails: {why}", key="misused", why=in_english(finding), page="x")
    assert (str(told), korean.say_error(told)) == ("it fails: a: is missing", "a: 없음")
    listed = MismatchError("two things:", lines=(in_english(finding), "b"))
    assert (korean.say_lines(listed), english().say_lines(listed)) == (["a: 없음", "b"], ["a: is missing", "b"])
    cause = Cause.of(error)
    broken = Finding(Code.SIGNATURE_INVALID, Effect.DISPROVES, Words("signature", name="x", why=cause))
    assert korean.say_finding(broken) == r"x: 전자서명이 확인되지 않습니다. a\u{202E}: 접근 권한이 없습니다"


def test_the_families_are_all_known() -> None:
    assert {"EvtoolError", "DerError", "KeyFileError"} <= families()
    assert errors.EvtoolError is EvtoolError


def test_a_command_in_a_name_is_not_one_of_the_hint() -> None:
    """A file can be called as if it were a command; what a run types next is made of the text, and never of a name."""
    name = "`evtool log DIR`"
    inner = InputError(
        "{page} is gone", hint="`evtool verify DIR`, then {page}", key="no-such-option", page=name, option="x"
    )
    outer = FormatError("{path}: {why}", hint="{why.hint}", key="file-why", path="x", why=inner)
    unkeyed = InputError("x", hint="`evtool verify DIR`")
    assert pickle.loads(pickle.dumps(inner)).hint_template == inner.hint_template
    for error, wanted in ((inner, name), (outer, name), (unkeyed, "")):
        error.fill = lambda text: text.replace("DIR", "case")
        said = english().say_hint(error)
        assert said == "`evtool verify case`" + (f", then {wanted}" if wanted else "")
    assert load_language("ko").say_hint(outer) == f"`{name}` 명령으로 사용법을 볼 수 있습니다"
    told = load_language("ko").say_hint(KeyFileError.like(unkeyed))
    assert told == "다음 안내는 영문으로만 볼 수 있습니다. `evtool verify DIR`"
