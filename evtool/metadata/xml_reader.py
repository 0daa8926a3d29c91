"""Reads small XML documents from strangers: no document type, no entities, bounded in depth and number."""

from __future__ import annotations

from xml.parsers import expat

from msgspec import Struct

_ELEMENT_LIMIT = 20_000
_DEPTH_LIMIT = 64
_TEXT_LIMIT = 64 << 10


class XmlRefusedError(Exception):
    """The document has a document type or an entity, or is too deep or too long."""


class Element(Struct):
    """One element: `path` holds the names from the root down to it, each as `namespace name` or plain `name`."""

    path: tuple[str, ...]
    attributes: dict[str, str]
    text: str = ""

    @property
    def name(self) -> str:
        """The element's own name, with its namespace."""
        return self.path[-1]


class _Reader:
    def __init__(self) -> None:
        self.elements: list[Element] = []
        self._open: list[Element] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _DEPTH_LIMIT or len(self.elements) >= _ELEMENT_LIMIT:
            raise XmlRefusedError("too deep or too many elements")
        parent = self._open[-1].path if self._open else ()
        element = Element((*parent, name), attributes)
        self.elements.append(element)
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        if self._open and len(self._open[-1].text) < _TEXT_LIMIT:
            self._open[-1].text += text

    def refuse(self, *_: object) -> int:
        # A document type is the only way to entities, and no format read here has one.
        raise XmlRefusedError("document type or entity")


def read_xml(data: bytes) -> list[Element]:
    """Read a document into the list of its elements, in the order in which they start.

    Raises:
        XmlRefusedError: see there.
        xml.parsers.expat.ExpatError: it is not well-formed.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    parser.ExternalEntityRefHandler = reader.refuse
    parser.Parse(data, True)
    return reader.elements
