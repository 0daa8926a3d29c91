"""The chain of custody: entries, their signatures, and the digests that tie each to the one before.

Entries come in as bytes and are judged in steps 2 and 3 of `manifests/FORMAT-verify.md`. A link is
*verified* when its signature holds over exactly these bytes and it names the key that made it; whether anyone trusts
that key is another question, answered elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from msgspec import Struct

from evtool.core.custody.entry import Entry, parse_entry
from evtool.core.errors import EvtoolError, SignatureError
from evtool.core.finding import Cause, Code, Effect, Finding, Words
from evtool.core.ssh.signature import PublicKey, parse_signature, verify_signature
from evtool.core.text.digest import sha256_hex


class EntryFiles(Struct, frozen=True):
    """The bytes of one entry as they lie on disk, read once.

    Attributes:
        sequence: the number in the file name.
        event: the event in the file name.
        data: bytes of the `.toml` file.
        signature: bytes of the `.sig` file.
        details: bytes of the `.details` file; None where there is none.
    """

    sequence: int
    event: str
    data: bytes
    signature: bytes
    details: bytes | None = None

    @property
    def stem(self) -> str:
        """Name of the files without their endings."""
        return f"{self.sequence:04d}-{self.event}"


class Link(Struct, frozen=True):
    """An entry whose signature verifies.

    Attributes:
        entry: what it says.
        public_key: the key that signed it.
        head: SHA-256 of the entry's bytes.
        signature_digest: SHA-256 of its signature file.
    """

    entry: Entry
    public_key: PublicKey
    head: str
    signature_digest: str


class Chain(Struct, frozen=True):
    """The result of checking all entries of one custody directory.

    Attributes:
        links: entries whose own signature verifies, in order; where `findings` disproves anything, they are no chain.
        findings: what fails verification.
        decided: entries of which it was found out whether their signature verifies.
        heads: numbers and digests of all entries that lie there, those that cannot be used too.
    """

    links: tuple[Link, ...]
    findings: tuple[Finding, ...]
    decided: int
    heads: frozenset[tuple[int, str]]

    @property
    def is_intact(self) -> bool:
        """Whether every entry verifies and follows from the one before."""
        return bool(self.links) and not any(
            finding.effect in (Effect.DISPROVES, Effect.UNCHECKED) for finding in self.findings
        )

    @property
    def head(self) -> str | None:
        """Digest of the newest entry that verifies."""
        return self.links[-1].head if self.links else None


def check_chain(files: Sequence[EntryFiles], unreadable: Collection[int] = ()) -> Chain:
    """Check entries in the order of their numbers; never stops at the first problem.

    `unreadable` holds the numbers of entries that are there but whose bytes could not be read, once for each: they are
    no gap, what follows them is not compared with them, and their numbers must not come again either.
    """
    findings = _check_doubles([entry.sequence for entry in files] + list(unreadable))
    links: list[Link] = []
    before: EntryFiles | None = None
    for current in files:
        findings += _check_position(before.sequence if before else 0, current, unreadable)
        link = _check_link(current, findings)
        if link:
            findings += _check_previous(link, before)
            findings += _check_against_first(link, links[0] if links else None)
            findings += _check_times(link, links[-1] if links else None)
            links.append(link)
        before = current
    findings += _check_numbering(links)
    unsure = {
        finding.entry
        for finding in findings
        if finding.code is Code.SIGNATURE_INVALID and finding.effect is Effect.UNCHECKED
    }
    heads = frozenset((entry.sequence, sha256_hex(entry.data)) for entry in files)
    return Chain(tuple(links), tuple(findings), len(files) - len(unsure), heads)


def check_link(files: EntryFiles) -> Link | None:
    """Check one entry by itself, steps 2a, 2b, 3b and 3c; None if it cannot be used."""
    findings: list[Finding] = []
    link = _check_link(files, findings)
    return None if findings else link


def _check_doubles(numbers: Sequence[int]) -> list[Finding]:
    """Step 3a: no number comes twice."""
    counts = sorted(Counter(numbers).items())
    return [
        _broken(Code.ENTRY_DOUBLED, number, Words("doubled", number=count)) for number, count in counts if count > 1
    ]


def _check_position(last: int, current: EntryFiles, unreadable: Collection[int]) -> list[Finding]:
    """Step 3a: numbers run from 1 without a gap."""
    missing = [number for number in range(last + 1, current.sequence) if number not in unreadable]
    if not missing:
        return []
    says = Words("gap", number=len(missing), first=missing[0], last=missing[-1], next=current.sequence)
    return [_broken(Code.ENTRY_MISSING, missing[0], says)]


def _check_link(current: EntryFiles, findings: list[Finding]) -> Link | None:
    """Steps 2a, 3b, 3c, 2b: the signature verifies, the entry can be read, bears its name, and names the key."""
    name = f"{current.stem}.toml"
    try:
        signature = parse_signature(current.signature)
        verify_signature(signature, current.data)
    except EvtoolError as error:
        # A signature of another kind, or one that was damaged beyond reading, disproves nothing.
        effect = Effect.DISPROVES if isinstance(error, SignatureError) else Effect.UNCHECKED
        says = Words("signature", name=name, why=Cause.of(error))
        findings.append(Finding(Code.SIGNATURE_INVALID, effect, says, entry=current.sequence))
        return None
    try:
        entry = parse_entry(current.data)
        if current.details is not None:
            entry = _add_details(entry, current, findings)
    except EvtoolError as error:
        # It is signed as it stands, so nothing is disproven: this version cannot read it.
        says = Words("signed", name=name, why=Cause.of(error))
        findings.append(Finding(Code.ENTRY_INVALID, Effect.UNCHECKED, says, entry=current.sequence))
        return None
    if (entry.sequence, entry.event.value) != (current.sequence, current.event):
        says = Words("misnamed", name=name)
        findings.append(_broken(Code.CHAIN_BROKEN, current.sequence, says, entry.stem, current.stem))
        return None
    if entry.key != signature.public_key.fingerprint:
        says, found = Words("key", name=name), signature.public_key.fingerprint
        findings.append(_broken(Code.SIGNER_DIFFERS, current.sequence, says, entry.key, found))
    return Link(entry, signature.public_key, sha256_hex(current.data), sha256_hex(current.signature))


def _add_details(entry: Entry, current: EntryFiles, findings: list[Finding]) -> Entry:
    """Step 3, second part: the details are those that the entry names; others count for nothing.

    Raises:
        FormatError: they are, and cannot be read.
    """
    data = current.details or b""
    if sha256_hex(data) == entry.apart:
        return parse_entry(current.data, data)
    name = f"{current.stem}.details"
    if sha256_hex(data.replace(b"\r\n", b"\n")) == entry.apart:
        findings.append(Finding(Code.LINE_ENDS, Effect.UNCHECKED, Words("details", name=name), entry=current.sequence))
        return entry
    says = Words("details" if entry.apart else "details-unsigned", name=name)
    findings.append(_broken(Code.CHAIN_BROKEN, current.sequence, says, entry.apart, sha256_hex(data)))
    return entry


def _check_previous(link: Link, before: EntryFiles | None) -> list[Finding]:
    """Step 3d: the entry holds the digests of the entry before and of its signature."""
    previous, sequence = link.entry.previous, link.entry.sequence
    if previous is None or before is None or before.sequence != link.entry.sequence - 1:
        # A missing or a second entry has been found by its number already.
        return []
    findings: list[Finding] = []
    for what, expected, data in (
        ("", previous.entry, before.data),
        (".sig", previous.signature, before.signature),
    ):
        found = sha256_hex(data)
        if found != expected:
            says = Words("previous", name=f"{before.stem}.toml{what}")
            findings.append(_broken(Code.CHAIN_BROKEN, sequence, says, expected, found))
    return findings


def _check_against_first(link: Link, first: Link | None) -> list[Finding]:
    """Step 3e: all entries belong to one collection."""
    if first is None or link.entry.collection == first.entry.collection:
        return []
    expected, found = first.entry.collection, link.entry.collection
    return [_broken(Code.CHAIN_BROKEN, link.entry.sequence, Words("collection"), expected, found)]


def _check_numbering(links: Sequence[Link]) -> list[Finding]:
    """Step 3f: item numbers go on from seal to seal, so no two items share one and none is hidden between seals.

    After an entry that cannot be used, which may seal items of its own, numbers may be left out but not used again.
    """
    findings: list[Finding] = []
    usable = {link.entry.sequence for link in links}
    expected, before = 1, 0
    for link in links:
        number, sealed = link.entry.sequence, link.entry.sealed
        if sealed is None:
            continue
        skipped = set(range(before + 1, number)) - usable
        if sealed.first_item < expected or (sealed.first_item > expected and not skipped):
            says = Words("numbering", first=sealed.first_item, should=expected)
            findings.append(_broken(Code.CHAIN_BROKEN, number, says))
        before, expected = number, sealed.first_item + sealed.items
    return findings


def _check_times(link: Link, before: Link | None) -> list[Finding]:
    """Step 3g: claimed times do not run backwards. Clocks are wrong more often than people lie, so this is a note."""
    if before is None or link.entry.recorded_at >= before.entry.recorded_at:
        return []
    return [Finding(Code.CLOCK_ORDER, Effect.NOTE, Words("earlier"), entry=link.entry.sequence)]


def check_head(chain: Chain, expected: str) -> Finding | None:
    """Tell whether the entry that the user noted is in the chain; None if it is."""
    if any(link.head == expected for link in chain.links):
        return None
    return Finding(Code.HEAD_UNKNOWN, Effect.DISPROVES, Words("noted"), expected=expected, found=chain.head)


def _broken(code: Code, sequence: int, says: Words, expected: str | None = None, found: str | None = None) -> Finding:
    return Finding(code, Effect.DISPROVES, says, expected=expected, found=found, entry=sequence)
