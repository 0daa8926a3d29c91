"""What judging a time-stamp token answers: a three-valued verdict, its reason, and the facts."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from msgspec import Struct

from evtool.core.timestamp.token_state import TokenState as TokenState  # part of the result


class TokenReason(Enum):
    """Why a token got its state; the value is the code that stands in JSON and in the vectors."""

    OK = "ok"
    # Step 1 to 3: the bytes.
    TOO_LARGE = "too-large"
    MALFORMED = "malformed"
    TRAILING_BYTES = "trailing-bytes"
    BER_NOT_SUPPORTED = "ber-not-supported"
    IS_A_REQUEST = "is-a-request"
    NOT_GRANTED = "not-granted"
    NO_TOKEN = "no-token"  # noqa: S105  # a code, not a password
    NOT_SIGNED_DATA = "not-signed-data"
    NOT_A_TIMESTAMP = "not-a-timestamp"
    SIGNER_COUNT = "signer-count"
    # Step 4: the statement.
    UNKNOWN_VERSION = "unknown-version"
    CRITICAL_EXTENSION = "critical-extension"
    IMPRINT_MISMATCH = "imprint-mismatch"
    IMPRINT_HASH_REFUSED = "imprint-hash-refused"
    IMPRINT_HASH_WEAK = "imprint-hash-weak"
    REQUEST_IMPRINT_MISMATCH = "request-imprint-mismatch"
    REQUEST_POLICY_MISMATCH = "request-policy-mismatch"
    NONCE_MISMATCH = "nonce-mismatch"
    # Step 5 to 7: the signature.
    SIGNER_CERTIFICATE_MISSING = "signer-certificate-missing"
    SIGNED_ATTRIBUTES_MISSING = "signed-attributes-missing"
    ATTRIBUTE_REPEATED = "attribute-repeated"
    CONTENT_TYPE_MISMATCH = "content-type-mismatch"
    MESSAGE_DIGEST_MISMATCH = "message-digest-mismatch"
    DIGEST_HASH_REFUSED = "digest-hash-refused"
    DIGEST_HASH_WEAK = "digest-hash-weak"
    ESS_CERT_ID_MISSING = "ess-cert-id-missing"
    ESS_CERT_ID_MISMATCH = "ess-cert-id-mismatch"
    ALGORITHM_UNSUPPORTED = "algorithm-unsupported"
    SIGNATURE_INVALID = "signature-invalid"
    SIGNER_KEY_WEAK = "signer-key-weak"
    # Step 8: the signer's certificate.
    EKU_MISSING = "eku-missing"
    EKU_NOT_CRITICAL = "eku-not-critical"
    EKU_NOT_EXCLUSIVE = "eku-not-exclusive"
    KEY_USAGE_UNSUITABLE = "key-usage-unsuitable"
    SIGNER_IS_CA = "signer-is-ca"
    # Step 9: the path.
    OUTSIDE_CERTIFICATE_VALIDITY = "outside-certificate-validity"
    NO_PATH = "no-path"
    PATH_WEAK = "path-weak"
    ANCHOR_NOT_IN_USE = "anchor-not-in-use"
    POLICY_NOT_ACCEPTED = "policy-not-accepted"
    # Step 10 and 11: what became known later.
    REVOKED = "revoked"
    REVOCATION_UNKNOWN = "revocation-unknown"
    REVOCATION_UNUSABLE = "revocation-unusable"
    ALGORITHM_SUNSET = "algorithm-sunset"


_UNDECIDED = frozenset(
    {
        TokenReason.BER_NOT_SUPPORTED,
        TokenReason.UNKNOWN_VERSION,
        TokenReason.CRITICAL_EXTENSION,
        TokenReason.IMPRINT_HASH_WEAK,
        TokenReason.SIGNER_CERTIFICATE_MISSING,
        TokenReason.DIGEST_HASH_WEAK,
        TokenReason.ALGORITHM_UNSUPPORTED,
        TokenReason.SIGNER_KEY_WEAK,
        TokenReason.NO_PATH,
        TokenReason.PATH_WEAK,
        TokenReason.ANCHOR_NOT_IN_USE,
        TokenReason.POLICY_NOT_ACCEPTED,
        TokenReason.REVOCATION_UNKNOWN,
        TokenReason.REVOCATION_UNUSABLE,
        TokenReason.ALGORITHM_SUNSET,
    }
)
"""Reasons that more material, other anchors, other software or other data could still turn into a pass."""


def state_of(reason: TokenReason) -> TokenState:
    """Give the state that a reason leads to."""
    if reason is TokenReason.OK:
        return TokenState.PASSED
    return TokenState.INDETERMINATE if reason in _UNDECIDED else TokenState.FAILED


class Caution(Enum):
    """What a reader should know about a token although it decides nothing."""

    GRANTED_WITH_MODS = "granted-with-mods"
    TSA_NAME_DIFFERS = "tsa-name-differs"
    CA_EXTENDED_KEY_USAGE = "ca-extended-key-usage"
    TIME_IN_FUTURE = "time-in-future"
    ACCURACY_UNKNOWN = "accuracy-unknown"
    REVOCATION_NOT_CHECKED = "revocation-not-checked"
    REVOKED_LATER = "revoked-later"
    PROVEN_BEFORE_COMPROMISE = "proven-before-compromise"
    CERTIFICATE_UNREADABLE = "certificate-unreadable"


class Accuracy(Struct, frozen=True):
    """How far the authority says its clock may be off, either way (RFC 3161, section 2.4.2)."""

    seconds: int = 0
    millis: int = 0
    micros: int = 0

    @property
    def span(self) -> timedelta:
        """Give the accuracy as one span of time."""
        return timedelta(seconds=self.seconds, milliseconds=self.millis, microseconds=self.micros)


class TokenFacts(Struct, frozen=True):
    """What a token says. Proven only in a verdict that passed, otherwise claimed.

    Attributes:
        gen_time: the authority's time, UTC, cut to microseconds.
        fraction: the digits of its fraction as written, "" where there are none.
        accuracy: how far the clock may be off; None is "unknown", which is not zero.
        ordering: whether the authority promises that its tokens are in order.
        policy: the authority's policy, dotted.
        serial: serial number in hexadecimal, `-` in front of a negative one.
        nonce: nonce in hexadecimal, None if the token has none.
        imprint_hash: name of the hash function of the imprint.
        imprint: the imprint in hexadecimal.
        tsa_name: the `tsa` field, safe to print; "" where absent.
        qualified: the token claims to be a qualified electronic time-stamp (ETSI EN 319 422, section 9.1).
    """

    gen_time: datetime
    fraction: str
    accuracy: Accuracy | None
    ordering: bool
    policy: str
    serial: str
    nonce: str | None
    imprint_hash: str
    imprint: str
    tsa_name: str
    qualified: bool

    @property
    def gen_time_text(self) -> str:
        """Spell the time in RFC 3339 with every digit the authority gave."""
        seconds = self.gen_time.replace(microsecond=0, tzinfo=None).isoformat()
        return f"{seconds}{'.' + self.fraction if self.fraction else ''}Z"

    @property
    def latest(self) -> datetime:
        """Give the moment at which the data existed at the latest: genTime plus accuracy, rounded up.

        An unknown accuracy adds nothing; whoever prints this says so beside it.
        """
        up = timedelta(microseconds=1 if len(self.fraction) > 6 else 0)
        return _add(self.gen_time, (self.accuracy.span if self.accuracy else timedelta()) + up)

    @property
    def earliest(self) -> datetime:
        """Give the earliest moment the authority's clock allows: genTime minus accuracy."""
        return _add(self.gen_time, -self.accuracy.span) if self.accuracy else self.gen_time


def _add(time: datetime, span: timedelta) -> datetime:
    try:
        return time + span
    except OverflowError:
        # An accuracy of ten thousand years is allowed by the format; the calendar ends before.
        end = datetime.max if span > timedelta() else datetime.min
        return end.replace(tzinfo=time.tzinfo)


class CertificateFacts(Struct, frozen=True):
    """One certificate of the path that was judged.

    Attributes:
        name: its subject, safe to print.
        fingerprint: SHA-256 of the certificate, lower-case hexadecimal.
        not_before: start of its validity, UTC.
        not_after: end of its validity, UTC.
        key_algorithm: kind and size of its key, as the sunset table names it, for example `rsa-2048`.
        signature_hash: hash function of the signature upon it, "" where the algorithm fixes none.
        self_issued: issuer and subject are the same, as in a root certificate.
    """

    name: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    key_algorithm: str
    signature_hash: str
    self_issued: bool = False


class SignerFacts(Struct, frozen=True):
    """Who signed a token, and how.

    Attributes:
        certificate: the signer's certificate, chosen by the token's signed ESSCertID.
        scheme: signature scheme, as in `algorithms.SignatureScheme`.
        digest_hash: name of the hash function under the signature.
        by_key_identifier: the token names the certificate by its key identifier, not by issuer and serial number.
    """

    certificate: CertificateFacts
    scheme: str
    digest_hash: str
    by_key_identifier: bool = False


class AnchorFacts(Struct, frozen=True):
    """The user's trust anchor that the path ended in."""

    name: str
    fingerprint: str


class Remark(Struct, frozen=True):
    """One reason in words: the code, and what was expected against what was found (safe to print)."""

    reason: TokenReason
    detail: str


class TokenVerdict(Struct, frozen=True):
    """The answer to: does this token show that this data existed by this time?

    Attributes:
        findings: why it is not better; the first one decides. Empty when the token passed.
        claimed: what the token says, None if it could not be read.
        signer: who signed it, None as long as no signature was verified.
        path: the certificates from the signer to the anchor; empty as long as no path was found.
        anchor: the anchor the path ended in.
        revocation_known_until: up to when supplied CRLs and OCSP answers cover the whole path; None without them.
        judged_at: the time at which the token was judged: now, or when a later proof shows that it existed.
        cautions: what a reader should know besides.
        chain: the certificates of the path in DER, to be kept beside the token.
    """

    remarks: tuple[Remark, ...]
    judged_at: datetime
    claimed: TokenFacts | None = None
    signer: SignerFacts | None = None
    path: tuple[CertificateFacts, ...] = ()
    anchor: AnchorFacts | None = None
    revocation_known_until: datetime | None = None
    cautions: tuple[tuple[Caution, str], ...] = ()
    chain: tuple[bytes, ...] = ()

    @property
    def state(self) -> TokenState:
        """Give the three-valued answer."""
        return state_of(self.reason)

    @property
    def reason(self) -> TokenReason:
        """Give the code that decided."""
        return self.remarks[0].reason if self.remarks else TokenReason.OK

    @property
    def detail(self) -> str:
        """Say in one line why the token did not pass; "" when it did."""
        return self.remarks[0].detail if self.remarks else ""

    @property
    def ends(self) -> datetime | None:
        """Give the moment at which the first certificate of the path ends, the anchor's aside; None without a path.

        Until then the token proves its time by itself; afterwards only with evidence that nothing was revoked.
        """
        return min((link.not_after for link in self.path[:-1] or self.path), default=None)

    @property
    def proven(self) -> TokenFacts | None:
        """Give the facts if, and only if, they are shown."""
        return self.claimed if self.state is TokenState.PASSED else None
