"""The account of one verification: all that a page for people is made from, filtered for whoever gets it.

An account says who checked what, when, with which program, trust and options, what came of it, and what the record
says. It is made whole, for the custodian, and then `restrict` takes out what another audience does not get: what is
not in the account cannot get into a page. `manifests/FORMAT-report.md` has the table of fields and audiences.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

from msgspec import Struct

from evtool.core.custody.entry import Clock
from evtool.core.errors import ExitCode
from evtool.core.finding import Axis, Code, Effect
from evtool.core.manifest.statement import ItemType, OmissionReason
from evtool.core.timestamp.time_report import ProvenInterval
from evtool.report.consent_document import Terms
from evtool.report.document import LogEntry, VerdictDocument
from evtool.report.told import ToldWords
from evtool.report.trust_used import TrustKind


class Audience(Enum):
    """Who gets an account, from the one who gets most to the one who gets least."""

    CUSTODIAN = "custodian"
    """Whoever holds the evidence: all that the record says."""
    RECIPIENT = "recipient"
    """Whoever was handed a copy: names as disclosed, no text about people."""
    COURT = "court"
    """Anyone in a proceeding: item numbers, digests and codes; no name, no free text."""


class ListedItems(Enum):
    """Which items an account lists one by one."""

    ALL = "all"
    FINDINGS = "findings"
    """Only items that something was found about."""
    NONE = "none"


class TermsKnown(Enum):
    """What is known of the terms of consent of an item."""

    STATED = "stated"
    NEVER_STATED = "never-stated"
    NOT_KNOWN = "not-known"
    """This copy withholds them, or its record cannot be relied on: the strictest terms count."""


class PackageVersion(Struct, frozen=True, kw_only=True):
    """A library that evtool works with.

    Attributes:
        name: its name as installed.
        version: its version.
    """

    name: str
    version: str


class SelfTest(Struct, frozen=True, kw_only=True):
    """A primitive that gave its known answer just before the verification.

    Attributes:
        name: what was tested.
        ok: whether the answer was the known one; an account with another is never written.
    """

    name: str
    ok: bool


class CheckerShown(Struct, frozen=True, kw_only=True):
    """A program that checks a record without evtool, and comes with this version.

    Attributes:
        name: the usual name of its file.
        sha256: the digest of its file; the same in every installation of this version.
    """

    name: str
    sha256: str


class MadeWith(Struct, frozen=True, kw_only=True):
    """The program that checked, and when.

    Attributes:
        evtool: its version.
        python: version of Python.
        platform: family of the operating system, and nothing else of the machine.
        packages: the libraries that it needs.
        code_sha256: SHA-256 over the list of the SHA-256 of all files of evtool, or null if they cannot be read.
        code_files: how many files these are.
        self_test: each primitive that was tested before the verification.
        verified_at: when the verification began, by the clock of that computer.
        clock: that nobody but that computer says so.
        checkers: the programs of this version that check a record without evtool; a copy of one can be compared.
    """

    evtool: str
    python: str
    platform: str
    packages: tuple[PackageVersion, ...]
    code_sha256: str | None
    code_files: int
    self_test: tuple[SelfTest, ...]
    verified_at: str
    clock: Clock
    checkers: tuple[CheckerShown, ...] = ()


class TrustUsed(Struct, frozen=True, kw_only=True):
    """Whose keys were trusted.

    Attributes:
        kind: where they came from.
        sha256: SHA-256 of the trust list, or null if there was none.
        keys: how many keys it trusts.
        fingerprints: the keys that were named one by one.
    """

    kind: TrustKind
    sha256: str | None
    keys: int
    fingerprints: tuple[str, ...]


class AnchorUsed(Struct, frozen=True, kw_only=True):
    """An authority whose time-stamps were trusted.

    Attributes:
        name: what the user calls it, or null if that is left out.
        fingerprint: SHA-256 of its certificate.
    """

    name: str | None
    fingerprint: str


class Question(Struct, frozen=True, kw_only=True):
    """What was asked.

    Attributes:
        required: the questions whose answer had to be `shown` for exit code 0.
        whole: whether a partial copy was not enough.
        min_signers: how many agents had to have signed each seal.
        trust: whose keys were trusted.
        expected_head: the entry that had to be in the record, or null.
        anchors: the authorities whose time-stamps were trusted; empty where there was no time-stamp to judge.
    """

    required: tuple[Axis, ...]
    whole: bool
    min_signers: int
    trust: TrustUsed
    expected_head: str | None
    anchors: tuple[AnchorUsed, ...]


class AccountFinding(Struct, frozen=True, kw_only=True):
    """One thing that the verification found, as a sentence that is still to be said in a language.

    Attributes:
        code: what it is.
        effect: what it does to the answer.
        axis: the question it bears on.
        item: number of the item, if it is about one.
        entry: number of the custody entry, if it is about one.
        path: stored name of the file it is about, or null; see `hidden`.
        expected: what the seal says, or null.
        found: what is there, or null.
        count: how many things it is about.
        hidden: whether a name is left out here.
        says: which of the sentences on its code says it, and the values that the other fields do not hold.
        remarks: what has to be said behind it.
    """

    code: Code
    effect: Effect
    axis: Axis
    item: int | None
    entry: int | None
    path: str | None
    expected: str | None
    found: str | None
    count: int
    hidden: bool
    says: ToldWords
    remarks: tuple[ToldWords, ...]


class AccountVerdict(VerdictDocument, frozen=True, kw_only=True):
    """What the verification found, without sentences.

    Attributes:
        statuses: status of consent -> ranges of the items that have it.
        findings: what was found, worst first; up to 1,000 of a kind.
    """

    statuses: dict[str, tuple[str, ...]]
    findings: tuple[AccountFinding, ...]


class AccountItem(Struct, frozen=True, kw_only=True):
    """What the record states about one item; null where this copy withholds it or the audience does not get it.

    Attributes:
        item: number of the item.
        entry: number of the entry that seals it.
        sound: whether the manifest that states it is the signed one.
        name: its stored name, as it is now.
        type: what it is on disk.
        size: bytes of a file.
        sha256: SHA-256 of a file.
        blake3: BLAKE3 of a file.
        target: where a symbolic link points, in stored form.
        omitted: why the content of an omitted item was not sealed.
        media_type: what the first bytes of a file are a signature of.
        context: field -> what the archivist supplied.
        claims: kind -> how many claims the file makes of itself; no value of any.
        terms_known: what is known of its terms of consent.
        terms: the terms of consent in force.
    """

    item: int
    entry: int
    sound: bool
    name: str | None
    type: ItemType | None
    size: int | None
    sha256: str | None
    blake3: str | None
    target: str | None
    omitted: OmissionReason | None
    media_type: str | None
    context: dict[str, str]
    claims: dict[str, int]
    terms_known: TermsKnown
    terms: Terms | None


class AccountDerivation(Struct, frozen=True, kw_only=True):
    """An entry that says which item was made from which.

    Attributes:
        entry: number of the entry.
        original: number of the item that the copy was made from.
        copy: number of the item that it is.
        method: how it was made, as the signer says, or null if that is left out here.
    """

    entry: int
    original: int
    copy: int
    method: str | None


class Hidden(Struct, frozen=True, kw_only=True):
    """What was left out for the audience, in numbers.

    Attributes:
        names: names of files, and targets of links.
        texts: texts that somebody wrote: reasons, places, methods, notes and so on.
        codes: codes of whom or what something came from.
        claims: kinds of claims of files.
        patterns: patterns of files that were left out of seals.
        paths: the path that the user typed.
    """

    names: int = 0
    texts: int = 0
    codes: int = 0
    claims: int = 0
    patterns: int = 0
    paths: int = 0


class Account(Struct, frozen=True, kw_only=True):
    """What `evtool report` makes its pages from.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the verification.
        audience: for whom it is.
        with_names: whether names of items are in it although it is for a court.
        listed: which items it lists.
        path: the directory, as the user named it, or null if that is left out.
        made: the program that checked, and when.
        asked: what was asked.
        report: what was found.
        log: the chain of custody, oldest entry first.
        items: the items listed, by number.
        derived: which item was made from which.
        hidden: what was left out for the audience.
    """

    format: Literal["evtool-account/1"] = "evtool-account/1"
    exit_code: ExitCode
    audience: Audience
    with_names: bool
    listed: ListedItems
    path: str | None
    made: MadeWith
    asked: Question
    report: AccountVerdict
    log: tuple[LogEntry, ...]
    items: tuple[AccountItem, ...]
    derived: tuple[AccountDerivation, ...]
    hidden: Hidden

    def trusted_entries(self) -> frozenset[int]:
        """Give the numbers of the entries whose signer is trusted."""
        return frozenset(signer.entry for signer in self.report.signers if signer.trusted)

    def proven_intervals(self) -> dict[int, ProvenInterval]:
        """Give what is proven of the time of each entry, by its number."""
        return {interval.entry: interval for interval in self.report.intervals}
