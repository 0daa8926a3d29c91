"""A second opinion on consent decisions: slow, flat, and written from the rules and not from the program.

It works on text alone: terms as a JSON object spells them, and facts of the request as words. It shares no code with
`evtool.core.consent_decision`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

KNOWN = {
    "handling": "sealed named partners public",
    "status": "given refused withdrawn revoked expired unknown not-required",
    "by": "subject guardian representative source-org",
    "for": "accountability-intl accountability-national un-reporting truth-memory missing-persons sanctions research "
    "advocacy",
    "identity": "withheld to-recipient to-court public",
    "onward": "no ask yes",
    "defence": "no ask yes",
    "conditions": "redact-identity redact-location no-death-penalty closed-session notify-before-use "
    "no-state-authority",
}


@dataclass(frozen=True)
class Question:
    """A request in words."""

    to: str
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


def refused(terms: dict[str, Any], question: Question) -> set[str]:
    """Give the codes of all reasons why not."""
    why: dict[str, str | None] = {}  # reason, with its detail -> what would answer it

    status = terms.get("status")
    if status is None:
        why["status-not-stated"] = None
    if status in ("refused", "withdrawn", "revoked", "expired", "unknown"):
        why["status-" + status] = None
    if status == "not-required" and not terms.get("basis"):
        why["no-basis"] = None

    if "from" in terms and question.day.isoformat() < terms["from"]:
        why["not-yet"] = None
    if "until" in terms and question.day.isoformat() >= terms["until"]:
        why["expired"] = None

    handling, listed = terms.get("handling"), terms.get("share")
    if handling is None:
        why["handling-not-stated"] = None
    elif handling == "sealed":
        why["handling-sealed"] = None
    elif (listed is None and handling == "named") or (listed is not None and question.to not in listed):
        why["recipient-not-named"] = None
    elif listed is None and handling == "partners":
        bound = terms.get("agreement", [])
        bound = [bound] if isinstance(bound, str) else bound
        if not bound or any(number not in question.agreements for number in bound):
            why["not-a-partner"] = None

    if "for" not in terms:
        why["purpose-not-stated"] = None
    elif question.purpose not in terms["for"]:
        why["purpose-not-covered"] = None
    if question.purpose not in question.may_receive_for:
        why["purpose-not-of-recipient"] = None

    may_know = {
        None: False,
        "withheld": False,
        "to-court": "court" in question.kinds and "public" not in question.kinds,
        "to-recipient": len(question.kinds) > 0 and "public" not in question.kinds,
        "public": True,
    }
    if not may_know.get(terms.get("identity"), True):
        why["identity"] = "redact-identity"

    if question.passes_on and terms.get("onward", "no") == "no":
        why["onward-no"] = None
    if question.passes_on and terms.get("onward") == "ask":
        why["onward-ask"] = "onward-agreed"

    if question.purpose in ("accountability-intl", "accountability-national") and terms.get("defence", "no") == "no":
        why["defence"] = "legal-advice"

    for condition in terms.get("conditions", []):
        if condition == "no-state-authority":
            if "state-authority" in question.kinds or not question.kinds:
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

    left = {reason for reason, answer in why.items() if not (question.two_people and answer in question.confirmed)}
    if not question.two_people and any(why[reason] in question.confirmed for reason in left):
        left.add("no-second-agent")
    return {reason.split()[0] for reason in left}


def is_region(code: str) -> bool:
    """Tell whether a condition names a region."""
    letters = code.removeprefix("region:")
    return code.startswith("region:") and len(letters) == 2 and all("A" <= letter <= "Z" for letter in letters)
