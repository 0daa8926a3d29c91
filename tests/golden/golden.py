"""What a golden record is, and the verdict that it keeps."""

from __future__ import annotations

import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from evtool.core.verdict.verdict import Report
from evtool.keys.age_keys import DecryptionKey, load_pyrage
from evtool.keys.trust import load_trust
from evtool.keys.tsa_trust import load_roots
from evtool.operations.record.place import BundleAccess, RecordPlace
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.time.grounds import TimeGrounds
from evtool.operations.verify.verify import verify

FOLDER = Path(__file__).parent
VERSIONS = sorted(path for path in FOLDER.iterdir() if (path / "verdicts.json").is_file())

NAMES = ("record.tar", "part.zip", "whole.zip.age")
"""A record with its evidence, in a tar file that keeps dates, links and empty directories; a partial bundle without
names; an encrypted bundle of everything."""

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
"""The moment of every verification: keys and certificates end at some time, and a test must not."""


def verify_golden(version: Path, name: str, work: Path) -> Report:
    """Verify one of the three with the keys, the root and the identity that lie beside it."""
    place = version / name
    if name.endswith(".tar"):
        with tarfile.open(place) as archive:
            archive.extractall(work, filter="data")
        place = work / "case"
    identity = load_pyrage().x25519.Identity.from_str((version / "identity.txt").read_text("ascii").strip())
    anchors = load_roots(version / "root.pem").anchors
    options = VerifyOptions(
        trust=load_trust(version / "trusted_keys"),
        place=RecordPlace(access=BundleAccess((DecryptionKey(identity),))),
        jobs=1,
        now=NOON,
        time=TimeGrounds(anchors=lambda: anchors),
    )
    return verify(place, options)


def verdict_of(report: Report) -> dict[str, Any]:
    """The part of a report that no later version may change."""
    return {
        "exit_code": int(report.exit_code),
        "axes": {axis.value: state.value for axis, state in report.axes.items()},
        "findings": sorted(f"{finding.code.value} {finding.effect.value}" for finding in report.findings),
        "head": report.head,
        "sealed": report.sealed,
        "items": {fate: count for fate, count in to_builtins(report.items).items() if count},
        "handling": report.handling,
        "entries": [f"{signer.entry} {signer.event} {signer.agent}" for signer in report.signers],
    }


def read_verdicts(version: Path) -> dict[str, Any]:
    """Read the verdicts that the three had when they were made."""
    verdicts: dict[str, Any] = json.loads((version / "verdicts.json").read_text("utf-8"))
    return verdicts
