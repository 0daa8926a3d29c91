"""Whether a bundle that came is one to take in: what the verification says, and for whom the bundle was made.

Pure: a verdict and a policy in, reasons out. No reason is a judgement on the evidence; each says why a person has to
look before the bundle is taken in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import Enum

from evtool.core.consent.agreements import Agreements
from evtool.core.consent.refusal import Reason
from evtool.core.custody.chain import Link
from evtool.core.custody.receipt import transfer_details
from evtool.core.errors import ExitCode
from evtool.core.finding import Axis, AxisState, Code, Effect
from evtool.core.terms.terms import Purpose
from evtool.core.verdict.verdict import Report
from evtool.operations.catalogue.policy import IntakePolicy


class IntakeReason(Enum):
    """Why a bundle is not taken in; stable codes, each with the exit code that it makes of a run."""

    exit_code: ExitCode

    def __new__(cls, text: str, exit_code: ExitCode) -> IntakeReason:  # noqa: D102  # how an enum takes a second value
        reason = object.__new__(cls)
        reason._value_ = text
        reason.exit_code = exit_code
        return reason

    NOT_A_BUNDLE = ("not-a-bundle", ExitCode.NOT_CHECKED)
    """Neither a bundle nor anything that could be read as one: a link, another file, a folder, a broken container."""
    NOT_CHECKED = ("not-checked", ExitCode.NOT_CHECKED)
    """It is a bundle, and something of it could not be checked."""
    UNREADABLE = ("unreadable", ExitCode.NOT_CHECKED)
    """The system does not let it be read or moved."""
    LOCKED = ("locked", ExitCode.NOT_CHECKED)
    """It is encrypted, and no key that was given opens it."""
    CHANGING = ("changing", ExitCode.NOT_CHECKED)
    """Somebody wrote to it while it was looked at; the next run looks again."""
    TOO_LARGE = ("too-large", ExitCode.NOT_CHECKED)
    """It has more bytes than the policy lets be read."""
    MISMATCH = ("mismatch", ExitCode.MISMATCH)
    """The verification disproves it."""
    RECORDS_PART = ("records-part", ExitCode.MISMATCH)
    """Its record and another one of the collection continue one entry differently."""
    SIGNER_UNKNOWN = ("signer-unknown", ExitCode.NOT_ESTABLISHED)
    """Somebody signed an entry whose key is not trusted."""
    TIME_NOT_PROVEN = ("time-not-proven", ExitCode.NOT_ESTABLISHED)
    """The policy asks for time evidence, and there is not enough of it."""
    TERMS_NOT_STATED = ("terms-not-stated", ExitCode.NOT_ESTABLISHED)
    """The policy asks for terms, and not every item has some."""
    NOT_SHOWN = ("not-shown", ExitCode.NOT_ESTABLISHED)
    """Nothing of it is disproven, and something else that every verification asks for, or the policy, is not shown."""
    TERMS_WITHHELD = ("terms-withheld", ExitCode.NOT_CHECKED)
    """What is withheld may hold terms, and no signed entry explains it."""
    NOT_FOR_US = ("not-for-us", ExitCode.NOT_ESTABLISHED)
    """It was made for somebody else, or for nobody; or its record goes on behind what made it."""
    AGREEMENT_UNKNOWN = (Reason.AGREEMENT_UNKNOWN.value, ExitCode.REFUSED)
    """It comes under an agreement that the user does not list, or under none where the policy asks for one."""
    AGREEMENT_ENDED = (Reason.AGREEMENT_ENDED.value, ExitCode.REFUSED)
    """Its agreement is not in force."""
    AGREEMENT_OTHER_PARTY = (Reason.AGREEMENT_OTHER_PARTY.value, ExitCode.REFUSED)
    """Its agreement is not one between its sender and us."""
    AGREEMENT_PURPOSE = (Reason.AGREEMENT_PURPOSE.value, ExitCode.REFUSED)
    """Its agreement does not cover what it was handed over for."""
    DUPLICATE = ("duplicate", ExitCode.NOT_ESTABLISHED)
    """The same bytes, or the same record of the same items, came before."""


_BY_CODE = {reason.value: reason for reason in IntakeReason}

_GRAVITY = (
    ExitCode.MISMATCH,
    ExitCode.NOT_CHECKED,
    ExitCode.REFUSED,
    ExitCode.NOT_ESTABLISHED,
    ExitCode.OK,
)


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """Weigh exit codes as everywhere, 1 before 4 before 3; a refusal stands before what is not established."""
    return min(codes, key=_GRAVITY.index, default=ExitCode.OK)


def judge_report(report: Report, policy: IntakePolicy) -> Iterator[IntakeReason]:
    """Give the reasons that lie in a verdict."""
    if report.exit_code is ExitCode.MISMATCH:
        yield IntakeReason.MISMATCH
        return
    if report.collection is None:
        yield IntakeReason.NOT_A_BUNDLE
        return
    unchecked = {finding.code for finding in report.findings if finding.effect is Effect.UNCHECKED}
    if Code.WITHHELD_UNEXPLAINED in unchecked:
        yield IntakeReason.TERMS_WITHHELD
    # A verification that checked no item at all has nothing that it could not check.
    is_unread = bool(unchecked - {Code.WITHHELD_UNEXPLAINED}) or not report.items.ok
    if is_unread:
        yield IntakeReason.NOT_CHECKED
    axes = [axis for axis in Axis if axis in policy.required and report.axes[axis] is not AxisState.SHOWN]
    yield from (_BY_AXIS[axis] for axis in axes if axis in _BY_AXIS)
    # What could not be checked has its reason already.
    if not unchecked and not is_unread and any(axis not in _BY_AXIS for axis in axes):
        yield IntakeReason.NOT_SHOWN


_BY_AXIS = {
    Axis.TRUST: IntakeReason.SIGNER_UNKNOWN,
    Axis.TIME: IntakeReason.TIME_NOT_PROVEN,
    Axis.CONSENT: IntakeReason.TERMS_NOT_STATED,
}


def find_handover(links: Sequence[Link]) -> Link | None:
    """Find the entry that made a bundle: the newest one that hands anything over; None if there is none.

    An older one counts for nothing: who was given a bundle once is not given what goes to others later.
    """
    return next((link for link in reversed(links) if transfer_details(link) is not None), None)


def judge_handover(links: Sequence[Link], policy: IntakePolicy) -> Iterator[IntakeReason]:
    """Say whether a bundle was made for somebody else, or its record goes on behind the entry that made it.

    Only what follows the handover itself answers it. Behind a later entry our answer would be a fork, as soon as the
    sender goes on.
    """
    details = transfer_details(links[-1]) if links else None
    if details is None or details.recipient not in policy.codes:
        yield IntakeReason.NOT_FOR_US


def find_agreements(link: Link, terms: Iterable[str], agreements: Agreements | None) -> tuple[str, ...]:
    """Give the numbers of the agreements that a bundle comes under, from its authority and the terms of its items."""
    details = transfer_details(link)
    if details is None or agreements is None:
        return ()
    named = (number for number, listed in agreements.by_number.items() if listed.is_named_in(details.authority))
    return tuple(sorted({*named, *terms}))


def judge_agreements(
    link: Link,
    numbers: Sequence[str],
    agreements: Agreements | None,
    senders: Iterable[str],
    policy: IntakePolicy,
    day: date,
) -> Iterator[IntakeReason]:
    """Say what stands against taking a bundle in under its agreements.

    `senders` are the codes that its sender goes by.
    """
    details = transfer_details(link)
    if policy.agreement and not numbers:
        yield IntakeReason.AGREEMENT_UNKNOWN
    if details is None or agreements is None:
        return
    purpose = next((known for known in Purpose if known.value == details.purpose), details.purpose)
    for number in numbers:
        refusals = agreements.judge(number, day, str(details.recipient), codes=policy.codes, purposes=[purpose])
        yield from (_BY_CODE[refusal.reason.value] for refusal in refusals)
        listed = agreements.by_number.get(number)
        if listed is not None and not any(code in listed.parties for code in senders):
            yield IntakeReason.AGREEMENT_OTHER_PARTY
