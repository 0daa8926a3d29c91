"""The page that people read: HTML in one file, made from an account and a language, and from nothing else.

The same account and language give the same bytes: no clock, no zone, no path and no environment is asked. The page has
no script; its style is allowed by a digest. Names are escaped for eyes (`shown`) and then for HTML, by the template.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from msgspec import Struct

from evtool.core.custody.events import Event
from evtool.core.errors import ExitCode
from evtool.core.finding import AxisState, Code, Effect
from evtool.core.ssh.signature import NAMESPACE
from evtool.core.terms.terms import Handling
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.core.text.ranges import ranges_of
from evtool.core.timestamp.token_state import TokenState
from evtool.core.values import names_of
from evtool.report.account import Account, AccountFinding, Audience
from evtool.report.language import PAGES, Language, load_language
from evtool.report.qr import draw_head
from evtool.report.timeline import TimelineRow, choose_rows, draw_timeline

TEMPLATES = Path(__file__).parent / "templates"

MARKS = {AxisState.SHOWN: "✓", AxisState.FAILED: "✗", AxisState.NOT_ESTABLISHED: "?"}
"""A sign for each answer, beside the word: color alone says nothing on paper."""

_MOST_DETAILS = 200

_NEXT = {
    "copy": "changed missing extra type-changed bag-broken",
    "access": "unreadable changing manifest-unreadable checksums-unreadable custody-unreadable no-items "
    "accounts-differ not-hashed not-selected",
    "record": "manifest-invalid manifest-mismatch manifest-missing checksums-mismatch checksums-missing "
    "signature-invalid signer-differs entry-invalid entry-missing entry-doubled chain-broken continuation-apart "
    "timestamp-missing timestamp-changed renewal-mismatch records-part custody-extra line-ends disclosure-invalid",
    "trust": "key-unknown key-other-agent key-other-namespace key-not-yet-valid key-no-longer-valid signers-too-few",
    "retired": "key-retired",
    "stamp": "no-timestamp time-not-proven timestamp-open timestamp-failed",
    "sender": "withheld-unexplained renamed time-claim time-contradiction clock-order clock-doubtful undo-invalid "
    "renewal-incomplete item-unknown link-absent",
    "consent": "no-consent",
    "receipt": "transfer-open receipt-invalid",
    "head": "head-unknown no-witness",
}
"""What to do -> the findings after which that is to be done; after all others nothing is."""

_NEXT_OF = {code: key for key, codes in _NEXT.items() for code in codes.split()}


class FindingGroup(Struct, frozen=True):
    """Findings of one kind, as a row.

    Attributes:
        code: what they are.
        sentence: that in words.
        count: how many things they are about.
        items: ranges of items.
        entries: ranges of entries.
        next: what to do.
        details: the findings that compare something, one by one.
        more: how many of these are not there.
    """

    code: Code
    sentence: str
    count: int
    items: tuple[str, ...]
    entries: tuple[str, ...]
    next: str
    details: tuple[AccountFinding, ...]
    more: int


class EffectGroup(Struct, frozen=True):
    """The findings of one effect."""

    effect: Effect
    groups: tuple[FindingGroup, ...]


class Bounds(Struct, frozen=True):
    """What is proven of the time of an entry."""

    not_before: str | None
    not_after: str | None


class PageView(Struct, frozen=True):
    """What the template needs beside the account.

    Attributes:
        utc: when it was checked, in UTC.
        handling: key of the sentence about handling.
        verdict: key of the sentence of the verdict.
        effects: the findings, worst first.
        head_lines: the head, four groups of four to a line.
        qr: the head as SVG, or None.
        picture: custody over time as SVG, or None.
        left_out: entries that the picture leaves out.
        bounds: entry -> what is proven of its time.
        trusted: entries whose key is trusted.
        receipts, countersigned: entries of others that confirm something.
        stamps: how many time-stamps passed.
        noted: whether the head that was noted is in the record.
        commands: lines that repeat the check without evtool.
        command: the line that repeats it with evtool.
        has_names: whether items may have names here.
    """

    utc: str
    handling: str
    verdict: str
    effects: tuple[EffectGroup, ...]
    head_lines: tuple[str, ...]
    qr: Markup | None
    picture: Markup | None
    left_out: int
    bounds: dict[int, Bounds]
    trusted: frozenset[int]
    receipts: str
    countersigned: str
    stamps: int
    noted: bool
    commands: tuple[str, ...]
    command: str
    has_names: bool


def render_page(account: Account, language: str) -> str:
    """Write the page of an account in one of the languages of `list_languages(PAGES)`."""
    texts = load_language(language, PAGES)
    style = (TEMPLATES / "page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = _load_template()
    page = template.render(
        account=account,
        report=account.report,
        made=account.made,
        view=_view(account, texts),
        say=texts.say,
        word=texts.word,
        language=texts.code,
        terms=tuple(texts.table("glossary")),
        limits=tuple(texts.table("limits"))[1:],
        fates=names_of(account.report.items),
        marks={state.value: mark for state, mark in MARKS.items()},
        style=Markup(style),  # noqa: S704  # a file of this program
        style_digest=digest,
    )
    # Macros stand before the first line.
    return page[page.index("<!DOCTYPE") :].rstrip() + "\n"


@cache
def _load_template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = shown
    environment.filters["fours"] = group_in_fours
    return environment.get_template("page.html.j2")


def _view(account: Account, texts: Language) -> PageView:
    report = account.report
    rows = list(_rows(account, texts))
    chosen = choose_rows(rows)
    has_head = report.head is not None and report.collection is not None
    groups = group_in_fours(report.head).split(" ") if report.head else []
    picture = draw_timeline(chosen, texts.say("timeline.picture"), texts.say("timeline.open")) if rows else None
    qr = draw_head(report.collection or "", report.head or "", texts.say("head.qr")) if has_head else None
    found = {finding.code for finding in report.findings}
    verified = datetime.fromisoformat(account.made.verified_at)
    return PageView(
        utc=verified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        handling=f"consent.{report.handling if report.handling in _HANDLINGS else 'other'}",
        verdict=f"verdict.{report.exit_code.value if report.exit_code in _SAID else ExitCode.NOT_CHECKED.value}",
        effects=tuple(_effects(account, texts)),
        head_lines=tuple(" ".join(groups[at : at + 4]) for at in range(0, len(groups), 4)),
        qr=Markup(qr) if qr else None,  # noqa: S704  # of digits and letters
        picture=Markup(picture) if picture else None,  # noqa: S704  # what is text in it is escaped there
        left_out=len(rows) - len(chosen),
        bounds={interval.entry: Bounds(interval.not_before, interval.not_after) for interval in report.intervals},
        trusted=frozenset(signer.entry for signer in report.signers if signer.trusted),
        receipts=_entries(account, Event.RECEIVED),
        countersigned=_entries(account, Event.COUNTERSIGNED),
        stamps=sum(stamp.state is TokenState.PASSED for stamp in report.timestamps),
        noted=account.asked.expected_head is not None and Code.HEAD_UNKNOWN not in found and has_head,
        commands=tuple(_commands(account)),
        command=_command(account),
        has_names=account.audience is not Audience.COURT or account.with_names,
    )


_HANDLINGS = frozenset(handling.value for handling in Handling)
_SAID = (ExitCode.OK, ExitCode.MISMATCH, ExitCode.NOT_ESTABLISHED, ExitCode.NOT_CHECKED)


def _rows(account: Account, texts: Language) -> Iterator[TimelineRow]:
    bounds = {interval.entry: interval for interval in account.report.intervals}
    unanswered = {f.entry for f in account.report.findings if f.code is Code.TRANSFER_OPEN}
    for entry in account.log:
        interval = bounds.get(entry.entry)
        yield TimelineRow(
            entry=entry.entry,
            label=texts.word("event", entry.event.value),
            claimed=datetime.fromisoformat(entry.happened_at),
            not_before=_moment(interval.not_before) if interval else None,
            not_after=_moment(interval.not_after) if interval else None,
            is_open=entry.entry in unanswered,
            is_kept=entry.event in (Event.SEALED, Event.TRANSFERRED, Event.DISCLOSED, Event.RECEIVED),
        )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _effects(account: Account, texts: Language) -> Iterator[EffectGroup]:
    for effect in Effect:
        kinds: dict[Code, list[AccountFinding]] = defaultdict(list)
        for finding in account.report.findings:
            if finding.effect is effect:
                kinds[finding.code].append(finding)
        if kinds:
            yield EffectGroup(effect, tuple(_group(account, texts, code, found) for code, found in kinds.items()))


def _group(account: Account, texts: Language, code: Code, findings: list[AccountFinding]) -> FindingGroup:
    compared = [f for f in findings if f.effect in (Effect.DISPROVES, Effect.UNCHECKED) and _has_details(f)]
    return FindingGroup(
        code=code,
        sentence=texts.say(f"finding.{code.value}"),
        count=sum(f.count for f in findings) + account.report.more_findings.get(code, 0),
        items=_spell(f.item for f in findings),
        entries=_spell(f.entry for f in findings),
        next=texts.say(f"next.{_NEXT_OF.get(code.value, 'nothing')}"),
        details=tuple(compared[:_MOST_DETAILS]),
        more=max(len(compared) - _MOST_DETAILS, 0),
    )


def _has_details(finding: AccountFinding) -> bool:
    return finding.path is not None or finding.expected is not None or finding.found is not None or finding.hidden


def _spell(numbers: Iterable[int | None]) -> tuple[str, ...]:
    known = sorted({number for number in numbers if number})
    return tuple(ranges_of(known).serialize()) if known else ()


def _entries(account: Account, event: Event) -> str:
    return ", ".join(_spell(entry.entry for entry in account.log if entry.event is event))


def _commands(account: Account) -> Iterator[str]:
    """Give the lines that check the newest entry, and every list of digests, with tools that are not evtool."""
    if not account.log:
        return
    newest = account.log[-1]
    name = f"custody/{newest.entry:04d}-{newest.event.value}.toml"
    yield (f"ssh-keygen -Y verify -f trusted_keys -I {newest.agent} -n {NAMESPACE} -s {name}.sig < {name}")
    yield f"sha256sum {name}"
    for entry in account.log:
        if entry.event is Event.SEALED:
            yield f"sha256sum -c custody/{entry.entry:04d}-sealed.sha256"
    for stamp in account.report.timestamps:
        yield from stamp.repeat


def _command(account: Account) -> str:
    asked = [f" --require {axis.value}" for axis in account.asked.required if axis.value in ("time", "consent")]
    asked += [" --require whole"] if account.asked.whole else []
    asked += [f" --require signers={account.asked.min_signers}"] if account.asked.min_signers > 1 else []
    head = f" --expect-head {account.report.head}" if account.report.head else ""
    return f"evtool verify PATH --trust trusted_keys{''.join(asked)}{head}"
