"""`evtool receipt`: the answer to a handover."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.group import Group
from evtool.cli.options.common import output_options
from evtool.cli.options.entry import custody_option
from evtool.cli.output import Output
from evtool.core.custody.events import Received
from evtool.core.text.names import shown
from evtool.keys.trust import load_trust
from evtool.operations.entries.handover import add_receipt, read_receipt_file, write_receipt
from evtool.operations.record.trust import TrustPolicy
from evtool.report.custody_document import ReceiptDocument, ReceiptFileDocument

EXAMPLES = """\b
Examples:
  evtool receipt add case-12 case-12.receipt       keep the receiver's receipt beside the transfer it answers
  evtool receipt write case-12 case-12.receipt     write your own receipt once more
"""


@click.group(cls=Group, epilog=EXAMPLES)
def command() -> None:
    """Keep receipts for what was handed over."""


@command.command("add")
@click.argument("directory", type=click.Path())
@click.argument("receipt", type=click.Path(path_type=Path))
@click.option("--trust", "trust_file", metavar="FILE", type=click.Path(path_type=Path), help="Whose keys to trust.")
@custody_option
@output_options
def add(directory: str, receipt: Path, trust_file: Path | None, custody: str | None, output: Output) -> None:
    """Put the receiver's RECEIPT beside the transfer of DIRECTORY that it answers."""
    found = add_receipt(directory, read_receipt_file(receipt), TrustPolicy(load_trust(trust_file)), custody=custody)
    details = found.link.entry.details
    assert isinstance(details, Received)  # noqa: S101  # nothing else is a receipt
    document = ReceiptDocument(
        path=directory,
        transfer=found.transfer.entry.sequence,
        agent=found.link.entry.agent,
        acceptance=details.acceptance,
        witnessed=found.witnessed,
    )
    output.answer(
        f"{shown(directory)}: {document.agent} answered entry {document.transfer}: {document.acceptance.value}\n"
        f"  entries up to {document.witnessed} are now witnessed by {document.agent}",
        done=True,
    )
    output.document(document)


@command.command("write")
@click.argument("directory", type=click.Path())
@click.argument("receipt", type=click.Path(path_type=Path))
@custody_option
@output_options
def write(directory: str, receipt: Path, custody: str | None, output: Output) -> None:
    """Write the receipt for the newest entry `received` of DIRECTORY to the new file RECEIPT."""
    number = write_receipt(directory, receipt, custody=custody)
    output.answer(f"{shown(str(receipt))}: receipt of entry {number}", done=True)
    output.document(ReceiptFileDocument(path=directory, entry=number))
