"""What the files of a record look like: the pages FORMAT-text.md, -manifest.md and -entry.md.

Whatever is read here raises ValueError if it looks like anything else. What is a mere table (fields
and their forms, names of files) stands in grammar.toml.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import fnmatch
import hashlib
import itertools
import json
import os
import re
import stat
import textwrap
import tomllib
import urllib.parse
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import nacl.exceptions
import nacl.signing

Table = dict[str, Any]
Group = tuple[int, int, list[str]]  # a range of items, and which statements of each are withheld

GRAMMAR = tomllib.loads((Path(__file__).parent / "grammar.toml").read_text("utf-8"))
FIELDS = {
    kind: dict(field.split() for field in listed.split(",") if field)
    for kind, listed in GRAMMAR["fields"].items()
}


def require(condition: object) -> None:
    """Refuse what is being read unless this holds."""
    if not condition:
        raise ValueError


# ------------------------------------------------------------------ FORMAT-text.md: forms and names


def fits(value: Any, form: str) -> bool:
    """Tell whether a value has a form of grammar.toml."""
    if form.endswith("[]"):
        return isinstance(value, list) and all(fits(each, form[:-2]) for each in value)
    if form.endswith("{}"):
        require(isinstance(value, dict) and all(len(name) <= 128 for name in value))
        return all(fits(each, form[:-2]) for each in value.values())
    if form in FIELDS:
        return has_fields(value, FIELDS[form])
    if form in GRAMMAR["numbers"]:
        least, greatest = GRAMMAR["numbers"][form]
        return type(value) is int and least <= value <= greatest  # a boolean is no number
    if form in CHECKS:
        return CHECKS[form](value)
    expression = GRAMMAR["texts"].get(form, form.removeprefix("="))
    return isinstance(value, str) and re.fullmatch(expression, value) is not None


def has_fields(value: Any, fields: dict[str, str]) -> bool:
    """Tell whether a value is a table of these fields and no others, each of its form."""
    forms = {name.removesuffix("?"): form for name, form in fields.items()}
    needed = {name for name in fields if not name.endswith("?")}
    if not isinstance(value, dict) or not needed <= set(value) <= set(forms):
        return False
    return all(fits(each, forms[name]) for name, each in value.items())


def read_ranges(value: Any) -> list[tuple[int, int]]:
    """Section "Events": ranges of items, ascending, not touching; gives first and last of each."""
    require(fits(value, "RANGE[]") and value)
    ranges: list[tuple[int, int]] = []
    for text in value:
        first, dash, last = text.partition("-")
        require(fits(int(last or first), "NUMBER") and (not dash or int(first) < int(last)))
        require(not ranges or ranges[-1][1] + 1 < int(first))
        ranges.append((int(first), int(last or first)))
    return ranges


def store(name: bytes) -> str:
    """Rule T10: give the stored form of a name on disk."""
    text = name.decode("utf-8", "surrogateescape")  # each byte that is no UTF-8 is a surrogate
    return re.sub(
        "[\x00-\x1f%\x7f-\x9f\ud800-\udfff]",
        lambda sign: "".join(f"%{byte:02X}" for byte in sign[0].encode("utf-8", "surrogateescape")),
        text,
    )


def unstore(stored: Any) -> bytes:
    """Rule T10: give the bytes of a name, which have this stored form and no other."""
    require(isinstance(stored, str))
    name = urllib.parse.unquote_to_bytes(stored)
    require(store(name) == stored)
    return name


def above(path: bytes) -> list[bytes]:
    """Give the paths of the directories that a path leads through, and the path itself."""
    parts = path.split(b"/")
    return [b"/".join(parts[:end]) for end in range(1, len(parts) + 1)]


def is_path(value: Any) -> bool:
    """Rules T11 and T12: tell whether this can be the path of an item."""
    parts = unstore(value).split(b"/")
    return not any(part in (b"", b".", b"..") or b"\0" in part for part in parts)


def is_date(value: Any) -> bool:
    """Rule T3: tell whether this is a date of modification, on a day that there is; or none."""
    return value is None or (fits(value, "DATE") and bool(datetime.date.fromisoformat(value[:10])))


CHECKS: dict[str, Callable[[Any], bool]] = {
    "ANYTHING": lambda value: isinstance(value, dict),
    "MTIME": is_date,
    "PATH": is_path,
    "RANGES": lambda value: bool(read_ranges(value)),
    "STATEMENTS": lambda value: fits(value, "KIND[]") and fits(",".join(value), "KINDS"),
    "TARGET": lambda value: unstore(value) != b"",
    "TRUE": lambda value: value is True,
    "TIME": lambda value: isinstance(value, datetime.datetime) and value.tzinfo is not None,
}


# -------------------------------------------------------------- FORMAT-entry.md: files, their names


def is_named(name: str, *sorts: str) -> bool:
    """Tell whether the name of a file in the custody directory is of one of these sorts."""
    return any(re.fullmatch(GRAMMAR["names"][sort], name) for sort in sorts)


def kind_of(path: bytes) -> str:
    """Tell what lies there, without following a symbolic link; empty if nothing does."""
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError:  # of a name that is too long for this system, nothing can be seen
        return "unlistable"
    kinds = {stat.S_IFREG: "file", stat.S_IFLNK: "symlink", stat.S_IFDIR: "directory"}
    return kinds.get(stat.S_IFMT(mode), "special")


def is_companion(path: bytes) -> bool:
    """Tell whether another system wrote this file beside others."""
    directory, name = os.path.split(path)
    for name_form, start_form, size in GRAMMAR["companions"]["forms"]:
        match = re.fullmatch(name_form.encode(), name, re.DOTALL)
        if match and kind_of(path) == "file" and os.path.getsize(path) <= size:
            with open(path, "rb") as file:
                start = file.read(4096)
            if start.startswith(b"\xff\xfe"):  # UTF-16
                start = start[2:].replace(b"\x00", b"")
            if re.match(rb"(\xef\xbb\xbf)?(" + start_form.encode() + b")", start):
                beside = b"".join(part for part in match.groups() if part)
                return os.path.lexists(os.path.join(directory, beside))
    return False


# ------------------------------------------------------- FORMAT-manifest.md: manifests, their lists


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


# ----------------------------------------------------------------------- FORMAT-entry.md: the entry


class Entry:
    """An entry that is usable; of a seal, with what its manifest says."""

    def __init__(self, header: Table, digest: str) -> None:
        self.header = header
        self.digest = digest
        self.number = int(header["sequence"])
        self.event = str(header["event"])
        self.stem = f"{self.number:04d}-{self.event}"
        self.details: Table = header[self.event]
        self.lacks_details = (
            "reason" not in header
        )  # they are in a file that this copy does not have
        self.items: list[Item] = []  # as far as the manifest can be read
        self.withholds = False  # whether lines of the manifest are withheld
        self.passed = False  # whether the manifest passed step 7


def read_toml(data: bytes) -> Table:
    """Rules E2 and E3: TOML in lines of a few forms."""
    text = data.decode()
    lines = re.sub(GRAMMAR["toml"]["text"], "@", text).split("\n")
    require(all(re.fullmatch(GRAMMAR["toml"]["line"], line) for line in lines))
    return tomllib.loads(text)


def read_entry(data: bytes, apart: bytes | None = None) -> Table:
    """Rules E1 to E17: an entry, with details that lie apart; its table is there even if absent."""
    header = read_toml(data)
    event = str(header.get("event"))
    own = {"reason", "items", event}
    require(("reason" in header) != ("details" in header))
    require("details" not in header or (fits(event, "APART") and not own & set(header)))
    if apart is not None:
        stated = read_toml(apart)
        require(stated.pop("format", "") == "evtool-details/1")
        require(fits(stated.pop("salt", ""), "SALT") and "reason" in stated and set(stated) <= own)
        header |= stated
    details = header.pop(event, {})
    require(f"event {event}" in FIELDS and fits(header, "ENTRY"))
    is_here = "reason" in header
    require(fits(details, f"event {event}") or not is_here)
    confirmed = details.get("confirmed", ["x"])
    require(confirmed == sorted(set(confirmed)) and 1 <= len(confirmed) <= 64)
    require((header["sequence"] == 1) != ("previous" in header))
    if event == "sealed":
        require(details["items"] <= details["lines"] and len(details["exclude"]) <= 64)
    if event == "disclosed":
        require("list" not in details or "items" not in header)
    if event == "admitted":
        require("items" not in header)
    if event == "received":
        require(("accepted" in details) == (details["acceptance"] == "partial"))
    if event == "renamed":
        require("details" in header)
    if event == "renamed" and is_here:
        check_names(details["paths"], read_ranges(header.get("items")))
    if event == "derived" and is_here:
        require(details["original"] < details["copy"])
    if event in ("received", "verified", "copied", "transferred", "disclosed"):
        require("fixity" in header)
    if "fixity" in header:
        check_fixity(header["fixity"])
    return header | {event: details}


def check_names(paths: list[str], ranges: list[tuple[int, int]]) -> None:
    """Rules E30 and E31: one new name for each item; none is another one, or lies below one."""
    require(len(paths) == sum(last - first + 1 for first, last in ranges))
    names = {unstore(path) for path in paths}
    require(len(names) == len(paths))
    require(all(names.isdisjoint(above(name)[:-1]) for name in names))


def check_fixity(fixity: Table) -> None:
    """Rule E19: the numbers add up."""
    compared = fixity["ok"] + fixity["changed"] + fixity["missing"] + fixity["unreadable"]
    require(compared == fixity["checked"])
    left = fixity["items"] - fixity["checked"] - fixity["withheld"]
    require(left == 0 or (left > 0 and fixity["scope"] == "sample"))


def is_left_out(path: bytes, patterns: list[str]) -> bool:
    """Section "Patterns": tell whether a pattern matches a path, or that of a directory above."""
    parts = store(path).split("/")
    for pattern in patterns:
        forms = pattern.replace("[", "[[]").split("/")  # a bracket means nothing but itself
        for end in range(1, len(parts) + 1):
            names = parts[end - 1 : end] if len(forms) == 1 else parts[:end]
            if len(names) == len(forms) and all(map(fnmatch.fnmatchcase, names, forms)):
                return True
    return False


# ------------------------------------------------------------------- FORMAT-entry.md: the signature


def find_signer(armored: bytes, message: bytes) -> str:
    """Give the fingerprint of the key that signed a message; empty if the signature is invalid."""
    require(len(armored) <= 4096)
    blob = base64.b64decode(b"".join(armored.split(b"\n")[1:-2]))
    text = textwrap.fill(base64.b64encode(blob).decode(), 70)
    spelled = f"-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n"
    parts = re.fullmatch(GRAMMAR["signature"]["bytes"].encode(), blob)
    if parts is None or armored != spelled.encode():
        raise ValueError
    require(int.from_bytes(parts["length"], "big") == len(parts["namespace"]))
    require(fits(parts["namespace"].decode(), "NAMESPACE"))
    y = int.from_bytes(parts["point"], "little") % 2**255
    require(y < 2**255 - 19 and y not in GRAMMAR["signature"]["small_order"])
    digest = hashlib.new(parts["hash"].decode(), message).digest()
    signed = b"SSHSIG" + parts["signed"] + len(digest).to_bytes(4, "big") + digest
    try:
        # This refuses points of small order, and an S that is not below the group order, as well.
        nacl.signing.VerifyKey(parts["point"]).verify(signed, parts["raw"])
    except nacl.exceptions.BadSignatureError:
        return ""
    fingerprint = base64.b64encode(sha256(parts["key"]).digest()).decode().rstrip("=")
    return f"SHA256:{fingerprint}" if parts["namespace"] == b"evtool-custody-v1" else ""
