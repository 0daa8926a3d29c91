"""The question of time: by when did the entries of a record provably exist?"""

from __future__ import annotations

from datetime import UTC, datetime

from evtool.core.finding import Code, Effect, Finding, Words
from evtool.operations.record.record import Record
from evtool.operations.verify.time.evidence import read_time_files
from evtool.operations.verify.time.grounds import TimeGrounds, TimeResult


def judge_time(record: Record, grounds: TimeGrounds, now: datetime | None = None) -> TimeResult:
    """Judge all time evidence of a record, as of `now` or the present."""
    found = read_time_files(record)
    if not found.stamps:
        nothing = Finding(Code.NO_TIMESTAMP, Effect.OPEN, Words("claims"))
        return TimeResult((*found.findings, nothing))
    # Not before there is a token: this imports the X.509 parts of cryptography.
    from evtool.operations.verify.time.judgement import judge_stamps

    return judge_stamps(record, found, grounds, now or datetime.now(UTC))
