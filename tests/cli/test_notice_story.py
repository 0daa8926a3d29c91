"""Consent is withdrawn after a bundle went out: a notice reaches the holder, and takes back in the holder's record."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from evtool.core.consent.notice import parse_notice
from evtool.core.errors import EvtoolError
from evtool.core.text.canonical import serialize_canonical
from evtool.keys.keyfile import unlock
from evtool.keys.own import read_own_key
from evtool.keys.passphrase import TerminalPassphrase
from evtool.keys.signer import FileSigner
from tests.cli.custody import Party, make_party, move_in, party_of
from tests.cli.test_receive_story import pack, seal_case
from tests.conftest import Runner, make_runner
from tests.manifests.test_schemas import check

RECIPIENTS = """
format = "evtool-recipients/1"

[recipient.UN-1]
kinds = ["un-body"]
purposes = ["un-reporting"]
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the homes of A1 and UN-1, a case, and a bundle of it that UN-1 has answered."""
    folder = tmp_path_factory.mktemp("world")
    runner = make_runner(folder)
    sender = make_party(runner, "A1")
    recipient = make_party(runner, "UN-1")
    recipient.trusts(sender)
    sender.trusts(recipient)
    for party in (sender, recipient):
        (party.run.home / "recipients.toml").write_text(RECIPIENTS)
    seal_case(sender)
    bundle = pack(sender, "bundle.zip")
    recipient.ok("receive", bundle, "--receipt", folder / "r")
    sender.ok("receipt", "add", "case", folder / "r")
    (folder / "r").unlink()
    return folder


@pytest.fixture
def sender(evtool: Runner, world: Path) -> Party:
    """Agent A1, in a copy of that folder."""
    return move_in(evtool, world, "A1")


@pytest.fixture
def recipient(sender: Party) -> Party:
    """Agent UN-1, beside them."""
    return party_of(sender.run, "UN-1")


@pytest.fixture
def held(sender: Party, recipient: Party) -> Path:
    """The bundle of all three items that the recipient has answered."""
    return sender.run.directory / "bundle.zip"


def may_go(party: Party, place: Path, *more: str | Path) -> list[int]:
    """The items that may go on to UN-1 for reporting, as the party's own copy says."""
    onward = ("--confirm", "onward-agreed", "--approved-by", "R9")
    result = party("consent", "check", place, "--to", "UN-1", "--for", "un-reporting", *onward, *more, "--json")
    return [item["item"] for item in result.document["items"] if item["allowed"]]


def withdraw(sender: Party, items: str, notice: Path) -> Path:
    sender.ok("consent", "set", "case", "--items", items, "--status", "withdrawn", "--reason", "told by phone")
    sender.ok("consent", "recall", "case", "--items", items, "--notice", notice)
    return notice


def test_a_withdrawal_reaches_the_holder(sender: Party, recipient: Party, held: Path, tmp_path: Path) -> None:
    """The holder's record says so from then on, to every reader; the bundle is not changed."""
    continued = held.with_name("bundle.zip.received")
    assert may_go(recipient, held, "--continued", continued) == [1, 2, 3]
    before = held.read_bytes()
    notice = withdraw(sender, "2", tmp_path / "case.notice")

    told = recipient.ok("receive", held, "--notice", notice, "--json").document

    check("notice-taken", told)
    assert (told["items"], told["entries"], told["unknown"], told["parts_after"]) == (["2"], [4], None, None)
    assert held.read_bytes() == before
    assert may_go(recipient, held, "--continued", continued) == [1, 3]
    assert recipient.ok("verify", held, "--continued", continued, "--json").document["reports"][0]["continued"] == 2
    details = (continued / "0004-consent-changed.details").read_text()
    assert f'reason = "notice {told["notice"]}"' in details

    again = recipient.ok("receive", held, "--notice", notice)
    assert "all that it tells is in force here already" in again.stdout
    assert not list(continued.glob("0005*"))


def test_a_notice_holds_no_name_and_nothing_about_other_items(sender: Party, held: Path, tmp_path: Path) -> None:
    sender.ok("consent", "set", "case", "--items", "1", "--status", "withdrawn", "--reason", "witness of item one")
    notice = withdraw(sender, "3", tmp_path / "n")

    text = notice.read_text()

    assert "told by phone" in text
    assert "witness of item one" not in text
    assert not [name for name in ("증언", "김철수", "notes") if name in text]
    assert [link.entry.sequence for link in parse_notice(notice.read_bytes()).links] == [3, 4]
    assert len(text) < 8000


def test_a_notice_that_permits_is_not_taken_at_its_word(
    sender: Party, recipient: Party, held: Path, tmp_path: Path
) -> None:
    """Consent is withdrawn and given again: whoever holds only a notice keeps to the stricter."""
    continued = held.with_name("bundle.zip.received")
    recipient.ok("receive", held, "--notice", withdraw(sender, "1-2", tmp_path / "first"))
    sender.ok("consent", "set", "case", "--items", "1", "--status", "given", "--by", "subject")
    sender.ok("consent", "recall", "case", "--items", "1", "--notice", tmp_path / "second")

    told = recipient.ok("receive", held, "--notice", tmp_path / "second", "--json").document

    assert told["entries"] == []
    assert may_go(recipient, held, "--continued", continued) == [3]


def test_what_is_missing_before_a_notice_is_told(sender: Party, recipient: Party, held: Path, tmp_path: Path) -> None:
    """A second handover came first: the notice begins after it, and the holder of the first bundle has a gap."""
    for number in (1, 2):
        sender.ok("record", "case", "accessed", "--reason", f"look {number}")
    sender.ok("consent", "set", "case", "--items", "1", "--status", "revoked")
    sender.ok("consent", "recall", "case", "--items", "1", "--notice", tmp_path / "n")
    document = json.loads((tmp_path / "n").read_text().split("\n-----BEGIN")[0])
    assert len(document["entries"]) == 3
    shutil.copy(tmp_path / "n", tmp_path / "whole")
    entries = document["entries"]
    sign_again(sender, tmp_path / "n", document | {"entries": entries[::2]})
    assert "does not follow" in recipient("receive", held, "--notice", tmp_path / "n").stderr
    sign_again(sender, tmp_path / "n", document | {"entries": entries[:2]})
    assert recipient("receive", held, "--notice", tmp_path / "n").exit_code == 4
    sign_again(sender, tmp_path / "n", document | {"entries": entries[2:]})

    told = recipient.ok("receive", held, "--notice", tmp_path / "n", "--dry-run", "--json").document
    assert (told["unknown"], told["entries"]) == ("3-4", [4])
    assert "entries 3-4 are not known here" in recipient.ok("receive", held, "--notice", tmp_path / "n").stdout
    told = recipient("receive", held, "--notice", tmp_path / "whole", "--json").document
    assert (told["unknown"], told["entries"]) == (None, [])


def sign_again(party: Party, path: Path, document: dict[str, object]) -> None:
    """Sign another notice with the same key: what only the sender could do."""
    key = read_own_key(party.code, party.run.home)
    signer = FileSigner(key.file.public_key, party.code, unlock(key.file, TerminalPassphrase()))
    data = serialize_canonical(document) + b"\n"
    path.write_bytes(data + signer.sign(data))


def test_a_stranger_takes_back_nothing(evtool: Runner, sender: Party, recipient: Party, held: Path) -> None:
    """Neither a key that the holder does not trust, nor a notice for another collection, nor a changed byte."""
    notice = withdraw(sender, "1", evtool.directory / "n")
    mallory_trusts = recipient.run.home / "allowed_signers"
    trusted = mallory_trusts.read_text()
    mallory_trusts.write_text("".join(line for line in trusted.splitlines(True) if not line.startswith("A1 ")))
    result = recipient("receive", held, "--notice", notice)
    assert (result.exit_code, "confirm the fingerprint" in result.stderr) == (3, True)
    mallory_trusts.write_text(trusted)

    changed = evtool.directory / "changed"
    changed.write_bytes(notice.read_bytes().replace(b'"items":["1"]', b'"items":["3"]'))
    assert recipient("receive", held, "--notice", changed).exit_code == 1
    other = evtool.directory / "other"
    other.mkdir()
    (other / "a.txt").write_text("a\n")
    sender.ok("seal", other)
    sender.ok("consent", "set", other, "--all-items", "--status", "withdrawn")
    sender.ok("consent", "recall", other, "--notice", evtool.directory / "o")
    result = recipient("receive", held, "--notice", evtool.directory / "o")
    assert (result.exit_code, "another collection" in result.stderr) == (1, True)
    assert not list(held.with_name("bundle.zip.received").glob("0004*"))


def test_a_copy_is_answered_before_it_takes_in_a_notice(sender: Party, recipient: Party, tmp_path: Path) -> None:
    """Else what the holder records would part from what the sender recorded."""
    pack(sender, "open")
    notice = withdraw(sender, "1", tmp_path / "n")
    recipient.ok("unpack", sender.run.directory / "open", "-o", tmp_path / "copy")

    result = recipient("receive", tmp_path / "copy", "--notice", notice)

    assert (result.exit_code, "confirm it first" in result.stderr) == (4, True)


def test_a_fork_is_told_and_keeps_nobody_from_blocking(sender: Party, recipient: Party, tmp_path: Path) -> None:
    """Two laptops go on with one entry; the notice of the second reaches the holder of a bundle from the first."""
    case = sender.run.directory / "case"
    twin = Path(shutil.copytree(case, tmp_path / "twin"))
    sender.ok("record", case, "accessed", "--reason", "first laptop")
    bundle = pack(sender, "later.zip")
    recipient.ok("receive", bundle, "--receipt", tmp_path / "r")
    sender.ok("record", twin, "accessed", "--reason", "second laptop")
    sender.ok("consent", "set", twin, "--items", "1", "--status", "withdrawn")
    sender.ok("consent", "recall", twin, "--items", "1", "--notice", tmp_path / "n")

    result = recipient("receive", bundle, "--notice", tmp_path / "n", "--json")

    assert (result.exit_code, result.document["parts_after"], result.document["unknown"]) == (1, 2, None)
    assert may_go(recipient, bundle, "--continued", bundle.with_name("later.zip.received")) == [2, 3]


def test_nothing_to_tell(sender: Party, held: Path, tmp_path: Path) -> None:
    result = sender("consent", "recall", "case", "--items", "1", "--notice", tmp_path / "n")
    assert (result.exit_code, "nothing to tell anybody" in result.stderr) == (4, True)
    assert not (tmp_path / "n").exists()
    assert sender("receive", held).exit_code == 2


def test_no_notice_makes_the_reader_fail(sender: Party, held: Path, tmp_path: Path) -> None:
    """Bytes changed, cut, doubled: every one is refused with a word."""
    good = withdraw(sender, "1", tmp_path / "n").read_bytes()
    assert parse_notice(good).items.serialize() == ["1"]
    source = random.Random(8)
    refused = 0
    for _ in range(400):
        data = bytearray(good)
        for _ in range(source.choice((1, 1, 1, 3))):
            at = source.randrange(len(data))
            if source.random() < 0.5:
                data[at] = source.randrange(256)
            else:
                data[at : at + source.randrange(40)] = data[source.randrange(len(data)) :][: source.randrange(40)]
        if bytes(data) == good:
            continue
        with pytest.raises(EvtoolError):
            parse_notice(bytes(data))
        refused += 1
    assert refused > 380
