"""Whether it is stated under which consent the items may be used."""

from __future__ import annotations

from evtool.core.consent.summary import ConsentSummary, ConsentTally
from evtool.core.finding import Code, Effect, Finding
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
        message = "the record cannot be relied on, and so its terms cannot: treat all items as closed"
        return [Finding(Code.NO_CONSENT, Effect.OPEN, message)]
    if summary.problem:
        message = f"consent cannot be put together: {summary.problem}; treat the items concerned as closed"
        return [Finding(Code.NO_CONSENT, Effect.UNCHECKED, message)]
    missing = summary.items - summary.stated
    if summary.items == missing:
        message = "no consent is stated for any item: treat all of them as closed"
        return [Finding(Code.NO_CONSENT, Effect.OPEN, message)]
    if missing:
        verb, them = ("has", "it") if missing == 1 else ("have", "them")
        message = f"{missing:,} of {summary.items:,} items {verb} no consent stated: treat {them} as closed; "
        message += f"`evtool show --without-terms` lists {them}"
        return [Finding(Code.NO_CONSENT, Effect.OPEN, message, count=missing)]
    return []
