"""Steps 7 to 9 of FORMAT-verify.md: manifests, lists of checksums, and what is withheld."""

from __future__ import annotations

import re

import manifest_format
from file_formats import digest, with_lf
from findings import DISPROVES, UNCHECKED, Findings, demand, unless_read
from manifest_format import Group, Line
from model import Entry, Item
from record import Record


def check_manifest(record: Record, seal: Entry) -> None:
    """Step 7: of a manifest that cannot be read to its end, the items before the fault are kept."""
    name = f"{seal.stem}.jsonl"
    demand(name in record.names, DISPROVES, "manifest-missing")
    data = record.read(name, "manifest-unreadable")
    lines = [Line(text) for text in data.split(b"\n")]
    is_signed = is_as_signed(lines, seal)
    converted = [Line(text) for text in with_lf(data).split(b"\n")] if b"\r\n" in data else lines
    effect = UNCHECKED if is_signed or is_as_signed(converted, seal) else DISPROVES
    with unless_read(effect, "manifest-invalid"):
        end, number = manifest_format.read_items(lines, seal)
    demand(is_signed, DISPROVES, "manifest-mismatch")
    is_whole = len(seal.items) == seal.details["items"]
    demand(is_whole or seal.withholds, DISPROVES, "manifest-mismatch")
    items_after = seal.details["first_item"] + seal.details["items"] - number
    with unless_read(DISPROVES, "manifest-mismatch"):
        manifest_format.require_lines(seal.details["lines"] - end, items_after)
    seal.passed = True


def is_as_signed(lines: list[Line], seal: Entry) -> bool:
    """Tell whether a manifest, readable or not, is the one that was signed."""
    if lines[-1].size > 0 or any(line.size > 16 * 1024 * 1024 for line in lines):
        return False
    try:
        return manifest_format.compute_root(lines) == (seal.details["root"], seal.details["lines"])
    except ValueError:
        return False


def check_checksums(record: Record, seal: Entry) -> None:
    """Step 8: the list of checksums, which a partial copy need not have."""
    name = f"{seal.stem}.sha256"
    if seal.withholds and name not in record.names:
        return
    demand(name in record.names, DISPROVES, "checksums-missing")
    data = record.read(name, "checksums-unreadable")
    is_signed = digest(data) == seal.details["checksums"]
    is_converted = digest(with_lf(data)) == seal.details["checksums"]
    demand(is_signed or not is_converted, UNCHECKED, "checksums-mismatch")
    first_line = re.match(rb"# SHA-256 of the items of this seal; salt [0-9a-f]{32}\n", data)
    demand(is_signed and first_line, DISPROVES, "checksums-mismatch")
    is_listed = seal.withholds or data.partition(b"\n")[2] == manifest_format.list_checksums(
        seal.items
    )
    demand(is_listed, DISPROVES, "checksums-mismatch")


# ------------------------------------------------------------------------------ step 9: withholding


Lists = list[tuple[Entry, list[Group], set[int]]]  # an entry `disclosed`, and what its list says


def read_lists(record: Record, entries: list[Entry], findings: Findings) -> Lists:
    """Read the lists that are there, the newest first."""
    lists = []
    for entry in reversed(entries):
        name = f"{entry.stem}.items"
        if entry.event == "disclosed" and name in record.names:
            with findings.about(entry.number):
                data = record.read(name, "disclosure-invalid")
                demand(len(data) <= 4 * 1024 * 1024, UNCHECKED, "disclosure-invalid")
                is_signed = digest(data) == entry.details.get("list")
                demand(is_signed, DISPROVES, "disclosure-invalid")
                with unless_read(UNCHECKED, "disclosure-invalid"):
                    lists.append((entry, *manifest_format.read_list(data)))
    return lists


def is_explained(seals: list[Entry], lacking: list[int], lists: Lists, findings: Findings) -> bool:
    """Steps 9b and 9c: tell whether the copy agrees with one of the lists.

    `lacking` are the entries whose details are not here.
    """
    if not any(seal.withholds for seal in seals) and not lacking:
        return True
    if any(agrees(seals, lacking, *listed) for listed in lists):
        return True
    for entry, groups, numbers in lists[:1]:  # the newest
        promised = find_promised(items_before(entry, seals), groups)
        findings += [(DISPROVES, "missing", f"item {number}") for number in promised]
        absent = [number for number in lacking if number < entry.number and number not in numbers]
        findings.add(DISPROVES, "disclosure-invalid", *absent)
    findings.append((UNCHECKED, "withheld-unexplained", ""))
    return False


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
    for first, last, names in groups:
        if first <= item.number <= last:
            kinds = [name.partition(".")[0] for name in names]
            is_disclosed = [f"context.{field}" in names for field in item.fields]
            return item.withheld == kinds and not any(is_disclosed)
    return False


def find_promised(items: list[Item], groups: list[Group]) -> list[int]:
    """Give the first number of each run of items that a list discloses and this copy does not."""
    promised = []
    numbers = sorted(item.number for item in items)
    for first, last, _ in groups:
        expected = first
        for number in [*(number for number in numbers if first <= number <= last), last + 1]:
            if number > expected:
                promised.append(expected)
            expected = number + 1
    return promised
