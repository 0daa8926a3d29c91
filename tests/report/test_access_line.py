"""The first line of `verify` and of a cover sheet says what may be done, and never more than consent allows."""

from __future__ import annotations

import pytest

from evtool.core.consent.summary import ConsentSummary
from evtool.report.consent_text import render_access_line
from evtool.report.language import english


def line(handling: str, **status: int) -> str:
    """Give the line for items with these states of consent."""
    counts = {name.replace("_", "-"): count for name, count in status.items()}
    return render_access_line(english(), handling, "case", ConsentSummary(items=sum(status.values()), status=counts))


@pytest.mark.parametrize(
    ("handling", "said"),
    [
        ("closed", "closed. It may not be given to anyone."),
        ("named", "named. It may be given only to the recipients named in its terms."),
        ("partners", "partners. It may be given only to those who signed the agreement named in its terms."),
        ("public", "public. It may be given to anyone, under its terms."),
        ("x-embargo", "x-embargo. This version does not know that code, so it may not be given to anyone."),
    ],
)
def test_each_level_says_who_may_get_it(handling: str, said: str) -> None:
    """With consent, the handling decides."""
    assert line(handling, given=2, not_required=1) == f"ACCESS TO case: {said}"


@pytest.mark.parametrize("status", ["withdrawn", "refused", "revoked", "expired", "unknown", "not_stated", "x_paused"])
def test_without_consent_nobody_may_get_it_whatever_the_handling_is(status: str) -> None:
    """A person withdrew, and the label still says public: the line must not invite anyone to publish."""
    assert (
        line("public", **{status: 3}) == "ACCESS TO case: public. It may not be given to anyone: there is no consent."
    )


def test_items_without_consent_are_counted() -> None:
    """Some may go and some may not; one is spoken of as one."""
    head = "ACCESS TO case: public. It may be given to anyone, under its terms."
    one = " 1 of 5 items may not be given to anyone: there is no consent for that item."
    two = " 2 of 5 items may not be given to anyone: there is no consent for those items."
    assert line("public", given=4, withdrawn=1) == head + one
    assert line("public", given=3, withdrawn=1, not_stated=1) == head + two


def test_closed_and_unknown_levels_need_no_second_reason() -> None:
    """Nobody gets these anyway."""
    assert line("closed", withdrawn=1) == "ACCESS TO case: closed. It may not be given to anyone."
    assert line("x-embargo", withdrawn=1).endswith("so it may not be given to anyone.")
