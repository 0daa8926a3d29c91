"""`evtool completion`: the script that lets a shell complete commands, options and values."""

from __future__ import annotations

import pkgutil

import click

from evtool.cli.command import Command
from evtool.cli.completion import SHELLS
from evtool.cli.output import Output
from evtool.core.errors import ExitCode

EXAMPLES = """\b
Examples:
  evtool completion bash > ~/.local/share/bash-completion/completions/evtool
  evtool completion zsh > ~/.zfunc/_evtool
  evtool completion fish > ~/.config/fish/completions/evtool.fish

\b
Exit codes:
  0  the script was printed
  2  wrong usage

These folders may have to be made first. They work at once in bash with the package bash-completion, and in fish. zsh
needs two lines in ~/.zshrc: `fpath+=~/.zfunc` and `autoload -Uz compinit && compinit`. To try it in one terminal:
`source <(evtool completion bash)`, the same with zsh, or `evtool completion fish | source`.

Completed are commands, options, words of the vocabulary, codes out of your own lists, item and entry numbers of the
record that the line names, and file names. Nothing is written, and no network is used.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("shell", metavar="bash|zsh|fish", type=click.Choice(SHELLS))
def command(shell: str) -> int:
    """Print the script that completes commands, options and values in a shell."""
    data = pkgutil.get_data("evtool.cli.completion", f"{shell}.sh")
    assert data is not None  # noqa: S101  # it is part of the program
    Output().answer(data.decode("utf-8"))
    return ExitCode.OK
