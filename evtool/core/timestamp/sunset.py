"""When algorithms stop being trusted: the sunset table, a data file that is read here and kept beside this module."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time
from typing import Any

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.text.names import shown

FORMAT = "evtool-sunset/1"
RESOURCE = "sunset.toml"
"""Name of the table that comes with this package; whoever calls reads it."""

MAX_TABLE_BYTES = 64 << 10


class Sunset(Struct, frozen=True):
    """Until when one algorithm is trusted.

    Attributes:
        name: hash function, or kind of key.
        min_bits: smallest key this row is about; 0 for hash functions.
        until: last day of trust in UTC, None if no end is known.
        source: who says so.
    """

    name: str
    min_bits: int
    until: date | None
    source: str

    @property
    def end(self) -> datetime | None:
        """Give the last second of trust."""
        return datetime.combine(self.until, time(23, 59, 59), UTC) if self.until else None


class SunsetTable(Struct, frozen=True):
    """All rows: hash functions, and kinds of keys by size."""

    hashes: tuple[Sunset, ...]
    keys: tuple[Sunset, ...]

    def find_hash(self, name: str) -> Sunset | None:
        """Find the row of a hash function by its name, for example `sha256`."""
        return next((row for row in self.hashes if row.name == name), None)

    def find_key(self, description: str) -> Sunset | None:
        """Find the row of a key described as `certificates.describe_key` does, for example `rsa-2048`."""
        kind, _, size = description.partition("-")
        bits = int(size) if size.isascii() and size.isdigit() else 0
        rows = [row for row in self.keys if row.name == kind and row.min_bits <= bits]
        return max(rows, key=lambda row: row.min_bits, default=None)


def parse_sunset_table(text: str) -> SunsetTable:
    """Read a sunset table from TOML.

    Raises:
        FormatError: it is not one, or a row is incomplete or unknown.
    """
    if len(text) > MAX_TABLE_BYTES:
        raise FormatError(
            "a sunset table has at most {limit} characters, this has {count}",
            key="sunset-long",
            count=len(text),
            limit=MAX_TABLE_BYTES,
        )
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FormatError(
            "the sunset table is not TOML: {why_en}", key="sunset-not-toml", why_en=shown(str(error))
        ) from error
    if table.get("format") != FORMAT or set(table) - {"format", "hash", "key"}:
        raise FormatError("the sunset table is not of format {format}", key="sunset-format", format=FORMAT)
    return SunsetTable(
        tuple(_parse_row(row, "name", None) for row in _rows(table, "hash")),
        tuple(_parse_row(row, "kind", "min_bits") for row in _rows(table, "key")),
    )


def _rows(table: dict[str, Any], name: str) -> list[Any]:
    rows = table.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise FormatError("{name} is not a list of tables in the sunset table", key="sunset-not-list", name=name)
    return rows


def _parse_row(row: dict[str, Any], name_field: str, bits_field: str | None) -> Sunset:
    known = {name_field, "until", "source"} | ({bits_field} if bits_field else set())
    if set(row) - known:
        raise FormatError(
            "the sunset table has an unknown field {field}", key="sunset-field", field=shown(min(set(row) - known))
        )
    name, source, until = row.get(name_field), row.get("source"), row.get("until")
    bits = row.get(bits_field) if bits_field else 0
    if not isinstance(name, str) or not isinstance(source, str) or not source:
        raise FormatError("a row of the sunset table lacks its {name} or its source", key="sunset-row", name=name_field)
    if isinstance(bits, bool) or not isinstance(bits, int) or bits < 0:
        raise FormatError("min_bits of {name} is not a number of bits", key="sunset-bits", name=shown(name))
    # A TOML date-time is a date in Python's eyes too; a row is about whole days.
    if until is not None and (isinstance(until, datetime) or not isinstance(until, date)):
        raise FormatError("until of {name} is not a date", key="sunset-date", name=shown(name))
    return Sunset(name, bits, until, source)
