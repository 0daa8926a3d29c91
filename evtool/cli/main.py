"""The `evtool` program: finds the command, runs it, turns errors into messages and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from evtool import __version__
from evtool.core.errors import EvtoolError, ExitCode
from evtool.core.names import shown

COMMANDS: dict[str, tuple[str, str]] = {
    "seal": ("evtool.cli.seal", "Hash, state and sign what is new in an evidence directory."),
    "verify": ("evtool.cli.verify", "Check a sealed directory or a bundle: all findings, one verdict."),
    "log": ("evtool.cli.log", "Print the chain of custody."),
    "show": ("evtool.cli.show", "Print the sealed items and what is stated of them."),
    "items": ("evtool.cli.items", "Print the table of new items that an archivist fills in."),
    "consent": ("evtool.cli.consent", "What may go to whom, for what, under which conditions."),
    "register": ("evtool.cli.register", "Keep the people behind the codes out of what travels."),
    "timestamp": ("evtool.cli.timestamp", "Add time-stamps: online, across an air gap, or by OpenTimestamps."),
    "renew": ("evtool.cli.renew", "Carry time evidence on under a second hash family, stamped anew."),
    "due": ("evtool.cli.due", "List which time evidence ends when."),
    "record": ("evtool.cli.record", "Add an event to the chain of custody."),
    "transfer": ("evtool.cli.transfer", "Hand custody over: the giver's side."),
    "receive": ("evtool.cli.receive", "Check and accept a handover: the receiver's side."),
    "receipt": ("evtool.cli.receipt", "Keep the receiver's answer to a handover."),
    "compare": ("evtool.cli.compare", "Say what two copies of a collection share."),
    "pack": ("evtool.cli.pack", "Make a bundle of all or part of a collection for somebody else."),
    "unpack": ("evtool.cli.unpack", "Unpack a bundle into a new directory."),
    "prove": ("evtool.cli.prove", "Prove single items without disclosing the others."),
    "derive": ("evtool.cli.derive", "Record a redacted or otherwise changed copy of an item."),
    "import": ("evtool.cli.import_evidence", "Check evidence against the list it came with, and seal it."),
    "inspect": ("evtool.cli.inspect", "Show what files claim of themselves: format, dates, device."),
    "key": ("evtool.cli.key", "Make, show and list your own signing keys."),
    "trust": ("evtool.cli.trust", "Decide whose keys you trust."),
}
"""Name -> module and one line of help. A module is imported when its command runs, so that help starts fast."""

EXIT_CODES = """\b
Exit codes:
  0  all that was asked for is shown
  1  tampering or a mismatch is proven
  2  wrong usage
  3  nothing is disproven, but something asked for is not established
  4  could not be checked: unreadable, unsupported or incomplete input
  5  refused: consent or handling does not allow it
"""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run evtool and leave the process with its exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    has_output = _open_streams()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show Hangul gets escapes, never a crash half way through a verdict.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = _run(arguments)
    if not has_output:
        from evtool.cli.output import print_error

        print_error("standard output is closed, so nobody could read the result")
        code = code or ExitCode.NOT_CHECKED
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        # A verdict that nobody could read is not a success.
        code = _lost_output(error)
    sys.exit(code)


def _open_streams() -> bool:
    """Open what the caller closed of the three standard streams; tells whether there is somewhere to answer to.

    Otherwise the next file that is opened would take the place of standard output, and get what is printed there.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
    has_output = sys.stdout is not None
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
    return has_output


class _Terminated(KeyboardInterrupt):
    """The system asks evtool to end; it ends as with Ctrl-C."""


def _terminate(number: int, frame: object) -> NoReturn:
    raise _Terminated


def _run(arguments: Sequence[str]) -> int:
    if list(arguments) == ["--version"]:
        sys.stdout.write(f"evtool {__version__}\n")
        return ExitCode.OK
    # Half of the time of a short run is spent on importing click: whoever only asks for the version need not wait.
    import click

    from evtool.cli.group import make_group
    from evtool.cli.notes import show_notes

    show_notes()
    try:
        cli = make_group(COMMANDS, EXIT_CODES)
        result = cli.main(args=list(arguments), prog_name="evtool", standalone_mode=False)
        return int(result) if isinstance(result, int) else ExitCode.OK
    except EvtoolError as error:
        return _report(arguments, error.message, error.hint, error.exit_code)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        hint = f"see '{error.ctx.command_path} --help'" if isinstance(error, click.UsageError) and error.ctx else ""
        return _report(arguments, _one_line(error.format_message()), hint, ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt) as error:
        # click turns the interrupt into its Abort.
        terminated = isinstance(error, _Terminated) or isinstance(error.__cause__, _Terminated)
        code = 128 + (signal.SIGTERM if terminated else signal.SIGINT)
        return _report(arguments, "interrupted", "nothing that was complete is lost; run it again to go on", code)
    except BrokenPipeError:
        return _lost_output(None)
    except OSError as error:
        return _report(arguments, f"{shown(str(error.strerror or error))}{_file_of(error)}", "", ExitCode.NOT_CHECKED)
    except MemoryError:
        return _report(arguments, "not enough memory", "", ExitCode.NOT_CHECKED)
    except Exception as error:  # noqa: BLE001  # the last line of defence: never a traceback, never exit 0
        return _report(arguments, _internal(error), "this is a flaw of evtool, please report it", ExitCode.NOT_CHECKED)


def _report(arguments: Sequence[str], message: str, hint: str, code: int) -> int:
    from evtool.cli.output import print_error, print_error_document

    print_error(message, hint)
    if "--json" in arguments:
        print_error_document(message, hint, code)
    return code


def _one_line(text: str) -> str:
    return shown(" ".join(text.split()), limit=1000)


def _file_of(error: OSError) -> str:
    if error.filename is None:
        return ""
    return f": {shown(os.fsdecode(error.filename) if isinstance(error.filename, bytes) else str(error.filename))}"


def _internal(error: Exception) -> str:
    """Describe an unexpected error by type and place; its text may quote evidence and stays unsaid."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else ""
    return f"internal error: {type(error).__name__}{where}"


def _lost_output(error: OSError | None) -> int:
    """Answer for output that could not be written; sends what is left to nowhere so that exit stays quiet."""
    if error is not None:
        from evtool.cli.output import print_error

        print_error(f"the output could not be written: {error.strerror}", "the result above may be incomplete")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    return ExitCode.NOT_CHECKED
