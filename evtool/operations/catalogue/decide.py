"""What a person decides on a bundle in quarantine: to accept all or part of it, to reject it, to give it back.

A person can accept what is merely not as the policy has it. Nobody can accept what fails verification, what could not
be checked, whose signer is not trusted, or what no agreement allows: that has to be mended first. The bundle is
verified again, as it lies there now.
"""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from enum import Enum

from msgspec import Struct

from evtool.core.custody.events import Acceptance
from evtool.core.errors import (
    EvtoolError,
    ExitCode,
    FormatError,
    InputError,
    MismatchError,
    NotEstablishedError,
    RefusedError,
    UsageError,
    Way,
)
from evtool.core.text.digest import sha256_hex
from evtool.core.text.ranges import ItemRanges
from evtool.core.text.times import format_utc
from evtool.core.values import replace
from evtool.operations.author import Author, EntryHeader
from evtool.operations.catalogue.answering import answer
from evtool.operations.catalogue.facts import Facts, with_receipt
from evtool.operations.catalogue.forks import Explanation, find_new_forks
from evtool.operations.catalogue.holdings import BundleHolding
from evtool.operations.catalogue.intake import BundleIntake, IntakeOptions
from evtool.operations.catalogue.judging import IntakeReason, gravest
from evtool.operations.catalogue.outcome import Judged, render, say_error
from evtool.operations.catalogue.register import State, register
from evtool.operations.catalogue.runs import running
from evtool.report.intake_document import IntakeLine
from evtool.store.catalogue.database import Catalogue
from evtool.store.catalogue.shelves import Shelf, digest_of, flush_bundle, mark


class IntakeDecision(Enum):
    """What can be decided, by the word for it."""

    ACCEPT = "accept"
    PARTIAL = "partial"
    REJECT = "reject"
    RETURN = "return"


_STATES = {
    IntakeDecision.ACCEPT: State.ACCEPTED,
    IntakeDecision.PARTIAL: State.PARTIAL,
    IntakeDecision.REJECT: State.REJECTED,
    IntakeDecision.RETURN: State.RETURNED,
}

_FOR_A_PERSON = frozenset(
    {
        IntakeReason.TERMS_NOT_STATED,
        IntakeReason.TIME_NOT_PROVEN,
        IntakeReason.NOT_FOR_US,
        IntakeReason.DUPLICATE,
        IntakeReason.TOO_LARGE,
    }
)
"""What a person may accept all the same."""

_ERRORS: dict[ExitCode, type[EvtoolError]] = {
    ExitCode.MISMATCH: MismatchError,
    ExitCode.NOT_CHECKED: InputError,
    ExitCode.REFUSED: RefusedError,
    ExitCode.NOT_ESTABLISHED: NotEstablishedError,
}


class Decided(Struct, frozen=True):
    """What a person decided.

    Attributes:
        decision: the decision.
        by: code of the person.
        header: what the entry says that the sender gets, with the reason, for all to read.
        items: the items that are accepted, with `IntakeDecision.PARTIAL`.
        explain: how it comes that the records part, where they do.
    """

    decision: IntakeDecision
    by: str
    header: EntryHeader
    items: ItemRanges | None = None
    explain: str | None = None

    def __post_init__(self) -> None:
        if (self.items is not None) != (self.decision is IntakeDecision.PARTIAL):
            raise UsageError("items must be named if part of them is accepted, and only then", key="accepted-items")
        if self.explain is not None and self.decision not in (IntakeDecision.ACCEPT, IntakeDecision.PARTIAL):
            raise UsageError(
                "a fork is explained by accepting what shows it",
                hint="to say that this record is not the sender's: `evtool catalogue explain`",
                key="decide-explain-refused",
            )


def decide_holding(
    catalogue: Catalogue, number: int, decided: Decided, author: Author, options: IntakeOptions
) -> IntakeLine:
    """Carry out what a person decided on a bundle, and sign the receipt for it where it was made for us.

    With `dry_run` in the options everything is checked, and nothing is written.

    Raises:
        UsageError: there is no such holding, it was accepted already, or what is explained is no fork.
        InputError, MismatchError, NotEstablishedError, RefusedError: it cannot be accepted; nothing was done.
        BusyError: another run takes bundles in.
        KeyFileError: the key cannot sign.
    """
    run = BundleIntake(catalogue, author, options)
    with nullcontext() if options.dry_run else run.shelves.locked(), ExitStack() as opened:
        holding = run.holdings.numbered(number)
        if holding.state.is_held:
            raise UsageError("holding {number} was accepted before", key="decide-held", number=number)
        shelf = run.shelves.find(holding.path) if holding.path is not None else None
        if shelf is None:
            raise InputError(
                "the bundle of holding {number} is not in the quarantine of this store",
                hint="name the store that it was taken into",
                key="decide-not-there",
                number=number,
            )
        before = mark(shelf.bundle)
        sha256 = digest_of(shelf.bundle)
        if holding.sha256 not in (None, sha256):
            raise MismatchError(
                "the bundle of holding {number} is not the one that came: its SHA-256 differs",
                hint="ask the sender for another copy",
                key="decide-changed",
                number=number,
            )
        judged = run.judge(shelf.bundle, before, opened, number)
        found = holding._replace(sha256=sha256)
        carrying = _Carrying(run, catalogue, author, options, decided, found, shelf, opened)
        if options.dry_run:
            return carrying.look(judged)
        run.holdings.make_location(run.root)
        with running(catalogue, "decide", author):
            return carrying.carry_out(judged)


class _Carrying(Struct, frozen=True):
    """One decision being carried out."""

    run: BundleIntake
    catalogue: Catalogue
    author: Author
    options: IntakeOptions
    decided: Decided
    holding: BundleHolding
    shelf: Shelf
    opened: ExitStack

    @property
    def _accepts(self) -> bool:
        return self.decided.decision in (IntakeDecision.ACCEPT, IntakeDecision.PARTIAL)

    def look(self, judged: Judged) -> IntakeLine:
        """Say what would be done."""
        if self._accepts:
            self._find_acceptable(judged)
            judged = replace(judged, reasons=())
        state, holding = _STATES[self.decided.decision], self.holding
        line = render(self.shelf.read_name(), judged, state.value, mark(self.shelf.bundle), holding.sha256)
        return replace(line, exit_code=ExitCode.OK, holding=holding.number, path=holding.path, dry_run=True)

    def carry_out(self, judged: Judged) -> IntakeLine:
        """Do what was decided."""
        return self._accept(judged) if self._accepts else self._refuse(judged)

    def _find_acceptable(self, judged: Judged) -> Facts:
        """Give what is to be registered, unless something stands against it."""
        facts, decided = judged.facts, self.decided
        self._require_acceptable(judged)
        if facts is None:
            raise InputError(
                "holding {number} has no record that could be registered",
                key="decide-nothing",
                number=self.holding.number,
            )
        if decided.explain is not None:
            self._require_fork(facts)
        if decided.items is None:
            return facts
        if facts.disclosed is None or facts.disclosed.meet(decided.items) != decided.items:
            raise UsageError(
                "holding {number} does not have all of the items {items}",
                hint="`evtool intake show {number}` lists those that it has",
                key="decide-items",
                number=self.holding.number,
                items=", ".join(decided.items.serialize()),
            )
        return facts.only(decided.items)

    def _accept(self, judged: Judged) -> IntakeLine:
        decided, shelf, number = self.decided, self.shelf, self.holding.number
        facts, explanation = self._find_acceptable(judged), None
        if decided.explain is not None:
            explanation = Explanation(decided.explain, decided.by, format_utc(self.author.now()))
        flush_bundle(shelf)
        before = mark(shelf.bundle)
        receipt = None
        if IntakeReason.NOT_FOR_US not in judged.reasons:
            is_partial = decided.items is not None
            receipt = self._answer(judged, Acceptance.PARTIAL if is_partial else Acceptance.ACCEPTED)
        path = self.run.shelves.free_path(shelf, facts.collection, facts.head)
        name, accepted = shelf.read_name(), replace(judged, reasons=())
        arrival = replace(
            self.run.arrival(shelf, name, before, self.holding.sha256, accepted, path),
            state=_STATES[decided.decision],
            seen=self.holding.seen,
            receipt=sha256_hex(receipt) if receipt is not None else None,
            explanation=explanation,
            holding=number,
        )
        self.run.holdings.note_decision(number, self._row())
        registered = register(self.catalogue, with_receipt(facts, receipt) if receipt is not None else facts, arrival)
        self.opened.close()
        delivered = self.run.put_away(shelf, path, facts.head, name)
        self.run.holdings.forget_path(number, self.holding.path or "")
        line = render(name, accepted, arrival.state.value, before, self.holding.sha256, registered)
        return replace(line, exit_code=ExitCode.OK, holding=number, path=path, receipt=delivered)

    def _require_acceptable(self, judged: Judged) -> None:
        may = _FOR_A_PERSON | ({IntakeReason.RECORDS_PART} if self.decided.explain is not None else set())
        against = [reason for reason in judged.reasons if reason not in may]
        if not against:
            return
        names = tuple(reason.value for reason in against)
        error = _ERRORS[gravest(reason.exit_code for reason in against)]
        raise error(
            "holding {number} cannot be accepted: {reasons}",
            hint="ask the sender which record is theirs; whoever can explain it keeps both, and says how it came; "
            "`evtool catalogue explain` disowns one"
            if against == [IntakeReason.RECORDS_PART]
            else "mend that first, or reject the bundle",
            key="decide-parts" if against == [IntakeReason.RECORDS_PART] else "decide-against",
            ways=(Way.EXPLAINED,) if against == [IntakeReason.RECORDS_PART] else (),
            number=self.holding.number,
            reasons=", ".join(names),
        )

    def _require_fork(self, facts: Facts) -> None:
        """Refuse an explanation of nothing: it would be of whatever comes next."""
        number = self.holding.number
        if not find_new_forks(self.catalogue, facts, number):
            raise UsageError(
                "nothing in the record of holding {number} is a fork that waits for an explanation",
                hint="`evtool catalogue chain` shows where records part, `evtool catalogue explain` explains it",
                key="decide-no-fork",
                number=number,
            )

    def _refuse(self, judged: Judged) -> IntakeLine:
        """Reject or give back: the bundle stays in quarantine, and its sender is answered if it was made for us."""
        language = self.options.language
        receipt, problem = None, str(language.say("intake.not-answered"))
        if judged.handover is not None and IntakeReason.NOT_FOR_US not in judged.reasons:
            try:
                receipt = self._answer(judged, Acceptance.REJECTED)
                problem = ""
            except (FormatError, InputError, MismatchError, NotEstablishedError) as error:
                problem = say_error(error, language)
        state, number = _STATES[self.decided.decision], self.holding.number
        head = (judged.report.head if judged.report is not None else None) or self.holding.sha256 or str(number)
        name = self.shelf.read_name()
        delivered = self.run.send(self.shelf, name, head) if receipt is not None else None
        digest = sha256_hex(receipt) if receipt is not None else None
        self.run.holdings.decide(number, self._row(), state, digest)
        line = render(name, judged, state.value, mark(self.shelf.bundle), self.holding.sha256)
        return replace(
            line, exit_code=ExitCode.OK, holding=number, path=self.holding.path, receipt=delivered, problem=problem
        )

    def _answer(self, judged: Judged, acceptance: Acceptance) -> bytes:
        assert judged.handover is not None  # noqa: S101  # else it were not for us
        accepted = self.decided.items if acceptance is Acceptance.PARTIAL else None
        return answer(
            self.shelf,
            judged.handover,
            self.author,
            self.options.verify,
            acceptance=acceptance,
            accepted=accepted,
            header=self.decided.header,
        )

    def _row(self) -> tuple[str, str, str, str]:
        return self.decided.by, format_utc(self.author.now()), self.decided.decision.value, self.decided.header.reason
