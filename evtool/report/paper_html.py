"""A paper as one HTML file without scripts: nothing in it is fetched, and its style is allowed by a digest."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from html import escape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from evtool.report.paper import NEW_LINE, Blank, Block, Column, Heading, Paper, TextKind

_TEMPLATES = Path(__file__).parent / "templates"


def render_html(paper: Paper) -> str:
    """Write a paper as HTML; the same paper gives the same text."""
    style = (_TEMPLATES / "paper.css").read_text("utf-8")
    anchors = [block.anchor for block in paper.blocks if isinstance(block, Heading) and block.anchor]
    page = _load_template().render(
        paper=paper,
        anchor=anchors[0] if anchors else "",
        style=Markup(style),  # noqa: S704  # a file of this program
        style_digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )
    # Macros stand before the first line.
    return page[page.index("<!DOCTYPE") :].rstrip() + "\n"


@cache
def _load_template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["block"] = _name
    environment.filters["opening"] = _open_cell
    environment.filters["picture"] = Markup  # what is text in a picture was escaped when it was drawn
    environment.filters["lines"] = _break_lines
    environment.tests["blank"] = lambda piece: piece is Blank.LINE
    return environment.get_template("paper.html.j2")


def _name(block: Block) -> str:
    return type(block).__name__


def _open_cell(column: Column) -> Markup:
    """Write how a cell begins, once for a whole column: a page can have many thousand cells."""
    kind = "" if column.kind is TextKind.TEXT else f' class="{escape(column.kind.value)}"'
    return Markup(f"<td{kind}>")  # noqa: S704  # a word of this program


def _break_lines(text: str) -> str:
    """Write text with its line breaks as such; text that has none, as nearly all has, is escaped by the template."""
    return Markup("<br>").join(text.split(NEW_LINE)) if NEW_LINE in text else text
