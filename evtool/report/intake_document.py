"""The JSON documents about what a repository takes in, as types; see `evtool.report.document`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evtool.core.errors import ExitCode


class IntakeLine(Struct, frozen=True, kw_only=True):
    """What `evtool intake` prints of each bundle, on one line, as soon as it is done with it.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of this bundle alone: of its verification, and of the reasons.
        bundle: its path in the inbox in stored form, or as the list names it.
        sha256: SHA-256 of its bytes; of a folder, that of the list of all that is in it; null if it was not read.
        bytes: how many bytes it has; null if nobody can tell.
        state: `accepted`, `quarantined`, `left` in the inbox as it cannot be a bundle or cannot be moved, or `taken`
            by an earlier run from a medium that is only read.
        reasons: why it was not accepted, as codes.
        holding: the number under which `evtool intake show` tells of it, or null.
        path: where it is in the store, or null.
        collection: id of the collection, or null.
        head: SHA-256 of the newest entry, or null.
        sender: code of who made it, or null.
        agreement: number of the agreement under which it came, or null.
        items: items of which it discloses anything.
        withheld: how many items it withholds.
        axes: what the verification answered on each question.
        findings: codes of what the verification found, without notes.
        relation: how its record stands to what was known of the collection, or null.
        parts_after: number of the entry after which the records part; 0 if they begin differently; null if they do not.
        heads: digests of the two entries that part.
        recalls: items held before which may go to nobody any more, by what this record says.
        terms_unknown: items held before whose terms nobody knows any more.
        already_held: items of it that were held before.
        receipt: name of the file with the receipt, or null.
        problem: what went wrong, as a sentence without the name of any file of the bundle; may be empty.
        dry_run: whether it only tells what would become of the bundle, and nothing was moved or written.
    """

    format: Literal["evtool-intake/1"] = "evtool-intake/1"
    exit_code: ExitCode
    bundle: str
    sha256: str | None = None
    bytes: int | None = None
    state: str
    reasons: tuple[str, ...] = ()
    holding: int | None = None
    path: str | None = None
    collection: str | None = None
    head: str | None = None
    sender: str | None = None
    agreement: str | None = None
    items: tuple[str, ...] = ()
    withheld: int = 0
    axes: dict[str, str] = {}
    findings: tuple[str, ...] = ()
    relation: str | None = None
    parts_after: int | None = None
    heads: tuple[str, ...] = ()
    recalls: tuple[str, ...] = ()
    terms_unknown: tuple[str, ...] = ()
    already_held: tuple[str, ...] = ()
    receipt: str | None = None
    problem: str = ""
    dry_run: bool = False


class IntakeEnd(Struct, frozen=True, kw_only=True):
    """What `evtool intake` prints behind the last bundle.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process: the most serious of all.
        dry_run: nothing was moved or written; the lines say what would be.
        bundles: how many lines came before.
        registered: how many bundles were accepted.
        quarantined: how many lie in quarantine, where a person decides.
        left: how much was left in the inbox.
        taken: how many bundles earlier runs had taken from a medium that is only read.
        bytes: bytes of all that was read.
        seconds: how long it took.
    """

    format: Literal["evtool-intake-end/1"] = "evtool-intake-end/1"
    exit_code: ExitCode
    dry_run: bool
    bundles: int
    registered: int
    quarantined: int
    left: int
    taken: int
    bytes: int
    seconds: float


class BundleDocument(Struct, frozen=True, kw_only=True):
    """What a repository knows of one bundle that came.

    Attributes:
        holding: its number.
        state: `accepted`, `partial`, `quarantined`, `rejected` or `returned`.
        exit_code: that of its verification and of the reasons when it came.
        reasons: why it was not accepted, as codes.
        findings: codes of what the verification found, without notes.
        seen: when it came, RFC 3339.
        container: its form: `zip`, `age`, `bag` or `dir`.
        name: how it was called, as far as the catalogue keeps names.
        sha256: SHA-256 of its bytes, or null.
        bytes: how many it has.
        path: where it is in the store, or null.
        collection: id of its collection, or null.
        head: SHA-256 of its newest entry, or null.
        sender: code of who made it, or null.
        agreement: number of the agreement under which it came, or null.
        receipt: SHA-256 of the receipt that was signed last, or null.
        decided_by: code of who decided on it, or null.
        decided_at: when, or null.
        decision: what was decided, or null.
        why: the reason given for that, or null.
    """

    holding: int
    state: str
    exit_code: int
    reasons: tuple[str, ...]
    findings: tuple[str, ...]
    seen: str
    container: str
    name: str
    sha256: str | None
    bytes: int
    path: str | None
    collection: str | None
    head: str | None
    sender: str | None
    agreement: str | None
    receipt: str | None
    decided_by: str | None
    decided_at: str | None
    decision: str | None
    why: str | None


class HoldingsDocument(Struct, frozen=True, kw_only=True):
    """What `evtool intake list` and `evtool intake show` print.

    Attributes:
        format: what this document is, and in which version.
        path: the catalogue, as the user named it.
        holdings: the bundles, in the order of their numbers.
    """

    format: Literal["evtool-holdings/1"] = "evtool-holdings/1"
    path: str
    holdings: tuple[BundleDocument, ...]
