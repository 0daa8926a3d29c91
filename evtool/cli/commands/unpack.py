"""`evtool unpack`: a bundle back into an evidence directory."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from evtool.cli.command import Command
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.common import continued_option, trust_option
from evtool.cli.options.trust import TrustChoice, choose_trust
from evtool.cli.output import Notices, Output, output_of_work
from evtool.cli.progress import terminal_progress
from evtool.core.text.names import shown
from evtool.operations.bundle.unpack import UnpackResult, unpack
from evtool.operations.record.place import Place, RecordPlace
from evtool.operations.verify.options import VerifyOptions
from evtool.report.bundle_document import UnpackDocument
from evtool.report.document import directory_report
from evtool.report.language import english
from evtool.report.text import render_report

EXAMPLES = """\b
Examples:
  evtool unpack case-12.zip -o case-12
  evtool unpack case-12.zip.age -o case-12 --identity ~/.ssh/id_ed25519
  evtool unpack case-12.zip -o case-12 --continued case-12.zip.received
                              with the entries that its recipient added
  age -d -i key.txt case-12.zip.age | evtool unpack - -o case-12

\b
Exit codes:
  0  unpacked, and all that was asked for is shown
  1  the bundle fails verification; nothing was unpacked
  2  wrong usage
  3  unpacked, but not everything is established (a key you have not
     trusted)
  4  could not be checked or written; nothing was unpacked

The new directory has the sealed names and dates, and the record in custody/. The bundle is verified first, as `evtool
verify` does, and then the directory as it was written; a bundle that fails verification leaves nothing behind. A run
that is killed leaves a directory .DIR.evtool-....part; the next run of unpack or pack beside it names and removes it.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("bundle", type=click.Path(allow_dash=True))
@click.option(
    "--output", "-o", "directory", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Directory; new."
)
@trust_option
@click.option("--outside-links", is_flag=True, help="Make symbolic links that lead out of DIR, too.")
@continued_option
@access_options
@output_of_work
def command(
    bundle: str,
    directory: Path,
    trust_file: Path | None,
    outside_links: bool,
    continued: str | None,
    access: AccessOptions,
    output: Output,
) -> int:
    """Unpack BUNDLE, a folder, .zip, .zip.age or - for standard input, into the new directory DIR."""
    place: Place = sys.stdin.buffer if bundle == "-" else bundle
    trust = choose_trust(trust_file)
    options = VerifyOptions(trust=trust.keys, place=RecordPlace(continued=continued))
    notices = Notices()
    with terminal_progress(output) as progress:
        result = unpack(
            place,
            directory,
            access.load(),
            verify_options=options,
            outside_links=outside_links,
            progress=progress,
            tell=notices,
        )
    exit_code = result.report.exit_code
    output.answer(_render(result, directory, output, trust), done=True)
    output.document(
        UnpackDocument(
            exit_code=exit_code,
            bundle=bundle,
            neutral=result.neutral,
            other_names=result.other_names,
            links_left_out=result.links_left_out,
            impossible_links=result.impossible_links,
            leftovers=tuple(notices.texts),
            trust=trust.document(),
            report=directory_report(str(directory), result.report, output.limit),
        )
    )
    return exit_code


_MAX_NAMED = 20
"""Items named one by one; --json names all."""


def _render(result: UnpackResult, directory: Path, output: Output, trust: TrustChoice) -> str:
    lines = [f"{shown(str(directory))}: unpacked"]
    if result.withheld_names:
        count = len(result.withheld_names)
        lines.append(f"  {count:,} of the items go by their number: their own name is withheld")
    if result.other_names:
        count = len(result.other_names)
        lines.append(
            f"  {count:,} of the items go by their number, as they cannot have their own name here: this medium cannot "
            "hold it, or something else is there"
        )
        lines += [f"    item {number}" for number in result.other_names[:_MAX_NAMED]]
    lines += [
        f"  item {number} is a link that leads out of the directory, and was not made (--outside-links)"
        for number in result.links_left_out[:_MAX_NAMED]
    ]
    lines += [
        f"  item {number} is a link that this medium cannot hold, and was not made"
        for number in result.impossible_links[:_MAX_NAMED]
    ]
    left_out = len(result.links_left_out) + len(result.impossible_links)
    if left_out:
        lines.append(
            f"  links not made: {left_out:,}; the record states where they lead, and verify will say that they are not "
            "here (exit code 3)"
        )
    report = render_report(
        english(), result.report, str(directory), output.width, output.limit, trust_file=trust.variable_says
    )
    return "\n".join([*lines, "", report])
