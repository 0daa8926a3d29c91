"""Verdicts in words: what was asked, what was shown, what was not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from evtool.core.finding import Axis, Effect, Finding, Listed, Words
from evtool.core.text.digest import group_in_fours
from evtool.core.text.ranges import ranges_of
from evtool.core.verdict.verdict import Report, SignerReport
from evtool.report.columns import columns_of, fold, height_of, pad
from evtool.report.consent_text import render_access
from evtool.report.findings import list_findings
from evtool.report.groups import MOST_LINES, FindingRow, fit_findings, group_findings, say_on_screen
from evtool.report.groups import say as say_one
from evtool.report.headline import render_headline, say_fates
from evtool.report.language import Language, Said, english, say_trust_file
from evtool.report.moments import format_local, localize
from evtool.report.stamp import render_times

_SIGNER_LINES = 5
_TIME_LINES = 8
"""How many lines on signers and on times give way to no finding."""

_KEY_LINES = 5
"""How many lines tell how to trust keys: those of three keys."""

_FEWEST = 4
"""How many lines of findings are shown however long the rest is."""


_FATES = (
    "changed",
    "missing",
    "renamed",
    "type_changed",
    "unreadable",
    "withheld",
    "omitted",
    "disposed",
    "stated_only",
    "unread",
    "not_selected",
    "unjudged",
)
"""What can have become of items that are not as sealed, in the order in which it is told."""


def render_report(
    language: Language,
    report: Report,
    name: str,
    width: int | None = None,
    limit: int | None = None,
    checked: datetime | None = None,
    trust_file: str | None = None,
) -> str:
    """Write the report of one verification; `name` is what the user called the directory.

    Lines are folded to `width` columns; None leaves each whole, for programs. With `limit`, findings of one reason are
    said once and the answer has about 40 lines; None lists everything, one by one. `checked` is the time of the check,
    `trust_file` the trust list if the environment named it.
    """
    page = _Page(language, width)
    headline = language.say("headline.line", name=name, headline=Said(render_headline(language, report)))
    first = [*render_access(language, report, name), "", headline, *page.partial(report)]
    first = page.fold([*first, "", *page.axes(report), *page.counts(report, checked), *page.continued(report)])
    first += page.fold(page.trusted(trust_file))
    head = ["", language.say("report.head"), f"  {group_in_fours(report.head)}"] if report.head else []
    last = page.fold([*head, "", *page.limits()])
    if limit is None:
        listed = [page.finding(finding) for finding in list_findings(report.findings, None).findings]
        middle = [*(["", language.say("report.findings"), *listed] if listed else [])]
        middle += [*page.every_signer(report.signers), *page.keys(report.signers)]
        middle += render_times(language, report.intervals, report.timestamps)
    else:
        middle = page.what_fits(report, MOST_LINES - height_of([*first, *last], width))
    return "\n".join([*first, *middle, *last])


class _Page(Struct, frozen=True):
    """Writes the parts of a report.

    Attributes:
        language: that of the reader.
        width: columns that lines are folded to, or None.
    """

    language: Language
    width: int | None

    def fold(self, lines: Sequence[str]) -> list[str]:
        """Fold lines that are no rows of a table, each to where it begins."""
        indents = [len(line) - len(line.lstrip(" ")) for line in lines]
        pairs = zip(lines, indents, strict=True)
        return [" " * indent + fold(line[indent:], indent, self.width) for line, indent in pairs]

    def what_fits(self, report: Report, room: int) -> list[str]:
        """Write findings, signers and times in that many lines; what is left out is counted."""
        signers, keys = self.signers(report.signers), self.keys(report.signers)[:_KEY_LINES]
        room -= self._height(keys)
        times = render_times(self.language, report.intervals, report.timestamps)
        kept = min(self._height(signers), _SIGNER_LINES) + min(self._height(times), _TIME_LINES)
        findings = self._fit_findings(report.findings, max(room - kept, _FEWEST))
        room -= self._height(findings)
        signers = self._cut(signers, max(room - min(self._height(times), _TIME_LINES), 3))
        return [*findings, *signers, *keys, *self._cut(times, max(room - self._height(signers), 3))]

    def _fit_findings(self, findings: Sequence[Finding], room: int) -> list[str]:
        if not findings:
            return []

        def write(rows: Sequence[FindingRow]) -> list[str]:
            return ["", self.language.say("report.findings"), *map(self._row, rows)]

        # Of what is more than a note, every kind is told, however narrow the screen is.
        serious = [finding for finding in findings if finding.effect is not Effect.NOTE]
        room = max(room, self._height(write(group_findings(self.language, serious, 1))) + 1)
        rows = fit_findings(self.language, findings, lambda tried: self._height(write(tried)) <= room)
        return self._cut(write(rows), room)

    def _cut(self, lines: list[str], room: int) -> list[str]:
        """Leave out what does not fit, and say how much that is."""
        if self._height(lines) <= room:
            return lines
        kept: list[str] = []
        while len(kept) < len(lines) and self._height([*kept, lines[len(kept)]]) < room:
            kept.append(lines[len(kept)])
        if len(lines) - len(kept) == 1:
            # Saying that one line is left out would take as much room as the line.
            return lines
        return [*kept, self.language.say("report.more-lines", count=len(lines) - len(kept))]

    def _height(self, lines: Sequence[str]) -> int:
        return height_of(lines, self.width)

    def partial(self, report: Report) -> list[str]:
        """Say which copy this is, unless it is the whole collection."""
        copy = report.partial
        if copy is None or copy.items == copy.sealed:
            return []
        numbers = {"count": copy.items, "total": copy.sealed, "entry": copy.entry}
        return [self.language.say("report.partial", recipient=copy.recipient, **numbers)]

    def axes(self, report: Report) -> list[str]:
        """Write the answer on each axis."""
        width = self.language.widest("axis") + 1
        lines = []
        for axis in Axis:
            name = self.language.word("axis", axis.value)
            state = self.language.word("state", report.axes[axis].value)
            asked = "" if axis in report.required else f"  {self.language.say('report.not-asked')}"
            lines.append(f"  {pad(name, width)}{state}{asked}")
        return lines

    def counts(self, report: Report, checked: datetime | None) -> list[str]:
        """Write what became of how many items, and when that was found out."""
        say, items = self.language.say, report.items
        when = say("report.checked", time=format_local(self.language, checked)) if checked else ""
        if not report.sealed:
            return ["", say("report.no-items"), *([when] if when else [])]
        fates = [*((fate, getattr(items, fate)) for fate in _FATES), ("extra", report.evidence.extra)]
        # How many are unchanged is told even if none is.
        whole = Words("fate-sealed", count=report.sealed), Words("fate-ok", count=items.ok)
        parts = (*whole, *say_fates(fates).parts)
        size = format_size(report.bytes, self.language)
        line = say("report.items", fates=Listed(parts, len(parts)), size=Said(size))
        return ["", f"{line} {when}".rstrip()]

    def continued(self, report: Report) -> list[str]:
        """Say which entries are not in the copy itself."""
        last = report.continued
        added = [signer.entry for signer in report.signers if last is not None and signer.entry > last]
        return [self.language.say("report.continued", entries=((added[0], added[-1]),))] if added else []

    def trusted(self, trust_file: str | None) -> list[str]:
        """Say whose keys count, if the environment decided that."""
        return [] if trust_file is None else [say_trust_file(self.language, trust_file)]

    def limits(self) -> list[str]:
        """Write what a verification does not show, and whether a lawyer has read these words."""
        lines: list[str] = [self.language.say("report.limits-shown"), self.language.say("report.limits-not-shown")]
        return lines if self.language.is_reviewed else [*lines, self.language.say("report.not-reviewed")]

    def finding(self, finding: Finding) -> str:
        """Write one finding."""
        return self._row(FindingRow(finding.effect, finding.code, say_one(self.language, finding)))

    def _row(self, row: FindingRow) -> str:
        mark = self.language.word("effect", row.effect.value) if row.effect else ""
        head = f"  {pad(mark, self.language.widest('effect') + 2)}{row.code.value:<20} "
        return head + fold(say_on_screen(self.language, row), columns_of(head), self.width)

    def every_signer(self, signers: Sequence[SignerReport]) -> list[str]:
        """Write who signed, each entry by itself."""
        written = [self._signer(signer) for signer in signers]
        return ["", self.language.say("signer.title"), *written] if signers else []

    def signers(self, signers: Sequence[SignerReport]) -> list[str]:
        """Write who signed, each key once."""
        groups: dict[tuple[str, str, bool], list[SignerReport]] = {}
        for signer in signers:
            groups.setdefault((signer.agent, signer.fingerprint, signer.trusted), []).append(signer)
        lines = ["", self.language.say("signer.title")] if groups else []
        for signed in groups.values():
            if len(signed) == 1:
                lines.append(self._signer(signed[0]))
                continue
            entries = self.language.say_ranges(ranges_of(signer.entry for signer in signed).ranges, "entries", None)
            lines.append(f"  {fold(f'{entries}  {self._who(signed[0])}', 4, self.width)}")
            first, last = (localize(self.language, signed[at].claimed_time) for at in (0, -1))
            lines += self.fold([f"    {self.language.say('signer.span', first=first, last=last)}"])
        return lines

    def _signer(self, signer: SignerReport) -> str:
        entry = self.language.say_ranges(((signer.entry, signer.entry),), "entries")
        event = self.language.word("event", signer.event)
        when = localize(self.language, signer.claimed_time)
        return f"  {fold(f'{entry}  {event}  {when}  {self._who(signer)}', 4, self.width)}"

    def _who(self, signer: SignerReport) -> str:
        key = "signer.trusted" if signer.trusted else "signer.not-trusted"
        return self.language.say(key, agent=signer.agent, key=signer.fingerprint)

    def keys(self, signers: Sequence[SignerReport]) -> list[str]:
        """Say how to trust the keys that are not trusted."""
        unknown = sorted({(signer.agent, signer.public_key) for signer in signers if not signer.trusted})
        if not unknown:
            return []
        lines = ["", self.language.say("signer.how-to-trust")]
        return lines + [f"  echo '{key}' | evtool trust add {agent} -" for agent, key in unknown]


def format_size(size: int, language: Language | None = None) -> str:
    """Write a number of bytes for a person, in powers of 1024; in English unless a language is given."""
    if size < 1024:
        return (language or english()).say("size.bytes", count=size)
    value = float(size)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1024 or unit == "TiB":
            break
    return f"{value:.1f} {unit}"
