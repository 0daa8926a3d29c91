"""Taking a notice into a catalogue: what the sender told of a change, before any newer bundle came."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from evtool.core.consent.notice import Notice, parse_notice
from evtool.core.custody.house import Houses
from evtool.core.text.digest import sha256_hex
from evtool.core.text.times import format_utc
from evtool.operations.author import Author
from evtool.operations.catalogue.add import HERE, find_location, path_in
from evtool.operations.catalogue.facts import Facts, entry_fact, spell_items
from evtool.operations.catalogue.forks import read_disowned, read_entries, read_told
from evtool.operations.catalogue.holders import collection_number
from evtool.operations.catalogue.register import Arrival, Container, Kept, Registered, register
from evtool.operations.catalogue.runs import running
from evtool.operations.catalogue.usable import read_acts
from evtool.operations.entries.notice import read_notice_bytes, require_trusted, signed_by_retired
from evtool.operations.record.trust import TrustPolicy
from evtool.store.catalogue.database import Catalogue


class NoticeTaken(Struct, frozen=True):
    """What a notice changed.

    Attributes:
        notice: the notice.
        registered: what was registered.
        follows: whether it follows an entry that is known.
    """

    notice: Notice
    registered: Registered
    follows: bool


def take_in_notice(catalogue: Catalogue, path: Path, author: Author, trust: TrustPolicy) -> NoticeTaken:
    """Register a notice as a holding of its own, which is kept where it lies; its items keep to what it takes back.

    Entries whose details it leaves out are about none of its items, which whoever signed it answers for.

    Raises:
        FormatError, MismatchError: it is no notice, or fails verification.
        NotEstablishedError: a key under it is not trusted, or has been replaced.
        InputError: the catalogue does not know its collection, or cannot be written.
    """
    data = read_notice_bytes(path)
    notice = parse_notice(data)
    facts = read_notice_facts(catalogue, notice, trust)
    follows = _find_place(catalogue, notice)
    with running(catalogue, "notice", author):
        kept = Kept(HERE, path_in(find_location(catalogue, HERE), str(path)))
        arrival = Arrival(
            Container.NOTICE,
            path.name,
            format_utc(author.now()),
            len(data),
            sha256=sha256_hex(data),
            sender=notice.agent,
            kept=kept,
        )
        return NoticeTaken(notice, register(catalogue, facts, arrival), follows)


def read_notice_facts(catalogue: Catalogue, notice: Notice, trust: TrustPolicy) -> Facts:
    """Take from a notice what a catalogue needs: its entries.

    Raises:
        NotEstablishedError: a key under it is not trusted.
    """
    require_trusted(notice, trust)
    newest = notice.links[-1]
    is_signer = (newest.entry.agent, newest.public_key) == (notice.agent, notice.public_key)
    # Whoever did not sign the newest entry can say nothing of others here: the tables keep whose entry answers for it.
    can_vouch = is_signer and _is_of_sender(catalogue, notice)
    not_about, vouched_by = (spell_items(notice.items) or "", newest.head) if can_vouch else ("", None)
    entries = tuple(entry_fact(link, None, not_about, vouched_by) for link in notice.links)
    return Facts(notice.collection, newest.head, entries, (), None, None)


def _is_of_sender(catalogue: Catalogue, notice: Notice) -> bool:
    """Tell whether a notice is signed for the house that its collection comes from, as far as records here tell.

    Anybody else whom the user trusts could sign that what the sender changed, and nobody here has seen, is about other
    items; so a notice would permit what was withdrawn.
    """
    with catalogue.read() as connection:
        number = collection_number(connection, notice.collection)
        entries = read_entries(connection, number)
        # Who is only told of, as in an earlier notice of their own, is of nobody's house.
        told = read_told(connection, number, entries) | read_disowned(connection, number, entries)
        acts = read_acts(connection, number, told)
    is_known = any(act.agent == notice.agent for act in acts)
    return is_known and Houses(acts).acts_for_sender(notice.agent, notice.public_key.fingerprint, is_trusted=True)


def _find_place(catalogue: Catalogue, notice: Notice) -> bool:
    """Tell whether a notice follows an entry that is known; refuse one by a key that was replaced."""
    with catalogue.read() as connection:
        number = collection_number(connection, notice.collection)
        rows = connection.execute("SELECT digest, key, retired FROM entry WHERE collection=?", (number,)).fetchall()
    retired = {key for _, key, is_retired in rows if is_retired}
    known = {digest for digest, _, _ in rows}
    news = [link for link in notice.links if link.head not in known]
    signers = [(notice.agent, notice.public_key), *((link.entry.agent, link.public_key) for link in news)]
    for agent, key in signers:
        if key.fingerprint in retired:
            raise signed_by_retired(agent)
    previous = notice.links[0].entry.previous
    return previous is None or previous.entry in known or any(link.head in known for link in notice.links)
