"""`evtool verify`: all findings, one verdict."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import click

from evtool.cli.options.bundle import access_options
from evtool.cli.options.common import findings_option, output_options, progress_option, workers_options
from evtool.cli.options.time import ground_options
from evtool.cli.options.values import digest_value, item_selection
from evtool.cli.output import Output
from evtool.cli.progress import terminal_progress
from evtool.core.errors import EvidenceError, ExitCode, InputError
from evtool.core.finding import Axis
from evtool.core.verdict import Report
from evtool.keys.trust import load_trust
from evtool.operations.progress import Progress
from evtool.operations.record.subject import BundleAccess, Place
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.time.grounds import TimeGrounds
from evtool.operations.verify.verify import report_unreadable, verify
from evtool.report.document import report_document
from evtool.report.text import render_report

EXAMPLES = """\b
Examples:
  evtool verify interview-0042
  evtool verify interview-0042 --trust trusted_keys      trust the keys in this file, not your own list
  evtool verify interview-0042 --signer SHA256:...       trust this key, and no other
  evtool verify interview-0042 --expect-head '1f3a ...'  the entry that you noted must be in the record
  evtool verify interview-0042 --item 17                 check one item only
  evtool verify interview-0042 --require time --tsa-roots roots.pem   time-stamps by these authorities are asked for
  evtool verify interview-0042 --require time --revocation tsa.crl    ... and not by revoked ones
  evtool verify case-12.zip case-13.zip.age --identity key.txt
  evtool verify inbox/* --json

\b
Exit codes:
  0  all that was asked for is shown
  1  tampering or a mismatch is proven
  2  wrong usage
  3  nothing is disproven, but something asked for is not established (a key you have not trusted, --quick)
  4  could not be checked: unreadable, incomplete or unsealed
Of several directories the gravest counts: 1 before 4 before 3.

Nothing is written, and no network is used.
"""

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}\Z")

_GRAVITY = (ExitCode.MISMATCH, ExitCode.NOT_CHECKED, ExitCode.NOT_ESTABLISHED, ExitCode.OK)


def _fingerprint(text: str) -> str:
    if not _FINGERPRINT.match(text):
        raise click.BadParameter("a fingerprint looks like SHA256: and 43 more characters")
    return text


@click.command(epilog=EXAMPLES)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option("--trust", "trust_file", metavar="FILE", type=click.Path(path_type=Path), help="Whose keys to trust.")
@click.option(
    "--signer", "signers", multiple=True, type=_fingerprint, metavar="SHA256:...", help="Trust only this key."
)
@click.option("--expect-head", type=digest_value, metavar="HEX", help="Head of an entry that you noted.")
@click.option(
    "--require",
    "require",
    multiple=True,
    metavar="time|consent|whole|signers=N",
    help="Ask for more than integrity, signatures, trust and custody; whole: a partial copy is not enough; signers=2: "
    "two agents whom you trust signed each seal. May be repeated.",
)
@click.option("--item", "items", multiple=True, metavar="N|NAME", help="Check only this item. May be repeated.")
@click.option("--quick", is_flag=True, help="Compare types, sizes and dates only; never a verification.")
@click.option("--custody", metavar="DIR", type=click.Path(), help="Where the record is, if not in PATH.")
@workers_options
@access_options
@output_options
@findings_option
@progress_option
@ground_options
def command(
    paths: tuple[str, ...],
    trust_file: Path | None,
    signers: tuple[str, ...],
    expect_head: str | None,
    require: tuple[str, ...],
    items: tuple[str, ...],
    quick: bool,
    custody: str | None,
    jobs: int | None,
    scheduler: str | None,
    time: TimeGrounds,
    access: Callable[[], BundleAccess],
    output: Output,
) -> int:
    """Check sealed directories: are all files there and unchanged, who signed, and do you trust them?

    PATH is an evidence directory, or a bundle: a folder, a .zip, a .zip.age, or - for standard input. A bundle is
    checked as it is, nothing of it is written.
    """
    if custody is not None and len(paths) > 1:
        raise click.UsageError("--custody goes with one PATH")
    if trust_file is not None and signers:
        raise click.UsageError("--trust and --signer are two answers to one question; give one")
    options = VerifyOptions(
        trust=load_trust(trust_file),
        signers=frozenset(signers),
        expected_head=expect_head,
        required=frozenset(Axis(name) for name in require if name in _AXES),
        whole=_WHOLE in require,
        min_signers=_min_signers(require),
        selection=item_selection(items),
        quick=quick,
        custody=custody,
        access=access(),
        jobs=jobs,
        scheduler=scheduler,
        time=time,
    )
    results: list[tuple[str, Report]] = []
    with terminal_progress(output) as progress:
        if len(paths) == 1:
            # What is wrong with the only path is the answer; a page of what was not established would bury it.
            results.append((paths[0], verify(_place(paths[0]), options, progress=progress)))
        else:
            results += [(path, _verify(path, options, progress)) for path in paths]
    exit_code = min((report.exit_code for _, report in results), key=_GRAVITY.index)
    output.answer(
        "\n\n".join(render_report(report, _called(path), output.width, output.limit) for path, report in results)
    )
    output.document(report_document(results, exit_code, output.limit))
    return exit_code


def _called(path: str) -> str:
    return "standard input" if path == "-" else path


def _place(path: str) -> Place:
    return sys.stdin.buffer if path == "-" else path


def _verify(path: str, options: VerifyOptions, progress: Progress) -> Report:
    """Verify one of several paths; one that cannot be read does not hide the others."""
    try:
        return verify(_place(path), options, progress=progress)
    except (InputError, EvidenceError) as error:
        return report_unreadable(options, f"{error.message} ({error.hint})" if error.hint else error.message)
    except OSError as error:
        return report_unreadable(options, error.strerror or type(error).__name__)


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
