"""A sealed directory whose every name, content, digest and salt is a string found nowhere else."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evtool.core.consent import Purpose
from evtool.core.consent_decision import Recipient, RecipientKind, Request
from evtool.core.item_choice import parse_choice
from evtool.core.ssh_key import ED25519, PublicKey
from evtool.core.statement import ContentStatement, FileStatement, WithheldStatement, parse_statement
from evtool.core.verdict import Report
from evtool.keys.signer import FileSigner
from evtool.operations.entry_writer import Random
from evtool.operations.item_statements import StatementFiles
from evtool.operations.pack import Disclosure, PackOptions, PackResult, pack
from evtool.operations.seal import seal
from evtool.operations.seal_options import SealOptions
from evtool.operations.trust import TrustPolicy
from evtool.operations.verify import VerifyOptions, verify

SEED = hashlib.sha256(b"evtool test vectors").digest()
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def make_signer(code: str = "A1", seed: bytes = SEED) -> FileSigner:
    """A signer whose key is no secret."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return FileSigner(PublicKey(ED25519, key.public_key().public_bytes_raw()), code, key)


SIGNER = make_signer()

COURT = Recipient(
    "B7", kinds=frozenset({RecipientKind.COURT}), purposes=frozenset({Purpose("accountability-intl")}), region="NL"
)
TO_COURT = Disclosure(
    Request(COURT, Purpose("accountability-intl"), NOW.date()),
    "DSA-2026-04",
    TrustPolicy(signers=frozenset({SIGNER.public_key.fingerprint})),
)

DEFAULTS = """\
format = "evtool-defaults/1"

[[directory]]
path = "."
handling = "named"

[directory.consent]
status = "given"
by = "subject"
for = ["accountability-intl"]
share = ["B7"]
identity = "to-court"
onward = "no"
defence = "yes"
"""
"""Terms under which everything may go to the court."""


def counting_random(start: int = 0) -> Random:
    """Random bytes that are the same in every run, and never twice the same."""
    counter = iter(range(start, 1 << 62))
    return lambda size: hashlib.shake_128(b"%d" % next(counter)).digest(size)


def now() -> datetime:
    return NOW


def write_files(case: Path, files: dict[str, bytes]) -> Path:
    """Write files, with a date that no copy would have by chance."""
    for name, data in files.items():
        path = case / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, ns=(1_500_000_000_123_456_789, 1_500_000_000_123_456_789))
    return case


def marked_files(count: int, mark: str = "") -> dict[str, bytes]:
    """Files with telling names and contents; every third one in a directory, every fourth one with a Korean name."""
    files = {}
    for number in range(1, count + 1):
        word = hashlib.sha256(f"{mark}{number}".encode()).hexdigest()[:20]
        name = f"witness-{word}.{'hwp' if number % 2 else 'jpg'}" if number % 4 else f"김철수의-증언-{word}.pdf"
        folder = f"folder-{word[:12]}/" if number % 3 == 0 else ""
        files[folder + name] = f"testimony {word[::-1]}\n".encode() * number
    return files


def seal_case(case: Path, start: int = 0) -> None:
    """Seal what is new, under terms by which all of it may go to the court."""
    defaults = case.with_name("defaults.toml")
    defaults.write_text(DEFAULTS)
    options = SealOptions(jobs=1, statements=StatementFiles(defaults=str(defaults)))
    seal(case, SIGNER, options, random=counting_random(start), now=now)


def make_case(path: Path, count: int = 6) -> Path:
    """A case of two seals."""
    path.mkdir()
    write_files(path, marked_files(count))
    seal_case(path)
    write_files(path, marked_files(3, "later"))
    seal_case(path, 1 << 40)
    return path


def copy_case(case: Path, name: Path) -> Path:
    return Path(shutil.copytree(case, name, symlinks=True))


def pack_it(case: Path, output: Path, options: PackOptions | None = None, *, start: int = 1 << 50) -> PackResult:
    """Pack in the name of the one signer."""
    return pack(case, output, SIGNER, TO_COURT, options, random=counting_random(start), now=now)


def only(*texts: str) -> PackOptions:
    return PackOptions(only=parse_choice(texts))


def verify_it(path: Path, **options: object) -> Report:
    """Verify, trusting the one signer."""
    signers = frozenset({SIGNER.public_key.fingerprint})
    return verify(path, VerifyOptions(signers=signers, jobs=1, **options))  # type: ignore[arg-type]


def snapshot(path: Path) -> dict[str, tuple[object, ...]]:
    """Bytes, mode and date of everything below a directory."""
    seen: dict[str, tuple[object, ...]] = {}
    for one in sorted(path.rglob("*")):
        facts = one.lstat()
        data = one.read_bytes() if one.is_file() and not one.is_symlink() else None
        seen[str(one.relative_to(path))] = (facts.st_mode, facts.st_mtime_ns, data)
    return seen


@dataclass(frozen=True, slots=True)
class Secrets:
    """All that one item could be recognised by, beside its bytes."""

    number: int
    content: tuple[str, ...]
    name: tuple[str, ...]


def read_secrets(case: Path) -> Iterator[Secrets]:
    """Read what each item of a sealed directory could be recognised by."""
    contents: dict[int, tuple[str, ...]] = {}
    for manifest in sorted((case / "custody").glob("*.jsonl")):
        for line in manifest.read_bytes().splitlines():
            statement = parse_statement(line)
            assert not isinstance(statement, WithheldStatement)
            if isinstance(statement, ContentStatement):
                digests = (statement.digests.sha256, statement.digests.blake3) if statement.digests else ()
                contents[statement.item] = (statement.salt, *digests)
            elif isinstance(statement, FileStatement):
                parts = (statement.path, *statement.path.split("/"))
                yield Secrets(statement.item, contents[statement.item], (statement.salt, *parts))
