"""`evtool verify`: all findings, one verdict."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from evtool.cli.command import Command, flag, options_of
from evtool.cli.options.bundle import AccessOptions, access_options
from evtool.cli.options.common import (
    WorkerOptions,
    continued_option,
    custody_option,
    load_receipt_keys,
    recipients_flag,
    trust_flag,
    workers_options,
)
from evtool.cli.options.items import items_option
from evtool.cli.options.time import TimeOptions, time_options
from evtool.cli.options.values import digest_value
from evtool.cli.output import Output, output_of_work
from evtool.cli.progress import terminal_progress
from evtool.core.errors import EvidenceError, InputError
from evtool.core.finding import Axis
from evtool.core.text.item_choice import ItemChoice
from evtool.core.verdict import Report
from evtool.keys.trust import load_trust
from evtool.operations.progress import Progress
from evtool.operations.record.place import RecordPlace
from evtool.operations.record.selection import Selection
from evtool.operations.record.subject import Place
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.parting import compare_reports
from evtool.operations.verify.verify import report_unreadable, verify
from evtool.report.headline import render_one_line
from evtool.report.several import GRAVITY, render_several, render_sum
from evtool.report.text import render_report

EXAMPLES = """\b
Examples:
  evtool verify interview-0042
  evtool verify interview-0042 --trust trusted_keys
                              trust the keys in this file, not your own list
  evtool verify interview-0042 --signer SHA256:...
                              trust this key, and no other
  evtool verify interview-0042 --expect-head '1f3a ...'
                              the entry that you noted must be in the record
  evtool verify interview-0042 --items 17,20-25
  evtool verify interview-0042 --require time --tsa-roots roots.pem
                              ask for time-stamps by these authorities
  evtool verify interview-0042 --require time --revocation tsa.crl
                              ... whose certificates were not revoked
  evtool verify case-12.zip case-13.zip.age --identity key.txt
  evtool verify case-12.zip --continued case-12.zip.received
                              with what its recipient recorded since
  evtool verify inbox/* --json

\b
Exit codes:
  0  all that was asked for is shown
  1  tampering or a mismatch is proven
  2  wrong usage
  3  nothing is disproven, but something asked for is not established
     (a key you have not trusted, --quick)
  4  could not be checked: unreadable, incomplete or unsealed
Of several paths the most serious result decides (1, then 4, then 3). Records
of one collection are compared with each other.

Several paths are answered with one line each and a sum, and --quiet with these lines alone. --all prints everything.
Nothing is written, and no network is used.
"""

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}\Z")


def _fingerprint(text: str) -> str:
    if not _FINGERPRINT.match(text):
        raise click.BadParameter("a fingerprint looks like SHA256: and 43 more characters")
    return text


@dataclass(frozen=True, slots=True)
class AskedOptions:
    """What is asked for.

    Attributes:
        trust_file: trust list; None for the user's own.
        recipients_file: recipient list, whose keys count for receipts; None for the user's own.
        signers: fingerprints of the only keys that are trusted, in place of a list.
        expect_head: head of an entry that has to be in the record, or None.
        require: what is required beside what always is.
        quick: compare types, sizes and dates only.
    """

    trust_file: Path | None = trust_flag()
    recipients_file: Path | None = recipients_flag()
    signers: tuple[str, ...] = flag(
        "--signer", multiple=True, type=_fingerprint, metavar="SHA256:...", help="Trust only this key."
    )
    expect_head: str | None = flag(
        "--expect-head", type=digest_value, metavar="HEX", help="Head of an entry that you noted."
    )
    require: tuple[str, ...] = flag(
        "--require",
        multiple=True,
        metavar="WHAT",
        help="Ask for more than integrity, signatures, trust and custody: time; consent; whole (a partial copy is not "
        "enough); signers=2 (two agents whom you trust signed each seal). May be repeated.",
    )
    quick: bool = flag("--quick", is_flag=True, help="Compare types, sizes and dates only; never a verification.")


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(allow_dash=True))
@items_option("Check only these items:")
@options_of(AskedOptions, "asked")
@custody_option
@continued_option
@access_options
@time_options
@workers_options
@output_of_work
def command(
    paths: tuple[str, ...],
    items: ItemChoice,
    asked: AskedOptions,
    custody: str | None,
    continued: str | None,
    access: AccessOptions,
    time: TimeOptions,
    workers: WorkerOptions,
    output: Output,
) -> int:
    """Check sealed directories: are all files there and unchanged, who signed, and do you trust them?

    PATH is an evidence directory, or a bundle: a folder, a .zip, a .zip.age, or - for standard input. A bundle is
    checked as it is, and nothing is extracted.
    """
    if (custody is not None or continued is not None) and len(paths) > 1:
        raise click.UsageError(f"{'--custody' if custody is not None else '--continued'} goes with one PATH")
    if asked.trust_file is not None and asked.signers:
        raise click.UsageError("--trust and --signer are two answers to one question; give one")
    options = VerifyOptions(
        trust=load_trust(asked.trust_file),
        signers=frozenset(asked.signers),
        receipts=load_receipt_keys(asked.trust_file, asked.recipients_file),
        expected_head=asked.expect_head,
        required=frozenset(Axis(name) for name in asked.require if name in _AXES),
        whole=_WHOLE in asked.require,
        min_signers=_min_signers(asked.require),
        selection=Selection(choice=items),
        quick=asked.quick,
        place=RecordPlace(custody, continued, access.load()),
        jobs=workers.jobs,
        scheduler=workers.scheduler,
        time=time.load(output),
    )
    results: list[tuple[str, Report]] = []
    with terminal_progress(output) as progress:
        if len(paths) == 1:
            # What is wrong with the only path is the answer; a page of what was not established would bury it.
            results.append((paths[0], verify(_place(paths[0]), options, progress=progress)))
        else:
            results += compare_reports([(path, _verify(path, options, progress)) for path in paths])
    exit_code = min((report.exit_code for _, report in results), key=GRAVITY.index)
    output.answer(_render([(_called(path), report) for path, report in results], output))
    if output.json:
        # Start-up time: the types of the document, and of all that it may hold, are for scripts alone.
        from evtool.report.document import report_document

        output.document(report_document(results, exit_code, output.limit))
    return exit_code


def _render(results: Sequence[tuple[str, Report]], output: Output) -> str:
    """Write the whole report on one path; of several, one line each, and what they come to."""
    language = output.language
    if output.quiet:
        return "\n".join(render_one_line(language, report, name) for name, report in results)
    if len(results) == 1 or output.lists_all:
        now = datetime.now(UTC)
        reports = [render_report(language, report, name, output.width, output.limit, now) for name, report in results]
        return "\n\n".join(reports if len(results) == 1 else [*reports, render_sum(language, results)])
    return render_several(language, results, datetime.now(UTC))


def _called(path: str) -> str:
    return "standard input" if path == "-" else path


def _place(path: str) -> Place:
    return sys.stdin.buffer if path == "-" else path


def _verify(path: str, options: VerifyOptions, progress: Progress) -> Report:
    """Verify one of several paths; one that cannot be read does not hide the others."""
    try:
        return verify(_place(path), options, progress=progress)
    except (InputError, EvidenceError, OSError) as error:
        return report_unreadable(options, error)


_AXES = (Axis.TIME.value, Axis.CONSENT.value)
_WHOLE = "whole"


def _min_signers(require: tuple[str, ...]) -> int:
    """Take signers=N out of what is required, and refuse what is not known."""
    number = 1
    for name in require:
        match = re.fullmatch(r"signers=([1-9])", name)
        if match:
            number = max(number, int(match[1]))
        elif name not in (*_AXES, _WHOLE):
            raise click.BadParameter(f"--require takes {', '.join(_AXES)}, {_WHOLE} or signers=N, N from 1 to 9")
    return number
