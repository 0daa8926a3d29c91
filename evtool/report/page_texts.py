"""The texts of a page in one language: `texts/page/CODE.toml`, keyed by table and name, filled with values."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "texts" / "page"

_PLACE = re.compile(r"\{([a-z_]+)(:,)?\}")


@dataclass(frozen=True, slots=True)
class PageTexts:
    """One catalogue.

    Attributes:
        code: of the language, as ISO 639 has it.
        tables: table -> name -> text.
    """

    code: str
    tables: Mapping[str, Mapping[str, Any]] = field(repr=False)

    def say(self, key: str, /, **values: str | int) -> str:
        """Give the text of a key, `table.name`, with these values in it; a number with separators if it asks so.

        Raises:
            KeyError: there is no such text, or it asks for another value: a mistake in the program.
        """
        table, _, name = key.partition(".")
        text: str = self.tables[table][name]
        return _PLACE.sub(lambda place: _spell(values[place[1]], place[2]), text)

    def word(self, table: str, code: str) -> str:
        """Say a code of a vocabulary in words; one that the catalogue does not know as it is."""
        return str(self.tables[table].get(code, code))


def _spell(value: str | int, separators: str | None) -> str:
    return f"{value:,}" if separators and isinstance(value, int) else str(value)


@cache
def load_page_texts(code: str) -> PageTexts:
    """Read a catalogue."""
    return PageTexts(code, tomllib.loads((FOLDER / f"{code}.toml").read_text("utf-8")))


def list_page_languages() -> list[str]:
    """Give the codes of all languages that there is a catalogue for; a new language is a new file."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))
