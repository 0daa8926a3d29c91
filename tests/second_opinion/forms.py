"""What the files of a record look like: the pages FORMAT-text.md, FORMAT-entry.md, -events.md.

Whatever is read here raises ValueError if it looks like anything else. What is a mere table (fields
and their forms, names of files) stands in grammar.toml.
"""

from __future__ import annotations

import base64
import datetime
import fnmatch
import hashlib
import os
import re
import stat
import textwrap
import tomllib
import urllib.parse
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import nacl.exceptions
import nacl.signing

Table = dict[str, Any]
COMPARED = ["ok", "changed", "missing", "unreadable"]
WITH_FIXITY = ["received", "verified", "copied", "transferred", "disclosed"]

GRAMMAR = tomllib.loads((Path(__file__).parent / "grammar.toml").read_text("utf-8"))
FIELDS = {
    kind: dict(field.split() for field in listed.split(",") if field)
    for kind, listed in GRAMMAR["fields"].items()
}


def require(condition: object) -> None:
    """Refuse what is being read unless this holds."""
    if not condition:
        raise ValueError


# ------------------------------------------------------------------ FORMAT-text.md: forms and names


def digest(data: bytes) -> str:
    """Rule T1: spell the SHA-256 of some bytes."""
    return sha256(data).hexdigest()


def with_lf(data: bytes) -> bytes:
    """Undo what programs do to line ends (step 3h)."""
    return data.replace(b"\r\n", b"\n")


def fits(value: Any, form: str) -> bool:
    """Tell whether a value has a form of grammar.toml."""
    if form.endswith("[]"):
        return isinstance(value, list) and all(fits(each, form[:-2]) for each in value)
    if form.endswith("{}"):
        require(isinstance(value, dict) and all(len(name) <= 128 for name in value))
        return all(fits(each, form[:-2]) for each in value.values())
    if form in FIELDS:
        return has_fields(value, FIELDS[form])
    if form in GRAMMAR["numbers"]:
        least, greatest = GRAMMAR["numbers"][form]
        return type(value) is int and least <= value <= greatest  # a boolean is no number
    if form in CHECKS:
        return CHECKS[form](value)
    expression = GRAMMAR["texts"].get(form, form.removeprefix("="))
    return isinstance(value, str) and re.fullmatch(expression, value) is not None


def has_fields(value: Any, fields: dict[str, str]) -> bool:
    """Tell whether a value is a table of these fields and no others, each of its form."""
    forms = {name.removesuffix("?"): form for name, form in fields.items()}
    needed = {name for name in fields if not name.endswith("?")}
    if not isinstance(value, dict) or not needed <= set(value) <= set(forms):
        return False
    return all(fits(each, forms[name]) for name, each in value.items())


def read_ranges(value: Any) -> list[range]:
    """Section "Events": ranges of items, ascending, not touching."""
    require(fits(value, "RANGE[]") and value)
    ranges: list[range] = []
    for text in value:
        first, dash, last = text.partition("-")
        require(fits(int(last or first), "NUMBER") and (not dash or int(first) < int(last)))
        require(not ranges or ranges[-1].stop < int(first))
        ranges.append(range(int(first), int(last or first) + 1))
    return ranges


def store(name: bytes) -> str:
    """Rule T10: give the stored form of a name on disk."""
    text = name.decode("utf-8", "surrogateescape")  # each byte that is no UTF-8 is a surrogate
    return re.sub(
        "[\x00-\x1f%\x7f-\x9f\ud800-\udfff]",
        lambda sign: "".join(f"%{byte:02X}" for byte in sign[0].encode("utf-8", "surrogateescape")),
        text,
    )


def unstore(stored: Any) -> bytes:
    """Rule T10: give the bytes of a name, which have this stored form and no other."""
    require(isinstance(stored, str))
    name = urllib.parse.unquote_to_bytes(stored)
    require(store(name) == stored)
    return name


def above(path: bytes) -> list[bytes]:
    """Give the paths of the directories that a path leads through, and the path itself."""
    parts = path.split(b"/")
    return [b"/".join(parts[:end]) for end in range(1, len(parts) + 1)]


def is_path(value: Any) -> bool:
    """Rules T11 and T12: tell whether this can be the path of an item."""
    parts = unstore(value).split(b"/")
    return not any(part in (b"", b".", b"..") or b"\0" in part for part in parts)


def is_day(text: str) -> bool:
    """Rule T3: tell whether there is this day; ValueError if not."""
    return bool(datetime.date.fromisoformat(text))


CHECKS: dict[str, Callable[[Any], bool]] = {
    "ANYTHING": lambda value: isinstance(value, dict),
    "MTIME": lambda value: value is None or (fits(value, "DATE") and is_day(value[:10])),
    "PATH": is_path,
    "RANGES": lambda value: bool(read_ranges(value)),
    "STATEMENTS": lambda value: fits(value, "KIND[]") and fits(",".join(value), "KINDS"),
    "TARGET": lambda value: unstore(value) != b"",
    "TRUE": lambda value: value is True,
    "TIME": lambda value: isinstance(value, datetime.datetime) and value.tzinfo is not None,
}


# -------------------------------------------------------------- FORMAT-entry.md: files, their names


def is_named(name: str, *sorts: str) -> bool:
    """Tell whether the name of a file in the custody directory is of one of these sorts."""
    return any(re.fullmatch(GRAMMAR["names"][sort], name) for sort in sorts)


def kind_of(path: bytes) -> str:
    """Tell what lies there, without following a symbolic link; empty if nothing does."""
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError:  # of a name that is too long for this system, nothing can be seen
        return "unlistable"
    kinds = {stat.S_IFREG: "file", stat.S_IFLNK: "symlink", stat.S_IFDIR: "directory"}
    return kinds.get(stat.S_IFMT(mode), "special")


def is_companion(path: bytes) -> bool:
    """Tell whether another system wrote this file beside others."""
    directory, name = os.path.split(path)
    for name_form, start_form, size in GRAMMAR["companions"]["forms"]:
        match = re.fullmatch(name_form.encode(), name, re.DOTALL)
        if match and kind_of(path) == "file" and os.path.getsize(path) <= size:
            with open(path, "rb") as file:
                start = file.read(4096)
            if start.startswith(b"\xff\xfe"):  # UTF-16
                start = start[2:].replace(b"\x00", b"")
            if re.match(rb"(\xef\xbb\xbf)?(" + start_form.encode() + b")", start):
                beside = b"".join(part for part in match.groups() if part)
                return os.path.lexists(os.path.join(directory, beside))
    return False


# ----------------------------------------------------------------------- FORMAT-entry.md: the entry


def read_toml(data: bytes) -> Table:
    """Rules E2 and E3: TOML in lines of a few forms."""
    text = data.decode()
    lines = re.sub(GRAMMAR["toml"]["text"], "@", text).split("\n")
    require(all(re.fullmatch(GRAMMAR["toml"]["line"], line) for line in lines))
    return tomllib.loads(text)


def read_entry(data: bytes, apart: bytes | None = None) -> Table:
    """Rules E1 to E17: an entry, with details that lie apart; its table is there even if absent."""
    header = read_toml(data)
    event = str(header.get("event"))
    own = {"reason", "items", event}
    require(("reason" in header) != ("details" in header))
    require("details" not in header or (fits(event, "APART") and not own & set(header)))
    if apart is not None:
        stated = read_toml(apart)
        require(stated.pop("format", "") == "evtool-details/1")
        require(fits(stated.pop("salt", ""), "SALT") and "reason" in stated and set(stated) <= own)
        header |= stated
    details = header.pop(event, {})
    require(f"event {event}" in FIELDS and fits(header, "ENTRY"))
    is_here = "reason" in header
    require(fits(details, f"event {event}") or not is_here)
    confirmed = details.get("confirmed", ["x"])
    require(confirmed == sorted(set(confirmed)) and 1 <= len(confirmed) <= 64)
    require((header["sequence"] == 1) != ("previous" in header))
    if event == "sealed":
        require(details["items"] <= details["lines"] and len(details["exclude"]) <= 64)
    if event == "admitted" or (event == "disclosed" and "list" in details):
        require("items" not in header)
    if event == "received":
        require(("accepted" in details) == (details["acceptance"] == "partial"))
    require(event != "renamed" or "details" in header)
    if event == "renamed" and is_here:
        check_names(details["paths"], read_ranges(header.get("items")))
    if event == "derived" and is_here:
        require(details["original"] < details["copy"])
    require(event not in WITH_FIXITY or "fixity" in header)
    if "fixity" in header:
        check_fixity(header["fixity"])
    return header | {event: details}


def check_names(paths: list[str], ranges: list[range]) -> None:
    """Rules E30 and E31: one new name for each item; none is another one, or lies below one."""
    names = {unstore(path) for path in paths}
    require(len(names) == len(paths) == sum(map(len, ranges)))
    require(all(names.isdisjoint(above(name)[:-1]) for name in names))


def check_fixity(fixity: Table) -> None:
    """Rule E19: the numbers add up."""
    require(fixity["checked"] == sum(fixity[name] for name in COMPARED))
    left = fixity["items"] - fixity["checked"] - fixity["withheld"]
    require(left == 0 or (left > 0 and fixity["scope"] == "sample"))


def is_left_out(path: bytes, patterns: list[str]) -> bool:
    """Section "Patterns": tell whether a pattern matches a path, or that of a directory above."""
    parts = store(path).split("/")
    for pattern in patterns:
        forms = pattern.replace("[", "[[]").split("/")  # a bracket means nothing but itself
        for end in range(1, len(parts) + 1):
            names = parts[end - 1 : end] if len(forms) == 1 else parts[:end]
            if len(names) == len(forms) and all(map(fnmatch.fnmatchcase, names, forms)):
                return True
    return False


# ------------------------------------------------------------------- FORMAT-entry.md: the signature


def find_signer(armored: bytes, message: bytes) -> str:
    """Give the fingerprint of the key that signed a message; empty if the signature is invalid."""
    require(len(armored) <= 4096)
    blob = base64.b64decode(b"".join(armored.split(b"\n")[1:-2]))
    text = textwrap.fill(base64.b64encode(blob).decode(), 70)
    spelled = f"-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n"
    parts = re.fullmatch(GRAMMAR["signature"]["bytes"].encode(), blob)
    if parts is None or armored != spelled.encode():
        raise ValueError
    require(int.from_bytes(parts["length"], "big") == len(parts["namespace"]))
    require(fits(parts["namespace"].decode(), "NAMESPACE"))
    y = int.from_bytes(parts["point"], "little") % 2**255
    require(y < 2**255 - 19 and y not in GRAMMAR["signature"]["small_order"])
    hashed = hashlib.new(parts["hash"].decode(), message).digest()
    signed = b"SSHSIG" + parts["signed"] + len(hashed).to_bytes(4, "big") + hashed
    try:
        # This refuses points of small order, and an S that is not below the group order, as well.
        nacl.signing.VerifyKey(parts["point"]).verify(signed, parts["raw"])
    except nacl.exceptions.BadSignatureError:
        return ""
    return fingerprint(parts["key"]) if parts["namespace"] == b"evtool-custody-v1" else ""


def fingerprint(key: bytes) -> str:
    """Rule T6: name a key, which is in SSH wire form."""
    return "SHA256:" + base64.b64encode(sha256(key).digest()).decode().rstrip("=")
