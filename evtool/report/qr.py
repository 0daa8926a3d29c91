"""The head of a record as a QR code: a picture in text, the same bytes for the same head."""

from __future__ import annotations

import segno


def draw_head(collection: str, head: str, title: str) -> str:
    """Draw `EVTOOL:1:COLLECTION:HEAD`, in upper case, which needs a smaller code, as SVG with a title."""
    code = segno.make(f"EVTOOL:1:{collection}:{head}".upper(), error="m", micro=False)
    return str(code.svg_inline(scale=3, border=4, title=title, svgclass="qr", lineclass=None, omitsize=False))
