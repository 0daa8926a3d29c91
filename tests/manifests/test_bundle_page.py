"""The page about bundles says what the code does: its example reads back, its rules and the vectors name each other."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

from evtool.core.container.age_header import MAX_WORK_FACTOR
from evtool.core.container.bagit import parse_info
from evtool.core.container.payload_names import MAX_PATH
from evtool.core.text.limits import MAX_ZIP_ENTRIES, MAX_ZIP_RATIO

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "manifests" / "FORMAT-bundle.md").read_text("utf-8")
VECTORS = ROOT / "tests" / "vectors" / "bundle"


def test_the_example_reads_back() -> None:
    example = re.search(r"```\n(Bag-Software-Agent:.*?)```", PAGE, re.DOTALL)
    assert example is not None
    assert parse_info(example[1].encode()).serialize() == example[1].encode()


def test_the_limits_are_those_of_the_code() -> None:
    for text in (
        f"2^{MAX_WORK_FACTOR} rounds",
        f"{MAX_PATH} bytes",
        f"{MAX_ZIP_ENTRIES:,} files",
        f"{MAX_ZIP_RATIO} times",
    ):
        assert text in PAGE


def test_every_vector_is_named_by_a_rule_and_every_name_is_a_vector() -> None:
    vectors = {path.stem for folder in ("zip", "bag") for path in (VECTORS / folder).glob("*.t*")}
    names = set(re.findall(r"`([a-z0-9]+(?:-[a-z0-9]+)*-?\*?)`", PAGE))
    patterns = {name for name in names if fnmatch.filter(vectors, name)}
    # What a rule does not name shows the common case, or the seal at work, which FORMAT.md describes.
    described_elsewhere = re.compile(
        r"good-|record-|payload-|untouched|cover-|tag-|not-zip|nothing|empty|directory-|count-"
    )
    unnamed = {name for name in vectors if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)}
    assert [name for name in sorted(unnamed) if not described_elsewhere.match(name)] == []
    assert [name for name in sorted(names) if name.endswith("*") and name not in patterns] == []
