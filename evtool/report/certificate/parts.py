"""The parts that certificates share: what was checked, what came of it, what that does not show, and the items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from evtool.core.custody.events import Event
from evtool.core.errors import ExitCode
from evtool.core.finding import Axis, AxisState, Code, Effect
from evtool.core.text.times import format_utc
from evtool.core.timestamp.time_report import ProvenInterval
from evtool.core.values import names_of
from evtool.report.account import AccountFinding, AccountItem
from evtool.report.certificate.standing import Extent
from evtool.report.certificate.writer import Writer, spell_digest, spell_name
from evtool.report.document import LogEntry
from evtool.report.page.findings import say_kind
from evtool.report.page.summary import MARKS
from evtool.report.page.writer import PageWriter
from evtool.report.paper import Block, FieldList, Frame, Grid, PageBreak, Paragraph, ValueKind
from evtool.report.repeat import verify_command


def draft_box(writer: Writer) -> Frame:
    """Say what this paper is: a draft, for which rule, from which sources, and what was not checked."""
    paragraphs = [
        writer.paragraph("draft", rule=writer.say("rule"), is_strong=True),
        writer.paragraph("source"),
        writer.paragraph("unchecked"),
        writer.paragraph("blanks"),
    ]
    if writer.language != writer.kind.language:
        paragraphs.append(writer.paragraph("aid", language=writer.say(f"language-{writer.kind.language}")))
    if not writer.is_reviewed:
        paragraphs.append(writer.paragraph("unreviewed"))
    return Frame(writer.say("draft-title"), tuple(paragraphs))


def verdict_box(writer: Writer) -> list[Block]:
    """Say on top that a check was not clean, or that it was of a part; nothing if it was clean and whole."""
    report = writer.account.report
    if writer.standing.extent is Extent.WHOLE:
        if not report.items.withheld:
            return []
        about = writer.paragraph("partial", withheld=report.items.withheld, sealed=report.sealed)
        return [Frame(writer.say("partial-title"), (about, writer.paragraph("partial-sign")))]
    paragraphs = [verdict(writer), writer.paragraph("limited"), writer.paragraph("limited-sign")]
    if report.axes.get(Axis.TRUST) is not AxisState.SHOWN:
        paragraphs.append(writer.paragraph("limited-trust"))
    return [
        Frame(writer.say("limited-title"), tuple(paragraphs)),
        writer.heading("found"),
        findings(writer),
    ]


def verdict(writer: Writer) -> Paragraph:
    """Say the verdict in the words of the report."""
    report = writer.account.report
    code = report.exit_code if f"{report.exit_code.value}" in writer.page.table("verdict") else ExitCode.NOT_CHECKED
    said = writer.page.say(f"verdict.{code.value}", ok=report.items.ok, sealed=report.sealed)
    return Paragraph((said,), is_strong=True)


_MOST_SAID = 10
"""Findings of one kind that differ which are said one by one; the others are counted."""


def findings(writer: Writer) -> Grid:
    """List what stands against a clean result, by kind, in the sentences of the report."""
    account = writer.account
    kinds: dict[Code, list[AccountFinding]] = defaultdict(list)
    for finding in account.report.findings:
        was_asked = finding.effect is Effect.OPEN and finding.axis in account.asked.required
        if was_asked or finding.effect in (Effect.DISPROVES, Effect.UNCHECKED):
            kinds[finding.code].append(finding)
    page = PageWriter(account, writer.language)
    columns = (writer.column("finding", share=80), writer.column("code", ValueKind.COMMAND))
    rows = [(say_kind(page, code, found, _MOST_SAID), code.value) for code, found in kinds.items()]
    return Grid(columns, tuple(rows))


def identification(writer: Writer) -> FieldList:
    """Say which collection was checked, when, by which program, and which account tells it."""
    account, report = writer.account, writer.account.report
    made = account.made
    trust = account.asked.trust
    verified = format_utc(datetime.fromisoformat(made.verified_at))
    code = spell_digest(made.code_sha256) if made.code_sha256 else writer.say("not-known")
    rows = [
        writer.field("collection", report.collection or "", ValueKind.DIGEST),
        writer.field("head", spell_digest(report.head), ValueKind.DIGEST),
        writer.field("sealed", f"{report.sealed:,}", ValueKind.NUMBER),
        writer.field("read", writer.say("read-what", items=report.items.ok, bytes=report.bytes)),
        writer.field("withheld", f"{report.items.withheld:,}", ValueKind.NUMBER),
        writer.field("verified", writer.say("verified-at", time=made.verified_at, utc=verified)),
        writer.field("program", f"evtool {spell_name(made.evtool)}", ValueKind.COMMAND),
        writer.field("program-code", code, ValueKind.DIGEST),
        writer.field("trust", writer.say(f"trust-{trust.kind.value}", count=trust.keys)),
        *([writer.field("trust-list", spell_digest(trust.sha256), ValueKind.DIGEST)] if trust.sha256 else []),
        writer.field("account", spell_digest(writer.source.sha256), ValueKind.DIGEST),
        writer.field("command", verify_command(account), ValueKind.COMMAND),
    ]
    return FieldList(tuple(rows))


def results(writer: Writer) -> Grid:
    """Count the items by what came of them, with their numbers."""
    report = writer.account.report
    columns = (
        writer.column("result"),
        writer.column("count", ValueKind.NUMBER),
        writer.column("item-numbers", share=50),
    )
    ranges = writer.standing.ranges()
    rows = [
        (writer.page.say(f"fate.{name}"), f"{number:,}", _numbers(writer, ranges.get(name, ()), number))
        for name in names_of(report.items)
        if (number := getattr(report.items, name)) or name == "ok"
    ]
    rows.append((writer.page.say("fate.extra"), f"{report.evidence.extra:,}", ""))
    return writer.table(columns, rows)


def _numbers(writer: Writer, ranges: tuple[str, ...], count: int) -> str:
    """Give the numbers of the items that met a fate; those that are withheld as a whole are all others."""
    if not writer.standing.fates:
        return writer.say("not-known")
    return ", ".join(ranges) if ranges or not count else writer.say("rest")


def axes(writer: Writer) -> Grid:
    """Give the answer to each question."""
    report, asked = writer.account.report, writer.account.asked.required
    columns = (writer.column("question", share=70), writer.column("answer"), writer.column("asked"))
    rows = [
        (
            writer.page.say(f"axis.{axis.value}"),
            f"{MARKS[state]} {writer.page.say(f'state.{state.value}')}",
            writer.say("yes" if axis in asked else "no"),
        )
        for axis, state in report.axes.items()
    ]
    return writer.table(columns, rows)


def seals(writer: Writer) -> Grid:
    """Give each seal with its signer, its time, and the digest of its list of digests."""
    columns = (
        writer.column("entry", ValueKind.NUMBER),
        writer.column("signer", ValueKind.NAME),
        writer.column("trusted", share=9),
        writer.column("claimed", ValueKind.TIME),
        writer.column("proven", share=22),
        writer.column("seal-digests", ValueKind.DIGEST),
    )
    return writer.table(columns, _seals(writer))


def _seals(writer: Writer) -> Iterator[tuple[str, ...]]:
    trusted, intervals = writer.account.trusted_entries(), writer.account.proven_intervals()
    for entry in writer.account.log:
        if entry.event is not Event.SEALED:
            continue
        checksums = entry.details.get("checksums")
        yield (
            str(entry.entry),
            f"{spell_name(entry.agent)} {entry.fingerprint}",
            writer.say("yes" if entry.entry in trusted else "no"),
            entry.happened_at,
            _proven(writer, intervals.get(entry.entry)),
            " ".join([entry.head, str(checksums) if checksums else ""]).strip(),
        )


def _proven(writer: Writer, interval: ProvenInterval | None) -> str:
    """Say between which times an entry was made, as far as time-stamps prove it."""
    first, last = (interval.not_before, interval.not_after) if interval else (None, None)
    name = "between" if first and last else "after" if first else "before" if last else "unproven"
    return writer.say(name, first=first, last=last)


def stamps(writer: Writer) -> Block:
    """List the time-stamps, or say that there is none."""
    found = writer.account.report.timestamps
    if not found:
        return Paragraph((writer.page.say("time.none"),))
    columns = (
        writer.column("entry", ValueKind.NUMBER),
        writer.column("stamp"),
        writer.column("state"),
        writer.column("says", ValueKind.TIME),
        writer.column("authority", ValueKind.DIGEST, 68),
    )
    rows = [
        (
            str(stamp.entry),
            writer.page.say(f"stamp.{stamp.kind.value}"),
            writer.page.say(f"stamp.{stamp.state.value}"),
            stamp.attested_time or writer.say("not-known"),
            stamp.authority_fingerprint or writer.say("not-known"),
        )
        for stamp in found
    ]
    return writer.table(columns, rows)


def check_parts(writer: Writer) -> list[Block]:
    """Give what was checked and what came of it, as every certificate has it."""
    return [
        writer.heading("checked"),
        identification(writer),
        writer.heading("results"),
        results(writer),
        axes(writer),
        writer.heading("seals"),
        seals(writer),
        writer.heading("time"),
        stamps(writer),
    ]


def limits(writer: Writer) -> list[Block]:
    """Say what the check does not show; every certificate does, before anybody signs."""
    said = [writer.page.say(f"limits.{key}") for key in list(writer.page.table("limits"))[1:]]
    texts = [*said, writer.say("limit-account"), writer.say("limit-draft")]
    return [writer.heading("limits"), *(Paragraph((text,), number) for number, text in enumerate(texts, 1))]


def annex(writer: Writer) -> list[Block]:
    """List every item with its digests."""
    has_names = writer.account.with_names
    columns = [
        writer.column("item", ValueKind.NUMBER),
        writer.column("bytes", ValueKind.NUMBER),
        *([writer.column("name", ValueKind.NAME)] if has_names else []),
        writer.column("digests", ValueKind.DIGEST, 70),
        writer.column("result"),
    ]
    rows = (
        (
            str(item.item),
            "" if item.size is None else f"{item.size:,}",
            *([spell_name(item.name)] if has_names else []),
            f"{item.sha256 or ''} {item.blake3 or ''}".strip(),
            fate_of(writer, item),
        )
        for item in writer.account.items
    )
    return [
        PageBreak(),
        writer.heading("annex"),
        writer.paragraph("annex-what"),
        *([] if has_names else [writer.paragraph("annex-nameless")]),
        writer.table(columns, rows, is_annex=True),
    ]


def fate_of(writer: Writer, item: AccountItem) -> str:
    """Say what came of an item."""
    fate = writer.standing.fates.get(item.item)
    return writer.page.say(f"fate.{fate}") if fate else writer.say("not-known")


def found_digests(writer: Writer) -> dict[int, str]:
    """Give the SHA-256 that was computed of each item, as far as the account tells it."""
    equal = {
        item.item: item.sha256
        for item in writer.account.items
        if item.sha256 and writer.standing.fates.get(item.item) in ("ok", "renamed")
    }
    changed = {
        finding.item: finding.found
        for finding in writer.account.report.findings
        if finding.code is Code.CHANGED and finding.item and finding.found and len(finding.found) == len("0" * 64)
    }
    return equal | changed


def self_tests(writer: Writer) -> Grid:
    """List the known answers that the program gave before the check."""
    columns = (writer.column("test", ValueKind.COMMAND), writer.column("answer"))
    rows = (
        (writer.page.word("self-test", test.name), writer.say("right" if test.ok else "wrong"))
        for test in writer.account.made.self_test
    )
    return writer.table(columns, rows)


def entries(writer: Writer) -> Grid:
    """Give the chain of custody."""
    columns = (
        writer.column("entry", ValueKind.NUMBER),
        writer.column("event"),
        writer.column("signer", ValueKind.NAME, 14),
        writer.column("about", share=18),
        writer.column("claimed", ValueKind.TIME),
        writer.column("proven", share=22),
    )
    return writer.table(columns, _entries(writer))


def _sealed(entry: LogEntry) -> str:
    """Give the numbers of the items that an entry seals; nothing for any other entry."""
    first, count = entry.details.get("first_item"), entry.details.get("items")
    if entry.event is not Event.SEALED or not isinstance(first, int) or not isinstance(count, int):
        return ""
    return str(first) if count == 1 else f"{first}-{first + count - 1}"


def _entries(writer: Writer) -> Iterator[tuple[str, ...]]:
    intervals = writer.account.proven_intervals()
    for entry in writer.account.log:
        items = _sealed(entry) or (writer.say("all-items") if entry.items is None else ", ".join(entry.items))
        event = writer.page.say(f"event.{entry.event.value}")
        proven = _proven(writer, intervals.get(entry.entry))
        yield str(entry.entry), event, spell_name(entry.agent), items, entry.happened_at, proven
