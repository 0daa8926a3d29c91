"""Every bundle and container of the vectors, given to the page as a file, in Chromium and in Firefox.

Each browser opens the page once and checks one file after the other, as somebody with a pile of bundles would. What it
saves is compared with what evtool says. Firefox is looked at where it is installed.
"""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import pytest

from tests.bundle.case import SIGNER
from tests.bundle.test_hostile_bags import VECTORS as BAGS
from tests.bundle.test_hostile_bags import apply, load, packed
from tests.web.browser import open_page
from tests.web.differential import ask_evtool
from tests.web.firefox import FIREFOX, open_firefox
from tests.web.mutations import write_in_order
from tests.web.node_page import Job
from tests.web.test_agreement import ZIPS, comparable

__all__ = ["packed"]

TRUSTED = SIGNER.public_key.fingerprint
IN_NO_CONTAINER = {"payload-directory", "payload-empty-directory", "payload-fifo", "payload-folder-link"} | {
    "payload-link", "record-link", "stray-directory",
}  # fmt: skip
"""Bundles with a link, a pipe or an empty directory in them."""


@pytest.fixture(scope="module")
def containers(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Job]:
    """Every container, and what evtool says of it."""
    folder = tmp_path_factory.mktemp("containers")
    for path in sorted(BAGS.glob("*.toml")):
        bag = folder / path.stem
        shutil.copytree(packed, bag)
        for change in load(path).changes:
            apply(bag, change)
        inside = [each for each in sorted(bag.rglob("*")) if each.is_symlink() or not each.is_dir()]
        files = {each.relative_to(bag).as_posix(): each for each in inside}
        if path.stem not in IN_NO_CONTAINER:
            container = write_in_order({name: each.read_bytes() for name, each in files.items()})
            (folder / f"bag-{path.stem}.zip").write_bytes(container)
        shutil.rmtree(bag)
    for path in sorted(ZIPS.glob("*.txt")):
        body = path.read_text("utf-8").partition("\n\n")[2]
        (folder / f"zip-{path.stem}.zip").write_bytes(base64.b64decode(body))
    return {path: ask_evtool(path) for path in sorted(folder.glob("*.zip"))}


def said(report: Job) -> list[str]:
    """What has to be the same: codes, axes, counts, head and exit code."""
    return [f"exit code: {report['exit_code']}", *comparable(report)]


def test_chromium_says_of_each_what_evtool_says(containers: dict[Path, Job], tmp_path: Path) -> None:
    assert len(containers) > 170
    with open_page(tmp_path) as page:
        answers = {path: page.check(path, fingerprints=TRUSTED) for path in containers}
        assert page.complaints == []
    assert {path.stem: said(answers[path]) for path in containers} == {
        path.stem: said(report) for path, report in containers.items()
    }


@pytest.mark.skipif(FIREFOX is None, reason="Firefox is not here: apt-get install firefox-esr")
def test_firefox_says_of_each_what_evtool_says(containers: dict[Path, Job], tmp_path: Path) -> None:
    with open_firefox(tmp_path) as page:
        answers = {path: page.check(path, fingerprints=TRUSTED) for path in containers}
    assert {path.stem: said(answers[path]) for path in containers} == {
        path.stem: said(report) for path, report in containers.items()
    }
