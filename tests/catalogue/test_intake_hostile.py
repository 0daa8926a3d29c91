"""What a stranger can put into an inbox: it is told of by itself, and the bundle behind it is taken in all the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from evtool.keys.passphrase import TerminalPassphrase
from evtool.keys.signer import choose_signer
from evtool.operations.author import Author
from evtool.operations.catalogue.policy import parse_policy
from evtool.operations.seal.metadata import MetadataChoice
from evtool.operations.seal.options import SealOptions, StatementFiles
from evtool.operations.seal.seal import seal
from tests.catalogue.door import Repository, Sender, empty_repository, lay, make_repository, make_sender, take_in
from tests.conftest import make_runner

ROOT = Path(__file__).parents[2]

_GROW = """
import os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR)
size = os.fstat(descriptor).st_size
os.pwrite(descriptor, b"x", size)
print("writing", flush=True)
while True:
    os.ftruncate(descriptor, size)
    os.pwrite(descriptor, b"x", size)
"""


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, Sender, Path]:
    """A repository that trusts A1, and one good bundle of theirs."""
    folder = tmp_path_factory.mktemp("hostile")
    evtool = make_runner(folder)
    sender = make_sender(evtool, "A1")
    repository = make_repository(evtool, folder / "empty", sender.party)
    return repository, sender, sender.pack(sender.seal("case", 2), folder / "good.zip", "--items", "1")


@pytest.fixture
def repository(ready: tuple[Repository, Sender, Path], tmp_path: Path) -> Repository:
    """An empty repository, with the good bundle as the last one in its inbox."""
    made = empty_repository(ready[0].party, tmp_path / "repository")
    lay(made.inbox, ready[2], "z-good.zip")
    return made


def many(path: Path) -> None:
    """A container of many files, none of which belongs to a bundle; with MANY=100000 in the environment, of so many."""
    with zipfile.ZipFile(path, "w") as file:
        for number in range(int(os.environ.get("MANY", "2000"))):
            file.writestr(f"data/{number}", b"")


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("data/film", bytes(20 * 1024 * 1024))


def outside(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("../../../evil", b"x")


def endless(path: Path) -> None:
    """Looks like an age file, and begins with a header that never ends."""
    path.with_name("a.zip.age").write_bytes(b"age-encryption.org/v1\n" + b"-> " + b"x" * 1_000_000)


def deep(path: Path) -> None:
    """Folders below folders, with something at the end that looks like a bundle."""
    place = path.with_name("deep")
    for _ in range(60):
        place.mkdir()
        place /= "d"
    place.mkdir()
    (place / "bundle.zip").write_bytes(b"PK")


@pytest.mark.parametrize("make", [many, bomb, outside, endless, deep])
def test_the_bundle_behind_it_is_taken_in(make: object, repository: Repository) -> None:
    """Whatever lies before it."""
    make(repository.inbox / "a.zip")  # type: ignore[operator]
    began = time.monotonic()
    lines = take_in(repository)
    assert time.monotonic() - began < 60
    (other,) = [line for name, line in lines.items() if name != "z-good.zip"]
    assert (lines["z-good.zip"].state, lines["z-good.zip"].exit_code) == ("accepted", 0)
    assert other.state == ("left" if make is deep else "quarantined")
    assert set(other.reasons) <= {"not-a-bundle", "mismatch", "locked"}
    assert other.exit_code != 0


def test_what_is_written_to_meanwhile_counts_for_nothing(
    ready: tuple[Repository, Sender, Path], repository: Repository
) -> None:
    """A sender who keeps the file open: no verdict on what is gone by now, no row, no receipt; later it is taken in."""
    sender = ready[1]
    case = sender.seal("large", 1)
    # Reading it takes so long that the writer has its turn meanwhile, however busy the machine is.
    (case / "film.mp4").write_bytes(os.urandom(64_000_000))
    sender.party.ok("seal", case, "--metadata", "none", "--defaults", sender.party.run.directory / "terms.toml")
    whole = sender.pack(case, sender.party.run.directory / "large.zip")
    size = whole.stat().st_size
    growing = repository.inbox / "growing.zip"
    whole.rename(growing)
    shutil.rmtree(case)
    (repository.inbox / "z-good.zip").unlink()
    with subprocess.Popen([sys.executable, "-c", _GROW, growing], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        line = take_in(repository)["growing.zip"]
        writer.kill()
    assert (line.state, line.reasons, line.exit_code, line.holding) == ("quarantined", ("changing",), 4, None)
    assert not repository.receipts.exists()
    assert len(repository.bundles()) == 1
    with open(repository.folder / repository.bundles()[0], "r+b") as file:
        file.truncate(size)
    line = take_in(repository)["growing.zip"]
    assert (line.state, line.receipt) == ("accepted", "growing.receipt")
    assert len(repository.bundles()) == 1


def test_a_collection_that_begins_anew_under_the_same_id(
    ready: tuple[Repository, Sender, Path], repository: Repository
) -> None:
    """Somebody whom we trust seals other evidence under the id of a known collection: no record of it is believed."""
    (known,) = take_in(repository).values()
    _, sender, _ = ready
    folder = sender.party.run.directory / "twin"
    folder.mkdir()
    (folder / "a.txt").write_text("another history")
    signer = choose_signer(key=None, agent_code="A1", passphrase=TerminalPassphrase(), home=sender.party.run.home)
    given = [bytes.fromhex(known.collection or "")]
    author = Author(signer, random=lambda size: given.pop() if given and size == 16 else os.urandom(size))
    terms = StatementFiles(defaults=str(sender.party.run.directory / "terms.toml"))
    seal(folder, author, SealOptions(metadata=MetadataChoice.NONE, statements=terms, jobs=1))
    sender.pack(folder, repository.inbox / "twin.zip")
    shutil.rmtree(folder)
    line = take_in(repository)["twin.zip"]
    assert line.collection == known.collection, "the attack is in place"
    assert (line.state, line.reasons, line.exit_code) == ("quarantined", ("records-part",), 1)
    assert (line.relation, line.parts_after, line.receipt) == ("parts", 0, None)
    shown = repository.party.ok("catalogue", "list", repository.catalogue, "--json").document
    assert shown["collections"][0]["in_quarantine"] == [line.holding]


def test_receipts_of_one_name_do_not_meet(ready: tuple[Repository, Sender, Path], repository: Repository) -> None:
    """Two folders of the inbox, one name in both; and a name that no other system could have."""
    _, sender, _ = ready
    for number, name in enumerate(("x/b.zip", "y/b.zip", "con:*?.zip", "-rf.zip")):
        (repository.inbox / name).parent.mkdir(exist_ok=True)
        sender.pack(sender.seal(f"named-{number}", 1), repository.inbox / name)
    lines = take_in(repository)
    assert {line.state for line in lines.values()} == {"accepted"}
    files = [line.receipt for line in lines.values()]
    assert len(set(files)) == len(files) == len(list(repository.receipts.iterdir()))
    assert (lines["x/b.zip"].receipt, lines["y/b.zip"].receipt) == (
        "b.receipt",
        f"b-{(lines['y/b.zip'].head or '')[:16]}.receipt",
    )
    for name in ("con:*?.zip", "-rf.zip"):
        assert lines[name].receipt == f"{(lines[name].head or '')[:16]}.receipt"


def test_the_page_shows_a_policy_that_is_read() -> None:
    """The example of FORMAT-intake.md."""
    page = (ROOT / "manifests" / "FORMAT-intake.md").read_text("utf-8")
    policy = parse_policy(page.partition("```toml\n")[2].partition("```")[0].encode())
    assert (policy.codes, policy.agreement, policy.settle) == (("ohchr-dprk",), True, 60)
    assert {axis.value for axis in policy.required} == {
        *("integrity", "signatures", "trust", "custody", "consent", "time"),
    }
