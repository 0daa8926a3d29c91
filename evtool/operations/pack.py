"""Packing: all or part of a collection as a bundle, with the disclosure recorded at its source first.

The order of the steps: what is to be disclosed is chosen and allowed, read and compared with its seals; then the entry
`disclosed` is written; then the bundle, which holds that entry, is written under a temporary name, verified as a
recipient would, and given its name. A run that fails leaves no bundle; the entry, once written, stays.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from evtool.core.consent import code_text
from evtool.core.consent_decision import ConsentAnswer, Request
from evtool.core.digest import sha256_hex
from evtool.core.disclosure import NAMES, check_withholdable
from evtool.core.errors import FormatError, InputError, MismatchError, RefusedError, UsageError
from evtool.core.events import Code as AgentCode
from evtool.core.events import Digest, Disclosed, Fixity, FixityScope
from evtool.core.item_choice import ItemChoice
from evtool.core.item_ranges import ranges_of
from evtool.core.manifest import Item
from evtool.core.names import shown
from evtool.core.privacy import TextPolicy, check_entry_text
from evtool.core.statement import ItemType
from evtool.core.verdict import Effect, Report
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
from evtool.operations.collection import Collection, read_collection, read_items
from evtool.operations.consent import decide_items
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
from evtool.report.cover import render_cover
from evtool.scan.tree import Tree
from evtool.store.output import check_new


@dataclass(frozen=True, slots=True)
class Disclosure:
    """To whom, on what ground, and for what the bundle goes; recorded in the entry `disclosed`.

    Attributes:
        request: recipient, purpose and day, and what a second person confirms: consent is asked about this.
        authority: what allows it: agreement, warrant or order, by number.
        trust: whose keys count; terms that others signed permit nothing.
        known_keys: age and SSH public keys that the user knows the recipient by.
    """

    request: Request
    authority: str
    trust: TrustPolicy = field(default_factory=TrustPolicy)
    known_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PackOptions:
    """What to pack, and how.

    Attributes:
        only: the items to disclose; empty means all.
        without: items to leave out of those.
        withhold: statements to withhold of every item: `names`, `metadata`, `context`, `context.FIELD`.
        neutral_names: store the payload under names made of item numbers.
        allowed_only: leave out what may not be disclosed, instead of refusing.
        recipients: whom to encrypt to; with none and no passphrase the bundle is not encrypted.
        passphrase: what to encrypt with instead.
        custody: where the record is, if not in the directory.
    """

    only: ItemChoice = field(default_factory=ItemChoice)
    without: ItemChoice = field(default_factory=ItemChoice)
    withhold: frozenset[str] = frozenset()
    neutral_names: bool = False
    allowed_only: bool = False
    recipients: tuple[Recipient, ...] = ()
    passphrase: Passphrase | None = None
    custody: str | None = None

    def __post_init__(self) -> None:
        try:
            for name in sorted(self.withhold):
                check_withholdable(name)
        except FormatError as error:
            raise UsageError(error.message) from None

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
        files, size: payload files, and bytes in them.
        report: what verifying the bundle showed.
    """

    entry: int
    head: str
    items: int
    withheld: int
    left_out: tuple[tuple[int, str], ...]
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
    request = replace(disclosure.request, agent=signer.code)
    details = Disclosed(
        counterparty=AgentCode(request.recipient.code),
        authority=disclosure.authority,
        purpose=code_text(request.purpose),
        approved_by=AgentCode(request.approved_by) if request.approved_by is not None else None,
        withheld=tuple(sorted(options.withhold)),
    )
    check_entry_text(details, header.reason, policy or TextPolicy())
    with open_for_writing(path, options.custody) as record, Tree(record.evidence) as tree:
        _check_outside(record, output)
        asked = _find_asked(record.collection, options)
        # Read anew: the items of a collection can be gone through once.
        fresh = read_collection(record.custody)
        answers = decide_items(fresh, request, disclosure.trust, ranges_of(item.number for item in asked))
        items, left_out = _choose(record.collection, asked, answers, options)
        neutral = list_neutral_names(tree)
        chosen = [locate(tree, item, item.content, neutral) for item in items if item.content]
        payload = _measure_payload(tree, chosen, options, progress)
        disclosed = frozenset(one.number for one in chosen)
        about = EntryHeader(header.reason, header.happened_at, header.clock, ranges_of(disclosed))
        total = record.collection.next_item - 1
        fixity = _fixity(chosen, total)
        allowed = [answer for answer in answers if answer.consent.item in disclosed]
        cover = render_cover(allowed, request, disclosure.authority).encode("utf-8")
        details = replace(details, cover=Digest(sha256_hex(cover)))
        written = write_entry(record, signer, about, details, fixity=fixity, random=random, now=now)
        collection = read_collection(record.custody)
        stems = [(link.entry.stem, link.entry.agent) for link in collection.chain.links]
        readme = render_bundle_readme(stems, neutral=options.neutral_names or NAMES in options.withhold)
        files = bag_files(
            collection,
            record_files(collection, disclosed, options.withhold, cover),
            payload,
            readme.encode("utf-8"),
        )
        report = write_bundle(form, output, files, keys, written.head, progress)
    return PackResult(
        entry=written.sequence,
        head=written.head,
        items=len(chosen),
        withheld=total - len(chosen),
        left_out=left_out,
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


def _find_asked(collection: Collection, options: PackOptions) -> list[Item]:
    """Find the items that are asked for and disclosed far enough here, in the order of their numbers."""
    everything = [sealed.item for _, sealed in read_items(collection)]
    for seal in collection.seals:
        for finding in seal.findings:
            if finding.effect in (Effect.DISPROVES, Effect.UNCHECKED):
                raise MismatchError(f"the record does not hold: {finding.message}", hint="run evtool verify first")
        everything += seal.nameless
    asked = [item for item in everything if item.content is not None and _is_asked_for(item, options)]
    if not asked:
        raise InputError("no sealed item is asked for, so there is nothing to pack", hint="`evtool show` lists them")
    return sorted(asked, key=lambda item: item.number)


def _choose(
    collection: Collection, asked: Sequence[Item], answers: Sequence[ConsentAnswer], options: PackOptions
) -> tuple[list[Item], tuple[tuple[int, str], ...]]:
    """Keep the items that may go, by the one function that decides it; name the others by number, with the reason."""
    refused = tuple(
        (answer.consent.item, "; ".join(reason.message for reason in answer.decision.reasons))
        for answer in answers
        if not answer.decision.allowed
    )
    if refused and not options.allowed_only:
        named = "; ".join(f"item {number}: {shown(reason)}" for number, reason in refused[:_MAX_NAMED])
        more = f"; and {len(refused) - _MAX_NAMED} more" if len(refused) > _MAX_NAMED else ""
        raise RefusedError(
            f"{len(refused)} items may not be disclosed, so nothing was packed: {named}{more}",
            hint="leave them out with --without or --allowed-only; `evtool consent check` says more of each",
        )
    permitted = {answer.consent.item for answer in answers if answer.decision.allowed}
    allowed = [item for item in asked if item.number in permitted]
    if not allowed:
        raise RefusedError("none of the items may be disclosed, so nothing was packed")
    telling = _telling_links(allowed, len(allowed) == collection.next_item - 1, options)
    reason = "it is a link whose target is a name that the bundle does not disclose"
    left_out = refused + tuple((number, reason) for number in sorted(telling))
    return [item for item in allowed if item.number not in telling], left_out


def _telling_links(items: Sequence[Item], whole: bool, options: PackOptions) -> set[int]:
    """Find symbolic links whose target, which is part of what they are, would tell a withheld name."""
    if whole and NAMES not in options.withhold:
        return set()
    shown_paths: set[str] = set()
    if NAMES not in options.withhold:
        for item in items:
            parts = item.file.path.split("/") if item.file else []
            shown_paths.update("/".join(parts[:end]) for end in range(1, len(parts) + 1))
    return {
        item.number
        for item in items
        if item.content
        and item.content.target is not None
        and (item.file is None or _resolve(item.file.path, item.content.target) not in shown_paths)
    }


def _resolve(path: str, target: str) -> str:
    """Follow a link's target from where the link is, without looking at any disk."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


_MAX_NAMED = 20


def _is_asked_for(item: Item, options: PackOptions) -> bool:
    path = item.file.path if item.file else None
    return (options.only.is_empty or options.only.includes(item.number, path)) and not options.without.includes(
        item.number, path
    )


def _measure_payload(tree: Tree, chosen: Sequence[Chosen], options: PackOptions, progress: Progress) -> list[PartFile]:
    """Read every item that goes into the bundle and compare it with its seal."""
    progress.start("checking", len(chosen), sum(one.content.size or 0 for one in chosen))
    payload: list[PartFile] = []
    neutral = options.neutral_names or NAMES in options.withhold
    for one, name in name_payload(chosen, neutral=neutral):
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
