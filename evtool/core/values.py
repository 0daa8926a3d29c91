"""What all values of evtool are made of: `msgspec.Struct`, frozen unless it is an account that is still being kept.

A value says its fields once, is compared and hashed by them, and takes no other attribute; a missing or an unknown
field is a TypeError. A frozen, slotted dataclass does the same, but Python writes and compiles the methods of each one
at every start: 1.1 ms a class and 180 classes for a check of five files, against 0.04 ms for a Struct, whose
methods are compiled code. A dataclass is still what a Struct cannot be: fields that are no arguments, fields that
are not compared or not printed (the secret half of a key), and options of commands, whose fields carry metadata.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import NODEFAULT, Struct

if TYPE_CHECKING:
    # The same function; only for this name does a type checker compare the changes with the fields.
    from dataclasses import replace
else:
    from msgspec.structs import replace

__all__ = ["defaults_of", "names_of", "replace"]


def names_of(value: Struct | type[Struct]) -> tuple[str, ...]:
    """Name the fields of a value, or of a kind of values, in their order."""
    return value.__struct_fields__


def defaults_of(kind: type[Struct]) -> dict[str, Any]:
    """Give the fields that need not be given: name -> what they are then.

    For values of text, numbers and codes: where a default is made anew each time, its maker stands here.
    """
    names = kind.__struct_fields__[-len(kind.__struct_defaults__) or len(kind.__struct_fields__) :]
    paired = zip(names, kind.__struct_defaults__, strict=True)
    return {name: default for name, default in paired if default is not NODEFAULT}
