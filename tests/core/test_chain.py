"""The chain of custody: numbers, signatures and digests that tie each entry to the one before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from nacl.signing import SigningKey

from evtool.core.custody.chain import Chain, EntryFiles, check_chain, check_head
from evtool.core.custody.entry import Clock, Entry, Previous
from evtool.core.custody.events import Digest, Event, Sealed
from evtool.core.finding import Axis, Code, Effect
from evtool.core.ssh.key import ED25519, PublicKey
from evtool.core.ssh.signature import NAMESPACE, serialize_signature, signed_data
from evtool.core.text.digest import sha256_hex
from evtool.core.values import replace
from evtool.report.language import in_english

KEYS = [SigningKey(bytes([number]) * 32) for number in (1, 2)]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def public(key: SigningKey) -> PublicKey:
    return PublicKey(ED25519, bytes(key.verify_key))


def sign(data: bytes, key: SigningKey, namespace: str = NAMESPACE, hash_algorithm: str = "sha512") -> bytes:
    raw = key.sign(signed_data(data, namespace, hash_algorithm)).signature
    return serialize_signature(public(key), raw, namespace, hash_algorithm)


def entry(sequence: int, key: SigningKey, before: EntryFiles | None) -> Entry:
    return Entry(
        collection="0f" * 16,
        sequence=sequence,
        event=Event.SEALED,
        happened_at=NOON,
        recorded_at=NOON + timedelta(hours=sequence),
        clock=Clock.CLAIMED,
        agent="A03",
        key=public(key).fingerprint,
        reason="test",
        tool="test",
        previous=Previous(sha256_hex(before.data), sha256_hex(before.signature)) if before else None,
        details=Sealed(sequence, 1, 2, Digest("0" * 64), Digest("0" * 64), (), ()),
    )


def files(one: Entry, key: SigningKey) -> EntryFiles:
    data = one.serialize()
    return EntryFiles(one.sequence, one.event.value, data, sign(data, key))


def make_chain(length: int) -> list[EntryFiles]:
    """A chain that two keys write in turn."""
    made: list[EntryFiles] = []
    for sequence in range(1, length + 1):
        key = KEYS[sequence % 2]
        made.append(files(entry(sequence, key, made[-1] if made else None), key))
    return made


def codes(chain: Chain) -> list[tuple[Code, Effect, int | None]]:
    return [(finding.code, finding.effect, finding.entry) for finding in chain.findings]


@pytest.mark.parametrize("length", [0, 1, 2, 5])
def test_a_good_chain_has_no_findings(length: int) -> None:
    """Every link knows its key and its head; a chain of nothing is not intact."""
    made = make_chain(length)
    chain = check_chain(made)
    assert chain.findings == ()
    assert [link.head for link in chain.links] == [sha256_hex(entry.data) for entry in made]
    assert chain.is_intact == (length > 0)
    assert chain.head == (chain.links[-1].head if length else None)


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_an_entry_that_was_removed_is_missed(missing: int) -> None:
    """Step 1; and what follows the gap is not accused of following another entry. The last one leaves no gap."""
    made = [entry for entry in make_chain(4) if entry.sequence != missing]
    expected = [(Code.ENTRY_MISSING, Effect.DISPROVES, missing)] if missing < 4 else []
    assert codes(check_chain(made)) == expected


def test_a_gap_of_many_is_one_finding() -> None:
    """A lone entry 9999 must not print ten thousand lines."""
    first = make_chain(1)[0]
    made = files(replace(entry(9999, KEYS[0], first), sequence=9999), KEYS[0])
    (finding,) = check_chain([made]).findings
    assert (finding.code, finding.entry) == (Code.ENTRY_MISSING, 1)
    assert "9998 entries from 1 to 9998" in in_english(finding)


@pytest.mark.parametrize("unreadable", [1, 2, 3, 4])
def test_an_entry_that_cannot_be_read_is_no_gap(unreadable: int) -> None:
    """A broken medium is not a removed entry, and proves nothing against the entries after it."""
    made = [entry for entry in make_chain(4) if entry.sequence != unreadable]
    assert check_chain(made, {unreadable}).findings == ()


def test_a_number_that_comes_twice_is_doubled() -> None:
    """Step 1: two entries of one number, the second under the name of another event."""
    made = make_chain(2)
    twin = replace(made[1], event="zealed")
    found = codes(check_chain([*made, twin]))
    assert (Code.ENTRY_DOUBLED, Effect.DISPROVES, 2) in found


def test_a_changed_entry_does_not_verify_and_breaks_what_follows() -> None:
    """Steps 2 and 6: the signature fails, and the entry after it holds another digest."""
    made = make_chain(3)
    made[1] = replace(made[1], data=made[1].data.replace(b"test", b"best"))
    assert codes(check_chain(made)) == [
        (Code.SIGNATURE_INVALID, Effect.DISPROVES, 2),
        (Code.CHAIN_BROKEN, Effect.DISPROVES, 3),
    ]


def test_what_cannot_be_read_disproves_nothing() -> None:
    """Steps 2 and 3: a signature of an unknown kind, and an entry of another version, are unchecked."""
    made = make_chain(1)
    unsupported = replace(made[0], signature=b"not a signature\n")
    assert codes(check_chain([unsupported])) == [(Code.SIGNATURE_INVALID, Effect.UNCHECKED, 1)]
    data = made[0].data.replace(b"evtool-custody/1", b"evtool-custody/2")
    newer = replace(made[0], data=data, signature=sign(data, KEYS[1]))
    assert codes(check_chain([newer])) == [(Code.ENTRY_INVALID, Effect.UNCHECKED, 1)]


def test_a_signature_for_another_use_does_not_count() -> None:
    """Step 2: what was signed as a git commit is no custody entry."""
    made = make_chain(1)[0]
    assert codes(check_chain([replace(made, signature=sign(made.data, KEYS[1], namespace="git"))])) == [
        (Code.SIGNATURE_INVALID, Effect.DISPROVES, 1)
    ]


def test_an_entry_under_another_name_is_not_used() -> None:
    """Step 4: entry 1 renamed to entry 2 is no link, and does not crash who looks for its files."""
    made = make_chain(1)[0]
    chain = check_chain([made, replace(made, sequence=2)])
    assert codes(chain) == [(Code.CHAIN_BROKEN, Effect.DISPROVES, 2)]
    assert [link.entry.sequence for link in chain.links] == [1]


def test_an_entry_signed_by_another_key_than_it_names() -> None:
    """Step 5: both keys are named, so that a person can see whose they are."""
    made = make_chain(1)[0]
    (finding,) = check_chain([replace(made, signature=sign(made.data, KEYS[0]))]).findings
    assert (finding.code, finding.axis) == (Code.SIGNER_DIFFERS, Axis.SIGNATURES)
    assert (finding.expected, finding.found) == (public(KEYS[1]).fingerprint, public(KEYS[0]).fingerprint)


def test_the_signature_before_is_held_too() -> None:
    """Step 6: the same entry signed again is another past."""
    made = make_chain(2)
    made[0] = replace(made[0], signature=sign(made[0].data, KEYS[1], hash_algorithm="sha256"))
    (finding,) = check_chain(made).findings
    assert finding.code is Code.CHAIN_BROKEN
    assert finding.found == sha256_hex(made[0].signature)
    assert "0001-sealed.toml.sig" in in_english(finding)


def test_an_entry_of_another_collection() -> None:
    """Step 7."""
    made = make_chain(2)
    other = replace(entry(2, KEYS[0], made[0]), collection="f0" * 16)
    assert codes(check_chain([made[0], files(other, KEYS[0])])) == [(Code.CHAIN_BROKEN, Effect.DISPROVES, 2)]


def test_a_clock_that_runs_backwards_is_noted() -> None:
    """Step 8: and no more than noted."""
    made = make_chain(2)
    earlier = replace(entry(2, KEYS[0], made[0]), recorded_at=NOON)
    chain = check_chain([made[0], files(earlier, KEYS[0])])
    assert codes(chain) == [(Code.CLOCK_ORDER, Effect.NOTE, 2)]
    assert chain.is_intact


def test_a_noted_head_is_looked_for_in_the_whole_chain() -> None:
    """The chain may have grown since it was noted; a head that is not in it disproves."""
    chain = check_chain(make_chain(3))
    assert all(check_head(chain, link.head) is None for link in chain.links)
    finding = check_head(chain, "ab" * 32)
    assert finding is not None
    assert (finding.code, finding.effect, finding.found) == (Code.HEAD_UNKNOWN, Effect.DISPROVES, chain.head)
    assert "abab abab" in in_english(finding)
