"""Seals `examples/sealed` again, after a change of the format or of the texts that evtool writes.

    python seal_example.py

The evidence is a copy of `examples/interview-0042`. The key is made for this one signature and thrown away with its
folder; only its public half stays, in `examples/trusted_keys`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
REASON = "example of a sealed directory"


def main() -> None:
    """Seal a fresh copy, and put it and its public key in the place of the old ones."""
    with tempfile.TemporaryDirectory() as home:
        evidence = Path(home) / "sealed"
        shutil.copytree(EXAMPLES / "interview-0042", evidence)
        environment = os.environ | {"EVTOOL_HOME": str(Path(home) / "evtool")}
        for arguments in (
            ["key", "new", "EXAMPLE-1", "--no-passphrase"],
            ["seal", str(evidence), "--reason", REASON],
        ):
            subprocess.run([sys.executable, "-m", "evtool", *arguments], env=environment, check=True)
        shutil.rmtree(EXAMPLES / "sealed")
        shutil.copytree(evidence, EXAMPLES / "sealed")
        shutil.copy(evidence / "custody" / "allowed_signers", EXAMPLES / "trusted_keys")


if __name__ == "__main__":
    main()
