"""What is released: packages hold what evtool needs and no more, and install without network on every Python here."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

from evtool.core import __version__
from tests.cli.test_receive_story import DEFAULTS as TERMS

ROOT = Path(__file__).parents[1]
ISOLATED = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
"""Runs a program that has no network, not even its own computer's."""

CALLS = """
set -e
"$@" key new A1 --no-passphrase --quiet
"$@" recipient add UN-1 --kind un-body --purpose un-reporting
"$@" seal interview-0042 --defaults terms.toml
"$@" verify interview-0042
to="$(cut -d' ' -f1,2 key.pub)"
"$@" pack interview-0042 -o out.zip.age --to UN-1 --for un-reporting --authority D --encrypt-to "$to"
"$@" verify out.zip.age --identity key
"$@" inspect interview-0042/photos/site-plan.png
"$@" report interview-0042 -o page
"$@" report interview-0042 -o page --lang ko --force
"""
"""The first day: each of these has to work with nothing but what was carried here."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the committed and changed files, from which packages are built as a release builds them."""
    clone = tmp_path_factory.mktemp("release") / "clone"
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout.split("\0")
    for name in filter(None, listed):
        if name.split("/")[0] != "tests" and (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, clone / name)
    return clone


def build(target: str, clone: Path) -> Path:
    """Build a package."""
    folder = clone.with_name(target)
    run(sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", folder, cwd=clone)
    return next(folder.iterdir())


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program, and expect success."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("EVTOOL_", "PYTHON"))}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=variables | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def committed(room: str) -> set[str]:
    """Names of the files in a folder, as they are committed."""
    listed = run("git", "ls-files", "-z", room, cwd=ROOT).stdout.split("\0")
    return {name for name in listed if name and (ROOT / name).is_file()}


def program() -> set[str]:
    """Names of the files in the package: not the man pages, nor what the browser page is built from."""
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    left_out = targets["wheel"]["exclude"]
    return {
        name
        for name in committed("evtool")
        if not any(fnmatch(name, pattern) or name.startswith(f"{pattern}/") for pattern in left_out)
    }


def test_the_wheel_holds_the_program_and_nothing_else(clone: Path) -> None:
    with zipfile.ZipFile(build("wheel", clone)) as wheel:
        names = set(wheel.namelist())
    info = f"evtool-{__version__}.dist-info"
    pages = {f"evtool-{__version__}.data/data/share/man/man1/{Path(name).name}" for name in committed("evtool/cli/man")}
    assert names == program() | pages | {
        *(f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"))
    }
    assert names >= {
        *("evtool/py.typed", "evtool/__init__.pyi", "evtool/report/texts/ko.toml", "evtool/web/check.py"),
        *("evtool/web/check.html", "evtool/web/LICENSES.txt", "evtool/cli/topics/ko/first-hour.md"),
        *("evtool/report/templates/paper.html.j2", "evtool/report/fonts/NotoSansKR-Regular.otf"),
    }


def test_the_sdist_holds_what_a_reader_needs_and_no_tests(clone: Path) -> None:
    with tarfile.open(build("sdist", clone)) as sdist:
        names = {member.name.partition("/")[2] for member in sdist.getmembers()}
    rooms = {name.partition("/")[0] for name in names}
    assert rooms - {".gitattributes", ".gitignore"} == {
        *("evtool", "manifests", "examples", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml")
    }
    assert names >= committed("evtool") | {
        "manifests/FORMAT.md",
        "examples/offline.sh",
        "examples/requirements.txt",
    }


def test_what_is_pinned_is_what_the_project_asks_for() -> None:
    """The pins are of every library that evtool needs, in a version that it allows, with hashes."""
    from packaging.requirements import Requirement

    pinned = {}
    for block in (ROOT / "examples" / "requirements.txt").read_text().replace("\\\n", " ").splitlines():
        name, version = block.split(" ")[0].split("==")
        pinned[name] = version
        assert block.count("--hash=sha256:") >= 2, f"{name}: no hashes"
    metadata = Path(ROOT / "pyproject.toml").read_text()
    wanted = metadata[metadata.index("dependencies = [") : metadata.index("[project.optional")]
    asked = [Requirement(line.split('"')[1]) for line in wanted.splitlines() if line.startswith('  "')]
    assert len(asked) > 10
    for each in asked:
        assert pinned[each.name.lower().replace("_", "-")] in each.specifier, each


@pytest.fixture(params=["3.11", "3.12", "3.13"])
def python(request: pytest.FixtureRequest) -> Path:
    """Every Python of this machine that evtool supports, of each version one."""
    places = [*os.environ["PATH"].split(os.pathsep), *map(str, Path.home().glob(".pyenv/versions/*/bin"))]
    for each in (Path(place) / f"python{request.param}" for place in places):
        if each.is_file() and not subprocess.run([each, "-c", "import venv"], capture_output=True).returncode:
            return each
    pytest.skip(f"Python {request.param} is not installed here")


def first_day(program: list[str | Path], folder: Path) -> None:
    """Live through the first day without network, with a home of one's own."""
    folder.mkdir()
    shutil.copytree(ROOT / "examples" / "interview-0042", folder / "interview-0042")
    (folder / "terms.toml").write_text(TERMS)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "key", cwd=folder)
    home = {"HOME": str(folder), "EVTOOL_HOME": str(folder / "home"), "LC_ALL": "C.UTF-8"}
    told = run(*ISOLATED, "bash", "-c", CALLS, "evtool", *program, cwd=folder, **home).stdout
    assert told.count("VERIFIED: all 5 items are exactly as sealed") >= 1
    assert "image/png" in told, "metadata is read in confinement"
    assert (folder / "page.ko.html").exists()


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `examples/offline.sh` makes, for the platform of this machine."""
    out = tmp_path_factory.mktemp("offline") / "OUT"
    machine = f"linux-{os.uname().machine}"
    run("bash", ROOT / "examples" / "offline.sh", out, machine, cwd=ROOT, PYTHON=sys.executable)
    return out


@pytest.mark.release
def test_the_folder_can_be_checked_and_tells_of_no_machine(offline: Path) -> None:
    run("sha256sum", "-c", "--quiet", "SHA256SUMS", cwd=offline)
    listed = {line.split("  ./")[1] for line in (offline / "SHA256SUMS").read_text().splitlines()}
    here = {str(path.relative_to(offline)) for path in offline.rglob("*") if path.is_file()}
    assert here == listed | {"SHA256SUMS"}
    assert f"evtool {__version__}" in (offline / "README.txt").read_text("utf-8")
    program = next(offline.glob("*.pyz"))
    texts = [path.read_bytes() for path in (offline / "README.txt", offline / "requirements.txt")]
    with zipfile.ZipFile(program) as archive:
        texts += [archive.read(name) for name in archive.namelist() if name.startswith(("environment", "_bootstrap"))]
        texts += [archive.read(name) for name in archive.namelist() if "dist-info/" in name]
        assert not [name for name in archive.namelist() if name.endswith("direct_url.json") or "/bin/" in name]
    configured = run(sys.executable, "-m", "pip", "config", "list", cwd=ROOT).stdout
    for told in (str(ROOT), f"{Path.home()}/", *re.findall(r"(?:file|https?)://[^'\s]+", configured)):
        assert not [text for text in texts if told.encode() in text], told


@pytest.mark.release
def test_a_computer_without_network_gets_evtool(offline: Path, tmp_path: Path, python: Path) -> None:
    """By the file alone, and by the wheels; both answer with every Python that is here."""
    first_day([python, next(offline.glob("*.pyz"))], tmp_path / "file")
    run(*ISOLATED, python, "-m", "venv", "venv", cwd=tmp_path)
    pip: list[str | Path] = [*ISOLATED, tmp_path / "venv" / "bin" / "pip", "install", "--quiet"]
    run(*pip, "--no-index", "--find-links", "wheels", "--require-hashes", "-r", "requirements.txt", cwd=offline)
    first_day([tmp_path / "venv" / "bin" / "evtool"], tmp_path / "wheels")
    run(tmp_path / "venv" / "bin" / "pip", "check", cwd=tmp_path)
    # A changed wheel is not installed.
    changed = tmp_path / "changed"
    shutil.copytree(offline, changed)
    wheel = next((changed / "wheels").glob("tomli_w-*"))
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    again = [*pip, "--force-reinstall", "--no-index", "--find-links", "wheels", "--require-hashes"]
    refused = subprocess.run([*map(str, again), "-r", "requirements.txt"], cwd=changed, capture_output=True, text=True)
    assert refused.returncode != 0
    assert "DO NOT MATCH THE HASHES" in refused.stderr


@pytest.fixture(scope="module")
def sdist(clone: Path) -> Path:
    """The sdist, with what builds a wheel of it beside it."""
    sdist = build("sdist", clone)
    run(sys.executable, "-m", "pip", "download", "--quiet", "--dest", sdist.parent, "hatchling", cwd=clone)
    return sdist


@pytest.mark.release
def test_the_sdist_installs_in_a_clean_environment(
    offline: Path, clone: Path, sdist: Path, tmp_path: Path, python: Path
) -> None:
    """With each Python, from what is here: it builds the wheel itself, and takes the libraries of the folder."""
    run(*ISOLATED, python, "-m", "venv", "venv", cwd=tmp_path)
    pip: list[str | Path] = [*ISOLATED, tmp_path / "venv" / "bin" / "pip", "install", "--quiet", "--no-index"]
    run(*pip, "--find-links", sdist.parent, "--find-links", offline / "wheels", sdist, cwd=tmp_path)
    first_day([tmp_path / "venv" / "bin" / "evtool"], tmp_path / "day")
    code = "from evtool.operations.examine.program import digest_code; print(digest_code().sha256)"
    installed = run(tmp_path / "venv" / "bin" / "python", "-c", code, cwd=tmp_path).stdout.strip()
    assert installed == digest_of_program(clone)


def digest_of_program(clone: Path) -> str:
    """The digest that an account names, as a stranger computes it from the repository."""
    whole = hashlib.sha256()
    for name in sorted(program(), key=str.encode):
        digest = hashlib.sha256((clone / name).read_bytes()).hexdigest()
        whole.update(f"{digest}  ./{name.removeprefix('evtool/')}\n".encode())
    return whole.hexdigest()
