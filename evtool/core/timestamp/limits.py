"""How large the files of a time-stamp may be, apart from the code that reads them: most records have none of them."""

from __future__ import annotations

MAX_REQUEST_BYTES = 4096
"""A time-stamp request (RFC 3161)."""

MAX_RESPONSE_BYTES = 1 << 20
"""A time-stamp response (RFC 3161)."""

MAX_PROOF_BYTES = 1 << 18
"""An OpenTimestamps proof."""
