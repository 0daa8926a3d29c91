"""Looking at single time-stamps without anybody's trust: what they are for, not whose."""

from __future__ import annotations

from datetime import datetime

from evtool.core.timestamp.grounds import Grounds
from evtool.core.timestamp.ots.bitcoin import BlockHeaders
from evtool.core.timestamp.ots.verify import verify_proof
from evtool.core.timestamp.repeat import compute_repeat
from evtool.core.timestamp.result import TokenState
from evtool.core.timestamp.stamp_names import StampName, StampRole
from evtool.core.timestamp.verify import verify_token
from evtool.operations.record.record import Record
from evtool.operations.verify.time.evidence import FoundStamp
from evtool.report.stamp import repeat_files


def is_disproved(stamp: FoundStamp, now: datetime) -> bool:
    """Tell whether a time-stamp is none for this entry, whatever anybody trusts."""
    if stamp.name.role is StampRole.PROOF:
        state = verify_proof(stamp.data, stamp.signature, BlockHeaders()).state
    else:
        state = verify_token(stamp.data, stamp.signature, Grounds(now)).state
    return state is TokenState.FAILED


def repeat_commands(record: Record, stamp: FoundStamp, now: datetime) -> tuple[str, ...]:
    """Give the commands that repeat the check of a token; none where no stock command can."""
    verdict = verify_token(stamp.data, stamp.signature, Grounds(now))
    if verdict.state is TokenState.FAILED:
        return ()
    own = stamp.name
    chain = StampName(own.sequence, own.event, own.label, StampRole.CHAIN)
    files = repeat_files(own, chain in record.listing.stamps)
    repeat = compute_repeat(verdict, files)
    return (*repeat.lines, *((f"# {repeat.remark}",) if repeat.lines and repeat.remark else ()))
