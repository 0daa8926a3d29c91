"""A sealed directory whose every name, content, digest and salt is a string found nowhere else."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evtool.core.consent.decision import Recipient, RecipientKind
from evtool.core.manifest.statement import (
    ConsentStatement,
    ContentStatement,
    ContextStatement,
    FileStatement,
    WithheldStatement,
)
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.ssh.key import ED25519, PublicKey
from evtool.core.terms.terms import Purpose
from evtool.core.text.item_choice import parse_choice
from evtool.core.text.names import store_name
from evtool.core.text.times import format_mtime
from evtool.core.values import replace
from evtool.core.verdict.verdict import Report
from evtool.keys.signer import FileSigner
from evtool.operations.author import Author, Random
from evtool.operations.bundle.choice import Wanted
from evtool.operations.bundle.options import Disclosure, PackOptions, PackResult
from evtool.operations.bundle.pack import pack
from evtool.operations.record.trust import TrustPolicy
from evtool.operations.seal.metadata import MetadataChoice
from evtool.operations.seal.options import SealOptions, StatementFiles
from evtool.operations.seal.seal import seal
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.verify import verify
from evtool.scan.progress import NoProgress, Progress

SEED = hashlib.sha256(b"evtool test vectors").digest()
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
COURT = Recipient(
    "B7",
    kinds=frozenset({RecipientKind.COURT}),
    purposes=frozenset({Purpose("accountability-intl")}),
    agreements=frozenset({"DSA-2026-04"}),
    region="NL",
    death_penalty=False,
)
TERMS = {
    "handling": "named",
    "status": "given",
    "by": "subject",
    "for": "accountability-intl",
    "share": "B7",
    "identity": "to-recipient",
    "onward": "yes",
    "defence": "yes",
}


def make_signer(code: str = "A1", seed: bytes = SEED) -> FileSigner:
    """A signer whose key is no secret."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return FileSigner(PublicKey(ED25519, key.public_key().public_bytes_raw()), code, key)


SIGNER = make_signer()


def counting_random(start: int = 0) -> Random:
    """Random bytes that are the same in every run, and never twice the same."""
    counter = iter(range(start, 1 << 62))
    return lambda size: hashlib.shake_128(b"%d" % next(counter)).digest(size)


def now() -> datetime:
    return NOW


def write_files(case: Path, files: dict[str, bytes]) -> Path:
    """Write files, each with a date of its own that no copy would have by chance."""
    for name, data in files.items():
        path = case / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        # One date for each name, whenever and wherever it is written.
        date = 1_500_000_000_123_456_789 + int.from_bytes(hashlib.sha256(name.encode()).digest()[:6]) * 1000
        os.utime(path, ns=(date, date))
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


def write_table(case: Path, files: Iterable[str], terms: Mapping[str, str]) -> Path:
    """Write the table of what is stated of new files: a telling title, and the same terms for all."""
    table = case.with_name(f"{case.name}-items.csv")
    with table.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, ["path", "title", *terms])
        writer.writeheader()
        for name in files:
            writer.writerow({"path": store_name(name.encode()), "title": title_of(name), **terms})
    return table


def title_of(name: str) -> str:
    return f"told by {hashlib.sha256(name.encode()).hexdigest()[:16]}"


def author(start: int = 0, progress: Progress | None = None) -> Author:
    """The one signer, at one moment, with random numbers that are counted from `start`."""
    return Author(SIGNER, progress=progress or NoProgress(), random=counting_random(start), now=now)


def seal_case(case: Path, files: Iterable[str] = (), start: int = 0, terms: Mapping[str, str] = TERMS) -> None:
    """Seal what is new; of each of `files` a title and terms are stated."""
    statements = StatementFiles(str(write_table(case, files, terms)) if files else None)
    options = SealOptions(jobs=1, statements=statements, metadata=MetadataChoice.NONE)
    seal(case, author(start), options)


def make_case(path: Path, count: int = 6) -> Path:
    """A case of two seals."""
    path.mkdir()
    for mark, size, start in (("", count, 0), ("later", 3, 1 << 40)):
        files = marked_files(size, mark)
        write_files(path, files)
        seal_case(path, files, start)
    return path


def copy_case(case: Path, name: Path) -> Path:
    return Path(shutil.copytree(case, name, symlinks=True))


def to_court(**changes: Any) -> Disclosure:
    """The disclosure that the terms of every case here allow."""
    trust = TrustPolicy(signers=frozenset({SIGNER.public_key.fingerprint}))
    return replace(Disclosure(COURT, Purpose("accountability-intl"), "DSA-2026-04", None, trust=trust), **changes)


def pack_it(
    case: Path,
    output: Path,
    options: PackOptions | None = None,
    *,
    start: int = 1 << 50,
    disclosure: Disclosure | None = None,
) -> PackResult:
    """Pack in the name of the one signer."""
    return pack(case, output, author(start), disclosure or to_court(), options)


def only(*texts: str) -> PackOptions:
    return PackOptions(Wanted(only=parse_choice(texts)))


def verify_it(path: Path, **options: object) -> Report:
    """Verify, trusting the one signer."""
    signers = frozenset({SIGNER.public_key.fingerprint})
    return verify(path, VerifyOptions(signers=signers, jobs=1, **options))  # type: ignore[arg-type]


def snapshot(path: Path) -> dict[str, tuple[object, ...]]:
    """Bytes, mode and date of everything below a directory.

    But for the date of a record: the lock that keeps other writers out comes and goes in it.
    """
    seen: dict[str, tuple[object, ...]] = {}
    for file in sorted(path.rglob("*")):
        facts = file.lstat()
        data = file.read_bytes() if file.is_file() and not file.is_symlink() else None
        date = None if file.name == "custody" and file.is_dir() else facts.st_mtime_ns
        seen[str(file.relative_to(path))] = (facts.st_mode, date, data)
    return seen


@dataclass(frozen=True, slots=True)
class Secrets:
    """All that one item could be recognised by, beside its bytes: what each of its statements holds."""

    number: int
    content: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    title: tuple[str, ...] = ()
    consent: tuple[str, ...] = ()


def read_secrets(case: Path) -> list[Secrets]:
    """Read what each item of a sealed directory could be recognised by."""
    found: dict[int, dict[str, tuple[str, ...]]] = {}
    for manifest in sorted((case / "custody").glob("*.jsonl")):
        for line in manifest.read_bytes().splitlines():
            statement = parse_statement(line)
            assert not isinstance(statement, WithheldStatement)
            of_item = found.setdefault(statement.item, {})
            if isinstance(statement, ContentStatement):
                digests = (statement.digests.sha256, statement.digests.blake3) if statement.digests else ()
                raw = tuple(bytes.fromhex(digest).decode("latin-1") for digest in digests)
                of_item["content"] = (statement.salt, *digests, *raw)
            elif isinstance(statement, FileStatement):
                date = (format_mtime(statement.mtime) or "",) if statement.mtime is not None else ()
                of_item["name"] = (statement.salt, statement.path, *statement.path.split("/"), *date)
            elif isinstance(statement, ContextStatement):
                of_item["title"] = (statement.salt, statement.value)
            elif isinstance(statement, ConsentStatement):
                of_item["consent"] = (statement.salt,)
    return [Secrets(number, **parts) for number, parts in sorted(found.items())]
