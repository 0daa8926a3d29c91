"""Why something cannot be sealed, in the words of the entry that allows it and of the error that does not."""

from __future__ import annotations

from evtool.core.errors import EvidenceError, Way
from evtool.core.manifest.statement import OmissionReason
from evtool.scan.observe import ItemProblem
from evtool.scan.walk import Found, Kind

_MAX_NAMED = 20
"""Problems that are named; the others are counted."""


def omission_reason(found: Found, problem: ItemProblem) -> OmissionReason:
    """Give the reason for which an item with this problem may be left out, if that is allowed."""
    if problem is ItemProblem.UNREADABLE and found.kind is Kind.UNREADABLE:
        return OmissionReason.UNREADABLE_DIRECTORY
    return {
        ItemProblem.UNREADABLE: OmissionReason.UNREADABLE,
        ItemProblem.SPECIAL: OmissionReason.SPECIAL,
    }.get(problem, OmissionReason.CHANGING)


def cannot_seal(problems: list[str]) -> EvidenceError:
    """Name what keeps a directory from being sealed."""
    named = "; ".join(problems[:_MAX_NAMED])
    more = f"; and {len(problems) - _MAX_NAMED} more" if len(problems) > _MAX_NAMED else ""
    return EvidenceError(
        "nothing was sealed, because these files cannot be: {named}{more_en}",
        hint="fix them, exclude them, or allow that what is unreadable, special or changing is listed by name only",
        ways=(Way.EXCLUDE, Way.ALLOW),
        key="cannot-seal",
        named=named,
        more_en=more,
        count=len(problems),
    )


def nothing_to_seal(excluded: int = 0) -> EvidenceError:
    """Refuse an empty directory: success would read as if there were a seal now."""
    left_out = f"; patterns leave out {excluded:,} entries" if excluded else ""
    return EvidenceError(
        "the directory contains nothing to seal{left_out_en}",
        hint="name the directory that holds the evidence",
        key="nothing-to-seal",
        left_out_en=left_out,
        count=excluded,
    )
