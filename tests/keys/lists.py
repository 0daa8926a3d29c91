"""Reading the user's lists from bytes, as no command does."""

from __future__ import annotations

from evtool.core.consent.agreements import Agreements
from evtool.keys.agreements import AGREEMENTS
from evtool.keys.recipients import RECIPIENTS, Recipients


def parse_recipients(data: bytes) -> Recipients:
    return Recipients(RECIPIENTS.parse(data))


def parse_agreements(data: bytes) -> Agreements:
    return Agreements(AGREEMENTS.parse(data))
