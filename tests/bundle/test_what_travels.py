"""What a recipient learns beside the evidence: nothing of what is withheld, and nothing that was not announced."""

from __future__ import annotations

import json
import unicodedata
import zipfile
from pathlib import Path
from typing import Literal

import pyrage  # type: ignore[import-untyped]  # it has no annotations
import pytest

from tests.cli.custody import Party, make_party
from tests.conftest import Runner, RunResult

DEFAULTS = """
format = "evtool-defaults/1"
[[directory]]
path = "."
handling = "public"
consent = {status = "given", by = "subject", for = ["research"], identity = "public", onward = "yes"}
"""

FORMS: tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...] = ("NFC", "NFD", "NFKC", "NFKD")

HIDDEN = {
    "a name": "김철수-증언",
    "another name": "José Müller",
    "a withheld title": "Åse's statement",
    "a reason": "박영희 asked for it",
    "a form": "CF-0142-비밀",
    "a note": "threatened by Đỗ",
    "a method": "burnt by ﬁeld office",
    "a place": "house of 이순신",
}
"""What nobody may learn from the bundle."""

TOLD = {
    "reason": "lost disk, see 최",
    "carrier": "disc 7",
    "title": "위성 사진",
    "later reason": "for the archive of 정",
}
"""What travels, and is announced."""


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    party = make_party(evtool, "A1")
    (evtool.directory / "d.toml").write_text(DEFAULTS, encoding="utf-8")
    return party


@pytest.fixture
def case(evtool: Runner, archivist: Party) -> Path:
    """Four items, two of which (1 and 4) must not be heard of; entries about them, and about all."""
    case = evtool.directory / "case"
    case.mkdir()
    names = (f"1 {HIDDEN['a name']}.txt", "2 plain.txt", f"3 {HIDDEN['another name']}.txt", "4 last.txt")
    for name in names:
        (case / name).write_text(f"bytes of the {names.index(name) + 1}. item\n", encoding="utf-8")
    table = case.with_name("items.csv")
    titles = {names[0]: HIDDEN["a withheld title"], names[1]: TOLD["title"], names[2]: TOLD["title"], names[3]: "x"}
    rows = "".join(f'"{name}","{title}"\n' for name, title in titles.items())
    table.write_text("path,title\n" + rows, encoding="utf-8")
    archivist.ok("seal", case, "--defaults", case.with_name("d.toml"), "--table", table)
    terms = ("--ref", HIDDEN["a form"], "--note", HIDDEN["a note"])
    archivist.ok(
        "consent", "set", case, "--items", "1", "--status", "withdrawn", *terms, "--reason", HIDDEN["a reason"]
    )
    archivist.ok("record", case, "accessed", "--items", "1,4", "--place", HIDDEN["a place"])
    archivist.ok("record", case, "corrected", "--entry", "3", "--correction", HIDDEN["a place"])
    archivist.ok("record", case, "derived", "--original", "1", "--copy", "4", "--method", HIDDEN["a method"])
    archivist.ok("record", case, "copied", "--carrier", TOLD["carrier"], "--reason", TOLD["reason"])
    return case


def pack(party: Party, case: Path, *more: str | Path) -> RunResult:
    return party("pack", case, "--items", "2-3", "--neutral-names", "--reason", TOLD["later reason"], *more)


def spellings(text: str) -> set[bytes]:
    """A text in every normal form, as it stands and as JSON and TOML may escape it."""
    forms = {unicodedata.normalize(form, text) for form in FORMS} | {text}
    escaped = {json.dumps(form)[1:-1] for form in forms}
    return {form.encode() for form in forms | escaped}


def contents(bundle: Path) -> bytes:
    """All names and bytes in a zip."""
    with zipfile.ZipFile(bundle) as archive:
        return b"\n".join(name.encode() + b"\n" + archive.read(name) for name in archive.namelist())


def test_nothing_of_what_is_withheld_is_in_the_bundle(archivist: Party, case: Path, tmp_path: Path) -> None:
    """Names, persons in free text and terms of withheld items: 0 in every normal form, in every file of the bundle."""
    assert pack(archivist, case, "-o", tmp_path / "part.zip").exit_code == 0
    everything = contents(tmp_path / "part.zip")
    found = {what for what, text in HIDDEN.items() if any(spelling in everything for spelling in spellings(text))}
    assert found == set()
    # What is found is found: the same search over the whole of it.
    source = b"\n".join(path.read_bytes() for path in sorted((case / "custody").iterdir()) if path.is_file())
    missed = {what for what, text in HIDDEN.items() if not any(spelling in source for spelling in spellings(text))}
    assert missed == set()


def test_what_travels_was_announced_word_for_word(archivist: Party, case: Path, tmp_path: Path) -> None:
    """Each text that travels is in the answer before anything is written, on the cover sheet, and counted in README."""
    dry = pack(archivist, case, "-o", tmp_path / "part.zip", "--dry-run")
    assert dry.exit_code == 0
    assert not (tmp_path / "part.zip").exists()
    result = pack(archivist, case, "-o", tmp_path / "part.zip")
    with zipfile.ZipFile(tmp_path / "part.zip") as archive:
        cover = archive.read("custody/COVER.txt").decode()
        readme = archive.read("README.txt").decode()
        texts = b"".join(archive.read(name) for name in archive.namelist() if name.startswith("custody/0"))
    for text in TOLD.values():
        assert text in dry.stdout
        assert text in result.stdout
        assert text in cover
        assert text.encode() in texts
    assert "no names: the files go by number" in dry.stdout
    assert "texts that people wrote, such as reasons: " in readme
    assert result.stdout.index("What travels") < result.stdout.index("packed and verified")


def test_a_dry_run_writes_nothing(archivist: Party, case: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in case.rglob("*") if path.is_file()}
    document = pack(archivist, case, "-o", tmp_path / "part.zip", "--dry-run", "--json").document
    assert (document["dry_run"], document["entry"], document["items"], document["withheld"]) == (True, None, 2, 2)
    assert document["travels"]["names"] == []
    assert {path: path.read_bytes() for path in case.rglob("*") if path.is_file()} == before
    assert list(tmp_path.glob("part*")) == []


def test_names_parties_and_terms_of_others_are_told(archivist: Party, case: Path, tmp_path: Path) -> None:
    """A change of items inside and outside of the bundle travels whole, and the sender is told; so are recipients."""
    archivist.ok("consent", "set", case, "--items", "2,4", "--status", "given", "--note", "asked again")
    archivist.ok("pack", case, "-o", tmp_path / "first.zip", "--items", "2")
    told = archivist.ok("pack", case, "-o", tmp_path / "second.zip", "--items", "2-3", "--json").document["travels"]
    assert told["names"] == ["2 plain.txt", f"3 {HIDDEN['another name']}.txt"]
    assert [party["code"] for party in told["parties"]] == ["public"]
    assert [(terms["items"], json.loads(terms["terms"])) for terms in told["other_terms"]] == [
        (["4"], {"consent": {"note": "asked again", "status": "given"}})
    ]


def test_a_part_is_verified_unpacked_continued_and_packed_again(archivist: Party, case: Path, tmp_path: Path) -> None:
    """All of the chain is verified without the details; whoever received it passes the same on."""
    assert pack(archivist, case, "-o", tmp_path / "part.zip").exit_code == 0
    report = archivist.ok("verify", tmp_path / "part.zip", "--require", "consent", "--json").document["reports"][0]
    assert {axis: report["axes"][axis] for axis in ("signatures", "custody", "consent")} == {
        "signatures": "shown",
        "custody": "shown",
        "consent": "shown",
    }
    (note,) = [finding for finding in report["findings"] if "details of entries" in finding["message"]]
    assert note["effect"] == "note"
    assert "details of entries 2-5: withheld from this copy" in note["message"]
    whole = archivist("verify", tmp_path / "part.zip", "--require", "whole")
    assert whole.exit_code == 3
    copy = tmp_path / "copy"
    archivist.ok("unpack", tmp_path / "part.zip", "-o", copy)
    archivist.ok("record", copy, "accessed", "--items", "2", "--reason", "translated")
    archivist.ok("verify", copy)
    archivist.ok("pack", copy, "-o", tmp_path / "again.zip")
    archivist.ok("verify", tmp_path / "again.zip")
    again = contents(tmp_path / "again.zip")
    assert b"translated" in again
    assert not any(spelling in again for text in HIDDEN.values() for spelling in spellings(text))


def test_details_cannot_be_removed_or_changed_without_a_key(archivist: Party, case: Path) -> None:
    """A withdrawal that somebody takes out of a record is missed, and no terms count until it is back."""
    details = case / "custody" / "0002-consent-changed.details"
    data = details.read_bytes()
    details.unlink()
    gone = archivist("verify", case)
    assert gone.exit_code == 4
    assert "closed. It may not be given to anyone." in gone.stdout.splitlines()[0]
    assert archivist("pack", case, "-o", case.with_name("x.zip")).exit_code == 4
    details.write_bytes(data.replace(b"withdrawn", b"unknown"))
    assert archivist("verify", case).exit_code == 1
    details.write_bytes(data.replace(b"\n", b"\r\n"))
    converted = archivist("verify", case)
    assert (converted.exit_code, "line ends were converted" in converted.stdout) == (4, True)
    details.write_bytes(data)
    archivist.ok("verify", case)


def test_whoever_withholds_a_change_has_to_be_trusted(
    evtool: Runner, archivist: Party, case: Path, tmp_path: Path
) -> None:
    """That a change is about other items is the word of whoever made the bundle."""
    middle = make_party(evtool, "B2")
    middle.trusts(archivist)
    archivist.ok("pack", case, "-o", tmp_path / "part.zip", "--items", "2-3")
    middle.ok("unpack", tmp_path / "part.zip", "-o", tmp_path / "copy")
    middle.ok("pack", tmp_path / "copy", "-o", tmp_path / "next.zip")
    assert archivist("unpack", tmp_path / "next.zip", "-o", tmp_path / "back").exit_code == 3
    refused = archivist("pack", tmp_path / "back", "-o", tmp_path / "third.zip")
    assert refused.exit_code == 5
    assert "signed by a key that you do not trust" in refused.stderr
    archivist.trusts(middle)
    archivist.ok("pack", tmp_path / "back", "-o", tmp_path / "third.zip")


def test_a_bundle_for_a_known_key_is_encrypted(evtool: Runner, archivist: Party, case: Path, tmp_path: Path) -> None:
    """A name that is none of an encrypted bundle is refused, with both ways on; --plain is the other."""
    key = str(pyrage.x25519.Identity.generate().to_public())
    (archivist.run.home / "recipients.toml").write_text(
        'format = "evtool-recipients/1"\n[recipient.B7]\nkinds = ["court"]\npurposes = ["research"]\n'
        f'keys = ["{key}"]\n',
        encoding="utf-8",
    )
    (archivist.run.home / "recipients.toml").chmod(0o600)
    to = ("--items", "2", "--to", "B7", "--for", "research", "--authority", "x")
    refused = archivist("pack", case, "-o", tmp_path / "part.zip", *to)
    assert refused.exit_code == 2
    assert "name it part.zip.age, or leave it unencrypted with --plain" in refused.stderr
    assert archivist("prove", case, "--items", "2", "-o", tmp_path / "proof.zip", *to[2:]).exit_code == 2
    assert list(tmp_path.glob("*.zip*")) == []
    encrypted = archivist.ok("pack", case, "-o", tmp_path / "part.zip.age", *to, "--json")
    assert encrypted.document["encrypted_to"] == [key]
    assert (tmp_path / "part.zip.age").read_bytes().startswith(b"age-encryption.org/v1\n")
    archivist.ok("prove", case, "--items", "2", "-o", tmp_path / "proof.zip.age", *to[2:])
    archivist.ok("pack", case, "-o", tmp_path / "part.zip", *to, "--plain")
    assert zipfile.is_zipfile(tmp_path / "part.zip")
    assert archivist("pack", case, "-o", tmp_path / "y.zip.age", *to, "--plain").exit_code == 2
    assert archivist("pack", case, "-o", tmp_path / "y.zip.age", *to, "--plain", "-r", key).exit_code == 2
