"""What a bundle withholds of the items that it discloses, and which entries come without their details.

A name can be told in two places: by the statement of the item, and by an entry `renamed`. An entry that gave names to
items outside of the bundle, too, has to stay behind; then nobody could tell from the rest what its other items are
called now, so their names stay behind as well. `manifests/FORMAT-bundle.md`, section "The record in a bundle".
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from evtool.core.custody.entry import Entry
from evtool.core.custody.events import Corrected, Derived, Event, Renamed
from evtool.core.manifest.disclosure import DisclosedStatement
from evtool.core.manifest.manifest import Item
from evtool.core.manifest.statement import ContextStatement, FileStatement, MetadataStatement
from evtool.core.metadata.vocabulary import Detail
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.operations.record.record import Record

NAMES = "names"
METADATA = "metadata"
CONTEXT = "context"


class Withhold(Struct, frozen=True):
    """What stays behind.

    Attributes:
        kinds: what is withheld of every item: `names`, `metadata`, `context`, `context.FIELD`.
        nameless: items whose names are withheld although nobody asked for it.
        causes: numbers of the entries because of which they are.
        entries: numbers of the entries whose details stay behind.
    """

    kinds: frozenset[str] = frozenset()
    nameless: frozenset[int] = frozenset()
    causes: tuple[int, ...] = ()
    entries: tuple[int, ...] = ()

    def hides_name(self, item: int) -> bool:
        """Tell whether the name of a disclosed item is withheld."""
        return NAMES in self.kinds or item in self.nameless

    @property
    def nameless_ranges(self) -> ItemRanges | None:
        """The items that are nameless although nobody asked for it."""
        return ranges_of(self.nameless) if self.nameless and NAMES not in self.kinds else None


def find_withhold(record: Record, disclosed: frozenset[int], kinds: frozenset[str]) -> Withhold:
    """Find what stays behind of a record if a bundle discloses these items, and withholds these kinds of each."""
    others = entries_about_others(record, disclosed)
    entries = {link.entry.sequence: link.entry for link in record.chain.links}
    renames = {number: entry for number, entry in entries.items() if _tells_names(entry, entries)}
    if not renames:
        return Withhold(kinds, entries=others)
    names = {item: record.names.current(item, record.sealed_by(item)) for item in record.names.items}
    given_by = {item: name.entry for item, name in names.items() if name is not None and item in disclosed}
    nameless = disclosed if NAMES in kinds else frozenset[int]()
    while True:
        closed = {
            number
            for number, entry in renames.items()
            if any(item not in disclosed or item in nameless for item in entry.items or ())
        }
        more = frozenset(item for item, entry in given_by.items() if entry in closed)
        if more <= nameless:
            break
        nameless |= more
    causes = () if NAMES in kinds else tuple(sorted({given_by[item] for item in nameless}))
    return Withhold(kinds, nameless, causes, tuple(sorted({*others, *closed})))


def _tells_names(entry: Entry, entries: Mapping[int, Entry]) -> bool:
    """Tell whether the details of an entry are about names: of one that renames, or of one that undoes such."""
    if isinstance(entry.details, Corrected) and entry.details.undone:
        undone = entries.get(entry.details.entry)
        return undone is not None and undone.event is Event.RENAMED
    return isinstance(entry.details, Renamed)


def entries_about_others(record: Record, disclosed: frozenset[int]) -> tuple[int, ...]:
    """Give the numbers of the entries whose details are about none of the disclosed items, or are not here."""
    return tuple(
        link.entry.sequence
        for link in record.chain.links
        if link.entry.apart is not None and (link.entry.is_withheld or not _is_about_any(link.entry, disclosed))
    )


def _is_about_any(entry: Entry, disclosed: frozenset[int]) -> bool:
    """Tell whether an entry speaks of a disclosed item; without items it speaks of all."""
    details, items = entry.details, entry.items
    if isinstance(details, Derived) and not disclosed.isdisjoint((details.original, details.copy)):
        return True
    if items is None:
        return not isinstance(details, Derived)
    return any(number in items for number in disclosed)


def withheld_of(item: Item, withhold: Withhold) -> frozenset[str]:
    """Name the statements of a disclosed item that are withheld, as a list of a disclosure names them."""
    statements = (item.file, item.metadata, *item.context)
    return frozenset(
        f"{CONTEXT}.{statement.field}" if isinstance(statement, ContextStatement) else statement.kind
        for statement in statements
        if statement is not None and is_withheld(statement, withhold)
    )


def is_withheld(statement: DisclosedStatement, withhold: Withhold) -> bool:
    """Tell whether a statement of a disclosed item is withheld."""
    kinds = withhold.kinds
    if isinstance(statement, FileStatement):
        return withhold.hides_name(statement.item)
    if isinstance(statement, MetadataStatement):
        # In full detail it may hold an author, a title or an older name of the file, so it tells what names would.
        may_name = statement.claims is not None and statement.claims.detail is Detail.FULL
        return METADATA in kinds or (may_name and withhold.hides_name(statement.item))
    if isinstance(statement, ContextStatement):
        return CONTEXT in kinds or f"{CONTEXT}.{statement.field}" in kinds
    return False
