"""The DER reader and writer, requests, the sunset table: what they take, what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.timestamp.der import BerError, DerError, TrailingBytesError, children, read_only
from evtool.core.timestamp.der_values import (
    read_bits,
    read_boolean,
    read_generalized_time,
    read_integer,
    read_oid,
    write_boolean,
    write_integer,
    write_node,
    write_octets,
    write_oid,
    write_sequence,
)
from evtool.core.timestamp.request import make_nonce, parse_request, serialize_request
from evtool.core.timestamp.response import parse_response
from evtool.core.timestamp.sunset import SunsetTable, parse_sunset_table
from evtool.core.timestamp.tst_info import parse_tst_info
from evtool.core.timestamp.x509.dn import describe_general_name, describe_name
from tests.timestamp.mint import Statement

SHA256 = bytes(32)


def refusal(parse: Callable[[bytes], object], data: bytes) -> str:
    """Parse, and give the message of a refusal; any other error is a fault of the parser and ends the test."""
    try:
        parse(data)
    except DerError as error:
        return error.message
    return ""


@settings(max_examples=300, deadline=None)
@given(st.integers(-(2**511), 2**511 - 1))
def test_an_integer_is_read_back(value: int) -> None:
    assert read_integer(read_only(write_integer(value)), "value") == value


@pytest.mark.parametrize("content", ["", "0001", "ff80", "00" * 65, "0000"])
def test_an_integer_has_one_spelling(content: str) -> None:
    with pytest.raises(DerError):
        read_integer(read_only(write_node(2, bytes.fromhex(content))), "value")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**40), max_size=8))
def test_an_object_identifier_is_read_back(first: int, second: int, rest: list[int]) -> None:
    dotted = ".".join(str(arc) for arc in (first, second, *rest))
    assert read_oid(read_only(write_oid(dotted)), "oid") == dotted


@pytest.mark.parametrize(
    "dotted", ["", "1", "3.1", "1.40", "1.2.x", "1..2", "-1.2", "1.2 ", "1.\u0662.3", "1.2.\x1b[2J"]
)
def test_other_text_is_no_object_identifier(dotted: str) -> None:
    with pytest.raises(DerError) as caught:
        write_oid(dotted)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("content", ["", "80", "2a80", "2a8001", "2a" + "01" * 64])
def test_an_object_identifier_has_one_spelling(content: str) -> None:
    with pytest.raises(DerError):
        read_oid(read_only(write_node(6, bytes.fromhex(content))), "oid")


@pytest.mark.parametrize("value", [True, False])
def test_a_boolean_is_read_back(value: bool) -> None:
    assert read_boolean(read_only(write_boolean(value)), "flag") is value


@pytest.mark.parametrize(("content", "bits"), [("00", ()), ("0580", (0,)), ("0020", (2,)), ("00000140", (15, 17))])
def test_named_bits(content: str, bits: tuple[int, ...]) -> None:
    assert read_bits(read_only(write_node(3, bytes.fromhex(content))), "bits") == bits


@settings(max_examples=200, deadline=None)
@given(st.datetimes(), st.text("0123456789", max_size=12))
def test_a_time_keeps_its_digits(moment, fraction: str) -> None:  # type: ignore[no-untyped-def]
    moment = moment.replace(microsecond=0)
    digits = fraction.rstrip("0")
    text = f"{moment.year:04}{moment:%m%d%H%M%S}{'.' + digits if digits else ''}Z"
    time, kept = read_generalized_time(text.encode(), "time")
    assert (time.replace(microsecond=0, tzinfo=None), kept) == (moment, digits)


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_a_length_is_read_back(length: int) -> None:
    assert read_only(write_octets(bytes(length))).content == bytes(length)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ("3080", BerError),
        ("30800000", BerError),
        ("308100", DerError),
        ("30817f", DerError),
        ("3082007f", DerError),
        ("3085000000000100", DerError),
        ("30", DerError),
        ("", DerError),
        ("3001", DerError),
        ("1f8101", DerError),
        ("050000", TrailingBytesError),
    ],
)
def test_only_der_is_der(data: str, error: type[DerError]) -> None:
    with pytest.raises(error):
        read_only(bytes.fromhex(data))


def test_a_primitive_has_no_members() -> None:
    with pytest.raises(DerError):
        children(read_only(b"\x04\x02\x05\x00"))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for parse in (read_only, parse_request, parse_response, parse_tst_info):
        assert refusal(parse, data).isprintable()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_statement_is_read_or_refused(data: st.DataObject) -> None:
    statement = bytearray(Statement(nonce=5, ordering=b"\x01\x01\xff").der)
    for _ in range(data.draw(st.integers(1, 4))):
        statement[data.draw(st.integers(0, len(statement) - 1))] = data.draw(st.integers(0, 255))
    message = refusal(parse_tst_info, bytes(statement))
    assert message.isprintable()
    if not message:
        facts = parse_tst_info(bytes(statement)).facts
        assert facts.earliest <= facts.latest
        assert facts.gen_time_text.isprintable()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**63 - 1), st.sampled_from([None, "1.2.3", "2.999.1"]))
def test_a_request_is_read_back(random: int, policy: str | None) -> None:
    nonce = make_nonce(random)
    request = parse_request(serialize_request(SHA256, "sha256", nonce, policy))
    assert (request.imprint.digest, request.nonce, request.policy, request.certificates) == (
        SHA256,
        nonce,
        policy,
        True,
    )


@pytest.mark.parametrize("random", [0, 1, 2**63 - 1, 2**64 - 1])
def test_a_nonce_has_eight_bytes_and_is_positive(random: int) -> None:
    """Zero bits and set bits alike: some authorities drop a leading zero or choke on a sign."""
    encoded = write_integer(make_nonce(random))
    assert (len(encoded), encoded[2] & 0xC0) == (10, 0x40)


@pytest.mark.parametrize(("name", "digest"), [("sha256", bytes(31)), ("sha1", bytes(20)), ("blake3", bytes(32))])
def test_no_request_is_written_for(name: str, digest: bytes) -> None:
    with pytest.raises(FormatError):
        serialize_request(digest, name, 1)


@pytest.mark.parametrize("version", [0, 2])
def test_a_request_of_another_version_is_refused(version: int) -> None:
    good = serialize_request(SHA256, "sha256", 5)
    with pytest.raises(DerError, match="version"):
        parse_request(good.replace(write_integer(1), write_integer(version), 1))


def test_a_name_is_shown_on_one_line_whatever_it_holds() -> None:
    value = write_node(0x0C, "김\u202e\x1b[2J\r\n".encode())
    hostile = write_sequence(write_node(0x31, write_sequence(write_oid("2.5.4.3"), value)))
    other = write_sequence(write_node(0x31, write_sequence(write_oid("1.2.3"), write_node(0x03, b"\x00\x01"))))

    assert describe_name(read_only(hostile)) == r"CN=김\u{202E}\u{1B}[2J\u{D}\u{A}"
    assert describe_name(read_only(other)) == "1.2.3=0001"
    assert describe_general_name(read_only(write_node(0x86, b"http://x\x1b"))) == r"[6] http://x\u{1B}"


def test_the_table_of_sunsets_covers_every_algorithm_that_is_read(sunsets: SunsetTable) -> None:
    from evtool.core.timestamp.algorithms import HASHES_BY_NAME

    assert {row.name for row in sunsets.hashes} == set(HASHES_BY_NAME)
    assert all(row.source for row in (*sunsets.hashes, *sunsets.keys))
    assert sunsets.find_hash("blake3") is None


@pytest.mark.parametrize(
    ("key", "until"),
    [
        ("rsa-1024", date(2013, 12, 31)),
        ("dsa-1024", date(2013, 12, 31)),
        ("dsa-3072", date(2024, 2, 3)),
        ("rsa-2048", date(2030, 12, 31)),
        ("rsa-3071", date(2030, 12, 31)),
        ("rsa-3072", date(2035, 12, 31)),
        ("rsa-8192", date(2035, 12, 31)),
        ("ec-256", date(2035, 12, 31)),
        ("ed25519", date(2035, 12, 31)),
    ],
)
def test_a_key_falls_under_the_row_of_its_size(key: str, until: date, sunsets: SunsetTable) -> None:
    row = sunsets.find_key(key)
    assert row
    assert row.until == until


@pytest.mark.parametrize(
    "text",
    [
        "",
        "format = 'evtool-sunset/2'",
        "format = 'evtool-sunset/1'\nmore = 1",
        "format = 'evtool-sunset/1'\nhash = 5",
        "format = 'evtool-sunset/1'\n[[hash]]\nname = 'x'",
        "format = 'evtool-sunset/1'\n[[hash]]\nname = 'x'\nsource = 's'\nuntil = '2030'",
        "format = 'evtool-sunset/1'\n[[hash]]\nname = 'x'\nsource = 's'\nuntil = 2030-01-01T00:00:00Z",
        "format = 'evtool-sunset/1'\n[[hash]]\nname = 'x'\nsource = 's'\nuntill = 2030-01-01",
        "format = 'evtool-sunset/1'\n[[key]]\nkind = 'x'\nsource = 's'\nmin_bits = true",
        "format = 'evtool-sunset/1'\n" + "#" * 70000,
        "x = " + "[" * 5000,
    ],
)
def test_other_text_is_no_table_of_sunsets(text: str) -> None:
    with pytest.raises(FormatError):
        parse_sunset_table(text)
