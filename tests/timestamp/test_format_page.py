"""The format page says what the code does: its codes, its examples, its command."""

from __future__ import annotations

import hashlib
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evtool.core.custody.event_tables import parse_details
from evtool.core.custody.events import Event, Renewed
from evtool.core.text.toml import TomlTable, parse_toml
from evtool.core.timestamp.ots.verify import OtsReason, OtsVerdict
from evtool.core.timestamp.repeat import RepeatFiles, compute_repeat
from evtool.core.timestamp.result import TokenReason, state_of
from evtool.core.timestamp.sunset import parse_sunset_table
from evtool.keys.tsa_trust import load_roots
from tests.timestamp.test_vectors import ALL, judge

PAGE = (Path(__file__).parents[2] / "manifests" / "FORMAT-time.md").read_text("utf-8")
TABLES = PAGE.split("| code | state | means |")[1:]
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def rows(table: str) -> dict[str, str]:
    return dict(re.findall(r"^\| `([a-z-]+)` \| (\w+) \|", table, re.MULTILINE))


def test_every_reason_stands_on_the_page_with_its_state() -> None:
    assert rows(TABLES[0]) == {reason.value: state_of(reason).value for reason in TokenReason}
    assert rows(TABLES[1]) == {reason.value: OtsVerdict(reason).state.value for reason in OtsReason}


def test_every_reason_has_a_vector() -> None:
    assert {reason.value for reason in TokenReason} == {vector.reason for vector in ALL}


def test_the_example_of_an_anchor_is_read(tmp_path: Path) -> None:
    certificate = next(v for v in ALL if v.name == "good-minted").grounds().anchors[0].certificate
    (tmp_path / "a.crt").write_bytes(certificate)
    fits = re.sub("[0-9a-f]{64}", hashlib.sha256(certificate).hexdigest(), EXAMPLES[1])
    (tmp_path / "a.toml").write_text(fits)

    (anchor,) = load_roots(tmp_path).anchors

    assert anchor.name == "National time-stamp authority"
    assert anchor.use_until == datetime(2031, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert anchor.policies == {"1.3.6.1.4.1.99999.1.1"}


def test_the_example_of_a_renewal_is_read() -> None:
    table = parse_toml(EXAMPLES[0].encode(), "the example")
    details = parse_details(Event.RENEWED, TomlTable(table["renewed"], "renewed"))

    assert isinstance(details, Renewed)
    assert details.files == 7


def test_the_example_of_a_sunset_table_is_read() -> None:
    table = parse_sunset_table(EXAMPLES[2])
    row = table.find_key("rsa-4096")
    assert row
    assert row.min_bits == 3072


def test_the_printed_command_is_the_one_of_the_page() -> None:
    verdict = judge(next(v for v in ALL if v.name == "good-openssl-rsa"))
    name = "0001-sealed.toml.sig"
    files = RepeatFiles(name, f"{name}.LABEL.tsr", chain=f"{name}.LABEL.chain.pem")
    (line,) = compute_repeat(verdict, files).lines
    assert line in PAGE
    assert shlex.split(line)[0] == "openssl"


@pytest.mark.parametrize("word", ["authentic", "court-proof", "tamper-proof"])
def test_the_page_claims_nothing_that_cannot_be_shown(word: str) -> None:
    assert word not in PAGE.lower()
