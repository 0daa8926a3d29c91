"""How the columns of the table of items are headed, beside the names that the format gives them.

Data, not code: a language is a table of its own. A heading counts without case, blanks, `_` and `-`.
"""

from __future__ import annotations

from collections.abc import Mapping

KOREAN: Mapping[str, str] = {
    "path": "경로",
    "title": "제목",
    "description": "설명",
    "identifier": "관리번호",
    "kind": "종류",
    "language": "언어",
    "source": "출처",
    "source_type": "출처 유형",
    "collected_at": "수집일",
    "collected_how": "수집 방법",
    "created_at": "생성일",
    "event_date": "사건일",
    "place": "장소",
    "subjects": "관련자 코드",
    "url": "주소",
    "derived_from": "원본 항목",
    "handling": "취급",
    "status": "동의 상태",
    "by": "동의자",
    "for": "목적",
    "share": "수령자",
    "identity": "신원 공개",
    "onward": "재전달",
    "defence": "변호인 공개",
    "conditions": "조건",
    "from": "시작일",
    "until": "종료일",
    "review": "재확인일",
    "agreement": "협약",
    "ref": "동의서 번호",
    "basis": "근거",
    "note": "비고",
}
"""Column -> its heading in Korean."""

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": {}, "ko": KOREAN}
"""Language -> its headings; a column without one is headed by its own name."""


def plain(heading: str) -> str:
    """Spell a heading as it is compared."""
    return "".join(heading.casefold().split()).replace("_", "").replace("-", "")


_BY_HEADING = {plain(heading): column for table in LANGUAGES.values() for column, heading in table.items()} | {
    plain(column): column for column in KOREAN
}


def column_of(heading: str) -> str:
    """Give the column that a heading stands for; a heading that nobody knows is given as it is."""
    return _BY_HEADING.get(plain(heading), heading)


def heading_of(column: str, language: str) -> str:
    """Give the heading of a column in one of `LANGUAGES`."""
    return LANGUAGES[language].get(column, column)
