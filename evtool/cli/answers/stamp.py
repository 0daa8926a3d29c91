"""What came of asking for time-stamps, in words and as typed values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evtool.cli.output import Output
from evtool.core.errors import EvtoolError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown
from evtool.core.timestamp.x509.sources import find_sources
from evtool.interop.http_client import Outgoing, find_proxy
from evtool.operations.timestamps.add import StampOptions, StampResult
from evtool.operations.timestamps.asking import CalendarOutcome, StampOutcome
from evtool.operations.timestamps.fetching import FetchedSource
from evtool.operations.timestamps.storing import StoredStamp
from evtool.report.stamp import spell
from evtool.report.time_document import AskedServer, FetchedRevocation, LeavesDocument, LeavingRequest, Stamping

_UNPRINTABLE = compiled_when_used(rb"[^\x20-\x7e]")


def describe_stamping(result: StampResult) -> Stamping:
    """Turn what came of it into the document's type."""
    return Stamping(
        entry=result.entry,
        needed=result.needed,
        authorities=(*map(_stored, result.stored), *map(_failed, result.failed)),
        calendars=tuple(map(describe_calendar, result.calendars)),
        proof=result.proof.text if result.proof else None,
        ok=result.ok,
        revocation=describe_fetched(result.fetched),
    )


def describe_fetched(fetched: Sequence[FetchedSource]) -> tuple[FetchedRevocation, ...]:
    """Turn what came of asking for revocation evidence into the document's type."""
    return tuple(
        FetchedRevocation(
            url=answer.source.url,
            kind=answer.source.kind.value,
            certificate=answer.source.certificate,
            files=tuple(dict.fromkeys(kept.name.text for kept in answer.kept)),
            problem=answer.problem,
            hint=answer.hint,
        )
        for answer in fetched
    )


def did_stamp(output: Output, stamping: Stamping) -> None:
    """Note what was stored, for when the answer is lost."""
    files = [authority.file for authority in stamping.authorities if authority.file is not None]
    files += [name for fetched in stamping.revocation for name in fetched.files]
    files += [stamping.proof] if stamping.proof is not None else []
    if files:
        output.did(f"stored {', '.join(files)}")


def describe_rehearsal(entry: int, order: StampOptions) -> Stamping:
    """Say who would be asked to stamp an entry."""
    return Stamping(
        entry=entry,
        needed=order.needed,
        authorities=tuple(AskedServer(url=url, ok=False) for url in order.authorities),
        calendars=tuple(AskedServer(url=url, ok=False) for url in order.calendars),
        proof=None,
        ok=False,
    )


def describe_failure(entry: int, order: StampOptions, error: EvtoolError) -> Stamping:
    """Report that nothing could be stored for a seal that exists all the same."""
    servers = [AskedServer(url=url, ok=False, problem=error.message, hint=error.hint) for url in order.authorities]
    calendars = [AskedServer(url=url, ok=False, problem=error.message, hint=error.hint) for url in order.calendars]
    return Stamping(
        entry=entry,
        needed=order.needed,
        authorities=tuple(servers),
        calendars=tuple(calendars),
        proof=None,
        ok=False,
    )


def _stored(stored: StoredStamp) -> AskedServer:
    return _authority(stored.outcome, stored.name.text)


def _failed(outcome: StampOutcome) -> AskedServer:
    return _authority(outcome, None)


def _authority(outcome: StampOutcome, file: str | None) -> AskedServer:
    verdict = outcome.verdict
    difference = outcome.clock_difference if outcome.is_clock_off else None
    rests_on = verdict if file and verdict and verdict.revocation_known_until is None else None
    return AskedServer(
        url=outcome.url,
        ok=outcome.ok,
        file=file,
        state=verdict.state.value if verdict else None,
        reason=verdict.reason.value if verdict else None,
        authority=shown(verdict.anchor.name) if verdict and verdict.anchor else None,
        attested_time=verdict.claimed.gen_time_text if verdict and verdict.claimed else None,
        problem=outcome.problem,
        hint=outcome.hint,
        clock_off_seconds=round(difference.total_seconds()) if difference is not None else None,
        proves_until=spell(rests_on.ends) if rests_on else None,
        revocation_at=tuple(source.url for source in find_sources(rests_on.chain)) if rests_on else (),
    )


def describe_calendar(outcome: CalendarOutcome) -> AskedServer:
    """Turn what came of asking a calendar into the document's type."""
    return AskedServer(url=outcome.url, ok=not outcome.problem, problem=outcome.problem, hint=outcome.hint)


def answer_leaves(output: Output, requests: Sequence[Outgoing], *, blank: bool) -> None:
    """Print what would be sent."""
    leaving = [
        LeavingRequest(url=request.url, wire=request.wire.hex(), proxy=find_proxy(request.url)) for request in requests
    ]
    output.document(LeavesDocument(blank=blank, requests=tuple(leaving)))
    output.answer(
        "\n\n".join("\n".join(_render_request(request)) for request in leaving) or "nothing leaves this computer"
    )
    if blank:
        output.talk("The entry is not there yet: zeros stand for its digest, and for the random nonce or salt.")
    else:
        output.talk("Nothing was sent. The nonce of an authority, or the salt of a calendar, is new in every run.")


def _render_request(request: LeavingRequest) -> list[str]:
    wire = bytes.fromhex(request.wire)
    inside = ", inside of TLS" if request.url.startswith("https:") else ""
    lines = [f"To {shown(request.url)}, {len(wire)} bytes{inside}:"]
    if request.proxy:
        lines.append(f"  through the proxy {shown(request.proxy)}, which gets the full address in the first line")
    return lines + [f"  {line}" for line in dump_hex(wire)]


def dump_hex(data: bytes) -> Iterable[str]:
    """Write bytes as offset, hexadecimal and text, 16 a line."""
    for offset in range(0, len(data), 16):
        row = data[offset : offset + 16]
        text = _UNPRINTABLE.sub(b".", row).decode("ascii")
        yield f"{offset:04x}  {row.hex(' '):<47}  {text}"
