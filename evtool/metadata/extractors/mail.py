"""E-mail messages as files (RFC 5322, RFC 2047), read by the standard library.

Old Korean mail carries EUC-KR without saying so; such header bytes are read as UTF-8 if they are, else as Korean.
"""

from __future__ import annotations

import email.errors
import email.header
import email.message
import email.parser
import email.utils
import re
from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim, clean_text
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from evtool.metadata import values
from evtool.metadata.damage import DamagedError

_MESSAGE_LIMIT = 16 << 20
"""Bytes read; headers and the first parts stand before that."""

_ADDRESSES = ("From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Return-Path", "Delivered-To")
_RECIPIENTS = ("To", "Cc", "Bcc")
_TEXTS = {
    "Subject": TextKind.TITLE,
    "Message-ID": TextKind.IDENTIFIER,
    "X-Originating-IP": TextKind.HOST,
    "Organization": TextKind.ORGANISATION,
    "X-Mailer": TextKind.SOFTWARE,
    "User-Agent": TextKind.SOFTWARE,
    "X-MimeOLE": TextKind.SOFTWARE,
}

_ONCE = ("Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "Subject", "Content-Type")
"""Fields that a message may have once (RFC 5322, section 3.6; RFC 2045, section 3)."""

_SAME_FIELD = 8
"""Fields of one name of which the values are stated; honest messages have one."""

_PART_LIMIT = 2_000

_HEADER_END = re.compile(rb"\r\n\r\n|\n\n")
"""A blank line, at which every parser ends a header; one with other ends of lines may end before."""

_CUT = (email.errors.CloseBoundaryNotFoundDefect, email.errors.StartBoundaryNotFoundDefect)


class MailExtractor:
    """Reads the header, the hops of the `Received` fields, and notes attachments."""

    name = "mail"
    is_plain = True
    formats = frozenset({"message/rfc822"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of the header, then of the structure.

        Raises:
            DamagedError: a part does not end, or does not begin.
        """
        message = _parse(stream.read(min(size, _MESSAGE_LIMIT)))
        for name in _ONCE:
            if (number := len(message.get_all(name, []))) > 1:
                yield from values.count(CountKind.REPEATED_FIELDS, number, name)
        for written in _all(message, "Date"):
            yield from values.mail_time(TimeKind.SENT, written, "Date")
        yield from _texts(message)
        yield from _addresses(message)
        yield from _hops(message)
        for name, value in message.items():
            if name.isascii() and name.isprintable():
                yield from values.tag(name, _decoded(value))
        yield from _parts(message, is_partial=size > _MESSAGE_LIMIT)


def _parse(data: bytes) -> email.message.Message:
    """Parse a message. The body of one that has no parts says nothing, so it is not gone through line by line."""
    parser = email.parser.BytesParser()
    if (end := _HEADER_END.search(data)) is not None:
        message = parser.parsebytes(data[: end.end()])
        if message.get_content_maintype() not in ("multipart", "message"):
            return message
    return parser.parsebytes(data)


def _texts(message: email.message.Message) -> Iterator[Claim]:
    for name, kind in _TEXTS.items():
        for written in _all(message, name):
            yield from values.text(kind, written, name)
    if charset := message.get_content_charset():
        yield from values.text(TextKind.CHARSET, charset, "Content-Type charset")


def _addresses(message: email.message.Message) -> Iterator[Claim]:
    recipients = 0
    for name in _ADDRESSES:
        # Addresses are split before words are decoded: an encoded comma separates nothing (RFC 2047, section 5).
        fields = [_recoded(value) for value in message.get_all(name, [])]
        for person, address in email.utils.getaddresses(fields) if fields else []:
            yield from values.text(TextKind.PERSON, _decoded(person), name)
            yield from values.text(TextKind.CONTACT, address, name)
            recipients += name in _RECIPIENTS and bool(address)
    yield from values.count(CountKind.RECIPIENTS, recipients, "To, Cc, Bcc")


def _hops(message: email.message.Message) -> Iterator[Claim]:
    """Count the servers that passed it on; each says when, after the last semicolon (RFC 5322, section 3.6.7)."""
    hops = [_decoded(value) for value in message.get_all("Received", [])]
    yield from values.count(CountKind.HOPS, len(hops), "Received")
    for hop in hops[:32]:
        yield from values.mail_time(TimeKind.RECEIVED, hop.rpartition(";")[2], "Received")


def _parts(message: email.message.Message, *, is_partial: bool) -> Iterator[Claim]:
    """Note attachments; `is_partial` says that not all of the file was read."""
    attachments, is_cut = 0, False
    for number, part in enumerate(message.walk()):
        if number >= _PART_LIMIT:
            break
        if name := part.get_filename():
            attachments += 1
            yield from values.text(TextKind.FILE_NAME, _decoded(name), "Content-Disposition filename")
        if any(isinstance(defect, _CUT) for defect in part.defects):
            is_cut = True
    yield from values.count(CountKind.ATTACHMENTS, attachments, "Content-Disposition filename")
    if is_cut and not is_partial:
        raise DamagedError("cut short: a part has no end")


def _all(message: email.message.Message, name: str) -> list[str]:
    return [_decoded(value) for value in message.get_all(name, [])[:_SAME_FIELD]]


def _recoded(value: object) -> str:
    """Give a header field as text; its bytes beyond ASCII come as surrogates, and say no encoding."""
    written = str(value) if isinstance(value, str) else _joined(value)
    return values.decode(written.encode("utf-8", "surrogateescape"))


def _joined(value: object) -> str:
    """Undo the library's wrapping of fields with bytes beyond ASCII, which it labels as of an unknown encoding."""
    if isinstance(value, email.header.Header):
        return "".join(str(chunk) for chunk, _ in value._chunks)  # type: ignore[attr-defined]
    return str(value)


def _decoded(value: object) -> str:
    """Decode encoded words; one that lies about its encoding is read like bytes that state none."""
    words = []
    try:
        parts = email.header.decode_header(_recoded(value))
    except (ValueError, email.errors.HeaderParseError):
        return _recoded(value)
    for word, charset in parts:
        if isinstance(word, str):
            words.append(word)
            continue
        try:
            # What calls itself EUC-KR is CP949 in most mail; it holds the same letters and more.
            name = {"euc-kr": "cp949", "ks_c_5601-1987": "cp949"}.get((charset or "").lower(), charset or "")
            words.append(word.decode(name) if name else values.decode(word))
        except (LookupError, ValueError):
            words.append(values.decode(word))
    return clean_text("".join(words), 2048)


EXTRACTOR = MailExtractor()
