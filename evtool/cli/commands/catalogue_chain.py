"""`evtool catalogue chain`: all that is known of the record of a collection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from evtool.cli.command import Command
from evtool.cli.output import Output, output_options
from evtool.core.custody.events import Event
from evtool.core.errors import ExitCode
from evtool.operations.catalogue.chain import ChainEntry, KnownChain, read_chain
from evtool.operations.catalogue.forks import KnownFork
from evtool.report.answers_document import CatalogueChainDocument, ForkDocument, KnownEntryDocument
from evtool.report.columns import fold
from evtool.report.language import Language
from evtool.store.catalogue.database import open_catalogue

EXAMPLES = """\b
Examples:
  evtool catalogue chain repository.cat 1520...

\b
Exit codes:
  0  printed
  1  the record parts somewhere, and nobody has explained that
  2  wrong usage
  4  the catalogue cannot be read, or does not know the collection

Entries of all branches stand side by side, by number. A mark is explained in words behind the entry.
"""

_DIGITS = 16


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@click.argument("collection", metavar="ID")
@output_options
def command(catalogue: Path, collection: str, output: Output) -> ExitCode:
    """Print every entry of a record that any copy showed."""
    with open_catalogue(catalogue) as opened:
        known = read_chain(opened, collection)
    return answer_chain(output, catalogue, known)


def answer_chain(output: Output, catalogue: Path, known: KnownChain, *, done: bool = False) -> ExitCode:
    """Print what is known of a record; 1 if it parts somewhere, and nobody has explained that."""
    exit_code = ExitCode.MISMATCH if known.is_unexplained else ExitCode.OK
    output.answer("\n".join(_render(output.language, known, output.width)), done=done)
    output.document(
        CatalogueChainDocument(
            exit_code=exit_code,
            path=str(catalogue),
            collection=known.collection,
            sender=known.sender,
            forks=tuple(map(_fork_document, known.forks)),
            entries=tuple(map(_document, known.entries)),
        )
    )
    return exit_code


def _render(language: Language, known: KnownChain, width: int | None) -> list[str]:
    lines: list[str] = [language.say("catalogue.of-collection", collection=known.collection, sender=known.sender)]
    for entry in known.entries:
        event = language.word("event", entry.event)
        party = f" {entry.party}" if entry.party else ""
        marks = "; ".join(language.say(f"mark.{mark.value}") for mark in entry.marks)
        line = f"{entry.digest[:_DIGITS]}  {entry.happened}  {entry.agent}  {event}{party}"
        line += f"  [{marks}]" if marks else ""
        lines.append(f"{entry.sequence:>4}  {fold(line, 6, width)}")
    waiting = dict.fromkeys(fork.after for fork in known.forks if fork.explanation is None)
    said: list[str] = [
        language.say("catalogue.forked" if after else "catalogue.forked-first", entry=after) for after in waiting
    ]
    said += [line for fork in known.forks for line in _say_explained(language, fork)]
    return lines + [fold(text, 2, width) for text in said]


def _say_explained(language: Language, fork: KnownFork) -> Iterator[str]:
    first, second = (node.head[:_DIGITS] for node in (fork.parting.first, fork.parting.second))
    if (said := fork.explanation) is not None:
        told = {"explained_by": said.explained_by, "explained_at": said.explained_at, "why": said.why}
        yield language.say("catalogue.explained", first=first, second=second, **told)
        if said.disowned_digest is not None:
            yield language.say("catalogue.disowned", entry=said.disowned_digest[:_DIGITS])


def _fork_document(fork: KnownFork) -> ForkDocument:
    said = fork.explanation
    return ForkDocument(
        after=fork.after,
        first=fork.parting.first.head,
        second=fork.parting.second.head,
        explained=said.why if said is not None else None,
        explained_by=said.explained_by if said is not None else None,
        explained_at=said.explained_at if said is not None else None,
        disowned=said.disowned_digest if said is not None else None,
    )


def _document(entry: ChainEntry) -> KnownEntryDocument:
    return KnownEntryDocument(
        entry=entry.sequence,
        head=entry.digest,
        previous=entry.previous,
        event=Event(entry.event),
        agent=entry.agent,
        happened_at=entry.happened,
        party=entry.party,
        items=tuple(entry.items.split(",")) if entry.items else None,
        first_seen=entry.first_seen,
        marks=tuple(mark.value for mark in entry.marks),
    )
