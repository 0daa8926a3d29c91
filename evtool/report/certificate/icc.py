"""An annex about provenance and integrity for an international proceeding, with the load file that goes with it.

The columns are a proposal: no list of fields that a court prescribes was found. A party takes the list that the
chamber or the registry orders in the case.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from evtool.core.custody.events import Event
from evtool.core.text.spreadsheet import escape_cell
from evtool.report.account import AccountItem
from evtool.report.certificate.kind import CertificateKind
from evtool.report.certificate.parts import annex, check_parts, entries, fate_of, limits
from evtool.report.certificate.standing import Extent
from evtool.report.certificate.writer import Source, Writer, spell_name
from evtool.report.paper import Block, PageBreak, ValueKind

COLUMNS = (
    "document_id",
    "title",
    "date",
    "author",
    "source",
    "chain_of_custody",
    "confidentiality",
    "original_format",
    "language",
    "sha256",
    "item",
    "bytes",
    "name",
    "result",
)
"""Columns of the load file; the first ten are those of the paper, in its order."""


def provenance_annex(writer: Writer) -> list[Block]:
    """Write the annex: provenance, originality, custody, integrity, time and place, confidentiality, load file."""
    return [
        writer.heading("provenance"),
        writer.paragraph("provenance-what"),
        writer.blanks("collected-by", "collected-how", "collected-from", lines=2),
        writer.heading("originality"),
        *writer.steps("originality"),
        *_derived(writer),
        writer.heading("custody"),
        writer.paragraph("custody-what"),
        entries(writer),
        writer.heading("integrity"),
        *writer.steps("integrity"),
        *check_parts(writer),
        writer.heading("time-place"),
        writer.paragraph("time-place-what"),
        writer.blanks("time-basis", "place-basis", lines=2),
        writer.heading("confidentiality"),
        writer.paragraph("handling", handling=writer.say(f"handling-{_handling(writer)}")),
        writer.blanks("confidentiality-level"),
        writer.blanks("confidentiality-reason", "confidentiality-terms", lines=2),
        writer.paragraph("terms-note"),
        *limits(writer),
        writer.heading("sign-title"),
        writer.signature("sign", "name", "position", "signature", "date", "place"),
        *annex(writer),
        PageBreak(),
        writer.heading("load-file"),
        writer.paragraph("load-file-what"),
        writer.table(
            (
                writer.column("item", ValueKind.NUMBER),
                writer.column("document-id"),
                writer.column("title"),
                writer.column("date"),
                writer.column("author"),
                writer.column("source"),
                writer.column("custody-reference", ValueKind.NUMBER),
                writer.column("confidentiality", ValueKind.COMMAND),
                writer.column("format", ValueKind.COMMAND),
                writer.column("language"),
            ),
            (_row(item) for item in writer.account.items),
            is_annex=True,
        ),
    ]


_HANDLINGS = ("closed", "named", "partners", "public")


def _handling(writer: Writer) -> str:
    handling = writer.account.report.handling
    return handling if handling in _HANDLINGS else "other"


def _derived(writer: Writer) -> list[Block]:
    pairs = writer.account.derived
    if not pairs:
        return [writer.paragraph("derived-none")]
    columns = (
        writer.column("entry", ValueKind.NUMBER),
        writer.column("derived-from", ValueKind.NUMBER),
        writer.column("derived-to", ValueKind.NUMBER),
    )
    return [writer.table(columns, ((str(pair.entry), str(pair.original), str(pair.copy)) for pair in pairs))]


def _row(item: AccountItem) -> tuple[str | None, ...]:
    """Give the row of an item; a place for the pen is where only a person knows what to write."""
    return (
        str(item.item),
        None,
        None,
        _context(item, "collected_at"),
        None,
        None,
        str(item.entry),
        _level(item),
        spell_name(item.media_type),
        _context(item, "language"),
    )


def _context(item: AccountItem, field: str) -> str | None:
    return spell_name(item.context[field]) if field in item.context else None


def _level(item: AccountItem) -> str:
    handling = (item.terms or {}).get("handling")
    return spell_name(handling) if isinstance(handling, str) else "not-stated"


def write_load_file(source: Source) -> str:
    """Write the load file: CSV with a byte order mark, in which no cell is a formula; its words are English.

    Where the certificate is refused it has its heading and no rows.
    """
    writer = Writer(CertificateKind.ICC_ANNEX, source, "en")
    text = io.StringIO(newline="")
    text.write("\ufeff")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for row in _load_rows(writer) if writer.standing.extent is not Extent.REFUSED else ():
        table.writerow([escape_cell(cell) for cell in row])
    return text.getvalue()


def _load_rows(writer: Writer) -> Iterator[list[str]]:
    seals = {entry.entry: entry.head for entry in writer.account.log if entry.event is Event.SEALED}
    for item in writer.account.items:
        row = _row(item)
        custody = f"entry {item.entry} {seals.get(item.entry, '')}".strip()
        yield [
            *(row[at] or "" for at in range(1, 6)),
            custody,
            *(row[at] or "" for at in range(7, 10)),
            item.sha256 or "",
            str(item.item),
            "" if item.size is None else str(item.size),
            spell_name(item.name),
            fate_of(writer, item),
        ]
