"""What is known of bundles that came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evtool.core.text.names import shown
from evtool.operations.catalogue.holdings import BundleHolding
from evtool.report.intake_document import BundleDocument, HoldingsDocument
from evtool.report.language import Language

_SHOWN = ("name", "path", "sha256", "bytes", "collection", "head", "sender", "agreement", "receipt")


def render_holding(language: Language, holding: BundleHolding, *, everything: bool = False) -> Iterator[str]:
    """Write where a bundle stands and why; with `everything`, also all else that is known of it."""
    state = language.word("intake-state", holding.state.value)
    yield language.say("intake.waiting", number=holding.number, state=state, seen=holding.seen)
    for reason in holding.reasons:
        yield f"  {reason}: {language.word('intake-reason', reason)}"
    if holding.decided_by is not None:
        yield "  " + language.say("intake.decided", by=holding.decided_by, at=holding.decided_at, why=holding.why)
    for name in _SHOWN if everything else ("path",):
        value = getattr(holding, name)
        if value is not None:
            yield f"  {language.word('intake-field', name)}: {shown(str(value))}"
    if everything and holding.findings:
        yield f"  {language.word('intake-field', 'findings')}: {', '.join(holding.findings)}"


def holdings_document(path: str, holdings: Iterable[BundleHolding]) -> HoldingsDocument:
    """Describe bundles for a script."""
    return HoldingsDocument(path=path, holdings=tuple(map(_document, holdings)))


def _document(holding: BundleHolding) -> BundleDocument:
    fields = holding._asdict()
    return BundleDocument(holding=fields.pop("number"), state=fields.pop("state").value, **fields)
