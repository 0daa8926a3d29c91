"""A plain statement on one sheet, for any place, with two signatures."""

from __future__ import annotations

from evtool.report.certificate.parts import axes, identification, limits, results, seals
from evtool.report.certificate.writer import Writer
from evtool.report.paper import Block


def plain_statement(writer: Writer) -> list[Block]:
    """Write what was checked and what came of it; the custodian and the one who checked sign."""
    return [
        *writer.steps("statement"),
        identification(writer),
        results(writer),
        axes(writer),
        seals(writer),
        *limits(writer),
        writer.signature("sign-custodian", "name", "position", "signature", "date", "place"),
        writer.signature("sign-checker", "name", "position", "signature", "date", "place"),
    ]
