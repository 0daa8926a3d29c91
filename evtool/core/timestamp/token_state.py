"""The three answers to a time-stamp, apart from what leads to them: every report has room for them."""

from __future__ import annotations

from enum import Enum


class TokenState(Enum):
    """The three answers of ETSI EN 319 102-1, section 5.1.3, in this project's words."""

    PASSED = "passed"
    """The time is shown, on the anchors the user gave."""
    INDETERMINATE = "indeterminate"
    """Nothing is disproved; something needed is missing, too weak, or not supported."""
    FAILED = "failed"
    """The token is disproved, or is no time-stamp token; nothing added later changes that."""
