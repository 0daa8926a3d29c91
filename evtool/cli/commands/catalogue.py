"""`evtool catalogue`: what a repository knows of all that it received."""

from __future__ import annotations

import click

from evtool.cli.group import Group

GROUP_EXAMPLES = """\b
Examples:
  evtool catalogue init repository.cat
  evtool catalogue add repository.cat holdings/*.zip
  evtool catalogue list repository.cat

\b
Exit codes:
  0  done
  1  two records of one collection part, or something fails verification
  2  wrong usage
  3  something is signed by a key that you have not trusted
  4  something could not be read or written
  5  refused: consent or handling does not allow it

The catalogue is an index. It can be made again from the records and its journal, and nobody decides over evidence from
it alone: whoever hands something over asks the record itself. It holds codes, terms and dates, and no name unless you
chose that when you made it.
"""

_HERE = "evtool.cli.commands"


@click.group(
    cls=Group,
    epilog=GROUP_EXAMPLES,
    modules={
        "init": f"{_HERE}.catalogue_init",
        "add": f"{_HERE}.catalogue_add",
        "list": f"{_HERE}.catalogue_list",
        "export": f"{_HERE}.catalogue_export",
        "rebuild": f"{_HERE}.catalogue_rebuild",
        "find": f"{_HERE}.catalogue_find",
        "holders": f"{_HERE}.catalogue_holders",
        "chain": f"{_HERE}.catalogue_chain",
        "explain": f"{_HERE}.catalogue_explain",
        "recall": f"{_HERE}.catalogue_recall",
        "figures": f"{_HERE}.catalogue_figures",
        "duplicates": f"{_HERE}.catalogue_duplicates",
        "location": f"{_HERE}.catalogue_location",
        "audit": f"{_HERE}.catalogue_audit",
        "due": f"{_HERE}.catalogue_due",
    },
)
def command() -> None:
    """Know what you hold, under which terms, and who else has it."""
