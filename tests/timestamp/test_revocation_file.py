"""Files of revocation evidence: recognised by content, read for one path, and refused where they are something else."""

from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.timestamp.x509.certificates import Certificate, load_certificate
from evtool.core.timestamp.x509.revocation_file import (
    RevocationFile,
    RevocationKind,
    parse_revocation_file,
    read_statements,
)
from tests.timestamp.mint import Chain, make_chain
from tests.timestamp.workshop import Revoked, Workshop, day, make_crl

CHAIN, STRANGER = make_chain(), make_chain(name="Stranger")
SERIAL = CHAIN.signer.certificate.serial_number
ISSUED = day(2025, 6)
CRL = make_crl(CHAIN.intermediate, ISSUED, [Revoked(SERIAL, day(2025, 5))])


def path_of(chain: Chain) -> tuple[Certificate, ...]:
    return tuple(load_certificate(certificate.der) for certificate in (chain.signer, chain.intermediate, chain.root))


def pem(label: bytes, der: bytes) -> bytes:
    return b"-----BEGIN " + label + b"-----\n" + base64.encodebytes(der) + b"-----END " + label + b"-----\n"


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An OCSP answer about the signer."""
    return Workshop(tmp_path_factory.mktemp("workshop")).ocsp(CHAIN.signer, CHAIN.intermediate, ISSUED)


def test_a_list_and_an_answer_are_told_apart(answer: bytes) -> None:
    """By content, not by name; PEM gives the same bytes as DER."""
    assert parse_revocation_file(CRL).kind is RevocationKind.CRL
    assert parse_revocation_file(answer).kind is RevocationKind.OCSP
    assert parse_revocation_file(b"a list\n" + pem(b"X509 CRL", CRL)).der == CRL
    assert parse_revocation_file(pem(b"OCSP RESPONSE", answer)).der == answer


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "neither a CRL nor an OCSP answer"),
        (b"<html>", "neither a CRL nor an OCSP answer"),
        (CRL + b"\0", "neither a CRL nor an OCSP answer"),
        (CRL[:-1], "neither a CRL nor an OCSP answer"),
        (CHAIN.root.der, "neither a CRL nor an OCSP answer"),
        (CHAIN.root.pem, "is a certificate"),
        (pem(b"X509 CRL", CRL) * 2, "several blocks of PEM"),
        (b"-----BEGIN X509 CRL-----\n?\n-----END X509 CRL-----\n", "cannot be decoded"),
    ],
)
def test_other_files_are_refused(data: bytes, words: str) -> None:
    """Each with the reason, so that the archivist knows what to fetch instead."""
    with pytest.raises(FormatError, match=words):
        parse_revocation_file(data)


def test_a_list_speaks_only_of_its_issuers_certificates() -> None:
    """About the signer of one path it says what it says; about another path nothing."""
    file = parse_revocation_file(CRL)
    (one,) = read_statements(file, path_of(CHAIN), day(2025, 3))
    assert (one.certificate.serial, one.evidence.problem) == (SERIAL, "")
    assert one.evidence.revocation is not None
    assert one.evidence.revocation.revoked_at == day(2025, 5)
    assert read_statements(file, path_of(STRANGER), day(2025, 3)) == ()


def test_a_forged_list_is_foreign_and_an_old_one_is_not() -> None:
    """A wrong signature is told from what is merely of no use."""
    forged = make_crl(CHAIN.intermediate, ISSUED, signer=STRANGER.intermediate)
    (one,) = read_statements(parse_revocation_file(forged), path_of(CHAIN), day(2025, 3))
    assert (one.evidence.foreign, bool(one.evidence.problem)) == (True, True)
    old = make_crl(CHAIN.intermediate, day(2025, 2))
    (one,) = read_statements(parse_revocation_file(old), path_of(CHAIN), day(2025, 3))
    assert (one.evidence.foreign, bool(one.evidence.problem)) == (False, True)


@given(st.binary(max_size=300) | st.binary(max_size=40).map(lambda data: pem(b"X509 CRL", data)))
def test_any_bytes_are_a_file_or_a_format_error(data: bytes) -> None:
    """No other exception leaves the parser."""
    with contextlib.suppress(FormatError):
        assert parse_revocation_file(data).der


def test_a_flipped_bit_never_changes_what_is_said(answer: bytes) -> None:
    """Every bit of a list and of an answer: unreadable, of another issuer, not signed by it, or the same statement."""
    path = path_of(CHAIN)
    for data, kind in ((CRL, RevocationKind.CRL), (answer, RevocationKind.OCSP)):
        (good,) = read_statements(RevocationFile(kind, data), path, day(2025, 3))
        for bit in range(len(data) * 8):
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            with contextlib.suppress(FormatError):
                parse_revocation_file(bytes(flipped))
            # Also what the parser would refuse: verification reads what lies beside a token without it.
            for statement in read_statements(RevocationFile(kind, bytes(flipped)), path, day(2025, 3)):
                assert statement.evidence.problem or statement.evidence == good.evidence
