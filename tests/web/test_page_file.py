"""The built page: one file that asks for nothing, says all of it in each language, and is what its sources give."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import tomllib

import pytest

from evtool.core.finding import Code
from tests.web.node_page import PAGE

SOURCES = PAGE.parent
TEXTS = SOURCES.parent / "report" / "texts"
HTML = PAGE.read_text("utf-8")

FORBIDDEN = r"fetch\(|XMLHttpRequest|WebSocket|RTCPeer|sendBeacon|location *=|innerHTML|eval\(|import\("


def test_it_holds_nothing_that_could_ask_the_network_or_run_what_it_was_not_built_with() -> None:
    assert re.findall(FORBIDDEN, HTML) == []
    assert len(re.findall("https?://", re.sub(r"(?m)^ *(//|/?\*).*$|/\*.*?\*/", "", HTML))) == 0
    assert re.search(FORBIDDEN, "fetch('x')")


def test_it_is_one_file_of_at_most_400_kib() -> None:
    assert len(HTML.encode()) <= 400 * 1024
    assert re.findall(r"<(?:link|img|iframe|object|script[^>]+src)", HTML) == []


def test_its_policy_names_its_own_script_and_style_and_nothing_else() -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', HTML)
    for tag in ("script", "style"):
        (body,) = re.findall(rf"<{tag}>(.*)</{tag}>", HTML, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    rules = ("default-src 'none'", "connect-src 'none'", "require-trusted-types-for 'script'", "worker-src blob:")
    assert all(rule in policy.split("; ") for rule in rules)
    assert "unsafe-inline" not in policy
    assert "'unsafe-eval'" not in policy


def test_it_has_a_sentence_for_every_finding_in_each_language() -> None:
    codes = {code.value for code in Code} | {"not-visible"}
    for language in ("en", "ko"):
        texts = tomllib.loads((TEXTS / "web" / f"{language}.toml").read_text("utf-8"))
        assert set(texts["finding"]) == codes
        assert all(f'"{text}"' in HTML for text in texts["web"].values()), language


def test_it_knows_the_axis_of_every_finding() -> None:
    known = (SOURCES / "src" / "core" / "findings.ts").read_text("utf-8")
    for code in Code:
        axis = re.search(rf"\b{code.axis.value}: [`\"]([^`\"]*)[`\"]", known)
        assert axis is not None
        assert code.value in axis[1].split(), code


def test_it_is_what_its_sources_give() -> None:
    """And its lock file names no registry."""
    lock = (SOURCES / "package-lock.json").read_text("utf-8")
    assert "resolved" not in lock
    assert lock.count('"integrity"') >= 8
    node = shutil.which("node")
    if node is None or not (SOURCES / "node_modules" / "esbuild").is_dir():
        pytest.skip("run `npm ci --ignore-scripts` in evtool/web: without esbuild nothing here can build the page")
    run = subprocess.run([node, "build.mjs", "--check"], cwd=SOURCES, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_no_library_decides_alone_whether_a_signature_is_valid() -> None:
    """Browsers accept made-up signatures under keys of small order, and the page has its own rule."""
    code = "".join(path.read_text("utf-8") for path in (SOURCES / "src").rglob("*.ts"))
    assert "subtle" not in code
    assert "ed25519.verify" not in code
