"""What is said about copies: what is wrong with them, from where they can be replaced, and which have to be fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evtool.core.finding import Cause, Finding, Words
from evtool.core.text.ranges import spell_any
from evtool.operations.catalogue.copies import IntactCopy, ReadingDue, StoredCopy, Trouble
from evtool.report.audit_document import CarrierDue, IntactCopyShown, TroubledCopy
from evtool.report.language import Language, Said, in_english


def say_trouble(language: Language, trouble: Trouble, key: str) -> Iterator[str]:
    """Say what is wrong with a copy, and where the same is intact; `key` is `damaged` or `unread`."""
    copy = trouble.copy
    place = say_place(language, copy) if copy is not None else Said(trouble.location)
    yield language.say(f"audit.{key}", place=place, why=_say(language, trouble.why))
    if key != "damaged":
        return
    if trouble.items is not None:
        yield "  " + language.say("audit.items", items=trouble.items.ranges)
    for intact in trouble.intact:
        day = intact.last_proof[:10]
        yield "  " + language.say("audit.intact", place=say_place(language, intact), day=day)
    if not trouble.intact:
        yield "  " + language.say("audit.no-intact")


def say_place(language: Language, copy: StoredCopy | IntactCopy) -> Said:
    """Say where a copy lies."""
    if copy.carrier is None:
        return language.say("audit.place", location=copy.location, path=copy.path)
    return language.say("audit.place-carrier", location=copy.location, path=copy.path, carrier=copy.carrier)


def say_carriers(language: Language, carriers: Iterable[ReadingDue]) -> Iterator[str]:
    """Say which carriers have to be fetched by when."""
    for due in carriers:
        key = "audit.carrier" if due.carrier is not None else "audit.no-carrier"
        place = language.say(key, carrier=due.carrier or "", location=due.location)
        yield language.say("audit.fetch", day=f"{due.due.date()}", place=place, count=due.copies)


def carrier_documents(carriers: Iterable[ReadingDue]) -> tuple[CarrierDue, ...]:
    """Give the same for scripts."""
    return tuple(
        CarrierDue(location=due.location, carrier=due.carrier, due=f"{due.due.date()}", copies=due.copies)
        for due in carriers
    )


def trouble_document(trouble: Trouble) -> TroubledCopy:
    """Give what is wrong with a copy, for scripts."""
    copy, why = trouble.copy, trouble.why
    return TroubledCopy(
        location=trouble.location,
        path=copy.path if copy is not None else None,
        carrier=copy.carrier if copy is not None else None,
        collection=copy.uid if copy is not None else None,
        holding=copy.holding if copy is not None else None,
        items=spell_any(trouble.items),
        why=why.text if isinstance(why, Cause) else in_english(why),
        intact=tuple(
            IntactCopyShown(
                location=intact.location, path=intact.path, carrier=intact.carrier, last_proof=intact.last_proof
            )
            for intact in trouble.intact
        ),
    )


def _say(language: Language, why: Words | Finding | Cause) -> Said:
    if isinstance(why, Finding):
        return language.say_finding(why)
    return language.say_words(why) if isinstance(why, Words) else language.say("audit.cause", why=why)
