"""What the confined process does: identify a file, let every fitting extractor read it, write down what was found."""

from __future__ import annotations

import codecs
import io
import json
import logging
import os
import signal
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NoReturn

from evtool.core.metadata.claims import Claims, Problem
from evtool.core.metadata.json_form import claims_document, fit_claims
from evtool.metadata.collect import Collector
from evtool.metadata.confinement import enter_confinement, set_limits, try_confinement
from evtool.metadata.extractors import Extractor, extractors
from evtool.metadata.identify import identify
from evtool.metadata.stream import open_stream
from evtool.metadata.wire import Limits, Settings
from evtool.metadata.workbook import answer_lines, load_library
from evtool.metadata.xmp import find_packet

_CODECS = (
    "ascii utf-8 utf-8-sig utf-7 utf-16 utf-16-le utf-16-be utf-32 latin-1 iso8859-2 iso8859-15 cp1252 cp437 cp850 "
    "cp1251 koi8-r cp949 euc_kr iso2022_kr johab cp932 shift_jis euc_jp iso2022_jp gb2312 gbk gb18030 big5 mac-roman "
    "idna punycode raw-unicode-escape unicode-escape quopri base64 zlib hex"
)
"""Codecs load from disk on first use, and in confinement there is no disk; others read as Latin-1."""

_PHOTOGRAPHS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*")
"""How files begin that may share a process: JPEG, PNG, TIFF; or, after four bytes, with `ftyp`, as HEIC does."""

_CONTAINERS = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK")
"""How files begin whose format only a look into their structure can tell: OLE and ZIP."""


def preload(settings: Settings) -> None:
    """Load, before confinement, all that parsing could want to load."""
    for name in _CODECS.split():
        codecs.lookup(name)
    if settings.tables:
        load_library()
        return
    # Libraries warn of damaged files; those are facts about the file, and nobody reads this process's words.
    logging.disable()
    warnings.simplefilter("ignore")
    extractors()
    identify(io.BytesIO(b"\0" * 64), 64)


def parse_in_confinement(files: list[int], answer: int, settings: Settings) -> NoReturn:
    """Parse one file, or several photographs, and leave the process with exit status 0."""
    streams = [(open_stream(file, size), size) for file in files for size in [os.fstat(file).st_size]]
    _default_signals()
    if settings.confined:
        enter_confinement(settings.limits)
    else:
        set_limits(settings.limits)
    for item, (stream, size) in enumerate(streams):
        if len(streams) > 1 and not _may_share(stream, size):
            _write(answer, {"item": item, "alone": True})
            continue
        for claims in _claims_so_far(stream, size, final_only=len(streams) > 1):
            told = fit_claims(claims.reduce_to_basic() if settings.basic else claims)
            _write(answer, {"item": item, "claims": claims_document(told)})
        _write(answer, {"item": item, "end": True})
    os._exit(0)


def _may_share(stream: io.BufferedIOBase, size: int) -> bool:
    """Tell whether a file may be parsed in a process that has parsed others.

    Sealing thousands of photographs should cost little more than hashing them, and a process for each costs most of
    it. Photographs are read by Python code alone, which no file can take over, but for XMP, read by expat; a packet
    with anything in it that begins like a declaration goes alone. What is told by its first bytes and read by no
    extractor, such as plain text, is not parsed at all and may share too. Every other format goes alone.
    """
    stream.seek(0)
    head = stream.read(12)
    if head.startswith(_PHOTOGRAPHS) or head[4:8] == b"ftyp":
        return b"<!" not in find_packet(stream, size)
    if head.startswith(_CONTAINERS):
        return False
    found = identify(stream, size)
    return found is None or not extractors().get(found.media_type)


def _claims_so_far(stream: io.BufferedIOBase, size: int, final_only: bool) -> Iterator[Claims]:
    """Give all claims found so far after each step, so that a killed child leaves what it had found."""
    found = identify(stream, size)
    media_type = found.media_type if found else ""
    collector = Collector()
    problems: list[Problem] = []
    for extractor in extractors().get(media_type, ()):
        if not final_only:
            yield replace(collector.claims(), format=found, problems=tuple(problems))
        if (reason := _run(extractor, stream, size, collector)) is not None:
            problems.append(Problem(extractor.name, reason))
    yield replace(collector.claims(), format=found, problems=tuple(problems))


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
    except Exception as error:  # noqa: BLE001  # a fact about the file; only the type is told, the text may quote it
        return f"malformed ({type(error).__name__})"
    return None


def _write(answer: int, message: dict[str, Any]) -> None:
    _write_all(answer, json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _write_all(answer: int, line: bytes) -> None:
    while line:
        line = line[os.write(answer, line) :]


def probe_in_confinement(answer: int, limits: Limits) -> NoReturn:
    """Enter confinement, test its limits, and write down which mechanisms applied and what was refused."""
    _default_signals()
    applied = enter_confinement(limits)
    _write(answer, {"applied": applied, "refused": try_confinement(answer)})
    os._exit(0)


def read_table_in_confinement(file: int, answer: int, settings: Settings) -> NoReturn:
    """Write down the cells of one workbook, and leave the process with exit status 0."""
    size = os.fstat(file).st_size
    _default_signals()
    if settings.confined:
        enter_confinement(settings.limits)
    else:
        set_limits(settings.limits)
    for line in answer_lines(file, size):
        _write_all(answer, line)
    os._exit(0)


def _default_signals() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
