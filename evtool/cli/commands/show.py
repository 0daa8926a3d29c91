"""`evtool show`: the sealed items and what is stated of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import click

from evtool.cli.command import Command
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.common import continued_option, custody_option
from evtool.cli.options.items import items_option
from evtool.cli.output import Output, output_and_findings
from evtool.core.consent.items import ItemConsent, TermsNeverStated, TermsWithheld
from evtool.core.errors import ExitCode, InputError
from evtool.core.finding import Effect, Finding, weigh
from evtool.core.manifest.context import MAX_VALUE
from evtool.core.text.counts import counted
from evtool.core.text.item_choice import ItemChoice
from evtool.core.text.names import shown
from evtool.core.text.ranges import ranges_of
from evtool.core.text.times import format_mtime
from evtool.operations.entries.consent import known_consent
from evtool.operations.record.place import RecordPlace
from evtool.operations.record.read import SelectedItems, open_record
from evtool.operations.record.record import SealedItem
from evtool.operations.record.selection import Selection
from evtool.operations.verify.derivations import Derivation, list_derivations
from evtool.report.consent_document import sealed_document, terms_document
from evtool.report.consent_text import render_known
from evtool.report.document import ItemsDocument, ShownDerivation, ShownItem
from evtool.report.findings import list_findings
from evtool.report.language import Language, english
from evtool.report.metadata_document import metadata_document
from evtool.report.metadata_text import render_statement
from evtool.report.text import format_size

EXAMPLES = """\b
Examples:
  evtool show interview-0042
  evtool show interview-0042 --items 17,photos/scan.jpg
  evtool show interview-0042 --without-terms
  evtool show interview-0042 --json
  evtool show case-12.zip.age -i court.key

\b
Exit codes:
  0  the items were listed
  1  the record fails verification
  2  wrong usage
  4  there is no record or no such item, or some of it cannot be read

This shows what was sealed, not what is there now: `evtool verify` compares the two. DIRECTORY may be a bundle.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("directory", type=click.Path())
@items_option("Show only these items, with all that is recorded about them:")
@click.option("--without-terms", is_flag=True, help="Show only items for which no terms of consent are stated.")
@custody_option
@continued_option
@access_options
@output_and_findings
def command(
    directory: str,
    items: ItemChoice,
    without_terms: bool,
    custody: str | None,
    continued: str | None,
    access: AccessOptions,
    output: Output,
) -> int:
    """Print the items sealed in DIRECTORY, or only those asked for, with what is stated of them."""
    selection = Selection(choice=items)
    with open_record(directory, RecordPlace(custody, continued, access.load())) as record:
        chosen = SelectedItems(record, selection)
        findings = record.record_findings
        if chosen.unknown:
            raise InputError(
                f"no seal states such an item: {', '.join(shown(name, 80) for name in chosen.unknown[:_MAX_NAMED])}",
                hint="`evtool show DIR` lists them all",
            )
        exit_code = weigh(findings)
        if exit_code is ExitCode.OK and not chosen:
            exit_code = ExitCode.NOT_CHECKED
        listing = _Listing(chosen, list_derivations(record), known_consent(record), without_terms=without_terms)
        render = _render_line if selection.is_all else _render_details
        lines = (render(*each) for each in listing)
        output.answer_lines(chain(lines, _closing_lines(listing, findings, output)), "no items")
        listed = list_findings(findings, output.limit)
        document = ItemsDocument(
            exit_code=exit_code,
            path=directory,
            items=(),
            findings=listed.documents,
            more_findings=listed.more,
        )
        output.document_of(document, "items", (_item_document(*each) for each in listing))
    return exit_code


class _Listing:
    """The items to show, each with what was made from it or it was made from, and its consent."""

    def __init__(
        self,
        chosen: SelectedItems,
        derivations: list[Derivation],
        find_consent: Callable[[SealedItem], ItemConsent],
        *,
        without_terms: bool,
    ) -> None:
        self._chosen = chosen
        self._derivations = derivations
        self._find_consent = find_consent
        self._is_without_terms = without_terms
        self.told = ""
        """What is to be said of those without terms, once all of them were gone through."""

    def __iter__(self) -> Iterator[tuple[SealedItem, list[Derivation], ItemConsent]]:
        without: list[int] = []
        withheld = 0
        for sealed in self._chosen:
            consent = self._find_consent(sealed)
            if self._is_without_terms:
                withheld += isinstance(consent.in_force, TermsWithheld)
                if not isinstance(consent.in_force, TermsNeverStated):
                    continue
                without.append(sealed.item.number)
            yield sealed, _about(sealed, self._derivations), consent
        if self._is_without_terms:
            self.told = _say_without_terms(without, withheld)


def _closing_lines(listing: _Listing, findings: list[Finding], output: Output) -> Iterator[str]:
    """Say what comes after the items; to be asked for once they were gone through."""
    if listing.told:
        yield listing.told
    serious = list_findings((finding for finding in findings if finding.effect is not Effect.NOTE), output.limit)
    for finding in serious.findings:
        yield f"{finding.code.value}: {english().say_finding(finding)}"
    for code, words in serious.say_rest(english()):
        yield f"{code.value}: {words}"


_MAX_NAMED = 10


def _say_without_terms(without: list[int], withheld: int) -> str:
    """Name the items of which no terms are stated; those whose terms this copy does not show are not among them."""
    hidden = f"; of {counted(withheld, 'item')} this copy does not show the terms" if withheld else ""
    if not without:
        return f"no item is known to be without terms{hidden}" if withheld else "terms are stated for every item"
    numbers = ranges_of(without)
    return f"no terms are stated for {counted(len(numbers), 'item')}: {', '.join(numbers.serialize())}{hidden}"


def _about(sealed: SealedItem, derivations: list[Derivation]) -> list[Derivation]:
    return [derivation for derivation in derivations if sealed.item.number in (derivation.original, derivation.copy)]


def _say(language: Language, sealed: SealedItem, derivations: list[Derivation]) -> list[str]:
    return [
        language.say_words(derivation.of_copy if derivation.copy == sealed.item.number else derivation.of_original)
        for derivation in derivations
    ]


def _render_line(sealed: SealedItem, derivations: list[Derivation], _consent: ItemConsent) -> str:
    content, file = sealed.item.content, sealed.item.file
    kind = content.type.value if content else "withheld"
    size = format_size(content.size) if content and content.size is not None else ""
    name = shown(file.path) if file else "name withheld"
    line = f"{sealed.item.number:>7}  {kind:<9}  {size:>12}  {name}"
    return "\n".join([line, *(f"{'':>34}{text}" for text in _say(english(), sealed, derivations))])


def _render_details(sealed: SealedItem, derivations: list[Derivation], consent: ItemConsent) -> str:
    content, file = sealed.item.content, sealed.item.file
    lines = [f"item {sealed.item.number}, sealed by entry {sealed.seal.number}"]
    lines += [f"  {text}" for text in _say(english(), sealed, derivations)]
    if not file:
        lines.append("  name      withheld here")
    else:
        lines.append(f"  name      {shown(file.path)}")
        lines += [f"  before    {shown(name.path)}  (until entry {name.until})" for name in sealed.earlier]
        date = format_mtime(file.mtime) if file.mtime is not None else None
        lines.append(f"  modified  {date or 'not a date'}  (as the file system said)")
    if content:
        lines.append(f"  type      {content.type.value}")
        if content.digests:
            lines += [
                f"  size      {content.size} bytes",
                f"  SHA-256   {content.digests.sha256}",
                f"  BLAKE3    {content.digests.blake3}",
            ]
        if content.target is not None:
            lines.append(f"  target    {shown(content.target)}")
        if content.reason:
            lines.append(f"  left out  {content.reason.value}")
    if sealed.item.metadata:
        lines += [f"  {line}" for line in render_statement(sealed.item.metadata)]
    lines += [f"  {statement.field}: {shown(statement.value, MAX_VALUE)}" for statement in sealed.item.context]
    lines += [f"  consent   {line}" for line in render_known(consent.in_force)]
    return "\n".join(lines)


def _item_document(sealed: SealedItem, derivations: list[Derivation], consent: ItemConsent) -> ShownItem:
    content, file = sealed.item.content, sealed.item.file
    digests = content.digests if content else None
    return ShownItem(
        item=sealed.item.number,
        entry=sealed.seal.number,
        path=file.path if file else None,
        earlier_names=sealed.earlier,
        modified=format_mtime(file.mtime) if file and file.mtime is not None else None,
        type=content.type if content else None,
        size=content.size if content else None,
        sha256=digests.sha256 if digests else None,
        blake3=digests.blake3 if digests else None,
        target=content.target if content else None,
        reason=content.reason if content else None,
        metadata=metadata_document(sealed.item.metadata) if sealed.item.metadata else None,
        context={statement.field: statement.value for statement in sealed.item.context},
        consent=sealed_document(consent.sealed),
        in_force=terms_document(consent.in_force),
        derived=tuple(
            ShownDerivation(
                entry=derivation.entry,
                original=derivation.original,
                copy=derivation.copy,
                method=derivation.method,
                original_withheld=not derivation.has_original,
                copy_withheld=not derivation.has_copy,
            )
            for derivation in derivations
        ),
    )
