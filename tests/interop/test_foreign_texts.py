"""Trust files, public keys, bags and time-stamps as programs of Windows leave them."""

from __future__ import annotations

import base64
import codecs
from pathlib import Path

import pytest

from evtool.core.errors import EvtoolError, FormatError
from evtool.core.text.foreign import read_foreign_text
from evtool.core.timestamp.response import explain_no_der
from evtool.interop.foreign_bag import ForeignBag, read_foreign_bag
from evtool.interop.item_defaults import parse_defaults
from evtool.keys.keyfile import read_public_key_file
from evtool.keys.trust import load_trust
from tests.keys.lists import parse_recipients

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
TRUST = f"# whom I trust\r\nA1 {KEY}\r\n"

ENCODED = {
    "UTF-8": TRUST.encode(),
    "Notepad": codecs.BOM_UTF8 + TRUST.encode(),
    "PowerShell": codecs.BOM_UTF16_LE + TRUST.encode("utf-16-le"),
    "no mark": TRUST.encode("utf-16-le"),
}


@pytest.mark.parametrize("program", ENCODED)
def test_a_trust_file_of_windows_trusts_whom_it_names(program: str, tmp_path: Path) -> None:
    (tmp_path / "trusted").write_bytes(ENCODED[program])
    (signer,) = load_trust(tmp_path / "trusted").signers
    assert (signer.principals, signer.public_key.line, signer.line_number) == (("A1",), KEY, 2)


@pytest.mark.parametrize("program", ENCODED)
def test_a_public_key_of_windows_is_read(program: str, tmp_path: Path) -> None:
    codec = "utf-16-le" if program in ("PowerShell", "no mark") else "utf-8"
    mark = {"PowerShell": codecs.BOM_UTF16_LE, "Notepad": codecs.BOM_UTF8}.get(program, b"")
    (tmp_path / "key.pub").write_bytes(mark + f"{KEY}\r\n".encode(codec))
    assert read_public_key_file(tmp_path / "key.pub").line == KEY


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"A1 ssh-rsa AAAA\nnothing\n", "no line of the trust file"),
        (b"PK\x03\x04" + bytes(100), "is no text, but a workbook"),
        (codecs.BOM_UTF16_LE + b"A\0001", "is not UTF-16 (as Windows PowerShell writes it"),
    ],
)
def test_a_trust_file_that_trusts_nobody_says_so(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "trusted").write_bytes(data)
    with pytest.raises(EvtoolError) as caught:
        load_trust(tmp_path / "trusted")
    assert (int(caught.value.exit_code), words in caught.value.message) == (4, True)
    assert "no line" not in words or caught.value.lines[0].startswith("line 1 ")


def test_an_empty_trust_file_is_a_decision(tmp_path: Path) -> None:
    (tmp_path / "trusted").write_bytes(b"# nobody\n")
    assert load_trust(tmp_path / "trusted").signers == ()


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_of_toml_that_windows_saved_are_read(codec: str) -> None:
    recipients = 'format = "evtool-recipients/1"\r\n[recipient.court-a]\r\nkinds = ["court"]\r\npurposes = []\r\n'
    assert parse_recipients(recipients.encode(codec)).by_code.keys() == {"court-a"}
    defaults = 'format = "evtool-defaults/1"\r\n[[directory]]\r\npath = "사진"\r\n'
    (directory,) = parse_defaults(defaults.encode(codec)).directories
    assert directory.path == "사진"


def bag(**texts: str | bytes) -> ForeignBag:
    """Read a bag of one file; the names of texts have `_` for `-` and no ending."""
    files = {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "manifest-md5.txt": b"0" * 32 + b"  data/x\n",
    }
    for name, text in texts.items():
        files[f"{name.replace('_', '-')}.txt"] = text if isinstance(text, bytes) else text.encode()
    return read_foreign_bag(files, files.__getitem__, lambda path: False)


LINE = "0" * 32 + "  data/x\n"


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"bagit": "BagIt-Version : 1.0\nTag-File-Character-Encoding: UTF-8\n"}, "line 1 is BagIt-Version : 1.0"),
        ({"bagit": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF 8\n"}, "line 2 is Tag-File"),
        ({"bagit": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n\n"}, "something after its two lines"),
        ({"bagit": "\ufeffBagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"}, "begins with a byte order mark"),
        ({"manifest_md5": "0" * 32 + "  data\\x\n"}, "has backslashes in its path"),
        ({"manifest_md5": f"{LINE}{'0' * 32}  data/한글\n".encode("cp949")}, "it reads as CP949"),
        ({"manifest_md5": ""}, "list no file"),
    ],
)
def test_the_text_of_a_bag_that_is_refused_says_why(texts: dict[str, str | bytes], words: str) -> None:
    with pytest.raises(FormatError) as caught:
        bag(**texts)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"manifest_md5": LINE + LINE}, "listed a second time"),
        ({"manifest_md5": f"{'0' * 32}  ./data/x\n"}, "begins with ./"),
        ({"manifest_md5": f"{LINE}{'0' * 32}  data/a\u202egpj.exe\n"}, "control or format character"),
        ({"manifest_md5": f"{LINE}{'0' * 32}  data/what?.txt\n"}, "it holds ?"),
        ({"manifest_md5": f"{LINE}{'0' * 32}  data/aux.txt\n"}, "name of a device on Windows"),
        ({"fetch": "file:///etc/passwd - data/x\n"}, "of this computer or its own network"),
        ({"fetch": "http://169.254.169.254/latest - data/x\n"}, "of this computer or its own network"),
        ({"fetch": "http://[::1]/x - data/x\n"}, "of this computer or its own network"),
        ({"manifest_md5": "", "tagmanifest_md5": f"{'0' * 32}  bagit.txt\n"}, "has no payload"),
    ],
)
def test_what_is_unusual_in_a_bag_is_said(texts: dict[str, str | bytes], words: str) -> None:
    (note,) = bag(**texts).notes
    assert words in note


def test_an_ordinary_bag_is_sealed_without_a_word() -> None:
    plain = bag(manifest_md5=f"\ufeff{LINE}{'0' * 32}  data/100% 한글.txt\n", fetch="https://un.org/x 3 data/x\n")
    assert plain.notes == ()


def test_a_bag_in_utf16_is_read_as_it_declares() -> None:
    read = bag(
        bagit="BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-16\n",
        manifest_md5=f"{'0' * 32}  data/한글\n".encode("utf-16"),
    )
    assert list(read.files) == ["data/한글".encode()]


def test_a_time_stamp_that_came_as_text_is_named_for_what_it_is() -> None:
    reply = bytes(range(48, 148)) * 3
    assert "base64 text" in explain_no_der(base64.encodebytes(reply))
    assert "base64 text" in explain_no_der(base64.b64encode(reply))
    assert "UTF-16" in explain_no_der(codecs.BOM_UTF16_LE + reply)
    assert explain_no_der(reply) == ""


def test_korean_is_guessed_only_where_it_is_asked_for_and_fits() -> None:
    korean = "경로,메모\nphotos/한글.hwp,남한산성\n".encode("cp949")
    read = read_foreign_text(korean, "the table", may_guess=True)
    assert (read.is_guess, read.sample) == (True, "경로,메모")
    for data, may_guess in ((korean, False), ("é,è\n".encode("latin-1"), True), (b"\xff" * 40, True)):
        with pytest.raises(FormatError):
            read_foreign_text(data, "the table", may_guess=may_guess)
