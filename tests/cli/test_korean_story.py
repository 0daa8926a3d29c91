"""What a Korean reader meets on the terminal: answers and errors of the commands for whoever receives evidence."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from evtool.core.errors import ExitCode
from evtool.core.finding import Code
from evtool.report.columns import columns_of
from tests.cli.custody import Party, make_party
from tests.cli.test_receive_story import DEFAULTS, DISCLOSE, RECIPIENTS
from tests.cli.test_terminal import on_a_terminal
from tests.conftest import Runner, RunResult
from tests.report.korean import FORBIDDEN

ENGLISH = {
    *("evtool", "case", "custody", "verify", "consent", "show", "text", "UTC", "SHA", "UN", "cse", "nowhere", "soon"),
    *("FILE", "System", "Volume", "Information"),
}
"""Words in Latin letters of a Korean answer: commands, names of files and of algorithms, what somebody mistyped."""

_NAMES = re.compile(
    r"`[^`]+`|'[^']*'|\([a-z-]+/[^)]*\)|[^\s가-힣()]*[0-9._/:$-][^\s가-힣]*|\b[a-f]{4}\b|^  (?:evtool|echo) .*$"
    r"|쓸 수 있는 (?:코드|값): .*|\(--[^)]*\)",
    re.MULTILINE,
)
"""What is no word: commands, what was typed, lists of codes that are accepted, options to add in brackets, and whatever
holds a digit or a sign (codes, options, paths, digests)."""


def english_in(text: str) -> set[str]:
    """The words of an answer that are neither Korean nor allowed."""
    words = re.findall(r"[A-Za-z]{2,}", _NAMES.sub(" ", text.replace("evtool: ", "")))
    return set(words) - ENGLISH - {code.value for code in Code}


def check_korean(text: str) -> None:
    """It is said in Korean, in words that a Korean reader expects, and nothing of it was forgotten."""
    assert re.search("[가-힣]", text), text
    assert not FORBIDDEN.search(text), text
    assert english_in(text) == set(), text


def korean(party: Party, *arguments: str | Path) -> RunResult:
    return party.run(*arguments, LC_ALL="", LANG="ko_KR.UTF-8")


@pytest.fixture
def sender(evtool: Runner) -> Party:
    """Agent A1, who sealed two files with terms, and changed the terms of one."""
    party = make_party(evtool, "A1")
    (party.run.home / "recipients.toml").write_text(RECIPIENTS)
    case = evtool.directory / "case"
    case.mkdir()
    (case / "증언.txt").write_text("강을 건넌 것은 11월이었다.\n", encoding="utf-8")
    (case / "김철수.jpg").write_bytes(bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9"))
    (evtool.directory / "defaults.toml").write_text(DEFAULTS)
    party.ok("seal", "case", "--defaults", "defaults.toml")
    party.ok("consent", "set", "case", "--items", "2", "--status", "withdrawn", "--reason", "요청에 따름")
    return party


def test_log_show_and_consent_are_said_in_korean(sender: Party) -> None:
    """Chain, items, terms, and why an item may not go: no English but names, codes and digests."""
    for typed, code, said in (
        ("log case", 0, "기록 2  동의 변경"),
        ("log case --all", 0, "사유       요청에 따름"),
        ("log case -q", 0, "case: 기록 2건, 증거 모음 "),
        ("show case", 0, "파일 "),
        ("show case --items 2", 0, "동의       동의 상태: 철회됨"),
        ("show case --without-terms", 0, "모든 항목에 동의 조건이 기재되어 있습니다"),
        ("consent show case", 0, "기록 2 ("),
        ("consent check case --to UN-1 --for un-reporting", 5, "UN-1: 항목 2건 중 1건은 제공할 수 없습니다"),
        ("consent recall case --items 2", 0, "이 보관 기록에 따르면 해당 항목을 제공받은 자가 없습니다"),
        ("consent set case --items 1 --onward no --dry-run", 0, "재제공: 이전 사전 문의, 변경 예정 불허"),
        ("consent set case --items 1 --onward no", 0, "재제공: 이전 사전 문의, 현재 불허 (항목 1)"),
    ):
        result = korean(sender, *typed.split(" "))
        assert result.exit_code == code, result.stderr
        assert said in result.stdout, result.stdout
        check_korean(result.stdout)
    check = ("consent", "check", "case", "--to", "UN-1", "--for", "un-reporting", "--json")
    told, plain = korean(sender, *check), sender.run(*check)
    assert told.stdout == plain.stdout
    assert "consent is withdrawn" in told.stdout


def test_mistakes_on_a_command_line_and_in_a_table_are_said_in_korean(sender: Party) -> None:
    """Each says what is wrong with what was typed, and what is accepted; every line of a table's errors is Korean."""
    (Path(sender.run.directory) / "case" / "새 파일.txt").write_text("x")
    (Path(sender.run.directory) / "case" / "다른 파일.txt").write_text("y")
    table = Path(sender.run.directory) / "table.csv"
    table.write_text("path,handling,status,메모,status\n새 파일.txt,open,,,,,1\n새 파일.txt,,,\n없는 파일,,,\n/a,,,\n")
    for typed, code, said in (
        ("record case corrected --entry 1 --correction 오기 --sample 3", 2, "지정한 기록: corrected"),
        ("due case case --custody x", 2, "--custody 옵션은 디렉터리가 하나일 때만"),
        ("recipient add NGO-1", 2, "쓸 수 있는 값: accountability-intl, "),
        ("timestamp add case", 2, "중 하나만 지정하거나"),
        ("pack case -o x.zip --to UN-1", 2, "--for, --authority 옵션도 지정하십시오"),
        ("consent set case --items 1 --handling open", 2, "쓸 수 있는 코드: closed, named, "),
        ("record case disposed --items 1 --method 파쇄 --authority 지침", 2, "항목 1: 기록된 곳에 아직 있으므로"),
        ("seal case --table table.csv", 4, "  2번째 줄, 열 handling: 취급 조건: 쓸 수 없는 코드입니다"),
    ):
        result = korean(sender, *typed.split(" "))
        assert result.exit_code == code, result.stderr
        assert said in result.stderr, result.stderr
        assert english_in(re.sub("열 [a-z-]+|지정한 기록: .*", "", result.stderr)) == set(), result.stderr
    for line in (
        "1번째 줄: 같은 열이 두 번 있습니다",
        "1번째 줄, 열 4: 이 표의 열이 아닙니다",
        "2번째 줄: 칸이 열보다 많습니다",
    ):
        assert f"\n  {line}\n" in result.stderr


def test_an_answer_is_aligned_and_not_wider_than_the_terminal(sender: Party) -> None:
    """Labels take the columns of the longest; what follows a folded line stands below its text."""
    for arguments in (("log", "case"), ("show", "case", "--items", "1")):
        screen = on_a_terminal(sender.run, *arguments, columns=80, LC_ALL="", LANG="ko_KR.UTF-8")
        names = "일어난 때|기록한 때|서명자|사유|프로그램|헤드|이름|종류|크기|SHA-256|BLAKE3|동의"
        labels = re.findall(rf"^  (?:{names}) {{2,}}", screen, re.MULTILINE)
        assert len(labels) > 5
        assert len({columns_of(label) for label in labels}) == 1, screen
    question = ("consent", "check", "case", "--to", "UN-1", "--for", "research")
    check = on_a_terminal(sender.run, *question, columns=80, LC_ALL="", LANG="ko_KR.UTF-8")
    assert all(columns_of(line) <= 80 for line in check.split("\n")), check


def test_a_handover_is_received_in_korean(sender: Party, evtool: Runner) -> None:
    """From the bundle to the receipt, and what is refused on the way; the receipt is the same in every language."""
    receiver = make_party(evtool, "UN-1")
    sender.ok("pack", "case", "-o", "case-12.zip", "--items", "1", *DISCLOSE, "--plain")
    refused = korean(receiver, "receive", "case-12.zip", "--receipt", "a.receipt")
    assert refused.exit_code == ExitCode.NOT_ESTABLISHED
    assert "evtool: 오류: 기록 1에 서명한 키 SHA256:" in refused.stderr
    assert "신뢰하는 키 목록에 없습니다" in refused.stderr
    assert "(--reject)" in refused.stderr
    receiver.trusts(sender)
    told = korean(receiver, "receive", "case-12.zip", "--receipt", "b.receipt")
    assert told.exit_code == 0, told.stderr
    assert "case-12.zip: 기록 4 추가" in told.stdout
    assert "모든 항목을 읽음: 1건 중 동일 1건, 제공되지 않음" in told.stdout
    assert "인수증 (전부 인수): b.receipt" in told.stdout
    again = korean(receiver, "receive", "case-12.zip", "--receipt", "b.receipt")
    assert "evtool: 오류: b.receipt: 이미 있습니다" in again.stderr
    verified = korean(receiver, "verify", "case-12.zip", "--continued", "case-12.zip.received")
    assert verified.exit_code == 0, verified.stdout
    for result in (refused, told, again, verified):
        check_korean(result.stdout + result.stderr)
    english = receiver.run("receive", "case-12.zip", "--receipt", "b.receipt", "--json", LC_ALL="", LANG="ko_KR.UTF-8")
    assert english.document["error"] == "b.receipt already exists"


MISTAKES: tuple[tuple[str, int, str], ...] = (
    ("log cse", 4, "오류: cse: 없습니다\nevtool: 안내: 혹시 case입니까?"),
    ("log nowhere/x", 4, "오류: nowhere/x: 없습니다. 그 위의 nowhere부터 없습니다"),
    ("verify case/custody", 4, "보관 기록 디렉터리 자체입니다\nevtool: 안내: 혹시 case입니까?"),
    ("verify case/증언.txt", 4, "오류: case/증언.txt: 봉인된 폴더에 있는 파일입니다"),
    ("show .", 4, "봉인되지 않았으나, 그 안에 봉인된 폴더가 있습니다: ./case"),
    ("show case --items 9", 4, "오류: 그런 항목이 있는 봉인이 없습니다: 9"),
    ("consent check case --to X9 --for research", 2, "오류: X9: 수신자 목록에 없습니다. 목록에 있는 수신자: UN-1"),
    ("consent check case --to UN-1", 2, "오류: 값이 빠졌습니다: '--for'"),
    ("consent check case --to UN-1 --for spying", 2, "이용 목적: 쓸 수 없는 코드입니다"),
    ("consent set case --items 1 --until soon", 2, "종료일: soon: 2026-03-01 형태의 날짜가 아닙니다"),
    ("consent show case --items 7-9", 2, "오류: 해당하는 봉인된 항목이 없습니다: 7-9"),
    ("receive case", 2, "오류: 인계받은 것에는 --receipt, 통지서에는 --notice 옵션을 지정하십시오"),
    ("receive case --receipt r --items 1 --reject", 2, "--items, --reject: 둘 중 하나만 쓸 수 있습니다"),
    ("receive case --receipt r", 4, "오류: A1: 이 증거 모음을 인계한 기록이 없습니다"),
    ("verify case --trust r.keys", 4, "오류: r.keys: 파일이나 디렉터리가 없습니다"),
    ("verify case --itms 1", 2, "옵션입니다: --itms\nevtool: 안내: 혹시 다음 옵션입니까? --items"),
    ("consent chek", 2, "오류: evtool consent 명령에 없는 이름입니다: chek"),
)
"""What a person gets wrong on each of the five commands: the exit code, and a part of what is said."""


def test_errors_are_said_in_korean(sender: Party) -> None:
    """With their hints, and with the exit codes that they have in every language."""
    for typed, code, said in MISTAKES:
        result = korean(sender, *typed.split(" "))
        assert said in result.stderr, result.stderr
        assert result.exit_code == code, typed
        assert "영문으로만" not in result.stderr
        check_korean(result.stderr.replace("chek", ""))


def test_what_could_not_be_read_is_said_in_korean(sender: Party) -> None:
    """Causes inside findings are sentences: a manifest that was cut, a signature that was swapped."""
    custody = sender.run.directory / "case" / "custody"
    damaged = Path(shutil.copytree(sender.run.directory / "case", sender.run.directory / "damaged"))
    manifest = damaged / "custody" / "0001-sealed.jsonl"
    manifest.write_bytes(manifest.read_bytes()[:-20])
    shutil.copy(custody / "0002-consent-changed.toml.sig", damaged / "custody" / "0001-sealed.toml.sig")
    result = korean(sender, "verify", "damaged")
    assert result.exit_code == ExitCode.MISMATCH
    assert "전자서명이 이 내용과 이 키에 맞지 않습니다" in result.stdout
    check_korean(result.stdout.replace("damaged", ""))
