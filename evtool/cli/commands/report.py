"""`evtool report`: one verification as a page for people, in their language, and as a document for programs."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import click

from evtool.cli.command import Command, flag, options_of
from evtool.cli.options.asked import AskedOptions
from evtool.cli.options.bundle import AccessOptions, access_options
from evtool.cli.options.common import WorkerOptions, continued_option, custody_option, workers_options
from evtool.cli.options.time import TimeOptions, time_options
from evtool.cli.output import Output, output_and_progress
from evtool.cli.progress import terminal_progress
from evtool.operations.examine.examine import examine
from evtool.report.account import Account, Audience, ListedItems, TrustKind
from evtool.report.audience import list_only, restrict

EXAMPLES = """\b
Examples:
  evtool report interview-0042 --json
                              the account alone, on standard output

\b
Exit codes:
  0  all that was asked for is shown
  1  tampering or a mismatch is proven; the report says so
  2  wrong usage
  3  nothing is disproven, but something asked for is not established
  4  could not be checked, or the self-test of evtool failed

The exit code is that of the verification: a report about a mismatch is a good report.
Nothing is written into PATH, and no network is used.
"""


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What a report says, and for whom.

    Attributes:
        audience: for whom it is.
        with_names: leave names of items in for a court.
        items: which items are listed.
    """

    audience: str | None = flag(
        "--audience",
        type=click.Choice([audience.value for audience in Audience]),
        help="For whom: custodian gets everything; court gets numbers, digests and codes, but no name and no free "
        "text. [default: recipient]",
    )
    with_names: bool = flag("--with-names", is_flag=True, help="Leave the names of items in, for a court.")
    items: str | None = flag(
        "--items",
        type=click.Choice([listed.value for listed in ListedItems]),
        help="Which items to list one by one. [default: all]",
    )

    def apply(self, account: Account) -> Account:
        """Take out of an account what is not to be in the report."""
        audience = Audience(self.audience) if self.audience else max(account.audience, Audience.RECIPIENT, key=_ORDER)
        if self.with_names and audience is not Audience.COURT:
            raise click.UsageError("--with-names goes with --audience court; the others get names as disclosed")
        account = restrict(account, audience, with_names=self.with_names)
        return list_only(account, ListedItems(self.items)) if self.items else account


_ORDER = list(Audience).index


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("path", type=click.Path(allow_dash=True))
@options_of(ReportOptions, "wanted")
@options_of(AskedOptions, "asked", without=frozenset({"quick"}))
@custody_option
@continued_option
@access_options
@time_options
@workers_options
@output_and_progress
def command(
    path: str,
    wanted: ReportOptions,
    asked: AskedOptions,
    custody: str | None,
    continued: str | None,
    access: AccessOptions,
    time: TimeOptions,
    workers: WorkerOptions,
    output: Output,
) -> int:
    """Verify PATH, and say in full what was checked, by what, and what came of it."""
    options = replace(
        asked.load(),
        custody=custody,
        continued=continued,
        access=access.load(),
        jobs=workers.jobs,
        scheduler=workers.scheduler,
        time=time.load(output),
    )
    kind = TrustKind.FINGERPRINTS if asked.signers else TrustKind.FILE if asked.trust_file else TrustKind.OWN_LIST
    with terminal_progress(output) as progress:
        place = sys.stdin.buffer if path == "-" else path
        account = wanted.apply(examine(place, options, kind, path=path, progress=progress))
    output.document(account)
    return account.exit_code
