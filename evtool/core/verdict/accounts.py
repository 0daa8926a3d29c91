"""Where everything went: each sealed item, and each thing that lies in the evidence, ends in exactly one class.

The totals are counted on their own: the items as the signed entries give them, the things as directories were listed.
So what was dropped on the way, by whatever fault, shows: the sums do not meet, and the run shows nothing.
"""

from __future__ import annotations

from msgspec import Struct

from evtool.core.values import names_of


class ItemFates(Struct):
    """How many items of one seal, or of several, met which fate.

    Attributes:
        ok: read, and as sealed.
        changed, missing, renamed, type_changed, unreadable: differs from the seal; one finding each.
        withheld: not disclosed by this copy.
        omitted: sealed by name only; there is no content to compare.
        disposed: gone, and an entry records that they were given up.
        stated_only: links and empty directories of a bundle, which holds the statements of them and nothing else.
        unread: compared by type, size and date only.
        not_selected: not asked for.
        unjudged: in a seal whose manifest fails verification.
    """

    ok: int = 0
    changed: int = 0
    missing: int = 0
    renamed: int = 0
    type_changed: int = 0
    unreadable: int = 0
    withheld: int = 0
    omitted: int = 0
    disposed: int = 0
    stated_only: int = 0
    unread: int = 0
    not_selected: int = 0
    unjudged: int = 0

    @property
    def total(self) -> int:
        """All of them together."""
        return sum(getattr(self, name) for name in names_of(self))

    def add(self, other: ItemFates) -> None:
        """Add what another seal's items met."""
        for name in names_of(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


class EvidenceCounts(Struct):
    """How many things that lie in the evidence ended in which class.

    Attributes:
        seen: names that the listed directories hold, without the custody directory.
        compared: compared with an item.
        renamed: hold the bytes of an item of another name.
        omitted: lie where an item was sealed by name only, or below a directory that could not be listed then.
        extra: in no seal.
        unlistable: directories that could not be listed.
        not_selected: not asked for.
        unjudged: in no seal that passes verification; they may belong to one that does not.
        excluded: left out by a signed pattern; a directory counts once.
        companions: written there by other systems, by their names and their bytes.
        directories: directories that hold something; what they hold is counted by itself.
    """

    seen: int = 0
    compared: int = 0
    renamed: int = 0
    omitted: int = 0
    extra: int = 0
    unlistable: int = 0
    not_selected: int = 0
    unjudged: int = 0
    excluded: int = 0
    companions: int = 0
    directories: int = 0

    @property
    def accounted(self) -> int:
        """All classes together, which is `seen` unless something was dropped."""
        total: int = sum(getattr(self, name) for name in names_of(self))
        return total - self.seen


class LeftOut(Struct, frozen=True):
    """One entry of the directory that a pattern left out of a seal.

    Attributes:
        path: its stored name.
        pattern: the pattern.
        reason: why there is such a pattern, in words.
        directory: whether it is a directory.
        files: how many files it is, or holds; at most some 200,000 are counted.
        bytes: bytes in them.
    """

    path: str
    pattern: str
    reason: str
    directory: bool
    files: int
    bytes: int
