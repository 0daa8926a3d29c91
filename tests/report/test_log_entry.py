"""One entry of the chain, as `log --json` and the account of a report give it."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from evtool.operations.record.read import open_record
from evtool.report.document import log_entry

VECTORS = Path(__file__).parents[1] / "vectors" / "verify"
NOW = {"happened_at": "2026-03-01 14:30:00+09:00", "recorded_at": "2026-03-01 14:30:00+09:00"}


def test_a_reason_that_is_withheld_is_null(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was stated, so it is not empty, and this copy does not hold it."""
    monkeypatch.syspath_prepend(str(VECTORS))
    builder = importlib.import_module("build_verify_vectors")
    seal = {"key": "A03", **NOW, "reason": "first seal", "item": [{"path": "a.txt", "content": "text\n"}]}
    table = {"authority": "DSA-1", "method": "returned"}
    disposed = {"event": "disposed", "key": "A03", **NOW, "reason": "secret", "items": ["1"], "table": table}
    collection = builder.Collection({"seal": [seal], "entry": [{**disposed, "apart": True}]})
    builder.write_files(collection, tmp_path / "case")

    def reasons() -> list[str | None]:
        with open_record(tmp_path / "case") as record:
            return [log_entry(link).reason for link in record.chain.links]

    assert reasons() == ["first seal", "secret"]
    (tmp_path / "case" / "custody" / "0002-disposed.details").unlink()
    assert reasons() == ["first seal", None]
