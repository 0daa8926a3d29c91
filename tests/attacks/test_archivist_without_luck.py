"""No record that its own reader refuses, and no decision that the page on consent does not make.

`python -m tests.attacks.test_archivist_without_luck ROUNDS [SEED]` runs as many rounds as are wanted.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from evtool import (
    Disclosure,
    EntryHeader,
    ExitCode,
    MetadataChoice,
    PackOptions,
    SealOptions,
    StatementFiles,
    TrustPolicy,
    VerifyOptions,
    Wanted,
    change_consent,
    decide_items,
    list_items,
    open_record,
    pack,
    seal,
    unpack,
    verify,
)
from evtool.core.consent.decision import Recipient, RecipientKind, Request
from evtool.core.errors import FormatError, InputError, RefusedError, UsageError
from evtool.core.ssh.key import ED25519, PublicKey
from evtool.core.terms.terms import Purpose, parse_terms
from evtool.core.text.names import parse_name, store_name
from evtool.core.text.ranges import ranges_of
from evtool.core.values import replace
from evtool.keys.signer import FileSigner, Signer
from evtool.operations.author import Author
from evtool.operations.record.selection import Selection
from evtool.report.language import in_english
from tests.attacks import consent_reference as reference
from tests.attacks.archivist import AGREEMENTS, CODES, DAY, Archivist, Plan, write_defaults, write_files, write_table
from tests.attacks.consent_reference import Question, Terms

NOON = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
ROUNDS = 40


def at_noon(signer: Signer) -> Author:
    """A signer whose clock stands still."""
    return Author(signer, now=lambda: NOON)


def make_signer(code: str) -> FileSigner:
    private = Ed25519PrivateKey.generate()
    point = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return FileSigner(PublicKey(ED25519, point), code, private)


A1, A2 = make_signer("A1"), make_signer("A2")
BOTH = frozenset({A1.public_key.fingerprint, A2.public_key.fingerprint})


@dataclass
class Known:
    """What is expected of one item."""

    path: str
    sealed_by: int
    agents: set[str]
    sealed: Terms | None
    context: dict[str, str]
    changes: list[Terms] = field(default_factory=list)
    changed_by: list[str] = field(default_factory=list)

    @property
    def in_force(self) -> Terms | None:
        return reference.in_force([self.sealed, *self.changes])


class Round:
    """One archivist: seals, changes terms, seals again, is asked, packs, and has it unpacked elsewhere."""

    def __init__(self, seed: int, root: Path) -> None:
        self.draw = Archivist(seed)
        self.chance = random.Random(seed + 1)
        self.root = root
        self.case = root / "case"
        self.case.mkdir()
        self.items: dict[int, Known] = {}
        self.history: list[reference.Step] = []
        self.taken: list[bytes] = []
        self.counts: Counter[str] = Counter()

    def run(self) -> Counter[str]:
        for _ in range(self.chance.randint(1, 3)):
            self.seal_more()
            if self.items and self.chance.random() < 0.7:
                self.change_terms()
        if self.items:
            self.check_all(self.case, set(self.items))
            self.hand_over()
        return self.counts

    def seal_more(self) -> None:
        plan = self.draw.plan(self.taken)
        if not plan.files:
            return
        write_files(self.case, plan.files, self.chance)
        self.taken += plan.files
        self.seal_plan(plan, plan)
        if self.chance.random() < 0.3:
            # The same table and defaults once more, when something new has come: rows of sealed items may stay.
            name = f"later {len(self.taken)}".encode()
            later = Plan([name], plan.defaults)
            write_files(self.case, later.files, self.chance)
            self.taken.append(name)
            self.seal_plan(later, replace(later, rows=plan.rows) if plan.makes_sense else later)

    def seal_plan(self, plan: Plan, written: Plan) -> None:
        """Seal what is planned; `written` is what the table and the defaults hold."""
        table, defaults = self.root / "items.csv", self.root / "defaults.toml"
        table.write_bytes(write_table(written, bom=self.chance.random() < 0.5))
        defaults.write_bytes(write_defaults(written))
        files = StatementFiles(str(table) if written.rows else None, str(defaults) if written.defaults else None)
        exclude = tuple(self.draw.some(["*.tmp", "never/*", "정*.x"], 1))
        signer = self.chance.choice((A1, A1, A2))
        options = SealOptions(
            statements=files, exclude=exclude, allow=frozenset({"unmatched"}), metadata=MetadataChoice.NONE, jobs=1
        )
        if not plan.makes_sense:
            with pytest.raises(FormatError):
                seal(self.case, at_noon(signer), options)
            self.counts["nonsense refused"] += 1
            # What nobody could seal with those terms is sealed without any, and the story goes on.
            plan, options = Plan(plan.files), replace(options, statements=StatementFiles())
        result = seal(self.case, at_noon(signer), options)
        assert result.entry is not None
        self.history.append(reference.Step("sealed", signer.code, signer.code))
        self.take_in(plan, result.entry, signer.code)
        self.counts["sealed"] += 1
        self.check_sealed(self.case, set(self.items))

    def take_in(self, plan: Plan, entry: int, agent: str) -> None:
        names = {store_name(path): path for path in plan.files}
        with open_record(self.case) as record:
            for found in list_items(record, Selection()):
                if found.item.file is not None and found.item.file.path in names:
                    path = names.pop(found.item.file.path)
                    sealed, context = plan.sealed_terms(path), plan.sealed_context(path)
                    self.items[found.item.number] = Known(store_name(path), entry, {agent}, sealed, context)
        assert not names, f"not sealed: {names}"

    def change_terms(self) -> None:
        draw = self.draw
        terms = draw.generous() if draw.maybe(0.2) else draw.sensible(0.3, whole=False)
        numbers = sorted(self.items) if draw.maybe(0.3) else draw.some(sorted(self.items)) or [min(self.items)]
        signer = self.chance.choice((A1, A2))
        if not terms:
            return
        consent = {name: value for name, value in terms.items() if name != "handling"}
        document = {"consent": consent} | ({"handling": terms["handling"]} if "handling" in terms else {})
        parsed = parse_terms(json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
        header = EntryHeader(items=ranges_of(numbers))
        if reference.makes_no_sense(terms, whole=False):
            with pytest.raises(UsageError):
                change_consent(self.case, at_noon(signer), parsed, header)
            return
        change_consent(self.case, at_noon(signer), parsed, header)
        self.history.append(reference.Step("consent-changed", signer.code, signer.code))
        for number in numbers:
            self.items[number].changes.append(terms)
            self.items[number].changed_by.append(signer.code)
        self.counts["changed"] += 1

    def check_sealed(self, place: Path, numbers: set[int]) -> None:
        """Every record verifies, says what was meant, and bears the label of the page."""
        report = verify(place, VerifyOptions(signers=BOTH, jobs=1))
        problems = [f"{finding.code.value}: {in_english(finding)}" for finding in report.findings]
        assert report.exit_code is ExitCode.OK, problems
        in_force = [self.items[number].in_force for number in numbers]
        assert report.handling == reference.label([(terms or {}).get("handling") for terms in in_force])
        with open_record(place) as record:
            for found in list_items(record, Selection()):
                known = self.items[found.item.number]
                stated = found.item.consent.terms.stated if found.item.consent else None
                assert stated == known.sealed, known.path
                assert {field.field: field.value for field in found.item.context} == known.context, known.path

    def request(self) -> tuple[Request, bool]:
        """Draw a question; also tell whether a second person stands behind what is confirmed."""
        draw = self.draw
        kinds = [kind.value for kind in RecipientKind]
        purposes = [purpose.value for purpose in Purpose]
        is_publication = draw.maybe(0.2)
        recipient = Recipient(
            draw.random.choice(CODES),
            kinds=frozenset(map(RecipientKind, draw.some(kinds, 2))),
            purposes=frozenset(map(Purpose, purposes if draw.maybe(0.7) else draw.some(purposes))),
            agreements=frozenset({"DSA-1", *draw.some(AGREEMENTS, 4)}),
            region=draw.random.choice([None, "KR", "CH"]),
            death_penalty=draw.random.choice([None, True, False]),
        )
        if is_publication:
            recipient = Disclosure.publication(None, None, TrustPolicy()).recipient
        request = Request(
            recipient,
            Purpose(draw.random.choice(purposes)),
            DAY + timedelta(days=draw.random.randint(-2, 2)),
            None,
            agent=draw.random.choice(["A1", "A2", "A9", None]),
            is_onward=draw.maybe(0.2),
            confirmed=frozenset(draw.some([*_CONFIRMABLE], 4)),
            approved_by=draw.random.choice([None, "A1", "A7", "A7"]),
            is_publication=is_publication,
        )
        agents = (request.agent, request.approved_by)
        return request, None not in agents and agents[0] != agents[1]

    def expected(self, known: Known, request: Request, two_people: bool, trusted: frozenset[str]) -> list[str]:
        recipient = request.recipient
        question = Question(
            to=None if request.is_publication else recipient.code,
            kinds=frozenset(kind.value for kind in recipient.kinds),
            may_receive_for=frozenset(purpose.value for purpose in recipient.purposes if isinstance(purpose, Purpose)),
            agreements=recipient.agreements,
            region=recipient.region,
            death_penalty=recipient.death_penalty,
            purpose=request.purpose.value if isinstance(request.purpose, Purpose) else request.purpose,
            day=request.day,
            confirmed=request.confirmed,
            two_people=two_people,
            passes_on=request.is_onward or reference.was_received(self.history, request.agent, None),
        )
        signers = [*known.agents, *known.changed_by]
        untrusted = sum(code not in trusted for code in signers)
        return reference.refused(known.in_force or {}, question, untrusted=untrusted)

    def check_all(self, place: Path, numbers: set[int]) -> None:
        """Ask for every item, several times, and compare every reason."""
        for _ in range(6):
            request, two_people = self.request()
            signers = (A1, A2) if self.draw.maybe(0.7) else (A1,)
            trust = TrustPolicy(signers=frozenset(signer.public_key.fingerprint for signer in signers))
            with open_record(place) as record:
                answers = decide_items(record, request, trust)
            assert {answer.consent.item for answer in answers} == numbers
            for answer in answers:
                found = sorted(refusal.reason.value for refusal in answer.decision.reasons)
                known = self.items[answer.consent.item]
                expected = self.expected(known, request, two_people, frozenset(signer.code for signer in signers))
                assert found == expected, (known, request)
                self.counts["allowed" if not found else "refused"] += 1

    def hand_over(self) -> None:
        request, _ = self.request()
        # What is handed over is handed over by whoever signs, today, with a purpose that is on record.
        request = replace(request, agent="A1", day=DAY, confirmed=frozenset(_CONFIRMABLE), approved_by="A7")
        if request.is_publication:
            request = replace(request, confirmed=frozenset(), approved_by=None)
        disclosure = Disclosure(
            request.recipient,
            request.purpose,
            "agreement",
            None,
            confirmed=request.confirmed,
            approved_by=request.approved_by,
            is_onward=request.is_onward,
            trust=TrustPolicy(signers=BOTH),
            is_publication=request.is_publication,
        )
        both = frozenset({"A1", "A2"})
        two_people = request.approved_by is not None
        allowed = {n for n, known in self.items.items() if not self.expected(known, request, two_people, both)}
        bundle = self.root / "bundle.zip"
        options = PackOptions(wanted=Wanted(allowed_only=True))
        if not any((self.case / _on_disk(self.items[number].path)).is_file() for number in allowed):
            # Nothing may go, or only links and empty directories, and a bag holds at least one file.
            with pytest.raises(InputError if allowed else RefusedError):
                pack(self.case, bundle, at_noon(A1), disclosure, options)
            self.counts["pack refused"] += 1
            return
        result = pack(self.case, bundle, at_noon(A1), disclosure, options)
        self.counts["packed"] += 1
        gone = set(self.items) - {number for number, _ in result.left_out}
        links = {number for number, reason in result.left_out if "link" in reason}
        assert gone | links == allowed, "something else was packed than may go"
        self.history.append(reference.Step("disclosed", "A1", "A1"))
        self.check_sealed(self.case, set(self.items))
        report = verify(bundle, VerifyOptions(signers=BOTH, jobs=1))
        assert report.exit_code is ExitCode.OK, [in_english(finding) for finding in report.findings]
        there = self.root / "there"
        unpack(bundle, there, verify_options=VerifyOptions(signers=BOTH, jobs=1))
        self.check_sealed(there, gone)
        self.check_all(there, gone)
        self.counts["unpacked"] += 1


def _on_disk(stored: str) -> str:
    return os.fsdecode(parse_name(stored))


_CONFIRMABLE = (
    *("redact-identity", "legal-advice", "onward-agreed", "redact-location", "closed-session", "notify-before-use"),
    *("no-death-penalty", "no-state-authority", "region:KR", "x-own", "x-a.b-c", "terms-withheld"),
)


def run_round(seed: int) -> Counter[str]:
    """Run one round in memory, if there is a file system in memory."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    root = Path(tempfile.mkdtemp(dir=where))
    try:
        return Round(seed, root).run()
    finally:
        shutil.rmtree(root)


@pytest.fixture(scope="module")
def first_seed() -> int:
    return int(os.environ.get("EVTOOL_SEED") or 20261127)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_round(number: int, first_seed: int) -> None:
    """The seed is printed if it fails; EVTOOL_SEED repeats a run."""
    print(f"EVTOOL_SEED={first_seed}, round {number}")  # pytest shows it with a failure
    run_round(first_seed + number)


def test_the_rounds_reach_every_end() -> None:
    """Rounds in which everything is refused, or nothing, would show nothing."""
    counts = sum((run_round(seed) for seed in range(1, 31)), Counter[str]())
    assert min(counts[name] for name in ("sealed", "nonsense refused", "changed", "allowed", "refused", "packed")) > 0


def main() -> int:
    """Run as many rounds as are asked for; tell the seed of the first one that fails."""
    rounds, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(2**32)
    print(f"seed {seed}, {rounds} rounds")
    counts: Counter[str] = Counter()
    for number in range(rounds):
        try:
            counts += run_round(seed + number)
        except Exception:
            print(f"round {number}, seed {seed + number}, after {dict(counts)}")
            raise
    print(dict(counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
