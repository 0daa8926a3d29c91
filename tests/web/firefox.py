"""The page in Firefox, where Debian's firefox-esr is: driven by Marionette, the protocol that Firefox itself speaks."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.web.node_page import PAGE, Job

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
PATIENCE = 120

# Where the page saves; and that Firefox by itself asks nobody anything (Marionette switches off most of it).
PREFERENCES: dict[str, str | int | bool] = {
    "marionette.port": 0,
    "browser.download.folderList": 2,
    "browser.download.always_ask_before_handling_new_types": False,
    "browser.helperApps.neverAsk.saveToDisk": "application/json",
    "browser.download.alwaysOpenPanel": False,
    "browser.dom.window.dump.enabled": True,
    "devtools.console.stdout.content": True,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "",
}


class Marionette:
    """Sends commands; each message is its length, a colon, and JSON."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._stream = self._socket.makefile("rb")
        self._number = 0
        self._receive()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None) -> None:
        self._stream.close()
        self._socket.close()

    def __call__(self, command: str, **parameters: object) -> Any:
        """Send a command, and give its result."""
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        _, number, error, result = self._receive()
        assert number == self._number
        assert error is None, f"{command}: {error['error']}: {error['message']}"
        return result["value"] if isinstance(result, dict) and "value" in result else result

    def _receive(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            one = self._stream.read(1)
            assert one, "Firefox ended"
            length += one
        return json.loads(self._stream.read(int(length[:-1])))


class FirefoxPage:
    """The page, open in Firefox."""

    def __init__(self, send: Marionette, saved: Path) -> None:
        self.send = send
        self._saved = saved / "evtool-report.json"

    def run(self, script: str, *values: object) -> Any:
        """Run a script beside the page; it sees the page, and the page does not see it."""
        return self.send("WebDriver:ExecuteScript", script=script, args=list(values))

    def type(self, selector: str, text: str) -> None:
        """Type into a field, or choose a file or a folder."""
        found = self.send("WebDriver:FindElement", using="css selector", value=selector)
        self.send("WebDriver:ElementSendKeys", id=next(iter(found.values())), text=text)

    def check(self, path: Path, *, fingerprints: str = "") -> Job:
        """Check a container, and give the document that the page saves; the page is then ready for the next."""
        self.run("document.getElementById('fingerprints').value = ''")
        self.type("#fingerprints", fingerprints)
        self.type("#zip", str(path))
        self.run("document.getElementById('start').click()")
        self.wait("document.querySelector('#save, #said:not(:empty)') !== null")
        self.run("document.getElementById('save').click()")
        report = self._read_saved()
        self.run("document.getElementById('again').click()")
        return report

    def wait(self, condition: str) -> None:
        """Wait until something is so on the page."""
        end = time.monotonic() + PATIENCE
        while not self.run(f"return {condition};"):
            assert time.monotonic() < end, condition
            time.sleep(0.01)

    def _read_saved(self) -> Job:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                document: Job = json.loads(self._saved.read_text("utf-8"))
            except (FileNotFoundError, ValueError):  # not there yet, or not all of it
                time.sleep(0.005)
                continue
            self._saved.unlink()
            (report,) = document["reports"]
            return dict(report)
        raise AssertionError("Firefox saved nothing")


@contextmanager
def open_firefox(folder: Path) -> Iterator[FirefoxPage]:
    """Open the page from a file in a folder with blanks and Korean in its name, without any network."""
    assert FIREFOX is not None
    profile, saved, place = folder / "profile", folder / "saved", folder / "받은 파일 1"
    for each in (profile, saved, place):
        each.mkdir()
    preferences = {**PREFERENCES, "browser.download.dir": str(saved)}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()]
    (profile / "user.js").write_text("".join(lines), encoding="utf-8")
    shutil.copyfile(PAGE, place / "확인 check.html")
    command = [FIREFOX, "--headless", "--marionette", "--no-remote", "--profile", str(profile)]
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            with Marionette(_find_port(profile)) as send:
                send("WebDriver:NewSession", strictFileInteractability=False)
                send("WebDriver:Navigate", url=(place / "확인 check.html").as_uri())
                yield FirefoxPage(send, saved)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)


def _find_port(profile: Path) -> int:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            return int((profile / "MarionetteActivePort").read_text("ascii"))
        except (FileNotFoundError, ValueError):
            time.sleep(0.05)
    raise AssertionError("Firefox does not listen")
