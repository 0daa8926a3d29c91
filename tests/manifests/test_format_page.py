"""The example of the format pages: taken off the pages, built, verified by evtool and by stock tools, sealed again."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evtool.core import __version__
from evtool.core.custody.entry import parse_entry
from evtool.core.ssh.key import ED25519, PublicKey
from evtool.keys.signer import FileSigner
from evtool.operations.author import Author, EntryHeader
from evtool.operations.seal.metadata import MetadataChoice
from evtool.operations.seal.options import UNMATCHED, SealOptions
from evtool.operations.seal.seal import seal

ROOT = Path(__file__).parents[2]
PAGES = {path.name: path.read_text("utf-8") for path in sorted((ROOT / "manifests").glob("FORMAT*.md"))}
ALL_PAGES = "".join(PAGES.values())
SEED = (ROOT / "tests" / "vectors" / "verify" / "keys" / "A03.seed").read_text()

BLOCK = re.compile(r"<!-- example: (\S+) -->\n```\w+\n(.*?)```\n", re.DOTALL)
EXAMPLES = dict(BLOCK.findall(ALL_PAGES))
SHELL = re.compile(r"```sh\n(.*?)```\n", re.DOTALL)
MAKE_EVIDENCE, CHECK_FIRST = SHELL.findall(PAGES["FORMAT.md"])
(CHECK_SECOND,) = SHELL.findall(PAGES["FORMAT-entry.md"])
CUSTODY_FILES = {name: text for name, text in EXAMPLES.items() if name.startswith("custody/")}


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The directory of the pages, made with their own commands and bytes; its trusted keys lie beside it."""
    subprocess.run(["bash", "-euc", MAKE_EVIDENCE], cwd=tmp_path, check=True)
    directory = tmp_path / "interview-0042"
    for name, text in CUSTODY_FILES.items():
        (directory / name).write_text(text, "utf-8")
    (tmp_path / "trusted_keys").write_text(CUSTODY_FILES["custody/allowed_signers"])
    return directory


def stock_tools(directory: Path) -> int:
    """Run the page's commands; they are paths, sha256sum, ssh-keygen and grep."""
    command = ["bash", "-euo", "pipefail", "-c", CHECK_FIRST + CHECK_SECOND]
    return subprocess.run(command, cwd=directory, capture_output=True, check=False).returncode


def test_the_example_verifies_and_the_report_is_the_one_on_the_page(example: Path, evtool: Any) -> None:
    """What the page shows is what the program prints, field by field."""
    result = replace(evtool, directory=example.parent)("verify", "interview-0042", "--trust", "trusted_keys", "--json")
    assert result.exit_code == 0
    assert result.document == json.loads(EXAMPLES["report"])


def test_stock_tools_agree(example: Path) -> None:
    """The commands of the page succeed."""
    assert stock_tools(example) == 0


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("interview.txt", lambda data: data.replace(b"November", b"December")),
        ("custody/0001-sealed.toml", lambda data: data.replace(b"March", b"April")),
        ("custody/0002-sealed.toml.sig", lambda data: data.replace(b"A", b"B", 1)),
        ("custody/0001-sealed.sha256", lambda data: data.replace(b"salt 3", b"salt 4")),
    ],
)
def test_stock_tools_find_what_was_changed(name: str, change: Callable[[bytes], bytes], example: Path) -> None:
    """The commands could not fail if they did not look."""
    path = example / name
    before = path.read_bytes()
    path.write_bytes(change(before))
    assert path.read_bytes() != before
    assert stock_tools(example) != 0


def test_the_root_of_the_example_is_the_node_over_two_halves() -> None:
    """FORMAT-manifest.md, section "The root hash", by hand: eight leaves, folded three times."""
    lines = CUSTODY_FILES["custody/0001-sealed.jsonl"].encode().splitlines()
    level = [hashlib.sha256(b"\x00" + line).digest() for line in lines]
    halves = []
    while len(level) > 1:
        halves = level
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
    entry = parse_entry(CUSTODY_FILES["custody/0001-sealed.toml"].encode())
    assert entry.sealed is not None
    assert level[0].hex() == entry.sealed.root
    assert json.loads(EXAMPLES["withheld"]) == {"hash": halves[1].hex(), "kind": "withheld", "lines": 4}


# --- sealing the same again ------------------------------------------------------------------------------------------

SALTS = [hashlib.sha256(b"salt %d" % number).digest()[:16] for number in range(1, 13)]
"""The salts of the example in the order in which they were used: nine in the first seal, three in the second."""


def random_of(salts: list[bytes], collection: str) -> Callable[[int], bytes]:
    """Randomness that gives these salts: a block of lines takes all of one draw in order, other lines from its end."""

    def random(size: int) -> bytes:
        if size == 16:
            return bytes.fromhex(collection)
        if size == 16 * (len(salts) - 1):
            return b"".join(salts[1:])
        return b"".join(reversed(salts)).rjust(size, b"\0")

    return random


def test_sealing_the_evidence_of_the_example_writes_the_example(example: Path) -> None:
    """evtool's writer and the builder of the vectors share no code; given the same salts and times they agree."""
    for path in (example / "custody").iterdir():
        path.unlink()
    later, aside = example / "transcript, 100%.txt", example.parent / "aside"
    later.rename(aside)
    private_key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SEED))
    signer = FileSigner(PublicKey(ED25519, private_key.public_key().public_bytes_raw()), "A03", private_key)
    for number, salts in ((1, SALTS[:9]), (2, SALTS[9:])):
        entry = parse_entry(CUSTODY_FILES[f"custody/{number:04d}-sealed.toml"].encode())
        exclude = (".DS_Store", "*.tmp")
        options = SealOptions(
            header=EntryHeader(entry.reason, entry.happened_at),
            exclude=exclude,
            reset_exclusions=True,
            allow=frozenset({UNMATCHED}),
            jobs=1,
            metadata=MetadataChoice.NONE,
        )
        author = Author(signer, random=random_of(salts, entry.collection), now=always(entry.recorded_at))
        seal(example, author, options)
        aside.rename(later) if number == 1 else None
    for name in ("0001-sealed.jsonl", "0001-sealed.sha256", "0002-sealed.jsonl", "0002-sealed.sha256"):
        assert (example / "custody" / name).read_text("utf-8") == CUSTODY_FILES[f"custody/{name}"]
    written = (example / "custody" / "0001-sealed.toml").read_text("utf-8")
    on_page = CUSTODY_FILES["custody/0001-sealed.toml"]
    # The example stays as it was signed; an entry names the version that wrote it.
    written = written.replace(f'tool = "evtool {__version__}"', 'tool = "evtool 0.1.0"')
    assert re.sub('"README.txt" = .*\n', "", written) == on_page
    assert (example / "custody" / "allowed_signers").read_text() == CUSTODY_FILES["custody/allowed_signers"]


def always(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment
