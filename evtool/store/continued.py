"""A record in two places, read as one: the entries of a bundle, and those that its recipient added elsewhere.

A bundle never changes. What its recipient records goes into a directory of its own, which holds only entries after the
newest one of the bundle (`manifests/FORMAT-bundle.md`, section "What its recipient records").
"""

from __future__ import annotations

from collections.abc import Iterator

from evtool.core.custody.entry import INFORMATIONAL_FILES
from evtool.core.values import replace
from evtool.store.custody import CustodyDirectory, CustodyFile, CustodyReader
from evtool.store.custody_names import COVER, Listing, file_name, receipt_names


class ContinuedCustody(CustodyReader):
    """A record and the directory that continues it.

    A name that both have is the record's. What lies in the directory and belongs to an entry of the record is foreign
    there, but for time evidence, which may be added to any entry at any time.

    Attributes:
        base: the record that is continued.
        added: the directory that continues it.
        newest: number of the newest entry of the record; 0 without any.
    """

    def __init__(self, base: CustodyReader, added: CustodyDirectory) -> None:
        self.base = base
        self.added = added
        self._listing = base.list_files()
        self._taken = {name.text for name in self._listing.stamps}
        self.newest = max((sequence for sequence, _ in self._listing.entries), default=0)
        self._names_of_base = {name for name, _ in base._names()}

    def close(self) -> None:
        """Do nothing: both parts belong to whoever opened them."""

    def _names(self) -> list[tuple[bytes, str]]:
        return [*self.base._names(), *self.added._names()]

    def _open(self, name: str) -> CustodyFile:
        return self._holder(name)._open(name)

    def _holder(self, name: str) -> CustodyReader:
        """Tell which of the two has a file; what helps people is about all entries where the newest ones are."""
        if name in INFORMATIONAL_FILES and self.added.list_files().entries:
            return self.added
        return self.base if name.encode("utf-8", "surrogateescape") in self._names_of_base else self.added

    def list_files(self) -> Listing:
        """Sort the names of both by what they are."""
        base, added, own = self._listing, self.added.list_files(), self._list_own()
        strays = sorted(set(_names_in(added)) - set(_names_in(own)))
        kept = [name for name in base.informational if name == COVER or not added.entries]
        return Listing(
            {**base.files, **own.files},
            base.receipts | own.receipts,
            tuple(sorted([*base.stamps, *own.stamps], key=lambda name: name.text)),
            (*kept, *(own.informational if added.entries else ())),
            (*base.unfinished, *added.unfinished),
            (*base.companions, *added.companions),
            (*base.foreign, *added.foreign, *strays),
        )

    @property
    def added_files(self) -> list[str]:
        """Names of the files that the directory adds to the record."""
        return sorted(_names_in(self._list_own()))

    def _list_own(self) -> Listing:
        """List what of the directory belongs to entries after those of the record, or is time evidence."""
        added = self.added.list_files()
        return replace(
            added,
            files={key: roles for key, roles in added.files.items() if key[0] > self.newest},
            receipts=frozenset(key for key in added.receipts if key[0] > self.newest),
            stamps=tuple(name for name in added.stamps if name.text not in self._taken),
            informational=tuple(name for name in added.informational if name != COVER),
        )


def _names_in(listing: Listing) -> Iterator[str]:
    for key, roles in listing.files.items():
        yield from (file_name(*key, role) for role in roles)
    for key in listing.receipts:
        yield from receipt_names(*key)
    yield from (name.text for name in listing.stamps)
    yield from listing.informational
