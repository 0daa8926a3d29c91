"""Embedded metadata in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evtool.core.manifest.statement import MetadataStatement
from evtool.core.metadata.claims import Claims
from evtool.core.metadata.vocabulary import Failure, OffsetBasis, Withheld
from evtool.core.text.counts import counted
from evtool.core.text.names import shown

WORDS = {
    Withheld.PLACE: "places",
    Withheld.SERIAL: "serial numbers and identifiers",
    Withheld.PERSON: "names of persons, organisations or computers",
    Withheld.TEXT: "free texts",
    Withheld.TAG: "raw tags",
}
"""What the basic form leaves out, by kind."""

_FAILURES = {
    Failure.NO_CONFINEMENT: "this platform cannot confine the parser, so it was not used (--no-sandbox uses it anyway)",
    Failure.NOT_STARTED: "the parser's process could not be started",
    Failure.TOO_LARGE: "too large to be copied for the parser",
    Failure.CPU_TIME: "the parser was stopped, because it used too much processor time",
    Failure.WALL_TIME: "the parser was stopped, because it took too long",
    Failure.KILLED: "the parser crashed, or the system stopped it",
    Failure.ANSWER: "the parser's answer was too long, cut off or malformed",
    Failure.UNREADABLE: "could not be opened a second time",
    Failure.CHANGED: "changed after it was hashed",
    Failure.WITHHELD: "not written, because the metadata contains a denied term",
}


def render_claims(claims: Claims) -> Iterator[tuple[str, str]]:
    """Give each claim in words: its kind, and its value with the tag it was read from."""
    if claims.format is not None:
        puid = f", {claims.format.puid}" if claims.format.puid else ""
        yield "format", shown(f"{claims.format.name} ({claims.format.media_type}{puid})")
    for time in claims.times:
        unknown = {OffsetBasis.UNKNOWN: ", offset unknown", OffsetBasis.FORMAT: ", UTC by the format"}
        yield time.kind.value, shown(f"{time.time}{unknown.get(time.offset, '')} ({time.source})")
    for place in claims.places:
        height = f", {place.altitude} m" if place.altitude else ""
        yield "place", shown(f"{place.latitude}, {place.longitude}{height} ({place.source})")
    for duration in claims.durations:
        yield "duration", shown(f"{duration.seconds} s ({duration.source})")
    for text in claims.texts:
        yield text.kind.code, shown(f"{text.value} ({text.source})", 600)
    for count in claims.counts:
        yield count.kind.value, shown(f"{count.value} ({count.source})")
    for tag in claims.tags:
        yield "tag", shown(f"{tag.name}: {tag.value}", 600)


def render_remarks(claims: Claims, not_shown: str) -> Iterator[str]:
    """Say what is missing from the claims; `not_shown` says what happened to what the basic form leaves out."""
    if claims.withheld:
        kinds = ", ".join(f"{WORDS[kind]} ({number})" for kind, number in claims.withheld)
        yield not_shown.format(kinds)
    if claims.dropped:
        yield f"not kept, because there were too many: {claims.dropped} claims or tags"
    for problem in claims.problems:
        yield f"incomplete: {problem.extractor}: {shown(problem.reason)}"


def render_statement(statement: MetadataStatement) -> Iterator[str]:
    """Write the sealed embedded metadata of a file, one claim per line."""
    unconfined = ", read without confinement" if statement.confinement == "none" and statement.claims else ""
    yield f"embedded metadata{unconfined}"
    if statement.failure is not None:
        yield f"  incomplete: {statement.failure.value}: {_FAILURES[statement.failure]}"
    if statement.claims is not None:
        for what, claim in render_claims(statement.claims):
            yield f"  {what:<20} {claim}"
        for remark in render_remarks(statement.claims, "not sealed: {}; the file itself contains them"):
            yield f"  {remark}"


def render_summary(stated: int, failures: Mapping[Failure, int], confinement: str) -> Iterator[str]:
    """Say for how many files of a seal metadata is stated, and for how many it is missing or may be incomplete."""
    if stated:
        unconfined = "; the parser was not confined" if confinement == "none" else ""
        whose = "1 new file: its" if stated == 1 else f"{stated:,} new files: their"
        yield f"{whose} embedded metadata is sealed with {'it' if stated == 1 else 'them'}{unconfined}"
    for failure, number in sorted(failures.items(), key=lambda failure: failure[0].value):
        files = "1 new file" if number == 1 else f"{number:,} new files"
        yield f"{files}: metadata missing or incomplete: {failure.value}: {_FAILURES[failure]}"


def render_warnings(sensitive: Mapping[Withheld, int], recordings: int, *, sealed: bool) -> Iterator[str]:
    """Warn of what new files contain, by kind and without values; `sealed` if the manifest now contains it too.

    `recordings` pictures hold a video or a sound recording.
    """
    where = "in the files, and in the manifest" if sealed else "in the files; the manifest leaves it out"
    for kind in Withheld:
        number = sensitive.get(kind, 0)
        # Nearly every photograph has raw tags, which by themselves are no reason to warn.
        if number and kind is not Withheld.TAG:
            yield f"warning: {kind.value} present in {counted(number, 'item')}: {WORDS[kind]}, {where}"
    if recordings:
        where = counted(recordings, "item")
        yield f"warning: recording present in {where}: a video or a sound recording inside a picture, in the files"
