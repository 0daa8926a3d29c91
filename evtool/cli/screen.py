"""The first screen: what evtool is, its commands in groups, three examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

Commands = Mapping[str, tuple[str, str]]
"""Name -> module and a few words. A module is imported when its command runs, so that help starts fast."""

_HERE = "evtool.cli.commands"

SECTIONS: Mapping[str, Commands] = {
    "Daily work": {
        "seal": (f"{_HERE}.seal", "hash and sign what is new"),
        "verify": (f"{_HERE}.verify", "check a folder or a bundle"),
        "show": (f"{_HERE}.show", "list the sealed items"),
        "log": (f"{_HERE}.log", "show the chain of custody"),
        "report": (f"{_HERE}.report", "write a page to print"),
        "page": (f"{_HERE}.page", "write a check without evtool"),
        "items": (f"{_HERE}.items", "print a table to fill in"),
        "inspect": (f"{_HERE}.inspect", "show embedded metadata"),
        "consent": (f"{_HERE}.consent", "who may get what, for what"),
        "record": (f"{_HERE}.record", "add a custody event"),
        "derive": (f"{_HERE}.derive", "record a redacted copy"),
    },
    "Time": {
        "timestamp": (f"{_HERE}.timestamp", "add a time-stamp"),
        "renew": (f"{_HERE}.renew", "renew time evidence"),
        "due": (f"{_HERE}.due", "list what expires when"),
    },
    "Handing over": {
        "pack": (f"{_HERE}.pack", "make a bundle for someone"),
        "unpack": (f"{_HERE}.unpack", "open a bundle safely"),
        "prove": (f"{_HERE}.prove", "prove single items"),
        "transfer": (f"{_HERE}.transfer", "hand custody over"),
        "receive": (f"{_HERE}.receive", "check and accept a handover"),
        "receipt": (f"{_HERE}.receipt", "add or write a receipt"),
        "compare": (f"{_HERE}.compare", "compare two copies"),
    },
    "Keys and trust": {
        "key": (f"{_HERE}.key", "your own signing keys"),
        "trust": (f"{_HERE}.trust", "whose keys you trust"),
        "recipient": (f"{_HERE}.recipient", "who may receive what"),
        "agreement": (f"{_HERE}.agreement", "with whom you agreed on what"),
        "register": (f"{_HERE}.register", "keep names out of records"),
        "config": (f"{_HERE}.config", "show what decides by default"),
    },
    "For repositories": {
        "import": (f"{_HERE}.import_evidence", "seal what others hashed"),
        "catalogue": (f"{_HERE}.catalogue", "know what you hold"),
        "intake": (f"{_HERE}.intake", "take in what was sent"),
    },
}
"""Heading -> the commands below it, in the order of an archivist's work."""

ASIDE: Commands = {
    "completion": (f"{_HERE}.completion", "complete words in a shell"),
    "help": (f"{_HERE}.help", "explain a command"),
}
"""Commands for which the first screen has no room."""

COMMANDS: Commands = {name: listed for commands in (*SECTIONS.values(), ASIDE) for name, listed in commands.items()}

ABOUT = "evtool seals folders of evidence so that anyone can check later, offline, that\nnothing changed."

EXAMPLES = (
    ("evtool key new A1", "make your key, under a code instead of a name"),
    ("evtool seal interview-0042", "record what is in a folder, and sign it"),
    ("evtool verify interview-0042", "check that nothing changed"),
)

EXIT_CODES = """\b
Exit codes:
  0  all that was asked for is shown
  1  tampering or a mismatch is proven
  2  wrong usage
  3  nothing is disproven, but something asked for is not established
  4  could not be checked: unreadable, unsupported or incomplete input,
     or the answer could not be written
  5  refused: consent or handling does not allow it
  6  seal, derive: what was new is sealed, and something else is wrong
"""

EPILOG = "\n".join(["\b", "Examples:", *(f"  {command:<29} {words}" for command, words in EXAMPLES), "", EXIT_CODES])
"""What the page of the whole program ends with."""

OTHER_WORDS = {
    "add": "seal",
    "audit": "verify",
    "bundle": "pack",
    "check": "verify",
    "diff": "compare",
    "export": "pack",
    "extract": "unpack",
    "hash": "seal",
    "history": "log",
    "init": "seal",
    "keygen": "key",
    "list": "show",
    "ls": "show",
    "metadata": "inspect",
    "sign": "seal",
    "status": "verify",
    "stamp": "timestamp",
    "unzip": "unpack",
    "validate": "verify",
    "zip": "pack",
}
"""What people type who know other programs -> the command that does it here."""


def render_first_screen() -> str:
    """Write the screen that `evtool` prints when it is called alone: 80 columns, commands in two of them."""
    lines = [ABOUT]
    for heading, commands in SECTIONS.items():
        lines += ["", heading, *_in_pairs([f"{name:<9} {words}" for name, (_, words) in commands.items()])]
    lines += ["", "Examples"]
    lines += [f"  {command:<29} {words}" for command, words in EXAMPLES]
    lines += ["", "Start here: `evtool help first-hour`. All commands and topics: `evtool help`"]
    return "\n".join(lines)


def _in_pairs(cells: Sequence[str]) -> Iterator[str]:
    for at in range(0, len(cells), 2):
        yield "  " + "".join(f"{cell:<39}" for cell in cells[at : at + 2]).rstrip()
