"""Nothing is taken in of which a verification that the policy asks for did not show all: there is a reason for each."""

from __future__ import annotations

import pytest

from evtool.core.errors import ExitCode
from evtool.core.finding import Axis, Code, Effect, Finding, Words
from evtool.core.values import replace
from evtool.core.verdict.accounts import EvidenceCounts, ItemFates
from evtool.core.verdict.verdict import Report, Step, StepResult
from evtool.operations.catalogue.judging import IntakeReason, judge_report
from evtool.operations.catalogue.policy import IntakePolicy

POLICY = IntakePolicy(("R1",), required=frozenset(Axis))

SHOWN = Report(
    collection="0" * 32,
    head="0" * 64,
    steps=tuple(StepResult(step, 1, 1) for step in Step),
    findings=(),
    sealed=1,
    items=ItemFates(ok=1),
    evidence=EvidenceCounts(),
    bytes=1,
    signers=(),
    required=tuple(Axis),
)
"""A verdict in which every axis is shown."""

CODES = {code.axis: code for code in Code}
"""A finding of each axis."""


def test_a_bundle_of_which_all_is_shown_is_taken_in() -> None:
    assert list(judge_report(SHOWN, POLICY)) == []


@pytest.mark.parametrize("axis", Axis)
def test_an_open_question_on_any_axis_is_a_reason(axis: Axis) -> None:
    report = replace(SHOWN, findings=(Finding(CODES[axis], Effect.OPEN, Words("open")),))
    reasons = list(judge_report(report, POLICY))
    assert [reason.exit_code for reason in reasons] == [ExitCode.NOT_ESTABLISHED]


@pytest.mark.parametrize("step", Step)
def test_a_step_that_did_not_reach_its_end_is_a_reason(step: Step) -> None:
    steps = tuple(StepResult(each, 2, 1 if each is step else 2) for each in Step)
    assert list(judge_report(replace(SHOWN, steps=steps), POLICY))


def test_what_could_not_be_checked_is_told_once() -> None:
    finding = Finding(CODES[Axis.INTEGRITY], Effect.UNCHECKED, Words("open"))
    assert list(judge_report(replace(SHOWN, findings=(finding,)), POLICY)) == [IntakeReason.NOT_CHECKED]
