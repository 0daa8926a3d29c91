"""The items that an answer is about, by number and name: whoever meant another one sees it here."""

from __future__ import annotations

from itertools import islice

from evtool.cli.output import Output
from evtool.core.manifest.skim import seek
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.operations.entries.opening import has_record
from evtool.operations.record.items import read_numbered_items
from evtool.operations.record.place import Where
from evtool.operations.record.read import open_record
from evtool.report.language import Language

MOST_NAMED = 10
"""How many items an answer names, unless it is to list everything."""

_MOST_RANGES = 10


def list_named_items(
    language: Language, output: Output, directory: str, where: Where, items: ItemRanges | None
) -> list[str]:
    """Give lines that name items: the ranges of their numbers, then number and name of the first of them.

    None stands for all items that are sealed, which are counted.
    """
    if output.json:
        return []
    if items is None and not has_record(directory, where):
        return []  # a dry run of the first entry
    most = None if output.lists_all else MOST_NAMED
    with open_record(directory, where) as record:
        if items is None:
            return [f"  {language.say('answer.about-all', count=record.next_item - 1)}"]
        names: dict[int, str] = {}
        for sealed in read_numbered_items(record, seek(ranges_of(islice(items, most)))):
            number = sealed.item.number
            if number > items.last or len(names) == most:
                break
            if number in items:
                file = sealed.item.file
                names[number] = shown(file.path) if file else language.say("show.name-withheld")
    lines = [f"  {language.say('answer.about', items=language.say_ranges(items.ranges, 'items', _MOST_RANGES))}"]
    lines += [f"  {number:>7}  {name}" for number, name in names.items()]
    if len(items) > len(names):
        lines.append(f"           {language.say('entry.more', count=len(items) - len(names))}")
    return lines
