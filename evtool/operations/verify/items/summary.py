"""What a comparison says at its end: what is left over, what counts, and one note for each kind of thing."""

from __future__ import annotations

from collections.abc import Iterator

from evtool.core.finding import Code, Effect, Finding, Listed, Words
from evtool.core.manifest.statement import ItemType
from evtool.core.text.names import store_name
from evtool.core.text.ranges import count_items
from evtool.core.values import replace
from evtool.core.verdict.accounts import ItemFates
from evtool.operations.record.companions import report_companions, split_companions
from evtool.operations.record.withholding import judge_withholding, withheld_ranges
from evtool.operations.verify.items.comparer import Comparer
from evtool.operations.verify.items.judge import KIND_NAMES
from evtool.scan.tree import TreeLocation
from evtool.scan.walk import Found, WalkNotes


def close(comparer: Comparer) -> None:
    """Say what became of what is left over, and close the accounts."""
    comparer.result.withholding = judge_withholding(comparer.record)
    _report_leftovers(comparer)
    _discount_unsound_seals(comparer)
    comparer.result.findings += _sum_up(comparer)
    _close_accounts(comparer)


def _report_leftovers(comparer: Comparer) -> None:
    for sealed in comparer.missing:
        if sealed.item.number in comparer.links_left_out and sealed.item.content.type is ItemType.SYMLINK:
            comparer.judge.fates_of(sealed).stated_only += 1
            continue
        comparer.judge.report_missing(sealed)
    comparer.missing.clear()
    evidence = comparer.result.evidence
    if not comparer.selection.is_all:
        evidence.not_selected += len(comparer.extra)
        return
    extra = [found for found in comparer.extra if not _is_below_omitted(comparer, found)]
    evidence.omitted += len(comparer.extra) - len(extra)
    if isinstance(comparer.evidence, TreeLocation):
        companions, extra = split_companions(comparer.evidence, extra)
        comparer.result.notes.companions += companions
    if _is_undecided(comparer):
        # What cannot be read, is not what was signed, or is withheld although nobody signed that it may be, may
        # have listed these files; nobody is accused for that.
        evidence.unjudged = len(extra)
        if extra:
            comparer.add(Code.NOT_HASHED, Effect.UNCHECKED, Words("undecided"), count=len(extra))
        return
    evidence.extra = len(extra)
    for found in extra:
        stored = store_name(found.path)
        effect, remarks = comparer.judge.weigh_name(stored)
        says = Words("unsealed", kind=KIND_NAMES[found.kind])
        comparer.add(Code.EXTRA, effect, says, path=stored, remarks=remarks)


def _is_undecided(comparer: Comparer) -> bool:
    """Tell whether there may be sealed items that nothing here tells of."""
    withholding, seals = comparer.result.withholding, comparer.record.seals
    is_known = not comparer.record.lacks_seals and all(seal.is_sound for seal in seals)
    return not (is_known and withholding.is_explained)


def _is_below_omitted(comparer: Comparer, found: Found) -> bool:
    return any((found.path + b"/").startswith(prefix) for prefix in comparer.omitted_directories)


def _discount_unsound_seals(comparer: Comparer) -> None:
    """What was compared with a manifest that is not the signed one shows nothing, and accuses nobody."""
    unsound = {seal.number: seal for seal in comparer.record.seals if not seal.is_sound}
    for number, seal in unsound.items():
        comparer.result.fates[number] = ItemFates(unjudged=seal.sealed.items)
    comparer.result.findings[:] = [
        replace(
            finding,
            effect=Effect.UNCHECKED,
            remarks=(*finding.remarks, Words("unsound")),
        )
        if finding.entry in unsound and finding.effect is Effect.DISPROVES
        else finding
        for finding in comparer.result.findings
    ]


def _close_accounts(comparer: Comparer) -> None:
    """Bring in what the walk counted by itself."""
    notes, evidence = comparer.result.notes, comparer.result.evidence
    evidence.seen, evidence.excluded, evidence.directories = notes.seen, notes.excluded_count, notes.directories
    evidence.companions = len(notes.companions)
    for seal in comparer.record.seals:
        if seal.is_sound:
            comparer.result.fates[seal.number].withheld += count_items(withheld_ranges(seal))


def _sum_up(comparer: Comparer) -> Iterator[Finding]:
    """Yield the notes of a comparison."""
    result, record, other_dates = comparer.result, comparer.record, comparer.judge.other_dates
    if comparer.neutral_names:
        yield Finding(Code.NEUTRAL_NAME, Effect.NOTE, Words("stored"), count=comparer.neutral_names)
    if renamed := sum(len(seal.renamed) for seal in record.seals):
        yield Finding(Code.NEW_NAME, Effect.NOTE, Words("renamed", by=record.names.entries.ranges), count=renamed)
    if stated_only := sum(fates.stated_only for fates in result.fates.values()):
        yield Finding(Code.STATED_ONLY, Effect.NOTE, Words("bundle"), count=stated_only)
    if other_dates:
        yield Finding(Code.DATE_CHANGED, Effect.NOTE, Words("unchanged"), count=other_dates)
    if comparer.selection.is_all:
        yield from _describe_walk(result.notes)
    else:
        not_selected = sum(fates.not_selected for fates in result.fates.values())
        yield Finding(Code.NOT_SELECTED, Effect.NOTE, Words("items"), count=not_selected)


def _describe_walk(notes: WalkNotes) -> Iterator[Finding]:
    """Tell of what patterns left out, of companions, and of names that some systems take for one."""
    if notes.excluded_count:
        patterns = tuple(sorted({pattern for _, pattern in notes.excluded}))
        names = Listed(tuple(path for path, _ in notes.excluded), notes.excluded_count)
        says = Words("pattern", patterns=Listed(patterns, len(patterns)), names=names)
        yield Finding(Code.EXCLUDED, Effect.NOTE, says, count=notes.excluded_count)
    yield from report_companions(Code.COMPANION, notes.companions)
    for name, twin in notes.twins:
        yield Finding(Code.NAME_TWIN, Effect.NOTE, Words("twin", twin=twin), path=name)
