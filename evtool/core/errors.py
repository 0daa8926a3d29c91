"""The one hierarchy of errors, each family named after what the caller can do.

An error keeps its facts as fields and says what happened, to which item, expected against found; `hint` says what
to do next. Names in a message are escaped by whoever builds it (`evtool.core.text.names.shown`), so that an error can
be printed as it is.

An error with a `key` can be said in other languages as well: its message and its hint are templates then, in which
`{name}` is one of its values, and `evtool.report.language` has a text for that key with the same values in it. So the
English of an error stands in one place, where it is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, IntEnum
from typing import Self


class ExitCode(IntEnum):
    """What a command answers to a script; 1 wins over 4, 4 over 3."""

    OK = 0
    """All that was asked for is shown."""
    MISMATCH = 1
    """Tampering or a mismatch is proven."""
    USAGE = 2
    """The command was called wrongly."""
    NOT_ESTABLISHED = 3
    """Nothing is disproven, but something that was asked for is not established."""
    NOT_CHECKED = 4
    """Something could not be checked: unreadable, unsupported or incomplete input, an answer that could not be
    delivered, or a fault of evtool itself."""
    REFUSED = 5
    """Consent or handling does not allow it."""


class SealExitCode(IntEnum):
    """What `seal` and `derive` answer: the codes of `ExitCode`, which no other command goes beyond, and one more."""

    OK = ExitCode.OK
    MISMATCH = ExitCode.MISMATCH
    """As for the others, and nothing was sealed; so with the next two."""
    USAGE = ExitCode.USAGE
    NOT_ESTABLISHED = ExitCode.NOT_ESTABLISHED
    NOT_CHECKED = ExitCode.NOT_CHECKED
    """As for the others; the message says if something was sealed by then."""
    REFUSED = ExitCode.REFUSED
    SEALED_BUT = 6
    """What was new is sealed, and something else is wrong or missing."""


class Way(Enum):
    """A way out that an error offers, by what it changes; a command line adds the options that take it.

    An error says in words what to do, for whoever called: a person, or a program in which there are no options.
    """

    AGENT = "the code to sign under"
    ALLOW = "what may be sealed by name only"
    AUDIENCE = "for whom a report is made"
    ALLOWED_ONLY = "leave out what may not be disclosed"
    COLUMNS = "which columns of a list hold the paths and the digests"
    CONFIRMED = "what a second person confirms"
    CONTINUED = "the directory that continues the record of a bundle"
    CUSTODY = "where the custody directory is"
    DENY_TERMS = "the list of denied terms"
    ENCODING = "how a text is encoded"
    ENCRYPTION = "to which keys, or with which passphrase, a bundle is encrypted"
    EXCLUDE = "patterns of what is left out"
    EXPLAINED = "how it comes that records part"
    FORMAT = "the program that wrote a list"
    IDENTITY = "the key that opens a bundle"
    ITEMS = "which items are meant"
    KEY = "the key to sign with"
    KEY_PASSPHRASE = "where the passphrase of a key comes from"  # noqa: S105  # these are words, no secrets
    LABEL = "the name of a time-stamp"
    LISTED = "which items a report lists"
    LOCATION = "what the catalogue calls a place"
    NEW_PASSPHRASE = "where the new passphrase of a key comes from"  # noqa: S105
    NO_KEY_PASSPHRASE = "a key without a passphrase"  # noqa: S105
    PASSPHRASE = "where the passphrase of a bundle comes from"  # noqa: S105
    RECIPIENTS = "the recipient list"
    REASON = "why it happened"
    REJECT = "accept nothing"
    STILL_THERE = "whether items that lie there may be disposed of"
    STRIP = "the beginning of every path in a list"
    TABLE_ENCODING = "how the table is encoded"
    TSA_ROOTS = "the root certificates of authorities"
    UNLOCKED = "copy a key that has no passphrase"
    WAIT = "how long to wait for another run"
    WITHOUT = "which items are left out"


class EvtoolError(Exception):
    """Root of every error that evtool raises on purpose.

    Attributes:
        message: what happened, one line, safe to print.
        hint: what to do next, one line, safe to print; empty where nothing helps.
        hint_template: the same with the names of values in place of these, if there is a key.
        lines: what the message sums up, one line each, safe to print.
        ways: what of a call would have to be changed for that.
        options: the options of a command that take these ways; its own command line gives them.
        remarks: what else is to be known, said behind the hint; safe to print.
        fill: makes the commands in the hint ready to be typed; its own command line gives that, too.
        key: of the text that says it in other languages; empty if there is none.
        values: what is in that text, by name. Text is safe to print; that of a value whose name ends in `_en` is
            English, and other languages leave it out. An error as a value is said in the language of the text.
        exit_code: what a command that ends with this error returns.
    """

    exit_code = ExitCode.NOT_CHECKED

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        ways: tuple[Way, ...] = (),
        lines: tuple[str, ...] = (),
        key: str = "",
        **values: object,
    ) -> None:
        self.message = message.format(**values) if key else message
        super().__init__(self.message)
        self.hint_template = hint
        self.hint = hint.format(**values) if key else hint
        self.ways = ways
        self.options = ""
        self.remarks: tuple[str, ...] = ()
        self.fill: Callable[[str], str] = str
        self.lines = lines
        self.key = key
        self.values: Mapping[str, object] = values

    @classmethod
    def like(cls, error: EvtoolError) -> Self:
        """Make one of this family that says what another one says: the caller can do something else about it."""
        made = cls(error.message, hint=error.hint, ways=error.ways, lines=error.lines)
        made.key, made.values, made.hint_template = error.key, error.values, error.hint_template
        made.remarks = error.remarks
        return made


class UsageError(EvtoolError):
    """The caller asked for something that cannot be asked for; nothing was read or written."""

    exit_code = ExitCode.USAGE


class FormatError(EvtoolError):
    """Bytes are not in the format they should be in: wrong magic, version, spelling, length or depth."""


class InputError(EvtoolError):
    """Something could not be read, is of an unsupported kind, or is not there."""


class BusyError(EvtoolError):
    """Another evtool is writing to the same custody directory."""


class EvidenceError(EvtoolError):
    """Evidence is not in a state that can be sealed: unreadable, changing, or neither file, directory nor link."""


class MismatchError(EvtoolError):
    """A check was carried out and disproves what was claimed."""

    exit_code = ExitCode.MISMATCH


class KeyFileError(EvtoolError):
    """A key cannot be used: missing, loosely protected, wrong passphrase, or not Ed25519."""


class NotEstablishedError(EvtoolError):
    """Nothing is disproven, but what was asked for cannot be shown."""

    exit_code = ExitCode.NOT_ESTABLISHED


class RefusedError(EvtoolError):
    """Consent or handling does not allow what was asked for."""

    exit_code = ExitCode.REFUSED


class SignatureError(MismatchError):
    """A well-formed signature was not made by its key over these bytes for this use."""
