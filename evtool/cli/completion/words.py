"""The words that fit in a place: out of the vocabulary, out of the user's own lists, out of a record."""

from __future__ import annotations

import itertools
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from evtool.cli.completion import offers
from evtool.keys.home import agreements_file, home_directory, keys_directory, recipients_file, trust_file

MOST = 100
"""How many words are offered at most; nobody reads more."""

_MOST_NAMES = 50_000
_MOST_SEALS = 20
_MOST_BYTES = 1 << 20
_MOST_ENTRY = 64 << 10

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+,=/-]{0,200}")
"""What a word may be: no shell reads anything in it as an instruction."""

_ENTRY = re.compile(r"([0-9]{4})-([a-z][a-z-]{1,40})\.toml")
_SEALED = re.compile(r"^first_item = ([1-9][0-9]{0,15})\nitems = ([1-9][0-9]{0,15})$", re.MULTILINE)


class Word(Struct, frozen=True):
    """A word that fits.

    Attributes:
        text: the word.
        means: a few words on it, which a shell may show; may be empty.
    """

    text: str
    means: str = ""


class TypedRecord(Struct, frozen=True):
    """Which record the line is about, as far as it is typed.

    Attributes:
        directory: the evidence directory, or None.
        custody: the custody directory, or None for that in the evidence directory.
    """

    directory: str | None = None
    custody: str | None = None

    @property
    def place(self) -> str | None:
        """The custody directory; None if nothing is typed yet that says where it is."""
        return self.custody or (os.path.join(self.directory, "custody") if self.directory else None)


def find_words(spec: str, typed: str, record: TypedRecord) -> list[Word]:
    """Give the words of a kind (`evtool.cli.completion.offers`) that begin with what is typed.

    Raises:
        Exception: something cannot be read, or is not what it should be; then there are no words.
    """
    kind, _, known = spec.partition(":")
    before = ""
    if kind in _IN_LISTS:
        cut = max(typed.rfind(","), typed.rfind("-") if kind == offers.ITEMS else -1) + 1
        before, typed = typed[:cut], typed[cut:]
    if kind in ("words", "list"):
        found: Iterable[Word] = map(Word, known.split())
    elif kind in (offers.ITEM, offers.ITEMS):
        found = _items(typed, record)
    else:
        found = _SOURCES[kind](record) if kind in _SOURCES else ()
    # What is typed before a comma is put into the line anew, without its quotes: it must be as safe as what is found.
    if before and not _SAFE.fullmatch(before):
        return []
    fitting = (word for word in found if word.text.startswith(typed) and _SAFE.fullmatch(word.text))
    return [Word(before + word.text, word.means) for word in itertools.islice(fitting, MOST)]


_IN_LISTS = {offers.RECIPIENTS, offers.ITEMS, "list"}


def _recipients(_record: TypedRecord) -> Iterator[Word]:
    """Give the codes of the user's list of recipients."""
    table = tomllib.loads(_read(recipients_file(home_directory()), _MOST_BYTES).decode("utf-8"))
    return map(Word, sorted(table["recipient"]))


def _agreements(_record: TypedRecord) -> Iterator[Word]:
    """Give the numbers of the user's list of agreements."""
    table = tomllib.loads(_read(agreements_file(home_directory()), _MOST_BYTES).decode("utf-8"))
    return map(Word, sorted(table["agreement"]))


def _own_codes(_record: TypedRecord) -> Iterator[Word]:
    """Give the codes of the user's own keys, by the names of the files; no key is opened."""
    names = sorted(os.listdir(keys_directory(home_directory())))
    return (Word(name) for name in names if not name.endswith(".pub"))


def _trusted(_record: TypedRecord) -> Iterator[Word]:
    """Give the codes in the user's trust list."""
    lines = _read(trust_file(home_directory()), _MOST_BYTES).decode("utf-8").splitlines()
    codes = {code for line in lines if line[:1] not in ("", "#", '"') for code in line.split()[0].split(",")}
    return map(Word, sorted(codes))


def _entries(record: TypedRecord) -> Iterator[Word]:
    """Give the numbers of the entries of a record, newest first, each with its event."""
    last = 0
    for match in filter(None, map(_ENTRY.fullmatch, sorted(_names(record, ".toml"), reverse=True))):
        number = int(match[1])
        if number != last:
            yield Word(str(number), match[2])
        last = number


def _items(typed: str, record: TypedRecord) -> Iterator[Word]:
    """Give the numbers of the sealed items that begin with these digits, the smallest first."""
    if typed and not re.fullmatch("[1-9][0-9]{0,15}", typed):
        return
    ranges = _ranges(record)
    total = sum(end - first for first, end in ranges)
    if not typed and total > MOST:
        # As many numbers help nobody, and a range says how many there are.
        yield from (Word(f"{first}-{end - 1}") for first, end in ranges)
        return
    for power in range(17):
        # 17, then 170 to 179, then 1700 to 1799; or all of them.
        low, high = (int(typed) * 10**power, (int(typed) + 1) * 10**power) if typed else (1, 10**17)
        for first, end in ranges:
            yield from (Word(str(number)) for number in range(max(first, low), min(end, high)))
        if not typed:
            return


def _ranges(record: TypedRecord) -> list[tuple[int, int]]:
    """Give the first number of each seal and the first one behind it; the oldest of many seals are one range."""
    seals = sorted(filter(_ENTRY.fullmatch, _names(record, "-sealed.toml")))
    ranges = []
    for name in seals[-_MOST_SEALS:]:
        text = _read(os.path.join(record.place or "", name), _MOST_ENTRY).decode("utf-8")
        if match := _SEALED.search(text):
            first, count = int(match[1]), int(match[2])
            ranges.append((first, first + count))
    if len(seals) > _MOST_SEALS and ranges:
        # Numbers go on from seal to seal.
        ranges.insert(0, (1, ranges[0][0]))
    return ranges


_SOURCES: Mapping[str, Callable[[TypedRecord], Iterator[Word]]] = {
    offers.RECIPIENT: _recipients,
    offers.RECIPIENTS: _recipients,
    offers.AGREEMENT: _agreements,
    offers.OWN_CODE: _own_codes,
    offers.TRUSTED: _trusted,
    offers.ENTRY: _entries,
}


def _names(record: TypedRecord, end: str) -> list[str]:
    """Give the names in the custody directory that end so; no file is opened for it."""
    if record.place is None:
        return []
    with os.scandir(record.place) as found:
        return [name for entry in itertools.islice(found, _MOST_NAMES) if (name := entry.name).endswith(end)]


def _read(path: str | os.PathLike[str], limit: int) -> bytes:
    """Read a small file; what is no file, or is longer, cannot be read, and nothing waits for it."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
            raise OSError
        return file.read(limit) or b""
