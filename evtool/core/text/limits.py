"""Everything that a stranger's record, bundle or unlisted file can make evtool spend, in one table.

Each number is asked for before the thing is parsed or held. `manifests/FORMAT-limits.md` has the same table, with what
is said once a limit is exceeded; `tests/attacks/test_limits.py` goes one beyond each. Whatever has no number here is
read as a stream, one piece at a time. Nothing that a record merely claims, such as how many items it has, is in any of
them.
"""

from __future__ import annotations

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30

# The record: entries and what stands beside them.

MAX_ENTRY = 64 * KIB
"""Bytes of one entry."""

MAX_SIGNATURE = 16 * KIB
"""Bytes of one signature file."""

MAX_ARMORED = 4 * KIB
"""Bytes of one signature, in its text form."""

MAX_INFORMATIONAL = 1 * MIB
"""Bytes of one file that is for people only: README.txt, COVER.txt, allowed_signers."""

MAX_ENTRIES_SIZE = 64 * MIB
"""Bytes of all entries together."""

MAX_SEQUENCE = 9999
"""Entries of one chain: four digits in the file name."""

MAX_RECEIPT = MAX_ENTRY + MAX_SIGNATURE
"""Bytes of one receipt, with its signature."""

MAX_NOTICE = 16 * MIB
"""Bytes of one notice, with its signature."""

MAX_DISCLOSED_LIST = 4 * MIB
"""Bytes of the list of what a bundle holds."""

# The text of an entry.

MAX_KEY = 128
"""Characters of one key of an entry; keys are never dotted, names of tables have two parts at most."""

MAX_PATTERNS = 64
"""Patterns of one seal."""

MAX_PATTERN_LENGTH = 256
"""Characters of one pattern."""

# Manifests and lists.

MAX_LINE = 64 * KIB
"""Bytes of one line of a manifest or of a digest list."""

MAX_NESTING = 16
"""Depth of arrays and objects in a line."""

MAX_INTEGER = 2**53 - 1
"""Greatest number: what every reader of JSON can hold."""

MAX_CONTEXT = 128
"""Statements of kind `context` of one item."""

MAX_UNREAD_LINE = 16 * MIB
"""Bytes of one line of a manifest that cannot be read, where only the root hash is wanted of it."""

MAX_UNREAD_BYTES = 1 * GIB
"""Bytes of all such lines of one file."""

MAX_LIST_LINE = 128 + 2 + 255
"""Bytes of one line of the list of a renewal."""

# Consent.

MAX_CHANGES = 256
"""Entries that change the consent of one item."""

MAX_CONDITIONS = 256
"""Conditions, and as many agreements, that are in force for one item."""

# Time evidence; anybody can put such files there.

MAX_STAMPS = 2000
"""Time-stamps of one record that are judged, beside those that entries list."""

MAX_STAMPS_SIZE = 64 * MIB
"""Bytes of all of them together."""

MAX_REQUEST_BYTES = 4 * KIB
"""Bytes of a time-stamp request (RFC 3161)."""

MAX_RESPONSE_BYTES = 1 * MIB
"""Bytes of a time-stamp response (RFC 3161)."""

MAX_PROOF_BYTES = 256 * KIB
"""Bytes of an OpenTimestamps proof."""

MAX_CHAIN_BYTES = 1 * MIB
"""Bytes of a file of certificates beside a time-stamp."""

MAX_CHAIN_CERTIFICATES = 100
"""Certificates beside one time-stamp."""

MAX_CRL_BYTES = 16 * MIB
"""Bytes of a certificate revocation list. Real ones reach some 10 MB."""

MAX_OCSP_BYTES = 1 * MIB
"""Bytes of an OCSP answer."""

MAX_REVOCATION_BYTES = 1 * GIB
"""Bytes of all revocation lists and OCSP answers of one record, read one by one."""

# Bundles.

MAX_BAG_LINE = 4 * KIB
"""Bytes of one line of the lists of a bag."""

MAX_INFO = 4 * KIB
"""Bytes of bag-info.txt."""

MAX_BAG_README = 1 * MIB
"""Bytes of the README.txt of a bag."""

MAX_ZIP_ENTRIES = 200_000
"""Files in one container; what is kept of each in memory stays within a fixed bound."""

MAX_ZIP_NAME = 1 * KIB
"""Bytes of one name in a container."""

MAX_ZIP_RATIO = 100
"""A deflated file may be this many times larger than its compressed form, and no more; bombs reach 1,000."""

MAX_KEPT = 64 * MIB
"""Bytes of record and bag files that are kept in memory while a container is read that cannot be read twice."""

# The evidence itself.

MAX_HOLES = 1 * GIB
"""Bytes without a place on the medium, as sparse files have, that are read in search of renamed files."""
