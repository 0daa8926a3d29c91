"""Whose keys count for what: OpenSSH's allowed_signers files (ssh-keygen(1), ALLOWED SIGNERS).

Gives the answer that `ssh-keygen -Y verify -I PRINCIPAL -n NAMESPACE -O verify-time=TIME` gives, and says why. A line
that ssh-keygen skips is skipped here; some lines that it takes are skipped too (keys of other kinds or of small order,
dates that do not exist), so that nobody is trusted here whom ssh-keygen does not trust. The one file is all there is:
certificate authorities and key revocation lists are not looked at.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.finding import Cause, Phrase, Words
from evtool.core.ssh.allowed_signers_line import Localize, parse_options, serialize_time, split_line
from evtool.core.ssh.key import PublicKey, parse_public_key_line
from evtool.core.ssh.pattern import is_too_long, match_pattern_list
from evtool.core.text.digest import sha256_hex
from evtool.core.values import replace

MAX_LINE = 8 * 1024
"""Longest line that is read, in bytes; longer ones are skipped. A line with one code has some 130."""


class AllowedSigner(Struct, frozen=True):
    """One line: a key, and for whom, for what and when it counts.

    Attributes:
        principals: patterns of the codes it counts for (`evtool.core.ssh.pattern`).
        public_key: the key.
        namespaces: patterns of what it may be used for; None means anything.
        valid_after: the first moment at which it counts; None means from the beginning.
        valid_before: the last moment at which it counts, itself included; None means no end.
        line_number: from 1.
    """

    principals: tuple[str, ...]
    public_key: PublicKey
    namespaces: tuple[str, ...] | None = None
    valid_after: datetime | None = None
    valid_before: datetime | None = None
    line_number: int = 0


class SkippedLine(Struct, frozen=True):
    """A line that trusts nobody, and why; the message continues "line 3 ..."."""

    line_number: int
    why: FormatError

    @property
    def said(self) -> Phrase:
        """The line with its reason, in words."""
        says = Words("skipped-line", number=self.line_number, why=Cause.of(self.why))
        return Phrase(f"line {self.line_number} {self.why.message}", says)


class TrustStatus(Enum):
    """Whether a key counts for an agent, a use and a moment."""

    TRUSTED = "trusted"
    """A line says so."""
    UNKNOWN_KEY = "unknown-key"
    """No line has this key."""
    OTHER_AGENT = "other-agent"
    """The key counts, but for somebody else."""
    OTHER_NAMESPACE = "other-namespace"
    """The key counts for this agent, but for another use."""
    NOT_YET_VALID = "not-yet-valid"
    """The key counts for this agent and use from a later moment on."""
    NO_LONGER_VALID = "no-longer-valid"
    """The key counted for this agent and use up to an earlier moment: it was replaced or revoked."""


_NEARNESS = list(TrustStatus)[1:]
"""From farthest to nearest: of several lines with the key, the one nearest to trust explains the answer."""


class TrustJudgement(Struct, frozen=True):
    """The answer, and the line that decided it; None if no line has the key."""

    status: TrustStatus
    signer: AllowedSigner | None


class AllowedSigners(Struct, frozen=True):
    """An allowed_signers file.

    Attributes:
        signers: its lines that count, in their order.
        skipped: its lines that do not, but for empty ones and comments.
        sha256: of the file, in UTF-8; empty if there is none.
    """

    signers: tuple[AllowedSigner, ...] = ()
    skipped: tuple[SkippedLine, ...] = ()
    sha256: str = ""

    def judge(self, public_key: PublicKey, principal: str, namespace: str, at: datetime) -> TrustJudgement:
        """Say whether a key counts for this agent and this use at this moment, which needs an offset."""
        nearest = TrustJudgement(TrustStatus.UNKNOWN_KEY, None)
        for signer in self.signers:
            if signer.public_key != public_key:
                continue
            status = _judge_line(signer, principal, namespace, at)
            if status is TrustStatus.TRUSTED:
                return TrustJudgement(status, signer)
            if _NEARNESS.index(status) > _NEARNESS.index(nearest.status):
                nearest = TrustJudgement(status, signer)
        return nearest


def parse_allowed_signers(data: bytes, localize: Localize) -> AllowedSigners:
    """Read an allowed_signers file; lines that cannot be understood trust nobody and are reported, never fatal.

    Args:
        data: the file.
        localize: gives a date without a zone its zone; ssh-keygen takes the one of the machine it runs on.
    """
    signers: list[AllowedSigner] = []
    skipped: list[SkippedLine] = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        try:
            signer = parse_line(line, localize)
        except FormatError as error:
            skipped.append(SkippedLine(number, error))
            continue
        if signer:
            signers.append(replace(signer, line_number=number))
    return AllowedSigners(tuple(signers), tuple(skipped), sha256_hex(data) if data else "")


def parse_line(line: bytes, localize: Localize) -> AllowedSigner | None:
    """Read one line; None for an empty line and a comment.

    Raises:
        FormatError: the line trusts nobody; the message continues "line 3 ...".
    """
    if len(line) > MAX_LINE:
        raise FormatError("is longer than {limit} bytes", key="signers-line-long", limit=MAX_LINE)
    fields = split_line(line.decode("utf-8", "surrogateescape"))
    if fields is None:
        return None
    options = parse_options(fields.options, localize)
    if options.cert_authority:
        raise FormatError(
            "is for a certificate authority; evtool trusts keys, not authorities", key="signers-authority"
        )
    try:
        key = parse_public_key_line(f"{fields.key_type} {fields.key}")
    except FormatError as error:
        raise FormatError(
            "has no usable key: {why}", hint="{why.hint}", key="signers-no-usable-key", why=error
        ) from None
    principals = tuple(fields.principals.split(","))
    namespaces = None if options.namespaces is None else tuple(options.namespaces.split(","))
    if any(is_too_long(pattern) for pattern in (*principals, *(namespaces or ()))):
        raise FormatError(
            "has a pattern of more than 1,022 bytes, for which ssh-keygen never finds a match",
            key="signers-pattern-long",
        )
    return AllowedSigner(principals, key, namespaces, options.valid_after, options.valid_before)


def serialize_allowed_signer(signer: AllowedSigner) -> str:
    """Write a line, without its newline; times in UTC.

    Raises:
        FormatError: the line would read as something else, because of blanks or quotes in a pattern or a part of a
            second in a time.
    """
    options = [f'{name}="{value}"' for name, value in _option_values(signer) if value is not None]
    line = " ".join([",".join(signer.principals), *([",".join(options)] if options else []), signer.public_key.line])
    read = parse_line(line.encode("utf-8", "surrogateescape"), lambda moment: moment.replace(tzinfo=UTC))
    if read is None or replace(read, line_number=signer.line_number) != signer:
        raise FormatError(
            "the patterns or times of a signer cannot be written in an allowed_signers file", key="signers-not-written"
        )
    return line


def _option_values(signer: AllowedSigner) -> list[tuple[str, str | None]]:
    return [
        ("namespaces", None if signer.namespaces is None else ",".join(signer.namespaces)),
        ("valid-after", serialize_time(signer.valid_after) if signer.valid_after else None),
        ("valid-before", serialize_time(signer.valid_before) if signer.valid_before else None),
    ]


def _judge_line(signer: AllowedSigner, principal: str, namespace: str, at: datetime) -> TrustStatus:
    if not principal or not match_pattern_list(principal, signer.principals):
        return TrustStatus.OTHER_AGENT
    if signer.namespaces is not None and not match_pattern_list(namespace, signer.namespaces):
        return TrustStatus.OTHER_NAMESPACE
    if signer.valid_after and at < signer.valid_after:
        return TrustStatus.NOT_YET_VALID
    if signer.valid_before and at > signer.valid_before:
        return TrustStatus.NO_LONGER_VALID
    return TrustStatus.TRUSTED
