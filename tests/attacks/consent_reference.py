"""A second opinion on consent: slow, flat, and written from `manifests/FORMAT-consent.md` alone.

It works on text: terms as a JSON object spells them, `handling` among the others, and the facts of a request as words.
It shares no code with evtool.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

KNOWN = {
    "handling": "closed named partners public",
    "status": "given refused withdrawn revoked expired unknown not-required",
    "by": "subject guardian representative source-org",
    "for": "accountability-intl accountability-national un-reporting truth-memory missing-persons sanctions research "
    "advocacy",
    "identity": "withheld to-court to-recipient public",
    "onward": "no ask yes",
    "defence": "no ask yes",
    "conditions": "redact-identity redact-location no-death-penalty closed-session notify-before-use "
    "no-state-authority",
}

STRICTEST = {
    "handling": "closed",
    "status": "unknown",
    "for": [],
    "share": [],
    "identity": "withheld",
    "onward": "no",
    "defence": "no",
}

Terms = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """A request in words; `to` is None for a bundle for everybody.

    `listed` are the user's agreements: number -> fields, as their file has them.
    """

    to: str | None
    kinds: frozenset[str]
    may_receive_for: frozenset[str]
    agreements: frozenset[str]
    region: str | None
    death_penalty: bool | None
    purpose: str
    day: date
    confirmed: frozenset[str]
    two_people: bool
    passes_on: bool
    organisation: str | None = None
    authority: str = ""
    listed: Mapping[str, Mapping[str, Any]] | None = None


def refused(terms: Terms, question: Question, *, withheld: bool = False, untrusted: int = 0) -> list[str]:
    """Give the codes of all reasons why not, sorted; one that holds several times stands there several times."""
    why = against(terms, question, withheld=withheld, untrusted=untrusted)
    everybody = question.to is None
    if question.listed is not None:
        day = question.day.isoformat()
        numbers = [*agreements_of(terms), *(number for number in question.listed if names(question.authority, number))]
        binding = []
        for number in dict.fromkeys(numbers):
            agreement = question.listed.get(number)
            if agreement is None:
                why["agreement-unknown " + number] = None
                continue
            begins = str(agreement.get("starts", agreement["signed"]))
            if day < begins or day >= str(agreement.get("ends", "9999-99-99")):
                why["agreement-ended " + number] = None
            else:
                binding.append(agreement)
            if everybody or not {question.to, question.organisation} & set(agreement["parties"]):
                why["agreement-other-party " + number] = None
            for purpose in terms.get("for", []) if everybody else [question.purpose]:
                if purpose not in agreement["purposes"]:
                    why[f"agreement-purpose {number} {purpose}"] = None
        own = set(why)
        for index, agreement in enumerate(binding):
            more = against(narrowed(terms, agreement), question, withheld=withheld, untrusted=untrusted)
            alone = [reason for reason in more if reason not in own]
            kept = against(narrowed(terms, *binding), question, withheld=withheld, untrusted=untrusted)
            why |= {f"{reason} by {index}": more[reason] for reason in alone if reason in kept}

    confirmed = frozenset[str]() if everybody else question.confirmed
    left = [reason for reason, answer in why.items() if not (question.two_people and answer in confirmed)]
    if not question.two_people and any(why[reason] in confirmed for reason in left):
        left.append("no-second-agent")
    return sorted(reason.split()[0] for reason in left)


def names(authority: str, number: str) -> bool:
    """Tell whether words name a number."""
    text, sought = (" ".join(unicodedata.normalize("NFKC", each).casefold().split()) for each in (authority, number))
    part_of_a_word = "abcdefghijklmnopqrstuvwxyz0123456789-_"
    for at in range(len(text)):
        before, found, after = text[:at][-1:], text[at : at + len(sought)], text[at + len(sought) :][:1]
        if found == sought and not any(sign and sign in part_of_a_word for sign in (before, after)):
            return True
    return False


def narrowed(terms: Terms, *agreements: Mapping[str, Any]) -> Terms:
    """Put the strictest of an item and its agreements together."""
    both = dict(terms)
    for agreement in agreements:
        for name in ("onward", "defence"):
            if name in both and name in agreement:
                both[name] = put_together({name: both[name]}, {name: agreement[name]})[name]
        if agreement.get("conditions"):
            both["conditions"] = sorted({*both.get("conditions", []), *agreement["conditions"]})
        if "ends" in agreement:
            both["until"] = min(both.get("until", "9999-99-99"), str(agreement["ends"]))
    return both


def against(terms: Terms, question: Question, *, withheld: bool, untrusted: int) -> dict[str, str | None]:
    """Give what the terms alone have against it: each reason with its detail, and what would answer it."""
    why: dict[str, str | None] = {}
    everybody = question.to is None
    becomes_public = everybody or "public" in question.kinds

    if withheld:
        why["terms-withheld"] = None
    for number in range(untrusted):
        why[f"terms-untrusted {number}"] = None

    status = terms.get("status")
    if status is None:
        why["status-not-stated"] = None
    if status in ("refused", "withdrawn", "revoked", "expired", "unknown"):
        why["status-" + status] = None
    if status == "not-required" and "basis" not in terms:
        why["no-basis"] = None

    if "from" in terms and question.day.isoformat() < terms["from"]:
        why["not-yet"] = None
    if "until" in terms and question.day.isoformat() >= terms["until"]:
        why["expired"] = None

    handling, listed = terms.get("handling"), terms.get("share")
    if becomes_public and handling != "public":
        why["not-public"] = None
    if handling is None:
        why["handling-not-stated"] = None
    if handling == "closed":
        why["handling-closed"] = None
    if listed is None:
        if handling == "named":
            why["recipient-not-named"] = None
    elif everybody or question.to not in listed:
        why["recipient-not-named"] = None
    bound = agreements_of(terms)
    if handling == "partners" and not bound:
        why["not-a-partner"] = None
    if any(number not in question.agreements for number in bound):
        why["not-a-partner"] = None

    if "for" not in terms:
        why["purpose-not-stated"] = None
    elif (everybody and terms["for"] == []) or (not everybody and question.purpose not in terms["for"]):
        why["purpose-not-covered"] = None
    if not everybody and question.purpose not in question.may_receive_for:
        why["purpose-not-of-recipient"] = None

    identity = terms.get("identity")
    if identity in (None, "withheld"):
        why["identity"] = "redact-identity"
    if identity == "to-court" and ("court" not in question.kinds or becomes_public):
        why["identity"] = "redact-identity"
    if identity == "to-recipient" and (becomes_public or not question.kinds):
        why["identity"] = "redact-identity"

    if question.passes_on and terms.get("onward", "no") == "no":
        why["onward-no"] = None
    if question.passes_on and terms.get("onward") == "ask":
        why["onward-ask"] = "onward-agreed"

    purposes = terms.get("for", []) if everybody else [question.purpose]
    is_trial = "accountability-intl" in purposes or "accountability-national" in purposes
    if is_trial and terms.get("defence", "no") == "no":
        why["defence"] = "legal-advice"

    for condition in terms.get("conditions", []):
        if condition == "no-state-authority":
            if "state-authority" in question.kinds or not question.kinds or becomes_public:
                why["state-authority"] = None
        elif condition == "no-death-penalty":
            if question.death_penalty is not False:
                why["condition no-death-penalty"] = condition
        elif is_region(condition):
            if question.region is None or condition != "region:" + question.region:
                why["region " + condition] = None
        elif condition in KNOWN["conditions"].split():
            why["condition " + condition] = condition

    for name, known in KNOWN.items():
        values = terms.get(name, [])
        for value in values if isinstance(values, list) else [values]:
            if value not in known.split() and not (name == "conditions" and is_region(value)):
                confirmable = name in ("by", "for", "conditions")
                why[f"unknown-code {name} {value}"] = value if confirmable else None
    return why


def is_region(code: str) -> bool:
    """Tell whether a condition names a region."""
    letters = code.removeprefix("region:")
    return code.startswith("region:") and len(letters) == 2 and all("A" <= letter <= "Z" for letter in letters)


def agreements_of(terms: Terms) -> list[str]:
    """Give the agreements as a list, however they are spelled."""
    bound = terms.get("agreement", [])
    return [bound] if isinstance(bound, str) else list(bound)


def put_together(earlier: Terms, later: Terms) -> Terms:
    """Put a later statement of one item on top of what is in force by then."""
    both = {**earlier, **later}
    for name in set(earlier) & set(later):
        one, two = earlier[name], later[name]
        if name in ("handling", "identity", "onward", "defence"):
            order = KNOWN[name].split()
            strange = [code for code in (two, one) if code not in order]
            both[name] = strange[0] if strange else min(one, two, key=order.index)
        elif name in ("for", "share"):
            both[name] = [code for code in one if code in two]
        elif name == "conditions":
            both[name] = sorted({*one, *two})
        elif name == "agreement":
            numbers = sorted({*agreements_of(earlier), *agreements_of(later)})
            both[name] = numbers[0] if len(numbers) == 1 else numbers
        elif name == "from":
            both[name] = max(one, two)
        elif name == "until":
            both[name] = min(one, two)
    return both


def in_force(layers: Sequence[Terms | None]) -> Terms | None:
    """Put together what was stated of one item, in the order of the entries; None where nothing ever was."""
    terms: Terms | None = None
    for layer in layers:
        if layer is not None:
            terms = dict(layer) if terms is None else put_together(terms, layer)
    return terms


def sealed_with(layers: Sequence[Terms]) -> Terms | None:
    """Put together what the directories, outermost first, and last the row state of one item."""
    terms: Terms | None = None
    for layer in layers:
        terms = dict(layer) if terms is None else layered(terms, layer)
    return terms


def layered(outer: Terms, inner: Terms) -> Terms:
    """Put what is stated further in on top of what is stated further out."""
    outer, inner = dict(outer), dict(inner)
    one, two = outer.get("status"), inner.get("status")
    if one is not None and two is not None and one != two:
        outer_counts = one not in ("given", "not-required") and two in ("given", "not-required")
        loser = inner if outer_counts else outer
        for name in ("status", "by", "ref", "basis", "note"):
            loser.pop(name, None)
    return put_together(outer, inner)


def makes_no_sense(terms: Terms, *, whole: bool) -> bool:
    """Tell whether a writer must not write these terms: as a statement, or as a change."""
    handling, status = terms.get("handling"), terms.get("status")
    conditions = terms.get("conditions", [])
    either = [
        handling == "public" and status is not None and status not in ("given", "not-required"),
        status == "not-required" and "basis" not in terms,
        "basis" in terms and status is not None and status != "not-required",
        "from" in terms and "until" in terms and terms["until"] <= terms["from"],
        handling in ("named", "partners", "public") and terms.get("share") == [],
        sum(map(is_region, conditions)) > 1,
    ]
    statement = [
        handling == "named" and "share" not in terms,
        handling == "partners" and "agreement" not in terms,
    ]
    return any(either) or (whole and any(statement))


def is_too_long(terms: Terms) -> bool:
    """Tell whether a list has more entries than a statement can hold."""
    limits = {"for": 64, "conditions": 64, "share": 256}
    return any(len(terms.get(name, [])) > limit for name, limit in limits.items()) or len(agreements_of(terms)) > 64


def label(handlings: Sequence[str | None]) -> str:
    """Give the label of several items from what is in force for each; None is not stated, or may be withheld."""
    found = {"closed" if handling is None else handling for handling in handlings}
    strange = sorted(found - set(KNOWN["handling"].split()))
    for code in ("closed", *strange, "named", "partners", "public"):
        if code in found:
            return code
    return "closed"


class Step(NamedTuple):
    """An entry of a history: what, by whom, with which key, whether that is trusted, and whom it admits, and how."""

    event: str
    agent: str
    key: str
    is_trusted: bool = True
    admitted: tuple[str, str] | None = None
    is_after: bool = False


def was_received(history: Sequence[Step], agent: str | None, key: str | None, *, is_trusted: bool = False) -> bool:
    """Tell whether an agent's side received the collection from others."""
    handovers = [at for at, step in enumerate(history) if step.event in ("transferred", "disclosed", "received")]
    if not handovers:
        return False
    houses: dict[tuple[str, str], int] = {}  # 0 is the givers'
    retired: dict[str, int] = {}
    successors: list[tuple[str, int, str]] = []  # key, its house, and the next key

    def codes_of_givers() -> set[str]:
        return {code for (code, _), house in houses.items() if house == 0}

    for at, step in enumerate(history):
        retired.update({old: house for old, house, new in successors if new == step.key})
        successors = [each for each in successors if each[2] != step.key]
        if step.key in retired:
            continue
        is_first_side = at <= handovers[0] and step.event != "received"
        if is_first_side or (step.is_trusted and step.agent in codes_of_givers()):
            houses[step.agent, step.key] = 0
        house = houses.setdefault((step.agent, step.key), at + 1)
        if not step.is_trusted or step.admitted is None or step.admitted[1] == step.key:
            continue
        if house == 0 or houses.get(step.admitted, house) == house:
            houses[step.admitted] = house
            if house == 0 or retired.get(step.admitted[1]) == house:
                retired.pop(step.admitted[1], None)
            successors += [(step.key, house, step.admitted[1])] if step.is_after else []
    if key in retired:
        return True
    if key is None or is_trusted:
        return agent not in codes_of_givers()
    return houses.get((agent or "", key)) != 0
