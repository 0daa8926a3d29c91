"""Telling what other systems wrote beside the evidence and the record from what somebody put there."""

from __future__ import annotations

from collections.abc import Iterable

from evtool.core.finding import Code, Effect, Finding, Listed, Words
from evtool.core.text.names import store_name
from evtool.scan.companions import describe_companion
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Found

_MAX_NAMED = 20


def split_companions(location: TreeLocation, extra: Iterable[Found]) -> tuple[list[tuple[str, Words]], list[Found]]:
    """Take companions out of what no seal knows: their stored names, each with who wrote it, and the rest."""
    companions: list[tuple[str, Words]] = []
    rest: list[Found] = []
    with Tree(location) as tree:
        for found in extra:
            description = describe_companion(tree, found)
            if description is None:
                rest.append(found)
            else:
                companions.append((store_name(found.path), description))
    return companions, rest


def report_companions(code: Code, companions: list[tuple[str, Words]]) -> list[Finding]:
    """Name them in one note."""
    if not companions:
        return []
    named = tuple(Words("companion", path=path, who=who) for path, who in companions[:_MAX_NAMED])
    says = Words("companions", names=Listed(named, len(companions)))
    return [Finding(code, Effect.NOTE, says, count=len(companions))]
