"""How a step of the verification says that it cannot go on."""

from __future__ import annotations

from evtool.core.timestamp.result import Remark, TokenReason


class Refused(Exception):  # noqa: N818  # an answer, not an error: it never leaves this package
    """The verification ends here, for this one reason."""

    def __init__(self, reason: TokenReason, detail: str) -> None:
        super().__init__(detail)
        self.remark = Remark(reason, detail)
