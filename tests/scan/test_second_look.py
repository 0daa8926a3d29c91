"""Small files are looked at once before they are read: whatever happens to one meanwhile, somebody notices.

The races are made certain: they happen right before or right after the one call that reads the bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from evtool.core.text.patterns import Exclusions
from evtool.operations.record.spelling import BlockOrder, ItemBlock, state_block
from evtool.scan import marks as marks_of_files
from evtool.scan import small_files
from evtool.scan.batch import Reading
from evtool.scan.engine import Answer, ReadRequest, observe_requests
from evtool.scan.marks import NOT_MARKED, Marks, pack_marks
from evtool.scan.observe import ItemProblem, Observation, stamp_of
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Found, Run, WalkNotes, walk_runs

BYTES = b"as it was when the photograph was copied"


def rewrite_with_date_put_back(path: Path) -> None:
    """Other bytes, of the same number, under the same date: only the change time tells."""
    facts = path.stat()
    with path.open("r+b") as file:
        file.write(b"AS")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b", and more")


def truncate(path: Path) -> None:
    os.truncate(path, 5)


def replace_by_a_twin(path: Path) -> None:
    """Another file of the same name, size and date."""
    facts = path.stat()
    twin = path.parent.with_name("twin")
    twin.write_bytes(BYTES.upper())
    os.utime(twin, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    twin.rename(path)


def replace_by_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def remove(path: Path) -> None:
    path.unlink()


STILL_FILES = (rewrite_with_date_put_back, append, truncate, replace_by_a_twin)
GONE: dict[Callable[[Path], None], ItemProblem] = {replace_by_a_pipe: ItemProblem.SPECIAL, remove: ItemProblem.VANISHED}


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """A directory of three files; the second one is raced for."""
    (tmp_path / "evidence").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "evidence" / name).write_bytes(BYTES)
        # No step of the clock may hide the change: the first look has to see a date that is over.
        os.utime(tmp_path / "evidence" / name, (1, 1))
    return tmp_path / "evidence"


@pytest.fixture(params=["before it is read", "after it was read"])
def at_reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Have something done once, when the second file is read."""
    real, calls = small_files.readv, list[int]()

    def arrange(race: Callable[[], None]) -> None:
        def read(descriptor: int, buffers: tuple[bytearray]) -> int:
            calls.append(descriptor)
            if len(calls) == 2 and request.param == "before it is read":
                race()
            length = real(descriptor, buffers)
            if len(calls) == 2 and request.param == "after it was read":
                race()
            return length

        monkeypatch.setattr(small_files, "readv", read)

    return arrange


def refuse(reading: Reading, argument: object) -> None:
    """As a comparison that found a difference: the observations themselves are asked for."""


def read_all(evidence: Path, finish: Callable[..., object] | None, argument: object = None) -> Answer[None]:
    location = TreeLocation.find(str(evidence))
    request = ReadRequest(list_runs(location), None, finish=finish, argument=argument)
    (answer,) = observe_requests(location, [request], jobs=1)
    return answer


def list_runs(location: TreeLocation) -> list[Run]:
    with Tree(location) as tree:
        return list(walk_runs(tree, custody_name=None, exclusions=Exclusions(), notes=WalkNotes()))


def is_as_it_lies_there(path: Path, seen: Observation) -> bool:
    return (seen.stamp, seen.sha256) == (stamp_of(path.stat()), sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize("finish", [None, refuse])
@pytest.mark.parametrize("race", STILL_FILES)
def test_a_file_that_changes_while_it_is_read_is_read_again(
    evidence: Path,
    at_reading: Callable[[Callable[[], None]], None],
    race: Callable[[Path], None],
    finish: Callable[..., object] | None,
) -> None:
    """What is told of it is of one moment: its bytes, its size and its dates belong together."""
    at_reading(lambda: race(evidence / "b"))
    seen = read_all(evidence, finish).observations
    assert (evidence / "b").read_bytes() != BYTES
    assert [is_as_it_lies_there(evidence / name, item) for name, item in zip("abc", seen, strict=True)] == [True] * 3


@pytest.mark.parametrize("race", GONE)
def test_what_takes_the_place_of_a_file_is_told(
    evidence: Path, at_reading: Callable[[Callable[[], None]], None], race: Callable[[Path], None]
) -> None:
    """Its bytes were read, but nobody could say of what."""
    at_reading(lambda: race(evidence / "b"))
    assert [item.problem for item in read_all(evidence, refuse).observations] == [None, GONE[race], None]


@pytest.mark.parametrize("race", [*STILL_FILES, *GONE])
def test_a_seal_finds_it_before_it_is_signed(
    evidence: Path, at_reading: Callable[[Callable[[], None]], None], race: Callable[[Path], None]
) -> None:
    """A block of statements was spelled from what was read; its marks are of what was seen before it was read."""
    at_reading(lambda: race(evidence / "b"))
    block = read_all(evidence, state_block, BlockOrder(1, 0, bytes(16 * 6))).product
    location, marks = TreeLocation.find(str(evidence)), Marks()
    if block is None:
        # A file that has not as many bytes as it says is looked at closer at once, and then again.
        assert race in (append, truncate, *GONE)
        return
    assert isinstance(block, ItemBlock)
    marks.add(block.marks)
    as_it_was = Run(b"", [b"a", b"b", b"c"], "fff")
    with Tree(location) as tree:
        changed = [found.name for found in marks.find_changed(tree, as_it_was, 0)]
    assert changed == [b"b"] or (not changed and is_told(block, evidence / "b"))


def is_told(block: ItemBlock, path: Path) -> bool:
    """Tell whether a block states a file as it lies there by now."""
    return path.is_file() and sha256(path.read_bytes()).hexdigest().encode() in block.lines.split(b'"kind":"file"')[1]


def test_a_directory_that_is_gone_takes_its_files_along(evidence: Path) -> None:
    """Where a directory cannot be opened any more, all that was read in it has changed."""
    location, marks = TreeLocation.find(str(evidence.parent)), Marks()
    block = read_all(evidence.parent, state_block, BlockOrder(1, 0, bytes(16 * 6))).product
    marks.add(block.marks)
    evidence.rename(evidence.with_name("elsewhere"))
    with Tree(location) as tree:
        changed = list(marks.find_changed(tree, Run(b"evidence", [b"a", b"b", b"c"], "fff"), 0))
    assert [found.path for found in changed] == [b"evidence/a", b"evidence/b", b"evidence/c"]
    assert isinstance(changed[0], Found)


AS_READ = (1000, 1700000000123456789, 1764326000004000000, 4242)
WITH_CHOSEN_DATE = (1007, -1742356768813895722, 1764326010008000000, 4242)
"""Size, modification time, change time and inode. Ten seconds later the file is longer, and has a modification date
that was worked out: each step of the hash of a tuple can be undone."""


def test_no_date_can_be_chosen_that_hides_a_change(evidence: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes to a file during a seal can set its modification date to anything, but not its change time."""
    assert hash(AS_READ) == hash(WITH_CHOSEN_DATE)
    marks = Marks()
    marks.add(pack_marks([AS_READ]))
    run = Run(b"", [b"a"], "f")
    with Tree(TreeLocation.find(str(evidence))) as tree:
        for stamp, changed in ((AS_READ, []), (WITH_CHOSEN_DATE, [b"a"])):
            monkeypatch.setattr(marks_of_files, "stamps_now", lambda *_, stamp=stamp: [stamp])
            assert [found.name for found in marks.find_changed(tree, run, 0)] == changed


LIKE_NO_MARK = (1007, -1702259287551394236, 1764326010008000000, 4242)
"""The same, with a date that was worked out to give the hash of what stands for an entry that needs no second look."""


def test_no_date_can_be_chosen_that_spares_a_file_the_second_look(
    evidence: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a date is set before the seal, in a directory of its own; the file is changed once it was read."""
    assert hash(LIKE_NO_MARK) == hash(NOT_MARKED)
    marks = Marks()
    marks.add(pack_marks([LIKE_NO_MARK, NOT_MARKED]))
    monkeypatch.setattr(marks_of_files, "stamps_now", lambda _, run: [AS_READ for _ in run.names])
    with Tree(TreeLocation.find(str(evidence))) as tree:
        assert [found.name for found in marks.find_changed(tree, Run(b"", [b"a"], "f"), 0)] == [b"a"]
        assert not list(marks.find_changed(tree, Run(b"", [b"b"], "f"), 1))
