"""The README.txt of a bundle: what it is, and how to check it with ordinary tools."""

from __future__ import annotations

from collections.abc import Sequence

from evtool.core.ssh.signature import NAMESPACE
from evtool.report.travels import Travels

_HEAD = """\
HOW TO CHECK THIS BUNDLE
========================

This is a BagIt bag (RFC 8493). The evidence is under data/, the record about it under custody/. It was written by
evtool, but you do not need evtool to check it. This page is for information only and is not signed. Read
custody/COVER.txt first: it says what may be done with the evidence. The page custody/README.txt was written for the
directory from which the bundle was made; its list of files fits a complete unpacked copy, not a bundle.

1. All files are here, as they were packed. Run these commands in this directory; both must print "OK" for every file.

     sha256sum -c manifest-sha256.txt
     sha256sum -c tagmanifest-sha256.txt

   Nobody signed these lists. The following steps show that the files are the ones that were sealed.
"""

_STATEMENTS = """\
3. The seal: custody/NNNN-sealed.jsonl holds what was sealed, one statement per line. "sha256" is the SHA-256 of an
   item's bytes, "item" is its number. Compare it with what sha256sum prints for the file.

   A line of kind "withheld" stands for lines that are not disclosed here: you learn only that they are part of the
   seal. To check that the lines are the sealed ones, compute the Merkle tree hash of RFC 9162, section
   2.1.1 (SHA-256; a leaf is a line without its newline; the hash of a "withheld" line stands in for the complete
   subtree of as many lines as it gives), and compare it with "root" in the signed custody/NNNN-sealed.toml.
"""

_NAMES = """\
   A file under data/ named item-000017... is the item with that number. Its own name is in the statements, or is
   withheld.
"""

_LIMITS = """\
What this shows, and what it does not
   It shows that the files are the same bytes as when they were sealed, and which keys signed that. It does not show
   that what the files say is true, who made them, or when. The times in the entries are claims of the signer. About
   withheld items it shows only that they are part of the seal.
"""


def render_bundle_readme(entries: Sequence[tuple[str, str]], travels: Travels, *, neutral: bool) -> str:
    """Write the page; each entry is the name of its files without their endings, and the code of its signer."""
    parts = [_HEAD, _signatures(entries), _STATEMENTS, _travels(travels)]
    if neutral:
        parts.append(_NAMES)
    return "\n".join([*parts, _LIMITS])


def _travels(travels: Travels) -> str:
    """Say what kinds of things the record contains besides the statements; the cover sheet lists them."""
    rows = (
        ("names of items", len(travels.names)),
        ("items with embedded metadata", travels.metadata),
        ("recipients and senders that the chain names", len(travels.parties)),
        ("changes of consent that also give the terms of other items", len(travels.other_terms)),
        ("texts that people wrote, such as reasons", len(travels.texts)),
    )
    lines = ["What this bundle discloses besides the evidence; custody/COVER.txt lists it"]
    return "\n".join([*lines, *(f"   {what}: {count:,}" for what, count in rows), ""])


def _signatures(entries: Sequence[tuple[str, str]]) -> str:
    lines = [
        "2. The signatures: write the signers' public keys into a file trusted_keys, one key per line. Get the keys",
        '   through a separate channel, not from this bundle. Each command must print "Good".',
        "",
        f'     CODE namespaces="{NAMESPACE}" ssh-ed25519 AAAA...',
        "",
    ]
    for stem, agent in entries:
        lines += [
            f"     ssh-keygen -Y verify -f trusted_keys -I {agent} -n {NAMESPACE} \\",
            f"       -s custody/{stem}.toml.sig < custody/{stem}.toml",
        ]
    return "\n".join(lines) + "\n"
