"""Makes every vector of a folder anew: python tests/vectors/timestamp/make_vectors.py [FOLDER].

Keys are fresh on every run and never kept, so each run makes other bytes of the same scenarios. Needs `openssl` and
`faketime`. The script asks evtool nothing: what is expected stands in the scenarios below. It asks openssl about each,
and stops where openssl's answer differs from what is expected without a reason being given.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[3]), str(Path(__file__).parents[2])]

from tests.timestamp.scenarios import all_scenarios  # noqa: E402  # the folders above are on the path only now
from tests.timestamp.vector import Vector, VectorAnchor, ask_openssl  # noqa: E402
from tests.timestamp.workshop import Workshop  # noqa: E402

_OPTIONAL = ("request", "certificates", "crls", "ocsp_answers", "existed_by", "require_revocation", "sunsets", "pad_to")


def _value(value: object) -> str:
    match value:
        case bytes():
            return '"""\\\n' + base64.encodebytes(value).decode("ascii") + '"""'
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case list() | tuple():
            return "[" + ", ".join(_value(item) for item in value) + "]"
        case VectorAnchor():
            fields = {"file": value.file, "use_from": value.use_from, "use_until": value.use_until}
            shown = [f"{name} = {_value(item)}" for name, item in fields.items() if item]
            shown += [f"policies = {_value(list(value.policies))}"] if value.policies else []
            return "{ " + ", ".join(shown) + " }"
        case _:
            return str(value).replace("+00:00", "Z").replace(" ", "T")


def _lines(vector: Vector) -> Iterator[str]:
    for name in ("expect", "reason", "comment", "openssl", "openssl_differs", "now"):
        if value := getattr(vector, name):
            yield f"{name} = {_value(value)}"
    yield "anchors = [" + ", ".join(_value(anchor) for anchor in vector.anchors) + "]"
    for name in ("cautions", *_OPTIONAL):
        if value := getattr(vector, name):
            yield f"{name} = {_value(value)}"
    yield f"data = {_value(vector.data)}"
    yield f"response = {_value(vector.response)}"
    if vector.facts:
        yield "\n[facts]"
        for name, value in vector.facts.items():
            yield f"{name} = {_value(value)}"


def _judge_with_openssl(vector: Vector, folder: Path) -> Vector:
    accepted = ask_openssl(vector, folder)
    if accepted == (vector.expect == "passed"):
        differs = ""
    elif vector.openssl_differs:
        differs = vector.openssl_differs
    else:
        verdict = "accepts" if accepted else "rejects"
        raise SystemExit(f"{vector.name}: openssl {verdict} it, and no reason is given")
    return replace(vector, openssl="accepts" if accepted else "rejects", openssl_differs=differs)


def make_vectors(folder: Path) -> int:
    """Write certificates and vectors into a folder, in place of those there; gives their number."""
    (folder / "certificates").mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("*.toml"), *folder.glob("certificates/*.pem")):
        old.unlink()
    with tempfile.TemporaryDirectory() as scratch:
        workshop = Workshop(Path(scratch))
        for name, pem in workshop.anchors.items():
            (folder / "certificates" / name).write_bytes(pem)
        number = 0
        for vector in all_scenarios(workshop):
            judged = _judge_with_openssl(vector, folder)
            (folder / f"{vector.name}.toml").write_text("\n".join(_lines(judged)) + "\n", "utf-8")
            number += 1
    return number


if __name__ == "__main__":
    print(make_vectors(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent), "vectors made")
