"""Attacks on the record. Each is shown to be in place before it is shown to fail."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from tests.cli.custody import ANYWAY, Party, codes, copy_of, make_case, make_party
from tests.conftest import Runner, RunResult


@pytest.fixture
def giver(evtool: Runner) -> Party:
    """Agent A1."""
    return make_party(evtool, "A1")


@pytest.fixture
def receiver(evtool: Runner, giver: Party) -> Party:
    """Agent B7; the two trust each other."""
    party = make_party(evtool, "B7")
    party.trusts(giver)
    giver.trusts(party)
    return party


def sealed_with_events(evtool: Runner, giver: Party) -> Path:
    """A case with four entries."""
    case = make_case(evtool)
    giver.ok("seal", case)
    for reason in ("first look", "second look", "third look"):
        giver.ok("record", case, "accessed", "--reason", reason)
    return case


def remove_entry(case: Path, number: int) -> None:
    """Take an entry out of the directory."""
    found = list((case / "custody").glob(f"{number:04d}-*"))
    assert found
    for path in found:
        path.unlink()


def test_an_entry_taken_from_the_middle_is_missed(evtool: Runner, giver: Party) -> None:
    """The numbers show the gap."""
    case = sealed_with_events(evtool, giver)
    remove_entry(case, 3)
    result = giver("verify", case, "--json")
    assert (result.exit_code, "entry-missing" in codes(result)) == (1, True)
    assert giver("record", case, "accessed").exit_code == 1


def test_a_gap_that_is_closed_by_renaming_is_still_found(evtool: Runner, giver: Party) -> None:
    """The entry that slides down says which number it has, and follows another one."""
    case = sealed_with_events(evtool, giver)
    remove_entry(case, 3)
    for path in sorted((case / "custody").glob("0004-*")):
        path.rename(path.with_name(path.name.replace("0004", "0003")))
    assert len(list((case / "custody").glob("*.toml"))) == 3
    result = giver("verify", case, "--json")
    assert (result.exit_code, "chain-broken" in codes(result)) == (1, True)


def test_an_entry_taken_from_the_end_is_caught_by_a_noted_head(evtool: Runner, giver: Party) -> None:
    """Without an outside witness nothing shows it, and the report says so; with the noted head it is a mismatch."""
    case = sealed_with_events(evtool, giver)
    head = giver.ok("log", case, "--json").document["head"]
    remove_entry(case, 4)

    unaware = giver("verify", case, "--json")
    assert (unaware.exit_code, "no-witness" in codes(unaware)) == (0, True)
    noted = " ".join(head[i : i + 4] for i in range(0, 64, 4)).upper()
    aware = giver("verify", case, "--expect-head", noted, "--json")

    assert (aware.exit_code, "head-unknown" in codes(aware)) == (1, True)


def test_an_entry_taken_from_the_end_is_caught_by_the_receipt(evtool: Runner, giver: Party, receiver: Party) -> None:
    """The giver drops the transfer; the receipt then fits no entry of the record."""
    case = make_case(evtool)
    giver.ok("seal", case)
    giver.ok("transfer", case, "--to", "B7", "--authority", "x", "--purpose", "y", *ANYWAY)
    receiver.ok("receive", copy_of(case, "inbox"), "--receipt", "r")
    remove_entry(case, 2)
    assert giver("verify", case).exit_code == 0

    result = giver("receipt", "add", case, "r")

    assert (result.exit_code, "for an entry that is not in this record" in result.stderr) == (1, True)


def test_a_chain_that_was_linked_anew_is_a_fork(evtool: Runner, giver: Party, receiver: Party) -> None:
    """The holder drops an entry and writes the rest again with the same key: the copies part."""
    case = sealed_with_events(evtool, giver)
    giver.ok("transfer", case, "--to", "B7", "--authority", "x", "--purpose", "y", *ANYWAY)
    inbox = copy_of(case, "inbox")
    receiver.ok("receive", inbox, "--receipt", "r")
    for number in (3, 4, 5):
        remove_entry(case, number)
    giver.ok("record", case, "accessed", "--reason", "third look")
    giver.ok("transfer", case, "--to", "B7", "--authority", "x", "--purpose", "y", *ANYWAY)
    assert giver("verify", case).exit_code == 0

    compared = giver("compare", case, inbox, "--json")

    assert (compared.exit_code, compared.document["shared_entries"]) == (1, 2)
    assert giver("receipt", "add", case, "r").exit_code == 1


def test_swapped_signatures_do_not_verify(evtool: Runner, giver: Party) -> None:
    """Both signatures are good, each for the other entry."""
    case = sealed_with_events(evtool, giver)
    one, other = (case / "custody" / f"000{number}-accessed.toml.sig" for number in (2, 3))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    result = giver("verify", case, "--json")
    assert (result.exit_code, codes(result).count("signature-invalid")) == (1, 2)


def test_a_receipt_for_another_collection_is_refused(evtool: Runner, giver: Party, receiver: Party) -> None:
    """Two cases are handed over; the receipt of one does not answer the other."""
    cases = [make_case(evtool, name) for name in ("one", "two")]
    for case in cases:
        giver.ok("seal", case)
        giver.ok("transfer", case, "--to", "B7", "--authority", "x", "--purpose", "y", *ANYWAY)
    receiver.ok("receive", copy_of(cases[0], "inbox"), "--receipt", "r")
    result = giver("receipt", "add", cases[1], "r")
    assert (result.exit_code, "another collection" in result.stderr) == (1, True)
    giver.ok("receipt", "add", cases[0], "r")


def test_a_receipt_by_an_unlisted_key_answers_nothing(evtool: Runner, giver: Party) -> None:
    """Somebody else answers as B7 with a key of their own; placed by hand beside the entry it stays without effect."""
    stranger = make_party(evtool, "B7")
    stranger.trusts(giver)
    case = make_case(evtool)
    giver.ok("seal", case)
    giver.ok("transfer", case, "--to", "B7", "--authority", "x", "--purpose", "y", *ANYWAY)
    inbox = copy_of(case, "inbox")
    stranger.ok("receive", inbox, "--receipt", "r")

    assert giver("receipt", "add", case, "r").exit_code == 3
    for ending in ("toml", "toml.sig"):
        shutil.copy(inbox / f"custody/0003-received.{ending}", case / f"custody/0002-transferred.receipt.{ending}")
    found = codes(giver.ok("verify", case, "--json"))

    assert "transfer-open" in found
    assert "key-unknown" in found
    assert "witnessed" not in found


def test_a_receipt_that_was_edited_does_not_hold(evtool: Runner, giver: Party, receiver: Party) -> None:
    """One word changed in a receipt that lies beside the entry: the record is refuted, whoever changed it."""
    case = make_case(evtool)
    giver.ok("seal", case)
    giver.ok("transfer", case, "--to", "B7", "--authority", "x", "--purpose", "y", *ANYWAY)
    receiver.ok("receive", copy_of(case, "inbox"), "--receipt", "r", "--reject")
    giver.ok("receipt", "add", case, "r")
    receipt = case / "custody" / "0002-transferred.receipt.toml"
    edited = receipt.read_bytes().replace(b'"rejected"', b'"accepted"')
    assert edited != receipt.read_bytes()
    receipt.write_bytes(edited)
    result = giver("verify", case, "--json")
    assert (result.exit_code, "receipt-invalid" in codes(result)) == (1, True)


def test_a_receipt_of_a_later_version_accuses_nobody(evtool: Runner, giver: Party, receiver: Party) -> None:
    """The receiver signed a word that this version does not know: it cannot be read, which disproves nothing."""
    case = make_case(evtool)
    giver.ok("seal", case)
    giver.ok("transfer", case, "--to", "B7", "--authority", "x", "--purpose", "y", *ANYWAY)
    receiver.ok("receive", copy_of(case, "inbox"), "--receipt", "r", "--reject")
    giver.ok("receipt", "add", case, "r")
    receipt = case / "custody" / "0002-transferred.receipt.toml"
    receipt.write_bytes(receipt.read_bytes().replace(b'"rejected"', b'"postponed"'))
    receipt.with_name(receipt.name + ".sig").unlink()
    key = receiver.run.home / "keys" / "B7"
    command = ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", "evtool-custody-v1", str(receipt)]
    subprocess.run(command, check=True, capture_output=True)
    result = giver("verify", case, "--json")
    assert (result.exit_code, "receipt-invalid" in codes(result)) == (4, True)
    assert "postponed" in result.stdout


def test_a_transfer_is_not_replayed(evtool: Runner, giver: Party, receiver: Party) -> None:
    """The same receipt does not answer a second transfer, and a receipt is never overwritten."""
    case = make_case(evtool)
    giver.ok("seal", case)
    giver.ok("transfer", case, "--to", "B7", "--authority", "x", "--purpose", "y", *ANYWAY)
    receiver.ok("receive", copy_of(case, "inbox"), "--receipt", "r")
    giver.ok("receipt", "add", case, "r")
    giver.ok("transfer", case, "--to", "B7", "--authority", "x", "--purpose", "again", *ANYWAY)
    again = giver("receipt", "add", case, "r")
    assert (again.exit_code, "already has a receipt" in again.stderr) == (1, True)
    for ending in ("toml", "toml.sig"):
        source = case / f"custody/0002-transferred.receipt.{ending}"
        shutil.copy(source, case / f"custody/0003-transferred.receipt.{ending}")
    assert "transfer-open" in codes(giver("verify", case, "--json"))


def test_somebody_elses_transfer_cannot_be_received(evtool: Runner, giver: Party, receiver: Party) -> None:
    """B7 was named; C9 cannot accept in its place."""
    other = make_party(evtool, "C9")
    other.trusts(giver)
    case = make_case(evtool)
    giver.ok("seal", case)
    giver.ok("transfer", case, "--to", "B7", "--authority", "x", "--purpose", "y", *ANYWAY)
    inbox = copy_of(case, "inbox")
    result = other("receive", inbox, "--receipt", "r")
    assert (result.exit_code, "hands the collection over to C9" in result.stderr) == (4, True)
    assert other("receive", inbox, "--receipt", "r", "--entry", "2").exit_code == 1


def test_two_records_at_once_leave_one_chain(evtool: Runner, giver: Party) -> None:
    """Both are recorded, or one is told that another is writing; never two entries of one number."""
    case = make_case(evtool, files=2)
    giver.ok("seal", case)
    results: list[RunResult] = []
    threads = [
        threading.Thread(target=lambda: results.append(giver("record", case, "accessed", "--reason", "look")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [result for result in results if result.exit_code == 0]
    busy = [result for result in results if result.exit_code == 4]
    assert len(done) + len(busy) == 4
    assert done
    assert all("another evtool is writing" in result.stderr for result in busy)
    entries = giver.ok("log", case, "--json").document["entries"]
    assert [entry["entry"] for entry in entries] == list(range(1, len(done) + 2))


def test_a_record_made_to_exhaust_its_reader_is_read_to_a_limit(evtool: Runner, giver: Party) -> None:
    """1,100 entries of 64 KiB that anybody can write: past 64 MiB none is read, and the rest of the check goes on."""
    case = make_case(evtool)
    giver.ok("seal", case)
    filler = b"#" * (64 * 1024)
    for number in range(2, 1_102):
        entry = case / "custody" / f"{number:04d}-accessed.toml"
        entry.write_bytes(filler)
        entry.with_name(entry.name + ".sig").write_bytes(b"no signature")
    result = giver("verify", case, "--json")
    (report,) = result.document["reports"]
    assert (result.exit_code, report["items"]["ok"]) == (4, report["sealed"])
    unread = [finding["entry"] for finding in report["findings"] if finding["code"] == "custody-unreadable"]
    assert unread == list(range(1_026, 1_102))
