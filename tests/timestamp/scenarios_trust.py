"""Scenarios about trust: profile, path, anchors, revocation, algorithms' end (steps 8 to 11)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.timestamp.mint import AUTHORITY, CertificateShape, Chain, Statement, make_identity
from tests.timestamp.vector import Vector, VectorAnchor
from tests.timestamp.workshop import AFTER_EXPIRY, Revoked, Workshop, day, failed, passed, undecided

_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
_NOT_TOLD = "openssl was not given this evidence, or does not know RFC 3161, section 4"
_USERS = "use windows are the user's, openssl is not told about them"


def profiles(shop: Workshop) -> Iterator[Vector]:
    shapes = {
        "eku-missing": (CertificateShape(usages=None), "eku-missing", "The certificate lists no purpose."),
        "eku-other": (
            CertificateShape(usages=(ExtendedKeyUsageOID.CODE_SIGNING,)),
            "eku-missing",
            "The certificate is for signing programs.",
        ),
        "eku-not-critical": (
            CertificateShape(usage_critical=False),
            "eku-not-critical",
            "The purpose is right, but not marked as critical.",
        ),
        "eku-two": (
            CertificateShape(usages=(_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)),
            "eku-not-exclusive",
            "The certificate lists two purposes.",
        ),
        "eku-doubled": (
            CertificateShape(usages=(_STAMPING, _STAMPING)),
            "eku-not-exclusive",
            "The same purpose listed twice.",
        ),
        "key-usage-cert-sign": (
            CertificateShape(key_usage=frozenset({"digital_signature", "key_cert_sign"})),
            "key-usage-unsuitable",
            "The signer's key may also sign certificates.",
        ),
        "key-usage-encipher": (
            CertificateShape(key_usage=frozenset({"key_encipherment"})),
            "key-usage-unsuitable",
            "The signer's key is for encryption.",
        ),
        "signer-is-ca": (CertificateShape(ca=True), "signer-is-ca", "The signer is a certification authority."),
        "not-yet-valid": (
            CertificateShape(not_before=day(2025, 6)),
            "outside-certificate-validity",
            "The token is older than the certificate.",
        ),
        "expired-then": (
            CertificateShape(not_after=day(2025, 2)),
            "outside-certificate-validity",
            "The certificate had ended before the token's time.",
        ),
    }
    differs = {
        "eku-doubled": "openssl 3.0 counts purposes, not mentions",
        "signer-is-ca": "openssl 3.0 does not mind a signer that is an authority",
    }
    for name, (shape, reason, comment) in shapes.items():
        yield failed(name, reason, comment, shop.signer(shape).respond(), openssl_differs=differs.get(name, ""))
    content = CertificateShape(key_usage=frozenset({"content_commitment"}))
    yield passed(
        "key-usage-commitment",
        "The signer's key is for content commitment, which is enough.",
        shop.signer(content).respond(),
    )
    yield passed(
        "no-key-usage",
        "The signer's certificate has no key usage at all.",
        shop.signer(CertificateShape(key_usage=None)).respond(),
    )


def paths(shop: Workshop) -> Iterator[Vector]:
    response = shop.chain.respond()
    yield undecided(
        "no-anchor", "no-path", "The user named no anchor; nothing is trusted by default.", response, anchors=[]
    )
    yield undecided(
        "unknown-root",
        "no-path",
        "The user trusts another authority.",
        response,
        anchors=[VectorAnchor("stranger.pem")],
    )
    own_root = replace(
        shop.stranger.envelope(),
        certificates=[shop.stranger.signer.der, shop.stranger.intermediate.der, shop.stranger.root.der],
    )
    yield undecided(
        "embedded-root",
        "no-path",
        "The token brings its own root along; what is embedded is never trusted.",
        shop.stranger.respond(envelope=own_root),
    )
    yield undecided(
        "no-intermediate",
        "no-path",
        "The intermediate is neither embedded nor supplied.",
        shop.chain.respond(envelope=replace(shop.chain.envelope(), certificates=[shop.chain.signer.der])),
    )
    yield passed(
        "pinned-intermediate",
        "The user trusts the intermediate directly.",
        response,
        anchors=[VectorAnchor("intermediate.pem")],
    )
    yield passed(
        "pinned-signer",
        "The user trusts the signer's certificate directly.",
        response,
        anchors=[VectorAnchor("signer.pem")],
    )
    any_purpose = replace(AUTHORITY, usages=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,), usage_critical=False)
    yield passed("ca-any-purpose", "The intermediate is for any purpose.", _below(shop, any_purpose))
    web = replace(AUTHORITY, usages=(ExtendedKeyUsageOID.SERVER_AUTH,), usage_critical=False)
    yield passed(
        "ca-web-purpose",
        "The intermediate is for web servers; worth a word.",
        _below(shop, web),
        cautions=["ca-extended-key-usage"],
        openssl_differs="openssl applies purposes of an authority to what is below it",
    )
    no_ca = replace(AUTHORITY, ca=False)
    yield undecided(
        "intermediate-no-ca", "no-path", "The intermediate is no certification authority.", _below(shop, no_ca)
    )
    no_sign = replace(AUTHORITY, key_usage=frozenset({"crl_sign"}))
    yield undecided(
        "intermediate-no-cert-sign",
        "no-path",
        "The intermediate's key may not sign certificates.",
        _below(shop, no_sign),
    )
    short = make_identity("Short Intermediate", shop.chain.root, replace(AUTHORITY, path_length=0))
    deep = make_identity("Deep Intermediate", short)
    chain = shop.signer(issuer=deep)
    yield undecided(
        "path-length",
        "no-path",
        "An authority below one that allows none below it.",
        chain.respond(envelope=replace(chain.envelope(), certificates=[*chain.envelope().certificates, short.der])),
    )
    ended = replace(AUTHORITY, not_after=day(2025, 2))
    yield undecided(
        "intermediate-expired-then",
        "no-path",
        "The intermediate had ended before the token's time.",
        _below(shop, ended),
    )
    old = shop.signer(issuer=shop.sha1_intermediate())
    yield undecided(
        "sha1-intermediate",
        "path-weak",
        "The intermediate's certificate is signed with SHA-1.",
        old.respond(),
        openssl_differs="openssl at its default level lets SHA-1 through here",
    )
    edwards = make_identity("Vector TSA", shop.edwards_root, CertificateShape())
    chain = Chain(shop.edwards_root, shop.edwards_root, edwards)
    yield undecided(
        "ed25519-authority",
        "path-weak",
        "The certification authority has an Ed25519 key, which is not supported there.",
        chain.respond(),
        anchors=[VectorAnchor("ed25519-root.pem")],
        openssl_differs="openssl supports it",
    )


def _below(shop: Workshop, shape: CertificateShape) -> bytes:
    return shop.signer(issuer=make_identity("Shaped Intermediate", shop.chain.root, shape)).respond()


def anchor_windows(shop: Workshop) -> Iterator[Vector]:
    response = shop.chain.respond()
    yield passed(
        "anchor-in-window",
        "The token's time lies in the window the user gave.",
        response,
        anchors=[VectorAnchor("root.pem", day(2025), day(2025, 12, 31))],
    )
    yield undecided(
        "anchor-not-yet",
        "anchor-not-in-use",
        "The user trusts this anchor from a later day on.",
        response,
        anchors=[VectorAnchor("root.pem", use_from=day(2025, 6))],
        openssl_differs=_USERS,
    )
    yield undecided(
        "anchor-no-more",
        "anchor-not-in-use",
        "The user trusts this anchor until an earlier day.",
        response,
        anchors=[VectorAnchor("root.pem", use_until=day(2025, 2))],
        openssl_differs=_USERS,
    )
    yield undecided(
        "anchor-borrowed-window",
        "anchor-not-in-use",
        "Another anchor's window would fit; it is not this path's, and is not borrowed.",
        response,
        anchors=[VectorAnchor("root.pem", use_until=day(2025, 2)), VectorAnchor("stranger.pem")],
        openssl_differs=_USERS,
    )
    yield passed(
        "anchor-second",
        "One anchor's window is over, the path over another one holds.",
        response,
        anchors=[VectorAnchor("root.pem", use_until=day(2025, 2)), VectorAnchor("intermediate.pem")],
    )


def hostile_names(shop: Workshop) -> Iterator[Vector]:
    yield passed(
        "hostile-name",
        "The signer's name tries to rewrite the reader's screen; it is shown escaped.",
        shop.hostile_signer().respond(),
        facts={"signer": r"CN=Good TSA\u{202E}\u{1B}[2Kverified\u{D}\u{A}: ok"},
    )


def expiry(shop: Workshop) -> Iterator[Vector]:
    response = shop.chain.respond()
    yield undecided(
        "expired-now",
        "revocation-unknown",
        "Valid at the token's time, ended since, and nobody kept a word on revocation.",
        response,
        now=AFTER_EXPIRY,
        openssl_differs="openssl -attime does not ask about revocation",
    )
    yield passed(
        "expired-now-archived-crl",
        "Ended since, but CRLs from after the token's time were kept.",
        response,
        now=AFTER_EXPIRY,
        crls=shop.crls(day(2025, 4)),
    )
    embedded = replace(shop.chain.envelope(), crls=shop.crls(day(2025, 4)))
    yield passed(
        "expired-now-embedded-crl",
        "The same with the CRLs in the token's unsigned part.",
        shop.chain.respond(envelope=embedded),
        now=AFTER_EXPIRY,
    )
    older = replace(shop.chain.envelope(), crls=shop.crls(day(2025, 2)))
    yield passed(
        "embedded-older-crl",
        "The token brings the CRL of the day before along: no evidence, and no harm.",
        shop.chain.respond(envelope=older),
        cautions=["revocation-not-checked"],
    )
    yield passed(
        "expired-now-existed",
        "Ended since, but a later proof shows that the token existed in time.",
        response,
        now=AFTER_EXPIRY,
        existed_by=day(2027),
    )
    yield undecided(
        "required-revocation",
        "revocation-unknown",
        "The user wants evidence on revocation, and there is none.",
        response,
        require_revocation=True,
        openssl_differs=_NOT_TOLD,
    )
    yield passed(
        "required-revocation-there",
        "The user wants evidence on revocation, and it is there.",
        response,
        require_revocation=True,
        crls=shop.crls(day(2025, 4)),
    )


def stale_evidence(shop: Workshop) -> Iterator[Vector]:
    chain, response = shop.chain, shop.chain.respond()
    stranger = shop.stranger.intermediate
    delta = [(x509.DeltaCRLIndicator(1), True)]
    ca_only = [(x509.IssuingDistributionPoint(None, None, False, True, None, False, False), True)]
    unusable = {
        "crl-older": (shop.crls(day(2025, 2)), "The CRLs are older than the token, they say nothing about its time."),
        "crl-after-end": (
            shop.crls(day(2028)),
            "The CRL is from after the certificate's end, when it may have been dropped.",
        ),
        "crl-forged": (
            [shop.crl(chain.intermediate, day(2025, 4), signer=stranger)],
            "The CRL is not signed by the issuer it names.",
        ),
        "crl-delta": ([shop.crl(chain.intermediate, day(2025, 4), extensions=delta)], "The CRL lists changes only."),
        "crl-other-scope": (
            [shop.crl(chain.intermediate, day(2025, 4), extensions=ca_only)],
            "The CRL covers authorities only.",
        ),
    }
    for name, (crls, comment) in unusable.items():
        yield undecided(name, "revocation-unusable", comment, response, crls=crls, openssl_differs=_NOT_TOLD)
    yield passed(
        "crl-of-others",
        "A CRL of another authority says nothing, and does no harm.",
        response,
        crls=[shop.crl(stranger, day(2025, 4))],
        cautions=["revocation-not-checked"],
    )


def revocations(shop: Workshop) -> Iterator[Vector]:
    chain, response = shop.chain, shop.chain.respond()
    serial, reasons = chain.signer.certificate.serial_number, x509.ReasonFlags
    issued = day(2025, 10)
    for reason, code in (
        (reasons.superseded, "superseded"),
        (reasons.unspecified, "unspecified"),
        (reasons.cessation_of_operation, "cessation"),
        (reasons.affiliation_changed, "affiliation"),
    ):
        yield passed(
            f"revoked-later-{code}",
            f"Revoked after the token's time, {code}: the token stays good.",
            response,
            crls=shop.crls(issued, [Revoked(serial, day(2025, 9), reason)]),
            cautions=["revoked-later"],
        )
    compromised = Revoked(serial, day(2025, 9), reasons.key_compromise)
    bad = {
        "revoked-before": (
            Revoked(serial, day(2025, 2), reasons.superseded),
            "Revoked before the token's time, whatever the reason.",
        ),
        "revoked-compromise": (
            compromised,
            "Revoked later because the key was compromised: the token may be back-dated.",
        ),
        "revoked-no-reason": (
            Revoked(serial, day(2025, 9)),
            "Revoked later without a reason: RFC 3161 counts that as a compromise.",
        ),
        "revoked-hold": (
            Revoked(serial, day(2025, 9), reasons.certificate_hold),
            "Put on hold later: not one of the harmless reasons.",
        ),
        "revoked-invalid-since": (
            Revoked(serial, day(2025, 9), reasons.superseded, day(2025, 2)),
            "Superseded later, but invalid since before the token's time.",
        ),
    }
    for name, (line, comment) in bad.items():
        yield failed(name, "revoked", comment, response, crls=shop.crls(issued, [line]), openssl_differs=_NOT_TOLD)
    yield passed(
        "compromise-after-proof",
        "Compromised later, but another proof shows that the token existed before.",
        response,
        crls=shop.crls(issued, [compromised]),
        existed_by=day(2025, 6),
        cautions=["proven-before-compromise"],
    )
    yield failed(
        "compromise-before-proof",
        "revoked",
        "Compromised later, and the other proof is from after that.",
        response,
        crls=shop.crls(issued, [compromised]),
        existed_by=day(2025, 11),
        openssl_differs=_NOT_TOLD,
    )
    old_list = shop.crls(day(2025, 2, 2), [Revoked(serial, day(2025, 2), reasons.superseded)])
    yield failed(
        "revoked-old-crl",
        "revoked",
        "A CRL older than the token already lists the signer.",
        response,
        crls=old_list,
        openssl_differs=_NOT_TOLD,
    )
    line = Revoked(chain.intermediate.certificate.serial_number, day(2025, 9), reasons.ca_compromise)
    yield failed(
        "intermediate-compromised",
        "revoked",
        "The intermediate was compromised later.",
        response,
        crls=[shop.crl(chain.intermediate, issued), shop.crl(chain.root, issued, [line])],
        openssl_differs=_NOT_TOLD,
    )


def ocsp_answers(shop: Workshop) -> Iterator[Vector]:
    chain, response, issued = shop.chain, shop.chain.respond(), day(2025, 4)
    about, issuer = chain.signer, chain.intermediate
    root_crl = [shop.crl(chain.root, issued)]
    yield passed(
        "ocsp",
        "An OCSP answer by the issuer, from after the token's time.",
        response,
        now=AFTER_EXPIRY,
        ocsp_answers=[shop.ocsp(about, issuer, issued)],
        crls=root_crl,
    )
    yield passed(
        "ocsp-delegate",
        "An OCSP answer by a responder that the issuer appointed.",
        response,
        now=AFTER_EXPIRY,
        ocsp_answers=[shop.ocsp(about, issuer, issued, responder=shop.responder(issuer))],
        crls=root_crl,
    )
    compromise = Revoked(0, day(2025, 9), x509.ReasonFlags.key_compromise)
    yield failed(
        "ocsp-revoked",
        "revoked",
        "An OCSP answer says that the key was compromised.",
        response,
        ocsp_answers=[shop.ocsp(about, issuer, day(2025, 10), compromise)],
        openssl_differs=_NOT_TOLD,
    )
    wrong = shop.responder(issuer, ExtendedKeyUsageOID.CODE_SIGNING)
    strange = shop.responder(shop.stranger.intermediate)
    unknown = ocsp.OCSPCertStatus.UNKNOWN
    unusable = {
        "ocsp-wrong-purpose": (
            shop.ocsp(about, issuer, issued, responder=wrong),
            "Its responder is not appointed for OCSP.",
        ),
        "ocsp-stranger": (
            shop.ocsp(about, issuer, issued, responder=strange),
            "Its responder belongs to another authority.",
        ),
        "ocsp-unknown": (
            shop.ocsp(about, issuer, issued, status=unknown),
            "It says that it does not know the certificate.",
        ),
        "ocsp-older": (shop.ocsp(about, issuer, day(2025, 2)), "It is older than the token."),
        "ocsp-garbage": (b"\x30\x03\x0a\x01\x06", "It is a refusal to answer."),
    }
    for name, (answer, comment) in unusable.items():
        yield undecided(
            name, "revocation-unusable", comment, response, ocsp_answers=[answer], openssl_differs=_NOT_TOLD
        )


def algorithm_ends(shop: Workshop) -> Iterator[Vector]:
    long_lived = CertificateShape(not_after=day(2044))
    ecdsa = shop.signer(long_lived)
    rsa = shop.signer(long_lived, "rsa2048")
    yield passed("rsa-2048-in-time", "RSA 2048 judged in 2026.", rsa.respond(), sunsets=True)
    yield undecided(
        "rsa-2048-over",
        "algorithm-sunset",
        "RSA 2048 judged in 2031, after the table's last day for it.",
        rsa.respond(),
        now=day(2031),
        sunsets=True,
        openssl_differs="openssl knows no end of algorithms",
    )
    yield passed(
        "rsa-2048-renewed",
        "The same, with a proof that the token existed in time.",
        rsa.respond(),
        now=day(2031),
        existed_by=day(2029),
        sunsets=True,
    )
    weak = Statement(hash_name="sha224")
    yield undecided(
        "sha224-over",
        "algorithm-sunset",
        "A SHA-224 imprint judged in 2031.",
        ecdsa.respond(weak),
        now=day(2031),
        sunsets=True,
        openssl_differs="openssl knows no end of algorithms",
    )
