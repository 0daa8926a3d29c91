"""Help topics: what they look like, that both languages have the same commands, and that each command does as it says.

A topic is a story (`topic_story.py`): its commands are run in order, and what it quotes is what they print.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bagit  # type: ignore[import-untyped]  # it has no annotations
import pyrage  # type: ignore[import-untyped]  # it has no annotations
import pytest

from evtool.cli.topics import TOPICS, render, title_of
from evtool.cli.topics.pages import OTHER_WORDS
from evtool.report.columns import columns_of
from tests.cli.custody import Party, copy_of
from tests.cli.test_keys_story import DEFAULTS as TERMS
from tests.cli.test_terminal import on_a_terminal
from tests.cli.topic_story import TOPICS as FOLDER
from tests.cli.topic_story import Step, Story, find_unsaid, read_steps, steps_of
from tests.conftest import Runner, make_runner
from tests.timestamp.openssl_authority import AuthorityServer, OpensslAuthority
from tests.timestamp.servers import closed_port

LANGUAGES = ("en", "ko")
MOST_LINES = 120
PAGES = [(topic, language) for topic in TOPICS for language in LANGUAGES]


def page_of(topic: str, language: str) -> str:
    return (FOLDER / language / f"{topic}.md").read_text("utf-8")


@pytest.mark.parametrize(("topic", "language"), PAGES)
def test_a_topic_is_a_page_for_a_terminal_and_for_the_repository(topic: str, language: str) -> None:
    """120 lines at most, as written and as shown; 80 columns; a title; no kind of paragraph that is not set."""
    page = page_of(topic, language)
    assert page.startswith("# ")
    assert columns_of(title_of(page)) <= 80 - 25, "it stands in the list of topics"
    assert len(page.splitlines()) <= MOST_LINES
    assert [line for line in page.splitlines() if columns_of(line) > 80 and not line.startswith("| ")] == []
    for styled in (False, True):
        shown = re.sub("\x1b\\[[01]m", "", render(page, 80, styled=styled))
        assert [line for line in shown.splitlines() if columns_of(line) > 80] == []
        # Every word is there, once, in its order.
        plain = re.sub(r"^#+ |^```\w*$|^\|[-| ]+\|$|^\||\|$| \| ", " ", page, flags=re.MULTILINE)
        assert shown.split() == plain.split()
    assert "\x1b" not in render(page, 80, styled=False)
    assert not re.search(
        r"\*\*|\]\(|^#{3}|^>|<\w|^ {4,}\S", re.sub("```.*?```", "", page, flags=re.DOTALL), re.MULTILINE
    )


def test_every_topic_is_there_in_every_language() -> None:
    for language in LANGUAGES:
        assert sorted(path.stem for path in (FOLDER / language).glob("*")) == sorted(TOPICS)
    assert set(OTHER_WORDS.values()) <= set(TOPICS)
    assert not set(OTHER_WORDS) & set(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_the_languages_have_the_same_commands(topic: str) -> None:
    """The stories below are run once; whoever reads the other language types the same."""
    english, korean = (steps_of(page_of(topic, language)) for language in LANGUAGES)
    assert english
    assert [step.command for step in korean] == [step.command for step in english]
    headings = [len(re.findall("^## ", page_of(topic, language), re.MULTILINE)) for language in LANGUAGES]
    assert len(set(headings)) == 1


def make_interview(run: Runner) -> Path:
    """A folder with Korean names, a name that looks like markup, and a photograph."""
    folder = run.directory / "interview-0042"
    (folder / "사진").mkdir(parents=True)
    (folder / "녹취록.txt").write_text("증언 내용\n", "utf-8")
    (folder / "진술서.txt").write_text("x" * 465)
    (folder / "사진" / "강가 05.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(151))
    (folder / "사진" / "[bold]마을.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(152))
    return folder


def test_first_hour(evtool: Runner) -> None:
    make_interview(evtool)
    story = Story(evtool)
    carry_stick(story)
    story.tell(read_steps("first-hour"), ("evtool verify interview-0042", 1))


def carry_stick(story: Story) -> str:
    """Give somebody a medium for backups, which are locked; what a terminal asks for comes from files.

    The answer is the option for the passphrase that a key has after it was changed.
    """
    folder = story.run.home.with_name("stick")
    folder.mkdir()
    files = {}
    for name in ("first", "second"):
        file = folder.with_name(f"{name}-passphrase")
        file.write_text(f"four words that fit {name}\n")
        file.chmod(0o600)
        files[name] = str(file)
    story.stands_for = {**story.stands_for, "/media/stick": str(folder)}
    own, new = (f"--key-passphrase-file {file}" for file in files.values())
    story.added = {
        **dict.fromkeys(("evtool key new", "evtool key restore", "evtool seal interview-0042"), own),
        "evtool key passphrase": f"{own} --new-passphrase-file {files['second']}",
    }
    return new


def test_keys(evtool: Runner, tsa: OpensslAuthority) -> None:
    """A1, with a colleague A2 who leaves; what A1 loses is lost twice, as a file and to a thief."""
    story = Story(evtool)
    steps = read_steps("keys")
    places = {step.command: at for at, step in enumerate(steps)}
    passphrase = carry_stick(story)
    for code in ("A2", "A5"):
        assert story.party(code)("key", "new", code, "--no-passphrase").exit_code == 0
        shutil.copy(story.party(code).home / "keys" / f"{code}.pub", evtool.directory)
    first = places["evtool record case-12 admitted --code A2 --public-key A2.pub"]
    story.tell(steps[:first])
    # Unlocking takes a second each time, and nothing below depends on it.
    assert evtool("key", "passphrase", "A1", "--no-passphrase", *passphrase.split()).exit_code == 0
    story.added = dict.fromkeys(("evtool key new", "evtool key change A1 --record"), "--no-passphrase")
    for name in ("case-12", "case-13", "case-14"):
        (evtool.directory / name).mkdir()
        (evtool.directory / name / "a.txt").write_text(name)
        assert evtool("seal", name).exit_code == 0
    lost = places["evtool key retire A1 --keep-trust"]
    story.tell(steps[first:lost])
    admission = places["evtool record case-12 admitted --code A1 --public-key A1-new.pub"]
    story.tell(steps[lost:admission])
    shutil.copy(evtool.home / "keys" / "A1.pub", evtool.directory / "A1-new.pub")
    leaves = places["evtool record case-12 admitted --code A5 --public-key A5.pub --role after"]
    story.tell([steps[admission]])
    tell_of_a_theft(evtool, steps[admission + 1 : leaves])
    with AuthorityServer(tsa) as server:
        story.stands_for = {**story.stands_for, "http://tsa.example/tsr": server.url}
        assert evtool("trust", "tsa", "add", tsa.directory / "root.pem", "--name", "N").exit_code == 0
        story.tell(steps[leaves:])


def tell_of_a_theft(evtool: Runner, steps: list[Step]) -> None:
    """Somebody else with the code A1, who has had no other key before."""
    folder = evtool.directory.parent / "theft"
    folder.mkdir()
    run = make_runner(folder)
    make_case(run)
    assert run("key", "new", "A1", "--no-passphrase").exit_code == 0
    assert run("seal", "case-12").exit_code == 0
    Story(run).tell(steps, ("evtool verify case-12 --require time", 3))


def test_a_false_quotation_is_found() -> None:
    output = "interview-0042: sealed 4 new items (804 bytes) as entry 1\n  note: a\n  note: b\n"
    assert find_unsaid(["interview-0042: sealed 4 new items", "(804 bytes) as entry 1", "..."], output) == []
    assert find_unsaid(["...", "  note: b"], output) == []
    assert find_unsaid(["interview-0042: sealed 4 new items (804 bytes) as entry 1", "note: b"], output) != []
    assert find_unsaid(["  note: b", "...", "  note: a"], output) == ["note: a"]


def test_commands_are_found_with_who_types_them() -> None:
    page = "```console\nB7$ evtool receive \\\n    case  # a remark\nsaid\n$ ls\n```\n\n    $ no\n"
    assert [(step.who, step.command, step.quoted) for step in steps_of(page)] == [
        ("B7", "evtool receive case", ("said",)),
        ("", "ls", ()),
    ]


def make_case(run: Runner, count: int = 4) -> Path:
    folder = run.directory / "case-12"
    folder.mkdir()
    for number in range(1, count + 1):
        (folder / f"증거-{number}.txt").write_text(f"file {number}\n")
    return folder


def test_consent_terms(evtool: Runner) -> None:
    make_case(evtool)
    assert evtool("key", "new", "A1", "--no-passphrase").exit_code == 0
    asked = "evtool consent check case-12 --to ohchr-dprk --for un-reporting"
    Story(evtool).tell(read_steps("consent-terms"), (asked, 5))
    refused = evtool("consent", "check", "case-12", "--items", "2", "--to", "ohchr-dprk", "--for", "un-reporting")
    assert "consent is withdrawn" in refused.stdout
    assert "confirm" not in refused.stdout


def test_handing_over(evtool: Runner) -> None:
    make_case(evtool)
    story = Story(evtool)
    terms = Path(evtool.environment["HOME"]) / "redacted" / "terms.toml"
    terms.parent.mkdir(parents=True)
    terms.write_text(TERMS)
    (terms.parent / "letter.txt").write_text("redacted\n")
    (evtool.directory / "inbox").mkdir()
    for who in ("A1", "B7"):
        assert story.party(who)("key", "new", who, "--no-passphrase").exit_code == 0
    assert story.party("A1")("seal", "case-12", "--defaults", terms).exit_code == 0
    story.tell(read_steps("handing-over"))


def test_time_stamps(evtool: Runner, tsa: OpensslAuthority) -> None:
    make_interview(evtool)
    assert evtool("key", "new", "A1", "--no-passphrase").exit_code == 0
    (evtool.directory / "root.pem").write_bytes(tsa.root_pem)
    steps = read_steps("time-stamps")
    with AuthorityServer(tsa) as server:
        story = Story(evtool, {"http://tsa.example/tsr": server.url})
        story.tell(steps[:-3])
        # The list is published after the stamps.
        (evtool.directory / "tsa.crl").write_bytes(tsa.revocation_list("intermediate", f"{later():%F %T}"))
        story.tell(steps[-3:])
        assert len(server.received) == 4
    # "If the authority does not answer, the seal stands, and the exit code is not 0."
    (evtool.directory / "interview-0042" / "new.txt").write_text("new\n")
    unanswered = evtool("seal", "interview-0042", "--tsa", f"http://127.0.0.1:{closed_port()}", "--json")
    assert unanswered.exit_code != 0
    assert unanswered.document["entry"] is not None


def later() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=2)


def test_scripts(evtool: Runner) -> None:
    make_case(evtool)
    assert evtool("key", "new", "A1", "--no-passphrase").exit_code == 0
    assert evtool("seal", "case-12").exit_code == 0
    secret = Path(evtool.environment["HOME"]) / "secret" / "nightly"
    secret.parent.mkdir(parents=True)
    secret.write_text("four words that fit\n")
    secret.chmod(0o600)
    steps, story = read_steps("scripts"), Story(evtool, added={})
    nightly = next(at for at, step in enumerate(steps) if "nightly" in step.command)
    story.tell(steps[:nightly], ("evtool verify no-such-case --json > failed.json", 4))
    (evtool.directory / "case-12" / "new.txt").write_text("new\n")
    story.tell(steps[nightly:])
    assert evtool("log", "case-12").stdout.count("nightly") == 1


def test_limits(evtool: Runner) -> None:
    case = make_case(evtool)
    (evtool.directory / "terms.toml").write_text(TERMS)
    assert evtool("key", "new", "A1", "--no-passphrase").exit_code == 0
    assert evtool("recipient", "add", "B7", "--kind", "un-body", "--purpose", "un-reporting").exit_code == 0
    head = evtool("seal", "case-12", "--defaults", "terms.toml", "--json").document["head"]
    shutil.copytree(case, evtool.directory / "elsewhere" / "case-12")
    identity = pyrage.x25519.Identity.generate()
    (evtool.directory / "register.key").write_text(f"{identity}\n")
    (evtool.directory / "register.key").chmod(0o600)
    register = 'format = "evtool-register/1"\n[person.S1]\nnames = ["Nobody"]\n'
    (evtool.directory / "register.toml.age").write_bytes(pyrage.encrypt(register.encode(), [identity.to_public()]))
    Story(evtool, {"192b 1dbc b40b ... 6dba": head}).tell(
        read_steps("limits"), ("evtool verify case-12 --require time", 3)
    )


def test_repository(evtool: Runner) -> None:
    """R1 takes in two bundles of A1, who withdraws an item, a bag, a listed folder, and a folder without any list."""
    make_case(evtool)
    (evtool.directory / "terms.toml").write_text(TERMS.replace("B7", "R1"))
    story = Story(evtool)
    sender = story.party("A1")
    for who in ("A1", "R1"):
        assert story.party(who)("key", "new", who, "--no-passphrase").exit_code == 0
    assert sender("seal", "case-12", "--defaults", "terms.toml").exit_code == 0
    assert sender("recipient", "add", "R1", "--kind", "ngo", "--purpose", "un-reporting").exit_code == 0
    to = ("--to", "R1", "--for", "un-reporting", "--authority", "DSA-2026-04", "--plain")
    for number, items in enumerate(("1-2", "3-4"), 1):
        packed = sender("pack", "case-12", "-o", f"bundle-{number}.zip", "--items", items, *to)
        assert packed.exit_code == 0, packed.stderr
    assert sender("consent", "set", "case-12", "--items", "1", "--status", "withdrawn").exit_code == 0
    assert sender("consent", "recall", "case-12", "--items", "1", "--notice", "march.notice").exit_code == 0
    (evtool.directory / "A1.pub").write_bytes((sender.home / "keys" / "A1.pub").read_bytes())
    for name in ("bag-17", "case-9", "case-10"):
        received = evtool.directory / "received" / name
        received.mkdir(parents=True)
        (received / "a.txt").write_text(f"{name}\n")
    bagit.make_bag(str(evtool.directory / "received" / "bag-17"), checksums=["sha256"])
    listed = subprocess.run(["sha256sum", "a.txt"], cwd=received.with_name("case-9"), capture_output=True, check=True)
    (evtool.directory / "SHA256SUMS").write_bytes(listed.stdout)
    story.run = story.party("R1")
    steps = read_steps("repository")
    taken_in = next(at for at, step in enumerate(steps) if step.command.startswith("evtool intake"))
    story.tell(steps[:taken_in])
    policies = {re.search("```toml\n(.*?)```", page_of("repository", language), re.DOTALL) for language in LANGUAGES}
    (policy,) = {found[1] for found in policies if found}
    (evtool.directory / "intake.toml").write_text(policy)
    for bundle in evtool.directory.glob("bundle-*.zip"):
        shutil.move(bundle, evtool.directory / "inbox")
    story.tell(steps[taken_in:])


def test_verify_without_evtool(evtool: Runner, archivist: Party, stamped: Path, tsa: OpensslAuthority) -> None:
    """A record with a stamp of 2025, and a bundle of it; evtool checks nothing in the story, and writes a script."""
    home = Path(evtool.environment["HOME"])
    home.mkdir()
    shutil.copy(archivist.public_key, home / "A1.pub")
    (home / "trusted_keys").write_text(f'A1 namespaces="evtool-custody-v1" {archivist.public_key.read_text()}')
    (home / "roots.pem").write_bytes(tsa.root_pem)
    to = ("--to", "B7", "--for", "un-reporting", "--authority", "DSA-1", "--plain")
    archivist.ok("recipient", "add", "B7", "--kind", "un-body", "--purpose", "un-reporting")
    copy = copy_of(stamped, "copy")
    terms = "--handling named --status given --for un-reporting --share B7 --identity to-recipient --defence yes"
    archivist.ok("consent", "set", copy, "--all-items", *terms.split())
    archivist.ok("pack", copy, "-o", "part", "--items", "1", *to)
    shutil.move(evtool.directory / "part", home / "part")
    stamped.rename(stamped.with_name("interview-0042"))
    steps = read_steps("verify-without-evtool")
    assert [step.command for step in steps if "evtool " in step.command] == ["evtool page --script -o ~/check.py"]
    Story(evtool).tell(steps)


@pytest.mark.release
def test_install(evtool: Runner) -> None:
    """In a copy of the repository, with the packages of this computer's registry, for one Python."""
    home = Path(evtool.environment["HOME"])
    home.mkdir()
    clone = evtool.directory / "evtool"
    shutil.copytree(FOLDER.parents[2], clone, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__"))
    registry = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    variables = {name: value for name, value in evtool.environment.items() if name != "PYTHONPATH"}
    run = replace(evtool, directory=clone, environment=variables | registry | {"PYTHONS": "3.11"})
    Story(run).tell(read_steps("install"))


def test_glossary(evtool: Runner) -> None:
    make_case(evtool)
    assert evtool("key", "new", "A1", "--no-passphrase").exit_code == 0
    assert evtool("seal", "case-12").exit_code == 0
    Story(evtool).tell(read_steps("glossary"))


def test_a_topic_is_printed_in_the_language_of_the_reader(evtool: Runner) -> None:
    """On a pipe without anything that a terminal would obey; also if the hyphens of its name are left out."""
    for language in LANGUAGES:
        for words in (["first-hour"], ["first", "hour"], ["keys"]):
            result = evtool("help", *words, EVTOOL_LANG=language)
            assert (result.exit_code, result.stderr) == (0, "")
            assert result.stdout == render(page_of("-".join(words), language), 80, styled=False)


def test_headings_and_commands_are_bold_on_a_terminal(evtool: Runner) -> None:
    """And nothing else; a narrow one has narrow paragraphs; whoever wants no bold text gets none."""
    page = page_of("keys", "en")
    assert on_a_terminal(evtool, "help", "keys", columns=100) == render(page, 80, styled=True)
    assert on_a_terminal(evtool, "help", "keys", columns=60, NO_COLOR="1") == render(page, 60, styled=False)
    bold = re.findall("\x1b\\[1m(.*?)\x1b\\[0m", render(page, 80, styled=True))
    headings = re.findall("(?m)^#+ (.*)$", page)
    assert [line for line in bold if "$ " not in line and "--role" not in line] == headings
    assert len(bold) == len(headings) + len(steps_of(page)) + 1, "one command goes on in a second line"
