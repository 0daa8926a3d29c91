"""What reads what files say about themselves ends when they have been read, and not later."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from evtool import Author, MetadataChoice, SealOptions, seal
from evtool.metadata import CAN_PARSE
from evtool.metadata.server_link import ServerLink
from evtool.scan import engine
from tests.bundle.case import SIGNER


@pytest.mark.skipif(not CAN_PARSE, reason="nothing is parsed here")
def test_nothing_of_it_starts_again_for_what_is_only_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that read touched items of an earlier seal again ask nobody, so no process is left to wait for them."""
    done: list[str] = []

    def noted(what: str, do: Callable[[ServerLink], None]) -> Callable[[ServerLink], None]:
        def note(link: ServerLink) -> None:
            done.append(what)
            do(link)

        return note

    monkeypatch.setattr(ServerLink, "share", noted("share", ServerLink.share))
    monkeypatch.setattr(ServerLink, "close", noted("close", ServerLink.close))
    monkeypatch.setattr(engine, "_INLINE_BATCHES", 0)
    files = [tmp_path / "case" / f"{number}.txt" for number in range(3 * engine.BATCH)]
    files[0].parent.mkdir()
    for file in files:
        file.write_text(file.name)
    options = SealOptions(jobs=2, metadata=MetadataChoice.BASIC)
    assert seal(tmp_path / "case", Author(SIGNER), options).new_items == len(files)
    for file in files:
        os.utime(file, (0, 0))
    assert seal(tmp_path / "case", Author(SIGNER), options).other_dates == len(files)
    assert done == ["share", "share", "close", "close"]
