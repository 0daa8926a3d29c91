"""Steps 4 and 5 of FORMAT-verify.md: who signed the entries, and what they say about each other."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import time
import tomllib
from pathlib import Path

from forms import fingerprint
from record import Entry

HANDOVERS = ("transferred", "disclosed")
UNDOABLE = ("consent-changed", "disposed", "renamed")


# ------------------------------------------------------------------------------ step 4a: trust


def is_trusted(path: bytes, entry: Entry, trust: str, recipients: str) -> bool:
    """Ask ssh-keygen whether the user's list trusts the signer of the entry that lies here."""
    command = ["ssh-keygen", "-Y", "verify", "-n", "evtool-custody-v1", "-f", trust]
    command += ["-I", entry.agent, "-s", os.fsdecode(path) + ".sig"]
    with open(path, "rb") as file:
        run = subprocess.run(command, stdin=file, capture_output=True, check=False)
    return run.returncode == 0 or is_of_recipient(entry, trust, recipients)


def is_of_recipient(entry: Entry, trust: str, recipients: str) -> bool:
    """Tell whether a recipient of the user's list signed, with one of its `signing_keys`."""
    if not recipients or entry.event not in ("received", "countersigned"):
        return False
    known = tomllib.loads(Path(recipients).read_text("utf-8")).get("recipient", {})
    for line in known.get(entry.agent, {}).get("signing_keys", []):
        key = line.split()[1]
        if fingerprint(base64.b64decode(key)) == entry.signer:
            lines = Path(trust).read_text("utf-8", "replace").splitlines()
            return all(is_in_force(line) for line in lines if key in line.split())
    return False


def is_in_force(line: str) -> bool:
    """Tell whether now is within the dates of a line of the list; without Z they are local."""
    for name, digits, zone in re.findall(r'valid-(after|before)="(\d+)(Z?)"', line, re.IGNORECASE):
        now = time.strftime("%Y%m%d%H%M%S", time.gmtime() if zone else time.localtime())
        moment = digits.ljust(14, "0")
        if now < moment if name.lower() == "after" else now > moment:
            return False
    return True


# ---------------------------------------------------------------- rules E34 to E40: houses, undoing


def read_houses(entries: list[Entry]) -> tuple[set[int], list[Entry]]:
    """Rules E38 to E40: the entries by keys that are retired, and the admissions that count."""
    by_retired: set[int] = set()
    admissions: list[Entry] = []
    houses: dict[tuple[str, str], int] = {}  # by code and key; 0 is the house of the sender
    retired: dict[str, int] = {}  # by key: the house that it acted for
    successions: dict[str, list[tuple[str, int]]] = {}  # by key: the keys that it retires
    is_handed_over = False
    for entry in entries:
        retired.update(successions.pop(entry.signer, []))
        is_of_sender = not is_handed_over and entry.event != "received"
        is_handed_over = is_handed_over or entry.event in (*HANDOVERS, "received")
        if entry.signer in retired:
            by_retired.add(entry.number)
            continue
        house = houses.setdefault(entry.who, 0 if is_of_sender else entry.number)
        if entry.event == "admitted" and entry.details["key"] != entry.signer:
            key = entry.details["key"]
            admitted = (entry.details["agent"], key)
            if house != 0 and houses.get(admitted, house) != house:
                continue  # E39: it belongs to another house
            houses[admitted] = house
            admissions.append(entry)
            if house in (0, retired.get(key)):
                retired.pop(key, None)
            if entry.details["role"] == "after":
                successions.setdefault(key, []).append((entry.signer, house))
    return by_retired, admissions


def find_undone(
    entries: list[Entry], by_retired: set[int], admissions: list[Entry]
) -> tuple[set[int], list[int]]:
    """Rules E34 and E35: the entries that are undone, and those that undo nothing."""
    undone: set[int] = set()
    invalid = []
    by_number = {entry.number: entry for entry in entries}
    for entry in entries:
        other = by_number.get(entry.details["entry"]) if entry.details.get("undone") else None
        if other is None or other.number >= entry.number or other.digest != entry.details["head"]:
            continue  # it breaks E17
        is_same = other.lacks_details or entry.header.get("items") == other.header.get("items")
        if (
            other.event in UNDOABLE
            and other.number not in undone
            and may_undo(entry, other, admissions)
            and entry.number not in by_retired
            and is_same
        ):
            undone.add(other.number)
        else:
            invalid.append(entry.number)
    return undone, invalid


def may_undo(entry: Entry, other: Entry, admissions: list[Entry]) -> bool:
    """E35: the signer of the other entry undoes it, or somebody whom that signer admitted."""
    return entry.who == other.who or any(
        admission.number < entry.number
        and admission.who == other.who
        and (admission.details["agent"], admission.details["key"]) == entry.who
        and (admission.details["role"] == "after" or other.event != "consent-changed")
        for admission in admissions
    )


# ---------------------------------------------------------------- step 5e: where records part


def find_parting(first: list[Entry], second: list[Entry]) -> tuple[Entry, Entry] | None:
    """Section "Where records part": two entries that follow the same one, neither an answer."""
    if not first or not second or first[0].collection != second[0].collection:
        return None
    followers = {entry.previous: entry for entry in first}
    by_digests = {entry.digests: entry for entry in first}
    for entry in second:
        other = followers.get(entry.previous)
        if other is not None and other.digests != entry.digests:
            before = by_digests.get(entry.previous)
            is_answered = is_answer(other, before) or is_answer(entry, before)
            return None if is_answered else (other, entry)
    return None


def is_answer(entry: Entry, before: Entry | None) -> bool:
    """Tell whether a recipient answers with this entry the one before it, if that can be used."""
    if entry.event != "received" or entry.details["transfer"] != entry.previous[0]:
        return False
    if before is None:
        return True
    return before.event in HANDOVERS and before.details["recipient"] == entry.agent
