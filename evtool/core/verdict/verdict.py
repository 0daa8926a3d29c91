"""What a verification found: findings, axes and the one exit code that follows from them.

"Tampered", "untrusted" and "could not be checked" are three answers. They are kept on separate axes, the state of an
axis is computed from what the steps that it rests on returned, and nothing but `weigh` ever weighs findings.
"""

from __future__ import annotations

from enum import Enum
from functools import cached_property

from msgspec import Struct

from evtool.core.consent.summary import STRICTEST_HANDLING, ConsentSummary
from evtool.core.custody.chain import Link
from evtool.core.errors import ExitCode
from evtool.core.finding import Axis, AxisState, Effect, Finding, weigh
from evtool.core.timestamp.time_report import ProvenInterval, StampReport
from evtool.core.verdict.accounts import EvidenceCounts, ItemFates


class Step(Enum):
    """The steps of a verification, numbered as in `manifests/FORMAT-verify.md`, each with the axes that rest on it."""

    RECORD = (1, Axis.CUSTODY)
    SIGNATURES = (2, Axis.SIGNATURES)
    CHAIN = (3, Axis.CUSTODY)
    TRUST = (4, Axis.TRUST)
    CUSTODY = (5, Axis.CUSTODY)
    TIME = (6, Axis.TIME)
    MANIFESTS = (7, Axis.INTEGRITY)
    CHECKSUMS = (8, Axis.INTEGRITY)
    WITHHOLDING = (9, Axis.INTEGRITY)
    EVIDENCE = (10, Axis.INTEGRITY)
    ITEMS = (11, Axis.INTEGRITY)
    BAG = (12, Axis.INTEGRITY)
    RENEWALS = (13, Axis.CUSTODY)
    CONSENT = (14, Axis.CONSENT)
    ACCOUNTS = (15, Axis.INTEGRITY)

    number: int
    axis: Axis

    def __new__(cls, number: int, axis: Axis) -> Step:  # noqa: D102  # how an enum takes a second value
        step = object.__new__(cls)
        step._value_ = number
        step.number, step.axis = number, axis
        return step


class StepResult(Struct, frozen=True):
    """What one step checked, on what, and how it ended.

    Attributes:
        step: the step.
        subjects: how many things it is about: entries, seals, items, files.
        checked: for how many of them it ran to its end, whatever it found.
        findings: what it found.
    """

    step: Step
    subjects: int
    checked: int
    findings: tuple[Finding, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether it ran to its end on all that it is about; a step that is about nothing shows nothing."""
        return 0 < self.subjects == self.checked


class SignerReport(Struct, frozen=True):
    """One entry of the chain as a verdict shows it.

    Attributes:
        entry: number of the entry.
        event: what it records.
        agent: code that the entry claims.
        fingerprint: the key that its signature verifies under.
        public_key: that key in OpenSSH's one-line form, without a comment.
        trusted: whether the user trusts that key for that agent at that time.
        claimed_time: when the signer says it happened, with offset; a claim.
        head: SHA-256 of the entry, 64 hexadecimal digits.
    """

    entry: int
    event: str
    agent: str
    fingerprint: str
    public_key: str
    trusted: bool
    claimed_time: str
    head: str


class PartialCopy(Struct, frozen=True):
    """A copy that leaves out what a signed entry says it leaves out.

    Attributes:
        entry: number of that entry `disclosed`.
        recipient: code of whom it was made for.
        items: items that it discloses.
        sealed: items in the seals.
    """

    entry: int
    recipient: str
    items: int
    sealed: int


class Report(Struct, frozen=True, dict=True):
    """The result of one verification.

    Attributes:
        collection: id of the collection, or None if no entry could be read.
        head: SHA-256 of the newest entry, or None.
        steps: what each step checked; one that did not run is not among them.
        findings: everything found, worst first.
        sealed: items in the seals.
        items: how many of them met which fate.
        evidence: where each thing went that lies in the evidence.
        bytes: bytes that were read and hashed.
        signers: the entries whose signature verifies, oldest first.
        required: axes that had to be shown for exit 0.
        consent: what the terms of the items amount to; None if there is no record, or one that fails verification.
        timestamps: every time-stamp that was judged, in the order of entries.
        intervals: what is proven of the time of each entry; empty if there is no time-stamp at all.
        partial: which copy this is, where it leaves out what a signed entry says it leaves out.
        links: those entries in full; documents do not have them.
        continued: number of the newest entry of the record itself, where a directory that continues it was read, too.
    """

    collection: str | None
    head: str | None
    steps: tuple[StepResult, ...]
    findings: tuple[Finding, ...]
    sealed: int
    items: ItemFates
    evidence: EvidenceCounts
    bytes: int
    signers: tuple[SignerReport, ...]
    required: tuple[Axis, ...]
    consent: ConsentSummary | None = None
    timestamps: tuple[StampReport, ...] = ()
    intervals: tuple[ProvenInterval, ...] = ()
    partial: PartialCopy | None = None
    continued: int | None = None
    links: tuple[Link, ...] = ()

    @cached_property
    def axes(self) -> dict[Axis, AxisState]:
        """The state of each axis."""
        return {axis: self._judge(axis) for axis in Axis}

    def _judge(self, axis: Axis) -> AxisState:
        """An axis is shown by the steps that it rests on, and by nothing else: never by the absence of findings."""
        effects = {finding.effect for finding in self.findings if finding.axis is axis}
        if Effect.DISPROVES in effects:
            return AxisState.FAILED
        steps = [result for result in self.steps if result.step.axis is axis]
        ran = steps and all(result.is_complete for result in steps) and self._ran_all(axis)
        return AxisState.SHOWN if ran and effects <= {Effect.NOTE} else AxisState.NOT_ESTABLISHED

    def _ran_all(self, axis: Axis) -> bool:
        """Whether every step that the axis rests on ran; that about the bag belongs to bundles alone."""
        ran = {result.step for result in self.steps}
        return all(step in ran for step in Step if step.axis is axis and step is not Step.BAG)

    @property
    def handling(self) -> str:
        """The handling to keep to for all of it together; where nothing can be relied on, the strictest."""
        return self.consent.strictest_handling if self.consent else STRICTEST_HANDLING

    @property
    def ok(self) -> bool:
        """Whether all that was asked for is shown."""
        return self.exit_code is ExitCode.OK

    @property
    def exit_code(self) -> ExitCode:
        """Step 16 of a verification: the findings, and whether all that was asked for is shown."""
        # Nothing checked is never success, whatever the axes say.
        shown = self.items.ok > 0 and all(self.axes[axis] is AxisState.SHOWN for axis in self.required)
        return weigh(self.findings, established=shown)


DEFAULT_REQUIRED = (Axis.INTEGRITY, Axis.SIGNATURES, Axis.TRUST, Axis.CUSTODY)
"""What every verification asks for; time and consent are asked for by name."""
