"""The README.txt of a custody directory: how to repeat the check with ordinary tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from evtool.core.ssh.signature import NAMESPACE


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry as the page needs it.

    Attributes:
        stem: name of its files without their endings, `0001-sealed`.
        agent: code of the signer.
        seals: whether it has a manifest and a list of checksums.
    """

    stem: str
    agent: str
    seals: bool


_HEAD = """\
HOW TO CHECK THIS DIRECTORY
===========================

The files in this directory are a record about the evidence beside them. They were written by evtool; nothing of
evtool is needed to check them. This page is information only: it is not signed, so compare it with what you know of
these tools, and do not run a command that you do not understand.

What there is
  NNNN-sealed.toml      an entry of the record: plain text, and exactly what was signed
  NNNN-sealed.toml.sig  its signature, made with an OpenSSH key
  NNNN-sealed.jsonl     the manifest: what was sealed, one statement a line
  NNNN-sealed.sha256    names and SHA-256 values of the sealed files
  allowed_signers       the keys that the entries claim; a claim, not a reason to trust them

Some entries have time-stamps beside their signature:
  NNNN-....sig.NAME.tsr        what a time-stamp authority answered (RFC 3161); .tsq is what it was asked
  NNNN-....sig.NAME.chain.pem  its certificates; whether you trust their root is for you to decide
  NNNN-....sig.ots             an OpenTimestamps proof
  NNNN-renewed.blake2b         BLAKE2b values of all files that were here before: b2sum -c NNNN-renewed.blake2b
"""

_TRUST = """\
1. Whose keys?
   Get the signer's public key, or its SHA256: fingerprint, from the signer by another way than this directory, and
   write it into a file of your own, here ~/trusted_keys (not into the evidence directory), one line a key:

     CODE namespaces="{namespace}" ssh-ed25519 AAAA...

   The file allowed_signers shows the lines to compare with:  ssh-keygen -l -f key.pub  prints a fingerprint.
"""

_PLACE_INSIDE = """\
Open a terminal in the evidence directory, the one that contains the directory "custody".
"""

_PLACE_OUTSIDE = """\
This record is kept apart from the evidence. Open a terminal in the evidence directory, and set CUSTODY to the path of
the directory that holds this page:

     CUSTODY=/path/to/this/directory
"""

_LIMITS = """\
What this shows, and what it does not
   It shows that the files are the same bytes as when they were sealed, and which keys signed that. It does not show
   that what the files say is true, who made them, or when. The times in the entries are claims of the signer; only a
   time-stamp shows that an entry existed by some time, and only to whoever trusts its authority. Files that
   were added are not found by sha256sum: compare the list with what is there, or use evtool verify.
   Whoever holds both the directory and a signing key could have written the record anew; note the SHA-256 of the
   newest entry somewhere else to be able to tell.
"""


def render_custody_readme(
    entries: list[EntryLine], *, inside: bool, unlisted: int, repeats: Sequence[Sequence[str]] = ()
) -> str:
    """Write the page for a directory with these entries.

    `inside` tells whether the custody directory lies in the evidence directory; `unlisted` how many files of the newest
    seal have paths too long for sha256sum; `repeats` holds the commands that repeat the check of each time-stamp.
    """
    folder = "custody" if inside else '"$CUSTODY"'
    parts = [_HEAD, _TRUST.format(namespace=NAMESPACE), _PLACE_INSIDE if inside else _PLACE_OUTSIDE]
    parts += [_signatures(entries, folder), _digests(entries, folder, unlisted), _order(entries, folder)]
    parts += [_times(repeats), _LIMITS]
    return "\n".join(parts)


def _signatures(entries: list[EntryLine], folder: str) -> str:
    lines = ['2. The signatures: each command must print "Good".', ""]
    for entry in entries:
        path = f"{folder}/{entry.stem}.toml"
        lines += [
            f"     ssh-keygen -Y verify -f ~/trusted_keys -I {entry.agent} -n {NAMESPACE} \\",
            f"       -s {path}.sig < {path}",
        ]
    return "\n".join(lines) + "\n"


def _digests(entries: list[EntryLine], folder: str, unlisted: int) -> str:
    lines = [
        '3. The files: each first command must print "OK" for every file; the second must print the value that the',
        '   entry gives as "checksums", so that the list is the one that was signed.',
        "",
    ]
    for entry in entries:
        if entry.seals:
            path = f"{folder}/{entry.stem}"
            lines += [
                f"     sha256sum -c {path}.sha256",
                f"     sha256sum {path}.sha256; grep checksums {path}.toml",
            ]
    lines += [
        "",
        "   Symbolic links and empty directories are in the manifest only. Of a list without any file sha256sum says",
        "   that it found no checksum lines; that is no mismatch.",
    ]
    if unlisted:
        lines += [
            "",
            f"   {unlisted} file(s) have paths that are too long for sha256sum; the lists name their item numbers.",
        ]
    return "\n".join(lines) + "\n"


def _order(entries: list[EntryLine], folder: str) -> str:
    if len(entries) < 2:
        return "4. The order: there is one entry so far, so there is nothing to compare.\n"
    lines = [
        "4. The order: each entry holds, under [previous], the SHA-256 of the entry before it and of its signature.",
        "   For each pair, the two values that the first command prints must be those that the second shows.",
        "",
    ]
    for before, entry in pairwise(entries):
        path = f"{folder}/{before.stem}.toml"
        lines += [
            f"     sha256sum {path} {path}.sig",
            f"     grep -A 2 previous {folder}/{entry.stem}.toml",
        ]
    return "\n".join(lines) + "\n"


_TIMES = """\
5. The times: make a copy of this directory, open a terminal in the copy, and put the root certificates of the
   authorities that you trust into a file roots.pem there. For every file FILE.tsr beside a signature FILE.toml.sig:

     openssl ts -reply -in FILE.tsr -text

   shows the time. To check it, with that time in seconds since 1970 (date -u -d 'TIME' +%s) as SECONDS:

     openssl ts -verify -data FILE.toml.sig -in FILE.tsr -CAfile roots.pem -untrusted FILE.chain.pem -attime SECONDS

   Without -attime openssl judges as of today, and refuses once the authority's certificate has ended.
"""


def _times(repeats: Sequence[Sequence[str]]) -> str:
    if not repeats:
        return _TIMES
    lines = ["   For the time-stamps that were there when the newest entry was written:", ""]
    return "\n".join([_TIMES, *lines, *(f"     {line}" for commands in repeats for line in commands)]) + "\n"
