"""The built page: one file that asks for nothing, says all of it in each language, and is what its sources give."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tomllib
from typing import Any

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


def texts_of(value: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Give the texts of a catalogue by their whole names."""
    found = {f"{prefix}{name}": text for name, text in value.items() if isinstance(text, str)}
    for name, inner in value.items():
        if isinstance(inner, dict):
            found |= texts_of(inner, f"{prefix}{name}.")
    return found


def test_it_was_built_from_the_sources_and_the_texts_that_lie_here() -> None:
    """An old page is found out also where nothing can build a new one."""
    names = ["build.mjs", "package-lock.json", "package.json", "page.css", "page.html"]
    names += [path.relative_to(SOURCES).as_posix() for path in (SOURCES / "src").rglob("*.ts")]
    lines = [f"{hashlib.sha256((SOURCES / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(names)]
    assert f'"evtool-sources" content="{hashlib.sha256("".join(lines).encode()).hexdigest()}"' in HTML

    start = HTML.index("var CATALOGUES = ") + len("var CATALOGUES = ")
    compiled, _ = json.JSONDecoder().raw_decode(HTML, start)
    for language in ("en", "ko"):
        shared = tomllib.loads((TEXTS / f"{language}.toml").read_text("utf-8"))
        known = texts_of({"term": shared.get("term", {})})
        for folder in ("page", "web"):
            known |= texts_of(tomllib.loads((TEXTS / folder / f"{language}.toml").read_text("utf-8")))
        own = texts_of(compiled[language])
        assert len(own) > 250
        assert {name: text for name, text in own.items() if known[name] != text} == {}
    assert set(texts_of(compiled["en"])) == set(texts_of(compiled["ko"]))
    project = tomllib.loads((SOURCES.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    assert f'evtool page ${{"{project["version"]}"}}' in HTML


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
