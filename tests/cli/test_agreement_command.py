"""Agreements by command: the list is kept, asked at every exit, shown with its reason, and never travels."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

from evtool.core.errors import ExitCode
from tests.cli.custody import Party, make_party, move_in
from tests.conftest import Runner, make_runner

HAND_WRITTEN = """# Ask A3 before you change anything here.
format = "evtool-agreements/1"

[agreement.DSA-1]   # the red folder
parties = ["ngo-3", "office"]
signed = 2026-04-01
purposes = ["un-reporting"]   # nothing else

# Only until the end of the year.
[agreement.'협약 3호']
parties = ["ngo-3", "B7"]
signed = 2026-04-01
ends = 2026-12-31
purposes = ["un-reporting"]
# the end
"""

TERMS = ("--handling", "named", "--share", "B7,C8", "--status", "given", "--by", "subject", "--for",
         "un-reporting,advocacy", "--identity", "to-recipient", "--onward", "yes", "--defence", "ask")  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of A1, who knows B7 of the office, and C8 of nobody; both have signed DSA-1, as far as A1 knows."""
    evtool = make_runner(tmp_path_factory.mktemp("giver"))
    party = make_party(evtool, "A1")
    described = ("--kind", "un-body", "--purpose", "un-reporting,advocacy", "--agreement", "DSA-1")
    party.ok("recipient", "add", "B7", "--organisation", "office", *described)
    party.ok("recipient", "add", "C8", *described)
    case = evtool.directory / "case"
    case.mkdir()
    (case / "a.txt").write_text("a")
    party.ok("seal", case)
    party.ok("consent", "set", case, "--all-items", *TERMS, "--agreement", "DSA-1")
    return evtool.directory.parent


@pytest.fixture
def giver(evtool: Runner, made: Path) -> Party:
    """A1, in a copy of that folder with its dates."""
    return move_in(evtool, made, "A1")


@pytest.fixture
def case(giver: Party) -> Path:
    """One item under agreement DSA-1."""
    return giver.run.directory / "case"


def file_of(party: Party) -> Path:
    return party.run.home / "agreements.toml"


def by_hand(party: Party, text: str = HAND_WRITTEN) -> str:
    file_of(party).write_text(text, encoding="utf-8")
    file_of(party).chmod(0o600)
    return text


def exits(case: Path, to: str, purpose: str, authority: str) -> dict[str, list[str | Path]]:
    """Every command with which items go to somebody, and the one that asks first."""
    whom: list[str | Path] = ["--to", to, "--authority", authority]
    bundle = ["--for", purpose, "--plain", "-o", f"{to}-{purpose}-{len(authority)}.zip"]
    proof = ["--for", purpose, "--plain", "-o", f"{to}-{purpose}-{len(authority)}-1.zip"]
    return {
        "check": ["consent", "check", case, *whom, "--for", purpose],
        "preview": ["pack", case, *whom, *bundle, "--dry-run"],
        "pack": ["pack", case, *whom, *bundle],
        "prove": ["prove", case, "--items", "1", *whom, *proof],
        "transfer": ["transfer", case, *whom, "--purpose", purpose],
        "disclosed": ["record", case, "disclosed", *whom, "--purpose", purpose],
    }


def test_every_exit_asks_for_the_agreement(giver: Party, case: Path) -> None:
    """Without a list all of it goes; with one, each exit refuses for the same reason, and says which agreement."""
    for name in ("check", "transfer"):
        giver.ok(*exits(case, "C8", "advocacy", "order 5")[name])
    giver.ok("agreement", "add", "DSA-1", "--party", "ngo-3", "--party", "office", "--signed", "2026-04-01",
             "--purpose", "un-reporting", "--ends", "2100-01-01")  # fmt: skip
    giver.ok("agreement", "add", "OLD", "--party", "ngo-3", "--party", "B7", "--signed", "2020-04-01",
             "--purpose", "un-reporting", "--ends", "2021-04-01")  # fmt: skip
    wrong = {
        ("C8", "un-reporting", "order 5"): "C8 is not a party to the agreement DSA-1",
        ("B7", "advocacy", "order 5"): "the agreement DSA-1 does not cover the purpose advocacy",
        ("B7", "un-reporting", "agreement old"): "the agreement OLD ended on 2021-04-01",
    }
    entries = len(giver.ok("log", case, "--json").document["entries"])
    for asked, says in wrong.items():
        commands = exits(case, *asked)
        for name in commands if "agreement old" in asked else ("check", "pack"):
            result = giver(*commands[name])
            assert result.exit_code == ExitCode.REFUSED, (asked, name)
            assert says in result.stdout + result.stderr, (asked, name)
    assert len(giver.ok("log", case, "--json").document["entries"]) == entries
    for name in ("pack", "transfer"):
        giver.ok(*exits(case, "B7", "un-reporting", "DSA-1")[name])


def test_the_answer_names_the_agreement_and_nobody_can_confirm(giver: Party, case: Path) -> None:
    by_hand(giver, HAND_WRITTEN.replace("DSA-1", "DSA-2"))
    confirmed = ("--confirm", "agreement-unknown", "--approved-by", "A9")
    for more in ((), confirmed):
        checked = giver("consent", "check", case, "--to", "B7", "--for", "un-reporting", *more, "--json")
        assert checked.exit_code == ExitCode.REFUSED
        assert checked.document["items"][0]["reasons"] == [
            {
                "reason": "agreement-unknown",
                "message": "the agreement DSA-1 is not in your list of agreements",
                "confirm": None,
                "agreement": "DSA-1",
            }
        ]
    pack = exits(case, "B7", "un-reporting", "x")["pack"]
    assert giver(*pack, *confirmed).exit_code == ExitCode.REFUSED


def test_a_handover_against_an_agreement_stands_on_record(giver: Party, case: Path) -> None:
    """As with a withdrawal: an archive may have to go as a whole, and a record must be able to say so."""
    by_hand(giver)
    transfer = exits(case, "C8", "un-reporting", "order 12")["transfer"]
    assert "[confirm agreement-other-party]" in giver(*transfer).stderr
    giver.ok(*transfer, "--confirm", "agreement-other-party", "--reason", "order 12 of the court")
    entry = giver.ok("log", case, "--json").document["entries"][-1]
    assert entry["details"]["confirmed"] == ["agreement-other-party"]


def test_what_an_agreement_narrows_goes_to_the_recipient_and_the_list_does_not(giver: Party, case: Path) -> None:
    """The cover sheet has its duties; no other line of the list, and no other agreement, is in the bundle."""
    secret = ("parties = [", "planted-party", "BETWEEN-OTHERS", "evtool-agreements")
    text = HAND_WRITTEN.replace("purposes = [", 'at_end = "return"\nends = 2100-01-01\npurposes = [', 1)
    others = '[agreement.BETWEEN-OTHERS]\nparties = ["planted-party", "x"]\nsigned = 2026-01-01\npurposes = []\n'
    by_hand(giver, f"{text}{others}")
    pack = exits(case, "B7", "un-reporting", "DSA-1")["pack"]
    packed = giver.ok(*pack, "--json")
    assert "the agreement DSA-1 ends on 2100-01-01: give it back by then" in packed.document["duties"]
    with ZipFile(giver.run.directory / str(pack[-1])) as bundle:
        whole = b"".join(map(bundle.read, bundle.namelist())).decode("utf-8", "replace")
    assert "DSA-1" in whole
    assert not [text for text in secret if text in whole]
    assert giver.ok("verify", str(pack[-1])).exit_code == ExitCode.OK


def test_a_list_that_cannot_be_used_lets_nothing_go(giver: Party, case: Path) -> None:
    """Changed by others, spoilt, or not to be read: 4, and never as if there were none."""
    for spoil in ("others", "text", "gone"):
        by_hand(giver)
        if spoil == "others":
            file_of(giver).chmod(0o666)
        elif spoil == "text":
            file_of(giver).write_text("agreement = 1")
        else:
            file_of(giver).unlink()
            file_of(giver).symlink_to("gone")
        for name, command in exits(case, "B7", "un-reporting", "DSA-1").items():
            result = giver(*command)
            assert result.exit_code == ExitCode.NOT_CHECKED, name
            assert "internal error" not in result.stderr
        file_of(giver).unlink()


def test_the_list_is_private_and_says_what_was_given(giver: Party) -> None:
    (giver.run.directory / "paper.pdf").write_bytes(b"signed")
    giver.ok("agreement", "add", "MOU-7", "--party", "museum", "--party", "ngo-3", "--signed", "2026-05-02",
             "--starts", "2026-06-01", "--ends", "2031-05-02", "--review", "2028-05-02", "--purpose", "research",
             "--purpose", "truth-memory", "--onward", "no", "--defence", "ask",
             "--condition", "redact-identity,region:kr",
             "--coordination", "files", "--breach-notice-hours", "72", "--at-end", "destroy",
             "--document", "paper.pdf")  # fmt: skip
    assert stat.S_IMODE(file_of(giver).stat().st_mode) == 0o600
    document = giver.ok("agreement", "show", "MOU-7", "--json").document
    assert document["agreements"] == [
        {
            "number": "MOU-7",
            "parties": ["museum", "ngo-3"],
            "signed": "2026-05-02",
            "starts": "2026-06-01",
            "ends": "2031-05-02",
            "review": "2028-05-02",
            "purposes": ["research", "truth-memory"],
            "onward": "no",
            "defence": "ask",
            "conditions": ["redact-identity", "region:KR"],
            "coordination": "files",
            "breach_notice_hours": 72,
            "at_end": "destroy",
            "document": f"sha256:{sha256(b'signed').hexdigest()}",
        }
    ]
    assert giver.ok("agreement", "list", "--json").document == document
    again = giver("agreement", "add", "MOU-7", "--party", "a", "--party", "b", "--signed", "2026-05-02",
                  "--purpose", "none")  # fmt: skip
    assert (again.exit_code, "MOU-7 --change" in again.stderr) == (ExitCode.USAGE, True)
    giver.ok("agreement", "add", "MOU-7", "--change", "--ends", "2033-05-02", "--condition", "none")
    (changed,) = giver.ok("agreement", "show", "MOU-7", "--json").document["agreements"]
    assert changed == document["agreements"][0] | {"ends": "2033-05-02", "conditions": []}


def test_a_list_written_by_hand_keeps_its_comments(giver: Party) -> None:
    text = by_hand(giver)
    new = ("--party", "ngo-3", "--party", "C8", "--signed", "2026-05-02", "--purpose", "none")
    told = giver.ok("agreement", "add", "NEW", *new).stderr
    assert "`evtool recipient add C8 --change --agreement DSA-1 --agreement NEW`" in told
    assert file_of(giver).read_text().startswith(text)
    giver.ok("agreement", "remove", "NEW")
    assert file_of(giver).read_text() == text
    refused = giver("agreement", "add", "DSA-1", "--change", "--onward", "no")
    assert (refused.exit_code, "comments among the lines about DSA-1" in refused.stderr) == (4, True)
    assert file_of(giver).read_text() == text
    giver.ok("agreement", "add", "협약 3호", "--change", "--onward", "no")
    assert file_of(giver).read_text().startswith(text.partition("[agreement.'협약")[0])
    assert file_of(giver).read_text().endswith("# the end\n")
    giver.ok("agreement", "remove", "협약 3호")
    giver.ok("agreement", "remove", "DSA-1")
    assert "no item goes under any agreement" in giver.ok("agreement", "list").stderr


WRONG = [
    (["add", "X", "--party", "a", "--party", "b"], "with --party, --signed and --purpose"),
    (["add", "X", "--party", "a", "--signed", "2026-01-01", "--purpose", "none"], "fewer than two parties"),
    (["add", "X", "--signed", "1/3/2026"], "could be two days"),
    (["add", "X", "--party", "Kim Chul-soo"], "is not a code"),
    (["add", "X", "--condition", "no-pity"], "is not accepted for conditions"),
    (["show", "dsa-1"], "did you mean DSA-1?"),
    (["remove", "x"], "x is not in your list of agreements"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_a_mistake_is_answered_with_what_to_type(giver: Party, arguments: list[str], said: str) -> None:
    text = by_hand(giver)
    result = giver("agreement", *arguments)
    assert (result.exit_code in (ExitCode.USAGE, ExitCode.NOT_CHECKED), result.stdout) == (True, "")
    assert said in result.stderr
    assert file_of(giver).read_text() == text


COMPLETED = [
    ("evtool agreement show D", {"DSA-1"}),
    ("evtool agreement remove ", {"DSA-1"}),
    ("evtool recipient add B7 --agreement D", {"DSA-1"}),
    ("evtool consent set case --agreement D", {"DSA-1"}),
    ("evtool consent check case --authority D", {"DSA-1"}),
    ("evtool pack case --authority D", {"DSA-1"}),
    ("evtool transfer case --authority D", {"DSA-1"}),
    ("evtool record case disclosed --authority D", {"DSA-1"}),
    ("evtool agreement add X --party B", {"B7"}),
    ("evtool agreement add X --at-end r", {"return"}),
]


@pytest.mark.parametrize(("typed", "offered"), COMPLETED, ids=[typed for typed, _ in COMPLETED])
def test_a_shell_completes_numbers(giver: Party, typed: str, offered: set[str]) -> None:
    """What a shell could take for more than a word, such as a number with a blank, is not offered."""
    by_hand(giver)
    kind, *words = giver.run(typed, _EVTOOL_COMPLETE="bash").stdout.splitlines()
    assert (kind, {word.strip() for word in words}) == ("words", offered)


LISTS = (
    ("agreement", "list"),
    ("agreement", "show", "DSA-9"),
    ("agreement", "remove", "DSA-9"),
    ("recipient", "list"),
    ("recipient", "show", "B7"),
)


def test_the_lists_of_the_user_are_shown_in_korean(giver: Party) -> None:
    """No word of English but codes and commands: what was added, one line of each, all of one, what was taken off."""
    reader = replace(giver, run=replace(giver.run, environment=giver.run.environment | {"EVTOOL_LANG": "ko"}))
    added = reader.ok("agreement", "add", "DSA-9", "--party", "B7", "--party", "ngo-3", "--signed", "2026-04-01",
                      "--purpose", "research", "--ends", "2031-04-01", "--breach-notice-hours", "24")  # fmt: skip
    assert "저장한 곳: " in added.stderr
    assert "`evtool recipient add B7 --change" in added.stderr
    said = [added.stdout, *(reader.ok(*arguments).stdout for arguments in LISTS)]
    english = re.compile(r"\b(from|without|ends on|not|known|none|within|signed|purposes|It said|key|kinds)\b")
    assert [found for text in said if (found := english.search(text))] == []
    assert "2026-04-01부터 2031-04-01 전날까지" in said[1]
    assert "24시간 안" in said[2]
