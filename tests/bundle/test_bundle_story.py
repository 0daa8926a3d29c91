"""Bundles from the archivist's desk to the court's: packed, checked by other programs, verified, unpacked."""

from __future__ import annotations

import json
import os
import platform
import pty
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.bundle.case import snapshot, write_files
from tests.cli.custody import Party, make_party
from tests.conftest import Runner
from tests.manifests.test_schemas import check

DISCLOSE = ("--to", "B7", "--for", "accountability-intl", "--authority", "DSA-2026-04")

RECIPIENTS = """
format = "evtool-recipients/1"

[recipient.B7]
kinds = ["court"]
purposes = ["accountability-intl"]
agreements = ["DSA-2026-04"]
"""

DEFAULTS = """
format = "evtool-defaults/1"

[[directory]]
path = "."
handling = "named"
context = {language = "ko"}

[directory.consent]
share = ["B7"]
status = "given"
for = ["accountability-intl"]
identity = "to-court"
defence = "yes"
conditions = ["redact-location"]
agreement = "DSA-2026-04"
"""

CONFIRMED = ("--confirm", "redact-location", "--approved-by", "C2")
DISCLOSED = (*DISCLOSE, *CONFIRMED)

FILES = {
    "photos/김철수 [bold].jpg": b"a picture",
    "interview.mp4": b"a recording " * 1000,
    "notes 100%.txt": b"percent",
    "AUX.log": b"a device on Windows",
    "empty.txt": b"",
    "trailing.": b"a dot at the end",
    "item-000003.txt": b"looks like another item",
    "twin.txt": b"lower",
    "TWIN.txt": b"upper",
    "new\nline": b"two lines",
    "back\\slash": b"one name on Unix",
    "ordinary name (2).PDF": b"pdf",
}


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    party = make_party(evtool, "A1")
    file = party.run.home / "recipients.toml"
    file.write_text(RECIPIENTS, encoding="utf-8")
    file.chmod(0o600)
    (party.run.directory.parent / "defaults.toml").write_text(DEFAULTS, encoding="utf-8")
    return party


def seal_with_consent(archivist: Party, case: Path) -> None:
    """Seal under terms that let everything go to the court, once a second person confirms one condition."""
    archivist.ok("seal", case, "--defaults", archivist.run.directory.parent / "defaults.toml")


@pytest.fixture
def court(evtool: Runner, archivist: Party) -> Party:
    party = make_party(evtool, "B7")
    party.trusts(archivist)
    return party


@pytest.fixture
def case(archivist: Party) -> Path:
    case = archivist.run.directory / "case"
    case.mkdir()
    write_files(case, FILES)
    (case / b"not-utf8-\xff.txt".decode("utf-8", "surrogateescape")).write_bytes(b"old encoding")
    (case / "empty folder").mkdir()
    (case / "link").symlink_to("interview.mp4")
    seal_with_consent(archivist, case)
    return case


ITEMS = len(FILES) + 3


def counts(document: dict[str, object]) -> dict[str, int]:
    reports = document["reports"]
    assert isinstance(reports, list)
    items = {"sealed": reports[0]["sealed"], **reports[0]["items"]}
    return {name: count for name, count in items.items() if count}


def age_key(folder: Path) -> tuple[Path, str]:
    path = folder / "age.key"
    subprocess.run(["age-keygen", "-o", path], check=True, capture_output=True)
    path.chmod(0o600)
    public = subprocess.run(["age-keygen", "-y", path], check=True, capture_output=True, text=True).stdout.strip()
    return path, public


def check_with_stock_tools(bag: Path) -> None:
    """What the bundle's own page tells a reader without evtool to do."""
    environment = {"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        subprocess.run(["sha256sum", "--strict", "--quiet", "-c", name], cwd=bag, check=True, env=environment)
    subprocess.run([sys.executable, "-m", "bagit", "--quiet", "--validate", bag], check=True, env=environment)


@pytest.mark.parametrize("form", ["folder", "zip", "zip.age"])
def test_what_is_packed_verifies_as_it_is_and_unpacks_to_what_was_sealed(
    form: str, archivist: Party, court: Party, case: Path, tmp_path: Path
) -> None:
    key, public = age_key(tmp_path)
    bundle = tmp_path / {"folder": "bundle", "zip": "bundle.zip", "zip.age": "bundle.zip.age"}[form]
    encryption: list[str | Path] = ["-r", public] if form == "zip.age" else []
    identity: list[str | Path] = ["-i", key] if form == "zip.age" else []
    evidence = {name: facts for name, facts in snapshot(case).items() if not name.startswith("custody")}

    packed = archivist.ok("pack", case, "-o", bundle, *encryption, *DISCLOSED, "--json").document
    verified = court.ok("verify", bundle, *identity, "--expect-head", packed["head"], "--json").document
    unpacked = court.ok("unpack", bundle, *identity, "-o", tmp_path / "copy", "--json").document

    check("pack", packed)
    check("unpack", unpacked)
    # A bundle holds no links and no empty directories, only what is stated of them.
    assert counts(verified) == {"sealed": ITEMS, "ok": ITEMS - 2, "stated_only": 2}
    assert {name: facts for name, facts in snapshot(case).items() if not name.startswith("custody")} == evidence
    copied = {name: facts for name, facts in snapshot(tmp_path / "copy").items() if not name.startswith("custody")}
    assert copied.keys() == evidence.keys()
    for name, (_, date, data) in evidence.items():
        assert copied[name][2] == data
        # Folders that hold something have no date in the seal; the date of a link changes with every copy.
        if data is not None or name == "empty folder":
            assert copied[name][1] == date
    assert os.readlink(tmp_path / "copy" / "link") == "interview.mp4"
    assert counts(court.ok("verify", tmp_path / "copy", "--json").document) == {"sealed": ITEMS, "ok": ITEMS}


def test_other_programs_check_a_folder_and_a_container(archivist: Party, case: Path, tmp_path: Path) -> None:
    archivist.ok("pack", case, "-o", tmp_path / "folder", *DISCLOSED)
    archivist.ok("pack", case, "-o", tmp_path / "it.zip", *DISCLOSED)
    subprocess.run(["unzip", "-tqq", tmp_path / "it.zip"], check=True)
    subprocess.run(["unzip", "-qq", tmp_path / "it.zip", "-d", tmp_path / "unzipped"], check=True)
    for bag in (tmp_path / "folder", tmp_path / "unzipped"):
        check_with_stock_tools(bag)
        assert archivist.ok("verify", bag).stdout
        names = sorted(path.name for path in (bag / "data").rglob("*") if path.is_file())
        # Names that some system would misread go by their number; the true ones stand in the statements.
        assert [name for name in names if not name.startswith("item-")] == [
            "TWIN.txt",
            "empty.txt",
            "interview.mp4",
            "ordinary name (2).PDF",
            "김철수 [bold].jpg",
        ]


def test_age_opens_the_encrypted_bundle_and_its_plain_text_is_the_container(
    archivist: Party, court: Party, case: Path, tmp_path: Path
) -> None:
    key, public = age_key(tmp_path)
    archivist.ok("pack", case, "-o", tmp_path / "it.zip.age", "-r", public, *DISCLOSED)
    plain = tmp_path / "plain.zip"
    subprocess.run(["age", "-d", "-i", key, "-o", plain, tmp_path / "it.zip.age"], check=True)
    subprocess.run(["unzip", "-tqq", plain], check=True)
    court.ok("verify", plain)
    with plain.open("rb") as stream:
        run = subprocess.run(
            court.run.command("verify", "-"), stdin=stream, env=court.run.environment, capture_output=True, check=False
        )
    assert run.returncode == 0, run.stderr


def test_a_bundle_goes_to_several_keys_of_both_kinds(
    archivist: Party, court: Party, case: Path, tmp_path: Path
) -> None:
    key, public = age_key(tmp_path)
    recipients = tmp_path / "recipients"
    recipients.write_text(f"# the court\n{public}\n{court.public_key.read_text()}")
    bundle = tmp_path / "it.zip.age"
    archivist.ok("pack", case, "-o", bundle, "-R", recipients, *DISCLOSED)
    court.ok("verify", bundle, "-i", key)
    court.ok("verify", bundle, "-i", court.run.home / "keys" / "B7")
    for name in (key, court.run.home / "keys" / "B7"):
        through_pipe = court.run("verify", "-", "-i", name, stdin=bundle.read_bytes())
        assert (through_pipe.exit_code, "standard input: VERIFIED" in through_pipe.stdout) == (0, True)
    stranger, _ = age_key(tmp_path / "..")
    refused = court("verify", bundle, "-i", stranger)
    assert (refused.exit_code, "none of the keys opens" in refused.stderr) == (4, True)


def test_a_bundle_locked_with_a_passphrase(archivist: Party, court: Party, case: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("tulip\n")
    secret.chmod(0o600)
    bundle = tmp_path / "it.zip.age"
    archivist.ok("pack", case, "-o", bundle, "--passphrase-file", secret, *DISCLOSED)
    assert b"\n-> scrypt " in bundle.read_bytes()[:80]
    court.ok("verify", bundle, "--passphrase-file", secret)
    assert court.run("verify", "-", "--passphrase-file", secret, stdin=bundle.read_bytes()).exit_code == 0
    secret.write_text("rose\n")
    refused = court("verify", bundle, "--passphrase-file", secret)
    assert (refused.exit_code, "does not open" in refused.stderr) == (4, True)
    assert court("verify", bundle).exit_code == 4  # no terminal to ask on


def test_the_source_knows_what_went_where(archivist: Party, case: Path, tmp_path: Path) -> None:
    archivist.ok("pack", case, "-o", tmp_path / "part.zip", "--items", "2-4", "--withhold", "names", *DISCLOSED)
    entry = archivist.ok("log", case, "--json").document["entries"][-1]
    assert entry["event"] == "disclosed"
    text = json.dumps(entry)
    for part in ("B7", "accountability-intl", "DSA-2026-04", "C2"):
        assert part in text
    # Which items went where says a list that later recipients do not get.
    listed = (case / "custody/0002-disclosed.items").read_text()
    assert all(part in listed for part in ('"2-4"', '"file"'))
    with zipfile.ZipFile(tmp_path / "part.zip") as container:
        assert container.read("custody/0002-disclosed.toml") == (case / "custody/0002-disclosed.toml").read_bytes()


def test_nothing_goes_anywhere_against_its_terms(archivist: Party, case: Path, tmp_path: Path) -> None:
    (case / "late.txt").write_bytes(b"nobody has asked yet")
    archivist.ok("seal", case)
    before = snapshot(case)

    refused = archivist("pack", case, "-o", tmp_path / "it.zip", *DISCLOSE, "--json")
    assert refused.exit_code == 5
    assert "nobody has confirmed redact-location [confirm redact-location]" in refused.stderr
    assert not any(name in refused.stderr for name in ("김철수", "interview", "late"))

    refused = archivist("pack", case, "-o", tmp_path / "it.zip", *DISCLOSED)
    late = ITEMS + 1
    assert refused.exit_code == 5
    assert f"1 item may not be disclosed, so nothing was packed:\n  item {late}: " in refused.stderr
    assert (list(tmp_path.glob("it*")), snapshot(case)) == ([], before)

    packed = archivist.ok("pack", case, "-o", tmp_path / "it.zip", *DISCLOSED, "--allowed-only", "--json").document
    assert [(item["item"], "no consent is stated" in item["reason"]) for item in packed["left_out"]] == [(late, True)]
    assert (packed["items"], packed["withheld"]) == (ITEMS, 1)


def test_the_conditions_are_on_the_cover_and_in_the_verdict_first(
    archivist: Party, court: Party, case: Path, tmp_path: Path
) -> None:
    archivist.ok("pack", case, "-o", tmp_path / "folder", "--items", "1-3", *DISCLOSED)
    cover = (tmp_path / "folder/custody/COVER.txt").read_text(encoding="utf-8")
    assert cover.startswith(
        "ACCESS TO this bundle: named. It may be given only to the recipients named in its terms.\n"
    )
    for text in (
        "redact-location",
        "accountability-intl",
        "DSA-2026-04",
        "B7",
        "confirmed   by agent C2",
        "3 of 15",
        "items       1-3,",
    ):
        assert text in cover
    assert court.ok("verify", tmp_path / "folder").stdout.startswith("ACCESS TO ")
    assert "redact-location" in court.ok("verify", tmp_path / "folder").stdout
    # It is kept when the bundle is unpacked, and does not disturb the record there.
    court.ok("unpack", tmp_path / "folder", "-o", tmp_path / "copy")
    assert (tmp_path / "copy/custody/COVER.txt").read_text(encoding="utf-8") == cover
    court.ok("record", tmp_path / "copy", "accessed", "--reason", "reading")
    court.ok("verify", tmp_path / "copy")


def test_withdrawn_consent_cannot_be_confirmed_away(archivist: Party, case: Path, tmp_path: Path) -> None:
    archivist.ok("consent", "set", case, "--items", "2", "--status", "withdrawn")
    refused = archivist("pack", case, "-o", tmp_path / "it.zip", *DISCLOSED)
    assert (refused.exit_code, "item 2: consent is withdrawn" in refused.stderr) == (5, True)
    archivist.ok("pack", case, "-o", tmp_path / "it.zip", "--without", "2", *DISCLOSED)


@pytest.mark.parametrize("output", ["there.zip", "there", "case/inside.zip", "case/custody/inside.zip"])
def test_an_output_that_is_there_or_lies_in_the_evidence_is_refused_before_any_work(
    output: str, archivist: Party, case: Path
) -> None:
    work = archivist.run.directory
    (work / "there.zip").write_bytes(b"mine")
    (work / "there").mkdir()
    before = snapshot(work)
    result = archivist("pack", case, "-o", work / output, *DISCLOSED)
    assert result.exit_code in (2, 4)
    assert snapshot(work) == before


@pytest.mark.parametrize(
    ("name", "extra", "reason"),
    [
        ("it.zip", ["-r", "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"], "is named"),
        ("it.zip.age", [], "is named"),
        ("it.age", ["--passphrase-file", "secret"], "zip container"),
        ("it.zip.age", ["-r", "nobody"], "not a key that a bundle can be encrypted to"),
        ("it.zip", ["--items", "9-2"], "no sealed item matches 9-2"),
        ("it.zip", ["--withhold", "content"], "cannot be withheld"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_any_work(
    name: str, extra: list[str], reason: str, archivist: Party, case: Path
) -> None:
    secret = archivist.run.directory / "secret"
    secret.write_text("tulip\n")
    secret.chmod(0o600)
    before = snapshot(archivist.run.directory)
    result = archivist("pack", case, "-o", name, *extra, *DISCLOSED)
    assert (result.exit_code in (2, 4), reason in result.stderr) == (True, True), result.stderr
    assert snapshot(archivist.run.directory) == before


@pytest.mark.parametrize("how", ["changed", "missing", "directory"])
def test_an_item_that_is_not_as_sealed_is_not_packed(how: str, archivist: Party, case: Path, tmp_path: Path) -> None:
    item = case / "interview.mp4"
    if how == "changed":
        item.write_bytes(b"another recording")
    else:
        item.unlink()
    if how == "directory":
        item.mkdir()
    before = snapshot(case)
    result = archivist("pack", case, "-o", tmp_path / "it.zip", *DISCLOSED)
    assert result.exit_code in (1, 4)
    assert "interview.mp4" in result.stderr
    assert (list(tmp_path.glob("*it*")), snapshot(case)) == ([], before)
    # What is left is still as sealed, and can be handed on.
    archivist.ok(
        "pack", case, "-o", tmp_path / "rest.zip", "--without", "interview.mp4", "--without", "link", *DISCLOSED
    )


def test_a_proof_is_small_and_shows_one_item(archivist: Party, court: Party, tmp_path: Path) -> None:
    case = archivist.run.directory / "large"
    case.mkdir()
    write_files(case, {f"file-{number:04d}": b"%d" % number for number in range(1000)})
    seal_with_consent(archivist, case)
    archivist.ok("prove", case, "--items", "17", "-o", tmp_path / "proof.zip", *DISCLOSED)
    verified = court.ok("verify", tmp_path / "proof.zip", "--json").document
    assert counts(verified) == {"sealed": 1000, "ok": 1, "withheld": 999}
    with zipfile.ZipFile(tmp_path / "proof.zip") as container:
        assert len(container.read("custody/0001-sealed.jsonl").splitlines()) < 4 + 2 * 12
        assert [name for name in container.namelist() if name.startswith("data/")] == ["data/file-0016"]
    assert (tmp_path / "proof.zip").stat().st_size < 32_000  # most of it pages for people, in two languages


def test_nothing_of_the_machine_gets_into_a_bundle(archivist: Party, case: Path, tmp_path: Path) -> None:
    archivist.ok("pack", case, "-o", tmp_path / "it.zip", *DISCLOSED)
    with zipfile.ZipFile(tmp_path / "it.zip") as container:
        data = b"\n".join(container.read(name) for name in container.namelist())
    for text in (str(archivist.run.directory), str(tmp_path), str(archivist.run.home)):
        assert text.encode() not in data
    # A host may have a name so short that it occurs in a signature by chance; as a word it must not.
    assert not re.search(rb"(?<![\w+/=])" + re.escape(platform.node().encode()) + rb"(?![\w+/=])", data)


def test_a_bundle_that_changed_on_its_way_is_not_unpacked(
    archivist: Party, court: Party, case: Path, tmp_path: Path
) -> None:
    archivist.ok("pack", case, "-o", tmp_path / "it.zip", *DISCLOSED)
    data = (tmp_path / "it.zip").read_bytes()
    at = data.index(b"a recording")
    (tmp_path / "changed.zip").write_bytes(data[:at] + b"A" + data[at + 1 :])
    assert court("verify", tmp_path / "changed.zip").exit_code == 4  # its CRC is wrong, so nothing is concluded
    result = court("unpack", tmp_path / "changed.zip", "-o", tmp_path / "copy")
    assert result.exit_code == 4
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == []

    shutil.unpack_archive(tmp_path / "it.zip", tmp_path / "folder")
    (tmp_path / "folder/data/interview.mp4").write_bytes(b"another recording")
    verified = court("verify", tmp_path / "folder", "--json")
    assert (verified.exit_code, counts(verified.document)["changed"]) == (1, 1)
    assert court("unpack", tmp_path / "folder", "-o", tmp_path / "copy").exit_code == 1
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == []


def test_unpacking_goes_into_a_new_directory_only(archivist: Party, case: Path, tmp_path: Path) -> None:
    archivist.ok("pack", case, "-o", tmp_path / "it.zip", *DISCLOSED)
    (tmp_path / "there").mkdir()
    result = archivist("unpack", tmp_path / "it.zip", "-o", tmp_path / "there")
    assert (result.exit_code, "already exists" in result.stderr) == (4, True)
    assert list((tmp_path / "there").iterdir()) == []


def test_verification_writes_nothing_and_plain_text_never_reaches_the_disk(
    archivist: Party, court: Party, case: Path, tmp_path: Path
) -> None:
    """Watched from outside: every file that is opened for writing while an encrypted bundle is packed and verified."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    key, public = age_key(tmp_path)
    bundle, trace = tmp_path / "it.zip.age", tmp_path / "trace"

    def opened_for_writing(party: Party, *arguments: str | Path) -> set[str]:
        calls = "trace=openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,socket,connect,execve"
        command = [
            "strace",
            "-f",
            "-y",
            "-qq",
            "-s",
            "300",
            "-e",
            calls,
            "-o",
            str(trace),
            *party.run.command(*arguments),
        ]
        subprocess.run(command, env=party.run.environment, cwd=party.run.directory, check=True, capture_output=True)
        lines = [line for line in trace.read_text(errors="replace").splitlines() if " = -1 " not in line]
        assert not [line for line in lines[1:] if "execve(" in line or "connect(" in line]
        writing = [line for line in lines if "O_WRONLY" in line or "O_RDWR" in line or "O_CREAT" in line]
        places = [re.search(r'openat\([A-Z_0-9]+<([^>]*)>, "([^"]*)"', line) for line in writing]
        return {os.path.join(place[1], place[2]) for place in places if place} - {"/dev/null", "/dev/tty"}

    written = opened_for_writing(archivist, "pack", case, "-o", bundle, "-r", public, *DISCLOSED)
    outside = {name for name in written if not name.startswith(str(case / "custody"))}
    assert all(re.search(r"/\.it\.zip\.age\.evtool-[0-9a-f]{16}\.part/[a-z]+$", name) for name in outside)
    assert {Path(name).name for name in outside} == {"lock", "content", "note"}
    assert opened_for_writing(court, "verify", bundle, "-i", key) == set()


def test_an_interrupted_packing_leaves_no_bundle(archivist: Party, tmp_path: Path) -> None:
    case = archivist.run.directory / "big"
    case.mkdir()
    with (case / "big.bin").open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    seal_with_consent(archivist, case)
    out = tmp_path / "it.zip"
    process = subprocess.Popen(
        archivist.run.command("pack", case, "-o", out, *DISCLOSED),
        env=archivist.run.environment,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and not list(tmp_path.glob(".it.zip.*")):
        pass
    process.terminate()
    process.wait(60)
    assert not out.exists()


def test_a_passphrase_is_asked_for_on_a_terminal_twice(archivist: Party, case: Path, tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        archivist.run.command("pack", case, "-o", tmp_path / "it.zip.age", "--passphrase", *DISCLOSED),
        env=archivist.run.environment,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
    )
    os.close(follower)
    shown = b""
    for _ in range(2):
        while not shown.endswith(b": "):
            shown += os.read(leader, 1000)
        shown = b""
        os.write(leader, b"tulip\n")
    with open(leader, "rb", buffering=0) as rest:
        try:
            while rest.read(1000):
                pass
        except OSError:
            pass
    assert process.wait(60) == 0
    assert (tmp_path / "it.zip.age").read_bytes().startswith(b"age-encryption.org/v1\n-> scrypt ")
