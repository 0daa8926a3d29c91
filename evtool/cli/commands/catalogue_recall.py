"""`evtool catalogue recall`: what has to come back, and whom to tell."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click

from evtool.cli.answers.holders import copy_document, given_document, render_copy, render_given
from evtool.cli.command import Command, misuse
from evtool.cli.options.common import SigningOptions, signing_options, trust_option
from evtool.cli.options.trust import told_trust
from evtool.cli.options.values import ExistingPath, day_value, items_value
from evtool.cli.output import Output, output_options
from evtool.core.errors import ExitCode, UsageError
from evtool.core.text.ranges import ItemRanges, ranges_of, spell_any
from evtool.keys.agreements import load_agreements
from evtool.keys.own import list_own_keys
from evtool.operations.author import Author
from evtool.operations.catalogue.notices import NoticeTaken, take_in_notice
from evtool.operations.catalogue.recall import (
    Letter,
    RecalledCollection,
    RecallReason,
    RecallSought,
    find_letters,
    find_recalls,
    read_own_codes,
)
from evtool.operations.record.trust import TrustPolicy
from evtool.report.answers_document import (
    CatalogueRecallDocument,
    NoticeTakenDocument,
    RecalledDocument,
    RecallReasonDocument,
)
from evtool.report.intake_text import say_terms_unknown
from evtool.report.language import Language, choose_language
from evtool.report.letters import render_letter
from evtool.store.catalogue.database import Catalogue, open_catalogue
from evtool.store.output import write_files

EXAMPLES = """\b
Examples:
  evtool catalogue recall repository.cat
  evtool catalogue recall repository.cat --letters letters
  evtool catalogue recall repository.cat 1520... 3,7-9 --letters letters
  evtool catalogue recall repository.cat --notice ngo-3.notice

\b
Exit codes:
  0  printed
  1  a notice fails verification, or its record parts from the one you know
  2  wrong usage
  3  a notice is signed by a key that you have not trusted
  4  no such collection is known, a letter is there already, or something
     cannot be read or written

Without ID: all items whose consent was withdrawn, revoked or refused, or has expired, or which are under an agreement
of your list that has ended, if you or somebody else still has them. Items whose terms nobody knows are listed with whom
to ask; no letter is about them. A letter is a page of plain text for one recipient, in the language that EVTOOL_LANG
names. It names no person and no file. Nothing is deleted: people decide what happens to the copies.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@click.argument("collection", metavar="[ID]", required=False)
@click.argument("items", metavar="[N-N]", required=False, type=items_value)
@click.option(
    "--letters", type=click.Path(path_type=Path), metavar="DIR", help="Write a letter for each recipient into DIR."
)
@click.option(
    "--notice",
    type=ExistingPath(path_type=Path),
    metavar="FILE",
    help="Take in a notice that consent changed, then list.",
)
@click.option("--on", "day", type=day_value, metavar="DAY", help="The day that counts. [default: today (UTC)]")
@trust_option
@signing_options
@output_options
def command(
    catalogue: Path,
    collection: str | None,
    items: ItemRanges | None,
    letters: Path | None,
    notice: Path | None,
    day: date | None,
    trust_file: Path | None,
    signing: SigningOptions,
    output: Output,
) -> ExitCode:
    """List what was withdrawn and who still has it."""
    if letters is not None and letters.exists() and not letters.is_dir():
        raise misuse(UsageError("{path} is no directory", key="letters-directory", path=str(letters)))
    today = day or datetime.now(UTC).date()
    with open_catalogue(catalogue) as opened:
        taken = None
        if notice is not None:
            trust = TrustPolicy(told_trust(trust_file).keys)
            taken = take_in_notice(opened, notice, Author(signing.choose()), trust)
        found = list(find_recalls(opened, RecallSought(today, _ended_by(today), collection, items)))
        told = find_letters(found, _own_codes(opened)) if letters is not None else []
    written = _write_letters(letters, told, today) if letters is not None else []
    exit_code = ExitCode.OK if taken is None or taken.registered.parts_after is None else ExitCode.MISMATCH
    language = output.language
    lines = _render_notice(language, taken) if taken is not None else []
    lines += [line for recalled in found for line in _render(language, recalled)]
    lines += [] if found else [language.say("catalogue.no-recall")]
    lines += [language.say("catalogue.letter", path=str(path)) for path in written]
    if found and letters is not None and not written:
        lines.append(language.say("catalogue.no-letter"))
    output.answer("\n".join(lines), done=taken is not None)
    output.document(
        CatalogueRecallDocument(
            exit_code=exit_code,
            path=str(catalogue),
            notice=_notice_document(taken) if taken is not None else None,
            recalls=tuple(map(_document, found)),
            letters=tuple(str(path) for path in written),
        )
    )
    return exit_code


def _ended_by(day: date) -> frozenset[str]:
    """Give the numbers of the agreements on the user's list that have ended by a day."""
    listed = load_agreements()
    by_number = listed.by_number if listed is not None else {}
    return frozenset(number for number, agreement in by_number.items() if agreement.has_ended(day))


def _own_codes(catalogue: Catalogue) -> frozenset[str]:
    """Give the codes of the user's keys, and those under which these answered, such as that of an organisation."""
    keys = list_own_keys().keys
    fingerprints = {key.file.public_key.fingerprint for key in keys}
    return read_own_codes(catalogue, fingerprints) | {key.code for key in keys}


def _write_letters(folder: Path, letters: list[Letter], day: date) -> list[Path]:
    """Write all letters, or none; a code is a plain name of a file by its rules."""
    language = choose_language()
    folder.mkdir(exist_ok=True)
    texts = {
        folder / f"{letter.recipient}.txt": render_letter(language, letter.recipient, day.isoformat(), letter.parts)
        for letter in letters
    }
    if texts:
        write_files({path: text.encode("utf-8") for path, text in texts.items()}, replace=False)
    return list(texts)


def _render_notice(language: Language, taken: NoticeTaken) -> list[str]:
    say, registered = language.say, taken.registered
    recalls, unknown = registered.recalls, registered.terms_unknown
    items = language.say_ranges(taken.notice.items.ranges, "items", None)
    lines: list[str] = [say("notice.about", sender=taken.notice.agent, items=items)]
    if not registered.entries:
        lines.append(say("notice.known"))
    if recalls is not None:
        lines.append(say("catalogue.permits-nothing", items=language.say_ranges(recalls.ranges, "items", None)))
    if unknown is not None:
        lines.append(say_terms_unknown(language, unknown.ranges))
    if not taken.follows:
        lines.append(say("catalogue.notice-gap", entry=taken.notice.links[0].entry.sequence))
    if registered.parts_after is not None:
        lines.append(say("notice.parts", entry=registered.parts_after))
    return [*lines, ""]


def _render(language: Language, recalled: RecalledCollection) -> list[str]:
    say = language.say
    lines: list[str] = [say("catalogue.of-collection", collection=recalled.collection, sender=recalled.sender)]
    lines += [f"  {_say_reason(language, reason)}" for reason in recalled.reasons]
    lines += [f"  {render_copy(language, copy)}" for copy in recalled.own]
    return lines + [f"  {render_given(language, given)}" for given in recalled.given]


def _say_reason(language: Language, reason: RecallReason) -> str:
    say = language.say
    if reason.why.is_known:
        items = language.say_ranges(reason.items.ranges, "items")
        since = say("letter.since", day=reason.since) if reason.since else None
        return say(f"letter.{reason.why.value}", items=items, since=since, agreement=reason.agreement)
    entries = [entry for entry in reason.entries if entry]
    what = reason.why.value if entries else f"{reason.why.value}-nowhere"
    numbers = language.say_ranges(ranges_of(entries).ranges, "entries") if entries else None
    asked = say(f"catalogue.{what}", count=len(entries), entries=numbers, ask=", ".join(reason.ask))
    return f"{say_terms_unknown(language, reason.items.ranges)}; {asked}"


def _document(recalled: RecalledCollection) -> RecalledDocument:
    return RecalledDocument(
        collection=recalled.collection,
        sender=recalled.sender,
        items=tuple(recalled.items.serialize()),
        reasons=tuple(map(_reason_document, recalled.reasons)),
        own=tuple(map(copy_document, recalled.own)),
        given=tuple(map(given_document, recalled.given)),
    )


def _reason_document(reason: RecallReason) -> RecallReasonDocument:
    return RecallReasonDocument(
        why=reason.why.value,
        since=reason.since,
        agreement=reason.agreement,
        items=tuple(reason.items.serialize()),
        entries=reason.entries,
        ask=reason.ask,
    )


def _notice_document(taken: NoticeTaken) -> NoticeTakenDocument:
    recalls, unknown = taken.registered.recalls, taken.registered.terms_unknown
    return NoticeTakenDocument(
        notice=taken.notice.digest,
        collection=taken.notice.collection,
        sender=taken.notice.agent,
        entries=taken.registered.entries,
        follows=taken.follows,
        parts_after=taken.registered.parts_after,
        recalls=spell_any(recalls),
        terms_unknown=spell_any(unknown),
    )
