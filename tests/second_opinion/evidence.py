"""Steps 10 and 11 of FORMAT-verify.md: what lies in the evidence, and what became of each item."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import unicodedata
from hashlib import sha256

from blake3 import blake3

import forms
from forms import is_companion, is_left_out, kind_of, store
from manifest import Item
from record import DISPROVES, NOTE, OPEN, UNCHECKED, Entry

# Of an item that became one of these, nothing was found out.
UNCOMPARED = {
    "omitted": NOTE,
    "disposed": NOTE,
    "name-form": NOTE,
    "unreadable": UNCHECKED,
    "link-absent": OPEN,
}

LITTER = [".DS_Store", "Thumbs.db", "ehthumbs.db", "desktop.ini"]


def is_hidden(root: bytes, path: bytes, patterns: list[str]) -> bool:
    """Section "Patterns": what has the name of litter is left out only if it has its bytes, too."""
    litter = [pattern for pattern in patterns if pattern in LITTER]
    others = [pattern for pattern in patterns if pattern not in LITTER]
    has_name = os.path.basename(path).decode("utf-8", "replace") in litter
    return is_left_out(path, others) or (has_name and is_companion(os.path.join(root, path)))


def list_evidence(root: bytes, patterns: list[str]) -> dict[bytes, str]:
    """Step 10: give the kind of each thing that lies in the evidence directory, by its path."""
    things: dict[bytes, str] = {}
    waiting = [b""]
    while waiting:
        directory = waiting.pop()
        try:
            names = os.listdir(os.path.join(root, directory))
        except OSError:
            things[directory] = "unlistable"
            continue
        paths = [os.path.join(directory, name) for name in names]
        paths = [
            path for path in paths if path != b"custody" and not is_hidden(root, path, patterns)
        ]
        if directory and not paths:
            things[directory] = "directory"
        for path in paths:
            kind = kind_of(os.path.join(root, path))
            if kind == "directory":
                waiting.append(path)
            else:
                things[path] = kind
    return things


def give_names(items: list[Item], entries: list[Entry]) -> None:
    """Rules E32 and E33: give items the names that they have now; one that is withheld stays so."""
    for entry in entries:
        if entry.event != "renamed":
            continue
        numbers = itertools.chain(*forms.read_ranges(entry.header["items"]))
        names = dict(zip(numbers, entry.details["paths"], strict=True))
        for item in items:
            if item.path and item.number in names and item.seal.number < entry.number:
                item.give_name(forms.unstore(names[item.number]), entry.number)


class Comparison:
    """Step 11: the items that are not found yet, and the things that are not explained yet."""

    def __init__(self, root: bytes, seals: list[Entry], entries: list[Entry]) -> None:
        self.root = root
        self.disposals = [entry for entry in entries if entry.event == "disposed"]
        handovers = [entry for entry in entries if entry.event == "disclosed"]
        self.bundles = [entry.number for entry in handovers if "list" in entry.details]
        self.patterns = seals[-1].details["exclude"] if seals else []
        self.things = list_evidence(root, self.patterns)
        unlistable = [path for path, kind in self.things.items() if kind == "unlistable"]
        self.findings = [(UNCHECKED, "unreadable", store(path)) for path in unlistable]
        self.unlistable = [path + b"/" if path else b"" for path in unlistable]
        self.omitted: list[bytes] = []  # directories that could not be read when they were sealed
        self.doubtful: list[bytes] = []  # names that a later Unicode may take for others
        self.compared = 0
        items = [item for seal in seals for item in seal.items]
        give_names(items, entries)
        self.missing = sorted(items, key=lambda item: (not item.path, item.sort_key, item.named_by))
        self.replaced = [  # given up before the next item got that path
            item
            for item, later in itertools.pairwise(self.missing)
            if item.path and item.sort_key == later.sort_key
            if item.named_by < later.named_by and self.is_disposed(item, later.named_by)
        ]

    def run(self, *, is_known: bool) -> list[tuple[str, str, str]]:
        """Try to find each item, one way after the other; then judge what is left."""
        ways = [self.at_its_path, self.behind_patterns, self.under_its_number]
        ways += [self.below_unlistable, self.given_up, self.as_another_type]
        ways += [self.in_another_form, self.under_another_name, self.nowhere]
        for way in ways:
            if way == self.under_another_name and any(map(is_unknown, self.things)):
                self.doubtful = [item.path for item in self.missing if is_unknown(item.path)]
            for item in list(self.missing):
                fate = way(item)
                if fate:
                    self.missing.remove(item)
                    self.settle(item, fate)
        expected = tuple(self.omitted + self.unlistable)
        extra = [path for path in self.things if not (path + b"/").startswith(expected)]
        extra = [path for path in extra if not is_companion(os.path.join(self.root, path))]
        for path in extra if is_known else []:
            effect = UNCHECKED if self.doubtful and is_unknown(path) else DISPROVES
            self.findings.append((effect, "extra", store(path)))
        if extra and not is_known:
            self.findings.append((UNCHECKED, "not-hashed", ""))
        if self.compared == 0:
            self.findings.append((UNCHECKED, "no-items", ""))
        return self.findings

    def settle(self, item: Item, fate: str) -> None:
        """Say what became of an item; a manifest that failed step 7 disproves nothing."""
        accuses = item.seal.passed and item.path not in self.doubtful
        effect = UNCOMPARED.get(fate, DISPROVES if accuses else UNCHECKED)
        if fate not in UNCOMPARED and item.seal.passed:
            self.compared += 1
        if fate != "ok":
            self.findings.append((effect, fate, f"item {item.number}"))

    def compare(self, item: Item, path: bytes) -> str:
        """Compare an item with the thing that is taken for it."""
        kind = self.things.pop(path)
        fate = "type-changed"
        if kind == "unlistable":
            return "unreadable"
        if kind == item.content["type"]:
            try:
                fate = "ok" if self.is_same(item, path) else "changed"
            except OSError:
                return "unreadable"
        if fate != "ok" and self.is_disposed(item):
            self.things[path] = kind  # it is something else; the item has no place any more
            return "disposed"
        return fate

    def is_same(self, item: Item, path: bytes) -> bool:
        """Tell whether something of the type of an item has its content."""
        place = os.path.join(self.root, path)
        if item.content["type"] == "symlink":
            return bool(store(os.readlink(place)) == item.content["target"])
        if item.content["type"] == "directory":
            return True
        with open(place, "rb") as file:
            data = file.read()
        digests = {"sha256": sha256(data).hexdigest(), "blake3": blake3(data).hexdigest()}
        return digests.items() <= item.content.items() and len(data) == item.content["size"]

    def is_disposed(self, item: Item, before: int = 10000) -> bool:
        """Rules E21 to E24: tell whether an entry before the one of this number gave an item up."""
        return any(entry.is_about(item) for entry in self.disposals if entry.number < before)

    def at_its_path(self, item: Item) -> str:
        """11a to 11d: an item that is where it was, or that was never read."""
        kind = self.things.get(item.path, "")
        is_there = kind != "" and item.is_directory == (kind in ("directory", "unlistable"))
        is_there = is_there and item not in self.replaced
        if item.content["type"] != "omitted":
            return self.compare(item, item.path) if is_there else ""
        if is_there:
            self.things.pop(item.path)
        if item.is_directory:
            self.omitted.append(item.path + b"/")
        return "omitted"

    def behind_patterns(self, item: Item) -> str:
        """11e: an item that a later pattern hides."""
        kind = kind_of(os.path.join(self.root, item.path))
        if not item.path or kind == "" or not is_left_out(item.path, self.patterns):
            return ""
        if any(
            kind_of(os.path.join(self.root, path)) != "directory"
            for path in forms.above(item.path)[:-1]
        ):
            return ""  # it is reached over a symbolic link
        self.things[item.path] = kind
        return self.compare(item, item.path)

    def under_its_number(self, item: Item) -> str:
        """11f: an item under a name that is made of its number; of several, the last one."""
        form = rf"item-{item.number:06d}(\.[a-z0-9]{{1,8}})?"
        paths = [path for path in self.things if re.fullmatch(form, store(path))]
        return self.compare(item, max(paths)) if paths else ""

    def below_unlistable(self, item: Item) -> str:
        """11g: an item of which nobody could see whether it is there."""
        return "unreadable" if item.sort_key.startswith(tuple(self.unlistable)) else ""

    def given_up(self, item: Item) -> str:
        """11h: an item that nobody misses."""
        return "disposed" if self.is_disposed(item) else ""

    def as_another_type(self, item: Item) -> str:
        """11i: an item in whose place, or below it, lies something else."""
        if item.path and any((path + b"/").startswith(item.path + b"/") for path in self.things):
            self.things.pop(item.path, None)
            return "type-changed"
        return ""

    def in_another_form(self, item: Item) -> str:
        """11j: an item whose name lies there in another Unicode form, if there is one of each."""
        form = composed(item.path)
        items = [other for other in self.missing if composed(other.path) == form]
        paths = [path for path in self.things if composed(path) == form]
        if len(items) != 1 or len(paths) != 1:
            return ""
        self.settle(item, "name-form")
        return self.compare(item, paths[0])

    def under_another_name(self, item: Item) -> str:
        """11k: a file whose bytes lie in a file that no seal names."""
        for path in sorted(self.things) if item.content.get("size") else []:
            size = os.lstat(os.path.join(self.root, path)).st_size
            if self.things[path] == "file" and size == item.content["size"]:
                with contextlib.suppress(OSError):
                    if self.is_same(item, path):
                        self.things.pop(path)
                        return "renamed"
        return ""

    def nowhere(self, item: Item) -> str:
        """11l: an item that is gone; of a link, bundles hold only the statement."""
        is_bundled = any(number > item.seal.number for number in self.bundles)
        return "link-absent" if item.content["type"] == "symlink" and is_bundled else "missing"


def composed(path: bytes) -> str:
    """Give the composed form of a name."""
    return unicodedata.normalize("NFC", store(path))


def is_unknown(path: bytes) -> bool:
    """Tell whether a name holds a code point that this version of Unicode does not assign."""
    return "Cn" in map(unicodedata.category, store(path))
