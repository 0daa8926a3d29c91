"""`evtool receive`: the receiver's side of a handover."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.options.common import SigningOptions, findings_option, progress_option
from evtool.cli.options.entry import answer_entry, entry_options, jobs_option
from evtool.cli.options.values import ranges_value
from evtool.cli.output import Output
from evtool.cli.progress import terminal_progress
from evtool.core.custody.events import Acceptance
from evtool.core.custody.privacy import TextPolicy
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges
from evtool.keys.trust import load_trust
from evtool.operations.author import Author
from evtool.operations.entries.handover import ReceiveOptions, receive
from evtool.operations.entries.writer import EntryHeader
from evtool.operations.record.trust import TrustPolicy

EXAMPLES = """\b
Examples:
  evtool receive inbox/case-12 --receipt case-12.receipt
  evtool receive inbox/case-12 --receipt case-12.receipt --accept-items 1-8,10
  evtool receive inbox/case-12 --receipt case-12.receipt --reject --reason "item 9 is damaged"

Send the receipt file to the giver. It holds your entry and its signature, and no evidence.
"""


@click.command(epilog=EXAMPLES)
@click.argument("directory", metavar="PATH", type=click.Path())
@click.option(
    "--receipt", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Write the receipt to FILE."
)
@click.option("--accept-items", type=ranges_value, metavar="N,N-N", help="Accept only these items.")
@click.option("--reject", is_flag=True, help="Accept nothing; the check is recorded all the same.")
@click.option("--transfer", type=click.IntRange(1), metavar="N", help="Answer entry N. Without it: the newest to you.")
@click.option("--trust", "trust_file", metavar="FILE", type=click.Path(path_type=Path), help="Whose keys to trust.")
@entry_options
@findings_option
@jobs_option
@progress_option
def command(
    directory: str,
    receipt: Path,
    accept_items: ItemRanges | None,
    reject: bool,
    transfer: int | None,
    trust_file: Path | None,
    header: EntryHeader,
    policy: TextPolicy,
    custody: str | None,
    jobs: int | None,
    signing: SigningOptions,
    output: Output,
) -> int:
    """Check a collection that was handed over to you, record what you accept, and write a receipt."""
    if accept_items is not None and reject:
        raise click.UsageError("--accept-items and --reject are two answers to one question; give one")
    acceptance = Acceptance.REJECTED if reject else Acceptance.PARTIAL if accept_items else Acceptance.ACCEPTED
    options = ReceiveOptions(
        acceptance=acceptance,
        accepted=accept_items,
        transfer=transfer,
        trust=TrustPolicy(load_trust(trust_file)),
        custody=custody,
        jobs=jobs,
    )
    with terminal_progress(output) as progress:
        result = receive(directory, Author(signing.choose(), policy, progress), header, options, receipt)
    return answer_entry(output, directory, result, "", f"Receipt ({acceptance.value}): {shown(str(receipt))}")
