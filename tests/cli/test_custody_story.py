"""Stories of custody: what is recorded, handed over, answered, and attacked."""

from __future__ import annotations

import subprocess
import unicodedata
from pathlib import Path

import pytest

from tests.cli.custody import ANYWAY, Party, codes, copy_of, make_case, make_party
from tests.conftest import Runner


@pytest.fixture
def giver(evtool: Runner) -> Party:
    """Agent A1, who seals."""
    return make_party(evtool, "A1")


@pytest.fixture
def receiver(evtool: Runner, giver: Party) -> Party:
    """Agent B7, to whom things are handed over, and who trusts A1."""
    party = make_party(evtool, "B7")
    party.trusts(giver)
    return party


def hand_over(giver: Party, case: Path) -> Path:
    """Seal, record the transfer to B7, and give the copy that travels."""
    giver.ok("seal", case)
    giver.ok("transfer", case, "--to", "B7", "--authority", "DSA-4", "--purpose", "court proceedings", *ANYWAY)
    return copy_of(case, "inbox")


def test_a_handover_is_answered_and_both_sides_hold_the_same_record(
    evtool: Runner, giver: Party, receiver: Party
) -> None:
    """Transfer, check at the other side, receipt back; the transfer is open until then, and ssh-keygen agrees."""
    case = make_case(evtool)
    inbox = hand_over(giver, case)
    assert "transfer-open" in codes(giver.ok("verify", case, "--json"))

    receiver.ok("receive", inbox, "--receipt", "answer.receipt")
    giver.trusts(receiver)
    added = giver.ok("receipt", "add", case, "answer.receipt", "--json").document

    assert (added["agent"], added["acceptance"], added["witnessed"]) == ("B7", "accepted", 2)
    after = codes(giver.ok("verify", case, "--json"))
    assert "transfer-open" not in after
    assert "witnessed" in after
    compared = giver.ok("compare", case, inbox, "--json").document
    assert (compared["shared_entries"], compared["only_in_second"]) == (2, [[3, "received"]])
    receipt = case / "custody" / "0002-transferred.receipt.toml"
    stock = ["ssh-keygen", "-Y", "verify", "-f", "-", "-I", "B7", "-n", "evtool-custody-v1", "-s", f"{receipt}.sig"]
    stock[4] = str(giver.run.home / "allowed_signers")
    assert b"Good" in subprocess.run(stock, input=receipt.read_bytes(), capture_output=True, check=True).stdout


def test_a_partial_acceptance_names_the_items(evtool: Runner, giver: Party, receiver: Party) -> None:
    """One file arrives damaged: it cannot be accepted, the rest can, and the record says what was found."""
    inbox = hand_over(giver, make_case(evtool))
    (inbox / "증거-03.txt").write_bytes(b"damaged on the way")

    refused = receiver("receive", inbox, "--receipt", "r")
    assert (refused.exit_code, "증거-03.txt: SHA-256 is" in refused.stderr) == (1, True)
    assert not (evtool.directory / "r").exists()
    assert receiver("receive", inbox, "--receipt", "r", "--items", "1-3").exit_code == 1
    partial = receiver("receive", inbox, "--receipt", "r", "--items", "1-2,4-5", "--json")

    assert partial.exit_code == 1
    assert [finding["code"] for finding in partial.document["findings"]] == ["changed"]
    last = receiver("log", inbox, "--json").document["entries"][-1]
    assert last["details"]["acceptance"] == "partial"
    assert last["details"]["accepted"] == ["1-2", "4-5"]
    assert (last["fixity"]["ok"], last["fixity"]["changed"]) == (4, 1)


def test_a_rejection_is_recorded_and_answered(evtool: Runner, giver: Party, receiver: Party) -> None:
    """Whoever rejects need not trust the giver; the receipt says that nothing was accepted."""
    case = make_case(evtool)
    inbox = hand_over(giver, case)
    receiver.ok("trust", "revoke", "A1")
    accepted = receiver("receive", inbox, "--receipt", "r")
    assert (accepted.exit_code, "you no longer trust this key" in accepted.stderr) == (3, True)

    receiver.ok("receive", inbox, "--receipt", "r", "--reject", "--reason", "wrong collection")

    giver.trusts(receiver)
    assert giver.ok("receipt", "add", case, "r", "--json").document["acceptance"] == "rejected"


def test_changed_evidence_is_not_handed_over(evtool: Runner, giver: Party) -> None:
    """A transfer of evidence that is not as sealed records nothing; the check itself can be recorded."""
    case = make_case(evtool)
    giver.ok("seal", case)
    (case / "증거-01.txt").write_bytes(b"other")
    before = sorted((case / "custody").iterdir())

    refused = giver("transfer", case, "--to", "B7", "--authority", "x", "--purpose", "y", *ANYWAY)
    assert refused.exit_code == 1
    assert sorted((case / "custody").iterdir()) == before
    recorded = giver("record", case, "verified", "--json")

    assert (recorded.exit_code, recorded.document["entry"]) == (1, 2)
    fixity = giver.ok("log", case, "--json").document["entries"][-1]["fixity"]
    assert fixity == {
        "scope": "full", "items": 5, "checked": 5, "ok": 4, "changed": 1,
        "missing": 0, "unreadable": 0, "extra": 0, "withheld": 0,
    }  # fmt: skip


def test_a_sample_is_drawn_and_said(evtool: Runner, giver: Party) -> None:
    """A sample reads as many items as asked for, and the entry claims no more."""
    case = make_case(evtool, files=9)
    giver.ok("seal", case)
    giver.ok("record", case, "verified", "--sample", "4")
    fixity = giver.ok("log", case, "--json").document["entries"][-1]["fixity"]
    assert (fixity["scope"], fixity["items"], fixity["checked"], fixity["ok"]) == ("sample", 9, 4, 4)


ADVICE = ("--confirm", "legal-advice")

EVENTS = {
    "collected": ["--source", "S3", "--place", "Seoul", "--method", "handed over in person"],
    "accessed": ["--items", "1-2", "--reason", "translation"],
    "copied": ["--carrier", "disc 7, copy 1 of 2"],
    "disclosed": [
        "--to",
        "B7",
        "--authority",
        "DSA-4",
        "--purpose",
        "accountability-intl",
        *ANYWAY,
        "--confirm",
        "legal-advice",
    ],
    "derived": ["--original", "1", "--copy", "2", "--method", "faces blurred"],
    "countersigned": ["--entry", "1"],
    "admitted": ["--code", "A2", "--public-key", f"SHA256:{'b' * 43}"],
    "corrected": ["--entry", "1", "--correction", "the disc was number 8"],
    "incident": ["--description", "water damage in the store room"],
    "disposed": ["--items", "5", "--authority", "agreement 12", "--method", "overwritten", "--confirm", "still-there"],
}


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_recorded_shown_and_verified(evtool: Runner, giver: Party, event: str) -> None:
    """Each event takes its own fields, keeps the chain whole, and the log shows what was given."""
    case = make_case(evtool)
    giver.ok("seal", case)

    giver.ok("record", case, event, *EVENTS[event])

    log = giver.ok("log", case).stdout
    assert event in log
    assert all(value in log for value in EVENTS[event][1::2] if value not in ("1", "2", "still-there"))
    assert giver("verify", case).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["copied"], "copied needs --carrier"),
        (["accessed", "--carrier", "disc"], "--carrier does not go with accessed"),
        (["accessed", "--sample", "3"], "--sample goes with events"),
        (["accessed", "--items", "6"], "no sealed item matches 6"),
        (["accessed", "--items", "5-3"], "no sealed item matches 5-3"),
        (["accessed", "--items", "4-6"], "item 6 is not sealed; the last sealed item is 5"),
        (["countersigned", "--entry", "9"], "the record has no entry 9"),
        (["admitted", "--code", "A2"], "admitted needs --public-key"),
        (["admitted", "--code", "A2", "--public-key", "SHA256:short"], "key is not a SHA256: fingerprint"),
        (["admitted", "--code", "A2", "--public-key", f"SHA256:{'b' * 43}", "--items", "1"], "--items does not go"),
        (["sealed"], "is not one of"),
        (["disposd"], "did you mean disposed?"),
        (["disposed", "--items", "1"], "disposed needs --authority and --method"),
        (["accessed", "--happened-at", "2026-03-01T10:00"], "no offset"),
        (["derived", "--original", "3", "--copy", "2", "--method", "x"], "later item"),
    ],
)
def test_wrong_events_record_nothing(evtool: Runner, giver: Party, arguments: list[str], message: str) -> None:
    """What does not fit is said, and nothing is written."""
    case = make_case(evtool)
    giver.ok("seal", case)
    before = sorted((case / "custody").iterdir())
    result = giver("record", case, *arguments)
    assert result.exit_code != 0
    assert message in result.stderr
    assert sorted((case / "custody").iterdir()) == before


def test_what_was_disposed_of_is_not_missing(evtool: Runner, giver: Party) -> None:
    """A tombstone stays: the item is gone, and the record says so; any other absence is still a finding."""
    case = make_case(evtool)
    giver.ok("seal", case)
    (case / "증거-05.txt").unlink()
    giver.ok("record", case, "disposed", "--items", "5", "--authority", "agreement 12", "--method", "overwritten")
    assert "disposed" in codes(giver.ok("verify", case, "--json"))
    (case / "증거-04.txt").unlink()
    assert giver("verify", case).exit_code == 1


def test_a_late_entry_is_flagged(evtool: Runner, giver: Party) -> None:
    """What is typed in days later from a paper form is marked as such."""
    case = make_case(evtool)
    giver.ok("seal", case)
    giver.ok("record", case, "accessed", "--happened-at", "2026-01-05T10:00:00+09:00")
    assert "entry-late" in codes(giver.ok("verify", case, "--json"))
    assert "2026-01-05T10:00:00+09:00" in giver.ok("log", case).stdout


def test_two_persons_sign(evtool: Runner, giver: Party, receiver: Party) -> None:
    """A second trusted key under the seal satisfies signers=2; the same key twice does not."""
    case = make_case(evtool)
    giver.ok("seal", case)
    giver.ok("record", case, "countersigned", "--entry", "1")
    same_key = giver("verify", case, "--require", "signers=2", "--json")
    assert (same_key.exit_code, "signers-too-few" in codes(same_key)) == (3, True)

    receiver.ok("record", case, "countersigned", "--entry", "1")

    unknown = giver("verify", case, "--require", "signers=2")
    assert unknown.exit_code == 3
    giver.trusts(receiver)
    assert giver("verify", case, "--require", "signers=2").exit_code == 0
    assert giver("verify", case, "--require", "signers=3").exit_code == 3
    assert giver("verify", case, "--require", "signers=x").exit_code == 2


def test_a_mail_address_or_this_computer_is_refused(evtool: Runner, giver: Party) -> None:
    """Free text that names somebody is refused with exit 5, and the message does not repeat it."""
    case = make_case(evtool)
    giver.ok("seal", case)
    result = giver("record", case, "incident", "--description", "told kim.someone@mail.example about it")
    assert result.exit_code == 5
    assert "kim.someone" not in result.stderr + result.stdout
    node = subprocess.run(["uname", "-n"], capture_output=True, text=True, check=True).stdout.strip()
    if len(node) > 2 and node not in ("localhost", "ubuntu", "debian", "test"):
        assert giver("record", case, "incident", "--description", f"on {node} itself").exit_code == 5


NAMES = ("김철수", "박영희", "최민준")


def spellings(name: str) -> list[str]:
    """Give a name as other systems and other hands write it."""
    return [name, unicodedata.normalize("NFD", name), " ".join(name), f"about{name}s report"]


@pytest.mark.parametrize("name", NAMES)
def test_denied_terms_are_never_written(evtool: Runner, giver: Party, name: str) -> None:
    """A name in every text and in a file name, in four spellings: nothing is written or printed that holds it."""
    terms = evtool.directory / "terms.txt"
    terms.write_text("# names\n" + "\n".join(NAMES) + "\n", encoding="utf-8")
    case = make_case(evtool)
    giver.ok("seal", case, "--deny-terms", terms)
    before = {path.name: path.read_bytes() for path in (case / "custody").iterdir()}
    events: list[list[str | Path]] = [
        ["record", case, "incident", "--description"],
        ["record", case, "accessed", "--reason"],
        ["record", case, "accessed", "--place"],
        ["record", case, "copied", "--carrier"],
        ["record", case, "corrected", "--entry", "1", "--correction"],
        ["record", case, "disposed", "--items", "1", "--method", "x", "--authority"],
        ["transfer", case, "--to", "B7", "--authority", "x", "--purpose"],
        ["seal", case, "--reason"],
    ]
    printed = []
    for index, arguments in enumerate(events):
        text = spellings(name)[index % 4]
        result = giver(*arguments, text, "--deny-terms", terms)
        assert result.exit_code == 5, (arguments, result.stderr)
        printed.append(result.stdout + result.stderr)
    for text in spellings(name):
        (case / f"{text}.txt").write_text("x")
        result = giver("seal", case, "--deny-terms", terms)
        assert (result.exit_code, "1 file name contains" in result.stderr) == (5, True), result.stderr
        printed.append(result.stdout + result.stderr)
        (case / f"{text}.txt").unlink()

    assert {path.name: path.read_bytes() for path in (case / "custody").iterdir()} == before
    squeezed = unicodedata.normalize("NFC", "".join(printed)).replace(" ", "")
    assert name not in squeezed
