"""Comparing a directory with a seal by blocks, which are compared where their files are read.

A worker spells the statements of what it has read, with the salts of the sealed ones, and compares bytes. Where they
are the same, every sealed line is in its canonical spelling, in its place, and true. Only what differs is decoded.
"""

from __future__ import annotations

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.manifest.line import CONTENT, FILE, before, begins_item
from evtool.core.manifest.merkle import Subtree, compute_line_subtrees
from evtool.core.manifest.statement import (
    PLAIN_STATEMENTS,
    ConsentStatement,
    ContextStatement,
    ItemType,
    WithheldStatement,
    check_statements,
)
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.terms.terms import ConsentTerms
from evtool.core.text.times import parse_mtime
from evtool.core.values import replace
from evtool.operations.record.spelling import LINES_PER_ITEM, spell_items
from evtool.scan.batch import Reading
from evtool.scan.observe import Observation
from evtool.scan.walk import Kind


class CompareOrder(Struct, frozen=True):
    """What a worker has to know to compare the items of a block.

    Attributes:
        first_item: number of the first of them.
        first_line: how many lines come before theirs in the manifest.
        lines: their lines, each with its newline.
    """

    first_item: int
    first_line: int
    lines: bytes


def sealed_sizes(order: CompareOrder) -> dict[int, int]:
    """Find the sizes that the lines of a block state: index of an item -> bytes; nothing else of them is looked at."""
    sizes: dict[int, int] = {}
    begun = 0
    for line in order.lines.split(b"\n"):
        if begins_item(line):
            digits = line.rpartition(_SIZE)[2].partition(b",")[0]
            if digits.isdigit() and len(digits) <= _SIZE_DIGITS:
                sizes[begun] = int(digits)
            begun += 1
    return sizes


_SIZE = before(CONTENT, "size")
_SIZE_DIGITS = 16


class UnchangedBlock(Struct, frozen=True):
    """What there is to say of a block whose items are all as they were sealed.

    Attributes:
        nodes: nodes of the tree that its lines fill.
        listed: its part of the list of checksums.
        consents: number of an item -> the terms that were stated about it when it was sealed.
        size: bytes that were read.
        other_dates: items, other than links, that have another modification date.
        newest: the latest modification time that is sealed, in nanoseconds since 1970.
    """

    nodes: list[Subtree]
    listed: bytes
    consents: dict[int, ConsentTerms]
    size: int
    other_dates: int
    newest: int


_HEX = b"0123456789abcdef"
_SALT_DIGITS = 32
_SALT = before(CONTENT, "salt")
_FILE_TAIL = len('"}')
_DATE = before(FILE, "mtime") + b'"'
_DATE_LENGTH = len("2000-01-01T00:00:00.000000000Z")


def compare_block(reading: Reading, order: CompareOrder) -> UnchangedBlock | None:
    """Compare what was read with what was sealed; None unless all of it is the same, but for dates."""
    split = _split(order.lines, order.first_item, len(reading.rows))
    salts = _find_salts(split.lines) if split else None
    if split is None or salts is None:
        return None
    extra = _check_extra(split.extra, order.first_item, len(reading.rows))
    if extra is None:
        return None
    other_dates = 0
    sealed = b"\n".join(split.lines) + b"\n" if split.extra else order.lines
    try:
        spelled = spell_items(reading, order.first_item, salts, extra.follow)
    except FormatError:
        # Metadata of something that is not a file.
        return None
    if spelled is not None and spelled.lines != sealed:
        # Many ways of copying lose the dates; that alone says nothing about the bytes.
        dated = _with_sealed_dates(reading, split.lines)
        if dated is None:
            return None
        reading, other_dates = dated
        spelled = spell_items(reading, order.first_item, salts, extra.follow)
    if spelled is None or spelled.lines != sealed:
        return None
    nodes = compute_line_subtrees(order.first_line, order.lines)
    return UnchangedBlock(nodes, spelled.listed, extra.consents, spelled.size, other_dates, spelled.newest)


class _SplitLines(Struct, frozen=True):
    """The lines of a block: those of the content and the name of each item, and the others with their item."""

    lines: list[bytes]
    extra: list[tuple[int, bytes]]


def _split(block: bytes, first_item: int, items: int) -> _SplitLines | None:
    lines = block.split(b"\n")[:-1]
    if len(lines) == LINES_PER_ITEM * items:
        return _SplitLines(lines, [])
    plain: list[bytes] = []
    extra: list[tuple[int, bytes]] = []
    begun = 0
    for line in lines:
        if begins_item(line):
            begun += 1
            plain.append(line)
        elif len(plain) < LINES_PER_ITEM * begun:
            plain.append(line)
        else:
            extra.append((first_item + begun - 1, line))
    return _SplitLines(plain, extra) if len(plain) == LINES_PER_ITEM * items else None


class _Extra(Struct, frozen=True):
    """What is stated about the items of a block beside what they are and their names."""

    consents: dict[int, ConsentTerms]
    follow: list[tuple[str, ...]]
    """Kinds of the statements after the content of each item; empty if no item has more than its name."""


def _check_extra(extra: list[tuple[int, bytes]], first_item: int, items: int) -> _Extra | None:
    """Check what else is stated about the items, and find their terms; None if whoever decodes it is to say more."""
    if not extra:
        return _Extra({}, [])
    consents: dict[int, ConsentTerms] = {}
    follow: list[tuple[str, ...]] = [PLAIN_STATEMENTS] * items
    field = (0, "")
    for item, line in extra:
        try:
            statement = parse_statement(line)
        except FormatError:
            return None
        if isinstance(statement, WithheldStatement) or statement.item != item:
            return None
        follow[item - first_item] += (statement.kind,)
        if isinstance(statement, ContextStatement):
            if (item, statement.field) <= field:
                return None
            field = (item, statement.field)
        elif isinstance(statement, ConsentStatement):
            consents[item] = statement.terms
    try:
        for item, kinds in enumerate(follow, first_item):
            check_statements(item, ItemType.FILE, kinds)
    except FormatError:
        return None
    return _Extra(consents, follow)


def _find_salts(lines: list[bytes]) -> list[str] | None:
    """Find the salts of lines that are a content and a name in turn; None if one is not a salt."""
    salts: list[bytes] = []
    for content, file in zip(lines[::2], lines[1::2], strict=True):
        at = content.find(_SALT) + len(_SALT)
        salts.append(content[at : at + _SALT_DIGITS])
        salts.append(file[-_SALT_DIGITS - _FILE_TAIL : -_FILE_TAIL])
    if any(len(salt) != _SALT_DIGITS for salt in salts) or b"".join(salts).translate(None, _HEX):
        return None
    return [salt.decode("ascii") for salt in salts]


def _with_sealed_dates(reading: Reading, lines: list[bytes]) -> tuple[Reading, int] | None:
    """Put the sealed dates in place of those that were found, and count those that differ."""
    rows = list(reading.rows)
    kinds = "".join(run.kinds for run in reading.runs)
    differing = 0
    for index, (row, line) in enumerate(zip(reading.rows, lines[1::LINES_PER_ITEM], strict=True)):
        at = line.find(_DATE) + len(_DATE)
        try:
            sealed = parse_mtime(line[at : at + _DATE_LENGTH].decode("ascii"))
        except (UnicodeDecodeError, FormatError):
            # No date is sealed, or none that is one: that is for whoever decodes the line to say.
            return None
        found = row.stamp.mtime if isinstance(row, Observation) and row.stamp else row[1]
        if found == sealed:
            continue
        # The date of a link changes with every copy, and most tools cannot set it.
        differing += kinds[index] != Kind.SYMLINK.value
        if not isinstance(row, Observation):
            rows[index] = (row[0], sealed, *row[2:])
        elif row.stamp is not None:
            rows[index] = row._replace(stamp=row.stamp._replace(mtime=sealed))
    return replace(reading, rows=rows), differing
