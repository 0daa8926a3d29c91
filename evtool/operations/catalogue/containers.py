"""In which form something lies there, and its digest if it is one file."""

from __future__ import annotations

import hashlib
import os
import stat

from msgspec import Struct

from evtool.core.container.age_header import is_age
from evtool.core.errors import InputError
from evtool.core.text.names import shown
from evtool.operations.catalogue.register import Container
from evtool.scan.missing import explain_missing
from evtool.scan.tree import TreeLocation
from evtool.store.bundle_form import is_bundle_folder

_PIECE = 1024 * 1024
_START = 64


class Contained(Struct, frozen=True):
    """What lies at a path.

    Attributes:
        form: its form.
        sha256: digest of the file, 64 hexadecimal digits; None for a folder.
        bytes: size of the file; None for a folder.
        stamp: what changes if somebody puts another file there.
    """

    form: Container
    sha256: str | None
    bytes: int | None
    stamp: tuple[int, ...]

    def require_unchanged(self, path: str) -> None:
        """Refuse to go on if a file is another one than was hashed.

        Raises:
            InputError: it is.
        """
        if self.sha256 is not None and _stamp(os.stat(path)) != self.stamp:
            raise InputError("{path} changed while it was read", key="container-changed", path=shown(path))


def describe_container(path: str) -> Contained:
    """Look at a directory or a bundle, and hash what is one file.

    Raises:
        InputError: there is nothing, or it cannot be read.
    """
    try:
        if os.path.isdir(path):
            is_bag = is_bundle_folder(TreeLocation.find(path))
            return Contained(Container.BAG if is_bag else Container.DIRECTORY, None, None, ())
        with open(path, "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InputError("{path} is neither a file nor a directory", key="container-kind", path=shown(path))
            start = file.read(_START)
            digest = hashlib.sha256(start)
            while piece := file.read(_PIECE):
                digest.update(piece)
    except FileNotFoundError as error:
        raise explain_missing(path) from error
    except OSError as error:
        raise InputError("{path}: {why.strerror}", key="cannot-read", path=shown(path), why=error) from error
    form = Container.AGE if is_age(start) else Container.ZIP
    return Contained(form, digest.hexdigest(), status.st_size, _stamp(status))


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
