"""Whether what a copy leaves out is what somebody signed that it may leave out.

No key is needed to replace a line of a manifest by its hash, so a copy says nothing by itself about who cut it. What a
bundle leaves out stands in the list of its entry `disclosed`. A copy is a partial one if it is, item by item, what one
such list says; everything else that is withheld keeps the verdict from being clean.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from evtool.core.custody.chain import Link
from evtool.core.custody.events import Disclosed
from evtool.core.errors import InputError, MismatchError
from evtool.core.finding import Code, Effect, Finding, Words
from evtool.core.manifest.disclosed_items import Deviations, DisclosedItems, find_deviations
from evtool.core.text.ranges import ItemRanges, count_items, ranges_of, unite
from evtool.core.verdict.verdict import PartialCopy
from evtool.operations.record.disclosed_lists import read_lists
from evtool.operations.record.record import Record, Seal
from evtool.report.language import in_english


class Withholding(Struct, frozen=True):
    """What was found out about the lines that a copy withholds.

    Attributes:
        findings: lists that are not the signed ones, items that were promised, and what nobody signed for.
        link: the entry that explains what is withheld; None if nothing is withheld, or nothing explains it.
        listed: its list.
        missing: items that the newest list promises and that are not here, where no list explains the copy.
        is_whole: nothing is withheld at all.
    """

    findings: tuple[Finding, ...]
    link: Link | None = None
    listed: DisclosedItems | None = None
    missing: int = 0
    is_whole: bool = False

    @property
    def is_explained(self) -> bool:
        """Whether nothing is withheld, or somebody signed that it may be."""
        return self.is_whole or self.link is not None

    def describe(self, disclosed: int, sealed: int) -> PartialCopy | None:
        """Say which copy this is, if it is a partial one that somebody signed for."""
        if self.link is None or not isinstance(self.link.entry.details, Disclosed):
            return None
        return PartialCopy(self.link.entry.sequence, str(self.link.entry.details.recipient), disclosed, sealed)


def judge_withholding(record: Record) -> Withholding:
    """Hold what is withheld against the lists of disclosures; to be called once all items have been read."""
    findings: list[Finding] = []
    newest: tuple[Link, DisclosedItems, Deviations] | None = None
    explaining: tuple[Link, DisclosedItems] | None = None
    is_whole = not any(seal.withheld_lines for seal in record.seals) and not record.withheld_details
    is_sound = not record.lacks_seals and all(seal.is_sound for seal in record.seals)
    for link, listed, finding in read_lists(record.custody, record.listing, record.chain.links):
        if finding is not None or listed is None:
            findings += [finding] if finding else []
        elif explaining is None and is_sound and not is_whole:
            deviations = _find_deviations(record, link, listed)
            newest = newest or (link, listed, deviations)
            is_as_listed = deviations.is_none and set(record.withheld_details) == set(listed.entries or ())
            explaining = (link, listed) if is_as_listed else None
    if is_whole or not is_sound:
        # What a manifest withholds that is not the signed one says nothing.
        return Withholding(tuple(findings), is_whole=is_whole and is_sound)
    if explaining is not None:
        return Withholding(tuple(findings), *explaining)
    missing = 0
    if newest is not None:
        link, listed, deviations = newest
        findings += _promised_details(record, link, listed)
        for first, last in deviations.missing:
            missing += last - first + 1
            number = link.entry.sequence
            says = Words("promised", items=((first, last),))
            findings.append(Finding(Code.MISSING, Effect.DISPROVES, says, first, entry=number, count=last - first + 1))
    findings.append(_unexplained(record))
    return Withholding(tuple(findings), missing=missing)


def _promised_details(record: Record, link: Link, listed: DisclosedItems) -> Iterator[Finding]:
    """Find the entries before a list whose details it hands over and which are not here."""
    for number in record.withheld_details:
        if number < link.entry.sequence and number not in (listed.entries or ()):
            says = Words("details", by=link.entry.sequence)
            yield Finding(Code.DISCLOSURE_INVALID, Effect.DISPROVES, says, entry=number)


def _find_deviations(record: Record, link: Link, listed: DisclosedItems) -> Deviations:
    """Compare the seals before an entry with its list; those after it were made in a copy, and are whole in it."""
    before = [span for seal in record.seals if seal.number < link.entry.sequence for span in seal.disclosed.spans]
    deviations = find_deviations(listed, before)
    later = [seal for seal in record.seals if seal.number > link.entry.sequence and seal.withheld_lines]
    cut = tuple((seal.sealed.first_item, seal.sealed.first_item + seal.sealed.items - 1) for seal in later)
    return Deviations(deviations.missing, deviations.other + cut)


def _unexplained(record: Record) -> Finding:
    gone: list[tuple[int, int]] = []
    for seal in record.seals:
        if seal.withheld_lines:
            gone += withheld_ranges(seal)
    count = count_items(gone)
    if gone:
        says = Words("items", items=tuple(gone))
    elif any(seal.withheld_lines for seal in record.seals):
        says = Words("statements")
    else:
        says = Words("details", entries=ranges_of(record.withheld_details).ranges)
    return Finding(Code.WITHHELD_UNEXPLAINED, Effect.UNCHECKED, says, count=max(count, 1))


def disclosed_items(record: Record) -> ItemRanges | None:
    """Give the items whose statements a record has; None for none."""
    return unite(sorted((first, last) for seal in record.seals for first, last, _ in seal.disclosed.spans))


def withheld_ranges(seal: Seal) -> list[tuple[int, int]]:
    """Give the numbers of the items of a seal of which nothing is disclosed, as ranges."""
    ranges: list[tuple[int, int]] = []
    at, end = seal.sealed.first_item, seal.sealed.first_item + seal.sealed.items
    for first, last, _ in seal.disclosed.spans:
        if first > at:
            ranges.append((at, first - 1))
        at = last + 1
    if at < end:
        ranges.append((at, end - 1))
    return ranges


def require_explained(withholding: Withholding) -> None:
    """Refuse to go on from a copy that leaves out what nobody signed for.

    Raises:
        MismatchError: what was promised is gone, or a list is not the signed one.
        InputError: nothing is disproven, but nothing explains what is withheld.
    """
    for finding in sorted(withholding.findings, key=lambda finding: finding.effect is not Effect.DISPROVES):
        kind = MismatchError if finding.effect is Effect.DISPROVES else InputError
        raise kind(
            f"this copy leaves things out, and no signed entry allows that: {in_english(finding)}",
            hint="`evtool verify DIR` shows everything that is missing; ask the sender for a complete copy",
        )
