"""Bundles that somebody changed at random: bytes of the container, or what is in it, with lists that fit again."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

from evtool.core.container.zip import Totals, make_header, serialize_central, serialize_end, serialize_local
from evtool.core.manifest.merkle import compute_leaf_hash
from evtool.core.text.item_choice import parse_choice
from evtool.operations.bundle.choice import Wanted
from evtool.operations.bundle.options import PackOptions
from tests.bundle.case import copy_case, make_case, only, pack_it, seal_case, write_files

Files = dict[str, bytes]


def write_zip(files: Files) -> bytes:
    """Write a container in the one form that is read."""
    body, directory = b"", b""
    for name, data in files.items():
        header = make_header(name, len(data), zlib.crc32(data), len(body))
        body += serialize_local(header) + data
        directory += serialize_central(header)
    return body + directory + serialize_end(Totals(len(files), len(directory), len(body)))


def read_files(container: bytes) -> Files:
    """Give what is in a container, in its order."""
    with zipfile.ZipFile(io.BytesIO(container)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def relist(files: Files) -> None:
    """Write the lists of the bag anew, as somebody would who covers their tracks."""
    for name, of_payload in (("manifest-sha256.txt", True), ("tagmanifest-sha256.txt", False)):
        listed = [path for path in files if path.startswith("data/") is of_payload and path != "tagmanifest-sha256.txt"]
        lines = [f"{sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(listed, key=str.encode)]
        files[name] = "".join(lines).encode()


# -------------------------------------------------------------------------------------------- what changes a container


def flip(random: Random, data: bytes) -> bytes:
    """Turn one bit."""
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def cut(random: Random, data: bytes) -> bytes:
    """Take something out."""
    at = random.randrange(len(data))
    return data[:at] + data[at + random.choice((1, 2, 16, len(data))) :]


def repeat(random: Random, data: bytes) -> bytes:
    """Put a piece in twice."""
    at = random.randrange(len(data))
    end = at + random.choice((1, 4, 46, 200))
    return data[:end] + data[at:]


def overwrite(random: Random, data: bytes) -> bytes:
    """Write four other bytes."""
    at = random.randrange(len(data))
    return data[:at] + random.randbytes(4) + data[at + 4 :]


def double_directory_entry(random: Random, data: bytes) -> bytes:
    """List a file twice."""
    at = data.index(b"PK\x01\x02")
    return data[:at] + data[at : at + 46 + random.randrange(20)] + data[at:]


CONTAINER: tuple[Callable[[Random, bytes], bytes], ...] = (flip, cut, repeat, overwrite, double_directory_entry)

# ------------------------------------------------------------------------------------------- what changes what is in it


def change_bytes(random: Random, files: Files) -> None:
    name = random.choice([name for name, data in files.items() if data])
    files[name] = random.choice((flip, cut, repeat, overwrite))(random, files[name])


def swap(random: Random, files: Files) -> None:
    one, other = random.sample(sorted(files), 2)
    files[one], files[other] = files[other], files[one]


def remove(random: Random, files: Files) -> None:
    del files[random.choice(sorted(files))]


def rename(random: Random, files: Files) -> None:
    name = random.choice(sorted(files))
    files[f"{name}{random.choice(('x', '.txt', '.part'))}"] = files.pop(name)


def spell_entry_otherwise(random: Random, files: Files) -> None:
    """Edit the spelling of an entry: its meaning may be the same, its bytes are not."""
    name = random.choice([name for name in files if name.endswith(".toml")])
    lines = files[name].split(b"\n")
    at = random.randrange(len(lines))
    lines[at] = random.choice(
        (lines[at] + b" ", b"  " + lines[at], lines[at].replace(b'"', b"'"), b"# note", lines[at] + b"\r")
    )
    files[name] = b"\n".join(lines)


def change_manifest(random: Random, files: Files) -> None:
    """Withhold, double, remove or swap a line of a manifest; withholding needs no key."""
    name = random.choice([name for name in files if name.endswith(".jsonl")])
    lines = files[name].split(b"\n")[:-1]
    at = random.randrange(len(lines))
    kind = random.randrange(4)
    if kind == 0:
        lines[at] = b'{"hash":"%b","kind":"withheld","lines":1}' % compute_leaf_hash(lines[at]).hex().encode()
    elif kind == 1:
        lines.insert(at, lines[at])
    elif kind == 2:
        del lines[at]
    else:
        lines[at - 1], lines[at] = lines[at], lines[at - 1]
    files[name] = b"".join(line + b"\n" for line in lines)


CONTENT: tuple[Callable[[Random, Files], None], ...] = (
    change_bytes, change_bytes, swap, remove, rename, spell_entry_otherwise, change_manifest,
)  # fmt: skip


def mutate(seed: int, container: bytes) -> bytes:
    """Change a container in one way, the same for one seed."""
    random = Random(seed)
    if random.random() < 0.4:
        return random.choice(CONTAINER)(random, container)
    files = read_files(container)
    random.choice(CONTENT)(random, files)
    if random.random() < 0.8:
        relist(files)
    return write_in_order(files)


def write_in_order(files: Files) -> bytes:
    """Write a container, its files in the order in which a bundle has them."""
    return write_zip(dict(sorted(files.items(), key=lambda file: _place(file[0]))))


_FIRST = ("bagit.txt", "bag-info.txt", "README.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt")


def _place(name: str) -> tuple[int, bytes]:
    return (_FIRST.index(name) if name in _FIRST else 9, name.encode())


def make_bundles(folder: Path) -> list[Path]:
    """Pack five bundles: whole and partial, with names and without them, of one seal and of two."""
    case = make_case(folder / "case")
    small = folder / "small"
    small.mkdir()
    files = {"a.txt": b"first\n", "김.txt": b"second\n", "empty.txt": b""}
    write_files(small, files)
    seal_case(small, files, 2 << 40)
    bundles = {
        "whole": (case, None),
        "partial": (case, only("1-4", "7")),
        "nameless": (
            case,
            PackOptions(Wanted(only=parse_choice(["2-5"]), withhold=frozenset({"context"})), neutral_names=True),
        ),
        "small": (small, None),
        "one": (small, only("2")),
    }
    for number, (name, (source, options)) in enumerate(bundles.items()):
        pack_it(copy_case(source, folder / f"{name}-case"), folder / f"{name}.zip", options, start=(3 + number) << 50)
    return [folder / f"{name}.zip" for name in bundles]
