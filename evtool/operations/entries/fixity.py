"""A fresh fixity result for an entry that states something of the evidence: measured, never assumed."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from evtool.core.custody.events import Fixity, FixityScope
from evtool.core.errors import InputError, MismatchError, UsageError
from evtool.core.finding import Effect, Finding
from evtool.core.manifest.statement import ItemType
from evtool.core.text.patterns import Exclusions
from evtool.operations.author import Author, Random
from evtool.operations.entries.opening import OpenRecord
from evtool.operations.record.disclosed_lists import read_lists
from evtool.operations.record.items import read_numbered_items
from evtool.operations.record.opening import require_sound
from evtool.operations.record.record import Record, read_record
from evtool.operations.record.selection import Selection
from evtool.operations.verify.items.comparer import Comparer
from evtool.operations.verify.items.comparison import Comparison
from evtool.operations.verify.items.plain import compare
from evtool.report.language import in_english
from evtool.scan.engine import Workers
from evtool.scan.observe import Mode
from evtool.scan.workers import default_jobs
from evtool.store.custody_names import NAME


class FixityRequest(Struct, frozen=True):
    """How much to read.

    Attributes:
        sample: number of items to draw at random; None means all, and also that there is nothing else.
        jobs: number of workers; None means a number that suits this machine.
    """

    sample: int | None = None
    jobs: int | None = None

    def __post_init__(self) -> None:
        if self.sample is not None and self.sample < 1:
            raise UsageError("a sample needs at least one item", key="sample-empty")


class Measurement(Struct, frozen=True):
    """A fixity result, with the findings behind it."""

    fixity: Fixity
    findings: tuple[Finding, ...]


def measure_fixity(
    opened: OpenRecord,
    request: FixityRequest,
    author: Author,
) -> Measurement:
    """Compare the evidence with its seals, all of it or a sample.

    Raises:
        InputError: nothing is sealed, or no item could be checked: such a result would state nothing.
        MismatchError: a manifest is not the one that was signed.
    """
    # Read again: the items of a collection can be gone through once.
    record = read_record(opened.custody)
    total = sum(seal.sealed.items for seal in record.seals)
    if not total:
        raise InputError(
            "nothing is sealed here, so there is nothing to compare",
            hint="run `evtool seal DIR` first",
            key="nothing-to-compare",
        )
    selection = _select(opened, record, total, request.sample, author.random)
    whole = selection.is_all
    comparer = Comparer(
        evidence=opened.evidence,
        record=record,
        custody_name=NAME if opened.inside else None,
        # What is in a bundle was put there one by one; no pattern leaves anything out of it.
        exclusions=record.exclusions if opened.bundle is None else Exclusions(),
        jobs=Workers(request.jobs or default_jobs(), meter=author.progress.meter),
        mode=Mode.HASH,
        selection=selection,
        progress=author.progress,
    )
    author.progress.start("checking", total if whole else len(selection.numbers), None, measure=comparer.measure(total))
    comparison = compare(comparer)
    _require_relied_on(record, comparison, total)
    found = [*comparison.findings]
    if opened.bundle is not None:
        # Start-up time: it imports the reader of bundles, which a directory does not need.
        from evtool.operations.verify.bag import check_bag

        found += check_bag(opened.bundle, record.chain.links[0].entry.collection, whole=whole)
    fixity = _fixity(comparison, total, whole)
    if not fixity.checked:
        raise InputError(
            "no item could be checked, so nothing was recorded",
            hint="`evtool verify DIR` gives the reason for each; use a copy that contains some of the items",
            key="nothing-checked",
        )
    return Measurement(fixity, tuple(finding for finding in found if finding.effect is not Effect.NOTE))


def _require_relied_on(record: Record, comparison: Comparison, total: int) -> None:
    """Refuse to state a result that rests on a record which fails verification."""
    for seal in record.seals:
        require_sound(seal.findings)
    for finding in (*comparison.withholding.findings, *comparison.check_accounts(total)):
        raise MismatchError(
            "the record fails verification: {why}",
            hint="run `evtool verify DIR` first",
            key="record-fails",
            why=in_english(finding),
        )


def _select(opened: OpenRecord, record: Record, total: int, sample: int | None, random: Random) -> Selection:
    """Draw a sample, if it is smaller than what is there."""
    if sample is not None and sample < len(there := _numbers_there(opened, record, total)):
        return Selection(_draw(sample, there, random))
    return Selection()


def _numbers_there(opened: OpenRecord, record: Record, total: int) -> Sequence[int]:
    """Give the numbers of the items that can be read, where not every item can: a sample is drawn from these."""
    is_partial = any(True for _ in read_lists(record.custody, record.listing, record.chain.links))
    if not is_partial and not record.disposals:
        return range(1, total + 1)
    return [
        sealed.item.number
        for sealed in read_numbered_items(read_record(opened.custody))
        if sealed.item.content.type is not ItemType.OMITTED and not record.is_disposed(sealed)
    ]


def _draw(size: int, numbers: Sequence[int], random: Random) -> frozenset[int]:
    """Draw distinct item numbers; from the system's random numbers, so that nobody can know the sample beforehand."""
    chosen: set[int] = set()
    while len(chosen) < size:
        # 16 bytes against at most 2^53 items: the bias of the remainder is far below one in 2^64.
        chosen.add(numbers[int.from_bytes(random(16), "big") % len(numbers)])
    return frozenset(chosen)


def _fixity(comparison: Comparison, total: int, whole: bool) -> Fixity:
    fates = comparison.all_fates
    changed = fates.changed + fates.renamed + fates.type_changed
    checked = fates.ok + changed + fates.missing + fates.unreadable
    return Fixity(
        scope=FixityScope.FULL if whole else FixityScope.SAMPLE,
        items=total,
        checked=checked,
        ok=fates.ok,
        changed=changed,
        missing=fates.missing,
        unreadable=fates.unreadable,
        extra=comparison.evidence.extra,
        withheld=total - checked if whole else 0,
    )
