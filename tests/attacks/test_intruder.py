"""Nobody without a key makes a verification succeed on a copy that is not what was sealed."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from evtool.core.custody.item_names import ItemNames
from evtool.core.manifest import manifest
from evtool.core.manifest.statement import ContentStatement, FileStatement, ItemType, OmissionReason, WithheldStatement
from evtool.core.manifest.statement_reader import parse_statement
from evtool.operations.record.withholding import Withholding
from evtool.operations.verify.items import summary
from tests.attacks.intruder import Scene, attack, copy_of, find_wrong, make_renamed_scenes, make_scenes
from tests.bundle.case import verify_it

ROUNDS = int(os.environ.get("INTRUDER_ROUNDS", "200"))
SEED = os.environ.get("INTRUDER_SEED", "evtool")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Scene]:
    """One copy of each form."""
    return make_scenes(tmp_path_factory.mktemp("scenes"))


def run(scenes: list[Scene], folder: Path, rounds: int) -> Iterator[str]:
    """Attack copies, one after the other; yield what was wrong."""
    rng = random.Random(SEED)
    for number in range(rounds):
        scene = copy_of(rng.choice(scenes), folder / str(number))
        target = attack(scene, rng)
        if problem := find_wrong(scene, verify_it(target)):
            yield f"seed {SEED} round {number}: {problem}: {scene.root.name}: {'; '.join(scene.done)}"
        shutil.rmtree(scene.root)
        scene.root.with_suffix(".zip").unlink(missing_ok=True)


def test_an_intruder_without_a_key_gets_no_wrong_verdict(scenes: list[Scene], tmp_path: Path) -> None:
    """Any changes that need no key; INTRUDER_ROUNDS and INTRUDER_SEED make it longer, and other."""
    print(f"seed {SEED}, {ROUNDS} rounds")
    assert list(run(scenes, tmp_path, ROUNDS)) == []


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> list[Scene]:
    """Copies of what was renamed since it was sealed."""
    return make_renamed_scenes(tmp_path_factory.mktemp("renamed"))


def test_nor_where_names_have_changed(renamed: list[Scene], tmp_path: Path) -> None:
    """The same changes, and files that get back a name that they had, or that of another one."""
    assert list(run(renamed, tmp_path, ROUNDS)) == []


def test_untouched_copies_verify(scenes: list[Scene], renamed: list[Scene]) -> None:
    """The oracle is worth something only if there is a success to be had."""
    for scene in (*scenes, *renamed):
        report = verify_it(scene.root)
        assert report.exit_code == 0, report.findings
        assert scene.is_as_sealed()


def test_without_names_that_count_nothing_is_found(renamed: list[Scene], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the entries that tell where these items are."""
    monkeypatch.setattr(ItemNames, "current", lambda *_: None)
    assert verify_it(renamed[0].root).exit_code == 1


def explain_everything(_: object) -> Withholding:
    """Take any withheld line for one that may be withheld."""
    return Withholding((), is_whole=True)


def test_without_signed_lists_deleted_items_pass(
    scenes: list[Scene], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rounds find a deleted item that is withheld, once nothing asks who signed for that."""
    monkeypatch.setattr(summary, "judge_withholding", explain_everything)
    assert any("exit 0" in outcome and "delete" in outcome for outcome in run(scenes, tmp_path, 300))


def test_without_the_rule_about_content_forged_files_pass(
    scenes: list[Scene], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rounds find a forged file, once what an item is may be withheld without its name."""
    monkeypatch.setattr(summary, "judge_withholding", explain_everything)
    read = manifest.ManifestReader._read_lines

    def read_without_the_rule(self: manifest.ManifestReader, lines: Iterable[bytes]) -> Iterator[manifest.Item]:
        all_lines = list(lines)
        statements = [parse_statement(line) for line in all_lines]
        for line, statement in zip(all_lines, statements, strict=True):
            if isinstance(statement, FileStatement) and (
                self._pending is None or self._pending.number != statement.item
            ):
                # It announces whatever is there, as that is another rule.
                kinds = tuple(
                    other.kind
                    for other in statements
                    if not isinstance(other, WithheldStatement) and other.item == statement.item
                )
                unknown = ContentStatement(
                    statement.item,
                    statement.salt,
                    ItemType.OMITTED,
                    reason=OmissionReason.SPECIAL,
                    statements=kinds,
                )
                self._pending = manifest._PendingItem(unknown, self._place - 1)
            yield from read(self, [line])

    monkeypatch.setattr(manifest.ManifestReader, "_read_lines", read_without_the_rule)
    assert any("exit 0" in outcome and "forge" in outcome for outcome in run(scenes, tmp_path, 300))


def test_without_the_rule_about_terms_looser_ones_pass(
    scenes: list[Scene], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rounds find withheld terms, once they may be withheld of an item that is disclosed."""
    monkeypatch.setattr(summary, "judge_withholding", explain_everything)
    close = manifest.ManifestReader._close

    def close_without_the_rule(self: manifest.ManifestReader, pending: manifest._PendingItem) -> manifest.Item:
        content, pending.content = pending.content, _Quiet(pending.content)  # type: ignore[assignment]
        item = close(self, pending)
        pending.content = content
        return item

    monkeypatch.setattr(manifest.ManifestReader, "_close", close_without_the_rule)
    assert any("handling" in outcome for outcome in run(scenes, tmp_path, 300))


class _Quiet:
    """A content statement that announces no terms."""

    def __init__(self, content: object) -> None:
        self._content = content

    def __getattr__(self, name: str) -> object:
        value = getattr(self._content, name)
        return tuple("context" if kind == "consent" else kind for kind in value) if name == "statements" else value
