"""Packing: all or part of a collection as a bundle, with the disclosure recorded at its source.

The order of the steps: what is to be disclosed is chosen and allowed, read and compared with its seals; the entry
`disclosed` is drafted and signed; the bundle, which holds it, is written in a work directory and verified as a
recipient would. Only then the entry is written into the record, byte for byte as it is in the bundle, and last of all
the bundle gets its name. So an entry names a bundle that was complete and sound, and a run that fails before leaves
neither.

A run can be killed between the last two steps. Then an entry names a bundle that nobody can have been given. The
other order could leave a bundle that no entry names: it could be handed over, its source would not know, and the
next entry of that source would contradict it. That is worse: a disclosure that never took place can be corrected by
whoever keeps the record, one that nobody knows of cannot. The run leaves a note in the work directory before it writes
the entry; the next one that packs or unpacks there reads it, and says what became of both.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from evtool.core.consent.summary import ConsentTally
from evtool.core.container.payload_names import ReservedNames, is_place_of_record, parse_neutral_name
from evtool.core.custody.events import Digest, Disclosed, Fixity, FixityScope
from evtool.core.custody.privacy import check_entry_text
from evtool.core.errors import EvtoolError, FormatError, InputError, UsageError
from evtool.core.finding import Words
from evtool.core.manifest.disclosed_items import DisclosedItems, group_items
from evtool.core.manifest.manifest import Item
from evtool.core.manifest.statement import ItemType
from evtool.core.ssh.key import PublicKey
from evtool.core.terms.terms import code_text
from evtool.core.text.digest import sha256_hex
from evtool.core.text.ranges import ranges_of
from evtool.core.values import replace
from evtool.core.verdict.verdict import Report
from evtool.operations.author import Author, EntryHeader, Now, Random, system_now
from evtool.operations.bundle.choice import ItemSelection, choose_items
from evtool.operations.bundle.leftovers import PendingDisclosure, Tell, sweep
from evtool.operations.bundle.options import Disclosure, PackOptions, PackPreview, PackResult
from evtool.operations.bundle.plan import (
    Chosen,
    PartFile,
    bag_files,
    list_neutral_names,
    locate,
    measure_item,
    name_payload,
    record_files,
)
from evtool.operations.bundle.travels import find_travels
from evtool.operations.bundle.withhold import NAMES, Withhold, withheld_of
from evtool.operations.bundle.writer import EncryptionKeys, Made, new_bundle
from evtool.operations.entries.opening import OpenRecord, open_for_writing
from evtool.operations.entries.writer import Draft, commit_entry, draft_entry
from evtool.operations.record.disclosed_lists import list_name
from evtool.operations.record.read import open_record
from evtool.operations.record.record import Record, read_record
from evtool.operations.verify.derivations import list_derivations
from evtool.report.bundle_readme import render_bundle_readme
from evtool.report.cover_sheet import Handover, render_cover_sheet
from evtool.report.travels import Travels
from evtool.scan.progress import Progress
from evtool.scan.tree import Tree
from evtool.store.bundle import PAYLOAD_PREFIX
from evtool.store.custody_names import COVER
from evtool.store.output import check_new


def pack(
    path: str | os.PathLike[str],
    output: Path,
    author: Author,
    disclosure: Disclosure,
    options: PackOptions | None = None,
    *,
    header: EntryHeader | None = None,
    tell: Tell = lambda _: None,
    announce: Callable[[Travels], None] = lambda _: None,
) -> PackResult:
    """Pack all or part of a sealed collection; `tell` gets a sentence about each thing that an earlier run left.

    `announce` gets what goes to the recipient beside the evidence, before anything is written.

    Raises:
        UsageError: the name of the output does not fit its form, or it lies inside the evidence; or something that
            narrows the disclosure means nothing.
        InputError: the output exists, or nothing is to be packed; or the bundle did not get its name.
        RefusedError: items may not be disclosed; they are named by number, and nothing was written.
        MismatchError: the record, an item, or the bundle that was made fails verification; nothing was written.
        EvidenceError: an item cannot be read, or changed meanwhile.
    """
    options, header = options or PackOptions(), header or EntryHeader()
    form = options.form_of(output)
    keys = EncryptionKeys(options.recipients, options.passphrase, author.random)
    check_new(output)
    details = disclosure.details()
    check_entry_text(details, header.reason, author.policy)
    with open_for_writing(path, options.where) as opened, Tree(opened.directory) as tree:
        _check_outside(opened, output)
        sweep(output, tell, collection=_collection_id(opened), heads={link.head for link in opened.record.chain.links})
        request = disclosure.request(author.signer.code, author.now(), author.signer.public_key)
        choice = choose_items(opened.custody, options.wanted, request, disclosure.trust)
        travels = find_travels(opened.record, choice.items, choice.withhold, (header.reason, details))
        announce(travels)
        contents = _read_contents(tree, choice, options, author.progress)
        cover = _cover(opened, choice, disclosure, author, travels)
        draft = _draft(opened, author, header, details, choice, contents, cover)
        files = _list_files(opened, draft, choice, contents, cover, travels)
        report = _hand_out(
            opened, draft, lambda: new_bundle(form, output, files, keys, draft.head, author.progress), output
        )
        total = opened.record.next_item - 1
    return _sum_up(draft, choice, contents, travels, report, total)


class _Contents(NamedTuple):
    """The evidence in the bundle: its items, and their files, which were read and are as sealed."""

    chosen: list[Chosen]
    payload: list[PartFile]

    @property
    def numbers(self) -> frozenset[int]:
        """Numbers of the items."""
        return frozenset(item.number for item in self.chosen)


def _read_contents(tree: Tree, choice: ItemSelection, options: PackOptions, progress: Progress) -> _Contents:
    """Find where the items lie, read them, and compare them with their seals."""
    neutral, withhold = list_neutral_names(tree, choice.reserved), choice.withhold
    chosen = [
        locate(tree, sealed.item, neutral, is_named=not withhold.hides_name(sealed.item.number))
        for sealed in choice.items
    ]
    return _Contents(chosen, _measure_payload(tree, chosen, choice.reserved, options, progress))


def _draft(
    opened: OpenRecord,
    author: Author,
    header: EntryHeader,
    details: Disclosed,
    choice: ItemSelection,
    contents: _Contents,
    cover: bytes,
) -> Draft:
    """Draft and sign the entry, with the list of what the bundle holds and withholds."""
    items = [sealed.item for sealed in choice.items]
    listed = _list_items(items, choice.withheld_before, choice.withhold, cover, author.random).serialize()
    # Without items: which ones they are says the list, and that does not go to later recipients.
    about = EntryHeader(header.reason, header.happened_at, header.clock)
    return draft_entry(
        opened,
        author,
        about,
        replace(details, list=Digest(sha256_hex(listed))),
        fixity=_fixity(contents.chosen, opened.record.next_item - 1),
        own={list_name(opened.next_sequence): listed},
    )


def _list_files(
    opened: OpenRecord, draft: Draft, choice: ItemSelection, contents: _Contents, cover: bytes, travels: Travels
) -> list[PartFile]:
    """Give every file of the bundle, in order."""
    # The items of a collection can be gone through once.
    record = read_record(opened.custody)
    kept = record_files(record, contents.numbers, choice.withhold, {**draft.files, COVER: cover})
    return bag_files(record, kept, contents.payload, _readme(record, draft, choice.withhold, travels))


def _sum_up(
    draft: Draft, choice: ItemSelection, contents: _Contents, travels: Travels, report: Report, total: int
) -> PackResult:
    """Say what was packed."""
    chosen, payload = contents
    return PackResult(
        entry=draft.entry.sequence,
        head=draft.head,
        items=len(chosen),
        withheld=total - len(chosen),
        left_out=choice.left_out,
        duties=choice.duties,
        files=len(payload),
        by_number=tuple(
            sorted(filter(None, (parse_neutral_name(file.path.removeprefix(PAYLOAD_PREFIX)) for file in payload)))
        ),
        like_record=sum(item.path is not None and is_place_of_record(item.path.partition("/")[0]) for item in chosen),
        travels=travels,
        size=sum(file.size for file in payload),
        report=report,
        disclosed=ranges_of(contents.numbers),
    )


def preview_pack(
    path: str | os.PathLike[str],
    output: Path,
    agent: str | None,
    disclosure: Disclosure,
    options: PackOptions | None = None,
    *,
    key: PublicKey | None = None,
    header: EntryHeader | None = None,
    now: Now = system_now,
) -> PackPreview:
    """Find what a bundle would hold, and what would travel with it; no evidence is read, and nothing is written.

    `agent` is the code under which it would be signed, and `key` the key, or None where that is not known.

    Raises:
        UsageError, InputError, RefusedError, MismatchError: as `pack`.
    """
    options, header = options or PackOptions(), header or EntryHeader()
    options.form_of(output)
    check_new(output)
    details = disclosure.details()
    with open_record(path, options.where) as record:
        request = disclosure.request(agent, now(), key)
        choice = choose_items(record.custody, options.wanted, request, disclosure.trust)
        items = [sealed.item for sealed in choice.items]
        travels = find_travels(record, choice.items, choice.withhold, (header.reason, details))
        total = record.next_item - 1
    numbers = ranges_of(item.number for item in items)
    return PackPreview(len(items), total - len(items), choice.left_out, choice.duties, travels, numbers)


def _hand_out(
    opened: OpenRecord, draft: Draft, make: Callable[[], AbstractContextManager[Made]], output: Path
) -> Report:
    """Make the bundle, write the entry into the record, and let the bundle have its name.

    Raises:
        InputError: the entry is written, and the bundle did not get its name.
    """
    pending = PendingDisclosure(draft.entry.collection, draft.entry.sequence, draft.head)
    made_as: tuple[int, int] | None = None
    try:
        with make() as made:
            made_as = _identity(made.work.content)
            made.work.note(pending.serialize())
            commit_entry(opened, draft)
            return made.report
    except BaseException as error:
        number = draft.entry.sequence
        if made_as is None or made_as == _identity(output) or not _is_written(opened, draft):
            raise
        raise InputError(
            "entry {number} records the disclosure, but the bundle was not completed and was removed: {why}",
            hint="nothing was handed over; record that with "
            "`evtool record DIR corrected --entry {number} --correction 'no bundle was handed over'`",
            key="pack-incomplete",
            number=number,
            why=error if isinstance(error, EvtoolError) else EvtoolError("interrupted", key="interrupted"),
        ) from error


def _identity(path: Path) -> tuple[int, int] | None:
    """Tell files and directories apart, whatever their name is."""
    try:
        facts = os.lstat(path)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _is_written(opened: OpenRecord, draft: Draft) -> bool:
    """Look whether the entry exists; what is on disk decides, as a run may be interrupted before it knows."""
    key = draft.entry.sequence, draft.entry.event.value
    return key in opened.custody.list_files().entries and opened.custody.read_entry(*key).data == draft.data


def _collection_id(opened: OpenRecord) -> str | None:
    links = opened.record.chain.links
    return links[0].entry.collection if links else None


def _check_outside(opened: OpenRecord, output: Path) -> None:
    """Refuse an output inside of the evidence, where it would be evidence, or in the record."""
    target = os.path.realpath(os.fsencode(output))
    for root in (opened.directory.path, opened.writer.location.path):
        if target.startswith(os.path.realpath(root) + os.fsencode(os.sep)):
            raise UsageError(
                "the bundle would lie inside the evidence directory",
                hint="name a place outside it",
                key="bundle-inside",
            )


def _cover(
    opened: OpenRecord, choice: ItemSelection, disclosure: Disclosure, author: Author, travels: Travels
) -> bytes:
    """Write the cover sheet, from the terms in force for the items of the bundle; the entry holds its digest."""
    moment = author.now()
    changes = opened.record.changes
    tally = ConsentTally()
    for number, group in groupby(choice.items, key=lambda sealed: sealed.seal.number):
        of_seal = ConsentTally(number, changes)
        for sealed in group:
            of_seal.add(sealed.item)
        tally.merge(of_seal)
    numbers = frozenset(sealed.item.number for sealed in choice.items)
    handover = Handover(
        entry=opened.next_sequence,
        moment=moment,
        agent=author.signer.code,
        recipient=disclosure.recipient.code,
        purpose=code_text(disclosure.purpose),
        authority=disclosure.authority,
        approved_by=disclosure.approved_by,
        confirmed=tuple(sorted(disclosure.confirmed)),
        duties=choice.duties,
        collection=opened.record.chain.links[0].entry.collection,
        items=ranges_of(numbers),
        remarks=_remarks(opened.record, numbers),
        total=opened.record.next_item - 1,
        travels=travels,
    )
    return render_cover_sheet(tally.summarize(moment), handover).encode("utf-8")


def _list_items(
    items: Sequence[Item],
    before: DisclosedItems | None,
    withhold: Withhold,
    cover: bytes,
    random: Random,
) -> DisclosedItems:
    """List what the bundle holds; `before` lists what the copy it is made from withholds already."""
    without = withhold.entries
    gone: dict[int, tuple[str, ...]] = {}
    numbers = {item.number for item in items}
    for first, last, kinds in before.spans() if before else ():
        gone |= dict.fromkeys(numbers.intersection(range(first, last + 1)) if kinds else (), kinds)
    withheld = {item.number: withheld_of(item, withhold).union(gone.get(item.number, ())) for item in items}
    try:
        return group_items(withheld, random(16).hex(), sha256_hex(cover), ranges_of(without) if without else None)
    except FormatError as error:
        raise InputError(
            "the list of what is withheld cannot be written: {why}", key="withheld-list-not-written", why=error
        ) from error


def _remarks(record: Record, items: frozenset[int]) -> tuple[Words, ...]:
    """Say of the copies in the bundle that they are copies."""
    copies = [derivation for derivation in list_derivations(record, items) if derivation.has_copy]
    return tuple(Words("about-item", item=derivation.copy, half=derivation.of_copy) for derivation in copies)


def _readme(record: Record, draft: Draft, withhold: Withhold, travels: Travels) -> bytes:
    entries = [*(link.entry for link in record.chain.links), draft.entry]
    stems = [(entry.stem, entry.agent) for entry in entries]
    return render_bundle_readme(stems, travels, neutral=NAMES in withhold.kinds or bool(withhold.nameless)).encode(
        "utf-8"
    )


def _measure_payload(
    tree: Tree, chosen: Sequence[Chosen], reserved: ReservedNames, options: PackOptions, progress: Progress
) -> list[PartFile]:
    """Read every item that goes into the bundle and compare it with its seal."""
    progress.start("checking", len(chosen), sum(item.content.size or 0 for item in chosen))
    payload: list[PartFile] = []
    for item, name in name_payload(chosen, reserved, neutral=options.has_neutral_names):
        file = measure_item(tree, item, name, progress.meter)
        progress.advance(files=1, size=file.size if file else 0, item=item.found.path if item.found else b"")
        if file is not None:
            payload.append(file)
    if not payload:
        raise InputError("none of the items is a file, and a bag needs at least one file", key="bag-needs-file")
    return payload


def _fixity(chosen: Sequence[Chosen], total: int) -> Fixity:
    """State what was read: the items of the bundle, all of them as sealed, or this would not be reached."""
    checked = sum(item.content.type is not ItemType.OMITTED for item in chosen)
    return Fixity(
        FixityScope.SAMPLE,
        items=total,
        checked=checked,
        ok=checked,
        changed=0,
        missing=0,
        unreadable=0,
        extra=0,
        withheld=0,
    )
