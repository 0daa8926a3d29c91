"""The answer to a bundle: the entry `received` that continues its record, and the receipt for its sender."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

from evtool.core.custody.chain import Link
from evtool.core.custody.events import Acceptance, Received
from evtool.core.custody.receipt import serialize_receipt, transfer_details
from evtool.core.errors import InputError
from evtool.core.text.names import is_visible, shown
from evtool.core.text.ranges import ItemRanges
from evtool.core.values import replace
from evtool.keys.signer import sign_as
from evtool.operations.author import Author, EntryHeader
from evtool.operations.entries.handover import ReceiveOptions, read_receipt_file, receive
from evtool.operations.entries.opening import open_for_writing
from evtool.operations.record.place import RecordPlace
from evtool.operations.record.trust import TrustPolicy
from evtool.operations.verify.options import VerifyOptions
from evtool.scan.progress import NoProgress
from evtool.store.catalogue.shelves import Shelf
from evtool.store.output import write_new_file
from evtool.store.work import remove_leftovers

_ENDING = ".receipt"
_MOST = 120
_UNSAFE = frozenset('<>:"/\\|?*%')


def answer(
    shelf: Shelf,
    handover: Link,
    author: Author,
    options: VerifyOptions,
    *,
    acceptance: Acceptance = Acceptance.ACCEPTED,
    accepted: ItemRanges | None = None,
    header: EntryHeader | None = None,
) -> bytes:
    """Sign that a bundle was received, under the code that it was made for; the receipt is beside it afterwards.

    What a killed run signed already is kept: nobody gets two answers to one bundle that say the same.

    Raises:
        InputError, MismatchError, NotEstablishedError: as `receive`; nothing is signed then.
        KeyFileError, UsageError: the key cannot sign.
    """
    details = transfer_details(handover)
    if details is None:
        raise InputError("no entry hands the bundle over to anybody", key="no-handover-at-all")
    code = str(details.recipient)
    place = RecordPlace(continued=str(shelf.continued), access=options.place.access)
    found = _find_answer(shelf, handover, code, acceptance, accepted, place)
    if found is None:
        # Each answer follows the handover: only so its sender, who has no other one of ours, can check it.
        _set_aside(shelf.receipt)
        if _is_signed(shelf.continued):
            _set_aside(shelf.continued)
        receive(
            shelf.bundle,
            replace(author, signer=sign_as(author.signer, code), progress=NoProgress()),
            header or EntryHeader(),
            ReceiveOptions(
                acceptance=acceptance,
                accepted=accepted,
                transfer=handover.entry.sequence,
                trust=TrustPolicy(options.trust, options.signers, options.now),
                where=place,
                jobs=options.jobs,
            ),
            shelf.receipt,
        )
        return read_receipt_file(shelf.receipt)
    if not os.path.lexists(shelf.receipt):
        write_new_file(shelf.receipt, found)
    return found


def _find_answer(
    shelf: Shelf,
    handover: Link,
    code: str,
    acceptance: Acceptance,
    accepted: ItemRanges | None,
    place: RecordPlace,
) -> bytes | None:
    """Give the receipt of the newest answer that lies beside a bundle, if it says the same; None if there is none."""
    if not _is_signed(shelf.continued):
        return None
    # Opened for writing, what a killed run left unfinished there is finished or taken away.
    with open_for_writing(shelf.bundle, place) as opened:
        for link in reversed(opened.record.chain.links):
            details = link.entry.details
            if isinstance(details, Received) and details.transfer == handover.head and link.entry.agent == code:
                if (details.acceptance, details.accepted) != (acceptance, accepted):
                    return None
                files = opened.custody.read_entry(link.entry.sequence, link.entry.event.value)
                return serialize_receipt(files.data, files.signature)
    return None


def _is_signed(directory: Path) -> bool:
    """Tell whether a directory that continues a record has an entry."""
    try:
        return any(name.endswith(".sig") for name in os.listdir(directory))
    except OSError:
        return False


def _set_aside(path: Path) -> None:
    """Keep what belongs to an earlier answer under the next name that is free: `receipt-1`, `receipt-2`."""
    if os.path.lexists(path):
        number = next(number for number in count(1) if not os.path.lexists(f"{path}-{number}"))
        os.rename(path, f"{path}-{number}")


def deliver(receipts: Path, name: str, head: str, receipt: bytes) -> str:
    """Put a receipt where receipts go, under the name of its bundle, and give that name; once there, it stays.

    A name that is taken by another receipt, or that a system or a tool could misread, gives way to the digest of the
    newest entry.

    Raises:
        InputError: it cannot be written.
    """
    stem = name.rpartition("/")[2]
    stem = next((stem[: -len(end)] for end in (".zip.age", ".zip") if stem.lower().endswith(end)), stem)
    plain = stem if _is_plain(stem) else head[:16]
    try:
        receipts.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            "{path} cannot be written: {why.strerror}", key="cannot-write", path=shown(str(receipts)), why=error
        ) from error
    for candidate in (plain, f"{plain}-{head[:16]}", head):
        path = receipts / f"{candidate}{_ENDING}"
        if not os.path.lexists(path):
            write_new_file(path, receipt)
            return path.name
        if path.is_file() and read_receipt_file(path) == receipt:
            return path.name
    raise InputError("{path} already exists and was not overwritten", key="already-exists", path=shown(path.name))


def clear_after_kill(directory: Path) -> None:
    """Remove from a directory of receipts what a run left that was killed while it wrote one."""
    for _ in remove_leftovers(directory / _ENDING):
        pass


def _is_plain(stem: str) -> bool:
    """Tell whether a file can be called that anywhere."""
    is_short = 0 < len(stem.encode("utf-8", "replace")) <= _MOST
    return is_short and stem[0] not in ".- " and stem[-1] not in ". " and all(map(_is_harmless, stem))


def _is_harmless(character: str) -> bool:
    return is_visible(character) and character not in _UNSAFE
