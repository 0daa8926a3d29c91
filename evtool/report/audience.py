"""Taking out of an account what its audience does not get, and counting what was taken out.

What stays is listed here, and everything else goes: a field that a later version adds is left out until it is listed.
"""

from __future__ import annotations

from collections import Counter

from evtool.core.custody.events import Event
from evtool.core.errors import UsageError
from evtool.core.finding import Code
from evtool.core.manifest.statement import ItemType
from evtool.core.terms.terms import Purpose
from evtool.core.text.expressions import compiled_when_used
from evtool.core.timestamp.time_report import StampReport
from evtool.core.values import replace
from evtool.report.account import (
    Account,
    AccountFinding,
    AccountItem,
    AccountVerdict,
    AnchorUsed,
    Audience,
    Hidden,
    ListedItems,
)
from evtool.report.consent_document import Terms
from evtool.report.document import LogEntry
from evtool.report.told import ToldWords, without_causes, without_names, without_patterns

_CODES = frozenset(
    {
        *("sender", "acceptance", "transfer", "accepted", "recipient", "approved_by", "list", "confirmed"),
        *(
            "first_item",
            "items",
            "lines",
            "root",
            "checksums",
            "allowed",
            "original",
            "copy",
            "entry",
            "head",
            "undone",
        ),
        *("agent", "key", "role", "algorithm", "files", "list_renewed"),
    }
)
"""Fields of event tables that hold numbers, digests and codes of agents: everybody gets them."""

_FOR_RECIPIENTS = _CODES | {"carrier", "method", "terms"}
_PURPOSES = frozenset(purpose.value for purpose in Purpose)
"""Codes of purposes; any other purpose of an entry is a text, which can name a trial or a person."""

_PATTERNS = frozenset({"exclude"})
_NAMES = frozenset({"paths"})
_SOURCES = frozenset({"source"})

_CONTEXT_FOR_COURT = frozenset({"kind", "language", "collected_at"})
_TERMS_FOR_COURT = frozenset(
    {
        *("handling", "status", "for", "share", "identity", "onward", "defence", "conditions"),
        *("from", "until", "review", "agreement"),
    }
)
"""Every term that may limit a disclosure; who gave consent, form numbers and notes are not among them."""

_PLAIN = compiled_when_used(r"[0-9a-f]{64}|[0-9a-f]{128}|SHA256:[A-Za-z0-9+/]{43}")
_PLAIN_OR_NUMBER = compiled_when_used(rf"{_PLAIN.pattern}|[0-9]{{1,16}}")
"""What is a digest, or a fingerprint, or a number, and so no name."""

_TOOL = compiled_when_used(r"evtool [0-9][0-9.]{0,20}")
_TYPES = frozenset(kind.value for kind in ItemType)

_ORDER = list(Audience)


def restrict(account: Account, audience: Audience, *, with_names: bool = False) -> Account:
    """Take out what this audience does not get. `with_names` leaves the names of items in for a court.

    Raises:
        UsageError: the account was made for a stricter audience: what it lacks cannot be put back.
    """
    if _ORDER.index(audience) < _ORDER.index(account.audience):
        raise UsageError(
            "this account was made for the audience {made}, and lacks what {asked} would get",
            hint="make the report from the evidence again",
            key="account-audience",
            made=account.audience.value,
            asked=audience.value,
        )
    names_are_gone = account.audience is Audience.COURT and not account.with_names
    if with_names and names_are_gone:
        raise UsageError(
            "this account holds no names", hint="make the report from the evidence again", key="account-no-names"
        )
    if audience is Audience.CUSTODIAN:
        return account
    keeps_names = audience is not Audience.COURT or with_names
    editor = _Editor(audience, keeps_names)
    return editor.edit(account, with_names=audience is Audience.COURT and with_names)


def list_only(account: Account, listed: ListedItems) -> Account:
    """Leave the statements about items out that are not to be listed; counts stay as they are.

    Raises:
        UsageError: the account lists fewer items already.
    """
    order = list(ListedItems)
    if order.index(listed) < order.index(account.listed):
        raise UsageError(
            "this account lists {listed} of the items",
            hint="make the report again",
            key="account-lists-less",
            listed=account.listed.value,
        )
    if listed is ListedItems.ALL:
        return account
    about = {finding.item for finding in account.report.findings} if listed is ListedItems.FINDINGS else set()
    return replace(account, listed=listed, items=tuple(item for item in account.items if item.item in about))


class _Editor:
    """Takes things out for one audience, and counts them by kind."""

    def __init__(self, audience: Audience, keeps_names: bool) -> None:
        self._is_court = audience is Audience.COURT
        self._audience = audience
        self._keeps_names = keeps_names
        self._gone: Counter[str] = Counter()

    def edit(self, account: Account, *, with_names: bool) -> Account:
        """Give the account without what was taken out."""
        self._gone["paths"] += account.path is not None
        edited = replace(
            account,
            audience=self._audience,
            with_names=with_names,
            path=None,
            asked=replace(account.asked, anchors=tuple(map(self._anchor, account.asked.anchors))),
            report=self._verdict(account.report),
            log=tuple(map(self._entry, account.log)),
            items=tuple(map(self._item, account.items)),
            derived=tuple(replace(pair, method=self._text(pair.method)) for pair in account.derived),
        )
        before = account.hidden
        kinds = ("names", "texts", "codes", "claims", "patterns", "paths")
        return replace(edited, hidden=Hidden(**{kind: getattr(before, kind) + self._gone[kind] for kind in kinds}))

    def _text(self, value: str | None) -> str | None:
        """Keep a text for a recipient; a court gets none."""
        if not self._is_court:
            return value
        self._gone["texts"] += bool(value)
        return None

    def _name(self, value: str | None) -> str | None:
        if self._keeps_names or value is None:
            return value
        self._gone["names"] += 1
        return None

    def _anchor(self, anchor: AnchorUsed) -> AnchorUsed:
        return replace(anchor, name=self._text(anchor.name))

    def _verdict(self, verdict: AccountVerdict) -> AccountVerdict:
        return replace(
            verdict,
            findings=tuple(map(self._finding, verdict.findings)),
            timestamps=tuple(map(self._stamp, verdict.timestamps)),
        )

    def _finding(self, finding: AccountFinding) -> AccountFinding:
        said, remarks = self._told(finding.says), tuple(map(self._told, finding.remarks))
        finding = replace(finding, says=said, remarks=remarks)
        if self._keeps_names:
            return finding
        # A number is a size where content changed, and counts something in the record; else it can be a file's name.
        is_of_file = finding.path is not None or finding.item is not None
        plain = _PLAIN if is_of_file and finding.code is not Code.CHANGED else _PLAIN_OR_NUMBER
        expected, found = (
            value if value in _TYPES or plain.fullmatch(value or "") else None
            for value in (finding.expected, finding.found)
        )
        hides = (expected != finding.expected) + (found != finding.found) + (finding.path is not None)
        self._gone["names"] += hides
        return replace(
            finding, path=None, expected=expected, found=found, hidden=finding.hidden or hides > 0 or bool(said.hidden)
        )

    def _told(self, told: ToldWords) -> ToldWords:
        told, texts = without_causes(without_patterns(told))
        self._gone["texts"] += texts
        if not self._keeps_names:
            told, names = without_names(told)
            self._gone["names"] += names
        return told

    def _stamp(self, stamp: StampReport) -> StampReport:
        if not self._is_court:
            return stamp
        self._gone["texts"] += bool(stamp.detail) + bool(stamp.authority) + len(stamp.cautions)
        return replace(stamp, detail="", authority=None, cautions=())

    def _entry(self, entry: LogEntry) -> LogEntry:
        kept = _CODES if self._is_court else _FOR_RECIPIENTS
        is_code = entry.event is Event.DISCLOSED and entry.details.get("purpose") in _PURPOSES
        kept = kept | {"purpose"} if is_code else kept
        details = {name: value for name, value in entry.details.items() if name in kept}
        for name in entry.details.keys() - details.keys():
            value = entry.details[name]
            number = len(value) if isinstance(value, list) else 1
            kind = "patterns" if name in _PATTERNS else "names" if name in _NAMES else None
            kind = kind or ("codes" if name in _SOURCES else "texts")
            if kind == "names" and self._keeps_names:
                details[name] = value
            else:
                self._gone[kind] += number
        # A record says itself what made it: what another program wrote there is text like any other.
        tool = entry.tool if _TOOL.fullmatch(entry.tool or "") else self._text(entry.tool)
        return replace(entry, reason=self._text(entry.reason), tool=tool, details=details)

    def _item(self, item: AccountItem) -> AccountItem:
        self._gone["claims"] += len(item.claims)
        context = item.context
        if self._is_court:
            context = {field: value for field, value in context.items() if field in _CONTEXT_FOR_COURT}
            for field in item.context.keys() - context.keys():
                self._gone["codes" if field == "source" else "texts"] += 1
        return replace(
            item,
            name=self._name(item.name),
            target=self._name(item.target),
            context=context,
            claims={},
            terms=self._terms(item.terms),
        )

    def _terms(self, terms: Terms | None) -> Terms | None:
        if terms is None or not self._is_court:
            return terms
        kept = {name: value for name, value in terms.items() if name in _TERMS_FOR_COURT}
        self._gone["texts"] += len(terms) - len(kept)
        return kept
