"""The catalogues of texts: each language says everything that is said in English, with the same values in it."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from evtool.core.custody.events import DETAILS, Acceptance, Event, Role
from evtool.core.errors import ExitCode, UsageError
from evtool.core.finding import Axis, AxisState, Cause, Code, Effect, Finding, Listed, Words
from evtool.core.manifest.context import FIELDS
from evtool.core.manifest.statement import ItemType, OmissionReason
from evtool.core.metadata.vocabulary import CountKind, Failure, TextKind, TimeKind, Withheld
from evtool.core.terms.terms import TERMS
from evtool.core.timestamp.token_state import TokenState
from evtool.core.values import names_of
from evtool.operations.record.trust import _REASONS
from evtool.report.bundle_readme import render_bundle_readme
from evtool.report.columns import columns_of
from evtool.report.custody_readme import EntryLine, render_custody_readme
from evtool.report.language import FOLDER, Language, choose_language, english, list_languages, load_language
from evtool.report.travels import Travels
from tests.cli.custody import make_case
from tests.cli.evidence import give_key
from tests.cli.test_terminal import on_a_terminal
from tests.conftest import Runner
from tests.report.korean import FORBIDDEN

ROOT = Path(__file__).parents[2]
OTHERS = [code for code in list_languages() if code != "en"]
PLACE = re.compile(r"\{(\w+)[:,\w]*\}")
FORMS = ("one", "other")


@cache
def texts_of(code: str) -> dict[str, list[str]]:
    """Every text of a catalogue with its forms, by key; what stands for another text is given as it is."""

    def walk(tree: dict[str, object], path: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
        for name, value in tree.items():
            if isinstance(value, dict) and "other" in value and name != "cause":
                yield ".".join((*path, name)), [str(value[form]) for form in FORMS if form in value]
            elif isinstance(value, dict):
                yield from walk(value, (*path, name))
            elif name not in ("by",):
                yield ".".join((*path, name)), [str(value)]

    return dict(walk(tomllib.loads((FOLDER / f"{code}.toml").read_text("utf-8")), ()))


ENGLISH = texts_of("en")


OWN = (
    "cause.",
    "error.",
    "hint.",
    "claim.",
    "command.",
    "command-group.",
    "term.field.",
    "term.name.",
    "term.zip.",
    "term.what.",
    "term.network.",
    "term.advice.",
    "term.audience.",
    "term.listed.",
    "term.container.",
)
"""Tables of other languages than English: what English says with the code itself, or where it is raised or declared."""


def values_in(text: str) -> set[str]:
    return set(PLACE.findall(text))


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_says_everything_with_the_same_values(code: str) -> None:
    """A text that is missing, or that there is no more, is named; so is one that leaves out a value or has another."""
    other = texts_of(code)
    own = {key for key in {*ENGLISH, *other} if key.startswith(OWN)}
    assert sorted(other.keys() - own) == sorted(ENGLISH.keys() - own)
    differing = {
        key: (values_in(ENGLISH[key][-1]), values_in(other[key][-1]))
        for key in ENGLISH.keys() - own
        if values_in(ENGLISH[key][-1]) != values_in(other[key][-1])
    }
    assert differing == {}
    # An error says in English what is wrong; another language may say of which kind it is, in place of that.
    assert all(values_in(text) <= {"text", "kind"} for key in own if key.startswith("cause") for text in other[key])


@pytest.mark.parametrize("code", list_languages())
def test_a_catalogue_is_read_table_by_table_as_a_whole(code: str) -> None:
    """Only tables that are needed are parsed, which gives what parsing all of it gives; nothing in it is half done."""
    source = (FOLDER / f"{code}.toml").read_text("utf-8")
    whole, language = tomllib.loads(source), Language(code, source)
    for name in language.tables:
        table: object = whole
        for step in name.split("."):
            assert isinstance(table, dict)
            table = table[step]
        assert isinstance(table, dict)
        below = {other.split(".")[name.count(".") + 1] for other in language.tables if other.startswith(f"{name}.")}
        assert {key: value for key, value in table.items() if key not in below} == language.table(name)
    assert whole["language"]["code"] == code
    for key, forms in texts_of(code).items():
        for text in forms:
            assert not re.search(r"[{}]", PLACE.sub("", text)), f"{key} has a brace that is no value: {text}"
            if text.startswith("@"):
                assert language.find(text[1:]) is not None, f"{key} stands for {text}, which is not there"
        assert values_in(forms[0]) <= values_in(forms[-1]), f"{key} names one thing with a value that many do not have"
        is_plural = language.table("language")["plural"] == "one-other"
        assert is_plural or len(forms) == 1, f"{key} has two forms in a language that knows one"


@pytest.mark.parametrize("code", list_languages())
def test_every_word_of_the_program_has_a_text(code: str) -> None:
    """Codes of findings, events, axes and their states, effects, verdicts, and each value of each term."""
    language = load_language(code)
    wanted: list[tuple[str, type[Enum]]] = [
        ("axis", Axis),
        ("state", AxisState),
        ("effect", Effect),
        ("event", Event),
        ("stamp-state", TokenState),
    ]
    wanted += [(f"term.{term.name}", term.codes) for term in TERMS if term.codes]
    wanted += [("term.acceptance", Acceptance), ("term.role", Role), ("term.omission", OmissionReason)]
    wanted += [("content-type", ItemType), ("failure", Failure), ("withheld", Withheld)]
    own = [("claim", kind.value) for kinds in (TimeKind, CountKind) for kind in kinds]
    own += [("claim", kind.code) for kind in TextKind] + [("term.name", term.name) for term in TERMS]
    own += [("term.field", name) for kind in DETAILS.values() for name in names_of(kind)]
    own += [("term.field", field.name) for field in FIELDS]
    missing = [f"{table}.{name}" for table, name in own if code != "en" and name not in language.table(table)]
    missing += [
        f"{table}.{member.value}"
        for table, members in wanted
        for member in members
        if member.value not in language.table(table)
    ]
    missing += [f"finding.{finding.value}" for finding in Code if not language.table(f"finding.{finding.value}")]
    assert missing == []


def choices_of(node: ast.expr) -> list[ast.expr]:
    """What a value can be: the two sides of a condition, or the value itself."""
    return [*choices_of(node.body), *choices_of(node.orelse)] if isinstance(node, ast.IfExp) else [node]


class MadeWords(NamedTuple):
    """One `Words("key", value=...)` in the code: its place, its key, the names of its values, where it is said."""

    place: str
    key: str
    names: frozenset[str] | None
    codes: frozenset[str] | None
    """The codes of findings that it can be the sentence of; None if it is never more than a part of one."""
    is_exact: bool
    """Whether it is the sentence of each of them."""


_OF_PARTS = ("Refusal", "in_english", "say_words", "Listed", "Words", "Phrase")
"""What is given words that are a part of a sentence."""


class Speech(NamedTuple):
    """A function: in which file it is, the codes of findings in it, and the names that it uses."""

    path: Path
    codes: frozenset[str]
    names: frozenset[str]


Functions = Mapping[str, list[Speech]]


def codes_in(node: ast.AST) -> frozenset[str]:
    members = [
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "Code"
    ]
    return frozenset(Code[name].value for name in members)


def names_in(node: ast.AST) -> frozenset[str]:
    named = (each for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute))
    return frozenset(each.id if isinstance(each, ast.Name) else each.attr for each in named)


def codes_near(name: str, path: Path, functions: Functions) -> frozenset[str]:
    """The codes in a function, or in those that it calls, or else in those that use it: words go down and up."""
    seen: set[tuple[str, Path]] = set()
    now = {(name, path)}
    while now:
        own = [each for name, path in now for each in functions[name] if each.path == path]
        below = [
            each
            for speech in own
            for name in speech.names
            for each in functions.get(name, ())
            if each.path == speech.path
        ]
        codes = frozenset[str]().union(*(each.codes for each in own + below))
        if codes:
            return codes
        seen |= now
        now = {
            (user, each.path)
            for user, all_ in functions.items()
            for each in all_
            for name, path in now
            if name in each.names and (each.path == path or not name.startswith("_"))
        } - seen
    return frozenset()


def made_words() -> Iterator[MadeWords]:
    """Find all words that the code makes, with where they can be said as far as the code shows it."""
    sources = {path: path.read_text("utf-8") for path in sorted((ROOT / "evtool").rglob("*.py"))}
    trees = {path: ast.parse(source) for path, source in sources.items() if "Words" in source or "Code." in source}
    functions: dict[str, list[Speech]] = {}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                functions.setdefault(node.name, []).append(Speech(path, codes_in(node), names_in(node)))
    for path, tree in trees.items():
        parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Words":
                yield from _words_of(path, node, parents, functions)


_JUDGED = {"receipt": frozenset(code.value for code, _ in _REASONS.values())}
"""Sentences on a finding whose code is what a function of another file answers: they are said with each of these."""


def _words_of(
    path: Path, node: ast.Call, parents: Mapping[ast.AST, ast.AST], functions: Functions
) -> Iterator[MadeWords]:
    names = frozenset(keyword.arg for keyword in node.keywords if keyword.arg)
    is_open = any(keyword.arg is None for keyword in node.keywords)
    above: list[ast.AST] = [node]
    while above[-1] in parents:
        above.append(parents[above[-1]])
    calls = [each for each in above[1:] if isinstance(each, ast.Call)]
    function = next((each for each in above if isinstance(each, ast.FunctionDef)), None)
    codes: frozenset[str] | None = codes_in(calls[0]) if calls else frozenset()
    is_exact = bool(codes)
    if calls and ast.unparse(calls[0].func).rpartition(".")[2] in _OF_PARTS:
        codes = None
    elif not codes and function is not None:
        codes = codes_near(function.name, path, functions)
    for choice in choices_of(node.args[0]):
        if isinstance(choice, ast.Constant):
            if choice.value in _JUDGED:
                codes, is_exact = _JUDGED[str(choice.value)], True
            yield MadeWords(
                f"{path.name}:{node.lineno}", str(choice.value), None if is_open else names, codes, is_exact
            )


def test_all_that_the_program_says_has_a_text_where_it_says_it_with_values_that_it_gives() -> None:
    """No run can come upon a sentence that no catalogue has there, or that asks for a value that nobody gives it."""
    of_finding = {"item", "path", "expected", "found", "entry", "entries", "count"}
    found = list(made_words())
    assert len(found) > 150

    def fits(words: MadeWords, full: str) -> bool:
        text = english().find(full)
        form = text if isinstance(text, str) or text is None else text.get("other", "")
        given = of_finding if full.startswith("finding") else set()
        return form is not None and (words.names is None or values_in(form) <= words.names | given)

    wrong = []
    for words in found:
        as_finding = [fits(words, f"finding.{code}.{words.key}") for code in words.codes or ()]
        is_said = all(as_finding) if words.is_exact else any(as_finding)
        if not (as_finding and is_said) and not fits(words, f"part.{words.key}"):
            wrong.append(f"{words.place}: {words.key} with {words.names} in {words.codes}")
    assert wrong == []


LATIN_ALLOWED = {
    *("SHA", "BLAKE", "BLAKE2b", "BLAKE3", "SHA256", "LF", "CR", "UTF", "FIFO", "zip", "git", "gitattributes", "text"),
    *("BagIt", "Payload", "Oxum", "bag", "info", "txt", "manifest", "sha256", "bagit", "sha256sum", "OpenTimestamps"),
    *("evtool", "EVTOOL", "LANG", "en", "PATH", "all", "verify", "show", "without", "terms", "trust", "add", "seal"),
    *("renamed", "KiB", "MiB", "allowed", "signers", "trusted", "keys", "OpenSSH", "README", "COVER", "CUSTODY"),
    *(
        "RFC",
        "NNNN",
        "tsr",
        "tsq",
        "openssl",
        "attime",
        "SECONDS",
        "FILE",
        "toml",
        "sig",
        "roots",
        "pem",
        "previous",
        "DIR",
        "items",
        "record",
    ),
    *("custody", "data", "item", "sealed", "jsonl", "details", "b2sum"),
}
"""Words of a Korean text that are not Korean: names of algorithms, of programs, of files, and commands."""


LATIN_OF_ERRORS = {
    *("A03", "A1", "AAAA", "AGE", "ASCII", "BER", "CRC", "Dask", "Ed25519", "GPS", "ISO", "JSON", "KEY", "KR", "NUL"),
    *(
        "PDF",
        "PRONOM",
        "Python",
        "RSA",
        "SECRET",
        "SSH",
        "SSHSIG",
        "SSH_AUTH_SOCK",
        "TOML",
        "UTC",
        "ZIP64",
        "S",
        "N",
        "Z",
        "a",
    ),
    *(
        "f",
        "x",
        "accepted",
        "age",
        "age1",
        "agent",
        "application",
        "base64",
        "chmod",
        "confirmed",
        "consent",
        "changed",
    ),
    *("corrected", "derived", "ed25519", "first", "fixity", "full", "happened", "recorded", "at", "informational"),
    *("install", "keygen", "lines", "paths", "pip", "pub", "pyrage", "reason", "received", "recipient", "region"),
    *("renewed", "rsa", "scrypt", "sha512", "sk", "ssh", "tcp", "true", "undone", "AUTH", "SOCK"),
    *("BEGIN", "CERTIFICATE", "CODE", "CRL", "CSV", "DER", "DIRECTORY", "Excel", "HTTP", "Hash"),
    *("Location", "NAME", "OCSP", "Office", "PEM", "PowerShell", "T09", "TimeStampReq", "Windows"),
    *("YYYYMMDD", "YYYYMMDDHHMM", "YYYYMMDDHHMMSS", "YYYYMMDDhhmmss", "accuracy", "admitted", "after"),
    *("basis", "before", "bits", "certutil", "chain", "conditions", "court", "csv", "directory"),
    *("doc", "example", "ff", "from", "gzip", "handling", "hashAlgorithm", "hashdeep", "hashedMessage"),
    *("hashfile", "http", "https", "min", "named", "not", "o", "ods", "partners", "path", "pdf"),
    *("person", "public", "required", "rtf", "saltLength", "share", "signingCertificate", "status"),
    *("tables", "tsa", "until", "valid", "xls", "xlsx"),
    *("YYYY", "MM", "DDTHH", "SS", "nnnnnnnnnZ", "T14"),
}
"""The same in errors, hints and reasons: fields of a record, spellings of times, algorithms and programs."""


_COMMAND = re.compile(
    '`[^`]+`|--[a-z-]+|^     .*$|^ *NNNN-.*$|ssh-keygen -l -f key.pub|\\(date -u .*?\\)|"[A-Za-z]+"', re.MULTILINE
)
"""A command, or a line of a list of files; in quotation marks, what a tool prints."""


def test_a_korean_text_is_korean() -> None:
    """No word in Latin letters but names and commands; and no word that says more than was found, or names another."""
    texts = {key: text for key, forms in texts_of("ko").items() for text in forms if not text.startswith("@")}
    texts = {key: text for key, text in texts.items() if not key.startswith("language.")}
    allowed = LATIN_ALLOWED | LATIN_OF_ERRORS
    left = {
        key: words
        for key, text in texts.items()
        if (words := set(re.findall(r"[A-Za-z][A-Za-z0-9]*", PLACE.sub("", _COMMAND.sub("", text)))) - allowed)
    }
    assert left == {}
    # That of a time-stamping authority is called what it is; what evtool writes is never called that.
    of_authorities = (
        *("readme.head", "readme.times", "cause.", "error.anchor", "error.key-certificate", "error.certificate-"),
        *("error.signing-certificate", "error.revocation-", "hint.certificate-", "hint.stamp-no-anchor"),
        *("hint.revocation-", "note.a", "part.certificate-problem"),
    )
    forbidden = [
        key
        for key, text in texts.items()
        if FORBIDDEN.search(text.replace("인증서", "") if key.startswith(of_authorities) else text)
    ]
    assert forbidden == []
    # A particle that depends on how a value ends would be wrong behind every second value.
    particle = re.compile(r"\}(은|는|이|가|을|를|와|과|으로|로)(?=[ .,;)]|$)")
    particles = {key: text for key, text in texts.items() if particle.search(text)}
    assert particles == {}


def test_a_text_is_no_text_for_an_unknown_key_or_value() -> None:
    """What is wrong in the program is an error, and not an empty line in a verdict."""
    with pytest.raises(KeyError, match=r"no text report\.nothing"):
        english().say("report.nothing")
    with pytest.raises(KeyError, match="time"):
        english().say("report.checked")


def test_numbers_names_and_lists_are_said_as_each_language_does() -> None:
    """Names are escaped, once; ranges, lists and plurals follow the language."""
    korean = load_language("ko")
    extra = Finding(Code.EXTRA, Effect.DISPROVES, Words("unsealed", kind=Words("kind-file")), path="a\u202eb\\")
    assert english().say_finding(extra) == r"a\u{202E}b\\: is in the directory, but in no seal (a file)"
    assert korean.say_finding(extra) == r"a\u{202E}b\\: 디렉터리에 있으나 어느 봉인에도 없습니다 (파일)"
    nested = english().say("headline.line", name="n", headline=english().say_finding(extra))
    assert nested == rf"n: {english().say_finding(extra)}"
    assert english().say_ranges(((1, 3), (5, 5))) == "items 1-3, 5"
    assert english().say_ranges(((5, 5),), "entries") == "entry 5"
    assert korean.say_ranges(((1, 3), (5, 5)), "entries") == "기록 1-3, 5"
    many = Finding(Code.COMPANION, Effect.NOTE, Words("companions", names=Listed(("a", "b"), 1002)), count=1002)
    assert english().say_finding(many).startswith("1,002 files are from other systems;")
    assert english().say_finding(many).endswith(": a; b; and 1,000 more")
    why = Cause("SignatureError", "the bytes differ")
    broken = Finding(Code.SIGNATURE_INVALID, Effect.DISPROVES, Words("signature", name="x", why=why), entry=1)
    assert english().say_finding(broken) == "x: the signature does not verify: the bytes differ"
    assert korean.say_finding(broken) == "x: 전자서명이 확인되지 않습니다. 전자서명이 일치하지 않습니다"


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_MESSAGES": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_MESSAGES": "ko_KR.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": ""}, "ko"),
        ({"LC_ALL": "C", "EVTOOL_LANG": "ko"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "EVTOOL_LANG": "en"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "../ko"}, "en"),
    ],
)
def test_the_language_is_the_one_that_the_user_set(environment: dict[str, str], code: str) -> None:
    """EVTOOL_LANG goes first, then the locale as POSIX has it; a locale without texts means English."""
    assert choose_language(environment).code == code


def test_a_language_without_texts_that_somebody_asks_for_is_refused() -> None:
    """Whoever sets EVTOOL_LANG expects an answer in that language."""
    with pytest.raises(UsageError, match="EVTOOL_LANG is xx"):
        choose_language({"EVTOOL_LANG": "xx"})


def test_a_korean_terminal(evtool: Runner) -> None:
    """With 80 columns and a Korean locale the answer is Korean and nothing is too wide; JSON stays English."""
    give_key(evtool)
    case = make_case(evtool)
    assert evtool("seal", case).exit_code == ExitCode.OK
    (case / "증거-02.txt").write_text("다른 내용", "utf-8")
    screen = on_a_terminal(evtool, "verify", "case", columns=80, LC_ALL="", LANG="ko_KR.UTF-8")
    assert screen.startswith("취급 조건(")
    assert "불일치: 증거 항목 5건 중 1건이 봉인 당시와 다릅니다 (내용이 다름 1건)." in screen
    assert "\n  서명자 신뢰 확인됨\n  시점        확인되지 않음  (확인 대상 아님)\n  보관 연속성 확인됨\n" in screen
    # Paths, keys and commands are as long as they are.
    wide = [line for line in screen.split("\n") if columns_of(line) > 80 and not re.search("/|echo", line)]
    assert wide == []

    told = evtool("verify", case, "--json", LC_ALL="", LANG="ko_KR.UTF-8")
    document = json.loads(told.stdout)["reports"][0]
    assert document["axes"]["integrity"] == "failed"
    changed = next(finding for finding in document["findings"] if finding["code"] == "changed")
    assert re.fullmatch(
        r"증거-02\.txt: SHA-256 is [0-9a-f]{16}\.\.\., the seal says [0-9a-f]{16}\.\.\.", changed["message"]
    )

    assert evtool("verify", case, EVTOOL_LANG="xx").exit_code == ExitCode.USAGE


def test_pages_beside_evidence_are_in_every_language_with_the_same_commands() -> None:
    """Of whoever opens README.txt nothing is known: English comes first, and each language has all commands."""
    entries = [EntryLine("0001-sealed", "A1", seals=True), EntryLine("0002-renamed", "A1", seals=False)]
    page = render_custody_readme(entries, inside=True, unlisted=2, repeats=[["openssl ts -verify"]])
    assert page.split("\n")[:4] == ["HOW TO CHECK THIS DIRECTORY", "=" * 27, "한국어 안내는 영문 아래에 있습니다.", ""]
    english_page, korean_page = re.split("(?=^이 디렉터리를 확인하는 방법$)", page, maxsplit=1, flags=re.MULTILINE)
    command = re.compile("^     .*$", re.MULTILINE)
    assert command.findall(english_page) == command.findall(korean_page)
    assert len(command.findall(korean_page)) > 10
    assert "변호사의 검토를 거치지 않은" in korean_page
    bundle = render_bundle_readme([("0001-sealed", "A1")], NOTHING, neutral=True)
    english_page, korean_page = re.split("(?=^이 제출 묶음을 확인하는 방법$)", bundle, maxsplit=1, flags=re.MULTILINE)
    assert command.findall(english_page) == command.findall(korean_page)
    assert "names of items: 0" in english_page
    assert "항목의 이름: 0" in korean_page


NOTHING = Travels((), (), None, (), 0, None, (), (), None, ())
"""What travels with a bundle of which the record names nothing."""
