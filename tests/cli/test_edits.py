"""Ten thousand real files, and twenty edits among them: exactly those twenty are found."""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from evtool import ExitCode
from evtool.core.text.names import store_name
from tests.cli.evidence import check, give_key, named
from tests.conftest import Runner

FILES = 10_000
LARGEST = 64 * 1024


def real_files() -> Iterator[Path]:
    """List files of the Python that runs this, library and packages, links and all."""
    for name in ("stdlib", "purelib", "platlib", "include"):
        root = Path(sysconfig.get_path(name))
        for directory, _, files in os.walk(root):
            for file in sorted(files):
                path = Path(directory) / file
                if path.is_symlink() or (path.is_file() and path.stat().st_size <= LARGEST):
                    yield path


@pytest.fixture
def case(evtool: Runner) -> Path:
    """Copies of them; where this Python has fewer, they are copied once more."""
    give_key(evtool)
    case = evtool.directory / "case"
    sources = list(itertools.islice(real_files(), FILES))
    assert len(sources) > 500
    for number, source in zip(range(FILES), itertools.cycle(sources), strict=False):
        target = case / str(number // 2000) / f"{number:05d} {source.name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    return case


def test_twenty_random_edits_among_ten_thousand_files_are_found_exactly(case: Path, evtool: Runner) -> None:
    """Changed with and without a new date, removed, added, renamed, of another type."""
    sealed = evtool("seal", "--json", case)
    assert (sealed.exit_code, sealed.document["new_items"]) == (ExitCode.OK, FILES)
    whole = evtool("verify", "--json", case)
    assert (whole.exit_code, whole.document["reports"][0]["items"]["ok"]) == (ExitCode.OK, FILES)

    expected = edit(case, random.Random(20))

    result = evtool("verify", "--json", case)
    assert result.exit_code == ExitCode.MISMATCH
    (report,) = result.document["reports"]
    assert named(report) == expected
    assert len(expected) == 20
    assert report["items"]["ok"] == FILES - 17
    assert named(check(case, evtool)) == expected


def edit(case: Path, dice: random.Random) -> set[tuple[str, str | None]]:
    """Make the edits; gives the findings that they must lead to."""
    digests: dict[str, list[Path]] = {}
    for path in sorted(case.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.parent.name != "custody" and path.stat().st_size:
            digests.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), []).append(path)
    # A file of which there is another copy could as well be the other one, renamed.
    unique = [paths[0] for paths in digests.values() if len(paths) == 1]
    chosen = dice.sample(unique if len(unique) > 100 else [paths[0] for paths in digests.values()], 17)
    found: set[tuple[str, str | None]] = set()

    def name(path: Path) -> str:
        return store_name(os.fsencode(path.relative_to(case)))

    for number, path in enumerate(chosen):
        if number < 10:
            facts = path.stat()
            data = bytearray(path.read_bytes())
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            path.chmod(0o600)
            path.write_bytes(data)
            if number < 5:
                os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
            found.add(("changed", name(path)))
        elif number < 13:
            found.add(("missing", name(path)))
            path.unlink()
        elif number < 15:
            found.add(("renamed", name(path)))
            path.rename(path.with_name(f"renamed {number}"))
        else:
            found.add(("type-changed", name(path)))
            path.unlink()
            path.mkdir()
    for number in range(3):
        planted = dice.choice(chosen).parent / f"planted {number}"
        planted.write_bytes(os.urandom(100))
        found.add(("extra", name(planted)))
    return found
