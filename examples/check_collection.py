"""Verifies one sealed directory through the Python interface and prints what a repository would store about it.

    python check_collection.py DIRECTORY TRUST_FILE

Exits as `evtool verify` does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import evtool


def main(directory: str, trust_file: str) -> int:
    """Verify, print a summary as JSON, and give the exit code."""
    trust = evtool.load_trust(Path(trust_file))
    try:
        report = evtool.verify(directory, evtool.VerifyOptions(trust=trust))
    except evtool.EvtoolError as error:
        print(f"{error.message} ({error.hint})", file=sys.stderr)
        return int(error.exit_code)
    summary = {
        "verified": report.ok,
        "collection": report.collection,
        "head": report.head,
        "items": report.sealed,
        "as_sealed": report.items.ok,
        "signed_by": sorted({signer.agent for signer in report.signers if signer.trusted}),
        "to_look_at": sorted({finding.code.value for finding in report.findings}),
    }
    print(json.dumps(summary, indent=2))
    return int(report.exit_code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
