"""The table of limits: the page and the code say the same, and one beyond each is refused with a word, not accused."""

from __future__ import annotations

import ast
import os
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

from evtool.core.consent.state import ConsentChange, fold_terms
from evtool.core.custody.receipt import split_receipt
from evtool.core.errors import FormatError
from evtool.core.finding import Axis, AxisState, Effect
from evtool.core.manifest.manifest import ManifestReader
from evtool.core.ssh.signature import parse_signature
from evtool.core.terms.terms import ConsentTerms
from evtool.core.text import limits
from evtool.core.text.limits import (
    KIB,
    MAX_ARMORED,
    MAX_BAG_LINE,
    MAX_BAG_README,
    MAX_CHAIN_BYTES,
    MAX_CHAIN_CERTIFICATES,
    MAX_CHANGES,
    MAX_CONDITIONS,
    MAX_CONTEXT,
    MAX_CRL_BYTES,
    MAX_DISCLOSED_LIST,
    MAX_ENTRY,
    MAX_INFO,
    MAX_INFORMATIONAL,
    MAX_KEY,
    MAX_LINE,
    MAX_LIST_LINE,
    MAX_OCSP_BYTES,
    MAX_PROOF_BYTES,
    MAX_RECEIPT,
    MAX_REQUEST_BYTES,
    MAX_RESPONSE_BYTES,
    MAX_SIGNATURE,
    MAX_UNREAD_BYTES,
    MAX_UNREAD_LINE,
    MAX_ZIP_NAME,
    MIB,
)
from evtool.core.timestamp.stamp_names import StampRole
from evtool.core.timestamp.x509.certificates import parse_certificate_file
from evtool.core.timestamp.x509.pem import find_blocks
from evtool.operations.record import beside, record
from evtool.operations.record.record import read_record
from evtool.operations.verify.items import leftovers
from evtool.operations.verify.time import evidence as time_evidence
from evtool.operations.verify.verify import verify
from evtool.report.language import in_english
from evtool.scan.tree import TreeLocation
from evtool.store import zip_bundle
from evtool.store.bounds import MANIFEST_BOUND, Bound, of_lines, of_size, read_within
from evtool.store.bundle import bound_of_tag
from evtool.store.custody import CustodyDirectory
from evtool.store.custody_names import bound_of
from tests.attacks.forge import Key, Record, content, name, sha256, statement

ROOT = Path(__file__).parents[2]


def table() -> dict[str, tuple[int, str]]:
    """Read the module: name of a limit -> its number, and what it says of it."""
    body = ast.parse((ROOT / "evtool" / "core" / "text" / "limits.py").read_text()).body
    found = {}
    for node, said in pairwise(body):
        if isinstance(node, ast.Assign) and isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant):
            key = ast.unparse(node.targets[0])
            found[key] = int(getattr(limits, key)), " ".join(str(said.value.value).split())
    return found


def test_the_page_has_the_same_table() -> None:
    """One table, in two places, word for word."""
    rows = [f"| {number:,} | {said} |" for number, said in table().values()]
    page = (ROOT / "manifests" / "FORMAT-limits.md").read_text("utf-8")
    lines = page.partition("## The table")[2].splitlines()
    assert [line for line in lines if line.startswith("| ") and line[2].isdigit()] == rows


def test_every_limit_is_tested_somewhere() -> None:
    """A limit that no test names could be taken out unseen."""
    texts = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    assert [key for key in table() if not any(key in text for text in texts)] == []


class Zeros:
    """A sparse file: as many zeros as are asked for, up to its size."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.given = 0

    def read(self, size: int) -> bytes:
        """Give so many of them."""
        size = min(size, self.left)
        self.left -= size
        self.given += size
        return bytes(size)


@pytest.mark.parametrize(
    ("bound", "limit"),
    [
        (bound_of("0001-sealed.toml"), MAX_ENTRY),
        (bound_of("0001-sealed.toml.sig"), MAX_SIGNATURE),
        (bound_of("0002-disclosed.receipt.toml"), MAX_ENTRY),
        (bound_of("0002-disclosed.items"), MAX_DISCLOSED_LIST),
        (bound_of("0001-sealed.toml.sig.x.tsr"), MAX_RESPONSE_BYTES),
        (bound_of("0001-sealed.toml.sig.x.tsq"), MAX_REQUEST_BYTES),
        (bound_of("0001-sealed.toml.sig.x.ots"), MAX_PROOF_BYTES),
        (bound_of("0001-sealed.toml.sig.x.chain.pem"), MAX_CHAIN_BYTES),
        (bound_of("0001-sealed.toml.sig.x.1.crl"), MAX_CRL_BYTES),
        (bound_of("0001-sealed.toml.sig.x.1.ocsp"), MAX_OCSP_BYTES),
        (bound_of("README.txt"), MAX_INFORMATIONAL),
        (bound_of("of-somebody-else"), MAX_INFORMATIONAL),
        (bound_of_tag("bag-info.txt"), MAX_INFO),
        (bound_of_tag("README.txt"), MAX_BAG_README),
    ],
)
def test_a_small_file_is_read_up_to_its_limit(bound: Bound, limit: int) -> None:
    """Exactly its limit is read; of a file without end, one byte more."""
    assert sum(map(len, read_within("x", Zeros(limit).read, bound))) == limit
    endless = Zeros(10**15)
    with pytest.raises(FormatError, match=f"more than {limit} bytes"):
        list(read_within("x", endless.read, bound))
    assert endless.given == limit + 1


@pytest.mark.parametrize(
    ("bound", "limit"),
    [
        (bound_of("0003-renewed.blake2b"), MAX_LIST_LINE),
        (bound_of_tag("manifest-sha256.txt"), MAX_BAG_LINE),
        (bound_of_tag("tagmanifest-sha256.txt"), MAX_BAG_LINE),
        (bound_of("0001-sealed.jsonl"), MAX_UNREAD_LINE),
        (bound_of(".0001-sealed.jsonl.part"), MAX_UNREAD_LINE),
        (bound_of("0001-sealed.sha256"), MAX_UNREAD_LINE),
    ],
)
def test_a_file_of_lines_is_read_while_it_has_lines(bound: Bound, limit: int) -> None:
    """A list may be of any size; a sparse one is given up where its first line is too long."""

    def lines(*lengths: int) -> Callable[[int], bytes]:
        data = iter(
            b"".join(b"x" * length + b"\n" for length in lengths)[at : at + MIB] for at in range(0, 64 * MIB, MIB)
        )
        return lambda _: next(data, b"")

    assert list(read_within("x", lines(limit, 1, limit), bound))
    with pytest.raises(FormatError, match="a line is too long"):
        list(read_within("x", lines(1, limit + 1), bound))
    endless = Zeros(10**15)
    with pytest.raises(FormatError, match="a line is too long"):
        list(read_within("x", endless.read, bound))
    assert endless.given <= limit + 2 * MIB


def test_long_lines_have_a_bound_together() -> None:
    """Lines beyond what a manifest has are read for the root hash only, and not without end."""
    piece, given = b"\n" + b"x" * (MIB - 1), 0

    def read(_: int) -> bytes:
        nonlocal given
        given += MIB
        return piece

    with pytest.raises(FormatError, match="a line is too long"):
        list(read_within("x", read, MANIFEST_BOUND))
    assert MAX_UNREAD_BYTES - 2 * MIB <= given <= MAX_UNREAD_BYTES + 2 * MIB
    assert MAX_LINE < MIB <= MAX_UNREAD_LINE


def test_bounds_are_told_apart() -> None:
    """A file is bound by its size or by its lines."""
    assert (of_size(1).size, of_lines(1).size) == (1, None)


def _item(fields: int, value: int) -> Iterator[bytes]:
    context = [statement(field=f"x-{n:05d}", item=1, kind="context", value="v" * value) for n in range(fields)]
    return iter([content(1, b"x", follow=["context"] * fields), name(1, "a"), *context])


def test_one_item_has_so_many_lines() -> None:
    """What is stated of one item is held together, so it has a bound."""
    assert len(list(ManifestReader(1).read(_item(MAX_CONTEXT, 4000)))) == 1
    with pytest.raises(FormatError, match="its content names statements that no item has"):
        list(ManifestReader(1).read(_item(MAX_CONTEXT + 1, 1)))


def _change(entry: int, *conditions: str) -> ConsentChange:
    return ConsentChange(entry, datetime(2026, 1, 1, tzinfo=UTC), None, ConsentTerms(conditions=conditions))


def test_conditions_in_force_and_changes_have_a_bound() -> None:
    """Conditions add up over the changes, so both are bound."""
    changes = [_change(2 + number, f"x-{number:03d}") for number in range(MAX_CHANGES)]
    terms = fold_terms(1, None, changes)
    assert terms is not None
    assert len(terms.conditions or ()) == MAX_CHANGES == MAX_CONDITIONS
    with pytest.raises(FormatError, match="at most 256 are read"):
        fold_terms(1, None, [*changes, _change(999, "x-000")])
    with pytest.raises(FormatError, match="more than 256 conditions"):
        fold_terms(1, None, [*changes[:-1], _change(999, "x-a", "x-b")])


def test_what_cannot_be_put_together_is_not_checked(tmp_path: Path) -> None:
    """`verify` says so, and does not end in 0; what it cannot know counts as the strictest."""
    record = _evidence(tmp_path)
    for number in range(5):
        codes = ",".join(f'"x-{number}-{code:02d}"' for code in range(64))
        record.add("consent-changed", f'[consent-changed]\nterms = \'{{"consent":{{"conditions":[{codes}]}}}}\'')
    report = verify(tmp_path)
    assert report.exit_code == 4
    assert "more than 256 conditions" in str(
        [in_english(finding) for finding in report.findings if finding.code.value == "no-consent"]
    )
    assert report.consent is not None
    assert report.consent.strictest_handling == "closed"


def test_certificates_beside_a_stamp_are_counted_before_they_are_read() -> None:
    """And a file of beginnings without end takes no time."""
    block = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    with pytest.raises(FormatError, match="more than 100 certificates"):
        parse_certificate_file(block * (MAX_CHAIN_CERTIFICATES + 1), MAX_CHAIN_CERTIFICATES)
    _, problems = parse_certificate_file(block * MAX_CHAIN_CERTIFICATES, MAX_CHAIN_CERTIFICATES)
    assert len(problems) == MAX_CHAIN_CERTIFICATES
    began = os.times().user
    assert all(block.text is None for block in find_blocks(b"-----BEGIN CERTIFICATE-----" * 40_000))
    assert os.times().user - began < 2


def test_signatures_and_receipts() -> None:
    """Their text form has a bound of its own."""
    with pytest.raises(FormatError, match=f"more than {MAX_ARMORED} bytes"):
        parse_signature(b"x" * (MAX_ARMORED + 1))
    with pytest.raises(FormatError, match=f"more than {MAX_RECEIPT} bytes"):
        split_receipt(b"x" * (MAX_RECEIPT + 1))
    assert (MAX_KEY, KIB) == (128, 1024)  # one beyond it: tests/core/test_entry.py


def _evidence(folder: Path, data: bytes = b"x") -> Record:
    """A sealed directory with one file, and an entry after the seal."""
    record = Record(folder / "custody", Key("A1"))
    (folder / "a").write_bytes(data)
    record.seal([content(1, data), name(1, "a")], 1, 1, listed=f"{sha256(data)}  a\n")
    record.add("accessed", '[accessed]\nplace = "x"')
    return record


def _codes(folder: Path) -> dict[str, str]:
    report = verify(folder)
    assert report.exit_code in (1, 3, 4)
    return {finding.code.value: in_english(finding) for finding in report.findings}


@pytest.mark.parametrize(
    ("module", "limit", "number", "code", "words"),
    [
        (
            record,
            "MAX_ENTRIES_SIZE",
            10,
            "custody-unreadable",
            "entry 2 is not read: those before it have",
        ),
        (time_evidence, "MAX_STAMPS", 1, "timestamp-open", "only those that entries list and the first 1 others"),
        (time_evidence, "MAX_STAMPS_SIZE", 4, "timestamp-open", "from 0001-sealed.toml.sig.b.tsr on are not judged"),
    ],
)
def test_what_lies_there_together_has_a_bound(
    module: ModuleType, limit: str, number: int, code: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the limit set low, so that the test is small: what is left out is named."""
    _evidence(tmp_path)
    for label in "ab":
        (tmp_path / "custody" / f"0001-sealed.toml.sig.{label}.tsr").write_bytes(b"12345")
    assert words not in str(_codes(tmp_path).values())
    monkeypatch.setattr(module, limit, number)
    messages = [in_english(finding) for finding in verify(tmp_path).findings if finding.code.value == code]
    assert any(words in message for message in messages)
    assert getattr(limits, limit) > number


def test_whoever_adds_tokens_keeps_no_answer_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No entry lists them, so they could be removed as well: what is beyond the bound is told, and is no doubt."""
    _evidence(tmp_path)
    before = verify(tmp_path)
    for label in "ab":
        (tmp_path / "custody" / f"0001-sealed.toml.sig.{label}.tsr").write_bytes(b"12345")
    monkeypatch.setattr(time_evidence, "MAX_STAMPS_SIZE", 4)
    after = verify(tmp_path)
    assert [finding.effect for finding in after.findings if "are not judged" in in_english(finding)] == [Effect.NOTE]
    assert after.exit_code is before.exit_code
    assert after.axes[Axis.TIME] is AxisState.NOT_ESTABLISHED


def test_revocation_lists_are_read_one_by_one_within_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of those that are not read any more is named."""
    record = _evidence(tmp_path)
    for number in (1, 2, 3):
        (record.folder / f"0001-sealed.toml.sig.a.{number}.crl").write_bytes(b"x" * 10)
    (record.folder / "0001-sealed.toml.sig.a.tsr").write_bytes(b"x")
    monkeypatch.setattr(beside, "MAX_REVOCATION_BYTES", 15)
    with CustodyDirectory(TreeLocation.find(str(record.folder))) as custody:
        found = beside.Companions(read_record(custody))
        stamp = next(stamp for stamp in custody.list_files().stamps if stamp.role is StampRole.RESPONSE)
        assert len(list(found.beside(stamp, StampRole.CRL))) == 2
        assert found.unread is not None
        assert found.unread.text.endswith(".3.crl")


def test_sparse_files_are_not_all_read_in_search_of_a_renamed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sealed size costs an intruder nothing to claim again, as often as they like."""
    _evidence(tmp_path, bytes(4 * MIB))
    (tmp_path / "a").unlink()
    with (tmp_path / "b").open("wb") as file:
        file.truncate(4 * MIB)
    assert "renamed" in _codes(tmp_path)
    monkeypatch.setattr(leftovers, "MAX_HOLES", MIB)
    found = _codes(tmp_path)
    assert {"missing", "extra", "not-hashed"} <= found.keys()
    assert "1 sparse file was not searched" in found["not-hashed"]


def test_a_file_of_another_size_is_not_read(tmp_path: Path) -> None:
    """Sizes that no medium holds: the answer is there at once, for the file and for a signature beside it."""
    record = _evidence(tmp_path)
    os.truncate(tmp_path / "a", 10**13)
    os.truncate(record.folder / "0002-accessed.toml.sig", 10**13)
    found = _codes(tmp_path)
    assert found["changed"] == "a: its size is 10000000000000, the seal says 1"
    assert f"more than {MAX_SIGNATURE} bytes" in found["custody-unreadable"]


def test_a_misplaced_file_of_the_right_size_is_read_all_the_same(tmp_path: Path) -> None:
    """One item is gone and another file came: what lies between them lines up with the wrong items, and is read."""
    record = Record(tmp_path / "custody", Key("A1"))
    sizes = {f"f{number}": 100_000 + number for number in range(1, 6)}
    data = {path: path[-1].encode() * size for path, size in sizes.items()}
    lines = [line for n, path in enumerate(data, 1) for line in (content(n, data[path]), name(n, path))]
    record.seal(lines, 1, 5, listed="".join(f"{sha256(data[path])}  {path}\n" for path in data))
    for path in list(data)[1:]:
        (tmp_path / path).write_bytes(data[path])
    (tmp_path / "f4x").write_bytes(b"x")
    (tmp_path / "f3").write_bytes(b"y" * sizes["f3"])
    found = {(finding.code.value, finding.path) for finding in verify(tmp_path).findings if finding.path}
    assert found >= {("missing", "f1"), ("changed", "f3"), ("extra", "f4x")}
    assert not found & {("changed", path) for path in ("f2", "f4", "f5")}


def test_containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long name is not looked at; what a pipe cannot give twice is kept within a bound."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as bag:
        bag.writestr(zipfile.ZipInfo("a" * (MAX_ZIP_NAME + 1)), b"x")
    report = verify(path)
    assert (report.exit_code, "too long" in in_english(report.findings[-1]) + in_english(report.findings[0])) == (
        4,
        True,
    )
    with zipfile.ZipFile(path, "w") as bag:
        bag.writestr(zipfile.ZipInfo("bagit.txt"), b"x" * 11)
    monkeypatch.setattr(zip_bundle, "MAX_KEPT", 10)
    with path.open("rb") as stream:
        findings = verify(stream).findings
    assert any("more than the 10 bytes that are kept in memory" in in_english(finding) for finding in findings)
    assert limits.MAX_KEPT > 10
