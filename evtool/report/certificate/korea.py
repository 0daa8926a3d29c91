"""The confirmation of equal hash values for courts of the Republic of Korea."""

from __future__ import annotations

from collections.abc import Iterator

from evtool.report.certificate.parts import check_parts, entries, fate_of, found_digests, limits, self_tests
from evtool.report.certificate.writer import Writer, spell_digest, spell_name
from evtool.report.paper import Block, FieldList, PageBreak, ValueKind


def hash_confirmation(writer: Writer) -> list[Block]:
    """Write the confirmation that the Supreme Court asks for (2007Do7257, 2013Do2511), and its annexes."""
    made = writer.account.made
    return [
        writer.heading("parties"),
        writer.paragraph("parties-what"),
        writer.blanks("holder", "holder-contact", "submitter", "case", "participant"),
        writer.heading("media"),
        writer.blanks("medium-original", "medium-original-serial", "medium-copy", "medium-copy-serial", "copied-when"),
        writer.heading("confirmation"),
        *writer.steps("confirm"),
        writer.choices("hash-original-self", "hash-original-seal"),
        *check_parts(writer),
        writer.heading("custody"),
        entries(writer),
        writer.heading("machine"),
        writer.paragraph("machine-what"),
        writer.blanks("machine-model", lines=1),
        writer.blanks("machine-state", lines=2),
        writer.heading("program"),
        writer.paragraph("program-what", files=made.code_files, python=made.python),
        FieldList((writer.field("program-code", spell_digest(made.code_sha256), ValueKind.DIGEST),)),
        self_tests(writer),
        writer.heading("operator"),
        writer.paragraph("operator-what"),
        writer.blanks("operator-name", "operator-position", lines=1),
        writer.blanks("operator-skill", lines=3),
        writer.heading("testify"),
        writer.choices("testify-yes", "testify-no", "testify-organisation"),
        writer.heading("notes"),
        *writer.steps("note"),
        *limits(writer),
        writer.heading("sign-title"),
        writer.paragraph("sign-what"),
        writer.signature("sign-holder", "name", "signature", "date", "place"),
        writer.signature("sign-submitter", "name", "signature", "date", "place"),
        writer.signature("sign-participant", "name", "signature", "date", "place"),
        PageBreak(),
        writer.heading("input"),
        writer.paragraph("input-what"),
        writer.blanks("input-person", "input-when", "output-person", "output-when"),
        PageBreak(),
        *_annex(writer),
    ]


def _annex(writer: Writer) -> list[Block]:
    return [
        writer.heading("annex"),
        writer.paragraph("annex-what"),
        *([] if writer.account.with_names else [writer.paragraph("annex-nameless")]),
        writer.table(
            (
                writer.column("item", ValueKind.NUMBER),
                *([writer.column("name", ValueKind.NAME)] if writer.account.with_names else []),
                writer.column("bytes", ValueKind.NUMBER),
                writer.column("function", ValueKind.COMMAND, 10),
                writer.column("hash-sealed", ValueKind.DIGEST),
                writer.column("hash-copy", ValueKind.DIGEST),
                writer.column("equal"),
            ),
            _rows(writer),
            is_annex=True,
        ),
    ]


def _rows(writer: Writer) -> Iterator[tuple[str | None, ...]]:
    found = found_digests(writer)
    fates = writer.standing.fates
    for item in writer.account.items:
        is_equal = item.sha256 is not None and fates.get(item.item) == "ok"
        yield (
            str(item.item),
            *([spell_name(item.name)] if writer.account.with_names else []),
            "" if item.size is None else f"{item.size:,}",
            "SHA-256" if item.sha256 else "",
            item.sha256 or "",
            found.get(item.item, ""),
            writer.say("equal-yes") if is_equal else fate_of(writer, item),
        )
