"""Scenarios about bytes: what is not one DER response with one signed TSTInfo (steps 1 to 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from evtool.core.timestamp.der_values import write_integer, write_node, write_oid, write_sequence
from tests.timestamp.mint import DATA, Statement, wrap_response
from tests.timestamp.vector import Vector
from tests.timestamp.workshop import Workshop, failed, make_request, undecided

_LENIENT = "openssl's reader takes the first structure and ignores what follows"
_FAIL_INFO = write_node(0x03, b"\x05\x20")  # bit 2: badRequest


def wrong_files(shop: Workshop) -> Iterator[Vector]:
    good = shop.chain.respond()
    page = b"<!DOCTYPE html><html><title>Log in to the hotel network</title></html>"
    yield failed("empty", "malformed", "The file is empty.", b"")
    yield failed("web-page", "malformed", "A proxy's login page, saved in place of the authority's answer.", page)
    pem = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    yield failed("pem", "malformed", "A PEM file where the binary response belongs.", pem)
    http = b"HTTP/1.1 200 OK\r\n\r\n" + good
    yield failed("http-headers", "malformed", "The response was saved with its HTTP headers in front.", http)
    request = make_request()
    yield failed("request", "is-a-request", "The request (.tsq) was handed in as the response (.tsr).", request)
    yield failed(
        "too-large",
        "too-large",
        "One byte over 1 MiB is not even read.",
        good,
        pad_to=(1 << 20) + 1,
        openssl_differs=_LENIENT,
    )
    yield failed("truncated", "malformed", "The last byte is missing.", good[:-1])
    yield failed(
        "trailing-bytes",
        "trailing-bytes",
        "A second structure hides behind the response.",
        good + b"\x05\x00",
        openssl_differs=_LENIENT,
    )


def wrong_encodings(shop: Workshop) -> Iterator[Vector]:
    token = shop.chain.envelope().wrap(Statement().der)
    status = write_sequence(write_integer(0))
    yield failed(
        "huge-length", "malformed", "A length of 2 GiB in a file of 40 bytes.", b"\x30\x84\x7f\xff\xff\xff" + b"\0" * 34
    )
    yield failed("length-of-length", "malformed", "A length field of 126 bytes.", b"\x30\xfe" + b"\xff" * 126)
    inner = status + token
    padded = b"\x30\x83" + len(inner).to_bytes(3, "big") + inner
    yield failed(
        "padded-length",
        "malformed",
        "The outer length has a leading zero byte, which DER forbids.",
        padded,
        openssl_differs="openssl's reader also takes BER here",
    )
    yield undecided(
        "indefinite-length",
        "ber-not-supported",
        "BER with an indefinite length, as some authorities send it.",
        b"\x30\x80" + inner + b"\0\0",
        openssl_differs="openssl reads BER; evtool says that it does not, and disproves nothing",
    )
    yield failed("multi-byte-tag", "malformed", "A tag of several bytes.", write_sequence(b"\x3f\x81\x01\x00"))
    many = wrap_response(write_node(0x30, b"\x05\x00" * 65))
    yield failed("many-members", "malformed", "65 members where a time-stamp has a handful.", many)
    deep = b"\x05\x00"
    for _ in range(2000):
        deep = write_sequence(deep)
    yield failed("deep", "malformed", "Two thousand levels of nesting, to exhaust a recursive reader.", deep)
    size = len(DATA)
    pieces = write_node(0x24, write_node(0x04, b"x" * size))
    signed = write_sequence(
        write_integer(3),
        write_node(0x31),
        write_sequence(write_oid("1.2.840.113549.1.9.16.1.4"), write_node(0xA0, pieces)),
        write_node(0x31),
    )
    content = write_sequence(write_oid("1.2.840.113549.1.7.2"), write_node(0xA0, signed))
    yield undecided(
        "string-in-pieces", "ber-not-supported", "The content is a BER string in pieces.", wrap_response(content)
    )


def wrong_status(shop: Workshop) -> Iterator[Vector]:
    token = shop.chain.envelope().wrap(Statement().der)
    yield failed(
        "rejected",
        "not-granted",
        "The authority rejected the request and says why.",
        wrap_response(b"", 2, "policy unknown here", _FAIL_INFO),
    )
    yield failed(
        "rejected-with-token",
        "not-granted",
        "A rejection with a valid token attached: the token is not looked at.",
        wrap_response(token, 2),
    )
    yield failed("waiting", "not-granted", "The authority says: wait.", wrap_response(b"", 3))
    yield failed(
        "unknown-status",
        "not-granted",
        "A status that RFC 3161 does not know, with a valid token.",
        wrap_response(token, 9),
    )
    yield failed(
        "hostile-status-text",
        "not-granted",
        "The status text tries to rewrite the reader's screen.",
        wrap_response(b"", 2, "\u202e\x1b[2J\x1b[Hevtool: verified\r\n<script>"),
    )
    yield failed("no-token", "no-token", "Granted, but no token is there.", wrap_response(b"", 0))


def wrong_envelopes(shop: Workshop) -> Iterator[Vector]:
    chain, statement = shop.chain, Statement()
    data = write_sequence(write_oid("1.2.840.113549.1.7.1"), write_node(0xA0, write_node(0x04, b"hello")))
    yield failed("plain-data", "not-signed-data", "The token is plain data, nobody signed it.", wrap_response(data))
    mail = replace(chain.envelope(), content_type="1.2.840.113549.1.7.1")
    yield failed(
        "signed-mail",
        "not-a-timestamp",
        "A signature over ordinary data, not over a time-stamp statement.",
        chain.respond(statement, mail),
    )
    for count, word in ((0, "no"), (2, "two")):
        signers = replace(chain.envelope(), signer_count=count)
        yield failed(
            f"{word}-signers",
            "signer-count",
            f"The token has {word} signers, where exactly one is allowed.",
            chain.respond(statement, signers),
        )
