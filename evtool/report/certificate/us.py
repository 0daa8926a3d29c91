"""Certificates for courts of the United States: Federal Rules of Evidence, Rule 902(13) and 902(14)."""

from __future__ import annotations

from evtool.report.certificate.parts import annex, check_parts, limits, self_tests
from evtool.report.certificate.writer import Writer, spell_digest
from evtool.report.paper import Block, FieldList, ValueKind

_PERSON = ("person-name", "person-position", "person-organisation", "person-address")


def copied_data(writer: Writer) -> list[Block]:
    """Write the certificate of a qualified person about data copied from a device, medium or file (902(14))."""
    return [
        writer.heading("who"),
        writer.blanks(*_PERSON),
        writer.blanks("qualified", lines=3),
        writer.heading("data"),
        writer.paragraph("data-what"),
        writer.blanks("source-medium", "source-make", "copy-medium", "copied-when"),
        writer.heading("process"),
        *writer.steps("process"),
        writer.choices("did-self", "did-other", "practice"),
        *check_parts(writer),
        writer.heading("notice"),
        writer.choices("notice-given", "notice-inspection"),
        *limits(writer),
        *_declaration(writer),
        *annex(writer),
    ]


def generated_record(writer: Writer) -> list[Block]:
    """Write the certificate of a qualified person about the process that generated the report (902(13))."""
    made = writer.account.made
    steps = (
        (str(step.step), step.name, f"{step.checked:,}", f"{step.subjects:,}") for step in writer.account.report.steps
    )
    columns = (
        writer.column("step", ValueKind.NUMBER),
        writer.column("step-name", ValueKind.COMMAND),
        writer.column("step-checked", ValueKind.NUMBER),
        writer.column("step-subjects", ValueKind.NUMBER),
    )
    packages = ((package.name, package.version) for package in made.packages)
    library = (writer.column("library", ValueKind.COMMAND), writer.column("version", ValueKind.COMMAND))
    return [
        writer.heading("who"),
        writer.blanks(*_PERSON),
        writer.blanks("qualified", lines=3),
        writer.heading("record"),
        writer.paragraph("record-what"),
        FieldList((writer.field("account", spell_digest(writer.source.sha256), ValueKind.DIGEST),)),
        writer.heading("process"),
        *writer.steps("process"),
        writer.table(columns, steps),
        writer.heading("program"),
        writer.paragraph("program-what", python=made.python, platform=made.platform),
        self_tests(writer),
        writer.table(library, packages),
        writer.heading("operator"),
        writer.paragraph("operator-what"),
        writer.blanks("operator-working", "operator-accurate", lines=3),
        *check_parts(writer),
        writer.heading("notice"),
        writer.choices("notice-given", "notice-inspection"),
        *limits(writer),
        *_declaration(writer),
    ]


def _declaration(writer: Writer) -> list[Block]:
    return [
        writer.heading("declaration"),
        writer.paragraph("declaration-what"),
        writer.choices("declare-within", "declare-outside"),
        writer.paragraph("declaration-foreign"),
        writer.signature("sign", "signature", "print-name", "date", "place"),
    ]
