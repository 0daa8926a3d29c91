"""`evtool report`: one verification as a page for people, in their language, and as a document for programs."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import click
from msgspec import Struct

from evtool.cli.command import Command, flag, misuse, options_of
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.asked import AskedOptions
from evtool.cli.options.common import WorkerOptions, continued_option, custody_option, workers_options
from evtool.cli.options.time import TimeOptions, time_options
from evtool.cli.output import Output, dump_json, output_and_progress
from evtool.cli.progress import terminal_progress
from evtool.core.errors import ExitCode, UsageError
from evtool.core.text.names import shown
from evtool.core.values import replace
from evtool.keys.files import read_any_file
from evtool.operations.examine.examine import examine
from evtool.operations.record.place import RecordPlace
from evtool.report.account import Account, Audience, ListedItems
from evtool.report.audience import list_only, restrict
from evtool.report.certificate.kind import CertificateKind, require_basis
from evtool.report.from_json import read_document
from evtool.store.output import check_new, write_files

EXAMPLES = """\b
Examples:
  evtool report interview-0042 -o report
                              report.json, report.en.html
  evtool report interview-0042 -o report --lang en --lang ko --audience court
  evtool report --from report.json -o for-court --audience court
                              from an account; nothing is verified
  evtool report interview-0042 -o report --pdf --lang ko
                              report.json, report.ko.html, report.ko.pdf
  evtool report interview-0042 -o - > page.html
                              one page, on standard output
  evtool report interview-0042 --json
                              the account alone, on standard output
  evtool report case.zip -o r --trust keys --certificate us-902-14
                              and r.us-902-14.en.html, a draft to sign by pen

\b
Exit codes:
  0  all that was asked for is shown
  1  tampering or a mismatch is proven; the report says so
  2  wrong usage
  3  nothing is disproven, but something asked for is not established
  4  could not be checked, or the self-test of evtool failed

The exit code is that of the verification: a report about a mismatch is a good report. With --from nothing is verified,
and the exit code is 0. A list of more than 10,000 items goes into volumes of 5,000: NAME.LANG.volume-1.html and so on.
Existing files are replaced only with --force: all of them, or none. Nothing is written into PATH. No network is used.

\b
Certificates, each drafted for one rule and reviewed by no lawyer:
  us-902-14     data copied from a device (United States, FRE 902(14))
  us-902-13     a record made by a process (United States, FRE 902(13))
  kr-hash       equal hash values (Republic of Korea); Korean
  in-63         section 63(4)(c) of the BSA 2023 (India), Parts A and B
  icc-annex     provenance and integrity, with a load file (.csv)
  uk-statement  witness statement (England and Wales)
  ncc-plain     a plain statement; for no particular place

Lines are left for what only a person can say. If the check was not clean, a certificate says so on top, and speaks of
the items that are as sealed. If the record cannot be relied on, it says why there is none, and has nothing to sign.
"""


class ReportOptions(Struct, frozen=True):
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
        "text. [default: recipient; court with a certificate]",
    )
    with_names: bool = flag("--with-names", is_flag=True, help="Leave the names of items in, for a court.")
    items: str | None = flag(
        "--items",
        type=click.Choice([listed.value for listed in ListedItems]),
        help="Which items to list one by one. [default: all]",
    )

    def check(self, certificates: tuple[str, ...]) -> None:
        """Refuse what does not go together before anything is read."""
        if certificates:
            require_basis(Audience(self.audience or Audience.COURT), ListedItems(self.items or ListedItems.ALL))

    def apply(self, account: Account, *, is_for_court: bool) -> Account:
        """Take out of an account what is not to be in the report."""
        least = Audience.COURT if is_for_court else Audience.RECIPIENT
        audience = Audience(self.audience) if self.audience else max(account.audience, least, key=_ORDER)
        if self.with_names and audience is not Audience.COURT:
            raise misuse(
                UsageError(
                    "--with-names goes with --audience court; the others get names as disclosed", key="with-names-court"
                )
            )
        account = restrict(account, audience, with_names=self.with_names)
        return list_only(account, ListedItems(self.items)) if self.items else account


class PageOptions(Struct, frozen=True):
    """What is written where.

    Attributes:
        name: path of the files, without their endings; `-` for one page on standard output, None for none.
        languages: of the pages.
        certificates: which certificates are written beside them.
        as_pdf: whether there are PDFs, too.
        source: an account to make pages from, in place of evidence.
        force: replace files that are there.
    """

    name: Path | None = flag(
        "--output",
        "-o",
        type=click.Path(path_type=Path),
        metavar="NAME",
        help="Write NAME.json and, for each language, NAME.LANG.html; all of them, or none. Certificates are "
        "NAME.CERTIFICATE.LANG.html. With - print the page in one language, and nothing else.",
    )
    languages: tuple[str, ...] = flag(
        "--lang",
        type=click.Choice(["en", "ko"]),
        multiple=True,
        help="Language of a page. [default: en, or those in which the certificates are signed]",
    )
    certificates: tuple[str, ...] = flag(
        "--certificate",
        type=click.Choice([kind.value for kind in CertificateKind]),
        multiple=True,
        metavar="CERTIFICATE",
        help="Draft this certificate as well, for a person to complete and sign; see the list below. May be repeated.",
    )
    as_pdf: bool = flag(
        "--pdf", is_flag=True, help="Write each page as a PDF as well, to print and to archive; needs the extra pdf."
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
            raise misuse(UsageError("name either a PATH to verify, or an account with --from", key="path-or-account"))
        if self.as_pdf and find_spec("typst") is None:
            raise UsageError(
                "a PDF needs the extra `pdf`", hint="install it (pip install 'evtool[pdf]')", key="pdf-extra"
            )
        if self.name is None:
            if self.certificates or self.as_pdf:
                raise misuse(UsageError("name the files of the certificate or the PDF with -o NAME", key="name-files"))
            if not output.json:
                raise misuse(
                    UsageError(
                        "name the files with -o NAME, or ask for the account with --json", key="name-files-or-json"
                    )
                )
            return
        if self.is_printed:
            if len(self.chosen) > 1 or self.certificates or output.json:
                raise misuse(
                    UsageError(
                        "-o - prints one page: name one language, no certificate, and no --json", key="printed-one-page"
                    )
                )
            return
        if path not in (None, "-") and self.name.resolve().is_relative_to(Path(str(path)).resolve()):
            raise misuse(
                UsageError("a report is not written into the evidence; name another place with -o", key="report-inside")
            )
        if not self.force:
            for ending in ("json", *self._endings()):
                check_new(self.file(ending))

    def _endings(self) -> Iterator[str]:
        """Give the endings of all pages but volumes, of which nothing is known before the evidence is read."""
        names = [*self.chosen, *(f"{kind.value}.{language}" for kind, language in self.papers())]
        for name in names:
            yield f"{name}.html"
            if self.as_pdf:
                yield f"{name}.pdf"
        if CertificateKind.ICC_ANNEX in self.kinds:
            yield f"{CertificateKind.ICC_ANNEX.value}.csv"

    @property
    def is_printed(self) -> bool:
        """Whether a page goes to standard output."""
        return str(self.name) == "-"

    def file(self, ending: str) -> Path:
        """Give the path of one of the files."""
        assert self.name is not None  # noqa: S101  # asked for by the caller
        return self.name.with_name(f"{self.name.name}.{ending}")

    @property
    def kinds(self) -> list[CertificateKind]:
        """The certificates, each once."""
        return [CertificateKind(name) for name in dict.fromkeys(self.certificates)]

    @property
    def chosen(self) -> list[str]:
        """The languages of the report, each once."""
        return list(dict.fromkeys(self.languages or [kind.language for kind in self.kinds] or ("en",)))

    def papers(self) -> list[tuple[CertificateKind, str]]:
        """The certificates with their languages: those that were asked for, or the one in which it is signed."""
        asked = dict.fromkeys(self.languages)
        return [(kind, language) for kind in self.kinds for language in asked or (kind.language,)]


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
    wanted.check(pages.certificates)
    if path is None:
        account = _read_account(pages.source)
    else:
        trust = asked.trust()
        trust.tell()
        options = replace(
            asked.load(trust),
            place=RecordPlace(custody, continued, access.load()),
            jobs=workers.jobs,
            scheduler=workers.scheduler,
            time=time.load(output),
        )
        with terminal_progress(output) as progress:
            place = sys.stdin.buffer if path == "-" else path
            account = examine(place, options, trust.kind, path=path, progress=progress)
    account = wanted.apply(account, is_for_court=bool(pages.certificates))
    if pages.name is not None:
        _write(account, pages, output)
    output.document(account)
    return ExitCode.OK if path is None else account.exit_code


_MOST_BYTES = 1 << 30
"""Largest account that is read."""


def _read_account(source: Path | None) -> Account:
    assert source is not None  # noqa: S101  # asked for by `PageOptions.check`
    return read_document(Account, read_any_file(source, _MOST_BYTES), shown(source.name))


def _write(account: Account, pages: PageOptions, output: Output) -> None:
    """Write the account and the pages, all of them or none; or print the one page that was asked for."""
    # Only this command needs a template engine, and it takes a tenth of a second to import.
    from evtool.operations.examine.pages import render_certificates, render_pages

    written = (dump_json(account) + "\n").encode("utf-8")
    rendered = dict(render_pages(account, pages.chosen, as_pdf=pages.as_pdf))
    if pages.is_printed:
        _print(rendered, "pdf" if pages.as_pdf else "html")
        return
    sha256 = hashlib.sha256(written).hexdigest()
    rendered |= render_certificates(account, sha256, pages.papers(), as_pdf=pages.as_pdf)
    contents = {pages.file(name): data for name, data in {"json": written, **rendered}.items()}
    write_files(contents, replace=pages.force)
    output.answer("\n".join(f"{shown(str(file))}: written" for file in contents), done=True)


def _print(rendered: dict[str, bytes], ending: str) -> None:
    wanted = [data for name, data in rendered.items() if name.endswith(ending)]
    if len(wanted) > 1:
        raise UsageError(
            "this report has {count} volumes, which are files of their own",
            hint="name the files with -o NAME, or list fewer items with --items",
            key="report-volumes",
            count=len(wanted) - 1,
        )
    sys.stdout.buffer.write(wanted[0])
