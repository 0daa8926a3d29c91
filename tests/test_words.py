"""What users read is plain English: phrases of a foreign idiom and words of the workshop stay out of every text.

Searched are the strings of the program, the docstrings that its help shows, the README and the format pages; so are the
catalogues, of which all that is said of a verdict is made. Each phrase has what to write instead. Of Korean, the words
are watched that are findings of law, and those for which the field has another one.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

INSTEAD = {
    # Of records, signatures and checks.
    r"(record|chain|signature|seal|entry|receipt|time-stamp|token|proof) does not hold\b": "fails verification",
    r"\bdo(es)? not hold,? (so|and|or)\b": "fails verification",
    r"\bnot as sealed\b": "differs from the seal",
    r"\bcounts? for nothing\b": "is not part of the record; proves nothing",
    r"\bthe gravest\b": "the most serious",
    r"\bgravest counts\b": "the most serious result decides",
    r"\bnot one item\b": "no item",
    r"\bsums do not meet\b": "the sums do not agree",
    r"\bnothing is concluded\b": "there is no verdict",
    r"\bstamped by as many\b|\bas had to\b": "the required number of authorities",
    r"\bspoken for\b|\bspeaks? of (an?|the|one|another) (entry|item|directory)\b": "is about; names",
    # Of the head, of keys and of people.
    r"\bby another way\b": "through a separate channel",
    r"\bto be noted\b|\bnoted elsewhere\b": "write it down and keep it somewhere else",
    r"\bto be told the\b": "give it to ... by phone or another channel",
    r"\bis no recipient that\b": "is not in your list of recipients",
    r"\bmust not become known to\b": "may not be disclosed to",
    r"\bcounterpart(y|ies)\b": "recipient or sender",
    r"\bthe (receiver|giver)\b": "the recipient or the sender",
    r"\bnobody a bundle\b": "not a key that a bundle can be encrypted to",
    # Of embedded metadata and access.
    r"\bclaims? of (itself|themselves)\b": "embedded metadata",
    r"\bcage\b|\bcaged\b": "confinement",
    r"\bfor nobody\b": "closed; it may not be given to anyone",
    r"(?-i:\bHANDLING of\b)": "ACCESS TO",
    r"\bto be kept: ": "condition: ...",
    r"\bconfirmed away\b": "no confirmation overrides",
    # Inverted or foreign sentences.
    r"\bbelongs? into\b": "belongs in",
    r"\bone a line\b|\bone (statement|claim|key) a line\b|\bone line a key\b|\bone field a statement\b": "one per line",
    r"\bof it is written\b|\bnothing of it\b": "nothing is written; nothing is extracted",
    r"\bnone of its kind\b": "not of the expected type",
    r"\bis none of the\b|\bis none that\b|\bit is none\b": "is not one of the",
    r"\b(this|it|which|file|zip|directory|name|value|line) is no (?!longer\b|more\b|such\b|reason\b)[a-z]": "is not a",
    r"\ban own (code|field|column)\b|\bown ones x-": "a custom code",
    r"\bcarr(y|ies) [a-z ]{0,40}\bon under\b|\bwhat is due on\b": "renews",
    r"\bcomes? to (its|an) end\b|\bcame to its end\b|\bcome to its end\b": "expires; finishes",
    r"\bstamped anew\b|\banew\b": "again; with new time-stamps",
    r"\bthereof\b|\btherein\b": "of it; in it",
    r"\bbut for (empty|the name|its|one|a)\b": "except for",
    r"\bmend (it|the)\b": "correct it; fix it",
    r"\blook after the (medium|machine)\b": "check the medium",
    r"\bnot more than it had to\b|\bwhat (it|they|you) had to\b": "what was required",
    r"\bpeople behind the codes out of\b": "check that no name in your register appears in a record",
    r"\bone name to some\b": "the same name on some systems",
    r"\banother modification date\b": "a different modification date",
    r"\bto be (left|given) (to|out) by whoever\b|\bwhoever was to be\b": "anyone who",
    r"\bexists already\b": "already exists",
    r"\bas if it were none\b": "as if it did not exist",
    r"\bin its one spelling\b|\bone spelling, which\b": "in its canonical spelling",
    r"\bhalf a sentence\b": "a short phrase",
}
"""Phrase, as a regular expression -> what to write instead."""

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in (
        "README.md",
        "manifests/*.md",
        "manifests/templates/*",
        "examples/sealed/custody/README.txt",
        "evtool/cli/topics/en/*.md",
    )
    for path in ROOT.glob(pattern)
)
KOREAN_PAGES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("evtool/cli/topics/ko/*.md"))
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "evtool").rglob("*.py"))


TEXTS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "evtool/report/texts").rglob("*.toml"))

INSTEAD_IN_KOREAN = {
    # What a court finds, and a check does not.
    r"위조|변조|조작되": "불일치",
    r"진본|진정한": "동일, 일치",
    # Words of the trade, for which people who read evidence have their own.
    r"번들": "제출 묶음",
    r"매니페스트": "명세 목록",
    r"체인 오브|커스터디": "보관 연속성, 보관 기록",
    r"엔트리": "기록",
    r"(?<!시점확인\()타임\s?스탬프": "시점확인",
    r"체크\s?섬": "해시값",
    r"해쉬|해시 값": "해시값",
    r"핑거프린트|지문값": "키 지문",
    r"퍼블릭 키|공개 키": "공개키",
    r"패스프레이즈|패스워드|비밀번호": "암호 문구",
    r"디지털 서명|전자 서명": "전자서명",
    r"아이템": "항목",
    r"수신인": "제공받는 자, 수신자",
    r"핸들링": "취급 조건",
    r"익스포트|임포트": "내보내기, 가져오기",
    r"리다이렉트|레닥션|마스킹": "가림 처리",
    r"실패(?!하였습니다)": "불일치, 확인할 수 없음",
}
"""Word, as a regular expression -> the one of the glossary: evtool/report/texts/README.md."""


def texts_of_catalogue(name: str) -> Iterator[tuple[str, str]]:
    """Give the texts of a catalogue by key."""

    def walk(value: object, key: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            for step, below in value.items():
                yield from walk(below, f"{key}.{step}")
        elif isinstance(value, str):
            yield key.removeprefix("."), value

    yield from walk(tomllib.loads((ROOT / name).read_text("utf-8")), "")


def _docstrings(tree: ast.AST) -> set[int]:
    """Find the expressions that are nothing but a string: docstrings, of attributes too."""
    return {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def _spell(node: ast.Constant | ast.JoinedStr) -> str:
    """Give the text of a string; what an f-string fills in stands as {}."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(_spell(part) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def texts_of_module(path: Path) -> Iterator[tuple[int, str]]:
    """Give the strings of a module, with their lines; docstrings only where the help is made of them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = set() if "cli" in path.relative_to(ROOT).parts else _docstrings(tree)
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and not {id(node)} & (left_out | inside):
            yield node.lineno, _spell(node)


def find(text: str) -> list[str]:
    """Name the phrases that a text contains, with what to write instead."""
    flat = " ".join(text.split())
    return [
        f"{match[0]!r}: write {better!r}"
        for phrase, better in INSTEAD.items()
        if (match := re.search(phrase, flat, re.IGNORECASE))
    ]


@pytest.mark.parametrize("name", MODULES)
def test_no_string_of_the_program_has_such_a_phrase(name: str) -> None:
    found = [f"line {line}: {hit}" for line, text in texts_of_module(ROOT / name) for hit in find(text)]
    assert not found


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_such_a_phrase(name: str) -> None:
    """Line ends do not hide a phrase: each paragraph is read as one line."""
    paragraphs = re.split(r"\n\s*\n", (ROOT / name).read_text(encoding="utf-8"))
    assert not [hit for paragraph in paragraphs for hit in find(paragraph)]


@pytest.mark.parametrize("name", KOREAN_PAGES)
def test_no_korean_page_has_such_a_word(name: str) -> None:
    assert not find_in_korean((ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_of_a_catalogue_has_such_a_phrase(name: str) -> None:
    korean = Path(name).stem == "ko"
    search = find_in_korean if korean else find
    assert not [f"{key}: {hit}" for key, text in texts_of_catalogue(name) for hit in search(text)]


def find_in_korean(text: str) -> list[str]:
    """Name the words that a Korean text contains, with what to write instead."""
    return [
        f"{match[0]!r}: write {better!r}"
        for word, better in INSTEAD_IN_KOREAN.items()
        if (match := re.search(word, " ".join(text.split())))
    ]


@pytest.mark.parametrize("text", ["위조되지 않았습니다", "이 번들의 매니페스트", "해쉬", "패스워드", "진본 확인"])
def test_words_that_a_korean_reader_must_not_meet_are_found(text: str) -> None:
    assert find_in_korean(text)


def test_the_catalogues_are_read() -> None:
    """Each language has its texts for the terminal and for the page."""
    assert {Path(name).stem for name in TEXTS} >= {"en", "ko"}
    assert all(len(list(texts_of_catalogue(name))) > 100 for name in TEXTS)


def test_the_search_reads_the_whole_program() -> None:
    """A search that finds no text at all would find no phrase either."""
    texts = [text for name in MODULES for _, text in texts_of_module(ROOT / name) if " " in text]
    assert len(texts) > 1000
    assert len(PAGES) > 15


def test_what_an_f_string_is_made_of_is_read_as_one_text() -> None:
    """The phrase stands in two pieces, with a value before them."""
    tree = ast.parse('x = f"confirm {a} by" " another way"')
    (joined,) = (node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr))
    assert find(_spell(joined))


@pytest.mark.parametrize(
    "text",
    [
        "HANDLING of X: sealed, for nobody",
        "the record does not hold: entry 3",
        "Head, to be noted elsewhere",
        "Head, to be told the receiver by another way",
        "compare its fingerprint with its owner\n    by another way",
        "what they claim of themselves is sealed with them",
        "mend it, leave it out, or have it named",
        "are one name to some other systems; a copy there may lose one",
        "items have another modification date than at sealing",
        "B7 is no recipient that you have described",
        "the person must not become known to public",
        "cannot be confirmed away",
        "stamped by as many authorities as had to",
        "a file to take in is none of its kind",
        "Carry time evidence on: it is stamped anew",
        "Keep the people behind the codes out of what travels",
        "a certificate comes to its end",
        "the gravest counts: 1 before 4 before 3",
        "A bundle is checked as it is, nothing of it is written",
        "an own code x-...",
        "terms, one a line",
        "it belongs into the register",
    ],
)
def test_phrases_that_once_were_in_the_program_are_found(text: str) -> None:
    assert find(text)


@pytest.mark.parametrize(
    "text",
    [
        "this copy does not contain its terms",
        "there is no record here",
        "it is no longer a file",
        "the claim of a signer",
    ],
)
def test_plain_sentences_are_left_alone(text: str) -> None:
    assert not find(text)
