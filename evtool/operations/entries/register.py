"""Looking for anything of the register of people in the record of a collection."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from evtool.core.container.age_header import is_age
from evtool.core.custody.register import MAX_REGISTER, Person, RegisterSearch, parse_register
from evtool.core.errors import FormatError, InputError, UsageError
from evtool.core.text.limits import MAX_UNREAD_LINE
from evtool.core.text.names import shown
from evtool.operations.record.place import BundleAccess, Where, place_of
from evtool.operations.record.subject import open_subject
from evtool.scan.progress import NoProgress
from evtool.store.custody import CustodyReader
from evtool.store.custody_names import FileRole, Listing, file_name, receipt_names


class RegisterHit(Struct, frozen=True):
    """Something of the register that stands in a custody file; what it is is not said.

    Attributes:
        file: name of the custody file.
        line: where in it, from 1.
        codes: whose entries of the register occur.
    """

    file: str
    line: int
    codes: tuple[str, ...]


class RegisterCheck(Struct, frozen=True):
    """The result of one search.

    Attributes:
        people: entries in the register.
        files: custody files that were read.
        lines: lines in them.
        hits: what was found.
    """

    people: int
    files: int
    lines: int
    hits: tuple[RegisterHit, ...]


def read_register(path: Path, access: BundleAccess) -> tuple[Person, ...]:
    """Decrypt a register, in memory only.

    Raises:
        UsageError: it is not encrypted; it should be, before anybody copies it.
        InputError: it cannot be read.
        KeyFileError: nothing given opens it.
        FormatError: it is damaged, or not in the format.
    """
    from evtool.store.age import decrypting  # it imports much that other commands do not need

    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(
            "{path}: {why.strerror}", key="register-unreadable", path=shown(str(path)), why=error
        ) from error
    with closing(file):
        start = file.read(64)
        if not is_age(start):
            raise UsageError(
                "{path} is not encrypted with age",
                hint="never keep a register unencrypted on a disk: `age -p -o register.toml.age register.toml`",
                key="register-not-age",
                path=shown(str(path)),
            )
        file.seek(0)
        data = bytearray()
        with decrypting(file, access.identities, access.passphrase, what="the register") as plain:
            while len(data) <= MAX_REGISTER and (piece := plain.read(64 * 1024)):
                data += piece
    if len(data) > MAX_REGISTER:
        raise FormatError("the register has more than {limit} bytes", key="register-long", limit=MAX_REGISTER)
    return parse_register(bytes(data))


def check_register(path: str | os.PathLike[str], people: tuple[Person, ...], where: Where) -> RegisterCheck:
    """Look for terms of the register in every text of a record: entries, manifests, lists, receipts, pages, names.

    Raises:
        InputError: there is no record, or it cannot be read: nothing that was not read is called clean.
    """
    search = RegisterSearch(people)
    files = lines = 0
    hits: list[RegisterHit] = []
    with open_subject(path, place_of(where), NoProgress()) as subject:
        if subject is None:
            raise InputError(
                "{path} has no custody directory", key="register-no-custody", path=shown(os.fsdecode(os.fspath(path)))
            )
        listing = subject.custody.list_files()
        for name in _texts(subject.custody, listing):
            files += 1
            for number, line in enumerate(subject.custody.read_lines(name, limit=MAX_UNREAD_LINE), start=1):
                lines += 1
                if codes := search.find(line.decode("utf-8", "backslashreplace")):
                    hits.append(RegisterHit(name, number, tuple(sorted(codes))))
        for name in (*listing.foreign, *listing.unfinished):
            if codes := search.find(name):
                hits.append(RegisterHit("(a name in the custody directory)", 0, tuple(sorted(codes))))
    if not lines:
        raise InputError("the record contains nothing to search", key="register-nothing")
    return RegisterCheck(len(people), files, lines, tuple(hits))


def _texts(custody: CustodyReader, listing: Listing) -> Iterator[str]:
    """Name the files that hold text; signatures and time-stamps hold none."""
    for (sequence, event), roles in sorted(listing.files.items()):
        for role in (FileRole.ENTRY, FileRole.DETAILS, FileRole.MANIFEST, FileRole.CHECKSUMS):
            if role in roles:
                yield file_name(sequence, event, role)
    for sequence, event in sorted(listing.receipts):
        yield receipt_names(sequence, event)[0]
    yield from listing.informational
