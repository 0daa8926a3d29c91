"""`evtool report`: one verification as a page for people, in their language, and as a document for programs."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from evtool.cli.command import Command, flag, options_of
from evtool.cli.options.asked import AskedOptions
from evtool.cli.options.bundle import AccessOptions, access_options
from evtool.cli.options.common import WorkerOptions, continued_option, custody_option, workers_options
from evtool.cli.options.time import TimeOptions, time_options
from evtool.cli.output import Output, dump_json, output_and_progress
from evtool.cli.progress import terminal_progress
from evtool.core.errors import ExitCode
from evtool.core.text.names import shown
from evtool.core.values import replace
from evtool.keys.files import read_any_file
from evtool.operations.examine.examine import examine
from evtool.operations.record.place import RecordPlace
from evtool.report.account import Account, Audience, ListedItems, TrustKind
from evtool.report.audience import list_only, restrict
from evtool.report.from_json import read_document
from evtool.store.output import check_new, write_new_file

EXAMPLES = """\b
Examples:
  evtool report interview-0042 -o report
                              report.json, report.en.html
  evtool report interview-0042 -o report --lang en --lang ko --audience court
  evtool report --from report.json -o for-court --audience court
                              from an account; nothing is verified
  evtool report interview-0042 --json
                              the account alone, on standard output

\b
Exit codes:
  0  all that was asked for is shown
  1  tampering or a mismatch is proven; the report says so
  2  wrong usage
  3  nothing is disproven, but something asked for is not established
  4  could not be checked, or the self-test of evtool failed

The exit code is that of the verification: a report about a mismatch is a good report. With --from nothing is verified,
and the exit code is 0. Nothing is written into PATH, and no network is used.
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


@dataclass(frozen=True, slots=True)
class PageOptions:
    """What is written where.

    Attributes:
        name: path of the files, without their endings; None for the account on standard output alone.
        languages: of the pages.
        source: an account to make pages from, in place of evidence.
        force: replace files that are there.
    """

    name: Path | None = flag(
        "--output",
        "-o",
        type=click.Path(path_type=Path),
        metavar="NAME",
        help="Write NAME.json and, for each language, NAME.LANG.html; all of them, or none.",
    )
    languages: tuple[str, ...] = flag(
        "--lang", type=click.Choice(["en", "ko"]), multiple=True, help="Language of a page. [default: en]"
    )
    source: Path | None = flag(
        "--from",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Make the pages from this account, and verify nothing.",
    )
    force: bool = flag("--force", is_flag=True, help="Replace files that are there.")

    def check(self, path: str | None, output: Output) -> None:
        """Refuse what cannot be done before anything is read."""
        if (path is None) == (self.source is None):
            raise click.UsageError("name either a PATH to verify, or an account with --from")
        if self.name is None:
            if not output.json:
                raise click.UsageError("name the files with -o NAME, or ask for the account with --json")
            return
        if path not in (None, "-") and self.name.resolve().is_relative_to(Path(str(path)).resolve()):
            raise click.UsageError("a report is not written into the evidence; name another place with -o")
        if not self.force:
            for file in self.files():
                check_new(file)

    def files(self) -> list[Path]:
        """Give the files to be written, the account first."""
        assert self.name is not None  # noqa: S101  # asked for by the caller
        endings = [".json", *(f".{language}.html" for language in self.chosen)]
        return [self.name.with_name(self.name.name + ending) for ending in endings]

    @property
    def chosen(self) -> list[str]:
        """The languages, each once."""
        return list(dict.fromkeys(self.languages or ("en",)))


_ORDER = list(Audience).index


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("path", type=click.Path(allow_dash=True), required=False)
@options_of(PageOptions, "pages")
@options_of(ReportOptions, "wanted")
@options_of(AskedOptions, "asked", without=frozenset({"quick"}))
@custody_option
@continued_option
@access_options
@time_options
@workers_options
@output_and_progress
def command(
    path: str | None,
    pages: PageOptions,
    wanted: ReportOptions,
    asked: AskedOptions,
    custody: str | None,
    continued: str | None,
    access: AccessOptions,
    time: TimeOptions,
    workers: WorkerOptions,
    output: Output,
) -> int:
    """Verify PATH, and write what was checked, by what, and what came of it, as a page to read and print."""
    pages.check(path, output)
    if path is None:
        account = _read_account(pages.source)
    else:
        options = replace(
            asked.load(),
            place=RecordPlace(custody, continued, access.load()),
            jobs=workers.jobs,
            scheduler=workers.scheduler,
            time=time.load(output),
        )
        kind = TrustKind.FINGERPRINTS if asked.signers else TrustKind.FILE if asked.trust_file else TrustKind.OWN_LIST
        with terminal_progress(output) as progress:
            place = sys.stdin.buffer if path == "-" else path
            account = examine(place, options, kind, path=path, progress=progress)
    account = wanted.apply(account)
    if pages.name is not None:
        _write(account, pages)
        output.answer("\n".join(f"{shown(str(file))}: written" for file in pages.files()), done=True)
    output.document(account)
    return ExitCode.OK if path is None else account.exit_code


_MOST_BYTES = 1 << 30
"""Largest account that is read."""


def _read_account(source: Path | None) -> Account:
    assert source is not None  # noqa: S101  # asked for by `PageOptions.check`
    return read_document(Account, read_any_file(source, _MOST_BYTES), shown(source.name))


def _write(account: Account, pages: PageOptions) -> None:
    """Write the account and the pages, all of them or none."""
    # Only this command needs a template engine, and it takes a tenth of a second to import.
    from evtool.report.page import render_page

    texts = [dump_json(account) + "\n", *(render_page(account, language) for language in pages.chosen)]
    parts = [file.with_name(f".{file.name}.part") for file in pages.files()]
    try:
        for part, text in zip(parts, texts, strict=True):
            part.unlink(missing_ok=True)  # of a run that was killed
            write_new_file(part, text.encode("utf-8"))
        for part, file in zip(parts, pages.files(), strict=True):
            if not pages.force:
                check_new(file)
            os.replace(part, file)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
