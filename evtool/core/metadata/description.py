"""What is stated of what a file says about itself, as bytes that were checked: what workers send to each other."""

from __future__ import annotations

from typing import NamedTuple

HEAD = 64 * 1024
"""Bytes at the start of a file by which its format is told, whoever looks: a worker and a parser see the same."""


class Description(NamedTuple):
    """The contents of a metadata statement.

    Attributes:
        claims: the claims in their canonical spelling, which `evtool.core.metadata.json_form.read_claims` has read; ""
            where there are none.
        failure: value of the `Failure` for which claims are missing or may be incomplete, or "".
        confinement: the mechanisms that confined the parser, as the statement has them.
        was_read_twice: whether the file had to be handed to a second parser.
    """

    claims: str
    failure: str
    confinement: str
    was_read_twice: bool = False
