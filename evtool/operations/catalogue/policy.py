"""What a repository asks of a bundle before it takes it in: the file `intake.toml`.

It is written by a person, read at the beginning of every run, and never travels. `manifests/FORMAT-intake.md` says
what each field means.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from evtool.core.errors import FormatError, InputError
from evtool.core.finding import Axis
from evtool.core.text.codes import check_code
from evtool.core.text.foreign import read_foreign_text
from evtool.core.text.names import shown
from evtool.core.text.toml import TomlTable, parse_toml
from evtool.core.verdict.verdict import DEFAULT_REQUIRED
from evtool.keys.files import read_any_file

FORMAT = "evtool-intake-policy/1"

MAX_POLICY = 64 * 1024
"""Largest file of a policy, in bytes."""

_DEFAULT_BYTES = 100 * 1024**3


class IntakePolicy(Struct, frozen=True):
    """What a bundle has to be.

    Attributes:
        codes: the repository's own codes; a bundle has to be made for one of them.
        required: axes of the verification that have to be shown; the four of every verification are always among them.
        agreement: whether a bundle has to come under an agreement that the user lists. One that names an agreement is
            held against it in any case, if there is a list.
        max_bytes: largest bundle that is read at all.
        settle: seconds for which nothing was written to a bundle before it is touched: it may still be on its way.
    """

    codes: tuple[str, ...]
    required: frozenset[Axis] = frozenset({*DEFAULT_REQUIRED, Axis.CONSENT})
    agreement: bool = False
    max_bytes: int = _DEFAULT_BYTES
    settle: int = 0


def load_policy(path: Path) -> IntakePolicy:
    """Read a policy.

    Raises:
        InputError: the file cannot be read.
        FormatError: it is not in the format, or a field is missing, unknown or not what it should be.
    """
    try:
        return parse_policy(read_any_file(path, MAX_POLICY))
    except InputError as error:
        raise InputError(
            "{why}",
            hint="write one, of three lines: `evtool help intake take` shows it",
            key="intake-policy-file",
            why=error,
        ) from error
    except FormatError as error:
        raise FormatError(
            "{path}: {why}",
            hint="{why.hint}" if error.hint else "`evtool help intake take` shows one",
            key="file-why" if error.hint else "intake-policy",
            path=shown(path.name),
            why=error,
        ) from error


def parse_policy(data: bytes) -> IntakePolicy:
    """Read the bytes of a policy.

    Raises:
        FormatError: as `load_policy`.
    """
    what = "the intake policy"
    table = TomlTable(parse_toml(read_foreign_text(data, what).text.encode(), what))
    found = table.take("format", str)
    if found != FORMAT:
        raise FormatError(
            "the intake policy is in format {found}, this version reads {format}",
            key="intake-policy-format",
            found=shown(found),
            format=FORMAT,
        )
    given = IntakePolicy(tuple(map(check_code, table.take_strings("codes"))))
    policy = IntakePolicy(
        codes=given.codes,
        required=_axes(table.take_strings("require")) if "require" in table else given.required,
        agreement=table.take("agreement", bool) if "agreement" in table else given.agreement,
        max_bytes=_number(table, "max_bytes", given.max_bytes, 1),
        settle=_number(table, "settle", given.settle, 0),
    )
    table.finish()
    if not policy.codes:
        raise FormatError("the intake policy names no code of your own", key="intake-policy-codes")
    return policy


def _axes(names: tuple[str, ...]) -> frozenset[Axis]:
    known = {axis.value: axis for axis in Axis}
    for name in names:
        if name not in known:
            raise FormatError(
                "the intake policy requires {name}, but a verification answers these questions: {known}",
                key="intake-policy-axis",
                name=shown(name, 80),
                known=", ".join(known),
            )
    return frozenset({*DEFAULT_REQUIRED, *(known[name] for name in names)})


def _number(table: TomlTable, name: str, otherwise: int, least: int) -> int:
    value = table.take(name, int) if name in table else otherwise
    if value < least:
        raise FormatError(
            "the intake policy: {name} is {value}, and has to be at least {least}",
            key="intake-policy-number",
            name=name,
            value=value,
            least=least,
        )
    return value
