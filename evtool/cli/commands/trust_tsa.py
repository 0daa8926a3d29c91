"""`evtool trust tsa`: which time-stamp authorities the user trusts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from evtool.cli.command import Command
from evtool.cli.group import Group
from evtool.cli.options.values import ExistingPath, moment_value
from evtool.cli.output import Output, output_options
from evtool.core.text.names import shown
from evtool.core.timestamp.anchor import Anchor
from evtool.keys.tsa_trust import add_anchor, load_anchors, remove_anchor
from evtool.report.stamp import spell
from evtool.report.time_document import AuthoritiesDocument, TrustedAuthority

GROUP_EXAMPLES = """\b
Examples:
  evtool trust tsa add root.pem --name "National authority"
  evtool trust tsa add root.pem --use-until 2031-12-31 \\
      --accept-policy 1.3.6.1.4.1.99999.1.1
  evtool trust tsa list
  evtool trust tsa remove 2c26b46b

\b
Exit codes:
  0  done
  2  wrong usage
  4  a certificate or your list cannot be read or written

Nothing is trusted by default, also not the roots of your browser: these change with its updates. Compare the
fingerprint with what the authority publishes elsewhere before you rely on it.
"""


ADD_EXAMPLES = """\b
Examples:
  evtool trust tsa add root.pem --name "National authority"
  evtool trust tsa add root.pem --use-until 2031-12-31

\b
Exit codes:
  0  done
  2  wrong usage
  4  a certificate or your list cannot be read or written
"""

LIST_EXAMPLES = """\b
Examples:
  evtool trust tsa list
  evtool trust tsa list --json

\b
Exit codes:
  0  listed
  2  wrong usage
  4  a certificate or your list cannot be read or written
"""

REMOVE_EXAMPLES = """\b
Examples:
  evtool trust tsa remove "National authority"
  evtool trust tsa remove 2c26b46b

\b
Exit codes:
  0  done
  2  wrong usage
  4  a certificate or your list cannot be read or written
"""


@click.group(cls=Group, epilog=GROUP_EXAMPLES)
def command() -> None:
    """Decide which time-stamp authorities you trust."""


@command.command("add", cls=Command, epilog=ADD_EXAMPLES)
@click.argument("file", metavar="CERTIFICATE.pem", type=ExistingPath(path_type=Path))
@click.option("--name", default="", metavar="TEXT", help="What you call it. [default: as its certificate does]")
@click.option("--use-from", type=moment_value, metavar="MOMENT", help="No token before this moment is accepted.")
@click.option("--use-until", type=moment_value, metavar="MOMENT", help="No token after this moment is accepted.")
@click.option(
    "--accept-policy", "policies", multiple=True, metavar="OID", help="Accept this policy only. May be repeated."
)
@output_options
def add(
    file: Path,
    name: str,
    use_from: datetime | None,
    use_until: datetime | None,
    policies: tuple[str, ...],
    output: Output,
) -> None:
    """Trust the certificates in CERTIFICATE.pem (PEM or DER): roots, or an authority's own."""
    anchors = add_anchor(file, name, use_from, use_until, policies)
    output.did(f"time-stamp authority {shown(name)} is trusted")
    _print(anchors, (), output)
    output.talk("Trusted from now on. Compare the fingerprint with the one that the authority publishes.")


@command.command("list", cls=Command, epilog=LIST_EXAMPLES)
@output_options
def list_(output: Output) -> None:
    """List the time-stamp authorities that you trust."""
    found = load_anchors()
    _print(found.anchors, found.problems, output)
    if not found.anchors:
        output.talk("You trust no time-stamp authority: `evtool trust tsa add CERTIFICATE.pem` trusts one.")


@command.command("remove", cls=Command, epilog=REMOVE_EXAMPLES)
@click.argument("which", metavar="NAME|FINGERPRINT")
@output_options
def remove(which: str, output: Output) -> None:
    """Trust one authority no longer: by its name, or by 8 or more digits of its fingerprint."""
    removed = remove_anchor(which)
    output.did(f"time-stamp authority {shown(removed.name)} is no longer trusted")
    _print((removed,), (), output)
    output.talk("No longer trusted. Time-stamps that lead to it show nothing from now on.")


def _print(anchors: Sequence[Anchor], problems: Sequence[str], output: Output) -> None:
    output.document(
        AuthoritiesDocument(authorities=tuple(_describe(anchor) for anchor in anchors), problems=tuple(problems))
    )
    if anchors:
        output.answer("\n".join(_render(anchor) for anchor in anchors))
    for problem in problems:
        output.note("authority", problem=problem)


def _describe(anchor: Anchor) -> TrustedAuthority:
    return TrustedAuthority(
        name=anchor.name,
        certificate_sha256=anchor.fingerprint,
        use_from=spell(anchor.use_from),
        use_until=spell(anchor.use_until),
        policies=tuple(sorted(anchor.policies)),
    )


def _render(anchor: Anchor) -> str:
    words = [f"{anchor.fingerprint}  {shown(anchor.name)}"]
    if anchor.use_from:
        words.append(f"from {spell(anchor.use_from)}")
    if anchor.use_until:
        words.append(f"until {spell(anchor.use_until)}")
    if anchor.policies:
        words.append(f"policies {', '.join(sorted(anchor.policies))}")
    return ", ".join(words)
