"""What new files say about themselves, read for a seal after they were hashed.

Nothing here fails a seal: where claims cannot be had, the statement says why. Claims are only stated about a file that
is, before and after the parser had it, by its stamp the one that was hashed.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Self

from evtool.core.custody.privacy import TextPolicy
from evtool.core.manifest.archivist_statements import LineWriter
from evtool.core.manifest.statement import ItemType, MetadataStatement, OmissionReason
from evtool.core.metadata.vocabulary import NOT_PARSED, Detail, Failure, Withheld
from evtool.metadata import ExtractionResult, MetadataExtractor
from evtool.operations.seal.manifest_writer import ManifestWriter
from evtool.scan.observe import Observation, Stamp, stamp_of
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Found


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


@dataclass(slots=True)
class MetadataSummary:
    """What a seal found out of what files claim, without any value of it.

    Attributes:
        choice: how much was asked for.
        confinement: what confined the parser, joined by `+`; "none" if nothing did; `NOT_PARSED` if nothing was parsed.
        stated: files whose claims are stated, whole or in part.
        failures: why claims are missing or may be incomplete -> in how many files.
        sensitive: by kind, in how many files something was found that the basic form leaves out.
        recordings: in how many pictures a video or a sound recording was found.
    """

    choice: MetadataChoice
    confinement: str = NOT_PARSED
    stated: int = 0
    failures: Counter[Failure] = field(default_factory=Counter)
    sensitive: Counter[Withheld] = field(default_factory=Counter)
    recordings: int = 0

    @property
    def is_filled(self) -> bool:
        """Whether any file was looked at for its claims."""
        return bool(self.stated or self.failures)


_TOGETHER = 256
"""Items whose claims are read at once: enough for every core, and few enough to be held in memory."""


class _Waiting(NamedTuple):
    """An item that is to go into the manifest once its claims are read; fields as in `ManifestWriter.add`."""

    found: Found
    observation: Observation
    type: ItemType
    reason: OmissionReason | None
    extra: Sequence[LineWriter]


class DescribedItems:
    """Stands before the writer of a manifest, and adds the line of its claims to each new file."""

    def __init__(
        self,
        manifest: ManifestWriter,
        location: TreeLocation,
        choice: MetadataChoice,
        *,
        sandbox: bool,
        policy: TextPolicy,
    ) -> None:
        self._manifest = manifest
        self._reader = ClaimsReader(location, choice, sandbox=sandbox, policy=policy)
        self._waiting: list[_Waiting] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    @property
    def summary(self) -> MetadataSummary:
        """What was found out so far."""
        return self._reader.summary

    def add(
        self,
        found: Found,
        observation: Observation,
        type_: ItemType,
        reason: OmissionReason | None,
        extra: Sequence[LineWriter] = (),
    ) -> None:
        """State one item, soon.

        Raises:
            EvidenceError: as `ManifestWriter.add`; also for an item that was added before.
        """
        self._waiting.append(_Waiting(found, observation, type_, reason, extra))
        if len(self._waiting) >= _TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Read the claims of what waits, and pass it on.

        Raises:
            EvidenceError: as `ManifestWriter.add`.
        """
        waiting, self._waiting = self._waiting, []
        files = [
            (pending.found, pending.observation.stamp)
            for pending in waiting
            if pending.type is ItemType.FILE and pending.observation.stamp is not None
        ]
        lines = iter(self._reader.read(files))
        for pending in waiting:
            is_file = pending.type is ItemType.FILE and pending.observation.stamp is not None
            extra = (next(lines), *pending.extra) if is_file else pending.extra
            self._manifest.add(pending.found, pending.observation, pending.type, pending.reason, extra)


class ClaimsReader:
    """Reads the claims of files, many at a time, and keeps the summary."""

    def __init__(self, location: TreeLocation, choice: MetadataChoice, *, sandbox: bool, policy: TextPolicy) -> None:
        self.summary = MetadataSummary(choice)
        self._policy = policy
        self._tree = Tree(location)
        self._extractor = MetadataExtractor(detail=choice.detail or Detail.BASIC, sandbox=sandbox)

    def close(self) -> None:
        """End the parser's processes."""
        self._extractor.close()
        self._tree.close()

    def read(self, files: Sequence[tuple[Found, Stamp]]) -> list[LineWriter]:
        """Give the line of each file, by the stamp with which it was hashed. Raises nothing for what files hold."""
        results = [ExtractionResult(None, Failure.UNREADABLE, "none")] * len(files)
        for index, result in self._extract(files, results):
            results[index] = result if self._is_unchanged(files[index]) else _without_claims(Failure.CHANGED, result)
        return [self._state(result) for result in results]

    def _extract(
        self, files: Sequence[tuple[Found, Stamp]], results: list[ExtractionResult]
    ) -> Iterator[tuple[int, ExtractionResult]]:
        """Yield index and result of what could be handed over; why the rest could not goes into `results`."""
        handed: list[int] = []
        done = 0
        try:
            for result in self._extractor.extract_all(self._open_all(files, results, handed)):
                yield handed[done], result
                done += 1
        except OSError:
            # Out of descriptors or memory: that is no reason to lose the seal.
            missed = ExtractionResult(None, Failure.NOT_STARTED, "none")
            for index in (*handed[done:], *range(handed[-1] + 1 if handed else 0, len(files))):
                results[index] = missed

    def _open_all(
        self, files: Sequence[tuple[Found, Stamp]], results: list[ExtractionResult], handed: list[int]
    ) -> Iterator[int]:
        """Yield a descriptor of each file that is still what was hashed, and note its index."""
        for index, (found, stamp) in enumerate(files):
            try:
                descriptor = self._tree.open_file(found.directory, found.name)
            except OSError:
                continue
            try:
                if _is_file_with(os.fstat(descriptor), stamp):
                    handed.append(index)
                    yield descriptor
                else:
                    results[index] = _without_claims(Failure.CHANGED, results[index])
            finally:
                os.close(descriptor)

    def _is_unchanged(self, file: tuple[Found, Stamp]) -> bool:
        found, stamp = file
        try:
            return _is_file_with(self._tree.stat(found.directory, found.name), stamp)
        except OSError:
            return False

    def _state(self, result: ExtractionResult) -> LineWriter:
        claims = result.claims
        if claims is not None:
            self.summary.sensitive.update(kind for kind, _ in claims.sensitive())
            self.summary.recordings += claims.holds_recording
            if any(map(self._policy.holds_denied_term, claims.free_texts())):
                result = _without_claims(Failure.WITHHELD, result)
        if result.confinement not in ("none", NOT_PARSED) or self.summary.confinement == NOT_PARSED:
            self.summary.confinement = result.confinement
        self.summary.stated += result.claims is not None
        if result.failure is not None:
            self.summary.failures[result.failure] += 1
        confinement, claims, failure = result.confinement, result.claims, result.failure
        return LineWriter(
            "metadata", lambda item, salt: MetadataStatement(item, salt, confinement, claims, failure).serialize()
        )


def _without_claims(failure: Failure, result: ExtractionResult) -> ExtractionResult:
    return ExtractionResult(None, failure, result.confinement)


def _is_file_with(facts: os.stat_result, stamp: Stamp) -> bool:
    return stat.S_ISREG(facts.st_mode) and stamp_of(facts) == stamp
