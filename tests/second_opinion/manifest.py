"""What the lines of a manifest, of a list of checksums and of a list of withheld statements say.

What is read here by the page FORMAT-manifest.md raises ValueError if it looks like anything else.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from hashlib import sha256
from typing import Any

from forms import FIELDS, Table, above, fits, read_ranges, require, unstore
from record import Entry

Group = tuple[range, list[str]]  # a range of items, and which statements of each are withheld

# ---------------------------------------------------------------------- FORMAT-manifest.md: lines


def read_canonical(line: bytes) -> Table:
    """Rule M3: one JSON object, in its one spelling."""
    value = json.loads(line.decode())
    check_plain(value, depth=0)
    spelled = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    require(isinstance(value, dict) and spelled.encode() == line)
    return dict(value)


def check_plain(value: Any, depth: int) -> None:
    """Rules T2 and M4: what may stand in a line, however deep."""
    if isinstance(value, dict):
        require("".join(value).isascii())
        value = list(value.values())
    if isinstance(value, list):
        require(depth <= 16)
        for inner in value:
            check_plain(inner, depth + 1)
    elif value is not None and not isinstance(value, str | bool):
        require(fits(value, "NUMBER"))


def read_statement(line: bytes) -> Table:
    """Rules M5 to M8: one line of a manifest, without its line feed."""
    require(len(line) <= 65536)
    statement = read_canonical(line)
    kind = str(statement.get("kind"))
    if kind == "content":
        kind += f" {statement.get('type')}"
    require(kind in FIELDS and fits(statement, kind))
    require(kind == "content file" or "metadata" not in statement.get("statements", []))
    require(kind != "metadata" or "claims" in statement or "failure" in statement)
    return statement


class Line:
    """One line of a manifest."""

    def __init__(self, text: bytes) -> None:
        self.size = len(text)
        self.statement: Table | None = None  # if it cannot be read
        self.node = sha256(b"\x00" + text).digest()  # its hash in the tree
        self.count = 1  # how many lines it stands for
        with contextlib.suppress(ValueError, RecursionError):
            self.statement = read_statement(text)
        if self.statement is not None and self.statement["kind"] == "withheld":
            self.node = bytes.fromhex(self.statement["hash"])
            self.count = self.statement["lines"]


class Item:
    """What a manifest discloses of one item."""

    def __init__(self, content: Table, place: int, seal: Entry) -> None:
        self.content = content
        self.number = int(content["item"])
        self.seal = seal
        self.place = place  # how many lines stand before its own, withheld ones counted
        self.end = place + 1 + len(content["statements"])
        self.withheld = list(content["statements"])  # kinds of statements, but for the disclosed
        self.fields: list[str] = []  # of context, as far as they are disclosed
        self.path = b""  # empty if its name is withheld
        self.sort_key = b""  # rule M12
        self.named_by = seal.number  # the entry by which it has its name
        type_or_reason = content.get("reason", content["type"])
        self.is_directory = type_or_reason in ("directory", "unreadable-directory")

    def add(self, statement: Table, place: int) -> None:
        """Take a statement that follows the content, if it is the one announced for this place."""
        kind = statement["kind"]
        require(statement["item"] == self.number)
        require(kind == self.content["statements"][place - self.place - 1])
        self.withheld.remove(kind)
        if kind == "file":
            self.give_name(unstore(statement["path"]), self.seal.number)
        if kind == "context":
            require(not self.fields or self.fields[-1] < statement["field"])
            self.fields.append(statement["field"])

    def give_name(self, path: bytes, entry: int) -> None:
        """Name it as an entry says."""
        self.path = path
        self.sort_key = path + b"/" if self.is_directory else path
        self.named_by = entry


def read_items(lines: list[Line], seal: Entry) -> tuple[int, int]:
    """Rules M9 to M12, P5 to P7: put the statements of each item together, up to a fault.

    Gives how many lines stand before the end of the last item, and the number after its own.
    """
    item = None
    place = end = 0
    number = seal.details["first_item"]
    last_key = b""
    paths: set[bytes] = set()
    for line in lines[:-1]:
        if line.statement is None:
            raise ValueError
        if line.statement["kind"] == "withheld":
            seal.withholds = True
            require_node(place, line.count)
        elif line.statement["kind"] == "content":
            require(item is None)
            item = Item(line.statement, place, seal)
        elif item is None:
            raise ValueError
        else:
            item.add(line.statement, place)
        place += line.count
        if item is not None and place >= item.end:
            require_lines(item.place - end, item.number - number)
            require("consent" not in item.withheld)
            if item.path:
                require(item.sort_key > last_key and paths.isdisjoint(above(item.path)))
                last_key = item.sort_key
                paths.add(item.path)
            seal.items.append(item)
            end = item.end
            number = item.number + 1
            item = None
    require(item is None and lines[-1].size == 0)  # after the last line feed there is nothing
    return end, number


def require_lines(lines: int, items: int) -> None:
    """Rule P8: each withheld item has two lines at least, and each withheld line an item."""
    require(lines >= 2 * items >= 0 and (lines == 0) == (items == 0))


def require_node(before: int, count: int) -> None:
    """Rules P1 and P3: so many lines, after so many others, are the leaves of one node."""
    require(count.bit_count() == 1 and before % count == 0)


def compute_root(lines: list[Line]) -> tuple[str, int]:
    """Rules M14 and P4: the root hash, and how many lines there are, withheld ones counted."""
    trees: list[tuple[bytes, int]] = []  # complete ones from left to right: root and size
    count = 0
    for line in lines[:-1]:
        require_node(count, line.count)
        count += line.count
        node, size = line.node, line.count
        while trees and trees[-1][1] == size:
            node = sha256(b"\x01" + trees.pop()[0] + node).digest()
            size *= 2
        trees.append((node, size))
    root = trees.pop()[0] if trees else sha256(b"").digest()
    while trees:
        root = sha256(b"\x01" + trees.pop()[0] + root).digest()
    return root.hex(), count


def read_list(data: bytes) -> tuple[list[Group], set[int]]:
    """Rules D1 to D3: a list: ranges in the order of items, and the entries without details."""
    require(data.endswith(b"\n"))
    listed = read_canonical(data[:-1])
    require(fits(listed, "LIST") and 1 <= len(listed["groups"]) <= 1024)
    entries = read_ranges(listed["entries"]) if "entries" in listed else []
    require(all(numbers.stop <= 10000 for numbers in entries))
    kinds = [group["withheld"] for group in listed["groups"]]
    ranges = [read_ranges(group["items"]) for group in listed["groups"]]
    require(all(names == sorted(set(names), key=kind_order) for names in kinds))
    require(all(kinds.count(names) == 1 for names in kinds))
    require(ranges == sorted(ranges, key=lambda own: own[0].start))
    groups = [(items, names) for own, names in zip(ranges, kinds, strict=True) for items in own]
    groups.sort(key=lambda group: group[0].start)
    require(all(group[0].stop <= after[0].start for group, after in itertools.pairwise(groups)))
    return groups, {number for numbers in entries for number in numbers}


def kind_order(name: str) -> tuple[bool, str]:
    """Give the place of a kind in a list: fields of context come last."""
    return name.startswith("context"), name


def list_checksums(items: list[Item]) -> bytes:
    """Rule L2: the list without its first line."""
    lines = []
    for item in items:
        size = len(item.path)
        if item.content["type"] == "file" and size > 4095:
            text = f"# item {item.number} is not listed: its path has {size} bytes, "
            lines.append(text.encode() + b"more than sha256sum can open\n")
        elif item.content["type"] == "file":
            path = b"./-" if item.path == b"-" else item.path
            escaped = path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
            mark = b"\\" if escaped != path else b""
            lines.append(mark + item.content["sha256"].encode() + b"  " + escaped + b"\n")
    return b"".join(lines)


# ------------------------------------------------------------------------------ step 9: withholding


def agrees(
    seals: list[Entry], lacking: list[int], entry: Entry, groups: list[Group], numbers: set[int]
) -> bool:
    """Tell whether the copy is what a list says, and nothing is withheld later."""
    items = items_before(entry, seals)
    is_as_said = all(is_as_listed(item, groups) for item in items)
    withholds_later = any(seal.withholds for seal in seals if seal.number > entry.number)
    is_whole = not find_promised(items, groups) and set(lacking) == numbers
    return is_as_said and is_whole and not withholds_later


def items_before(entry: Entry, seals: list[Entry]) -> list[Item]:
    """Give the items that are sealed before an entry."""
    return [item for seal in seals if seal.number < entry.number for item in seal.items]


def is_as_listed(item: Item, groups: list[Group]) -> bool:
    """Tell whether a list discloses an item, and withholds of it what this copy does."""
    for items, names in groups:
        if item.number in items:
            kinds = [name.partition(".")[0] for name in names]
            is_disclosed = [f"context.{field}" in names for field in item.fields]
            return item.withheld == kinds and not any(is_disclosed)
    return False


def find_promised(items: list[Item], groups: list[Group]) -> list[int]:
    """Give the first number of each run of items that a list discloses and this copy does not."""
    promised = []
    numbers = sorted(item.number for item in items)
    for items_of_group, _ in groups:
        expected = items_of_group.start
        here = [number for number in numbers if number in items_of_group]
        for number in [*here, items_of_group.stop]:
            if number > expected:
                promised.append(expected)
            expected = number + 1
    return promised
