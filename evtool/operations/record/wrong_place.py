"""What to say where no record was found: it may be one folder higher or lower, and nothing is untrue but the place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

from evtool.core.errors import EvtoolError, InputError, Way
from evtool.core.text.names import shown
from evtool.scan.tree import TreeLocation
from evtool.store.custody import CustodyDirectory
from evtool.store.custody_names import NAME

_MAX_LOOKED_AT = 1000
"""Entries of a folder that are looked at."""

_MAX_NAMED = 5


def no_record(place: str) -> InputError:
    """Give the error that says where the record is that the user may have meant, and what to do."""
    if os.path.isdir(place) and _holds_entries(place):
        if os.path.basename(os.path.abspath(place)) == os.fsdecode(NAME):
            return InputError(
                "{place} is the custody directory itself",
                hint="did you mean {meant}?",
                key="custody-itself",
                place=shown(place),
                meant=shown(_above(place)),
            )
        return InputError(
            "{place} is the custody directory itself",
            hint="name the evidence directory, and {place} as its custody directory",
            key="custody-itself-elsewhere",
            ways=(Way.CUSTODY,),
            place=shown(place),
        )
    below = list(islice(_find_below(place), _MAX_NAMED))
    if below:
        return InputError(
            "{place} is not sealed itself, but contains sealed folders: {folders}",
            hint="did you mean {meant}?",
            key="sealed-below",
            place=shown(place),
            folders=", ".join(map(shown, below)),
            meant=shown(below[0]),
        )
    for above in _all_above(place):
        if is_sealed(above):
            return InputError(
                "{place} is part of a sealed folder and has no record of its own",
                hint="did you mean {meant}?",
                key="sealed-above",
                place=shown(place),
                meant=shown(above),
            )
    return InputError(
        "{place} is not sealed: there is no directory custody in it that evtool wrote",
        hint="if it is new evidence, seal it first; if its record is elsewhere, name the custody directory",
        key="not-sealed",
        ways=(Way.CUSTODY,),
        place=shown(place),
    )


def explain_no_container(place: str) -> InputError | None:
    """Say what a file is that is not a bundle, if it is a part of a record or of sealed evidence; None if it is not."""
    above = _above(place)
    if _holds_entries(above):
        return InputError(
            "{place} is a file of a custody directory",
            hint="did you mean {meant}?",
            key="custody-part",
            place=shown(place),
            meant=shown(_above(above)),
        )
    for folder in (above, *_all_above(above)):
        if is_sealed(folder):
            return InputError(
                "{place} is one file of a sealed folder",
                hint="did you mean {meant}?",
                key="sealed-part",
                place=shown(place),
                meant=shown(folder),
            )
    return None


def _above(place: str) -> str:
    """Give the folder above, as the user would name it from where they are."""
    return os.path.dirname(place.rstrip(os.sep)) or (os.curdir if place.strip(os.sep) not in (".", "..") else "..")


def _all_above(place: str) -> Iterator[str]:
    """Give the folders above, the nearest first; links in the user's path stay as they are."""
    for _ in range(3):
        above = os.path.dirname(os.path.abspath(place))
        if above == os.path.abspath(place):
            return
        place = os.path.relpath(above) if not os.path.isabs(place) else above
        yield place


def _find_below(place: str) -> Iterator[str]:
    try:
        with os.scandir(place) as entries:
            names = sorted(entry.name for entry in islice(entries, _MAX_LOOKED_AT) if _is_folder(entry))
    except OSError:
        return
    for name in names:
        if is_sealed(os.path.join(place, name)):
            yield os.path.join(place, name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def is_sealed(folder: str | os.PathLike[str]) -> bool:
    """Tell whether a folder has a record in its directory `custody`; one that evtool did not write is none."""
    return _holds_entries(os.path.join(folder, os.fsdecode(NAME)))


def _holds_entries(folder: str) -> bool:
    if os.path.islink(folder):
        return False
    try:
        with CustodyDirectory(TreeLocation.find(folder)) as custody:
            return bool(custody.list_files().entries)
    except (EvtoolError, OSError):
        return False
