"""Help topics: pages about what takes several commands, in `en/` and `ko/`, read in a terminal or in the repository.

A page is Markdown of a few kinds of paragraph, see `markdown.py`. Its first line is its name in the list of topics.
Every command in it is run by a test, and so is what it quotes of their answers; each language has the same commands.
"""

from __future__ import annotations

from evtool.cli.topics.markdown import render
from evtool.cli.topics.pages import TOPICS, find_topic, guess_topic, read_topic, title_of

__all__ = ["TOPICS", "find_topic", "guess_topic", "read_topic", "render", "title_of"]
