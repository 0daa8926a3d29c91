"""The PDF of a report: what an archive asks of it, that it says what the page in HTML says, and that names are text."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from html import unescape
from itertools import pairwise
from pathlib import Path

import pytest
from pypdf import PdfReader

from evtool.core.text.digest import group_in_fours
from evtool.core.values import replace
from evtool.report.account import Account
from evtool.report.certificate.writer import CERTIFICATES
from evtool.report.checkers import Checker, sha256_of
from evtool.report.from_json import read_document
from evtool.report.language import FOLDER, PAGES, list_languages, load_language
from evtool.report.page.page import MOST_ITEMS, write_papers
from evtool.report.paper_page import render_paper
from evtool.report.paper_pdf import FONTS, Glyphs, render_pdf
from tests.conftest import Runner

NAMES = {
    "</script>": "</script>",
    "{{7*7}}": "{{7*7}}",
    '#panic("x") $ * _ @a': '#panic("x") $ * _ @a',
    "a\u202egpj.exe": r"a\u{202E}gpj.exe",
    "bell\a": "bell%07",
    "\U0001f642": r"\u{1F642}",
    "金哲洙.jpg": "金哲洙.jpg",
    "\u1100\u1175\u11b7": r"김 \(not NFC)",
    "ไทย \ue000": r"\u{E44}\u{E17}\u{E22} \u{E000}",
    "x" * 200: "x" * 200,
    "/".join(["가" * 80] * 4): r"\(cut, SHA-256",
}
"""Name on disk -> how a PDF prints it."""


def squeeze(text: str) -> str:
    return re.sub(r"\s", "", text)


def text_of_pdf(path: Path, foot: str) -> str:
    """What is printed, in the order in which it is printed, without space and without what stands at each foot."""
    run = subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, text=True, check=True)
    return re.sub(re.escape(squeeze(foot)) + r"\d+/\d+", "", squeeze(run.stdout))


def texts_of_html(page: str) -> list[str]:
    """Every piece of text that the page shows, without space, as the font of the PDF has it."""
    glyphs = Glyphs(FONTS / "NotoSansKR-Regular.otf")
    body = re.sub(r"<(style|title|footer)\b.*?</\1>|<a class=.skip.*?</a>", "", page, flags=re.DOTALL)
    return [squeeze(glyphs.draw(unescape(text))) for text in re.split(r"<[^>]+>", body) if text.strip()]


@pytest.fixture
def hostile(evtool: Runner) -> Path:
    """A collection whose names are markup for somebody, or cannot be drawn."""
    place = evtool.directory / "case"
    place.mkdir()
    for name in NAMES:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(name)
    assert evtool("key", "new", "A1", "--no-passphrase").exit_code == 0
    assert evtool("seal", place, "--reason", "<b>\U0001f642").exit_code == 0
    (place / "金哲洙.jpg").write_text("other")
    return place


def test_a_pdf_says_what_the_page_says(evtool: Runner, hostile: Path) -> None:
    """Every text of the page is in the PDF, and no letter more; and an archive can keep it."""
    run = evtool("report", hostile, "-o", "r", "--pdf", "--lang", "en", "--lang", "ko", "--audience", "custodian")
    assert run.exit_code == 1, run.stderr
    account = read_document(Account, (evtool.directory / "r.json").read_bytes(), "account")
    for language in ("en", "ko"):
        paper = next(write_papers(account, language))
        path = evtool.directory / f"r.{language}.pdf"
        printed = text_of_pdf(path, paper.foot)
        shown = texts_of_html((evtool.directory / f"r.{language}.html").read_text("utf-8"))
        missing = [text for text in shown if text not in printed]
        assert missing == [], language
        pages = squeeze(f"{load_language(language, PAGES).say('page.pages')} {len(PdfReader(path).pages)}")
        assert printed.endswith(pages)
        assert Counter(printed.replace("•", "")) == Counter("".join(shown) + pages)
        for name, drawn in NAMES.items():
            assert squeeze(drawn) in printed, name
        for checker in Checker:  # a copy from anywhere can be compared with what is printed
            digest = squeeze(f"{checker.value} {group_in_fours(sha256_of(checker))}")
            assert digest in printed, language
            assert digest in "".join(shown), language
        check_archival(path, language)


def check_archival(path: Path, language: str) -> None:
    """What PDF/A-2a and PDF/UA-1 ask of a file, as far as its structure shows it."""
    reader = PdfReader(path)
    catalog = reader.trailer["/Root"].get_object()
    metadata = catalog["/Metadata"].get_object().get_data().decode()  # type: ignore[index]
    for tag, value in {"pdfaid:part": "2", "pdfaid:conformance": "A", "pdfuaid:part": "1"}.items():
        assert re.search(rf'<{tag}>{value}</{tag}>|{tag}="{value}"', metadata), tag
    assert catalog["/MarkInfo"]["/Marked"] is not None  # type: ignore[index]
    assert catalog["/Lang"] == language  # type: ignore[index]
    assert "/StructTreeRoot" in catalog  # type: ignore[operator]
    assert "/JavaScript" not in path.read_bytes().decode("latin-1")
    listed = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert len(listed) == 2
    assert all(re.search(r"NotoSansCJKkr-\S+ +CID Type 0C +Identity-H +yes yes yes", line) for line in listed)
    tagged = subprocess.run(["pdfinfo", "-struct-text", path], capture_output=True, errors="replace", check=True).stdout
    kinds = Counter(re.findall(r"^ *(\w+)", tagged, re.MULTILINE))
    assert kinds["H1"] == 1
    assert min(kinds["H2"], kinds["TH"], kinds["TD"], kinds["Figure"]) >= 2
    assert subprocess.run(["qpdf", "--check", path], capture_output=True).returncode == 0


def test_without_the_extra_a_pdf_is_refused_before_anything_is_read(evtool: Runner, hostile: Path) -> None:
    """And the page in HTML is made."""
    start = "import sys; sys.modules['typst'] = None; from evtool.cli.app import main; sys.argv[0] = 'evtool'; main()"
    assert hostile.name == "case"
    command = [sys.executable, "-c", start, "report", "case", "-o", "r"]
    refused = subprocess.run(
        [*command, "--pdf"], cwd=evtool.directory, env=evtool.environment, capture_output=True, text=True
    )
    assert refused.returncode == 2
    assert "a PDF needs the extra `pdf`" in refused.stderr
    assert "evtool[pdf]" in refused.stderr
    assert not list(evtool.directory.glob("r.*"))
    made = subprocess.run(command, cwd=evtool.directory, env=evtool.environment, capture_output=True)
    assert made.returncode == 1
    assert sorted(path.name for path in evtool.directory.glob("r.*")) == ["r.en.html", "r.json"]


def test_the_fonts_draw_every_text_of_the_program() -> None:
    """In Regular and in Bold: what is set in which may change; and both fit into 6 MB, with their license."""
    weights = {weight: FONTS / f"NotoSansKR-{weight}.otf" for weight in ("Regular", "Bold")}
    folders = (FOLDER, PAGES, CERTIFICATES)
    texts = "".join((at / f"{code}.toml").read_text("utf-8") for at in folders for code in list_languages(at))
    for weight, font in weights.items():
        glyphs = Glyphs(font)
        assert glyphs.draw(texts) == texts, weight
        assert glyphs.draw("가힣") == "가힣"
        assert glyphs.draw("\U0001f642") == r"\u{1F642}"
    assert Glyphs(weights["Regular"]).draw("金哲洙 ㄱ\u1100 ✓×") == "金哲洙 ㄱ\u1100 ✓×"
    assert sum(font.stat().st_size for font in weights.values()) <= 6_000_000
    assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text("utf-8")


def test_lines_of_a_list_never_lie_on_each_other(evtool: Runner, hostile: Path) -> None:
    """Rows that are told to be two lines high hold what stands in them, whatever the names are."""
    account = read_document(Account, evtool("report", hostile, "--json").stdout.encode(), "account")
    (sound,) = (item for item in account.items if item.name == "{{7*7}}")
    words = ["김철수", "W", "면담-0012", "WWWWWWWWWWWWWW", "a b c d", "진술서 녹취록", "iiiiiiiiiiiiiiiiiiii.txt"]
    names = [" ".join((words * 2)[first : first + length]) for first in range(7) for length in range(1, 8)]
    items = tuple(replace(sound, item=number, name=name) for number, name in enumerate(names, 1))
    paper = next(write_papers(replace(account, items=items), "ko"))
    path = evtool.directory / "names.pdf"
    path.write_bytes(render_pdf(paper, datetime(2026, 11, 28, tzinfo=UTC)))
    told = subprocess.run(["pdftotext", "-bbox", path, "-"], capture_output=True, text=True, check=True).stdout
    known = 0
    for page in told.split("<page ")[1:]:
        places = re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)">', page)
        # The names stand between the sizes and the digests, in type of 7.2 points.
        tops = sorted(
            {float(top) for left, top, end in places if 200 < float(left) < 305 and float(end) - float(top) < 7.3}
        )
        known += len(tops)
        assert all(below - above > 7 or below - above < 1 for above, below in pairwise(tops)), page[:40]
    assert known > len(names)


def test_a_long_list_goes_into_volumes(evtool: Runner, hostile: Path) -> None:
    """Beyond 10,000 items each volume lists 5,000, every item once; the report says how many volumes there are."""
    run = evtool("report", hostile, "--json")
    account = read_document(Account, run.stdout.encode(), "account")
    items = tuple(replace(account.items[0], item=number) for number in range(1, MOST_ITEMS + 2))
    assert len(list(write_papers(replace(account, items=items[:-1]), "en"))) == 1
    papers = list(write_papers(replace(account, items=items), "en"))
    pages = [render_paper(paper) for paper in papers]
    assert len(pages) == 4
    listed = [re.findall(r'<tr><th scope="row">(\d+)</th><td>\d+</td>', page) for page in pages]
    assert [len(numbers) for numbers in listed] == [0, 5000, 5000, 1]
    assert [int(number) for numbers in listed for number in numbers] == list(range(1, MOST_ITEMS + 2))
    assert "volumes of their own, which belong to this report: 3." in pages[0]
    assert "volume 3 of 3" in pages[3]
    assert "items listed: 5,000;" in pages[1]
