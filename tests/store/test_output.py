"""Several files that are written together, on a medium that fails between two of them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from evtool.core.errors import InputError
from evtool.store.output import write_files
from evtool.store.work import Leftover, open_work_place, remove_leftovers


@pytest.mark.parametrize("there", [("a", "b"), ("a",), ()])
def test_all_is_as_it_was_when_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...]
) -> None:
    """The second file fails, whether or not it replaces one: no name is new, none is left over, and it is named."""
    for name in there:
        (tmp_path / name).write_text("mine")
    real = os.replace

    def failing(source: Path, target: Path) -> None:
        if (source.name, target.name) == (".b.part", "b"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(source), None, str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(InputError) as failed:
        write_files({tmp_path / "a": b"new", tmp_path / "b": b"new"}, replace=True)
    assert failed.value.message == f"{tmp_path / 'b'} cannot be written: {os.strerror(errno.EIO)}"
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(there, "mine")


def test_work_that_is_done_is_done_though_another_run_removes_what_is_left_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks for leftovers just when the lock is gone, and the empty directory is not."""
    real = Path.unlink
    swept: list[Leftover] = []

    def unlink(path: Path, missing_ok: bool = False) -> None:
        real(path, missing_ok=missing_ok)
        swept.extend(remove_leftovers(tmp_path / "other"))

    monkeypatch.setattr(Path, "unlink", unlink)
    with open_work_place(tmp_path / "out") as work:
        work.content.write_text("half an output")
    assert [(left.path, left.removed) for left in swept] == [(work.path, True)]
    assert list(tmp_path.iterdir()) == []
