"""pack and unpack killed at any moment: the next run names and removes what was left, and no plain text stays."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import time
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from evtool.core.errors import ExitCode
from evtool.keys.age_keys import load_pyrage
from tests.attacks.test_unpack_agrees_with_verify import DEFAULTS
from tests.cli.evidence import check, give_key
from tests.conftest import Runner, RunResult

KILLS = int(os.environ.get("BUNDLE_KILLS", "12"))
"""Moments at which a run is killed; BUNDLE_KILLS=100 for more of them."""

SEED = int(os.environ.get("BUNDLE_SEED", "10"))
SECRET = b"what the witness said in confidence"
WORK = re.compile(r"\..+\.evtool-[0-9a-f]{16}\.part")


class Scene:
    """A sealed case, bundles of it in every form, and one harmless bundle of another."""

    def __init__(self, evtool: Runner) -> None:
        self.evtool, self.place = evtool, evtool.directory / "place"
        identity = load_pyrage().x25519.Identity.generate()
        self.key = evtool.directory / "age.key"
        self.key.write_text(f"{identity}\n")
        self.key.chmod(0o600)
        self.public = str(identity.to_public())
        (evtool.directory / "d.toml").write_text(DEFAULTS)
        self.case = self._seal("case", {f"{number:03d}.txt": SECRET + bytes([number]) * 20_000 for number in range(60)})
        harmless = self._seal("harmless", {"a.txt": b"harmless"})
        self.ok("pack", harmless, "-o", "harmless.zip")
        for form in ("", ".zip", ".zip.age"):
            self.ok("pack", self.case, "-o", f"bundle{form}", *self.lock(form))
        self.place.mkdir()

    def lock(self, form: str) -> list[str]:
        return ["-r", self.public] if form == ".zip.age" else []

    def ok(self, *arguments: str | Path) -> RunResult:
        result = self.evtool(*arguments)
        assert result.exit_code == ExitCode.OK, result
        return result

    def _seal(self, name: str, files: dict[str, bytes]) -> Path:
        case = self.evtool.directory / name
        case.mkdir()
        for file, data in files.items():
            (case / file).write_bytes(data)
        self.ok("seal", case, "--defaults", "d.toml", "--metadata", "none")
        return case

    def commands(self) -> Iterator[tuple[list[str | Path], bool]]:
        """Give every command that writes into the place, and whether what it writes is plain text."""
        for form in (".zip.age", ".zip", ""):
            yield ["pack", self.case, "-o", f"place/out{form}", *self.lock(form)], form != ".zip.age"
            yield ["unpack", f"bundle{form}", "-o", "place/out", "--identity", self.key], True

    def entries(self) -> int:
        return len(list((self.case / "custody").glob("*.toml.sig")))

    def work_places(self) -> list[str]:
        return [path.name for path in self.place.iterdir() if WORK.fullmatch(path.name)]

    def holds_secret(self) -> bool:
        return any(SECRET in path.read_bytes() for path in self.place.rglob("*") if path.is_file())


@pytest.fixture
def scene(evtool: Runner) -> Scene:
    give_key(evtool)
    return Scene(evtool)


def test_what_a_killed_run_leaves_is_named_and_removed_by_the_next(scene: Scene) -> None:
    dice = random.Random(SEED)
    commands = list(scene.commands())
    durations: dict[int, float] = {}
    left = unfinished = 0
    for trial in range(KILLS):
        which = trial % len(commands)
        command, _ = commands[which]
        if which not in durations:
            started = time.monotonic()
            scene.ok(*command)
            durations[which] = time.monotonic() - started
            clear(scene.place)
        before = scene.entries()
        scene.evtool.fork(*command, kill=(int(signal.SIGKILL), dice.uniform(0, durations[which])))
        works, outputs = scene.work_places(), {path.name for path in scene.place.iterdir()}
        assert outputs - set(works) <= {Path(str(command[3])).name}, f"trial {trial}: {outputs}"
        recorded = scene.entries() > before
        assert check(scene.case, scene.evtool).exit_code == ExitCode.OK, f"trial {trial}"
        has_name = bool(outputs - set(works))
        clear(scene.place, keep=works)
        left += bool(works)

        # Another bundle is unpacked there next: nothing but what it holds may be left.
        result = next_run(scene, works)
        for name in works:
            assert f"{name}, which it left behind, was removed" in result.stderr, f"trial {trial}: {result.stderr}"
        if command[0] == "pack" and recorded and not has_name:
            unfinished += 1
            assert f"as entry {before + 1}, SHA-256" in result.stderr, f"trial {trial}: {result.stderr}"
        assert {path.name for path in scene.place.iterdir()} == {"harmless"}
        assert not scene.holds_secret()
        clear(scene.place)
    assert left > KILLS / 3, f"only {left} of {KILLS} runs left something, {unfinished} an entry without its bundle"


def next_run(scene: Scene, works: list[str]) -> RunResult:
    """Unpack the harmless bundle; a worker of the killed run may need a moment to notice that it is alone."""
    for _ in range(50):
        result = scene.ok("unpack", "harmless.zip", "-o", "place/harmless")
        if not works or not scene.work_places():
            return result
        clear(scene.place, keep=works)
        time.sleep(0.1)
    return result


def clear(place: Path, keep: list[str] | None = None) -> None:
    for path in place.iterdir():
        if path.name not in (keep or []):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_a_pack_killed_between_the_entry_and_the_name_is_told_by_the_next_pack(scene: Scene) -> None:
    """The entry is written, the bundle has no name: said of that record by number, with the way to correct it."""
    work = scene.place / ".out.zip.evtool-0123456789abcdef.part"
    work.mkdir()
    (work / "lock").touch()
    (work / "content").write_bytes(SECRET)
    last = sorted((scene.case / "custody").glob("*.toml"))[-1].read_bytes()
    entry = tomllib.loads(last.decode())
    number = entry["sequence"]
    (work / "note").write_text(f"disclosed {entry['collection']} {number} {sha256(last).hexdigest()}\n")
    result = scene.ok("pack", scene.case, "-o", "place/other.zip", "--json")
    assert f"entry {number} records a disclosure, but its bundle was never completed" in result.stderr
    assert f"evtool record {scene.case} corrected --entry {number}" in result.stderr
    assert len(result.document["leftovers"]) == 2
    (scene.place / "other.zip").unlink()
    work.mkdir()
    (work / "note").write_text(f"disclosed {entry['collection']} {number} {sha256(last).hexdigest()}\n")
    for name in ("lock", "content"):
        (work / name).touch()
    korean = scene.evtool("pack", scene.case, "-o", "place/other.zip", "--json", EVTOOL_LANG="ko")
    assert f"evtool: 참고: 기록 {number}에는 제공하였다고 적혀 있으나" in korean.stderr
    assert korean.document["leftovers"] == result.document["leftovers"]
    assert [path.name for path in scene.place.iterdir()] == ["other.zip"]


def test_what_a_living_run_works_on_is_left_alone(scene: Scene) -> None:
    import fcntl

    work = scene.place / ".out.evtool-0123456789abcdef.part"
    work.mkdir()
    with (work / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = scene.ok("unpack", "harmless.zip", "-o", "place/one")
        assert (result.stderr, work.exists()) == ("", True)
    result = scene.ok("unpack", "harmless.zip", "-o", "place/two")
    said = f"{work.name}, which it left behind, was removed"
    assert (said in result.stderr, work.exists()) == (True, False)


def test_a_directory_that_only_looks_like_a_leftover_stays(scene: Scene) -> None:
    """Without a lock it is none of a run, unless it is empty; and one that holds a link leads nowhere."""
    work = scene.place / ".out.evtool-0123456789abcdef.part"
    work.mkdir()
    (work / "mine.txt").write_text("mine")
    scene.ok("unpack", "harmless.zip", "-o", "place/one")
    assert (work / "mine.txt").read_text() == "mine"
    (scene.place / "elsewhere").mkdir()
    (scene.place / "elsewhere" / "lock").touch()
    (scene.place / ".x.evtool-0123456789abcdef.part").symlink_to("elsewhere")
    scene.ok("unpack", "harmless.zip", "-o", "place/two")
    assert (scene.place / "elsewhere" / "lock").exists()
