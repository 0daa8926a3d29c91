"""Who acts for whom, where consent does not ask: undoing, retired keys, agents with several keys; and its cost."""

from __future__ import annotations

import importlib
import random
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from evtool.core.custody.events import Admitted, Event, Fingerprint, PartyCode, Role
from evtool.core.custody.house import Act, Agents, Houses


def fingerprint(name: str) -> str:
    return f"SHA256:{name}"


def admit(entry: int, signer: str, agent: str, role: Role = Role.BESIDE) -> Act:
    """An admission; signers are written CODE/KEY."""
    code, _, key = agent.partition("/")
    return act(entry, "admitted", signer, Admitted(PartyCode(code), Fingerprint(fingerprint(key)), role))


def act(entry: int, event: str, signer: str, admitted: Admitted | None = None) -> Act:
    code, _, key = signer.partition("/")
    return Act(entry, Event(event), code, fingerprint(key), admitted)


HANDED_OVER = [act(1, "sealed", "A1/k1"), act(2, "disclosed", "A1/k1")]


def test_whoever_signs_before_the_handover_is_one_house() -> None:
    houses = Houses([act(1, "sealed", "A1/k1"), act(2, "sealed", "A2/k2"), act(3, "accessed", "A2/k2")])
    assert houses.is_same(1, 3)
    assert houses.is_same(1, 1)
    assert not houses.is_same(1, 4)
    assert not houses.is_same(4, 4)


def test_a_recipient_is_another_house_and_stays_one() -> None:
    received = [*HANDED_OVER, act(3, "received", "R/r"), act(4, "disposed", "R/r"), act(5, "accessed", "R/r")]
    assert Houses(received).is_same(4, 5)
    assert not Houses(received).is_same(1, 4)

    taken = [*received, admit(6, "R/r", "A1/k1"), act(7, "corrected", "R/r"), act(8, "corrected", "A1/k1")]
    assert not Houses(taken).is_same(1, 7), "a recipient admits the sender, and would undo what the sender did"
    assert not Houses(taken).is_same(4, 8)


def test_a_colleague_acts_for_the_house_from_its_admission_on() -> None:
    acts = [*HANDED_OVER, act(3, "disposed", "A2/k2"), admit(4, "A1/k1", "A2/k2"), act(5, "corrected", "A2/k2")]
    houses = Houses(acts)
    assert houses.is_same(1, 5)
    assert not houses.is_same(3, 4), "what somebody did before is not taken over"


def test_a_recipient_does_not_take_over_another_recipient() -> None:
    acts = [*HANDED_OVER, act(3, "received", "R/r"), act(4, "received", "Q/q"), admit(5, "R/r", "Q/q")]
    acts += [act(6, "accessed", "Q/q")]
    houses = Houses(acts)
    assert houses.is_same(4, 6)
    assert not houses.is_same(3, 6)


def test_a_retired_key_is_found_and_acts_for_nobody() -> None:
    acts = [
        act(1, "sealed", "A1/k1"),
        admit(2, "A1/k1", "A1/k2", Role.AFTER),
        act(3, "accessed", "A1/k1"),
        act(4, "sealed", "A1/k2"),
        act(5, "disposed", "A1/k1"),
        admit(6, "A1/k1", "X/x"),
        act(7, "accessed", "X/x"),
    ]
    houses = Houses(acts)
    assert houses.retired_by == {5: 2, 6: 2}
    assert houses.retired == {fingerprint("k1"): 2}
    assert not houses.is_same(1, 5)


def test_a_key_cannot_retire_itself_nor_a_recipient_that_of_the_sender() -> None:
    itself = [act(1, "sealed", "A1/k1"), admit(2, "A1/k1", "A1/k1", Role.AFTER), act(3, "sealed", "A1/k1")]
    assert Houses(itself).retired_by == {}
    recipient = [*HANDED_OVER, act(3, "received", "R/r"), admit(4, "R/r", "A1/k1", Role.AFTER)]
    recipient += [act(5, "accessed", "A1/k1"), act(6, "accessed", "R/r")]
    assert Houses(recipient).retired_by == {}


def test_two_keys_of_one_agent_are_one() -> None:
    agents = Agents([admit(2, "A1/k1", "A1-2/k2", Role.AFTER)])
    assert agents.name("A1", fingerprint("k1")) == agents.name("A1-2", fingerprint("k2"))
    assert agents.name("A1", fingerprint("k1-of-a-laptop")) == agents.name("A1-2", fingerprint("k2"))
    assert agents.name("B", fingerprint("k2")) == agents.name("A1", fingerprint("k1")), "whatever code it signs under"
    assert agents.name("A2", fingerprint("k3")) != agents.name("A1", fingerprint("k1"))
    assert agents.codes_of("A1") == {"A1", "A1-2"}


def test_a_colleague_is_another_agent() -> None:
    agents = Agents([admit(2, "A1/k1", "A2/k2")])
    assert agents.name("A1", fingerprint("k1")) != agents.name("A2", fingerprint("k2"))


@pytest.mark.parametrize("role", [Role.BESIDE, Role.AFTER])
@pytest.mark.parametrize("shape", ["a line", "a circle", "one admits all"])
def test_as_many_admissions_as_a_record_can_have(role: Role, shape: str) -> None:
    """Time grows with the number of entries: ten times as many must not take forty times as long."""

    def acts(count: int) -> list[Act]:
        if shape == "one admits all":
            return [admit(number, "A/k", f"B{number}/k{number}", role) for number in range(1, count + 1)]
        size = count if shape == "a line" else 7
        return [
            admit(number, f"B{number % size}/k{number % size}", f"B{(number + 1) % size}/k{(number + 1) % size}", role)
            for number in range(1, count + 1)
        ]

    def seconds(count: int) -> float:
        made = acts(count)
        best = 9.0
        for _ in range(5):
            start = time.process_time()
            houses, agents = Houses(made), Agents(made)
            houses.acts_for_sender("B1", fingerprint("k1"))
            agents.codes_of("B1")
            best = min(best, time.process_time() - start)
        return best

    assert seconds(9999) < 40 * seconds(1000)


def test_the_second_verifier_finds_the_same_retired_keys_and_admissions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three thousand records in which anybody admits anybody in any role."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "second_opinion")
    second = importlib.import_module("history")
    rng = random.Random(12)
    signers = [f"{code}/{key}" for code in ("A1", "R") for key in ("k1", "k2", "k3")]
    retired = ignored = 0
    for _ in range(3000):
        acts: list[Act] = []
        for entry in range(1, rng.randrange(3, 14)):
            if rng.random() < 0.6:
                acts.append(admit(entry, rng.choice(signers), rng.choice(signers), rng.choice([*Role])))
            else:
                acts.append(act(entry, rng.choice(["sealed", "disclosed", "received"]), rng.choice(signers)))
        houses = Houses(acts)
        found, admissions = second.read_houses([as_entry(each) for each in acts])
        assert (found, {each.number for each in admissions}) == (set(houses.retired_by), houses.admitting), acts
        retired += len(found)
        ignored += sum(each.admitted is not None for each in acts) - len(admissions)
    assert retired > 1000
    assert ignored > 3000


def test_what_a_record_would_ignore_is_known_before_it_is_recorded() -> None:
    """In a thousand records, the question before the last admission has the answer of the record with it."""
    rng = random.Random(13)
    signers = [f"{code}/{key}" for code in ("A1", "R") for key in ("k1", "k2", "k3")]
    answers: Counter[bool] = Counter()
    for _ in range(1000):
        acts = [act(entry, rng.choice(["sealed", "disclosed", "received"]), rng.choice(signers)) for entry in (1, 2, 3)]
        acts += [admit(entry, rng.choice(signers), rng.choice(signers)) for entry in (4, 5)]
        last = acts[-1]
        assert last.admitted is not None
        who = (str(last.admitted.agent), str(last.admitted.key))
        is_ignored = 5 not in Houses(acts).admitting
        assert Houses(acts[:-1]).ignores((last.agent, last.key), who) == is_ignored, acts
        answers[is_ignored] += 1
    assert min(answers.values()) > 200


def as_entry(an_act: Act) -> SimpleNamespace:
    """An act as the second verifier reads entries."""
    who = an_act.admitted
    details = {"agent": who.agent, "key": who.key, "role": who.role.value} if who else {}
    signer = (an_act.agent, an_act.key)
    named = {"number": an_act.entry, "event": an_act.event.value, "signer": an_act.key, "who": signer}
    return SimpleNamespace(**named, details=details)
