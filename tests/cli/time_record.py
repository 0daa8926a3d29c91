"""Shorthand for stories of trusted time: authorities, records of 2025, and what a report says of their stamps."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from tests.cli.custody import Party
from tests.conftest import RunResult
from tests.timestamp.openssl_authority import OpensslAuthority

OLD = "2025-03-01 12:00:00"
"""The time of the stamps of 2025."""


def trust(party: Party, authority: OpensslAuthority) -> None:
    party.ok("trust", "tsa", "add", authority.directory / "root.pem", "--name", "국가 시점확인 기관")


def report(result: RunResult) -> dict[str, Any]:
    document: dict[str, Any] = result.document["reports"][0]
    return document


def stamps(result: RunResult) -> list[tuple[int, str, str]]:
    return [(stamp["entry"], stamp["state"], stamp["reason"]) for stamp in report(result)["timestamps"]]


def finding(result: RunResult, code: str) -> dict[str, Any]:
    (found,) = [finding for finding in report(result)["findings"] if finding["code"] == code]
    return dict(found)


def answer_offline(party: Party, case: Path, authority: OpensslAuthority, at: str | None = None, *more: str) -> None:
    """Request on one machine, answer on another, import."""
    request, response = case.with_name("out.tsq"), case.with_name("in.tsr")
    request.unlink(missing_ok=True)
    party.ok("timestamp", case, "--request", request, *more)
    response.write_bytes(authority.reply(request.read_bytes(), at))
    party.ok("timestamp", case, "--import", response)


def in_2025(party: Party, *arguments: str | Path, at: str = "2025-03-01 11:59:30") -> None:
    """Run evtool on a computer whose clock stands in 2025."""
    command = ["faketime", "-f", at, *party.run.command(*arguments)]
    subprocess.run(command, cwd=party.run.directory, env=party.run.environment, check=True, capture_output=True)


def token_of(case: Path) -> Path:
    """The time-stamp of its seal, which the later entry lists."""
    token = case / "custody" / "0001-sealed.toml.sig.offline.tsr"
    assert token.name in (case / "custody" / "0002-accessed.toml").read_text()
    return token


def verify_at(party: Party, case: Path, at: str) -> tuple[int, list[tuple[int, str, str]]]:
    """Verify with required time on a computer whose clock stands elsewhere."""
    command = ["faketime", "-f", at, *party.run.command("verify", case, "--require", "time", "--json")]
    run = subprocess.run(
        command, cwd=party.run.directory, env=party.run.environment, check=False, capture_output=True, text=True
    )
    return run.returncode, stamps(RunResult(run.returncode, run.stdout, run.stderr))
