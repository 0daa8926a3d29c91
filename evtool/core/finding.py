"""What a check found, and on which question it bears: the words that every other module speaks in.

"Tampered", "untrusted" and "could not be checked" are three answers. They are kept on separate axes; the axis belongs
to the code of a finding, so that no caller can put a finding on the wrong one.

A finding holds no sentence. It says which sentence it is and the values in it; the catalogues of `evtool.report` put
that into the language of whoever reads it, and the English one of them into documents for programs.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from enum import Enum

from msgspec import Struct

from evtool.core.errors import EvtoolError, ExitCode


class Axis(Enum):
    """The questions that a verification answers, each on its own."""

    INTEGRITY = "integrity"
    """Is every sealed item there with the same bytes, and nothing else?"""
    SIGNATURES = "signatures"
    """Was every entry signed by the key that it names?"""
    TRUST = "trust"
    """Does the user trust those keys, for those agents, at that time?"""
    TIME = "time"
    """Is it proven by when the entries existed?"""
    CUSTODY = "custody"
    """Is the chain of entries unbroken?"""
    CONSENT = "consent"
    """Is it stated under which consent the items may be used?"""


class AxisState(Enum):
    """The answer on one axis."""

    SHOWN = "shown"
    FAILED = "failed"
    NOT_ESTABLISHED = "not established"


class Effect(Enum):
    """What a finding does to the axis it belongs to."""

    DISPROVES = "disproves"
    """A check was carried out and contradicts the seal: exit 1."""
    UNCHECKED = "unchecked"
    """A check could not be carried out: exit 4."""
    OPEN = "open"
    """Nothing is disproven, but the axis is not established: exit 3 if it was asked for."""
    NOTE = "note"
    """Worth knowing; changes no answer."""


class Code(Enum):
    """Stable codes of findings, each with its axis; scripts may rely on them."""

    axis: Axis

    def __new__(cls, text: str, axis: Axis) -> Code:  # noqa: D102  # how an enum takes a second value
        code = object.__new__(cls)
        code._value_ = text
        code.axis = axis
        return code

    # integrity
    CHANGED = ("changed", Axis.INTEGRITY)
    MISSING = ("missing", Axis.INTEGRITY)
    EXTRA = ("extra", Axis.INTEGRITY)
    RENAMED = ("renamed", Axis.INTEGRITY)
    TYPE_CHANGED = ("type-changed", Axis.INTEGRITY)
    UNREADABLE = ("unreadable", Axis.INTEGRITY)
    CHANGING = ("changing", Axis.INTEGRITY)
    DATE_CHANGED = ("date-changed", Axis.INTEGRITY)
    NAME_FORM = ("name-form", Axis.INTEGRITY)
    NAME_TWIN = ("name-twin", Axis.INTEGRITY)
    WITHHELD = ("withheld", Axis.INTEGRITY)
    WITHHELD_UNEXPLAINED = ("withheld-unexplained", Axis.INTEGRITY)
    DISCLOSURE_INVALID = ("disclosure-invalid", Axis.INTEGRITY)
    NOT_HASHED = ("not-hashed", Axis.INTEGRITY)
    NOT_SELECTED = ("not-selected", Axis.INTEGRITY)
    OMITTED = ("omitted", Axis.INTEGRITY)
    EXCLUDED = ("excluded", Axis.INTEGRITY)
    COMPANION = ("companion", Axis.INTEGRITY)
    NO_ITEMS = ("no-items", Axis.INTEGRITY)
    ACCOUNTS_DIFFER = ("accounts-differ", Axis.INTEGRITY)
    ITEM_UNKNOWN = ("item-unknown", Axis.INTEGRITY)
    MANIFEST_INVALID = ("manifest-invalid", Axis.INTEGRITY)
    MANIFEST_MISMATCH = ("manifest-mismatch", Axis.INTEGRITY)
    MANIFEST_MISSING = ("manifest-missing", Axis.INTEGRITY)
    MANIFEST_UNREADABLE = ("manifest-unreadable", Axis.INTEGRITY)
    CHECKSUMS_MISMATCH = ("checksums-mismatch", Axis.INTEGRITY)
    CHECKSUMS_MISSING = ("checksums-missing", Axis.INTEGRITY)
    CHECKSUMS_UNREADABLE = ("checksums-unreadable", Axis.INTEGRITY)
    DISPOSED = ("disposed", Axis.INTEGRITY)
    NEW_NAME = ("new-name", Axis.INTEGRITY)
    BAG_BROKEN = ("bag-broken", Axis.INTEGRITY)
    NEUTRAL_NAME = ("neutral-name", Axis.INTEGRITY)
    STATED_ONLY = ("stated-only", Axis.INTEGRITY)
    LINK_ABSENT = ("link-absent", Axis.INTEGRITY)
    WORKER_LOST = ("worker-lost", Axis.INTEGRITY)

    # signatures
    SIGNATURE_INVALID = ("signature-invalid", Axis.SIGNATURES)
    SIGNER_DIFFERS = ("signer-differs", Axis.SIGNATURES)

    # trust
    KEY_UNKNOWN = ("key-unknown", Axis.TRUST)
    KEY_OTHER_AGENT = ("key-other-agent", Axis.TRUST)
    KEY_OTHER_NAMESPACE = ("key-other-namespace", Axis.TRUST)
    KEY_NOT_YET_VALID = ("key-not-yet-valid", Axis.TRUST)
    KEY_NO_LONGER_VALID = ("key-no-longer-valid", Axis.TRUST)
    KEY_RETIRED = ("key-retired", Axis.TRUST)
    SIGNERS_TOO_FEW = ("signers-too-few", Axis.TRUST)

    # time
    NO_TIMESTAMP = ("no-timestamp", Axis.TIME)
    TIME_NOT_PROVEN = ("time-not-proven", Axis.TIME)
    TIME_CLAIM = ("time-claim", Axis.TIME)
    TIME_CONTRADICTION = ("time-contradiction", Axis.TIME)
    TIMESTAMP_FAILED = ("timestamp-failed", Axis.TIME)
    TIMESTAMP_OPEN = ("timestamp-open", Axis.TIME)

    # custody
    ENTRY_INVALID = ("entry-invalid", Axis.CUSTODY)
    ENTRY_MISSING = ("entry-missing", Axis.CUSTODY)
    ENTRY_UNFINISHED = ("entry-unfinished", Axis.CUSTODY)
    ENTRY_DOUBLED = ("entry-doubled", Axis.CUSTODY)
    ENTRY_LATE = ("entry-late", Axis.CUSTODY)
    CHAIN_BROKEN = ("chain-broken", Axis.CUSTODY)
    CLOCK_ORDER = ("clock-order", Axis.CUSTODY)
    CLOCK_DOUBTFUL = ("clock-doubtful", Axis.CUSTODY)
    CONTINUATION_APART = ("continuation-apart", Axis.CUSTODY)
    HEAD_UNKNOWN = ("head-unknown", Axis.CUSTODY)
    NO_WITNESS = ("no-witness", Axis.CUSTODY)
    WITNESSED = ("witnessed", Axis.CUSTODY)
    TRANSFER_OPEN = ("transfer-open", Axis.CUSTODY)
    RECEIPT_INVALID = ("receipt-invalid", Axis.CUSTODY)
    RECEIPT_MISPLACED = ("receipt-misplaced", Axis.CUSTODY)
    DERIVED = ("derived", Axis.CUSTODY)
    UNDO_INVALID = ("undo-invalid", Axis.CUSTODY)
    TIMESTAMP_MISSING = ("timestamp-missing", Axis.CUSTODY)
    TIMESTAMP_CHANGED = ("timestamp-changed", Axis.CUSTODY)
    RENEWAL_MISMATCH = ("renewal-mismatch", Axis.CUSTODY)
    RENEWAL_INCOMPLETE = ("renewal-incomplete", Axis.CUSTODY)
    RECORDS_PART = ("records-part", Axis.CUSTODY)
    CUSTODY_EXTRA = ("custody-extra", Axis.CUSTODY)
    CUSTODY_COMPANION = ("custody-companion", Axis.CUSTODY)
    LINE_ENDS = ("line-ends", Axis.CUSTODY)
    CUSTODY_UNREADABLE = ("custody-unreadable", Axis.CUSTODY)
    INFORMATIONAL_CHANGED = ("informational-changed", Axis.CUSTODY)
    INFORMATIONAL_UNSIGNED = ("informational-unsigned", Axis.CUSTODY)
    UNFINISHED_WRITE = ("unfinished-write", Axis.CUSTODY)

    # consent
    NO_CONSENT = ("no-consent", Axis.CONSENT)
    CONSENT_STRICTER = ("consent-stricter", Axis.CONSENT)


class Cause(Struct, frozen=True):
    """An error as the reason of something: its message, which is English, and what says it in other languages.

    Attributes:
        kind: name of its class, of the number that the system gave it (`ENOENT`), or the code of a reason.
        text: its message, names escaped.
        key: of the text that says it in other languages; empty if there is none.
        values: the values in that text. Text among them is escaped already.
    """

    kind: str
    text: str
    key: str = ""
    values: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def of(cls, error: EvtoolError | OSError) -> Cause:
        """Take it from an error."""
        if isinstance(error, OSError):
            kind = errno.errorcode.get(error.errno or 0, OSError.__name__)
            return cls(kind, error.strerror or type(error).__name__)
        values = tuple((name, _as_value(value)) for name, value in error.values.items())
        return cls(type(error).__name__, error.message, error.key, values)


def _as_value(value: object) -> Value:
    if isinstance(value, EvtoolError | OSError):
        return Cause.of(value)
    return value if isinstance(value, int | str | tuple | Words | Listed) else str(value)


class Phrase(str):
    """A part of the message of an error: words in English, and what says the same in other languages.

    Attributes:
        says: a part of a sentence, or what was found.
    """

    __slots__ = ("says",)
    says: Words | Finding

    def __new__(cls, english: str, says: Words | Finding) -> Phrase:
        """Take the English of what is to be said."""
        phrase = super().__new__(cls, english)
        phrase.says = says
        return phrase

    def __reduce__(self) -> tuple[type[Phrase], tuple[str, Words | Finding]]:
        """Let it travel to another process."""
        return Phrase, (str(self), self.says)


def line_of(number: int, word: str = "line", file: str = "") -> Phrase:
    """Say where in a list or a table something stands; `word` is `line` or `row`, and `file` a name that is escaped."""
    says = Words("place-row" if word == "row" else "place-line", number=number)
    return (
        Phrase(f"{file}: {word} {number}", Words("place-in-file", file=file, where=says))
        if file
        else Phrase(f"{word} {number}", says)
    )


def cell_of(where: str, name: str) -> Phrase:
    """Say in which column of a table something stands, behind the place that `line_of` gives."""
    return Phrase(f"{where}, column {name}", Words("place-column", where=_say(where), column=name))


def at(where: str, what: EvtoolError) -> Phrase:
    """Say an error with the place that it is about, which is safe to print."""
    return Phrase(f"{where}: {what.message}", Words("at-place", where=_say(where), why=Cause.of(what)))


def _say(text: str) -> Words | str:
    return text.says if isinstance(text, Phrase) and isinstance(text.says, Words) else text


class Listed(Struct, frozen=True):
    """Some of many things, named one by one.

    Attributes:
        parts: what is named: text that is escaped when it is said, or words.
        total: how many things there are in all.
    """

    parts: tuple[str | Words, ...]
    total: int


class Words:
    """What is to be said, before it is said in a language; never changed once it is made.

    Attributes:
        key: which sentence, or part of one, of those on its subject.
        values: the values in it, by name. Text is escaped when it is said; ranges are pairs of numbers.
    """

    __slots__ = ("key", "values")
    key: str
    values: tuple[tuple[str, Value], ...]

    def __init__(self, key: str, /, **values: Value) -> None:
        self.key = key
        self.values = tuple(values.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Words) and (self.key, self.values) == (other.key, other.values)

    def __hash__(self) -> int:
        return hash((self.key, self.values))

    def __repr__(self) -> str:
        return f"Words({self.key!r}, {dict(self.values)!r})"


Ranges = tuple[tuple[int, int], ...]
"""First and last number of each range, both included."""

Value = int | str | Ranges | Listed | Cause | Words | None
"""What a sentence can hold."""


class Finding(Struct, frozen=True):
    """One thing that a verification found.

    Attributes:
        code: what it is.
        effect: what it does to the answer.
        says: which of the sentences on that code it is, with the values that the other fields do not hold.
        item: number of the item, if it is about one.
        path: stored name of the file it is about, if any.
        expected: what the seal says, if there is something to compare.
        found: what is there.
        entry: number of the custody entry, if it is about one.
        count: how many things it is about, where one finding sums up many.
        remarks: what has to be said behind it.
    """

    code: Code
    effect: Effect
    says: Words
    item: int | None = None
    path: str | None = None
    expected: str | Words | None = None
    found: str | Words | None = None
    entry: int | None = None
    count: int = 1
    remarks: tuple[Words, ...] = ()

    @property
    def axis(self) -> Axis:
        """The question it bears on, which follows from its code."""
        return self.code.axis


def is_open(findings: Iterable[Finding]) -> bool:
    """Tell whether one of them leaves open what was asked."""
    return any(finding.effect is Effect.OPEN for finding in findings)


def weigh(findings: Iterable[Finding], *, established: bool = True) -> ExitCode:
    """Weigh findings: 1 before 4 before 3. The one place where an exit code is made of findings.

    `established` tells whether all that was asked for is shown.
    """
    effects = {finding.effect for finding in findings}
    if Effect.DISPROVES in effects:
        return ExitCode.MISMATCH
    if Effect.UNCHECKED in effects:
        return ExitCode.NOT_CHECKED
    return ExitCode.OK if established else ExitCode.NOT_ESTABLISHED
