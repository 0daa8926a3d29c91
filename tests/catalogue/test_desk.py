"""What the people at the desk of a repository read: in their language, with a way on, and no name of any file."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.catalogue.door import SECRET_NAME, Repository, lay, make_repository, make_sender, zip_again
from tests.cli.custody import Party, make_party
from tests.conftest import Runner, make_runner

STRANGER_NAME = "박영희 [bold]"


def _change(bundle: Path, target: Path) -> None:
    with zipfile.ZipFile(bundle) as file:
        items = {name: b"other" for name in file.namelist() if name.startswith("data/")}
    zip_again(bundle, target, items)


def _leave_out(bundle: Path, target: Path) -> None:
    with zipfile.ZipFile(bundle) as file:
        item = next(name for name in file.namelist() if name.startswith("data/"))
    zip_again(bundle, target, drop=item)


def _add(bundle: Path, target: Path) -> None:
    shutil.copyfile(bundle, target)
    with zipfile.ZipFile(target, "a") as file:
        file.writestr(f"data/{STRANGER_NAME}.txt", b"")


def _record_changed(bundle: Path, target: Path) -> None:
    name = "custody/0001-sealed.jsonl"
    with zipfile.ZipFile(bundle) as file:
        listed = file.read(name)
    zip_again(bundle, target, {name: listed.replace(SECRET_NAME.encode(), STRANGER_NAME.encode())})


def _no_bundle(_bundle: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w") as file:
        file.writestr(f"../{STRANGER_NAME}.txt", b"")


BROKEN: dict[str, Callable[[Path, Path], None]] = {
    "changed": _change,
    "missing": _leave_out,
    "added": _add,
    "record": _record_changed,
    "none": _no_bundle,
}


@pytest.fixture(scope="module")
def evtool(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return make_runner(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def repository(evtool: Runner) -> Repository:
    """A repository with a good bundle, one of a stranger, and all that is broken."""
    folder = evtool.directory
    sender, stranger = make_sender(evtool, "A1"), make_sender(evtool, "X5")
    repository = make_repository(evtool, folder / "repository", sender.party)
    good = sender.pack(sender.seal("case", 2), folder / "good.zip")
    for name, damage in BROKEN.items():
        damage(good, repository.inbox / f"{name}.zip")
    lay(repository.inbox, good)
    lay(repository.inbox, stranger.pack(stranger.seal("other", 1), folder / "stranger.zip"))
    return repository


def _reads(party: Party, language: str, *arguments: str | Path) -> str:
    result = party.run(*arguments, EVTOOL_LANG=language)
    return result.stdout + result.stderr


def test_nobody_reads_a_name_of_a_file_and_none_is_written(repository: Repository) -> None:
    """Of seven bundles, five of which are broken where a name stands: on the screen, and in all that a run writes.

    Bundles are as they came, and the record that continues one holds none.
    """
    tried = [repository.intake("--dry-run", *more) for more in ((), ("--json",))]
    took = [repository.intake(), repository.intake("--json")]
    numbers = sorted(repository.holdings())
    assert len(numbers) == len(BROKEN) + 2
    desk = [repository.party("intake", "show", str(number), *repository.where) for number in numbers]
    desk += [repository.party("intake", "list", "--everything", "--json", *repository.where)]
    desk += [repository.party("catalogue", command, repository.catalogue) for command in ("list", "due", "figures")]
    for result in (*tried, *took, *desk):
        said = result.stdout + result.stderr + json.dumps(result.stdout, ensure_ascii=False)
        for name in (SECRET_NAME, STRANGER_NAME, SECRET_NAME.encode("unicode-escape").decode()):
            assert name not in said
    assert "changed (items 1-2)" in took[0].stdout
    assert "SHA256:" in took[0].stdout  # whose key that of the stranger is, can be asked for

    written = [path for path in repository.folder.rglob("*") if path.is_file() and path.name != "bundle.zip"]
    assert any(path.suffix == ".receipt" for path in written)
    assert any(".received" in str(path) for path in written)
    for path in written:
        data = path.read_bytes()
        for name in (SECRET_NAME, STRANGER_NAME):
            assert not any(name.encode(code) in data for code in ("utf-8", "utf-16-le", "cp949")), path
    # Of paths only that of the store is kept, which an audit needs: in the catalogue and its journal.
    assert not any(str(repository.inbox).encode() in path.read_bytes() for path in written)
    beside = [path for path in written if path.is_relative_to(repository.store) or path.suffix == ".receipt"]
    assert not any(str(repository.folder).encode() in path.read_bytes() for path in beside)


def test_the_desk_reads_how_a_bundle_was_called_and_where_it_lies(repository: Repository) -> None:
    """The catalogue keeps no name; that of the bundle lies beside it."""
    repository.intake()
    holdings = repository.holdings()
    for number, holding in holdings.items():
        said = repository.party.ok("intake", "show", str(number), *repository.where).stdout
        assert holding["name"] == "bundle.zip"
        assert "came as: " in said
        assert "came as: bundle.zip" not in said
        (path,) = [line.partition(": ")[2] for line in said.splitlines() if line.startswith("  lies at: ")]
        assert Path(path).exists()


def test_what_stops_a_run_says_how_to_go_on(evtool: Runner, repository: Repository) -> None:
    """Each of these named a command without the catalogue, or nothing at all."""
    party, catalogue = repository.party, str(repository.catalogue)
    missing = party("intake", repository.inbox, *repository.where, "--store", repository.store, "--policy", "no.toml",
                    "--receipts", repository.receipts)  # fmt: skip
    assert (missing.exit_code, "`evtool help intake take`" in missing.stderr) == (4, True)
    unknown = party("intake", "show", "999", *repository.where)
    assert unknown.exit_code == 2
    assert f"`evtool intake list --catalogue {catalogue} --everything`" in unknown.stderr
    listed = party("intake", "list", *repository.where)
    assert f"`evtool intake show N --catalogue {catalogue}`" in listed.stdout
    # Nothing was due: the audit says until when, instead of nothing.
    audited = party.ok("catalogue", "audit", catalogue, "--cycle", "30d")
    assert "no copy has to be read before 20" in audited.stdout
    assert "1 collections" not in party.ok("catalogue", "figures", catalogue).stdout


@pytest.mark.parametrize("command", ["list", "figures"])
def test_the_desk_reads_korean(repository: Repository, command: str) -> None:
    said = _reads(repository.party, "ko", "catalogue", command, repository.catalogue)
    assert "증거 모음" in said or "보낸 이" in said
    assert " from " not in said


def test_what_was_added_and_what_was_rejected_is_said_in_korean(evtool: Runner, repository: Repository) -> None:
    case = evtool.directory / "stranger.zip"
    catalogue = repository.folder / "third.cat"
    repository.party.ok("catalogue", "init", catalogue)
    said = _reads(repository.party, "ko", "catalogue", "add", catalogue, case, case)
    assert ("등록하지 않았습니다" in said, "not added" in said, "hint:" in said) == (True, False, False)


def test_why_a_bundle_waits_is_said_in_korean(evtool: Runner, repository: Repository) -> None:
    """The sentence of the verification, too, which was English."""
    party = make_party(evtool, "R9")
    lay(repository.inbox, evtool.directory / "stranger.zip", "again.zip")
    catalogue = repository.folder / "second.cat"
    party.ok("catalogue", "init", catalogue)
    said = _reads(
        *(party, "ko", "intake", repository.inbox, "--catalogue", catalogue, "--policy", repository.desk[3]),
        *("--receipts", repository.folder / "r2", "--store", repository.folder / "v2", "--dry-run"),
    )
    assert "again.zip" in said
    assert "SHA256:" in said
    assert "signed by" not in said
