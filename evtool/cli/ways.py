"""The options that take the ways out which an error offers."""

from __future__ import annotations

from collections.abc import Mapping

import click

from evtool.core.errors import EvtoolError, Way

OPTIONS: Mapping[Way, tuple[str, ...]] = {
    Way.AGENT: ("--agent CODE",),
    Way.ALLOW: ("--allow WHAT",),
    Way.ALLOWED_ONLY: ("--allowed-only",),
    Way.AUDIENCE: ("--audience WHOM",),
    Way.COLUMNS: ("--columns COLUMNS",),
    Way.CONFIRMED: ("--confirm CODE", "--approved-by CODE"),
    Way.CONTINUED: ("--continued DIR",),
    Way.CUSTODY: ("--custody DIR",),
    Way.DENY_TERMS: ("--deny-terms",),
    Way.ENCODING: ("--encoding NAME",),
    Way.ENCRYPTION: ("--encrypt-to KEY", "--passphrase"),
    Way.EXCLUDE: ("--exclude PATTERN",),
    Way.EXPLAINED: ("--explain TEXT",),
    Way.FORMAT: ("--format PROGRAM",),
    Way.IDENTITY: ("-i FILE",),
    Way.ITEMS: ("--items ITEMS",),
    Way.KEY: ("--key FILE",),
    Way.KEY_PASSPHRASE: ("--key-passphrase-fd N", "--key-passphrase-file FILE"),
    Way.LABEL: ("--label NAME",),
    Way.LISTED: ("--items all",),
    Way.LOCATION: ("--location CODE",),
    Way.NEW_PASSPHRASE: ("--new-passphrase-fd N", "--new-passphrase-file FILE"),
    Way.NO_KEY_PASSPHRASE: ("--no-passphrase",),
    Way.PASSPHRASE: ("--passphrase-fd N", "--passphrase-file FILE"),
    Way.RECIPIENTS: ("--recipients FILE",),
    Way.REASON: ("--reason TEXT",),
    Way.REJECT: ("--reject",),
    Way.STILL_THERE: ("--confirm CODE",),
    Way.STRIP: ("--strip PREFIX",),
    Way.TABLE_ENCODING: ("--table-encoding NAME",),
    Way.TSA_ROOTS: ("--tsa-roots PATH",),
    Way.UNLOCKED: ("--unlocked",),
    Way.WAIT: ("--wait SECONDS",),
    Way.WITHOUT: ("--without ITEMS",),
}


def options_for(error: EvtoolError, command: click.Command) -> str:
    """Give the options of this command that take the ways out which an error offers.

    An option that the command does not have is not told: whoever followed it would meet another error.
    """
    known = {name for param in command.params for name in param.opts}
    return ", ".join(text for way in error.ways for text in OPTIONS[way] if text.split()[0] in known)
