"""`evtool receive`: the recipient's side of a handover."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.answers.entry import answer_entry
from evtool.cli.answers.notice import answer_notice
from evtool.cli.command import Command, misuse, one_of_two
from evtool.cli.next_command import next_command, shell_word
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.common import (
    SigningOptions,
    WorkerOptions,
    entry_option,
    jobs_option,
    signing_options,
    trust_option,
)
from evtool.cli.options.entry import EntryOptions, bundle_entry_options
from evtool.cli.options.items import items_option, resolve_items
from evtool.cli.options.trust import told_trust
from evtool.cli.options.values import ExistingPath
from evtool.cli.output import Output, output_of_work
from evtool.cli.progress import terminal_progress
from evtool.core.consent.notice import parse_notice
from evtool.core.custody.events import Acceptance
from evtool.core.errors import UsageError
from evtool.core.text.item_choice import ItemChoice
from evtool.core.values import replace
from evtool.operations.author import Author
from evtool.operations.entries.handover import ReceiveOptions, receive
from evtool.operations.entries.notice import read_notice_bytes, take_notice
from evtool.operations.record.continuation import default_continuation
from evtool.operations.record.subject import is_bundle
from evtool.operations.record.trust import TrustPolicy

EXAMPLES = """\b
Examples:
  evtool receive inbox/case-12 --receipt case-12.receipt
  evtool receive case-12.zip.age -i court.key --receipt case-12.receipt
                              your entry goes to case-12.zip.age.received
  evtool receive inbox/case-12 --receipt case-12.receipt --items 1-8,10
  evtool receive inbox/case-12 --receipt case-12.receipt --reject \\
      --reason "item 9 is damaged"
  evtool receive case-12.zip --notice case-12.notice
                              what the sender told you since

\b
Exit codes:
  0  recorded, and the receipt was written
  1  the record fails verification, or an item differs from the seal
  2  wrong usage
  3  the transfer is signed by a key that you have not trusted; or recorded,
     and it is open whether an item is as it was sealed
  4  something could not be read or written, or there is no transfer to you

Send the receipt file to the sender. It holds your entry and its signature, and no evidence. A bundle stays as it is, to
the last byte: your entries go into a directory of your own that continues its record. Keep it with the bundle; `evtool
verify BUNDLE --continued DIR` reads both. What a notice withdraws counts in your record from then on; a notice never
permits anything. If entries before it are unknown here, the answer says so.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("directory", metavar="PATH", type=ExistingPath())
@click.option("--receipt", type=click.Path(path_type=Path), metavar="FILE", help="Write the receipt to FILE.")
@click.option(
    "--notice",
    type=ExistingPath(path_type=Path),
    metavar="FILE",
    help="Take in a notice that consent changed, for what you received earlier.",
)
@items_option("Accept only these items:")
@click.option("--reject", is_flag=True, help="Accept nothing; the check is recorded all the same.")
@entry_option("The entry of the transfer that you answer. [default: the newest to you]", "transfer")
@trust_option
@bundle_entry_options
@access_options
@signing_options
@jobs_option
@output_of_work
def command(
    directory: str,
    receipt: Path | None,
    notice: Path | None,
    items: ItemChoice,
    reject: bool,
    transfer: int | None,
    trust_file: Path | None,
    entry: EntryOptions,
    access: AccessOptions,
    signing: SigningOptions,
    workers: WorkerOptions,
    output: Output,
) -> int:
    """Check a collection or a bundle that was handed over to you, record what you accept, and write a receipt."""
    if reject and not items.is_empty:
        raise misuse(one_of_two("--items", "--reject"))
    if entry.continued is None and entry.custody is None and is_bundle(directory):
        entry = replace(entry, continued=default_continuation(directory))
    opening = access.load()
    trust = TrustPolicy(told_trust(trust_file).keys)
    if notice is not None and receipt is None:
        told = parse_notice(read_notice_bytes(notice))
        author = Author(signing.choose(dry_run=entry.dry_run), entry.policy())
        taken = take_notice(directory, author, told, entry.header(), trust, where=entry.place(opening))
        return answer_notice(output, directory, told, taken, dry_run=entry.dry_run)
    if receipt is None or notice is not None:
        raise misuse(UsageError("give --receipt for a handover, or --notice for a notice", key="receipt-or-notice"))
    accepted = resolve_items(directory, entry.reading(opening), items)
    acceptance = Acceptance.REJECTED if reject else Acceptance.PARTIAL if accepted else Acceptance.ACCEPTED
    options = ReceiveOptions(
        acceptance=acceptance,
        accepted=accepted,
        transfer=transfer,
        trust=trust,
        where=entry.place(opening),
        jobs=workers.jobs,
    )
    with terminal_progress(output) as progress:
        result = receive(
            directory,
            Author(signing.choose(dry_run=entry.dry_run), entry.policy(), progress),
            entry.header(),
            options,
            receipt,
        )
    if result.answers is not None and result.entry > result.answers + 1:
        output.note("answer-behind", handover=result.answers)
    notes = [] if entry.dry_run else _say_what_was_written(output, acceptance, receipt, entry.continued)
    return answer_entry(output, directory, result, *notes, where=entry.reading(opening))


def _say_what_was_written(output: Output, acceptance: Acceptance, receipt: Path, continued: str | None) -> list[str]:
    say = output.language.say
    accepted_as = output.language.word("term.acceptance", acceptance.value)
    lines = ["", say("answer.receipt", acceptance=accepted_as, path=str(receipt))]
    if continued is not None:
        both = next_command(f"evtool verify DIR --continued {shell_word(continued)}")
        lines += [say("answer.continued", path=continued), f"  {both}"]
    return lines
