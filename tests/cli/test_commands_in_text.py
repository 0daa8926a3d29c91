"""Every command that evtool tells people to type is one that it has: in the README, help, format pages and hints."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from evtool.cli.group import Group, make_program
from evtool.cli.topics.pages import OTHER_WORDS, TOPICS
from evtool.cli.ways import options_for
from evtool.core.errors import EvtoolError, Way

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = make_program()
TOP = click.Context(PROGRAM, info_name="evtool", terminal_width=80, **PROGRAM.context_settings)

_ENDS = re.compile(r"\A(\||\|\||&&|;|[0-9]?[<>]{1,2}.*|#.*)\Z")
"""Where a shell ends the arguments of a command."""

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


class Told(NamedTuple):
    """A command that a text tells, and where; `whole` if it is to be typed as it stands, and not just mentioned."""

    place: str
    line: str
    whole: bool


def walk(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            inner = context.command.get_command(context, name)
            assert inner is not None
            yield from walk(click.Context(inner, info_name=name, parent=context))


CONTEXTS = list(walk(TOP))
OPTIONS = {
    name
    for context in CONTEXTS
    for param in context.command.get_params(context)
    for name in (*param.opts, *param.secondary_opts)
}


def commands_in_page(place: str, text: str) -> Iterator[Told]:
    """Find what a page shows: lines behind a prompt or in the lists of examples, and what stands between backticks."""
    fenced = False
    for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines():
        fenced ^= line.startswith("```")
        if fenced and line.startswith("evtool "):
            yield Told(place, line, whole=True)
        elif match := re.match(r"(?:[A-Za-z0-9]*\$ |    evtool(?= ))(.*)", line):
            words = line[match.start(1) :] if "$ " in match[0][: match.start(1)] else f"evtool{match[1]}"
            for piece in re.split(r" (?:&&|\|) ", words):
                if piece.startswith("evtool "):
                    # What stands behind two spaces is a remark.
                    yield Told(place, re.split(r" {2,}", piece)[0], whole=True)
    for code in re.findall(r"`(evtool [^`]+)`", text.replace("\n", " ")):
        yield Told(place, re.sub(r"\s+", " ", code), whole=False)


def commands_in_script(place: str, text: str) -> Iterator[Told]:
    for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines():
        if match := re.search(r"(?:^|\$\(|&& |; )\s*(evtool [^)]*)", line.partition("#")[0]):
            yield Told(place, match[1].replace("$", ""), whole=True)


def strings_of(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a module that can be printed: not its docstrings, and X for what is filled in."""
    passed: set[int] = set()  # docstrings, and the pieces of texts that are given whole
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):  # what holds a node comes before it
        if isinstance(node, ast.Expr):
            passed.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            passed.update(map(id, node.values))
            parts = [str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values]
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
            yield node.lineno, node.value


@cache
def strings() -> list[tuple[str, str]]:
    """The texts of the whole program, each with its place."""
    return [
        (f"{path.relative_to(ROOT)}:{number}", text)
        for path in sorted((ROOT / "evtool").rglob("*.py"))
        for number, text in strings_of(path)
    ]


def told_everywhere() -> Iterator[Told]:
    pages = [
        ROOT / "README.md",
        *sorted((ROOT / "manifests").rglob("*.md")),
        *(ROOT / "manifests" / "templates").iterdir(),
        *sorted((ROOT / "evtool" / "cli" / "topics").rglob("*.md")),
    ]
    for page in pages:
        yield from commands_in_page(str(page.relative_to(ROOT)), page.read_text("utf-8"))
    for script in sorted((ROOT / "examples").glob("*.sh")):
        yield from commands_in_script(str(script.relative_to(ROOT)), script.read_text("utf-8"))
    for context in CONTEXTS:
        yield from commands_in_page(f"{context.command_path} --help", context.get_help())
    for place, text in strings():
        # Hints, notes, and what is written into a record: its README among them.
        for code in re.findall(r"`(evtool [^`]+)`|(?:run|: ) ?(evtool (?!does |is )[a-z][^;:,.'\"]*)", text):
            yield Told(place, (code[0] or code[1]).strip(), whole=False)


def find_fault(told: Told) -> str | None:
    """Parse a command as click does; None if there is nothing to find fault with."""
    words = []
    try:
        typed = shlex.split(told.line)
    except ValueError:  # a quotation that is not closed
        return None if not told.whole else "has a quotation that is not closed"
    for word in typed:
        if _ENDS.match(word):
            break
        words.append(word)
    context, words = TOP, words[1:]
    while isinstance(context.command, Group) and words:
        # What is no command of a group may be meant for the one that goes without saying.
        name = words[0] if words[0] in context.command.list_commands(context) else context.command.default
        if words[0].startswith("-") and name is None:
            break
        inner = context.command.get_command(context, name) if name else None
        if inner is None:
            return f"{context.command_path} has no command {words[0]}"
        words = words[1:] if name == words[0] else words
        context = click.Context(inner, info_name=name, parent=context)
    if not told.whole:
        known = {name for param in context.command.get_params(context) for name in param.opts}
        unknown = [word for word in words if _OPTION.fullmatch(word.split("=")[0]) and word.split("=")[0] not in known]
        return f"{context.command_path} has no option {unknown[0]}" if unknown else None
    try:
        given, left, _ = context.command.make_parser(context).parse_args(list(words))
        for param in context.command.get_params(context):
            value = given.get(param.name or "")
            absent = value is None or value == () or "UNSET" in repr(value)
            if param.required and absent:
                return f"{param.get_error_hint(context)} is missing"
            is_open = "..." in str(value) or isinstance(param.type, click.Path)
            if not absent and not is_open and not isinstance(value, bool):
                param.process_value(context, value)
    except click.UsageError as error:
        return error.format_message()
    return f"{left} is too much" if left else None


@cache
def everything_told() -> list[Told]:
    return sorted(set(told_everywhere()))


def test_no_topic_has_the_name_of_a_command() -> None:
    assert {*TOPICS, *OTHER_WORDS}.isdisjoint(PROGRAM.list_commands(TOP))


def test_every_command_that_is_told_can_be_typed() -> None:
    faults = [f"{told.place}: {told.line}: {fault}" for told in everything_told() if (fault := find_fault(told))]
    assert faults == []


def test_there_are_commands_in_every_kind_of_text() -> None:
    """The search finds what there is; a pattern that finds nothing would find no fault either."""
    whole = [told.place for told in everything_told() if told.whole]
    for kind in (
        "README.md",
        "evtool/cli/topics/en/keys.md",
        "manifests/FORMAT-verify.md",
        "examples/ingest.sh",
        "evtool pack --help",
    ):
        assert kind in whole, kind
    assert {"evtool/operations/entries/", "evtool/store/"} <= {
        re.sub(r"[^/]*$", "", told.place) for told in everything_told()
    }
    assert len(everything_told()) > 200


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("evtool unpack part.zip part", "--output"),
        ("evtool pack case-12 -o case-12.zip --lock", "No such option"),
        ("evtool prove case-12 17 -o proof.zip", "--items"),
        ("evtool verfy case-12", "has no command verfy"),
        ("evtool consent set case-12 42 --status withdrawn", "is too much"),
        ("evtool seal case-12 --metadata all", "is not one of"),
        ("evtool timestamp case-12 --entry none", "is not a valid integer"),
    ],
)
def test_a_command_that_cannot_be_typed_is_found(line: str, fault: str) -> None:
    """F1, F2 and their kind: each of these stood in a text, or might have."""
    assert fault in str(find_fault(Told("here", line, whole=True)))


def test_every_option_that_is_told_exists() -> None:
    """Also where it is told without its command: in a hint, an error, a help text or a description."""
    foreign = {"--tag", "--data-binary"}  # of the *sum programs, and of curl
    found = [
        f"{place}: {option}"
        for place, text in strings()
        for option in _OPTION.findall(text)
        if option not in OPTIONS | foreign
    ]
    assert found == []


@pytest.mark.parametrize("context", CONTEXTS, ids=lambda context: context.command_path.replace(" ", "-"))
def test_every_help_page_is_whole(context: click.Context) -> None:
    """It fits a terminal of 80 columns, has examples, and says what the exit codes mean."""
    page = context.get_help()
    assert [line for line in page.splitlines() if len(line) > 80] == []
    assert "\n  Examples:\n    evtool " in page.replace("    age -p", "    evtool age -p")
    codes = page.partition("\n  Exit codes:\n")[2]
    assert re.match(r"    0  \S", codes)
    assert "\n    2  " in codes
    # click's own words for a default, and never "Without it: now."
    assert "Without it: " not in page


def test_no_hint_below_the_command_line_names_an_option() -> None:
    """A Python caller has no options; an error says in words what to do, and the command line adds its own."""
    rooms = ("core", "scan", "metadata", "keys", "store", "interop", "operations")
    found = [
        f"{place}: {text}"
        for place, text in strings()
        if place.startswith(tuple(f"evtool/{room}/" for room in rooms))
        # A command that is told as a whole is one to type, whoever reads it.
        if _OPTION.search(re.sub(r"[`'](evtool|curl|ssh-keygen) [^`']+[`']|^evtool [a-z]+ .*", "", text))
        if not text.startswith(("--data-binary", "--tag"))
    ]
    assert found == []


@pytest.mark.parametrize("way", Way, ids=lambda way: way.name)
def test_every_way_out_is_an_option(way: Way) -> None:
    """A command that has the option tells it with the hint; one that has not tells the hint alone."""
    error = EvtoolError("it did not work", hint="do it in another way", ways=(way,))
    having = [context.command for context in CONTEXTS if options_for(error, context.command)]
    assert having
    for command in having:
        names = re.findall(r"(?<= |\()--?[a-z-]+(?= )", options_for(error, command))
        assert set(names) <= {name for param in command.params for name in param.opts}
    assert not all(options_for(error, context.command) for context in CONTEXTS)


def test_the_pages_of_long_commands_have_sections() -> None:
    """Nobody reads a list of thirty options; every command with more than fifteen has them under headings."""
    for context in CONTEXTS:
        options = [param for param in context.command.get_params(context) if isinstance(param, click.Option)]
        headings = re.findall(r"(?m)^([A-Z][a-z -]+):$", context.get_help())
        if len(options) > 15:
            assert len(headings) >= 3, context.command_path
            assert headings[-1] == "Output", context.command_path
