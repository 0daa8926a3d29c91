"""Evidence that somebody else listed: checked against what bagit.py, coreutils, b3sum and hashdeep write."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.interop.checksum_lists import DIGEST_SIZES, HASHDEEP, LIST_FORMATS, read_list
from evtool.interop.foreign_bag import read_foreign_bag
from evtool.operations.import_evidence import Origin, import_list
from evtool.operations.item_metadata import MetadataChoice
from evtool.operations.seal_options import SealOptions
from tests.bundle.case import SIGNER, snapshot, write_files
from tests.cli.custody import Party, make_party
from tests.conftest import Runner

FILES = {
    "photos/김철수.jpg": b"a picture",
    "interview.mp4": b"a recording " * 1000,
    "empty.txt": b"",
    "100% sure.txt": b"percent",
    " leading space": b"space",
}


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    return make_party(evtool, "A1")


@pytest.fixture
def case(archivist: Party) -> Path:
    case = archivist.run.directory / "case"
    case.mkdir()
    return write_files(case, FILES)


def make_bag(path: Path, *algorithms: str) -> Path:
    """Have bagit.py make a bag in place."""
    options = [f"--{algorithm}" for algorithm in algorithms]
    subprocess.run([sys.executable, "-m", "bagit", "--quiet", *options, path], check=True)
    return path


def import_it(party: Party, *arguments: str | Path) -> dict[str, object]:
    return party.ok("import", *arguments, "--source", "NGO-3", "--json").document


# --- bags --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithms", [("sha256", "sha512"), ("md5",), ("sha1", "sha256")])
def test_a_bag_is_checked_against_all_of_its_manifests_and_sealed_where_it_lies(
    algorithms: tuple[str, ...], archivist: Party, case: Path
) -> None:
    make_bag(case, *algorithms)
    before = snapshot(case)

    result = import_it(archivist, "bag", case)

    assert result["algorithms"] == sorted(algorithms)
    assert (result["collected"], result["sealed"]) == (1, 2)
    # The payload, and the tag files that a tag manifest can list: bag-info.txt, bagit.txt and the manifests.
    assert result["checked"] == len(FILES) + 2 + len(algorithms)
    assert result["unlisted"] == sorted(f"tagmanifest-{algorithm}.txt" for algorithm in algorithms)
    assert {name: facts for name, facts in snapshot(case).items() if not name.startswith("custody")} == before
    assert archivist.ok("verify", case).stdout
    log = archivist.ok("log", case).stdout
    assert "NGO-3" in log
    assert f"manifest-{algorithms[0]}.txt" in log
    # It is still the bag that it was.
    subprocess.run([sys.executable, "-m", "bagit", "--quiet", "--validate", case], check=True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("changed", "data/interview.mp4: md5 is"),
        ("missing", "data/interview.mp4 is missing"),
        ("planted", "data/planted.txt is in the payload, and in no manifest"),
        ("one-manifest", "sha512 is"),
        ("unlisted-in-one", "manifest-md5.txt does not list"),
        ("oxum", "the Payload-Oxum gives 1 bytes"),
        ("tag", "bag-info.txt: md5 is"),
        ("fetch", "files to be fetched"),
        ("no-bagit", "no bagit.txt"),
        ("version", "BagIt 2.0"),
        ("encoding", "UTF-16"),
        ("traversal", "does not stay below"),
        ("absolute", "does not stay below"),
        ("no-manifest", "no payload manifest"),
        ("doubled", "listed before, with another digest"),
        ("algorithm", "digests of this algorithm are not read"),
    ],
)
def test_a_bag_that_does_not_hold_is_not_sealed(change: str, reason: str, archivist: Party, case: Path) -> None:
    make_bag(case, "md5", "sha512")
    lists = {name: case / f"manifest-{name}.txt" for name in ("md5", "sha512")}
    first = lists["md5"].read_text(encoding="utf-8").splitlines(keepends=True)[0]
    if change != "tag":
        # The tag manifests would notice most of what follows; here it is to be found by itself.
        for path in case.glob("tagmanifest-*.txt"):
            path.unlink()
    if change == "changed":
        (case / "data/interview.mp4").write_bytes(b"another")
    elif change == "missing":
        (case / "data/interview.mp4").unlink()
    elif change == "planted":
        (case / "data/planted.txt").write_bytes(b"x")
    elif change == "one-manifest":
        text = lists["sha512"].read_text(encoding="utf-8")
        lists["sha512"].write_text(("0" if text[0] != "0" else "1") + text[1:], encoding="utf-8")
    elif change == "unlisted-in-one":
        text = lists["md5"].read_text(encoding="utf-8")
        lists["md5"].write_text(text.replace(first, "", 1), encoding="utf-8")
        declaration = case / "bagit.txt"
        declaration.write_text(declaration.read_text().replace("0.97", "1.0"))
    elif change == "oxum":
        (case / "bag-info.txt").write_text("Payload-Oxum: 1.1\n")
    elif change == "tag":
        (case / "bag-info.txt").write_text("Contact-Name: x\n")
    elif change == "fetch":
        (case / "fetch.txt").write_text("http://192.0.2.1/x 1 data/x\n")
    elif change == "no-bagit":
        (case / "bagit.txt").unlink()
    elif change == "version":
        (case / "bagit.txt").write_text("BagIt-Version: 2.0\nTag-File-Character-Encoding: UTF-8\n")
    elif change == "encoding":
        (case / "bagit.txt").write_text("BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-16\n")
    elif change in ("traversal", "absolute"):
        unsafe = "data/../../x" if change == "traversal" else "/data/x"
        lists["md5"].write_text(f"{'0' * 32}  {unsafe}\n")
    elif change == "no-manifest":
        for path in lists.values():
            path.unlink()
    elif change == "doubled":
        text = lists["md5"].read_text(encoding="utf-8")
        lists["md5"].write_text(text + ("0" if first[0] != "0" else "1") + first[1:], encoding="utf-8")
    elif change == "algorithm":
        (case / "manifest-whirlpool.txt").write_text("00  data/x\n")
    before = snapshot(case)

    refused = archivist("import", "bag", case)

    assert refused.exit_code in (1, 4), refused.stdout
    assert reason in refused.stderr
    assert snapshot(case) == before


def test_a_percent_in_a_name_is_read_both_ways(archivist: Party, case: Path) -> None:
    """RFC 8493 writes `%25`, bagit.py writes `%`: what is there decides."""
    make_bag(case, "sha256")
    manifest = case / "manifest-sha256.txt"
    text = manifest.read_text(encoding="utf-8")
    assert "100% sure" in text
    manifest.write_text(text.replace("100% sure", "100%25 sure"), encoding="utf-8")
    (case / "tagmanifest-sha256.txt").unlink()
    assert import_it(archivist, "bag", case)["checked"] == len(FILES)


@given(st.dictionaries(st.sampled_from(["bagit.txt", "bag-info.txt", "manifest-md5.txt"]), st.binary(max_size=120)))
def test_any_texts_are_a_bag_or_refused(texts: dict[str, bytes]) -> None:
    good = {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "manifest-md5.txt": b"0" * 32 + b"  data/x\n",
    }
    for files in (texts, good | texts):
        try:
            bag = read_foreign_bag(files, files.__getitem__, lambda path: False)
        except FormatError:
            continue
        assert all(not path.startswith(b"/") and b".." not in path.split(b"/") for path in bag.files)


# --- lists -------------------------------------------------------------------------------------------------------


def write_list(case: Path, program: str, *options: str) -> bytes:
    """Have the real program write a list of the files, from inside their directory."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    names = sorted(str(path.relative_to(case)) for path in case.rglob("*") if path.is_file())
    run = subprocess.run([program, *options, "--", *names], cwd=case, check=True, capture_output=True)
    return run.stdout


@pytest.mark.parametrize(
    ("program", "options", "algorithm"),
    [
        ("sha256sum", (), "sha256"),
        ("sha256sum", ("--tag",), "sha256"),
        ("sha256sum", ("--binary",), "sha256"),
        ("sha512sum", (), "sha512"),
        ("md5sum", (), "md5"),
        ("b3sum", (), "blake3"),
    ],
)
def test_lists_of_ordinary_programs_are_checked_in_the_same_read(
    program: str, options: tuple[str, ...], algorithm: str, archivist: Party, case: Path
) -> None:
    (case / "new\nline").write_bytes(b"two lines")
    (case / "back\\slash").write_bytes(b"one name")
    listed = archivist.run.directory / "list"
    listed.write_bytes(write_list(case, program, *options))
    (case / "later.txt").write_bytes(b"in no list")

    result = import_it(archivist, "list", listed, case, "--format", program)

    assert (result["checked"], result["algorithms"]) == (len(FILES) + 2, [algorithm])
    assert result["unlisted"] == ["later.txt"]
    assert result["items"] == len(FILES) + 3
    archivist.ok("verify", case)


def test_a_list_of_hashdeep_with_paths_from_elsewhere(archivist: Party, case: Path) -> None:
    lines = ["%%%% HASHDEEP-1.0", "%%%% size,md5,sha256,filename", "## Invoked from: /mnt/disc", "## ", "## "]
    for name, data in FILES.items():
        digests = hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest()
        lines.append(f"{len(data)},{digests[0]},{digests[1]},/mnt/disc/{name}")
    listed = archivist.run.directory / "list"
    listed.write_text("\n".join(lines) + "\n", encoding="utf-8")

    refused = archivist("import", "list", listed, case, "--format", "hashdeep")
    assert (refused.exit_code, "--strip" in refused.stderr) == (4, True)
    result = import_it(archivist, "list", listed, case, "--format", "hashdeep", "--strip", "/mnt/disc/")
    assert (result["checked"], result["algorithms"]) == (len(FILES), ["md5", "sha256"])


def test_hashdeep_itself(archivist: Party, case: Path) -> None:
    if shutil.which("hashdeep") is None:
        pytest.skip("hashdeep is not installed")
    run = subprocess.run(["hashdeep", "-r", "-l", "."], cwd=case, check=True, capture_output=True)
    listed = archivist.run.directory / "list"
    listed.write_bytes(run.stdout)
    assert import_it(archivist, "list", listed, case, "--format", "hashdeep")["checked"] == len(FILES)


@pytest.mark.parametrize("how", ["changed", "missing", "size"])
def test_what_is_not_as_listed_is_named_and_not_sealed(how: str, archivist: Party, case: Path) -> None:
    listed = archivist.run.directory / "list"
    if how == "size":
        data = FILES["interview.mp4"]
        digest = hashlib.sha256(data).hexdigest()
        listed.write_text(f"%%%% HASHDEEP-1.0\n%%%% size,sha256,filename\n{len(data) + 1},{digest},interview.mp4\n")
    else:
        listed.write_bytes(write_list(case, "sha256sum"))
    if how == "changed":
        (case / "interview.mp4").write_bytes(b"another")
    elif how == "missing":
        (case / "interview.mp4").unlink()
    before = snapshot(case)

    refused = archivist("import", "list", listed, case, "--format", "hashdeep" if how == "size" else "sha256sum")

    assert (refused.exit_code, "interview.mp4" in refused.stderr) == (1, True)
    assert snapshot(case) == before


def test_a_sealed_directory_is_not_imported_again(archivist: Party, case: Path) -> None:
    listed = archivist.run.directory / "list"
    listed.write_bytes(write_list(case, "sha256sum"))
    archivist.ok("seal", case)
    before = snapshot(case)
    refused = archivist("import", "list", listed, case, "--format", "sha256sum")
    assert (refused.exit_code, "sealed already" in refused.stderr) == (2, True)
    assert snapshot(case) == before


def test_weak_digests_are_said_to_be_weak(archivist: Party, case: Path) -> None:
    listed = archivist.run.directory / "list"
    listed.write_bytes(write_list(case, "md5sum"))
    answer = archivist.ok("import", "list", listed, case, "--format", "md5sum").stdout
    assert "MD5 and SHA-1 show accidents, not attacks" in answer


DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the list names no file"),
        ("# nothing\n", "the list names no file"),
        (f"{DIGEST} x\n", "line 1 is not a digest and a file name"),
        (f"{DIGEST[:40]}  x\n", "line 1: this is no sha256 digest"),
        (f"{DIGEST}  /etc/passwd\n", "line 1: the path /etc/passwd does not stay below"),
        (f"{DIGEST}  a/../../x\n", "line 1: the path a/../../x does not stay below"),
        (f"{DIGEST}  a//x\n", "line 1: the path a//x does not stay below"),
        (f"\\{DIGEST}  a\\tx\n", "line 1: an escape in the file name is unknown"),
        (f"{DIGEST}  x\n{'cd' * 32}  ./x\n", "line 2: the file is listed before, with another digest"),
        (f"WHIRLPOOL (x) = {DIGEST}\n", "line 1: digests of this algorithm are not read"),
        (f"SHA512 (x) = {DIGEST}\n", "line 1: this is no sha512 digest"),
    ],
)
def test_a_line_that_is_not_understood_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_list(text.encode().split(b"\n")[:-1], "sha256sum")
    assert caught.value.message.startswith(reason)


@given(st.sampled_from([*LIST_FORMATS, HASHDEEP]), st.lists(st.binary(max_size=120), max_size=4))
def test_any_list_is_read_or_refused(name: str, lines: list[bytes]) -> None:
    for start in ([], [b"%%%% HASHDEEP-1.0", b"%%%% size,md5,filename"]):
        try:
            files = read_list(start + lines, name)
        except FormatError:
            continue
        for path, expected in files.items():
            assert path
            assert not path.startswith(b"/")
            assert b".." not in path.split(b"/")
            assert all(len(digest) == 2 * DIGEST_SIZES[name] for name, digest in expected.digests.items())


@given(st.binary(min_size=1, max_size=20).filter(lambda path: b"\0" not in path and b"/" not in path))
def test_names_of_any_bytes_come_through_a_list(name: bytes) -> None:
    if name in (b".", b".."):
        return
    digest = blake3(name).hexdigest().encode()
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    line = (b"\\" if escaped != name else b"") + digest + b"  " + escaped
    assert list(read_list([line], "b3sum")) == [name]


def test_what_was_checked_is_not_read_again_for_the_seal(case: Path) -> None:
    """Once files have been at rest for a moment, so that any later change would show in their dates."""
    time.sleep(2.1)
    listed = case.with_name("list")
    listed.write_bytes(write_list(case, "sha256sum"))
    options = SealOptions(metadata=MetadataChoice.NONE)
    result = import_list(case, listed, "sha256sum", SIGNER, options, Origin())
    assert (result.checked, result.seal.new_items, result.seal.reused) == (len(FILES),) * 3
