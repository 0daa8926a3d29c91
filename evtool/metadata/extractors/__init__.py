"""The extractors: one small module for each family of formats.

A module in this package takes part by defining `EXTRACTOR`, an object with the three members of `Extractor`. Nothing
else needs to know about it. Several extractors may read the same format; each reads on its own.

An extractor is a generator: what it has yielded before it fails is kept. It may raise anything, run for ever or
exhaust memory; that costs its own file what it had not yet yielded. While confined, it has no disk, so whatever it
needs has to be imported at the top of its module.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from io import BufferedIOBase
from typing import Protocol

from evtool.core.metadata.claims import Claim
from evtool.metadata.format_table import NATIVE
from evtool.metadata.values import RawTags
from evtool.metadata.wire import Parsers


class Extractor(Protocol):
    """What every extractor module offers under the name `EXTRACTOR`."""

    @property
    def name(self) -> str:
        """A short lower-case word, stated with a problem."""

    @property
    def is_plain(self) -> bool:
        """Whether Python code alone reads the file, so that it may be read in a process that has read others.

        No file can take over Python code. Decompressors and XML parsers are native code, and documents have them.
        """

    @property
    def formats(self) -> frozenset[str]:
        """Media types that it reads."""

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim | RawTags]:
        """Yield what the file claims; `stream` starts at 0, can be positioned, and ends after `size` bytes."""


NATIVE_MODULES = frozenset({"hwp", "hwpx", "odf", "ole", "ooxml", "pdf", "zip_archive"})
"""Modules whose extractor is not plain, listed so that this is known without loading them."""


_WITH_NATIVE = frozenset({"appended"})
"""Modules whose extractor is plain, and reads formats that native code reads as well."""


@functools.cache
def extractors(parsers: Parsers) -> Mapping[str, tuple[Extractor, ...]]:
    """Load the extractors of a server; media type -> those that read it, in the order of their module names."""
    is_native = parsers is Parsers.NATIVE
    found: dict[str, tuple[Extractor, ...]] = {}
    for module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        if module not in _WITH_NATIVE and (module in NATIVE_MODULES) != is_native:
            continue
        extractor: Extractor = importlib.import_module(f"{__name__}.{module}").EXTRACTOR
        for media_type in extractor.formats:
            if (media_type in NATIVE) == is_native:
                found[media_type] = (*found.get(media_type, ()), extractor)
    return found
