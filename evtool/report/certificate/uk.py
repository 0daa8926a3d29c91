"""A written witness statement for a criminal court of England and Wales: facts, and no opinion."""

from __future__ import annotations

from evtool.report.certificate.parts import annex, check_parts, entries, limits, self_tests
from evtool.report.certificate.writer import Writer
from evtool.report.paper import Block


def witness_statement(writer: Writer) -> list[Block]:
    """Write the statement (section 9 of the Criminal Justice Act 1967, Criminal Procedure Rules 16.2 and 16.3)."""
    return [
        writer.heading("witness"),
        writer.blanks("witness-name", "witness-age", "witness-occupation"),
        writer.paragraph("declaration"),
        writer.signature("sign-declaration", "signature", "date"),
        writer.heading("role"),
        writer.blanks("role-who", "role-how", lines=3),
        writer.heading("method"),
        *writer.steps("method"),
        *check_parts(writer),
        writer.heading("tested"),
        writer.paragraph("tested-what"),
        self_tests(writer),
        writer.heading("exhibits"),
        writer.paragraph("exhibit-copy"),
        writer.paragraph("exhibit-report"),
        writer.paragraph("exhibit-what"),
        writer.heading("custody"),
        writer.paragraph("custody-what"),
        entries(writer),
        writer.blanks("custody-own", lines=2),
        writer.heading("principles"),
        writer.paragraph("principles-what"),
        *writer.steps("principle"),
        writer.heading("unused"),
        writer.paragraph("unused-what"),
        *limits(writer),
        writer.paragraph("no-opinion"),
        writer.heading("read-over"),
        writer.choices("read-self", "read-by-other"),
        writer.signature("sign", "signature", "print-name", "date", "witnessed-by"),
        *annex(writer),
    ]
