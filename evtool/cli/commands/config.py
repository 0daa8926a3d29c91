"""`evtool config`: what holds before any option is given, and what says so."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from evtool.cli.command import Command
from evtool.cli.environment import Variable
from evtool.cli.options.common import SigningOptions
from evtool.cli.options.trust import choose_trust
from evtool.cli.output import Output, output_options
from evtool.core.errors import EvtoolError, ExitCode
from evtool.core.text.names import shown
from evtool.keys.home import agreements_file, home_directory, keys_directory, recipients_file, trust_file
from evtool.report.language import LOCALE_VARIABLES, choose_language
from evtool.report.settings_document import Setting, SettingsDocument, SettingSource

EXAMPLES = """\b
Examples:
  evtool config                        which home, key, trust list and
                                       language, and what decided that
  evtool config --json
  EVTOOL_TRUST=~/court.keys evtool config

\b
Variables of the environment:
  EVTOOL_HOME   the directory of your keys, trust list and configuration
  EVTOOL_AGENT  the code to sign under: --agent
  EVTOOL_KEY    the key to sign with: --key
  EVTOOL_TRUST  the trust list: --trust
  EVTOOL_LANG   the language of answers: en or ko
  EVTOOL_TRACEBACK   1: an internal fault prints where it is, and may name
                evidence in doing so

\b
Exit codes:
  0  shown
  2  wrong usage; or a variable has a value that no command can use
  4  something in the home directory cannot be used

An option wins over its variable, and a variable over your home directory. A variable that is set to nothing counts as
not set. A path in a variable must be a full one: else the folder that you are in would decide whom you trust. If --key
or --agent is given, neither EVTOOL_KEY nor EVTOOL_AGENT is asked: an option answers who signs. With --trust or
--signer, EVTOOL_TRUST is not asked. No key is opened. The answer has paths of your computer, which may hold your name.
"""


class _Config(Command):
    def check_environment(self) -> None:
        """Refuse nothing: what is wrong with a variable is what this command shows."""


@click.command(cls=_Config, epilog=EXAMPLES)
@output_options
def command(output: Output) -> int:
    """Show which home directory, key, trust list and language commands use, and what decided that."""
    settings = tuple(_settings())
    wrong = {setting.source for setting in settings if _is_wrong(setting)}
    by_variable = SettingSource.ENVIRONMENT in wrong
    exit_code = ExitCode.USAGE if by_variable else ExitCode.NOT_CHECKED if wrong else ExitCode.OK
    output.answer("\n".join(line for setting in settings for line in _render(setting)))
    output.document(SettingsDocument(exit_code=exit_code, settings=settings))
    return exit_code


def _is_wrong(setting: Setting) -> bool:
    """Tell whether something has to be mended; whoever has no key, or has several, need not."""
    return setting.problem is not None and setting.source is not SettingSource.DEFAULT


def _settings() -> Iterator[Setting]:
    try:
        home, problem = home_directory(), None
    except EvtoolError as error:
        home, problem = Path(Variable.HOME.read() or ""), error.message
    is_moved = Variable.HOME.read() is not None
    source = SettingSource.ENVIRONMENT if is_moved else SettingSource.DEFAULT
    yield _place("home", home, source, variable=Variable.HOME.value, problem=problem)
    if problem is None:
        yield from _signing(home)
        yield _trust(home)
        yield _place("recipients", recipients_file(home), SettingSource.HOME, option="--recipients")
        yield _place("agreements", agreements_file(home), SettingSource.HOME)
        yield _place("authorities", home / "tsa", SettingSource.HOME, option="--tsa-roots")
    yield _language()


def _place(
    name: str,
    path: Path,
    source: SettingSource,
    *,
    variable: str | None = None,
    option: str | None = None,
    problem: str | None = None,
) -> Setting:
    return Setting(
        name=name,
        variable=variable,
        option=option,
        value=str(path),
        source=source,
        exists=os.path.lexists(path),
        problem=problem,
    )


def _problem(look: Callable[[], object]) -> str | None:
    """Give the message of the error that something ends with; None if it does not."""
    try:
        look()
    except EvtoolError as error:
        return error.message
    return None


def _signing(home: Path) -> Iterator[Setting]:
    """Say who signs. That nobody can, as there is no key or more than one, is told, and is no mistake in a variable."""
    key, agent = Variable.KEY.read(), Variable.AGENT.read()
    problem = None
    try:
        code: str | None = SigningOptions(None, None, None, None).choose(dry_run=True).code
    except EvtoolError as error:
        code, problem = agent, error.message
    if agent:
        source = SettingSource.ENVIRONMENT
    elif code:
        source = SettingSource.KEY if key else SettingSource.HOME
    else:
        source = SettingSource.DEFAULT
    yield Setting(
        name="agent",
        variable=Variable.AGENT.value,
        option="--agent",
        value=code,
        source=source,
        exists=None,
        problem=None if key else problem,
    )
    file = key or (str(keys_directory(home) / code) if code else None)
    yield Setting(
        name="key",
        variable=Variable.KEY.value,
        option="--key",
        value=file,
        source=SettingSource.ENVIRONMENT if key else SettingSource.HOME if file else SettingSource.DEFAULT,
        exists=None if file is None or file.startswith("SHA256:") else os.path.lexists(file),
        problem=problem if key else None,
    )


def _trust(home: Path) -> Setting:
    named = Variable.TRUST.read()
    return _place(
        "trust",
        Path(named) if named else trust_file(home),
        SettingSource.ENVIRONMENT if named else SettingSource.HOME,
        variable=Variable.TRUST.value,
        option="--trust",
        problem=_problem(lambda: choose_trust(None)),
    )


def _language() -> Setting:
    named = Variable.LANGUAGE.read()
    locale = next(filter(None, map(os.environ.get, LOCALE_VARIABLES)), None)
    problem = _problem(choose_language)
    return Setting(
        name="language",
        variable=Variable.LANGUAGE.value,
        option=None,
        value=named if problem else choose_language().code,
        source=SettingSource.ENVIRONMENT if named else SettingSource.LOCALE if locale else SettingSource.DEFAULT,
        exists=None,
        problem=problem,
    )


def _render(setting: Setting) -> list[str]:
    says = {
        SettingSource.ENVIRONMENT: setting.variable or "",
        SettingSource.LOCALE: "your locale",
        SettingSource.HOME: "home",
        SettingSource.KEY: "the name of that key",
        SettingSource.DEFAULT: "default",
    }
    value = "none" if setting.value is None else f"{shown(setting.value)} ({says[setting.source]})"
    missing = ", does not exist" if setting.exists is False else ""
    lines = [f"{setting.name:<12} {value}{missing}"]
    return (
        [*lines, f"{'':<12} {'WRONG: ' if _is_wrong(setting) else ''}{setting.problem}"] if setting.problem else lines
    )
