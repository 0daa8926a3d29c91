"""The JSON documents about what files say of themselves, as types; see `evtool.report.document`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evtool.core.manifest.statement import MetadataStatement
from evtool.core.metadata.claims import (
    Claims,
    CountClaim,
    DurationClaim,
    FormatClaim,
    PlaceClaim,
    Problem,
    Tag,
    TimeClaim,
)
from evtool.core.metadata.vocabulary import VOCABULARY, Detail, Failure, Withheld


class TextDocument(Struct, frozen=True, kw_only=True):
    """A text that a file states.

    Attributes:
        kind: what it is, a word of the vocabulary.
        value: the text.
        source: the tag that it was read from.
    """

    kind: str
    value: str
    source: str


class ClaimsDocument(Struct, frozen=True, kw_only=True):
    """What one file says of itself; nothing in it was observed.

    Attributes:
        vocabulary: in which words, and in which version of them.
        detail: whether this is the full form, or the basic one, which leaves out what could name somebody.
        format: what the content begins like, or null.
        times: as RFC 3339, without an offset where `offset` is `unknown`.
        places: decimal degrees and metres, as text; no altitude is the empty text.
        durations: seconds, as decimal text.
        texts: device, software, language and so on; in the full form also names, serial numbers and free text.
        counts: numbers of things, 1 where something was merely noted as present.
        tags: raw tags, cleaned and cut.
        withheld: by kind, how many claims the basic form left out.
        dropped: claims and tags that were too many or too large.
        problems: which part of the parser did not finish, and why.
    """

    vocabulary: Literal["evtool-claims/1"]
    detail: Detail
    format: FormatClaim | None
    times: tuple[TimeClaim, ...]
    places: tuple[PlaceClaim, ...]
    durations: tuple[DurationClaim, ...]
    texts: tuple[TextDocument, ...]
    counts: tuple[CountClaim, ...]
    tags: tuple[Tag, ...]
    withheld: dict[Withheld, int]
    dropped: int
    problems: tuple[Problem, ...]


class MetadataDocument(Struct, frozen=True, kw_only=True):
    """What a seal states of a file's own claims.

    Attributes:
        confinement: the mechanisms that confined the parser, joined by `+`; `none` where nothing did,
            `not-parsed` where no parser read the file.
        failure: why claims are missing or may be incomplete, or null.
        claims: the claims, or null if there are none.
    """

    confinement: str
    failure: Failure | None
    claims: ClaimsDocument | None


class SealedMetadata(Struct, frozen=True, kw_only=True):
    """What a seal read of the embedded metadata of new files; never a value of it.

    Attributes:
        detail: the form of the claims in the manifest.
        confinement: what confined the parser, joined by `+`; `none` if nothing did; `not-parsed` if nothing was parsed.
        stated: files whose claims are stated, whole or in part.
        failures: why claims are missing or may be incomplete -> in how many files.
        sensitive: by kind, in how many files something was found that the basic form leaves out.
        recordings: in how many pictures a video or a sound recording was found.
        cut_short: files whose claims may be incomplete, as the reader of their format did not reach the end.
        read_twice: files that had to be handed to a second parser, as they may not share one or the first one failed.
    """

    detail: Detail
    confinement: str
    stated: int
    failures: dict[Failure, int]
    sensitive: dict[Withheld, int]
    recordings: int
    cut_short: int
    read_twice: int


class ObservedDocument(Struct, frozen=True, kw_only=True):
    """What was seen of a file without asking it.

    Attributes:
        size: bytes.
        modified: its modification time, as the file system said; null if that is no time of this calendar.
    """

    size: int
    modified: str | None


class ObservationDocument(Struct, frozen=True, kw_only=True):
    """Something that does not fit together; a note, and no verdict.

    Attributes:
        code: stable code.
        message: in words.
    """

    code: str
    message: str


class InspectedDocument(Struct, frozen=True, kw_only=True):
    """One file: what was observed, what it claims, and what does not fit together.

    Attributes:
        name: as it was given, spelled like a stored name.
        error: why it could not be read at all, or null; then there is nothing else.
        observed: what was seen of it, or null.
        confinement: what confined the parser, joined by `+`; `none` if nothing did, `not-parsed` without a parser;
            null if the file was not read.
        failure: why claims are missing or may be incomplete, or null.
        claims: the claims, or null if there are none.
        sensitive: by kind, how many claims name or could name somebody.
        observations: what does not fit together.
    """

    name: str
    error: str | None = None
    observed: ObservedDocument | None = None
    confinement: str | None = None
    failure: Failure | None = None
    claims: ClaimsDocument | None = None
    sensitive: dict[Withheld, int]
    observations: tuple[ObservationDocument, ...] = ()


class InspectDocument(Struct, frozen=True, kw_only=True):
    """What `evtool inspect --json` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: the exit code of the program.
        files: one for each file, in the order in which they were given.
    """

    format: Literal["evtool-inspect/1"] = "evtool-inspect/1"
    exit_code: int
    files: tuple[InspectedDocument, ...]


def metadata_document(statement: MetadataStatement) -> MetadataDocument:
    """Give a metadata statement as a document."""
    claims = claims_document(statement.claims) if statement.claims is not None else None
    return MetadataDocument(confinement=statement.confinement, failure=statement.failure, claims=claims)


def claims_document(claims: Claims) -> ClaimsDocument:
    """Give claims as a document."""
    texts = (TextDocument(kind=text.kind.code, value=text.value, source=text.source) for text in claims.texts)
    return ClaimsDocument(
        vocabulary=VOCABULARY,
        detail=claims.detail,
        format=claims.format,
        times=claims.times,
        places=claims.places,
        durations=claims.durations,
        texts=tuple(texts),
        counts=claims.counts,
        tags=claims.tags,
        withheld=dict(claims.withheld),
        dropped=claims.dropped,
        problems=claims.problems,
    )
