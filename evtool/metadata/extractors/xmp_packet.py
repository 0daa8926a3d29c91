"""XMP packets of images, found by scanning as ISO 16684-3 describes it."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.metadata.xmp import find_packet, xmp_claims


class XmpExtractor:
    """Reads the first packet."""

    name = "xmp"
    is_plain = True
    formats = frozenset(
        {
            "image/jpeg",
            "image/png",
            "image/webp",
            "image/gif",
            "image/heic",
            "image/heif",
            "image/avif",
            "image/tiff",
            "image/x-adobe-dng",
        }
    )

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of the packet, if there is one."""
        if packet := find_packet(stream, size):
            yield from xmp_claims(packet)


EXTRACTOR = XmpExtractor()
