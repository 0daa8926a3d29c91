"""What the page says when its reading ends early: a worker that dies, a file that vanishes, a user who cancels.

It says that something was not checked. It accuses nobody, it promises nothing, and it is ready for the next check.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Worker

from tests.bundle.case import SIGNER, copy_case, pack_it, seal_case, write_files
from tests.web.browser import OpenPage, open_page
from tests.web.node_page import labels

TRUSTED = SIGNER.public_key.fingerprint
LARGE = 128 << 20
"""Bytes that a browser reads for at least half a second."""
DIE = "setTimeout(() => { throw new Error('out of memory') })"


class Trouble(NamedTuple):
    """The page, its workers in the order in which it started them, and what may be given to it."""

    page: OpenPage
    workers: list[Worker]
    folder: Path
    bundle: Path

    def begin(self, path: Path) -> None:
        """Give something, and wait until its large file is being read."""
        self.workers.clear()
        self.page.give(path, fingerprints=TRUSTED)
        self.page.page.wait_for_selector("#bar[value]")

    def is_ready(self) -> bool:
        """Check the folder from the beginning: nothing of an earlier check is in the way."""
        return bool(self.page.check(self.folder, fingerprints=TRUSTED)["exit_code"] == 0)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed directory of one large file, and a bundle of it."""
    folder = tmp_path_factory.mktemp("large")
    case = folder / "case"
    case.mkdir()
    write_files(case, {"large.bin": b""})
    os.truncate(case / "large.bin", LARGE)
    seal_case(case, ["large.bin"])
    pack_it(copy_case(case, folder / "bundled"), folder / "large.zip")
    shutil.rmtree(folder / "bundled")
    return folder


@pytest.fixture(scope="module")
def trouble(large: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trouble]:
    with open_page(tmp_path_factory.mktemp("page")) as page:
        workers: list[Worker] = []
        page.page.on("worker", lambda worker: workers.append(worker))
        yield Trouble(page, workers, large / "case", large / "large.zip")


def test_a_worker_that_dies_while_it_reads_leaves_its_files_unchecked(trouble: Trouble) -> None:
    for path in (trouble.folder, trouble.bundle):
        trouble.begin(path)
        _, hasher = trouble.workers
        hasher.evaluate(DIE)
        report = trouble.page.take()
        assert {"worker-lost", "unreadable item 1"} <= set(labels(report))
        assert (report["exit_code"], report["axes"]["integrity"]) == (4, "not established")
    assert trouble.is_ready()


def test_a_worker_that_dies_while_it_verifies_is_told_and_gives_no_verdict(trouble: Trouble) -> None:
    trouble.begin(trouble.folder)
    trouble.workers[0].evaluate(DIE)
    trouble.page.page.wait_for_selector("#said:not(:empty)")
    assert trouble.page.page.inner_text("#said").startswith("A part of this page stopped")
    assert trouble.page.page.query_selector("#answer") is None
    assert trouble.is_ready()


def test_a_check_that_is_cancelled_ends_at_once_and_says_nothing_later(trouble: Trouble) -> None:
    trouble.begin(trouble.bundle)
    driven = trouble.page.page
    driven.click("#cancel")
    assert "cancelled" in driven.inner_text("#said")
    assert driven.evaluate("document.activeElement.id") == "start"
    driven.wait_for_timeout(700)
    assert driven.workers == []
    assert driven.query_selector("#answer") is None
    assert trouble.is_ready()


@pytest.mark.parametrize("vanish", [Path.unlink, lambda path: os.truncate(path, 5)], ids=["removed", "cut short"])
def test_a_file_that_vanishes_while_it_is_read_is_named_and_accuses_nobody(
    trouble: Trouble, tmp_path: Path, vanish: Callable[[Path], None]
) -> None:
    case = copy_case(trouble.folder, tmp_path / "case")
    trouble.begin(case)
    vanish(case / "large.bin")
    report = trouble.page.take()
    assert "unreadable item 1" in labels(report)
    assert (report["exit_code"], report["axes"]["integrity"]) == (4, "not established")

    bundle = Path(shutil.copyfile(trouble.bundle, tmp_path / "large.zip"))
    trouble.begin(bundle)
    vanish(bundle)
    report = trouble.page.take()
    assert labels(report) == ["bag-broken", "no-items"]
    assert (report["exit_code"], "failed" in report["axes"].values()) == (4, False)
    assert trouble.is_ready()


def test_what_vanished_before_the_check_began_accuses_nobody(trouble: Trouble, tmp_path: Path) -> None:
    """Chromium shows a file that is gone as one without bytes, which a sealed one has not become."""
    case = copy_case(trouble.folder, tmp_path / "case")
    bundle = Path(shutil.copyfile(trouble.bundle, tmp_path / "large.zip"))
    driven = trouble.page.page
    driven.set_input_files("#folder", str(case))
    (case / "large.bin").unlink()
    driven.click("#start")
    report = trouble.page.take()
    assert "unreadable item 1" in labels(report)
    assert (report["exit_code"], report["axes"]["integrity"]) == (4, "not established")

    driven.set_input_files("#zip", str(bundle))
    bundle.unlink()
    driven.click("#start")
    driven.wait_for_selector("#said:not(:empty)")
    assert driven.inner_text("#said").startswith("The check ended without a result: ")
    assert ".." not in driven.inner_text("#said")
    assert trouble.is_ready()


def test_files_that_vanish_before_their_turn_comes_accuse_nobody(trouble: Trouble, tmp_path: Path) -> None:
    """As on a stick that is pulled out: most of these files wait for a worker when they vanish."""
    case = tmp_path / "case"
    case.mkdir()
    names = [f"{number}.bin" for number in range(8)]
    write_files(case, dict.fromkeys(names, b""))
    for name in names:
        os.truncate(case / name, 24 << 20)
    seal_case(case, names)
    trouble.begin(case)
    for name in names:
        (case / name).unlink()
    report = trouble.page.take()
    found = {finding["code"] for finding in report["findings"] if finding["effect"] != "note" and finding["item"]}
    assert (found, report["exit_code"], report["axes"]["integrity"]) == ({"unreadable"}, 4, "not established")
    assert trouble.is_ready()
