"""The blank forms in `manifests/templates/`: filled in, they are what they are for."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evtool.cli.commands.intake_take import EXAMPLES
from evtool.core.custody.entry import parse_entry
from evtool.core.errors import FormatError
from evtool.core.finding import Axis
from evtool.core.ssh.allowed_signers import TrustStatus, parse_allowed_signers
from evtool.core.ssh.key import parse_public_key_line
from evtool.core.ssh.signature import NAMESPACE
from evtool.core.text.digest import group_in_fours
from evtool.core.values import replace
from evtool.operations.catalogue.policy import IntakePolicy, parse_policy

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "manifests" / "templates"
TOPICS = ROOT / "evtool" / "cli" / "topics"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH41FmL7R3bpIXrieRaijcpcS6ZQ78sUVddZ2YN1AhHT"
FILLED = {
    "<collection>": "0f" * 16,
    "<sequence>": "2",
    "<time>": "2026-03-01 14:30:00+09:00",
    "<code>": "A03",
    "<fingerprint>": parse_public_key_line(KEY).fingerprint,
    "<reason>": "interview of 1 March",
    "<sha256>": "ab" * 32,
    "<number>": "2",
}


def test_an_entry_that_was_filled_in_can_be_read() -> None:
    """Every field is there and none too many; what was left blank is refused, but for the reason: any text is one."""
    blank = (TEMPLATES / "entry.toml").read_text("utf-8")
    filled = re.sub("|".join(FILLED), lambda match: FILLED[match[0]], blank)
    entry = parse_entry(filled.encode())
    assert (entry.sequence, entry.agent, entry.reason) == (2, "A03", "interview of 1 March")
    for name in FILLED.keys() - {"<reason>"}:
        value = FILLED[name]
        with pytest.raises(FormatError):
            parse_entry(filled.replace(value, name).encode())


def test_the_policies_that_are_shown_can_be_used() -> None:
    """The template, as it is and with all its fields; the three lines of the help and of the topic say the same."""
    form = (TEMPLATES / "intake.toml").read_text("utf-8")
    short = IntakePolicy(codes=("R1",), agreement=True)
    assert parse_policy(form.encode()) == short
    assert parse_policy(re.sub(r"(?m)^# (?=\w+ = )", "", form).encode()) == replace(
        short, required=short.required | {Axis.TIME}, settle=60
    )
    shown = re.search(r"(?ms)^  format = .*?^$", EXAMPLES)
    assert shown is not None
    assert parse_policy(shown[0].encode()) == short
    for language in ("en", "ko"):
        topic = (TOPICS / language / "repository.md").read_text("utf-8")
        assert parse_policy(topic.split("```toml\n")[1].split("```")[0].encode()) == short


def test_the_first_entry_has_no_previous() -> None:
    """The form says so: the table goes in the first entry."""
    blank = (TEMPLATES / "entry.toml").read_text("utf-8")
    filled = re.sub("|".join(FILLED), lambda match: FILLED[match[0]], blank).replace("sequence = 2", "sequence = 1")
    with pytest.raises(FormatError, match="previous"):
        parse_entry(filled.encode())
    assert parse_entry(re.sub(r"\[previous\]\nentry.*\nsignature.*\n", "", filled).encode()).previous is None


def test_the_list_of_keys_trusts_nobody_until_somebody_is_written_into_it() -> None:
    """The blank form has no lines that count and none that are skipped; its two patterns work with a key."""
    blank = (TEMPLATES / "allowed_signers").read_bytes()
    read = parse_allowed_signers(blank, as_utc)
    assert (read.signers, read.skipped) == ((), ())
    forms = [line[4:] for line in blank.decode().splitlines() if line.startswith("#   CODE")]
    assert len(forms) == 2
    key = parse_public_key_line(KEY)
    for form in forms:
        line = form.replace("CODE", "A03").replace("ssh-ed25519 AAAA...", KEY)
        trust = parse_allowed_signers(blank + line.encode() + b"\n", as_utc)
        assert trust.skipped == ()
        assert trust.judge(key, "A03", NAMESPACE, datetime(2026, 6, 1, tzinfo=UTC)).status is TrustStatus.TRUSTED
        assert trust.judge(key, "B07", NAMESPACE, datetime(2026, 6, 1, tzinfo=UTC)).status is TrustStatus.OTHER_AGENT


def test_the_note_has_room_for_a_head() -> None:
    """Sixteen groups of four digits, as the commands print them."""
    note = (TEMPLATES / "head-note.txt").read_text("utf-8")
    room = re.search(r"Head  .*\n\n.*\n", note)
    assert room is not None
    assert len(re.findall(r"\b____\b", room[0])) == len(group_in_fours("0" * 64).split())
    assert all(len(line) <= 120 for line in note.splitlines())


def as_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
