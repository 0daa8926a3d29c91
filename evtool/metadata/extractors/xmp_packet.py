"""XMP packets of images, found by scanning as ISO 16684-3 describes it."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.metadata.damage import DamagedError
from evtool.metadata.ends import Ends, ends_of
from evtool.metadata.jpeg_segments import APP1, XMP_START, first_segments
from evtool.metadata.xmp import find_packet, packet_in, xmp_claims

_PACKET_LIMIT = 8
"""XMP segments of one JPEG that are read; honest ones have one."""


class XmpExtractor:
    """Reads the first packet, and all that stand in segments of their own in a JPEG."""

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
        """Yield the claims of the packet, if there is one.

        Raises:
            DamagedError: a further packet has what begins like a declaration.
        """
        file = ends_of(stream, size)
        packet = find_packet(file)
        if packet:
            yield from xmp_claims(packet)
        for further in _further_packets(file):
            # Who may share a process was decided by the first packet alone.
            if b"<!" in further:
                raise DamagedError("damaged: a second packet of XMP has a declaration, and was not read")
            if further != packet:
                yield from xmp_claims(further)


def _further_packets(file: Ends) -> Iterator[bytes]:
    """Give the packets of a JPEG behind the first one, which some programs show and others do not."""
    if not file.head.startswith(b"\xff\xd8\xff"):
        return
    found = 0
    # What is wrong with the segments, their own extractor tells.
    for segment in first_segments(file).found:
        if segment.marker == APP1 and (body := segment.read(file)).startswith(XMP_START):
            found += 1
            if 1 < found <= _PACKET_LIMIT:
                yield packet_in(body)


EXTRACTOR = XmpExtractor()
