"""Certificates: what they may say for each verdict, what only a person may say, and that what is filled in is true."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import tomllib
from base64 import b64encode
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from evtool import VerifyOptions
from evtool.core.errors import ExitCode, UsageError
from evtool.core.finding import Axis, AxisState, Cause, Code, Effect, Words
from evtool.core.manifest.statement import ItemType
from evtool.core.timestamp.time_report import ProvenInterval
from evtool.core.values import replace
from evtool.keys.trust import load_trust
from evtool.operations.examine.examine import examine
from evtool.report.account import Account, AccountDerivation, Audience, ListedItems
from evtool.report.audience import list_only, restrict
from evtool.report.certificate.certificate import write_certificate
from evtool.report.certificate.icc import COLUMNS, write_load_file
from evtool.report.certificate.kind import CertificateKind
from evtool.report.certificate.standing import Extent, WhyRefused, judge, tell_fates
from evtool.report.certificate.writer import CERTIFICATES, Source, Writer
from evtool.report.from_json import read_document
from evtool.report.json_value import to_json
from evtool.report.language import list_languages, load_language
from evtool.report.paper import Choices, Grid, ValueKind
from evtool.report.paper_page import render_paper
from evtool.report.told import tell
from evtool.report.trust_used import TrustKind
from tests.conftest import Runner
from tests.golden.golden import VERSIONS
from tests.report.papers import EVERY, SHA, check_certificates, known_of, text_of
from tests.report.test_account import CANARIES, collection

__all__ = ["collection"]

EXAMPLES = Path(__file__).parents[2] / "examples"
ALL = [part for kind in CertificateKind for part in ("--certificate", kind.value)]


def account_of(place: Path, *, required: frozenset[Axis] = frozenset(), is_trusted: bool = True) -> Account:
    """The account for a court of the example, or of what a test made of it."""
    trust = load_trust(EXAMPLES / "trusted_keys")
    options = VerifyOptions(trust=trust) if is_trusted else VerifyOptions()
    options = replace(options, required=options.required | required)
    return restrict(examine(str(place), options, TrustKind.FILE, path="x"), Audience.COURT)


@pytest.fixture(scope="module")
def whole() -> Account:
    return account_of(EXAMPLES / "sealed")


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A copy of the example."""
    return Path(shutil.copytree(EXAMPLES / "sealed", tmp_path / "case"))


def text(account: Account, kind: CertificateKind, language: str = "en") -> str:
    return text_of(write_certificate(kind, Source(account, SHA), language))


def last_table(account: Account, kind: CertificateKind, language: str) -> Grid:
    paper = write_certificate(kind, Source(account, SHA), language)
    return next(block for block in reversed(paper.blocks) if isinstance(block, Grid))


def test_a_clean_collection_has_whole_certificates(whole: Account) -> None:
    """Exit code 0: every certificate, each with the numbers and digests of its account."""
    assert whole.exit_code is ExitCode.OK
    check_certificates(whole)
    for kind, language in EVERY:
        paper = write_certificate(kind, Source(whole, SHA), language)
        filled = {value.replace(" ", "") for _, value in known_of(paper)}
        assert {whole.report.collection, whole.report.head, whole.made.code_sha256, SHA} <= filled
        if kind not in (CertificateKind.NCC_PLAIN, CertificateKind.US_902_13):
            assert all(str(item.sha256) in text_of(paper) for item in whole.items)


def test_a_changed_file_is_excluded_by_number(case: Path) -> None:
    """Exit code 1: the box on top says so, the statement counts only what is equal, and both values are told."""
    (case / "letter.txt").write_bytes(other := b"x" * (case / "letter.txt").stat().st_size)
    account = account_of(case)
    assert account.exit_code is ExitCode.MISMATCH
    check_certificates(account)
    (changed,) = [str(f.item) for f in account.report.findings if f.code is Code.CHANGED]
    assert "The digests were equal for 4 of 5 items." in text(account, CertificateKind.US_902_14)
    assert "Where it says that each file was read, it means these items." in text(account, CertificateKind.NCC_PLAIN)
    assert "only to items that the report calls as sealed" in text(account, CertificateKind.IN_63)
    assert f"item {changed} (not shown): SHA-256 is " in text(account, CertificateKind.US_902_14)
    rows = {row[0]: row for row in last_table(account, CertificateKind.US_902_14, "en").rows}
    assert rows.pop(changed)[-1] == "changed"
    assert {row[-1] for row in rows.values()} == {"as sealed"}
    rows = {row[0]: row for row in last_table(account, CertificateKind.KR_HASH, "ko").rows}
    sealed = next(item.sha256 for item in account.items if str(item.item) == changed)
    assert rows.pop(changed)[-3:] == (sealed, hashlib.sha256(other).hexdigest(), "내용이 다름")
    assert all(row[-3] == row[-2] and row[-1] == "일치" for row in rows.values())


def test_an_unknown_signer_and_a_missing_time_stamp(case: Path) -> None:
    """Exit code 3: the bytes are equal to a list that somebody signed, and it is said that nobody knows who."""
    account = account_of(case, is_trusted=False)
    assert account.exit_code is ExitCode.NOT_ESTABLISHED
    check_certificates(account)
    assert "Anyone can have made such a seal, after changing the files." in text(account, CertificateKind.NCC_PLAIN)
    account = account_of(case, required=frozenset({Axis.TIME}))
    assert account.exit_code is ExitCode.NOT_ESTABLISHED
    check_certificates(account)
    said = text(account, CertificateKind.NCC_PLAIN)
    assert "Anyone can have made such a seal" not in said
    assert "no-timestamp" in said


def test_a_file_that_cannot_be_compared(case: Path) -> None:
    """Exit code 4: what was read and is equal is certified; the rest is named by its number."""
    entry = next((case / "custody").glob("0001-*.jsonl"))
    account = account_of(case)
    number = account.items[1].item
    unread = replace(
        account.report,
        exit_code=ExitCode.NOT_CHECKED,
        items=replace(account.report.items, ok=4, unreadable=1),
        axes=account.report.axes | {Axis.INTEGRITY: AxisState.NOT_ESTABLISHED},
        findings=(
            replace(
                account.report.findings[0],
                code=Code.UNREADABLE,
                effect=Effect.UNCHECKED,
                item=number,
                hidden=True,
                says=tell(Words("unreadable", why=Cause("unreadable", "refused"))),
            ),
            *account.report.findings,
        ),
    )
    check_certificates(replace(account, exit_code=ExitCode.NOT_CHECKED, report=unread))
    entry.write_bytes(b"")
    account = account_of(case)
    assert account.exit_code in (ExitCode.MISMATCH, ExitCode.NOT_CHECKED)
    assert judge(account, CertificateKind.KR_HASH).refusal is WhyRefused.NOTHING_EQUAL
    check_certificates(account)


def test_what_has_no_digest_is_not_called_equal(evtool: Runner) -> None:
    """Links and empty directories are as sealed, but nobody signs that their digests are equal."""
    place = evtool.directory / "case"
    (place / "empty").mkdir(parents=True)
    (place / "link").symlink_to("letter.txt")
    assert evtool("key", "new", "A1", "--no-passphrase").exit_code == 0
    assert evtool("seal", place).exit_code == 0
    account = read_document(Account, evtool("report", place, "--json", "--audience", "court").stdout.encode(), "x")
    assert (account.report.items.ok, account.exit_code) == (2, ExitCode.OK)
    assert judge(account, CertificateKind.US_902_14).refusal is WhyRefused.NOTHING_EQUAL
    (place / "letter.txt").write_text("letter")
    assert evtool("seal", place).exit_code == 0
    account = read_document(Account, evtool("report", place, "--json", "--audience", "court").stdout.encode(), "x")
    check_certificates(account)
    said = {
        CertificateKind.US_902_14: "equal for 1 of 3 items",
        CertificateKind.KR_HASH: "equal for 1 of 3 sealed items",
        CertificateKind.UK_STATEMENT: "equal digests for 1 of 3 items",
        CertificateKind.NCC_PLAIN: "equal for 1 of 3 sealed items",
    }
    for kind, sentence in said.items():
        assert sentence in text(account, kind), kind
    rows = last_table(account, CertificateKind.KR_HASH, "ko").rows
    assert sorted(str(row[-1]) for row in rows) == ["봉인된 때와 같음", "봉인된 때와 같음", "일치"]


def test_equal_is_what_was_counted_as_equal(whole: Account) -> None:
    """That no finding is about an item shows nothing unless the verification counted just as many equal ones."""
    assert set(tell_fates(whole).values()) == {"ok"}
    for fates in ({"ok": 4, "changed": 1}, {"ok": 4, "withheld": 1}, {"ok": 4}, {"ok": 6}):
        counted = replace(whole, report=replace(whole.report, items=replace(whole.report.items, **fates)))
        assert tell_fates(counted) == {}, fates
        assert judge(counted, CertificateKind.KR_HASH).refusal is WhyRefused.NOT_TOLD
    found = replace(whole.report.findings[0], code=Code.ACCOUNTS_DIFFER)
    differing = replace(whole, report=replace(whole.report, findings=(found,)))
    assert judge(differing, CertificateKind.KR_HASH).refusal is WhyRefused.NOT_TOLD


@pytest.mark.parametrize("axis", [axis for axis in Axis if axis is not Axis.INTEGRITY])
def test_a_record_that_fails_has_no_certificate(whole: Account, axis: Axis) -> None:
    """A mismatch of items excludes these items; any other one excludes all of them."""
    failed = replace(whole.report, exit_code=ExitCode.MISMATCH, axes=whole.report.axes | {axis: AxisState.FAILED})
    account = replace(whole, exit_code=ExitCode.MISMATCH, report=failed)
    assert judge(account, CertificateKind.US_902_14).refusal is WhyRefused.CONTRADICTION
    check_certificates(account)


def test_a_stray_file_in_the_record(case: Path) -> None:
    """There is nothing to sign; but that the program found it can be certified, as it is the result of a process."""
    (case / "custody" / "stranger").write_text("")
    account = account_of(case)
    assert judge(account, CertificateKind.US_902_14).refusal is WhyRefused.CONTRADICTION
    assert write_load_file(Source(account, SHA)) == "\ufeff" + ",".join(COLUMNS) + "\r\n", "no file is said to be equal"
    assert judge(account, CertificateKind.US_902_13).extent is Extent.LIMITED
    check_certificates(account)
    assert "does not make the result any better" in text(account, CertificateKind.US_902_13)
    report = replace(account.report, exit_code=ExitCode.NOT_CHECKED)
    unanswered = replace(account, exit_code=ExitCode.NOT_CHECKED, report=report)
    assert judge(unanswered, CertificateKind.US_902_13).extent is Extent.REFUSED


def test_a_refusal_is_written_with_the_exit_code_of_the_check(evtool: Runner, case: Path) -> None:
    """Nobody can sign it by mistake."""
    entry = case / "custody" / "0001-sealed.toml"
    entry.write_text(entry.read_text().replace("claimed", "synced"))
    done = evtool("report", case, "-o", "r", "--certificate", "us-902-14", "--certificate", "kr-hash")
    assert done.exit_code == 1, done.stderr
    page = (evtool.directory / "r.us-902-14.en.html").read_text("utf-8")
    assert "<h1>No certificate can be given</h1>" in page
    assert "penalty of perjury" not in page
    assert 'class="pen"' not in page
    assert 'class="write"' not in page
    assert "<h1>확인서를 낼 수 없습니다</h1>" in (evtool.directory / "r.kr-hash.ko.html").read_text("utf-8")


def test_a_lawyer_gets_from_a_disc_to_paper(evtool: Runner) -> None:
    """One command: a bundle without names, with withheld items and time-stamps, becomes papers for three places."""
    golden = VERSIONS[-1]
    options = ["--trust", str(golden / "trusted_keys"), "--tsa-roots", str(golden / "root.pem")]
    wanted = ["--certificate", "us-902-14", "--certificate", "kr-hash", "--certificate", "icc-annex"]
    done = evtool("report", golden / "part.zip", "-o", "r", *options, *wanted)
    assert done.exit_code == 0, done.stderr
    assert sorted(path.name for path in evtool.directory.glob("r.*")) == [
        *("r.en.html", "r.icc-annex.csv", "r.icc-annex.en.html", "r.json", "r.ko.html"),
        *("r.kr-hash.ko.html", "r.us-902-14.en.html"),
    ]
    data = (evtool.directory / "r.json").read_bytes()
    account = read_document(Account, data, "r.json")
    assert account.audience is Audience.COURT
    page = unescape((evtool.directory / "r.us-902-14.en.html").read_text("utf-8"))
    digest = hashlib.sha256(data).hexdigest()
    assert " ".join(digest[at : at + 4] for at in range(0, 64, 4)) in page, "the paper names the file that it is of"
    assert f"{account.report.items.ok:,} of {account.report.sealed:,} items" in page
    assert account.report.items.withheld > 0
    assert str(account.report.intervals[0].not_after) in page
    check_certificates(account)


def test_hostile_names_are_text(evtool: Runner) -> None:
    """Markup, a formula, writing from right to left and lines for the pen are names on paper, and text in the table."""
    place = evtool.directory / "case"
    place.mkdir()
    names = ["<script>alert(1)<", "=cmd|x", "+1", "@x", "\uff1dcmd", "김철수 [bold].jpg", "שלום.txt", "a\u202egpj.exe"]
    for name in [*names, "\x1f", "{{7*7}}", "{blank}"]:
        (place / name).write_text(name)
    assert evtool("key", "new", "A1", "--no-passphrase").exit_code == 0
    assert evtool("seal", place).exit_code == 0
    done = evtool("report", place, "-o", "r", "--with-names", *ALL)
    assert done.exit_code == 0, done.stderr
    for file in ("r.us-902-14.en.html", "r.kr-hash.ko.html", "r.in-63.en.html", "r.uk-statement.en.html"):
        page = (evtool.directory / file).read_text("utf-8")
        assert "<script" not in page
        for name in ("&lt;script&gt;alert(1)&lt;", "=cmd|x", "김철수 [bold].jpg", "שלום.txt", r"a\u{202E}gpj.exe"):
            assert f"<bdi>{name}</bdi>" in page
        for name in ("{{7*7}}", "{blank}", "%1F"):
            assert f"<bdi>{name}</bdi>" in page
        assert "\u202e" not in page
    account = read_document(Account, (evtool.directory / "r.json").read_bytes(), "account")
    data = (evtool.directory / "r.icc-annex.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    heading, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert tuple(heading) == COLUMNS
    for row, item in zip(rows, account.items, strict=True):
        cells = dict(zip(heading, row, strict=True))
        assert (cells["sha256"], cells["bytes"], cells["item"]) == (item.sha256, str(item.size), str(item.item))
        assert not any(cell[0] in "=+-@\uff1d\uff0b\uff0d\uff20" for cell in row if cell), row
        assert cells["name"]


def test_a_court_reads_no_name_and_gets_the_same_bytes(evtool: Runner, collection: Path) -> None:
    """From the evidence and from the kept account; with --with-names names of files are there, and no other text."""
    assert evtool("report", collection, "-o", "r", *ALL, "--lang", "en", "--lang", "ko").exit_code == 0
    assert evtool("report", "--from", "r.json", "-o", "q", *ALL, "--lang", "en", "--lang", "ko").exit_code == 0
    files = sorted(path.name for path in evtool.directory.glob("r.*"))
    assert len(files) == 1 + 2 + 2 * len(CertificateKind) + 1
    for name in files:
        data = (evtool.directory / name).read_bytes()
        assert (evtool.directory / f"q{name[1:]}").read_bytes() == data, name
        for canary in [*CANARIES, "canary", str(evtool.directory), str(evtool.home)]:
            assert canary not in data.decode("utf-8"), (name, canary)
    assert evtool("report", collection, "-o", "n", "--certificate", "us-902-14", "--with-names").exit_code == 0
    page = (evtool.directory / "n.us-902-14.en.html").read_text("utf-8")
    assert "<bdi>이름-canary.txt</bdi>" in page
    assert "canary-reason" not in page


def test_what_does_not_go_together_is_refused_before_anything_is_read(evtool: Runner) -> None:
    refusals = {
        "for a court": ("-o", "x", "--certificate", "kr-hash", "--audience", "recipient"),
        "every item": ("-o", "x", "--certificate", "kr-hash", "--items", "findings"),
        "with -o NAME": ("--json", "--certificate", "kr-hash"),
        "kr-has": ("-o", "x", "--certificate", "kr-has"),
    }
    for reason, options in refusals.items():
        refused = evtool("report", evtool.directory / "nothing-is-read", *options)
        assert refused.exit_code == 2, reason
        assert reason in refused.stderr
    assert not list(evtool.directory.glob("x.*"))


def test_an_account_that_has_other_things_in_it_makes_no_certificate(evtool: Runner, whole: Account) -> None:
    few = list_only(whole, ListedItems.NONE)
    with pytest.raises(UsageError, match="lists every item"):
        write_certificate(CertificateKind.IN_63, Source(few, SHA), "en")
    with pytest.raises(UsageError, match="for a court"):
        write_certificate(CertificateKind.IN_63, Source(replace(whole, audience=Audience.CUSTODIAN), SHA), "en")
    (evtool.directory / "few.json").write_text(json.dumps(to_json(few)))
    assert evtool("report", "--from", "few.json", "-o", "x", "--certificate", "in-63").exit_code == 2


def test_a_korean_certificate_is_korean(whole: Account) -> None:
    """Except for names of algorithms and programs, and for codes."""
    allowed = {"SHA", "BLAKE", "evtool", "json", "Python", "linux", "sha", "sum", "ssh", "keygen", "RFC", "UTC"}
    for kind in CertificateKind:
        paper = write_certificate(kind, Source(whole, SHA), "ko")
        codes = (ValueKind.COMMAND, ValueKind.DIGEST, ValueKind.NAME)
        coded = {value for shape, value in known_of(paper) if shape in codes}
        said = "\n".join(line for line in text_of(paper).split("\n") if line not in coded)
        words = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"\b[0-9a-f]{32,}\b", "", said)))
        assert words <= allowed, (kind, words - allowed)
        assert re.search("[가-힣]", paper.title)


@cache
def catalogue(code: str) -> dict[str, str]:
    tables = tomllib.loads((CERTIFICATES / f"{code}.toml").read_text("utf-8"))
    return {f"{table}.{name}": str(said) for table, texts in tables.items() for name, said in texts.items()}


def test_all_languages_say_the_same_things() -> None:
    """The same keys, and the same values and lines for the pen in each text; no lawyer has reviewed any."""
    first = {key: sorted(re.findall(r"\{[^}]+\}", said)) for key, said in catalogue("en").items()}
    assert len(list_languages(CERTIFICATES)) >= 2
    for code in list_languages(CERTIFICATES):
        assert {key: sorted(re.findall(r"\{[^}]+\}", said)) for key, said in catalogue(code).items()} == first, code
        assert not load_language(code, CERTIFICATES).is_reviewed
    for kind in CertificateKind:
        assert {f"{kind.value}.{name}" for name in ("title", "rule", "source", "unchecked")} <= set(first)


def test_no_text_is_left_over(monkeypatch: pytest.MonkeyPatch, whole: Account) -> None:
    """Each text of the catalogue is said by some certificate: what nobody says would rot."""
    said: set[str] = set()
    say = Writer.say

    def listen(writer: Writer, name: str, **values: Any) -> str:
        said.add(f"{writer.kind.value if writer.has(name) else 'common'}.{name}")
        return say(writer, name, **values)

    monkeypatch.setattr(Writer, "say", listen)
    for account in variants(whole):
        for kind, language in EVERY:
            write_certificate(kind, Source(account, SHA), language)
    left = {key for key in set(catalogue("en")) - said if not key.startswith("language.")}
    assert left == set()


def variants(whole: Account) -> list[Account]:
    """Accounts that between them have every text."""
    report, trust, first = whole.report, whole.asked.trust, whole.items[0]
    gone = replace(report.findings[0], effect=Effect.DISPROVES, hidden=True, count=1)
    golden = VERSIONS[-1]
    options = VerifyOptions(trust=load_trust(golden / "trusted_keys"))
    bundle = restrict(examine(str(golden / "part.zip"), options, TrustKind.FILE, path="x"), Audience.COURT)
    reports = [
        *(replace(report, handling=handling) for handling in ("named", "partners", "public", "own-code")),
        replace(report, collection=None, head=None),
        *(
            replace(report, intervals=(ProvenInterval(entry=1, not_before=first, not_after=last),))
            for first in (None, "2026-11-27T00:00:00Z")
            for last in (None, "2026-11-28T00:00:00Z")
        ),
        replace(report, axes=report.axes | {Axis.CUSTODY: AxisState.FAILED}),
        replace(report, axes=report.axes | {Axis.SIGNATURES: AxisState.NOT_ESTABLISHED}),
        replace(report, items=replace(report.items, ok=0)),
        replace(report, items=replace(report.items, ok=1), exit_code=ExitCode.MISMATCH),
        replace(report, exit_code=ExitCode.NOT_ESTABLISHED, axes=report.axes | {Axis.TRUST: AxisState.NOT_ESTABLISHED}),
        replace(
            report,
            exit_code=ExitCode.MISMATCH,
            findings=(
                replace(gone, code=Code.CHANGED, item=1, says=tell(Words("sha256"))),
                replace(
                    gone, code=Code.EXTRA, item=None, count=2, says=tell(Words("unsealed", kind=Words("kind-file")))
                ),
            ),
            items=replace(report.items, ok=4, changed=1),
        ),
    ]
    kinds = [replace(whole.asked, trust=replace(trust, kind=kind)) for kind in TrustKind]
    wrong = replace(whole.made.self_test[0], ok=False)
    return [
        *(whole, bundle),
        *(replace(whole, report=each, exit_code=each.exit_code) for each in reports),
        *(replace(whole, asked=asked) for asked in kinds),
        replace(whole, made=replace(whole.made, code_sha256=None, self_test=(wrong,))),
        replace(whole, with_names=True, derived=(AccountDerivation(entry=2, original=1, copy=2, method=None),)),
        replace(whole, items=(replace(first, type=ItemType.OMITTED), *whole.items[1:])),
    ]


ELEMENTS = {
    "us-902-14": [
        "I declare under penalty of perjury that the foregoing is true and correct. Executed on",
        "I declare under penalty of perjury under the laws of the United States of America that the foregoing is true",
        "Reasonable written notice of the intent to offer these data",
        "Why this person is qualified to certify this",
    ],
    "us-902-13": ["Each step, and for how many", "How it is known that this process gives accurate results"],
    "kr-hash": [
        *("컴퓨터의 기계적 정확성", "프로그램의 신뢰성", "조작자의 전문적인 기술능력과 정확성"),
        *("참여인", "보유자", "제출자"),
    ],
    "in-63": [
        "do hereby solemnly affirm and sincerely state and submit as follows:",
        "I have produced electronic record/output of the digital record taken from the following device",
        "The produced electronic record/output of the digital record are obtained from the following device",
        "was under the lawful control for regularly creating, storing or processing information",
        "then it has not affected the electronic/digital record or its accuracy.",
        "(Hash report to be enclosed with the certificate)",
        "Part A (to be filled by the Party)",
        "Part B (to be filled by the Expert)",
    ],
    "icc-annex": ["Confidentiality", "Originality", "Chain of custody", "Document ID (ERN)"],
    "uk-statement": [
        "is true to the best of my knowledge and belief and I make it knowing that, if it is tendered in evidence",
        "Age, if under 18",
        "It was read to the witness by",
        "It holds no opinion",
    ],
    "ncc-plain": ["Whoever holds the copy", "Whoever carried out the check"],
}
"""What the rule of each place asks for, in its words where they were read."""


@pytest.mark.parametrize("kind", CertificateKind)
def test_what_a_rule_asks_for_is_there(kind: CertificateKind, whole: Account) -> None:
    paper = write_certificate(kind, Source(whole, SHA), kind.language)
    page = unescape(render_paper(paper))
    for element in ELEMENTS[kind.value]:
        assert element in page, element
    choices = [choice for block in paper.blocks if isinstance(block, Choices) for choice in block.choices]
    ticked = [choice.pieces for choice in choices if choice.ticked]
    expected = [("SHA256",)] * 2 if kind is CertificateKind.IN_63 else []
    assert ticked == expected, "a person ticks all that a program cannot know"


def test_a_certificate_is_one_file_that_asks_for_nothing(whole: Account) -> None:
    for kind, language in EVERY:
        paper = write_certificate(kind, Source(whole, SHA), language)
        page = render_paper(paper)
        styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
        policy = unescape(re.findall(r'Content-Security-Policy" content="([^"]+)"', page)[0])
        hashes = {f"'sha256-{b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" for style in styles}
        assert set(re.findall(r"'sha256-[^']+'", policy)) == hashes
        assert not re.search(r"<(img|link|script|iframe|a)\b|\bstyle=|\bhref=|url\(|https?:", page)
        choices = sum(len(block.choices) for block in paper.blocks if isinstance(block, Choices))
        assert page.count("☐") + page.count("☒") == choices
