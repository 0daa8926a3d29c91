"""The certificate of the Schedule to the Bharatiya Sakshya Adhiniyam 2023, section 63(4)(c), Parts A and B."""

from __future__ import annotations

from evtool.core.custody.events import Event
from evtool.report.certificate.parts import annex, check_parts, limits
from evtool.report.certificate.writer import Writer
from evtool.report.paper import Block, PageBreak, ValueKind

_DEVICES = tuple(
    f"device-{name}" for name in ("computer", "dvr", "mobile", "flash", "disc", "server", "cloud", "other")
)
_ALGORITHMS = ("algorithm-sha1", "algorithm-sha256", "algorithm-md5", "algorithm-other")


def schedule(writer: Writer) -> list[Block]:
    """Write Part A for the party and Part B for the expert, with the hash report that both refer to."""
    return [
        writer.heading("notes"),
        *writer.steps("note"),
        *limits(writer),
        PageBreak(),
        writer.heading("part-a"),
        writer.paragraph("affirm"),
        writer.paragraph("produced-a"),
        *_device(writer),
        writer.paragraph("control"),
        writer.paragraph("ownership"),
        writer.choices("owned", "maintained", "managed", "operated", is_short=True),
        *_hash(writer),
        writer.signature("sign-a", "name-signature", "date-dmy", "time-ist", "place"),
        PageBreak(),
        writer.heading("part-b"),
        writer.paragraph("affirm"),
        writer.paragraph("produced-b"),
        *_device(writer),
        *_hash(writer),
        writer.signature("sign-b", "name-designation", "date-dmy", "time-ist", "place"),
        PageBreak(),
        writer.heading("report"),
        writer.paragraph("report-what"),
        *check_parts(writer),
        *annex(writer),
    ]


def _device(writer: Writer) -> list[Block]:
    return [
        writer.choices(*_DEVICES, is_short=True),
        writer.blanks("make", "colour", "serial", "identifier"),
        writer.blanks("other-information", lines=2),
    ]


def _hash(writer: Writer) -> list[Block]:
    """State the hash values: those of the lists, which hold that of each file; Annex A has each of them."""
    lists = [
        (str(entry.entry), str(entry.details["checksums"]))
        for entry in writer.account.log
        if entry.event is Event.SEALED and entry.details.get("checksums")
    ]
    return [
        writer.paragraph("hash"),
        writer.table(
            (writer.column("entry", ValueKind.NUMBER), writer.column("hash-list", ValueKind.DIGEST, 90)), lists
        ),
        writer.paragraph("hash-of"),
        writer.choices("hash-of-original", "hash-of-copy"),
        writer.paragraph("algorithm"),
        writer.choices(*_ALGORITHMS, ticked=("algorithm-sha256",), is_short=True),
        writer.paragraph("enclosed"),
    ]
