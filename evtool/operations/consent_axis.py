"""Whether it is stated under which consent the items may be used."""

from __future__ import annotations

from evtool.core.consent_summary import ConsentSummary, ConsentTally
from evtool.core.finding import Code, Effect, Finding
from evtool.operations.collection import Collection
from evtool.operations.withholding import Withholding


def summarize_consent(collection: Collection, withholding: Withholding) -> ConsentSummary | None:
    """Put together what the terms of all items amount to, once their manifests have been read.

    None where the record cannot be relied on: an entry that cannot be read, or whose signature fails, may hold a
    change of consent. Items that are withheld, and that no signed entry lets be withheld, may be here all the same:
    for them the strictest counts.
    """
    seals = collection.seals
    if not seals or not collection.tells_all_changes or not all(seal.is_sound for seal in seals):
        return None
    total = ConsentTally()
    for seal in seals:
        total.merge(seal.consent)
        if not withholding.is_explained and seal.sealed.items > seal.disclosed.items:
            total.add_withheld(seal.sealed.items - seal.disclosed.items)
    return total.summarize(collection.chain.links[-1].entry.recorded_at)


def judge_consent(summary: ConsentSummary | None) -> list[Finding]:
    """Say for how many items no terms are stated, or none are known."""
    if summary is None:
        message = "the record cannot be relied on, so no terms can: treat all items as sealed, for nobody"
        return [_open(Code.NO_CONSENT, message)]
    findings: list[Finding] = []
    if summary.withheld:
        message = "items are withheld, so their terms are not known: treat them as sealed, for nobody"
        findings.append(_open(Code.TERMS_WITHHELD, message, summary.withheld))
    disclosed = summary.items - summary.withheld
    if disclosed and not summary.stated:
        message = "no consent is stated for any item: treat all of them as sealed, for nobody"
        findings.append(_open(Code.NO_CONSENT, message))
    elif disclosed > summary.stated:
        message = f"of {disclosed:,} items have no consent stated: treat them as sealed, for nobody"
        findings.append(_open(Code.NO_CONSENT, message, disclosed - summary.stated))
    return findings


def _open(code: Code, message: str, count: int = 1) -> Finding:
    return Finding(code, Effect.OPEN, message, count=count)
