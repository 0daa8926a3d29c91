"""Recipients by command: nobody needs a file written by hand before evidence can go to somebody."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from evtool.core.errors import ExitCode
from evtool.keys.recipients import load_recipients
from tests.cli.custody import Party, make_case, make_party
from tests.conftest import Runner, RunResult

AGE_KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
SECRET = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
HAND_WRITTEN = f"""# Whom we work with. Ask A3 before you change anything here.
format = "evtool-recipients/1"

[recipient.court-a]   # the agreement is in the red folder
kinds = ["court"]
purposes = [
  "accountability-national",   # nothing else
]

# Only by telephone.
[recipient.'n.7']
kinds = ["ngo"]
purposes = ["research"]
keys = ["{AGE_KEY}"]
# the end
"""


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    return make_party(evtool, "A1")


def file_of(party: Party) -> Path:
    return party.run.home / "recipients.toml"


def by_hand(party: Party, text: str = HAND_WRITTEN) -> str:
    file_of(party).write_text(text)
    file_of(party).chmod(0o600)
    return text


def test_two_files_to_somebody_by_commands_alone(archivist: Party) -> None:
    """The first attempt fails with the command to type; typed as it stands, with the words it asks for, it works."""
    case = make_case(archivist.run)
    archivist.ok("seal", case)
    terms = ["--handling", "named", "--share", "court-a", "--status", "given", "--by", "subject"]
    archivist.ok("consent", "set", case, "--items", "1-2", *terms, "--for", "research", "--identity", "to-recipient")
    pack: list[str | Path] = ["pack", case, "-o", "two.zip", "--items", "1-2", "--to", "court-a", "--for", "research"]
    pack += ["--authority", "DSA-1"]
    first = archivist(*pack)
    assert (first.exit_code, first.stdout) == (ExitCode.USAGE, "")
    command = "evtool recipient add court-a --kind KIND --purpose PURPOSE"
    assert f"`{command}` adds it to recipients.toml in EVTOOL_HOME" in first.stderr
    assert str(archivist.run.home) not in first.stderr
    words = command.replace("KIND", "court").replace("PURPOSE", "research").split()[1:]
    archivist.ok(*words)
    archivist.ok(*pack)
    assert archivist("verify", "two.zip").exit_code == ExitCode.OK


def test_the_list_is_private_and_says_what_was_given(archivist: Party) -> None:
    key = archivist.public_key
    archivist.ok("recipient", "add", "B7", "--kind", "court", "--kind", "un-body", "--purpose", "research,sanctions",
                 "--agreement", "DSA-1", "--organisation", "UN", "--region", "kr", "--death-penalty", "no",
                 "--key", AGE_KEY, "--signing-key", key)  # fmt: skip
    assert stat.S_IMODE(file_of(archivist).stat().st_mode) == 0o600
    document = archivist.ok("recipient", "show", "B7", "--json").document
    fingerprint = archivist.ok("key", "show", "A1", "--json").document["keys"][0]["fingerprint"]
    assert document["recipients"] == [
        {
            "code": "B7",
            "organisation": "UN",
            "kinds": ["court", "un-body"],
            "purposes": ["research", "sanctions"],
            "agreements": ["DSA-1"],
            "region": "KR",
            "death_penalty": False,
            "keys": [AGE_KEY],
            "signing_keys": [fingerprint],
        }
    ]
    assert archivist.ok("recipient", "list", "--json").document == document
    assert "research, sanctions" in archivist.ok("recipient", "list").stdout
    again = archivist("recipient", "add", "B7", "--purpose", "research")
    assert (again.exit_code, "--change" in again.stderr) == (ExitCode.USAGE, True)
    archivist.ok("recipient", "add", "B7", "--change", "--region", "CH")
    changed = archivist.ok("recipient", "show", "B7", "--json").document["recipients"]
    assert changed == [document["recipients"][0] | {"region": "CH"}]


def test_a_list_written_by_hand_keeps_its_comments(archivist: Party) -> None:
    """What was there is still there byte for byte; what is removed takes its own lines along, and no others."""
    text = by_hand(archivist)
    archivist.ok("recipient", "add", "B7", "--purpose", "none")
    assert file_of(archivist).read_text().startswith(text)
    assert set(load_recipients(home=archivist.run.home).by_code) == {"court-a", "n.7", "B7"}
    archivist.ok("recipient", "remove", "B7")
    assert file_of(archivist).read_text() == text
    removed = archivist.ok("recipient", "remove", "court-a").stdout
    assert "accountability-national" in removed, "what was removed is printed, so that it can be added again"
    left = file_of(archivist).read_text()
    assert "# Only by telephone.\n[recipient.'n.7']\n" in left
    assert left.startswith("# Whom we work with. Ask A3 before you change anything here.\n")
    assert left.endswith("# the end\n")
    assert "court" not in left


def test_comments_that_a_change_would_lose_stop_it(archivist: Party) -> None:
    text = by_hand(archivist)
    refused = archivist("recipient", "add", "court-a", "--change", "--region", "KR")
    assert refused.exit_code == ExitCode.NOT_CHECKED
    assert "comments among the lines about court-a, which would be lost" in refused.stderr
    assert file_of(archivist).read_text() == text
    archivist.ok("recipient", "add", "n.7", "--change", "--region", "KR")
    assert file_of(archivist).read_text().startswith(text.partition("[recipient.'n.7']")[0])


@pytest.mark.parametrize(
    "text",
    [
        'format = "evtool-recipients/1"\nrecipient = {a = {kinds = [], purposes = []}}\n',
        'format = "evtool-recipients/1"\nrecipient.a.kinds = []\nrecipient.a.purposes = []\n',
        'format = "evtool-recipients/1"\n[recipient.a]\nkinds = []\npurposes = []\n'
        'agreements = ["""\n[recipient.b]\n"""]\n',
    ],
)
def test_a_form_that_cannot_be_edited_is_left_alone(archivist: Party, text: str) -> None:
    by_hand(archivist, text)
    refused = archivist("recipient", "remove", "a")
    assert refused.exit_code == ExitCode.NOT_CHECKED
    assert "by hand" in refused.stderr
    assert file_of(archivist).read_text() == text


def test_a_list_that_others_can_change_is_not_touched(archivist: Party) -> None:
    text = by_hand(archivist)
    file_of(archivist).chmod(0o666)
    refused = archivist("recipient", "add", "B7", "--purpose", "research")
    assert (refused.exit_code, "can be changed by other users" in refused.stderr) == (ExitCode.NOT_CHECKED, True)
    assert file_of(archivist).read_text() == text


WRONG = [
    (["add", "B7"], "with --purpose: accountability-intl, "),
    (["add", "B7", "--purpose", "reserch"], "reserch is not accepted as a purpose; did you mean research? accepted: "),
    (["add", "B7", "--purpose", "research", "--kind", "cort"], "did you mean court? accepted: court, "),
    (["add", "B7", "--purpose", "research", "--region", "Korea"], "two letters of ISO 3166-1, like KR"),
    (["add", "Kim Chul-soo", "--purpose", "research"], "is not a code"),
    (["add", "B7", "--kind", "court"], "research, advocacy, or a custom code x-...\n"),
    (["show", "court-b"], "did you mean court-a? if not, `evtool recipient add court-b --kind KIND"),
    (["remove", "x"], "x is not in your list of recipients (court-a, n.7)"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_a_mistake_is_answered_with_what_to_type(archivist: Party, arguments: list[str], said: str) -> None:
    text = by_hand(archivist)
    result = archivist("recipient", *arguments)
    assert (result.exit_code, result.stdout) == (ExitCode.USAGE, "")
    assert said in result.stderr
    assert file_of(archivist).read_text() == text


def test_a_secret_key_is_refused_and_not_repeated(archivist: Party) -> None:
    result = archivist("recipient", "add", "B7", "--purpose", "research", "--key", SECRET, "--json")
    assert result.exit_code == ExitCode.NOT_CHECKED
    assert "secret key" in result.stderr
    assert SECRET[:30] not in result.stdout + result.stderr
    assert not file_of(archivist).exists()


def test_a_transfer_to_nobody_known_says_how_to_describe_them(archivist: Party) -> None:
    case = make_case(archivist.run)
    archivist.ok("seal", case)
    refused = archivist("transfer", case, "--to", "B9", "--authority", "order 12", "--purpose", "research")
    assert refused.exit_code == ExitCode.REFUSED
    assert "B9 is not in your list of recipients: `evtool recipient add B9 --kind KIND" in refused.stderr


COMPLETED = [
    ("evtool pack case --to ", {"court-a", "n.7"}),
    ("evtool transfer case --to n", {"n.7"}),
    ("evtool recipient show c", {"court-a"}),
    ("evtool consent check case --for re", {"research"}),
    ("evtool consent set case --for research,un", {"research,un-reporting"}),
    ("evtool consent set case --share court-a,n", {"court-a,n.7"}),
    ("evtool consent set case --status with", {"withdrawn"}),
    ("evtool recipient add B7 --kind c", {"court"}),
    ("evtool recipient add B7 --purpose adv", {"advocacy"}),
    ("evtool seal case --agent ", {"A1"}),
]


@pytest.mark.parametrize(("typed", "offered"), COMPLETED, ids=[typed for typed, _ in COMPLETED])
def test_a_shell_completes_codes_and_purposes(archivist: Party, typed: str, offered: set[str]) -> None:
    by_hand(archivist)

    def ask() -> RunResult:
        return archivist.run(typed, _EVTOOL_COMPLETE="bash")

    kind, *words = ask().stdout.splitlines()
    assert (kind, {word.strip() for word in words}) == ("words", offered)
    file_of(archivist).write_text("no TOML")
    assert ask().stderr == "", "a list that cannot be read is no message at a TAB"
