"""`evtool catalogue add`: verify what a repository has, and add it."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import Struct

from evtool.cli.command import Command, flag, misuse, options_of
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.common import (
    SigningOptions,
    continued_flag,
    load_receipt_keys,
    recipients_flag,
    signing_options,
    trust_flag,
)
from evtool.cli.options.time import TimeOptions, time_options
from evtool.cli.options.trust import choose_trust
from evtool.cli.options.values import agreement_value, code_value
from evtool.cli.output import Output, output_and_progress
from evtool.cli.progress import terminal_progress
from evtool.core.errors import ExitCode, UsageError
from evtool.core.text.ranges import spell_any
from evtool.operations.author import Author
from evtool.operations.catalogue.add import HERE, Added, AddOptions, add_holdings
from evtool.operations.record.place import RecordPlace
from evtool.operations.verify.options import VerifyOptions
from evtool.report.catalogue_document import AddedDocument, CatalogueAddDocument
from evtool.report.intake_text import say_terms_unknown
from evtool.report.language import Language, Said
from evtool.report.several import GRAVITY
from evtool.store.catalogue.database import open_catalogue

EXAMPLES = """\b
Examples:
  evtool catalogue add repository.cat cases/interview-0042
  evtool catalogue add repository.cat store/*.zip.age --identity key.txt
  evtool catalogue add repository.cat disk3/case-7.zip --location vault-2 \\
      --carrier "disk 3, safe B"

\b
Exit codes:
  0  all of it is added
  1  something fails verification, or two records of one collection part
  2  wrong usage
  3  something is signed by a key that you have not trusted; it was left out
  4  something could not be checked; it was left out
Of several paths the most serious result decides (1, then 4, then 3). The
others are added all the same.

Nothing is moved or changed, and what is encrypted stays so. Each PATH is verified first: only what passes verification,
and is signed by keys that you trust, is added.
"""


class AddingOptions(Struct, frozen=True):
    """What is said of what is added.

    Attributes:
        location: code of the place where it lies.
        carrier: what it lies on.
        sender: code of who sent it.
        agreement: number of the agreement under which it came.
        continued: directory that continues the record of a bundle.
        trust_file: trust list; None for the user's own.
        recipients_file: recipient list, whose keys count for receipts; None for the user's own.
    """

    location: str = flag(
        "--location", type=code_value, default=HERE, otherwise=HERE, metavar="CODE", show_default=True,
        help="The place where it lies.",
    )  # fmt: skip
    carrier: str | None = flag(
        "--carrier", metavar="TEXT", help="The medium that it lies on, if that has to be fetched: its number and safe."
    )
    sender: str | None = flag(
        "--from", type=code_value, metavar="CODE", help="Who sent it. [default: the code that sealed it first]"
    )
    agreement: str | None = flag(
        "--agreement", type=agreement_value, metavar="NUMBER", help="The agreement under which it came."
    )
    continued: str | None = continued_flag()
    trust_file: Path | None = trust_flag()
    recipients_file: Path | None = recipients_flag()


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path())
@options_of(AddingOptions, "adding")
@access_options
@time_options
@signing_options
@output_and_progress
def command(
    catalogue: Path,
    paths: tuple[str, ...],
    adding: AddingOptions,
    access: AccessOptions,
    time: TimeOptions,
    signing: SigningOptions,
    output: Output,
) -> ExitCode:
    """Verify directories and bundles, and add them."""
    if adding.continued is not None and len(paths) > 1:
        raise misuse(UsageError("{option} goes with one PATH", key="with-one-path", option="--continued"))
    trust = choose_trust(adding.trust_file, ())
    verify = VerifyOptions(
        trust=trust.keys,
        receipts=load_receipt_keys(trust.file, adding.recipients_file),
        place=RecordPlace(None, adding.continued, access.load()),
        time=time.load(output),
    )
    options = AddOptions(verify, adding.location, adding.carrier, adding.sender, adding.agreement)
    results: list[Added] = []
    with open_catalogue(catalogue) as opened, terminal_progress(output) as progress:
        author = Author(signing.choose(), progress=progress)
        for result in add_holdings(opened, paths, author, options):
            if result.error is not None and len(paths) == 1:
                raise result.error
            if result.registered is not None:
                output.did(_render(output.language, result)[0])
            results.append(result)
    exit_code = min((result.exit_code for result in results), key=GRAVITY.index)
    output.answer("\n".join(line for result in results for line in _render(output.language, result)))
    output.document(CatalogueAddDocument(exit_code=exit_code, results=tuple(map(_document, results))))
    return exit_code


def _render(language: Language, result: Added) -> list[str]:
    say, done = language.say, result.registered
    if done is None:
        why = language.say_error(result.error) if result.error is not None else Said("")
        hint = language.say_hint(result.error) if result.error is not None else Said("")
        lines: list[str] = [say("added.refused", path=result.path, why=why)]
        return [*lines, f"  {say('program.hint')}: {hint}"] if hint else lines
    state, relation = language.word("added-state", done.state.value), language.word("relation", done.relation.value)
    lines = [say("added.done", path=result.path, number=done.holding, state=state, relation=relation)]
    lines.append("  " + say("added.collection", collection=result.collection))
    if done.heads:
        where = "added.after" if done.parts_after else "added.beginning"
        lines += ["  " + say(where, entry=done.parts_after, head=head) for head in done.heads]
    if not done.state.is_held:
        lines.append("  " + say("added.nobody-knows"))
    if done.recalls is not None:
        items = language.say_ranges(done.recalls.ranges, "items", None)
        lines.append("  " + say("catalogue.permits-nothing", items=items))
    if done.terms_unknown is not None:
        lines.append(f"  {say_terms_unknown(language, done.terms_unknown.ranges)}")
    return lines


def _document(result: Added) -> AddedDocument:
    done, error = result.registered, result.error
    return AddedDocument(
        path=result.path,
        exit_code=result.exit_code,
        collection=result.collection,
        head=result.head,
        holding=done.holding if done is not None else None,
        state=done.state.value if done is not None else None,
        relation=done.relation.value if done is not None else None,
        parts_after=done.parts_after if done is not None else None,
        heads=done.heads if done is not None else (),
        recalls=spell_any(done.recalls) if done is not None else (),
        terms_unknown=spell_any(done.terms_unknown) if done is not None else (),
        already_held=spell_any(done.already_held) if done is not None else (),
        error=error.message if error is not None else None,
        hint=error.hint if error is not None else None,
    )
