"""Passphrases: from the terminal, a file descriptor or a file, never from the command line.

A command line is visible to every user of the machine in the list of processes, and kept in the shell's history.

One passphrase can be typed as different bytes: macOS may hand over Hangul as letters (NFD) where others hand over
syllables (NFC). New keys are always locked with the NFC form in UTF-8, and keys are tried with that form first, then
with the bytes as they came, which opens a key that another program locked with the NFD form.
"""

from __future__ import annotations

import os
import stat
import unicodedata
import warnings
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from evtool.core.errors import InputError, KeyFileError, Way
from evtool.keys.files import read_secret_file, shown_file

MAX_PASSPHRASE = 4096
"""Longest passphrase, in bytes."""

MIN_LETTERS = 8
"""Fewest letters of a new passphrase of a key (NIST SP 800-63B, section 3.1.1.2), each letter of a Hangul syllable and
each blank counted."""

TRIES = 3
"""How often a person is asked for a passphrase, as by ssh."""

_MAY_TRY_AGAIN = frozenset({"passphrase-short", "passphrases-differ"})
"""Keys of the errors of somebody who types a new one; all others end the command."""

_HINT = "give one in a file or by a descriptor, or work in a terminal"


class Passphrase(Struct, frozen=True, eq=False):
    """A passphrase as it came; shows nothing of itself in messages, logs and traces."""

    _typed: bytes

    def __post_init__(self) -> None:
        if not self._typed:
            raise KeyFileError(
                "the passphrase is empty",
                hint="a key can be made without one",
                key="passphrase-empty",
                ways=(Way.NO_KEY_PASSPHRASE,),
            )
        if len(self._typed) > MAX_PASSPHRASE:
            raise KeyFileError(
                "the passphrase has more than {limit} bytes", key="passphrase-long", limit=MAX_PASSPHRASE
            )
        if b"\n" in self._typed or b"\0" in self._typed:
            raise KeyFileError("the passphrase has more than one line, or a NUL", key="passphrase-lines")

    def __repr__(self) -> str:
        return "Passphrase()"

    def for_new_key(self) -> bytes:
        """Give the bytes to lock a key with: NFC, in UTF-8.

        Raises:
            KeyFileError: it is not UTF-8; on another terminal nobody could type it again.
        """
        try:
            return unicodedata.normalize("NFC", self._typed.decode("utf-8")).encode("utf-8")
        except UnicodeDecodeError:
            raise KeyFileError(
                "the passphrase is not UTF-8 text", hint="set the terminal to UTF-8", key="passphrase-not-utf8"
            ) from None

    def require_strength(self) -> None:
        """Make sure that it is not too short to lock a key.

        Raises:
            KeyFileError: it has fewer than `MIN_LETTERS` letters.
        """
        letters = len(unicodedata.normalize("NFKD", self._typed.decode("utf-8", "replace")))
        if letters < MIN_LETTERS:
            raise KeyFileError(
                "the passphrase has {letters} letters, and a key needs at least {limit}",
                hint="whoever copies the key file can try as many as they like; four words that do not belong "
                "together are hard to guess and easy to remember",
                key="passphrase-short",
                letters=letters,
                limit=MIN_LETTERS,
            )

    def candidates(self) -> tuple[bytes, ...]:
        """Give the bytes to try on a locked key, in this order, each once."""
        try:
            normalized = self.for_new_key()
        except KeyFileError:
            return (self._typed,)
        return (normalized,) if normalized == self._typed else (normalized, self._typed)


class PassphraseSource(Protocol):
    """Where a passphrase comes from, once it turns out that one is needed."""

    def read(self, subject: str, *, new: bool) -> Passphrase:
        """Read the passphrase of `subject` ("key A03"); a new one is asked for twice where a person types it.

        Raises:
            KeyFileError: there is none, or it is empty.
        """
        ...


class TerminalPassphrase(Struct, frozen=True):
    """Asks on the terminal, without echo.

    Attributes:
        way: what of a call says where else the passphrase could come from.
    """

    way: Way = Way.KEY_PASSPHRASE

    def read(self, subject: str, *, new: bool, again: bool = False) -> Passphrase:
        """Ask once, or twice for a new one; `again` says that the one before was wrong.

        Whoever mistypes a new one, or gives one that is too short, is asked three times, as for a wrong one.
        """
        if not new:
            prompt = f"Passphrase of {subject}: "
            return Passphrase(_ask(f"This passphrase is wrong. {prompt}" if again else prompt, self.way))
        prompt = first = f"New passphrase of {subject}: "
        for _ in range(TRIES - 1):
            try:
                return self._read_new(prompt)
            except KeyFileError as error:
                if error.key not in _MAY_TRY_AGAIN:
                    raise
                prompt = f"{error.message[0].upper()}{error.message[1:]}. {first}"
        return self._read_new(prompt)

    def _read_new(self, prompt: str) -> Passphrase:
        passphrase = Passphrase(_ask(prompt, self.way))
        if self.way is not Way.PASSPHRASE:
            # A key is to be locked with it; what is too short for that need not be typed twice.
            passphrase.require_strength()
        if Passphrase(_ask("Repeat it: ", self.way)).for_new_key() != passphrase.for_new_key():
            raise KeyFileError(
                "the two passphrases differ", hint="nothing was written; try again", key="passphrases-differ"
            )
        return passphrase


class DescriptorPassphrase(Struct, frozen=True):
    """Reads from a file descriptor that the caller opened, up to its end."""

    descriptor: int

    def read(self, subject: str, *, new: bool) -> Passphrase:
        """Read all of it; one newline at the end is not part of the passphrase."""
        data = b""
        try:
            while len(data) <= MAX_PASSPHRASE and (piece := os.read(self.descriptor, MAX_PASSPHRASE + 2)):
                data += piece
        except OSError as error:
            raise KeyFileError(
                "the passphrase of {subject} cannot be read from descriptor {descriptor}: {why.strerror}",
                hint="open it in the shell, as in `3< FILE` for descriptor 3",
                key="passphrase-descriptor",
                subject=subject,
                descriptor=self.descriptor,
                why=error,
            ) from error
        return Passphrase(_without_newline(data))


class FilePassphrase(Struct, frozen=True):
    """Reads from a file that only its owner may see, or from a pipe such as `<(...)` of a shell."""

    path: Path

    def read(self, subject: str, *, new: bool) -> Passphrase:
        """Read all of it; one newline at the end is not part of the passphrase."""
        if _is_pipe(self.path):
            with open(self.path, "rb") as pipe:
                return Passphrase(_without_newline(pipe.read(MAX_PASSPHRASE + 2)))
        return Passphrase(_without_newline(read_secret_file(self.path, MAX_PASSPHRASE + 2)))


def _is_pipe(path: Path) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError as error:
        raise InputError("{path}: {why.strerror}", key="cannot-read", path=shown_file(path), why=error) from error


def _without_newline(data: bytes) -> bytes:
    return data[:-2] if data.endswith(b"\r\n") else data.removesuffix(b"\n")


def _ask(prompt: str, way: Way) -> bytes:
    # Start-up time: few runs ask.
    import getpass

    with warnings.catch_warnings():
        # getpass would go on with echo, or read a pipe that was meant for something else, and only warn of it.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt).encode("utf-8", "surrogateescape")
        except (getpass.GetPassWarning, EOFError, OSError):
            raise KeyFileError(
                "a passphrase is needed and there is no terminal to ask on",
                hint=_HINT,
                key="passphrase-no-terminal",
                ways=(way,),
            ) from None
        except UnicodeError:
            raise KeyFileError(
                "the passphrase is not UTF-8 text", hint="set the terminal to UTF-8", key="passphrase-not-utf8"
            ) from None
