"""Standard output and standard error that never fail where something is written, but remember that they did.

A full disk or a reader that went away must not change what a run answers: an exception out of `print` would end in
Python's own exit code 1, which here means that tampering is proven. So whatever goes wrong with these two streams is
noted in `Delivery.error`, the rest of what is written goes nowhere, and `evtool.cli.app` weighs it at the end.
"""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO, TextIO

from evtool.core.text.expressions import compiled_when_used

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_COMMAND = compiled_when_used(r"`[^`\n]*`")


class Delivery(io.RawIOBase):
    """The end of a standard stream.

    Attributes:
        error: why something could not be written; None as long as all was.
        is_unread: whether that is because the reader went away, as `head` does when it has enough.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        # Kept, because a stream that nobody holds any longer closes what is under it.
        self._stream = stream
        # Unbuffered (PYTHONUNBUFFERED), there is nothing between the text and the descriptor.
        self._raw: io.RawIOBase | BinaryIO = getattr(stream.buffer, "raw", stream.buffer)
        self.error: str | None = None
        self.is_unread = False

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all of it, or note why that is not possible and take the rest for written."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        while rest and self.error is None:
            try:
                written = self._raw.write(rest)
                if written is None:
                    # Whoever shares this pipe made it non-blocking.
                    select.select([], [self._raw], [])
                rest = rest[written or 0 :]
            except (OSError, ValueError) as error:
                self.is_unread = isinstance(error, BrokenPipeError)
                self.error = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return size

    def writable(self) -> bool:
        """Tell that it can be written to, for what buffers it."""
        return True

    def fileno(self) -> int:
        """Give the descriptor."""
        return self._raw.fileno()

    def isatty(self) -> bool:
        """Tell whether somebody sits there."""
        return self._raw.isatty()


def take_over_streams() -> tuple[Delivery, Delivery]:
    """Open what the caller closed of the three standard streams, and put a `Delivery` under output and errors.

    A standard stream left closed would give its number to the next file that is opened, which then got what is printed.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout, output = _wrap(sys.stdout, 1)
    sys.stderr, errors = _wrap(sys.stderr, 2)
    return output, errors


def _wrap(stream: TextIO | None, descriptor: int) -> tuple[TextIO, Delivery]:
    closed = stream is None
    stream = stream or os.fdopen(descriptor, "w", encoding="utf-8", closefd=False)
    delivery = Delivery(stream)
    if closed:
        delivery.error = "it is closed"
    text = io.TextIOWrapper(
        io.BufferedWriter(delivery),
        encoding=stream.encoding,
        # A terminal that cannot show Hangul gets escapes, never a crash half way through a verdict.
        errors="backslashreplace",
        line_buffering=descriptor == 2 or delivery.isatty(),
    )
    return text, delivery


def print_error(
    message: str, hint: str = "", lines: Sequence[str] = (), marks: tuple[str, str] = ("error", "hint")
) -> None:
    """Print an error, what it sums up, and the way out where there is one, on stderr; `marks` name the two."""
    told = [f"evtool: {marks[0]}: {message}", *(f"  {line}" for line in lines)]
    told += [f"evtool: {marks[1]}: {hint}"] if hint else []
    sys.stderr.write("".join(f"{line}\n" for line in (_fold_for_screen(told) if sys.stderr.isatty() else told)))


def _fold_for_screen(lines: Sequence[str]) -> list[str]:
    """Fold lines to the width of the terminal that errors go to; a command in backticks stays whole, to be copied."""
    # Start-up time: only who sits at a terminal and made an error needs it.
    from evtool.report.columns import fold

    try:
        width = os.get_terminal_size(sys.stderr.fileno()).columns or None
    except OSError:
        return list(lines)
    kept = [_COMMAND.sub(lambda command: command[0].replace(" ", "\0"), line) for line in lines]
    return [
        ("  " + fold(line[2:], 4, width) if line.startswith("  ") else fold(line, 2, width)).replace("\0", " ")
        for line in kept
    ]
