"""Asks OpenTimestamps calendars over HTTP. What comes back is unverified bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from evtool.core.errors import RefusedError
from evtool.core.text.names import shown
from evtool.core.timestamp.ots.format import MAX_REPLY_BYTES
from evtool.core.timestamp.ots.stamp import ACCEPT, is_listed
from evtool.interop.http_client import Outgoing, find_proxy, send

_NOT_YET = 404


def prepare_submission(calendar: str, commitment: bytes) -> Outgoing:
    """Decide what would be sent to a calendar to have a commitment stamped."""
    headers = (("Accept", ACCEPT), ("Content-Type", "application/x-www-form-urlencoded"))
    return Outgoing("POST", f"{calendar.rstrip('/')}/digest", headers, commitment)


def submit(calendar: str, commitment: bytes, *, pause: Callable[[float], None] = time.sleep) -> bytes:
    """Have a calendar stamp a commitment; gives its reply, at most 10 000 bytes.

    Raises:
        NetworkError: there is no usable reply.
    """
    outgoing = prepare_submission(calendar, commitment)
    return send(outgoing, MAX_REPLY_BYTES, proxy=find_proxy(calendar), pause=pause).body


def prepare_upgrade(calendar: str, commitment: bytes) -> Outgoing:
    """Decide what would be sent to a calendar to ask for the rest of a proof."""
    url = f"{calendar.rstrip('/')}/timestamp/{commitment.hex()}"
    return Outgoing("GET", url, (("Accept", ACCEPT),))


def require_listed(calendar: str, listed: Iterable[str]) -> None:
    """Refuse a calendar that the user did not name: its address comes from a proof, which anybody can write.

    Raises:
        RefusedError: it is not on the list.
    """
    if not is_listed(calendar, listed):
        raise RefusedError(
            "calendar {calendar} is not on your list, so it was not contacted",
            hint="add it to the list only if you know who runs it",
            key="calendar-unlisted",
            calendar=shown(calendar),
        )


def fetch_upgrade(
    calendar: str, commitment: bytes, listed: Iterable[str], *, pause: Callable[[float], None] = time.sleep
) -> bytes | None:
    """Ask a calendar for the rest of a proof; None while the commitment is not in a block yet.

    Raises:
        RefusedError: the calendar is not on the user's list.
        NetworkError: there is no usable reply.
    """
    require_listed(calendar, listed)
    outgoing = prepare_upgrade(calendar, commitment)
    accept = frozenset({200, _NOT_YET})
    reply = send(outgoing, MAX_REPLY_BYTES, accept_status=accept, proxy=find_proxy(calendar), pause=pause)
    return None if reply.status == _NOT_YET else reply.body
