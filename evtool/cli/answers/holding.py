"""What is known of bundles that came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from evtool.core.text.names import shown
from evtool.operations.catalogue.holdings import BundleHolding
from evtool.report.intake_document import BundleDocument, HoldingsDocument
from evtool.report.language import Language
from evtool.store.catalogue.shelves import Shelves

_SHOWN = ("sha256", "bytes", "collection", "head", "agreement", "receipt")


def render_holding(language: Language, holding: BundleHolding) -> Iterator[str]:
    """Write where a bundle stands, and why."""
    say = language.say
    state, sender = language.word("intake-state", holding.state.value), holding.sender
    of = say("intake.of", sender=sender) if sender is not None else None
    yield say("intake.waiting", number=holding.number, state=state, seen=holding.seen, of=of)
    for reason in holding.reasons:
        yield f"  {reason}: {language.word('intake-reason', reason)}"
    if holding.decided_by is not None:
        yield "  " + language.say("intake.decided", by=holding.decided_by, at=holding.decided_at, why=holding.why)


def render_all(language: Language, holding: BundleHolding, root: Path) -> Iterator[str]:
    """Write all that is known of a bundle; `root` is the directory of the store.

    A catalogue may keep no names. That under which the bundle came lies beside it, and is read there.
    """
    yield from render_holding(language, holding)
    fields: list[tuple[str, object]] = [(name, getattr(holding, name)) for name in _SHOWN]
    if holding.path is not None:
        shelf = Shelves(root).find(holding.path)
        came_as = shelf.read_name() if shelf is not None else None
        fields = [("name", came_as), ("path", root / holding.path), *fields]
    fields.append(("findings", ", ".join(holding.findings) or None))
    for name, value in fields:
        if value is not None:
            yield f"  {language.word('intake-field', name)}: {shown(str(value))}"


def holdings_document(path: str, holdings: Iterable[BundleHolding]) -> HoldingsDocument:
    """Describe bundles for a script."""
    return HoldingsDocument(path=path, holdings=tuple(map(_document, holdings)))


def _document(holding: BundleHolding) -> BundleDocument:
    fields = holding._asdict()
    return BundleDocument(holding=fields.pop("number"), state=fields.pop("state").value, **fields)
