"""Builds the sealed directories that the recipes of this folder describe; README.md says what a recipe holds.

    python build_verify_vectors.py FOLDER [NAME...]    write the vectors, or only those named, each to FOLDER/NAME
    python build_verify_vectors.py --digests           print the digest of each vector as built

Nothing of evtool is used: seals are written here a second time, so that both writers have to agree.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blake3 import blake3
from nacl.signing import SigningKey

HERE = Path(__file__).parent
NAMESPACE = "evtool-custody-v1"
COLLECTION = hashlib.sha256(b"collection").hexdigest()[:32]
Table = dict[str, Any]


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


# --- keys and signatures -----------------------------------------------------------------------------------------


def string(data: bytes) -> bytes:
    """A string of the SSH protocol: its length in 32 bits, then its bytes."""
    return len(data).to_bytes(4, "big") + data


class Key:
    """A test key: 32 bytes of seed in a file, which is no secret."""

    def __init__(self, name: str) -> None:
        self._key = SigningKey(bytes.fromhex((HERE / "keys" / f"{name}.seed").read_text()))
        self.blob = string(b"ssh-ed25519") + string(bytes(self._key.verify_key))
        self.line = "ssh-ed25519 " + base64.b64encode(self.blob).decode()
        self.fingerprint = "SHA256:" + base64.b64encode(sha256(self.blob)).decode().rstrip("=")

    def sign(self, message: bytes, namespace: str = NAMESPACE, hash_name: str = "sha512") -> bytes:
        """Write a signature file as ssh-keygen does."""
        common = string(namespace.encode()) + string(b"") + string(hash_name.encode())
        raw = self._key.sign(b"SSHSIG" + common + string(hashlib.new(hash_name, message).digest())).signature
        inner = string(string(b"ssh-ed25519") + string(raw))
        text = base64.b64encode(b"SSHSIG\0\0\0\1" + string(self.blob) + common + inner).decode()
        lines = "".join(f"{text[at : at + 70]}\n" for at in range(0, len(text), 70))
        return f"-----BEGIN SSH SIGNATURE-----\n{lines}-----END SSH SIGNATURE-----\n".encode()


# --- manifests ---------------------------------------------------------------------------------------------------


def tree_hash(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash as RFC 9162, section 2.1.1 defines it, over leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"")
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\1" + tree_hash(leaves[:split]) + tree_hash(leaves[split:]))


def leaf_hashes(manifest: bytes) -> list[bytes]:
    return [sha256(b"\0" + line) for line in manifest.split(b"\n")[:-1]]


def unescape(stored: str) -> bytes:
    """The bytes of a name in stored form."""
    return re.sub(rb"%([0-9A-F]{2})", lambda match: bytes([int(match[1], 16)]), stored.encode())


def content_of(item: Table) -> bytes:
    return bytes.fromhex(item["hex"]) if "hex" in item else item.get("content", "").encode() * item.get("repeat", 1)


def type_of(item: Table) -> str:
    return str(item.get("type", "file"))


def statements(item: Table, salts: Iterator[str]) -> list[Table]:
    """The statements of an item: what it is, its name, and what else the recipe states of it."""
    context, terms = item.get("context", {}), item.get("terms")
    follow = ["file", *["context"] * len(context), *["consent"] * (terms is not None)]
    content: Table = {"item": item["number"], "kind": "content", "salt": next(salts), "type": type_of(item)}
    content["statements"] = follow
    if content["type"] == "file":
        data = content_of(item)
        content |= {"size": len(data), "sha256": sha256(data).hex(), "blake3": blake3(data).hexdigest()}
    content |= {name: item[name] for name in ("target", "reason") if name in item}
    file: Table = {"item": item["number"], "kind": "file", "salt": next(salts), "path": item["path"]}
    extra = [{"item": item["number"], "kind": "context", "field": field} for field in sorted(context)]
    extra = [statement | {"salt": next(salts), "value": context[statement["field"]]} for statement in extra]
    if terms is not None:
        extra.append({"item": item["number"], "kind": "consent", "salt": next(salts)} | terms)
    return [content, file | {"mtime": item.get("mtime")}, *extra]


def canonical(value: Table) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def checksum_line(item: Table) -> bytes:
    """The line of a file as sha256sum writes it."""
    path = unescape(item["path"])
    path = b"./-" if path == b"-" else path
    escaped = path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"\\" if escaped != path else b""
    return mark + sha256(content_of(item)).hex().encode() + b"  " + escaped + b"\n"


# --- seals -------------------------------------------------------------------------------------------------------


class Collection:
    """The files of a sealed directory, as a recipe says: path -> bytes, before anything is damaged."""

    def __init__(self, recipe: Table) -> None:
        self.files: dict[str, bytes] = {}
        self.items: list[Table] = []
        self._recipe = recipe
        self._signers: list[str] = []
        self._last = ""
        self._salts = (sha256(b"salt %d" % number).hex()[:32] for number in range(1, 1 << 30))
        handovers = recipe.get("disclosed", [])
        for number, seal in enumerate(recipe["seal"], start=1):
            self._add_seal(len(self._signers) + 1, seal)
            for entry in recipe.get("entry", []):
                if entry.get("apart") and entry.get("after", len(recipe["seal"])) == number:
                    self._add_other(len(self._signers) + 1, entry)
            for entry in handovers:
                if entry.get("after", len(recipe["seal"])) == number:
                    self._add_disclosed(len(self._signers) + 1, entry)
            for entry in recipe.get("entry", []):
                if not entry.get("apart") and entry.get("after", len(recipe["seal"])) == number:
                    self._add_other(len(self._signers) + 1, entry)
        self.files["custody/allowed_signers"] = self._allowed_signers()

    def _add_seal(self, sequence: int, seal: Table) -> None:
        first = len(self.items) + 1
        items = [dict(item, number=number) for number, item in enumerate(seal["item"], start=first)]
        self.items += items
        head = f"# SHA-256 of the items of this seal; salt {next(self._salts)}\n".encode()
        checksums = head + b"".join(checksum_line(item) for item in items if type_of(item) == "file")
        lines = [canonical(statement) for item in items for statement in statements(item, self._salts)]
        manifest = self._put(f"{sequence:04d}-sealed.jsonl", b"".join(line + b"\n" for line in lines))
        checksums = self._put(f"{sequence:04d}-sealed.sha256", checksums)
        leaves = leaf_hashes(manifest)
        table = [
            "[sealed]",
            f"first_item = {first}",
            f"items = {len(seal['item'])}",
            f"lines = {len(leaves)}",
            f'root = "{tree_hash(leaves).hex()}"',
            f'checksums = "{sha256(checksums).hex()}"',
            f"exclude = {toml_array(seal.get('exclude', []))}",
            f"allowed = {toml_array(seal.get('allowed', []))}",
        ]
        self._add_entry(sequence, "sealed", seal, table)

    def _add_disclosed(self, sequence: int, one: Table) -> None:
        """An entry `disclosed` with its list: which items a bundle holds, and what is withheld of them."""
        listed: Table = {"cover": sha256(b"cover").hex(), "format": "evtool-disclosed/1", "groups": one["groups"]}
        listed |= {"entries": one["entries"]} if "entries" in one else {}
        data = self._put(f"{sequence:04d}-disclosed.items", canonical(listed | {"salt": next(self._salts)}) + b"\n")
        items = len(self.items)
        table = [
            "[disclosed]",
            f'recipient = "{one["to"]}"',
            'authority = "DSA-1"',
            'purpose = "court"',
            f'list = "{sha256(data).hex()}"',
            "",
            *fixity(items),
        ]
        self._add_entry(sequence, "disclosed", one, table)

    def _add_other(self, sequence: int, one: Table) -> None:
        """An entry of another event, whose table holds texts; `apart` puts what it says into a file of its own."""
        fields = dict(one["table"])
        if one["event"] == "corrected":
            # The digest of the entry that it is about follows from its number.
            pattern = re.compile(rf"custody/{fields['entry']:04d}-[a-z-]+\.toml")
            (named,) = filter(pattern.fullmatch, self.files)
            fields.setdefault("head", sha256(self.files[named]).hex())
        table = [f"[{one['event']}]", *(f"{name} = {json.dumps(value)}" for name, value in fields.items())]
        table += ["", *fixity(one["checked"])] if "checked" in one else []
        if one.get("apart"):
            parts = [
                'format = "evtool-details/1"',
                f'salt = "{next(self._salts)}"',
                f"reason = {json.dumps(one['reason'])}",
            ]
            parts += [f"items = {toml_array(one['items'])}"] if "items" in one else []
            data = "".join(part + "\n" for part in [*parts, "", *table]).encode()
            details = self._put(f"{sequence:04d}-{one['event']}.details", data)
            one, table = {**one, "details": sha256(details).hex()}, []
            one.pop("items", None)
        self._add_entry(sequence, one["event"], one, table)

    def _add_entry(self, sequence: int, event: str, header: Table, table: list[str]) -> None:
        self._signers.append(
            f'{header.get("agent", header["key"])} namespaces="{NAMESPACE}" {Key(header["key"]).line}\n'
        )
        stem = f"{sequence:04d}-{event}.toml"
        entry = self._put(stem, self._entry(sequence, event, header, table))
        self._last = stem
        signature = {"key": header["key"]} | header.get("signature", {})
        self._put(f"{stem}.sig", Key(signature.pop("key")).sign(entry, **signature))

    def _put(self, name: str, data: bytes) -> bytes:
        """Take one custody file, changed as the recipe says before it is signed."""
        for edit in self._recipe.get("before", ()):
            if edit["file"] == name:
                data = change(data, edit)
        self.files[f"custody/{name}"] = data
        return data

    def _entry(self, sequence: int, event: str, seal: Table, table: list[str]) -> bytes:
        parts = [
            'format = "evtool-custody/1"',
            f'collection = "{COLLECTION}"',
            f"sequence = {sequence}",
            f'event = "{event}"',
            f"happened_at = {seal['happened_at']}",
            f"recorded_at = {seal['recorded_at']}",
            'clock = "claimed"',
            f'agent = "{seal.get("agent", seal["key"])}"',
            f'key = "{Key(seal["key"]).fingerprint}"',
            *([f"reason = {json.dumps(seal['reason'], ensure_ascii=False)}"] if "details" not in seal else []),
            'tool = "evtool 0.1.0"',
            *([f'details = "{seal["details"]}"'] if "details" in seal else []),
            *([f"items = {toml_array(seal['items'])}"] if "items" in seal else []),
        ]
        if sequence > 1:
            before = f"custody/{self._last}"
            parts += ["", "[previous]", f'entry = "{sha256(self.files[before]).hex()}"']
            parts += [f'signature = "{sha256(self.files[before + ".sig"]).hex()}"']
        parts += [
            "",
            *table,
            "",
            "[informational]",
            f'allowed_signers = "{sha256(self._allowed_signers()).hex()}"',
        ]
        return "".join(part + "\n" for part in parts).encode()

    def _allowed_signers(self) -> bytes:
        return self.allowed_signers(len(self._signers))

    def allowed_signers(self, entries: int) -> bytes:
        """The file as it was when there were so many entries."""
        return "".join(dict.fromkeys(self._signers[:entries])).encode()


def fixity(items: int) -> list[str]:
    """The table `[fixity]` of an entry for which everything was read, and was as sealed."""
    counts = [f"{name} = {items}" for name in ("items", "checked", "ok")]
    counts += [f"{name} = 0" for name in ("changed", "missing", "unreadable", "extra", "withheld")]
    return ["[fixity]", 'scope = "full"', *counts]


def toml_array(values: list[str]) -> str:
    return "[\n" + "".join(f"    {json.dumps(value)},\n" for value in values) + "]" if values else "[]"


# --- time evidence -----------------------------------------------------------------------------------------------


def stamp(name: str) -> bytes:
    """A time-stamp, or what lies beside one, as it was made once: its signature is not deterministic."""
    return bytes.fromhex((HERE / "stamps" / f"{name}.hex").read_text())


def list_stamps(entry: bytes, listed: dict[str, str]) -> bytes:
    """Have an entry list time-stamps: file name -> stamp."""
    lines = "".join(f'"{name}" = "{sha256(stamp(stamped)).hex()}"\n' for name, stamped in listed.items())
    return entry.replace(b"\n[sealed]\n", f"\n[previous.timestamps]\n{lines}\n[sealed]\n".encode())


# --- changes -----------------------------------------------------------------------------------------------------


def change(data: bytes, edit: Table) -> bytes:
    """Change the bytes of one file as a recipe says."""
    if "lines" in edit:
        lines = data.split(b"\n")
        return b"".join(lines[number - 1] + b"\n" for number in edit["lines"])
    if "withhold" in edit:
        return withhold(data, edit["withhold"])
    if "stamp" in edit:
        return stamp(edit["stamp"])
    if "list_stamps" in edit:
        return list_stamps(data, edit["list_stamps"])
    if "cut" in edit:
        return data[: -edit["cut"]]
    if "flip" in edit:
        return data[: edit["flip"]] + bytes([data[edit["flip"]] ^ 1]) + data[edit["flip"] + 1 :]
    repeat = int(edit.get("repeat", 1))
    if "text" in edit or "hex" in edit:
        return piece(edit, "text", "hex") * repeat
    if "append" in edit:
        return data + piece(edit, "append", "") * repeat
    old = piece(edit, "replace", "replace_hex")
    if data.count(old) != 1 and not edit.get("all"):
        raise SystemExit(f"{edit['file']}: {old!r} occurs {data.count(old)} times")
    return data.replace(old, piece(edit, "with", "with_hex") * repeat)


def piece(edit: Table, text: str, hex_name: str) -> bytes:
    return bytes.fromhex(edit[hex_name]) if hex_name in edit else str(edit[text]).encode()


def withhold(manifest: bytes, ranges: list[list[int]]) -> bytes:
    """Replace ranges of lines, each given as first line and number of lines, by withheld statements."""
    lines, leaves = manifest.split(b"\n")[:-1], leaf_hashes(manifest)
    for first, count in sorted(ranges, reverse=True):
        root = tree_hash(leaves[first - 1 : first - 1 + count]).hex()
        lines[first - 1 : first - 1 + count] = [canonical({"hash": root, "kind": "withheld", "lines": count})]
    return b"".join(line + b"\n" for line in lines)


def damage(root: Path, edit: Table) -> None:
    """Change the finished directory as a recipe says."""
    path = path_below(root, edit["file"])
    if "rename" in edit:
        path.rename(path_below(root, edit["rename"]))
    elif "remove" in edit:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    elif "directory" in edit:
        path.mkdir(parents=True)
    elif "link" in edit:
        path.symlink_to(edit["link"])
    elif "copy_of" in edit:
        shutil.copy2(path_below(root, edit["copy_of"]), path)
    elif "touch" in edit:
        set_date(path, edit["touch"])
    elif "sign" in edit:
        signature = dict(edit["sign"])
        path.write_bytes(Key(signature.pop("key")).sign(path.with_suffix("").read_bytes(), **signature))
    else:
        facts = path.stat() if path.exists() else None
        path.write_bytes(change(path.read_bytes() if facts else b"", edit))
        if facts:
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def path_below(root: Path, stored: str) -> Path:
    return root / os.fsdecode(unescape(stored))


# --- vectors -----------------------------------------------------------------------------------------------------


def read_recipe(name: str) -> Table:
    """Read a recipe together with the base that it builds on."""
    recipe = tomllib.loads((HERE / f"{name}.toml").read_text("utf-8"))
    if "base" in recipe:
        recipe["seal"] = tomllib.loads((HERE / "base" / f"{recipe['base']}.toml").read_text("utf-8"))["seal"]
        for override in recipe.get("override", ()):
            recipe["seal"][override.pop("seal") - 1] |= override
    return recipe


def names() -> list[str]:
    return sorted(path.stem for path in HERE.glob("*.toml"))


def write_files(collection: Collection, root: Path) -> None:
    """Write the directory as it was sealed."""
    (root / "custody").mkdir(parents=True)
    for name, data in collection.files.items():
        (root / name).write_bytes(data)
    for item in collection.items:
        write_item(root, item)


def write_item(root: Path, item: Table) -> None:
    path = path_below(root, item["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = type_of(item)
    if kind == "directory":
        path.mkdir()
    elif kind == "symlink":
        os.symlink(unescape(item["target"]), os.fsencode(path))
    elif kind == "file":
        path.write_bytes(content_of(item))
    if kind != "omitted" and "mtime" in item:
        set_date(path, item["mtime"])


def set_date(path: Path, text: str) -> None:
    moment = datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
    stamp = int(moment.timestamp()) * 10**9 + int(text[20:29])
    os.utime(path, ns=(stamp, stamp), follow_symlinks=False)


def build(name: str, folder: Path) -> None:
    """Write one vector: the directory `evidence`, the files `trust`, `expect.json` and, about time, `roots.pem`.

    If its record goes on elsewhere, that is the directory `continued`; another copy that is verified with it is
    `beside`, and the user's list of recipients is `recipients.toml`.
    """
    recipe = read_recipe(name)
    collection = Collection(recipe)
    write_files(collection, folder / "evidence")
    if "continued_from" in recipe:
        continue_elsewhere(folder, recipe["continued_from"], collection)
    for edit in recipe.get("after", ()):
        damage(folder / "evidence", edit)
    if "beside" in recipe:
        write_files(Collection(read_recipe(recipe["beside"])), folder / "beside")
    if "signing_keys" in recipe:
        (folder / "recipients.toml").write_text(list_recipients(recipe["signing_keys"]))
    trust = recipe.get("trust", (HERE / "trust").read_text())
    (folder / "trust").write_text(trust.format(**{path.stem: Key(path.stem).line for path in HERE.glob("keys/*.seed")}))
    expect = {key: recipe[key] for key in ("comment", "layer", "exit", "findings")}
    expect["expect_head"] = recipe.get("expect_head")
    if "now" in recipe:
        expect |= {"now": recipe["now"].isoformat(), "require": recipe["require"]}
        shutil.copy(HERE / "stamps" / "roots.pem", folder)
    if "signers" in recipe:
        expect["signers"] = recipe["signers"]
    (folder / "expect.json").write_text(json.dumps(expect, indent=2) + "\n")


def list_recipients(signing_keys: dict[str, list[str]]) -> str:
    """Write the user's list of recipients: code -> the keys with which it signs."""
    text = 'format = "evtool-recipients/1"\n'
    for code, keys in signing_keys.items():
        listed = toml_array([Key(key).line for key in keys])
        text += f"\n[recipient.{code}]\nkinds = []\npurposes = []\nsigning_keys = {listed}\n"
    return text


def continue_elsewhere(folder: Path, first: int, collection: Collection) -> None:
    """Put the entries from this number on into the directory `continued`, as if their signers had no other place."""
    record, continued = folder / "evidence" / "custody", folder / "continued"
    continued.mkdir()
    shutil.copy(record / "allowed_signers", continued)
    (record / "allowed_signers").write_bytes(collection.allowed_signers(first - 1))
    for path in sorted(record.iterdir()):
        if path.name[:4].isdigit() and int(path.name[:4]) >= first:
            path.rename(continued / path.name)


def digest(folder: Path) -> str:
    """The SHA-256 over names, types and bytes of a vector as built."""
    state = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=os.fsencode):
        name, kind, data = os.fsencode(path.relative_to(folder)), b"file", b""
        if path.is_symlink():
            kind, data = b"link", os.fsencode(path.readlink())
        elif path.is_dir():
            kind = b"directory"
        else:
            data = path.read_bytes()
        state.update(string(name) + string(kind) + string(data))
    return state.hexdigest()


def digests() -> str:
    """The digests of all vectors as built, one a line."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names():
            build(name, Path(folder) / name)
        return "".join(f"{digest(Path(folder) / name)}  {name}\n" for name in names())


if __name__ == "__main__":
    if sys.argv[1:] == ["--digests"]:
        sys.stdout.write(digests())
    else:
        for vector in sys.argv[2:] or names():
            build(vector, Path(sys.argv[1]) / vector)
