"""Packing: all or part of a collection as a bundle, with the disclosure recorded at its source first.

The order of the steps: what is to be disclosed is chosen and allowed, read and compared with its seals; then the entry
`disclosed` is written; then the bundle, which holds that entry, is written under a temporary name, verified as a
recipient would, and given its name. A run that fails leaves no bundle; the entry, once written, stays.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path

from evtool.core.consent import Purpose, code_text
from evtool.core.consent_decision import Recipient as ConsentRecipient
from evtool.core.consent_decision import RecipientKind, Request
from evtool.core.consent_state import changes_of
from evtool.core.consent_summary import ConsentTally
from evtool.core.digest import sha256_hex
from evtool.core.disclosed_items import DisclosedItems, group_items
from evtool.core.errors import FormatError, InputError, UsageError
from evtool.core.events import Code as AgentCode
from evtool.core.events import Digest, Disclosed, Fixity, FixityScope
from evtool.core.item_ranges import ranges_of
from evtool.core.manifest import Item
from evtool.core.privacy import TextPolicy, check_entry_text
from evtool.core.statement import ItemType
from evtool.core.verdict import Report
from evtool.keys.age_keys import Recipient
from evtool.keys.passphrase import Passphrase
from evtool.keys.signer import Signer
from evtool.operations.bundle_plan import (
    Chosen,
    PartFile,
    bag_files,
    list_neutral_names,
    locate,
    measure_item,
    name_payload,
    record_files,
)
from evtool.operations.bundle_writer import EncryptionKeys, Form, write_bundle
from evtool.operations.collection import Collection, read_collection
from evtool.operations.derivations import list_derivations
from evtool.operations.disclosed_lists import list_name
from evtool.operations.disclosure_choice import NAMES, ItemSelection, Wanted, choose_items, withheld_of
from evtool.operations.entry_writer import (
    EntryHeader,
    Now,
    OpenRecord,
    Random,
    open_for_writing,
    system_now,
    write_entry,
)
from evtool.operations.progress import NoProgress, Progress
from evtool.operations.trust import TrustPolicy
from evtool.report.bundle_readme import render_bundle_readme
from evtool.report.cover_sheet import Handover, render_cover_sheet
from evtool.scan.tree import Tree
from evtool.store.output import check_new


@dataclass(frozen=True, slots=True)
class Disclosure:
    """To whom, on what ground, and for what the bundle goes; recorded in the entry `disclosed`.

    Attributes:
        recipient: who gets it, as the user describes it.
        purpose: what for.
        authority: what allows it: agreement, warrant or order, by number.
        confirmed: what a second agent confirms of the terms of items.
        approved_by: code of that second agent.
        is_onward: whether the collection came from others, even where its record does not show it.
        trust: whose signatures under terms of consent count.
        is_publication: whether it goes to everybody, which takes items whose handling is public; see `publication`.
    """

    recipient: ConsentRecipient
    purpose: Purpose | str
    authority: str
    confirmed: frozenset[str] = frozenset()
    approved_by: str | None = None
    is_onward: bool = False
    trust: TrustPolicy = field(default_factory=TrustPolicy)
    is_publication: bool = False

    @classmethod
    def publication(cls, authority: str | None, trust: TrustPolicy) -> Disclosure:
        """Disclose to nobody by name; only items whose handling is public can go that way."""
        everybody = ConsentRecipient("public", kinds=frozenset({RecipientKind.PUBLIC}))
        return cls(everybody, "publication", authority or "public handling", trust=trust, is_publication=True)

    def request(self, agent: str, moment: datetime) -> Request:
        """Put the question that consent has to answer."""
        return Request(
            recipient=self.recipient,
            purpose=self.purpose,
            day=moment.date(),
            agent=agent,
            is_onward=self.is_onward,
            confirmed=self.confirmed,
            approved_by=self.approved_by,
            is_publication=self.is_publication,
        )

    def details(self) -> Disclosed:
        """Give the table of the entry, as far as it is known before the bundle is."""
        return Disclosed(
            counterparty=AgentCode(self.recipient.code),
            authority=self.authority,
            purpose=code_text(self.purpose),
            approved_by=AgentCode(self.approved_by) if self.approved_by else None,
        )


@dataclass(frozen=True, slots=True)
class PackOptions:
    """What to pack, and how.

    Attributes:
        wanted: what to disclose.
        neutral_names: store the payload under names made of item numbers.
        recipients: whom to encrypt to; with none and no passphrase the bundle is not encrypted.
        passphrase: what to encrypt with instead.
        custody: where the record is, if not in the directory.
    """

    wanted: Wanted = field(default_factory=Wanted)
    neutral_names: bool = False
    recipients: tuple[Recipient, ...] = ()
    passphrase: Passphrase | None = None
    custody: str | None = None

    @property
    def has_neutral_names(self) -> bool:
        """Whether the files go by item numbers; they must where names are withheld."""
        return self.neutral_names or NAMES in self.wanted.withhold

    def form_of(self, output: Path) -> Form:
        """Tell the form of a bundle from its name and from whether it is encrypted.

        Raises:
            UsageError: the two do not fit together.
        """
        encrypted = bool(self.recipients) or self.passphrase is not None
        name = output.name.lower()
        if encrypted != name.endswith(".age"):
            raise UsageError(
                "an encrypted bundle is named ….zip.age, and no other is",
                hint="give --recipient or --passphrase together with a name that ends in .zip.age",
            )
        if encrypted and not name.endswith(".zip.age"):
            raise UsageError("an encrypted bundle is a zip container", hint="name it ….zip.age")
        return Form.AGE if encrypted else Form.ZIP if name.endswith(".zip") else Form.FOLDER


@dataclass(frozen=True, slots=True)
class PackResult:
    """A bundle that was written and verified.

    Attributes:
        entry: number of the entry `disclosed` at the source.
        head: its SHA-256; the recipient can ask for it with `verify --expect-head`.
        items: items in the bundle.
        withheld: items that the bundle does not disclose.
        left_out: items that were asked for and may not be disclosed, each with the reason.
        duties: what the recipient has to keep to, half a sentence each.
        files, size: payload files, and bytes in them.
        report: what verifying the bundle showed.
    """

    entry: int
    head: str
    items: int
    withheld: int
    left_out: tuple[tuple[int, str], ...]
    duties: tuple[str, ...]
    files: int
    size: int
    report: Report


def pack(
    path: str | os.PathLike[str],
    output: Path,
    signer: Signer,
    disclosure: Disclosure,
    options: PackOptions | None = None,
    *,
    header: EntryHeader | None = None,
    policy: TextPolicy | None = None,
    progress: Progress | None = None,
    random: Random = os.urandom,
    now: Now = system_now,
) -> PackResult:
    """Pack all or part of a sealed collection.

    Raises:
        UsageError: the name of the output does not fit its form, or it lies inside the evidence.
        InputError: the output exists, or nothing is to be packed.
        RefusedError: items may not be disclosed; they are named by number, and nothing was written.
        MismatchError: the record or an item does not hold; nothing was written. Or the bundle that was written does
            not verify; it was removed.
        EvidenceError: an item cannot be read, or changed meanwhile.
    """
    options, header = options or PackOptions(), header or EntryHeader()
    progress = progress or NoProgress()
    form = options.form_of(output)
    keys = EncryptionKeys(options.recipients, options.passphrase, random)
    check_new(output)
    details = disclosure.details()
    check_entry_text(details, header.reason, policy or TextPolicy())
    with open_for_writing(path, options.custody) as record, Tree(record.evidence) as tree:
        _check_outside(record, output)
        choice = choose_items(record.custody, options.wanted, disclosure.request(signer.code, now()), disclosure.trust)
        neutral = list_neutral_names(tree)
        items = [sealed.item for sealed in choice.items]
        chosen = [locate(tree, item, neutral) for item in items]
        payload = _measure_payload(tree, chosen, options, progress)
        disclosed = frozenset(one.number for one in chosen)
        total = record.collection.next_item - 1
        fixity = _fixity(chosen, total)
        cover = _cover(record, choice, disclosure, signer, now())
        listed = _list_items(items, choice.withheld_before, options.wanted.withhold, cover, random).serialize()
        record.writer.write(list_name(record.next_sequence), listed)
        details = replace(details, list=Digest(sha256_hex(listed)))
        # Without items: which ones they are says the list, and that does not go to later recipients.
        about = EntryHeader(header.reason, header.happened_at, header.clock)
        written = write_entry(record, signer, about, details, fixity=fixity, random=random, now=now)
        collection = read_collection(record.custody)
        kept = record_files(collection, disclosed, options.wanted.withhold, cover)
        files = bag_files(collection, kept, payload, _readme(collection, options))
        report = write_bundle(form, output, files, keys, written.head, progress)
    return PackResult(
        entry=written.sequence,
        head=written.head,
        items=len(chosen),
        withheld=total - len(chosen),
        left_out=choice.left_out,
        duties=choice.duties,
        files=len(payload),
        size=sum(file.size for file in payload),
        report=report,
    )


def _check_outside(record: OpenRecord, output: Path) -> None:
    """Refuse an output inside of the evidence, where it would be evidence, or in the record."""
    target = os.path.realpath(os.fsencode(output))
    for root in (record.evidence.path, record.custody.location.path):
        if target.startswith(os.path.realpath(root) + os.fsencode(os.sep)):
            raise UsageError("the bundle would lie inside the evidence directory", hint="name a place outside of it")


def _cover(
    record: OpenRecord, choice: ItemSelection, disclosure: Disclosure, signer: Signer, moment: datetime
) -> bytes:
    """Write the cover sheet, from the terms in force for the items of the bundle; the entry holds its digest."""
    changes = changes_of(link.entry for link in record.collection.chain.links)
    tally = ConsentTally()
    for number, group in groupby(choice.items, key=lambda sealed: sealed.seal.number):
        of_seal = ConsentTally(number, changes)
        for sealed in group:
            of_seal.add(sealed.item)
        tally.merge(of_seal)
    numbers = frozenset(sealed.item.number for sealed in choice.items)
    handover = Handover(
        entry=record.next_sequence,
        moment=moment,
        agent=signer.code,
        counterparty=disclosure.recipient.code,
        purpose=code_text(disclosure.purpose),
        authority=disclosure.authority,
        approved_by=disclosure.approved_by,
        confirmed=tuple(sorted(disclosure.confirmed)),
        duties=choice.duties,
        collection=record.collection.chain.links[0].entry.collection,
        items=ranges_of(numbers),
        remarks=_remarks(record.collection, numbers),
        total=record.collection.next_item - 1,
    )
    return render_cover_sheet(tally.summarize(moment), handover).encode("utf-8")


def _list_items(
    items: Sequence[Item],
    before: DisclosedItems | None,
    withhold: frozenset[str],
    cover: bytes,
    random: Random,
) -> DisclosedItems:
    """List what the bundle holds; `before` lists what the copy it is made from withholds already."""
    gone: dict[int, tuple[str, ...]] = {}
    numbers = {item.number for item in items}
    for first, last, kinds in before.spans() if before else ():
        gone |= dict.fromkeys(numbers.intersection(range(first, last + 1)) if kinds else (), kinds)
    withheld = {item.number: withheld_of(item, withhold).union(gone.get(item.number, ())) for item in items}
    try:
        return group_items(withheld, random(16).hex(), sha256_hex(cover))
    except FormatError as error:
        raise InputError(f"what is withheld of these items cannot be listed: {error.message}") from error


def _remarks(collection: Collection, items: frozenset[int]) -> tuple[str, ...]:
    """Say of the copies in the bundle that they are copies."""
    copies = [one for one in list_derivations(collection, items) if one.has_copy]
    return tuple(f"item {one.copy} {one.of_copy}" for one in copies)


def _readme(collection: Collection, options: PackOptions) -> bytes:
    stems = [(link.entry.stem, link.entry.agent) for link in collection.chain.links]
    return render_bundle_readme(stems, neutral=options.has_neutral_names).encode("utf-8")


def _measure_payload(tree: Tree, chosen: Sequence[Chosen], options: PackOptions, progress: Progress) -> list[PartFile]:
    """Read every item that goes into the bundle and compare it with its seal."""
    progress.start("checking", len(chosen), sum(one.content.size or 0 for one in chosen))
    payload: list[PartFile] = []
    for one, name in name_payload(chosen, neutral=options.has_neutral_names):
        file = measure_item(tree, one, name)
        progress.advance(files=1, size=file.size if file else 0)
        if file is not None:
            payload.append(file)
    if not payload:
        raise InputError("none of the items has bytes of its own, and a bag holds at least one file")
    return payload


def _fixity(chosen: Sequence[Chosen], total: int) -> Fixity:
    """State what was read: the items of the bundle, all of them as sealed, or this would not be reached."""
    checked = sum(one.content.type is not ItemType.OMITTED for one in chosen)
    return Fixity(
        FixityScope.SAMPLE, items=total, checked=checked, ok=checked, changed=0, missing=0, unreadable=0, extra=0
    )
