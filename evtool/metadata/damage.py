"""How an extractor says that a file is damaged."""

from __future__ import annotations


class DamagedError(Exception):
    """The structure of a file contradicts itself, or ends early.

    An extractor raises it after its last claim. The text is stated as the reason of its problem: English words of ours,
    and nothing that the file holds.
    """
