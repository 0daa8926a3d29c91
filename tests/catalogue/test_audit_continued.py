"""An audit reads what continues a record beside a bundle: the answer that the repository signed is evidence, too."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evtool.core.errors import ExitCode
from evtool.core.finding import Words
from evtool.keys.passphrase import TerminalPassphrase
from evtool.keys.signer import choose_signer
from evtool.operations.author import Author
from evtool.operations.catalogue.audit import AuditOptions, AuditResult, audit
from evtool.store.catalogue.database import open_catalogue
from tests.catalogue.repository import pack
from tests.cli.custody import Party
from tests.cli.test_receive_story import age_key

POLICY = 'format = "evtool-intake-policy/1"\ncodes = ["UN-1"]\n'


def audit_in(days: int, party: Party) -> AuditResult:
    """Audit on a later day."""
    signer = choose_signer(key=None, agent_code="UN-1", passphrase=TerminalPassphrase(), home=party.run.home)
    author = Author(signer, now=lambda: datetime.now(UTC) + timedelta(days=days))
    with open_catalogue(party.run.directory / "C") as catalogue:
        return audit(catalogue, author, AuditOptions(jobs=1))


def take_in(sender: Party, repository: Party, form: str) -> Path:
    """Have a bundle in the catalogue whose record goes on beside it; give the directory that continues it."""
    here = repository.run.directory
    if form == "added":
        bundle = pack(sender, "b.zip")
        repository.ok("receive", bundle, "--receipt", "r")
        repository.ok("catalogue", "add", "C", bundle, "--continued", "b.zip.received")
        return here / "b.zip.received"
    inbox = here / "inbox"
    inbox.mkdir()
    (here / "intake.toml").write_text(POLICY)
    key, public = age_key(here)
    pack(sender, "inbox/b" if form == "folder" else "inbox/b.zip.age", *(() if form == "folder" else ("-r", public)))
    where = ("--catalogue", "C", "--store", "S", "--policy", "intake.toml", "--receipts", "R")
    repository.ok("intake", "inbox", *where, "--identity", key)
    key.unlink()
    (found,) = (here / "S").rglob("*.received")
    return found


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def drop_entry(directory: Path) -> None:
    for path in directory.glob("*-received.*"):
        path.unlink()


HARM: dict[str, Callable[[Path], object]] = {
    "an entry, one bit": lambda directory: flip(next(directory.glob("*.toml"))),
    "a signature, one bit": lambda directory: flip(next(directory.glob("*.sig"))),
    "an entry gone": drop_entry,
    "all of it gone": shutil.rmtree,
}


@pytest.mark.parametrize("form", ["added", "encrypted", "folder"])
def test_damage_beside_a_bundle_is_found_without_a_key(sender: Party, repository: Party, form: str) -> None:
    """Damage to what continues the record is told of the copy, and a record that has grown since is none."""
    beside = take_in(sender, repository, form)
    result = audit_in(40, repository)
    assert (result.exit_code, result.copies) == (ExitCode.OK, 1)
    kept = shutil.copytree(beside, beside.with_name("kept"))
    for round_of, (what, harm) in enumerate(HARM.items(), start=2):
        harm(beside)
        result = audit_in(round_of * 40, repository)
        assert result.exit_code is ExitCode.MISMATCH, what
        ((key, read),) = [(each.why.key, result.bytes) for each in result.damaged if isinstance(each.why, Words)]
        assert key == ("copy-continued-gone" if harm is shutil.rmtree else "copy-continued")
        assert (read > 0) == (form != "folder")
        shutil.rmtree(beside, ignore_errors=True)
        shutil.copytree(kept, beside)
    bundle = beside.with_name(beside.name.removesuffix(".received"))
    if form != "encrypted":
        repository.ok("record", bundle, "accessed", "--continued", beside)
    assert audit_in(400, repository).exit_code is ExitCode.OK
