"""What expires when, for one record: certificates and algorithms on which its time evidence rests today."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from msgspec import Struct

from evtool.core.finding import Axis, Effect
from evtool.core.timestamp.due import DueItem, compute_due
from evtool.operations.record.place import Where
from evtool.operations.record.read import open_record
from evtool.operations.verify.time.axis import judge_time
from evtool.operations.verify.time.grounds import TimeGrounds, load_sunsets
from evtool.report.language import in_english


class DueResult(Struct, frozen=True):
    """What ends for one record.

    Attributes:
        proven: a time-stamp that passes now covers the newest seal.
        problem: why not; "" where it does.
        items: what ends, soonest first.
    """

    proven: bool
    problem: str
    items: tuple[DueItem, ...]


def find_due(
    path: str | os.PathLike[str], grounds: TimeGrounds, *, where: Where = None, now: datetime | None = None
) -> DueResult:
    """Judge the time evidence of a record, and list what it rests on.

    Raises:
        InputError: there is no record.
    """
    moment = now or datetime.now(UTC)
    with open_record(path, where) as record:
        result = judge_time(record, grounds, moment)
        broken = [finding for finding in record.record_findings if finding.effect is Effect.DISPROVES]
    against = [
        finding
        for finding in [*broken, *result.findings]
        if finding.effect is Effect.DISPROVES or (finding.axis is Axis.TIME and finding.effect is Effect.OPEN)
    ]
    items = compute_due(result.tokens, grounds.sunsets or load_sunsets())
    return DueResult(not against, in_english(against[0]) if against else "", items)
