"""Sets a page of Markdown for a terminal.

A page has headings (`#`, `##`), paragraphs, lists (`- ` or `1. `), tables, and blocks of commands between fences
(three backticks). Backticks inside a sentence stay: they tell where a command begins and ends. Paragraphs are filled to
the width, commands and what they print stand as they are. Considered and not done: `rich.markdown`, which takes 0.3 s
to import, fills every line up with spaces, and frames headings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from evtool.core.text.expressions import compiled_when_used
from evtool.report.columns import columns_of, fold, pad

INDENT = 2
"""Columns by which everything but a heading is moved in."""

COMMANDS = 4
"""The same for commands."""

_ITEM = compiled_when_used(r"(?:-|[0-9]+\.) ")
_PROMPT = compiled_when_used(r"[A-Za-z0-9]*\$ ")


def render(page: str, width: int, *, styled: bool) -> str:
    """Set a page in lines of at most `width` columns; with `styled`, headings and commands are bold."""
    bold: Callable[[str], str] = (lambda text: f"\x1b[1m{text}\x1b[0m") if styled else str
    out: list[str] = []
    for block in _blocks(page.splitlines()):
        first = block[0]
        if first.startswith("#"):
            out += [bold(first.lstrip("# "))]
        elif first.startswith("```"):
            out += [" " * COMMANDS + (bold(line) if _is_typed(block, at) else line) for at, line in _inside(block)]
        elif first.startswith("|"):
            heads, *rows = _table(block, width)
            out += [bold(heads), *rows]
        elif _ITEM.match(first):
            out += [line for item in _items(block) for line in _filled(item, width)]
        else:
            out += _filled(" ".join(block), width)
        out.append("")
    return "\n".join(line.rstrip() for line in out[:-1]) + "\n"


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """Take a page apart at its empty lines; those between fences belong to their block."""
    fenced, number, keyed = False, 0, []
    for line in lines:
        starts = line.startswith("```") and not fenced
        number += starts or (not line and not fenced)
        keyed.append((number, line))
        fenced ^= line.startswith("```")
    for _, group in groupby(keyed, key=lambda pair: pair[0]):
        block = [line for _, line in group]
        block = block if block[0].startswith("```") else [line for line in block if line]
        if block:
            yield block


def _inside(block: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Number the lines between two fences."""
    last = max(at for at, line in enumerate(block) if line.startswith("```"))
    yield from ((at, block[at]) for at in range(1, last))


def _is_typed(block: Sequence[str], at: int) -> bool:
    """Tell whether a line is typed, and not printed: behind a prompt, or going on with such a line."""
    return bool(_PROMPT.match(block[at])) or (at > 1 and block[at - 1].endswith("\\") and _is_typed(block, at - 1))


def _items(block: Sequence[str]) -> Iterator[str]:
    """Give the items of a list, each in one line."""
    item = ""
    for line in block:
        if _ITEM.match(line) and item:
            yield item
            item = ""
        item = f"{item} {line.strip()}".strip()
    yield item


def _filled(text: str, width: int) -> list[str]:
    """Fill lines with a paragraph, or with an item of a list, which hangs from its mark."""
    mark = _ITEM.match(text)
    indent = INDENT + (len(mark[0]) if mark else 0)
    return (" " * INDENT + fold(text, indent, width)).split("\n")


def _table(block: Sequence[str], width: int) -> Iterator[str]:
    """Set a table: columns below each other, the last one folded."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block]
    rows = [row for row in rows if not all(set(cell) <= set("-: ") for cell in row)]
    widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        head = "".join(pad(cell, size + 2) for cell, size in zip(row[:-1], widths[:-1], strict=True))
        head = " " * INDENT + head
        yield from (head + fold(row[-1], columns_of(head), width)).split("\n")
