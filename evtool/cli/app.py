"""The `evtool` program: finds the command, runs it, turns errors into messages and exit codes."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

from msgspec import Struct

from evtool.cli.completion import VARIABLE
from evtool.cli.delivery import take_over_streams
from evtool.cli.faults import FaultWatch, describe_fault, print_traceback, spoil
from evtool.core import __version__
from evtool.core.errors import EvtoolError, ExitCode, InputError
from evtool.core.text.names import shown


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run evtool and leave the process with its exit code; without arguments, those of the process.

    A process of its own ends at once, without taking apart what it is made of: that takes an eighth of a short run.
    """
    # Python looks again and again for what nobody reaches any more; a start makes 100,000 objects, all in use. It looks
    # when the command runs (`Command.invoke`).
    gc.disable()
    output, _ = take_over_streams()
    faults = FaultWatch()
    faults.begin()
    done: list[str] = []
    try:
        signal.signal(signal.SIGTERM, _terminate)
        code = _run(sys.argv[1:] if arguments is None else list(arguments), done)
    except BaseException as error:  # noqa: BLE001  # a second Ctrl-C, or no memory, while the first error was told
        code = _interrupted(error) if isinstance(error, KeyboardInterrupt) else ExitCode.NOT_CHECKED
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    faults.run_exit_functions()
    code = spoil(code) if faults.found else code
    sys.stdout.flush()
    if output.error is not None:
        code = spoil(code)
        if done or not output.is_unread:
            lost = InputError(
                "the answer could not be written to standard output: {why_en}",
                hint="" if done else "send it where it can be written, and run the command again",
                key="answer-lost",
                why_en=shown(output.error),
            )
            _tell(lost, done)
    sys.stderr.flush()
    faults.leave(code)
    if arguments is None and threading.active_count() == 1:
        os._exit(code)
    sys.exit(code)


class _Terminated(KeyboardInterrupt):
    """The system asks evtool to end; it ends as with Ctrl-C."""


def _terminate(number: int, frame: object) -> NoReturn:
    raise _Terminated


def _run(arguments: list[str], done: list[str]) -> int:
    """Run one command, and tell whatever it fails with; `done` gets what it did that stays done."""
    shell = os.environ.get(VARIABLE)
    if shell:
        # Start-up time: only a shell asks for this, and it must not wait for click either.
        from evtool.cli.completion.answer import answer_shell

        return answer_shell(shell, arguments)
    if arguments == ["--version"]:
        sys.stdout.write(f"evtool {__version__}\n")
        return ExitCode.OK
    # Half of the time of a short run is spent on importing click: whoever only asks for the version need not wait.
    import click

    from evtool.cli.notes import show_notes

    show_notes()
    report = _Reporter(arguments, done)
    try:
        return _invoke(arguments, done)
    except EvtoolError as error:
        return report(error, error.exit_code)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        # It imports click, as above.
        from evtool.cli.usage import explain_usage

        return report(explain_usage(error), ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt) as error:
        interrupted = EvtoolError(
            "interrupted", hint="nothing that was complete is lost; run it again to go on", key="interrupted"
        )
        return report(interrupted, _interrupted(error))
    except OSError as error:
        return report(_explain_system(error), ExitCode.NOT_CHECKED)
    except MemoryError:
        full = EvtoolError("not enough memory", hint="close other programs, or use fewer --jobs", key="no-memory")
        return report(full, ExitCode.NOT_CHECKED)
    except BaseException as error:  # noqa: BLE001  # the last line of defence: never a traceback, never exit 0 or 1
        code = report(describe_fault(error), ExitCode.NOT_CHECKED)
        print_traceback(error)
        return code


def _invoke(arguments: list[str], done: list[str]) -> int:
    """Let click run a command; `click.Command.main` would end with exit code 1 by itself when a pipe is closed."""
    if sorted(arguments) == ["--json", "--version"]:
        # It reads what comes with this version, of which a run that does something else says nothing.
        from evtool.cli.output import print_version_document

        print_version_document()
        return ExitCode.OK
    # This imports click, which a run that only asks for the version does not need.
    from evtool.cli.group import make_program

    cli = make_program()
    with cli.make_context("evtool", arguments, obj=done) as context:
        result = cli.invoke(context)
    return result if isinstance(result, int) else ExitCode.OK


def _interrupted(error: BaseException) -> int:
    terminated = isinstance(error, _Terminated) or isinstance(error.__context__, _Terminated)
    return 128 + (signal.SIGTERM if terminated else signal.SIGINT)


class _Reporter(Struct, frozen=True):
    """Tells an error to whoever called: a person, or a script that asked for JSON."""

    arguments: Sequence[str]
    done: Sequence[str]

    def __call__(self, error: EvtoolError, code: int) -> int:
        _tell(error, self.done)
        is_line = "--json-lines" in self.arguments
        if is_line or "--json" in self.arguments:
            # This imports click, and an error may have come before it.
            from evtool.cli.output import print_error_document
            from evtool.cli.telling import hint_of
            from evtool.report.language import english

            message = "; ".join([error.message, *error.lines])
            print_error_document(message, hint_of(english(), error, self.done), code, is_line=is_line)
        return code


def _tell(error: EvtoolError, done: Sequence[str]) -> None:
    # Start-up time: only a run that fails speaks of it.
    from evtool.cli.telling import tell

    tell(error, done)


def _explain_system(error: OSError) -> InputError:
    """Say what the system did not do, and with which file."""
    why = shown(str(error.strerror or error))
    if error.filename is None:
        return InputError("{why_en}", hint="mend that, and run it again", key="system", why_en=why, why=error)
    path = shown(os.fsdecode(error.filename) if isinstance(error.filename, bytes) else str(error.filename))
    return InputError(
        "{why_en}: {path}", hint="mend that, and run it again", key="system-file", why_en=why, why=error, path=path
    )
