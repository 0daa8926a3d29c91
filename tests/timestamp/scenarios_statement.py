"""Scenarios about the statement: TSTInfo, the data, and the saved request (steps 3 and 4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from evtool.core.timestamp.der_values import write_integer, write_node, write_null, write_oid, write_sequence
from tests.timestamp.mint import DATA, POLICY, Statement, algorithm, extension
from tests.timestamp.vector import Vector, VectorAnchor
from tests.timestamp.workshop import NONCE, Workshop, failed, make_request, passed, undecided

_MD5 = write_sequence(write_oid("1.2.840.113549.2.5"), write_null())
_UNKNOWN_HASH = write_sequence(write_oid("1.3.6.1.4.1.99999.7"), write_null())
_TIME = "openssl checks the form of the time less strictly than RFC 3161, section 2.4.2"


def good_statements(shop: Workshop) -> Iterator[Vector]:
    chain = shop.chain
    yield passed(
        "minted",
        "A proper token of root, intermediate and signer, all ECDSA P-256.",
        chain.respond(),
        facts={
            "gen_time": "2025-03-01T12:00:00Z",
            "accuracy": "1.5",
            "policy": POLICY,
            "serial": "1234567890abcdef1234",
            "imprint_hash": "sha256",
            "signer": "CN=Vector TSA",
        },
        cautions=["revocation-not-checked"],
    )
    nine = Statement(gen_time=b"20250301115959.123456789Z", serial=2**159 + 7)
    yield passed(
        "nine-digits",
        "A time to the nanosecond and a serial number of 160 bits keep every digit.",
        chain.respond(nine),
        facts={"gen_time": "2025-03-01T11:59:59.123456789Z", "serial": f"{2**159 + 7:x}"},
    )
    yield passed(
        "no-accuracy",
        "Without accuracy the time stands, and the accuracy is unknown, not zero.",
        chain.respond(Statement(accuracy=None)),
        cautions=["accuracy-unknown"],
        facts={"accuracy": "unknown"},
    )
    ordered = Statement(ordering=b"\x01\x01\xff")
    yield passed(
        "ordering",
        "The authority promises that its tokens are in order.",
        chain.respond(ordered),
        facts={"ordering": True},
    )
    for name in ("sha384", "sha512", "sha3-256"):
        yield passed(
            f"imprint-{name}",
            f"The imprint is {name}.",
            chain.respond(Statement(hash_name=name)),
            facts={"imprint_hash": name},
        )
    bare_algorithm = Statement(imprint_algorithm=algorithm("sha256", null=False))
    yield passed(
        "no-null",
        "The imprint's algorithm has no parameters at all, which is as good as NULL.",
        chain.respond(bare_algorithm),
    )
    asked = Statement(nonce=NONCE)
    yield passed(
        "answers-request",
        "Imprint, policy and nonce are those of the saved request.",
        chain.respond(asked),
        request=make_request(policy=POLICY),
        facts={"nonce": f"{NONCE:x}"},
    )
    own_name = write_node(0xA4, chain.signer.certificate.subject.public_bytes())
    yield passed(
        "tsa-name",
        "The token calls its authority as the certificate does.",
        chain.respond(Statement(tsa=own_name)),
        facts={"tsa_name": "CN=Vector TSA"},
    )
    other = write_node(0xA4, shop.stranger.signer.certificate.subject.public_bytes())
    yield passed(
        "tsa-name-differs",
        "The token calls its authority otherwise than the certificate; worth a word, no more.",
        chain.respond(Statement(tsa=other)),
        cautions=["tsa-name-differs"],
        openssl_differs="openssl wants the names to be equal; RFC 3161 calls the field a hint",
    )
    qualified = write_sequence(write_sequence(write_oid("0.4.0.19422.1.1")))
    claim = extension("1.3.6.1.5.5.7.1.3", qualified, critical=False)
    yield passed(
        "qualified-claim",
        "The token claims to be a qualified time-stamp; that is reported as its claim.",
        chain.respond(Statement(extensions=claim)),
        facts={"qualified": True},
    )
    note = extension("1.3.6.1.4.1.99999.5", b"\x05\x00", critical=False)
    yield passed(
        "unknown-extension",
        "An unknown extension that is not critical is passed over.",
        chain.respond(Statement(extensions=note)),
    )
    future = Statement(gen_time=b"20260201000000Z")
    yield passed(
        "time-in-future",
        "The token's time is a month ahead of the verifier's clock; one of the two is wrong.",
        chain.respond(future),
        cautions=["time-in-future"],
    )


def wrong_statements(shop: Workshop) -> Iterator[Vector]:
    chain = shop.chain
    yield undecided(
        "unknown-version", "unknown-version", "TSTInfo version 2 is not known yet.", chain.respond(Statement(version=2))
    )
    critical = extension("1.3.6.1.4.1.99999.5", b"\x05\x00", critical=True)
    yield undecided(
        "critical-extension",
        "critical-extension",
        "An extension says: do not accept me unless you know me.",
        chain.respond(Statement(extensions=critical)),
        openssl_differs="openssl does not look at extensions of TSTInfo",
    )
    yield failed("imprint", "imprint-mismatch", "The token is for other data.", chain.respond(Statement(data=b"other")))
    short = Statement(imprint=b"\x01" * 31)
    yield failed("imprint-length", "malformed", "A SHA-256 imprint of 31 bytes.", chain.respond(short))
    md5 = Statement(imprint_algorithm=_MD5, imprint=hashlib.md5(DATA).digest())
    yield failed(
        "imprint-md5",
        "imprint-hash-refused",
        "The imprint is MD5, and fits.",
        chain.respond(md5),
        openssl_differs="openssl still takes MD5 imprints",
    )
    sha1 = Statement(hash_name="sha1")
    yield undecided(
        "imprint-sha1",
        "imprint-hash-weak",
        "The imprint is SHA-1: nothing is disproved, collisions exist.",
        chain.respond(sha1),
        openssl_differs="openssl still takes SHA-1 imprints",
    )
    unknown = Statement(imprint_algorithm=_UNKNOWN_HASH)
    yield undecided(
        "imprint-unknown", "algorithm-unsupported", "The imprint's hash function is not known.", chain.respond(unknown)
    )
    parameters = Statement(imprint_algorithm=write_sequence(write_oid("2.16.840.1.101.3.4.2.1"), write_integer(1)))
    yield failed(
        "imprint-parameters",
        "malformed",
        "The imprint's hash function has parameters that it cannot have.",
        chain.respond(parameters),
        openssl_differs="openssl ignores parameters of hash functions",
    )


def wrong_answers(shop: Workshop) -> Iterator[Vector]:
    chain, request = shop.chain, make_request(policy=POLICY)
    replay = Statement(nonce=NONCE + 1)
    yield failed(
        "nonce",
        "nonce-mismatch",
        "Another nonce than was asked for: an old answer replayed.",
        chain.respond(replay),
        request=request,
    )
    yield failed(
        "nonce-missing",
        "nonce-mismatch",
        "No nonce although one was asked for.",
        chain.respond(Statement()),
        request=request,
    )
    policy = Statement(nonce=NONCE, policy="1.3.6.1.4.1.99999.1.2")
    yield failed(
        "policy",
        "request-policy-mismatch",
        "Another policy than was asked for.",
        chain.respond(policy),
        request=request,
    )
    other_hash = Statement(nonce=NONCE, hash_name="sha512")
    yield failed(
        "request-imprint",
        "request-imprint-mismatch",
        "The right data under another hash than was asked for.",
        chain.respond(other_hash),
        request=request,
    )


def wrong_times(shop: Workshop) -> Iterator[Vector]:
    cases = {
        "time-offset": (b"20250301130000+0100", "The time has an offset in place of Z."),
        "time-no-z": (b"20250301120000", "The time has no zone at all."),
        "time-trailing-zero": (
            b"20250301120000.50Z",
            "The fraction has a trailing zero, a second spelling of one time.",
        ),
        "time-no-seconds": (b"202503011200Z", "The time has no seconds."),
        "time-30-february": (b"20250230120000Z", "The 30th of February."),
        "time-leap-second": (b"20250301115960Z", "A leap second where there was none."),
        "time-non-ascii": ("2025０301120000Z".encode(), "A full-width digit."),
    }
    for name, (time, comment) in cases.items():
        yield failed(name, "malformed", comment, shop.chain.respond(Statement(gen_time=time)), openssl_differs=_TIME)
    utc = Statement(gen_time=b"250301120000Z", time_tag=0x17)
    yield failed("time-utctime", "malformed", "UTCTime, with two digits of the year.", shop.chain.respond(utc))


def wrong_numbers(shop: Workshop) -> Iterator[Vector]:
    chain = shop.chain
    huge = write_sequence(write_integer(2**31))
    yield failed(
        "accuracy-huge",
        "malformed",
        "An accuracy of 68 years.",
        chain.respond(Statement(accuracy=huge)),
        openssl_differs="openssl takes any accuracy",
    )
    millis = write_sequence(write_integer(1000, 0x80))
    yield failed(
        "accuracy-millis",
        "malformed",
        "A thousand milliseconds, where 999 is the most.",
        chain.respond(Statement(accuracy=millis)),
        openssl_differs="openssl takes any accuracy",
    )
    negative = write_sequence(write_integer(-1))
    yield failed(
        "accuracy-negative",
        "malformed",
        "An accuracy below zero.",
        chain.respond(Statement(accuracy=negative)),
        openssl_differs="openssl takes any accuracy",
    )
    yield failed(
        "boolean",
        "malformed",
        "A BOOLEAN of 01, where DER has 00 and ff.",
        chain.respond(Statement(ordering=b"\x01\x01\x01")),
        openssl_differs="openssl's reader also takes BER here",
    )
    yield failed(
        "serial-long",
        "malformed",
        "A serial number of 100 bytes.",
        chain.respond(Statement(serial=2**799)),
        openssl_differs="openssl takes serial numbers of any length",
    )


def bound_to_policy(shop: Workshop) -> Iterator[Vector]:
    response = shop.chain.respond()
    yield passed(
        "policy-accepted",
        "The user accepts this policy under this anchor.",
        response,
        anchors=[VectorAnchor("root.pem", policies=[POLICY])],
    )
    yield undecided(
        "policy-not-accepted",
        "policy-not-accepted",
        "The user accepts other policies only under this anchor.",
        response,
        anchors=[VectorAnchor("root.pem", policies=["1.3.6.1.4.1.99999.1.2"])],
        openssl_differs="accepted policies are the user's, openssl is not told about them",
    )
