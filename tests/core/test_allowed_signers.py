"""Trust files: the same answers as ssh-keygen, each with its reason."""

from __future__ import annotations

import base64
import os
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from evtool.core.errors import FormatError
from evtool.core.ssh.allowed_signers import (
    AllowedSigner,
    AllowedSigners,
    TrustStatus,
    parse_allowed_signers,
    serialize_allowed_signer,
)
from evtool.core.ssh.allowed_signers_line import put_time
from evtool.core.ssh.signature import ED25519, NAMESPACE, PublicKey, serialize_signature, signed_data
from evtool.core.values import replace

SEED = bytes(range(32))
KEY = PublicKey(ED25519, bytes(SigningKey(SEED).verify_key))
OTHER = PublicKey(ED25519, bytes(SigningKey(bytes(32)).verify_key))
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7"


def as_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def read(*lines: str) -> AllowedSigners:
    return parse_allowed_signers("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"), as_utc)


def status(*lines: str, principal: str = "A03", namespace: str = NAMESPACE, at: datetime = NOON) -> TrustStatus:
    return read(*lines).judge(KEY, principal, namespace, at).status


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", TrustStatus.TRUSTED),
        ('namespaces="evtool-custody-v1" ', TrustStatus.TRUSTED),
        ('namespaces="file,evtool-*" ', TrustStatus.TRUSTED),
        ('namespaces="file" ', TrustStatus.OTHER_NAMESPACE),
        ('namespaces="" ', TrustStatus.OTHER_NAMESPACE),
        ('valid-after="20260301120000Z" ', TrustStatus.TRUSTED),
        ('valid-after="20260301120001Z" ', TrustStatus.NOT_YET_VALID),
        ('valid-before="20260301120000Z" ', TrustStatus.TRUSTED),
        ('valid-before="20260301115959Z" ', TrustStatus.NO_LONGER_VALID),
        ('valid-before="20260301" ', TrustStatus.NO_LONGER_VALID),
        ('valid-before="19700101000001Z" ', TrustStatus.NO_LONGER_VALID),
    ],
)
def test_a_line_says_for_what_and_when_a_key_counts(options: str, expected: TrustStatus) -> None:
    """Both ends of an interval belong to it."""
    assert status(f"A03 {options}{KEY.line}") is expected


def test_an_unknown_key_and_one_of_somebody_else_are_two_answers() -> None:
    """The report names the agent to whom the key belongs."""
    trust = read(f"B07 {KEY.line}")
    assert status(f"A03 {OTHER.line}") is TrustStatus.UNKNOWN_KEY
    assert status() is TrustStatus.UNKNOWN_KEY

    judgement = trust.judge(KEY, "A03", NAMESPACE, NOON)

    assert judgement.status is TrustStatus.OTHER_AGENT
    assert judgement.signer == trust.signers[0]
    assert judgement.signer.principals == ("B07",)


def test_of_several_lines_with_a_key_one_that_trusts_is_enough_and_else_the_nearest_explains() -> None:
    """Lines are alternatives, whatever their order, as for ssh-keygen."""
    lines = [
        f"B07 {KEY.line}",
        f'A03 namespaces="file" {KEY.line}',
        f'A03 valid-before="20250101Z" {KEY.line}',
        f"A0? {KEY.line}",
    ]
    assert status(*lines) is TrustStatus.TRUSTED
    assert status(*lines[:3]) is TrustStatus.NO_LONGER_VALID
    assert status(*reversed(lines[:3])) is TrustStatus.NO_LONGER_VALID
    assert status(*lines[:2]) is TrustStatus.OTHER_NAMESPACE


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("A03", "no key after the principals"),
        ("A03 ", "has no key after"),
        (f"A03 cert-authority {KEY.line}", "certificate authority"),
        (f"A03 {RSA}", "key type ssh-rsa is not supported"),
        (f"A03 no-touch-required {KEY.line}", "unknown option no-touch-required"),
        (f"A03 namespaces=file {KEY.line}", "option namespaces without a value in quotes"),
        (f'A03 namespaces="a",namespaces="b" {KEY.line}', "option namespaces twice"),
        (f'A03 namespaces="a", {KEY.line}', "end in a comma"),
        (f'A03 namespaces="a"b {KEY.line}', "unknown option b"),
        (f'A03 namespaces="a {KEY.line}', "quotation mark without its partner"),
        (f'"A03 {KEY.line}', "quotation mark without its partner"),
        (f'A03 valid-before="2026-03-01" {KEY.line}', "has the time 2026-03-01, expected"),
        (f'A03 valid-before="20260230Z" {KEY.line}', "20260230Z, which does not exist"),
        (f'A03 valid-before="19700101000000Z" {KEY.line}', "not after the start of 1970"),
        (f'A03 valid-after="20270101Z",valid-before="20260101Z" {KEY.line}', "not later than its valid-after"),
        (f'A03 valid-after="20260101Z",valid-before="20260101Z" {KEY.line}', "not later than its valid-after"),
        (f"A03 {KEY.line[:-4]}", "truncated"),
        (f"A03 {KEY.key_type} AAAA\0", "NUL"),
        (f"{'a' * 1023} {KEY.line}", "pattern of more than 1,022 bytes"),
        (f"A03 {'x' * 9_000} {KEY.line}", "longer than 8192 bytes"),
    ],
)
def test_a_line_that_cannot_be_understood_trusts_nobody_and_spoils_no_other(line: str, reason: str) -> None:
    """A trust file that other programs use too may hold anything."""
    trust = read("# keys of the archive", "", line, f"A03 {OTHER.line}")

    assert [signer.public_key for signer in trust.signers] == [OTHER]
    (skipped,) = trust.skipped
    assert skipped.line_number == 3
    assert reason in skipped.why.message


def test_a_key_of_small_order_is_never_trusted(tmp_path: Path) -> None:
    """ssh-keygen would take it; with this one key the same signature fits every message."""
    weak = bytes([1]) + bytes(31)
    blob = KEY.blob.replace(KEY.point, weak)
    key_file = tmp_path / "weak.pub"
    line = f"ssh-ed25519 {base64.b64encode(blob).decode()}"
    key_file.write_text(f"{line}\n")
    subprocess.run(["ssh-keygen", "-l", "-f", key_file], check=True, capture_output=True)

    trust = read(f"A03 {line}")

    assert trust.signers == ()
    assert "small order" in trust.skipped[0].why.message


def test_a_signer_is_written_as_ssh_keygen_reads_it(tmp_path: Path) -> None:
    """Namespaces and both dates, in UTC."""
    signer = AllowedSigner(
        ("A03",), KEY, (NAMESPACE,), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    )
    line = serialize_allowed_signer(signer)

    assert line.startswith(
        'A03 namespaces="evtool-custody-v1",valid-after="20260101000000Z",valid-before="20261231235959Z" ssh-ed25519 '
    )
    assert read(line).signers == (replace(signer, line_number=1),)
    oracle = Oracle(tmp_path)
    assert oracle.trusts(line.encode(), "A03", NAMESPACE, NOON)


@pytest.mark.parametrize(
    "change",
    [
        {"principals": ("A 03",)},
        {"principals": ("A,B",)},
        {"principals": ('"A',)},
        {"principals": ("#A",)},
        {"principals": ("",)},
        {"namespaces": ("a,b",)},
        {"valid_after": NOON + timedelta(microseconds=1)},
        {"valid_before": datetime(1970, 1, 1, tzinfo=UTC)},
    ],
)
def test_a_signer_that_would_read_as_another_is_not_written(change: dict[str, object]) -> None:
    """No code, pattern or date can smuggle anything into the file."""
    with pytest.raises(FormatError):
        serialize_allowed_signer(replace(AllowedSigner(("A03",), KEY), **change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A03 KEY kim@archive", 'A03 valid-before="20260301120000Z" KEY kim@archive'),
        ("\tA03\t\tKEY\r", '\tA03\t\tvalid-before="20260301120000Z" KEY\r'),
        ('A03  namespaces="a,b"  KEY', 'A03  namespaces="a,b",valid-before="20260301120000Z"  KEY'),
        (
            'A03 namespaces="a\\",b",VALID-before="20300101",,valid-after="20200101Z" KEY # \udcff',
            'A03 namespaces="a\\",b",valid-before="20260301120000Z",,valid-after="20200101Z" KEY # \udcff',
        ),
    ],
)
def test_an_end_is_put_on_a_line_and_nothing_else_of_it_changes(before: str, after: str) -> None:
    """Comments, blanks, other options and bytes that are no text stay."""
    edited = put_time(before.replace("KEY", KEY.line), "valid-before", NOON)

    assert edited == after.replace("KEY", KEY.line)
    assert read(edited).signers[0].valid_before == NOON


@dataclass(frozen=True, slots=True)
class Oracle:
    """Asks the real ssh-keygen about one signature by KEY."""

    folder: Path
    zone: str = "UTC"

    def trusts(self, trust: bytes, principal: str, namespace: str, at: datetime) -> bool:
        raw = SigningKey(SEED).sign(signed_data(b"m", namespace)).signature
        (self.folder / "m.sig").write_bytes(serialize_signature(KEY, raw, namespace))
        (self.folder / "trust").write_bytes(trust)
        moment = at.strftime("verify-time=%Y%m%d%H%M%SZ")
        command = ["ssh-keygen", "-Y", "verify", "-f", "trust", "-I", principal, "-n", namespace, "-s", "m.sig"]
        environment = os.environ | {"TZ": self.zone}
        run = subprocess.run(
            [*command, "-O", moment], cwd=self.folder, input=b"m", capture_output=True, env=environment, check=False
        )
        return run.returncode == 0


@pytest.mark.parametrize("option", ["valid-after", "valid-before"])
@pytest.mark.parametrize("text", ["20260301", "202603011200", "20260301120000", "20260301z", "20260301120000UTC"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Seoul", "Europe/Berlin"])
def test_boundaries_are_those_of_ssh_keygen_to_the_second(option: str, text: str, zone: str, tmp_path: Path) -> None:
    """Also in summer time, where ssh-keygen counts in standard time, and so does a trust file."""
    shift = {"UTC": 0, "Asia/Seoul": 9, "Europe/Berlin": 1}[zone]
    for month in ("03", "07"):
        line = f'A03 {option}="{text.replace("202603", "2026" + month)}" {KEY.line}\n'.encode()
        trust = parse_allowed_signers(line, lambda moment: moment.replace(tzinfo=UTC) - timedelta(hours=shift))
        edge = trust.signers[0].valid_after or trust.signers[0].valid_before
        assert edge
        for seconds in (-1, 0, 1):
            at = edge + timedelta(seconds=seconds)
            ours = trust.judge(KEY, "A03", NAMESPACE, at).status is TrustStatus.TRUSTED
            assert ours is Oracle(tmp_path, zone).trusts(line, "A03", NAMESPACE, at)


PRINCIPALS = st.sampled_from(
    [
        "A03",
        "B07",
        "*",
        "A??",
        "!A03,*",
        "B07,A03",
        "B07,!A03,*",
        '"A03"',
        'B07,"A03"',
        '"A03',
        '"A03"x',
        "A03,",
        ",",
        "?",
    ]
)
OPTIONS = st.lists(
    st.sampled_from(
        [
            'namespaces="file"',
            'namespaces="evtool-custody-v1"',
            'Namespaces="file,evtool-*"',
            'namespaces="!file,*"',
            'namespaces="\\"file\\""',
            'namespaces=""',
            'namespaces="a b"',
            "namespaces=file",
            'valid-after="20260101Z"',
            'valid-after="20270101"',
            'valid-before="20250101Z"',
            'valid-before="202701010000Z"',
            'valid-before="19700101Z"',
            'valid-before="2026"',
            "cert-authority",
            "cert-authorityx",
            "no-touch-required",
            "",
        ]
    ),
    max_size=3,
).map(",".join)
BLANKS = st.sampled_from([" ", "  ", "\t", " \t "])
KEYS = st.sampled_from([KEY.line, OTHER.line, RSA, KEY.line[:-4], KEY.line.replace(" ", "\t"), "ssh-ed25519", ""])
ENDS = st.sampled_from(["", " kim@archive", "\r", "\t#", " "])
LINES = st.builds(
    lambda start, principals, gap, options, key, end: f"{start}{principals}{gap}{options}{gap}{key}{end}",
    st.sampled_from(["", " ", "\t", "#"]),
    PRINCIPALS,
    BLANKS,
    OPTIONS,
    KEYS,
    ENDS,
)


@settings(max_examples=300)
@given(st.lists(LINES, min_size=1, max_size=3), st.sampled_from([NAMESPACE, "file"]))
def test_every_answer_is_that_of_ssh_keygen(lines: list[str], namespace: str) -> None:
    """Hundreds of odd trust files, judged by both."""
    data = "".join(f"{line}\n" for line in lines).encode()
    with tempfile.TemporaryDirectory() as folder:
        theirs = Oracle(Path(folder)).trusts(data, "A03", namespace, NOON)
    judgement = parse_allowed_signers(data, as_utc).judge(KEY, "A03", namespace, NOON)
    assert (judgement.status is TrustStatus.TRUSTED) is theirs


@given(st.binary(max_size=300) | st.lists(LINES, max_size=3).map(lambda lines: "\n".join(lines).encode()))
def test_any_bytes_are_a_trust_file_and_what_is_read_writes_the_same(data: bytes) -> None:
    """Every line is read, skipped with a printable reason, or a comment."""
    trust = parse_allowed_signers(data, as_utc)
    for skipped in trust.skipped:
        assert skipped.why.message.isprintable()
    for signer in trust.signers:
        try:
            line = serialize_allowed_signer(signer)
        except FormatError:
            continue
        assert read(line).signers == (replace(signer, line_number=1),)
