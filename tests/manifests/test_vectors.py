"""The vectors of sealed directories: evtool's verdict, the layer that refuses, and what a second verifier says."""

from __future__ import annotations

import ast
import importlib
import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import pytest

from evtool.core.custody.chain import EntryFiles, check_chain
from evtool.core.custody.entry import parse_entry
from evtool.core.errors import FormatError, InputError, SignatureError
from evtool.core.finding import Axis, Code, Effect, Finding
from evtool.core.manifest.manifest import ManifestReader
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.ssh.allowed_signers import parse_allowed_signers
from evtool.core.ssh.signature import parse_signature, verify_signature
from evtool.core.verdict.verdict import Report
from evtool.keys.recipients import Recipients
from evtool.keys.tsa_trust import load_roots
from evtool.operations.record.place import RecordPlace
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.parting import compare_reports
from evtool.operations.verify.time.grounds import TimeGrounds
from evtool.operations.verify.verify import report_unreadable, verify
from evtool.scan.tree import TreeLocation
from evtool.store.custody import CustodyDirectory
from evtool.store.custody_names import FileRole, file_name
from tests.keys.lists import parse_recipients
from tests.report.korean import check_korean

TESTS = Path(__file__).parents[1]
VECTORS = TESTS / "vectors" / "verify"
SECOND_OPINION = TESTS / "second_opinion" / "verify.py"
NAMES = sorted(path.stem for path in VECTORS.glob("*.toml"))

WRITTEN = datetime(2026, 11, 28, tzinfo=UTC)
"""When a vector is verified that does not say so: entries from after now would be told as such."""

IN_EVERY_REPORT = {Code.NO_TIMESTAMP, Code.NO_CONSENT, Code.NO_WITNESS, Code.WITNESSED}
"""Findings that say what nobody provided; a vector names the others."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A vector as built, and what a verifier has to make of it."""

    folder: Path
    layer: str
    exit_code: int
    findings: list[str]
    expect_head: str | None
    now: datetime | None
    require: frozenset[Axis]
    signers: int = 1

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"

    def path(self, name: str) -> str:
        """Where something lies that the user names as well, if the vector has it; otherwise empty."""
        path = self.folder / name
        return str(path) if path.exists() else ""

    def options(self) -> VerifyOptions:
        """What a verifier is given beside the evidence."""
        trust = parse_allowed_signers((self.folder / "trust").read_bytes(), lambda moment: moment.replace(tzinfo=UTC))
        roots = self.folder / "roots.pem"
        time = TimeGrounds(anchors=lambda: load_roots(roots).anchors) if roots.exists() else TimeGrounds()
        recipients = Recipients()
        if self.path("recipients.toml"):
            recipients = parse_recipients((self.folder / "recipients.toml").read_bytes())
        return VerifyOptions(
            trust=trust,
            expected_head=self.expect_head,
            jobs=1,
            now=self.now or WRITTEN,
            required=self.require,
            time=time,
            min_signers=self.signers,
            place=RecordPlace(continued=self.path("continued") or None),
            receipts=recipients.receipt_keys,
        )

    def verify(self) -> Report:
        options = self.options()
        try:
            report = verify(self.evidence, options)
            if beside := self.path("beside"):
                pair = [("beside", verify(beside, options)), ("evidence", report)]
                report = compare_reports(pair)[1][1]
            return report
        except InputError as error:
            # The program says of a directory without any record what it is, with the exit code of `no-items`.
            if "there is no directory custody in it" not in error.message:
                raise
            return report_unreadable(options, error)


def read_vector(folder: Path) -> Vector:
    expect = json.loads((folder / "expect.json").read_text("utf-8"))
    assert re.fullmatch(r"[^\n]*[.?]", expect["comment"])
    now = datetime.fromisoformat(expect["now"]) if "now" in expect else None
    require = frozenset(map(Axis, expect.get("require", ())))
    findings, signers = expect["findings"], expect.get("signers", 1)
    return Vector(folder, expect["layer"], expect["exit"], findings, expect["expect_head"], now, require, signers)


def label(finding: Finding) -> str:
    """What a vector calls a finding: its code, and the first of item, entry and path that it has."""
    if finding.item is not None:
        return f"{finding.code.value} item {finding.item}"
    if finding.entry is not None:
        return f"{finding.code.value} entry {finding.entry}"
    return f"{finding.code.value} {finding.path}" if finding.path is not None else finding.code.value


def labels(report: Report) -> list[str]:
    return sorted({label(finding) for finding in report.findings if finding.code not in IN_EVERY_REPORT})


def item_labels(report: Report) -> list[str]:
    about_items = (finding for finding in report.findings if finding.item is not None or finding.code is Code.EXTRA)
    return sorted({label(finding) for finding in about_items})


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All vectors, built once."""
    folder = tmp_path_factory.mktemp("vectors")
    subprocess.run([sys.executable, str(VECTORS / "build_verify_vectors.py"), str(folder)], check=True)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_vector(name: str, built: Path) -> None:
    """The verdict is the one that the vector asks for, the layer that it names is the first to refuse, and all of it
    can be told in Korean."""
    vector = read_vector(built / name)
    report = vector.verify()
    assert (int(report.exit_code), labels(report)) == (vector.exit_code, vector.findings)
    assert first_refusal(vector, report) == vector.layer
    check_korean(report)


def test_the_vectors_are_what_their_recipes_make() -> None:
    """The builder makes the same bytes as ever; a vector that changes, changes here first."""
    command = [sys.executable, str(VECTORS / "build_verify_vectors.py"), "--digests"]
    run = subprocess.run(command, check=True, capture_output=True)
    assert run.stdout.decode() == (VECTORS / "built.sha256").read_text()


def test_every_finding_about_time_has_a_vector() -> None:
    """What can be said of time is said by one vector at least; `no-timestamp` stands in all others."""
    expected = " ".join((VECTORS / f"{name}.toml").read_text("utf-8") for name in OF_TIME)
    codes = {code.value for code in Code if code.name.startswith(("TIME", "RENEWAL_"))}
    assert {code for code in codes if f'"{code}' not in expected} == set()


def test_most_vectors_must_fail() -> None:
    """Eight in ten end with another exit code than 0."""
    good = [name for name in NAMES if "\nexit = 0\n" in (VECTORS / f"{name}.toml").read_text("utf-8")]
    assert len(good) <= 0.2 * len(NAMES)


# --- the layers, from the outside in --------------------------------------------------------------------------------


def first_refusal(vector: Vector, report: Report) -> str:
    """Ask one layer after the other, each for itself, whether it takes what the directory holds."""
    record = vector.evidence / "custody"
    if record.is_symlink() or not record.is_dir():
        return "custody"
    with CustodyDirectory(TreeLocation.find(str(vector.evidence / "custody"))) as custody:
        return refusal_of_the_record(custody) or refusal_in_the_report(report)


def refusal_of_the_record(custody: CustodyDirectory) -> str:
    listing = custody.list_files()
    if listing.foreign or listing.lost or not listing.entries:
        return "custody"
    try:
        files = [
            custody.read_entry(*key, with_details=FileRole.DETAILS in listing.files[key]) for key in listing.entries
        ]
    except (FormatError, InputError):
        return "custody"
    return refusal_of_entries(files) or refusal_of_manifests(custody, files)


def refusal_of_entries(files: list[EntryFiles]) -> str:
    for signed in files:
        try:
            signature = parse_signature(signed.signature)
        except FormatError:
            return "signature-format"
        try:
            verify_signature(signature, signed.data)
        except SignatureError:
            return "signature"
    try:
        entries = [parse_entry(signed.data) for signed in files]
        for signed, entry in zip(files, entries, strict=True):
            if signed.details is not None and sha256(signed.details).hexdigest() == entry.apart:
                parse_entry(signed.data, signed.details)
    except FormatError:
        return "entry"
    codes = {finding.code for finding in check_chain(files).findings} - {Code.CLOCK_ORDER}
    following = 1
    for entry in entries:
        if entry.sealed is None:
            continue
        if entry.sealed.first_item != following:
            codes.add(Code.CHAIN_BROKEN)
        following = entry.sealed.first_item + entry.sealed.items
    return "signer" if codes == {Code.SIGNER_DIFFERS} else "chain" if codes else ""


def refusal_of_manifests(custody: CustodyDirectory, files: list[EntryFiles]) -> str:
    for signed in files:
        sealed = parse_entry(signed.data).sealed
        if sealed is None:
            continue
        try:
            lines = list(custody.read_lines(file_name(signed.sequence, signed.event, FileRole.MANIFEST)))
        except (FormatError, InputError):
            return "lines"
        try:
            for line in lines:
                parse_statement(line)
        except FormatError:
            return "statement"
        reader = ManifestReader(sealed.first_item)
        try:
            list(reader.read(lines))
        except FormatError:
            return "manifest"
        summary = reader.summary
        wrong_count = summary.withheld_lines == 0 and summary.disclosed_items != sealed.items
        if (summary.root, summary.lines) != (sealed.root, sealed.lines) or wrong_count:
            return "root"
        after = sealed.first_item + sealed.items - 1 - max(summary.last_item, sealed.first_item - 1)
        if after < 0 or summary.lines_after < 2 * after or bool(summary.lines_after) != bool(after):
            return "root"
    return ""


REPORTED = {
    "custody": {Code.CUSTODY_EXTRA, Code.CONTINUATION_APART},
    "signature": {Code.SIGNATURE_INVALID},
    "checksums": {Code.CHECKSUMS_MISMATCH, Code.CHECKSUMS_MISSING},
    "chain": {Code.CHAIN_BROKEN, Code.UNDO_INVALID, Code.RECORDS_PART},
    "withholding": {Code.WITHHELD_UNEXPLAINED, Code.DISCLOSURE_INVALID},
    "head": {Code.HEAD_UNKNOWN},
    "time": {Code.TIMESTAMP_MISSING, Code.TIMESTAMP_CHANGED, Code.TIMESTAMP_FAILED, Code.TIME_NOT_PROVEN}
    | {Code.TIME_CONTRADICTION, Code.RENEWAL_MISMATCH},
    "trust": {Code.SIGNERS_TOO_FEW, Code.KEY_UNKNOWN, Code.KEY_OTHER_AGENT, Code.KEY_OTHER_NAMESPACE}
    | {Code.KEY_NO_LONGER_VALID, Code.KEY_NOT_YET_VALID, Code.KEY_RETIRED},
    "evidence": {Code.CHANGED, Code.MISSING, Code.EXTRA, Code.RENAMED, Code.TYPE_CHANGED, Code.NO_ITEMS}
    | {Code.LINK_ABSENT},
}
"""Layers that compare with what is outside of the record; their refusals are told apart by their findings."""


def refusal_in_the_report(report: Report) -> str:
    codes = {finding.code for finding in report.findings if finding.effect is not Effect.NOTE}
    return next((layer for layer, refusals in REPORTED.items() if codes & refusals), "none")


# --- a second opinion ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def second_opinion() -> ModuleType:
    """The second verifier, whose files lie beside it and import each other by their names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SECOND_OPINION.parent)
        return importlib.import_module("verify")


def second_verdict(second: ModuleType, vector: Vector, head: str | None) -> tuple[int, list[str]]:
    """What the second verifier says: its exit code, and its findings on items and on what nobody sealed."""
    named = (vector.path(name) for name in ("continued", "recipients.toml", "beside"))
    findings = second.verify(str(vector.evidence), str(vector.folder / "trust"), head or "", *named)
    about_items = {f"{code} {about}" for _, code, about in findings if about.startswith("item ") or code == "extra"}
    return second.judge(findings), sorted(about_items)


OF_TIME = {name for name in NAMES if name.startswith("time-")}
"""Vectors that need a reader of time-stamp tokens, which the second verifier has not."""
OF_SIGNERS = {name for name in NAMES if "\nsigners = " in (VECTORS / f"{name}.toml").read_text("utf-8")}
"""Vectors about how many have to sign, which the second verifier does not judge."""


def test_the_second_verifier_is_short_and_its_own(built: Path) -> None:
    """An expert opens the steps first, then what they ask; it imports nothing of evtool, and runs."""
    sources = {path.stem: path.read_text("utf-8") for path in SECOND_OPINION.parent.glob("*.py")}
    lengths = {name: source.count("\n") for name, source in sources.items()}
    assert max(lengths.values()) == lengths["verify"] <= 450
    assert len(lengths) == 6
    assert sum(lengths.values()) <= 1510
    imported = set()
    for source in sources.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).split(".")[0])
    assert imported <= sys.stdlib_module_names | {"blake3", "nacl"} | set(sources)
    vector = built / "evidence-changed"
    command = [sys.executable, str(SECOND_OPINION), str(vector / "evidence"), str(vector / "trust")]
    run = subprocess.run(command, capture_output=True, check=False, cwd=built)
    assert (run.returncode, run.stdout.splitlines()[0]) == (1, b"changed item 2")
    assert run.stdout.endswith(b"\nexit code 1\n")


DAMAGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "flip a bit": lambda data, rng: flip(data, rng.randrange(len(data)), rng.randrange(8)),
    "remove a byte": lambda data, rng: cut(data, rng.randrange(len(data))),
    "remove a line": lambda data, rng: b"".join(without(data.splitlines(keepends=True), rng)),
    "double a line": lambda data, rng: b"".join(doubled(data.splitlines(keepends=True), rng)),
    "swap two lines": lambda data, rng: b"".join(swapped(data.splitlines(keepends=True), rng)),
    "empty the file": lambda data, rng: b"",
}


def flip(data: bytes, at: int, bit: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def cut(data: bytes, at: int) -> bytes:
    return data[:at] + data[at + 1 :]


def without(lines: list[bytes], rng: random.Random) -> list[bytes]:
    lines.pop(rng.randrange(len(lines)))
    return lines


def doubled(lines: list[bytes], rng: random.Random) -> list[bytes]:
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
    return lines


def swapped(lines: list[bytes], rng: random.Random) -> list[bytes]:
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return lines


DAMAGED = [
    "good-two-seals",
    "good-two-signers",
    "good-withheld",
    "good-withheld-names",
    "good-withheld-context",
    "good-withheld-and-continued",
    "good-names",
    "good-omitted",
    "evidence-five-findings",
    "good-continued",
]


@pytest.mark.parametrize("name", DAMAGED)
def test_both_verifiers_agree_on_random_damage(
    name: str, built: Path, second_opinion: ModuleType, tmp_path: Path
) -> None:
    """Sixty small accidents, each to a fresh copy: whatever they amount to, both say the same."""
    rng = random.Random(name)
    for number in range(60):
        folder = tmp_path / str(number)
        shutil.copytree(built / name, folder, symlinks=True)
        files = sorted(path for path in folder.rglob("*/*") if path.is_file() and not path.is_symlink())
        victim, damage = rng.choice([path for path in files if path.stat().st_size]), rng.choice(sorted(DAMAGES))
        victim.write_bytes(DAMAGES[damage](victim.read_bytes(), rng))
        vector = read_vector(folder)
        report = vector.verify()
        verdict = second_verdict(second_opinion, vector, None)
        assert verdict == (int(report.exit_code), item_labels(report)), f"{damage} in {victim.relative_to(folder)}"
        shutil.rmtree(folder)
