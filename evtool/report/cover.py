"""The cover sheet of a bundle: under which terms it was handed over, before anything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evtool.core.consent import code_text
from evtool.core.consent_decision import ConsentAnswer, Request
from evtool.core.consent_summary import NOT_STATED, ConsentSummary
from evtool.core.item_ranges import ranges_of
from evtool.report.consent_text import render_handling_line, render_terms

_TITLE = "TERMS UNDER WHICH THIS WAS HANDED OVER"

_NOT_ASKED = """\
Before anything is passed on, the agreement should answer: who the parties are, for which purposes, whether it
may be passed on, whether an accused may see it, how it is kept, who is told of a leak, what happens when consent
is withdrawn, and when it is returned or destroyed."""

_LIMITS = """\
This page is information only and not signed; the terms of each item are sealed in the manifests beside it, and
`evtool verify` prints those that are in force by this copy of the record. Consent may have changed since: ask
the sender. A label does not keep anybody from reading: only encryption does."""


def render_cover(answers: Sequence[ConsentAnswer], request: Request, authority: str) -> str:
    """Write the page for the items that are disclosed; items with the same terms are listed together."""
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
    for answer in answers:
        terms = tuple(render_terms(answer.consent.terms)) if answer.consent.terms else ("no terms are stated",)
        groups.setdefault((terms, answer.decision.duties), []).append(answer.consent.item)
    handlings = Counter(_handling(answer) for answer in answers)
    strictest = ConsentSummary(handling=dict(handlings)).strictest_handling
    lines = [render_handling_line(strictest, "this bundle"), "", _TITLE, "=" * len(_TITLE), ""]
    lines += [f"Handed to   {request.recipient.code}", f"For         {code_text(request.purpose)}"]
    lines += [f"Allowed by  {authority}"]
    if request.approved_by is not None:
        lines.append(f"Confirmed   by {request.approved_by}: {', '.join(sorted(request.confirmed)) or 'nothing'}")
    for (terms, duties), items in groups.items():
        lines += ["", f"Items {', '.join(ranges_of(items).serialize())}"]
        lines += [f"  {line}" for line in terms]
        lines += [f"  to be kept: {duty}" for duty in duties]
    return "\n".join([*lines, "", _NOT_ASKED, "", _LIMITS, ""])


def _handling(answer: ConsentAnswer) -> str:
    terms = answer.consent.terms
    return code_text(terms.handling) if terms and terms.handling else NOT_STATED
