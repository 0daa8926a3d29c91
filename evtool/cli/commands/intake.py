"""`evtool intake`: a repository takes in the bundles that were sent to it, and answers them."""

from __future__ import annotations

import click

from evtool.cli.group import Group

GROUP_EXAMPLES = """\b
Examples:
  evtool intake inbox --catalogue repository.cat --store vault \\
      --policy intake.toml --receipts receipts
  evtool intake list --catalogue repository.cat
  evtool intake show 31 --catalogue repository.cat
  evtool intake decide 31 reject --by R2 --reason "item 9 is damaged" \\
      --catalogue repository.cat --policy intake.toml --receipts receipts

\b
Exit codes:
  0  every bundle was taken in
  1  at least one bundle fails verification, or its record parts from
     another one
  2  wrong usage
  3  a signer is not trusted, a bundle is for somebody else, or it came before
  4  something could not be checked, read or written
  5  refused: an agreement does not allow it

Each bundle is moved to quarantine, verified as it is, added to the catalogue, answered and stored; what is not accepted
stays in quarantine, where a person decides. Nothing is ever deleted, and an encrypted bundle stays encrypted.
"""

_HERE = "evtool.cli.commands"


@click.group(
    cls=Group,
    default="take",
    epilog=GROUP_EXAMPLES,
    modules={
        "take": f"{_HERE}.intake_take",
        "list": f"{_HERE}.intake_list",
        "show": f"{_HERE}.intake_show",
        "decide": f"{_HERE}.intake_decide",
    },
)
def command() -> None:
    """Take in, check and answer the bundles that were sent to you."""
