"""What a verification allows a certificate to say, and of which items.

| exit code | certificate |
| --- | --- |
| 0 | whole |
| 1, 3, 4, and the seals can be relied on | limited to items that were read and are equal; says on top what was found |
| 1, 3, 4 otherwise | refused: a page that gives the reason, without anything to sign |

The seals can be relied on if every signature was checked, no question but integrity is answered by a mismatch,
and at least one file is equal. A mismatch of single items excludes these items. A record that contradicts itself
excludes all of them. The certificate about the process (`us-902-13`) says that a program gave an answer, and not which
items are equal: any answer but 4 can be certified.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from enum import Enum

from msgspec import Struct

from evtool.core.custody.events import Event
from evtool.core.errors import ExitCode
from evtool.core.finding import Axis, AxisState, Code
from evtool.core.manifest.statement import ItemType
from evtool.core.text.ranges import parse_ranges, ranges_of
from evtool.core.values import names_of
from evtool.report.account import Account, AccountItem
from evtool.report.certificate.kind import CertificateKind


class Extent(Enum):
    """How far a certificate goes."""

    WHOLE = "whole"
    LIMITED = "limited"
    REFUSED = "refused"


class WhyRefused(Enum):
    """Why there is no certificate; the values are names of sentences."""

    NO_RECORD = "no-record"
    SIGNATURES = "signatures"
    CONTRADICTION = "contradiction"
    NOTHING_EQUAL = "nothing-equal"
    NOT_TOLD = "not-told"


class Standing(Struct, frozen=True):
    """What may be said.

    Attributes:
        extent: how far a certificate goes.
        refusal: why there is none, or None.
        fates: item -> which fate it met, a field of `ItemFates`; empty if that is not known for each of them.
    """

    extent: Extent
    refusal: WhyRefused | None
    fates: dict[int, str]

    def ranges(self) -> dict[str, tuple[str, ...]]:
        """Give the items that met each fate, as ranges."""
        numbers: dict[str, list[int]] = defaultdict(list)
        for item, fate in self.fates.items():
            numbers[fate].append(item)
        return {fate: tuple(ranges_of(sorted(found)).serialize()) for fate, found in numbers.items()}


def judge(account: Account, kind: CertificateKind) -> Standing:
    """Say what a certificate of this kind may say about this account."""
    fates = tell_fates(account)
    refusal = _refuse(account, fates)
    is_about_process = kind is CertificateKind.US_902_13 and account.report.head is not None
    if is_about_process and account.report.exit_code is not ExitCode.NOT_CHECKED:
        refusal = None
    if refusal:
        return Standing(Extent.REFUSED, refusal, fates)
    return Standing(Extent.WHOLE if account.report.exit_code is ExitCode.OK else Extent.LIMITED, None, fates)


def _refuse(account: Account, fates: dict[int, str]) -> WhyRefused | None:
    report = account.report
    if report.collection is None or report.head is None:
        return WhyRefused.NO_RECORD
    if any(state is AxisState.FAILED for axis, state in report.axes.items() if axis is not Axis.INTEGRITY):
        return WhyRefused.CONTRADICTION
    if report.axes.get(Axis.SIGNATURES) is not AxisState.SHOWN:
        return WhyRefused.SIGNATURES
    if not report.items.ok or (fates and not count_equal(account, fates)):
        return WhyRefused.NOTHING_EQUAL
    if not fates or any(finding.code is Code.ACCOUNTS_DIFFER for finding in report.findings):
        return WhyRefused.NOT_TOLD
    return None


_FATES = {
    Code.CHANGED: "changed",
    Code.MISSING: "missing",
    Code.RENAMED: "renamed",
    Code.TYPE_CHANGED: "type_changed",
    Code.UNREADABLE: "unreadable",
    Code.CHANGING: "unreadable",
    Code.DISPOSED: "disposed",
    Code.LINK_ABSENT: "stated_only",
}
"""Findings about single items -> the fate of the item."""


def tell_fates(account: Account) -> dict[int, str]:
    """Tell which fate each listed item met: empty unless that gives the very numbers that the verification counted.

    That an item is equal shows from no finding being about it, which alone would show nothing: an account lists at most
    1,000 findings of a kind. Items that are withheld as a whole are not listed.
    """
    report = account.report
    # A bundle holds statements of its links and empty directories, and nothing else of them.
    apart = sum(item.type in (ItemType.SYMLINK, ItemType.DIRECTORY) for item in account.items)
    fates = {item.item: _stated_fate(item, in_bundle=report.items.stated_only == apart) for item in account.items}
    if Code.DISPOSED in report.more_findings:
        fates.update(dict.fromkeys(_disposed(account), "disposed"))
    for finding in report.findings:
        if finding.item in fates and finding.code in _FATES:
            fates[finding.item] = _FATES[finding.code]
    told = Counter(fates.values())
    told["withheld"] += report.sealed - len(fates)
    counted = {name: getattr(report.items, name) for name in names_of(report.items)}
    return fates if told == Counter(counted) else {}


def count_equal(account: Account, fates: dict[int, str]) -> int:
    """Count the items with equal digests: a link or an empty directory has none, and can be as sealed without."""
    return sum(item.sha256 is not None and fates.get(item.item) == "ok" for item in account.items)


def _stated_fate(item: AccountItem, *, in_bundle: bool) -> str:
    """Tell the fate of an item as far as its statements decide it."""
    if not item.sound:
        return "unjudged"
    if item.type is None:
        return "withheld"
    if item.type is ItemType.OMITTED:
        return "omitted"
    return "stated_only" if in_bundle and item.type is not ItemType.FILE else "ok"


def _disposed(account: Account) -> set[int]:
    """Give the items that entries record as disposed of; asked item by item, as a range can claim any number."""
    entries = [entry for entry in account.log if entry.event is Event.DISPOSED]
    named = [parse_ranges(entry.items) for entry in entries if entry.items is not None]
    last = max((entry.entry for entry in entries if entry.items is None), default=0)
    return {item.item for item in account.items if item.entry < last or any(item.item in ranges for ranges in named)}
