"""Times in words: as they are recorded, and beside that as the clock on the reader's wall shows them."""

from __future__ import annotations

from datetime import datetime

from evtool.core.text.times import format_time


def format_local(moment: datetime) -> str:
    """Spell a time as it is recorded, followed by the time of this computer's zone where that has another offset."""
    here = moment.astimezone()
    text = format_time(moment)
    if here.utcoffset() == moment.utcoffset():
        return text
    return f"{text} (here {format_time(here)})"


def localize(text: str) -> str:
    """Do the same for a time that is spelled in RFC 3339 already."""
    return format_local(datetime.fromisoformat(text))
