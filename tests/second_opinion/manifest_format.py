"""What manifests and the lists beside them look like: the page FORMAT-manifest.md.

Whatever is read here raises ValueError if it looks like anything else.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from hashlib import sha256
from typing import Any

from file_formats import FIELDS, Table, above, fits, read_ranges, require
from model import Entry, Item

Group = tuple[int, int, list[str]]  # a range of items, and which statements of each are withheld


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
    require(all(last <= 9999 for _, last in entries))
    withheld = [group["withheld"] for group in listed["groups"]]
    ranges = [read_ranges(group["items"]) for group in listed["groups"]]
    require(ranges == sorted(ranges))  # groups stand in the order of their first items
    groups: list[Group] = []
    for names, own_ranges in zip(withheld, ranges, strict=True):
        require(names == sorted(set(names), key=lambda name: (name.startswith("context"), name)))
        require(withheld.count(names) == 1)
        groups += [(first, last, names) for first, last in own_ranges]
    groups.sort()
    require(all(group[1] < following[0] for group, following in itertools.pairwise(groups)))
    return groups, {number for first, last in entries for number in range(first, last + 1)}


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
