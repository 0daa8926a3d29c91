"""Items by the block: their statements spelled and hashed where the files are read.

Spelling and hashing two lines takes a good part of the time that a small file takes, and a worker has the digests at
hand. What comes back is bytes to append and roots to fold in; nothing has to be taken apart again.
"""

from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from evtool.core.errors import FormatError
from evtool.core.manifest.block import decode_files
from evtool.core.manifest.manifest import ManifestReader
from evtool.core.manifest.merkle import compute_line_subtrees
from evtool.core.manifest.statement import (
    PLAIN_STATEMENTS,
    SALT_SIZE,
    ContentStatement,
    FileStatement,
    ItemType,
    MetadataStatement,
    serialize_files,
    serialize_metadata,
    spell_statements,
)
from evtool.core.metadata.description import Description
from evtool.core.text.checksums import MAX_LISTED_PATH, serialize_line
from evtool.core.text.digest import Digests
from evtool.core.text.limits import MAX_LINE
from evtool.core.text.names import store_name, store_names
from evtool.operations.record.described import Seen, seen_of
from evtool.scan.batch import Reading, ReadingRow, observation_of
from evtool.scan.marks import make_mark, mark_of, pack_marks
from evtool.scan.observe import Observation
from evtool.scan.walk import Kind, Run, join_path
from evtool.store.journal import spell_known

LINES_PER_ITEM = 2
"""What an item is, and its name; what follows in a block is at most what a file says about itself."""

_DESCRIBED = (*PLAIN_STATEMENTS, MetadataStatement.kind)

_SLOW_READ = 1_000_000
"""Nanoseconds for a file from which on its digests are worth keeping for a run after an interrupted one."""

_WORTH_KEEPING = 1024 * 1024
"""Bytes of a file from which on they are too."""


class BlockOrder(NamedTuple):
    """What a worker has to know to state the items of a block.

    Attributes:
        first_item: number of the first of them.
        first_line: how many lines come before them in the manifest.
        salts: a salt for each line, one after the other: for what the items are and their names, then for what they say
            about themselves.
    """

    first_item: int
    first_line: int
    salts: bytes


class ItemBlock(NamedTuple):
    """The statements of neighbouring items, as they go into the files of a seal.

    Attributes:
        order: what was ordered.
        items: number of items.
        lines: their lines in the manifest, each with its newline.
        subtrees: roots of the subtrees that the lines fill, each with its number of lines.
        listed: their lines in the list of checksums, each with its newline.
        unlisted: files whose path is too long for that list.
        size: bytes of their files.
        reused: files whose digests are those of an earlier run.
        journal: lines for the journal, of the files whose digests are worth keeping for a run after an interrupted one.
        marks: what tells later whether they are still what was read, see `evtool.scan.marks`.
        first_key, last_key: sort keys of the first and of the last of the items.
        seen: what there is to count of what the files say about themselves.
    """

    order: BlockOrder
    items: int
    lines: bytes
    subtrees: list[tuple[bytes, int]]
    listed: bytes
    unlisted: int
    size: int
    reused: int
    journal: bytes
    marks: array[int]
    first_key: bytes
    last_key: bytes
    seen: dict[Seen, int]


def state_block(reading: Reading, order: BlockOrder) -> ItemBlock | None:
    """State the items of a batch; None if one of them takes a decision, such as a file that cannot be read.

    What is stated was read by the reader of manifests: what it would refuse is no block, and told item by item.
    """
    digits, step = order.salts.hex(), 2 * SALT_SIZE
    salts = [digits[at : at + step] for at in range(0, len(digits), step)]
    described = _spell_descriptions(reading, order.first_item, salts[LINES_PER_ITEM * len(reading.rows) :])
    if described is None:
        return None
    spelled = spell_items(reading, order.first_item, salts, described.follow, described.lines)
    journal = _spell_journal(reading)  # before anything else takes time: how long the files took is what counts
    ends = _read(spelled.lines, order.first_item, len(reading.rows)) if spelled is not None else None
    if spelled is None or ends is None:
        return None
    rows = reading.rows
    return ItemBlock(
        order,
        len(rows),
        spelled.lines,
        compute_line_subtrees(order.first_line, spelled.lines),
        spelled.listed,
        spelled.unlisted,
        spelled.size,
        sum(row.reused for row in rows if isinstance(row, Observation)),
        journal,
        pack_marks(mark_of(row) if isinstance(row, Observation) else make_mark(row[:4]) for row in rows),
        *ends,
        described.seen,
    )


class _SpelledDescriptions(NamedTuple):
    """What the files of a block say about themselves; all are empty if nobody was asked.

    Attributes:
        follow: kinds of the statements after the content of each item.
        lines: the line of each item, "" for none.
        seen: what there is to count.
    """

    follow: list[tuple[str, ...]]
    lines: list[str]
    seen: dict[Seen, int]


def _spell_descriptions(reading: Reading, first_item: int, salts: list[str]) -> _SpelledDescriptions | None:
    """Spell what the files say about themselves; None if there are not as many descriptions as salts."""
    if not salts:
        return _SpelledDescriptions([], [], {})
    found = [row.description if isinstance(row, Observation) else row[6] for row in reading.rows]
    descriptions = [description if isinstance(description, Description) else None for description in found]
    if len(salts) != len(descriptions) - descriptions.count(None):
        return None
    left = iter(salts)
    lines = [
        serialize_metadata(item, next(left), description) if description else ""
        for item, description in enumerate(descriptions, first_item)
    ]
    follow: list[tuple[str, ...]] = [_DESCRIBED if description else PLAIN_STATEMENTS for description in descriptions]
    return _SpelledDescriptions(follow, lines, Counter(map(seen_of, filter(None, descriptions))))


def _read(lines: bytes, first_item: int, items: int) -> tuple[bytes, bytes] | None:
    """Read the lines of so many items, and give the sort keys of the first and the last; None if they are refused."""
    files = decode_files(lines, first_item)
    if files is not None:
        return (files.paths[0].encode(), files.paths[-1].encode()) if len(files.paths) == items else None
    try:
        read = list(ManifestReader(first_item).read(lines.split(b"\n")[:-1]))
    except FormatError:
        return None
    keys = [item.sort_key for item in read]
    return (keys[0], keys[-1]) if len(read) == items and keys[0] and keys[-1] else None


def _spell_journal(reading: Reading) -> bytes:
    """Spell for the journal what took, or would take, a while to read."""
    slow = time.time_ns() - reading.started > _SLOW_READ * len(reading.rows)
    if not slow and sum(row[0] >= _WORTH_KEEPING for row in reading.rows if not isinstance(row, Observation)) == 0:
        return b""
    paths = (join_path(run.directory, name) for run in reading.runs for name in run.names)
    return b"".join(
        spell_known(path, row, reading.started)
        for path, row in zip(paths, reading.rows, strict=True)
        if not isinstance(row, Observation) and (slow or row[0] >= _WORTH_KEEPING)
    )


class SpelledItems(NamedTuple):
    """The spelling of neighbouring items.

    Attributes:
        lines: their lines in the manifest, each with its newline.
        listed: their lines in the list of checksums, each with its newline.
        unlisted: files whose path is too long for that list.
        size: bytes of their files.
    """

    lines: bytes
    listed: bytes
    unlisted: int
    size: int


def spell_items(
    reading: Reading,
    first_item: int,
    salts: list[str],
    follow: Sequence[tuple[str, ...]] = (),
    last: Sequence[str] = (),
) -> SpelledItems | None:
    """Spell what was observed; None if something was not, or has a line that is too long.

    `follow` gives for each item the kinds of the statements after its content; without it, there is its name alone.
    `last` gives the line that ends each item, "" for none.
    """
    follow = follow or [PLAIN_STATEMENTS] * len(reading.rows)
    lines: list[str] = []
    listed: list[bytes] = []
    unlisted = total = at = 0
    for run in reading.runs:
        end = at + len(run.names)
        rows = reading.rows[at:end]
        own_salts = salts[LINES_PER_ITEM * at : LINES_PER_ITEM * end]
        spelled = _spell_run(run, rows, first_item + at, own_salts, follow[at:end])
        if spelled is None:
            return None
        new_lines, size = spelled
        lines += new_lines
        total += size
        unlisted += _list_run(run, rows, first_item + at, listed)
        at = end
    if last:
        pairs = zip(lines[::LINES_PER_ITEM], lines[1::LINES_PER_ITEM], last, strict=True)
        lines = [line for item in pairs for line in item if line]
    text = "\n".join(lines)
    if len(max(lines, key=len)) > MAX_LINE // 4 and max(len(line.encode("utf-8")) for line in lines) > MAX_LINE:
        return None
    return SpelledItems(text.encode("utf-8") + b"\n", b"".join(listed), unlisted, total)


def _spell_run(
    run: Run, rows: list[ReadingRow], first_item: int, salts: list[str], follow: Sequence[tuple[str, ...]]
) -> tuple[list[str], int] | None:
    """Spell the items of one directory, with the bytes of their files."""
    prefix = store_name(run.directory) + "/" if run.directory else ""
    names = store_names(run.names)
    files = [row for row in rows if not isinstance(row, Observation)]
    if len(files) == len(rows):
        sizes, mtimes, _, _, sha256s, blake3s, _ = zip(*files, strict=True)
        columns = (sizes, mtimes, sha256s, blake3s)
        return serialize_files(first_item, salts, prefix, names, columns, map(spell_statements, follow)), sum(sizes)
    lines: list[str] = []
    total = 0
    for index, (row, name) in enumerate(zip(rows, names, strict=True)):
        observation = observation_of(row, 0)
        item, salt, name_salt = first_item + index, salts[2 * index], salts[2 * index + 1]
        content = _state_content(item, salt, observation, follow[index])
        if content is None or observation.stamp is None:
            return None
        file = FileStatement(item, name_salt, prefix + name, observation.stamp.mtime)
        lines += (statement.serialize().decode("utf-8") for statement in (content, file))
        total += content.size or 0
    return lines, total


def _state_content(item: int, salt: str, observation: Observation, follow: tuple[str, ...]) -> ContentStatement | None:
    """State what an item is; None if it takes a decision."""
    if observation.problem is not None or observation.deferred:
        return None
    if observation.kind is Kind.SYMLINK:
        target = store_name(observation.target)
        return ContentStatement(item, salt, ItemType.SYMLINK, target=target, statements=follow)
    if observation.kind is Kind.EMPTY_DIRECTORY:
        return ContentStatement(item, salt, ItemType.DIRECTORY, statements=follow)
    if observation.kind is Kind.FILE and observation.stamp is not None and observation.sha256:
        digests = Digests(observation.sha256, observation.blake3)
        size = observation.stamp.size
        return ContentStatement(item, salt, ItemType.FILE, size=size, digests=digests, statements=follow)
    return None


def _list_run(run: Run, rows: list[ReadingRow], first_item: int, listed: list[bytes]) -> int:
    """Add the files of a run to a list of checksums; returns how many of them are too long for it."""
    if _is_listed_plainly(run, rows):
        head = b"  " + run.directory + b"/" if run.directory else b"  "
        digests = (row[4].encode("ascii") for row in rows if not isinstance(row, Observation))
        listed += [digest + head + name + b"\n" for digest, name in zip(digests, run.names, strict=True)]
        return 0
    unlisted = 0
    for item, (row, name) in enumerate(zip(rows, run.names, strict=True), first_item):
        digest = row.sha256 if isinstance(row, Observation) else row[4]
        if digest:
            path = join_path(run.directory, name)
            unlisted += len(path) > MAX_LISTED_PATH
            listed.append(serialize_line(item, digest, path))
    return unlisted


def _is_listed_plainly(run: Run, rows: list[ReadingRow]) -> bool:
    """Tell whether these are files read just now, whose paths `serialize_line` would leave as they are."""
    names = b"/".join(run.names)
    return (
        not any(mark in names or mark in run.directory for mark in (b"\\", b"\n", b"\r"))
        and len(run.directory) + 1 + max(map(len, run.names)) <= MAX_LISTED_PATH
        and (run.directory != b"" or b"-" not in run.names)
        and not any(isinstance(row, Observation) for row in rows)
    )
