"""`evtool key`, as an archivist and as a job use it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from evtool.core.errors import ExitCode
from tests.cli.evidence import lock_key
from tests.conftest import Runner

KOREAN = "비밀 문장"


def test_a_new_key_is_locked_trusted_and_shown(evtool: Runner) -> None:
    """The first step of everybody: one command, and stock tools can use what it made."""
    result = evtool("key", "new", "A03", "--key-passphrase-fd", "0", stdin=f"{KOREAN}\n".encode())

    assert result.exit_code == ExitCode.OK, result.stderr
    line = (evtool.home / "keys" / "A03.pub").read_text().strip()
    fingerprint = result.stdout.splitlines()[1].strip()
    assert result.stdout == f"Key of A03, with passphrase\n  {fingerprint}\n  {line}\n"
    assert "You now trust it yourself as A03 (line 1 of your trust file)." in result.stderr
    assert KOREAN not in result.stdout + result.stderr
    assert (evtool.home / "allowed_signers").read_text() == f'A03 namespaces="evtool-custody-v1" {line}\n'
    listed = subprocess.run(
        ["ssh-keygen", "-l", "-f", evtool.home / "keys" / "A03.pub"], capture_output=True, text=True, check=True
    )
    assert listed.stdout.split()[1] == fingerprint
    modes = {path.name: path.stat().st_mode & 0o777 for path in evtool.home.rglob("*")}
    assert modes == {"keys": 0o700, "A03": 0o600, "A03.pub": 0o644, "allowed_signers": 0o600}
    assert evtool.home.stat().st_mode & 0o777 == 0o700


def test_modes_do_not_hang_on_the_umask(evtool: Runner) -> None:
    """A umask of 0 opens nothing, one of 0777 locks nobody out."""
    before = os.umask(0o777)
    try:
        evtool("key", "new", "A03", "--no-passphrase")
        os.umask(0)
        assert evtool("key", "new", "B07", "--no-passphrase").exit_code == ExitCode.OK
    finally:
        os.umask(before)
    for name, mode in {"keys/A03": 0o600, "keys/B07": 0o600, "keys/B07.pub": 0o644, "allowed_signers": 0o600}.items():
        assert (evtool.home / name).stat().st_mode & 0o777 == mode
    assert evtool.home.stat().st_mode & 0o777 == 0o700


def test_scripts_get_one_document(evtool: Runner) -> None:
    """The same facts for new, show and list; errors are a document too."""
    made = evtool("key", "new", "job", "--no-passphrase", "--json", "--quiet")
    shown = evtool("key", "show", "--json")
    listed = evtool("key", "list", "--json")

    assert made.stderr == ""
    (key,) = made.document["keys"]
    assert made.document["format"] == "evtool-keys/1"
    assert sorted(key) == ["code", "fingerprint", "passphrase", "public_key"]
    assert (key["code"], key["passphrase"]) == ("job", False)
    assert [key] == shown.document["keys"] == listed.document["keys"]
    assert listed.document["problems"] == []

    failed = evtool("key", "show", "A03", "--json")
    assert failed.exit_code == ExitCode.NOT_CHECKED
    assert failed.document["format"] == "evtool-error/1"
    assert failed.document["error"] == "you have no key for A03; your keys are job"


def test_a_public_key_to_hand_over_is_one_line(evtool: Runner, tmp_path: Path) -> None:
    """What goes to others holds no code, no name, no comment, and can be added as it is."""
    evtool("key", "new", "A03", "--no-passphrase")
    line = evtool("key", "show", "A03", "--public-key").stdout

    assert line == (evtool.home / "keys" / "A03.pub").read_text()
    assert len(line.split()) == 2
    added = evtool("trust", "add", "A03", "-", stdin=line.encode(), EVTOOL_HOME=str(tmp_path / "recipient"))
    assert added.exit_code == ExitCode.OK, added.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("김철수",), "is not a code"),
        (("../A03",), "is not a code"),
        (("A03", "--no-passphrase", "--key-passphrase-fd", "0"), "exclude each other"),
        (("A03", "--key-passphrase-file", "x", "--key-passphrase-fd", "0"), "give one"),
        (("A03", "--key-passphrase-fd", "-1"), "passphrase-fd"),
        (("A03", "secret words"), "unexpected extra argument"),
        (("A03", "--passphrase", "secret words"), "has no option"),
        ((), "Missing argument 'CODE'"),
    ],
)
def test_wrong_usage_makes_nothing(arguments: tuple[str, ...], message: str, evtool: Runner) -> None:
    """Exit 2, one line of error, and no home directory. There is no way to give a passphrase in the open."""
    result = evtool("key", "new", *arguments, stdin=b"x\n")
    assert result.exit_code == ExitCode.USAGE
    assert message in result.stderr
    assert result.stdout == ""
    assert not evtool.home.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "a passphrase is needed and there is no terminal"),
        (("--key-passphrase-fd", "0"), "the passphrase is empty"),
        (("--key-passphrase-fd", "77"), "cannot be read from descriptor 77"),
        (("--key-passphrase-file", "nothing"), "nothing: No such file or directory"),
    ],
)
def test_without_a_passphrase_no_key_is_made(arguments: tuple[str, ...], message: str, evtool: Runner) -> None:
    """Nobody gets an unlocked key by accident."""
    result = evtool("key", "new", "A03", *arguments)
    assert result.exit_code == ExitCode.NOT_CHECKED
    assert message in result.stderr
    assert not evtool.home.exists()


def test_a_second_key_of_a_code_is_refused_and_the_first_one_stays(evtool: Runner) -> None:
    """Also if only the trust file knows the code: the new key would stand beside another one unseen."""
    evtool("key", "new", "A03", "--no-passphrase")
    before = (evtool.home / "keys" / "A03").read_bytes()

    again = evtool("key", "new", "A03", "--no-passphrase")
    assert again.exit_code == ExitCode.NOT_CHECKED
    assert "A03 already has a key, and it was not overwritten" in again.stderr
    assert (evtool.home / "keys" / "A03").read_bytes() == before

    (evtool.home / "keys" / "A03").rename(evtool.directory / "lost")
    (evtool.home / "keys" / "A03.pub").unlink()
    again = evtool("key", "new", "A03", "--no-passphrase")
    assert again.exit_code == ExitCode.USAGE
    assert "A03 already has another key" in again.stderr
    assert "evtool trust revoke SHA256:" in again.stderr
    assert os.listdir(evtool.home / "keys") == []


def test_list_names_what_cannot_be_read_and_is_not_0_then(evtool: Runner) -> None:
    """Readable keys are still listed, on stdout; the trouble is on stderr."""
    assert "You have no keys yet" in evtool("key", "list").stderr
    evtool("key", "new", "A03", "--no-passphrase")
    evtool("key", "new", "B07", "--no-passphrase")
    (evtool.home / "keys" / "B07").chmod(0o644)

    result = evtool("key", "list")

    assert result.exit_code == ExitCode.NOT_CHECKED
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["A03"]
    assert "B07 is open to other users (mode 0644)" in result.stderr
    assert [problem["hint"] != "" for problem in evtool("key", "list", "--json").document["problems"]] == [True]
    assert "open to other users" in evtool("key", "show", "B07").stderr


def test_show_without_a_code_needs_exactly_one_key(evtool: Runner) -> None:
    """It does not guess."""
    assert "you have no keys yet" in evtool("key", "show").stderr
    evtool("key", "new", "A03", "--no-passphrase")
    assert evtool("key", "show").stdout.startswith("Key of A03, without passphrase\n")
    evtool("key", "new", "B07", "--no-passphrase")
    result = evtool("key", "show")
    assert result.exit_code == ExitCode.NOT_CHECKED
    assert "you have 2 keys: A03, B07" in result.stderr


def test_keys_in_ssh_agent_are_listed_on_demand(evtool: Runner) -> None:
    """With the fingerprint that --key takes, and never the comment."""
    evtool("key", "new", "A03", "--no-passphrase")
    refused = evtool("key", "list", "--ssh-agent")
    assert (refused.exit_code, refused.stdout) == (ExitCode.NOT_CHECKED, "")
    assert "SSH_AUTH_SOCK is not set" in refused.stderr

    path = evtool.directory / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.PIPE) as agent:
        assert agent.stdout
        agent.stdout.readline()
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "kim@archive", "-f", str(evtool.directory / "key")]
        subprocess.run(key, check=True)
        environment = os.environ | {"SSH_AUTH_SOCK": str(path)}
        subprocess.run(["ssh-add", "-q", evtool.directory / "key"], env=environment, check=True)
        text = evtool("key", "list", "--ssh-agent", SSH_AUTH_SOCK=str(path))
        document = evtool("key", "list", "--ssh-agent", "--json", SSH_AUTH_SOCK=str(path)).document
        agent.kill()

    (held,) = document["agent_keys"]
    assert held["public_key"] == " ".join((evtool.directory / "key.pub").read_text().split()[:2])
    assert f"(ssh-agent)      {held['fingerprint']} ssh-ed25519" in text.stdout
    assert "kim" not in text.stdout + str(document)


def test_help_shows_examples(evtool: Runner) -> None:
    """For the group and each of its commands, before any key exists."""
    for arguments in (["key"], ["key", "new"], ["key", "show"], ["key", "list"]):
        result = evtool(*arguments, "--help")
        assert result.exit_code == ExitCode.OK
        assert "Examples:\n    evtool key " in result.stdout
    assert not evtool.home.exists()


def ssh_keygen_opens(file: Path, passphrase: str) -> str | None:
    """The public key that ssh-keygen reads with a passphrase; None if it does not open."""
    command = ["ssh-keygen", "-y", "-P", passphrase, "-f", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout.strip() if run.returncode == 0 else None


@pytest.fixture
def secrets(tmp_path: Path) -> dict[str, Path]:
    """Two passphrases, each in a file."""
    files = {}
    for name, text in (("old", KOREAN), ("new", "four words of mine")):
        files[name] = tmp_path / name
        files[name].write_text(f"{text}\n", encoding="utf-8")
        files[name].chmod(0o600)
    return files


@pytest.fixture
def locked(evtool: Runner, secrets: dict[str, Path]) -> Path:
    """The key file of A03, with the passphrase `old`."""
    return lock_key(evtool, secrets["old"].read_text("utf-8").strip())


def test_a_passphrase_is_changed_and_the_key_is_not(evtool: Runner, locked: Path, secrets: dict[str, Path]) -> None:
    """Only the new one opens it, also for ssh-keygen; a wrong one leaves every byte as it was."""
    public, before = locked.with_name("A03.pub").read_text().strip(), locked.read_bytes()
    new = ("--new-passphrase-file", secrets["new"])
    wrong = evtool("key", "passphrase", "A03", "--key-passphrase-file", secrets["new"], *new)
    assert (wrong.exit_code, locked.read_bytes()) == (ExitCode.NOT_CHECKED, before)

    result = evtool("key", "passphrase", "A03", "--key-passphrase-file", secrets["old"], *new)

    assert result.exit_code == ExitCode.OK, result.stderr
    assert [ssh_keygen_opens(locked, text) for text in (KOREAN, "four words of mine")] == [None, public]
    assert locked.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in locked.parent.iterdir()) == ["A03", "A03.pub"]


def test_a_backup_opens_with_stock_tools_and_comes_back(
    evtool: Runner, locked: Path, secrets: dict[str, Path], tmp_path: Path
) -> None:
    """The copy is the key; it is tested, and put back on another machine."""
    backup = tmp_path / "A03.key"
    assert evtool("key", "backup", "A03", backup).exit_code == ExitCode.OK
    assert ssh_keygen_opens(backup, KOREAN) == locked.with_name("A03.pub").read_text().strip()
    again = evtool("key", "backup", "A03", backup)
    assert (again.exit_code, "already exists" in again.stderr) == (ExitCode.NOT_CHECKED, True)
    backup.chmod(0o644)  # as on a memory stick
    test = ("key", "restore", "A03", backup, "--test", "--key-passphrase-file")
    assert evtool(*test, secrets["old"]).exit_code == ExitCode.OK
    assert evtool(*test, secrets["new"]).exit_code == ExitCode.NOT_CHECKED

    elsewhere = replace(evtool, environment=evtool.environment | {"EVTOOL_HOME": str(tmp_path / "elsewhere")})
    restored = elsewhere("key", "restore", "A03", backup, "--key-passphrase-file", secrets["old"])
    assert restored.exit_code == ExitCode.OK, restored.stderr
    assert (tmp_path / "elsewhere" / "keys" / "A03").read_bytes() == locked.read_bytes()
    assert elsewhere("trust", "list").stdout.startswith("A03 ")


def test_a_backup_of_another_key_is_found_out(evtool: Runner, locked: Path, secrets: dict[str, Path]) -> None:
    """A test that passes with the wrong file would be found out on the day of the fire."""
    lock_key(evtool, KOREAN, "B07")
    assert evtool("key", "backup", "B07", "b.key").exit_code == ExitCode.OK
    result = evtool("key", "restore", "A03", "b.key", "--test", "--key-passphrase-file", secrets["old"])
    assert (result.exit_code, "another key than that of A03" in result.stderr) == (ExitCode.NOT_CHECKED, True)
    assert evtool("key", "restore", "A03", "b.key", "--key-passphrase-file", secrets["old"]).exit_code != ExitCode.OK


def test_a_key_without_passphrase_is_copied_only_on_purpose(evtool: Runner) -> None:
    """Whoever finds the stick could sign."""
    evtool("key", "new", "job", "--no-passphrase")
    refused = evtool("key", "backup", "job", "job.key")
    assert (refused.exit_code, (evtool.directory / "job.key").exists()) == (ExitCode.NOT_CHECKED, False)
    assert "--unlocked" in refused.stderr
    assert evtool("key", "backup", "job", "job.key", "--unlocked").exit_code == ExitCode.OK


def test_a_retired_key_is_set_aside_and_its_code_is_free(
    evtool: Runner, locked: Path, secrets: dict[str, Path]
) -> None:
    """It is offered no more, it is not lost, and the trust in it ends now."""
    before = locked.read_bytes()
    result = evtool("key", "retire", "A03", "--json")
    assert result.exit_code == ExitCode.OK, result.stderr
    assert f"evtool trust revoke {result.document['old_key']} --as-of " in result.stderr
    assert evtool("key", "list").stdout == ""
    assert (locked.parent / "_old" / "A03.1").read_bytes() == before
    assert "until 20" in evtool("trust", "list").stdout
    assert evtool("key", "new", "A03", "--key-passphrase-file", secrets["new"]).exit_code == ExitCode.OK
    assert evtool("key", "retire", "A03", "--as-of", "2026-03-01").exit_code == ExitCode.OK
    assert sorted(path.name for path in (locked.parent / "_old").iterdir()) == [
        "A03.1",
        "A03.1.pub",
        "A03.2",
        "A03.2.pub",
    ]
    assert "until 2026-03-01T00:00:00Z" in evtool("trust", "list").stdout


def test_a_forgotten_key_is_set_aside_and_still_counts(evtool: Runner, locked: Path, secrets: dict[str, Path]) -> None:
    """Nobody else has it, so what it signed is as good as before."""
    assert evtool("key", "retire", "A03", "--keep-trust").exit_code == ExitCode.OK
    assert evtool("key", "new", "A03", "--key-passphrase-file", secrets["new"]).exit_code == ExitCode.USAGE
    another = evtool("key", "new", "A03", "--another-key", "--key-passphrase-file", secrets["new"])
    assert another.exit_code == ExitCode.OK, another.stderr
    assert "until" not in evtool("trust", "list").stdout
    assert evtool("trust", "list").stdout.count("A03 ") == 2


def test_an_interrupted_change_is_done_again(evtool: Runner, locked: Path, secrets: dict[str, Path]) -> None:
    """What a killed run set aside is taken for the same key, and neither key is lost."""
    aside = locked.parent / "_old"
    aside.mkdir(mode=0o700)
    (aside / "A03.1").write_bytes(locked.read_bytes())
    (aside / "A03.1").chmod(0o600)
    old = locked.read_bytes()
    result = evtool("key", "change", "A03", "--new-passphrase-file", secrets["new"])
    assert result.exit_code == ExitCode.OK, result.stderr
    assert (aside / "A03.1").read_bytes() == old
    assert not (aside / "A03.2").exists()
    assert ssh_keygen_opens(locked, "four words of mine") == locked.with_name("A03.pub").read_text().strip()
