"""`evtool show`: the sealed items and what is stated of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import click
from msgspec import Struct

from evtool.cli.command import Command
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.common import continued_option, custody_option
from evtool.cli.options.items import items_option
from evtool.cli.output import Output, output_and_findings
from evtool.core.consent.items import ItemConsent, TermsNeverStated, TermsWithheld
from evtool.core.errors import ExitCode, InputError
from evtool.core.finding import Effect, Finding, Words, weigh
from evtool.core.manifest.context import MAX_VALUE
from evtool.core.manifest.statement import ContentStatement
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
from evtool.report.columns import columns_of, pad
from evtool.report.consent_document import sealed_document, terms_document
from evtool.report.consent_text import render_known
from evtool.report.document import ItemsDocument, ShownDerivation, ShownItem
from evtool.report.findings import list_findings
from evtool.report.language import Language
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
                "no seal states such an item: {names}",
                hint="`evtool show DIR` lists them all",
                key="items-unknown",
                names=", ".join(shown(name, 80) for name in chosen.unknown[:_MAX_NAMED]),
            )
        exit_code = weigh(findings)
        if exit_code is ExitCode.OK and not chosen:
            exit_code = ExitCode.NOT_CHECKED
        listing = _Listing(chosen, list_derivations(record), known_consent(record), without_terms=without_terms)
        page = _Page(output.language)
        render = page.line if selection.is_all else page.details
        lines = (render(*each) for each in listing)
        nothing = page.language.say("show.nothing")
        output.answer_lines(chain(lines, _closing_lines(page.language, listing, findings, output)), nothing)
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
        self.told: Words | None = None
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


def _closing_lines(language: Language, listing: _Listing, findings: list[Finding], output: Output) -> Iterator[str]:
    """Say what comes after the items; to be asked for once they were gone through."""
    if listing.told:
        yield language.say_words(listing.told)
    serious = list_findings((finding for finding in findings if finding.effect is not Effect.NOTE), output.limit)
    for finding in serious.findings:
        yield f"{finding.code.value}: {language.say_finding(finding)}"
    for code, words in serious.say_rest(language):
        yield f"{code.value}: {words}"


_MAX_NAMED = 10


def _say_without_terms(without: list[int], withheld: int) -> Words:
    """Name the items of which no terms are stated; those whose terms this copy does not show are not among them."""
    hidden = Words("terms-hidden", count=withheld) if withheld else None
    if without:
        return Words("terms-none-for", count=len(without), items=ranges_of(without).ranges, hidden=hidden)
    return Words("terms-none-known" if withheld else "terms-for-all", hidden=hidden)


def _about(sealed: SealedItem, derivations: list[Derivation]) -> list[Derivation]:
    return [derivation for derivation in derivations if sealed.item.number in (derivation.original, derivation.copy)]


class _Page(Struct, frozen=True):
    """Writes items in a language."""

    language: Language

    def line(self, sealed: SealedItem, derivations: list[Derivation], _consent: ItemConsent) -> str:
        """Write an item in one line, with what was made from it, or it was made from, below."""
        content, file = sealed.item.content, sealed.item.file
        kind = pad(self._kind(content), max(9, self.language.widest("content-type")))
        size = format_size(content.size, self.language) if content and content.size is not None else ""
        name = shown(file.path) if file else self.language.say("show.name-withheld")
        before = f"{sealed.item.number:>7}  {kind}  {pad('', 12 - columns_of(size))}{size}  "
        return "\n".join(
            [before + name, *(pad("", columns_of(before)) + text for text in self._say(sealed, derivations))]
        )

    def details(self, sealed: SealedItem, derivations: list[Derivation], consent: ItemConsent) -> str:
        """Write all that is recorded about an item."""
        item, say = sealed.item, self.language.say
        lines: list[str] = [say("show.item", item=item.number, entry=sealed.seal.number)]
        lines += [f"  {text}" for text in self._say(sealed, derivations)]
        lines += [*self._names(sealed), *self._content(item.content)]
        if item.metadata:
            lines += [f"  {line}" for line in render_statement(self.language, item.metadata)]
        for statement in item.context:
            lines.append(f"  {self.language.word('term.field', statement.field)}: {shown(statement.value, MAX_VALUE)}")
        lines += [self._row("consent", line) for line in render_known(self.language, consent.in_force)]
        return "\n".join(lines)

    def _names(self, sealed: SealedItem) -> Iterator[str]:
        file, say = sealed.item.file, self.language.say
        if not file:
            yield self._row("name", say("show.withheld-here"))
            return
        yield self._row("name", shown(file.path))
        for name in sealed.earlier:
            yield self._row("before", say("show.until", path=name.path, entry=name.until))
        date = format_mtime(file.mtime) if file.mtime is not None else say("show.not-a-date")
        yield self._row("modified", say("show.by-file-system", date=date or say("show.not-a-date")))

    def _content(self, content: ContentStatement | None) -> Iterator[str]:
        if content is None:
            return
        yield self._row("type", self._kind(content))
        if content.digests:
            yield self._row("size", self.language.say("size.bytes", count=content.size))
            yield self._row("sha256", content.digests.sha256)
            yield self._row("blake3", content.digests.blake3)
        if content.target is not None:
            yield self._row("target", shown(content.target))
        if content.reason:
            yield self._row("left-out", self.language.word("term.omission", content.reason.value))

    def _kind(self, content: ContentStatement | None) -> str:
        return self.language.word("content-type", content.type.value if content else "withheld")

    def _row(self, label: str, text: str) -> str:
        """Write a line with its label; those of one language take as many columns as the longest."""
        return f"  {pad(self.language.word('show-label', label), self.language.widest('show-label') + 2)}{text}"

    def _say(self, sealed: SealedItem, derivations: list[Derivation]) -> list[str]:
        number = sealed.item.number
        return [
            self.language.say_words(derivation.of_copy if derivation.copy == number else derivation.of_original)
            for derivation in derivations
        ]


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
