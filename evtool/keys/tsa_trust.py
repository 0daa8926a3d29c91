"""Which time-stamp authorities the user trusts: one certificate and one small TOML file for each, no defaults.

Roots of the web are no default either: they change with every update of a browser, removed ones take old tokens with
them, and those of time-stamp authorities are often not among them.
"""

from __future__ import annotations

import base64
import os
import tempfile
import tomllib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import tomli_w
from msgspec import Struct

from evtool.core.errors import FormatError, InputError, UsageError
from evtool.core.finding import Cause, Phrase, Words
from evtool.core.text.names import shown
from evtool.core.timestamp.anchor import Anchor
from evtool.core.timestamp.der_values import write_oid
from evtool.core.timestamp.x509.certificates import MAX_BUNDLE_BYTES, Certificate, parse_certificate_file
from evtool.keys.home import home_directory

FORMAT = "evtool-tsa-anchor/1"
MAX_ANCHORS = 500

_MAX_TOML_BYTES = 16 << 10
_NAME_LIMIT = 100
_SUFFIXES = (".pem", ".crt", ".cer")
_FIELDS = frozenset({"format", "fingerprint", "name", "use_from", "use_until", "policies"})


class AnchorSet(Struct, frozen=True):
    """Anchors that were read.

    Attributes:
        anchors: those that can be used, in the order of their names.
        problems: what could not be used and why, safe to print; it is not trusted.
    """

    anchors: tuple[Anchor, ...]
    problems: tuple[str, ...] = ()


def anchor_directory() -> Path:
    """Give the folder of the user's anchors; it may not exist yet."""
    return home_directory() / "tsa"


def load_anchors(directory: Path | None = None) -> AnchorSet:
    """Read the user's own anchors.

    An anchor needs both its files, and its certificate must be the one that its TOML file names.

    Raises:
        InputError: the folder cannot be read.
    """
    directory = directory or anchor_directory()
    if not directory.is_dir():
        return AnchorSet(())
    return _collect(sorted(directory.glob("*.pem")), needs_settings=True)


def load_roots(path: Path) -> AnchorSet:
    """Read anchors from what the user names: a file of certificates, or a folder of such files.

    A TOML file of the same name beside a certificate gives its use window and policies; without one there are none.

    Raises:
        InputError: the path cannot be read.
        FormatError: a file that was named holds no certificate.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in _SUFFIXES)
        return _collect(files, needs_settings=False)
    found = _read_anchors(path, needs_settings=False)
    if not found.anchors:
        raise FormatError(
            "{path} holds no usable certificate: {why_en}",
            key="anchor-none-usable",
            path=shown(path.name),
            why_en="; ".join(found.problems),
        )
    return found


def _collect(files: list[Path], needs_settings: bool) -> AnchorSet:
    anchors: dict[str, Anchor] = {}
    problems: list[str] = []
    for file in files:
        try:
            found = _read_anchors(file, needs_settings)
        except (FormatError, InputError) as error:
            says = Words("file-problem", file=shown(file.name), why=Cause.of(error))
            problems.append(Phrase(f"{shown(file.name)}: {error.message}", says))
            continue
        problems += found.problems
        for anchor in found.anchors:
            anchors.setdefault(anchor.fingerprint, anchor)
    if len(anchors) > MAX_ANCHORS:
        raise InputError(
            "{count} time-stamp anchors, at most {limit} are allowed",
            key="anchors-many",
            count=len(anchors),
            limit=MAX_ANCHORS,
        )
    ordered = sorted(anchors.values(), key=lambda anchor: (anchor.name, anchor.fingerprint))
    return AnchorSet(tuple(ordered), tuple(problems))


def _read_anchors(file: Path, needs_settings: bool) -> AnchorSet:
    certificates, problems = parse_certificate_file(_read(file, MAX_BUNDLE_BYTES))
    settings_file = file.with_suffix(".toml")
    named = tuple(
        Phrase(f"{shown(file.name)}: {problem}", Words("file-problem", file=shown(file.name), why=problem))
        for problem in problems
    )
    if settings_file.is_file():
        if len(certificates) != 1:
            raise FormatError(
                "{count} certificates belong to {file}, expected 1",
                key="anchor-certificates",
                count=len(certificates),
                file=shown(settings_file.name),
            )
        return AnchorSet((_parse_settings(_read(settings_file, _MAX_TOML_BYTES), certificates[0]),), named)
    if needs_settings:
        raise FormatError(
            "{file} is missing, so the certificate is not trusted",
            key="anchor-no-settings",
            file=shown(settings_file.name),
        )
    return AnchorSet(tuple(Anchor(c.der, _default_name(c)) for c in certificates), named)


def _read(file: Path, limit: int) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise InputError(
            "{name} cannot be read: {why.strerror}", key="anchor-unreadable", name=shown(file.name), why=error
        ) from error
    if len(data) > limit:
        raise FormatError("{name} has more than {limit} bytes", key="file-long", name=shown(file.name), limit=limit)
    return data


def _default_name(certificate: Certificate) -> str:
    return certificate.facts.name or certificate.facts.fingerprint[:16]


def _parse_settings(data: bytes, certificate: Certificate) -> Anchor:
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise FormatError("its settings are not TOML", key="anchor-not-toml") from error
    if table.get("format") != FORMAT or set(table) - _FIELDS:
        raise FormatError("its settings are not of format {format}", key="anchor-format", format=FORMAT)
    if table.get("fingerprint") != certificate.facts.fingerprint:
        raise FormatError(
            "the fingerprint of the certificate is {fingerprint}..., its settings name another",
            hint="remove the anchor and add it again",
            key="anchor-other",
            fingerprint=certificate.facts.fingerprint[:16],
        )
    name, policies = table.get("name"), table.get("policies", [])
    if not isinstance(name, str) or not isinstance(policies, list) or not all(isinstance(p, str) for p in policies):
        raise FormatError("its settings have no name, or its policies are not a list of texts", key="anchor-settings")
    return Anchor(certificate.der, name, _time(table, "use_from"), _time(table, "use_until"), frozenset(policies))


def _time(table: dict[str, Any], field: str) -> datetime | None:
    value = table.get(field)
    if value is not None and not isinstance(value, datetime):
        raise FormatError("{field} is not a date with time and zone", key="anchor-date", field=field)
    return value


def add_anchor(
    certificate_file: Path,
    name: str = "",
    use_from: datetime | None = None,
    use_until: datetime | None = None,
    policies: Iterable[str] = (),
    directory: Path | None = None,
) -> tuple[Anchor, ...]:
    """Trust every certificate of a file; an anchor that is there already gets the new settings.

    Raises:
        InputError: the file cannot be read, or the folder not be written.
        FormatError: it holds no certificate, a window ends before it begins, or a policy is not dotted numbers.
        UsageError: one name for several certificates.
    """
    directory = directory or anchor_directory()
    certificates, problems = parse_certificate_file(_read(certificate_file, MAX_BUNDLE_BYTES))
    if problems:
        raise FormatError(
            "{name}: {why}",
            hint="nothing was added",
            key="anchor-problem",
            name=shown(certificate_file.name),
            why=problems[0],
        )
    if name and len(certificates) > 1:
        raise UsageError(
            "{count} certificates cannot share the name {name}",
            key="anchors-one-name",
            count=len(certificates),
            name=shown(name),
        )
    if len(name) > _NAME_LIMIT:
        raise UsageError("a name has at most {limit} characters", key="anchor-name-long", limit=_NAME_LIMIT)
    accepted = frozenset(policies)
    for policy in accepted:
        write_oid(policy)
    anchors = tuple(Anchor(c.der, name or _default_name(c), use_from, use_until, accepted) for c in certificates)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for anchor in anchors:
            _write_anchor(directory, anchor)
    except OSError as error:
        raise InputError("the anchor cannot be written: {why.strerror}", key="anchor-not-written", why=error) from error
    return anchors


def _write_anchor(directory: Path, anchor: Anchor) -> None:
    stem = anchor.fingerprint[:32]
    body = base64.encodebytes(anchor.certificate)
    table: dict[str, Any] = {"format": FORMAT, "fingerprint": anchor.fingerprint, "name": anchor.name}
    table |= {"use_from": anchor.use_from} if anchor.use_from else {}
    table |= {"use_until": anchor.use_until} if anchor.use_until else {}
    table |= {"policies": sorted(anchor.policies)} if anchor.policies else {}
    # The settings go first: a certificate without them is not trusted, so a cut between the two adds nothing.
    _write(directory / f"{stem}.toml", tomli_w.dumps(table).encode("utf-8"))
    _write(directory / f"{stem}.pem", b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n")


def _write(target: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".anchor-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def find_anchor(which: str, directory: Path | None = None) -> Anchor:
    """Find one of the user's anchors by its name, or by the first digits of its fingerprint, 8 at least.

    Raises:
        UsageError: none or several fit.
    """
    anchors = load_anchors(directory).anchors
    digits = which.lower().removeprefix("sha256:").replace(":", "").replace(" ", "")
    found = [a for a in anchors if a.name == which or (len(digits) >= 8 and a.fingerprint.startswith(digits))]
    if len(found) != 1:
        raise UsageError(
            "{count} time-stamp anchors are called {which}, expected 1",
            hint="`evtool trust tsa list` shows names and fingerprints",
            key="anchor-not-one",
            count=len(found),
            which=shown(which),
        )
    return found[0]


def remove_anchor(which: str, directory: Path | None = None) -> Anchor:
    """Trust one anchor no longer; gives what it was.

    Raises:
        UsageError: none or several fit.
        InputError: its files cannot be removed.
    """
    directory = directory or anchor_directory()
    anchor = find_anchor(which, directory)
    try:
        for suffix in (".pem", ".toml"):
            (directory / f"{anchor.fingerprint[:32]}{suffix}").unlink(missing_ok=True)
    except OSError as error:
        raise InputError("the anchor cannot be removed: {why.strerror}", key="anchor-not-removed", why=error) from error
    return anchor
