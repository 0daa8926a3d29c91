"""The script of the page, run by Node on many things at once."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "evtool" / "web" / "check.html"

Job = dict[str, Any]


def run_page(jobs: list[Job]) -> list[Any]:
    """Answer all jobs in one process; what a job is, `agree.mjs` says."""
    node = shutil.which("node")
    assert node is not None, "node is not there: the tests of the page need Debian's nodejs"
    command = [node, str(HERE / "agree.mjs"), str(PAGE)]
    run = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, check=False, timeout=600)
    assert run.returncode == 0, run.stderr[-2000:]
    answers: list[Any] = json.loads(run.stdout)
    assert len(answers) == len(jobs)
    return answers


def signature_job(armored: bytes, message: bytes) -> Job:
    """Ask for one signature."""
    texts = {"armored": armored, "message": message}
    return {"kind": "signature", **{name: base64.b64encode(data).decode() for name, data in texts.items()}}


def label(finding: Job) -> str:
    """What a vector calls a finding: its code, and the first of item, entry and path that it has."""
    about = next((name for name in ("item", "entry", "path") if finding[name] is not None), None)
    code: str = finding["code"]
    if about is None:
        return code
    return f"{code} {finding[about]}" if about == "path" else f"{code} {about} {finding[about]}"


def labels(report: Job, *unsaid: str) -> list[str]:
    """Give what a report says, but for some codes."""
    return sorted({label(finding) for finding in report["findings"] if finding["code"] not in unsaid})
