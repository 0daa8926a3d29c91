"""Embedded metadata is sealed with the files: apart, without names unless asked for, and at no risk."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from evtool.core.manifest.disclosure import PartialCopyWriter
from evtool.core.manifest.merkle import TreeBuilder, compute_leaf_hash
from evtool.core.manifest.statement import MetadataStatement
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.metadata.vocabulary import Detail, Failure
from evtool.metadata import shared_extractor
from evtool.scan.observe import Mode, observe
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Found, Kind
from tests.cli.evidence import give_key, run_under
from tests.conftest import Runner, RunResult

HOSTILE = Path(__file__).parents[1] / "vectors" / "metadata" / "hostile"

SECRETS = ("박영희", "SN-0042", "41.4011", "128.1776", "41, 24", "회의록")
"""What the samples say of a person, a device and a place, in every spelling that a reader could give it."""

KINDS = {"place": "places", "serial": "serial numbers and identifiers", "person": "names of persons"}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph with a place, a document with an author, a file that is broken, and one made to harm a parser."""
    directory = tmp_path_factory.mktemp("samples") / "case"
    directory.mkdir()
    photograph = directory / "사진.jpg"
    source = ("-f", "lavfi", "-i", "testsrc=size=64x48", "-frames:v", "1")
    subprocess.run(["ffmpeg", "-v", "error", *source, str(photograph)], check=True)
    tags = (
        *("-Make=SAMSUNG", "-Artist=박영희", "-SerialNumber=SN-0042", "-DateTimeOriginal=2016:05:01 10:20:30"),
        *("-GPSLatitude=41.4011", "-GPSLatitudeRef=N", "-GPSLongitude=128.1776", "-GPSLongitudeRef=E"),
    )
    subprocess.run(["exiftool", "-q", "-overwrite_original", *tags, str(photograph)], check=True)
    subprocess.run(["qpdf", "--empty", str(directory / "letter.pdf")], check=True)
    author = ("-Author=박영희", "-Title=회의록")
    subprocess.run(["exiftool", "-q", "-overwrite_original", *author, str(directory / "letter.pdf")], check=True)
    shutil.copy(HOSTILE / "mp4-movie-header-cut.mp4", directory / "broken.mp4")
    shutil.copy(HOSTILE / "docx-core-unpacks-to-16-mebibytes.docx", directory / "hostile.docx")
    (directory / "link").symlink_to("letter.pdf")
    return directory


@pytest.fixture
def case(evtool: Runner, samples: Path) -> Path:
    """The samples, where they can be sealed."""
    give_key(evtool)
    return Path(shutil.copytree(samples, evtool.directory / "case", symlinks=True))


def manifest_lines(case: Path, entry: int = 1) -> list[bytes]:
    """The lines of a manifest."""
    return (case / "custody" / f"{entry:04d}-sealed.jsonl").read_bytes().splitlines()


def stated(case: Path, entry: int = 1) -> dict[str, MetadataStatement]:
    """Name -> what is stated of the file's own claims."""
    lines = [json.loads(line) for line in manifest_lines(case, entry)]
    names = {line["item"]: line["path"] for line in lines if line["kind"] == "file"}
    parsed = map(parse_statement, manifest_lines(case, entry))
    return {names[statement.item]: statement for statement in parsed if isinstance(statement, MetadataStatement)}


def ok(result: RunResult) -> RunResult:
    """Expect success."""
    assert result.exit_code == 0, result.stderr + result.stdout
    return result


def test_by_default_no_name_place_or_serial_number_is_sealed(evtool: Runner, case: Path) -> None:
    """Every file has its statement; what could name somebody is warned of by kind, and never written."""
    result = ok(evtool("seal", "case"))

    statements = stated(case)
    written = b"".join(path.read_bytes() for path in (case / "custody").iterdir()).decode("utf-8")
    assert sorted(statements) == ["broken.mp4", "hostile.docx", "letter.pdf", "사진.jpg"]
    assert all(
        "seccomp" in statement.confinement or "landlock" in statement.confinement for statement in statements.values()
    )
    photograph = statements["사진.jpg"].claims
    assert photograph is not None
    assert [time.time for time in photograph.times] == ["2016-05-01T10:20:30"]
    assert not any(secret in written + result.stdout + result.stderr for secret in SECRETS)
    for kind, words in KINDS.items():
        assert any(f"warning: {kind} present in " in line and words in line for line in result.stdout.splitlines())
    assert ok(evtool("verify", "case", "--json")).document["reports"][0]["items"]["ok"] == 5
    assert evtool("show", "case", "--json").document["items"][0]["metadata"]["claims"]["detail"] == "basic"


def test_what_breaks_a_parser_is_recorded_and_the_seal_is_made(evtool: Runner, case: Path) -> None:
    """A broken file, a hostile one and one that would never end cost their own metadata, with the reason."""
    shutil.copy(HOSTILE / "exif-65535-entries-of-999-ratios.tif", case / "endless.tif")

    result = ok(evtool("seal", "case", "--json"))

    assert (result.document["metadata"]["failures"], result.document["metadata"]["cut_short"]) == ({"cpu-time": 1}, 2)
    statements = stated(case)
    for name, extractor in (("broken.mp4", "isomedia"), ("hostile.docx", "ooxml")):
        claims = statements[name].claims
        assert claims is not None
        assert [problem.extractor for problem in claims.problems] == [extractor]
    assert statements["endless.tif"].failure is Failure.CPU_TIME
    shown = ok(evtool("show", "case", "--items", "broken.mp4,hostile.docx,endless.tif")).stdout
    assert all(f"    incomplete: {why}" in shown for why in ("isomedia: malformed", "ooxml: malformed", "cpu-time"))


def test_the_answer_to_a_seal_counts_what_could_not_be_read_to_its_end(evtool: Runner, case: Path) -> None:
    """Of four files two are broken, and `inspect` says where; with good ones only nothing is said."""
    said = ok(evtool("seal", "case")).stdout
    told = "2 new files: metadata may be incomplete, as they could not be read to their end: `evtool inspect FILE`"
    assert f"  {told}\n" in said
    (case / "later.txt").write_text("good")
    assert "could not be read" not in ok(evtool("seal", "case")).stdout


def test_when_asked_for_it_all_is_sealed_and_shown(evtool: Runner, case: Path) -> None:
    """With `full` the manifest holds the values, in the vocabulary; the warning says that it does, without them."""
    result = ok(evtool("seal", "case", "--metadata", "full", "--json"))

    assert result.document["metadata"]["detail"] == "full"
    assert result.document["metadata"]["stated"] == 4
    assert result.document["metadata"]["sensitive"].items() >= {"place": 1, "serial": 1, "person": 2}.items()
    assert not any(secret in result.stdout + result.stderr for secret in SECRETS)
    claims = stated(case)["사진.jpg"].claims
    assert claims is not None
    assert [(place.latitude, place.longitude) for place in claims.places] == [("41.4011", "128.1776")]
    text = ok(evtool("show", "case", "--items", "사진.jpg", "--items", "letter.pdf")).stdout
    assert all(secret in text for secret in ("박영희", "SN-0042", "41.4011", "128.1776", "회의록"))
    ok(evtool("verify", "case"))


def test_a_still_with_a_video_in_it_is_warned_of(evtool: Runner, case: Path) -> None:
    """Somebody would hand over a voice with a picture: seal and pack say so."""
    video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x08mdat"
    still = case / "사진.jpg"
    assert b"recording" not in evtool("inspect", still).stdout.encode()
    still.write_bytes(still.read_bytes() + video)

    assert "note embedded-recording: " in ok(evtool("inspect", still)).stdout
    sealed = ok(evtool("seal", "case", "--json"))
    assert sealed.document["metadata"]["recordings"] == 1
    number = next(
        int(item["item"])
        for item in ok(evtool("show", "case", "--json")).document["items"]
        if item["path"] == "사진.jpg"
    )
    terms = ("--handling", "public", "--for", "advocacy", "--status", "not-required")
    more = ("--identity", "public", "--basis", "a public event")
    ok(evtool("consent", "set", "case", "--all-items", *terms, *more, "--reason", "test"))
    preview = evtool("pack", "case", "-o", "out.zip", "--dry-run")
    assert f"  a video or a sound recording inside a picture: item {number}\n" in preview.stdout


def test_without_metadata_manifests_are_as_they_were(evtool: Runner, case: Path) -> None:
    """Two lines for each item, in the order of the paths, and no word of claims in the answer."""
    result = ok(evtool("seal", "case", "--metadata", "none", "--json"))

    kinds = [json.loads(line)["kind"] for line in manifest_lines(case)]
    assert kinds == ["content", "file"] * 5
    assert result.document["metadata"] is None
    assert ok(evtool("show", "case", "--json")).document["items"][0]["metadata"] is None
    ok(evtool("verify", "case"))


def test_a_dry_run_parses_nothing(evtool: Runner, case: Path) -> None:
    """What would be sealed is told from names and sizes alone."""
    result = ok(evtool("seal", "case", "--dry-run", "--json"))

    assert (result.document["new_items"], result.document["metadata"]) == (5, None)
    assert not (case / "custody").exists()


def test_without_a_sandbox_the_statement_says_so(evtool: Runner, case: Path) -> None:
    """Whoever reads the manifest later can see that the parser was free to do what it liked."""
    result = ok(evtool("seal", "case", "--no-sandbox"))

    assert {statement.confinement for statement in stated(case).values()} == {"none"}
    assert "the parser was not confined" in result.stdout


def test_a_denied_term_keeps_claims_out_of_the_manifest(evtool: Runner, case: Path) -> None:
    """The list of denied terms holds for what files say, too: those claims are withheld, the others are sealed."""
    terms = evtool.directory / "terms.txt"
    terms.write_text("박 영희\n", encoding="utf-8")

    result = ok(evtool("seal", "case", "--metadata", "full", "--deny-terms", terms, "--json"))

    failures = {
        name: statement.failure.value if statement.failure else None for name, statement in stated(case).items()
    }
    assert (failures["사진.jpg"], failures["letter.pdf"]) == ("withheld", "withheld")
    assert result.document["metadata"]["failures"]["withheld"] == 2
    assert "박영희" not in b"".join(manifest_lines(case)).decode("utf-8")
    ok(evtool("verify", "case"))


def test_later_seals_state_the_new_files_only(evtool: Runner, case: Path) -> None:
    """Metadata is of new files; those of earlier seals are compared as before, whatever was stated of them."""
    ok(evtool("seal", "case", "--metadata", "none"))
    shutil.copy(case / "사진.jpg", case / "z.jpg")

    document = ok(evtool("seal", "case", "--json")).document

    assert (document["new_items"], document["kept_items"], document["metadata"]["stated"]) == (1, 5, 1)
    assert sorted(stated(case, 2)) == ["z.jpg"]
    assert ok(evtool("verify", "case", "--json")).document["reports"][0]["items"]["ok"] == 6


def tree_root(lines: list[bytes]) -> bytes:
    """The root over whole lines."""
    tree = TreeBuilder()
    for line in lines:
        tree.add_leaf(compute_leaf_hash(line))
    return tree.compute_root()


def test_metadata_can_be_left_out_of_a_copy_or_be_all_that_it_shows(evtool: Runner, case: Path) -> None:
    """A statement of its own, so a copy can disclose it or not; the root, which was signed, stays the same."""
    ok(evtool("seal", "case", "--metadata", "full"))
    lines = manifest_lines(case)
    for wanted in (True, False):
        copy = PartialCopyWriter(lambda statement, wanted=wanted: isinstance(statement, MetadataStatement) is wanted)  # type: ignore[misc]
        kept = [line for line in copy.write(lines) if json.loads(line)["kind"] != "withheld"]
        assert copy.compute_root() == tree_root(lines)
        assert kept == [line for line in lines if (json.loads(line)["kind"] == "metadata") is wanted]


def bundled_kinds(bundle: Path) -> Counter[str]:
    """How many lines of each kind the manifest in a bundle discloses."""
    with zipfile.ZipFile(bundle) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("custody/0001-sealed.jsonl"))
        return Counter(json.loads(line)["kind"] for line in archive.read(name).splitlines())


@pytest.mark.parametrize("withheld", ["metadata", "names"])
def test_a_bundle_leaves_metadata_behind(evtool: Runner, case: Path, withheld: str) -> None:
    """Withheld by wish, and with the names: what a file says of itself in full may repeat them."""
    defaults = evtool.directory / "defaults.toml"
    defaults.write_text(
        'format = "evtool-defaults/1"\n[[directory]]\npath = "."\nhandling = "named"\n'
        'consent = {by = "subject", for = ["un-reporting"], identity = "public", share = ["B7"], status = "given"}\n',
        encoding="utf-8",
    )
    (evtool.home / "recipients.toml").write_text(
        'format = "evtool-recipients/1"\n[recipient.B7]\nkinds = ["un-body"]\npurposes = ["un-reporting"]\n'
    )
    ok(evtool("seal", "case", "--metadata", "full", "--defaults", defaults))
    choice = ("--to", "B7", "--for", "un-reporting", "--authority", "DSA-4", "--without", "link")

    ok(evtool("pack", "case", "-o", "whole.zip", *choice))
    ok(evtool("pack", "case", "-o", "part.zip", *choice, "--withhold", withheld))

    whole, part = (bundled_kinds(evtool.directory / name) for name in ("whole.zip", "part.zip"))
    assert (whole["content"], whole["metadata"]) == (4, 4)
    assert (part["content"], part["metadata"]) == (4, 0)


def test_claims_are_only_stated_of_the_bytes_that_were_hashed(case: Path) -> None:
    """A file that is rewritten, taken away or swapped after it was hashed, before its parser is done, has no claims."""
    names = ("broken.mp4", "hostile.docx", "letter.pdf", "사진.jpg")
    with (
        shared_extractor(Detail.BASIC, sandbox=True) as shared,
        Tree(TreeLocation.find(str(case))) as tree,
    ):
        describer = shared.describe()
        for name in names:
            seen = observe(tree, Found(b"", name.encode(), Kind.FILE), mode=Mode.HASH, describer=describer)
            assert isinstance(seen.description, int)
        (case / "broken.mp4").write_bytes((case / "broken.mp4").read_bytes())
        (case / "hostile.docx").unlink()
        (case / "letter.pdf").unlink()
        (case / "letter.pdf").symlink_to("사진.jpg")
        found = describer.finish()

    assert [description.failure for description in found] == ["changed", "changed", "changed", ""]
    assert [bool(description.claims) for description in found] == [False, False, False, True]


def seal_and_count_programs(evtool: Runner, files: dict[str, Path]) -> int:
    """Seal a directory of these files; how many programs that started."""
    directory, log = evtool.directory / "counted", evtool.directory / "programs"
    directory.mkdir()
    for name, path in files.items():
        shutil.copy(path, directory / name)
    ok(run_under(evtool, ["strace", "-f", "-qq", "-e", "trace=execve", "-o", str(log)], "seal", "counted"))
    shutil.rmtree(directory)
    # What two processes do at the same time is told in two lines each, of which the second has the result.
    return sum("execve" in line and line.endswith("= 0") for line in log.read_text().splitlines()) - 1


def test_a_fork_server_starts_when_a_file_needs_it(evtool: Runner, case: Path) -> None:
    """None for texts and the like, of which the first bytes say all; one for photographs, another for documents."""
    text = evtool.directory / "note.txt"
    text.write_text("a note\n")
    texts = {f"{number}.txt": text for number in range(600)}

    assert seal_and_count_programs(evtool, texts) == 0
    assert seal_and_count_programs(evtool, texts | {"1.jpg": case / "사진.jpg"}) == 1
    assert seal_and_count_programs(evtool, texts | {"1.jpg": case / "사진.jpg", "1.pdf": case / "letter.pdf"}) == 2
    # All workers ask the same one, though none was asked before they began.
    photographs = {f"photograph {number}.jpg": case / "사진.jpg" for number in range(600)}
    assert seal_and_count_programs(evtool, texts | photographs) == 1


def test_good_files_are_read_once(evtool: Runner, case: Path) -> None:
    """Of many good files, small and large, none falls back to a second parser, and none loses its claims."""
    for number in range(150):
        shutil.copy(case / "사진.jpg", case / f"{number}.jpg")
        shutil.copy(case / "letter.pdf", case / f"{number}.pdf")
    large = (case / "사진.jpg").read_bytes().ljust(9 << 20, b"\0")
    for number in range(3):
        (case / f"{number}.large.jpg").write_bytes(large)
    (case / "hostile.docx").unlink()

    result = ok(evtool("seal", "case", "--json"))

    seen = result.document["metadata"]
    assert (seen["stated"], seen["failures"], seen["read_twice"]) == (306, {}, 0)


def test_few_descriptors_cost_neither_metadata_nor_the_seal(evtool: Runner, case: Path) -> None:
    """With few open files allowed, fewer are held open for their parser, and everything is sealed."""
    for number in range(60):
        shutil.copy(case / "사진.jpg", case / f"{number}.jpg")

    result = ok(run_under(evtool, ["prlimit", "--nofile=40"], "seal", "case", "--jobs", "1", "--json"))

    assert result.document["new_items"] == 65
    assert (result.document["metadata"]["stated"], result.document["metadata"]["failures"]) == (64, {})
    ok(evtool("verify", "case"))
