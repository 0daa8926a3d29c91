"""E-mail messages as files (RFC 5322, RFC 2047), read by the standard library.

Old Korean mail carries EUC-KR without saying so; such header bytes are read as UTF-8 if they are, else as Korean.
"""

from __future__ import annotations

import email.header
import email.message
import email.parser
import email.utils
from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim, clean_text
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from evtool.metadata import values

_MESSAGE_LIMIT = 16 << 20
"""Bytes read; headers and the first parts stand before that."""

_ADDRESSES = ("From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Return-Path", "Delivered-To")
_RECIPIENTS = ("To", "Cc", "Bcc")
_SOFTWARE = ("X-Mailer", "User-Agent", "X-MimeOLE")
_PART_LIMIT = 2_000


class MailExtractor:
    """Reads the header, the hops of the `Received` fields, and notes attachments."""

    name = "mail"
    is_plain = True
    formats = frozenset({"message/rfc822"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of the header, then of the structure."""
        message = email.parser.BytesParser().parsebytes(stream.read(min(size, _MESSAGE_LIMIT)))
        yield from values.mail_time(TimeKind.SENT, _first(message, "Date"), "Date")
        yield from _texts(message)
        yield from _addresses(message)
        yield from _hops(message)
        for name, value in message.items():
            if name.isascii() and name.isprintable():
                yield from values.tag(name, _decoded(value))
        yield from _parts(message)


def _texts(message: email.message.Message) -> Iterator[Claim]:
    yield from values.text(TextKind.TITLE, _first(message, "Subject"), "Subject")
    yield from values.text(TextKind.IDENTIFIER, _first(message, "Message-ID"), "Message-ID")
    yield from values.text(TextKind.HOST, _first(message, "X-Originating-IP"), "X-Originating-IP")
    yield from values.text(TextKind.ORGANISATION, _first(message, "Organization"), "Organization")
    for name in _SOFTWARE:
        yield from values.text(TextKind.SOFTWARE, _first(message, name), name)
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


def _parts(message: email.message.Message) -> Iterator[Claim]:
    attachments = 0
    for number, part in enumerate(message.walk()):
        if number >= _PART_LIMIT:
            break
        if name := part.get_filename():
            attachments += 1
            yield from values.text(TextKind.FILE_NAME, _decoded(name), "Content-Disposition filename")
    yield from values.count(CountKind.ATTACHMENTS, attachments, "Content-Disposition filename")


def _first(message: email.message.Message, name: str) -> str:
    return _decoded(message.get(name, ""))


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
