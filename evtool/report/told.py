"""What a finding says, as an account holds it: the key of a sentence and its values, apart by what they are.

A page says it in its language. A reader who gets no names can be given the same sentence without them, because each
value stands on its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from msgspec import Struct

from evtool.core.custody.events import Event
from evtool.core.finding import Cause, Listed, Ranges, Value, Words
from evtool.core.text.expressions import compiled_when_used
from evtool.core.values import replace


class ToldCause(Struct, frozen=True, kw_only=True):
    """An error as the reason of something.

    Attributes:
        kind: what kind of error it was, as a code.
        text: what it says, in English; null if that is left out here.
        says: the key and the values by which it is said in other languages; null if there are none, or with the text.
    """

    kind: str
    text: str | None
    says: ToldWords | None


class ToldList(Struct, frozen=True, kw_only=True):
    """Some of many things, by their names or in words.

    Attributes:
        names: those that are named.
        words: those that are said in words.
        total: how many there are in all.
    """

    names: tuple[str, ...]
    words: tuple[ToldWords, ...]
    total: int


class ToldWords(Struct, frozen=True, kw_only=True):
    """A sentence, or a part of one, before it is said in a language.

    Attributes:
        sentence: which of those on its subject it is.
        texts: the texts in it, by the name of the value.
        numbers: the numbers in it.
        ranges: the ranges of numbers in it, each as its first and last number.
        causes: the errors in it.
        lists: the lists in it.
        words: the parts of sentences in it.
        empty: values that are there and say nothing.
        hidden: values that are left out here.
    """

    sentence: str
    texts: dict[str, str]
    numbers: dict[str, int]
    ranges: dict[str, tuple[tuple[int, ...], ...]]
    causes: dict[str, ToldCause]
    lists: dict[str, ToldList]
    words: dict[str, ToldWords]
    empty: tuple[str, ...]
    hidden: tuple[str, ...]


def tell(words: Words, **more: Value) -> ToldWords:
    """Put words into an account, with those among `more`, which stand beside them."""
    values = {name: value for name, value in more.items() if isinstance(value, Words)} | dict(words.values)
    return ToldWords(
        sentence=words.key,
        texts={name: str(value) for name, value in values.items() if isinstance(value, str)},
        numbers={name: value for name, value in values.items() if isinstance(value, int)},
        ranges={name: value for name, value in values.items() if isinstance(value, tuple)},
        causes={name: _tell_cause(value) for name, value in values.items() if isinstance(value, Cause)},
        lists={name: _tell_list(value) for name, value in values.items() if isinstance(value, Listed)},
        words={name: tell(value) for name, value in values.items() if isinstance(value, Words)},
        empty=tuple(name for name, value in values.items() if value is None),
        hidden=(),
    )


def _tell_cause(cause: Cause) -> ToldCause:
    says = tell(Words(cause.key, **dict(cause.values))) if cause.key else None
    return ToldCause(kind=cause.kind, text=cause.text, says=says)


def _tell_list(listed: Listed) -> ToldList:
    names = tuple(part for part in listed.parts if isinstance(part, str))
    words = tuple(tell(part) for part in listed.parts if isinstance(part, Words))
    return ToldList(names=names, words=words, total=listed.total)


def words_of(told: ToldWords, not_shown: str, causes: Mapping[str, str]) -> Words:
    """Give the words again: `not_shown` in place of what is left out, and of an error whose text is, its kind.

    `causes` has what is said of each kind of error, and of `other` ones.
    """
    values: dict[str, Value] = {
        **dict.fromkeys(told.empty),
        **dict.fromkeys(told.hidden, not_shown),
        **told.texts,
        **told.numbers,
        **{name: _ranges(value) for name, value in told.ranges.items()},
        **{name: _cause(value, causes) for name, value in told.causes.items()},
        **{
            name: Listed((*value.names, *(words_of(part, not_shown, causes) for part in value.words)), value.total)
            for name, value in told.lists.items()
        },
        **{name: words_of(value, not_shown, causes) for name, value in told.words.items()},
    }
    return Words(told.sentence, **values)


def _ranges(value: tuple[tuple[int, ...], ...]) -> Ranges:
    return tuple((first, last) for first, last in value)


def _cause(told: ToldCause, causes: Mapping[str, str]) -> Cause | str:
    if told.text is None:
        return causes[told.kind if told.kind in causes else "other"]
    if told.says is None:
        return Cause(told.kind, told.text)
    words = words_of(told.says, "", causes)
    return Cause(told.kind, told.text, words.key, words.values)


_DIGEST = compiled_when_used(r"[0-9a-f]{64}|[0-9a-f]{128}|SHA256:[A-Za-z0-9+/]{43}")
_ENTRY_FILE = compiled_when_used(
    rf"(custody/)?[0-9]{{4}}-({'|'.join(event.value for event in Event)})\.(toml|toml\.sig|jsonl|sha256|items|details)"
)
"""A file of the record: with any other word behind the number it can be the name of a person."""
_PATTERNS = "patterns"
_CODES = frozenset({"agent", "by", "event", "key", "reason", "version", "condition", "system", "required"})
"""Values that hold codes: everybody gets them."""

_TIMES = frozenset({"claimed", "now", "newest", "after", "before", "date", "sealed", "day"})
_TIME = compiled_when_used(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]{5,20} ?(Z|UTC|[+-][0-9]{2}:[0-9]{2})?)?")
"""What a value of those has to look like, so that none can hold a name."""


def without_causes(told: ToldWords) -> tuple[ToldWords, int]:
    """Take out what errors say, which may name places on the computer that checked; tells how many texts that were."""
    gone = sum(cause.text is not None for cause in told.causes.values())
    words = {name: without_causes(part) for name, part in told.words.items()}
    causes = {name: replace(cause, text=None, says=None) for name, cause in told.causes.items()}
    parts = {name: part for name, (part, _) in words.items()}
    return replace(told, causes=causes, words=parts), gone + sum(count for _, count in words.values())


def without_patterns(told: ToldWords) -> ToldWords:
    """Take out the patterns of files that were left out of seals: an account counts them elsewhere."""
    if _PATTERNS not in told.lists:
        return told
    lists = {name: listed for name, listed in told.lists.items() if name != _PATTERNS}
    return replace(told, lists=lists, hidden=(*told.hidden, _PATTERNS))


def without_names(told: ToldWords) -> tuple[ToldWords, int]:
    """Take out what may be the name of something; tells how many names that were."""
    texts = {name: text for name, text in told.texts.items() if _is_of_the_record(name, text)}
    lists = {name: _without_names(listed) for name, listed in told.lists.items() if not listed.names}
    words = {name: without_names(part) for name, part in told.words.items()}
    hidden = tuple(sorted({*told.hidden, *chain(told.texts.keys() - texts.keys(), told.lists.keys() - lists.keys())}))
    gone = len(hidden) - len(told.hidden) + sum(count for _, count in [*words.values(), *lists.values()])
    kept = {name: listed for name, (listed, _) in lists.items()}
    parts = {name: part for name, (part, _) in words.items()}
    return replace(told, texts=texts, lists=kept, words=parts, hidden=hidden), gone


def _without_names(listed: ToldList) -> tuple[ToldList, int]:
    parts = [without_names(part) for part in listed.words]
    return replace(listed, words=tuple(part for part, _ in parts)), sum(count for _, count in parts)


def _is_of_the_record(name: str, text: str) -> bool:
    if name in _TIMES:
        return bool(_TIME.fullmatch(text))
    return name in _CODES or bool(_DIGEST.fullmatch(text) or _ENTRY_FILE.fullmatch(text))
