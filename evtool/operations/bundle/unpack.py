"""Unpacking: a bundle back into an evidence directory, in a new place, complete or not at all.

A bundle is verified as it is, exactly as `evtool verify` does; if that would refuse it, so does this. Its payload waits
in a work directory until then. What comes out has the form of the sealed directory: files under their sealed names and
with their sealed dates, and the record in `custody/`. It is verified again where it was written, before it gets its
name. Of a run that is killed only the work directory stays, which the next run beside it names and removes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from evtool.core.errors import EvidenceError, InputError, MismatchError, UsageError
from evtool.core.finding import Effect, Finding
from evtool.core.text.names import nfc_key, shown, store_name
from evtool.core.values import replace
from evtool.core.verdict.verdict import Report
from evtool.operations.bundle.leftovers import Tell, sweep
from evtool.operations.bundle.payload_places import Placed, Placing
from evtool.operations.record.container import open_container
from evtool.operations.record.continuation import open_continued
from evtool.operations.record.items import nameless_items, read_items
from evtool.operations.record.place import BundleAccess, Place
from evtool.operations.record.record import read_record
from evtool.operations.record.subject import Subject
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.verify import verify, verify_open
from evtool.report.language import in_english
from evtool.scan.meter import Meter, tallied
from evtool.scan.progress import NoProgress, Progress
from evtool.scan.tree import Tree, TreeLocation
from evtool.store.bundle import PAYLOAD_PREFIX, Bundle, FolderBundle
from evtool.store.bundle_form import is_bundle_folder
from evtool.store.continued import ContinuedCustody
from evtool.store.custody import CustodyReader
from evtool.store.custody_names import RECORD
from evtool.store.new_tree import NewTree, flush_files
from evtool.store.output import check_new, new_directory
from evtool.store.work import WorkPlace
from evtool.store.zip_reader import ZipEntry


class UnpackResult(Struct, frozen=True):
    """A directory that was written and verified.

    Attributes:
        withheld_names: items that go by their number, as their own name is withheld.
        other_names: items that go by their number, as this system cannot have them under their own name.
        links_left_out: links that lead out of the directory and were not made.
        impossible_links: links that this system cannot have.
        report: what verifying the directory showed; links that were not made count as stated, as in the bundle.
    """

    withheld_names: tuple[int, ...]
    other_names: tuple[int, ...]
    links_left_out: tuple[int, ...]
    impossible_links: tuple[int, ...]
    report: Report

    @property
    def neutral(self) -> int:
        """How many items go by their number."""
        return len(self.withheld_names) + len(self.other_names)


def unpack(
    place: Place,
    output: Path,
    access: BundleAccess | None = None,
    *,
    verify_options: VerifyOptions | None = None,
    outside_links: bool = False,
    progress: Progress | None = None,
    tell: Tell = lambda _: None,
) -> UnpackResult:
    """Unpack a bundle into a new directory.

    `outside_links` makes symbolic links that lead out of the directory, too; they are left out otherwise. `tell` gets
    a sentence about each thing that an earlier run left.

    Raises:
        InputError: the output exists, or the bundle cannot be read.
        FormatError: the bundle is refused, or was changed or cut short.
        MismatchError: verifying it disproves something.
        EvidenceError: it cannot be verified; or what was written is not what is in it. Nothing is left behind.
    """
    progress, options = progress or NoProgress(), verify_options or VerifyOptions()
    check_new(output)
    sweep(output, tell)
    with (
        new_directory(output) as work,
        _open_staged(place, work, access or BundleAccess(), options, progress) as staged,
    ):
        with NewTree(work.content) as tree:
            placed = _restore(staged, tree, outside_links=outside_links)
        left_out = frozenset((*placed.outside, *placed.impossible))
        here = replace(options, links_left_out=left_out, place=replace(options.place, continued=None))
        report = verify(work.content, here, progress=progress)
        for finding in _problems(report):
            raise EvidenceError(
                "the written files differ from the bundle, so nothing was unpacked: {finding}",
                hint="the bundle itself is verified: check the medium, or unpack to another one",
                key="unpack-differs",
                finding=in_english(finding),
            )
    return UnpackResult(
        tuple(placed.withheld), tuple(placed.elsewhere), tuple(placed.outside), tuple(placed.impossible), report
    )


class _Staged(Struct):
    """A bundle that is verified, and its payload on the medium of the output.

    Attributes:
        bundle: the bundle.
        custody: its record, with what continues it.
        files: where each payload file waits, by its name.
    """

    bundle: Bundle
    custody: CustodyReader
    files: Mapping[bytes, Path]


@contextmanager
def _open_staged(
    place: Place, work: WorkPlace, access: BundleAccess, options: VerifyOptions, progress: Progress
) -> Iterator[_Staged]:
    """Open a bundle, verify it, and have its payload wait in the work directory."""
    stage = _Stage(work.path / "payload")
    if isinstance(place, str | os.PathLike) and os.path.isdir(place):
        location = TreeLocation.find(os.fspath(place))
        if not is_bundle_folder(location):
            raise UsageError(
                "this directory is not a bundle",
                hint="an evidence directory does not need to be unpacked",
                key="unpack-not-bundle",
            )
        with FolderBundle(location) as folder, _continued(folder, options) as subject:
            _require_sound(verify_open(subject, options, progress))
            with Tree(folder.data) as tree:
                progress.start("unpacking", len(folder.payload), sum(folder.sizes.values()))
                for name in folder.payload:
                    progress.advance(1, stage.copy(tree, name, folder.sizes.get(name), progress.meter), item=name)
            flush_files(stage.files.values())
            yield _Staged(folder, subject.custody, stage.files)
        return
    with stage, open_container(place, access, progress, stage.keep) as bundle:
        stage.close()
        with _continued(bundle, options) as subject:
            _require_sound(verify_open(subject, options, progress))
            flush_files(stage.files.values())
            yield _Staged(bundle, subject.custody, stage.files)


@contextmanager
def _continued(bundle: Bundle, options: VerifyOptions) -> Iterator[Subject]:
    """Open what continues the record of a bundle, if the caller named it."""
    plain = Subject(bundle.custody, bundle, None, bundle)
    if options.place.continued is None:
        yield plain
        return
    with open_continued(bundle.custody, options.place.continued) as both:
        yield replace(plain, custody=both.custody, continued=both.after, apart=both.apart)


class _Stage:
    """Where payload waits, under names that are plain numbers: those of a stranger's bundle are never used here."""

    def __init__(self, directory: Path) -> None:
        os.mkdir(directory, 0o700)
        self.files: dict[bytes, Path] = {}
        self._directory = directory
        self._open: BinaryIO | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file that was written last."""
        file, self._open = self._open, None
        if file is not None:
            file.close()

    def keep(self, entry: ZipEntry) -> Callable[[bytes], object] | None:
        """Take the bytes of a payload file of a container as they pass; see `evtool.store.zip_bundle.Keep`."""
        self.close()
        if not entry.name.startswith(PAYLOAD_PREFIX):
            return None
        self._open = self._new(entry.name.removeprefix(PAYLOAD_PREFIX).encode("utf-8"))
        return self._open.write

    def copy(self, tree: Tree, name: bytes, size: int | None, meter: Meter | None) -> int:
        """Copy a payload file of a folder, which was verified with this size; return its size.

        Raises:
            EvidenceError: it is larger or smaller by now, or was not read; no more than its size was written.
        """
        directory, _, last = name.rpartition(b"/")
        left = size or 0
        with os.fdopen(tree.open_file(directory, last), "rb") as source:
            # A sparse file can be of any size: what is not as it was verified is not even begun.
            is_same = size is not None and os.fstat(source.fileno()).st_size == size
            with self._new(name) as file, tallied(meter, name, left) as tally:
                while is_same and (chunk := source.read(min(_CHUNK, left + 1))):
                    is_same = len(chunk) <= left
                    left -= len(chunk)
                    if is_same:
                        file.write(chunk)
                        tally.at((size or 0) - left)
        if not is_same or left:
            raise EvidenceError(
                "{name} changed while the bundle was unpacked, so nothing was unpacked",
                hint="make sure that nothing writes to the bundle, and run again",
                key="unpack-changed",
                name=shown(store_name(name)),
            )
        return size or 0

    def _new(self, name: bytes) -> BinaryIO:
        path = self._directory / str(len(self.files))
        # Names in a bundle are in NFC; other systems may have spelled those of a folder otherwise since.
        self.files[nfc_key(name.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")] = path
        return open(path, "xb")


_CHUNK = 1024 * 1024


def _restore(staged: _Staged, tree: NewTree, *, outside_links: bool) -> Placed:
    """Write the record, give the payload its places, and make what the record only states."""
    added = set(staged.custody.added_files) if isinstance(staged.custody, ContinuedCustody) else set()
    names = {path.removeprefix(f"{RECORD}/") for path in staged.bundle.tags if path.startswith(f"{RECORD}/")}
    for name in sorted(names | added):
        chunks = staged.custody.read_chunks(name) if name in added else staged.bundle.read_chunks(f"{RECORD}/{name}")
        tree.write_file(os.fsencode(f"{RECORD}/{name}"), chunks)
    record = read_record(staged.custody)
    items = [sealed.item for _, sealed in read_items(record)]
    items += [sealed.item for sealed in nameless_items(record)]
    placing = Placing(tree, items, outside_links=outside_links)
    placing.place_files(staged.files)
    placing.make_directories()
    placing.make_links()
    return placing.placed


def _require_sound(report: Report) -> None:
    """Let a bundle be unpacked unless verifying it fails; whose keys are trusted is another question.

    Raises:
        MismatchError: something is disproven.
        EvidenceError: something could not be checked.
    """
    for finding in _problems(report):
        error = MismatchError if finding.effect is Effect.DISPROVES else EvidenceError
        raise error(
            f"the bundle fails verification, so nothing was unpacked: {in_english(finding)}",
            hint="`evtool verify DIR` shows everything that is wrong",
        )
    if not report.items.ok:
        raise InputError(
            "no item in the bundle could be checked, so nothing was unpacked", key="unpack-nothing-checked"
        )


def _problems(report: Report) -> Iterator[Finding]:
    """Give what keeps a copy from being used, the most serious first."""
    for effect in (Effect.DISPROVES, Effect.UNCHECKED):
        yield from (finding for finding in report.findings if finding.effect is effect)
