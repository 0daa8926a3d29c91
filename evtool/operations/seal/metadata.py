"""What new files say about themselves: how much of it is stated, and what is counted of it.

Nothing here fails a seal: where claims cannot be had, the statement says why. Claims are only stated about a file that
is, before and after the parser had it, by its stamp the one that was hashed.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum

from msgspec import Struct, field

from evtool.core.custody.privacy import TextPolicy
from evtool.core.manifest.archivist_statements import LineWriter
from evtool.core.manifest.statement import serialize_metadata
from evtool.core.metadata.description import Description
from evtool.core.metadata.json_form import read_claims
from evtool.core.metadata.vocabulary import NOT_PARSED, Detail, Failure, Withheld
from evtool.operations.record.described import Seen, seen_of


class MetadataChoice(Enum):
    """How much of what files say about themselves is sealed."""

    NONE = "none"
    """Nothing is parsed, and nothing is stated."""
    BASIC = "basic"
    """Without places, serial numbers, names, free text and raw tags."""
    FULL = "full"

    @property
    def detail(self) -> Detail | None:
        """The form of the claims, or None if there are to be none."""
        return None if self is MetadataChoice.NONE else Detail(self.value)


class MetadataSummary(Struct):
    """What a seal found out of what files claim, without any value of it.

    Attributes:
        choice: how much was asked for.
        confinement: what confined the parser, joined by `+`; "none" if nothing did; `NOT_PARSED` if nothing was parsed.
        stated: files whose claims are stated, whole or in part.
        failures: why claims are missing or may be incomplete -> in how many files.
        sensitive: by kind, in how many files something was found that the basic form leaves out.
        recordings: in how many pictures a video or a sound recording was found.
        cut_short: files of which an extractor did not reach its end.
        read_twice: files that had to be handed to a second parser, as they may not share one or the first one failed.
    """

    choice: MetadataChoice
    confinement: str = NOT_PARSED
    stated: int = 0
    failures: Counter[Failure] = field(default_factory=Counter)
    sensitive: Counter[Withheld] = field(default_factory=Counter)
    recordings: int = 0
    cut_short: int = 0
    read_twice: int = 0

    @property
    def is_filled(self) -> bool:
        """Whether any file was looked at for its claims."""
        return bool(self.stated or self.failures)

    def add(self, seen: Seen, files: int = 1) -> None:
        """Count what is seen alike of so many files."""
        no_parser = seen.failure in (Failure.NO_CONFINEMENT.value, Failure.NOT_STARTED.value)
        if not no_parser and (seen.confinement not in ("none", NOT_PARSED) or self.confinement == NOT_PARSED):
            self.confinement = seen.confinement
        self.stated += files * seen.is_stated
        if seen.failure:
            self.failures[Failure(seen.failure)] += files
        self.sensitive.update(dict.fromkeys(seen.sensitive, files))
        self.recordings += files * seen.holds_recording
        self.cut_short += files * seen.is_cut_short
        self.read_twice += files * seen.was_read_twice


def metadata_line(description: Description, policy: TextPolicy, summary: MetadataSummary) -> LineWriter:
    """Give the line in which a description is stated, and count it; claims with a term that is denied stay out."""
    seen = seen_of(description)
    summary.sensitive.update(seen.sensitive)
    summary.recordings += seen.holds_recording
    if policy.denied and description.claims:
        claims = read_claims(description.claims.encode())
        if any(map(policy.holds_denied_term, claims.free_texts())):
            description = description._replace(claims="", failure=Failure.WITHHELD.value)
    summary.add(seen_of(description)._replace(sensitive=(), holds_recording=False))
    return LineWriter("metadata", lambda item, salt: serialize_metadata(item, salt, description).encode())
