"""Adding one entry to a record: the same steps for every event.

The entry exists from the moment at which its signature gets its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from evtool.core import __version__
from evtool.core.custody.entry import Entry, Previous
from evtool.core.custody.events import APART, Derived, Details, Disclosed, Fixity
from evtool.core.text.digest import sha256_hex
from evtool.core.values import replace
from evtool.operations.author import Author, EntryHeader
from evtool.operations.entries.opening import OpenRecord, require_current
from evtool.operations.entries.read_back import require_readable
from evtool.operations.entries.readme_files import serialize_informational
from evtool.operations.record.record import OWN_FILES
from evtool.operations.verify.time.listing import read_known_stamps
from evtool.store.custody_names import FileRole, file_name


class Written(Struct, frozen=True):
    """An entry that now exists: its number, and its SHA-256."""

    sequence: int
    head: str


class Draft(Struct, frozen=True):
    """The next entry, signed, of which nothing is written yet.

    Attributes:
        entry: the entry.
        data, signature: the bytes of the entry, and of its signature.
        informational: what the informational files are once it is there: name -> content.
        own: the small files that only its event has: name -> content; larger ones are written as they are made.
    """

    entry: Entry
    data: bytes
    signature: bytes
    informational: Mapping[str, bytes]
    own: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def head(self) -> str:
        """SHA-256 of the entry."""
        return sha256_hex(self.data)

    def name(self, role: FileRole) -> str:
        """Name one of its files."""
        return file_name(self.entry.sequence, self.entry.event.value, role)

    @property
    def files(self) -> dict[str, bytes]:
        """The files that are there once it is, but for those that were written as they were made: name -> content."""
        both = {self.name(FileRole.ENTRY): self.data, self.name(FileRole.SIGNATURE): self.signature}
        return {**self.own, **both, **self.informational}


def draft_entry(
    opened: OpenRecord,
    author: Author,
    header: EntryHeader,
    details: Details,
    *,
    fixity: Fixity | None = None,
    unlisted: int = 0,
    own: Mapping[str, bytes] | None = None,
    read_in_blocks: bool = False,
) -> Draft:
    """Make and sign the next entry, and write nothing; `commit_entry` makes it exist, byte for byte as it is here.

    The files that belong to it alone (a manifest, a renewal, a list) are written already, under temporary names; `own`
    are the small ones, by name. `unlisted` is the number of new files whose paths are too long for `sha256sum`;
    README.txt tells it. With `read_in_blocks` every block of a new manifest was read already.

    Raises:
        InputError: what would be signed could not be read again.
    """
    require_current(opened.record, author)
    stamps = read_known_stamps(opened.record, author.now())
    entry = _build_entry(opened, author, header, details, fixity)
    own = dict(own or {})
    if entry.event in APART and (entry.items is not None or isinstance(details, Derived)):
        # It is about single items: whoever is given none of them need not read what it says.
        apart = entry.serialize_details(author.random(16).hex())
        own[file_name(entry.sequence, entry.event.value, FileRole.DETAILS)] = apart
        entry = replace(entry, apart=sha256_hex(apart))
    if entry.previous:
        entry = replace(entry, previous=replace(entry.previous, timestamps=stamps.to_list))
    informational = serialize_informational(
        opened.record,
        entry,
        author.signer.public_key,
        unlisted,
        stamps.repeats,
        inside=opened.inside,
        is_continued=opened.is_continued,
    )
    entry = replace(entry, informational={name: sha256_hex(data) for name, data in informational.items()})
    data = entry.serialize()
    require_readable(data, entry, opened.record, own, read_in_blocks=read_in_blocks)
    return Draft(entry, data, author.signer.sign(data), informational, own)


def commit_entry(opened: OpenRecord, draft: Draft, require_unchanged: Callable[[], None] | None = None) -> Written:
    """Write an entry that was drafted; it exists when this returns, and was not there before.

    `require_unchanged` is called when the signature has been made, which can take a person's consent and a while, and
    before it counts: it raises if what is signed is no longer so.
    """
    own, details = OWN_FILES.get(draft.entry.event.value, frozenset()), draft.entry.details
    if isinstance(details, Disclosed) and details.list is None:
        own = frozenset()  # recorded by hand: no bundle was made, so there is no list of what it holds
    if draft.entry.apart is None:
        own -= {FileRole.DETAILS}
    roles = [*(role for role in FileRole if role in own), FileRole.ENTRY, FileRole.SIGNATURE]
    for name, content in draft.files.items():
        opened.writer.write(name, content)
    if require_unchanged is not None:
        require_unchanged()
    opened.writer.commit([draft.name(role) for role in roles], informational=draft.informational)
    return Written(draft.entry.sequence, draft.head)


def _build_entry(
    opened: OpenRecord,
    author: Author,
    header: EntryHeader,
    details: Details,
    fixity: Fixity | None,
) -> Entry:
    recorded_at = author.now().replace(microsecond=0)
    links = opened.record.chain.links
    return Entry(
        collection=links[0].entry.collection if links else author.random(16).hex(),
        sequence=opened.next_sequence,
        event=details.event,
        happened_at=header.happened_at or recorded_at,
        recorded_at=recorded_at,
        clock=header.clock,
        agent=author.signer.code,
        key=author.signer.public_key.fingerprint,
        reason=header.reason,
        tool=f"evtool {__version__}",
        previous=Previous(entry=links[-1].head, signature=links[-1].signature_digest) if links else None,
        details=details,
        items=header.items,
        fixity=fixity,
    )
