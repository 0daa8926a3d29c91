"""What is kept of entries and items from step to step."""

from __future__ import annotations

from typing import NamedTuple

from file_formats import Table, digest, read_ranges, require, unstore


class File(NamedTuple):
    """An entry as it lies on disk: NUMBER-EVENT, its bytes, those of its signature and details."""

    stem: str
    data: bytes
    signature: bytes
    details: bytes | None = None

    @property
    def number(self) -> int:
        """Give the number that its name says."""
        return int(self.stem[:4])


class Entry:
    """An entry that is usable; of a seal, with what its manifest says."""

    def __init__(self, header: Table, file: File, signer: str) -> None:
        self.header = header
        self.number = int(header["sequence"])
        self.event = str(header["event"])
        self.stem = f"{self.number:04d}-{self.event}"
        self.details: Table = header[self.event]
        self.lacks_details = "reason" not in header  # this copy does not have the file
        self.agent = str(header["agent"])
        self.signer = signer  # the fingerprint of the key that signed
        self.who = (self.agent, signer)
        self.collection = str(header["collection"])
        self.digest = digest(file.data)
        self.digests = (self.digest, digest(file.signature))
        self.items: list[Item] = []  # as far as the manifest can be read
        self.withholds = False  # whether lines of the manifest are withheld
        self.passed = False  # whether the manifest passed step 7

    def is_about(self, item: Item) -> bool:
        """Section "The table of events": without `items`, it is about all that is sealed before."""
        if "items" not in self.header:
            return item.seal.number < self.number
        ranges = read_ranges(self.header["items"])
        return any(first <= item.number <= last for first, last in ranges)


class Item:
    """What a manifest discloses of one item."""

    def __init__(self, content: Table, place: int, seal: Entry) -> None:
        self.content = content
        self.number = int(content["item"])
        self.seal = seal
        self.place = place  # how many lines stand before its own, withheld ones counted
        self.end = place + 1 + len(content["statements"])
        self.withheld = list(content["statements"])  # kinds of statements, but for the disclosed
        self.fields: list[str] = []  # of context, as far as they are disclosed
        self.path = b""  # empty if its name is withheld
        self.sort_key = b""  # rule M12
        self.named_by = seal.number  # the entry by which it has its name
        type_or_reason = content.get("reason", content["type"])
        self.is_directory = type_or_reason in ("directory", "unreadable-directory")

    def add(self, statement: Table, place: int) -> None:
        """Take a statement that follows the content, if it is the one announced for this place."""
        kind = statement["kind"]
        require(statement["item"] == self.number)
        require(kind == self.content["statements"][place - self.place - 1])
        self.withheld.remove(kind)
        if kind == "file":
            self.give_name(unstore(statement["path"]), self.seal.number)
        if kind == "context":
            require(not self.fields or self.fields[-1] < statement["field"])
            self.fields.append(statement["field"])

    def give_name(self, path: bytes, entry: int) -> None:
        """Name it as an entry says."""
        self.path = path
        self.sort_key = path + b"/" if self.is_directory else path
        self.named_by = entry
