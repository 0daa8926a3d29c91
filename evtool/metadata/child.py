"""What the confined process does: identify a file, let every fitting extractor read it, write down what was found."""

from __future__ import annotations

import codecs
import functools
import io
import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from typing import NoReturn

from evtool.core.metadata.claims import Claims, FormatClaim, Problem
from evtool.core.metadata.json_form import spell_fitting
from evtool.core.metadata.vocabulary import Detail
from evtool.metadata.collect import Collector
from evtool.metadata.confinement import (
    enter_confinement,
    keep_freed_memory,
    prepare_confinement,
    set_limits,
    try_confinement,
)
from evtool.metadata.damage import DamagedError
from evtool.metadata.ends import ends_of
from evtool.metadata.extractors import Extractor, extractors
from evtool.metadata.format_table import KNOWN, TIFF_STARTS
from evtool.metadata.jpeg_segments import first_segments
from evtool.metadata.pronom import with_puid
from evtool.metadata.samples import ROUNDS, samples
from evtool.metadata.stream import open_stream
from evtool.metadata.tiff_peek import tiff_kind
from evtool.metadata.wire import Limits, Parsers, Settings
from evtool.metadata.workbook import answer_lines, load_library
from evtool.metadata.xmp import find_packet
from evtool.metadata.zip_reader import open_zip

_CODECS = (
    "ascii utf-8 utf-8-sig utf-7 utf-16 utf-16-le utf-16-be utf-32 latin-1 iso8859-2 iso8859-15 cp1252 cp437 cp850 "
    "cp1251 koi8-r cp949 euc_kr iso2022_kr johab cp932 shift_jis euc_jp iso2022_jp gb2312 gbk gb18030 big5 mac-roman "
    "idna punycode raw-unicode-escape unicode-escape quopri base64 zlib hex"
)
"""Codecs load from disk on first use, and in confinement there is no disk; others read as Latin-1."""


_PIECE = 16 << 10
"""Bytes that are written down together."""


def preload(settings: Settings) -> None:
    """Load, before confinement, all that parsing could want to load."""
    for name in _CODECS.split():
        codecs.lookup(name)
    prepare_confinement()
    keep_freed_memory()
    if settings.parsers is Parsers.TABLES:
        load_library()
        return
    # Libraries warn of damaged files; those are facts about the file, and nobody reads this process's words.
    logging.disable()
    warnings.simplefilter("ignore")
    _read_samples(settings)


def _read_samples(settings: Settings) -> None:
    """Do beforehand, on harmless files, what each child would do for the first time."""
    readers = extractors(settings.parsers)
    for media_type, content in samples(settings.parsers) * ROUNDS:
        stream, size = io.BufferedReader(io.BytesIO(content)), len(content)
        found = _find_format(stream, size, settings) or KNOWN.get(media_type)
        _may_share(readers[media_type], stream, size)
        collector = Collector(Detail.BASIC if settings.basic else Detail.FULL)
        for claims in _claims_so_far(found, readers[media_type], stream, size, collector, final_only=False):
            spell_fitting(with_puid(claims))
        _spell_format(found, settings.basic)
    for remembered in (ends_of, first_segments, find_packet, open_zip):
        remembered.cache_clear()


@functools.cache
def _identify_by_structure() -> Callable[[io.BufferedIOBase, int], FormatClaim | None]:
    # Not at the top: only one of the servers needs the libraries that it imports.
    from evtool.metadata.identify import identify

    return identify


def parse_in_confinement(
    files: list[int], formats: list[FormatClaim | None], answer: int, settings: Settings
) -> NoReturn:
    """Parse one file, or several that may share a process, and leave it with exit status 0.

    `formats` are those that show in the first bytes, as the client has found them.
    """
    sizes = [os.fstat(file).st_size for file in files]
    _confine(settings)
    is_shared = len(files) > 1
    readers = extractors(settings.parsers)
    # A file that is alone has each step written down at once; of several that share the process none has any but the
    # last step, and all are read again, each alone, if it ends early.
    waiting = bytearray()
    for item, (file, size, told) in enumerate(zip(files, sizes, formats, strict=True)):
        stream = open_stream(file, size)
        found = told or _find_format(stream, size, settings)
        fitting = readers.get(found.media_type, ()) if found else ()
        if is_shared and not _may_share(fitting, stream, size):
            waiting += b'{"item":%d,"alone":true}\n' % item
            continue
        collector = Collector(Detail.BASIC if settings.basic else Detail.FULL)
        if not is_shared:
            waiting += b'{"item":%d,"claims":%s}\n' % (item, _spell_format(found, settings.basic))
            _write(answer, waiting)
        for claims in _claims_so_far(found, fitting, stream, size, collector, final_only=is_shared):
            waiting += b'{"item":%d,"claims":%s}\n' % (item, spell_fitting(with_puid(claims)))
            if not is_shared:
                _write(answer, waiting)
        waiting += b'{"item":%d,"end":true}\n' % item
        if len(waiting) >= _PIECE:
            _write(answer, waiting)
    _write(answer, waiting)
    os._exit(0)


def _find_format(stream: io.BufferedIOBase, size: int, settings: Settings) -> FormatClaim | None:
    """Find the format of a file that shows only in a structure: OLE and ZIP; of plain ones, TIFF."""
    if settings.parsers is Parsers.NATIVE:
        return _identify_by_structure()(stream, size)
    stream.seek(0)
    head = stream.read(16)
    return KNOWN[tiff_kind(head, stream)] if head.startswith(TIFF_STARTS) else None


def _may_share(fitting: tuple[Extractor, ...], stream: io.BufferedIOBase, size: int) -> bool:
    """Tell whether a file that these extractors read may be parsed in a process that has parsed others.

    Sealing thousands of photographs or messages should cost little more than hashing them, and a process for each costs
    most of it. What Python code alone reads may share one. XMP is read by expat; a packet with anything in it that
    begins like a declaration goes alone.
    """
    if not all(reader.is_plain for reader in fitting):
        return False
    return "xmp" not in {reader.name for reader in fitting} or b"<!" not in find_packet(ends_of(stream, size))


def _claims_so_far(
    found: FormatClaim | None,
    fitting: tuple[Extractor, ...],
    stream: io.BufferedIOBase,
    size: int,
    collector: Collector,
    final_only: bool,
) -> Iterator[Claims]:
    """Give all claims found so far after each step, so that a killed child leaves what it had found."""
    problems: list[Problem] = []
    for extractor in fitting:
        if (reason := _run(extractor, stream, size, collector)) is not None:
            problems.append(Problem(extractor.name, reason))
        if not final_only:
            yield collector.claims(found, problems)
    if final_only:
        yield collector.claims(found, problems)


@functools.lru_cache(maxsize=64)
def _spell_format(found: FormatClaim | None, basic: bool) -> bytes:
    """Spell what is claimed before any extractor has read: a file's format, which is one of a few."""
    return spell_fitting(Collector(Detail.BASIC if basic else Detail.FULL).claims(found))


def _run(extractor: Extractor, stream: io.BufferedIOBase, size: int, collector: Collector) -> str | None:
    """Let one extractor read; give the reason if it did not reach its end. What it found before is kept."""
    try:
        stream.seek(0)
        for claim in extractor.extract(stream, size):
            collector.add(claim)
    except MemoryError:
        return "memory"
    except RecursionError:
        return "nesting"
    except DamagedError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  # a fact about the file; only the type is told, the text may quote it
        return f"malformed ({type(error).__name__})"
    return None


def _write(answer: int, waiting: bytearray) -> None:
    """Write down what waits; then nothing does."""
    while waiting:
        del waiting[: os.write(answer, waiting)]


def probe_in_confinement(answer: int, limits: Limits) -> NoReturn:
    """Enter confinement, test its limits, and write down which mechanisms applied and what was refused."""
    applied = enter_confinement(limits)
    told = {"applied": applied, "refused": try_confinement(answer)}
    _write(answer, bytearray(json.dumps(told).encode() + b"\n"))
    os._exit(0)


def read_table_in_confinement(file: int, answer: int, settings: Settings) -> NoReturn:
    """Write down the cells of one workbook, and leave the process with exit status 0."""
    size = os.fstat(file).st_size
    _confine(settings)
    for line in answer_lines(file, size):
        _write(answer, bytearray(line))
    os._exit(0)


def _confine(settings: Settings) -> None:
    if settings.confined:
        enter_confinement(settings.limits)
    else:
        set_limits(settings.limits)
