"""A paper as HTML: one file without scripts, to be printed on A4 and signed.

The same paper gives the same bytes. Its two styles are allowed by digests: one is the same for all papers and prints in
black and white, the other puts the foot of the paper on each page.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from evtool.report.paper import NEW_LINE, Blank, Column, Heading, Paper, ValueKind

TEMPLATES = Path(__file__).parent / "templates"


def render_paper(paper: Paper) -> str:
    """Write a paper."""
    style = (TEMPLATES / "paper.css").read_text("utf-8")
    anchors = [block.anchor for block in paper.blocks if isinstance(block, Heading) and block.anchor]
    foot = f"@page{{@bottom-left{{content:{_css_string(paper.foot)};font-size:8pt;text-align:left}}}}"
    page = _load_template().render(
        paper=paper,
        anchor=anchors[0] if anchors else "",
        style=Markup(style),  # noqa: S704  # a file of this program
        style_digest=_digest(style),
        foot=Markup(foot),  # noqa: S704  # a string in which every character is escaped
        foot_digest=_digest(foot),
    )
    # Macros stand before the first line.
    return page[page.index("<!DOCTYPE") :].rstrip() + "\n"


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _css_string(text: str) -> str:
    """Write a string of CSS, each character by its number, so that none can end it."""
    return '"' + "".join(f"\\{ord(character):06x}" for character in text) + '"'


@cache
def _load_template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["class_name"] = lambda block: type(block).__name__
    environment.filters["opening"] = _open_cell
    environment.filters["picture"] = Markup  # what is text in a picture was escaped when it was drawn
    environment.filters["lines"] = _break_lines
    environment.tests["blank"] = lambda piece: piece is Blank.LINE
    return environment.get_template("paper.html.j2")


def _open_cell(column: Column) -> Markup:
    """Write how a cell begins, once for a whole column: a page can have many thousand cells."""
    kind = "" if column.kind is ValueKind.TEXT else f' class="{column.kind.value}"'
    return Markup(f"<td{kind}>")  # noqa: S704  # a word of this program


def _break_lines(text: str) -> str:
    """Write text with its line breaks as such; text that has none, as nearly all has, is escaped by the template."""
    return Markup("<br>").join(text.split(NEW_LINE)) if NEW_LINE in text else text
