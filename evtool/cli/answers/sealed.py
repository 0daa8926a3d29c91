"""What was sealed, as a JSON document."""

from __future__ import annotations

from evtool.core.errors import ExitCode
from evtool.core.metadata.vocabulary import Withheld
from evtool.operations.seal.options import SealResult
from evtool.report.document import SealDocument
from evtool.report.findings import ListedFindings
from evtool.report.metadata_document import SealedMetadata
from evtool.report.time_document import Stamping


def seal_document(
    result: SealResult,
    directory: str,
    new_names: list[str] | None,
    verdict: ExitCode,
    listed: ListedFindings,
    stamps: Stamping | None,
) -> SealDocument:
    """Give the document of `evtool seal`; `new_names` is there for a dry run alone."""
    return SealDocument(
        exit_code=result.code_for(verdict),
        sealed=result.newest_entry is not None,
        verdict=verdict,
        path=directory,
        dry_run=new_names is not None,
        new_names=None if new_names is None else tuple(new_names),
        entry=result.entry,
        head=result.head,
        new_items=result.new_items,
        new_bytes=result.new_bytes,
        kept_items=result.kept_items,
        other_dates=result.other_dates,
        renamed=result.renamed,
        renamed_by=result.renamed_by,
        reused=result.reused,
        omitted=result.omitted,
        excluded=result.excluded,
        left_out=result.left_out,
        empty=result.empty_count,
        findings=listed.documents,
        more_findings=listed.more,
        notes=tuple(result.notes),
        metadata=_sealed_metadata(result),
        stamping=stamps,
    )


def _sealed_metadata(result: SealResult) -> SealedMetadata | None:
    seen = result.metadata
    if seen is None or seen.choice.detail is None:
        return None
    return SealedMetadata(
        detail=seen.choice.detail,
        confinement=seen.confinement,
        stated=seen.stated,
        failures=dict(seen.failures),
        sensitive={kind: seen.sensitive[kind] for kind in Withheld if seen.sensitive[kind]},
        recordings=seen.recordings,
        cut_short=seen.cut_short,
        read_twice=seen.read_twice,
    )
