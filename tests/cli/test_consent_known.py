"""What a reader can know of consent: stated, never stated, withheld, or hidden by an entry that cannot be used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.custody import Party, make_party
from tests.cli.test_consent_story import decisions, describe_recipients
from tests.conftest import Runner

PUBLIC = """
format = "evtool-defaults/1"

[[directory]]
path = "."
handling = "public"
consent = {status = "given", by = "subject", for = ["research", "un-reporting"], identity = "public", onward = "yes"}
"""
TO_B7 = ("--to", "B7", "--for", "un-reporting", "--date", "2026-06-01")


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    party = make_party(evtool, "A1")
    describe_recipients(party)
    return party


@pytest.fixture
def case(archivist: Party, tmp_path: Path) -> Path:
    """Three public items."""
    case = archivist.run.directory / "case"
    case.mkdir()
    for name in ("a", "b", "c"):
        (case / f"{name}.txt").write_text(name)
    (tmp_path / "defaults.toml").write_text(PUBLIC)
    archivist.ok("seal", case, "--defaults", tmp_path / "defaults.toml")
    return case


def report_of(party: Party, case: Path) -> dict[str, object]:
    report: dict[str, object] = party("verify", case, "--json").document["reports"][0]
    return report


def first_line(party: Party, case: Path) -> str:
    return party("verify", case).stdout.splitlines()[0]


STRICTEST = {
    "handling": "closed",
    "status": "unknown",
    "for": [],
    "share": [],
    "identity": "withheld",
    "onward": "no",
    "defence": "no",
}


def too_large(custody: Path) -> None:
    (custody / "0002-consent-changed.toml").write_bytes(b"#" * 70_000)


def rewrite(file: Path, old: bytes, new: bytes) -> None:
    """Put another word into a file, once it is certain that the old one stands there."""
    before = file.read_bytes()
    assert before.count(old) == 1
    file.write_bytes(before.replace(old, new))


def forged(custody: Path) -> None:
    rewrite(custody / "0002-consent-changed.toml", b'clock = "claimed"', b'clock = "synced"')


def forged_details(custody: Path) -> None:
    rewrite(custody / "0002-consent-changed.details", b"withdrawn", b"refused")


def without_details(custody: Path) -> None:
    """As if a bundle had left out what the entry says of items; no list says so."""
    (custody / "0002-consent-changed.details").unlink()


def without_signature(custody: Path) -> None:
    """As if the run that wrote it had been killed: that alone would be a note."""
    signature = custody / "0002-consent-changed.toml.sig"
    signature.rename(custody / ".0002-consent-changed.toml.sig.part")


@pytest.mark.parametrize("hide", [too_large, forged, forged_details, without_details, without_signature])
@pytest.mark.parametrize("is_last", [True, False], ids=["newest", "followed"])
def test_an_entry_that_cannot_be_used_may_be_the_withdrawal(
    archivist: Party, case: Path, hide: Callable[[Path], None], is_last: bool
) -> None:
    """Without any key, somebody makes the entry unreadable that takes consent back: then the strictest counts."""
    archivist.ok("consent", "set", case, "--items", "1", "--status", "withdrawn")
    if not is_last:
        archivist.ok("record", case, "accessed")
    assert report_of(archivist, case)["handling"] == "public", "the label knows handling, not status"
    hide(case / "custody")

    report = report_of(archivist, case)
    assert (report["handling"], report["consent_summary"]) == ("closed", None)
    assert isinstance(report["axes"], dict)
    assert report["axes"]["consent"] == "not established"
    assert first_line(archivist, case).endswith("case: closed. It may not be given to anyone.")
    shown = archivist("show", case, "--items", "1", "--json").document["items"][0]
    assert (shown["consent"]["handling"], shown["in_force"]) == ("public", STRICTEST)
    assert "this copy does not show its terms" in archivist("show", case, "--items", "1").stdout
    for command in (("show",), ("check", *TO_B7), ("set", "--all-items", "--status", "given"), ("recall",)):
        assert archivist("consent", command[0], case, *command[1:]).exit_code in (1, 4), command


def withhold_item(manifest: Path, number: int) -> None:
    """Turn every line of an item into its hash, which takes no key."""
    lines: list[bytes] = []
    for line in manifest.read_bytes().split(b"\n")[:-1]:
        if json.loads(line).get("item") == number:
            digest = hashlib.sha256(b"\0" + line).hexdigest()
            lines.append(b'{"hash":"%s","kind":"withheld","lines":1}' % digest.encode())
        else:
            lines.append(line)
    manifest.write_bytes(b"".join(line + b"\n" for line in lines))
    manifest.with_suffix(".sha256").unlink()


def test_an_item_that_is_withheld_without_leave_makes_everything_the_strictest(archivist: Party, case: Path) -> None:
    """All that is left is public: the item with stricter terms is still there, and its lines are hashes."""
    archivist.ok("consent", "set", case, "--items", "2", "--handling", "named", "--share", "B7")
    assert first_line(archivist, case).split(": ")[1].startswith("named")
    withhold_item(case / "custody" / "0001-sealed.jsonl", 2)

    report = report_of(archivist, case)
    assert (report["exit_code"], report["handling"], report["consent_summary"]) == (4, "closed", None)
    for command in (("show",), ("check", *TO_B7), ("set", "--all-items", "--status", "given"), ("recall",)):
        assert archivist("consent", command[0], case, *command[1:]).exit_code in (1, 4), command


def test_an_item_that_is_withheld_with_leave_counts_as_the_strictest(archivist: Party, case: Path) -> None:
    """The bundle has the label of what it holds; asked for what it does not hold, nobody knows its terms."""
    archivist.ok("consent", "set", case, "--items", "2", "--handling", "closed")
    archivist.ok("pack", case, "-o", "part.zip", "--allowed-only")
    report = report_of(archivist, Path("part.zip"))
    assert (report["exit_code"], report["handling"]) == (0, "public")
    summary = report["consent_summary"]
    assert isinstance(summary, dict)
    assert summary["items"] == 2

    archivist.ok("unpack", "part.zip", "-o", "there")
    assert len(archivist.ok("consent", "show", "there", "--json").document["items"]) == 2
    item = archivist.ok("consent", "show", "there", "--items", "2", "--json").document["items"][0]
    assert (item["stated"], item["withheld"]) == (None, True)
    assert item["in_force"] == STRICTEST, "a change that names it does not make up for what was sealed"
    answers = decisions(archivist("consent", "check", "there", "--items", "2-3", *TO_B7, "--json"))
    assert (answers[2][0], answers[3]) == ("terms-withheld", [])
    archivist.ok("consent", "set", "there", "--items", "2", "--status", "withdrawn")
    item = archivist.ok("consent", "show", "there", "--items", "2", "--json").document["items"][0]
    assert item["in_force"] == STRICTEST | {"status": "withdrawn"}


def test_two_agreements_have_to_be_kept_both(archivist: Party, tmp_path: Path) -> None:
    """One stated of the directory, another in the row: both are sealed, and the record can be read again."""
    case = archivist.run.directory / "two"
    case.mkdir()
    (case / "a.txt").write_text("a")
    (tmp_path / "defaults.toml").write_text(
        PUBLIC.replace('"public"\nconsent = {', '"partners"\nconsent = {agreement = "DSA-2026-04", ')
    )
    (tmp_path / "items.csv").write_text("path,agreement\na.txt,DSA-2\n")
    terms = ("--defaults", tmp_path / "defaults.toml", "--table", tmp_path / "items.csv")
    archivist.ok("seal", case, *terms)
    assert report_of(archivist, case)["exit_code"] == 0
    (case / "b.txt").write_text("b")
    archivist.ok("seal", case, *terms)

    shown = archivist.ok("show", case, "--items", "1,2", "--json").document["items"]
    assert [item["in_force"]["agreement"] for item in shown] == [["DSA-2", "DSA-2026-04"], "DSA-2026-04"]
    answers = decisions(archivist("consent", "check", case, *TO_B7, "--json"))
    assert answers == {1: ["not-a-partner"], 2: []}


def test_lists_that_become_too_long_together_are_refused_before_anything_is_read(
    archivist: Party, tmp_path: Path
) -> None:
    case = archivist.run.directory / "long"
    case.mkdir()
    (case / "a.txt").write_text("a")
    many = [f"x-{number}" for number in range(100)]
    conditions = json.dumps(many[:50])
    (tmp_path / "defaults.toml").write_text(
        f'format = "evtool-defaults/1"\n[[directory]]\npath = "."\nconsent = {{conditions = {conditions}}}\n'
    )
    (tmp_path / "items.csv").write_text(f"path,conditions\na.txt,{' '.join(many[50:])}\n")
    files = ("--defaults", tmp_path / "defaults.toml", "--table", tmp_path / "items.csv")
    refused = archivist("seal", case, *files)
    assert (refused.exit_code, (case / "custody").exists()) == (4, False)
    assert "line 2: consent term conditions is not sorted, repeats a code, or has more than 64 codes" in refused.stderr


def test_a_default_that_needs_no_consent_makes_way_for_a_row_that_has_it(archivist: Party, tmp_path: Path) -> None:
    """What explains a state of consent that does not count is left out, and the row is not blamed for it."""
    case = archivist.run.directory / "mixed"
    case.mkdir()
    (case / "a.txt").write_text("a")
    (tmp_path / "defaults.toml").write_text(
        'format = "evtool-defaults/1"\n[[directory]]\npath = "."\n'
        'consent = {status = "not-required", basis = "published imagery", note = "of the archive"}\n'
    )
    (tmp_path / "items.csv").write_text("path,status,by\na.txt,given,subject\n")
    archivist.ok("seal", case, "--defaults", tmp_path / "defaults.toml", "--table", tmp_path / "items.csv")
    (item,) = archivist.ok("show", case, "--items", "1", "--json").document["items"]
    assert item["in_force"] == {"status": "given", "by": "subject"}


def test_terms_that_no_entry_can_hold_are_wrong_usage(archivist: Party, case: Path) -> None:
    many = ",".join(f"R{number:062d}" for number in range(256))
    before = sorted(path.name for path in (case / "custody").iterdir())
    for arguments in (["--share", many], ["--note", "\udcff"], ["--status", "withdrawn", "--reason", "y" * 1001]):
        refused = archivist("consent", "set", case, "--items", "1", *arguments)
        assert refused.exit_code == 2, arguments
        assert "internal" not in refused.stderr
    assert sorted(path.name for path in (case / "custody").iterdir()) == before
