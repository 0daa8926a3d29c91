"""Hostile files: each costs at most its own claims, and the files after it are complete."""

from __future__ import annotations

import importlib.util
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from evtool.core.metadata.claims import clean_text
from evtool.core.metadata.description import HEAD, Description
from evtool.core.metadata.json_form import DOCUMENT_LIMIT, claims_document, document_size, parse_claims
from evtool.metadata import ExtractionResult
from tests.metadata.metadata_samples import HOSTILE, extract, picture, shared_extractor

CASES: dict[str, dict[str, Any]] = tomllib.loads((HOSTILE / "cases.toml").read_text("utf-8"))
KEPT_BESIDE = {"__init__.py", "cases.toml", "make_hostile.py", "README.md"}


def test_the_folder_is_the_list() -> None:
    """No case without its file, no file without its case."""
    assert {path.name for path in HOSTILE.iterdir() if path.is_file()} - KEPT_BESIDE == set(CASES)
    assert len(CASES) >= 30


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_ends_within_its_limits(name: str) -> None:
    """The parser ends with a reason, or reads what there is to read; its answer holds to the vocabulary."""
    result = extract(HOSTILE / name)
    expected = CASES[name]

    # Of what is empty or noise the first bytes tell that no extractor reads it, and no parser is started for it.
    confined = "not-parsed" if name in ("empty.pdf", "noise.jpg") else shared_extractor().confinement
    assert result.confinement == confined != ""
    if result.failure is not None:
        assert result.failure.value == expected["ends"]
    else:
        assert result.claims is not None
        problems = [f"{problem.extractor}: {problem.reason}" for problem in result.claims.problems]
        assert any(problem.startswith(expected["ends"]) for problem in problems or ["complete"])
    assert result.claims is not None
    assert document_size(result.claims) <= DOCUMENT_LIMIT
    assert parse_claims(claims_document(result.claims)) == result.claims
    for kind, number in expected.get("counts", {}).items():
        assert number in [count.value for count in result.claims.counts if count.kind.value == kind]
    for field in expected.get("absent", []):
        assert getattr(result.claims, field) == ()


def describe_all(descriptors: list[int]) -> list[Description]:
    """As a batch of files is described that were read before."""
    describer = shared_extractor().describe_batch()
    told = []
    for descriptor in descriptors:
        facts = os.fstat(descriptor)
        stamp = facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino
        told.append(describer.describe(os.pread(descriptor, HEAD, 0), descriptor, stamp))
    awaited = describer.finish()
    return [awaited[found] if isinstance(found, int) else found for found in told]


def test_the_others_are_complete_and_nothing_is_written(tmp_path: Path) -> None:
    """Every hostile file beside good photographs, in shared processes where they may share: the good ones lose
    nothing, the hostile ones give what they give alone, and nobody touched anything."""
    good = picture(tmp_path / "good.png")
    paths = [path for name in CASES for path in (HOSTILE / name, good)]
    before = [(path, os.stat(path).st_mtime_ns, os.stat(path).st_mode) for path in [tmp_path, *paths]]
    descriptors = [os.open(path, os.O_RDONLY) for path in paths]
    try:
        descriptions = describe_all(descriptors)
        positions = [os.lseek(descriptor, 0, os.SEEK_CUR) for descriptor in descriptors]
    finally:
        for descriptor in descriptors:
            os.close(descriptor)

    together = [ExtractionResult.of(description) for description in descriptions]
    assert any(description.was_read_twice for description in descriptions)  # some brought a shared process to an end
    alone = extract(good)
    assert alone.claims is not None
    assert together[1::2] == [alone] * len(CASES)
    assert [result.failure.value for result in together[::2] if result.failure] == [
        case["ends"] for case in CASES.values() if case["ends"].endswith("-time")
    ]
    assert positions == [0] * len(paths)
    assert before == [(path, os.stat(path).st_mtime_ns, os.stat(path).st_mode) for path in [tmp_path, *paths]]


def test_escapes_and_markup_do_not_survive() -> None:
    """The attack is in the file; what comes out is one line of text without controls."""
    name = "exif-text-of-escapes-and-markup.jpg"
    assert b"\x1b]52;c;x\x07" in (HOSTILE / name).read_bytes()

    result = extract(HOSTILE / name)

    assert result.claims is not None
    (make,) = [text.value for text in result.claims.texts]
    assert make.startswith("\ufffd]52;c;x\ufffd[red]<script>")
    assert clean_text(make) == make


def test_the_maker_still_makes_these_files(tmp_path: Path) -> None:
    """The script beside the files writes the same ones; compressed parts may differ between compressors."""
    spec = importlib.util.spec_from_file_location("make_hostile", HOSTILE / "make_hostile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    module.main(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == set(CASES)
    for path in tmp_path.iterdir():
        made, kept = path.read_bytes(), (HOSTILE / path.name).read_bytes()
        compressed = any(mark in kept for mark in (b"PK\3\4", b"FlateDecode", b"IDAT"))
        assert compressed or made == kept, path.name
