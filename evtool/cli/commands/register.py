"""`evtool register`: the encrypted list of who stands behind the codes."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.command import Command
from evtool.cli.group import Group
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.common import custody_option
from evtool.cli.output import Output, output_options
from evtool.core.errors import ExitCode
from evtool.core.text.names import shown
from evtool.operations.entries.register import RegisterCheck, check_register, read_register
from evtool.report.register_document import RegisterCheckDocument, RegisterHitDocument

GROUP_EXAMPLES = """\b
Examples:
  age -p -o register.toml.age register.toml
                     encrypt it with a passphrase; then destroy register.toml
  evtool register check case-12 --register register.toml.age

\b
Exit codes:
  0  nothing of the register stands in the record
  2  wrong usage, or a register that is not encrypted
  4  the record or the register cannot be read
  5  something of the register stands in the record

A register says which person stands behind a code: a TOML file, encrypted with age, and kept apart from all evidence:

\b
  format = "evtool-register/1"
  [person.S17]
  names = ["...", "..."]
  other = ["a telephone number", "an address"]
"""

CHECK_EXAMPLES = """\b
Examples:
  evtool register check case-12 --register register.toml.age
  evtool register check bundle.zip --register register.toml.age \\
      --identity key.txt

\b
Exit codes:
  0  nothing of the register stands in the record
  2  wrong usage, or a register that is not encrypted
  4  the record or the register cannot be read
  5  something of the register stands in the record

Names are looked for in any Unicode form, case and spacing, and in the old code pages of file names. What is found is
told by file, line and code, and not repeated. The evidence itself is not searched, and what was spelled in some other
way is not found.
"""


@click.group(cls=Group, epilog=GROUP_EXAMPLES)
def command() -> None:
    """Check that no name in your register appears in a record."""


@command.command("check", cls=Command, epilog=CHECK_EXAMPLES)
@click.argument("path", type=click.Path())
@click.option(
    "--register", "register", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The register."
)
@custody_option
@access_options
@output_options
def check(path: str, register: Path, access: AccessOptions, custody: str | None, output: Output) -> int:
    """Say whether anything of the register stands in the record of PATH, an evidence directory or a bundle."""
    result = check_register(path, read_register(register, access.load()), custody)
    exit_code = ExitCode.REFUSED if result.hits else ExitCode.OK
    output.answer(_render(path, result))
    output.document(
        RegisterCheckDocument(
            exit_code=exit_code,
            path=path,
            people=result.people,
            files=result.files,
            lines=result.lines,
            hits=tuple(RegisterHitDocument(file=hit.file, line=hit.line, codes=hit.codes) for hit in result.hits),
        )
    )
    return exit_code


def _render(path: str, result: RegisterCheck) -> str:
    searched = f"{result.lines:,} lines of {result.files:,} custody files, {result.people:,} people"
    if not result.hits:
        return f"{shown(path)}: nothing of the register was found ({searched})"
    lines = [f"{shown(path)}: THE RECORD HOLDS ENTRIES OF THE REGISTER ({searched})"]
    lines += [f"  {hit.file}, line {hit.line}: something of {', '.join(hit.codes)}" for hit in result.hits]
    return "\n".join(lines)
