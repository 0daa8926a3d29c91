"""Writes what is made from the declarations of all commands: the table of completion, and the man pages.

    python -m tests.tools.write_command_pages            write them where they belong
    python -m tests.tools.write_command_pages FOLDER     write them below another folder, to compare

The help of a command is the source of its man page, which has all of it. click-man is not used: it leaves out what
stands behind the options, which are the examples and the exit codes here, and the headings between them, and takes a
line that begins with a dot, or a backslash, for an instruction.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from pathlib import Path

import click

from evtool.cli.command import OUTPUT, OWN, Argument, Option, help_record
from evtool.cli.completion import offers
from evtool.cli.completion.table import DEFAULT, FLAG, PROGRAM, REPEATED, SUBCOMMAND, Declared
from evtool.cli.group import Group, make_program
from evtool.cli.screen import COMMANDS

ROOT = Path(__file__).parents[2]

TABLE = "evtool/cli/completion/table.txt"
"""Where the table of completion is."""

MAN = "evtool/cli/man"
"""Where the man pages are; the build puts them into `share/man/man1`."""

_LONGEST = 70
"""How many characters a shell shows of what a word means."""


def walk(command: click.Command | None = None, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Give a context for the program, for each group and for each command, in the order of their listing."""
    command = command or make_program()
    name = command.name if parent else PROGRAM
    context = click.Context(command, info_name=name, parent=parent, **command.context_settings)
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            below.name = name
            yield from walk(below, context)


# --- completion ------------------------------------------------------------------------------------------------------


def write_table() -> str:
    """Write the table of completion."""
    return "\n".join(
        _write_section(context.command_path.removeprefix(f"{PROGRAM} "), _rows(context)) for context in walk()
    ).replace("\n\n\n", "\n\n")


def _write_section(command: str, rows: Iterable[Declared]) -> str:
    """Write the section of a command, or of a group; `evtool` is the group of all."""
    lines = [f"{' '.join(row.names)}\t{row.spec}{REPEATED if row.is_repeated else ''}\t{row.means}\n" for row in rows]
    return f"[{command}]\n{''.join(lines)}\n"


def _rows(context: click.Context) -> Iterator[Declared]:
    command = context.command
    if isinstance(command, click.Group):
        default = command.default if isinstance(command, Group) else None
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            means = COMMANDS[name][1] if context.parent is None else _shorten(str(below.help))
            yield Declared((name,), DEFAULT if name == default else SUBCOMMAND, False, means)
    for param in command.get_params(context):
        if isinstance(param, click.Option):
            names = tuple(sorted([*param.opts, *param.secondary_opts], key=len))
            if param.name == "help":  # click keeps the names of the context that asked for it first
                names = tuple(sorted(context.help_option_names, key=len))
            if not param.hidden:
                yield Declared(
                    names, FLAG if param.is_flag else _spec(param), param.multiple, _shorten(param.help or "")
                )
        elif not isinstance(command, click.Group):
            yield Declared((param.make_metavar(context).strip("[]."),), _spec(param), param.nargs == -1, "")


def _spec(param: click.Parameter) -> str:
    """Say what a shell offers for the value: what is declared, else what the type says."""
    declared = param.completes if isinstance(param, Option | Argument) else None
    if declared is not None:
        return declared
    if isinstance(param.type, click.Choice):
        return offers.words(map(str, param.type.choices))
    if isinstance(param.type, click.Path):
        is_directory = (param.metavar or str(param.name)).lower() in ("dir", "directory")
        return "dir" if is_directory else "file"
    return "file" if param.metavar in ("FILE", "FILE.pub") else offers.NOTHING


def _shorten(text: str) -> str:
    """Give the first sentence of a help text, cut to what a shell shows."""
    first = re.split(r"(?<=[a-z)])[.:] |\.$| \[", " ".join(cleandoc(text).split()))[0].removesuffix(".")
    return first if len(first) <= _LONGEST else f"{first[: _LONGEST - 3].rsplit(' ', 1)[0]}..."


# --- man pages -------------------------------------------------------------------------------------------------------


_LONG_NAME = 30
"""Two such names, at the left and at the right of the first line, leave no room for two words between them."""


def write_man_pages() -> dict[str, str]:
    """Write the man pages: file name -> text. None has a date or a version: the same commands give the same bytes."""
    contexts = list(walk())
    pages = {context.command_path.replace(" ", "-"): context for context in contexts}
    return {f"{MAN}/{name}.1": _write_man_page(name, context) for name, context in pages.items()}


def _write_man_page(name: str, context: click.Context) -> str:
    command = context.command
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", cleandoc(command.help or ""))]
    manual = "evtool manual" if len(name) < _LONG_NAME else "evtool"
    lines = [f'.TH {_escape(name.upper())} 1 "" evtool "{manual}"', ".ad l", ".nh", ".SH NAME"]
    lines += [f"{_escape(name)} \\- {_escape(_first_sentence(paragraphs[0]))}", ".SH SYNOPSIS"]
    lines += [f"\\fB{_escape(context.command_path)}\\fR {_escape(' '.join(command.collect_usage_pieces(context)))}"]
    lines += [".SH DESCRIPTION", *_paragraphs(paragraphs)]
    lines += list(_commands(context))
    for heading, options in _option_sections(context).items():
        lines.append(f".SH {_escape(heading.upper())}")
        for names, means in options:
            lines += [".TP", f"\\fB{_escape(names)}\\fR", _escape(means)]
    lines += list(_epilog(command.epilog or ""))
    above = f"{context.parent.command_path.replace(' ', '-')}" if context.parent else ""
    see = [page for page in (above, "evtool" if above != "evtool" else "") if page and page != name]
    if see:
        lines += [".SH SEE ALSO", ", ".join(f"\\fB{_escape(page)}\\fR(1)" for page in see)]
    return "\n".join(lines) + "\n"


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[a-z)])[.] ", text)[0].removesuffix(".")


def _paragraphs(paragraphs: list[str]) -> Iterator[str]:
    for paragraph in paragraphs:
        yield from (".PP", _escape(paragraph))


def _commands(context: click.Context) -> Iterator[str]:
    command = context.command
    if not isinstance(command, click.Group):
        return
    yield ".SH COMMANDS"
    for below in command.list_commands(context):
        found = command.get_command(context, below)
        assert found is not None
        page = f"{context.command_path.replace(' ', '-')}-{below}"
        yield from (".TP", f"\\fB{_escape(page)}\\fR(1)", _escape(_first_sentence(" ".join(str(found.help).split()))))


def _option_sections(context: click.Context) -> dict[str, list[tuple[str, str]]]:
    """Give the sections of the help page, under their headings; the output comes last."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for param in context.command.get_params(context):
        record = help_record(param, context)
        if record is not None:
            is_last = "--help" in param.opts
            heading = param.section if isinstance(param, Option) else OUTPUT if is_last else OWN
            sections.setdefault(heading, []).append((record[0], " ".join(record[1].split())))
    last = sections.pop(OUTPUT, [])
    return sections | ({OUTPUT: last} if last else {})


def _epilog(epilog: str) -> Iterator[str]:
    """Write the examples, the exit codes and the other tables as they stand, and what is said beside them."""
    in_notes = False
    for block in re.split(r"\n\s*\n", epilog.strip("\n")):
        if not block.startswith("\b\n"):
            if not in_notes:
                yield ".SH NOTES"
            in_notes = True
            yield from _paragraphs([" ".join(block.split())])
            continue
        rows = block.removeprefix("\b\n").splitlines()
        if not rows[0].startswith(" "):
            heading = rows.pop(0)
            yield f".SH {_escape(_HEADINGS.get(heading, heading.removesuffix(':').upper()))}"
            in_notes = False
        yield from (".in 0", ".nf", *map(_escape, rows), ".fi", ".in")


_HEADINGS = {"Exit codes:": "EXIT STATUS"}
"""What man pages call it."""

_MARKS = {"\\": "\\e", "-": "\\-", "`": "\\(ga", "'": "\\(aq", "^": "\\(ha", "~": "\\(ti"}
"""What groff would print as another character."""


def _escape(text: str) -> str:
    """Write text so that it is printed as it stands, at the beginning of a line too."""
    escaped = "".join(_MARKS.get(character, character) for character in text)
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


def main(folder: Path) -> None:
    """Write everything below a folder."""
    for name, text in ({TABLE: write_table()} | write_man_pages()).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
