"""Passphrases: where they come from, and that they go nowhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest

from evtool.core.errors import InputError, KeyFileError
from evtool.keys.passphrase import DescriptorPassphrase, FilePassphrase, Passphrase, TerminalPassphrase
from tests.cli.evidence import lock_key
from tests.conftest import Runner

KOREAN = "비밀 문장"
NFD = unicodedata.normalize("NFD", KOREAN)


def from_descriptor(data: bytes) -> Passphrase:
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    try:
        return DescriptorPassphrase(reader).read("key A03", new=False)
    finally:
        os.close(reader)


def test_a_passphrase_shows_nothing_of_itself() -> None:
    """Messages, logs and the locals of a trace show a repr."""
    passphrase = Passphrase(b"secret words")
    assert "secret" not in f"{passphrase} {passphrase!r} {[passphrase]}"


def test_hangul_typed_on_any_system_is_the_same_passphrase() -> None:
    """NFC is tried first, then what was typed; new keys only ever get NFC."""
    composed, decomposed = Passphrase(KOREAN.encode()), Passphrase(NFD.encode())
    assert KOREAN.encode() != NFD.encode()
    assert composed.for_new_key() == decomposed.for_new_key() == KOREAN.encode()
    assert composed.candidates() == (KOREAN.encode(),)
    assert decomposed.candidates() == (KOREAN.encode(), NFD.encode())


@pytest.mark.parametrize(("data", "expected"), [(b"x", b"x"), (b"x y \n", b"x y "), (b"x\r\n", b"x")])
def test_one_newline_at_the_end_is_not_part_of_it(data: bytes, expected: bytes) -> None:
    """`echo` and editors add one; blanks are part of it."""
    assert from_descriptor(data).candidates() == (expected,)


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"a\nb\n", "more than one line"), (b"a\0", "NUL"), (b"x" * 4097, "4096")],
)
def test_a_passphrase_that_is_none_is_refused(data: bytes, message: str) -> None:
    """An empty file or variable must not lock a key with nothing."""
    with pytest.raises(KeyFileError, match=message):
        from_descriptor(data)


def test_bytes_that_are_no_text_open_old_keys_but_lock_no_new_one() -> None:
    """On the next terminal nobody could type them."""
    passphrase = Passphrase(b"caf\xe9")
    assert passphrase.candidates() == (b"caf\xe9",)
    with pytest.raises(KeyFileError, match="not UTF-8"):
        passphrase.for_new_key()


def test_a_descriptor_that_is_not_open_is_named() -> None:
    """The hint shows how a shell opens one."""
    with pytest.raises(KeyFileError, match="from descriptor 987") as caught:
        DescriptorPassphrase(987).read("key A03", new=False)
    assert "3< FILE" in caught.value.hint


def test_a_passphrase_file_is_as_secret_as_the_key(tmp_path: Path) -> None:
    """One that others may read is refused, a pipe of the shell is not."""
    file = tmp_path / "passphrase"
    file.write_bytes(b"secret words\n")
    file.chmod(0o640)
    with pytest.raises(KeyFileError, match=r"open to other users \(mode 0640\)"):
        FilePassphrase(file).read("key A03", new=False)

    file.chmod(0o600)
    assert FilePassphrase(file).read("key A03", new=False).candidates() == (b"secret words",)

    reader, writer = os.pipe()
    os.write(writer, b"from a pipe\n")
    os.close(writer)
    path = Path(f"/proc/self/fd/{reader}")
    assert FilePassphrase(path).read("key A03", new=False).candidates() == (b"from a pipe",)
    os.close(reader)
    with pytest.raises(InputError, match="No such file"):
        FilePassphrase(tmp_path / "nothing").read("key A03", new=False)


def test_without_a_terminal_nothing_waits_and_stdin_is_not_taken_for_one() -> None:
    """A job that forgot the option ends at once; it does not read its data as a passphrase."""
    program = (
        "from evtool.keys.passphrase import TerminalPassphrase\n"
        "from evtool.core.errors import KeyFileError\n"
        "try: TerminalPassphrase().read('key A03', new=False)\n"
        "except KeyFileError as error: print(error.message)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], input=b"data\n", capture_output=True, start_new_session=True, check=True
    )
    assert run.stdout == b"a passphrase is needed and there is no terminal to ask on\n"
    assert run.stderr == b""
    assert TerminalPassphrase() == TerminalPassphrase()


def type_on_terminal(evtool: Runner, arguments: list[str], answers: list[str]) -> tuple[int, str]:
    """Runs evtool on a real terminal and types one answer for each question."""
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover
        os.chdir(evtool.directory)
        os.execve(sys.executable, evtool.command(*arguments), evtool.environment)
    shown = b""
    pending = list(answers)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if piece.rstrip(b" ").endswith((b":", b"again:")) and pending:
            os.write(terminal, pending.pop(0).encode() + b"\n")
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


def test_a_passphrase_is_asked_for_twice_and_never_echoed(evtool: Runner) -> None:
    """The key then opens with it, typed on any system."""
    code, shown = type_on_terminal(evtool, ["key", "new", "A03"], [KOREAN, NFD])

    assert code == 0, shown
    assert "New passphrase of key A03:" in shown
    assert KOREAN not in shown
    assert NFD not in shown
    command = ["ssh-keygen", "-y", "-P", KOREAN, "-f", str(evtool.home / "keys" / "A03")]
    assert subprocess.run(command, capture_output=True, check=True).stdout.startswith(b"ssh-ed25519 ")


def test_two_different_passphrases_make_no_key(evtool: Runner) -> None:
    """A slip of the finger would lock the key for ever; whoever slips three times begins anew."""
    code, shown = type_on_terminal(evtool, ["key", "new", "A03"], ["one two three", "one two four"] * 3)

    assert code == 4
    assert shown.count("The two passphrases differ. New passphrase of key A03: ") == 2
    assert "error: the two passphrases differ" in shown
    assert not evtool.home.exists()


def test_a_short_passphrase_need_not_be_typed_twice(evtool: Runner) -> None:
    """Whoever typed one is told at once, and asked for another one."""
    code, shown = type_on_terminal(evtool, ["key", "new", "A03"], ["short"] * 3)

    assert code == 4
    assert shown.count("The passphrase has 5 letters, and a key needs at least 8. New passphrase of key A03: ") == 2
    assert "error: the passphrase has 5 letters" in shown
    assert "Repeat it" not in shown


def test_whoever_mistypes_a_new_passphrase_goes_on(evtool: Runner) -> None:
    """With one that is long enough, typed twice; the ones before it open nothing."""
    typed = ["short", "one two three", "one two four", KOREAN, KOREAN]
    code, shown = type_on_terminal(evtool, ["key", "new", "A03"], typed)

    assert code == 0, shown
    command = ["ssh-keygen", "-y", "-f", str(evtool.home / "keys" / "A03"), "-P"]
    assert subprocess.run([*command, KOREAN], capture_output=True).returncode == 0
    assert subprocess.run([*command, "one two three"], capture_output=True).returncode != 0


def test_a_person_has_three_tries_and_is_asked_for_a_code(evtool: Runner) -> None:
    """As with ssh; no path of this machine stands in the question, and a fourth try is another run."""
    case = evtool.directory / "case"
    case.mkdir()
    (case / "a.txt").write_text("a")
    lock_key(evtool, KOREAN)

    code, shown = type_on_terminal(evtool, ["seal", "case"], ["wrong words", "wrong words", "wrong words", KOREAN])
    assert code == 4
    assert shown.count("Passphrase of key A03: ") == 3
    assert shown.count("This passphrase is wrong.") == 2
    assert "key A03 cannot be unlocked: wrong passphrase" in shown
    assert str(evtool.home) not in shown

    code, shown = type_on_terminal(evtool, ["seal", "case"], ["wrong words", KOREAN])
    assert code == 0, shown
    assert (case / "custody" / "0001-sealed.toml.sig").exists()


def test_a_script_has_one_try(evtool: Runner) -> None:
    """A file does not get better by being read again."""
    lock_key(evtool, KOREAN)
    result = evtool("key", "passphrase", "A03", "--key-passphrase-fd", "0", "--no-passphrase", stdin=b"wrong words\n")
    assert (result.exit_code, result.stderr.count("wrong passphrase")) == (4, 1)


@pytest.mark.parametrize(
    ("text", "counts"), [("a", False), ("sevenxx", False), ("eightxxx", True), ("비밀", False), (KOREAN, True)]
)
def test_a_short_passphrase_makes_no_key(evtool: Runner, tmp_path: Path, text: str, counts: bool) -> None:
    """Whoever copies the file tries as many as they like; letters of Hangul syllables count one by one."""
    result = evtool("key", "new", "A03", "--key-passphrase-file", write_secret(tmp_path, text))
    assert (result.exit_code, (evtool.home / "keys" / "A03").exists()) == ((0, True) if counts else (4, False))
    assert counts or "a key needs at least 8" in result.stderr


def write_secret(folder: Path, text: str) -> Path:
    file = folder / f"secret-{len(list(folder.iterdir()))}"
    file.write_text(f"{text}\n", encoding="utf-8")
    file.chmod(0o600)
    return file
