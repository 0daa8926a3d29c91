"""Stories of consent: sealed with each item out of a spreadsheet, enforced, withdrawn, recalled, attacked."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.cli.custody import Party, copy_of, make_party
from tests.conftest import Runner, RunResult

RECIPIENTS = """
format = "evtool-recipients/1"

[recipient.B7]
organisation = "ohchr"
kinds = ["un-body"]
purposes = ["un-reporting", "accountability-intl"]
agreements = ["DSA-2026-04"]
region = "CH"
death_penalty = false

[recipient.web]
kinds = ["public"]
purposes = ["advocacy"]
"""

ORDINARY = {
    "handling": "named",
    "status": "given",
    "by": "subject",
    "for": "un-reporting;accountability-intl",
    "share": "B7",
    "identity": "to-recipient",
    "onward": "ask",
    "defence": "ask",
}


@pytest.fixture
def giver(evtool: Runner) -> Party:
    """Agent A1, who seals, and who has described the recipients."""
    party = make_party(evtool, "A1")
    describe_recipients(party)
    return party


@pytest.fixture
def receiver(evtool: Runner, giver: Party) -> Party:
    """Agent B7, who trusts A1."""
    party = make_party(evtool, "B7")
    describe_recipients(party)
    party.trusts(giver)
    return party


def describe_recipients(party: Party) -> None:
    file = party.run.home / "recipients.toml"
    file.write_text(RECIPIENTS, encoding="utf-8")
    file.chmod(0o600)


def make_archive(evtool: Runner) -> Path:
    """Thirty files, in Korean and English."""
    case = evtool.directory / "case"
    for number in range(1, 31):
        folder = case / ("인터뷰" if number % 2 else "imagery")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"자료-{number:02d}.txt").write_text(f"content {number}\n", encoding="utf-8")
    return case


def fill_in(template: str, values: dict[str, dict[str, str]], **everywhere: str) -> bytes:
    """Fill a template in as a spreadsheet would: every row alike, but for what `values` says of a path."""
    rows = list(csv.DictReader(io.StringIO(template.removeprefix("\ufeff"), newline="")))
    assert rows, "the template lists the items"
    for row in rows:
        row.update({**everywhere, **values.get(row["path"], {})})
    return write_rows(rows)


def write_rows(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def numbers_of(party: Party, case: Path) -> dict[str, int]:
    """Stored name -> number of the item."""
    items = party.ok("show", case, "--json").document["items"]
    return {item["path"]: item["item"] for item in items}


def seal_with(party: Party, case: Path, table: bytes, *arguments: str) -> RunResult:
    file = party.run.directory / "items.csv"
    file.write_bytes(table)
    return party("seal", case, "--table", file, *arguments)


def seal_archive(giver: Party, case: Path) -> dict[str, int]:
    """Seal the archive: ordinary consent, one refusal, one item without any, imagery that needs none."""
    template = giver.ok("items", case).stdout
    special = {
        "인터뷰/자료-01.txt": {"title": "면담 녹취록", "status": "refused", "handling": "closed", "share": ""},
        "인터뷰/자료-03.txt": dict.fromkeys(ORDINARY, "") | {"title": "아직 묻지 않음"},
        "imagery/자료-02.txt": {"title": "Satellite picture", "status": "not-required", "basis": "published", "by": ""},
        "imagery/자료-04.txt": {"conditions": "notify-before-use;redact-location"},
    }
    result = seal_with(giver, case, fill_in(template, special, language="ko", **ORDINARY))
    assert result.exit_code == 0, result.stderr
    return numbers_of(giver, case)


def decisions(result: RunResult) -> dict[int, list[str]]:
    return {item["item"]: [reason["reason"] for reason in item["reasons"]] for item in result.document["items"]}


TO_B7 = ("--to", "B7", "--for", "un-reporting", "--date", "2026-06-01")


def test_the_whole_story(evtool: Runner, giver: Party, receiver: Party) -> None:
    """Thirty rows, handed over, received in part, answered; one consent is withdrawn, and whoever has it is known."""
    case = make_archive(evtool)
    number = seal_archive(giver, case)
    assert len(number) == 30

    to = ("--to", "B7", "--authority", "DSA-2026-04")
    whole = giver("transfer", case, *to, "--purpose", "un-reporting")
    assert whole.exit_code == 5
    assert f"item {number['인터뷰/자료-01.txt']}: consent is refused [confirm status-refused]\n" in whole.stderr
    assert "자료" not in whole.stderr, "items are named by number, not by name"
    assert giver("verify", case).stdout.split("\n")[0].endswith("case: closed. It may not be given to anyone.")
    kept_to = ("--confirm", "notify-before-use", "--confirm", "redact-location", "--approved-by", "A2")
    giver.ok("pack", case, "-o", "bundle", *to, "--for", "un-reporting", *kept_to, "--allowed-only")
    receiver.ok("unpack", "bundle", "-o", "inbox")
    inbox = evtool.directory / "inbox"
    there = receiver.ok("verify", inbox)
    assert there.stdout.startswith("ACCESS TO ")
    assert "inbox: named. It may be given only to the recipients named in its terms." in there.stdout.split("\n")[0]

    (inbox / "imagery" / "자료-06.txt").write_bytes(b"damaged on the way")
    damaged = number["imagery/자료-06.txt"]
    left_out = {damaged, number["인터뷰/자료-01.txt"], number["인터뷰/자료-03.txt"]}
    kept = ",".join(ranges(*({*range(1, 31)} - left_out)))
    assert receiver("receive", inbox, "--receipt", "answer", "--items", kept).exit_code == 1
    giver.trusts(receiver)
    giver.ok("receipt", "add", case, "answer")
    assert giver.ok("compare", case, inbox, "--json").document["only_in_second"] == [[3, "received"]]

    withdrawn = number["인터뷰/자료-05.txt"]
    before = giver("consent", "check", case, *TO_B7, "--json")
    giver.ok(
        "consent", "set", case, "--items", str(withdrawn), "--status", "withdrawn", "--reason", "letter of 3 March"
    )
    after = giver("consent", "check", case, *TO_B7, "--json")

    refused = {number["인터뷰/자료-01.txt"]: ["status-refused", "handling-closed", "recipient-not-named"]}
    refused[number["인터뷰/자료-01.txt"]] = ["status-refused", "handling-closed"]
    refused[number["인터뷰/자료-03.txt"]] = [
        "status-not-stated",
        "handling-not-stated",
        "purpose-not-stated",
        "identity",
    ]
    refused[number["imagery/자료-04.txt"]] = ["condition", "condition"]
    assert before.exit_code == 5
    assert {item: reasons for item, reasons in decisions(before).items() if reasons} == refused
    assert {item: reasons for item, reasons in decisions(after).items() if reasons} == {
        **refused,
        withdrawn: ["status-withdrawn"],
    }
    assert "자료" not in giver("consent", "check", case, *TO_B7).stdout, "items are named by number, not by name"

    recall = giver.ok("consent", "recall", case, "--items", str(withdrawn), "--json").document
    (holding,) = recall["holdings"]
    assert (holding["holder"], holding["items"], holding["answer"]) == ("B7", [str(withdrawn)], "partial")
    assert holding["accepted"] == kept.split(",")
    assert holding["head"] == giver.ok("log", case, "--json").document["entries"][1]["head"]
    blocked = giver.ok("consent", "recall", case, "--json").document["items"]
    assert blocked == ranges(withdrawn, number["인터뷰/자료-01.txt"], number["인터뷰/자료-03.txt"])
    assert giver.ok("verify", case).exit_code == 0


def ranges(*numbers: int) -> list[str]:
    """Spell numbers as entries do."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    return [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in found]


def test_every_cell_is_a_statement_of_its_own(evtool: Runner, giver: Party) -> None:
    case = make_archive(evtool)
    number = seal_archive(giver, case)
    lines = [json.loads(line) for line in (case / "custody" / "0001-sealed.jsonl").read_text("utf-8").splitlines()]
    first = [line for line in lines if line.get("item") == number["인터뷰/자료-01.txt"]]

    kinds = ["content", "file", "metadata", "context", "context", "consent"]
    assert [line["kind"] for line in first] == kinds
    assert {line["field"]: line["value"] for line in first if line["kind"] == "context"} == {
        "language": "ko",
        "title": "면담 녹취록",
    }
    assert first[-1]["handling"] == "closed"
    assert "share" not in first[-1]["consent"]
    assert len({line["salt"] for line in lines}) == len(lines)
    shown = giver.ok("show", case, "--items", "인터뷰/자료-01.txt").stdout
    assert "title: 면담 녹취록" in shown
    assert "status: refused" in shown


def test_the_verdict_says_the_conditions_first_and_carries_them(evtool: Runner, giver: Party) -> None:
    case = make_archive(evtool)
    seal_archive(giver, case)
    report = giver.ok("verify", case, "--json").document["reports"][0]
    assert report["handling"] == "closed"
    assert report["axes"]["consent"] == "not established"
    summary = report["consent_summary"]
    assert (summary["items"], summary["stated"], summary["changed"]) == (30, 29, 0)
    assert summary["handling"] == {"named": 28, "closed": 1, "not-stated": 1}
    assert summary["status"] == {"given": 27, "not-required": 1, "not-stated": 1, "refused": 1}
    assert summary["conditions"] == {"notify-before-use": 1, "redact-location": 1}
    (finding,) = [finding for finding in report["findings"] if finding["code"] == "no-consent"]
    assert (finding["count"], finding["effect"]) == (1, "open")
    assert giver("verify", case, "--require", "consent").exit_code == 3

    giver.ok("consent", "set", case, "--all-items", "--status", "given", "--handling", "named")
    assert (
        giver.ok("verify", case, "--require", "consent", "--json").document["reports"][0]["axes"]["consent"] == "shown"
    )
    text = giver.ok("verify", case).stdout
    assert text.index("notify-before-use (1)") < text.index("VERIFIED")


def test_without_terms_the_first_line_says_so(evtool: Runner, giver: Party) -> None:
    case = make_archive(evtool)
    # Of several paths each has its line, also one that is not sealed, of which there is no access to tell.
    nothing = giver("verify", case, case).stdout.splitlines()
    assert nothing[0].startswith(f"{case}: NOT CHECKED: ")
    assert (nothing[0], "Access: " in nothing[0]) == (nothing[1], False)
    giver.ok("seal", case)
    several = giver.ok("verify", case, case).stdout.splitlines()
    assert [line.rpartition(" Access: ")[2] for line in several[:2]] == ["closed.", "closed."]
    first = giver.ok("verify", case).stdout.splitlines()[0]
    assert first.endswith("case: closed. It may not be given to anyone.")


# Tables that cannot be sealed ---------------------------------------------------------------------------------------


TABLE_ERRORS: dict[str, tuple[str, str]] = {
    "a slip in a code": ("path,status\n인터뷰/자료-01.txt,givn\n", "line 2, column status: givn is not accepted"),
    "a file that is not there": (
        "path,status\n인터뷰/자료-99.txt,given\n",
        "line 2: 인터뷰/자료-99.txt: there is no such item",
    ),
    "a directory": ("path,status\n인터뷰,given\n", "line 2: 인터뷰: there is no such item"),
    "what evtool wrote": ("path,status\ncustody/README.txt,given\n", "there is no such item"),
    "a column twice": ("path,status,status\n인터뷰/자료-01.txt,given,given\n", "column status appears twice"),
    "terms that make no sense": (
        "path,handling,status\nimagery/자료-02.txt,public,withdrawn\n",
        "line 2: handling is public, but status is withdrawn",
    ),
    "an original that is not sealed": (
        "path,derived_from\nimagery/자료-02.txt,1\n",
        "line 2, column derived_from: item 1 is not yet sealed; seal it first",
    ),
    "two rows for one file": (
        "path,status\nimagery/자료-02.txt,given\n" + unicodedata.normalize("NFD", "imagery/자료-02.txt,refused\n"),
        "line 3:",
    ),
}


def test_nothing_is_sealed_from_a_table_with_an_error(evtool: Runner, giver: Party) -> None:
    case = make_archive(evtool)
    for what, (text, message) in TABLE_ERRORS.items():
        result = seal_with(giver, case, text.encode())
        assert (result.exit_code, result.stdout) == (4, ""), what
        assert message in result.stderr, what
        assert not (case / "custody").exists(), what


def test_a_path_in_every_row_is_one_error_in_each(evtool: Runner, giver: Party) -> None:
    """The wrong column was taken for the path: every row says the same. Each is told once, and none as of a form."""
    case = make_archive(evtool)
    result = seal_with(giver, case, b"path,status\n" + 30 * "인터뷰/자료-01.txt,given\n".encode())
    assert result.exit_code == 4
    assert "line 3, column path: the same item as in line 2" in result.stderr
    assert "and 9 more" in result.stderr


def test_a_table_inside_of_the_evidence_is_refused(evtool: Runner, giver: Party) -> None:
    case = make_archive(evtool)
    (case / "items.csv").write_text("path\n")
    result = giver("seal", case, "--table", case / "items.csv")
    assert (result.exit_code, (case / "custody").exists()) == (2, False)


def test_names_in_another_unicode_form_are_found(evtool: Runner, giver: Party) -> None:
    """A table typed on one system, files copied from another: the names are the same, and spelled differently."""
    case = make_archive(evtool)
    path = unicodedata.normalize("NFD", "인터뷰/자료-01.txt")
    assert not (case / path).exists()
    assert seal_with(giver, case, f"path,status\n{path},refused\n".encode()).exit_code == 0
    assert "status: refused" in giver.ok("show", case, "--items", "인터뷰/자료-01.txt").stdout


def test_rows_of_what_is_sealed_already_may_stay_if_they_say_the_same(evtool: Runner, giver: Party) -> None:
    """The spreadsheet grows with the collection."""
    case = make_archive(evtool)
    first = fill_in(giver.ok("items", case).stdout, {}, **ORDINARY)
    assert seal_with(giver, case, first).exit_code == 0
    (case / "새 자료.txt").write_text("new")
    rows = list(csv.DictReader(io.StringIO(first.decode("utf-8-sig"), newline="")))
    rows.append({**rows[0], "path": "새 자료.txt"})

    changed = [{**row, "status": "withdrawn"} if row["path"].endswith("01.txt") else row for row in rows]
    refused = seal_with(giver, case, write_rows(changed))
    assert refused.exit_code == 4
    assert "is already sealed, with other statements; `evtool consent set`" in refused.stderr
    assert not (case / "custody" / "0002-sealed.toml").exists()

    template = giver.ok("items", case, "--no-bom").stdout
    assert [row["path"] for row in csv.DictReader(io.StringIO(template))] == ["새 자료.txt"]
    assert seal_with(giver, case, write_rows(rows)).exit_code == 0
    assert giver.ok("verify", case, "--require", "consent").exit_code == 0


def test_defaults_hold_below_a_directory_and_the_strictest_counts(evtool: Runner, giver: Party) -> None:
    case = make_archive(evtool)
    defaults = evtool.directory / "defaults.toml"
    defaults.write_text(
        'format = "evtool-defaults/1"\n[[directory]]\npath = "."\nhandling = "named"\n'
        'consent = {share = ["B7"], status = "given", for = ["un-reporting"]}\n'
        '[[directory]]\npath = "imagery"\nhandling = "closed"\ncontext = {kind = "satellite-imagery"}\n',
        encoding="utf-8",
    )
    looser = "path,handling,title\nimagery/자료-02.txt,public,Picture\n"
    result = seal_with(giver, case, looser.encode(), "--defaults", str(defaults), "--json")
    assert result.exit_code == 0, result.stderr
    (note,) = result.document["findings"]
    assert (note["code"], "line 2, column handling" in note["message"]) == ("consent-stricter", True)

    items = giver.ok("show", case, "--json").document["items"]
    picture = next(item for item in items if item["path"] == "imagery/자료-02.txt")
    interview = next(item for item in items if item["path"] == "인터뷰/자료-01.txt")
    assert picture["context"] == {"kind": "satellite-imagery", "title": "Picture"}
    assert (picture["consent"]["handling"], interview["consent"]["handling"]) == ("closed", "named")
    assert interview["consent"]["share"] == ["B7"]


def test_defaults_for_a_directory_that_is_not_there_are_an_error(evtool: Runner, giver: Party) -> None:
    """A slip in its name would leave its files under looser terms."""
    case = make_archive(evtool)
    defaults = evtool.directory / "defaults.toml"
    defaults.write_text(
        'format = "evtool-defaults/1"\n[[directory]]\npath = "imagry"\nhandling = "closed"\n', encoding="utf-8"
    )
    result = giver("seal", case, "--defaults", defaults)
    assert (result.exit_code, "there is nothing in the directory imagry" in result.stderr) == (4, True)


def test_a_dry_run_finds_the_same_errors(evtool: Runner, giver: Party) -> None:
    case = make_archive(evtool)
    table = "path,status\n인터뷰/자료-99.txt,given\n".encode()
    assert seal_with(giver, case, table, "--dry-run").exit_code == 4


def test_a_denied_term_in_a_table_is_refused_and_not_repeated(evtool: Runner, giver: Party) -> None:
    case = make_archive(evtool)
    (evtool.directory / "deny.txt").write_text("김철수\n", encoding="utf-8")
    tables = [
        "path,title\n인터뷰/자료-01.txt,김 철 수 면담\n",
        "path,note\n인터뷰/자료-01.txt,김철수\n",
        "path,x-who\n인터뷰/자료-01.txt,김철수\n",
        "path,url\n인터뷰/자료-01.txt,https://example.org/김철수\n",
        "path,title\n김철수.txt,없음\n",
        "path,title\n인터뷰/자료-01.txt,write to someone@example.org\n",
    ]
    for number, table in enumerate(tables):
        text = unicodedata.normalize("NFD" if number % 2 else "NFC", table)
        result = seal_with(giver, case, text.encode(), "--deny-terms", "deny.txt")
        assert result.exit_code == 5, result.stderr
        assert "line 2, column" in result.stderr
        said = unicodedata.normalize("NFC", (result.stdout + result.stderr).replace(" ", ""))
        assert "김철수" not in said
        assert not (case / "custody").exists()


def test_a_denied_term_in_a_change_is_refused(evtool: Runner, giver: Party) -> None:
    case = make_archive(evtool)
    giver.ok("seal", case)
    (evtool.directory / "deny.txt").write_text("김철수\n", encoding="utf-8")
    change = ("consent", "set", case, "--items", "1", "--status", "withdrawn", "--deny-terms", "deny.txt")
    for option in ("--note", "--reason", "--ref"):
        result = giver(*change, option, "김철수")
        assert (result.exit_code, "김철수" in result.stderr) == (5, False)
    assert len(giver.ok("log", case, "--json").document["entries"]) == 1


# Decisions ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(evtool: Runner, giver: Party) -> Path:
    """Two items: one under ordinary terms, one whose identity is withheld."""
    case = evtool.directory / "case"
    case.mkdir()
    (case / "a.txt").write_text("a")
    (case / "b.txt").write_text("b")
    table = fill_in(giver.ok("items", case).stdout, {"b.txt": {"identity": "withheld"}}, **ORDINARY)
    assert seal_with(giver, case, table).exit_code == 0
    return case


def test_a_second_person_can_confirm_and_the_first_cannot(giver: Party, small: Path) -> None:
    check = ("consent", "check", small, *TO_B7, "--confirm", "redact-identity")
    assert giver("consent", "check", small, *TO_B7).exit_code == 5
    assert giver("consent", "check", small, "--items", "1", *TO_B7).exit_code == 0
    assert giver(*check).exit_code == 5
    assert giver(*check, "--approved-by", "A1").exit_code == 5
    assert giver(*check, "--approved-by", "A2").exit_code == 0


def test_purpose_date_and_recipient_are_asked_for(giver: Party, small: Path) -> None:
    assert giver("consent", "check", small, "--items", "1", "--to", "B7", "--for", "research").exit_code == 5
    assert giver("consent", "check", small, "--items", "1", "--to", "web", "--for", "advocacy").exit_code == 5
    assert giver("consent", "check", small, "--items", "1", "--to", "B8", "--for", "un-reporting").exit_code == 2
    assert giver("consent", "check", small, "--items", "9", *TO_B7).exit_code == 2
    giver.ok("consent", "set", small, "--items", "1", "--until", "2026-06-01")
    assert giver("consent", "check", small, "--items", "1", *TO_B7).exit_code == 5
    assert giver("consent", "check", small, "--items", "1", *TO_B7[:-1], "2026-05-31").exit_code == 0


def test_named_without_a_name_says_which_option_names_somebody(evtool: Runner, giver: Party) -> None:
    """Somebody states a handling of `named` alone, and does not understand why the only recipient is refused."""
    case = evtool.directory / "case"
    case.mkdir()
    (case / "a.txt").write_text("a")
    giver.ok("seal", case, "--metadata", "none")
    giver.ok("consent", "set", case, "--all-items", "--handling", "named", "--status", "given", "--for", "un-reporting")
    check = ("consent", "check", case, *TO_B7)
    refused = giver(*check)
    assert refused.exit_code == 5
    assert "item 1: B7 is not named: handling is named, and share (--share) is not stated" in refused.stdout
    giver.ok("consent", "set", case, "--all-items", "--share", "B7", "--identity", "to-recipient")
    assert "named" not in giver.ok(*check).stdout


def test_a_change_that_would_widen_says_that_it_does_not(giver: Party, small: Path) -> None:
    wider = giver.ok(
        "consent", "set", small, "--all-items", "--handling", "public", "--for", "advocacy", "--json"
    ).document
    assert wider["without_effect"] == {"for": 2, "handling": 2}
    shown = giver.ok("consent", "show", small, "--items", "1", "--json").document["items"][0]
    assert shown["stated"]["handling"] == shown["in_force"]["handling"] == "named"
    assert shown["in_force"]["for"] == []
    assert [change["terms"] for change in shown["changes"]] == [{"for": ["advocacy"], "handling": "public"}]


def test_a_change_needs_items_terms_and_sense(giver: Party, small: Path) -> None:
    for arguments in (
        ["--items", "1"],
        ["--status", "given"],
        ["--items", "1", "--all-items", "--status", "given"],
        ["--items", "1", "--status", "gone"],
        ["--items", "1", "--handling", "public", "--status", "withdrawn"],
        ["--items", "1", "--status", "not-required"],
    ):
        assert giver("consent", "set", small, *arguments).exit_code == 2, arguments
    assert giver("consent", "set", small, "--items", "3", "--status", "withdrawn").exit_code == 2
    assert len(giver.ok("log", small, "--json").document["entries"]) == 1


def test_whoever_received_it_may_not_pass_it_on_unasked(giver: Party, receiver: Party, small: Path) -> None:
    redacted = ("--confirm", "redact-identity", "--reason", "redacted at the receiver's, letter 4")
    giver.ok("transfer", small, "--to", "B7", "--authority", "DSA", "--purpose", "un-reporting", *redacted)
    inbox = copy_of(small, "inbox")
    ask = ("consent", "check", inbox, "--items", "1", *TO_B7)

    def reasons(party: Party, *more: str) -> list[str]:
        return decisions(party(*ask, "--json", *more))[1]

    assert reasons(receiver) == ["onward-ask"]
    receiver.ok("receive", inbox, "--receipt", "answer")
    assert reasons(receiver) == ["onward-ask"]
    assert reasons(receiver, "--confirm", "onward-agreed", "--approved-by", "B9") == []
    # The giver still may, on the giver's own copy.
    assert decisions(giver("consent", "check", small, "--items", "1", *TO_B7, "--json"))[1] == []
    assert decisions(giver("consent", "check", small, "--items", "1", *TO_B7, "--onward", "--json"))[1] == [
        "onward-ask"
    ]


def test_terms_by_somebody_who_is_not_trusted_permit_nothing(evtool: Runner, small: Path) -> None:
    stranger = make_party(evtool, "S1")
    describe_recipients(stranger)
    result = stranger("consent", "check", small, "--items", "1", *TO_B7, "--json")
    assert (result.exit_code, decisions(result)[1]) == (5, ["terms-untrusted"])


# Attacks ------------------------------------------------------------------------------------------------------------


def edit_manifest(case: Path, edit: Any) -> None:
    file = case / "custody" / "0001-sealed.jsonl"
    before = file.read_text("utf-8")
    after = "".join(edit(before.splitlines(keepends=True)))
    assert after != before, "the attack is in place"
    file.write_text(after, "utf-8")


def loosen(lines: list[str]) -> list[str]:
    return [line.replace('"identity":"withheld"', '"identity":"public"') for line in lines]


def drop(lines: list[str]) -> list[str]:
    return [line for line in lines if '"kind":"consent"' not in line]


def swap(lines: list[str]) -> list[str]:
    terms = [line.partition(',"item"')[0] for line in lines if '"kind":"consent"' in line]
    return [
        line.replace(terms[0], "?").replace(terms[1], terms[0]).replace("?", terms[1])
        if '"kind":"consent"' in line
        else line
        for line in lines
    ]


@pytest.mark.parametrize("edit", [loosen, drop, swap])
def test_consent_that_was_edited_is_caught_and_permits_nothing(giver: Party, small: Path, edit: Any) -> None:
    edit_manifest(small, edit)
    report = giver("verify", small, "--json").document["reports"][0]
    assert (report["exit_code"], report["axes"]["integrity"]) == (1, "failed")
    assert (report["handling"], report["consent_summary"]) == ("closed", None)
    assert giver("verify", small).stdout.splitlines()[0].endswith("closed. It may not be given to anyone.")
    if edit is not loosen:
        return
    for command in (
        ("check", small, *TO_B7),
        ("show", small),
        ("recall", small),
        ("set", small, "--items", "1", "--status", "given"),
    ):
        assert giver("consent", *command).exit_code == 1, command


def test_a_withdrawal_cut_off_the_end_is_caught_by_whoever_noted_the_head(giver: Party, small: Path) -> None:
    head = giver.ok("consent", "set", small, "--items", "1", "--status", "withdrawn", "--json").document["head"]
    assert giver("consent", "check", small, "--items", "1", *TO_B7).exit_code == 5
    for file in (small / "custody").glob("0002-*"):
        file.unlink()
    assert giver("consent", "check", small, "--items", "1", *TO_B7).exit_code == 0
    assert giver("verify", small, "--expect-head", head).exit_code == 1
    assert "no-witness" in giver("verify", small).stdout


def test_a_withdrawal_rewritten_in_its_entry_is_caught(giver: Party, small: Path) -> None:
    giver.ok("consent", "set", small, "--items", "1", "--status", "withdrawn")
    details = small / "custody" / "0002-consent-changed.details"
    before = details.read_bytes()
    assert before.count(b"withdrawn") == 1
    details.write_bytes(before.replace(b"withdrawn", b"given"))
    assert giver("verify", small).exit_code == 1
    assert giver("consent", "check", small, "--items", "1", *TO_B7).exit_code == 1


def test_an_added_consent_by_a_stranger_permits_nothing(evtool: Runner, giver: Party, small: Path) -> None:
    """Somebody with another key appends `given` to a record in which consent was withdrawn."""
    giver.ok("consent", "set", small, "--items", "1", "--status", "withdrawn")
    stranger = make_party(evtool, "S1")
    stranger.ok("consent", "set", small, "--items", "1", "--status", "given")
    shown = giver.ok("consent", "show", small, "--items", "1", "--json").document["items"][0]
    assert shown["in_force"]["status"] == "given", "the attack is in place"
    assert decisions(giver("consent", "check", small, "--items", "1", *TO_B7, "--json"))[1] == ["terms-untrusted"]


def test_terms_of_a_later_version_block_and_are_shown(evtool: Runner, giver: Party) -> None:
    case = evtool.directory / "case"
    case.mkdir()
    (case / "a.txt").write_text("a")
    table = fill_in(giver.ok("items", case).stdout, {"a.txt": {"conditions": "x-elders-agree"}}, **ORDINARY)
    assert seal_with(giver, case, table).exit_code == 0
    assert "conditions=x-elders-agree" in giver.ok("verify", case).stdout
    blocked = giver("consent", "check", case, *TO_B7, "--json")
    assert (blocked.exit_code, decisions(blocked)[1]) == (5, ["unknown-code"])
    confirmed = ("--confirm", "x-elders-agree", "--approved-by", "A2")
    assert giver("consent", "check", case, *TO_B7, *confirmed).exit_code == 0


# Exits without a bundle ---------------------------------------------------------------------------------------------

EXITS = {
    "transfer": ("transfer", "--purpose", "un-reporting"),
    "record disclosed": ("record", "disclosed", "--purpose", "un-reporting"),
    "record transferred": ("record", "transferred", "--purpose", "un-reporting"),
}


@pytest.fixture
def plain(evtool: Runner, giver: Party) -> Path:
    """Two items under ordinary terms, which may go to B7 for reports of the United Nations."""
    case = evtool.directory / "plain"
    case.mkdir()
    (case / "a.txt").write_text("a")
    (case / "b.txt").write_text("b")
    assert seal_with(giver, case, fill_in(giver.ok("items", case).stdout, {}, **ORDINARY)).exit_code == 0
    return case


def leave(party: Party, case: Path, exit_: str, *more: str) -> RunResult:
    command, *rest = EXITS[exit_]
    return party(command, case, *rest, "--to", "B7", "--authority", "DSA", *more)


@pytest.mark.parametrize("exit_", EXITS)
def test_every_exit_asks_the_one_decision(giver: Party, plain: Path, exit_: str) -> None:
    """What may go, goes without a word; what may not is listed by reason, and nothing is recorded."""
    assert leave(giver, plain, exit_).exit_code == 0
    entries = len(giver.ok("log", plain, "--json").document["entries"])
    refused = leave(giver, plain, exit_, "--purpose", "advocacy", "--json")
    assert refused.exit_code == 5
    assert "items 1-2: consent does not cover the purpose advocacy [confirm purpose-not-covered]" in refused.stderr
    assert "items 1-2: consent does not cover the purpose advocacy" in refused.document["error"]
    assert len(giver.ok("log", plain, "--json").document["entries"]) == entries


@pytest.mark.parametrize("exit_", EXITS)
def test_what_is_confirmed_is_recorded_with_its_reason(giver: Party, plain: Path, exit_: str) -> None:
    """Each reason has to be confirmed by its code; what was not needed is not recorded."""
    codes = ("--purpose", "advocacy", "--confirm", "purpose-not-covered")
    both = (*codes, "--confirm", "purpose-not-of-recipient", "--confirm", "legal-advice")
    assert leave(giver, plain, exit_, *codes, "--reason", "order 12").exit_code == 5
    without = leave(giver, plain, exit_, *both)
    assert (without.exit_code, "give a reason (--reason TEXT)" in without.stderr) == (2, True)
    assert leave(giver, plain, exit_, *both, "--reason", "order 12").exit_code == 0
    entry = giver.ok("log", plain, "--json").document["entries"][-1]
    assert entry["reason"] == "order 12"
    assert entry["details"]["confirmed"] == ["purpose-not-covered", "purpose-not-of-recipient"]


@pytest.mark.parametrize("exit_", EXITS)
@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        (("--status", "refused"), "status-refused"),
        (("--status", "withdrawn"), "status-withdrawn"),
        (("--status", "revoked"), "status-revoked"),
        (("--status", "expired"), "status-expired"),
        (("--until", "2026-01-01"), "expired"),
        (("--handling", "closed"), "handling-closed"),
    ],
)
def test_a_refusal_can_only_be_confirmed_on_record(
    giver: Party, plain: Path, exit_: str, terms: tuple[str, str], reason: str
) -> None:
    giver.ok("consent", "set", plain, "--items", "2", *terms)
    refused = leave(giver, plain, exit_)
    assert refused.exit_code == 5
    assert "1 of 2 items may not go to B7, so nothing was recorded" in refused.stderr
    assert f"[confirm {reason}]" in refused.stderr
    assert leave(giver, plain, exit_, "--confirm", reason).exit_code == 2, "a reason has to be given"
    assert leave(giver, plain, exit_, "--confirm", reason, "--reason", "order 12").exit_code == 0
    entry = giver.ok("log", plain, "--json").document["entries"][-1]
    assert (entry["reason"], entry["details"]["confirmed"]) == ("order 12", [reason])
    giver.ok(
        "record", plain, "disposed", "--items", "2", "--authority", "x", "--method", "y", "--confirm", "still-there"
    )
    assert leave(giver, plain, exit_).exit_code == 0, "what was given up does not go"


def test_whoever_is_not_trusted_permits_no_exit(evtool: Runner, plain: Path) -> None:
    stranger = make_party(evtool, "S1")
    describe_recipients(stranger)
    refused = leave(stranger, plain, "transfer", "--confirm", "terms-untrusted", "--reason", "order 12")
    assert refused.exit_code == 5
    assert "is signed by a key that you do not trust" in refused.stderr


def test_many_reasons_are_few_lines(evtool: Runner, giver: Party) -> None:
    """Sixty items of which nothing is stated: one line a reason, whatever their number."""
    case = evtool.directory / "many"
    case.mkdir()
    for number in range(60):
        (case / f"{number:02d}.txt").write_text(f"{number}\n")
    giver.ok("seal", case)
    refused = leave(giver, case, "transfer")
    assert refused.exit_code == 5
    assert len(refused.stderr.splitlines()) <= 8
    assert "items 1-60: no consent is stated [confirm status-not-stated]" in refused.stderr


def test_a_table_with_every_kind_of_error_is_told_in_one_round(evtool: Runner) -> None:
    """A cell, an item twice, an address, and a path that is not there: nobody has to come back four times."""
    case = evtool.directory / "case"
    case.mkdir()
    for name in ("a.txt", "b.txt", "사진.jpg"):
        (case / name).write_bytes(name.encode())
    rows = "a.txt,givn,,\na.txt,given,,\nb.txt,given,write to kim@example.org,\ngone.txt,given,,\n사진.jpg,,,3/1/2031\n"
    table = evtool.directory / "items.csv"
    table.write_bytes(f"경로,동의 상태,비고,종료일\n{rows}".encode("cp949"))
    evtool("key", "new", "A1", "--no-passphrase")

    refused = evtool("seal", "case", "--table", table)

    assert refused.exit_code == 5
    told = refused.stderr
    for words in (
        "line 2, column status",
        "line 3, column path: the same item",
        "line 4, column note",
        "line 6, column until",
    ):
        assert words in told
    assert "line 5: gone.txt: there is no such item" in told
    assert "kim@example.org" not in told
    assert not (case / "custody").exists()

    table.write_bytes("경로,동의 상태,종료일\n사진.jpg,Given,2031. 1. 1\n".encode("cp949"))
    sealed = evtool("seal", "case", "--table", table)
    assert (sealed.exit_code, "read as CP949 (Korean), for example: 사진.jpg" in sealed.stdout) == (0, True)
    assert "2031-01-01" in evtool("consent", "show", "case").stdout
