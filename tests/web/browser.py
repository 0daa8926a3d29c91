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
        page.goto(address)

    def give(self, path: Path, *, trust: str = "", fingerprints: str = "", head: str = "") -> None:
        """Choose a .zip or a folder, say whom to trust, and start."""
        page = self.page
        page.set_input_files("#zip" if path.is_file() else "#folder", str(path))
        for field, text in (("lines", trust), ("fingerprints", fingerprints), ("head", head)):
            if page.input_value(f"#{field}") != text:
                page.fill(f"#{field}", text)
        page.dispatch_event("#start", "click")

    def drop(self, path: Path, onto: str) -> None:
        """Drop a file or a folder onto something, as from a window with files."""
        self.page.locator(onto).scroll_into_view_if_needed()
        box = self.page.locator(onto).bounding_box()
        assert box is not None
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        session = self.page.context.new_cdp_session(self.page)
        for kind in ("dragEnter", "dragOver", "drop"):
            place = {"type": kind, "x": box["x"] + 5, "y": box["y"] + 5, "data": data}
            session.send("Input.dispatchDragEvent", place)
        session.detach()

    def check(self, path: Path, **asked: str) -> Job:
        """Check something, and give the document that the page saves; the page is then ready for the next."""
        self.give(path, **asked)
        return self.take()

    def take(self) -> Job:
        """Wait for the answer, and give the document that the page saves."""
        self.page.wait_for_selector("#save, #said:not(:empty)", timeout=120_000)
        if not self.page.query_selector("#save"):
            return {"said": self.page.inner_text("#said")}
        with self.page.expect_download() as download:
            self.page.dispatch_event("#save", "click")
        document: dict[str, Any] = json.loads(download.value.path().read_text("utf-8"))
        download.value.delete()
        self.page.dispatch_event("#again", "click")
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
