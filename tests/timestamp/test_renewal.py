"""Stories of decades: authorities end, keys are stolen, algorithms weaken; a renewed chain still shows its times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from evtool.core.errors import FormatError
from evtool.core.timestamp.anchor import Anchor
from evtool.core.timestamp.due import DueKind, a_year_before, compute_due
from evtool.core.timestamp.grounds import Grounds
from evtool.core.timestamp.renewal import (
    ChainToken,
    ClaimedTime,
    EntryProof,
    Interval,
    compare_claim,
    compute_interval,
    judge_chain,
)
from evtool.core.timestamp.result import Caution, TokenReason, TokenState
from evtool.core.timestamp.sunset import SunsetTable
from evtool.core.values import replace
from tests.timestamp.mint import CertificateShape, Chain, Statement, make_chain
from tests.timestamp.workshop import Revoked, day, make_crl, make_crls

FIRST = make_chain(name="First", signer_shape=CertificateShape(not_after=day(2027, 6)))
SECOND = make_chain(name="Second", signer_shape=CertificateShape(not_before=day(2026), not_after=day(2036)))
THIRD = make_chain(name="Third", signer_shape=CertificateShape(not_before=day(2034), not_after=day(2044)))
ANCHORS = tuple(Anchor(chain.root.der, name) for name, chain in (("1", FIRST), ("2", SECOND), ("3", THIRD)))


def at(year: int) -> Grounds:
    """Judge at the start of a year."""
    return Grounds(now=day(year), anchors=ANCHORS)


def token(
    chain: Chain, entry: int, time: str, listed_in: int | None = None, crls: tuple[bytes, ...] = ()
) -> ChainToken:
    """Stamp the signature of an entry."""
    data = b"signature of entry %d" % entry
    response = chain.respond(Statement(data=data, gen_time=f"{time}000000Z".encode()))
    return ChainToken(entry, "a", response, data, listed_in, crls=crls)


def reasons(*tokens: ChainToken, grounds: Grounds, proofs: tuple[EntryProof, ...] = ()) -> list[TokenReason]:
    return [item.verdict.reason for item in judge_chain(tokens, grounds, proofs)]


OLD = token(FIRST, 1, "20250301", listed_in=2)
RENEWED = token(SECOND, 2, "20261201", listed_in=3)
AGAIN = token(THIRD, 3, "20351201")


def test_alone_a_token_outlives_its_authority_only_as_an_open_question() -> None:
    assert reasons(replace(OLD, listed_in=None), grounds=at(2026)) == [TokenReason.OK]
    assert reasons(replace(OLD, listed_in=None), grounds=at(2030)) == [TokenReason.REVOCATION_UNKNOWN]


def test_renewed_in_time_it_is_judged_at_the_time_of_the_renewal() -> None:
    old, renewed = judge_chain([OLD, RENEWED], at(2030))

    assert (old.verdict.reason, renewed.verdict.reason) == (TokenReason.OK, TokenReason.OK)
    assert (old.existed_by, renewed.existed_by) == (datetime(2026, 12, 1, 0, 0, 1, 500_000, UTC), None)
    assert old.verdict.judged_at == old.existed_by
    assert renewed.verdict.judged_at == day(2030)


def test_renewed_twice_the_first_one_still_shows_its_time_in_2040() -> None:
    assert reasons(OLD, RENEWED, AGAIN, grounds=at(2040)) == [TokenReason.OK] * 3


def test_a_missing_link_of_the_renewals_opens_the_question_again() -> None:
    """The second renewal is there, the first one is not: in 2035 the old token's authority had ended long ago."""
    late = replace(OLD, listed_in=3)
    assert reasons(late, AGAIN, grounds=at(2040)) == [TokenReason.REVOCATION_UNKNOWN, TokenReason.OK]


def test_a_later_token_that_does_not_list_the_old_one_does_not_help_it() -> None:
    assert reasons(replace(OLD, listed_in=None), RENEWED, grounds=at(2030))[0] is TokenReason.REVOCATION_UNKNOWN
    assert reasons(replace(OLD, listed_in=3), RENEWED, grounds=at(2030))[0] is TokenReason.REVOCATION_UNKNOWN


def test_a_later_token_that_does_not_pass_does_not_help() -> None:
    broken = replace(RENEWED, data=b"something else")
    assert reasons(OLD, broken, grounds=at(2030)) == [TokenReason.REVOCATION_UNKNOWN, TokenReason.IMPRINT_MISMATCH]
    only_first = replace(at(2030), anchors=ANCHORS[:1])
    assert reasons(OLD, RENEWED, grounds=only_first) == [TokenReason.REVOCATION_UNKNOWN, TokenReason.NO_PATH]


def test_two_tokens_of_one_entry_do_not_carry_each_other() -> None:
    other = replace(token(SECOND, 1, "20260201"), label="b")
    assert reasons(replace(OLD, listed_in=None), other, grounds=at(2030)) == [
        TokenReason.REVOCATION_UNKNOWN,
        TokenReason.OK,
    ]


def test_a_later_proof_of_another_kind_carries_a_token_too() -> None:
    proof = EntryProof(2, datetime(2026, 12, 2, tzinfo=UTC))
    assert reasons(OLD, grounds=at(2030), proofs=(proof,)) == [TokenReason.OK]
    assert reasons(OLD, grounds=at(2030), proofs=(EntryProof(1, proof.existed_by),)) == [TokenReason.REVOCATION_UNKNOWN]


def test_a_proof_a_moment_ahead_of_the_clock_carries_from_now() -> None:
    proof = EntryProof(2, at(2030).now + timedelta(seconds=1))
    assert judge_chain([OLD], at(2030), [proof])[0].existed_by == at(2030).now


def test_a_proof_from_the_future_carries_nothing() -> None:
    proof = EntryProof(2, day(2031))
    assert judge_chain([OLD], at(2030), [proof])[0].existed_by is None
    assert reasons(OLD, grounds=at(2030), proofs=(proof,)) == [TokenReason.REVOCATION_UNKNOWN]


def compromise(chain: Chain, when: datetime) -> tuple[bytes, ...]:
    """The authority's lists after its key was stolen."""
    line = Revoked(chain.signer.certificate.serial_number, when, x509.ReasonFlags.key_compromise)
    issued = when.replace(month=when.month + 1)
    return tuple(make_crls(chain, issued, [line]))


def test_a_stolen_key_makes_a_token_worthless_unless_it_was_renewed_before() -> None:
    crls = compromise(FIRST, day(2027))
    stolen = replace(OLD, crls=crls)

    alone = judge_chain([replace(stolen, listed_in=None)], at(2028))[0].verdict
    assert (alone.state, alone.reason) == (TokenState.FAILED, TokenReason.REVOKED)
    kept = judge_chain([stolen, RENEWED], at(2028))[0].verdict
    assert kept.state is TokenState.PASSED
    assert Caution.PROVEN_BEFORE_COMPROMISE in [caution for caution, _ in kept.cautions]


def test_renewed_only_after_the_key_was_stolen_it_stays_worthless() -> None:
    stolen = replace(OLD, crls=compromise(FIRST, day(2026, 6)))
    assert reasons(stolen, RENEWED, grounds=at(2028))[0] is TokenReason.REVOKED


def test_a_stolen_key_of_the_renewal_takes_what_it_carried_along() -> None:
    """The thief of the second authority's key could have made the renewal himself, so it carries nothing."""
    stolen = replace(RENEWED, crls=compromise(SECOND, day(2029)))
    assert reasons(OLD, stolen, grounds=at(2030)) == [TokenReason.REVOCATION_UNKNOWN, TokenReason.REVOKED]


def test_weak_algorithms_do_not_matter_to_what_was_renewed_before_their_end(sunsets: SunsetTable) -> None:
    rsa = make_chain("rsa2048", CertificateShape(not_after=day(2044)), name="Rsa")
    grounds = Grounds(now=day(2032), anchors=(*ANCHORS, Anchor(rsa.root.der, "r")), sunsets=sunsets)
    old = token(rsa, 1, "20250301", listed_in=2)

    assert reasons(replace(old, listed_in=None), grounds=grounds) == [TokenReason.ALGORITHM_SUNSET]
    assert reasons(old, RENEWED, grounds=grounds) == [TokenReason.OK, TokenReason.OK]


def test_intervals_come_from_both_sides() -> None:
    judged = judge_chain([OLD, RENEWED], at(2030))

    first, second, third = (compute_interval(entry, judged) for entry in (1, 2, 3))
    assert (first.not_before, first.not_after) == (None, datetime(2025, 3, 1, 0, 0, 1, 500_000, UTC))
    assert second.not_before == datetime(2025, 2, 28, 23, 59, 58, 500_000, UTC)
    assert second.not_after == datetime(2026, 12, 1, 0, 0, 1, 500_000, UTC)
    assert (third.not_before, third.not_after) == (datetime(2026, 11, 30, 23, 59, 58, 500_000, UTC), None)
    assert first.is_possible
    assert second.is_possible


def test_a_later_entry_stamped_earlier_proves_the_earlier_one_too() -> None:
    late = token(FIRST, 1, "20260301")
    early = token(SECOND, 2, "20260201")
    judged = judge_chain([late, early], at(2026))
    assert [item.verdict.state for item in judged] == [TokenState.PASSED] * 2

    assert compute_interval(1, judged).not_after == datetime(2026, 2, 1, 0, 0, 1, 500_000, UTC)


def test_tokens_that_did_not_pass_prove_no_interval() -> None:
    judged = judge_chain([OLD], replace(at(2026), anchors=()))
    assert compute_interval(1, judged) == Interval(None, None)


def test_a_block_ends_an_interval_as_well() -> None:
    assert compute_interval(1, (), [EntryProof(2, day(2025, 6))]) == Interval(None, day(2025, 6))


def test_an_impossible_interval_is_recognised() -> None:
    assert not Interval(day(2026), day(2025)).is_possible


@pytest.mark.parametrize(
    ("claimed", "answer"),
    [
        (day(2025, 2), ClaimedTime.BEFORE_PROOF),
        (day(2025, 3), ClaimedTime.POSSIBLE),
        (day(2025, 4), ClaimedTime.POSSIBLE),
        (day(2025, 5), ClaimedTime.AFTER_PROOF),
    ],
)
def test_a_claimed_time_is_compared_and_never_taken_for_proven(claimed: datetime, answer: ClaimedTime) -> None:
    assert compare_claim(claimed, Interval(day(2025, 3), day(2025, 4))) is answer


def test_nothing_proven_contradicts_no_claim() -> None:
    assert compare_claim(day(1990), Interval(None, None)) is ClaimedTime.POSSIBLE


def test_a_token_cannot_be_listed_before_it_is_made() -> None:
    with pytest.raises(FormatError):
        ChainToken(2, "a", b"", b"", listed_in=2)


def test_due_lists_what_ends_first_a_year_ahead(sunsets: SunsetTable) -> None:
    items = compute_due(judge_chain([replace(OLD, listed_in=None)], at(2026)), sunsets)

    assert [(item.kind, item.name, str(item.ends.date()), str(item.renew_by.date())) for item in items] == [
        (DueKind.CERTIFICATE, "CN=First TSA", "2027-06-01", "2026-06-01"),
        (DueKind.REVOCATION, "CN=First TSA", "2027-06-01", "2026-06-01"),
        (DueKind.KEY, "ec-256", "2035-12-31", "2034-12-31"),
        (DueKind.CERTIFICATE, "CN=First Intermediate", "2045-01-01", "2044-01-01"),
        (DueKind.CERTIFICATE, "CN=First Root", "2045-01-01", "2044-01-01"),
    ]
    assert all(item.source for item in items)
    assert not items[0].is_due(day(2026, 5))
    assert items[0].is_due(day(2026, 6))


def test_what_a_later_token_carries_is_not_due_any_more(sunsets: SunsetTable) -> None:
    items = compute_due(judge_chain([OLD, RENEWED], at(2027)), sunsets)
    assert {item.entry for item in items} == {2}
    assert items[0].renew_by == day(2034, 12, 31).replace(hour=23, minute=59, second=59)


def test_what_did_not_pass_cannot_be_renewed(sunsets: SunsetTable) -> None:
    assert compute_due(judge_chain([OLD], at(2030)), sunsets) == ()


def test_a_year_before_a_leap_day_is_a_day_of_the_calendar() -> None:
    assert a_year_before(day(2028, 2, 29)) == day(2027, 2, 28)


def test_what_lies_beside_a_token_and_shows_nothing_is_passed_over() -> None:
    """Anybody can drop a list there; one that the verifier hands in leaves the question open."""
    forged = make_crl(FIRST.intermediate, day(2026, 6), signer=SECOND.intermediate)
    for junk in (forged, b"junk"):
        beside = replace(OLD, crls=(junk,), ocsp_answers=(junk,))
        assert reasons(beside, grounds=at(2026)) == [TokenReason.OK]
    handed_in = replace(at(2026), crls=(forged,))
    assert reasons(OLD, grounds=handed_in) == [TokenReason.REVOCATION_UNUSABLE]
