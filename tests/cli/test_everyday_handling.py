"""What happens to evidence in good hands: zipped, unzipped, carried on a stick, through a Mac, through git.

Exit 1 is an accusation. Nothing here was tampered with, so no verdict says so; and the intruder who hides behind one of
these stories is found.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import unicodedata
import zipfile
from pathlib import Path

import pytest

from evtool import ExitCode
from tests.cli.evidence import PUBLIC, give_key, start_from
from tests.conftest import Runner, RunResult, make_runner

HANGUL = "photos/한글 문서.txt"
APPLE_DOUBLE = b"\0\5\26\7\0\2\0\0Mac OS X        \0\2\0\0\0\x09" + b"\0" * 4000
ZONE = b"[ZoneTransfer]\r\nZoneId=3\r\nHostUrl=https://example.org/letter.txt\r\n"
DS_STORE = b"\0\0\0\1Bud1" + b"\0" * 6000
THUMBS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 3000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed directory with three files, and bundle.zip beside it."""
    folder = tmp_path_factory.mktemp("made")
    evtool = make_runner(folder)
    give_key(evtool)
    case = evtool.directory / "case"
    (case / "photos").mkdir(parents=True)
    (case / "letter.txt").write_text("first line\nsecond line\n")
    (case / HANGUL).write_text("x\n")
    (case / "photos" / "b.bin").write_bytes(b"abc")
    defaults = case.with_name("public.toml")
    defaults.write_text(PUBLIC)
    assert evtool("seal", case, "--defaults", defaults).exit_code == ExitCode.OK
    assert evtool("pack", case, "-o", "bundle.zip").exit_code == ExitCode.OK
    return folder


@pytest.fixture
def case(made: Path, evtool: Runner) -> Path:
    return start_from(made, evtool)


@pytest.fixture
def bundle(case: Path) -> Path:
    """The bundle as a folder, as any unzip makes it."""
    folder = case.with_name("bundle")
    with zipfile.ZipFile(case.with_name("bundle.zip")) as file:
        file.extractall(folder)
    return folder


def zip_by_hand(folder: Path, target: Path, top: str = "") -> Path:
    """Zip a folder as other programs do, with or without the folder itself."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.write(path, top + str(path.relative_to(folder)))
    return target


def finding(result: RunResult, code: str) -> str:
    """Give the message of the one finding of this code."""
    found = [finding["message"] for finding in result.document["reports"][0]["findings"] if finding["code"] == code]
    assert len(found) == 1, (code, result.stdout)
    return str(found[0])


def test_a_sealed_folder_zipped_by_hand_is_told_as_that(case: Path, evtool: Runner) -> None:
    """CASES 7: select what is in it, compress, send. That it is no bundle proves no tampering."""
    sent = zip_by_hand(case, case.with_name("sent.zip"))
    result = evtool("verify", "--json", sent.name)
    assert result.exit_code == ExitCode.NOT_CHECKED
    said = "sent.zip is not an evtool bundle: it contains a sealed directory that another program zipped"
    assert finding(result, "bag-broken") == f"{said} (unpack it, and run evtool verify on the folder)"
    assert [finding["code"] for finding in result.document["reports"][0]["findings"]] == ["no-items", "bag-broken"]
    for command in (("unpack", sent.name, "-o", "out"), ("log", sent.name), ("show", sent.name)):
        other = evtool(*command)
        assert other.exit_code == ExitCode.NOT_CHECKED
        assert other.stderr.splitlines() == [
            f"evtool: error: {said}",
            "evtool: hint: unpack it, and run evtool verify on the folder",
        ]
    with zipfile.ZipFile(sent) as file:
        file.extractall(case.with_name("received"))
    assert evtool("verify", "received").exit_code == ExitCode.OK


@pytest.mark.parametrize(("what", "said"), [("bundle", "a bundle"), ("case", "a sealed directory")])
def test_a_zip_with_a_folder_on_top_says_where_everything_lies(
    case: Path, bundle: Path, evtool: Runner, what: str, said: str
) -> None:
    """CASES 8: Finder and Explorer zip the folder that they are given."""
    assert bundle.is_dir()
    zip_by_hand(case.with_name(what), case.with_name("top.zip"), "case 12/")
    result = evtool("verify", "--json", "top.zip")
    assert result.exit_code == ExitCode.NOT_CHECKED
    message = finding(result, "bag-broken")
    assert (
        f"everything is in the folder case 12/ of the zip, which contains {said} that another program zipped" in message
    )
    assert "unpack it, and run evtool verify on the folder case 12" in message


def test_a_bundle_zipped_again_names_the_other_program_and_the_way_on(bundle: Path, evtool: Runner) -> None:
    """CASES 8: Info-ZIP writes dates into extra fields, in which two programs can read two things."""
    if shutil.which("zip") is None:
        pytest.skip("zip is missing")
    subprocess.run(["zip", "-qr", "../again.zip", "."], cwd=bundle, check=True)
    result = evtool("verify", "--json", "again.zip")
    assert result.exit_code == ExitCode.NOT_CHECKED
    message = finding(result, "bag-broken")
    assert message.startswith("the zip container is refused: a file has extra fields: ")
    assert message.endswith("(another program made this zip: unpack it, and run evtool verify on the folder)")
    assert evtool("verify", bundle).exit_code == ExitCode.OK


def test_a_bundle_that_lost_a_file_is_still_a_bundle(bundle: Path, evtool: Runner) -> None:
    """An intruder who takes bagit.txt out, to have a bundle passed over as a folder zipped by hand, is found."""
    (bundle / "bagit.txt").unlink()
    zip_by_hand(bundle, bundle.with_name("less.zip"))
    result = evtool("verify", "--json", "less.zip")
    assert result.exit_code == ExitCode.MISMATCH
    assert "bagit.txt: is missing" in result.stdout


@pytest.mark.parametrize("command", ["verify", "unpack"])
def test_a_bundle_folder_through_a_mac_is_as_sealed(bundle: Path, evtool: Runner, command: str) -> None:
    """CASES 9: HFS+ and others give names in NFD. The bag and the seal agree that this is the same name."""
    for path in (bundle / "data" / "photos").iterdir():
        path.rename(path.with_name(unicodedata.normalize("NFD", path.name)))
    result = evtool("verify", bundle, "--json") if command == "verify" else evtool("unpack", bundle, "-o", "out")
    assert result.exit_code == ExitCode.OK, result.stdout + result.stderr
    if command == "verify":
        assert "the same name in another Unicode form" in finding(result, "name-form")


def test_a_twin_in_another_form_is_an_intruder(bundle: Path, evtool: Runner) -> None:
    """Both forms side by side: one of them was planted."""
    path = bundle / "data" / HANGUL
    path.with_name(unicodedata.normalize("NFD", path.name)).write_text("planted")
    assert evtool("verify", bundle).exit_code == ExitCode.MISMATCH
    path.unlink()
    result = evtool("verify", bundle)
    assert result.exit_code == ExitCode.MISMATCH, "now the planted one stands in its place"


COMPANIONS = {
    "._letter.txt": APPLE_DOUBLE,
    "photos/._b.bin": APPLE_DOUBLE,
    "letter.txt:Zone.Identifier": ZONE,
    "letter.txt\uf03aZone.Identifier": ZONE,
    "letter.txt@SynoEAStream": APPLE_DOUBLE,
}


@pytest.mark.parametrize("form", ["case", "bundle"])
def test_what_other_systems_write_beside_evidence_and_record_is_named_and_accuses_nobody(
    case: Path, bundle: Path, evtool: Runner, form: str
) -> None:
    """CASES 10: a stick that was in a Mac, a folder under WSL, a NAS; custody/ is no exception."""
    root = case.with_name(form)
    evidence = case if form == "case" else bundle / "data"
    for name, data in COMPANIONS.items():
        (evidence / name).write_bytes(data)
    (root / "custody" / "._0001-sealed.toml").write_bytes(APPLE_DOUBLE)
    (root / "custody" / ".DS_Store").write_bytes(DS_STORE)
    (root / "custody" / "Thumbs.db").write_bytes(THUMBS)
    if form == "bundle":
        (root / "._bagit.txt").write_bytes(APPLE_DOUBLE)
        (root / ".DS_Store").write_bytes(DS_STORE)
        (evidence / "Thumbs.db").write_bytes(THUMBS)
    result = evtool("verify", "--json", root)
    assert result.exit_code == ExitCode.OK, result.stdout
    report = result.document["reports"][0]
    assert (report["axes"]["integrity"], report["axes"]["custody"]) == ("shown", "shown")
    said = " ".join(finding["message"] for finding in report["findings"] if "companion" in finding["code"])
    for name in (
        "._letter.txt (macOS, beside letter.txt)",
        "photos/._b.bin",
        "._0001-sealed.toml",
        "Thumbs.db (Windows)",
    ):
        assert name in said
    assert evtool("record", case, "verified").exit_code == ExitCode.OK if form == "case" else True
    assert form == "case" or evtool("unpack", bundle, "-o", "out").exit_code == ExitCode.OK


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("._letter.txt", b"a message in a bottle"),
        ("._nothing-here.txt", APPLE_DOUBLE),
        ("._letter.txt", APPLE_DOUBLE + b"\0" * 300_000),
        ("letter.txt:Zone.Identifier", b"[Something]\r\n" + ZONE),
        ("custody/._0001-sealed.toml", b"\0\5\26"),
        ("custody/.DS_Store", b"x"),
        ("custody/._0009-sealed.toml", APPLE_DOUBLE),
    ],
    ids=["other bytes", "beside nothing", "too large", "other text", "cut short", "other bytes in custody", "no entry"],
)
def test_what_only_looks_like_it_by_name_is_extra(case: Path, evtool: Runner, name: str, data: bytes) -> None:
    """A name alone hides nothing."""
    (case / name).write_bytes(data)
    assert evtool("verify", case).exit_code == ExitCode.MISMATCH


def test_converted_line_ends_of_evidence_are_told_as_the_cause(case: Path, evtool: Runner) -> None:
    """CASES 25: the bytes differ, which is exit 1; but a program did it, which is decisive in court."""
    path = case / "letter.txt"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    result = evtool("verify", "--json", case)
    assert result.exit_code == ExitCode.MISMATCH
    assert finding(result, "changed").endswith(
        "with CR LF turned into LF it matches the seal: a program converted its line ends"
    )
    path.write_bytes(path.read_bytes().replace(b"first", b"firsT"))
    assert "converted" not in finding(evtool("verify", "--json", case), "changed")


@pytest.mark.parametrize("names", ["*", "*.toml", "*.jsonl", "*.sha256", "*.sig"])
def test_a_record_with_converted_line_ends_accuses_nobody(case: Path, evtool: Runner, names: str) -> None:
    """CASES 25: `core.autocrlf`. The signed bytes are others, and nothing contradicts them: exit 4, and the way on."""
    for path in (case / "custody").glob(names):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    result = evtool("verify", "--json", case)
    assert result.exit_code == ExitCode.NOT_CHECKED, result.stdout
    said = [
        finding["message"] for finding in result.document["reports"][0]["findings"] if finding["effect"] == "unchecked"
    ]
    assert any(
        "a program converted" in message and "from LF to CR LF" in message and "in git, put `* -text`" in message
        for message in said
    ), said


def test_a_record_that_was_edited_and_converted_is_no_accident(case: Path, evtool: Runner) -> None:
    """Converted line ends are no cover for another change."""
    path = case / "custody" / "0001-sealed.toml"
    path.write_bytes(path.read_bytes().replace(b"not stated", b"for a test").replace(b"\n", b"\r\n"))
    result = evtool("verify", "--json", case)
    assert result.exit_code == ExitCode.MISMATCH
    assert "converted" not in result.stdout


def test_the_wrong_folder_is_told_from_no_record(case: Path, evtool: Runner) -> None:
    """CASES 27: one folder too high or too low; verify, log and show say where the record is."""
    outer = case.with_name("outer")
    outer.mkdir()
    case.rename(outer / "case")
    for place, said in (
        ("outer", "outer is not sealed itself, but contains sealed folders: outer/case"),
        ("outer/case/custody", "outer/case/custody is the custody directory itself"),
        ("outer/case/photos", "outer/case/photos is part of a sealed folder and has no record of its own"),
        ("outer/case/custody/0001-sealed.toml", "outer/case/custody/0001-sealed.toml is a file of a custody directory"),
        ("outer/case/letter.txt", "outer/case/letter.txt is one file of a sealed folder"),
        ("outer/cas", "outer/cas does not exist"),
    ):
        way = "did you mean outer/case?"
        for command in ("verify", "log", "show"):
            result = evtool(command, place)
            assert (result.exit_code, result.stdout) == (ExitCode.NOT_CHECKED, ""), (command, place)
            assert result.stderr.splitlines() == [f"evtool: error: {said}", f"evtool: hint: {way}"]
        # One bad path of several hides nothing of the others, and has its own verdict.
        several = evtool("verify", "--json", place, "outer/case")
        assert several.exit_code == ExitCode.NOT_CHECKED
        assert [report["exit_code"] for report in several.document["reports"]] == [4, 0]
        assert several.document["reports"][0]["findings"][0]["message"] == f"{said} ({way})"
    (evtool.directory / "empty").mkdir()
    assert "seal it first" in evtool("verify", "empty").stderr


def test_evidence_that_looks_like_a_bundle_is_evidence(evtool: Runner) -> None:
    """Fault 07: a bundle of somebody else as evidence, whose list names a record; sealed once more, and zipped."""
    give_key(evtool)
    case = evtool.directory / "case"
    (case / "data").mkdir(parents=True)
    (case / "data" / "z.txt").write_text("payload of another bag")
    (case / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    (case / "tagmanifest-sha256.txt").write_text(f"{'0' * 64}  custody/0001-sealed.toml\n")
    assert evtool("seal", case).exit_code == ExitCode.OK
    assert evtool("verify", case).exit_code == ExitCode.OK
    # The strongest imitation: a sealed list that holds the digest of the record as it was by then.
    other = evtool.directory / "other"
    other.mkdir()
    (other / "a.txt").write_text("a")
    assert evtool("seal", other).exit_code == ExitCode.OK
    sums = subprocess.run(["sha256sum", "custody/0001-sealed.toml"], cwd=other, capture_output=True, check=True).stdout
    (other / "tagmanifest-sha256.txt").write_bytes(sums)
    assert evtool("seal", other).exit_code == ExitCode.OK
    assert evtool("verify", other).exit_code == ExitCode.OK
    zip_by_hand(other, evtool.directory / "other.zip")
    assert evtool("verify", "other.zip").exit_code == ExitCode.NOT_CHECKED


def test_what_patterns_leave_out_is_named(case: Path, evtool: Runner) -> None:
    """Fault 39: Thumbs.db can be evidence: whoever reads a verdict or seals is told which ones were left out."""
    (case / "photos" / "Thumbs.db").write_bytes(THUMBS)
    (case / ".DS_Store").write_bytes(DS_STORE)
    result = evtool("verify", "--json", case)
    assert result.exit_code == ExitCode.OK
    assert "photos/Thumbs.db" in finding(result, "excluded")
    sealed = evtool("seal", case)
    assert "photos/Thumbs.db: 2.9 KiB; written by Windows, by its name and its bytes" in sealed.stdout
    assert ".DS_Store" in sealed.stdout


def test_what_only_has_the_name_of_litter_is_evidence(case: Path, evtool: Runner) -> None:
    """Whoever hides a file as Thumbs.db hides it from nobody: it is sealed, and one that comes later is told."""
    (case / "photos" / "Thumbs.db").write_bytes(b"a list of names")
    (case / "desktop.ini").mkdir()
    (case / "desktop.ini" / "inside.txt").write_bytes(b"a folder is no litter")
    (case / ".DS_Store").symlink_to("letter.txt")
    sealed = evtool("seal", "--json", case)
    assert (sealed.exit_code, sealed.document["new_items"], sealed.document["left_out"]) == (0, 3, [])
    assert evtool("verify", case).exit_code == ExitCode.OK
    (case / "photos" / "Thumbs.db").write_bytes(b"another list of names")
    assert evtool("verify", case).exit_code == ExitCode.MISMATCH
    (case / "photos" / "Thumbs.db").write_bytes(THUMBS)
    assert evtool("verify", case).exit_code == ExitCode.MISMATCH
    (case / "photos" / "Thumbs.db").write_bytes(b"a list of names")
    (case / "ehthumbs.db").write_bytes(b"put there later")
    later = evtool("verify", "--json", case)
    assert "ehthumbs.db" in finding(later, "extra")


def test_a_pattern_of_the_user_counts_for_any_bytes(case: Path, evtool: Runner) -> None:
    (case / "Thumbs.db").write_bytes(b"a list of names")
    sealed = evtool("seal", "--json", case, "--exclude", "Thumb*")
    (left_out,) = sealed.document["left_out"]
    assert (left_out["path"], left_out["pattern"], left_out["bytes"]) == ("Thumbs.db", "Thumb*", 15)


def test_a_directory_that_is_left_out_tells_how_much_is_in_it(case: Path, evtool: Runner) -> None:
    """CASES 21: what somebody threw away is often the evidence."""
    bin_of_user = case / "$RECYCLE.BIN" / "S-1-5-21"
    bin_of_user.mkdir(parents=True)
    for number in range(30):
        (bin_of_user / f"$R{number}.mp4").write_bytes(b"12345")
    (case / "new.txt").write_bytes(b"new")
    sealed = evtool("seal", case, "--dry-run")
    assert "$RECYCLE.BIN: a directory with 30 files, 150 bytes" in sealed.stdout
    assert "--reset-excludes" in sealed.stdout
    (left_out,) = evtool("seal", "--json", case).document["left_out"]
    assert (left_out["directory"], left_out["files"], left_out["bytes"]) == (True, 30, 150)
    assert evtool("seal", case, "--reset-excludes").exit_code == ExitCode.OK
    assert "$R29.mp4" in evtool("show", case, "--all").stdout


def test_dates_that_differ_are_not_called_equal(case: Path, evtool: Runner) -> None:
    """CASES 22: a copy has other dates, a FAT stick in another time zone as well."""
    kept = evtool("seal", "--json", case).document
    assert kept["other_dates"] == 0
    assert "with the size and date they were sealed with" in evtool("seal", case).stdout
    files = [path for path in case.rglob("*") if path.is_file() and "custody" not in path.parts]
    os.utime(files[0], (1, 1))
    assert "; the dates of 1 differ, and their bytes are the same" in evtool("seal", case).stdout
    for path in files:
        os.utime(path, (1, 1))
    assert evtool("seal", "--json", case).document["other_dates"] == len(files)


@pytest.mark.parametrize("metadata", ["none", "basic"])
def test_an_empty_photograph_is_pointed_out(metadata: str, evtool: Runner) -> None:
    """CASES 29: a copy that failed, or a placeholder of a cloud."""
    give_key(evtool)
    fresh = evtool.directory / "fresh"
    fresh.mkdir()
    (fresh / 'IMG_"size":0,.jpg').write_bytes(b"not empty")
    for number in range(3):
        (fresh / f"IMG_000{number}.jpg").touch()
    sealed = evtool("seal", "--json", fresh, "--metadata", metadata).document
    assert sealed["empty"] == 3
    (note,) = (said for said in sealed["notes"] if "empty" in said)
    assert note.startswith("3 new files are empty: IMG_0000.jpg; IMG_0001.jpg; IMG_0002.jpg; ")
    inspected = evtool("inspect", fresh / "IMG_0000.jpg").stdout
    assert "empty-file" in inspected
