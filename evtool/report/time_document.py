"""The JSON documents about time evidence, as types; see `evtool.report.document`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evtool.core.errors import ExitCode


class AskedServer(Struct, frozen=True, kw_only=True):
    """What came of asking one authority or calendar.

    Attributes:
        url: its address, as the user gave it; for an answer that was imported, the name of its file.
        ok: it stamped, or promised to.
        file: name of the file in the custody directory that holds its time-stamp, or null.
        state: how its answer was judged, or null if there was none.
        reason: the code of that, or null.
        authority: the user's name for the authority whose answer passed, or null.
        attested_time: the time it says, or null.
        problem: why there is nothing to store; empty if there is.
        hint: what to do about that; may be empty.
        clock_off_seconds: its time minus this computer's clock where these are more than five minutes apart, or null.
        proves_until: until when its time-stamp proves something by itself: the end of the first certificate that ends;
            null if nothing was stored, or if revocation evidence came with it.
        revocation_at: addresses that these certificates name for revocation lists and answers.
    """

    url: str
    ok: bool
    file: str | None = None
    state: str | None = None
    reason: str | None = None
    authority: str | None = None
    attested_time: str | None = None
    problem: str = ""
    hint: str = ""
    clock_off_seconds: int | None = None
    proves_until: str | None = None
    revocation_at: tuple[str, ...] = ()


class FetchedRevocation(Struct, frozen=True, kw_only=True):
    """What came of asking for revocation evidence at one address.

    Attributes:
        url: the address, as a certificate names it.
        kind: `crl` or `ocsp`.
        certificate: the certificate that names it.
        files: names of the files in the custody directory that hold what came.
        problem: why nothing was kept; empty if something was.
        hint: what to do about that; may be empty.
    """

    url: str
    kind: str
    certificate: str
    files: tuple[str, ...] = ()
    problem: str = ""
    hint: str = ""


class Stamping(Struct, frozen=True, kw_only=True):
    """What came of having one entry stamped.

    Attributes:
        entry: number of the entry.
        needed: the required number of authorities.
        authorities: every authority that was asked.
        calendars: every OpenTimestamps calendar that was asked.
        proof: name of the OpenTimestamps proof, still a promise, or null.
        ok: enough authorities stamped, and one calendar promised if any was asked.
        revocation: what came of asking for revocation evidence, with `--with-revocation`.
    """

    entry: int
    needed: int
    authorities: tuple[AskedServer, ...]
    calendars: tuple[AskedServer, ...]
    proof: str | None
    ok: bool
    revocation: tuple[FetchedRevocation, ...] = ()


class StampDocument(Struct, frozen=True, kw_only=True):
    """What `evtool timestamp` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: 3 if fewer authorities stamped than the required number.
        path: the directory, as the user named it.
        dry_run: nothing was written; the other fields say what would be, and `ok` is false for whoever was not asked.
        stamping: what came of it.
    """

    format: Literal["evtool-timestamp/1"] = "evtool-timestamp/1"
    exit_code: ExitCode
    path: str
    dry_run: bool
    stamping: Stamping


class LeavingRequest(Struct, frozen=True, kw_only=True):
    """One request that would leave this machine.

    Attributes:
        url: where it would go.
        wire: the bytes of the whole HTTP request in hexadecimal (for https: inside of TLS).
        proxy: the proxy of the user's environment that it would go through, or null.
    """

    url: str
    wire: str
    proxy: str | None


class LeavesDocument(Struct, frozen=True, kw_only=True):
    """What --what-leaves prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        blank: the entry does not exist yet, so zeros stand for digest, nonce and salted digest.
        requests: what would be sent, in this order.
    """

    format: Literal["evtool-leaves/1"] = "evtool-leaves/1"
    exit_code: ExitCode = ExitCode.OK
    blank: bool
    requests: tuple[LeavingRequest, ...]


class RequestDocument(Struct, frozen=True, kw_only=True):
    """What `evtool timestamp --request` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        path: the directory, as the user named it.
        dry_run: nothing was written; the other fields say what would be.
        entry: number of the entry.
        label: label under which the request is kept and the answer will be.
        curl: the command that sends it, on a machine without evtool.
    """

    format: Literal["evtool-timestamp-request/1"] = "evtool-timestamp-request/1"
    exit_code: ExitCode = ExitCode.OK
    path: str
    dry_run: bool
    entry: int
    label: str
    curl: str


class UpgradedProof(Struct, frozen=True, kw_only=True):
    """What came of asking for the rest of one OpenTimestamps proof.

    Attributes:
        entry: number of the entry.
        file: name of the file that holds the newest state of the proof.
        changed: it grew.
        complete: it names a Bitcoin block now.
        problems: calendars that were not asked or did not answer as one should.
        would_ask: in a dry run, the calendars that would be asked.
    """

    entry: int
    file: str
    changed: bool
    complete: bool
    problems: tuple[AskedServer, ...]
    would_ask: tuple[str, ...] = ()


class UpgradeDocument(Struct, frozen=True, kw_only=True):
    """What `evtool timestamp upgrade` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: 3 while a proof is still a promise.
        path: the directory, as the user named it.
        dry_run: nothing was asked or written; `would_ask` says who would be.
        proofs: every proof of the record, oldest entry first.
    """

    format: Literal["evtool-timestamp-upgrade/1"] = "evtool-timestamp-upgrade/1"
    exit_code: ExitCode
    path: str
    dry_run: bool
    proofs: tuple[UpgradedProof, ...]


class TrustedAuthority(Struct, frozen=True, kw_only=True):
    """One time-stamp anchor.

    Attributes:
        name: what the user calls it.
        certificate_sha256: SHA-256 of the certificate, lower-case hexadecimal.
        use_from: no token before this moment is accepted, or null.
        use_until: no token after this moment is accepted, or null.
        policies: accepted policies; empty accepts any.
    """

    name: str
    certificate_sha256: str
    use_from: str | None
    use_until: str | None
    policies: tuple[str, ...]


class AuthoritiesDocument(Struct, frozen=True, kw_only=True):
    """What `evtool trust tsa` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        authorities: the anchors that were added, listed or removed.
        problems: what could not be used of the user's folder.
    """

    format: Literal["evtool-tsa-trust/1"] = "evtool-tsa-trust/1"
    exit_code: ExitCode = ExitCode.OK
    authorities: tuple[TrustedAuthority, ...]
    problems: tuple[str, ...] = ()


class DueThing(Struct, frozen=True, kw_only=True):
    """One thing that ends.

    Attributes:
        entry: number of the entry whose time-stamp rests on it.
        label: which of the entry's time-stamps.
        kind: certificate, hash, key, or revocation: evidence that was not kept.
        name: what it is.
        ends: its last second.
        renew_by: a year before that; evidence of revocation is to be kept by then.
        due: renewal is due now.
        source: who says so.
    """

    entry: int
    label: str
    kind: str
    name: str
    ends: str
    renew_by: str
    due: bool
    source: str


class DueDirectory(Struct, frozen=True, kw_only=True):
    """What ends for one directory.

    Attributes:
        path: the directory, as the user named it.
        proven: a time-stamp that passes now covers the newest seal.
        things: what ends, soonest first.
        problem: why nothing can be said; empty if it can.
    """

    path: str
    proven: bool
    things: tuple[DueThing, ...]
    problem: str = ""


class DueDocument(Struct, frozen=True, kw_only=True):
    """What `evtool due` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: 3 if a renewal is due, or the newest seal of a directory has no time-stamp that passes.
        directories: one for each directory, in the order in which they were named.
    """

    format: Literal["evtool-due/1"] = "evtool-due/1"
    exit_code: ExitCode
    directories: tuple[DueDirectory, ...]


class RenewDocument(Struct, frozen=True, kw_only=True):
    """What `evtool renew` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: 3 if fewer authorities stamped the new entry than the required number.
        path: the directory, as the user named it.
        dry_run: nothing was written; the other fields say what would be, and `ok` is false for whoever was not asked.
        entry: number of the new entry.
        head: SHA-256 of the new entry, or null.
        files: how many files its list holds.
        stamping: what came of having it time-stamped, or null if that was not asked for.
    """

    format: Literal["evtool-renew/1"] = "evtool-renew/1"
    exit_code: ExitCode
    path: str
    dry_run: bool
    entry: int
    head: str | None
    files: int
    stamping: Stamping | None


class KeptRevocationFile(Struct, frozen=True, kw_only=True):
    """A CRL or OCSP answer beside one time-stamp.

    Attributes:
        source: the file, as the user named it.
        file: its name in the custody directory.
        new: it was stored now; false where the same bytes were there already.
        kind: crl or ocsp.
        entry: number of the entry that was stamped.
        label: which of the entry's time-stamps.
        certificate: the certificate that it names.
        issuer: who issued that certificate.
        issued_at: when it was issued; null if it states a revocation.
        revoked_at: the date since when the certificate is revoked, or null if it is not.
        reason: why, as RFC 5280 spells it; null if it is not revoked.
    """

    source: str
    file: str
    new: bool
    kind: str
    entry: int
    label: str
    certificate: str
    issuer: str
    issued_at: str | None
    revoked_at: str | None
    reason: str | None


class JudgedStamp(Struct, frozen=True, kw_only=True):
    """How a time-stamp is judged with all that lies beside it now.

    Attributes:
        entry: number of the entry.
        label: which of the entry's time-stamps.
        state: passed, indeterminate or failed.
        reason: why, as a code of `manifests/FORMAT-time.md`.
        detail: the same in words; empty when it passed.
        cautions: what should be known although it decides nothing.
    """

    entry: int
    label: str
    state: str
    reason: str
    detail: str
    cautions: tuple[str, ...]


class RevocationDocument(Struct, frozen=True, kw_only=True):
    """What `evtool timestamp --revocation`, or `--with-revocation` alone, prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: 3 if a time-stamp that a file is about does not pass.
        path: the directory, as the user named it.
        dry_run: nothing was asked or written; the other fields say what would be.
        kept: each file beside each of its time-stamps.
        timestamps: those time-stamps, as they are judged now.
        fetched: what came of asking at each address, with `--with-revocation`; in a dry run, each address that would
            be asked.
    """

    format: Literal["evtool-timestamp-revocation/1"] = "evtool-timestamp-revocation/1"
    exit_code: ExitCode
    path: str
    dry_run: bool
    kept: tuple[KeptRevocationFile, ...]
    timestamps: tuple[JudgedStamp, ...]
    fetched: tuple[FetchedRevocation, ...] = ()
