"""The user's list of agreements: what it may say, whose hands it must be in, and that a spoilt one is never none."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from evtool.core.consent.agreements import AtEnd, Coordination
from evtool.core.errors import EvtoolError, FormatError, InputError, KeyFileError, UsageError
from evtool.core.terms.terms import Condition, Permission, Purpose
from evtool.core.values import replace
from evtool.keys.agreements import (
    add_agreement,
    change_agreement,
    find_agreement,
    load_agreements,
    remove_agreement,
)
from tests.keys.lists import parse_agreements

HEAD = 'format = "evtool-agreements/1"\n[agreement.A]\n'
LEAST = 'parties = ["ngo-3", "B7"]\nsigned = 2026-04-01\npurposes = ["research"]\n'
FULL = (
    HEAD
    + LEAST
    + """starts = 2026-05-01
ends = 2031-04-01
review = 2028-04-01
onward = "ask"
defence = "no"
conditions = ["region:KR", "no-death-penalty", "x-own"]
coordination = "people"
breach_notice_hours = 72
at_end = "destroy"
document = "sha256:"""
    + "0f" * 32
    + '"\n'
)


def test_what_a_file_says() -> None:
    (agreement,) = parse_agreements(FULL.encode()).by_number.values()
    assert (agreement.number, agreement.parties, agreement.purposes) == ("A", ("B7", "ngo-3"), (Purpose.RESEARCH,))
    assert (agreement.signed, agreement.first_day, agreement.ends, agreement.review) == (
        date(2026, 4, 1),
        date(2026, 5, 1),
        date(2031, 4, 1),
        date(2028, 4, 1),
    )
    assert (agreement.onward, agreement.defence) == (Permission.ASK, Permission.NO)
    assert agreement.conditions == (Condition.NO_DEATH_PENALTY, "region:KR", "x-own")
    assert (agreement.coordination, agreement.at_end) == (Coordination.PEOPLE, AtEnd.DESTROY)
    assert (agreement.breach_notice_hours, agreement.document) == (72, "sha256:" + "0f" * 32)
    assert not parse_agreements(b'format = "evtool-agreements/1"').by_number


@pytest.mark.parametrize("number", ["협약 3호 (2026)", "a.b", "dsa/2026", '"', "[agreement.x]", "no. 1", "x" * 64])
def test_any_number_that_terms_can_hold_is_written_and_read_again(tmp_path: Path, number: str) -> None:
    """Beside one that begins like it, and with a comment above the next."""
    (agreement,) = parse_agreements(FULL.encode()).by_number.values()
    add_agreement(agreement, tmp_path)
    file = tmp_path / "agreements.toml"
    file.write_text(file.read_text() + "\n# keep me: [agreement.A]\n")
    before = file.read_text()
    added = add_agreement(replace(agreement, number=number), tmp_path)
    assert find_agreement(number, tmp_path) == added
    change_agreement(number, lambda found: replace(found, onward=Permission.NO), tmp_path)
    assert find_agreement(number, tmp_path).onward is Permission.NO
    assert find_agreement("A", tmp_path) == agreement
    remove_agreement(number, tmp_path)
    assert file.read_text() == before


REFUSED = [
    (FULL.replace("agreements/1", "agreements/2"), "is in format evtool-agreements/2"),
    (FULL.replace('format = "evtool-agreements/1"', ""), "format is missing"),
    (FULL + "email = 1", "agreement A.email"),
    ('format = "evtool-agreements/1"\nagreements = {}', "unknown field: agreements"),
    ('format = "evtool-agreements/1"\nagreement = {A = 1}', "agreement A is not a table"),
    ('format = "evtool-agreements/1"\n[agreement.DSA.2026]\n' + LEAST, "agreement DSA.parties is missing"),
    ('format = "evtool-agreements/1"\n[[agreement.A]]\n' + LEAST, "agreement A is not a table"),
    (HEAD + LEAST + HEAD.splitlines()[1] + "\n" + LEAST, "not TOML"),
    (HEAD + 'signed = 2026-04-01\npurposes = ["research"]', "agreement A.parties is missing"),
    (HEAD + 'signed = 2026-04-01\nparties = ["a", "b"]', "agreement A.purposes is missing"),
    (HEAD + 'parties = ["a", "b"]\npurposes = []', "signed is missing"),
    (HEAD + LEAST.replace('"B7"', '"ngo-3"'), "fewer than two parties"),
    (HEAD + LEAST.replace('"B7"', '"Kim Chul-soo"'), "is not a code"),
    (HEAD + LEAST.replace('["ngo-3", "B7"]', '"ngo-3"'), "expected a list"),
    (HEAD + LEAST.replace('"research"', '"reserch"'), "reserch is not accepted"),
    (HEAD + LEAST.replace('["research"]', '"research"'), "expected a list"),
    (HEAD + LEAST.replace("2026-04-01", '"2026-04-01"'), "signed is text, expected a date"),
    (HEAD + LEAST.replace("2026-04-01", "2026-04-01T00:00:00Z"), "is a date with a time, expected a date"),
    (HEAD + LEAST + "ends = 2026-04-01", "before it begins"),
    (HEAD + LEAST + "starts = 2027-04-01\nends = 2027-04-01", "before it begins"),
    (HEAD + LEAST + 'onward = "Ask"', "this version reads: no, ask, yes"),
    (HEAD + LEAST + 'onward = "x-sometimes"', "this version reads: no, ask, yes"),
    (HEAD + LEAST + "defence = false", "expected text"),
    (HEAD + LEAST + 'conditions = ["no-pity"]', "is not accepted"),
    (HEAD + LEAST + 'coordination = "all"', "none, files, people"),
    (HEAD + LEAST + 'at_end = "burn"', "return, destroy, keep, ask"),
    (HEAD + LEAST + "breach_notice_hours = 0", "breach_notice_hours is 0"),
    (HEAD + LEAST + "breach_notice_hours = 1.5", "expected a whole number"),
    (HEAD + LEAST + "breach_notice_hours = true", "expected a whole number"),
    (HEAD + LEAST + f'document = "sha256:{"0F" * 32}"', "64 hexadecimal digits"),
    (HEAD.replace("[agreement.A]", f'[agreement."{"x" * 65}"]') + LEAST, "65 characters"),
    (HEAD.replace("[agreement.A]", r'[agreement."a\u0007"]') + LEAST, "control character"),
    (HEAD.replace("[agreement.A]", '[agreement.""]') + LEAST, "0 characters"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[f"{n}-{message}" for n, (_, message) in enumerate(REFUSED)])
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_agreements(text.encode())
    assert message in caught.value.message


def test_a_change_that_makes_no_sense_changes_nothing(tmp_path: Path) -> None:
    (agreement,) = parse_agreements(FULL.encode()).by_number.values()
    add_agreement(agreement, tmp_path)
    before = (tmp_path / "agreements.toml").read_bytes()
    with pytest.raises(FormatError, match="before it begins"):
        change_agreement("A", lambda found: replace(found, ends=found.signed), tmp_path)
    with pytest.raises(UsageError, match="already in your list"):
        add_agreement(agreement, tmp_path)
    for number in ("a", "B"):
        with pytest.raises(UsageError, match="not in your list of agreements"):
            remove_agreement(number, tmp_path)
    assert (tmp_path / "agreements.toml").read_bytes() == before


def test_only_a_file_that_is_not_there_is_no_list(tmp_path: Path) -> None:
    """What is there and cannot be used is an error: taken for no list, it would let everything go."""
    assert load_agreements(tmp_path) is None
    assert load_agreements(tmp_path / "nowhere") is None
    file = tmp_path / "agreements.toml"

    def refused(kind: type[EvtoolError], message: str) -> None:
        with pytest.raises(kind, match=message):
            load_agreements(tmp_path)
        file.unlink()

    file.symlink_to("gone.toml")
    refused(InputError, "No such file")
    file.symlink_to("agreements.toml")
    refused(InputError, "symbolic links")
    file.write_bytes(b"")
    refused(FormatError, "format is missing")
    file.write_bytes(FULL.encode("utf-8") + b"\xff")
    refused(FormatError, "UTF-8")
    file.write_text(FULL)
    file.chmod(0o666)
    refused(KeyFileError, "can be changed by other users")
    file.write_bytes(b"#" * (1 << 20) + FULL.encode())
    refused(InputError, "more than")
    os.mkfifo(file)
    refused(InputError, "not a file")
    file.mkdir()
    with pytest.raises(InputError, match=r"not a file|Is a directory"):
        load_agreements(tmp_path)
    (tmp_path / "plain").write_text("")
    with pytest.raises(InputError, match="Not a directory"):
        load_agreements(tmp_path / "plain")
    with pytest.raises(InputError, match="too long"):
        load_agreements(tmp_path / ("x" * 300))
