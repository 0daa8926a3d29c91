"""Time-stamps and what they prove, in the words of a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from shlex import quote
from typing import TYPE_CHECKING

from evtool.core.finding import Cause
from evtool.core.text.names import shown
from evtool.core.timestamp.stamp_names import StampName, StampRole
from evtool.core.timestamp.time_report import ProvenInterval, StampKind, StampReport
from evtool.core.timestamp.token_state import TokenState
from evtool.report.language import Language, Said

if TYPE_CHECKING:
    # A report without time-stamps needs none of it, least of all the X.509 parts of cryptography.
    from evtool.core.timestamp.ots.verify import OtsVerdict
    from evtool.core.timestamp.renewal import JudgedToken
    from evtool.core.timestamp.repeat import RepeatFiles
    from evtool.core.timestamp.result import Accuracy, TokenVerdict
    from evtool.report.time_document import AskedServer, FetchedRevocation, Stamping

ROOTS = "roots.pem"
"""The user's anchors, where the printed commands look for them."""


def spell(moment: datetime | None, *, up: bool = False) -> str | None:
    """Spell a moment in UTC to the second, rounded down, or rounded up if it ends an interval."""
    if moment is None:
        return None
    second = moment.astimezone(UTC).replace(microsecond=0)
    if up and second < moment:
        second += timedelta(seconds=1)
    return second.isoformat().replace("+00:00", "Z")


def describe_token(judged: JudgedToken, name: StampName) -> StampReport:
    """Report one token."""
    # This imports the X.509 parts of cryptography, which records without time-stamps do not need.
    from evtool.core.timestamp.repeat import compute_repeat

    verdict, facts = judged.verdict, judged.verdict.claimed
    repeat = compute_repeat(verdict, repeat_files(name, bool(judged.token.certificates)))
    return StampReport(
        entry=name.sequence,
        label=name.label,
        kind=StampKind.RFC3161,
        state=verdict.state,
        reason=verdict.reason.value,
        detail=verdict.detail,
        attested_time=facts.gen_time_text if facts else None,
        accuracy=spell_accuracy(facts.accuracy) if facts and facts.accuracy else None,
        authority=shown(verdict.anchor.name) if verdict.anchor else None,
        authority_fingerprint=verdict.anchor.fingerprint if verdict.anchor else None,
        policy=facts.policy if facts else None,
        serial=facts.serial if facts else None,
        judged_at=spell(verdict.judged_at),
        listed_in=judged.token.listed_in,
        cautions=tuple(f"{caution.value}: {words}" for caution, words in verdict.cautions),
        repeat=_repeatable(verdict, repeat.lines),
        repeat_remark=repeat.remark,
    )


def _repeatable(verdict: TokenVerdict, lines: tuple[str, ...]) -> tuple[str, ...]:
    """Print a command only if it can succeed; for a token without a path it would confuse the reader."""
    return lines if verdict.state is TokenState.PASSED else ()


def repeat_files(name: StampName, has_chain: bool) -> RepeatFiles:
    """Name the files for the commands that repeat a check, as seen from inside the custody directory."""
    # This imports the X.509 parts of cryptography, which records without time-stamps do not need.
    from evtool.core.timestamp.repeat import RepeatFiles

    chain = StampName(name.sequence, name.event, name.label, StampRole.CHAIN).text if has_chain else ""
    return RepeatFiles(name.signature, name.text, ROOTS, chain)


def spell_accuracy(accuracy: Accuracy) -> str:
    """Spell an accuracy in seconds."""
    return f"{accuracy.span.total_seconds():.6f}".rstrip("0").rstrip(".")


def describe_proof(name: StampName, verdict: OtsVerdict, listed_in: int | None) -> StampReport:
    """Report one OpenTimestamps proof."""
    block = verdict.block
    return StampReport(
        entry=name.sequence,
        label=name.label,
        kind=StampKind.OPENTIMESTAMPS,
        state=verdict.state,
        reason=verdict.reason.value,
        detail=verdict.detail,
        attested_time=spell(block.existed_by) if block else None,
        listed_in=listed_in,
        block_height=block.height if block else None,
        block_hash=block.block_hash if block else None,
        pending=verdict.pending,
    )


def render_times(language: Language, intervals: Sequence[ProvenInterval], stamps: Sequence[StampReport]) -> list[str]:
    """Write which times are proven, and by what; nothing if there is no time-stamp."""
    if not stamps:
        return []
    lines = ["", language.say("time.proven")]
    for interval in intervals:
        entry = language.say_ranges(((interval.entry, interval.entry),), "entries")
        lines.append(f"  {entry}  {_render_interval(language, interval)}")
    lines += ["", language.say("time.stamps")]
    for stamp in stamps:
        lines += [f"  {line}" for line in _render_stamp(language, stamp)]
    if any(stamp.repeat for stamp in stamps):
        lines += ["", language.say("time.repeat", roots=ROOTS)]
        for stamp in stamps:
            lines += [f"  {line}" for line in stamp.repeat]
            if stamp.repeat and stamp.repeat_remark:
                lines.append(f"  # {language.say('time.remark', why=Cause('remark', stamp.repeat_remark))}")
    return lines


def _render_interval(language: Language, interval: ProvenInterval) -> str:
    ends = [language.say("time.not-before", time=interval.not_before)] if interval.not_before else []
    ends += [language.say("time.not-after", time=interval.not_after)] if interval.not_after else []
    return ", ".join(ends) or language.say("time.nothing")


def _render_stamp(language: Language, stamp: StampReport) -> list[str]:
    """Write one line on a time-stamp, and one on each caution."""
    is_token, say = stamp.kind is StampKind.RFC3161, language.say
    parts: list[str] = [language.say_ranges(((stamp.entry, stamp.entry),), "entries")]
    parts += [stamp.label if is_token else f"OpenTimestamps {stamp.label}".rstrip()]
    parts += [language.word("stamp-state", stamp.state.value)]
    if stamp.attested_time and not is_token:
        parts.append(say("time.says", time=stamp.attested_time))
    elif stamp.attested_time and stamp.accuracy:
        parts.append(say("time.says-within", time=stamp.attested_time, seconds=stamp.accuracy))
    elif stamp.attested_time:
        parts.append(say("time.says-roughly", time=stamp.attested_time))
    if stamp.block_hash:
        parts.append(say("time.block", height=stamp.block_height, hash=stamp.block_hash))
    elif stamp.authority:
        parts.append(say("time.authority", name=Said(stamp.authority)))
    if stamp.detail:
        parts.append(say("time.remark", why=Cause(stamp.reason, f"{stamp.reason}: {stamp.detail}")))
    lines = ["  ".join(parts)]
    cautions = (Cause(caution.partition(":")[0], caution) for caution in stamp.cautions)
    lines += [f"  {say('time.remark', why=caution)}" for caution in cautions]
    return [*lines, f"  {say('time.headers')}"] if stamp.block_hash else lines


Typed = Callable[[str], str]
"""Makes of a command in general, `evtool timestamp DIR`, the one that is to be typed."""


def render_stamping(stamping: Stamping, typed: Typed) -> list[str]:
    """Write the result of asking for time-stamps, and the commands that come next."""
    good = sum(server.ok for server in stamping.authorities)
    lines = []
    if stamping.authorities:
        lines.append(f"entry {stamping.entry}: stamped by {good} of {_authorities(len(stamping.authorities))}")
    for server in stamping.authorities:
        lines += _render_authority(server)
    lines += render_fetched(stamping.revocation, typed)
    if not stamping.revocation:
        lines += _render_what_to_keep(stamping.authorities, typed)
    asked = [server for server in stamping.calendars if server.ok]
    for server in stamping.calendars:
        lines += [f"  promised by {shown(server.url)}"] if server.ok else _render_problem(server)
    if stamping.proof:
        later = typed(f"evtool timestamp upgrade DIR{''.join(f' --ots {quote(server.url)}' for server in asked)}")
        lines.append(f"  {stamping.proof}: a promise until it is in a block; some hours later, run:")
        lines.append(f"    {later}")
    return lines


def render_rehearsal(stamping: Stamping) -> list[str]:
    """Write who would be asked for time-stamps, and what would be stored."""
    servers = stamping.authorities
    lines = [f"  would ask {shown(server.url)}, and store its answer if that passes" for server in servers]
    if servers:
        lines.append(f"  required: {stamping.needed} of {_authorities(len(servers))}")
    calendars = stamping.calendars
    lines += [f"  would ask {shown(server.url)}, and store what it promises as a proof" for server in calendars]
    return [*lines, "  `--what-leaves` shows the bytes that would be sent."]


def render_fetched(fetched: Sequence[FetchedRevocation], typed: Typed) -> list[str]:
    """Write what came of asking for revocation evidence."""
    lines = []
    for answer in fetched:
        what = "CRL" if answer.kind == "crl" else "OCSP answer"
        if answer.files:
            lines.append(f"  kept the {what} from {shown(answer.url)} as {', '.join(answer.files)}")
            continue
        lines += [f"  not kept: {answer.problem}", *([f"    {answer.hint}"] if answer.hint else [])]
    if any(not answer.files for answer in fetched):
        again = typed("evtool timestamp DIR --with-revocation")
        lines.append(f"  Authorities issue new lists every few days or months. Try again then: {again}")
    return lines


def _render_what_to_keep(servers: Sequence[AskedServer], typed: Typed) -> list[str]:
    """Say until when time-stamps prove something by themselves, and what to keep now so that they do afterwards."""
    stored = [server for server in servers if server.ok and server.proves_until is not None]
    if not stored:
        return []
    lines = []
    for until in dict.fromkeys(server.proves_until for server in stored):
        lines.append(f"  By itself it proves this time until {until}, when the first certificate behind it ends.")
    addresses = list(dict.fromkeys(url for server in stored for url in server.revocation_at))
    lines.append("  After that it is indeterminate, unless you keep now what says that no certificate was revoked.")
    if addresses:
        fetch = typed("evtool timestamp DIR --with-revocation")
        lines += [f"    to fetch it:     {fetch}", "    or by hand, from the addresses that they name:"]
        lines += [f"      {shown(url)}" for url in addresses]
    else:
        lines.append("    The certificates name no address: ask the authority for its revocation list (CRL).")
    lines.append(f"    from a stick:    {typed('evtool timestamp DIR --revocation FILE')}")
    return lines


def render_import(stamping: Stamping, typed: Typed, *, dry_run: bool) -> list[str]:
    """Write the result of importing an answer from a file, and the commands that come next."""
    lines = []
    stored = "would be stored" if dry_run else "stored"
    for authority in stamping.authorities:
        stamped = f"stamped {authority.attested_time} by {authority.authority}"
        lines.append(f"  {shown(authority.url)}: entry {stamping.entry} {stamped}")
        lines += [f"    {stored} as {authority.file}", *_render_clock(authority)]
    return lines + _render_what_to_keep(stamping.authorities, typed)


def _authorities(number: int) -> str:
    return "1 authority" if number == 1 else f"{number} authorities"


def _render_authority(server: AskedServer) -> list[str]:
    if not server.ok:
        return _render_problem(server)
    lines = [f"  stamped {server.attested_time} by {server.authority} at {shown(server.url)}, as {server.file}"]
    return lines + _render_clock(server)


def _render_clock(server: AskedServer) -> list[str]:
    lines = []
    if server.clock_off_seconds is not None:
        way = "behind" if server.clock_off_seconds > 0 else "ahead of"
        seconds = abs(server.clock_off_seconds)
        lines.append(f"  note: this computer's clock is {seconds:,} seconds {way} that of the authority")
    return lines


def _render_problem(server: AskedServer) -> list[str]:
    # A problem at an address already begins with the address.
    what = server.problem if shown(server.url) in server.problem else f"{shown(server.url)}: {server.problem}"
    code = f" [{server.reason}]" if server.reason else ""
    return [f"  FAILED: {what}{code}", *([f"    {server.hint}"] if server.hint else [])]
