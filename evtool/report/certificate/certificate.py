"""A certificate as a paper, made from an account and from nothing else."""

from __future__ import annotations

from collections.abc import Callable

from evtool.report.certificate.icc import provenance_annex
from evtool.report.certificate.india import schedule
from evtool.report.certificate.kind import CertificateKind, require_basis
from evtool.report.certificate.korea import hash_confirmation
from evtool.report.certificate.parts import draft_box, findings, identification, limits, verdict, verdict_box
from evtool.report.certificate.plain import plain_statement
from evtool.report.certificate.standing import Extent
from evtool.report.certificate.uk import witness_statement
from evtool.report.certificate.us import copied_data, generated_record
from evtool.report.certificate.writer import Source, Writer
from evtool.report.paper import Block, Frame, Paper

_WRITE: dict[CertificateKind, Callable[[Writer], list[Block]]] = {
    CertificateKind.US_902_14: copied_data,
    CertificateKind.US_902_13: generated_record,
    CertificateKind.KR_HASH: hash_confirmation,
    CertificateKind.IN_63: schedule,
    CertificateKind.ICC_ANNEX: provenance_annex,
    CertificateKind.UK_STATEMENT: witness_statement,
    CertificateKind.NCC_PLAIN: plain_statement,
}


def write_certificate(kind: CertificateKind, source: Source, language: str) -> Paper:
    """Write a certificate in one of the languages of `list_languages(CERTIFICATES)`.

    The same source and language give the same paper. What may be said depends on the verdict
    (`evtool.report.certificate.standing`): where nothing may, the paper says why, and has nothing to sign.

    Raises:
        UsageError: as `require_basis`.
    """
    require_basis(source.account.audience, source.account.listed)
    writer = Writer(kind, source, language)
    if writer.standing.extent is Extent.REFUSED:
        return Paper(writer.language, writer.say("refused-title"), tuple(_refusal(writer)), writer.say("refused-foot"))
    blocks = [draft_box(writer), *verdict_box(writer), *_WRITE[kind](writer)]
    foot = writer.say("foot", title=writer.say("title"), collection=source.account.report.collection)
    return Paper(writer.language, writer.say("title"), tuple(blocks), foot)


def _refusal(writer: Writer) -> list[Block]:
    refusal = writer.standing.refusal
    assert refusal is not None  # noqa: S101  # a certificate is refused for a reason
    reason = writer.paragraph(f"refused-{refusal.value}", is_strong=True)
    what = writer.paragraph("refused-what", title=writer.say("title"))
    return [
        Frame(writer.say("refused-title"), (reason, verdict(writer), what)),
        writer.heading("found"),
        findings(writer),
        writer.heading("checked"),
        identification(writer),
        *limits(writer),
    ]
