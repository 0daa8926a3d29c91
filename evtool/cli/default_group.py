"""A group of commands one of which can be called without its name."""

from __future__ import annotations

from typing import Any

import click


class DefaultGroup(click.Group):
    """`evtool timestamp DIR` means `evtool timestamp add DIR`: whatever is no name of a command goes to one of them.

    A directory with the name of a command is written `./upgrade`.
    """

    def __init__(self, *args: Any, default: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front of arguments that name none."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self._default, *args]
        return super().parse_args(ctx, args)
