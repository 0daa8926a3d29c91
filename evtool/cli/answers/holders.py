"""Who holds what, as far as a catalogue knows: lines for a person, documents for a script."""

from __future__ import annotations

from evtool.core.custody.events import Event
from evtool.core.text.names import shown
from evtool.operations.catalogue.holders import Given, OwnCopy
from evtool.report.answers_document import GivenDocument, OwnCopyDocument
from evtool.report.language import Language


def render_copy(language: Language, copy: OwnCopy) -> str:
    """Write on two lines where one of one's own copies lies, and when it was last read."""
    say = language.say
    result = language.word("copy-result", copy.result or "")
    proof = say("catalogue.proof", when=copy.last_proof, result=result) if copy.last_proof else None
    own = say(
        "catalogue.own",
        holding=copy.holding,
        location=copy.location,
        items=language.say_ranges(copy.items.ranges, "items"),
        proof=proof,
    )
    return f"{own}\n      {shown(copy.carrier or copy.path)}"


def render_given(language: Language, given: Given) -> str:
    """Write who was given what, and what they answered."""
    say = language.say
    answer = language.word("term.acceptance", given.answer.value) if given.answer else say("catalogue.not-answered")
    return say(
        "catalogue.given",
        holder=given.holder,
        items=language.say_ranges(given.items.ranges, "items"),
        since=given.since,
        entry=given.entry,
        answer=answer,
    )


def copy_document(copy: OwnCopy) -> OwnCopyDocument:
    """Write one's own copy for a script."""
    return OwnCopyDocument(
        holding=copy.holding,
        location=copy.location,
        path=copy.path,
        carrier=copy.carrier,
        items=tuple(copy.items.serialize()),
        last_proof=copy.last_proof,
        result=copy.result,
    )


def given_document(given: Given) -> GivenDocument:
    """Write who was given what for a script."""
    return GivenDocument(
        holder=given.holder,
        entry=given.entry,
        head=given.digest,
        event=Event(given.event),
        since=given.since,
        items=tuple(given.items.serialize()),
        authority=given.authority,
        purpose=given.purpose,
        answer=given.answer,
    )
