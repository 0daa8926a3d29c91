"""What a shell completes: codes out of the user's own lists, and the words of the vocabulary.

A shell asks at every TAB. Whatever goes wrong then is no message for its user: nothing is completed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

from evtool.core.errors import EvtoolError
from evtool.core.terms.terms import TERMS_BY_NAME

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _begin(words: Iterable[str], incomplete: str, before: str = "") -> list[CompletionItem]:
    return [CompletionItem(before + word) for word in words if word.startswith(incomplete)]


def complete_recipient(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the codes of the user's list of recipients."""
    # Only a shell that completes needs them here.
    from evtool.keys.recipients import load_recipients

    try:
        return _begin(sorted(load_recipients().by_code), incomplete)
    except (EvtoolError, OSError):
        return []


def complete_own_code(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the codes of the user's own keys."""
    # Only a shell that completes needs them here.
    from evtool.keys.own import list_own_keys

    try:
        return _begin(sorted(key.code for key in list_own_keys().keys), incomplete)
    except (EvtoolError, OSError):
        return []


def complete_term(name: str) -> Completer:
    """Give what offers the codes of a term; of a list, for the last one that was begun."""

    def complete(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        term = TERMS_BY_NAME[name]
        before, comma, last = incomplete.rpartition(",")
        if name == "share":
            found = complete_recipient(context, param, last)
            return [CompletionItem(f"{before}{comma}{item.value}") for item in found]
        return _begin((str(code.value) for code in term.codes or ()), last, before + comma)

    return complete
