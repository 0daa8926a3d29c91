"""Sealing, as archivists do it: a first time, again as the collection grows, and where something stands in the way."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
import tomllib
import unicodedata
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evtool import Code, ExitCode, SealExitCode
from evtool.core.errors import EvidenceError
from evtool.core.text.times import format_time
from evtool.operations.author import Author
from evtool.operations.record.place import RecordPlace
from evtool.operations.seal import seal as seal_module
from evtool.operations.seal.metadata import MetadataChoice
from evtool.operations.seal.options import SealOptions
from evtool.report.language import english, load_language
from tests.bundle.case import SIGNER
from tests.cli.evidence import check, deprived, give_key, named, run_under, serve, snapshot
from tests.cli.test_verify_story import MAKERS, make_link, make_pipe, make_socket
from tests.conftest import Runner


@pytest.fixture
def case(evtool: Runner) -> Path:
    """A directory that nobody has sealed yet, and a key."""
    give_key(evtool)
    case = evtool.directory / "case"
    (case / "photos").mkdir(parents=True)
    (case / "interview.txt").write_text("testimony")
    (case / "photos" / "one.jpg").write_bytes(b"\xff\xd8 picture")
    return case


def entry(case: Path, number: int) -> dict[str, Any]:
    return tomllib.loads((case / "custody" / f"{number:04d}-sealed.toml").read_text())


def test_sealing_changes_nothing_but_adds_custody(case: Path, evtool: Runner) -> None:
    """The first seal: names, bytes, modes, dates and inodes of the evidence are as before; custody/ is new."""
    for path in (case / "interview.txt", case / "photos"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    (case / "photos" / "one.jpg").chmod(0o440)
    before = snapshot(case)
    result = evtool("seal", case)
    assert result.exit_code == ExitCode.OK
    assert "sealed 2 new items (19 bytes) as entry 1" in result.stdout
    assert snapshot(case) == before
    assert (case / "photos").stat().st_mtime == 1_000_000_000
    assert sorted(path.name for path in (case / "custody").iterdir()) == [
        "0001-sealed.jsonl",
        "0001-sealed.sha256",
        "0001-sealed.toml",
        "0001-sealed.toml.sig",
        "README.txt",
        "allowed_signers",
    ]
    assert check(case, evtool).exit_code is ExitCode.OK


def test_a_seal_that_is_refused_leaves_nothing(case: Path, evtool: Runner) -> None:
    """Neither a journal of what was read nor the directory custody/, however large the files are."""
    (case / "large.bin").write_bytes(bytes(range(256)) * 40_000)
    time.sleep(2.1)  # digests of files that were written just now are not kept in any case
    make_pipe(case / "pipe")
    before = snapshot(case)
    result = evtool("seal", case, "--metadata", "none")
    assert (result.exit_code, snapshot(case)) == (ExitCode.NOT_CHECKED, before)
    assert "nothing was sealed" in result.stderr
    assert not (case / "custody").exists()


def test_a_long_reading_that_is_refused_is_good_for_the_next_run(
    case: Path, evtool: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours of hashing are not lost for one file that cannot be sealed; what stays is named."""
    (case / "large.bin").write_bytes(bytes(range(256)) * 40_000)
    time.sleep(2.1)
    make_pipe(case / "pipe")
    monkeypatch.setattr(seal_module, "_WORTH_KEEPING", 0.0)
    with pytest.raises(EvidenceError, match="a FIFO") as refused:
        seal_module.seal(case, Author(SIGNER), SealOptions(metadata=MetadataChoice.NONE))
    assert "custody/.0001-sealed.journal.part stays" in english().say_hint(refused.value)
    assert "custody/.0001-sealed.journal.part 파일을 남겨 둡니다" in load_language("ko").say_hint(refused.value)
    (case / "pipe").unlink()
    assert "were not hashed again" in evtool("seal", case, "--metadata", "none").stdout
    assert not (case / "custody" / ".0001-sealed.journal.part").exists()


def test_defaults_are_not_blamed_for_an_empty_directory(case: Path, evtool: Runner) -> None:
    """What is wrong is the directory; nobody is told to mend a table."""
    (evtool.directory / "empty").mkdir()
    defaults = evtool.directory / "defaults.toml"
    defaults.write_text('format = "evtool-defaults/1"\n[[directory]]\npath = "."\nhandling = "public"\n')
    result = evtool("seal", "empty", "--defaults", defaults)
    assert result.exit_code == ExitCode.NOT_CHECKED
    assert "the directory contains nothing to seal" in result.stderr
    assert "table" not in result.stderr
    assert case.is_dir()


def test_a_growing_collection_gets_a_seal_for_what_is_new(case: Path, evtool: Runner) -> None:
    """Item numbers go on, earlier files stay as they are, nothing new is no new entry."""
    assert evtool("seal", case).exit_code == ExitCode.OK
    first = {path.name: path.read_bytes() for path in (case / "custody").glob("0001*")}
    (case / "a new one.txt").write_text("new")
    result = evtool("seal", "--json", case)
    assert (result.exit_code, result.document["entry"], result.document["new_items"]) == (ExitCode.OK, 2, 1)
    assert result.document["kept_items"] == 2
    assert entry(case, 2)["sealed"]["first_item"] == 3
    nothing = evtool("seal", "--json", case)
    assert (nothing.exit_code, nothing.document["entry"], nothing.document["head"]) == (
        0,
        None,
        result.document["head"],
    )
    assert first == {path.name: path.read_bytes() for path in (case / "custody").glob("0001*")}
    assert len(list((case / "custody").iterdir())) == 10
    assert check(case, evtool).items.ok == 3


def test_a_sealed_item_that_changed_is_a_finding_and_never_sealed_again(case: Path, evtool: Runner) -> None:
    """Rewritten, longer than before, vanished, of another type: each is named, while what is new is sealed."""
    for name in ("a", "b", "c", "d"):
        (case / name).write_text("as sealed")
    assert evtool("seal", case).exit_code == ExitCode.OK
    facts = (case / "a").stat()
    (case / "a").write_text("AS SEALED")
    (case / "b").write_text("longer than before")
    (case / "c").unlink()
    (case / "d").unlink()
    (case / "d").symlink_to("b")
    (case / "new").touch()
    result = evtool("seal", "--json", case)
    assert result.exit_code == SealExitCode.SEALED_BUT
    found = {(finding["code"], finding["path"]) for finding in result.document["findings"]}
    assert found == {("changed", "a"), ("changed", "b"), ("missing", "c"), ("type-changed", "d")}
    assert result.document["new_items"] == 1
    assert "0002" in str(sorted((case / "custody").iterdir()))
    # Set back to the date of the seal, a change of the same size is only seen by reading, which verify does.
    os.utime(case / "a", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    found = {(finding["code"], finding["path"]) for finding in evtool("seal", "--json", case).document["findings"]}
    assert ("changed", "a") not in found
    assert {("changed", "a"), ("changed", "b"), ("missing", "c"), ("type-changed", "d")} == named(check(case, evtool))


def test_a_copy_with_other_name_forms_is_not_sealed_twice(evtool: Runner) -> None:
    """A collection that went through another system and grew there: old items are known under either spelling."""
    give_key(evtool)
    case = evtool.directory / "case"
    composed, decomposed = (unicodedata.normalize(form, "증언") for form in ("NFC", "NFD"))
    (case / composed).mkdir(parents=True)
    (case / composed / composed).write_text("testimony")
    (case / "plain.txt").write_text("plain")
    assert evtool("seal", case).exit_code == ExitCode.OK
    (case / composed / composed).rename(case / composed / decomposed)
    (case / composed).rename(case / decomposed)
    (case / decomposed / "new.txt").write_text("new")
    for arguments in (["--dry-run"], []):
        result = evtool("seal", "--json", case, *arguments)
        assert result.exit_code == ExitCode.OK, result.stdout
        assert (result.document["new_items"], result.document["kept_items"]) == (1, 2)
        assert [finding["code"] for finding in result.document["findings"]] == ["name-form"]
    report = check(case, evtool)
    assert report.exit_code is ExitCode.OK
    assert (report.sealed, report.items.ok, report.evidence.extra) == (3, 3, 0)


def test_an_empty_directory_cannot_be_sealed(evtool: Runner) -> None:
    """Success would read as if there were a seal; nothing is left behind."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    (case / ".DS_Store").touch()
    for arguments in ([], ["--dry-run"]):
        result = evtool("seal", case, *arguments)
        assert result.exit_code == ExitCode.NOT_CHECKED
        assert "the directory contains nothing to seal; patterns leave out 1" in result.stderr
    assert [path.name for path in case.iterdir()] == [".DS_Store"]


def test_a_dry_run_tells_and_writes_nothing(case: Path, evtool: Runner) -> None:
    """The same numbers as the seal that follows."""
    before = snapshot(case, custody=True)
    dry = evtool("seal", "--dry-run", "--json", case)
    assert dry.exit_code == ExitCode.OK
    assert snapshot(case, custody=True) == before
    wet = evtool("seal", "--json", case)
    for field in ("new_items", "new_bytes", "kept_items", "excluded"):
        assert dry.document[field] == wet.document[field]
    assert (dry.document["entry"], wet.document["entry"]) == (None, 1)


def test_exclusions_are_recorded_carried_on_and_never_hide_what_was_sealed(case: Path, evtool: Runner) -> None:
    """What is left out is said in every entry and every verdict; an item sealed before stays sealed."""
    for name in ("draft.tmp", "sealed before.bak"):
        (case / name).write_text("x")
    (case / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (case / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    assert evtool("seal", case, "--exclude", "*.tmp").exit_code == ExitCode.OK
    assert {".DS_Store", "Thumbs.db", "*.tmp"} <= set(entry(case, 1)["sealed"]["exclude"])
    (case / "photos" / "another.tmp").touch()
    (case / "new.txt").touch()
    assert evtool("seal", case, "--exclude", "*.bak").exit_code == ExitCode.OK
    assert entry(case, 2)["sealed"]["exclude"][-2:] == ["*.tmp", "*.bak"]
    report = check(case, evtool)
    assert (report.exit_code, report.evidence.excluded, report.items.ok) == (ExitCode.OK, 4, 4)
    assert Code.EXCLUDED in {finding.code for finding in report.findings}
    (case / "sealed before.bak").write_text("y")
    assert named(check(case, evtool)) == {("changed", "sealed before.bak")}
    (case / "sealed before.bak").unlink()
    assert named(check(case, evtool)) == {("missing", "sealed before.bak")}
    (case / "sealed before.bak").write_text("x")
    assert evtool("seal", case, "--reset-excludes").exit_code == ExitCode.OK
    assert entry(case, 3)["sealed"]["exclude"] == []
    assert check(case, evtool).items.ok == 8


def test_what_is_no_file_is_named_and_sealed_only_if_that_is_allowed(case: Path, evtool: Runner) -> None:
    """Sockets, FIFOs and devices are never opened and never skipped in silence."""
    make_pipe(case / "pipe")
    make_socket(case / "socket")
    devices = []
    if os.geteuid() == 0:
        os.mknod(case / "device", 0o020600, os.makedev(1, 5))  # /dev/zero: reading it would never end
        devices = ["device"]
    before = snapshot(case)
    result = evtool("seal", case)
    assert result.exit_code == ExitCode.NOT_CHECKED
    for name in ("pipe: a FIFO", "socket: a socket", *(f"{name}: a device" for name in devices)):
        assert name in result.stderr
    assert "--allow WHAT" in result.stderr
    assert "special" in result.stderr.splitlines()[-1]
    assert not (case / "custody").exists()
    result = evtool("seal", "--json", case, "--allow", "special")
    assert result.exit_code == ExitCode.OK
    assert result.document["omitted"] == 2 + len(devices)
    assert entry(case, 1)["sealed"]["allowed"] == ["special"]
    report = check(case, evtool)
    assert report.exit_code is ExitCode.OK
    assert named(report) == {("omitted", name) for name in ("pipe", "socket", *devices)}
    assert snapshot(case) == before


def test_what_cannot_be_read_is_named_and_sealed_only_if_that_is_allowed(case: Path, evtool: Runner) -> None:
    """A file and a directory without permissions, all named in one run."""
    (case / "locked").mkdir()
    (case / "locked" / "inside.txt").touch()
    for name in ("interview.txt", "locked"):
        (case / name).chmod(0)
    with serve(evtool, *deprived()) as run:
        result = run("seal", case)
        assert result.exit_code == ExitCode.NOT_CHECKED
        assert "interview.txt: Permission denied" in result.stderr
        assert "locked: the directory cannot be listed" in result.stderr
        assert not list(case.glob("custody/*.toml"))
        result = run("seal", "--json", case, "--allow", "unreadable")
        assert (result.exit_code, result.document["omitted"]) == (ExitCode.OK, 2)
        verdict = run("verify", "--json", case)
        assert verdict.exit_code == ExitCode.OK
        assert named(verdict.document["reports"][0]) == {("omitted", "interview.txt"), ("omitted", "locked")}
        # Readable later, they are still only named: nobody knows what they were.
        for name in ("interview.txt", "locked"):
            (case / name).chmod(0o700)
        assert run("verify", case).exit_code == ExitCode.OK


def test_one_item_that_is_named_only_is_told_in_the_singular(case: Path, evtool: Runner) -> None:
    """The sentence has a number in it, and its verb agrees with that."""
    make_pipe(case / "pipe")
    told = evtool("seal", case, "--allow", "special").stdout
    assert "  1 item is named in the seal without its content\n" in told


def test_a_foreign_custody_directory_is_evidence(case: Path, evtool: Runner) -> None:
    """Somebody's folder of that name is not written to; with the record elsewhere it is sealed with the rest."""
    (case / "custody").mkdir()
    (case / "custody" / "agreement.pdf").write_text("signed")
    before = snapshot(case, custody=True)
    refused = evtool("seal", case)
    assert refused.exit_code == ExitCode.NOT_CHECKED
    assert "evtool did not write" in refused.stderr
    assert "--custody" in refused.stderr
    record = case.with_name("record")
    assert evtool("seal", case, "--custody", record).exit_code == ExitCode.OK
    assert snapshot(case, custody=True) == before
    report = check(case, evtool, place=RecordPlace(str(record)))
    assert (report.exit_code, report.items.ok) == (ExitCode.OK, 3)
    (case / "custody" / "agreement.pdf").write_text("forged")
    assert named(check(case, evtool, place=RecordPlace(str(record)))) == {("changed", "custody/agreement.pdf")}


@pytest.mark.parametrize("maker", MAKERS[:1] + MAKERS[3:])
def test_whatever_else_is_called_custody_is_not_written_to(case: Path, evtool: Runner, maker: Any) -> None:
    """A file, a link that leads out of the evidence, a FIFO, a socket: refused at once, nothing is written anywhere."""
    elsewhere = case.with_name("nowhere")
    maker(case / "custody")
    if maker is make_link:
        elsewhere.mkdir()
        (case / "custody").unlink()
        (case / "custody").symlink_to(elsewhere)
    result = evtool("seal", case)
    assert result.exit_code == ExitCode.NOT_CHECKED
    assert "custody" in result.stderr
    assert "Traceback" not in result.stderr
    assert not elsewhere.exists() or not list(elsewhere.iterdir())


def test_a_record_inside_the_evidence_but_elsewhere_is_refused(case: Path, evtool: Runner) -> None:
    """It would be evidence of itself."""
    for place in (case, case / "photos", case / "photos" / "record"):
        assert evtool("seal", case, "--custody", place).exit_code == ExitCode.USAGE
    assert evtool("seal", case, "--custody", case / "custody").exit_code == ExitCode.OK
    assert check(case, evtool).exit_code is ExitCode.OK


def test_a_read_only_medium_is_sealed_with_the_record_elsewhere(case: Path, evtool: Runner) -> None:
    """A disc from the post: the error comes before hours of hashing, and says the way out, which then works."""
    record = case.with_name("record")
    namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    mount = f"mount --bind {case} {case} && mount -o remount,ro,bind {case}"
    if subprocess.run([*namespace, "sh", "-c", mount], check=False, capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a file system of his own")

    def on_disc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*namespace, "sh", "-c", f"{mount} && exec {shlex.join(evtool.command(*arguments))}"],
            env=evtool.environment,
            cwd=evtool.directory,
            capture_output=True,
            text=True,
            check=False,
        )

    before = snapshot(case)
    refused = on_disc("seal", case)
    assert refused.returncode == ExitCode.NOT_CHECKED
    assert "Read-only file system" in refused.stderr
    assert "--custody DIR" in refused.stderr
    assert on_disc("seal", case, "--custody", record).returncode == ExitCode.OK
    assert on_disc("verify", case, "--custody", record).returncode == ExitCode.OK
    # A disc that carries its seal is verified as it is; more cannot be added to it.
    shutil.move(record, case / "custody")
    assert on_disc("verify", case).returncode == ExitCode.OK
    refused = on_disc("seal", case)
    assert refused.returncode == ExitCode.NOT_CHECKED
    assert "--custody DIR" in refused.stderr
    assert snapshot(case) == before


def test_a_directory_without_write_permission_says_the_way_out(case: Path, evtool: Runner) -> None:
    """A share that may only be read."""
    case.chmod(0o500)
    result = run_under(evtool, deprived(), "seal", case)
    case.chmod(0o700)
    assert result.exit_code == ExitCode.NOT_CHECKED
    assert "Permission denied" in result.stderr
    assert "--custody DIR" in result.stderr


def test_what_the_signer_says_is_kept_as_he_says_it(case: Path, evtool: Runner) -> None:
    """Reason, time with its offset, clock and code; a time without an offset is refused."""
    arguments = ["--reason", "received from 협회", "--happened-at", "2026-03-01T09:30:00+09:00", "--clock", "synced"]
    assert evtool("seal", case, *arguments).exit_code == ExitCode.OK
    first = entry(case, 1)
    assert first["happened_at"].isoformat() == "2026-03-01T09:30:00+09:00"
    assert (first["reason"], first["clock"], first["agent"]) == ("received from 협회", "synced", "A03")
    log = " ".join(evtool("log", case).stdout.split())
    here = datetime.fromisoformat("2026-03-01T09:30:00+09:00").astimezone()
    beside = "" if here.utcoffset() == timedelta(hours=9) else f" (here {format_time(here)})"
    assert f"2026-03-01T09:30:00+09:00{beside} (claimed)" in log


def test_a_record_that_does_not_hold_is_not_built_on(case: Path, evtool: Runner) -> None:
    """An edited entry, a lost signature, a manifest of other items: nothing is added, and nothing is removed."""
    assert evtool("seal", case).exit_code == ExitCode.OK
    (case / "second.txt").touch()
    assert evtool("seal", case).exit_code == ExitCode.OK
    (case / "third.txt").touch()
    custody, kept = case / "custody", case.with_name("kept")
    shutil.copytree(custody, kept)
    for path in sorted(custody.iterdir()):
        if path.name in ("README.txt", "allowed_signers"):
            continue
        for what in ("edited", "removed"):
            if what == "edited":
                path.write_bytes(path.read_bytes()[:-2] + b"x\n")
            else:
                path.unlink()
            before = contents_of(custody)
            result = evtool("seal", case)
            assert result.exit_code in (ExitCode.MISMATCH, ExitCode.NOT_CHECKED), (path.name, what, result)
            assert "evtool: hint: " in result.stderr
            assert contents_of(custody) == before, (path.name, what)
            shutil.rmtree(custody)
            shutil.copytree(kept, custody)
    assert evtool("seal", case).exit_code == ExitCode.OK


def contents_of(custody: Path) -> dict[str, bytes]:
    """Read what is in a record; the digests that a refused seal keeps for the next one are not part of it."""
    return {path.name: path.read_bytes() for path in custody.iterdir() if not path.name.endswith(".journal.part")}
