"""What the page says about the check itself: its limits, how to repeat it, how it was made, and a form for the pen."""

from __future__ import annotations

from collections.abc import Iterator

from evtool.core.custody.events import Event
from evtool.core.ssh.signature import NAMESPACE
from evtool.core.text.digest import group_in_fours
from evtool.report.account import Account
from evtool.report.page.writer import PageWriter, digest, lines, spell
from evtool.report.paper import Block, Bullets, CommandLines, Field, FieldList, Grid, PageBreak, Piece, ValueKind
from evtool.report.repeat import verify_command

_HANDS = 4
"""Handovers for which there is room on the form."""


def limits(page: PageWriter) -> Iterator[Block]:
    """Say what the check does not show."""
    yield page.heading("limits.title")
    yield Bullets(tuple(page.say(f"limits.{limit}") for limit in page.texts.table("limits") if limit != "title"))


def repeat(page: PageWriter) -> Iterator[Block]:
    """Give the lines that repeat the check, with evtool and without."""
    commands = tuple(_commands(page.account))
    yield page.heading("repeat.title")
    yield page.paragraph("repeat.with")
    yield CommandLines((verify_command(page.account),))
    if commands:
        yield page.paragraph("repeat.without")
        yield CommandLines(commands)
        yield page.paragraph("repeat.expected")


def _commands(account: Account) -> Iterator[str]:
    """Give the lines that check the newest entry, and every list of digests, with tools that are not evtool."""
    if not account.log:
        return
    newest = account.log[-1]
    file = f"custody/{newest.entry:04d}-{newest.event.value}.toml"
    yield spell(f"ssh-keygen -Y verify -f trusted_keys -I {newest.agent} -n {NAMESPACE} -s {file}.sig < {file}")
    yield f"sha256sum {file}"
    for entry in account.log:
        if entry.event is Event.SEALED:
            yield f"sha256sum -c custody/{entry.entry:04d}-sealed.sha256"
    for stamp in account.report.timestamps:
        for line in stamp.repeat:
            yield spell(line, 2000)


def how_checked(page: PageWriter) -> Iterator[Block]:
    """Say by which program, with which trust and options it was checked, and what this audience does not get."""
    made, asked, hidden = page.account.made, page.account.asked, page.account.hidden
    keys: list[tuple[Piece, ...]] = [
        (page.say(f"checked.{asked.trust.kind.value}"), ", ", page.say("checked.keys", count=asked.trust.keys))
    ]
    keys += [(digest(key),) for key in asked.trust.fingerprints]
    code = (digest(page.known(made.code_sha256)), f" ({page.say('checked.code-files', count=made.code_files)})")
    expected = asked.expected_head
    counts = {kind: getattr(hidden, kind) for kind in ("names", "texts", "codes", "claims", "patterns", "paths")}
    fields = [
        page.field("checked.program", f"evtool {made.evtool}"),
        page.field("checked.code", code),
        page.field("checked.python", made.python),
        page.field("checked.platform", made.platform),
        page.field("checked.packages", "; ".join(f"{package.name} {package.version}" for package in made.packages)),
        page.field(
            "checked.tests",
            "; ".join(
                f"{page.texts.word('self-test', test.name)}: {page.say('checked.test-ok')}" for test in made.self_test
            ),
        ),
        page.field("checked.trust", lines(keys)),
        page.field("checked.required", lines((page.say(f"axis.{axis.value}"),) for axis in asked.required)),
        page.field(
            "checked.expected-head", group_in_fours(expected) if expected else page.say("page.none"), ValueKind.DIGEST
        ),
        page.field(
            "checked.steps",
            "; ".join(f"{step.step}: {step.checked}/{step.subjects}" for step in page.account.report.steps),
        ),
        page.field("checked.hidden", page.say("checked.hidden-what", **counts)),
        page.field("checked.bytes", page.say("checked.bytes-what")),
    ]
    if made.checkers:
        known = lines((f"{checker.name} ", digest(checker.sha256)) for checker in made.checkers)
        fields.append(page.field("checked.checkers", known))
    if asked.trust.sha256 is not None:
        fields.insert(7, page.field("checked.digest", asked.trust.sha256, ValueKind.DIGEST))
    yield page.heading("checked.title")
    yield FieldList(tuple(fields))


def handover_form(page: PageWriter) -> Iterator[Block]:
    """Give a page of its own to be filled in by pen when the evidence changes hands."""
    report = page.account.report
    head: list[tuple[Piece, ...]] = [(digest(line),) for line in page.head_lines()]
    filled: list[Field] = [
        page.field("form.collection", report.collection or "", ValueKind.DIGEST),
        page.field("form.head", lines(head) if head else ""),
        page.field("form.count", f"{report.sealed:,}"),
        page.field("form.entries", str(len(page.account.log))),
    ]
    blank = [page.field(f"form.{key}", None) for key in ("carrier", "bag", "copy")]
    keys = ("released", "received", "when", "place", "condition", "signature")
    yield PageBreak()
    yield page.heading("form.title")
    yield page.paragraph("form.what")
    yield FieldList((*filled, *blank))
    columns = (*(page.column(f"form.{key}", share=1) for key in keys),)
    yield Grid(columns, ((None,) * len(keys),) * _HANDS)
