"""What a verification found: findings, axes and the one exit code that follows from them.

"Tampered", "untrusted" and "could not be checked" are three answers. They are kept on separate axes, and nothing but
`Report.exit_code` ever weighs them against each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from evtool.core.consent_summary import STRICTEST_HANDLING, ConsentSummary
from evtool.core.errors import ExitCode
from evtool.core.finding import Axis, AxisState, Effect, Finding
from evtool.core.time_report import ProvenInterval, StampReport


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items met which fate; every sealed item is in exactly one of the first eight.

    Attributes:
        sealed: items in the seals, withheld ones counted.
        ok: checked, and as sealed.
        changed, missing, renamed, type_changed, unreadable: one finding each.
        withheld: items this copy does not disclose far enough to be checked.
        unchecked: not looked at: not selected, omitted from the seal, or only compared by size and date.
        extra: files that no seal knows.
        excluded: files that a seal left out by pattern.
        bytes: bytes that were read and hashed.
    """

    sealed: int = 0
    ok: int = 0
    changed: int = 0
    missing: int = 0
    renamed: int = 0
    type_changed: int = 0
    unreadable: int = 0
    withheld: int = 0
    unchecked: int = 0
    extra: int = 0
    excluded: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class SignerReport:
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


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one verification.

    Attributes:
        collection: id of the collection, or None where no entry could be read.
        head: SHA-256 of the newest entry, or None.
        findings: everything found, worst first.
        counts: how many items met which fate.
        signers: the entries whose signature verifies, oldest first.
        required: axes that had to be shown for exit 0.
        checked: axes whose checks were carried out to their end; the absence of findings means nothing on any other.
        consent: what the terms of the items amount to; None where there is no record, or one that does not hold.
        timestamps: every time-stamp that was judged, in the order of entries.
        intervals: what is proven of the time of each entry; empty where there is no time-stamp at all.
    """

    collection: str | None
    head: str | None
    findings: tuple[Finding, ...]
    counts: Counts
    signers: tuple[SignerReport, ...]
    required: tuple[Axis, ...]
    checked: frozenset[Axis]
    consent: ConsentSummary | None = None
    timestamps: tuple[StampReport, ...] = ()
    intervals: tuple[ProvenInterval, ...] = ()
    axes: dict[Axis, AxisState] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "axes", {axis: self._judge(axis) for axis in Axis})

    def _judge(self, axis: Axis) -> AxisState:
        effects = {finding.effect for finding in self.findings if finding.axis is axis}
        if Effect.DISPROVES in effects:
            return AxisState.FAILED
        if axis not in self.checked or effects & {Effect.UNCHECKED, Effect.OPEN}:
            return AxisState.NOT_ESTABLISHED
        return AxisState.SHOWN

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
        """Step 15 of a verification: weigh the findings; 1 wins over 4, 4 over 3."""
        effects = {finding.effect for finding in self.findings}
        if Effect.DISPROVES in effects:
            return ExitCode.MISMATCH
        if Effect.UNCHECKED in effects:
            return ExitCode.NOT_CHECKED
        # Nothing checked is never success, whatever the axes say.
        if self.counts.ok == 0 or any(self.axes[axis] is not AxisState.SHOWN for axis in self.required):
            return ExitCode.NOT_ESTABLISHED
        return ExitCode.OK


DEFAULT_REQUIRED = (Axis.INTEGRITY, Axis.SIGNATURES, Axis.TRUST, Axis.CUSTODY)
"""What every verification asks for; time and consent are asked for by name."""
