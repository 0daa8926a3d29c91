"""Scenarios about the signature: signed attributes, ESSCertID, algorithms (steps 5 to 7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from evtool.core.timestamp.der_values import write_octets, write_oid
from evtool.core.timestamp.signed_data import CONTENT_TYPE, MESSAGE_DIGEST
from tests.timestamp.mint import (
    CertificateShape,
    Statement,
    attribute,
    ess_cert_id_v1,
    ess_cert_id_v2,
    issuer_serial_of,
    make_identity,
    make_key,
    wrap_response,
)
from tests.timestamp.vector import Vector, VectorAnchor
from tests.timestamp.workshop import Workshop, failed, make_request, passed, undecided

_AT = "2025-03-01 12:00:00"


def good_algorithms(shop: Workshop) -> Iterator[Vector]:
    request = make_request()
    yield passed(
        "openssl-rsa",
        "Made by `openssl ts -reply`: RSA 2048, SHA-256.",
        shop.rsa.reply(request, _AT),
        anchors=[VectorAnchor("rsa-root.pem")],
        request=request,
    )
    yield passed(
        "openssl-ecdsa",
        "Made by `openssl ts -reply`: ECDSA P-256, SHA-256.",
        shop.ecdsa.reply(request, _AT),
        anchors=[VectorAnchor("ecdsa-root.pem")],
        request=request,
    )
    request = make_request("sha512")
    yield passed(
        "openssl-sha512",
        "Made by `openssl ts -reply` for a SHA-512 imprint.",
        shop.rsa.reply(request, _AT),
        anchors=[VectorAnchor("rsa-root.pem")],
        request=request,
    )
    pss = shop.pss
    yield passed(
        "pss",
        "RSA-PSS with SHA-256.",
        pss.respond(envelope=replace(pss.envelope(), scheme="pss")),
        anchors=[VectorAnchor("pss-root.pem")],
        openssl_differs="openssl ts cannot verify RSA-PSS (openssl issue 7904); `openssl cms -verify` accepts it",
    )
    edwards = shop.signer(key_kind="ed25519")
    yield passed(
        "ed25519",
        "An Ed25519 signer below ECDSA authorities.",
        edwards.respond(),
        openssl_differs="openssl 3.0 verifies no Ed25519 time-stamps",
    )
    envelope = replace(shop.chain.envelope(), digest="sha512")
    yield passed("digest-sha512", "ECDSA with SHA-512 over a SHA-256 imprint.", shop.chain.respond(envelope=envelope))


def good_envelopes(shop: Workshop) -> Iterator[Vector]:
    chain = shop.chain
    signer, intermediate, root = chain.signer.der, chain.intermediate.der, chain.root.der
    plain = chain.envelope()
    yield passed(
        "unsorted-certificates",
        "The certificates stand in no order, as many authorities send them.",
        chain.respond(
            envelope=replace(
                plain, certificates=[root, *sorted([signer, intermediate], reverse=True)], sort_certificates=False
            )
        ),
    )
    yield passed(
        "no-certificates",
        "No certificate is embedded; the user supplies them.",
        chain.respond(envelope=replace(plain, certificates=[])),
        certificates=[signer, intermediate],
    )
    yield passed(
        "leaf-only",
        "Only the signer's certificate is embedded; the intermediate is supplied.",
        chain.respond(envelope=replace(plain, certificates=[signer])),
        certificates=[intermediate],
    )
    yield passed(
        "key-identifier",
        "The signer is named by its key identifier.",
        chain.respond(envelope=replace(plain, key_identifier=True)),
        openssl_differs="openssl ts looks for issuer and serial number only",
    )
    yield passed(
        "ess-v1",
        "The certificate is named by the older, SHA-1 attribute.",
        chain.respond(envelope=replace(plain, ess=[ess_cert_id_v1(signer)])),
    )
    yield passed(
        "ess-both",
        "Both attributes name the certificate.",
        chain.respond(envelope=replace(plain, ess=[ess_cert_id_v1(signer), ess_cert_id_v2([signer])])),
    )
    yield passed(
        "ess-chain",
        "The attribute lists the chain behind the signer.",
        chain.respond(envelope=replace(plain, ess=[ess_cert_id_v2([signer, intermediate])])),
    )
    yield passed(
        "ess-sha512",
        "The certificate is named by its SHA-512, with issuer and serial number.",
        chain.respond(
            envelope=replace(
                plain, ess=[ess_cert_id_v2([signer], "sha512", issuer_serial_of(chain.signer.certificate))]
            )
        ),
    )
    yield passed(
        "granted-with-mods",
        "The authority granted it with modifications.",
        wrap_response(plain.wrap(Statement().der), 1),
        cautions=["granted-with-mods"],
    )
    yield passed("bare-token", "Only the token is there, without the response around it.", plain.wrap(Statement().der))
    yield passed(
        "extra-certificates",
        "Certificates of another authority are embedded as well.",
        chain.respond(envelope=replace(plain, certificates=[*plain.certificates, shop.stranger.signer.der])),
    )
    yield passed(
        "unreadable-certificate",
        "One embedded certificate is broken, another is enough.",
        chain.respond(envelope=replace(plain, certificates=[*plain.certificates, b"\x30\x03\x02\x01\x01"])),
        cautions=["certificate-unreadable"],
        openssl_differs="openssl gives up on one broken certificate",
    )


def wrong_attributes(shop: Workshop) -> Iterator[Vector]:
    chain, plain = shop.chain, shop.chain.envelope()

    def with_(**changes: object) -> bytes:
        return chain.respond(envelope=replace(plain, **changes))  # type: ignore[arg-type]

    yield failed(
        "no-attributes",
        "signed-attributes-missing",
        "The signature is over the content itself, without attributes.",
        with_(leave_out=frozenset({"attributes"})),
    )
    yield failed(
        "no-content-type",
        "content-type-mismatch",
        "No signed content type.",
        with_(leave_out=frozenset({"content-type"})),
        openssl_differs="openssl does not look at this attribute",
    )
    yield failed(
        "content-type",
        "content-type-mismatch",
        "The signed content type is ordinary data.",
        with_(attribute_type="1.2.840.113549.1.7.1"),
        openssl_differs="openssl does not look at this attribute",
    )
    yield failed(
        "no-message-digest",
        "message-digest-mismatch",
        "No signed digest of the content.",
        with_(leave_out=frozenset({"message-digest"})),
    )
    yield failed(
        "message-digest",
        "message-digest-mismatch",
        "The signed digest is of other content.",
        with_(message_digest=bytes(32)),
    )
    yield failed(
        "attribute-repeated",
        "attribute-repeated",
        "Two signed digests, one of them right.",
        with_(more_attributes=[attribute(MESSAGE_DIGEST, write_octets(bytes(32)))]),
    )
    yield failed(
        "attribute-two-values",
        "content-type-mismatch",
        "One content type attribute with two values.",
        with_(
            leave_out=frozenset({"content-type"}),
            more_attributes=[
                attribute(CONTENT_TYPE, write_oid("1.2.840.113549.1.9.16.1.4"), write_oid("1.2.840.113549.1.7.1"))
            ],
        ),
        openssl_differs="openssl does not look at this attribute",
    )
    yield failed(
        "digest-md5",
        "digest-hash-refused",
        "The signature rests on MD5.",
        with_(digest="md5", signature_oid="1.2.840.10045.4.1"),
        openssl_differs="openssl still takes MD5 under a signature",
    )
    yield undecided(
        "digest-sha1",
        "digest-hash-weak",
        "The signature rests on SHA-1.",
        with_(digest="sha1"),
        openssl_differs="openssl still takes SHA-1 signatures",
    )
    yield undecided(
        "hashes-differ",
        "algorithm-unsupported",
        "The signature names SHA-512, the attributes beside it SHA-256.",
        with_(signature_oid="1.2.840.10045.4.3.4"),
        openssl_differs="openssl ignores the hash named with the signature",
    )
    yield undecided(
        "signature-algorithm",
        "algorithm-unsupported",
        "The signature algorithm is not known.",
        with_(signature_oid="1.3.6.1.4.1.99999.9"),
        openssl_differs="openssl goes by the key, not by the name",
    )


def wrong_ess(shop: Workshop) -> Iterator[Vector]:
    chain, plain = shop.chain, shop.chain.envelope()
    signer, other = chain.signer.der, shop.stranger.signer.der

    def with_(ess: list[bytes]) -> bytes:
        return chain.respond(envelope=replace(plain, ess=ess))

    yield failed(
        "ess-missing",
        "ess-cert-id-missing",
        "No signed attribute names the certificate, so it could be exchanged.",
        with_([]),
    )
    yield failed(
        "ess", "ess-cert-id-mismatch", "The attribute names another certificate.", with_([ess_cert_id_v2([other])])
    )
    yield failed(
        "ess-second",
        "ess-cert-id-mismatch",
        "The signer stands second in the list; only the first one counts.",
        with_([ess_cert_id_v2([other, signer])]),
        openssl_differs="openssl accepts the signer anywhere in the list",
    )
    yield failed(
        "ess-v1-differs",
        "ess-cert-id-mismatch",
        "The newer attribute fits, the older one does not.",
        with_([ess_cert_id_v1(other), ess_cert_id_v2([signer])]),
    )
    yield failed(
        "ess-v2-differs",
        "ess-cert-id-mismatch",
        "The older attribute fits, the newer one does not.",
        with_([ess_cert_id_v1(signer), ess_cert_id_v2([other])]),
    )
    wrong_serial = issuer_serial_of(chain.signer.certificate, 4711)
    yield failed(
        "ess-serial",
        "ess-cert-id-mismatch",
        "The attribute's hash fits, its serial number does not.",
        with_([ess_cert_id_v2([signer], None, wrong_serial)]),
    )
    no_values = attribute("1.2.840.113549.1.9.16.2.47")
    yield failed("ess-no-value", "malformed", "The attribute has no value at all.", with_([no_values]))


def wrong_signatures(shop: Workshop) -> Iterator[Vector]:
    chain, plain = shop.chain, shop.chain.envelope()
    yield failed(
        "signature",
        "signature-invalid",
        "The last bit of the signature is flipped.",
        chain.respond(envelope=replace(plain, flip_signature=True)),
    )
    yield failed(
        "other-key",
        "signature-invalid",
        "Somebody else's key signed in the authority's name.",
        chain.respond(envelope=replace(plain, signing_key=make_key())),
    )
    pss = shop.pss
    pkcs1 = replace(pss.envelope(), signature_oid="1.2.840.113549.1.1.1", scheme="pss")
    yield failed(
        "pss-as-pkcs1",
        "signature-invalid",
        "A PSS signature that is announced as PKCS #1.",
        pss.respond(envelope=pkcs1),
        anchors=[VectorAnchor("pss-root.pem")],
    )
    no_parameters = replace(pss.envelope(), signature_oid="1.2.840.113549.1.1.10", scheme="pss")
    yield undecided(
        "pss-no-parameters",
        "algorithm-unsupported",
        "A PSS signature without its parameters.",
        pss.respond(envelope=no_parameters),
        anchors=[VectorAnchor("pss-root.pem")],
    )
    yield failed(
        "attributes-tampered", "signature-invalid", "A signed attribute was changed after signing.", _tampered(shop)
    )
    later = chain.respond(Statement(gen_time=b"20240301120000Z")).replace(b"20240301120000Z", b"20230301120000Z")
    yield failed("time-tampered", "message-digest-mismatch", "The time was set a year back after signing.", later)
    yield from _replaced_certificates(shop)


def _tampered(shop: Workshop) -> bytes:
    marker = attribute("1.2.840.113549.1.9.5", b"\x17\x0d250301120000Z")
    response = shop.chain.respond(envelope=replace(shop.chain.envelope(), more_attributes=[marker]))
    assert response.count(b"\x17\x0d250301120000Z") == 1
    return response.replace(b"\x17\x0d250301120000Z", b"\x17\x0d240301120000Z")


def _replaced_certificates(shop: Workshop) -> Iterator[Vector]:
    chain, plain = shop.chain, shop.chain.envelope()
    shape = CertificateShape(serial=chain.signer.certificate.serial_number)
    twin = make_identity("Other TSA", chain.intermediate, shape, chain.signer.key)
    yield failed(
        "replaced-certificate",
        "ess-cert-id-mismatch",
        "The embedded certificate was replaced by one with the same issuer, serial number and key.",
        chain.respond(envelope=replace(plain, certificates=[twin.der, chain.intermediate.der])),
    )
    yield passed(
        "twin-certificate",
        "Such a twin is embedded beside the right certificate, and changes nothing.",
        chain.respond(envelope=replace(plain, certificates=[twin.der, *plain.certificates])),
        openssl_differs="openssl takes the first certificate with this issuer and serial number",
    )
    yield undecided(
        "no-signer-certificate",
        "signer-certificate-missing",
        "The signer's certificate is nowhere.",
        chain.respond(envelope=replace(plain, certificates=[chain.intermediate.der])),
    )
    weak = shop.signer(key_kind="rsa1024")
    yield undecided(
        "rsa-1024",
        "signer-key-weak",
        "The signer's RSA key has 1024 bits.",
        weak.respond(),
        openssl_differs="openssl's default level lets a signer of 1024 bits through",
    )
