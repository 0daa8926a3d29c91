"""`evtool receipt`: the answer to a handover."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.command import Command
from evtool.cli.group import Group
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.common import (
    PlaceOptions,
    continued_option,
    custody_option,
    load_receipt_keys,
    place_options,
    recipients_option,
    trust_option,
)
from evtool.cli.options.trust import told_trust
from evtool.cli.options.values import ExistingPath
from evtool.cli.output import Output, output_options
from evtool.core.custody.events import Received
from evtool.core.text.names import shown
from evtool.operations.entries.handover import add_receipt, read_receipt_file, write_receipt
from evtool.operations.record.place import RecordPlace
from evtool.operations.record.trust import TrustPolicy
from evtool.report.custody_document import ReceiptDocument, ReceiptFileDocument

EXAMPLES = """\b
Examples:
  evtool receipt add case-12 case-12.receipt     the recipient's answer
  evtool receipt write case-12 case-12.receipt   your own, once more

\b
Exit codes:
  0  done
  1  the receipt is not for this record, or is forged
  2  wrong usage
  3  add: the receipt is signed by a key that you have not trusted
  4  something could not be read or written
"""


ADD_EXAMPLES = """\b
Examples:
  evtool receipt add case-12 case-12.receipt
  evtool receipt add case-12 case-12.receipt --trust trusted_keys
  evtool receipt add case-12 case-12.receipt --dry-run

\b
Exit codes:
  0  the receipt was added
  1  it is not for this record, or is forged
  2  wrong usage
  3  it is signed by a key that you have not trusted; it was not added
  4  something could not be read or written
"""

WRITE_EXAMPLES = """\b
Examples:
  evtool receipt write case-12 case-12.receipt

\b
Exit codes:
  0  the receipt was written
  2  wrong usage, or the file already exists
  4  there is no entry `received`, or something could not be read
"""


@click.group(cls=Group, epilog=EXAMPLES)
def command() -> None:
    """Keep receipts for what was handed over."""


@command.command("add", cls=Command, epilog=ADD_EXAMPLES)
@click.argument("directory", type=click.Path())
@click.argument("receipt", type=ExistingPath(path_type=Path))
@trust_option
@recipients_option
@place_options
@output_options
def add(
    directory: str,
    receipt: Path,
    trust_file: Path | None,
    recipients_file: Path | None,
    where: PlaceOptions,
    output: Output,
) -> None:
    """Put the recipient's RECEIPT beside the transfer of DIRECTORY that it answers.

    It counts if your trust list or your recipient list names the key that signed it for that recipient.
    """
    chosen = told_trust(trust_file)
    trust = TrustPolicy(chosen.keys, receipts=load_receipt_keys(chosen.file, recipients_file))
    found = add_receipt(directory, read_receipt_file(receipt), trust, where=where.place())
    details = found.link.entry.details
    assert isinstance(details, Received)  # noqa: S101  # nothing else is a receipt
    document = ReceiptDocument(
        path=directory,
        dry_run=where.dry_run,
        transfer=found.transfer.entry.sequence,
        agent=found.link.entry.agent,
        acceptance=details.acceptance,
        witnessed=found.witnessed,
    )
    lines = [f"{shown(directory)}: {document.agent} answered entry {document.transfer}: {document.acceptance.value}"]
    how = "would be" if where.dry_run else "are now"
    lines += [f"  entries up to {document.witnessed} {how} witnessed by {document.agent}"]
    lines += ["  the receipt fits; nothing was written"] if where.dry_run else []
    output.answer("\n".join(lines), done=not where.dry_run)
    output.document(document)


@command.command("write", cls=Command, epilog=WRITE_EXAMPLES)
@click.argument("directory", type=click.Path())
@click.argument("receipt", type=click.Path(path_type=Path))
@custody_option
@continued_option
@access_options
@output_options
def write(
    directory: str,
    receipt: Path,
    custody: str | None,
    continued: str | None,
    access: AccessOptions,
    output: Output,
) -> None:
    """Write the receipt for the newest entry `received` of DIRECTORY to the new file RECEIPT."""
    number = write_receipt(directory, receipt, where=RecordPlace(custody, continued, access.load()))
    output.answer(f"{shown(str(receipt))}: receipt of entry {number}", done=True)
    output.document(ReceiptFileDocument(path=directory, entry=number))
