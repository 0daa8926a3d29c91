"""Terms and context as people type them: known codes, own codes, and slips that are told."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from evtool.core.errors import FormatError
from evtool.core.manifest.context import FIELDS, parse_user_value
from evtool.core.terms.input import find_contradictions, make_terms, parse_toml_terms, parse_user_term
from evtool.core.terms.terms import ConsentTerms, Handling, Permission, Purpose, Status

ACCEPTED: list[tuple[str, str, Any]] = [
    ("handling", " named ", Handling.NAMED),
    ("handling", "x-embargo", "x-embargo"),
    ("for", "un-reporting; research", (Purpose.RESEARCH, Purpose.UN_REPORTING)),
    ("for", "research,research\nun-reporting", (Purpose.RESEARCH, Purpose.UN_REPORTING)),
    ("for", "none", ()),
    ("share", "court-a ohchr-dprk", ("court-a", "ohchr-dprk")),
    ("conditions", "region:KR;x-elders", ("region:KR", "x-elders")),
    ("until", "2031-01-01", date(2031, 1, 1)),
    ("until", "2031. 1. 1.", date(2031, 1, 1)),
    ("handling", "Named", Handling.NAMED),
    ("conditions", "Region:kr", ("region:KR",)),
    ("agreement", "DSA-2026-04", ("DSA-2026-04",)),
    ("note", "가명 처리", "가명 처리"),
]


@pytest.mark.parametrize(("name", "text", "value"), ACCEPTED)
def test_what_is_accepted(name: str, text: str, value: Any) -> None:
    assert parse_user_term(name, text) == value


REFUSED = [
    ("handling", "seald"),
    ("status", "yes"),
    ("status", "given;withdrawn"),
    ("for", "un-reporting;reserch"),
    ("for", "none;research"),
    ("share", "none;ohchr-dprk"),
    ("share", "김철수"),
    ("conditions", "region:KOR"),
    ("conditions", "x-"),
    ("identity", "region:KR"),
    ("until", "1/1/2031"),
    ("until", "31-1-1"),
    ("until", "2031-01-01T00:00:00+09:00"),
    ("ref", "r" * 65),
    ("note", "two\nlines"),
]


@pytest.mark.parametrize(("name", "text"), REFUSED)
def test_what_is_refused(name: str, text: str) -> None:
    with pytest.raises(FormatError):
        parse_user_term(name, text)


def test_a_refusal_lists_what_is_accepted_and_repeats_no_name() -> None:
    with pytest.raises(FormatError) as slip:
        parse_user_term("status", "givn")
    assert "givn" in slip.value.message
    assert "given, not-required, unknown" in slip.value.hint
    for name in ("status", "share", "for"):
        with pytest.raises(FormatError) as misplaced:
            parse_user_term(name, "김철수")
        assert "김철수" not in misplaced.value.message + misplaced.value.hint


CONTRADICTIONS = [
    ({"handling": "public", "status": "withdrawn"}, "handling is public, but status is withdrawn"),
    ({"handling": "public", "status": "unknown"}, "handling is public, but status is unknown"),
    ({"status": "not-required"}, "status is not-required, but basis does not say why not"),
    ({"status": "given", "basis": "open source"}, "basis says why no consent is required"),
    ({"status": "given", "from": "2027-01-01", "until": "2026-01-01"}, "until is not later than from"),
    ({"status": "given", "from": "2027-01-01", "until": "2027-01-01"}, "until is not later than from"),
    ({"handling": "partners", "share": "none", "agreement": "DSA-1"}, "but share is none"),
    ({"handling": "named"}, "share does not name anyone"),
    ({"handling": "partners"}, "no agreement is stated"),
    ({"conditions": "region:KR;region:US"}, "several regions"),
]


@pytest.mark.parametrize(("values", "sentence"), CONTRADICTIONS, ids=[sentence for _, sentence in CONTRADICTIONS])
def test_terms_that_make_no_sense_together_are_named(values: dict[str, str], sentence: str) -> None:
    terms = make_terms({name: parse_user_term(name, text) for name, text in values.items()})
    found = list(find_contradictions(terms, whole=True))
    assert [error for error in found if sentence in error.message]
    assert len(found) == 1


def test_a_change_may_leave_out_what_was_stated_before() -> None:
    assert list(find_contradictions(ConsentTerms(handling=Handling.NAMED), whole=False)) == []
    assert list(find_contradictions(ConsentTerms(handling=Handling.PARTNERS), whole=False)) == []


def test_terms_in_toml() -> None:
    table = {"handling": "named", "for": ["research"], "until": date(2031, 1, 1), "onward": "no", "share": []}
    terms = parse_toml_terms(table, "here")
    assert terms == ConsentTerms(
        handling=Handling.NAMED, purposes=(Purpose.RESEARCH,), until=date(2031, 1, 1), onward=Permission.NO, share=()
    )
    assert parse_toml_terms({"status": "given"}, "here").status is Status.GIVEN


@pytest.mark.parametrize(
    "table",
    [{"for": "research"}, {"for": [1]}, {"status": 1}, {"status": ["given"]}, {"purpose": "research"}, {"until": 2031}],
)
def test_terms_in_toml_of_another_shape_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(FormatError, match="here"):
        parse_toml_terms(table, "here")


CONTEXT_ACCEPTED = [
    ("title", " 위성 사진 ", "위성 사진"),
    ("description", "one\r\ntwo", "one\ntwo"),
    ("kind", "petition-letter", "petition-letter"),
    ("kind", "x-drawing", "x-drawing"),
    ("language", "ko en-GB", "ko en-GB"),
    ("source", "S17", "S17"),
    ("collected_at", "2026", "2026"),
    ("collected_at", "2026-03", "2026-03"),
    ("collected_at", "2026-03-01", "2026-03-01"),
    ("collected_at", "2026-03-01T14:30:00+09:00", "2026-03-01T14:30:00+09:00"),
    ("event_date", "spring 2011", "spring 2011"),
    ("event_date", "주체100년 봄", "주체100년 봄"),
    ("created_at", "2017-05-04T09:00:00+08:30", "2017-05-04T09:00:00+08:30"),
    ("url", "https://example.org/a?b=c", "https://example.org/a?b=c"),
    ("derived_from", "17", "17"),
    ("x-shelf", "B 4", "B 4"),
]


@pytest.mark.parametrize(("name", "text", "value"), CONTEXT_ACCEPTED)
def test_context_that_is_accepted(name: str, text: str, value: str) -> None:
    assert parse_user_value(name, text) == value


CONTEXT_REFUSED = [
    ("titel", "x"),
    ("x-", "x"),
    ("kind", "movie"),
    ("language", "Korean language"),
    ("source", "김철수"),
    ("source", "two words"),
    ("collected_at", "last week"),
    ("collected_at", "2026-03-01T14:30:00"),
    ("collected_at", "2026-13"),
    ("event_date", "2011-03-01 14:30"),
    ("created_at", "1 March, 14:30 Pyongyang time"),
    ("url", "example"),
    ("url", "https://a b"),
    ("derived_from", "scan.jpg"),
    ("derived_from", "0"),
    ("title", "   "),
    ("title", "a\x1b[31mb"),
    ("title", "t" * 4001),
]


@pytest.mark.parametrize(("name", "text"), CONTEXT_REFUSED)
def test_context_that_is_refused(name: str, text: str) -> None:
    with pytest.raises(FormatError) as error:
        parse_user_value(name, text)
    assert "김철수" not in error.value.message + error.value.hint


def test_every_field_says_what_it_accepts() -> None:
    assert all(field.meaning and field.accepted for field in FIELDS)
    assert len({field.name for field in FIELDS}) == len(FIELDS)
