"""Why an item may not go: the codes of all reasons, and one reason as it is told."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from evtool.core.finding import Words


class Reason(Enum):
    """Stable codes of refusals; scripts may rely on them."""

    TERMS_WITHHELD = "terms-withheld"
    TERMS_UNTRUSTED = "terms-untrusted"
    STATUS_NOT_STATED = "status-not-stated"
    STATUS_UNKNOWN = "status-unknown"
    STATUS_REFUSED = "status-refused"
    STATUS_WITHDRAWN = "status-withdrawn"
    STATUS_REVOKED = "status-revoked"
    STATUS_EXPIRED = "status-expired"
    NO_BASIS = "no-basis"
    NOT_YET = "not-yet"
    EXPIRED = "expired"
    HANDLING_NOT_STATED = "handling-not-stated"
    HANDLING_CLOSED = "handling-closed"
    NOT_PUBLIC = "not-public"
    RECIPIENT_NOT_NAMED = "recipient-not-named"
    NOT_A_PARTNER = "not-a-partner"
    PURPOSE_NOT_STATED = "purpose-not-stated"
    PURPOSE_NOT_COVERED = "purpose-not-covered"
    PURPOSE_NOT_OF_RECIPIENT = "purpose-not-of-recipient"
    IDENTITY = "identity"
    ONWARD_NO = "onward-no"
    ONWARD_ASK = "onward-ask"
    DEFENCE = "defence"
    CONDITION = "condition"
    STATE_AUTHORITY = "state-authority"
    REGION = "region"
    UNKNOWN_CODE = "unknown-code"
    AGREEMENT_UNKNOWN = "agreement-unknown"
    AGREEMENT_ENDED = "agreement-ended"
    """It is not in force: it has ended, or has not begun."""
    AGREEMENT_OTHER_PARTY = "agreement-other-party"
    AGREEMENT_PURPOSE = "agreement-purpose"
    NO_SECOND_AGENT = "no-second-agent"


class Refusal(Struct, frozen=True):
    """One reason why not.

    Attributes:
        reason: what it is.
        says: a short phrase for people.
        confirm: the confirmation by a second person that would answer it; None if it is final.
        agreement: number of the agreement that says no, or None if the terms of the item do.
    """

    reason: Reason
    says: Words
    confirm: str | None = None
    agreement: str | None = None
