"""Copies are read again over the years: damage is found in time, and nobody is alarmed without a reason."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

import pytest

from evtool.core.errors import ExitCode, InputError, UsageError
from evtool.core.finding import Words
from evtool.operations.catalogue import schedule, volumes
from evtool.operations.catalogue.audit import AuditOptions, AuditResult, next_time_of_day
from evtool.operations.catalogue.locations import MARKER, LocationKind
from evtool.operations.seal.options import SealOptions
from evtool.operations.seal.seal import seal
from evtool.scan.progress import NoProgress
from tests.catalogue.repository import rows
from tests.catalogue.vault import DAY, START, Vault, copy_vault, make_vault

COPIES = ("case", "bag", "b.zip", "b.zip.age")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_vault(tmp_path_factory.mktemp("vault"))


@pytest.fixture
def vault(made: Path) -> Iterator[Vault]:
    """In memory, if the system has such a folder: each proof is written to the disk before the next, which is slow."""
    memory = Path("/dev/shm")  # no name in it is guessed
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield copy_vault(made, Path(folder))


def damaged(result: AuditResult) -> list[str]:
    return [trouble.copy.path for trouble in result.damaged if trouble.copy]


def unread(result: AuditResult) -> list[str]:
    return [trouble.copy.path if trouble.copy else trouble.location for trouble in result.unreadable]


def why(result: AuditResult) -> list[str]:
    return [each.why.key if isinstance(each.why, Words) else "" for each in (*result.damaged, *result.unreadable)]


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_copies_in_every_form_are_proven_without_a_key_and_nothing_is_touched(vault: Vault) -> None:
    """The key of the encrypted bundle is not on this machine."""
    (vault.folder / "key.txt").unlink()
    before = {path: path.stat().st_mtime_ns for path in vault.root.rglob("*")}
    result = vault.audit_all()
    assert (result.exit_code, result.copies, result.damaged, result.unreadable) == (ExitCode.OK, 4, (), ())
    assert rows(
        vault.file, "SELECT scope, first, last, ok, changed + missing + unreadable FROM proof ORDER BY copy"
    ) == [
        ("full", 1, 6, 6, 0),
        ("full", 1, 6, 6, 0),
        ("container", 1, 6, 6, 0),
        ("container", 1, 6, 6, 0),
    ]
    assert {path: path.stat().st_mtime_ns for path in vault.root.rglob("*")} == before
    assert vault.copy("case") == (1, None, "2027-01-01T22:00:00Z", "ok")


def fill(vault: Vault) -> int:
    """Enter copies until there are 500, a twentieth of them folders; give the bytes of all."""
    with vault.tables() as connection:
        for number in range(5, 500):
            like = COPIES[number % 2] if number % 20 == 0 else COPIES[2 + number % 2]
            # A folder of links to the vault stands for a folder of copies: what is read is read each time.
            folder = vault.root / f"folder-{number}"
            folder.symlink_to(vault.root)
            last_proof = START - timedelta(days=number % 29, hours=3)
            Vault.add_row(connection, like, f"{folder.name}/{like}", last_proof, "vault-1")
        for number in range(10):
            Vault.add_row(connection, "b.zip", f"{number}.zip", START - 300 * DAY, "safe", f"disk {number % 2}")
    query = "SELECT SUM(bytes), COUNT(*) FROM copy JOIN holding ON holding.id=holding WHERE location='vault-1'"
    ((size, count),) = rows(vault.file, query)
    assert count == 500
    return int(size)


def test_sixty_nights_five_hundred_copies_one_flipped_byte(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nights just suffice. The collection grows, a disk is in a safe: one alarm, within the cycle, and no other."""
    monkeypatch.setattr(volumes, "VOLUME_FILES", 5)
    vault.locate("safe", LocationKind.OFFLINE, vault.folder / "safe", 365)
    vault.add_copy("b.zip", "unlucky.zip", START - 5 * DAY)
    rate, flipped = 1000, 9
    alarms: list[tuple[int, ExitCode, list[str]]] = []
    budget = 1.2 * fill(vault) / rate / 30
    for night in range(60):
        vault.clock.moment, vault.clock.seconds = START + night * DAY, 0.0
        if night in (0, flipped):
            shutil.copy(vault.root / "b.zip", vault.root / "unlucky.zip")
        if night == flipped:
            flip(vault.root / "unlucky.zip")
        os.link(vault.root / "b.zip", vault.root / f"later-{night}.zip")
        vault.add_copy("b.zip", f"later-{night}.zip", vault.clock.now() - DAY / 8)
        result = vault.audit(AuditOptions(budget=budget, rate=rate, jobs=1))
        assert (result.forecast.oldest_days or 0) < 30
        assert [(due.carrier, due.copies, due.due) for due in result.offline] == [
            ("disk 0", 5, START + 65 * DAY),
            ("disk 1", 5, START + 65 * DAY),
        ]
        if result.exit_code is not ExitCode.OK:
            alarms.append((night, result.exit_code, damaged(result)))
            # People put an intact copy in its place.
            shutil.copy(vault.root / "b.zip", vault.root / "unlucky.zip")
    ((found, code, paths),) = alarms
    assert (code, paths) == (ExitCode.MISMATCH, ["unlucky.zip"])
    assert flipped <= found < flipped + 30
    ((least, most),) = rows(
        vault.file,
        "SELECT MIN(times), MAX(times) FROM (SELECT COUNT(DISTINCT run) AS times FROM copy JOIN proof ON copy=copy.id "
        "WHERE path NOT LIKE 'later%' GROUP BY copy.id)",
    )
    assert (least, most) == (2, 3)


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replace_by_link(path: Path) -> None:
    shutil.move(path, path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip_two(bag: Path) -> None:
    for item in sorted((bag / "data").iterdir())[:2]:
        flip(item)


def drop_entry(bag: Path) -> None:
    for file in (bag / "custody").glob("0002*"):
        file.unlink()


DAMAGE: dict[str, tuple[str, Callable[[Path], object], str, list[str] | None]] = {
    "vanished": ("b.zip", Path.unlink, "copy-gone", None),
    "encrypted, one bit": ("b.zip.age", flip, "copy-bytes", None),
    "one bit": ("b.zip", flip, "copy-bytes", None),
    "shrank": ("b.zip", shorten, "copy-size", None),
    "a folder in its place": ("b.zip", replace_by_folder, "copy-other-type", None),
    "a link to the very same bytes": ("b.zip", replace_by_link, "copy-link", None),
    "a link to the very same folder": ("case", replace_by_link, "copy-link", None),
    "an item, one bit": ("case", lambda path: flip(path / "증언-2.txt"), "copy-items", ["2"]),
    "an item gone": ("case", lambda path: (path / "증언-2.txt").unlink(), "copy-items", ["2"]),
    "two items of a bag": (
        "bag",
        flip_two,
        "copy-items",
        ["1-2"],
    ),
    "the folder gone": ("case", shutil.rmtree, "copy-gone", None),
    "the record gone": ("case", lambda path: shutil.rmtree(path / "custody"), "copy-gone", None),
    "the last entry gone, which nothing in the record tells": ("case", drop_entry, "", None),
    "an entry, one bit": ("case", lambda path: flip(path / "custody" / "0001-sealed.toml"), "", None),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_told_with_the_copies_that_are_intact(vault: Vault, what: str) -> None:
    path, harm, key, items = DAMAGE[what]
    harm(vault.root / path)
    result = vault.audit_all()
    assert result.exit_code is ExitCode.MISMATCH
    assert damaged(result) == [path]
    assert not key or why(result) == [key]
    (trouble,) = result.damaged
    assert (trouble.items.serialize() if trouble.items else None) == items
    assert {each.path for each in trouble.intact} == {*COPIES} - {path}
    assert vault.copy(path)[3] == "damaged"
    # It is told once: the night after, nothing is due.
    vault.clock.moment += DAY
    assert vault.audit().exit_code is ExitCode.OK


def test_another_collection_in_its_place_is_damage_though_it_verifies(vault: Vault) -> None:
    """A record that somebody made anew, with a key that is trusted, is not the one that was registered."""
    shutil.rmtree(vault.root / "case" / "custody")
    seal(vault.root / "case", vault.author, SealOptions())
    result = vault.audit_all()
    assert damaged(result) == ["case"]


def test_a_directory_that_grows_is_no_damage(vault: Vault) -> None:
    """New files, sealed or not yet, and other dates."""
    (vault.root / "case" / "new.txt").write_text("came today")
    os.utime(vault.root / "case" / "증언-1.txt", (0, 0))
    assert vault.audit_all().exit_code is ExitCode.OK
    seal(vault.root / "case", vault.author, SealOptions())
    assert vault.audit_all().exit_code is ExitCode.OK
    (vault.root / "bag" / "data" / "new.txt").write_text("nobody puts a file into a bag")
    assert damaged(vault.audit_all()) == ["bag"]


def test_a_folder_that_has_a_digest_of_its_list_is_read_as_a_folder(vault: Vault) -> None:
    """Intake gives every bundle a digest: that of a folder is of the list of its files."""
    with vault.tables() as connection:
        connection.execute("UPDATE holding SET sha256=? WHERE container='bag'", ("0" * 64,))
    assert vault.audit_all().exit_code is ExitCode.OK
    assert rows(vault.file, "SELECT scope FROM proof JOIN copy ON copy.id=copy WHERE path='bag'") == [("full",)]


def test_a_disk_that_is_not_mounted_is_no_damage(vault: Vault) -> None:
    """Its mount point is empty, is not there, or is the mount point of another disk."""
    away = vault.folder / "away"
    vault.root.rename(away)
    for prepare in (
        lambda: None,
        vault.root.mkdir,
        lambda: (vault.root / MARKER).write_text("evtool-location/1\nsafe\n"),
    ):
        prepare()
        result = vault.audit_all()
        assert (result.exit_code, result.damaged, unread(result)) == (ExitCode.NOT_CHECKED, (), ["vault-1"])
    assert why(result) == ["location-other"]
    shutil.rmtree(vault.root)
    away.rename(vault.root)
    assert vault.audit_all().exit_code is ExitCode.OK


def test_a_disk_that_lost_everything_is_damage_because_its_marker_is_there(vault: Vault) -> None:
    for name in COPIES:
        path = vault.root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    result = vault.audit_all()
    assert sorted(damaged(result)) == sorted(COPIES)
    (vault.root / MARKER).unlink()
    result = vault.audit_all()
    assert (result.exit_code, unread(result)) == (ExitCode.NOT_CHECKED, ["vault-1"])


def test_without_a_marker_a_copy_is_lost_only_if_others_lie_beside_it(vault: Vault) -> None:
    """A medium that cannot be written has none, and so has a location that spans all disks of a computer."""
    (vault.root / MARKER).unlink()
    (vault.root / "other-disk").mkdir()
    vault.add_copy("b.zip", "other-disk/c.zip", START - DAY)
    (vault.root / "b.zip").unlink()
    result = vault.audit_all()
    assert (damaged(result), unread(result)) == (["b.zip"], ["other-disk/c.zip"])
    assert why(result) == ["copy-gone", "copy-unmounted"]


def test_a_copy_that_cannot_be_read_is_no_damage_and_is_tried_every_night(vault: Vault) -> None:
    (vault.root / "loop").symlink_to("loop")
    vault.add_copy("b.zip", "loop/c.zip", START - 60 * DAY)
    for _ in range(2):
        result = vault.audit()
        assert (result.exit_code, unread(result)) == (ExitCode.NOT_CHECKED, ["loop/c.zip"])
        vault.clock.moment += DAY
    assert vault.copy("loop/c.zip")[2:] == ("2026-11-02T22:00:00Z", "unreadable")


def test_a_carrier_in_a_safe_is_never_a_failure_and_is_read_when_it_was_fetched(vault: Vault) -> None:
    safe = vault.folder / "safe"
    safe.mkdir()
    assert vault.locate("safe", LocationKind.OFFLINE, safe)
    vault.locate("partner", LocationKind.ELSEWHERE, None)
    shutil.copy(vault.root / "b.zip", safe / "b2.zip")
    vault.add_copy("b.zip", "b2.zip", START - 400 * DAY, location="safe", carrier="disk 3, safe B")
    vault.add_copy("b.zip", "b3.zip", START - 400 * DAY, location="partner")
    safe.rename(vault.folder / "locked")
    for options in (AuditOptions(jobs=1), AuditOptions(locations=frozenset({"safe", "partner"}))):
        result = vault.audit(options)
        assert (result.exit_code, result.unreadable) == (ExitCode.OK, ())
        assert [due.carrier for due in result.offline] == [None, "disk 3, safe B"]
    (vault.folder / "locked").rename(safe)
    result = vault.audit()
    assert (result.exit_code, result.copies, [due.carrier for due in result.offline]) == (ExitCode.OK, 1, [None])


class Recorder(NoProgress):
    """Notes which items were read, and interrupts the run behind one of them."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.seen: list[bytes] = []
        self.stop_at = stop_at

    def advance(self, files: int, size: int, *, item: bytes = b"", share: float | None = None) -> None:
        self.seen += [item] if item else []
        if len(self.seen) == self.stop_at:
            raise KeyboardInterrupt


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of one item, as if each had half a gibibyte."""
    monkeypatch.setattr(schedule, "PIECE_SIZE", 1)


@pytest.mark.usefixtures("small_pieces")
def test_an_interrupted_run_goes_on_at_the_next_item_and_reads_nothing_twice(vault: Vault) -> None:
    """Ctrl-C in the middle of the fifth item: four are proven. The proof of the round is as old as its start."""
    vault.was_read(START - 29 * DAY, "case")
    vault.progress = first = Recorder(5)
    result = vault.audit()
    assert result.interrupted
    assert vault.copy("case") == (5, "2027-01-01T22:00:00Z", "2026-12-03T22:00:00Z", "ok")
    vault.clock.moment += DAY
    vault.progress = second = Recorder()
    assert vault.audit().exit_code is ExitCode.OK
    assert first.seen[:4] + second.seen == [f"증언-{number}.txt".encode() for number in range(1, 7)]
    assert vault.copy("case") == (1, None, "2027-01-01T22:00:00Z", "ok")
    assert rows(vault.file, "SELECT first, last, ok FROM proof ORDER BY run, first") == [(n, n, 1) for n in range(1, 7)]


@pytest.mark.usefixtures("small_pieces")
def test_damage_in_the_first_half_of_a_round_is_in_its_result(vault: Vault) -> None:
    flip(vault.root / "case" / "증언-2.txt")
    flip(vault.root / "case" / "증언-6.txt")
    vault.was_read(START - 29 * DAY, "case")
    vault.progress = Recorder(5)
    result = vault.audit()
    assert (result.exit_code, result.interrupted) == (ExitCode.MISMATCH, True)
    assert [trouble.items.serialize() for trouble in result.damaged if trouble.items] == [["2"]]
    shutil.copy(vault.folder / "case" / "증언-6.txt", vault.root / "case" / "증언-6.txt")
    vault.clock.moment += DAY
    vault.progress = NoProgress()
    assert vault.audit().exit_code is ExitCode.OK
    assert vault.copy("case")[3] == "damaged"


@pytest.mark.usefixtures("small_pieces")
def test_a_large_copy_is_cut_where_the_time_is_over(vault: Vault) -> None:
    """So slow a disk that half of the items take the whole night."""
    vault.was_read(START - 29 * DAY, "case")
    ((size,),) = rows(vault.file, "SELECT bytes FROM holding WHERE container='dir'")
    options = AuditOptions(budget=size / 2 + 1, rate=1, jobs=1)
    result = vault.audit(options)
    assert (result.copies, result.begun, vault.copy("case")[0]) == (0, 1, 4)
    assert (result.exit_code, result.forecast.is_behind) == (ExitCode.NOT_ESTABLISHED, True)
    vault.clock.moment += DAY
    result = vault.audit(AuditOptions(budget=size, rate=1, jobs=1, locations=frozenset({"vault-1"})))
    assert vault.copy("case")[:3] == (1, None, "2027-01-01T22:00:00Z")


def test_a_file_that_no_night_is_long_enough_for_is_read_in_one_go_when_it_is_due(vault: Vault) -> None:
    """Rather than never: the run goes on for as long as that takes, begins nothing else, and is behind with nothing."""
    ((size,),) = rows(vault.file, "SELECT bytes FROM holding WHERE container='age'")
    vault.was_read(START - 40 * DAY, "b.zip.age")
    with vault.tables() as connection:
        connection.execute("UPDATE location SET cycle_days=100")
    result = vault.audit(AuditOptions(budget=size / 200, rate=100, jobs=1))
    assert result.copies == 0, "it is not due yet"
    with vault.tables() as connection:
        connection.execute("UPDATE location SET cycle_days=40")
    result = vault.audit(AuditOptions(budget=size / 200, rate=100, jobs=1))
    assert (result.copies, len(result.forecast.too_long), result.begun) == (1, 2, 0)
    assert result.spent >= size / 100
    assert vault.copy("b.zip.age")[2] == "2027-01-01T22:00:00Z"
    assert not result.forecast.overdue


@pytest.mark.parametrize(
    ("zone", "now", "at", "expected"),
    [
        ("Asia/Seoul", "2027-01-01T13:00:00Z", "06:00", "2027-01-01T21:00:00Z"),
        ("Asia/Seoul", "2027-01-01T21:00:00Z", "06:00", "2027-01-02T21:00:00Z"),
        # In the night of 28 March 2027 clocks in Berlin go from 02:00 to 03:00, on 31 October from 03:00 to 02:00.
        ("Europe/Berlin", "2027-03-27T21:00:00Z", "06:00", "2027-03-28T04:00:00Z"),
        ("Europe/Berlin", "2027-10-30T20:00:00Z", "06:00", "2027-10-31T05:00:00Z"),
        ("Europe/Berlin", "2027-03-27T21:00:00Z", "02:30", "2027-03-28T00:30:00Z"),
        ("Europe/Berlin", "2027-10-30T20:00:00Z", "02:30", "2027-10-31T00:30:00Z"),
        ("UTC", "2027-01-01T05:59:59Z", "06:00", "2027-01-01T06:00:00Z"),
    ],
)
def test_until_is_the_next_such_time_on_the_clock_on_the_wall(
    monkeypatch: pytest.MonkeyPatch, zone: str, now: str, at: str, expected: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        found = next_time_of_day(datetime.fromisoformat(now), time_of_day.fromisoformat(at))
    time.tzset()
    assert found == datetime.fromisoformat(expected)


def test_nothing_is_begun_after_the_time_that_was_set(vault: Vault) -> None:
    """Each copy takes half an hour; from 05:10 to 06:00 there is time for one that can be estimated."""
    vault.clock.moment = datetime(2027, 1, 2, 5, 10, tzinfo=UTC)
    vault.was_read(START - 40 * DAY)
    ((size,),) = rows(vault.file, "SELECT bytes FROM holding WHERE container='zip'")
    with vault.tables() as connection:
        connection.execute("DELETE FROM copy WHERE path NOT LIKE 'b.zip%'")
    result = vault.audit(AuditOptions(until=time_of_day(6, 0), rate=size // 1800, jobs=1))
    assert result.copies == 1
    assert vault.clock.now().hour == 5
    assert (result.exit_code, result.forecast.overdue) == (ExitCode.NOT_ESTABLISHED, 1)


def test_a_clock_that_jumps_back_neither_ends_a_run_late_nor_leaves_proofs_of_the_future(vault: Vault) -> None:
    """Last night the clock said 2099. Tonight it is right again: those copies are read once more, and then no more."""
    vault.clock.moment = START.replace(year=2099)
    assert vault.audit_all().copies == 4
    vault.clock.moment = START + DAY
    assert vault.audit().copies == 4
    vault.clock.moment += DAY
    assert vault.audit().copies == 0
    assert vault.copy("b.zip")[2] == "2027-01-02T22:00:00Z"


def test_what_is_no_location_is_refused(vault: Vault) -> None:
    with pytest.raises(UsageError, match="needs the directory"):
        vault.locate("x", LocationKind.DISK, None)
    with pytest.raises(InputError, match="is not a directory"):
        vault.locate("x", LocationKind.DISK, vault.folder / "nowhere")
    with pytest.raises(InputError, match="is marked as location vault-1"):
        vault.locate("x", LocationKind.DISK, vault.root)
    with pytest.raises(UsageError, match="is itself evidence"):
        vault.locate("x", LocationKind.OFFLINE, vault.root / "case")
    assert rows(vault.file, "SELECT code FROM location ORDER BY code") == [("vault-1",)]
    with vault.tables() as connection:
        connection.execute("DELETE FROM copy")
    with pytest.raises(InputError, match="knows no copy"):
        vault.audit()
