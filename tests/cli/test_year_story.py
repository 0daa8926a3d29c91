"""An archivist's year, from the first seal to a verification by somebody else: nothing is edited by hand.

Thirty files with Korean names; each step is one documented command, with its exit code and a sentence of its answer.
What spreadsheets do (a table saved in the code page of Korean Excel, a workbook that was filled in) is done here by
the libraries that write such files.
"""

from __future__ import annotations

import csv
import io
import shutil
import unicodedata
import zipfile
from collections.abc import Iterable
from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]  # it has no types
from python_calamine import load_workbook

from evtool.keys.age_keys import load_pyrage
from tests.cli.custody import Party, make_party
from tests.conftest import Runner, RunResult

TERMS = {
    "handling": "named",
    "status": "given",
    "by": "subject",
    "for": "un-reporting",
    "share": "ohchr-dprk",
    "identity": "to-recipient",
    "defence": "yes",
    "onward": "no",
}
HIDDEN = ("김철수", "강가", "철수의 어머니")
"""A name of a file, of a folder, and of a person in a free text: none of them is to leave the house."""


def say(party: Party, exit_code: int, sentence: str, *arguments: str | Path) -> RunResult:
    """Run a command; it has to end so, and its answer, or what it says beside it, has to hold the sentence."""
    result = party.run(*arguments)
    said = " ".join((result.stdout + result.stderr).split())
    assert result.exit_code == exit_code, f"{arguments}\n{result.stdout}{result.stderr}"
    assert sentence in said, f"{arguments}\n{result.stdout}{result.stderr}"
    return result


def fill(rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """State the same terms of every row, and a title that the code page can hold."""
    return [row | TERMS | {"title": f"증언 {number}"} for number, row in enumerate(rows, 1)]


def fill_csv(table: Path) -> None:
    """Fill a table in, and save it as Excel in Korea saves CSV: in code page 949."""
    with table.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        names = list(reader.fieldnames or ())
        rows = fill(reader)
    out = io.StringIO()
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    writer.writerows(rows)
    table.write_bytes(out.getvalue().encode("cp949"))


def fill_workbook(table: Path) -> None:
    """Fill a workbook in, as a spreadsheet program saves it."""
    cells = load_workbook(str(table)).get_sheet_by_index(0).to_python()
    names = list(map(str, cells[0]))
    english = dict(zip(names, COLUMNS, strict=True))
    rows = fill({english[name]: str(cell) for name, cell in zip(names, row, strict=True)} for row in cells[1:])
    book = xlsxwriter.Workbook(str(table))
    sheet = book.add_worksheet("items")
    sheet.write_row(0, 0, names)
    for line, row in enumerate(rows, 1):
        sheet.write_row(line, 0, [row[english[name]] for name in names])
    book.close()


COLUMNS: list[str] = []


def seal_twice(a1: Party, case: Path) -> None:
    """Twenty files with their terms, and ten more."""
    photos = case / "사진"
    directory = a1.run.directory
    # March: twenty files, with terms from a table that Excel saved as CSV.
    say(a1, 0, "20 rows to fill in", "items", case, "-o", "first.csv")
    COLUMNS[:] = (directory / "first.csv").read_text("utf-8-sig").splitlines()[0].split(",")
    fill_csv(directory / "first.csv")
    say(a1, 0, "sealed 20 new items", "seal", case, "--table", "first.csv", "--reason", "first interviews")

    # April: ten more, with a workbook; one file has a name that a terminal could misread.
    for number in range(21, 30):
        (photos / f"강가 {number:02d}.txt").write_text(f"testimony {number}\n", "utf-8")
    (case / "김철수 [bold].jpg").write_bytes(b"\xff\xd8\xff\xe0 a photograph")
    say(a1, 0, "10 rows to fill in", "items", case, "-o", "second.xlsx", "--headings", "ko")
    fill_workbook(directory / "second.xlsx")
    say(a1, 0, "sealed 10 new items", "seal", case, "--table", "second.xlsx", "--reason", "second interviews")
    say(a1, 0, "30", "verify", case)


def rename_and_dispose(a1: Party, case: Path) -> None:
    """A file gets another name, another one is given up, and a third gets its name."""
    photos = case / "사진"
    # May: somebody renames a file; the seal names it, and records it when told to.
    (photos / "강가 07.txt").rename(photos / "강가, 일곱.txt")
    say(a1, 1, "seal", "verify", case)
    say(a1, 4, "item 7 사진/강가 07.txt is now 사진/강가, 일곱.txt", "seal", case)
    say(a1, 0, "recorded 1 new name, entry 3", "seal", case, "--renamed")
    say(a1, 0, "강가, 일곱.txt", "show", case, "--items", "7")
    say(a1, 0, "named", "consent", "show", case, "--items", "7")

    # June: a file is given up, and another one gets its name.
    say(
        a1,
        2,
        "item 3 still lies where the record says",
        "record",
        case,
        "disposed",
        "--items",
        "3",
        "--authority",
        "rule 4",
        "--method",
        "burnt",
    )
    (photos / "강가 03.txt").unlink()
    say(
        a1,
        0,
        "about item 3: 3 사진/강가 03.txt",
        "record",
        case,
        "disposed",
        "--items",
        "3",
        "--authority",
        "rule 4",
        "--method",
        "burnt",
    )
    (photos / "강가 03.txt").write_text("another testimony\n", "utf-8")
    say(a1, 0, "sealed 1 new item", "seal", case)
    say(a1, 0, "31", "verify", case)


def change_people(a1: Party, a2: Party, case: Path) -> None:
    """A colleague comes, and the key of the archivist changes."""
    # July: a colleague comes, and A1's key is changed.
    say(
        a1,
        0,
        "added entry 6",
        "record",
        case,
        "admitted",
        "--code",
        "A2",
        "--public-key",
        a2.public_key,
        "--reason",
        "colleague",
    )
    say(a2, 0, "A1", "trust", "add", "A1", a1.public_key)
    say(a1, 0, "A1", "key", "change", "A1", "--record", case, "--no-passphrase")
    say(a2, 0, "30 of 31 items are exactly as sealed; 1 disposed of", "verify", case)
    say(a2, 2, "`evtool trust add --another-key`", "trust", "add", "A1", a1.public_key)
    say(a2, 0, "A1", "trust", "add", "A1", a1.public_key, "--another-key")


def hand_over(a2: Party, un: Party, case: Path, encrypt_to: str) -> tuple[str | Path, ...]:
    """A bundle goes to the UN, and no court may have the collection."""
    directory = a2.run.directory
    # August: who may get what, and a bundle for the UN: part of it, encrypted, under neutral names.
    described = ("--kind", "un-body", "--purpose", "un-reporting", "--region", "CH", "--death-penalty", "no")
    say(a2, 0, "ohchr-dprk", "recipient", "add", "ohchr-dprk", *described, "--key", encrypt_to)
    say(a2, 0, "B7", "recipient", "add", "B7", "--kind", "court", "--purpose", "accountability-national")
    say(a2, 0, "ohchr-dprk", "trust", "add", "ohchr-dprk", un.public_key)
    to_un = ("--to", "ohchr-dprk", "--for", "un-reporting", "--authority", "agreement 7", "--agent", "A2")
    part = ("pack", case, "-o", "part.zip.age", "--items", "1-6,21", "--neutral-names", *to_un)
    say(a2, 0, "names", *part, "--dry-run")
    assert not (directory / "part.zip.age").exists()
    say(a2, 0, "6 items disclosed", *part)

    # September: a transfer that consent does not allow.
    to_court = ("transfer", case, "--to", "B7", "--authority", "order 9", "--purpose", "accountability-national")
    say(a2, 5, "items", *to_court)
    return part


def answer(a2: Party, un: Party, case: Path, handed_out: Path) -> bytes:
    """The UN checks the bundle and answers it, and not one byte of it changes."""
    directory = a2.run.directory
    # October: the UN answers the bundle as it came.
    say(un, 0, "A2", "trust", "add", "A2", a2.public_key)
    say(un, 0, "A1", "trust", "add", "A1", handed_out)
    bundle = (directory / "part.zip.age").read_bytes()
    say(un, 0, "6 of 31 items", "verify", "part.zip.age", "-i", "un.key")
    say(un, 0, "receipt", "receive", "part.zip.age", "-i", "un.key", "--receipt", "receipt")
    assert (directory / "part.zip.age").read_bytes() == bundle
    say(
        un,
        0,
        "entry 9 from the directory that continues it",
        "verify",
        "part.zip.age",
        "-i",
        "un.key",
        "--continued",
        "part.zip.age.received",
    )
    say(a2, 0, "ohchr-dprk answered entry 8: accepted", "receipt", "add", case, "receipt")
    return bundle


def withdraw(a2: Party, case: Path, part: tuple[str | Path, ...]) -> None:
    """Somebody takes their consent back."""
    # November: consent is withdrawn, and the archive learns whom to tell.
    say(a2, 0, "withdrawn", "consent", "set", case, "--items", "5", "--status", "withdrawn", "--reason", "letter 12")
    say(a2, 0, "ohchr-dprk", "consent", "recall", case)
    say(a2, 5, "withdrawn", *part[:2], "-o", "again.zip.age", *part[4:])


def verify_elsewhere(a2: Party, court: Party, case: Path, handed_out: Path) -> None:
    """A stranger checks a copy a year later."""
    directory = a2.run.directory
    # A year later: somebody else verifies a copy.
    copy = Path(shutil.copytree(case, directory / "copy", symlinks=True))
    say(court, 3, "SIGNED BY A KEY THAT YOU HAVE NOT CHOSEN TO TRUST", "verify", copy)
    say(court, 0, "A1", "trust", "add", "A1", handed_out)
    say(court, 0, "A2", "trust", "add", "A2", a2.public_key)
    say(court, 0, "30 of 31 items are exactly as sealed; 1 disposed of", "verify", copy)


def test_a_year_of_an_archive(evtool: Runner, tmp_path: Path) -> None:
    """Thirty items, and all that happens to them."""
    a1, a2, un, court = (make_party(evtool, code) for code in ("A1", "A2", "ohchr-dprk", "B7"))
    case = evtool.directory / "사건 42"
    photos = case / "사진"
    photos.mkdir(parents=True)
    for number in range(1, 21):
        (photos / f"강가 {number:02d}.txt").write_text(f"testimony {number}\n", "utf-8")

    handed_out = Path(shutil.copy(a1.public_key, evtool.directory / "A1.pub"))
    identity = load_pyrage().x25519.Identity.generate()
    (evtool.directory / "un.key").write_text(f"{identity}\n")
    (evtool.directory / "un.key").chmod(0o600)

    seal_twice(a1, case)
    rename_and_dispose(a1, case)
    change_people(a1, a2, case)
    part = hand_over(a2, un, case, str(identity.to_public()))
    bundle = answer(a2, un, case, handed_out)
    withdraw(a2, case, part)
    verify_elsewhere(a2, court, case, handed_out)

    # What was not to leave the house did not.
    plain = load_pyrage().decrypt(bundle, [identity])
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        texts = [archive.read(name) for name in archive.namelist()] + [name.encode() for name in archive.namelist()]
    for name in HIDDEN:
        spellings = [unicodedata.normalize(form, name).encode() for form in ("NFC", "NFD", "NFKC", "NFKD")]
        for spelled in (*spellings, name.encode("cp949"), name.encode("utf-16-le")):
            assert not [text for text in texts if spelled in text], name
