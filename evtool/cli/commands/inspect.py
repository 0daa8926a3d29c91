"""`evtool inspect`: the embedded metadata of files, beside what is observed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import click

from evtool.cli.command import Command
from evtool.cli.output import Output, output_options
from evtool.core.errors import ExitCode
from evtool.core.metadata.vocabulary import Detail
from evtool.core.text.names import shown
from evtool.core.text.times import format_mtime
from evtool.metadata import CAN_PARSE, Failure
from evtool.operations.inspect import Inspection, inspect_files
from evtool.report.language import english
from evtool.report.metadata_document import (
    InspectDocument,
    InspectedDocument,
    ObservationDocument,
    ObservedDocument,
    claims_document,
)
from evtool.report.metadata_text import render_claims, render_remarks

_HINTS = {
    Failure.NO_CONFINEMENT: "this system cannot confine the parser; --no-sandbox parses without"
    if CAN_PARSE
    else "this system cannot run parsers; inspect the files on Linux",
    Failure.NOT_STARTED: "the parser's process did not start; is evtool installed with all its libraries?"
    if CAN_PARSE
    else "this system cannot run parsers, confined or not; inspect the files on Linux",
}


EXAMPLES = """\b
Examples:
  evtool inspect interview.mp4
  evtool inspect photos/*.jpg --metadata full
  evtool inspect letter.docx --json

\b
Exit codes:
  0  every file was inspected
  2  wrong usage
  4  a file could not be read, or its format could not be parsed

Embedded metadata is what a file says of itself. Anybody can change it, and it proves nothing. What does not fit
together is told as a note. No file is changed, and nothing is recorded.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@click.option(
    "--metadata",
    "detail",
    type=click.Choice([detail.value for detail in Detail]),
    default=Detail.BASIC.value,
    show_default=True,
    help="basic leaves out places, serial numbers, names, free text and raw tags, and says how many there are.",
)
@click.option("--no-sandbox", is_flag=True, help="Parse even where the platform cannot confine the parser.")
@output_options
def command(files: tuple[str, ...], detail: str, no_sandbox: bool, output: Output) -> int:
    """Show the embedded metadata of files: format, dates, device, structure.

    What does not fit together is pointed out as a note with a stable code; a note is no verdict. Files are parsed in a
    confined process and are only read.
    """
    paths = [os.fsencode(name) for name in files]
    inspections = []
    failures: dict[Failure, None] = {}
    for inspection in inspect_files(paths, detail=Detail(detail), sandbox=not no_sandbox):
        inspections.append(inspection)
        output.answer("\n".join(_text(inspection)) + "\n")
        if inspection.result is not None and inspection.result.failure is not None:
            failures.setdefault(inspection.result.failure)
    for hint in dict.fromkeys(inspection.hint for inspection in inspections if inspection.hint):
        output.talk(f"evtool: hint: {hint}")
    for failure in failures:
        if failure in _HINTS:
            output.talk(f"evtool: hint: {_HINTS[failure]}")
    code = ExitCode.OK if all(inspection.complete for inspection in inspections) else ExitCode.NOT_CHECKED
    output.document(InspectDocument(exit_code=code, files=tuple(_document(item) for item in inspections)))
    return code


def _document(inspection: Inspection) -> InspectedDocument:
    if inspection.observed is None or inspection.result is None:
        return InspectedDocument(name=inspection.name, error=inspection.error, sensitive={})
    claims = inspection.result.claims
    return InspectedDocument(
        name=inspection.name,
        observed=ObservedDocument(size=inspection.observed.size, modified=format_mtime(inspection.mtime)),
        confinement=inspection.result.confinement,
        failure=inspection.result.failure,
        claims=claims_document(claims) if claims is not None else None,
        sensitive=dict(claims.sensitive()) if claims is not None else {},
        observations=tuple(
            ObservationDocument(code=note.code.value, message=note.message) for note in inspection.observations
        ),
    )


def _text(inspection: Inspection) -> Iterator[str]:
    yield shown(inspection.name)
    if inspection.observed is None or inspection.result is None:
        yield f"  not read: {inspection.error}"
        return
    claims = inspection.result.claims
    yield _row("", "observed", "claimed by the file")
    observed = {
        "size": f"{inspection.observed.size} bytes",
        "modified": inspection.observed.modified.isoformat(timespec="seconds"),
    }
    for what, claimed in render_claims(english(), claims) if claims is not None else ():
        yield _row(what, observed.pop(what, "-"), claimed)
    for name, value in observed.items():
        yield _row(name, value, "-")
    if claims is not None:
        for remark in render_remarks(english(), claims, "not-shown"):
            yield f"  {remark}"
    if inspection.result.failure is not None:
        yield f"  incomplete: the parser was ended ({inspection.result.failure.value})"
    for note in inspection.observations:
        yield f"  note {note.code.value}: {shown(note.message, 1000)}"


def _row(what: str, observed: str, claimed: str) -> str:
    return f"  {what:<20} {observed:<26} {claimed}".rstrip()
