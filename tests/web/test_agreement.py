"""The page and evtool on the same vectors: two programs that share no code have to say the same.

The page is run as it is shipped: Node takes the script out of `check.html`.
"""

from __future__ import annotations

import base64
import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

from evtool.core.errors import InputError
from evtool.keys.recipients import parse_recipients
from evtool.report.document import directory_report
from evtool.report.json_value import to_json
from tests.bundle.case import SIGNER, verify_it
from tests.bundle.test_hostile_bags import VECTORS as BAGS
from tests.bundle.test_hostile_bags import apply, load, packed
from tests.core.test_sshsig import VECTORS as SIGNATURES
from tests.core.test_sshsig import read_vector as read_signature
from tests.manifests.test_vectors import NAMES, WRITTEN, built
from tests.web.node_page import Job, label, labels, run_page, signature_job

__all__ = ["built", "packed"]

ZIPS = Path(__file__).parents[1] / "vectors" / "bundle" / "zip"
DIFFERENCES = tomllib.loads((Path(__file__).parent / "differences.toml").read_text("utf-8"))["time"]
IN_EVERY_REPORT = ("no-timestamp", "no-consent", "no-witness", "witnessed")


def verify_job(folder: Path, expect: Job) -> Job:
    """Ask for a vector."""
    job: Job = {"kind": "verify", "path": str(folder / "evidence"), "trust": (folder / "trust").read_text("utf-8")}
    job |= {"now": expect.get("now", WRITTEN.isoformat()), "head": expect["expect_head"]}
    job["signers"] = expect.get("signers", 1)
    for name in ("continued", "beside"):
        if (folder / name).exists():
            job[name] = str(folder / name)
    if (folder / "recipients.toml").exists():
        keys = parse_recipients((folder / "recipients.toml").read_bytes()).receipt_keys
        job["recipients"] = {code: [key.line for key in own] for code, own in keys.items()}
    return job


def test_the_page_agrees_with_every_vector_of_a_sealed_directory(built: Path) -> None:
    expected = {name: json.loads((built / name / "expect.json").read_text("utf-8")) for name in NAMES}
    reports = run_page([verify_job(built / name, expect) for name, expect in expected.items()])

    wrong = {}
    unsaid = {*DIFFERENCES["same-but-for"]}
    for (name, expect), report in zip(expected.items(), reports, strict=True):
        wanted = [text for text in expect["findings"] if text.split(" ")[0] not in unsaid]
        exit_code = DIFFERENCES["exit"].get(name, expect["exit"])
        found = labels(report, *IN_EVERY_REPORT, *unsaid)
        if (report["exit_code"], found) != (exit_code, sorted(wanted)):
            wrong[name] = (report["exit_code"], found)
    assert wrong == {}


def test_no_listed_difference_is_a_better_verdict(built: Path) -> None:
    """What the page calls shown is time evidence at most, for which evtool was asked and the page was not."""
    for name, exit_code in DIFFERENCES["exit"].items():
        expect = json.loads((built / name / "expect.json").read_text("utf-8"))
        asked_for_more = set(expect.get("require", ())) == {"time"}
        assert exit_code != 0 or (asked_for_more and expect["exit"] == 3), name


def test_the_page_reads_signatures_and_containers_as_evtool_does(tmp_path: Path) -> None:
    signatures = {path.stem: read_signature(path) for path in sorted(SIGNATURES.glob("*.txt"))}
    containers = {}
    jobs = [signature_job(vector.armored, vector.message) for vector in signatures.values()]
    for path in sorted(ZIPS.glob("*.txt")):
        header, _, body = path.read_text("utf-8").partition("\n\n")
        containers[path.stem] = header.splitlines()[0].removeprefix("expect: ").replace("_", "-")
        (tmp_path / path.stem).write_bytes(base64.b64decode(body))
        jobs.append({"kind": "zip", "path": str(tmp_path / path.stem)})
    answers = run_page(jobs)

    wanted = {**{name: vector.expect for name, vector in signatures.items()}, **containers}
    found = dict(zip([*signatures, *containers], answers, strict=True))
    assert len(found) == len(signatures) + len(containers) > 180
    assert {name: (found[name], expect) for name, expect in wanted.items() if found[name] != expect} == {}


def comparable(report: Job) -> dict[str, Any]:
    """What two reports have to agree on: everything but words and time evidence."""
    findings = sorted({(label(finding), finding["effect"]) for finding in report["findings"]})
    names = ("exit_code", "axes", "collection", "head", "sealed", "items", "evidence", "partial", "handling", "signers")
    return {"findings": findings, **{name: report[name] for name in names}, "consent": report["consent_summary"]}


def test_the_page_agrees_on_every_changed_bundle(packed: Path, tmp_path: Path) -> None:
    bags: dict[str, Path] = {}
    for path in sorted(BAGS.glob("*.toml")):
        bags[path.stem] = tmp_path / path.stem
        shutil.copytree(packed, bags[path.stem])
        for change in load(path).changes:
            apply(bags[path.stem], change)
    trusted = [SIGNER.public_key.fingerprint]
    jobs = [
        {"kind": "verify", "path": str(bag), "fingerprints": trusted, "now": WRITTEN.isoformat()}
        for bag in bags.values()
    ]
    answers = run_page([{**job, "head": None} for job in jobs])

    wrong: dict[str, object] = {}
    for (name, bag), answer in zip(bags.items(), answers, strict=True):
        try:
            report = verify_it(bag, now=WRITTEN)
        except InputError:
            if answer["exit_code"] not in (1, 4):  # evtool says that there is no bundle, with exit code 4
                wrong[name] = (answer["exit_code"], 4)
            continue
        document = to_json(directory_report("", report, None))
        mine, theirs = comparable(answer), comparable(document)
        if mine != theirs:
            wrong[name] = {key: (mine[key], theirs[key]) for key in mine if mine[key] != theirs[key]}
    assert wrong == {}
