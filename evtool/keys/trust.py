"""The user's own decision whose keys count, kept as an allowed_signers file that ssh-keygen reads as well.

The file may have been written by hand or by other programs: what evtool does not change stays byte for byte.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evtool.core.errors import FormatError, UsageError
from evtool.core.ssh.allowed_signers import (
    AllowedSigner,
    AllowedSigners,
    parse_allowed_signers,
    serialize_allowed_signer,
)
from evtool.core.ssh.allowed_signers_line import put_time
from evtool.core.ssh.key import PublicKey
from evtool.core.ssh.pattern import match_pattern_list
from evtool.core.ssh.signature import NAMESPACE
from evtool.core.text.codes import check_code
from evtool.core.text.foreign import read_foreign_text
from evtool.core.text.names import shown
from evtool.keys.files import locked, read_any_file, read_own_file, replace_file, shown_file
from evtool.keys.home import home_directory, make_home, trust_file

MAX_TRUST_FILE = 1024 * 1024
"""Largest trust file, in bytes: room for some 7,000 keys."""

_MAX_NAMED = 20

_FIRST_END = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
"""The earliest end that a line can have: ssh-keygen refuses lines that name the first second of 1970."""

REVOKED_ALTOGETHER = _FIRST_END + timedelta(seconds=1)
"""A key that ends no later than this was revoked without a date: nothing that it ever signed counts."""


def load_trust(path: Path | None = None, home: Path | None = None) -> AllowedSigners:
    """Read a trust file that the user named, or the user's own, which trusts nobody as long as it is not there.

    Raises:
        InputError: the named file is not there, not a file or too large.
        FormatError: it is in no encoding of Unicode, or no line of the named file is understood.
        KeyFileError: others can change the user's own file.
    """
    if path is not None:
        trust = parse_allowed_signers(_as_utf8(read_any_file(path, MAX_TRUST_FILE), path), local_time)
        if trust.skipped and not trust.signers:
            raise FormatError(
                "no line of the trust file {path} was understood, so it trusts nobody",
                hint="a line is a code and a public key: A1 ssh-ed25519 AAAA...; `evtool trust list` shows your own",
                key="trust-nobody",
                lines=tuple(line.said for line in trust.skipped[:_MAX_NAMED]),
                path=shown_file(path),
            )
        return trust
    return parse_allowed_signers(_read_own(trust_file(home or home_directory())), local_time)


def _as_utf8(data: bytes, path: Path) -> bytes:
    """Take off the byte order mark of Notepad, and read UTF-16; whatever else a line holds is judged line by line."""
    what = f"the trust file {shown_file(path)}"
    return read_foreign_text(data, what, keeps_bytes=True).text.encode("utf-8", "surrogateescape")


def local_time(moment: datetime) -> datetime:
    """Read a time without a zone as ssh-keygen does: in the zone of this machine, and never as summer time.

    Raises:
        ValueError, OverflowError: there is no such time.
    """
    fields = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, 0, 0, 0)
    return datetime.fromtimestamp(time.mktime(fields), UTC)


def check_new_signer(code: str, home: Path | None = None) -> None:
    """Check that a new key can be trusted as `code` without a second look.

    Raises:
        UsageError: another key counts for this code.
    """
    _check_new_code(code, load_trust(home=home))


def add_signer(
    code: str,
    public_key: PublicKey,
    *,
    namespaces: tuple[str, ...] | None = (NAMESPACE,),
    valid_after: datetime | None = None,
    valid_before: datetime | None = None,
    another_key: bool = False,
    home: Path | None = None,
) -> AllowedSigner:
    """Trust a key as that of an agent, by a new last line of the user's own file; gives that line.

    Args:
        code: the agent.
        public_key: the key.
        namespaces: what it may be used for; None means anything.
        valid_after: the first moment at which it counts, in whole seconds.
        valid_before: the last moment at which it counts, in whole seconds.
        another_key: take it although another key counts for this code.
        home: the directory of the file, if it is not `home_directory()`.

    Raises:
        FormatError: it is not a code, or the times make no interval.
        UsageError: the key is in the file already, or the code has another key.
        KeyFileError: the file cannot be written, or others can change it.
    """
    signer = AllowedSigner((check_code(code),), public_key, namespaces, valid_after, valid_before)
    line = serialize_allowed_signer(signer).encode("utf-8") + b"\n"
    home = home or home_directory()
    make_home(home)
    with locked(home):
        data = _read_own(trust_file(home))
        trust = parse_allowed_signers(data, local_time)
        _check_new_key(code, public_key, trust)
        if not another_key:
            _check_new_code(code, trust)
        data += b"" if not data or data.endswith(b"\n") else b"\n"
        return _write(home, data + line)[-1]


def revoke(
    code_or_fingerprint: str, as_of: datetime | None = None, home: Path | None = None
) -> tuple[AllowedSigner, ...]:
    """End the trust in a key, or in all keys of an agent; gives the lines as they are now.

    What a key signed up to `as_of`, itself included, still counts if a trusted time-stamp shows that it was signed by
    then. Without a date nothing that it ever signed counts. An end that is earlier already stays.

    Raises:
        UsageError: no line is for it, or one is for others as well.
        KeyFileError: the file cannot be written, or others can change it.
    """
    home = home or home_directory()
    moment = max(as_of or _FIRST_END, _FIRST_END)
    _choose(code_or_fingerprint, load_trust(home=home))
    make_home(home)
    with locked(home):
        data = _read_own(trust_file(home))
        lines = data.split(b"\n")
        chosen = _choose(code_or_fingerprint, parse_allowed_signers(data, local_time))
        for signer in chosen:
            lines[signer.line_number - 1] = _end_line(lines[signer.line_number - 1], signer, moment)
        signers = _write(home, b"\n".join(lines))
    numbers = {signer.line_number for signer in chosen}
    return tuple(signer for signer in signers if signer.line_number in numbers)


def _write(home: Path, data: bytes) -> tuple[AllowedSigner, ...]:
    replace_file(trust_file(home), data, 0o600)
    return parse_allowed_signers(data, local_time).signers


def _read_own(path: Path) -> bytes:
    # A file that is not there trusts nobody; a link that leads nowhere is a mistake to be reported.
    # A mark at its beginning is not kept: ssh-keygen would take it for a part of the first code.
    return _as_utf8(read_own_file(path, MAX_TRUST_FILE), path) if path.is_symlink() or path.exists() else b""


def _is_for_custody(signer: AllowedSigner) -> bool:
    return signer.namespaces is None or match_pattern_list(NAMESPACE, signer.namespaces)


def _check_new_code(code: str, trust: AllowedSigners) -> None:
    for signer in trust.signers:
        if code in signer.principals and signer.valid_before is None and _is_for_custody(signer):
            fingerprint = signer.public_key.fingerprint
            raise UsageError(
                "{code} already has another key, {fingerprint} (line {line} of the trust file)",
                hint="if the old key is replaced: `evtool trust revoke {fingerprint} --as-of DATE`; "
                "if both are valid: `evtool trust add --another-key`",
                key="trust-other-key",
                code=code,
                fingerprint=fingerprint,
                line=signer.line_number,
            )


def _check_new_key(code: str, public_key: PublicKey, trust: AllowedSigners) -> None:
    """Refuse a key that the file names: a second line could undo a revocation, or give one key two owners."""
    for signer in trust.signers:
        if signer.public_key != public_key or not _is_for_custody(signer):
            continue
        principals, line = shown(",".join(signer.principals)), signer.line_number
        if not match_pattern_list(code, signer.principals):
            raise UsageError(
                "this key is already trusted for {principals} (line {line} of the trust file), "
                "and a key belongs to one agent only",
                hint="if that is wrong: `evtool trust revoke {fingerprint}`, then edit the file by hand",
                key="trust-key-of-other",
                principals=principals,
                line=line,
                fingerprint=public_key.fingerprint,
            )
        if signer.valid_before is not None:
            raise UsageError(
                "this key of {principals} was trusted only until {until} (line {line} of the trust file)",
                hint="it was revoked or replaced; to trust it again, edit the file by hand",
                key="trust-key-ended",
                principals=principals,
                line=line,
                until=signer.valid_before.isoformat(),
            )
        raise UsageError(
            "this key is already trusted for {principals} (line {line} of the trust file)",
            key="trust-key-there",
            principals=principals,
            line=line,
        )


def _choose(code_or_fingerprint: str, trust: AllowedSigners) -> list[AllowedSigner]:
    if code_or_fingerprint.startswith("SHA256:"):
        chosen = [signer for signer in trust.signers if signer.public_key.fingerprint == code_or_fingerprint]
    else:
        chosen = [signer for signer in trust.signers if match_pattern_list(code_or_fingerprint, signer.principals)]
        for signer in chosen:
            if signer.principals != (code_or_fingerprint,):
                raise UsageError(
                    "line {line} of the trust file is for {names}, not for {asked} alone",
                    hint="end the trust for all of them: `evtool trust revoke {fingerprint}`",
                    key="trust-line-of-more",
                    names=shown(",".join(signer.principals)),
                    fingerprint=signer.public_key.fingerprint,
                    line=signer.line_number,
                    asked=shown(code_or_fingerprint, 80),
                )
    if not chosen:
        raise UsageError(
            "no key is trusted for {asked}",
            hint="`evtool trust list` shows who is trusted",
            key="trust-no-key",
            asked=shown(code_or_fingerprint, 80),
        )
    return chosen


def _end_line(line: bytes, signer: AllowedSigner, moment: datetime) -> bytes:
    if signer.valid_before and signer.valid_before <= moment:
        return line
    text = line.decode("utf-8", "surrogateescape")
    if signer.valid_after and moment <= signer.valid_after:
        # An interval that ends before it begins would make the whole line invalid, and the reason unknown.
        text = put_time(text, "valid-after", _FIRST_END)
        moment = REVOKED_ALTOGETHER
    return put_time(text, "valid-before", moment).encode("utf-8", "surrogateescape")
