"""The page against evtool on bundles that were changed at random.

    python -m tests.web.differential FOLDER FIRST COUNT    prints every mutation on which the two differ

The page must never say more than evtool: never 0, and never `shown`, where evtool does not; and it must accuse nobody
whom evtool does not accuse.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from evtool.core.errors import EvtoolError
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.verify import report_unreadable
from evtool.report.document import directory_report
from evtool.report.json_value import to_json
from tests.bundle.case import SIGNER, verify_it
from tests.manifests.test_vectors import WRITTEN
from tests.web.mutations import make_bundles, mutate
from tests.web.node_page import Job, labels, run_page

MOST_AT_ONCE = 200


def ask_evtool(path: Path) -> Job:
    """Give the report of evtool on a bundle; one that it refuses to open at all could not be checked."""
    try:
        report = verify_it(path, now=WRITTEN)
    except EvtoolError as error:
        report = report_unreadable(VerifyOptions(), error)
    return dict(to_json(directory_report("", report, None)))


def faults_of(page: Job, evtool: Job) -> list[str]:
    """Say where the page goes beyond evtool; nothing if it does not."""
    found = []
    for axis, state in evtool["axes"].items():
        said = page["axes"][axis]
        if said == "shown" != state or said == "failed" != state:
            found.append(f"{axis}: the page says {said}, evtool {state}")
    for code in (0, 1):
        if page["exit_code"] == code != evtool["exit_code"]:
            found.append(f"exit code: the page says {code}, evtool {evtool['exit_code']}")
    return found


def compare(folder: Path, first: int, count: int) -> dict[int, tuple[Any, ...]]:
    """Compare so many mutations; gives those on which the two differ, with what is a fault of the page."""
    bundles = [path.read_bytes() for path in make_bundles(folder)]
    different: dict[int, tuple[Any, ...]] = {}
    exits: Counter[int] = Counter()
    for start in range(first, first + count, MOST_AT_ONCE):
        paths = {}
        for seed in range(start, min(start + MOST_AT_ONCE, first + count)):
            paths[seed] = folder / f"{seed}.zip"
            paths[seed].write_bytes(mutate(seed, bundles[seed % len(bundles)]))
        asked = {
            "kind": "verify",
            "zip": True,
            "fingerprints": [SIGNER.public_key.fingerprint],
            "now": WRITTEN.isoformat(),
        }
        answers = run_page([{**asked, "path": str(path)} for path in paths.values()])
        for (seed, path), page in zip(paths.items(), answers, strict=True):
            evtool = ask_evtool(path)
            exits[evtool["exit_code"]] += 1
            mine, theirs = (page["exit_code"], labels(page)), (evtool["exit_code"], labels(evtool))
            if mine != theirs or page["axes"] != evtool["axes"]:
                different[seed] = (faults_of(page, evtool), mine, theirs)
            path.unlink()
    assert sum(exits.values()) == count
    assert exits[1] > count / 4, exits
    return different


def main() -> int:
    """Compare, and print the differences."""
    folder = Path(sys.argv[1])
    folder.mkdir()
    different = compare(folder, int(sys.argv[2]), int(sys.argv[3]))
    for seed, (faults, mine, theirs) in different.items():
        print(seed, "FAULT" if faults else "differs", *faults, "page", *mine, "evtool", *theirs)
    faults = sum(bool(found) for found, _, _ in different.values())
    print(f"{sys.argv[3]} mutations, {len(different)} on which the two differ, {faults} faults of the page")
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
