"""The patterns of a new seal: those in force, and new ones, each of which must leave something out.

A pattern that matches nothing is most likely misspelt, and what it should have left out would be sealed for good. How a
name is spelled is not seen: keyboards write one Unicode form, some systems store another. So a new pattern is recorded
in the spelling that matches here; what the record says of patterns stays as simple as it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from evtool.core.errors import UsageError, Way
from evtool.core.text.names import shown, store_name, store_names
from evtool.core.text.patterns import DEFAULT_PATTERNS, Exclusions
from evtool.operations.record.record import Record
from evtool.operations.seal.options import UNMATCHED, SealOptions
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import WalkNotes, walk_runs


def effective_exclusions(
    evidence: TreeLocation, custody_name: bytes | None, record: Record | None, options: SealOptions
) -> Exclusions:
    """Give the patterns of a new seal: those in force, unless they are reset, and the new ones.

    Raises:
        UsageError: a new pattern matches nothing, and that is not allowed.
    """
    if options.reset_exclusions:
        before: tuple[str, ...] = ()
    else:
        before = record.exclusions.patterns if record else DEFAULT_PATTERNS
    new = tuple(dict.fromkeys(pattern for pattern in options.exclude if pattern not in before))
    Exclusions(before + new)  # too many, or not printable: said before anything is walked over
    return Exclusions(before + _bind(evidence, custody_name, new, options)) if new else Exclusions(before)


def _bind(
    evidence: TreeLocation, custody_name: bytes | None, patterns: tuple[str, ...], options: SealOptions
) -> tuple[str, ...]:
    """Spell patterns as the names in the directory are spelled."""
    spellings = {
        pattern: dict.fromkeys((pattern, *(unicodedata.normalize(form, pattern) for form in ("NFC", "NFD"))))
        for pattern in patterns
    }
    met = _find_matching(evidence, custody_name, {spelling for each in spellings.values() for spelling in each})
    unbound = [pattern for pattern, each in spellings.items() if not met & each.keys()]
    if unbound and UNMATCHED not in options.allow:
        raise UsageError(
            "nothing in the directory matches {names}, so nothing would be left out; nothing was sealed",
            hint="correct the pattern; for names that will come later, allow {unmatched}",
            key="exclude-unbound",
            ways=(Way.ALLOW,),
            names=", ".join(shown(pattern) for pattern in unbound),
            unmatched=UNMATCHED,
        )
    return tuple(
        spelling
        for pattern, each in spellings.items()
        for spelling in each
        if spelling in met or (spelling == pattern in unbound)
    )


def _find_matching(evidence: TreeLocation, custody_name: bytes | None, patterns: set[str]) -> set[str]:
    """Walk over a directory, past all patterns, and find those of these that match something."""
    single: Mapping[str, Exclusions] = {pattern: Exclusions((pattern,)) for pattern in patterns}
    met: set[str] = set()
    seen_directory = None
    with Tree(evidence) as tree:
        for run in walk_runs(tree, custody_name=custody_name, exclusions=Exclusions(), notes=WalkNotes()):
            left = [pattern for pattern in single if pattern not in met]
            if not left:
                break
            prefix = store_name(run.directory) + "/" if run.directory else ""
            names = store_names(run.names)
            for pattern in left:
                # What is above these names is looked at once for each directory.
                if single[pattern].match_names(prefix, names) or (
                    run.directory != seen_directory and prefix and single[pattern].hides(prefix[:-1])
                ):
                    met.add(pattern)
            seen_directory = run.directory
    return met
