"""The pages of a report: for every vector, in every language, for every audience; and what must never be on them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from evtool.core.custody.events import Event
from evtool.core.errors import InputError
from evtool.core.finding import Code
from evtool.core.terms.terms import Status
from evtool.core.values import replace
from evtool.operations.examine.examine import examine
from evtool.report.account import Account, Audience
from evtool.report.audience import restrict
from evtool.report.from_json import read_document
from evtool.report.json_value import to_json
from evtool.report.language import PAGES, list_languages, load_language
from evtool.report.page.findings import NEXT_OF
from evtool.report.page.page import write_papers
from evtool.report.paper_page import render_paper
from evtool.report.trust_used import TrustKind
from tests.conftest import Runner
from tests.manifests.test_vectors import NAMES, built, read_vector
from tests.report.papers import check_certificates
from tests.report.test_account import CANARIES, collection

__all__ = ["built", "collection"]

NEVER = re.compile(r"authentic|tamper-?proof|진본|위조|변조|object at 0x", re.IGNORECASE)
LATIN = re.compile(r"[A-Za-z]{3,}")


def text_of(page: str) -> str:
    """What a reader sees."""
    body = re.sub(r"<(style|svg|pre|code)\b.*?</\1>|<(td|span|p)[^>]*digest.*?</\2>", " ", page, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", body))


IN_KOREAN = {
    *("SHA", "BLAKE", "JSON", "HTML", "PDF", "RFC", "UTC", "evtool", "Python", "linux", "macOS", "typst"),
    *("OpenTimestamps", "FIFO", "zip", "git", "gitattributes"),
    *("check", "html", "record", "happened"),  # names of files, commands and options
    *("ohchr", "dprk"),  # a code of a recipient in a vector
}
"""Words in Latin letters on a Korean page for a court, beside what a reader compares digit by digit."""

UNKNOWN_CODES = {
    "good-consent-code-of-javascript": {"for", "identity", "share", "constructor", "valueOf", "toString"},
}
"""Vector -> codes that no version knows: they are shown as they are recorded, with the field that they stand in."""

NO_WORDS = re.compile(
    r"SHA256:[A-Za-z0-9+/]{43}|\b[0-9a-f]{8,}\b|`[^`]+`|\S+ [0-9]+\.[0-9]\S*|Ed25519|blake2b|sha256sum|text/plain"
    r"|(custody/)?[0-9]{4}-[a-z-]+(\.[a-z0-9]+)+|항목별 차이: [a-z-]+"
)
"""Digests, commands, versions, types, files of the record, and the code of a finding above a table."""


def foreign_words(page: str) -> set[str]:
    """Words of a Korean page that are not Korean, and not allowed to be."""
    return set(LATIN.findall(NO_WORDS.sub(" ", text_of(page)))) - IN_KOREAN


def pages_of(whole: Account, which: int | None) -> list[tuple[Audience, str, str]]:
    """The pages for every audience in every language, or one of these six."""
    wanted = [(audience, code) for audience in Audience for code in list_languages(PAGES)]
    chosen = wanted if which is None else [wanted[which]]
    return [
        (audience, code, render_paper(next(write_papers(restrict(whole, audience), code)))) for audience, code in chosen
    ]


def account_of_vector(folder: Path) -> tuple[Account, int]:
    vector = read_vector(folder)
    return examine(vector.evidence, vector.options(), TrustKind.FILE, path=str(folder)), vector.exit_code


@pytest.mark.parametrize("part", range(2))
def test_every_vector_has_its_pages(built: Path, part: int) -> None:
    """Whatever the verdict, there are pages of it; the account has the exit code of the vector."""
    rendered = 0
    for number, name in enumerate(NAMES[part::2]):
        if (built / name / "beside").exists():  # it is about two copies, and a page is about one
            continue
        try:
            account, exit_code = account_of_vector(built / name)
        except InputError:  # there is no record, so there is no verdict
            assert not (built / name / "evidence" / "custody").is_dir(), name
            continue
        assert account.exit_code == account.report.exit_code == exit_code, name
        assert read_document(Account, json.dumps(to_json(account)).encode(), name) == account
        # Six pages of each take a minute: a vector gets one of them in turn, and every eighth all six.
        pages = pages_of(account, None if number % 8 == 0 else number % 6)
        for audience, language, page in pages:
            assert not NEVER.search(page), (name, audience, language, NEVER.search(page))
            assert re.findall(r"<h2[^>]*>([^<]+)", page)[0] == load_language(language, PAGES).say("consent.title")
            assert "<script" not in page
            if (audience, language) == (Audience.COURT, "ko"):
                assert foreign_words(page) <= UNKNOWN_CODES.get(name, frozenset()), name
            rendered += 1
        check_certificates(restrict(account, Audience.COURT), every=14, first=number)
    assert rendered > len(NAMES[part::2])


def test_all_languages_say_the_same_things() -> None:
    """The same keys, and the same values in each text; every code of the program has its words."""
    catalogues = [load_language(code, PAGES) for code in list_languages(PAGES)]
    places = [
        {
            (table, name): sorted(re.findall(r"\{[^}]+\}", text)) if isinstance(text, str) else []
            for table in catalogue.tables
            if not table.startswith("term.")
            for name, text in catalogue.table(table).items()
        }
        for catalogue in catalogues
    ]
    assert len(places) >= 2
    assert all(found == places[0] for found in places)
    for catalogue in catalogues:
        assert {event.value for event in Event} == set(catalogue.table("event"))
        # A language has words for terms here, or beside the sentences.
        beside = load_language(catalogue.code)
        for table in filter(re.compile(r"term\.").match, catalogues[0].tables):
            words = catalogue.table(table) or beside.table(table)
            assert set(words) == set(catalogues[0].table(table)), (catalogue.code, table)
        assert {status.value for status in Status} <= set(beside.table("term.status"))
    assert set(NEXT_OF) <= {code.value for code in Code}


def test_a_court_reads_no_name_and_no_text(evtool: Runner, collection: Path) -> None:
    """And whoever may read them does."""
    done = evtool("report", collection, "-o", "court", "--audience", "court", "--lang", "en", "--lang", "ko")
    assert done.exit_code == 0, done.stderr
    done = evtool("report", collection, "-o", "own", "--audience", "custodian")
    assert done.exit_code == 0, done.stderr
    own = (evtool.directory / "own.en.html").read_text("utf-8")
    assert all(canary in own for canary in ("canary-reason", "이름-canary", "case-canary"))
    user = os.environ.get("USER", "root")
    for file in ("court.json", "court.en.html", "court.ko.html"):
        # A short name, as that of this computer may be, can stand in a digest or a fingerprint by chance.
        text = re.sub(r"(?i:sha256[:-])[A-Za-z0-9+/]{43}", "", (evtool.directory / file).read_text("utf-8"))
        for canary in [*CANARIES, "canary", str(evtool.directory), str(evtool.home), os.uname().nodename]:
            assert canary not in text, (file, canary)
        assert f"/{user}/" not in text


def test_a_korean_page_is_korean(evtool: Runner, collection: Path) -> None:
    done = evtool("report", collection, "-o", "r", "--audience", "court", "--lang", "ko")
    assert done.exit_code == 0, done.stderr
    page = (evtool.directory / "r.ko.html").read_text("utf-8")
    assert '<html lang="ko">' in page
    assert "법률가의 검토를 받지 않았습니다" in page
    assert foreign_words(page) == set()
    assert foreign_words(page.replace("정답", "right")) == {"right"}


def test_the_same_account_gives_the_same_bytes(evtool: Runner, collection: Path) -> None:
    """From the evidence and from the account, in another zone, locale and order of hashes."""
    assert evtool("report", collection, "-o", "r", "--pdf", "--lang", "en", "--lang", "ko").exit_code == 0
    folder = evtool.directory
    other = {"LANG": "C", "LC_ALL": "C", "TZ": "Asia/Seoul", "PYTHONHASHSEED": "2"}
    command = [sys.executable, "-m", "evtool", "report", "--from", "r.json", "-o", "q", "--lang", "en", "--lang", "ko"]
    command += ["--pdf"]
    run = subprocess.run(command, cwd=folder, env=evtool.environment | other, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    for ending in (".json", ".en.html", ".ko.html", ".en.pdf", ".ko.pdf"):
        assert (folder / f"q{ending}").read_bytes() == (folder / f"r{ending}").read_bytes()
    looser = evtool("report", "--from", "r.json", "-o", "x", "--audience", "custodian")
    assert looser.exit_code == 2


def test_files_are_written_all_or_none(evtool: Runner, collection: Path) -> None:
    folder = evtool.directory
    (folder / "r.ko.html").write_text("mine")
    refused = evtool("report", collection, "-o", "r", "--lang", "en", "--lang", "ko")
    assert refused.exit_code == 4
    assert "r.ko.html already exists" in refused.stderr
    assert not (folder / "r.json").exists()
    assert evtool("report", collection, "-o", "r", "--lang", "en", "--lang", "ko", "--force").exit_code == 0
    assert "mine" not in (folder / "r.ko.html").read_text("utf-8")
    before = (folder / "r.json").read_bytes()
    # The account has taken its place by the time the page cannot: it gives it back.
    (folder / ".r.ko.html.old").mkdir()
    failed = evtool("report", collection, "-o", "r", "--lang", "ko", "--items", "none", "--force")
    assert failed.exit_code == 4
    assert (folder / "r.json").read_bytes() == before
    (folder / ".r.ko.html.old").rmdir()
    inside = evtool("report", collection, "-o", collection / "r")
    assert inside.exit_code == 2
    assert "not written into the evidence" in inside.stderr
    assert not [path for path in folder.rglob("*") if path.name.endswith((".part", ".old"))]
    assert evtool("report", collection).exit_code == 2


def test_one_page_goes_to_standard_output(evtool: Runner, collection: Path) -> None:
    """As HTML, or as PDF; two languages are two pages, and nothing says which was meant."""
    assert evtool("report", collection, "-o", "r").exit_code == 0
    printed = evtool("report", "--from", "r.json", "-o", "-")
    assert (printed.exit_code, printed.stdout) == (0, (evtool.directory / "r.en.html").read_text("utf-8"))
    assert evtool("report", "--from", "r.json", "-o", "-", "--lang", "en", "--lang", "ko").exit_code == 2
    assert evtool("report", "--from", "r.json", "-o", "-", "--json").exit_code == 2


def test_a_mismatch_is_a_good_report(evtool: Runner, collection: Path) -> None:
    (collection / "second.txt").write_text("other")
    run = evtool("report", collection, "-o", "r")
    assert run.exit_code == 1
    page = (evtool.directory / "r.en.html").read_text("utf-8")
    assert load_language("en", PAGES).say("verdict.1") in unescape(page)
    assert "× mismatch" in page


def test_paper_has_no_options(evtool: Runner, collection: Path) -> None:
    """Of many findings of a kind the page counts the rest; an option of a command that shows it is not for paper."""
    (collection / "second.txt").unlink()
    run = evtool("report", collection, "--json", "--audience", "court")
    account = read_document(Account, run.stdout.encode(), "account")
    (gone,) = [finding for finding in account.report.findings if finding.code is Code.MISSING]
    many = tuple(replace(gone, item=number) for number in range(1, 151))
    many_gone = replace(account, report=replace(account.report, findings=many))
    for language, rest in (("en", "and 50 more: items 101-150"), ("ko", "외 50건: ")):
        page = render_paper(next(write_papers(many_gone, language)))
        assert rest in page
        assert "--all" not in page


def test_an_account_of_another_version_is_refused(evtool: Runner, collection: Path) -> None:
    """Its findings may be said in sentences that this version does not have: nothing is made up, or left out."""
    account = evtool("report", collection, "--json").stdout
    for known, unknown in (('"sentence": "', '"sentence": "later-'), ('"code": "', '"code": "later-')):
        assert known in account
        (evtool.directory / "later.json").write_text(account.replace(known, unknown))
        refused = evtool("report", "--from", "later.json", "-o", "x")
        assert refused.exit_code == 4
        assert "internal error" not in refused.stderr
        assert not list(evtool.directory.glob("x.*"))


def test_hostile_names_are_text(evtool: Runner) -> None:
    """Markup, template syntax, a reversed name and an emoji stand on the page as what they are."""
    place = evtool.directory / "case"
    place.mkdir()
    for name in ("<script>alert(1)<", "{{7*7}}", "a\u202egpj.exe", "\U0001f642", "\u1100\u1175\u11b7"):
        (place / name).write_text(name)
    assert evtool("key", "new", "A1", "--no-passphrase").exit_code == 0
    assert evtool("seal", place).exit_code == 0
    assert evtool("report", place, "-o", "r").exit_code == 0
    page = (evtool.directory / "r.en.html").read_text("utf-8")
    assert "&lt;script&gt;alert(1)&lt;" in page
    assert "<script" not in page
    assert "{{7*7}}" in page
    assert "\u202e" not in page
    assert r"a\u{202E}gpj.exe" in page
    assert "\U0001f642" in page
    assert "김 \\(not NFC)" in page


def test_the_style_is_the_one_that_the_page_allows(evtool: Runner, collection: Path) -> None:
    from base64 import b64encode
    from hashlib import sha256

    assert evtool("report", collection, "-o", "r").exit_code == 0
    page = (evtool.directory / "r.en.html").read_text("utf-8")
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert f"style-src 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in page
    assert " style=" not in page


def test_verify_imports_neither_templates_nor_codes() -> None:
    code = "import evtool.cli.commands.verify, evtool.cli.commands.report, sys; print(sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not re.search(r"jinja2|segno|markupsafe", run.stdout)


def test_a_value_that_is_missing_stops_the_page(evtool: Runner, collection: Path) -> None:
    """StrictUndefined and typed values: nothing is printed as an empty text by mistake."""
    run = evtool("report", collection, "--json")
    account = read_document(Account, run.stdout.encode(), "account")
    with pytest.raises(AttributeError):
        next(write_papers(replace(account, made=None), "en"))  # type: ignore[arg-type]


def test_a_long_text_of_an_archivist_is_printed_whole(evtool: Runner, collection: Path) -> None:
    """A printed annex holds what was stated, and not its first and last letters."""
    account = read_document(Account, evtool("report", collection, "--json").stdout.encode(), "account")
    text = " ".join(f"진술 {number}" for number in range(600))
    items = (replace(account.items[0], context={"description": text}), *account.items[1:])
    page = render_paper(next(write_papers(replace(account, items=items), "ko")))
    assert len(text) > 3_900
    assert text in page
