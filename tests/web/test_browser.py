"""The page as its users meet it: opened as a file in Chromium, without network, with a bundle or a folder."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from evtool.report.document import directory_report
from evtool.report.json_value import to_json
from tests.bundle.case import SIGNER, verify_it
from tests.manifests.test_vectors import NAMES, built
from tests.web.browser import OpenPage, open_page
from tests.web.mutations import make_bundles, read_files, relist, write_zip
from tests.web.node_page import Job, labels, run_page
from tests.web.test_agreement import comparable, verify_job

__all__ = ["built"]

TRUSTED = SIGNER.public_key.fingerprint
FOLDERS = ("good-names", "good-two-seals", "evidence-changed", "withheld-promised-item", "signature-by-an-intruder")
"""Vectors that are given as folders; of the first two a browser does not show all."""
NOT_SHOWN = {
    "good-names": [f"not-visible item {number}" for number in (13, 5, 8)],
    "good-two-seals": ["not-visible item 2", "not-visible item 3"],
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenPage]:
    with open_page(tmp_path_factory.mktemp("page")) as opened:
        yield opened
        assert opened.complaints == []
        assert {address.partition(":")[0] for address in opened.requests} == {"file", "blob"}
        assert sum(address.startswith("file:") for address in opened.requests) == 1


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {path.stem: path for path in make_bundles(tmp_path_factory.mktemp("bundles"))}


def test_it_says_of_a_bundle_what_evtool_says(page: OpenPage, bundles: dict[str, Path]) -> None:
    for name in ("whole", "nameless"):
        answer = page.check(bundles[name], fingerprints=TRUSTED)
        expected = to_json(directory_report("", verify_it(bundles[name]), None))
        assert comparable(answer) == comparable(expected)
        assert answer["steps"] == expected["steps"]
        assert answer["exit_code"] == 0


def test_the_terms_come_first_also_where_a_bundle_was_changed(
    page: OpenPage, bundles: dict[str, Path], tmp_path: Path
) -> None:
    files = read_files(bundles["partial"].read_bytes())
    name = next(name for name in files if name.startswith("data/"))
    files[name] += b"x"
    relist(files)
    changed = tmp_path / "changed.zip"
    changed.write_bytes(write_zip(files))
    page.give(changed, fingerprints=TRUSTED)
    page.page.wait_for_selector("#save")
    first = page.page.inner_text("#result").splitlines()[0]
    assert first == "Only the recipients that the terms name may get this evidence."
    assert "✗ mismatch" in page.page.inner_text("#verdict")
    page.page.click("#again")


def test_folders_are_compared_as_far_as_a_browser_shows_them(page: OpenPage, built: Path) -> None:
    jobs = {name: verify_job(built / name, {"expect_head": None}) for name in FOLDERS}
    answers = dict(zip(jobs, run_page(list(jobs.values())), strict=True))
    unsaid = ("no-timestamp", "no-consent", "no-witness", "name-twin")
    for name, job in jobs.items():
        found = page.check(built / name / "evidence", trust=job["trust"])
        wanted = NOT_SHOWN.get(name, labels(answers[name], *unsaid))
        assert (labels(found, *unsaid), found["exit_code"]) == (
            wanted,
            4 if name in NOT_SHOWN else answers[name]["exit_code"],
        )


def test_beside_a_verdict_on_a_folder_stands_what_a_browser_cannot_see(page: OpenPage, built: Path) -> None:
    """An empty folder that somebody added is not seen: evtool ends with 1, and the page cannot."""
    job = verify_job(built / "evidence-extra-empty-directory", {"expect_head": None})
    page.give(Path(job["path"]), trust=job["trust"])
    page.page.wait_for_selector("#save")
    assert "if it was added, this page cannot see it" in page.page.inner_text("#verdict + .warning")
    page.page.click("#again")


@pytest.mark.parametrize("is_original_aside", [True, False])
def test_two_files_that_a_browser_shows_under_one_name_are_told_apart_by_nobody(
    page: OpenPage, built: Path, tmp_path: Path, is_original_aside: bool
) -> None:
    r"""A browser shows `a\b` as `a/b`. Beside a changed `a/b`, its original hides the change, or junk hides itself."""
    job = verify_job(built / "good-two-seals", {"expect_head": None})
    evidence = tmp_path / "evidence"
    shutil.copytree(job["path"], evidence, symlinks=True)
    file = next(path for path in sorted(evidence.glob("[!c]*/*")) if path.is_file() and path.stat().st_size)
    aside = evidence / "\\".join(file.relative_to(evidence).parts)
    changed = bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:]
    if is_original_aside:
        file.rename(aside)
        file.write_bytes(changed)
    else:
        aside.write_bytes(changed)
    found = page.check(evidence, trust=job["trust"])
    assert f"unreadable item {item_of(found, 'unreadable')}" in labels(found)
    assert found["exit_code"] == 4
    assert found["items"]["ok"] == found["sealed"] - len([each for each in found["findings"] if each["item"]])


def shows_all(folder: Path) -> bool:
    """Tell whether a browser shows all that lies in a folder: files, and directories that are not empty."""
    things = list(folder.rglob("*"))
    is_seen = [path.is_file() or (path.is_dir() and any(path.iterdir())) for path in things if not path.is_symlink()]
    is_named = [re.search(r"[\\\udc80-\udcff]", str(path)) is None for path in things]
    return len(is_seen) == len(things) and all(is_seen) and all(is_named)


@pytest.mark.release
def test_every_sealed_directory_as_a_folder(page: OpenPage, built: Path) -> None:
    """In a browser the page says what it says in Node, but of dates, and where a browser does not show all."""
    expected = {name: json.loads((built / name / "expect.json").read_text("utf-8")) for name in NAMES}
    asks_more = ("continued", "beside", "recipients.toml")
    jobs = {
        name: verify_job(built / name, expect)
        for name, expect in expected.items()
        if expect.get("signers", 1) == 1 and not any((built / name / each).exists() for each in asks_more)
    }
    assert len(jobs) > 400
    answers = dict(zip(jobs, run_page(list(jobs.values())), strict=True))
    different, more = {}, []
    for name, job in jobs.items():
        found, answer = page.check(Path(job["path"]), trust=job["trust"], head=job["head"] or ""), answers[name]
        said, wanted = ((labels(each, "date-changed"), each["exit_code"]) for each in (found, answer))
        is_comparable = shows_all(Path(job["path"])) and not any(each.startswith("not-visible") for each in said[0])
        if is_comparable and said != wanted:
            different[name] = said, wanted
        if (found["exit_code"] in (0, 1)) and found["exit_code"] != answer["exit_code"]:
            more.append(name)
    assert different == {}
    assert more == ["custody-extra-directory", "evidence-extra-empty-directory"]  # nothing lies in what was added


def item_of(report: Job, code: str) -> int:
    """Give the one item about which a report says this."""
    (item,) = [finding["item"] for finding in report["findings"] if finding["code"] == code]
    return int(item)


def test_names_and_codes_of_strangers_are_text_and_nothing_else(
    page: OpenPage, built: Path, bundles: dict[str, Path], tmp_path: Path
) -> None:
    """Codes that are called like methods of every object, and a file whose name would turn the line around."""
    job = verify_job(built / "good-consent-code-of-javascript", {"expect_head": None})
    page.give(Path(job["path"]), trust=job["trust"])
    page.page.wait_for_selector("#save")
    box = page.page.inner_text("#answer .consent")
    assert all(f"{code} 1" in box for code in ("constructor", "valueOf", "toString"))
    page.page.click("#again")
    hostile = tmp_path / "a\u202egpj.<img src=x onerror=alert(1)>.zip"
    shutil.copyfile(bundles["one"], hostile)
    page.give(hostile, fingerprints=TRUSTED)
    page.page.wait_for_selector("#save")
    text = page.page.inner_text("#answer")
    assert r"a\u{202E}gpj.<img src=x onerror=alert(1)>.zip" in text
    assert "these keys and no others are trusted" in text
    assert "\u202e" not in text
    assert page.page.query_selector("#answer img") is None
    page.page.click("#again")


def test_a_page_that_somebody_put_beside_the_evidence_is_warned_of(
    page: OpenPage, bundles: dict[str, Path], tmp_path: Path
) -> None:
    files = read_files(bundles["small"].read_bytes())
    files = {**files, "check.html": b"<p>all is well</p>"}
    relist(files)
    planted = tmp_path / "planted.zip"
    ordered = sorted(
        files, key=lambda name: (name.startswith("data/"), name.startswith("custody/"), name != "bagit.txt", name)
    )
    planted.write_bytes(write_zip({name: files[name] for name in ordered}))
    page.give(planted, fingerprints=TRUSTED)
    page.page.wait_for_selector("#save")
    assert "A file called check.html lies in what you were given. Do not open it" in page.page.inner_text("#answer")
    assert "bag-broken" in page.page.inner_text("#findings")
    page.page.click("#again")
    assert verify_it(planted).exit_code == 1


def test_keys_alone_are_enough_and_a_wrong_head_is_not_passed_over(page: OpenPage, bundles: dict[str, Path]) -> None:
    driven = page.page
    driven.set_input_files("#zip", str(bundles["one"]))
    driven.fill("#fingerprints", "")
    driven.focus("#lines")
    for _ in range(3):
        driven.keyboard.press("Tab")
    driven.keyboard.type("not a head")
    driven.keyboard.press("Tab")
    driven.keyboard.press("Enter")
    assert driven.inner_text("#said").startswith("A head has 64 digits")
    assert driven.evaluate("document.activeElement.id") == "head"
    driven.fill("#head", "ab" * 32)
    driven.keyboard.press("Enter")
    driven.wait_for_selector("#save")
    assert driven.evaluate("document.activeElement.id") == "result-title"
    assert "head-unknown" in driven.inner_text("#findings")
    driven.focus("#again")
    driven.keyboard.press("Enter")
    driven.fill("#head", "")


def test_a_bundle_may_be_dropped_anywhere_and_of_a_folder_it_is_said_how_to_choose_it(
    page: OpenPage, bundles: dict[str, Path]
) -> None:
    """For a file that is dropped beside the box, a browser would leave the page; Chromium shows a page no folder."""
    driven = page.page
    page.drop(bundles["one"].parent / "case", "#drop")
    driven.wait_for_selector("#said:not(:empty)")
    assert "Choose it with the button" in driven.inner_text("#said")
    assert driven.evaluate("document.activeElement.id") == "folder"
    for onto in ("#drop", "h1"):
        page.drop(bundles["one"], onto)
        driven.wait_for_selector("#start:enabled")
        assert driven.inner_text("#chosen") == "Chosen: one.zip"
        driven.fill("#fingerprints", TRUSTED)
        driven.click("#start")
        assert page.take()["exit_code"] == 0


def test_what_happens_is_read_aloud_from_a_place_that_stays(page: OpenPage, bundles: dict[str, Path]) -> None:
    """A screen reader does not tell what is said in a region that came with its text."""
    driven = page.page
    place = driven.query_selector("#announced")
    assert place is not None
    heard = []
    driven.set_input_files("#zip", str(bundles["one"]))
    heard.append(place.inner_text())
    driven.fill("#fingerprints", TRUSTED)
    driven.fill("#head", "x")
    driven.click("#start")
    heard.append(place.inner_text())
    driven.fill("#head", "")
    driven.click("#start")
    driven.wait_for_selector("#save")
    heard.append(place.inner_text())
    assert place.get_attribute("role") == "status"
    assert [text.partition(":")[0].partition(",")[0] for text in heard] == [
        "Chosen",
        "A head has 64 digits and letters from a to f. This one was not looked for.",
        "All that was asked for is shown",
    ]
    assert heard[2] == driven.inner_text("#verdict .verdict")
    driven.click("#again")


WIDEST = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_narrow_screen_shows_all_and_a_printed_page_has_nothing_to_press(
    page: OpenPage, bundles: dict[str, Path], language: str
) -> None:
    driven = page.page
    driven.set_viewport_size({"width": 320, "height": 800})
    page.speak(language)
    assert driven.evaluate(WIDEST) <= 320
    page.give(bundles["partial"])
    driven.wait_for_selector("#save")
    assert driven.evaluate(WIDEST) <= 320
    driven.emulate_media(media="print")
    shown = [each for each in driven.query_selector_all("button, input, select, label") if each.is_visible()]
    assert shown == []
    assert driven.evaluate(
        "[...document.querySelectorAll('pre')].every((each) => each.scrollWidth <= each.clientWidth)"
    )
    driven.emulate_media(media="screen")
    driven.click("#again")
    page.speak("en")
    driven.set_viewport_size({"width": 1280, "height": 720})


ALLOWED = r"evtool|verify|version|json|JSON|SHA(256)?|age|zip|allowed_signers|UTF|English|page|[A-Z][0-9]+"
"""Names of programs, formats and algorithms, and codes."""


def test_in_korean_nothing_is_left_in_english(page: OpenPage, bundles: dict[str, Path]) -> None:
    page.speak("ko")
    try:
        form = page.page.inner_text("main")
        page.give(bundles["partial"])
        page.page.wait_for_selector("#save")
        for code in page.page.query_selector_all("#answer code, #answer bdi, #answer pre, #answer .scroll td"):
            code.evaluate("node => node.remove()")
        answer = page.page.inner_text("main")
        assert page.page.evaluate("document.documentElement.lang") == "ko"
        words = re.findall(r"[A-Za-z]{2,}[A-Za-z0-9_]*", form + answer)
        assert [word for word in words if not re.fullmatch(ALLOWED, word)] == []
        page.page.click("#again")
    finally:
        page.speak("en")
