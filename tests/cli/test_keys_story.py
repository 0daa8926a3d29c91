"""Two people of one house and the keys of a year: colleague, changed key, staff of a recipient; and who abuses it."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from evtool.core.errors import ExitCode
from tests.cli.custody import Party, codes, copy_of, make_case, make_party
from tests.cli.evidence import lock_key
from tests.conftest import Runner, RunResult

RECIPIENTS = """
format = "evtool-recipients/1"

[recipient.B7]
kinds = ["un-body"]
purposes = ["un-reporting"]
region = "CH"
death_penalty = false
"""

DEFAULTS = """
format = "evtool-defaults/1"

[[directory]]
path = "."
handling = "named"

[directory.consent]
status = "given"
by = "subject"
for = ["un-reporting"]
share = ["B7"]
identity = "to-recipient"
defence = "yes"
onward = "no"
"""


@pytest.fixture
def a1(evtool: Runner) -> Party:
    """Who seals."""
    return make_member(evtool, "A1")


@pytest.fixture
def a2(evtool: Runner, a1: Party) -> Party:
    """A colleague of A1; both trust each other."""
    party = make_member(evtool, "A2")
    party.trusts(a1)
    a1.trusts(party)
    return party


@pytest.fixture
def case(evtool: Runner, a1: Party) -> Path:
    """Sealed by A1, with terms that let nobody pass it on."""
    (evtool.directory / "defaults.toml").write_text(DEFAULTS)
    directory = make_case(evtool)
    a1.ok("seal", directory, "--defaults", "defaults.toml")
    return directory


def make_member(evtool: Runner, code: str) -> Party:
    party = make_party(evtool, code)
    describe(party)
    return party


def describe(party: Party, more: str = "") -> None:
    file = party.run.home / "recipients.toml"
    file.write_text(RECIPIENTS + more)
    file.chmod(0o600)


def pack(party: Party, case: Path, name: str, *arguments: str | Path) -> RunResult:
    """Make a bundle for B7."""
    handover = ("--to", "B7", "--for", "un-reporting", "--authority", "DSA-1", "--plain")
    return party("pack", case, "-o", name, *handover, *arguments)


def admit(party: Party, case: Path, other: Party, *arguments: str) -> RunResult:
    return party("record", case, "admitted", "--code", other.code, "--public-key", other.public_key, *arguments)


def test_a_colleague_is_no_recipient(evtool: Runner, a1: Party, a2: Party, case: Path) -> None:
    """After the first bundle whoever had not signed was taken for its recipient; an admission ends that."""
    assert pack(a1, case, "first.zip").exit_code == ExitCode.OK
    refused = pack(a2, case, "second.zip")
    assert refused.exit_code == ExitCode.REFUSED
    assert "a recipient may not pass it on; a colleague has to be admitted first" in refused.stderr

    assert admit(a1, case, a2).exit_code == ExitCode.OK

    assert pack(a2, case, "second.zip").exit_code == ExitCode.OK
    assert a2.ok("consent", "check", case, "--to", "B7", "--for", "un-reporting").exit_code == ExitCode.OK
    assert a1("verify", case).exit_code == ExitCode.OK
    log = a1.ok("log", case).stdout
    assert "admitted" in log
    assert a2.public_key.read_text().split()[1] not in log, "the key itself is not in the entry"


def test_whom_nobody_admitted_is_told_apart_by_the_key(evtool: Runner, a1: Party, a2: Party, case: Path) -> None:
    """A recipient that signs under the sender's code, or under that of a colleague, has another key."""
    b7 = make_member(evtool, "B7")
    b7.trusts(a1)
    assert pack(a1, case, "first.zip").exit_code == ExitCode.OK
    assert admit(a1, case, a2).exit_code == ExitCode.OK
    copy = copy_of(case, "copy")
    key = str(b7.run.home / "keys" / "B7")
    for code in ("A1", "A2"):
        assert pack(b7, copy, f"{code}.zip", "--key", key, "--agent", code).exit_code == ExitCode.REFUSED
        b7.ok("record", copy, "accessed", "--key", key, "--agent", code)
        assert admit(b7, copy, b7, "--key", key, "--agent", code).exit_code == ExitCode.USAGE, (
            "nobody admits themselves"
        )
    b8 = make_member(evtool, "B8")
    assert admit(b7, copy, b8, "--key", key, "--agent", "A1").exit_code == ExitCode.OK
    for other in (a1, a2, b7):
        b8.trusts(other)
    assert pack(b8, copy, "b8.zip").exit_code == ExitCode.REFUSED


def test_a_recipient_admits_only_into_its_own_house(evtool: Runner, a1: Party, case: Path) -> None:
    """Nor does it make the sender one of its own, or retire its key."""
    b7, b8 = make_member(evtool, "B7"), make_member(evtool, "B8")
    for party in (b7, b8):
        party.trusts(a1)
    b8.trusts(b7)
    assert pack(a1, case, "first.zip").exit_code == ExitCode.OK
    copy = copy_of(case, "copy")
    b7.ok("receive", copy, "--receipt", "r")
    assert admit(b7, copy, b8).exit_code == ExitCode.OK
    assert admit(b7, copy, a1, "--role", "after").exit_code == ExitCode.USAGE, "nobody would heed it"
    assert [pack(party, copy, f"{party.code}.zip").exit_code for party in (b7, b8)] == [ExitCode.REFUSED] * 2
    assert pack(a1, copy, "a1.zip").exit_code == ExitCode.OK
    b7.ok("record", copy, "accessed")
    assert "key-retired" not in codes(b7("verify", copy, "--json"))


def test_an_admission_is_worth_what_its_signer_is(evtool: Runner, a1: Party, a2: Party, case: Path) -> None:
    """For somebody who does not trust A2, nobody whom A2 admits is of the house."""
    a3 = make_member(evtool, "A3")
    a3.trusts(a1)
    assert pack(a1, case, "first.zip").exit_code == ExitCode.OK
    assert admit(a1, case, a2).exit_code == ExitCode.OK
    assert admit(a2, case, a3).exit_code == ExitCode.OK

    assert pack(a3, case, "third.zip").exit_code == ExitCode.REFUSED
    a3.trusts(a2)
    assert pack(a3, case, "third.zip").exit_code == ExitCode.OK


def test_whoever_is_admitted_is_not_trusted_by_that(evtool: Runner, a1: Party, a2: Party, case: Path) -> None:
    """The verdict says whom to ask, and nothing else."""
    expert = make_party(evtool, "X1")
    expert.trusts(a1)
    assert admit(a1, case, a2).exit_code == ExitCode.OK
    a2.ok("record", case, "accessed")

    result = expert("verify", case, "--json")
    assert result.exit_code == ExitCode.NOT_ESTABLISHED
    (finding,) = (each for each in result.document["reports"][0]["findings"] if each["code"] == "key-unknown")
    assert "entry 2 admits it, signed by A1, whom you trust: confirm the fingerprint with A2" in finding["message"]
    assert "`evtool trust add A2`" in finding["message"]


def test_who_cannot_be_admitted(evtool: Runner, a1: Party, a2: Party, case: Path) -> None:
    """What would have no effect, or another one than its signer thinks, is refused before it is signed."""
    b7 = make_member(evtool, "B7")
    assert pack(a1, case, "first.zip").exit_code == ExitCode.OK
    assert "B7 is a recipient" in admit(a1, case, b7).stderr
    assert "nobody admits themselves" in admit(a1, case, a1).stderr
    assert admit(a1, case, a2).exit_code == ExitCode.OK
    result = a1("record", case, "admitted", "--code", "A9", "--public-key", a2.public_key)
    assert (result.exit_code, "this key is that of A2 in this record" in result.stderr) == (ExitCode.USAGE, True)


def test_the_key_is_changed(evtool: Runner, a1: Party, case: Path) -> None:
    """The next key packs, the old one stays trusted and signs no more, and both are one signer."""
    assert pack(a1, case, "first.zip").exit_code == ExitCode.OK
    old = a1.public_key.read_text()
    changed = a1.ok("key", "change", "A1", "--no-passphrase", "--record", case, "--json").document
    assert a1.public_key.read_text() != old
    assert [record["entry"] for record in changed["records"]] == [3]

    assert pack(a1, case, "second.zip").exit_code == ExitCode.OK

    aside = a1.run.home / "keys" / "_old" / "A1.1"
    assert aside.with_name("A1.1.pub").read_text() == old
    result = a1("record", case, "accessed", "--key", aside, "--agent", "A1")
    assert result.exit_code == ExitCode.USAGE
    assert "entry 3 replaced this key of A1" in result.stderr
    assert a1("key", "change", "A1", "--no-new-key", "--record", case).exit_code == ExitCode.NOT_CHECKED
    assert [line.split()[0] for line in a1.ok("key", "list").stdout.splitlines()] == ["A1"]
    report = a1("verify", case, "--json")
    assert (report.exit_code, "no-witness" in codes(report)) == (ExitCode.OK, True)


def test_two_keys_of_one_agent_are_no_two_signers(evtool: Runner, a1: Party, a2: Party, case: Path) -> None:
    """Two people are."""
    a1.ok("key", "change", "A1", "--no-passphrase", "--record", case)
    a1.ok("record", case, "countersigned", "--entry", "1")
    two = ("verify", case, "--require", "signers=2", "--json")
    assert (a1(*two).exit_code, "signers-too-few" in codes(a1(*two))) == (ExitCode.NOT_ESTABLISHED, True)

    assert admit(a1, case, a2).exit_code == ExitCode.OK
    a2.ok("record", case, "countersigned", "--entry", "1")
    assert a1(*two).exit_code == ExitCode.OK


def test_a_next_key_under_another_code_is_no_second_person(evtool: Runner, a1: Party, case: Path) -> None:
    """Neither under a seal nor where the terms ask for a second person."""
    next_one = make_member(evtool, "A1b")
    next_one.trusts(a1)
    a1.trusts(next_one)
    a1.ok("consent", "set", case, "--items", "1-5", "--conditions", "notify-before-use")
    needs_two = ("--confirm", "notify-before-use", "--approved-by", "A1b")
    assert pack(a1, case, "a.zip", *needs_two, "--dry-run").exit_code == ExitCode.OK

    assert admit(a1, case, next_one, "--role", "after").exit_code == ExitCode.OK

    assert pack(a1, case, "a.zip", *needs_two).exit_code == ExitCode.REFUSED
    next_one.ok("record", case, "countersigned", "--entry", "1")
    assert next_one("verify", case, "--require", "signers=2").exit_code == ExitCode.NOT_ESTABLISHED


def test_people_of_a_recipient_sign_receipts_with_keys_of_their_own(evtool: Runner, a1: Party, case: Path) -> None:
    """One code, several keys: the sender's list of recipients names them, for receipts and nothing else."""
    b7 = make_party(evtool, "B7")
    b7.trusts(a1)
    for name in ("kim", "lee"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", evtool.directory / name], check=True)
    lines = [(evtool.directory / f"{name}.pub").read_text().rsplit(" ", 1)[0] for name in ("kim", "lee")]
    assert pack(a1, case, "first.zip").exit_code == ExitCode.OK
    copy = copy_of(case, "copy")
    b7.ok("receive", copy, "--receipt", "r", "--key", "kim", "--agent", "B7")
    assert a1("receipt", "add", case, "r").exit_code == ExitCode.NOT_ESTABLISHED

    describe(a1, f'signing_keys = ["{lines[0]}", "{lines[1]}"]\n')
    a1.ok("receipt", "add", case, "r")

    assert "transfer-open" not in codes(a1("verify", case, "--json"))
    assert "transfer-open" not in codes(a1("verify", copy, "--json"))
    assert a1("verify", copy).exit_code == ExitCode.OK, "the entry `received` is by a key of the recipient"
    file = a1.run.home / "allowed_signers"
    only_trust = a1("verify", case, "--trust", file, "--json")
    assert "transfer-open" in codes(only_trust), "whoever names a trust list means that and nothing else"
    b7.ok("record", copy, "accessed", "--key", "lee", "--agent", "B7")
    assert a1("verify", copy).exit_code == ExitCode.NOT_ESTABLISHED, "anything else is not a receipt"
    file.write_text(file.read_text() + f'kim namespaces="evtool-custody-v1",valid-before="20260101Z" {lines[0]}\n')
    assert "transfer-open" in codes(a1("verify", case, "--json")), "the trust list ends the trust in a key"


def test_ssh_agent_is_asked_before_the_person(evtool: Runner, tmp_path: Path) -> None:
    """No terminal, no passphrase given: the key that the agent holds signs all the same."""
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\necho four words of mine\n")
    ask.chmod(0o700)
    lock_key(evtool, "four words of mine", "A1")
    case = make_case(evtool)
    assert evtool("seal", case).exit_code == ExitCode.NOT_CHECKED
    socket = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE)
    try:
        assert agent.stdout
        agent.stdout.readline()
        held = {"SSH_AUTH_SOCK": str(socket)}
        askpass = evtool.environment | held | {"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
        subprocess.run(["ssh-add", "-q", evtool.home / "keys" / "A1"], check=True, env=askpass, capture_output=True)
        party = replace(evtool, environment=evtool.environment | held)
        assert party("seal", case).exit_code == ExitCode.OK
        assert party("verify", case).exit_code == ExitCode.OK
        subprocess.run(["ssh-add", "-q", "-D"], check=True, env=evtool.environment | held, capture_output=True)
        assert party("record", case, "accessed").exit_code == ExitCode.NOT_CHECKED
    finally:
        agent.kill()
        agent.wait()
        if agent.stdout:
            agent.stdout.close()
