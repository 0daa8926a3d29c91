"""Verifying, as those do who received evidence and must decide what it is worth."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from evtool import Axis, AxisState, Code, Effect, ExitCode, Selection
from evtool.core.text.item_choice import parse_choice
from tests.cli.evidence import check, deprived, give_key, named, run_under, serve, snapshot
from tests.conftest import Runner

KOREAN = unicodedata.normalize("NFC", "증언/김철수.txt")


@pytest.fixture
def case(evtool: Runner) -> Path:
    """A sealed directory with one of everything."""
    give_key(evtool)
    case = evtool.directory / "case"
    for directory in ("photos", "empty", "증언"):
        (case / directory).mkdir(parents=True)
    for name in ("changed.txt", "gone.txt", "old name.txt", "type.txt", "locked.txt", "photos/one.jpg", KOREAN):
        (case / name).write_text(f"content of {name}")
    (case / "link").symlink_to("photos/one.jpg")
    assert evtool("seal", case).exit_code == ExitCode.OK
    return case


def test_six_findings_at_once(case: Path, evtool: Runner) -> None:
    """Changed, missing, extra, renamed, of another type, unreadable: all in one run, each with its item number."""
    numbers = {item["path"]: item["item"] for item in evtool("show", "--json", case).document["items"]}
    (case / "changed.txt").write_text("content of Changed.txt")
    (case / "gone.txt").unlink()
    (case / "planted.txt").write_text("planted")
    (case / "old name.txt").rename(case / "new name.txt")
    (case / "type.txt").unlink()
    (case / "type.txt").symlink_to("/etc/passwd")
    (case / "locked.txt").chmod(0)
    prefix = deprived()
    before = snapshot(case, custody=True, contents=False)

    result = run_under(evtool, prefix, "verify", "--json", case)

    assert result.exit_code == ExitCode.MISMATCH
    (report,) = result.document["reports"]
    found = {(finding["code"], finding["path"]): finding for finding in report["findings"] if finding["path"]}
    assert set(found) == {
        ("changed", "changed.txt"),
        ("missing", "gone.txt"),
        ("extra", "planted.txt"),
        ("renamed", "old name.txt"),
        ("type-changed", "type.txt"),
        ("unreadable", "locked.txt"),
    }
    for (code, path), finding in found.items():
        assert finding["item"] == (numbers[path] if code != "extra" else None)
        assert finding["effect"] == ("unchecked" if code == "unreadable" else "disproves")
    assert found["renamed", "old name.txt"]["found"] == "new name.txt"
    assert re.fullmatch("[0-9a-f]{64}", found["changed", "changed.txt"]["expected"])
    counts = report["items"] | {"sealed": report["sealed"]}
    fates = ("changed", "missing", "renamed", "type_changed", "unreadable", "ok", "unread", "withheld")
    assert [counts[fate] for fate in fates] == [1, 1, 1, 1, 1, 4, 0, 0]
    assert sum(counts[fate] for fate in fates) == counts["sealed"] == len(numbers)
    assert report["evidence"]["extra"] == 1
    assert report["axes"]["integrity"] == "failed"
    text = run_under(evtool, prefix, "verify", case)
    assert text.exit_code == ExitCode.MISMATCH
    for code, path in found:
        assert re.search(rf"^  (FAILED|not checked) +{code} .*{re.escape(path)}: ", text.stdout, re.M), (code, path)
    assert snapshot(case, custody=True, contents=False) == before


def test_unreadable_alone_is_not_tampering(case: Path, evtool: Runner) -> None:
    """A file, a directory, a manifest, an entry that cannot be read: could not be checked, which accuses nobody."""
    prefix = deprived()
    (case / "second.txt").touch()
    assert evtool("seal", case).exit_code == ExitCode.OK
    names = ["changed.txt", "photos", "empty", "custody", *(f"custody/{path.name}" for path in custody_files(case))]
    with serve(evtool, *prefix) as run:
        for name in names:
            mode = (case / name).stat().st_mode
            (case / name).chmod(0)
            result = run("verify", case)
            alone = run("verify", case, "--items", "photos/one.jpg")
            (case / name).chmod(mode)
            expected = ExitCode.OK if name.endswith(("README.txt", "allowed_signers")) else ExitCode.NOT_CHECKED
            assert result.exit_code == expected, (name, result.stdout)
            assert "FAILED" not in result.stdout, (name, result.stdout)
            assert "FAILED" not in alone.stdout, (name, alone.stdout)
        assert run("verify", case).exit_code == ExitCode.OK


def custody_files(case: Path) -> list[Path]:
    return sorted((case / "custody").iterdir())


def make_file(path: Path) -> None:
    path.write_text("x")


def make_directory(path: Path) -> None:
    path.mkdir()


def make_full_directory(path: Path) -> None:
    path.mkdir()
    (path / "inside").touch()


def make_link(path: Path) -> None:
    path.symlink_to("nowhere")


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(path.parent)  # the name of a socket may only be short
        listener.bind(path.name)
        os.chdir(here)


MAKERS = [make_file, make_directory, make_full_directory, make_link, make_pipe, make_socket]


def test_every_change_of_type_is_found(evtool: Runner) -> None:
    """A file, an empty directory and a link, each replaced by everything else; never followed, never waited for."""
    give_key(evtool)
    for maker in (make_file, make_directory, make_link):
        case = evtool.directory / maker.__name__
        case.mkdir()
        (case / "other").write_text("other")
        maker(case / "item")
        assert evtool("seal", case).exit_code == ExitCode.OK
        for other in MAKERS:
            if other is maker:
                continue
            remove(case / "item")
            other(case / "item")
            report = check(case, evtool)
            assert report.exit_code is ExitCode.MISMATCH
            assert ("type-changed", "item") in named(report), (maker, other, report.findings)
            assert report.items.type_changed == 1
            assert not {("missing", "item"), ("extra", "item")} & named(report)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def test_a_link_that_leads_elsewhere_is_changed(case: Path, evtool: Runner) -> None:
    """What counts is where a link points, not what it points to."""
    (case / "link").unlink()
    (case / "link").symlink_to("changed.txt")
    assert named(check(case, evtool)) == {("changed", "link")}


def test_renaming_is_told_from_removing_and_adding(case: Path, evtool: Runner) -> None:
    """A renamed directory full of files: all are renamed, none is missing, none is extra."""
    for number in range(3000):
        (case / "photos" / f"{number}.jpg").write_text(str(number))
    assert evtool("seal", case).exit_code == ExitCode.OK
    (case / "photos").rename(case / "사진")
    report = check(case, evtool)
    assert report.exit_code is ExitCode.MISMATCH
    assert (report.items.renamed, report.items.missing, report.evidence.extra) == (3001, 0, 0)
    assert {code for code, _ in named(report)} == {"renamed"}


def test_a_copy_with_other_name_forms_is_the_same_evidence(case: Path, evtool: Runner) -> None:
    """Some systems spell Hangul in another Unicode form; the copy verifies, with a note, item by item as well."""
    copy = case.with_name("copy")
    shutil.copytree(case, copy, symlinks=True)
    (copy / "증언").rename(copy / unicodedata.normalize("NFD", "증언"))
    old = copy / unicodedata.normalize("NFD", "증언") / "김철수.txt"
    old.rename(old.with_name(unicodedata.normalize("NFD", old.name)))
    for selection in (Selection(), Selection(choice=parse_choice([KOREAN]))):
        report = check(copy, evtool, selection=selection)
        assert report.exit_code is ExitCode.OK, report.findings
        assert named(report) == {("name-form", KOREAN)}


def test_quick_looks_but_never_verifies(case: Path, evtool: Runner) -> None:
    """Sizes and dates can be forged: a quick look that finds nothing is not exit 0."""
    assert evtool("verify", "--quick", case).exit_code == ExitCode.NOT_ESTABLISHED
    path = case / "changed.txt"
    facts = path.stat()
    path.write_text("CONTENT of changed.txt")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    result = evtool("verify", "--quick", case)
    assert result.exit_code == ExitCode.NOT_ESTABLISHED
    assert "VERIFIED" not in result.stdout
    assert evtool("verify", case).exit_code == ExitCode.MISMATCH
    path.write_text("longer than before, by far")
    assert evtool("verify", "--quick", case).exit_code == ExitCode.MISMATCH


def test_one_item_can_be_checked_alone(case: Path, evtool: Runner) -> None:
    """By number or by name; what was not asked for is said to be unchecked, what does not exist is no success."""
    items = evtool("show", "--json", case).document["items"]
    number = next(item["item"] for item in items if item["path"] == "photos/one.jpg")
    (case / "changed.txt").write_text("x")
    (case / "planted.txt").touch()
    for name in (number, "photos/one.jpg"):
        result = evtool("verify", case, "--items", str(name), "--json")
        assert result.exit_code == ExitCode.OK
        report = result.document["reports"][0]
        assert (report["items"]["ok"], report["items"]["not_selected"]) == (1, report["sealed"] - 1)
        assert "not-selected" in {finding["code"] for finding in result.document["reports"][0]["findings"]}
    assert evtool("verify", case, "--items", "changed.txt").exit_code == ExitCode.MISMATCH
    assert evtool("verify", case, "--items", "gone.txt", "--items", "changed.txt").exit_code == ExitCode.MISMATCH
    for name in ("99", "no such item", "planted.txt", "0", "-1", "../case/gone.txt", "9" * 30):
        result = evtool("verify", case, "--items", name)
        assert result.exit_code == ExitCode.NOT_CHECKED, (name, result.stdout)
    assert evtool("verify", case, "--items", "99", "--items", "gone.txt").exit_code == ExitCode.NOT_CHECKED
    (case / "photos" / "one.jpg").rename(case / "elsewhere.jpg")
    result = evtool("verify", case, "--items", "photos/one.jpg")
    assert result.exit_code == ExitCode.MISMATCH
    assert "is now named elsewhere.jpg" in result.stdout


def test_an_unknown_signer_is_named_with_the_way_to_trust_him(case: Path, evtool: Runner) -> None:
    """Intact, but by whom? The recipient gets the fingerprint, and a command that works once he has compared it."""
    recipient = replace(evtool, environment=evtool.environment | {"EVTOOL_HOME": str(evtool.home.with_name("other"))})
    result = recipient("verify", case)
    assert result.exit_code == ExitCode.NOT_ESTABLISHED
    assert "INTACT, BUT SIGNED BY A KEY THAT YOU HAVE NOT CHOSEN TO TRUST" in result.stdout
    assert "VERIFIED" not in result.stdout
    fingerprint = evtool("key", "show", "A03").stdout.splitlines()[1].strip()
    assert fingerprint in result.stdout
    (command,) = [line.strip() for line in result.stdout.splitlines() if "| evtool trust add" in line]
    program = " ".join(evtool.command())
    subprocess.run(
        ["sh", "-c", command.replace("| evtool", f"| {program}")],
        env=recipient.environment,
        cwd=recipient.directory,
        check=True,
        capture_output=True,
    )
    assert recipient("verify", case).exit_code == ExitCode.OK
    # A changed file is proven, whoever signed.
    (case / "changed.txt").write_text("x")
    stranger = replace(evtool, environment=evtool.environment | {"EVTOOL_HOME": str(evtool.home.with_name("third"))})
    assert stranger("verify", case).exit_code == ExitCode.MISMATCH


def test_keys_in_the_bundle_are_never_trust(case: Path, evtool: Runner) -> None:
    """A forger signs with a key of his own and lists it as a trusted one, under the code of the archivist."""
    give_key(replace(evtool, home=evtool.home.with_name("forger")), "A03")
    forged = case.with_name("forged")
    shutil.copytree(case, forged, symlinks=True, ignore=shutil.ignore_patterns("custody"))
    (forged / "changed.txt").write_text("a lie")
    environment = evtool.environment | {"EVTOOL_HOME": str(evtool.home.with_name("forger"))}
    assert replace(evtool, environment=environment)("seal", forged).exit_code == ExitCode.OK
    result = evtool("verify", forged)
    assert result.exit_code == ExitCode.NOT_ESTABLISHED
    report = check(forged, evtool)
    assert report.axes[Axis.TRUST] is AxisState.NOT_ESTABLISHED
    assert Code.KEY_UNKNOWN in {finding.code for finding in report.findings}


def test_signer_and_trust_answer_whose_keys_count(case: Path, evtool: Runner) -> None:
    """One key by its fingerprint, or a file of trusted keys; the user's own list then counts for nothing."""
    fingerprint = evtool("key", "show", "A03").stdout.splitlines()[1].strip()
    other = "SHA256:" + "A" * 43
    trusted = evtool.directory / "trusted_keys"
    trusted.write_bytes((evtool.home / "allowed_signers").read_bytes())
    empty = evtool.directory / "empty"
    empty.touch()
    assert evtool("verify", case, "--signer", fingerprint).exit_code == ExitCode.OK
    assert evtool("verify", case, "--signer", other).exit_code == ExitCode.NOT_ESTABLISHED
    assert evtool("verify", case, "--signer", other, "--signer", fingerprint).exit_code == ExitCode.OK
    assert evtool("verify", case, "--trust", trusted).exit_code == ExitCode.OK
    assert evtool("verify", case, "--trust", empty).exit_code == ExitCode.NOT_ESTABLISHED
    for line, why in (
        ('B07 namespaces="evtool-custody-v1" ', "not for this agent"),
        ('A03 namespaces="file" ', "not for custody entries"),
        ('A03 namespaces="evtool-custody-v1",valid-after="20990101" ', "only from a later date"),
        ('A03 namespaces="evtool-custody-v1",valid-before="20200101" ', "no longer trust this key"),
    ):
        empty.write_text(line + trusted.read_text().split(" ", 2)[2])
        result = evtool("verify", case, "--trust", empty)
        assert result.exit_code == ExitCode.NOT_ESTABLISHED
        assert why in result.stdout
    assert evtool("verify", case, "--trust", "no such file").exit_code == ExitCode.NOT_CHECKED


def test_a_noted_head_is_found_or_refutes_the_record(case: Path, evtool: Runner) -> None:
    """The head noted at the first seal stays in the record; after a rollback the newer one is not."""
    first = check(case, evtool).head
    assert first
    kept = case.with_name("kept")
    shutil.copytree(case, kept, symlinks=True)
    (case / "later.txt").touch()
    assert evtool("seal", case).exit_code == ExitCode.OK
    second = check(case, evtool).head
    assert second
    noted = " ".join(second[at : at + 4] for at in range(0, 64, 4)).upper()
    assert evtool("verify", case, "--expect-head", first).exit_code == ExitCode.OK
    assert evtool("verify", case, "--expect-head", noted).exit_code == ExitCode.OK
    assert "no-witness" in evtool("verify", case).stdout
    assert evtool("verify", kept).exit_code == ExitCode.OK, "a rollback alone cannot be seen"
    result = evtool("verify", kept, "--expect-head", second)
    assert result.exit_code == ExitCode.MISMATCH
    assert "does not contain the entry that you noted" in result.stdout


def test_what_is_required_beyond_the_usual_is_not_established(case: Path, evtool: Runner) -> None:
    """Without a time-stamp and without consent terms, asking for them is no success, and no tampering."""
    for axis in ("time", "consent"):
        result = evtool("verify", case, "--require", axis)
        assert result.exit_code == ExitCode.NOT_ESTABLISHED
        assert "FAILED" not in result.stdout
        assert re.search(rf"^  {axis} +not established$", result.stdout, re.M)


@pytest.mark.parametrize("content", ["nothing", "files", "foreign custody", "file called custody", "linked custody"])
def test_what_was_never_sealed_is_never_verified(evtool: Runner, content: str) -> None:
    """Nothing to check is not success, and no accusation either."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    if content != "nothing":
        (case / "a.txt").touch()
    if content == "foreign custody":
        (case / "custody").mkdir()
        (case / "custody" / "agreement.pdf").touch()
    elif content == "file called custody":
        (case / "custody").touch()
    elif content == "linked custody":
        other = case.with_name("other")
        shutil.copytree(case, other)
        assert evtool("seal", other).exit_code == ExitCode.OK
        (case / "custody").symlink_to(other / "custody")
    result = evtool("verify", case)
    assert result.exit_code == ExitCode.NOT_CHECKED, result.stdout
    assert "FAILED" not in result.stdout


def test_the_record_is_found_by_whatever_way_it_is_named(case: Path, evtool: Runner) -> None:
    """Through links, with a trailing slash, as the current directory, with --custody spelled out."""
    link = case.with_name("shortcut")
    link.symlink_to(case)
    run = replace(evtool, directory=case)
    for path in (link, f"{case}/", ".", f"{case}/photos/..", "../shortcut"):
        assert run("verify", path).exit_code == ExitCode.OK, path
        assert run("verify", path, "--custody", case / "custody").exit_code == ExitCode.OK, path
        assert run("verify", path, "--custody", link / "custody").exit_code == ExitCode.OK, path


def test_findings_of_consent_and_time_are_open_questions(case: Path, evtool: Runner) -> None:
    """What nobody asked for does not spoil a verdict, and is not hidden either."""
    report = check(case, evtool)
    assert report.exit_code is ExitCode.OK
    assert {finding.code for finding in report.findings if finding.effect is Effect.OPEN} == {
        Code.NO_TIMESTAMP,
        Code.NO_CONSENT,
    }
