"""`evtool timestamp`: add time evidence to an entry."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.answers.airgap import answer_import, answer_request
from evtool.cli.answers.revocation import UNKNOWN_ADDRESSES, fetch_and_keep, keep_revocation
from evtool.cli.answers.stamp import (
    answer_leaves,
    describe_calendar,
    describe_rehearsal,
    describe_stamping,
    did_stamp,
)
from evtool.cli.command import Command, misuse
from evtool.cli.group import Group
from evtool.cli.next_command import fill_commands, next_command
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.common import PlaceOptions, entry_option, place_options
from evtool.cli.options.stamp import StampRequestOptions, stamp_options
from evtool.cli.output import Output, output_options
from evtool.core.errors import ExitCode, UsageError
from evtool.core.text.names import shown
from evtool.operations.timestamps.add import (
    StampOptions,
    StampResult,
    add_timestamps,
    preview_timestamps,
    rehearse_timestamps,
)
from evtool.operations.timestamps.upgrade import ProofUpgrade, upgrade_proofs
from evtool.report.stamp import render_rehearsal, render_stamping
from evtool.report.time_document import StampDocument, UpgradeDocument, UpgradedProof

_EXIT_CODES = """\b
Exit codes:
  0  stamped by the required number of authorities; with --revocation:
     stored, and the time-stamps pass with it
  1  an input file is for something else, or forged; it was not stored
  2  wrong usage
  3  stamped by fewer authorities than required; what did stamp was stored
     --import, --revocation: the file leads to no authority that you trust,
     or is too old; it was not stored
     --revocation: stored, and a time-stamp does not pass with it
  4  something could not be read, or an input file is not of the expected
     type"""
"""Of `timestamp`, and of `timestamp add` for which it is short."""

GROUP_EXAMPLES = f"""\b
Examples:
  evtool timestamp interview-0042 --tsa http://tsa.example/tsr
  evtool timestamp interview-0042 --request out.tsq
                             across an air gap: write what is to be sent ...
  evtool timestamp interview-0042 --import in.tsr
                             ... and check what came back
  evtool timestamp interview-0042 --revocation tsa.crl
                             keep an authority's list of revoked certificates
  evtool timestamp upgrade interview-0042 --ots https://calendar.example
  evtool help time-stamps    what they prove, and what they do not

{_EXIT_CODES}

`evtool timestamp DIR` is short for `evtool timestamp add DIR`; `evtool help timestamp add` lists all options.
"""

ADD_EXAMPLES = f"""\b
Examples:
  evtool timestamp interview-0042 --tsa http://one.example/tsr \\
      --tsa http://two.example/ --at-least 1
  evtool timestamp interview-0042 --entry 3 --tsa http://tsa.example/tsr
  evtool timestamp interview-0042 --tsa http://tsa.example/tsr --what-leaves
  evtool timestamp interview-0042 --tsa http://tsa.example/tsr --dry-run
  evtool timestamp interview-0042 --request /media/stick/out.tsq
  evtool timestamp interview-0042 --import /media/stick/in.tsr
  evtool timestamp interview-0042 --revocation /media/stick/tsa.crl
  evtool timestamp interview-0042 --with-revocation
                              fetch what keeps its time-stamps good for long
  evtool timestamp interview-0042 --with-revocation --what-leaves
  evtool timestamp interview-0042 --ots https://calendar.example

{_EXIT_CODES}

Only the addresses that you give are contacted, and with --with-revocation those that the certificates of authorities
that you trust name; --what-leaves shows them first. An answer is stored only if it passes: it is for this entry,
answers this request, and leads to an authority that you trust (`evtool trust tsa add`).
"""

UPGRADE_EXAMPLES = """\b
Examples:
  evtool timestamp upgrade interview-0042 --ots https://calendar.example

\b
Exit codes:
  0  every proof names a block; with --dry-run: or a calendar would be
     asked for the rest
  2  wrong usage
  3  a proof is still a promise
  4  something could not be read or written

A promise is never a proof; `evtool verify` needs the header of the block as well (--bitcoin-headers). Calendars that
are not given with --ots are not contacted, whatever a proof names.
"""


@click.group(cls=Group, default="add", epilog=GROUP_EXAMPLES)
def command() -> None:
    """Add time-stamps to an entry that exists."""


@command.command("add", cls=Command, epilog=ADD_EXAMPLES, short_help="Add time-stamps, or what helps to judge them.")
@click.argument("directory", type=click.Path())
@entry_option("The entry. [default: the newest]")
@click.option(
    "--request",
    "request_file",
    type=click.Path(path_type=Path),
    metavar="OUT.tsq",
    help="Write what another machine sends to an authority.",
)
@click.option(
    "--import",
    "import_file",
    type=click.Path(path_type=Path),
    metavar="IN.tsr",
    help="Check an answer that came back, and store it.",
)
@click.option(
    "--revocation",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Keep a CRL or OCSP answer beside the time-stamps that it is about. May be repeated.",
)
@place_options
@access_options
@stamp_options
@output_options
def add(
    directory: str,
    entry: int | None,
    request_file: Path | None,
    import_file: Path | None,
    revocation: tuple[Path, ...],
    stamping: StampRequestOptions,
    where: PlaceOptions,
    access: AccessOptions,
    output: Output,
) -> int:
    """Have an entry of DIRECTORY stamped by authorities, across an air gap, or by OpenTimestamps calendars."""
    is_fetching = stamping.with_revocation and not stamping.asks
    ways = [stamping.asks, request_file is not None, import_file is not None, bool(revocation), is_fetching]
    if sum(ways) != 1:
        raise misuse(
            UsageError(
                "give one of --tsa (or --ots), --request, --import, --revocation, and --with-revocation alone",
                key="one-way-to-stamp",
            )
        )
    custody = where.place(access.load())
    if where.dry_run and stamping.asks and not stamping.what_leaves:
        return _rehearse(directory, stamping.build(output, entry, custody), output)
    if revocation:
        return keep_revocation(directory, revocation, entry, stamping.tsa_roots, custody, output)
    if is_fetching:
        return fetch_and_keep(directory, entry, stamping, custody, output)
    if request_file is not None:
        return answer_request(directory, request_file, entry, stamping, custody, output)
    if import_file is not None:
        return answer_import(directory, import_file, entry, stamping, custody, output)
    options = stamping.build(output, entry, custody)
    if stamping.what_leaves:
        answer_leaves(output, preview_timestamps(directory, options), blank=False)
        if stamping.with_revocation:
            output.talk(fill_commands(UNKNOWN_ADDRESSES))
        return ExitCode.OK
    return answer_stamping(output, directory, add_timestamps(directory, options))


def _rehearse(directory: str, options: StampOptions, output: Output) -> ExitCode:
    stamping = describe_rehearsal(rehearse_timestamps(directory, options), options)
    head = f"{shown(directory)}: would have entry {stamping.entry} stamped; nothing was sent or written"
    output.answer("\n".join([head, *render_rehearsal(stamping)]))
    if options.with_revocation:
        output.talk(fill_commands(UNKNOWN_ADDRESSES))
    output.document(StampDocument(exit_code=ExitCode.OK, path=directory, dry_run=True, stamping=stamping))
    return ExitCode.OK


def answer_stamping(output: Output, directory: str, result: StampResult) -> ExitCode:
    """Print what came of it, and give the exit code."""
    exit_code = ExitCode.OK if result.ok else ExitCode.NOT_ESTABLISHED
    stamping = describe_stamping(result)
    did_stamp(output, stamping)
    output.answer("\n".join([f"{shown(directory)}:", *render_stamping(stamping, next_command)]))
    output.document(StampDocument(exit_code=exit_code, path=directory, dry_run=False, stamping=stamping))
    return exit_code


@command.command(
    "upgrade", cls=Command, epilog=UPGRADE_EXAMPLES, short_help="Ask calendars for the rest of their proofs."
)
@click.argument("directory", type=click.Path())
@click.option(
    "--ots", multiple=True, required=True, metavar="URL", help="Ask this OpenTimestamps calendar. May be repeated."
)
@entry_option("Only the proof of this entry.")
@place_options
@access_options
@output_options
def upgrade(
    directory: str,
    ots: tuple[str, ...],
    entry: int | None,
    where: PlaceOptions,
    access: AccessOptions,
    output: Output,
) -> int:
    """Ask OpenTimestamps calendars for the rest of the proofs in DIRECTORY."""
    upgrades = upgrade_proofs(directory, ots, entry=entry, where=where.place(access.load()))
    is_done = all(proof.complete or proof.would_ask for proof in upgrades)
    exit_code = ExitCode.OK if is_done else ExitCode.NOT_ESTABLISHED
    if grown := [proof.name.text for proof in upgrades if proof.changed]:
        output.did(f"stored {', '.join(grown)}")
    output.answer("\n".join(_render_upgrades(directory, upgrades, dry_run=where.dry_run)))
    output.document(
        UpgradeDocument(
            exit_code=exit_code,
            path=directory,
            dry_run=where.dry_run,
            proofs=tuple(
                UpgradedProof(
                    entry=proof.entry,
                    file=proof.name.text,
                    changed=proof.changed,
                    complete=proof.complete,
                    problems=tuple(map(describe_calendar, proof.problems)),
                    would_ask=proof.would_ask,
                )
                for proof in upgrades
            ),
        )
    )
    return exit_code


def _render_upgrades(directory: str, upgrades: tuple[ProofUpgrade, ...], *, dry_run: bool) -> list[str]:
    complete = sum(proof.complete for proof in upgrades)
    lines = [f"{shown(directory)}: {complete} of {len(upgrades)} proofs name a block"]
    if dry_run:
        lines[0] += "; nothing was asked or written"
    for proof in upgrades:
        state = "names a block" if proof.complete else "still a promise"
        lines.append(f"  entry {proof.entry}  {state}{', grew' if proof.changed else ''}  {proof.name.text}")
        lines += [f"    would ask {shown(calendar)} for the rest" for calendar in proof.would_ask]
        for problem in proof.problems:
            lines += [f"    {problem.problem}", *([f"    {problem.hint}"] if problem.hint else [])]
    return lines
