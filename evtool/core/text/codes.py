"""Codes: what people, keys and agents are called in custody entries, in place of their names."""

from __future__ import annotations

import re

from evtool.core.errors import FormatError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown

_CODE = compiled_when_used(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")

_FINGERPRINT = compiled_when_used(r"SHA256:[A-Za-z0-9+/]{43}\Z", re.ASCII)

CODE_RULE = "1 to 64 ASCII letters, digits, '.', '_' and '-', of which the first is a letter or a digit"
"""What a code looks like, in words; codes are also file names and principals in allowed_signers files."""


def check_code(code: str) -> str:
    """Return a code as it is.

    Raises:
        FormatError: it is not `CODE_RULE`.
    """
    if not _CODE.match(code):
        raise FormatError(f"{shown(code)} is not a code", hint=f"a code is {CODE_RULE}, for example A03")
    return code


def check_fingerprint(text: str, name: str) -> str:
    """Return the fingerprint of a key as it is; `name` says where it stands.

    Raises:
        FormatError: it is not `SHA256:` and 43 characters of base64.
    """
    if not _FINGERPRINT.match(text):
        raise FormatError(f"{name} is not a SHA256: fingerprint")
    return text
