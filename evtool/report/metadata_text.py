"""Embedded metadata in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evtool.core.finding import Listed, Words
from evtool.core.manifest.statement import MetadataStatement
from evtool.core.metadata.claims import Claims
from evtool.core.metadata.vocabulary import Failure, OffsetBasis, Withheld
from evtool.core.text.counts import counted
from evtool.core.text.names import shown
from evtool.report.columns import columns_of, pad
from evtool.report.language import Language, Said, english


def render_claims(language: Language, claims: Claims) -> Iterator[tuple[Said, Said]]:
    """Give each claim in words: its kind, and its value with the tag it was read from."""

    def claim(kind: str, value: str, limit: int = 240) -> tuple[Said, Said]:
        return language.word("claim", kind), Said(shown(value, limit))

    if claims.format is not None:
        puid = f", {claims.format.puid}" if claims.format.puid else ""
        yield claim("format", f"{claims.format.name} ({claims.format.media_type}{puid})")
    for time in claims.times:
        unknown = {basis: language.say(f"metadata.offset-{basis.value}") for basis in _UNKNOWN_OFFSETS}
        yield claim(time.kind.value, f"{time.time}{unknown.get(time.offset, '')} ({time.source})")
    for place in claims.places:
        height = f", {place.altitude} m" if place.altitude else ""
        yield claim("place", f"{place.latitude}, {place.longitude}{height} ({place.source})")
    for duration in claims.durations:
        yield claim("duration", f"{duration.seconds} s ({duration.source})")
    for text in claims.texts:
        yield claim(text.kind.code, f"{text.value} ({text.source})", 600)
    for count in claims.counts:
        yield claim(count.kind.value, f"{count.value} ({count.source})")
    for tag in claims.tags:
        yield claim("tag", f"{tag.name}: {tag.value}", 600)


_UNKNOWN_OFFSETS = (OffsetBasis.UNKNOWN, OffsetBasis.FORMAT)


def render_remarks(language: Language, claims: Claims, left_out: str) -> Iterator[Said]:
    """Say what is missing from the claims; `left_out` is the text on what the basic form leaves out."""
    if claims.withheld:
        parts = tuple(
            Words("withheld-kind", kind=say_kind(language, kind), count=count) for kind, count in claims.withheld
        )
        yield language.say(f"metadata.{left_out}", kinds=Listed(parts, len(parts)))
    if claims.dropped:
        yield language.say("metadata.dropped", count=claims.dropped)
    for problem in claims.problems:
        yield language.say("metadata.problem", extractor=problem.extractor, reason=problem.reason)


def say_kind(language: Language, kind: Withheld) -> Said:
    """Say a kind of what the basic form leaves out."""
    return language.word("withheld", kind.value)


def render_statement(language: Language, statement: MetadataStatement) -> Iterator[str]:
    """Write the sealed embedded metadata of a file, one claim per line."""
    unconfined = statement.confinement == "none" and statement.claims is not None
    yield language.say("metadata.unconfined" if unconfined else "metadata.embedded")
    if statement.failure is not None:
        failure = statement.failure.value
        yield f"  {language.say('metadata.failed', failure=failure, why=language.word('failure', failure))}"
    if statement.claims is not None:
        claims = list(render_claims(language, statement.claims))
        width = max([20, *(columns_of(what) for what, _ in claims)])
        for what, claim in claims:
            yield f"  {pad(what, width)} {claim}"
        for remark in render_remarks(language, statement.claims, "not-sealed"):
            yield f"  {remark}"


def render_summary(stated: int, failures: Mapping[Failure, int], confinement: str, cut_short: int) -> Iterator[str]:
    """Say for how many files of a seal metadata is stated, and for how many it is missing or may be incomplete."""
    if stated:
        unconfined = "; the parser was not confined" if confinement == "none" else ""
        whose = "1 new file: its" if stated == 1 else f"{stated:,} new files: their"
        yield f"{whose} embedded metadata is sealed with {'it' if stated == 1 else 'them'}{unconfined}"
    if cut_short:
        files = "1 new file" if cut_short == 1 else f"{cut_short:,} new files"
        read = "it could not be read to its end" if cut_short == 1 else "they could not be read to their end"
        yield f"{files}: metadata may be incomplete, as {read}: `evtool inspect FILE`"
    for failure, number in sorted(failures.items(), key=lambda failure: failure[0].value):
        files = "1 new file" if number == 1 else f"{number:,} new files"
        yield f"{files}: metadata missing or incomplete: {failure.value}: {english().word('failure', failure.value)}"


def render_warnings(sensitive: Mapping[Withheld, int], recordings: int, *, sealed: bool) -> Iterator[str]:
    """Warn of what new files contain, by kind and without values; `sealed` if the manifest now contains it too.

    `recordings` pictures hold a video or a sound recording.
    """
    where = "in the files, and in the manifest" if sealed else "in the files; the manifest leaves it out"
    for kind in Withheld:
        number = sensitive.get(kind, 0)
        # Nearly every photograph has raw tags, which by themselves are no reason to warn.
        if number and kind is not Withheld.TAG:
            yield f"warning: {kind.value} present in {counted(number, 'item')}: {say_kind(english(), kind)}, {where}"
    if recordings:
        where = counted(recordings, "item")
        yield f"warning: recording present in {where}: a video or a sound recording inside a picture, in the files"
