"""A recipient answers a bundle as it came: a folder, a zip, an encrypted zip; not one byte of it changes."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.cli.custody import Party, codes, make_party, party_of
from tests.cli.evidence import start_from
from tests.conftest import Runner, make_runner
from tests.manifests.test_schemas import check

RECIPIENTS = """
format = "evtool-recipients/1"

[recipient.UN-1]
kinds = ["un-body"]
purposes = ["un-reporting"]
"""

DISCLOSE = ("--to", "UN-1", "--for", "un-reporting", "--authority", "DSA-1")

DEFAULTS = """
format = "evtool-defaults/1"

[[directory]]
path = "."
handling = "named"

[directory.consent]
share = ["UN-1"]
status = "given"
by = "subject"
for = ["un-reporting"]
identity = "to-recipient"
onward = "ask"
defence = "ask"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of agent A1, who sealed three files, one with a Korean name."""
    folder = tmp_path_factory.mktemp("made")
    evtool = make_runner(folder)
    party = make_party(evtool, "A1")
    (party.run.home / "recipients.toml").write_text(RECIPIENTS)
    seal_case(party)
    return folder


def seal_case(party: Party) -> None:
    """Seal three files under terms that let UN-1 have them."""
    case = party.run.directory / "case"
    (case / "사진").mkdir(parents=True)
    (case / "증언.txt").write_text("강을 건넌 것은 11월이었다.\n", encoding="utf-8")
    (case / "사진" / "김철수.jpg").write_bytes(bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9"))
    (case / "notes.txt").write_text("notes\n")
    defaults = party.run.directory / "terms.toml"
    defaults.write_text(DEFAULTS)
    party.ok("seal", case, "--defaults", defaults)


@pytest.fixture
def sender(made: Path, evtool: Runner) -> Party:
    """Agent A1, in a copy of that folder."""
    start_from(made, evtool)
    return party_of(evtool, "A1")


@pytest.fixture
def recipient(evtool: Runner, sender: Party) -> Party:
    """Agent UN-1; the two trust each other's keys."""
    party = make_party(evtool, "UN-1")
    party.trusts(sender)
    sender.trusts(party)
    return party


def age_key(folder: Path) -> tuple[Path, str]:
    path = folder / "신원.key"
    subprocess.run(["age-keygen", "-o", path], check=True, capture_output=True)
    path.chmod(0o600)
    public = subprocess.run(["age-keygen", "-y", path], check=True, capture_output=True, text=True).stdout.strip()
    return path, public


def pack(sender: Party, name: str, *more: str | Path) -> Path:
    bundle = sender.run.directory / name
    sender.ok("pack", "case", "-o", bundle, *DISCLOSE, *more)
    return bundle


def bytes_of(place: Path) -> dict[str, str]:
    """The digest of every file of a bundle, by its path; a file is its own only one."""
    files = sorted(place.rglob("*")) if place.is_dir() else [place]
    return {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "directory"
        for path in files
    }


@pytest.mark.parametrize("form", ["folder", "zip", "zip.age"])
def test_a_bundle_is_answered_as_it_came(form: str, sender: Party, recipient: Party, tmp_path: Path) -> None:
    """The receipt goes back, the entries go on elsewhere, and whoever verifies later reads both as one record."""
    key, public = age_key(tmp_path)
    name = {"folder": "묶음", "zip": "묶음.zip", "zip.age": "묶음.zip.age"}[form]
    opens: list[str | Path] = ["-i", key] if form == "zip.age" else []
    bundle = pack(sender, name, *(("-r", public) if form == "zip.age" else ()))
    continued = bundle.with_name(f"{name}.received")
    before = bytes_of(bundle)

    received = recipient.ok("receive", bundle, *opens, "--receipt", tmp_path / "r1")
    (told,) = [line for line in received.stdout.splitlines() if line.startswith("  evtool verify ")]
    assert recipient.ok(*shlex.split(told)[1:], "--json").document["reports"][0]["continued"] == 2
    assert bytes_of(bundle) == before
    assert {path.name for path in continued.iterdir()} == {
        *("0003-received.toml", "0003-received.toml.sig", "README.txt", "allowed_signers"),
    }
    assert sender.ok("receipt", "add", "case", tmp_path / "r1", "--json").document["transfer"] == 2

    recipient.ok("record", bundle, "accessed", "--items", "1", "--reason", "번역", "--continued", continued, *opens)
    recipient.ok("record", bundle, "verified", "--continued", continued, *opens)
    assert bytes_of(bundle) == before

    alone = recipient.ok("verify", bundle, *opens, "--json")
    both = recipient.ok("verify", bundle, "--continued", continued, *opens, "--json")
    check("report", both.document)
    (report,) = both.document["reports"]
    assert (report["continued"], len(report["signers"])) == (2, 5)
    assert alone.document["reports"][0]["continued"] is None
    assert "transfer-open" in codes(alone)
    assert "transfer-open" not in codes(both)
    log = recipient.ok("log", bundle, "--continued", continued, *opens, "--json")
    assert [entry["event"] for entry in log.document["entries"]] == [
        *("sealed", "disclosed", "received", "accessed", "verified"),
    ]
    assert bytes_of(bundle) == before


def test_every_question_takes_what_continues_the_record(sender: Party, recipient: Party, tmp_path: Path) -> None:
    """A withdrawal that the recipient heard of counts wherever both are read, and the bundle alone does not know it."""
    key, public = age_key(tmp_path)
    bundle = pack(sender, "b.zip.age", "-r", public)
    opens: list[str | Path] = ["-i", key, "--continued", "b.zip.age.received"]
    recipient.ok("receive", bundle, "-i", key, "--receipt", "r1")
    before = bytes_of(bundle)
    recipient.ok("consent", "set", bundle, "--items", "1", "--status", "withdrawn", *opens)
    assert bytes_of(bundle) == before

    def status(*more: str | Path) -> object:
        document = recipient.ok("consent", "show", bundle, "--items", "1", "--json", *more).document
        return document["items"][0]["in_force"]["status"]

    assert (status(*opens), status("-i", key)) == ("withdrawn", "given")
    (recipient.run.home / "recipients.toml").write_text(RECIPIENTS)
    asked = ("consent", "check", bundle, "--items", "1", "--to", "UN-1", "--for", "un-reporting", "--confirm", "x")
    reasons = recipient(*asked, *opens).stdout
    assert "withdrawn" in reasons
    assert "withdrawn" not in recipient(*asked, "-i", key).stdout
    assert recipient.ok("consent", "recall", bundle, *opens, "--json").document["items"] == ["1"]
    assert recipient.ok("verify", bundle, *opens).exit_code == 0
    assert recipient("due", bundle, *opens, "--json").document["directories"][0]["problem"] != ""
    assert "goes with one DIRECTORY" in recipient("due", bundle, "case", *opens).stderr
    # What cannot be: the names in a bundle never change, and help says so.
    refused = recipient("record", bundle, "renamed", "--items", "1", "--new-name", "x", *opens)
    assert (refused.exit_code, bytes_of(bundle)) == (2, before)
    assert f"--continued b.zip.age.received -i {key} -o OUT`" in refused.stderr.replace("'", "")
    assert "`renamed` does not go with --continued" in " ".join(recipient("record", "--help").stdout.split())
    assert "There is no --continued" in recipient("pack", "--help").stdout


def test_the_record_is_checked_by_hand_as_the_page_beside_it_says(sender: Party, recipient: Party) -> None:
    """README.txt of the directory: its commands, on the files of both, say Good for every entry."""
    bundle = pack(sender, "b.zip")
    recipient.ok("receive", bundle, "--receipt", "r1")
    work = recipient.run.directory / "by hand"
    with zipfile.ZipFile(bundle) as file:
        file.extractall(work)
    for path in (bundle.with_name("b.zip.received")).iterdir():
        shutil.copy(path, work / "custody" / path.name)
    trusted = work / "trusted_keys"
    trusted.write_text((work / "custody" / "allowed_signers").read_text())
    text = (work / "custody" / "README.txt").read_text("utf-8")
    assert text.startswith("This directory continues the record of a bundle")
    commands = [line for line in text.replace("\\\n", " ").splitlines() if "ssh-keygen -Y verify" in line]
    assert len(commands) == 6, "three in each language"
    for command in commands:
        line = command.replace("~/trusted_keys", "../trusted_keys")
        shell = {"CUSTODY": str(work / "custody"), "PATH": "/usr/bin:/bin"}
        run = subprocess.run(
            line, shell=True, cwd=work / "data", env=shell, capture_output=True, text=True, check=False
        )
        assert run.stdout.startswith("Good"), run.stderr


@pytest.mark.parametrize("damage", ["the other bundle", "an older bundle", "empty", "cut", "changed", "foreign"])
def test_what_does_not_meet_is_never_verified(damage: str, sender: Party, recipient: Party) -> None:
    """A wrong pair is no verdict (4); a changed entry, or a file that is no part of it, is a mismatch (1)."""
    first, second = pack(sender, "first.zip"), pack(sender, "second.zip")
    for bundle in (first, second):
        recipient.ok("receive", bundle, "--receipt", f"{bundle.name}.receipt")
    recipient.ok("record", first, "verified", "--continued", "first.zip.received")
    bundle, continued = first, recipient.run.directory / "first.zip.received"
    assert recipient("verify", bundle, "--continued", continued).exit_code == 0
    expected, code = 4, "continuation-apart"
    if damage == "the other bundle":
        bundle = second
    elif damage == "an older bundle":
        continued = recipient.run.directory / "second.zip.received"
    elif damage == "empty":
        for path in continued.iterdir():
            path.unlink()
    elif damage == "cut":
        (continued / "0003-received.toml").unlink()
        (continued / "0003-received.toml.sig").unlink()
    elif damage == "changed":
        entry = continued / "0003-received.toml"
        entry.write_bytes(entry.read_bytes().replace(b'acceptance = "accepted"', b'acceptance = "rejected"'))
        expected, code = 1, "signature-invalid"
    else:
        (continued / "note.txt").write_text("note")
        expected, code = 1, "custody-extra"
    result = recipient("verify", bundle, "--continued", continued, "--json")
    assert (result.exit_code, code in codes(result)) == (expected, True)
    refused = recipient("record", bundle, "accessed", "--continued", continued)
    assert refused.exit_code != 0 or damage == "empty", "nothing is built on it"


def test_a_bundle_that_differs_is_not_accepted(sender: Party, recipient: Party) -> None:
    """A list of the bag that is wrong is a mismatch, for `receive` as for `verify`; nothing is written."""
    bundle = pack(sender, "b")
    manifest = bundle / "manifest-sha256.txt"
    manifest.write_text(manifest.read_text("utf-8").replace("0", "1", 1), "utf-8")
    assert recipient("verify", bundle).exit_code == 1
    result = recipient("receive", bundle, "--receipt", "r1")
    assert result.exit_code == 1
    assert "bag: " in result.stderr
    assert not (recipient.run.directory / "r1").exists()
    assert not bundle.with_name("b.received").exists()


def test_a_bundle_is_never_written(sender: Party, recipient: Party) -> None:
    """Whatever would write into it says where to write instead; a folder inside of it is refused, too."""
    bundle = pack(sender, "b")
    before = bytes_of(bundle)
    attempts: list[list[str | Path]] = [["record", bundle, "verified"], ["seal", bundle]]
    attempts.append(["pack", bundle, "-o", "again.zip", *DISCLOSE])
    for arguments in attempts:
        result = sender(*arguments)
        assert result.exit_code == 4, arguments
        assert "b is a bundle, which never changes" in result.stderr
        assert "b.received" in result.stderr
    inside = recipient("receive", bundle, "--receipt", "r1", "--continued", bundle / "mine")
    assert inside.exit_code == 2
    assert "must not change" in inside.stderr
    missing = recipient("verify", bundle, "--continued", "nowhere")
    assert missing.exit_code == 4
    assert "`evtool receive` makes it" in missing.stderr
    assert bytes_of(bundle) == before


def test_who_signs_under_another_code_is_told_which_one(evtool: Runner, sender: Party) -> None:
    """The key of a person, and a bundle for their organisation: the message names the code, and the way."""
    person = make_party(evtool, "R1")
    person.trusts(sender)
    bundle = pack(sender, "b.zip")
    result = person("receive", bundle, "--receipt", "r1")
    assert result.exit_code == 4
    assert "no entry hands the collection over to R1, but to UN-1 (entry 2)" in result.stderr
    assert "if you are UN-1, sign under this code" in result.stderr
    assert "--agent CODE" in result.stderr
    person.ok("receive", bundle, "--receipt", "r1", "--agent", "UN-1", "--key", person.run.home / "keys" / "R1")


def test_unpacked_with_what_continues_it_the_record_goes_on(sender: Party, recipient: Party) -> None:
    """To seal more or to pack again, the two become one directory."""
    bundle = pack(sender, "b.zip")
    recipient.ok("receive", bundle, "--receipt", "r1")
    recipient.ok("unpack", bundle, "-o", "open", "--continued", "b.zip.received")
    (recipient.run.directory / "open" / "번역.txt").write_text("translation\n")
    recipient.ok("seal", "open")
    result = recipient.ok("verify", "open", "--json")
    events = [signer["event"] for signer in result.document["reports"][0]["signers"]]
    assert events == ["sealed", "disclosed", "received", "sealed"]


def test_the_normal_exchange_is_no_fork(sender: Party, recipient: Party) -> None:
    """The recipient answers and both go on: two branches, and nobody continued one entry twice."""
    first = pack(sender, "first.zip")
    recipient.ok("receive", first, "--receipt", "r1")
    recipient.ok("unpack", first, "-o", "open", "--continued", "first.zip.received")
    sender.ok("consent", "set", "case", "--items", "1", "--status", "refused", "--reason", "letter of 3 March")
    second = pack(sender, "second.zip", "--items", "2-3")
    compared = recipient.ok("compare", "open", second, "--json")
    check("copies", compared.document)
    assert compared.document["parting"]["is_fork"] is False
    assert (compared.document["parting"]["after"], compared.document["shared_entries"]) == (2, 2)
    assert "belong together" in recipient.ok("compare", "open", second).stdout
    both = recipient.ok("verify", "open", second, "--json")
    assert "records-part" not in [code for report in both.document["reports"] for code in found_in(report)]


def found_in(report: dict[str, object]) -> list[str]:
    findings = report["findings"]
    assert isinstance(findings, list)
    return [finding["code"] for finding in findings]


def test_one_entry_continued_twice_is_named_with_both_heads(evtool: Runner, sender: Party, recipient: Party) -> None:
    """Two laptops, or one record here and another there: each bundle verifies, and both together do not."""
    shutil.copytree(sender.run.directory / "case", sender.run.directory / "laptop")
    sender.ok("record", "case", "incident", "--description", "water in the store room")
    sender.ok("record", "laptop", "accessed", "--reason", "번역")
    bundles = [pack(sender, "f1.zip"), sender.run.directory / "f2.zip"]
    sender.ok("pack", "laptop", "-o", bundles[1], *DISCLOSE)
    for bundle in bundles:
        assert recipient("verify", bundle).exit_code == 0
    result = recipient("verify", *bundles, "--json")
    check("report", result.document)
    first, second = result.document["reports"]
    assert (result.exit_code, first["exit_code"], second["exit_code"]) == (1, 0, 1)
    (finding,) = [finding for finding in second["findings"] if finding["code"] == "records-part"]
    heads = [
        hashlib.sha256((sender.run.directory / place / "custody" / name).read_bytes()).hexdigest()
        for place, name in (("case", "0002-incident.toml"), ("laptop", "0002-accessed.toml"))
    ]
    assert [finding["expected"], finding["found"], finding["entry"]] == [*heads, 2]
    assert recipient("compare", *bundles).exit_code == 1
    stranger = make_party(evtool, "Z9")
    unknown = stranger("verify", *bundles, "--json")
    assert (unknown.exit_code, "records-part" in found_in(unknown.document["reports"][1])) == (3, True)


def test_an_answer_behind_a_later_entry_is_warned_of(sender: Party, recipient: Party) -> None:
    """It is valid and follows no handover, so the records part as soon as the sender goes on, too."""
    folder = sender.run.directory
    sender.ok("transfer", "case", "--to", "UN-1", "--authority", "DSA-1", "--purpose", "un-reporting")
    shutil.copytree(folder / "case", folder / "at-once", symlinks=True)
    sender.ok("record", "case", "accessed", "--reason", "translation")
    shutil.copytree(folder / "case", folder / "late", symlinks=True)
    sender.ok("record", "case", "accessed", "--reason", "once more")
    assert "the two records will part" not in recipient.ok("receive", "at-once", "--receipt", "r1").stderr
    dry = recipient.ok("receive", "late", "--receipt", "r2", "--dry-run")
    assert "behind entry 2, which hands it over" in dry.stderr
    recipient.ok("receive", "late", "--receipt", "r2")
    assert recipient("compare", "at-once", "case").exit_code == 0
    assert recipient("compare", "late", "case").exit_code == 1, "what the note says is so"


def test_an_answer_under_another_code_is_a_fork_all_the_same(evtool: Runner, sender: Party, recipient: Party) -> None:
    """Who was not given the collection has no branch of their own, and the record goes on in two ways."""
    other = make_party(evtool, "B7")
    other.trusts(sender)
    recipient.trusts(other)
    bundle = pack(sender, "b.zip")
    sender.ok("record", "case", "accessed")
    later = pack(sender, "later.zip")
    other.ok("record", bundle, "accessed", "--continued", "b.zip.mine")
    recipient.ok("unpack", bundle, "-o", "open", "--continued", "b.zip.mine")
    assert recipient("compare", "open", later).exit_code == 1
    assert recipient("verify", "open", later).exit_code == 1
