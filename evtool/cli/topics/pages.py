"""The pages that come with the program, found by name and language."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence

from evtool.core.text.guess import find_alike

TOPICS = (
    "first-hour",
    "keys",
    "handing-over",
    "consent-terms",
    "time-stamps",
    "repository",
    "verify-without-evtool",
    "scripts",
    "install",
    "limits",
    "glossary",
)
"""The names of the pages, in the order in which they are listed; none is the name of a command."""

OTHER_WORDS = {
    "admissibility": "limits",
    "colleague": "keys",
    "encryption": "handing-over",
    "environment": "scripts",
    "exit-codes": "scripts",
    "json": "scripts",
    "lost": "keys",
    "offline": "install",
    "openssl": "verify-without-evtool",
    "passphrase": "keys",
    "redaction": "handing-over",
    "security": "limits",
    "sha256sum": "verify-without-evtool",
    "start": "first-hour",
    "stolen": "keys",
    "terms": "consent-terms",
    "threat-model": "limits",
    "tutorial": "first-hour",
    "words": "glossary",
}
"""What people look for under another name -> the topic that has it."""


def find_topic(words: Sequence[str]) -> str | None:
    """Give the topic that these words name, with or without the hyphens in its name; None if they name none."""
    name = "-".join(words).lower()
    return name if name in TOPICS else None


def guess_topic(words: Sequence[str], commands: Sequence[str]) -> str | None:
    """Give the topic that was most likely meant; None if nothing is like these words, or a command is more so."""
    typed = "-".join(words).lower()
    meant = OTHER_WORDS.get(typed) or find_alike(typed, [*commands, *TOPICS])
    return meant if meant in TOPICS else None


def read_topic(name: str, language: str) -> str:
    """Read a page in the language of this code, or in English where it does not exist in that."""
    for code in (language, "en"):
        try:
            data = pkgutil.get_data("evtool.cli.topics", f"{code}/{name}.md")
        except OSError:
            continue
        if data is not None:
            return data.decode("utf-8")
    raise LookupError(name)


def title_of(page: str) -> str:
    """Give the title of a page, which stands in its first line."""
    return page.partition("\n")[0].removeprefix("# ")
