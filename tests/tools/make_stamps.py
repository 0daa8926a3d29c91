"""Makes the time evidence in tests/vectors/verify/stamps: python make_stamps.py

Its signatures are not deterministic, so this is run only when a vector is added; then everything is new, and so is
`built.sha256`. The tokens come from `tests/timestamp/mint.py`, under a root that exists for these vectors only.
"""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests" / "vectors" / "verify"
sys.path[:0] = [str(ROOT), str(VECTORS)]

import build_verify_vectors as vectors  # type: ignore[import-not-found]  # noqa: E402  # it lies beside the vectors

from evtool.core.timestamp.ots.format import serialize_proof  # noqa: E402
from evtool.core.timestamp.ots.proof import PendingAttestation, Timestamp  # noqa: E402
from evtool.core.timestamp.ots.stamp import Submission, build_proof  # noqa: E402
from tests.timestamp.mint import CertificateShape, Chain, Statement, make_chain  # noqa: E402
from tests.timestamp.workshop import Revoked, make_crl, make_request  # noqa: E402

SHAPE = CertificateShape(not_before=datetime(2024, 1, 1, tzinfo=UTC), not_after=datetime(2045, 1, 1, tzinfo=UTC))
STAMPS = VECTORS / "stamps"


def signature(recipe: str, entry: int) -> bytes:
    """The signature file of an entry as a recipe, or the base of most of them, makes it."""
    return bytes(vectors.Collection(vectors.read_recipe(recipe)).files[f"custody/{entry:04d}-sealed.toml.sig"])


def put(name: str, data: bytes) -> None:
    """Write one file, in hexadecimal."""
    text = data.hex()
    (STAMPS / f"{name}.hex").write_text("".join(f"{text[at : at + 120]}\n" for at in range(0, len(text), 120)))


def token(chain: Chain, data: bytes, at: str, *, forged: bool = False) -> bytes:
    """A token of 2026, of a day and hour such as `0303060000`."""
    envelope = replace(chain.envelope(), flip_signature=forged)
    return chain.respond(Statement(data=data, gen_time=f"2026{at}Z".encode()), envelope)


def main() -> None:
    """Make all of it."""
    chain, stranger = make_chain(signer_shape=SHAPE), make_chain(signer_shape=SHAPE, name="Stranger")
    (STAMPS / "roots.pem").write_bytes(chain.root.pem)
    first, second, third = (signature("time-shown", number) for number in (1, 2, 3))
    put("first", token(chain, first, "0301060000"))
    put("first-again", token(chain, first, "0301070000"))
    put("first-forged", token(chain, first, "0301060000", forged=True))
    put("first-late", token(chain, first, "0305060000"))
    put("second", token(chain, second, "0302060000"))
    put("third", token(chain, third, "0303060000"))
    put("third-early", token(chain, third, "0302060000"))
    put("third-forged", token(chain, third, "0303060000", forged=True))
    put("third-stranger", token(stranger, third, "0303060000"))
    put("other-request", make_request(data=b"another"))
    # An entry that lists a time-stamp is another entry than without, and so are those behind it.
    for name in ("shown-and-listed", "listed-and-forged", "stamps-contradict"):
        put(name, token(chain, signature(f"time-{name}", 3), "0303060000"))
    stolen = Revoked(
        chain.signer.certificate.serial_number, datetime(2026, 4, 1, tzinfo=UTC), x509.ReasonFlags.key_compromise
    )
    issued = datetime(2026, 5, 1, tzinfo=UTC)
    put("compromised", make_crl(chain.intermediate, issued, [stolen]))
    put("forged-list", make_crl(chain.intermediate, issued, signer=stranger.intermediate))
    submission = Submission(hashlib.sha256(third).digest(), bytes(16))
    promise = Timestamp((PendingAttestation("https://calendar.example"),))
    put("promise", serialize_proof(build_proof(submission, [promise])))
    for path in sorted(VECTORS.glob("time-renewal-*.toml")):
        renew(path)


def renew(path: Path) -> None:
    """Bring the digests in the recipe of a renewal up to date; one that is wrong on purpose is marked in its name."""
    recipe = vectors.read_recipe(path.stem)
    edits = {edit["file"]: edit for edit in recipe["after"] if "text" in edit}
    files = {name.removeprefix("custody/"): data for name, data in vectors.Collection(recipe).files.items()}
    files |= {
        edit["file"].removeprefix("custody/"): vectors.stamp(edit["stamp"])
        for edit in recipe["after"]
        if "stamp" in edit
    }
    old = edits["custody/0004-renewed.blake2b"]["text"]
    lines = []
    for line in old.splitlines():
        name = line.split("  ")[1]
        digest = hashlib.blake2b(files[name]).hexdigest()
        # The one wrong line of that vector differs from the right digest in its first digits.
        wrong = path.stem == "time-renewal-of-another-manifest" and name == "0002-sealed.jsonl"
        lines.append(f"{'0' * 16 + digest[16:] if wrong else digest}  {name}\n")
    new = "".join(lines)
    text = path.read_text("utf-8").replace(old, new)
    data = new.encode()
    for field, digest in (
        ("entry", hashlib.sha256(files["0003-sealed.toml"]).hexdigest()),
        ("signature", hashlib.sha256(files["0003-sealed.toml.sig"]).hexdigest()),
        ("list", hashlib.sha256(data).hexdigest()),
        ("list_renewed", hashlib.blake2b(data).hexdigest()),
        ("allowed_signers", hashlib.sha256(files["allowed_signers"]).hexdigest()),
    ):
        text = re.sub(rf'^{field} = "[0-9a-f]+"$', f'{field} = "{digest}"', text, flags=re.MULTILINE)
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
