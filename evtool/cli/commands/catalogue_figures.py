"""`evtool catalogue figures`: the figures of an annual report."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.command import Command
from evtool.cli.output import Output, output_options
from evtool.operations.catalogue.figures import NONE, count_figures
from evtool.report.answers_document import CatalogueFiguresDocument
from evtool.report.language import Language
from evtool.store.catalogue.database import open_catalogue

EXAMPLES = """\b
Examples:
  evtool catalogue figures repository.cat
  evtool catalogue figures repository.cat --year 2026 --json

\b
Exit codes:
  0  printed
  2  wrong usage
  4  the catalogue cannot be read

A file counts in the year in which it first came (UTC), under the sender and the agreement of that time, and once,
however often it came again. People are counted by the codes that archivists gave with the field `subjects`.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@click.option("--year", type=click.IntRange(1970, 9999), metavar="YYYY", help="Only what first came in this year.")
@output_options
def command(catalogue: Path, year: int | None, output: Output) -> None:
    """Count what came: files, bundles and people."""
    with open_catalogue(catalogue) as opened:
        found = count_figures(opened, year)
    language = output.language
    collections = language.say("catalogue.files-of", count=found.collections)
    lines: list[str] = [
        language.say("catalogue.files", count=found.files, bytes=found.bytes, where=collections),
        language.say("catalogue.holdings", count=found.holdings),
        language.say("catalogue.subjects", count=found.subjects),
    ]
    for key, counts in (("kinds", found.kinds), ("senders", found.senders), ("agreements", found.agreements)):
        lines += ["", language.say(f"catalogue.{key}"), *_table(language, counts)]
    output.answer("\n".join(lines))
    output.document(
        CatalogueFiguresDocument(
            path=str(catalogue),
            year=year,
            files=found.files,
            bytes=found.bytes,
            collections=found.collections,
            holdings=found.holdings,
            subjects=found.subjects,
            kinds=found.kinds,
            senders=found.senders,
            agreements=found.agreements,
        )
    )


def _table(language: Language, counts: dict[str, int]) -> list[str]:
    unstated = language.say("label.not-stated")
    return [f"  {count:>11,}  {unstated if code == NONE else code}" for code, count in counts.items()]
