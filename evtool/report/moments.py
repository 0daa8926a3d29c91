"""Times in words: as they are recorded, and beside that as the clock on the reader's wall shows them."""

from __future__ import annotations

from datetime import datetime

from evtool.core.text.times import format_time
from evtool.report.language import Language


def format_local(language: Language, moment: datetime) -> str:
    """Spell a time as it is recorded, followed by the time of this computer's zone where that has another offset."""
    here = moment.astimezone()
    text = format_time(moment)
    if here.utcoffset() == moment.utcoffset():
        return text
    return language.say("moment.here", time=text, here=format_time(here))


def localize(language: Language, text: str) -> str:
    """Do the same for a time that is spelled in RFC 3339 already."""
    return format_local(language, datetime.fromisoformat(text))
