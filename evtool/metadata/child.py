"""What happens inside the cage: identify one file, let every fitting extractor read it, write down what was found."""

from __future__ import annotations

import codecs
import io
import json
import logging
import os
import signal
import sys
import warnings
from dataclasses import replace
from typing import NoReturn

from evtool.core.metadata_claims import Claims, Problem
from evtool.core.metadata_json import claims_document, fit_claims
from evtool.metadata.cage import enter_cage, try_bars
from evtool.metadata.collect import Collector
from evtool.metadata.extractors import Extractor, extractors
from evtool.metadata.identify import identify
from evtool.metadata.stream import open_stream
from evtool.metadata.wire import Limits

_CODECS = (
    "ascii utf-8 utf-8-sig utf-7 utf-16 utf-16-le utf-16-be utf-32 latin-1 iso8859-2 iso8859-15 cp1252 cp437 cp850 "
    "cp1251 koi8-r cp949 euc_kr iso2022_kr johab cp932 shift_jis euc_jp iso2022_jp gb2312 gbk gb18030 big5 mac-roman "
    "idna punycode raw-unicode-escape unicode-escape quopri base64 zlib hex"
)
"""Codecs load from disk on first use, and inside the cage there is no disk; others read as Latin-1."""


def preload() -> None:
    """Load, before the cage, all that parsing could want to load."""
    for name in _CODECS.split():
        codecs.lookup(name)
    # Libraries warn of damaged files; those are facts about the file, and nobody reads this process's words.
    logging.disable()
    warnings.simplefilter("ignore")
    extractors()
    identify(io.BytesIO(b"\0" * 64), 64)


def parse_in_cage(file: int, answer: int, limits: Limits, caged: bool) -> NoReturn:
    """Parse one file and leave the process. The exit status is 0 when every extractor came to an end."""
    size = os.fstat(file).st_size
    stream = open_stream(file, size)
    _default_signals()
    if caged:
        enter_cage(limits)
    else:
        sys.setrecursionlimit(400)
    answer_for(stream, size, answer)
    os._exit(0)


def answer_for(stream: io.BufferedIOBase, size: int, answer: int) -> None:
    """Write all claims found so far after each step, so that a killed child leaves what it had found."""
    found = Claims(format=identify(stream, size))
    _write(answer, found)
    collector = Collector()
    problems: list[Problem] = []
    media_type = found.format.media_type if found.format else ""
    for extractor in extractors().get(media_type, ()):
        if (reason := _run(extractor, stream, size, collector)) is not None:
            problems.append(Problem(extractor.name, reason))
        found = replace(collector.claims(), format=found.format, problems=tuple(problems))
        _write(answer, fit_claims(found))


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


def _write(answer: int, claims: Claims) -> None:
    line = json.dumps(claims_document(claims), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    while line:
        line = line[os.write(answer, line) :]


def probe_in_cage(answer: int, limits: Limits) -> NoReturn:
    """Enter the cage, try its bars, and write down which mechanisms applied and what was refused."""
    _default_signals()
    applied = enter_cage(limits)
    os.write(answer, json.dumps({"applied": applied, "refused": try_bars(answer)}).encode() + b"\n")
    os._exit(0)


def _default_signals() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
