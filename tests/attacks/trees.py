"""Trees that are hard to copy: very deep, very long, in every script, full of links, twins and look-alikes."""

from __future__ import annotations

import contextlib
import os
import random
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

DEPTH = 2000
"""Directories above the deepest file."""

ALPHABETS = (
    "abcXYZ019-_ .",
    "김철수증언각힣",
    "свидетельЁж",
    "شاهدعيان",
    "עדראיה",
    "พยานหลักฐาน",
    "गवाहीप्रमाण",
    "証言証拠動画",
    "𠀀𠀁🙂👩‍👧é\u0301\u0323",
    "\u200b\u200e\u202e\ufeff\xad",
    "\x01\n\t\x7f\x85",
    '<>:"|?*\\%~',
)
AWKWARD = (
    *("CON", "aux.txt", "LPT1.log", "NUL .x", "trailing.", " leading", "~tilde", "100%", "%41", "-rf", "a\\b"),
    *("Custody", "CUSTODY", "custody.txt", "data", "bagit.txt", "manifest-sha256.txt", "README.txt", "2024", "1-3"),
)
NEUTRAL = (
    "item-000001",
    "item-000002.txt",
    "ITEM-000001",
    "item-000003.x0",
    "item-1",
    "Item-000002.TXT",
    "item-000004.jpg",
)


@dataclass(slots=True)
class Plan:
    """A tree as it is to be made.

    Attributes:
        files: path -> bytes.
        links: path -> target.
        directories: paths of empty directories.
    """

    files: dict[bytes, bytes] = field(default_factory=dict)
    links: dict[bytes, bytes] = field(default_factory=dict)
    directories: set[bytes] = field(default_factory=set)

    def is_free(self, path: bytes) -> bool:
        """Whether something can be put at a path."""
        taken = {*self.files, *self.links, *self.directories}
        parts = path.split(b"/")
        above = {b"/".join(parts[:end]) for end in range(1, len(parts))}
        return path not in taken and not above & taken and not any(other.startswith(path + b"/") for other in taken)


def make_name(dice: random.Random) -> bytes:
    """Make one name, of up to 255 bytes."""
    kind = dice.random()
    if kind < 0.15:
        name = dice.choice(AWKWARD).encode()
    elif kind < 0.3:
        name = dice.choice(NEUTRAL).encode()
    elif kind < 0.35:
        name = dice.randbytes(dice.randint(1, 40))
    else:
        length = dice.choice([1, 3, 8, 20, 255])
        name = "".join(dice.choice(dice.choice(ALPHABETS)) for _ in range(length)).encode()
        if dice.random() < 0.3:
            name += dice.choice([b".txt", b".jpg", b".hwp"])
    name = name.replace(b"/", b"").replace(b"\0", b"")[:255]
    return name if name not in (b"", b".", b"..", b"custody") else b"x"


def twin_of(name: bytes, dice: random.Random) -> bytes:
    """Make a name that some systems take for the same."""
    text = name.decode("utf-8", "surrogateescape")
    form = dice.choice(["NFC", "NFD", "upper", "lower", "swap"])
    if form in ("NFC", "NFD"):
        changed = unicodedata.normalize("NFD" if form == "NFD" else "NFC", text)
    else:
        changed = {"upper": text.upper(), "lower": text.lower(), "swap": text.swapcase()}[form]
    twin = changed.encode("utf-8", "surrogateescape")[:255]
    return twin if twin not in (b"", b".", b"..", b"custody") else b"y"


def make_plan(dice: random.Random) -> Plan:
    """Make a tree of a few entries that differ in every way; about one in ten is as deep as can be."""
    plan = Plan()
    folders = [b""]
    for _ in range(dice.randint(0, 4)):
        folders.append(_join(dice.choice(folders), make_name(dice)))
    if dice.random() < 0.1:
        folders.append(b"/".join(b"%d" % (level % 10) for level in range(dice.randint(500, DEPTH))))
    if dice.random() < 0.1:
        folders.append(b"/".join(dice.choice([b"n" * 255, "각".encode() * 85]) for _ in range(dice.randint(15, 100))))
    for _ in range(dice.randint(1, 8)):
        _put(plan, _join(dice.choice(folders), make_name(dice)), dice)
    for path in list(plan.files):
        if dice.random() < 0.3:
            folder, _, name = path.rpartition(b"/")
            _put(plan, _join(folder, twin_of(name, dice)), dice)
    if len(folders) > 5 and dice.random() < 0.7:
        _put(plan, _join(folders[-1], b"deep"), dice)
    for _ in range(dice.choice([0, 0, 1, 4])):
        path = _join(dice.choice(folders), make_name(dice))
        if plan.is_free(path):
            plan.links[path] = make_target(plan, folders, dice)
    for _ in range(dice.choice([0, 0, 1, 2])):
        path = _join(dice.choice(folders), make_name(dice))
        if plan.is_free(path):
            plan.directories.add(path)
    if not plan.files:
        plan.files[b"the only one"] = b"x"
    return plan


def make_target(plan: Plan, folders: list[bytes], dice: random.Random) -> bytes:
    """Make the target of a link: somewhere inside, through other links, round in a circle, or outside."""
    steps = [b"..", b".", b"nowhere", make_name(dice), *plan.links, *plan.files, *folders]
    kind = dice.random()
    if kind < 0.1:
        return dice.choice([b"/etc/passwd", b"/", b"../../../outside", b".."])
    return (b"/".join(dice.choice(steps) or b"." for _ in range(dice.randint(1, 4))))[:4000] or b"."


def _put(plan: Plan, path: bytes, dice: random.Random) -> None:
    if plan.is_free(path):
        plan.files[path] = dice.randbytes(dice.choice([0, 1, 30, 5000]))


def _join(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name


def build(plan: Plan, root: Path) -> None:
    """Make a tree, step by step: no path is ever given to the system as a whole."""
    for path, data in plan.files.items():
        parent, name = _open_parent(root, path)
        with os.fdopen(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, dir_fd=parent), "wb") as file:
            file.write(data)
        os.utime(name, ns=(10**18 + len(data), 10**18 + len(data)), dir_fd=parent)
        os.close(parent)
    for path in plan.directories:
        parent, name = _open_parent(root, path)
        os.mkdir(name, dir_fd=parent)
        os.close(parent)
    for path, target in plan.links.items():
        parent, name = _open_parent(root, path)
        os.symlink(target, name, dir_fd=parent)
        os.close(parent)


def _open_parent(root: Path, path: bytes) -> tuple[int, bytes]:
    *above, name = path.split(b"/")
    parent = os.open(root, os.O_RDONLY)
    for component in above:
        with contextlib.suppress(FileExistsError):
            os.mkdir(component, dir_fd=parent)
        inner = os.open(component, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=parent)
        os.close(parent)
        parent = inner
    return parent, name


def read_tree(root: Path, *, without: bytes = b"custody") -> Plan:
    """Read a tree as it is, step by step, but for one entry of its root."""
    plan = Plan()
    waiting = [(os.open(root, os.O_RDONLY), b"")]
    # One descriptor for each directory that waits: those of one level at a time, and never a path as a whole.
    while waiting:
        descriptor, path = waiting.pop()
        with os.scandir(descriptor) as entries:
            found = [(os.fsencode(entry.name), entry) for entry in entries]
        inner = 0
        for name, entry in found:
            place = _join(path, name)
            if place == without:
                continue
            inner += 1
            if entry.is_symlink():
                plan.links[place] = os.readlink(name, dir_fd=descriptor)
            elif entry.is_dir(follow_symlinks=False):
                waiting.append((os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=descriptor), place))
            else:
                with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=descriptor), "rb") as file:
                    plan.files[place] = file.read()
        os.close(descriptor)
        if not inner and path:
            plan.directories.add(path)
    return plan


def leads_outside(root: Path, path: bytes) -> bool:
    """Follow a link as a system does, one name at a time, and tell whether a step leads out of the root."""
    at, waiting, followed = path.split(b"/")[:-1], (_read_link(root, path) or b"/").split(b"/"), 0
    if waiting[0] == b"":
        return True
    while waiting:
        name = waiting.pop(0)
        if name in (b"", b"."):
            continue
        if name == b"..":
            if not at:
                return True
            at.pop()
            continue
        target = _read_link(root, b"/".join([*at, name]))
        if target is None:
            at.append(name)
        elif target.startswith(b"/"):
            return True
        elif followed == 40:
            return False  # a loop, where systems give up
        else:
            followed += 1
            waiting[:0] = target.split(b"/")
    return False


def _read_link(root: Path, path: bytes) -> bytes | None:
    """Read where a link leads, however long its path is; None where there is no link."""
    *above, name = path.split(b"/")
    parent = os.open(root, os.O_RDONLY)
    try:
        for component in above:
            inner = os.open(component, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY, dir_fd=parent)
            os.close(parent)
            parent = inner
        return os.readlink(name, dir_fd=parent)
    except OSError:
        return None
    finally:
        os.close(parent)
