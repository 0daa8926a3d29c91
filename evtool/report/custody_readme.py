"""The README.txt of a custody directory: how to repeat the check with ordinary tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from evtool.core.ssh.signature import NAMESPACE


@dataclass(frozen=True, slots=True)
class EntryLine:
    """What the page says about one entry.

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

The files in this directory are a record about the evidence beside them. They were written by evtool, but you do not
need evtool to check them. This page is for information only and is not signed. Compare it with what you know about
these tools, and do not run a command that you do not understand.

What there is
  NNNN-sealed.toml      an entry of the record: plain text, and exactly what was signed
  NNNN-sealed.toml.sig  its signature, made with an OpenSSH key
  NNNN-sealed.jsonl     the manifest: what was sealed, one statement per line
  NNNN-sealed.sha256    names and SHA-256 values of the sealed files
  allowed_signers       the keys that the entries name; that is a claim, not a reason to trust them

Some entries have time-stamps beside their signature:
  NNNN-....sig.NAME.tsr        the answer of a time-stamping authority (RFC 3161); .tsq is the request
  NNNN-....sig.NAME.chain.pem  its certificates; you decide whether you trust their root
  NNNN-....sig.ots             an OpenTimestamps proof
  NNNN-renewed.blake2b         BLAKE2b values of all files that were here before: b2sum -c NNNN-renewed.blake2b
"""

_TRUST = """\
1. Whose keys?
   Get the signer's public key, or its SHA256: fingerprint, from the signer through a separate channel, not from this
   directory. Write it into a file of your own, here ~/trusted_keys (outside the evidence directory), one key per line:

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

_CONTINUES = """\
This directory continues the record of a bundle: it holds the entries that the recipient added, and the bundle was not
changed. What is said below is about both together.

"""

_PLACE_CONTINUED = """\
Unpack the bundle, if it is one file. Make a new folder, copy into it the files of the folder "custody" of the bundle,
then the files of this directory; README.txt and allowed_signers are replaced. Set CUSTODY to the path of that folder,
and open a terminal in the folder "data" of the bundle:

     CUSTODY=/path/to/that/folder

The lists of files named below are in the bundle only if it is a whole copy; otherwise the README.txt at its top says
how its files are checked.
"""

_LIMITS = """\
What this shows, and what it does not
   It shows that the files are the same bytes as when they were sealed, and which keys signed that. It does not show
   that what the files say is true, who made them, or when. The times in the entries are claims of the signer; only a
   time-stamp shows that an entry existed by some time, and only to people who trust its authority. sha256sum does not
   find files that were added: compare the list with what is there, or use evtool verify.
   Anyone who holds both the directory and a signing key could have rewritten the whole record. To be able to tell,
   write down the SHA-256 of the newest entry and keep it somewhere else.
"""


def render_custody_readme(
    entries: list[EntryLine],
    *,
    inside: bool,
    unlisted: int,
    repeats: Sequence[Sequence[str]] = (),
    is_continued: bool = False,
) -> str:
    """Write the page for a directory with these entries.

    `inside` tells whether the custody directory lies in the evidence directory. `is_continued` tells whether it
    continues the record of a bundle. `unlisted` counts the files of the newest seal whose paths are too long for
    sha256sum. `repeats` holds the commands that check each time-stamp again.
    """
    folder = "custody" if inside and not is_continued else '"$CUSTODY"'
    place = _PLACE_CONTINUED if is_continued else _PLACE_INSIDE if inside else _PLACE_OUTSIDE
    parts = [_CONTINUES + _HEAD if is_continued else _HEAD, _TRUST.format(namespace=NAMESPACE), place]
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
        '   entry gives as "checksums"; then the list is the one that was signed.',
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
        "   Symbolic links and empty directories are in the manifest only. If a list names no file, sha256sum says",
        "   that it found no checksum lines; that is not a mismatch.",
    ]
    if any(entry.stem.endswith("-renamed") for entry in entries):
        lines += [
            "",
            "   The lists have the names of the files when they were sealed. Entries NNNN-renamed say which items have",
            "   other names since: sha256sum does not find these files by their old names. The new names are in",
            f"   {folder}/NNNN-renamed.details, one for each item number, unless this copy leaves that file out.",
        ]
    if unlisted:
        lines += [
            "",
            f"   {_count_files(unlisted)} too long for sha256sum; the lists give the item numbers.",
        ]
    return "\n".join(lines) + "\n"


def _count_files(number: int) -> str:
    return "1 file has a path that is" if number == 1 else f"{number} files have paths that are"


def _order(entries: list[EntryLine], folder: str) -> str:
    if len(entries) < 2:
        return "4. The order: there is one entry so far, so there is nothing to compare.\n"
    lines = [
        "4. The order: each entry holds, under [previous], the SHA-256 of the entry before it and of its signature.",
        "   For each pair, both values that the first command prints must be the ones that the second shows.",
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

   Without -attime openssl judges as of today, and refuses when the authority's certificate has expired.
"""


def _times(repeats: Sequence[Sequence[str]]) -> str:
    if not repeats:
        return _TIMES
    lines = ["   These are the commands for the time-stamps that existed when the newest entry was written:", ""]
    return "\n".join([_TIMES, *lines, *(f"     {line}" for commands in repeats for line in commands)]) + "\n"
