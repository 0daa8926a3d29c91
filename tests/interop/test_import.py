"""Evidence that somebody else listed: checked against what bagit.py, coreutils, b3sum and hashdeep write."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import bagit  # type: ignore[import-untyped]  # it has no types
import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.errors import EvtoolError, FormatError
from evtool.core.values import replace
from evtool.interop.checksum_lists import FORMATS, ListOptions, read_list
from evtool.interop.expected import CHECKSUM_SIZES, Expected
from evtool.interop.foreign_bag import read_foreign_bag
from evtool.operations.seal.import_evidence import ImportResult, Origin, import_bag, import_list
from evtool.operations.seal.metadata import MetadataChoice
from evtool.operations.seal.options import SealOptions, StatementFiles
from tests.bundle.case import author, pack_it, seal_case, snapshot, write_files
from tests.cli.custody import Party, make_party
from tests.conftest import Runner
from tests.manifests.test_schemas import check

FILES = {
    "photos/김철수.jpg": b"a picture",
    "interview.mp4": b"a recording " * 1000,
    "empty.txt": b"",
    "100% sure.txt": b"percent",
    " leading space": b"space",
}

OPTIONS = SealOptions(metadata=MetadataChoice.NONE, jobs=1)


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    return make_party(evtool, "A1")


@pytest.fixture
def case(tmp_path: Path) -> Path:
    case = tmp_path / "case"
    case.mkdir()
    return write_files(case, FILES)


def make_bag(path: Path, *algorithms: str) -> Path:
    """Have bagit.py make a bag in place."""
    bagit.make_bag(str(path), checksums=list(algorithms))
    return path


def read(data: bytes, format_name: str, *there: bytes) -> dict[bytes, Expected]:
    """Read a list of a directory that holds these files."""
    return read_list(data, ListOptions(format_name), there.__contains__).files


def told(error: EvtoolError) -> str:
    """Give all that an error says."""
    return "; ".join((error.message, *error.lines))


def refusal(case: Path) -> EvtoolError:
    """Import a bag that must be refused, and make sure that nothing changes."""
    before = snapshot(case)
    with pytest.raises(EvtoolError) as caught:
        import_bag(case, author(), OPTIONS, Origin())
    assert snapshot(case) == before
    return caught.value


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

    check("import", result)
    assert result["algorithms"] == sorted(algorithms)
    assert (result["collected"], result["sealed"]) == (1, 2)
    # The payload, and the tag files that a tag manifest can list: bag-info.txt, bagit.txt and the manifests.
    assert result["checked"] == len(FILES) + 2 + len(algorithms)
    # What lists the tag files is in no list, and nothing is amiss with that.
    assert result["unlisted"] == []
    assert {name: facts for name, facts in snapshot(case).items() if not name.startswith("custody")} == before
    assert archivist.ok("verify", case).stdout
    log = archivist.ok("log", case).stdout
    assert "NGO-3" in log
    assert f"manifest-{algorithms[0]}.txt" in log
    # It is still the bag that it was.
    subprocess.run([sys.executable, "-m", "bagit", "--quiet", "--validate", case], check=True)


def test_a_bag_with_its_record_outside_stays_as_it_is(archivist: Party, case: Path) -> None:
    make_bag(case, "sha256")
    before = snapshot(case)
    record = archivist.run.directory / "record"
    import_it(archivist, "bag", case, "--custody", record)
    assert snapshot(case) == before
    archivist.ok("verify", case, "--custody", record)


def flip(path: Path, start: int = 0) -> None:
    """Change one hexadecimal digit of a list."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text[:start] + ("0" if text[start] != "0" else "1") + text[start + 1 :], encoding="utf-8")


def cut_first_line(path: Path) -> None:
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]), encoding="utf-8")


def link_away(path: Path) -> None:
    """Put a link in the place of a file."""
    away = path.parent.parent / f"away-{path.name}"
    path.rename(away)
    path.symlink_to(away)


def to_version_1(case: Path) -> None:
    declaration = case / "bagit.txt"
    declaration.write_text(declaration.read_text().replace("0.97", "1.0"))


def list_less_in_one(case: Path) -> None:
    """Leave a file out of one of two manifests, which no version but the last drafts allows."""
    cut_first_line(case / MD5)
    to_version_1(case)


def list_a_fetch_that_was_not_done(case: Path) -> None:
    (case / "fetch.txt").write_text(FETCH.format(12000))
    remove(case / "data/interview.mp4")


def remove(*paths: Path) -> None:
    for path in paths:
        path.unlink()


def double(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text + ("0" if text[0] != "0" else "1") + text.split("\n")[0][1:] + "\n", encoding="utf-8")


MD5, SHA512 = "manifest-md5.txt", "manifest-sha512.txt"
DECLARATION = "BagIt-Version: {}\nTag-File-Character-Encoding: {}\n"
FETCH = "https://bags.example/x {} data/interview.mp4\n"

CHANGES: dict[str, tuple[Callable[[Path], object], int, str]] = {
    "changed": (lambda c: (c / "data/interview.mp4").write_bytes(b"x" * 12000), 1, "data/interview.mp4: md5 is"),
    "missing": (lambda c: (c / "data/interview.mp4").unlink(), 1, "data/interview.mp4 is missing"),
    "planted": (lambda c: (c / "data/planted").write_bytes(b"x"), 1, "data/planted is in the payload, and in no mani"),
    "planted-empty": (lambda c: (c / "data/planted").touch(), 1, "data/planted is in the payload, and in no manifest"),
    "planted-link": (lambda c: (c / "data/li").symlink_to("x"), 1, "data/li is a symbolic link, which no manifest can"),
    "planted-twin": (
        lambda c: (c / "data/photos" / unicodedata.normalize("NFD", "김철수.jpg")).write_bytes(b"another"),
        1,
        "is in the payload, and in no manifest",
    ),
    "listed-link": (
        lambda c: link_away(c / "data/interview.mp4"),
        1,
        "data/interview.mp4 is a symbolic link, and list",
    ),
    "one-manifest": (lambda c: flip(c / SHA512), 1, "sha512 is"),
    "every-line-gone": (
        lambda c: [(c / name).write_text("") for name in (MD5, SHA512)],
        4,
        "the manifests list no file",
    ),
    "unlisted-in-one": (list_less_in_one, 4, "manifest-md5.txt does not list"),
    "oxum": (lambda c: (c / "bag-info.txt").write_text("Payload-Oxum: 1.1\n"), 1, "the Payload-Oxum gives 1 bytes"),
    "oxum-twice": (
        lambda c: (c / "bag-info.txt").write_text("Payload-Oxum: 1.1\nPayload-Oxum: 12024.5\n"),
        4,
        "bag-info.txt: line 2: the Payload-Oxum",
    ),
    "fetch-of-nothing-listed": (
        lambda c: (c / "fetch.txt").write_text("http://bags.example/x 1 data/x\n"),
        4,
        "fetch.txt: line 1: data/x is in no manifest",
    ),
    "fetch-not-done": (
        list_a_fetch_that_was_not_done,
        1,
        "data/interview.mp4 is missing, and was to be fetched",
    ),
    "fetch-of-another-size": (
        lambda c: (c / "fetch.txt").write_text(FETCH.format(1)),
        1,
        "data/interview.mp4: its size is 12000, the list says 1",
    ),
    "fetch-torn": (lambda c: (c / "fetch.txt").write_text("data/x\n"), 4, "fetch.txt: line 1 is not an address"),
    "no-bagit": (lambda c: (c / "bagit.txt").unlink(), 4, "no bagit.txt"),
    "version": (lambda c: (c / "bagit.txt").write_text(DECLARATION.format("2.0", "UTF-8")), 4, "BagIt 2.0"),
    "encoding": (lambda c: (c / "bagit.txt").write_text(DECLARATION.format("0.97", "UTF-16")), 4, "UTF-16"),
    "traversal": (lambda c: (c / MD5).write_text(f"{'0' * 32}  data/../../x\n"), 4, "does not stay below"),
    "absolute": (lambda c: (c / MD5).write_text(f"{'0' * 32}  /data/x\n"), 4, "does not stay below"),
    "escaped-traversal": (lambda c: (c / MD5).write_text(f"{'0' * 32}  data/..%0A/../..\n"), 4, "does not stay below"),
    "tag-in-payload-list": (lambda c: (c / MD5).write_text(f"{'0' * 32}  bagit.txt\n"), 4, "does not belong in this"),
    "no-manifest": (lambda c: remove(c / MD5, c / SHA512), 4, "no payload manifest"),
    "doubled": (lambda c: double(c / MD5), 4, "already listed with another digest"),
    "short-digest": (lambda c: (c / MD5).write_text("00  data/x\n"), 4, "is not a md5 digest and a path"),
    "algorithm": (
        lambda c: (c / "manifest-whirlpool.txt").write_text("0"),
        4,
        "evtool does not read digests of this algorithm",
    ),
    "odd-algorithm": (
        lambda c: (c / "manifest-..txt").write_text(""),
        4,
        "evtool does not read digests of this algorithm",
    ),
    "linked-manifest": (lambda c: link_away(c / SHA512), 4, "the bag cannot be read"),
    "fifo": (lambda c: os.mkfifo(c / "fifo"), 4, "nothing was sealed, because these files cannot be: fifo"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_bag_that_does_not_hold_is_not_sealed(change: str, case: Path) -> None:
    make_bag(case, "md5", "sha512")
    # The tag manifests would notice most of what follows; here it is to be found by itself.
    for path in case.glob("tagmanifest-*.txt"):
        path.unlink()
    how, code, reason = CHANGES[change]
    how(case)
    refused = refusal(case)
    assert (int(refused.exit_code), reason in told(refused)) == (code, True), told(refused)


def test_a_changed_tag_file_is_found_by_the_tag_manifests(case: Path) -> None:
    make_bag(case, "md5", "sha512")
    (case / "bag-info.txt").write_text("Contact-Name: x\n")
    assert "bag-info.txt: md5 is" in told(refusal(case))


def test_every_finding_is_named_at_once(archivist: Party, case: Path) -> None:
    make_bag(case, "sha256")
    (case / "data/interview.mp4").write_bytes(b"another")
    (case / "data/empty.txt").unlink()
    (case / "data/planted.txt").write_bytes(b"x")
    refused = archivist("import", "bag", case)
    assert refused.exit_code == 1
    for text in ("interview.mp4: sha256 is", "empty.txt is missing", "planted.txt is in the payload", "Payload-Oxum"):
        assert text in refused.stderr
    assert not (case / "custody").exists()


def do_import(case: Path) -> ImportResult:
    return import_bag(case, author(), OPTIONS, Origin())


def test_a_bag_that_was_completed_from_its_fetch_list_is_read(case: Path) -> None:
    make_bag(case, "sha256")
    (case / "fetch.txt").write_text(FETCH.format("-") + "https://bags.example/e 0 data/empty.txt\n")
    assert "fetch.txt" in do_import(case).unlisted


@pytest.mark.parametrize("algorithm", ["sha3_256", "blake2b"])
def test_manifests_of_less_usual_digests_are_compared_and_not_passed_over(algorithm: str, case: Path) -> None:
    make_bag(case, "sha256", algorithm)
    for path in case.glob("tagmanifest-*.txt"):
        path.unlink()
    listed = case / f"manifest-{algorithm}.txt"
    good = listed.read_text(encoding="utf-8")
    flip(listed)
    assert f": {algorithm} is" in told(refusal(case))
    listed.write_text(good, encoding="utf-8")
    assert do_import(case).algorithms == tuple(sorted(("sha256", algorithm)))


def test_names_that_came_through_another_system_are_matched_by_their_digests(case: Path) -> None:
    """A list made on one system spells Korean with whole syllables, a copy made by another with their parts."""
    make_bag(case, "sha512")
    other = unicodedata.normalize("NFD", "김철수.jpg")
    (case / "data/photos/김철수.jpg").rename(case / "data/photos" / other)
    assert do_import(case).checked == len(FILES) + 3

    (case / "data/photos" / other).write_bytes(b"another")
    shutil.rmtree(case / "custody")
    refused = told(refusal(case))
    assert "sha512 is" in refused
    assert "is missing" not in refused


def test_what_other_systems_leave_behind_is_evidence_once_it_is_listed(case: Path) -> None:
    (case / "photos/.DS_Store").write_bytes(b"left by a file manager")
    make_bag(case, "sha256")
    assert do_import(case).checked == len(FILES) + 4
    assert "data/photos/.DS_Store" in (case / "custody/0002-sealed.jsonl").read_text()


def test_a_list_that_does_not_fit_the_table_of_statements_leaves_nothing_behind(case: Path) -> None:
    make_bag(case, "sha256")
    table = case.with_name("items.csv")
    table.write_text("path,title\ndata/no-such-file,x\n")
    before = snapshot(case)
    options = replace(OPTIONS, statements=StatementFiles(str(table)))
    with pytest.raises(EvtoolError) as caught:
        import_bag(case, author(), options, Origin())
    assert "no-such-file" in told(caught.value)
    assert snapshot(case) == before


def test_an_import_that_was_interrupted_before_its_seal_is_begun_again(archivist: Party, case: Path) -> None:
    make_bag(case, "sha256")
    archivist.ok("record", case, "collected", "--method", "checked, and then the power failed")
    result = import_it(archivist, "bag", case)
    assert (result["collected"], result["sealed"]) == (2, 3)
    archivist.ok("verify", case)


def test_a_percent_in_a_name_is_read_both_ways(archivist: Party, case: Path) -> None:
    """RFC 8493 writes `%25`, bagit.py writes `%`: what is there decides."""
    make_bag(case, "sha256")
    manifest = case / "manifest-sha256.txt"
    text = manifest.read_text(encoding="utf-8")
    assert "100% sure" in text
    manifest.write_text(text.replace("100% sure", "100%25 sure"), encoding="utf-8")
    (case / "tagmanifest-sha256.txt").unlink()
    assert import_it(archivist, "bag", case)["checked"] == len(FILES)


TEXTS = ["bagit.txt", "bag-info.txt", "fetch.txt", "manifest-md5.txt", "tagmanifest-md5.txt"]


@given(st.dictionaries(st.sampled_from(TEXTS), st.binary(max_size=120)))
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
        ("md5sum", ("--tag",), "md5"),
        ("b2sum", ("--tag",), "blake2b"),
        ("b3sum", (), "blake3"),
    ],
)
def test_lists_of_ordinary_programs_are_checked_in_the_same_read(
    program: str, options: tuple[str, ...], algorithm: str, archivist: Party, case: Path
) -> None:
    (case / "new\nline").write_bytes(b"two lines")
    (case / "back\\slash").write_bytes(b"one name")
    (case / "carriage\rreturn").write_bytes(b"one line")
    listed = archivist.run.directory / "list"
    listed.write_bytes(write_list(case, program, *options))
    (case / "later.txt").write_bytes(b"in no list")

    result = import_it(archivist, "list", listed, case, "--format", program)

    assert (result["checked"], result["algorithms"]) == (len(FILES) + 3, [algorithm])
    assert result["unlisted"] == ["later.txt"]
    assert result["items"] == len(FILES) + 4
    archivist.ok("verify", case)


def test_a_list_of_hashdeep_with_paths_from_elsewhere(archivist: Party, case: Path) -> None:
    lines = ["%%%% HASHDEEP-1.0", "%%%% size,md5,sha256,filename", "## Invoked from: /mnt/disc", "## ", "##"]
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

    # A file that is not there can have been renamed or moved: nothing shows that its bytes were changed.
    assert (refused.exit_code, "interview.mp4" in refused.stderr) == (3 if how == "missing" else 1, True)
    assert snapshot(case) == before


def test_a_sealed_directory_is_not_imported_again(archivist: Party, case: Path) -> None:
    listed = archivist.run.directory / "list"
    listed.write_bytes(write_list(case, "sha256sum"))
    archivist.ok("seal", case)
    before = snapshot(case)
    refused = archivist("import", "list", listed, case, "--format", "sha256sum")
    assert (refused.exit_code, "sealed already" in refused.stderr) == (2, True)
    # The lock that keeps other writers out came and went in the record; nothing else did.
    after = snapshot(case)
    assert after | {"custody": before["custody"]} == before


def test_a_bundle_of_evtool_is_no_bag_to_import(case: Path, tmp_path: Path) -> None:
    seal_case(case, FILES)
    pack_it(case, tmp_path / "bundle")
    refused = refusal(tmp_path / "bundle")
    assert (int(refused.exit_code), "evtool unpack" in refused.hint) == (2, True)


def test_weak_digests_are_said_to_be_weak(archivist: Party, case: Path) -> None:
    listed = archivist.run.directory / "list"
    listed.write_bytes(write_list(case, "md5sum"))
    answer = archivist.ok("import", "list", listed, case, "--format", "md5sum").stdout
    assert "MD5, SHA-1 and CRC-32 show accidents only, not intent" in answer


DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the list names no file"),
        ("# nothing\n", "the list names no file"),
        (f"{DIGEST}x\n", "line 1 is not a digest and a file name"),
        (f"{DIGEST}  x\n{DIGEST} y\n", "line 2 has one blank before the file name, and the lines before it have two"),
        (f"{DIGEST[:40]}  x\n", "line 1: this is not a sha256 digest"),
        (f"{DIGEST}  /etc/passwd\n", "line 1: the path /etc/passwd does not stay below"),
        (f"{DIGEST}  a/../../x\n", "line 1: the path a/../../x does not stay below"),
        (f"{DIGEST}  a//x\n", "line 1: the path a//x does not stay below"),
        (f"\\{DIGEST}  a\\tx\n", "line 1: an escape in the file name is unknown"),
        (f"{DIGEST}  x\n{'cd' * 32}  ./x\n", "line 2: the file is already listed with another digest"),
        (f"WHIRLPOOL (x) = {DIGEST}\n", "line 1: evtool does not read digests of this algorithm"),
        (f"SHA512 (x) = {DIGEST}\n", "line 1: this is not a sha512 digest"),
    ],
)
def test_a_line_that_is_not_understood_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        read(text.encode(), "sha256sum")
    assert caught.value.message.startswith(reason)


HASHDEEP_LINE = f"1,{'ab' * 16},{'ab' * 32},x\n"


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ("size,md5,filename,sha256", "line 2: these are not the columns"),
        ("size,sha256,sha256,filename", "line 2: these are not the columns"),
        ("size,sha512,sha256,filename", "line 2: these are not the columns"),
        ("size,tiger,whirlpool,filename", "line 2: the list has no digests that evtool reads"),
        ("size,filename", "line 2: the list has no digests that evtool reads"),
        ("size,sha256,filename", "line 3: this is not a sha256 digest"),
        ("size,md5,sha256,whirlpool,tiger,filename", "line 3 does not have the columns"),
    ],
)
def test_a_list_of_hashdeep_with_other_columns_is_refused(columns: str, reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        read(f"%%%% HASHDEEP-1.0\n%%%% {columns}\n{HASHDEEP_LINE}".encode(), "hashdeep")
    assert caught.value.message.startswith(reason)


@given(st.sampled_from(FORMATS), st.lists(st.binary(max_size=120), max_size=4))
def test_any_list_is_read_or_refused(name: str, lines: list[bytes]) -> None:
    for start in ([], [b"%%%% HASHDEEP-1.0", b"%%%% size,md5,filename"], [b"Path,MD5"], [b"MD5 hash of x:"]):
        try:
            files = read(b"\n".join(start + lines), name)
        except FormatError:
            continue
        for path, expected in files.items():
            assert path
            assert not path.startswith(b"/")
            assert b".." not in path.split(b"/")
            assert all(len(digest) == 2 * CHECKSUM_SIZES[name] for name, digest in expected.digests.items())


@given(st.binary(min_size=1, max_size=20).filter(lambda path: b"\0" not in path and b"/" not in path))
def test_names_of_any_bytes_come_through_a_list(name: bytes) -> None:
    if name in (b".", b".."):
        return
    digest = blake3(name).hexdigest().encode()
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    line = (b"\\" if escaped != name else b"") + digest + b"  " + escaped
    assert list(read(line, "b3sum", name)) == [name]


def test_what_was_checked_is_not_read_again_for_the_seal(case: Path) -> None:
    """Once files have been at rest for a moment, so that any later change would show in their dates."""
    time.sleep(2.1)
    listed = case.with_name("list")
    listed.write_bytes(write_list(case, "sha256sum"))
    options = SealOptions(metadata=MetadataChoice.NONE)
    result = import_list(case, listed, ListOptions("sha256sum"), author(), options, Origin())
    assert (result.checked, result.seal.new_items, result.seal.reused) == (len(FILES),) * 3
