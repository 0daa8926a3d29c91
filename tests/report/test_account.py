"""The account of a verification: what it says, what each audience gets of it, and that it reads back as itself."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from evtool.core.custody.events import Event
from evtool.core.errors import FormatError, InputError, UsageError
from evtool.core.values import replace
from evtool.operations.examine import self_test
from evtool.operations.examine.examine import examine
from evtool.operations.examine.program import digest_code
from evtool.operations.verify.options import VerifyOptions
from evtool.report.account import Account, Audience, ListedItems
from evtool.report.audience import list_only, restrict
from evtool.report.from_json import read_document
from evtool.report.json_value import to_json
from evtool.report.trust_used import TrustKind
from tests.conftest import Runner
from tests.manifests.test_schemas import check

ROOT = Path(__file__).parents[2]

CANARIES = ["canary-reason", "canary-place", "canary-note", "canary-ref", "canary-title", "S-canary", "이름-canary"]
"""What somebody wrote into the record, and a court does not get."""


@pytest.fixture
def collection(evtool: Runner) -> Path:
    """A collection in which every text is a canary."""
    place = evtool.directory / "case-canary"
    place.mkdir()
    (place / "이름-canary.txt").write_text("first")
    (place / "second.txt").write_text("second")
    assert evtool("key", "new", "A1", "--no-passphrase").exit_code == 0
    table = "path,title,source,language,status,note,ref\n"
    table += "이름-canary.txt,canary-title,S-canary,ko,given,canary-note,canary-ref\n"
    (evtool.directory / "items.csv").write_text(table)
    done = evtool("seal", place, "--table", "items.csv", "--reason", "canary-reason")
    assert done.exit_code == 0, done.stderr
    done = evtool("record", place, "accessed", "--reason", "canary-reason", "--place", "canary-place")
    assert done.exit_code == 0, done.stderr
    return place


def account_of(evtool: Runner, place: Path, *options: str) -> Account:
    run = evtool("report", place, "--json", *options)
    assert run.exit_code == 0, run.stderr
    return read_document(Account, run.stdout.encode(), "account")


def test_a_court_gets_no_name_and_no_text(evtool: Runner, collection: Path) -> None:
    """The same run for the custodian has each of them, so that their absence means something."""
    whole = evtool("report", collection, "--json", "--audience", "custodian").stdout
    check("account", json.loads(whole))
    for canary in CANARIES:
        assert canary in whole
    court = evtool("report", collection, "--json", "--audience", "court").stdout
    check("account", json.loads(court))
    for canary in [*CANARIES, "case-canary", "canary", str(evtool.home), "root"]:
        assert canary not in court.replace('"root"', ""), canary
    hidden = json.loads(court)["hidden"]
    assert hidden["names"] == 2
    assert hidden["codes"] == 1
    assert hidden["paths"] == 1


@pytest.mark.parametrize(("purpose", "is_kept"), [("un-reporting", True), ("trial of canary-person", False)])
def test_the_purpose_of_a_disclosure_is_told_as_a_code_only(
    evtool: Runner, collection: Path, purpose: str, is_kept: bool
) -> None:
    """A handover that was recorded by hand can say in words what it was for, and words can name somebody."""
    whole = account_of(evtool, collection, "--audience", "custodian")
    details: dict[str, str | int | bool | list[str]] = {"recipient": "C7", "authority": "order 12", "purpose": purpose}
    entry = replace(whole.log[-1], event=Event.DISCLOSED, details=details)
    for audience in (Audience.RECIPIENT, Audience.COURT):
        told = restrict(replace(whole, log=(entry,)), audience).log[0].details
        assert told == {"recipient": "C7"} | ({"purpose": purpose} if is_kept else {})


def test_names_stay_for_a_court_that_asks_for_them(evtool: Runner, collection: Path) -> None:
    account = account_of(evtool, collection, "--audience", "court", "--with-names")
    assert sorted(str(item.name) for item in account.items) == ["second.txt", "이름-canary.txt"]
    assert all(entry.reason is None for entry in account.log)


def test_an_account_reads_back_as_itself(evtool: Runner, collection: Path) -> None:
    for audience in Audience:
        run = evtool("report", collection, "--json", "--audience", audience.value)
        account = read_document(Account, run.stdout.encode(), "account")
        assert to_json(account) == run.document
        with pytest.raises(FormatError):
            read_document(Account, json.dumps(run.document | {"more": 1}).encode(), "account")


def test_what_was_left_out_cannot_be_asked_for(evtool: Runner, collection: Path) -> None:
    """Stricter is always possible and is the same as asking for it at once; looser never is."""
    whole = account_of(evtool, collection, "--audience", "custodian")
    recipient = restrict(whole, Audience.RECIPIENT)
    court = restrict(whole, Audience.COURT)
    assert restrict(recipient, Audience.COURT).items == court.items
    assert restrict(court, Audience.COURT) == court
    with pytest.raises(UsageError):
        restrict(court, Audience.RECIPIENT)
    with pytest.raises(UsageError):
        restrict(court, Audience.COURT, with_names=True)
    none = list_only(whole, ListedItems.NONE)
    assert none.items == ()
    with pytest.raises(UsageError):
        list_only(none, ListedItems.ALL)


def test_a_mismatch_names_its_item_by_number(evtool: Runner, collection: Path) -> None:
    """The exit code is that of the verification, and the name of an unsealed file is not told to a court."""
    (collection / "second.txt").write_text("other")
    (collection / "extra-canary").write_text("")
    run = evtool("report", collection, "--json", "--audience", "court")
    assert run.exit_code == 1
    assert "canary" not in run.stdout
    findings = {finding["code"]: finding for finding in run.document["report"]["findings"]}
    assert findings["changed"]["item"]
    assert findings["changed"]["hidden"] is True
    assert len(findings["changed"]["expected"]) == 64 or findings["changed"]["expected"].isdigit()
    assert findings["extra"]["path"] is None


def test_a_name_that_is_a_number_is_no_number_to_a_court(evtool: Runner, collection: Path) -> None:
    """Files are named after a date of birth, or a case: what a file is called now is not told either."""
    (collection / "second.txt").rename(collection / "19901224")
    run = evtool("report", collection, "--json", "--audience", "court")
    assert run.exit_code == 1
    (renamed,) = [finding for finding in run.document["report"]["findings"] if finding["code"] == "renamed"]
    assert (renamed["found"], renamed["hidden"]) == (None, True)
    assert "19901224" not in run.stdout


def test_a_court_reads_no_name_that_a_file_has_now(evtool: Runner, collection: Path) -> None:
    """A computer spelled the name of a file in another Unicode form: the note about it names the file twice."""
    (collection / "이름-canary.txt").rename(collection / unicodedata.normalize("NFD", "이름-canary.txt"))
    for audience in ("custodian", "court"):
        run = evtool("report", collection, "--json", "--audience", audience)
        assert run.exit_code == 0
        assert "name-form" in {finding["code"] for finding in run.document["report"]["findings"]}
        assert ("canary" in run.stdout) == (audience == "custodian")


def test_a_failing_self_test_ends_the_run(monkeypatch: pytest.MonkeyPatch, evtool: Runner, collection: Path) -> None:
    """Each primitive in turn gives a wrong answer: then nothing is said about the evidence at all."""
    assert all(test() for test in self_test.TESTS.values())
    for name in self_test.TESTS:
        with monkeypatch.context() as patch:
            patch.setitem(self_test.TESTS, name, lambda: False)
            with pytest.raises(InputError, match="self-test failed") as caught:
                examine(str(collection), VerifyOptions(), TrustKind.OWN_LIST, path="x")
            assert caught.value.exit_code == 4


def test_a_record_that_changes_between_its_two_readings_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, collection: Path
) -> None:
    from evtool.operations.examine import examine as module

    manifest = next((collection / "custody").glob("0001-*.jsonl"))

    def change_first(record: object) -> object:
        manifest.write_bytes(manifest.read_bytes().replace(b'"ko"', b'"en"'))
        return tell(record)  # type: ignore[arg-type]

    tell = module._tell_record
    monkeypatch.setattr(module, "_tell_record", change_first)
    with pytest.raises(InputError, match="changed while it was read"):
        examine(str(collection), VerifyOptions(), TrustKind.OWN_LIST, path="x")


def test_the_code_digest_is_what_the_shell_computes(tmp_path: Path) -> None:
    (tmp_path / "b" / "__pycache__").mkdir(parents=True)
    for name in ("a.py", "b/c.py", "b/가.toml", "b/__pycache__/x.pyc", "b-1.py"):
        (tmp_path / name).write_text(name)
    command = "find . -name __pycache__ -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    run = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert digest_code(tmp_path).sha256 == run.stdout.split()[0]
    assert command.removesuffix(" | sha256sum") in (ROOT / "manifests" / "FORMAT-report.md").read_text()
    assert digest_code(tmp_path).files == 4


def test_verify_imports_nothing_of_it() -> None:
    code = "import evtool.cli.commands.verify, sys; print([m for m in sys.modules if 'examine' in m or 'account' in m])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['evtool.core.verdict.accounts']"


def test_other_audiences_do_not_share_state(evtool: Runner, collection: Path) -> None:
    whole = account_of(evtool, collection, "--audience", "custodian")
    restrict(whole, Audience.COURT)
    assert any(entry.reason == "canary-reason" for entry in whole.log)
