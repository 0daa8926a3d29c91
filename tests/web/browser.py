"""The page in a real browser: Debian's Chromium, driven by playwright, opened as a file as its users do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.web.node_page import PAGE, Job

CHROMIUM = shutil.which("chromium")


class OpenPage:
    """The page, open in a browser.

    Attributes:
        page: what drives it.
        requests: every address that it asked for.
        complaints: what it wrote to the console, and exceptions that nothing caught.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._address = address
        page.goto(address)

    def give(self, path: Path, *, trust: str = "", fingerprints: str = "", head: str = "") -> None:
        """Choose a .zip or a folder, say whom to trust, and start."""
        page = self.page
        page.set_input_files("#zip" if path.is_file() else "#folder", str(path))
        page.fill("#lines", trust)
        page.fill("#fingerprints", fingerprints)
        page.fill("#head", head)
        page.click("#start")

    def check(self, path: Path, **asked: str) -> Job:
        """Check something, and give the document that the page saves; the page is then ready for the next."""
        self.give(path, **asked)
        self.page.wait_for_selector("#save, #said:not(:empty)", timeout=120_000)
        if not self.page.query_selector("#save"):
            return {"said": self.page.inner_text("#said")}
        with self.page.expect_download() as download:
            self.page.click("#save")
        document: dict[str, Any] = json.loads(download.value.path().read_text("utf-8"))
        download.value.delete()
        self.page.click("#again")
        (report,) = document["reports"]
        assert document["format"] == "evtool-report/1"
        assert document["checked_by"].startswith("evtool page ")
        return dict(report)

    def speak(self, language: str) -> None:
        """Switch the language."""
        self.page.select_option("#language", language)


@contextmanager
def open_page(folder: Path, language: str = "en-US") -> Iterator[OpenPage]:
    """Open the page from a file in a folder with blanks and Korean in its name, without any network."""
    assert CHROMIUM is not None, "chromium is not there: the tests of the page need Debian's chromium"
    place = folder / "받은 파일 1"
    place.mkdir(exist_ok=True)
    shutil.copyfile(PAGE, place / "확인 check.html")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            context = browser.new_context(locale=language, offline=True, accept_downloads=True)
            yield OpenPage(context.new_page(), (place / "확인 check.html").as_uri())
        finally:
            browser.close()
