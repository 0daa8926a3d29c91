"""The command that repeats a verification."""

from __future__ import annotations

from evtool.report.account import Account


def verify_command(account: Account) -> str:
    """Give the command that repeats it; PATH and the file `trusted_keys` are for its reader to name."""
    asked = account.asked
    options = [f"--signer {key}" for key in asked.trust.fingerprints] or ["--trust trusted_keys"]
    options += [f"--require {axis.value}" for axis in asked.required if axis.value in ("time", "consent")]
    options += ["--require whole"] if asked.whole else []
    options += [f"--require signers={asked.min_signers}"] if asked.min_signers > 1 else []
    options += [f"--expect-head {account.report.head}"] if account.report.head else []
    return " ".join(["evtool verify PATH", *options])
