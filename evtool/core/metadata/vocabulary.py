"""The words of the claims vocabulary: every kind of claim, and which of them the basic form shows.

A word that changes its meaning changes the version of the vocabulary; a new word does not.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

VOCABULARY: Final = "evtool-claims/1"
"""Name and version of this vocabulary."""


class _Word(Enum):
    # A member is the only one of its kind, so that its identity will do; Enum has Python code compute a hash each time.
    __hash__ = object.__hash__


class Detail(_Word):
    """How much is stated: `BASIC` leaves out places, serial numbers, names, free text and raw tags."""

    BASIC = "basic"
    FULL = "full"


NOT_PARSED = "not-parsed"
"""In place of what confined the parser: there was none, as the first bytes of the file alone told its format."""


class Failure(_Word):
    """Why claims are missing, or may be incomplete, for reasons other than the file's plain content."""

    NO_CONFINEMENT = "no-confinement"
    """This platform offers no confinement, so nothing was parsed."""
    NOT_STARTED = "not-started"
    """The parser's process could not be started."""
    TOO_LARGE = "too-large"
    """The file would have to be copied for the parser, and is too large for that."""
    CPU_TIME = "cpu-time"
    WALL_TIME = "wall-time"
    KILLED = "killed"
    """The parser crashed, or the system ended it."""
    ANSWER = "answer"
    """The parser's answer was too long, cut, or not in the vocabulary."""
    UNREADABLE = "unreadable"
    """The file could be hashed, but not opened again."""
    CHANGED = "changed"
    """The file was no longer the one that had been hashed; its claims would be those of other bytes."""
    WITHHELD = "withheld"
    """The claims hold a term that must not be written."""


class TimeKind(_Word):
    """What a claimed time is said to be the time of."""

    CAPTURED = "captured"
    DIGITIZED = "digitized"
    CREATED = "created"
    MODIFIED = "modified"
    PRINTED = "printed"
    SENT = "sent"
    RECEIVED = "received"
    GPS = "gps"
    EARLIEST_ENTRY = "earliest-entry"
    LATEST_ENTRY = "latest-entry"


class OffsetBasis(_Word):
    """Where the offset of a claimed time comes from."""

    STATED = "stated"
    """The file states it."""
    FORMAT = "by-format"
    """The format defines the field as UTC; whether the program that wrote it kept to that is open."""
    UNKNOWN = "unknown"
    """There is none; the time is local to an unknown place."""


class TextKind(_Word):
    """What a text value is; the second member says whether the basic form shows it."""

    DEVICE_MAKE = ("device-make", Detail.BASIC)
    DEVICE_MODEL = ("device-model", Detail.BASIC)
    DEVICE_SERIAL = ("device-serial", Detail.FULL)
    LENS_MODEL = ("lens-model", Detail.BASIC)
    LENS_SERIAL = ("lens-serial", Detail.FULL)
    SOFTWARE = ("software", Detail.BASIC)
    CODEC = ("codec", Detail.BASIC)
    ORIENTATION = ("orientation", Detail.BASIC)
    LANGUAGE = ("language", Detail.BASIC)
    CHARSET = ("charset", Detail.BASIC)
    FORMAT_VERSION = ("format-version", Detail.BASIC)
    PERSON = ("person", Detail.FULL)
    ORGANISATION = ("organisation", Detail.FULL)
    CONTACT = ("contact", Detail.FULL)
    HOST = ("host", Detail.FULL)
    IDENTIFIER = ("identifier", Detail.FULL)
    TITLE = ("title", Detail.FULL)
    DESCRIPTION = ("description", Detail.FULL)
    PLACE_NAME = ("place-name", Detail.FULL)
    FILE_NAME = ("file-name", Detail.FULL)

    def __init__(self, code: str, detail: Detail) -> None:
        self.code = code
        self.detail = detail


class CountKind(_Word):
    """What is counted or, with the value 1, merely noted as present."""

    WIDTH = "width"
    HEIGHT = "height"
    PAGES = "pages"
    TRACKS = "tracks"
    REVISION = "revision"
    INCREMENTAL_UPDATES = "incremental-updates"
    SIGNATURES = "signatures"
    ENCRYPTED = "encrypted"
    JAVASCRIPT = "javascript"
    MACROS = "macros"
    EMBEDDED_FILES = "embedded-files"
    ATTACHMENTS = "attachments"
    THUMBNAILS = "thumbnails"
    PICTURES = "pictures"
    FORMS = "forms"
    HOPS = "hops"
    RECIPIENTS = "recipients"
    ENTRIES = "entries"
    DIRECTORIES = "directories"
    LINKS = "links"
    UNSAFE_NAMES = "unsafe-names"
    UNPACKED_BYTES = "unpacked-bytes"
    APPENDED_ARCHIVES = "appended-archives"
    LEADING_BYTES = "leading-bytes"
    TRAILING_BYTES = "trailing-bytes"
    EMBEDDED_RECORDINGS = "embedded-recordings"
    """Videos or sound recordings inside a picture, or behind it."""
    REPEATED_FIELDS = "repeated-fields"
    """How often a field or part stands in the file that may stand in it once; all of its values are stated."""
    UNREADABLE_TIMES = "unreadable-times"


class Withheld(_Word):
    """By kind, what the basic form leaves out."""

    PLACE = "place"
    SERIAL = "serial"
    PERSON = "person"
    TEXT = "text"
    TAG = "tag"


TEXT_WITHHELD = {
    TextKind.DEVICE_SERIAL: Withheld.SERIAL,
    TextKind.LENS_SERIAL: Withheld.SERIAL,
    TextKind.IDENTIFIER: Withheld.SERIAL,
    TextKind.PERSON: Withheld.PERSON,
    TextKind.ORGANISATION: Withheld.PERSON,
    TextKind.CONTACT: Withheld.PERSON,
    TextKind.HOST: Withheld.PERSON,
    TextKind.PLACE_NAME: Withheld.PLACE,
}
"""Kinds that are left out under a heading of their own; the others count as text."""
