"""The bars of a terminal: how far an action is, and how far each large file in work is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.text import Text

_BAR_WIDTH = 30
"""Columns of a bar."""

_LEAD = 6
"""Columns before a name."""

_MOST_FILES = 3
"""Files in work that have a line of their own."""


class ProgressBars(Progress):
    """One bar for all of the work, a line of numbers, and a line for each of the first files in work.

    It draws when it is told to: a thread that draws by itself would make forking workers unsafe. No text is markup.
    """

    def __init__(self) -> None:
        # What is drawn is asked for before all of a bar is there.
        self._screen = Console(stderr=True, markup=False, highlight=False, emoji=False)
        self._numbers = ""
        self._names: list[str] = []
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=_BAR_WIDTH),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            console=self._screen,
            auto_refresh=False,
            transient=True,
            # Answers go to a standard output of their own, even if it is the same terminal.
            redirect_stdout=False,
        )
        self._overall = self.add_task("", total=None, left="")

    def draw(
        self,
        action: str,
        share: float | None,
        left: str,
        numbers: str,
        files: Sequence[tuple[str, int, int]],
        item: str,
    ) -> None:
        """Draw.

        `share` is how much is done, from 0 to 1, if that is known; `left` the time left, in words; `files` are those in
        work: the name, what was read and the size, which is 0 if unknown. Where there are none, `item` stands alone.
        """
        total = None if share is None else 1.0
        self.update(self._overall, description=action, completed=share or 0.0, total=total, left=left)
        self._numbers = numbers
        self._names = [
            (f"{100 * read // size:3}%  " if size else " " * _LEAD) + name for name, read, size in files[:_MOST_FILES]
        ]
        if len(files) > _MOST_FILES:
            self._names.append(f"      and {len(files) - _MOST_FILES} more")
        if not files and item:
            self._names.append(f"      {item}")
        self.refresh()

    def get_renderables(self) -> Iterable[RenderableType]:
        """Give the lines, each of them one line of the terminal."""
        yield self.make_tasks_table(self.tasks)
        width = self._screen.width - 1
        for line in (f"  {self._numbers}", *(f"  {_shorten(name, width - 2)}" for name in self._names)):
            yield Text(line, no_wrap=True, overflow="ellipsis")


def _shorten(line: str, width: int) -> str:
    """Shorten a line within its name, of which the end tells more than the beginning."""
    if cell_len(line) <= width:
        return line
    start, rest = line[:_LEAD], line[_LEAD:][-width:]
    # A Hangul syllable takes two columns.
    while rest and cell_len(rest) > width - _LEAD - 1:
        rest = rest[1:]
    return f"{start}…{rest}"
