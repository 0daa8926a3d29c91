"""Records with any content, signed by a key that a stranger has. Shares no code with evtool, so it keeps to no rule."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3
from nacl.signing import SigningKey

_NAMESPACE = b"evtool-custody-v1"


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def sha256(data: bytes) -> str:
    """Give a digest as entries spell it."""
    return hashlib.sha256(data).hexdigest()


class Key:
    """A stranger's key."""

    def __init__(self, code: str) -> None:
        self.code = code
        self._key = SigningKey(hashlib.sha256(code.encode()).digest())
        self._blob = _string(b"ssh-ed25519") + _string(bytes(self._key.verify_key))
        digest = base64.b64encode(hashlib.sha256(self._blob).digest()).decode()
        self.fingerprint = f"SHA256:{digest.rstrip('=')}"
        self.line = f"{code} ssh-ed25519 {base64.b64encode(self._blob).decode()}\n"

    def sign(self, message: bytes) -> bytes:
        """Sign as `ssh-keygen -Y sign` does."""
        head = _string(_NAMESPACE) + _string(b"") + _string(b"sha512")
        signature = self._key.sign(b"SSHSIG" + head + _string(hashlib.sha512(message).digest())).signature
        outer = _string(_string(b"ssh-ed25519") + _string(signature))
        blob = b"SSHSIG" + (1).to_bytes(4, "big") + _string(self._blob) + head + outer
        text = base64.b64encode(blob).decode()
        lines = [text[at : at + 70] for at in range(0, len(text), 70)]
        return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----\n"]).encode()


def tree_hash(lines: Iterable[bytes]) -> str:
    """Give the root hash over lines."""
    stack: list[tuple[int, bytes]] = []
    for line in lines:
        size, node = 1, hashlib.sha256(b"\0" + line).digest()
        while stack and stack[-1][0] == size:
            node = hashlib.sha256(b"\1" + stack.pop()[1] + node).digest()
            size *= 2
        stack.append((size, node))
    if not stack:
        return sha256(b"")
    root = stack.pop()[1]
    while stack:
        root = hashlib.sha256(b"\1" + stack.pop()[1] + root).digest()
    return root.hex()


def statement(**values: Any) -> bytes:
    """Spell one line of a manifest; without a salt of its own it gets one."""
    if values["kind"] != "withheld":
        values.setdefault("salt", hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:32])
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def content(item: int, data: bytes, size: int | None = None, follow: Sequence[str] = ()) -> bytes:
    """State a file; `size` is what is claimed of it, `follow` the kinds of what is stated beside its name."""
    digests = {"sha256": sha256(data), "blake3": blake3(data).hexdigest()}
    size = len(data) if size is None else size
    return statement(item=item, kind="content", size=size, statements=["file", *follow], type="file", **digests)


def name(item: int, path: str) -> bytes:
    """State a name."""
    return statement(item=item, kind="file", mtime=None, path=path)


@dataclass
class Record:
    """A custody directory under way; whatever is put in is signed."""

    folder: Path
    key: Key
    collection: str = "ab" * 16
    sequence: int = 0
    previous: tuple[str, str] | None = None

    def add(self, event: str, table: str = "", items: Sequence[str] = (), extra: str = "", **header: str) -> str:
        """Add an entry; returns its head."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.sequence += 1
        values = {
            "format": '"evtool-custody/1"',
            "collection": f'"{self.collection}"',
            "sequence": str(self.sequence),
            "event": f'"{event}"',
            "happened_at": "2026-01-01 00:00:00+00:00",
            "recorded_at": "2026-01-01 00:00:00+00:00",
            "clock": '"claimed"',
            "agent": f'"{self.key.code}"',
            "key": f'"{self.key.fingerprint}"',
            "reason": '"as asked"',
            "tool": '"x"',
        } | header
        if items:
            values["items"] = "[" + ",".join(f'"{item}"' for item in items) + "]"
        text = "".join(f"{key} = {value}\n" for key, value in values.items())
        if self.previous:
            text += f'\n[previous]\nentry = "{self.previous[0]}"\nsignature = "{self.previous[1]}"\n'
        data = f"{text}\n{table}\n{extra}".encode("utf-8", "surrogatepass")
        signature = self.key.sign(data)
        path = self.folder / f"{self.sequence:04d}-{event}.toml"
        path.write_bytes(data)
        path.with_name(path.name + ".sig").write_bytes(signature)
        self.previous = sha256(data), sha256(signature)
        return self.previous[0]

    def seal(self, lines: Sequence[bytes], first: int, items: int, **options: Any) -> str:
        """Add a seal over these lines, with its list of checksums; `options` claims other numbers than are true."""
        self.folder.mkdir(parents=True, exist_ok=True)
        stem = self.folder / f"{self.sequence + 1:04d}-sealed"
        stem.with_suffix(".jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        listed = f"# SHA-256 of the items of this seal; salt {'00' * 16}\n{options.get('listed', '')}".encode()
        stem.with_suffix(".sha256").write_bytes(listed)
        claimed = {"first_item": first, "items": items, "lines": len(lines)} | options.get("claims", {})
        numbers = "".join(f"{key} = {value}\n" for key, value in claimed.items())
        exclude = json.dumps(options.get("exclude", []), ensure_ascii=False)
        digests = f'root = "{tree_hash(lines)}"\nchecksums = "{sha256(listed)}"\n'
        return self.add("sealed", f"[sealed]\n{numbers}{digests}exclude = {exclude}\nallowed = []\n")
