"""What a thief gains with a key whose successor has signed: nothing, even while the user's list still names the key.

The records are built without evtool, which refuses to sign with such a key.
"""

from __future__ import annotations

import importlib
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from msgspec.structs import replace

from evtool.core.consent.decision import Recipient, Request
from evtool.core.consent.refusal import Reason
from evtool.core.errors import NotEstablishedError
from evtool.core.finding import Code, Finding
from evtool.core.ssh.allowed_signers import AllowedSigners, parse_allowed_signers
from evtool.core.ssh.key import parse_public_key_line
from evtool.core.terms.terms import Purpose
from evtool.operations.author import Author, EntryHeader
from evtool.operations.entries.consent import decide_items
from evtool.operations.entries.handover import ReceiveOptions, receive
from evtool.operations.entries.key_change import choose_old_key
from evtool.operations.record.read import open_record
from evtool.operations.record.trust import TrustPolicy
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.verify import verify
from evtool.report.language import english, load_language
from tests.bundle.case import make_signer

VECTORS = Path(__file__).parents[1] / "vectors" / "verify"
TIME = "2026-03-01 14:30:00+09:00"
TERMS = {
    "consent": {"for": ["un-reporting"], "identity": "public", "status": "given"},
    "handling": "public",
}
OFFICE = Recipient("office", purposes=frozenset({Purpose.UN_REPORTING}))
REQUEST = Request(OFFICE, Purpose.UN_REPORTING, date(2026, 3, 9), None, agent="A03")

Entry = dict[str, Any]


class Workshop:
    """Builds records: a seal by A03, who withdraws the consent that was given, and then what a test adds."""

    def __init__(self, builder: ModuleType, folder: Path) -> None:
        self._builder, self._folder = builder, folder
        self.keys = {name: builder.Key(name).line for name in ("A03", "B07", "X99")}

    def make(self, *entries: Entry) -> Path:
        item = {"path": "letter.txt", "content": "text\n", "terms": TERMS}
        seal = {"key": "A03", "happened_at": TIME, "recorded_at": TIME, "reason": "test", "item": [item]}
        recipe = {"seal": [seal], "entry": [change("A03", "withdrawn"), *entries]}
        self._builder.write_files(self._builder.Collection(recipe), self._folder / "case")
        return self._folder / "case"

    def admit(self, signer: str, who: str, role: str) -> Entry:
        return entry("admitted", signer, agent=who, key=self._builder.Key(who).fingerprint, role=role)

    def replaced(self, old: str, new: str) -> list[Entry]:
        """A key is replaced by another, which signs."""
        return [self.admit(old, new, "after"), entry("accessed", new)]

    def trust(self, *names: str) -> AllowedSigners:
        text = "".join(f"{name} {self.keys[name]}\n" for name in names)
        return parse_allowed_signers(text.encode(), lambda moment: moment)


def entry(event: str, signer: str, **table: str) -> Entry:
    fields = {"happened_at": TIME, "recorded_at": TIME, "reason": "test"}
    return {"event": event, "key": signer, **fields, "table": table}


def change(key: str, status: str) -> Entry:
    return entry("consent-changed", key, terms=f'{{"consent":{{"status":"{status}"}}}}')


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workshop:
    monkeypatch.syspath_prepend(str(VECTORS))
    return Workshop(importlib.import_module("build_verify_vectors"), tmp_path)


def findings(case: Path, trust: AllowedSigners, code: Code) -> list[Finding]:
    report = verify(case, VerifyOptions(trust=trust, jobs=1))
    return [finding for finding in report.findings if finding.code is code]


def reasons(case: Path, trust: AllowedSigners) -> set[Reason]:
    with open_record(case) as record:
        (answer,) = decide_items(record, replace(REQUEST, agent="B07"), TrustPolicy(trust))
    return {refusal.reason for refusal in answer.decision.reasons}


@pytest.mark.parametrize(("signer", "expected"), [("B07", set()), ("A03", {Reason.TERMS_UNTRUSTED})])
def test_a_retired_key_does_not_give_consent_again(workshop: Workshop, signer: str, expected: set[Reason]) -> None:
    """Consent was withdrawn. The new key records that it is given again; whoever stole the old key cannot."""
    case = workshop.make(*workshop.replaced("A03", "B07"), change(signer, "given"))
    assert reasons(case, workshop.trust("A03", "B07")) == expected


def test_a_key_that_nobody_trusts_takes_no_retired_key_back(workshop: Workshop) -> None:
    """The thief lets another key sign first, which acts for the house until something is handed over."""
    taken_back = [entry("accessed", "X99"), workshop.admit("X99", "A03", "beside"), change("A03", "given")]
    case = workshop.make(*workshop.replaced("A03", "B07"), *taken_back)
    trust = workshop.trust("A03", "B07")
    assert findings(case, trust, Code.KEY_RETIRED) == [], "the record itself knows no trust"
    assert reasons(case, trust) == {Reason.TERMS_UNTRUSTED}


@pytest.mark.parametrize("is_retired", [False, True])
def test_a_retired_key_recommends_nobody(workshop: Workshop, is_retired: bool) -> None:
    """Of a key that is not trusted, the answer says who admitted it; a thief would be recommended by what it stole."""
    changed = workshop.replaced("A03", "B07") if is_retired else []
    case = workshop.make(*changed, workshop.admit("A03", "X99", "beside"), entry("accessed", "X99"))
    (unknown,) = findings(case, workshop.trust("A03", "B07"), Code.KEY_UNKNOWN)
    assert ("admits it" in english().say_finding(unknown)) is not is_retired


def test_a_retired_key_is_no_witness_and_not_trusted(workshop: Workshop) -> None:
    """B07, a colleague, has another key by now; its old one vouches for nothing."""
    colleague = [entry("accessed", "B07"), *workshop.replaced("B07", "X99"), entry("accessed", "B07")]
    case = workshop.make(*colleague, entry("accessed", "A03"))
    trust = workshop.trust("A03", "B07", "X99")
    (witnessed,) = findings(case, trust, Code.WITNESSED)
    assert witnessed.entry == 5, "entry 6 is by the old key"
    signers = verify(case, VerifyOptions(trust=trust, jobs=1)).signers
    assert [signer.entry for signer in signers if not signer.trusted] == [6]


def test_what_a_retired_key_admits_is_not_known(workshop: Workshop) -> None:
    """So the agent can still name that key as its next one."""
    case = workshop.make(*workshop.replaced("A03", "B07"), workshop.admit("A03", "X99", "beside"))
    old, new = (parse_public_key_line(workshop.keys[name]) for name in ("B07", "X99"))
    assert choose_old_key(case, new, [old]) == old


def test_nobody_accepts_what_a_retired_key_signed(workshop: Workshop, tmp_path: Path) -> None:
    """The recipient is told which entry it is and why, in their language; nothing is recorded."""
    handed_over = entry("transferred", "B07", recipient="R01", authority="order 7", purpose="trial", carrier="disk 3")
    stolen = entry("accessed", "A03")
    case = workshop.make(*workshop.replaced("A03", "B07"), stolen, handed_over | {"checked": 1})
    options = ReceiveOptions(trust=TrustPolicy(workshop.trust("A03", "B07")), jobs=1)
    with pytest.raises(NotEstablishedError, match=r"entry 5 is signed by .*: entry 3 replaced this key") as refused:
        receive(case, Author(make_signer("R01")), EntryHeader(), options, tmp_path / "receipt")
    assert "trust add" not in refused.value.hint
    assert "기록 3" in load_language("ko").say_error(refused.value)
    assert not (tmp_path / "receipt").exists()
