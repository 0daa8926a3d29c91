"""A repository at work: R1, who takes in what A1 sends, and bundles of every kind that may lie in an inbox."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evtool.keys.passphrase import TerminalPassphrase
from evtool.keys.signer import choose_signer
from evtool.keys.trust import load_trust
from evtool.operations.author import Author
from evtool.operations.catalogue.intake import IntakeOptions, intake
from evtool.operations.catalogue.policy import load_policy
from evtool.operations.verify.options import VerifyOptions
from evtool.report.intake_document import IntakeLine
from evtool.scan.tree import TreeLocation
from evtool.store.catalogue.database import open_catalogue
from evtool.store.catalogue.inbox import find_arrived
from tests.cli.custody import Party, make_party
from tests.conftest import Runner, RunResult

POLICY = """
format = "evtool-intake-policy/1"
codes = ["R1"]
"""

RECIPIENTS = """
format = "evtool-recipients/1"
[recipient.R1]
kinds = ["un-body"]
purposes = ["un-reporting"]
[recipient.X9]
kinds = ["un-body"]
purposes = ["un-reporting"]
"""

DEFAULTS = """
format = "evtool-defaults/1"

[[directory]]
path = "."
handling = "named"

[directory.consent]
share = ["R1", "X9"]
status = "given"
by = "subject"
for = ["un-reporting"]
identity = "to-recipient"
onward = "ask"
defence = "ask"
"""

SECRET_NAME = "김철수-증언"


@dataclass(frozen=True, slots=True)
class Sender:
    """Somebody who seals and packs."""

    party: Party

    def seal(self, name: str, files: int = 2, *, terms: bool = True) -> Path:
        """Make and seal a collection."""
        case = self.party.run.directory / name
        case.mkdir()
        for number in range(1, files + 1):
            (case / f"{SECRET_NAME}-{number}.txt").write_text(f"{name} {number}\n", encoding="utf-8")
        defaults = self.party.run.directory / "terms.toml"
        defaults.write_text(DEFAULTS)
        self.party.ok("seal", case, "--metadata", "none", *(("--defaults", defaults) if terms else ()))
        return case

    def pack(self, case: Path, bundle: Path, *more: str | Path, to: str = "R1") -> Path:
        """Pack all or part of a collection."""
        self.party.ok(*("pack", case, "-o", bundle, "--to", to, "--for", "un-reporting", "--authority", "DSA-1"), *more)
        return bundle


def make_sender(evtool: Runner, code: str) -> Sender:
    """Make a sender who knows R1 and X9."""
    party = make_party(evtool, code)
    (party.run.home / "recipients.toml").write_text(RECIPIENTS)
    return Sender(party)


@dataclass(frozen=True, slots=True)
class Repository:
    """R1, with a catalogue, a store, an inbox and a place for receipts below one folder."""

    party: Party
    folder: Path

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def store(self) -> Path:
        return self.folder / "vault"

    @property
    def receipts(self) -> Path:
        return self.folder / "receipts"

    @property
    def catalogue(self) -> Path:
        return self.folder / "C"

    @property
    def where(self) -> list[str | Path]:
        return ["--catalogue", self.catalogue]

    @property
    def desk(self) -> list[str | Path]:
        return [*self.where, "--policy", self.folder / "intake.toml", "--receipts", self.receipts]

    @property
    def door(self) -> list[str | Path]:
        return [*self.desk, "--store", self.store]

    def intake(self, *more: str | Path) -> RunResult:
        """Take in what is in the inbox."""
        return self.party("intake", self.inbox, *self.door, *more)

    def take(self, *more: str | Path) -> tuple[dict[str, dict[str, Any]], dict[str, Any], int]:
        """Take in what is in the inbox; the lines by bundle, the sum, and the exit code."""
        result = self.intake("--json", *more)
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        assert lines, result.stderr
        assert lines[-1]["format"] == "evtool-intake-end/1", result.stderr
        assert lines[-1]["bundles"] == len(lines) - 1
        return {line["bundle"]: line for line in lines[:-1]}, lines[-1], result.exit_code

    def decide(self, number: int, decision: str, *more: str | Path) -> RunResult:
        """Decide on a bundle in quarantine."""
        return self.party("intake", "decide", str(number), decision, *self.desk, "--by", "R2", *more)

    def holdings(self) -> dict[int, dict[str, Any]]:
        """All that came, by number."""
        document = self.party.ok("intake", "list", "--everything", "--json", *self.where).document
        return {holding["holding"]: holding for holding in document["holdings"]}

    def bundles(self) -> list[str]:
        """Where each bundle is: every file or folder that is one, below the folder."""
        return sorted(str(path.relative_to(self.folder)) for path in _bundles(self.folder))


def _bundles(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        is_bundle = path.name.endswith((".zip", ".age")) or (path / "bagit.txt").exists()
        in_inbox = path.is_relative_to(folder / "inbox") and is_bundle
        if in_inbox or path.name in ("bundle", "bundle.zip", "bundle.zip.age"):
            yield path


def make_repository(evtool: Runner, folder: Path, *trusts: Party) -> Repository:
    """Make R1 and an empty repository."""
    party = make_party(evtool, "R1")
    for other in trusts:
        party.trusts(other)
    return empty_repository(party, folder)


def empty_repository(party: Party, folder: Path) -> Repository:
    """Make an empty repository of a party."""
    folder.mkdir()
    repository = Repository(party, folder)
    repository.inbox.mkdir()
    (folder / "intake.toml").write_text(POLICY)
    party.ok("catalogue", "init", repository.catalogue)
    return repository


def zip_again(source: Path, target: Path, change: dict[str, bytes] | None = None, drop: str = "") -> Path:
    """Write a zip again, with other bytes in some files, or without one."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            if entry.filename != drop:
                data = (change or {}).get(entry.filename, old.read(entry))
                new.writestr(zipfile.ZipInfo(entry.filename), data)
    return target


def lay(inbox: Path, source: Path, name: str = "") -> Path:
    """Put a copy into an inbox."""
    target = inbox / (name or source.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copyfile(source, target)
    return target


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        for path in sorted(folder.rglob("*"))
        if os.path.lexists(path)
    }


def take_in(repository: Repository) -> dict[str, IntakeLine]:
    """Take in what is in the inbox, by the public functions, in this process; the lines by bundle."""
    home = repository.party.run.home
    signer = choose_signer(key=None, agent_code="R1", passphrase=TerminalPassphrase(), home=home)
    options = IntakeOptions(
        load_policy(repository.folder / "intake.toml"),
        VerifyOptions(trust=load_trust(home=home), jobs=1),
        repository.store,
        repository.receipts,
    )
    with open_catalogue(repository.catalogue) as catalogue:
        arrived = list(find_arrived(TreeLocation.find(str(repository.inbox))))
        return {line.bundle: line for line in intake(catalogue, arrived, Author(signer), options)}
