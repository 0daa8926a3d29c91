"""Whether it is stated under which consent the items may be used."""

from __future__ import annotations

from evtool.core.consent.summary import ConsentSummary, ConsentTally
from evtool.core.finding import Code, Effect, Finding, Words
from evtool.operations.record.record import Record


def summarize_consent(record: Record) -> ConsentSummary | None:
    """Put together what the terms of all items amount to, once their manifests have been read.

    None if the record cannot be relied on: an entry that cannot be read, or whose signature fails, may hold a
    change of consent.
    """
    seals = record.seals
    if not seals or not record.tells_all_changes or not all(seal.is_sound for seal in seals):
        return None
    total = ConsentTally()
    for seal in seals:
        total.merge(seal.consent)
    return total.summarize(record.chain.links[-1].entry.recorded_at)


def judge_consent(summary: ConsentSummary | None) -> list[Finding]:
    """Say for how many items no terms are stated."""
    if summary is None:
        return [Finding(Code.NO_CONSENT, Effect.OPEN, Words("no-record"))]
    if summary.problem:
        says = Words("problem", why=summary.problem)
        return [Finding(Code.NO_CONSENT, Effect.UNCHECKED, says)]
    missing = summary.items - summary.stated
    if summary.items == missing:
        return [Finding(Code.NO_CONSENT, Effect.OPEN, Words("none"))]
    if missing:
        return [Finding(Code.NO_CONSENT, Effect.OPEN, Words("some", total=summary.items), count=missing)]
    return []
