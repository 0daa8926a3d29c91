"""Sound recordings, read by tinytag: MP3, Ogg, FLAC, WAVE, AIFF, Windows Media."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from io import BufferedIOBase

import tinytag

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from evtool.metadata import values
from evtool.metadata.riff import check_length

_TEXTS = {
    "title": TextKind.TITLE,
    "album": TextKind.TITLE,
    "artist": TextKind.PERSON,
    "albumartist": TextKind.PERSON,
    "composer": TextKind.PERSON,
    "comment": TextKind.DESCRIPTION,
    "encoded_by": TextKind.PERSON,
    "encoder_settings": TextKind.SOFTWARE,
    "encoder": TextKind.SOFTWARE,
    "copyright": TextKind.DESCRIPTION,
    "publisher": TextKind.ORGANISATION,
    "language": TextKind.LANGUAGE,
}

_NOT_TAGS = frozenset({"filename", "filesize", "duration", "images"})


class AudioExtractor:
    """Reads tags and duration."""

    name = "audio"
    is_plain = True
    formats = frozenset(
        {
            "audio/mpeg",
            "audio/ogg",
            "video/ogg",
            "audio/flac",
            "audio/wav",
            "audio/x-ms-wma",
            "video/x-ms-wmv",
            "video/x-ms-asf",
            "audio/aiff",
            "audio/x-aiff",
        }
    )

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield duration and tags; pictures are noted.

        Raises:
            DamagedError: a WAVE file ends early.
        """
        found = tinytag.TinyTag.get(file_obj=stream, image=False)  # type: ignore[arg-type]  # reads any binary stream
        if found.duration:
            yield from values.duration(Decimal(repr(found.duration)), "audio stream")
        for name, listed in found.as_dict().items():
            if name in _NOT_TAGS or listed is None:
                continue
            source = f"audio tag {name[:64]}" if name.isascii() and name.isprintable() else "audio tag"
            for value in listed if isinstance(listed, list) else [listed]:
                if name in _TEXTS:
                    yield from values.text(_TEXTS[name], value, source)
                elif name == "year" and "T" in str(value):
                    yield from values.iso_time(TimeKind.CREATED, value, source)
                yield from values.tag(source, value)
        if any(found.images.as_dict().values()):
            yield from values.count(CountKind.PICTURES, 1, "audio tag picture")
        check_length(stream, size)


EXTRACTOR = AudioExtractor()
