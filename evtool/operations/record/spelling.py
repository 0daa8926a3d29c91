"""Items by the block: their statements spelled and hashed where the files are read.

Spelling and hashing two lines takes a good part of the time that a small file takes, and a worker has the digests at
hand. What comes back is bytes to append and roots to fold in; nothing has to be taken apart again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from itertools import chain, repeat
from operator import itemgetter

from msgspec import Struct
from msgspec.structs import astuple

from evtool.core.errors import FormatError
from evtool.core.manifest.block import are_readable, read_metadata
from evtool.core.manifest.line import FileColumns, spell_files
from evtool.core.manifest.manifest import ManifestReader
from evtool.core.manifest.merkle import compute_line_subtrees
from evtool.core.manifest.statement import (
    PLAIN_STATEMENTS,
    SALT_SIZE,
    ContentStatement,
    FileStatement,
    ItemType,
    MetadataStatement,
    serialize_metadata,
    spell_columns,
    spell_statements,
)
from evtool.core.metadata.description import Description
from evtool.core.text.checksums import MAX_LISTED_PATH, serialize_line
from evtool.core.text.digest import Digests
from evtool.core.text.limits import MAX_LINE
from evtool.core.text.names import store_name, store_names
from evtool.operations.record.described import Seen, seen_of
from evtool.scan.batch import Reading, ReadingRow, files_of, observation_of
from evtool.scan.marks import PackedMarks, pack_marks, stamp_to_mark
from evtool.scan.observe import Observation
from evtool.scan.small_files import FileRow
from evtool.scan.walk import Kind, Run, join_path
from evtool.store.journal import spell_known

LINES_PER_ITEM = 2
"""What an item is, and its name; what follows in a block is at most what a file says about itself."""

_DESCRIBED = (*PLAIN_STATEMENTS, MetadataStatement.kind)
_FOLLOW_PLAIN, _FOLLOW_DESCRIBED = map(spell_statements, (PLAIN_STATEMENTS, _DESCRIBED))

_SLOW_READ = 1_000_000
"""Nanoseconds for a file from which on its digests are worth keeping for a run after an interrupted one."""

_WORTH_KEEPING = 1024 * 1024
"""Bytes of a file from which on they are too."""


class BlockOrder(Struct, frozen=True):
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


class ItemBlock(Struct, frozen=True):
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
        newest: the latest modification time that they state, in nanoseconds since 1970.
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
    marks: PackedMarks
    first_key: bytes
    last_key: bytes
    seen: dict[Seen, int]
    newest: int


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
    ends = _read(spelled, order.first_item, len(reading.rows)) if spelled is not None else None
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
        0 if files_of(rows) else sum(row.reused for row in rows if isinstance(row, Observation)),
        journal,
        pack_marks([stamp_to_mark(row) if isinstance(row, Observation) else row[:4] for row in rows]),
        *ends,
        described.seen,
        spelled.newest,
    )


class _SpelledDescriptions(Struct, frozen=True):
    """What the files of a block say about themselves; all are empty if nobody was asked.

    Attributes:
        follow: kinds of the statements after the content of each item.
        lines: the line of each item with its newline, "" for none.
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
        serialize_metadata(item, next(left), description) + "\n" if description else ""
        for item, description in enumerate(descriptions, first_item)
    ]
    follow: list[tuple[str, ...]] = [_DESCRIBED if description else PLAIN_STATEMENTS for description in descriptions]
    return _SpelledDescriptions(follow, lines, Counter(map(seen_of, filter(None, descriptions))))


def _read(spelled: SpelledItems, first_item: int, items: int) -> tuple[bytes, bytes] | None:
    """Read what was spelled of so many items, and give the sort keys of the first and the last; None if it is refused.

    Of plain files, the values that were filled in are what a reader would cut out again, so they are held against what
    it admits.
    """
    if spelled.columns and _are_read_at_once(spelled, range(first_item, first_item + items)):
        return spelled.columns[0].paths[0].encode(), spelled.columns[-1].paths[-1].encode()
    try:
        read = list(ManifestReader(first_item).read(spelled.lines.split(b"\n")[:-1]))
    except FormatError:
        return None
    keys = [item.sort_key for item in read]
    return (keys[0], keys[-1]) if len(read) == items and keys[0] and keys[-1] else None


def _are_read_at_once(spelled: SpelledItems, numbers: range) -> bool:
    """Tell whether a reader takes these files as one block of these items."""
    columns = FileColumns(*(list(chain(*column)) for column in zip(*map(astuple, spelled.columns), strict=True)))
    expected = list(map(str, numbers))
    last = spelled.last or [""] * len(numbers)
    announced = [_FOLLOW_DESCRIBED if line else _FOLLOW_PLAIN for line in last]
    return (
        columns.numbers == expected == columns.names_of
        and columns.follows == announced
        and are_readable(columns)
        and read_metadata(numbers, spelled.last) is not None
    )


def _spell_journal(reading: Reading) -> bytes:
    """Spell for the journal what took, or would take, a while to read."""
    slow = time.time_ns() - reading.started > _SLOW_READ * len(reading.rows)
    files = [row for row in reading.rows if not isinstance(row, Observation)]
    if not slow and max(map(itemgetter(0), files), default=0) < _WORTH_KEEPING:
        return b""
    paths = (join_path(run.directory, name) for run in reading.runs for name in run.names)
    return b"".join(
        spell_known(path, row, reading.started)
        for path, row in zip(paths, reading.rows, strict=True)
        if not isinstance(row, Observation) and (slow or row[0] >= _WORTH_KEEPING)
    )


class SpelledItems(Struct, frozen=True):
    """The spelling of neighbouring items.

    Attributes:
        lines: their lines in the manifest, each with its newline.
        listed: their lines in the list of checksums, each with its newline.
        unlisted: files whose path is too long for that list.
        size: bytes of their files.
        newest: the latest modification time that they state, in nanoseconds since 1970.
        columns: what stands in the lines of content and name, by directories, if all items are files.
        last: the line that ends each item with its newline, "" for none; empty if no item has one.
    """

    lines: bytes
    listed: bytes
    unlisted: int
    size: int
    newest: int
    columns: list[FileColumns]
    last: Sequence[str]


def spell_items(
    reading: Reading,
    first_item: int,
    salts: list[str],
    follow: Sequence[tuple[str, ...]] = (),
    last: Sequence[str] = (),
) -> SpelledItems | None:
    """Spell what was observed; None if something was not, or has a line that is too long.

    `follow` gives for each item the kinds of the statements after its content; without it, there is its name alone.
    `last` gives the line that ends each item, with its newline, "" for none; empty if no item has one.
    """
    text, listed = "", b""
    columns: list[FileColumns] = []
    unlisted = total = at = newest = 0
    for run in reading.runs:
        end = at + len(run.names)
        order = _RunOrder(
            first_item + at, salts[LINES_PER_ITEM * at : LINES_PER_ITEM * end], follow[at:end], last[at:end]
        )
        rows = reading.rows[at:end]
        files = files_of(rows)
        spelled = _spell_files(run, files, order) if files else _spell_entries(run, rows, order)
        if spelled is None:
            return None
        text += spelled.text
        listed += spelled.listed
        total += spelled.size
        unlisted += spelled.unlisted
        newest = max(newest, spelled.newest)
        columns += spelled.columns
        at = end
    lines = text.encode("utf-8")
    if max(map(len, lines.split(b"\n"))) > MAX_LINE:
        return None
    columns = columns if len(columns) == len(reading.runs) else []
    return SpelledItems(lines, listed, unlisted, total, newest, columns, last)


class _RunOrder(Struct, frozen=True):
    """What is needed, beside what was read, to spell the items of one directory; as `spell_items` is given it."""

    first_item: int
    salts: list[str]
    follow: Sequence[tuple[str, ...]]
    last: Sequence[str]


class _SpelledRun(Struct, frozen=True):
    """The spelling of the items of one directory; as `SpelledItems`, with text for the lines."""

    text: str
    listed: bytes
    unlisted: int
    size: int
    newest: int
    columns: tuple[FileColumns, ...] = ()


def _spell_files(run: Run, files: list[FileRow], order: _RunOrder) -> _SpelledRun:
    """Spell the items of one directory that are all files, read just now."""
    sizes, mtimes, _, _, sha256s, blake3s, _ = zip(*files, strict=True)
    seen = (sizes, mtimes, sha256s, blake3s)
    follows = list(map(spell_statements, order.follow))
    columns = spell_columns(order.first_item, order.salts, _prefix(run), store_names(run.names), seen, follows)
    text, total, newest = spell_files(columns, order.last), sum(sizes), max(mtimes)
    if not _is_listed_plainly(run):
        return _SpelledRun(text, *_list_run(run, sha256s, order.first_item), total, newest, (columns,))
    between = b"  " + run.directory + b"/" if run.directory else b"  "
    digests = "\n".join(sha256s).encode("ascii").split(b"\n")
    listed = chain.from_iterable(zip(digests, repeat(between), run.names, repeat(b"\n"), strict=False))
    return _SpelledRun(text, b"".join(listed), 0, total, newest, (columns,))


def _spell_entries(run: Run, rows: list[ReadingRow], order: _RunOrder) -> _SpelledRun | None:
    """Spell items of one directory that are not all files; None if one takes a decision."""
    lines: list[str] = []
    observations = [observation_of(row, 0) for row in rows]
    total = newest = 0
    for index, (observation, name) in enumerate(zip(observations, store_names(run.names), strict=True)):
        item, salt, name_salt = order.first_item + index, order.salts[2 * index], order.salts[2 * index + 1]
        follow = order.follow[index] if order.follow else PLAIN_STATEMENTS
        content = _state_content(item, salt, observation, follow)
        if content is None or observation.stamp is None:
            return None
        file = FileStatement(item, name_salt, _prefix(run) + name, observation.stamp.mtime)
        lines += (statement.serialize().decode("utf-8") + "\n" for statement in (content, file))
        lines += order.last[index : index + 1]
        total += content.size or 0
        newest = max(newest, observation.stamp.mtime)
    digests = [observation.sha256 for observation in observations]
    return _SpelledRun("".join(lines), *_list_run(run, digests, order.first_item), total, newest)


def _prefix(run: Run) -> str:
    return store_name(run.directory) + "/" if run.directory else ""


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


def _list_run(run: Run, digests: Sequence[str], first_item: int) -> tuple[bytes, int]:
    """Spell the part of a run in the list of checksums, and count its files that are too long for it."""
    unlisted = 0
    listed: list[bytes] = []
    for item, (digest, name) in enumerate(zip(digests, run.names, strict=True), first_item):
        if digest:
            path = join_path(run.directory, name)
            unlisted += len(path) > MAX_LISTED_PATH
            listed.append(serialize_line(item, digest, path))
    return b"".join(listed), unlisted


def _is_listed_plainly(run: Run) -> bool:
    """Tell whether `serialize_line` would leave the paths of these files as they are."""
    names = b"/".join(run.names)
    return (
        not any(mark in names or mark in run.directory for mark in (b"\\", b"\n", b"\r"))
        and len(run.directory) + 1 + max(map(len, run.names)) <= MAX_LISTED_PATH
        and (run.directory != b"" or b"-" not in run.names)
    )
