"""Four programs on every vector, in one table: evtool, the second verifier, `check.py` and the page.

They share no code with each other. Where one of them says something else than evtool, `differences.toml` says so, with
the reason. None of them says more than evtool does, but of what it does not look at, and then it prints that it does
not. The page is run as it is shipped: Node takes the script out of `check.html`.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from evtool.core.errors import InputError
from evtool.report.document import directory_report
from evtool.report.json_value import to_json
from tests.bundle.case import SIGNER, verify_it
from tests.bundle.test_hostile_bags import VECTORS as BAGS
from tests.bundle.test_hostile_bags import apply, load, packed
from tests.core.test_sshsig import VECTORS as SIGNATURES
from tests.core.test_sshsig import read_vector as read_signature
from tests.keys.lists import parse_recipients
from tests.manifests.test_vectors import NAMES, WRITTEN, built, read_vector, second_opinion, second_verdict
from tests.web.asked_once import ask_ssh_keygen
from tests.web.node_page import Job, label, labels, run_page, signature_job
from tests.web.script_runner import run_script

__all__ = ["built", "packed", "second_opinion"]

HERE = Path(__file__).parent
ZIPS = HERE.parent / "vectors" / "bundle" / "zip"
KINDS = ("verify", "bag", "sshsig", "zip")
LISTED = tomllib.loads((HERE / "differences.toml").read_text("utf-8"))
NAMED = [
    (each["program"], kind, name, each)
    for each in LISTED["difference"]
    for kind in KINDS
    for name in each.get(kind, ())
]
DIFFERENT = {(program, kind, name): each for program, kind, name, each in NAMED}
UNSAID: list[str] = LISTED["unsaid"]["page"]
BETTER = {(0, 1), (0, 3), (0, 4), (3, 1), (3, 4)}
"""Exit codes of a program and of evtool where the program promises more."""
IN_EVERY_REPORT = ("no-timestamp", "no-consent", "no-witness", "witnessed")
TEXTS = tomllib.loads((HERE.parents[1] / "evtool/report/texts/web/en.toml").read_text("utf-8"))
NOTES = " ".join(TEXTS["note"].values())
"""What the page prints below every result of what it does not look at."""


class Answer(NamedTuple):
    """What a program says of a vector: an exit code or a word, the findings to compare, what it prints."""

    says: int | str
    findings: list[str] | None = None
    prints: str = ""


Table = dict[tuple[str, str], dict[str, Answer]]
"""By the kind and the name of a vector, what each program says of it."""


def verify_job(folder: Path, expect: Job) -> Job:
    """Ask the page for a vector of a sealed directory."""
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


def ask_about_records(built: Path, second: ModuleType) -> Table:
    """All four, on every sealed directory. What evtool says is in the vector, and `test_vectors` holds it to that."""
    expected = {name: json.loads((built / name / "expect.json").read_text("utf-8")) for name in NAMES}
    reports = run_page([verify_job(built / name, expect) for name, expect in expected.items()])
    table: Table = {}
    for (name, expect), report in zip(expected.items(), reports, strict=True):
        vector = read_vector(built / name)
        said = {"evtool": Answer(expect["exit"], sorted(expect["findings"]))}
        said["page"] = Answer(report["exit_code"], labels(report, *IN_EVERY_REPORT, *UNSAID), NOTES)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(subprocess, "run", ask_ssh_keygen)
            code, findings = second_verdict(second, vector, vector.expect_head)
        said["second"] = Answer(code, findings, second.NOT_JUDGED)
        code, printed = run_script(vector.evidence, vector.folder / "trust")
        said["script"] = Answer(code, None, printed.partition("Not checked by this script: ")[2])
        table["verify", name] = said
    return table


def ask_about_bags(packed: Path, folder: Path) -> Table:
    """evtool, the page and the script, on every changed bundle; the second verifier reads no bags."""
    bags = {path.stem: folder / path.stem for path in sorted(BAGS.glob("*.toml"))}
    for name, bag in bags.items():
        shutil.copytree(packed, bag)
        for change in load(BAGS / f"{name}.toml").changes:
            apply(bag, change)
    trust = folder.parent / "trust"
    trust.write_text(f"A1 {SIGNER.public_key.line}\n")
    asked = {"fingerprints": [SIGNER.public_key.fingerprint], "now": WRITTEN.isoformat(), "head": None}
    answers = run_page([{"kind": "verify", "path": str(bag), **asked} for bag in bags.values()])
    table: Table = {}
    for (name, bag), answer in zip(bags.items(), answers, strict=True):
        try:
            report = to_json(directory_report("", verify_it(bag, now=WRITTEN), None))
            said = {"evtool": Answer(report["exit_code"], comparable(report))}
            said["page"] = Answer(answer["exit_code"], comparable(answer), NOTES)
        except InputError:  # evtool says that there is no bundle, with exit code 4
            said = {"evtool": Answer(4), "page": Answer(answer["exit_code"], None, NOTES)}
        code, printed = run_script(bag, trust)
        said["script"] = Answer(code, None, printed.partition("Not checked by this script: ")[2])
        table["bag", name] = said
    return table


def comparable(report: Job) -> list[str]:
    """What two reports have to agree on: everything but words and time evidence."""
    findings = sorted({f"{label(finding)} {finding['effect']}" for finding in report["findings"]})
    names = ("axes", "collection", "head", "sealed", "items", "evidence", "partial", "handling", "signers")
    return [*findings, *(f"{name}: {report[name]}" for name in (*names, "consent_summary"))]


def ask_about_signatures_and_containers(second: ModuleType, folder: Path) -> Table:
    """evtool, the page, and of signatures the second verifier; the script asks ssh-keygen, and reads folders only."""
    signatures = {path.stem: read_signature(path) for path in sorted(SIGNATURES.glob("*.txt"))}
    jobs = [signature_job(vector.armored, vector.message) for vector in signatures.values()]
    table: Table = {}
    find_signer = sys.modules[second.with_lf.__module__].find_signer
    for name, vector in signatures.items():
        try:
            second_says = "success" if find_signer(vector.armored, vector.message) else "signature failure"
        except (ValueError, IndexError):
            second_says = "format failure"
        said = {"evtool": Answer(vector.expect), "second": Answer(second_says, None, second.NOT_JUDGED)}
        table["sshsig", name] = said
    for path in sorted(ZIPS.glob("*.txt")):
        header, _, body = path.read_text("utf-8").partition("\n\n")
        (folder / path.stem).write_bytes(base64.b64decode(body))
        jobs.append({"kind": "zip", "path": str(folder / path.stem)})
        expect = header.splitlines()[0].removeprefix("expect: ").replace("_", "-")
        table["zip", path.stem] = {"evtool": Answer(expect)}
    for said, answer in zip(table.values(), run_page(jobs), strict=True):
        said["page"] = Answer(answer)
    return table


def wanted(program: str, kind: str, name: str, evtool: Answer, said: Answer) -> Answer:
    """What a program has to say: what evtool says, or what stands in the list of differences."""
    listed = DIFFERENT.get((program, kind, name), {})
    findings = evtool.findings
    if said.findings is None or "findings" in listed:
        findings = said.findings if said.findings is None else listed["findings"]
    elif program == "page" and findings is not None:
        findings = [each for each in findings if each.split(" ")[0] not in UNSAID]
    elif program == "second" and findings is not None:
        findings = [each for each in findings if " item " in each or each.split(" ")[0] == "extra"]
    return Answer(listed.get("says", evtool.says), findings, said.prints)


def find_disagreements(table: Table) -> dict[tuple[str, str, str], object]:
    """What no list explains: what a program says, and what it has to say."""
    wrong: dict[tuple[str, str, str], object] = {}
    for (kind, name), said in table.items():
        for program in said.keys() - {"evtool"}:
            expected = wanted(program, kind, name, said["evtool"], said[program])
            if said[program] != expected:
                wrong[program, kind, name] = said[program][:2], expected[:2]
    return wrong


def find_faults(table: Table) -> list[tuple[str, ...]]:
    """Where a program accuses, or says more than evtool of what it does not print that it leaves out."""
    faults: list[tuple[str, ...]] = []
    for (kind, name), said in table.items():
        evtool = said["evtool"].says
        for program, answer in said.items():
            if answer.says == 1 != evtool:
                faults.append(("accuses", program, kind, name))
            if (answer.says, evtool) in BETTER or answer.says == "success" != evtool:
                words = DIFFERENT.get((program, kind, name), {}).get("unchecked", ())
                if not words or not all(word in answer.prints for word in words):
                    faults.append(("says more", program, kind, name))
    return faults


def find_idle_entries(table: Table) -> list[tuple[str, ...]]:
    """What stands twice in the list, has no reason, or is no difference."""
    idle: list[tuple[str, ...]] = []
    for program, kind, name, each in NAMED:
        said = table[kind, name]
        is_one = said[program].says == each["says"] != said["evtool"].says and each["reason"].endswith(".")
        if not is_one or DIFFERENT[program, kind, name] is not each:
            idle.append((program, kind, name))
    return idle


def test_four_programs_on_every_vector(built: Path, packed: Path, second_opinion: ModuleType, tmp_path: Path) -> None:
    """One table, one list of differences; and without a list of keys check.py shows of no good record who signed."""
    table = ask_about_records(built, second_opinion)
    table |= ask_about_bags(packed, tmp_path / "bags")
    table |= ask_about_signatures_and_containers(second_opinion, tmp_path)
    counts = Counter(kind for kind, _ in table)
    assert {kind: counts[kind] > 60 for kind in KINDS} == dict.fromkeys(KINDS, True)
    assert find_disagreements(table) == {}
    assert find_faults(table) == []
    assert find_idle_entries(table) == []
    good = [name for (kind, name), said in table.items() if kind == "verify" and said["evtool"].says == 0]
    unsigned = {name: run_script(built / name / "evidence")[0] for name in good}
    assert {
        name: code for name, code in unsigned.items() if code not in (3, table["verify", name]["script"].says)
    } == {}
