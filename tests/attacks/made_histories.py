"""Made histories: seals, new names, disposals and what undoes them, in any order; as recipes of the vectors."""

from __future__ import annotations

import random
from typing import Any

NAMES = ("a", "b", "c/d", "c/e", "c", "강가/f", "item-000002.txt")
CONTENTS = tuple(f"content {number}\n" for number in range(1, 13))
"""Of each item another one: which of two equal files is an item that was renamed, no page says."""
DATE = "2026-02-01T09:00:00.000000000Z"
TIME = "2026-03-01 14:30:00+09:00"


def make_history(rng: random.Random) -> dict[str, Any]:
    """Draw a recipe; its names may contradict each other, and what lies on the disk may be anything."""
    seals: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    undoable: list[tuple[int, list[int]]] = []
    sealed = sequence = 0
    for number in range(1, rng.randint(2, 4)):
        names = sorted(name for name in rng.sample(NAMES, rng.randint(1, 3)) if name != "c" or rng.random() < 0.2)
        names = [name for name in names or ["a"] if not ("c" in names and name.startswith("c/"))]
        items = [{"path": name, "content": CONTENTS[sealed + at], "mtime": DATE} for at, name in enumerate(names)]
        seals.append({"key": "A03", "happened_at": TIME, "recorded_at": TIME, "reason": "test", "item": items})
        sealed, sequence = sealed + len(items), sequence + 1
        for _ in range(rng.randint(0, 3)):
            # Now and then of an item that is sealed later, or never.
            chosen = sorted(rng.sample(range(1, sealed + 2), rng.randint(1, min(2, sealed))))
            sequence += 1
            entry: dict[str, Any] = {"event": rng.choice(["renamed", "renamed", "disposed", "corrected"])}
            if entry["event"] == "corrected" and not undoable:
                entry["event"] = "renamed"
            if entry["event"] == "renamed":
                entry["table"] = {"paths": [name.replace("c", "x", 1) for name in rng.sample(NAMES, len(chosen))]}
            elif entry["event"] == "disposed":
                entry["table"] = {"authority": "x", "method": "y"}
            else:
                about, chosen = rng.choice(undoable)
                entry["table"] = {"entry": about, "correction": "z", "undone": True}
            if entry["event"] != "corrected":
                undoable.append((sequence, chosen))
            entry |= {"apart": True, "after": number, "key": "A03" if rng.random() < 0.9 else "B07", "reason": "test"}
            entry |= {"happened_at": TIME, "recorded_at": TIME, "items": [str(item) for item in ranges(chosen)]}
            entries.append(entry)
    return {"seal": seals, "entry": entries}


def ranges(numbers: list[int]) -> list[str]:
    """Spell at most two numbers as ranges."""
    if len(numbers) == 2 and numbers[1] == numbers[0] + 1:
        return [f"{numbers[0]}-{numbers[1]}"]
    return [str(number) for number in numbers]


def make_disk(rng: random.Random, history: dict[str, Any]) -> dict[str, str]:
    """Draw what lies in the directory, none below another: in half of the draws what ought to; name -> content."""
    if rng.random() < 0.5:
        contents = rng.sample(CONTENTS, len(CONTENTS))
        disk = {name: contents.pop() for name in (*NAMES, "x/d", "x/e") if rng.random() < 0.6}
    else:
        disk = follow(history)
    return {name: text for name, text in disk.items() if not any(other.startswith(f"{name}/") for other in disk)}


def follow(history: dict[str, Any]) -> dict[str, str]:
    """Give what lies there if everything was done as it was recorded, if nothing contradicts itself."""
    undone = {entry["table"]["entry"] for entry in history["entry"] if entry["event"] == "corrected"}
    items: list[tuple[str, str] | None] = []
    sequence = 0
    for number, seal in enumerate(history["seal"], start=1):
        items += [(item["path"], item["content"]) for item in seal["item"]]
        sequence += 1
        for entry in (entry for entry in history["entry"] if entry["after"] == number):
            sequence += 1
            paths = list(entry["table"].get("paths", ()))
            for item in numbers_of(entry["items"]):
                new = paths.pop(0) if paths else None
                if item <= len(items) and sequence not in undone and entry["event"] != "corrected":
                    held = items[item - 1]
                    items[item - 1] = (new, held[1]) if new is not None and held is not None else None
    return dict(item for item in items if item is not None)


def numbers_of(spelled: list[str]) -> list[int]:
    """Read what `ranges` spells."""
    ends = [text.partition("-") for text in spelled]
    return [number for first, _, last in ends for number in range(int(first), int(last or first) + 1)]
