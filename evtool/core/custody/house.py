"""Who acts for whom: the house that hands a collection over, and the houses of those who receive it.

A house is an organisation, or one person, as far as the record tells: codes with their keys. Everything that has to
tell "one of us" from "a recipient" asks here. The rules are those of `manifests/FORMAT-events.md`, section "Admission";
all of it is found in one pass over the entries, in time that grows with their number. An admission that those rules
ignore counts nowhere: it admits nobody to a house, lets nobody undo anything, and makes no two keys one agent.

Whether anybody trusts the keys is another question. Where it matters (consent), the caller says which acts it trusts,
and what others admit counts for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from evtool.core.custody.chain import Link
from evtool.core.custody.events import Admitted, Event, Role

HANDOVERS = frozenset({Event.TRANSFERRED, Event.DISCLOSED, Event.RECEIVED})
"""Events after the first of which a new signer may be a recipient."""

_SENDER = 0
"""Number of the house that the collection comes from; every other house has the number of its first entry."""


class Act(Struct, frozen=True):
    """An entry as far as it matters who acts for whom.

    Attributes:
        entry: its number.
        event: what it records.
        agent: code of its signer.
        key: fingerprint of the key that signed it.
        admitted: whom it admits, if anybody.
    """

    entry: int
    event: Event
    agent: str
    key: str
    admitted: Admitted | None = None


def act_of(link: Link) -> Act:
    """Take from an entry what matters here."""
    entry, details = link.entry, link.entry.details
    admitted = details if isinstance(details, Admitted) else None
    return Act(entry.sequence, entry.event, entry.agent, link.public_key.fingerprint, admitted)


def acts_of(links: Iterable[Link]) -> list[Act]:
    """Take from entries what matters here, in their order."""
    return [act_of(link) for link in links]


class Houses:
    """The houses of one record.

    Attributes:
        admitting: numbers of the entries `admitted` that count; a reader ignores the others (rules E39 and E40).
        retired_by: number of an entry by a key whose successor had signed before -> number of the entry that admitted
            the successor.
        retired: fingerprint of each key that is retired at the end -> number of the entry that admitted its successor.
    """

    def __init__(self, acts: Iterable[Act], is_trusted: Callable[[Act], bool] | None = None) -> None:
        """Read acts in their order.

        Without `is_trusted` every act counts. With it, only trusted ones admit anybody, and a trusted key under a code
        of the sender's house acts for it: the list of trusted keys says whose key it is, where the record does not.
        """
        self.admitting: set[int] = set()
        self.retired_by: dict[int, int] = {}
        self.retired: dict[str, int] = {}
        self._is_trusted = is_trusted
        self._is_handed_over = False
        self._homes: dict[tuple[str, str], int] = {}
        self._of_code: dict[str, int] = {}
        self._of_entry: dict[int, int] = {}
        self._successions: dict[str, list[tuple[str, int, int]]] = {}
        self._retired_from: dict[str, int] = {}
        self._admissions: dict[tuple[tuple[str, str], tuple[str, str], bool], int] = {}
        for act in acts:
            self._take(act)

    def is_same(self, first: int, second: int) -> bool:
        """Tell whether two entries, by their numbers, were signed for the same house."""
        return first in self._of_entry and self._of_entry.get(first) == self._of_entry.get(second)

    def acts_for_sender(self, agent: str | None, key: str | None = None, *, is_trusted: bool = False) -> bool:
        """Tell whether an agent is of the house that the collection comes from, or nothing was handed over yet.

        `key` is the fingerprint of the key that it acts with, and `is_trusted` whether the user trusts it for this
        agent; without a key the code alone is looked at.
        """
        if not self._is_handed_over:
            return True
        if agent is None or key in self.retired:
            return False
        if key is None or is_trusted:
            return self._of_code.get(agent) == _SENDER
        return self._homes.get((agent, key)) == _SENDER

    def ignores(self, signer: tuple[str, str], who: tuple[str, str]) -> bool:
        """Tell whether the record would ignore it if one code and key admitted another next: rule E39."""
        home, house = self._homes.get(who), self._homes.get(signer)
        is_taken = home is not None and home != house and not self.acts_for_sender(*signer)
        return signer[1] == who[1] or is_taken

    def had_admitted(self, signer: tuple[str, str], who: tuple[str, str], entry: int, *, only_next: bool) -> bool:
        """Tell whether, before an entry, one code and key had admitted another; `only_next`: as their next key.

        Admissions that a reader ignores do not count. Whoever stole a retired key could otherwise admit an accomplice,
        and undo with it what the key had recorded. No time evidence can excuse such an admission: it comes after the
        first entry of the successor in the chain, so it was signed later.
        """
        roles = (True,) if only_next else (True, False)
        return any(self._admissions.get((signer, who, role), entry) < entry for role in roles)

    def _take(self, act: Act) -> None:
        for key, house, admission in self._successions.pop(act.key, ()):
            self.retired[key], self._retired_from[key] = admission, house
        is_first_handover = not self._is_handed_over and act.event in HANDOVERS
        # A reception is made by the recipient; whoever signs anything else up to the first handover is the sender.
        is_sender = not self._is_handed_over and act.event is not Event.RECEIVED
        self._is_handed_over |= is_first_handover
        if act.key in self.retired:
            self.retired_by[act.entry] = self.retired[act.key]
            self._of_entry[act.entry] = -act.entry  # of no house: it cannot undo anything, and admits nobody
            return
        house = self._find_house(act, is_sender=is_sender)
        self._of_entry[act.entry] = house
        if act.admitted is not None and self._counts(act):
            self._admit(act, act.admitted, house)

    def _counts(self, act: Act) -> bool:
        return self._is_trusted is None or self._is_trusted(act)

    def _find_house(self, act: Act, *, is_sender: bool) -> int:
        house = self._homes.get((act.agent, act.key))
        is_sender_by_code = self._of_code.get(act.agent) == _SENDER and self._is_trusted is not None
        if is_sender or (is_sender_by_code and self._counts(act)):
            house = _SENDER
        if house is None:
            house = act.entry
        self._settle(act.agent, act.key, house)
        return house

    def _settle(self, agent: str, key: str, house: int) -> None:
        self._homes[agent, key] = house
        if house == _SENDER or agent not in self._of_code:
            self._of_code[agent] = house

    def _admit(self, act: Act, admitted: Admitted, house: int) -> None:
        """Let a key act for a house, from here on.

        Nobody is taken out of the sender's house, and only the sender's house takes in somebody who has acted for
        another one: a recipient could otherwise make the sender its own.
        """
        if admitted.key == act.key:
            return
        home = self._homes.get((admitted.agent, admitted.key))
        if home is None or house == _SENDER:
            self._settle(admitted.agent, admitted.key, house)
        elif home != house:
            return
        self.admitting.add(act.entry)
        pair = ((act.agent, act.key), (str(admitted.agent), str(admitted.key)), admitted.role is Role.AFTER)
        self._admissions.setdefault(pair, act.entry)
        if house in (_SENDER, self._retired_from.get(admitted.key)):
            # Another house could take it back under a code of its own, and whoever stole the key would go on with it.
            self.retired.pop(admitted.key, None)
        if admitted.role is Role.AFTER:
            self._successions.setdefault(admitted.key, []).append((act.key, house, act.entry))


class Agents:
    """Which codes and keys are one agent: those that admissions with the role `after` connect.

    A key belongs to the code under which it signs, and two keys of one code to one agent. What is connected once stays
    so: a second signature by one's own next key is no second signature.
    """

    def __init__(self, acts: Iterable[Act]) -> None:
        """Connect the codes and keys of the given acts.

        The caller leaves out those that it does not believe, and those that a reader ignores (`Houses.admitting`): a
        recipient could otherwise make two people of the sender's house one.
        """
        self._parents: dict[str, str] = {}
        for act in acts:
            admitted = act.admitted
            if admitted is not None and admitted.role is Role.AFTER:
                for node in (act.agent, admitted.key, admitted.agent):
                    self._join(act.key, node)

    def name(self, agent: str, key: str) -> str:
        """Name the agent that a key signs for under a code: the same for what is one agent, whatever its codes."""
        # The key first: under another code than that of its admission it is still the key of the same agent.
        return self._find(key if key in self._parents else agent)

    def codes_of(self, agent: str) -> frozenset[str]:
        """Give the codes that are connected with a code, itself among them."""
        name = self._find(agent)
        known = (node for node in self._parents if not node.startswith("SHA256:") and self._find(node) == name)
        return frozenset({agent, *known})

    def _find(self, node: str) -> str:
        while (parent := self._parents.get(node, node)) != node:
            # Paths are halved on the way, so that long successions do not make every step longer.
            self._parents[node] = node = self._parents.get(parent, parent)
        return node

    def _join(self, first: str, second: str) -> None:
        for node in (first, second):
            self._parents.setdefault(node, node)
        self._parents[self._find(first)] = self._find(second)
