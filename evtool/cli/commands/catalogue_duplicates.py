"""`evtool catalogue duplicates`: the same bytes in several collections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from evtool.cli.command import Command, misuse
from evtool.cli.options.values import code_value
from evtool.cli.output import Output, output_options
from evtool.core.errors import UsageError
from evtool.operations.catalogue.duplicates import Duplicate, find_duplicates
from evtool.report.answers_document import CatalogueDuplicatesDocument, DuplicateDocument, PlaceDocument
from evtool.report.language import Language
from evtool.store.catalogue.database import open_catalogue

EXAMPLES = """\b
Examples:
  evtool catalogue duplicates repository.cat
  evtool catalogue duplicates repository.cat --between ngo-3 ngo-7 --json

\b
Exit codes:
  0  printed, whatever was found
  2  wrong usage
  4  the catalogue cannot be read

Files count as the same if they have the same bytes; the same interview in another format is another file. No seal
holds a digest of what a picture shows, so --same media is refused: an answer to it would be a guess. Empty files are
left out. Two organisations that hold one file may both have promised its witness not to pass it on: ask both.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@click.option("--between", nargs=2, type=code_value, metavar="CODE CODE", help="Only what both of these senders sent.")
@click.option(
    "--same",
    type=click.Choice(["bytes", "media"]),
    default="bytes",
    show_default=True,
    help="What has to be equal; seals tell of bytes only.",
)
@output_options
def command(catalogue: Path, between: tuple[str, str] | None, same: str, output: Output) -> None:
    """List files that several collections hold."""
    if same == "media":
        raise misuse(
            UsageError(
                "no seal holds a digest of what a picture or a sound shows, so only equal bytes can be found",
                hint="compare what both may show each other, and note with `evtool derive` what was made of what",
                key="same-media",
            )
        )
    with open_catalogue(catalogue) as opened:
        found = find_duplicates(opened, between)
        if output.json:
            document = CatalogueDuplicatesDocument(path=str(catalogue), duplicates=())
            output.document_of(document, "duplicates", map(_document, found))
        else:
            output.answer_lines(_lines(output.language, found), output.language.say("catalogue.no-duplicate"))


def _lines(language: Language, found: Iterable[Duplicate]) -> Iterator[str]:
    for each in found:
        yield language.say("catalogue.same-bytes", size=each.size, media=each.media)
        for place in each.places:
            items = language.say_ranges(place.items.ranges, "items")
            said = language.say("catalogue.of-collection", collection=place.collection, sender=place.sender)
            yield f"  {said}: {items}"


def _document(duplicate: Duplicate) -> DuplicateDocument:
    return DuplicateDocument(
        size=duplicate.size,
        media=duplicate.media,
        places=tuple(
            PlaceDocument(collection=place.collection, sender=place.sender, items=tuple(place.items.serialize()))
            for place in duplicate.places
        ),
    )
