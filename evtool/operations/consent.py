"""Consent of a sealed collection: what is in force, who may get what, who has it already.

Packing, handing over and every other way out asks `decide_items`, and nothing else decides.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from evtool.core.consent import ConsentTerms
from evtool.core.consent_decision import ConsentAnswer, Decision, Reason, Refusal, Request, decide
from evtool.core.consent_index import ChangeFinder, ChangeIndex
from evtool.core.consent_input import find_contradictions
from evtool.core.consent_state import ConsentChange, ItemConsent, changes_of, find_ineffective, fold_terms
from evtool.core.errors import FormatError, InputError, MismatchError, RefusedError, UsageError
from evtool.core.events import ConsentChanged, Event, Terms
from evtool.core.finding import Effect
from evtool.core.item_ranges import ItemRanges
from evtool.core.limits import MAX_CHANGES
from evtool.core.privacy import TextPolicy
from evtool.keys.signer import Signer
from evtool.operations.collection import Collection, read_numbered_items
from evtool.operations.entry_writer import EntryHeader, Now, system_now
from evtool.operations.read import open_record
from evtool.operations.record import RecordResult, record_event
from evtool.operations.trust import TrustPolicy
from evtool.operations.withholding import judge_withholding, require_explained


def read_consent(collection: Collection, items: ItemRanges | None = None) -> Iterator[ItemConsent]:
    """Yield the consent of every item that is disclosed, or only of `items`, in the order of their numbers.

    What was yielded counts only once all of it was read and the record was found to hold.

    Raises:
        MismatchError: at the end: a manifest is not the one that was signed, or the chain does not hold.
        InputError: at the end: some of it cannot be read.
    """
    index = ChangeIndex(changes_of(link.entry for link in collection.chain.links))
    finders = {seal.number: ChangeFinder(index, seal.number) for seal in collection.seals}
    # Items mostly share their terms and the changes that concern them: what was put together last is kept.
    known: tuple[object, ConsentTerms | None, tuple[ConsentChange, ...]] = None, None, ()
    for sealed in read_numbered_items(collection):
        number, sealed_by = sealed.item.number, sealed.seal.number
        if items is not None and number not in items:
            continue
        statement = sealed.item.consent
        stated = statement.terms if statement else None
        group = (sealed_by, stated, finders[sealed_by].find(number))
        if known[0] != group:
            changes = tuple(index.changes[one] for one in group[2])
            known = group, _in_force(number, sealed_by, stated, changes), changes
        yield ItemConsent(
            item=number,
            sealed_by=sealed_by,
            stated=stated,
            terms=known[1],
            changes=known[2],
        )
    require_sound(collection)


def _in_force(
    number: int, sealed_by: int, stated: ConsentTerms | None, changes: tuple[ConsentChange, ...]
) -> ConsentTerms | None:
    try:
        return fold_terms(sealed_by, stated, changes)
    except FormatError as error:
        raise FormatError(f"item {number}: {error.message}") from error


def require_sound(collection: Collection) -> None:
    """Refuse to answer out of a record that does not hold; its manifests have been read.

    Raises:
        MismatchError, InputError: as `read_consent`.
    """
    findings = collection.record_findings
    hint = "run evtool verify first"
    for finding in findings:
        if finding.effect is Effect.DISPROVES:
            raise MismatchError(f"the record does not hold: {finding.message}", hint=hint)
    for finding in findings:
        if finding.effect is Effect.UNCHECKED:
            raise InputError(f"the record cannot be read: {finding.message}", hint=hint)
    if not collection.seals:
        raise InputError("nothing is sealed here, so there is nothing to decide over")
    # Terms could be looser only because an item with stricter ones was withheld by somebody without a key.
    require_explained(judge_withholding(collection))


def decide_items(
    collection: Collection, request: Request, trust: TrustPolicy, items: ItemRanges | None = None
) -> tuple[ConsentAnswer, ...]:
    """Decide over every item that is disclosed, or over `items`: the one place where that is decided.

    Terms that somebody signed whom the user does not trust permit nothing.

    Raises:
        MismatchError, InputError: the record does not hold or cannot be read, or one of `items` is not in it.
    """
    request = replace(request, is_onward=request.is_onward or passes_on(collection, request.agent))
    untrusted = {link.entry.sequence for link in collection.chain.links if trust.judge(link) is not None}
    answers: list[ConsentAnswer] = []
    for consent in read_consent(collection, items):
        decision = decide(consent.terms, request)
        reasons = [*_reservations(consent, untrusted), *decision.reasons]
        answers.append(ConsentAnswer(consent, Decision(tuple(reasons), decision.duties)))
    if items is not None:
        _require_all(items, {answer.consent.item for answer in answers})
    return tuple(answers)


def _reservations(consent: ItemConsent, untrusted: set[int]) -> Iterator[Refusal]:
    entries = [consent.sealed_by, *(change.entry for change in consent.changes)]
    for entry in entries:
        if entry in untrusted:
            message = f"entry {entry}, which its terms come from, is signed by a key that you have not trusted"
            yield Refusal(Reason.TERMS_UNTRUSTED, message)


def _require_all(items: ItemRanges, found: set[int]) -> None:
    # Not listed one by one: a range may be of millions.
    missing = next((number for number in items if number not in found), None)
    if missing is not None:
        raise InputError(f"item {missing} is in no seal, or withheld from this copy")


_HANDOVERS = (Event.TRANSFERRED, Event.DISCLOSED, Event.RECEIVED)


def passes_on(collection: Collection, agent: str | None) -> bool:
    """Tell whether an agent is on the side of those who received the collection, as far as its record tells.

    Once it was handed over, only those who signed entries before that are known to be on the giver's side.
    """
    givers: set[str] = set()
    for link in collection.chain.links:
        if link.entry.event in _HANDOVERS:
            break
        givers.add(link.entry.agent)
    else:
        return False
    # The giver signs the handover; a record that begins with a reception is all of the receiver's making.
    first = next(link for link in collection.chain.links if link.entry.event in _HANDOVERS)
    if first.entry.event is not Event.RECEIVED:
        givers.add(first.entry.agent)
    return agent not in givers


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """A change of consent that was recorded.

    Attributes:
        written: the entry.
        items: the items it is about.
        without_effect: name of a term -> number of items for which something stricter stays in force.
    """

    written: RecordResult
    items: ItemRanges
    without_effect: dict[str, int]


def change_consent(
    path: str | os.PathLike[str],
    signer: Signer,
    terms: ConsentTerms,
    header: EntryHeader,
    *,
    custody: str | None = None,
    policy: TextPolicy | None = None,
    now: Now = system_now,
) -> ChangeResult:
    """Record that consent or handling changed; without items in the header, of all items sealed by now.

    Raises:
        UsageError: nothing is stated, or what is stated makes no sense.
        RefusedError: a text names somebody, or an item was changed as often as a reader accepts.
        MismatchError, InputError: the record does not hold or cannot be read, or an item is not in it.
    """
    if not terms.stated:
        raise UsageError("no term was given", hint="for example --status withdrawn")
    for sentence in find_contradictions(terms, whole=False):
        raise UsageError(sentence)
    without_effect: dict[str, int] = {}
    with open_record(path, custody) as collection:
        found: list[int] = []
        for consent in read_consent(collection, header.items):
            found.append(consent.item)
            if len(consent.changes) >= MAX_CHANGES:
                raise RefusedError(f"item {consent.item} was changed {MAX_CHANGES} times, which is all that is read")
            for name in find_ineffective(consent.terms, terms):
                without_effect[name] = without_effect.get(name, 0) + 1
        if not found:
            raise InputError("no such item is disclosed here")
        # As ranges throughout: how many items there are is only claimed, and may be any number.
        items = header.items or ItemRanges(((1, collection.next_item - 1),))
        if not _withholds(collection) or items.last >= collection.next_item:
            _require_all(items, set(found))
    # Named one by one even if it is all: items that are sealed later are not meant.
    header = EntryHeader(header.reason, header.happened_at, header.clock, items)
    details = ConsentChanged(Terms(terms.serialize()))
    written = record_event(path, signer, details, header, custody=custody, policy=policy, now=now)
    return ChangeResult(written, items, without_effect)


def _withholds(collection: Collection) -> bool:
    """Whether items may be withheld from this copy altogether: their consent can be changed all the same."""
    return any(seal.withheld_lines for seal in collection.seals)
