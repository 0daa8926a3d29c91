"""Taking bundles in: each is moved to quarantine, verified, judged, registered, answered and stored.

Every step leaves a bundle in exactly one place, and the next run finds by the place how far it came:

| step | what is there afterwards | what the next run does |
| --- | --- | --- |
| 1. a shelf is made in quarantine | the bundle is in the inbox | removes the shelf, takes the bundle |
| 2. the bundle is renamed onto it | `quarantine/new-...`, no row | goes on with step 3 |
| 3. the shelf is named by the digest | `quarantine/SHA256`, no row | goes on with step 4 |
| 4. it is verified and judged | the same | verifies it again |
| 5. not accepted: a row says why | a row of this path | leaves it to a person |
| 6. accepted: the answer is signed | the answer lies beside it, no row | verifies again, keeps the answer |
| 7. it is registered, all at once | a row of its path in the store, where nothing is | goes on with step 8 |
| 8. the receipt is put where receipts go | the same | writes it if it is not there |
| 9. the shelf is renamed into the store | `COLLECTION/HEAD` | has nothing to do |

So nobody gets a receipt for what is not registered, and what is registered is answered. What lies on another medium is
copied in step 2, and the original stays: its digest tells the next run that it was taken.

A run holds the lock of the store. What goes wrong with one bundle is told of that bundle; what goes wrong with the
store, the catalogue or the key ends the run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct, field

from evtool.core.consent.agreements import Agreements
from evtool.core.custody.chain import Link
from evtool.core.errors import (
    EvidenceError,
    EvtoolError,
    ExitCode,
    FormatError,
    InputError,
    KeyFileError,
    MismatchError,
    NotEstablishedError,
)
from evtool.core.text.digest import sha256_hex
from evtool.core.text.times import format_utc
from evtool.core.values import replace
from evtool.core.verdict.verdict import Report
from evtool.operations.author import Author
from evtool.operations.catalogue.answering import answer, clear_after_kill, deliver
from evtool.operations.catalogue.facts import Facts, read_facts, with_receipt
from evtool.operations.catalogue.forks import is_apart
from evtool.operations.catalogue.holdings import Holdings
from evtool.operations.catalogue.judging import (
    IntakeReason,
    find_agreements,
    find_handover,
    judge_agreements,
    judge_handover,
    judge_report,
)
from evtool.operations.catalogue.outcome import (
    CHANGED,
    Judged,
    codes_of,
    render,
    render_known,
    render_left,
    say_error,
    say_worst,
)
from evtool.operations.catalogue.policy import IntakePolicy
from evtool.operations.catalogue.register import (
    Arrival,
    Container,
    Kept,
    Registered,
    State,
    register,
    shelve,
)
from evtool.operations.catalogue.runs import running
from evtool.operations.entries.handover import read_receipt_file
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.verify import open_verified
from evtool.report.intake_document import IntakeLine
from evtool.report.language import Language, english
from evtool.scan.progress import NoProgress
from evtool.scan.tree import TreeLocation
from evtool.store.bundle_form import is_bundle_folder
from evtool.store.catalogue.database import Catalogue, Names
from evtool.store.catalogue.inbox import Arrived, Wrapping
from evtool.store.catalogue.shelves import (
    CONTINUED,
    BundleMark,
    Shelf,
    Shelves,
    digest_of,
    flush_bundle,
    mark,
)


class IntakeOptions(Struct, frozen=True):
    """How to take bundles in.

    Attributes:
        policy: what a bundle has to be.
        verify: how to verify: whose keys count, what opens an encrypted bundle, what time-stamps are judged on.
        store: the directory of the store, with its quarantine.
        receipts: the directory that receipts are put in.
        agreements: the agreements that the user lists; None if there is no list.
        organisations: code of an agent -> code of the organisation that it belongs to, where that is known.
        location: code of the store as a location of the catalogue.
        dry_run: move and write nothing; tell what would be.
        language: in which language a line says what went wrong.
    """

    policy: IntakePolicy
    verify: VerifyOptions
    store: Path
    receipts: Path
    agreements: Agreements | None = None
    organisations: dict[str, str] = {}
    location: str = "store"
    dry_run: bool = False
    language: Language = field(default_factory=english)


def intake(
    catalogue: Catalogue, arrived: Iterable[Arrived], author: Author, options: IntakeOptions
) -> Iterator[IntakeLine]:
    """Take in what has arrived, and yield a line for each bundle as soon as it is done with.

    First comes what a killed run left in quarantine.

    Raises:
        BusyError: another run takes bundles in, or writes to the catalogue.
        InputError: the store, the catalogue or the directory of receipts cannot be used.
        UsageError: the location of this code is another directory.
        KeyFileError: the key cannot sign.
    """
    run = BundleIntake(catalogue, author, options)
    if options.dry_run:
        for each in arrived:
            yield replace(run.look(each), dry_run=True)
        return
    with run.shelves.locked():
        run.holdings.make_location(run.root)
        with running(catalogue, "intake", author):
            clear_after_kill(options.receipts)
            for shelf in run.shelves.waiting():
                line = run.resume(shelf)
                if line is not None:
                    yield line
            for each in arrived:
                yield run.take(each)


class BundleIntake:
    """What one run does with each bundle."""

    def __init__(self, catalogue: Catalogue, author: Author, options: IntakeOptions) -> None:
        self.shelves = Shelves(options.store)
        self.holdings = Holdings(catalogue, options.location)
        self.root = os.path.abspath(options.store)
        self._catalogue = catalogue
        self._author = author
        self._options = options

    def look(self, arrived: Arrived) -> IntakeLine:
        """Say what would become of something in an inbox, and leave everything as it is."""
        left = self._leave(arrived)
        if left is not None:
            return left
        bundle = Path(os.fsdecode(arrived.path))
        try:
            before = mark(bundle)
            if (too_large := self._find_too_large(before)) is not None:
                return render(arrived.name, too_large, "quarantined", before)
            sha256 = digest_of(bundle)
        except (OSError, EvtoolError) as error:
            return render_left(arrived, IntakeReason.UNREADABLE, self._say(error))
        with ExitStack() as opened:
            known = bool(self.holdings.of(sha256))
            judged = Judged((IntakeReason.DUPLICATE,)) if known else self.judge(bundle, before, opened)
            state = "quarantined" if judged.reasons else "accepted"
            return render(arrived.name, judged, state, before, sha256)

    def take(self, arrived: Arrived) -> IntakeLine:
        """Take in something that lies in an inbox, or say why it stays there."""
        left = self._leave(arrived)
        if left is not None:
            return left
        try:
            if self.shelves.is_elsewhere(arrived):
                bundle = Path(os.fsdecode(arrived.path))
                if (too_large := self._find_too_large(mark(bundle))) is not None:
                    return render_left(arrived, IntakeReason.TOO_LARGE, too_large.problem)
                sha256 = digest_of(bundle)
                if known := self.holdings.of(sha256):
                    return render_known(arrived.name, known[0], "taken", ExitCode.OK)
            shelf = self.shelves.take(arrived)
        except (OSError, EvtoolError) as error:
            return render_left(arrived, IntakeReason.UNREADABLE, self._say(error))
        return self._handle(shelf, arrived.name)

    def resume(self, shelf: Shelf) -> IntakeLine | None:
        """Go on with what a killed run left in quarantine; None for what waits there for a person."""
        path, name = self.shelves.path_of(shelf), shelf.read_name()
        waits = self.holdings.at(path)
        if waits is not None and not waits.state.is_held:
            return None
        clear_after_kill(shelf.folder)
        for holding in self.holdings.of(shelf.folder.name[:64]) if shelf.is_labelled else ():
            for planned in self.holdings.paths_of(holding.number) if holding.state.is_held else ():
                if planned != path and self.shelves.find(planned) is None:
                    receipt = self.put_away(shelf, planned, holding.head or "", name)
                    self.holdings.forget_path(holding.number, path)
                    line = render_known(name, holding, holding.state.value, ExitCode(holding.exit_code))
                    return replace(line, path=planned, receipt=receipt)
        return self._handle(shelf, name)

    def _leave(self, arrived: Arrived) -> IntakeLine | None:
        """Say why something stays in the inbox; None if it need not."""
        if arrived.wrapping is None:
            return render_left(arrived, IntakeReason.NOT_A_BUNDLE)
        try:
            written = mark(Path(os.fsdecode(arrived.path))).changed
        except (OSError, EvtoolError) as error:
            return render_left(arrived, IntakeReason.UNREADABLE, self._say(error))
        age = self._author.now().timestamp() - written
        # A date of the future is that of a clock that is wrong; it says nothing of whether somebody writes now.
        return render_left(arrived, IntakeReason.CHANGING) if abs(age) < self._options.policy.settle else None

    def _find_too_large(self, before: BundleMark) -> Judged | None:
        """Judge a bundle that is larger than the policy allows; None if it is not."""
        allowed = self._options.policy.max_bytes
        if before.bytes <= allowed:
            return None
        problem = self._options.language.say("intake.too-large", bytes=before.bytes, allowed=allowed)
        return Judged((IntakeReason.TOO_LARGE,), problem=problem)

    def _say(self, error: OSError | EvtoolError) -> str:
        return say_error(error, self._options.language)

    def _handle(self, shelf: Shelf, name: str) -> IntakeLine:
        """Do steps 3 to 9 with a bundle in quarantine."""
        try:
            before = mark(shelf.bundle)
            if (too_large := self._find_too_large(before)) is not None:
                return self._keep(shelf, name, before, None, too_large)
            sha256 = digest_of(shelf.bundle)
        except (OSError, EvtoolError) as error:
            judged = Judged((IntakeReason.UNREADABLE,), problem=self._say(error))
            return self._keep(shelf, name, BundleMark("", 0, 0), None, judged)
        shelf = self.shelves.label(shelf, sha256)
        if self.holdings.of(sha256):
            return self._keep(shelf, name, before, sha256, Judged((IntakeReason.DUPLICATE,)))
        with ExitStack() as opened:
            judged = self.judge(shelf.bundle, before, opened)
            if not judged.reasons:
                return self._accept(shelf, name, before, sha256, judged, opened)
            return self._keep(shelf, name, before, sha256, judged)

    def judge(self, bundle: Path, before: BundleMark, opened: ExitStack, but: int | None = None) -> Judged:
        """Verify a bundle and find all reasons against it; what is read later of its record stays open in `opened`.

        `but` is the number of the holding that it is itself.
        """
        judged = self._verify(bundle, opened)
        facts = judged.facts
        if facts is None:
            return judged
        if is_apart(self._catalogue, facts):
            return replace(judged, reasons=(*judged.reasons, IntakeReason.RECORDS_PART))
        if self.holdings.same_record(facts.collection, facts.head, but) is not None:
            return replace(judged, reasons=(*judged.reasons, IntakeReason.DUPLICATE))
        return judged

    def _verify(self, bundle: Path, opened: ExitStack) -> Judged:
        """Verify a bundle; whatever a stranger made of it is an answer about this bundle, and ends nothing."""
        try:
            found = opened.enter_context(open_verified(str(bundle), self._options.verify, NoProgress()))
            report, policy = found.report, self._options.policy
            reasons = list(judge_report(report, policy))
            if bundle.is_dir() and not is_bundle_folder(TreeLocation.find(str(bundle))):
                reasons = [IntakeReason.NOT_A_BUNDLE]
            if IntakeReason.NOT_A_BUNDLE in reasons:
                return Judged(tuple(reasons), report, problem=say_worst(report, self._options.language))
            handover = find_handover(report.links)
            reasons += judge_handover(report.links, policy)
            numbers = self._judge_agreements(handover, report, reasons)
            try:
                facts = read_facts(found, self._options.verify, bundle.name)
            except (MismatchError, InputError, NotEstablishedError):
                facts = None  # the reasons say why
            return Judged(
                tuple(dict.fromkeys(reasons)),
                report,
                handover,
                facts,
                say_worst(report, self._options.language),
                numbers,
            )
        except KeyFileError as error:
            return Judged((IntakeReason.LOCKED,), problem=self._say(error))
        except (FormatError, InputError, EvidenceError) as error:
            return Judged((IntakeReason.NOT_A_BUNDLE,), problem=self._say(error))
        except OSError as error:
            return Judged((IntakeReason.UNREADABLE,), problem=self._say(error))
        except Exception as error:  # noqa: BLE001  # a fault of evtool itself: the others must not wait for its mending
            return Judged((IntakeReason.NOT_CHECKED,), problem=f"internal error: {type(error).__name__}")

    def _judge_agreements(self, handover: Link | None, report: Report, reasons: list[IntakeReason]) -> tuple[str, ...]:
        """Add what stands against the agreements under which a bundle comes, and give their numbers."""
        if handover is None:
            return ()
        options, sender = self._options, handover.entry.agent
        in_terms = report.consent.agreements if report.consent is not None else ()
        numbers = find_agreements(handover, in_terms, options.agreements)
        senders = {sender, options.organisations.get(sender, sender)}
        day = self._author.now().date()
        reasons += judge_agreements(handover, numbers, options.agreements, senders, options.policy, day)
        return numbers

    def _keep(self, shelf: Shelf, name: str, before: BundleMark, sha256: str | None, judged: Judged) -> IntakeLine:
        """Leave a bundle in quarantine, with a row that says why.

        One that changed meanwhile gets none, and is looked at again; nothing that was found out about it counts.
        """
        try:
            if sha256 is not None and mark(shelf.bundle) != before:
                judged = CHANGED
        except (OSError, EvtoolError) as error:
            judged = Judged((IntakeReason.UNREADABLE,), problem=self._say(error))
        path = self.shelves.path_of(shelf)
        if IntakeReason.CHANGING in judged.reasons:
            return replace(render(name, judged, "quarantined", before), path=path)
        arrival = self.arrival(shelf, name, before, sha256, judged, path)
        if judged.facts is None:
            number, registered = shelve(self._catalogue, arrival), None
        else:
            registered = self._register(shelf, before, judged.facts, arrival)
            if registered is None:
                return replace(render(name, CHANGED, "quarantined", before), path=path)
            number = registered.holding
        line = render(name, judged, "quarantined", before, sha256, registered)
        return replace(line, holding=number, path=path)

    def _register(self, shelf: Shelf, before: BundleMark, facts: Facts, arrival: Arrival) -> Registered | None:
        """Register what is read from an open bundle; None if somebody wrote to it meanwhile."""
        try:
            return register(self._catalogue, facts, arrival)
        except InputError:
            if mark(shelf.bundle) != before:
                return None
            raise

    def _accept(
        self, shelf: Shelf, name: str, before: BundleMark, sha256: str, judged: Judged, opened: ExitStack
    ) -> IntakeLine:
        """Answer, register and store a bundle against which there is nothing."""
        facts, handover = judged.facts, judged.handover
        assert facts is not None and handover is not None  # noqa: S101, PT018  # else there were a reason
        try:
            flush_bundle(shelf)
            receipt = answer(shelf, handover, self._author, self._options.verify)
            if mark(shelf.bundle) != before:
                return self._keep(shelf, name, before, sha256, CHANGED)
        except (FormatError, InputError, MismatchError, NotEstablishedError, OSError) as error:
            again = replace(judged, reasons=(IntakeReason.NOT_CHECKED,), problem=self._say(error))
            return self._keep(shelf, name, before, sha256, again)
        path = self.shelves.free_path(shelf, facts.collection, facts.head)
        arrival = replace(self.arrival(shelf, name, before, sha256, judged, path), receipt=sha256_hex(receipt))
        registered = self._register(shelf, before, with_receipt(facts, receipt), arrival)
        if registered is None:
            return self._keep(shelf, name, before, sha256, CHANGED)
        line = render(name, judged, "accepted", before, sha256, registered)
        opened.close()  # Windows moves nothing that is open
        delivered = self.put_away(shelf, path, facts.head, name)
        return replace(line, holding=registered.holding, path=path, receipt=delivered)

    def put_away(self, shelf: Shelf, path: str, head: str, name: str) -> str | None:
        """Put the receipt where receipts go, and the bundle into the store."""
        delivered = self.send(shelf, name, head) if os.path.lexists(shelf.receipt) else None
        self.shelves.place(shelf, path)
        return delivered

    def send(self, shelf: Shelf, name: str, head: str) -> str:
        """Put the receipt of a bundle where receipts go, and give the name that it has there."""
        return deliver(self._options.receipts, name, head, read_receipt_file(shelf.receipt))

    def arrival(
        self, shelf: Shelf, name: str, before: BundleMark, sha256: str | None, judged: Judged, path: str
    ) -> Arrival:
        """Say what the catalogue keeps of a bundle beside its record; `path` is where it lies, or will lie."""
        # A person can accept a bundle that was not made for us, and which nobody answers.
        is_continued = not judged.reasons and shelf.continued.is_dir()
        return Arrival(
            container=_CONTAINERS[shelf.wrapping],
            name=name if self._catalogue.names is Names.ALL else shelf.bundle.name,
            seen=format_utc(self._author.now()),
            bytes=before.bytes,
            sha256=sha256,
            sender=judged.sender,
            agreement=judged.agreement,
            state=State.QUARANTINED if judged.reasons else State.ACCEPTED,
            exit_code=int(judged.exit_code),
            reasons=tuple(reason.value for reason in judged.reasons),
            findings=codes_of(judged.report),
            kept=Kept(self._options.location, path, continued=f"{path}{CONTINUED}" if is_continued else None),
        )


_CONTAINERS = {Wrapping.ZIP: Container.ZIP, Wrapping.AGE: Container.AGE, Wrapping.FOLDER: Container.BAG}
