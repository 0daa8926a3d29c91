"""Made entries: one of each event, as it has to be or with one thing about it changed."""

from __future__ import annotations

import random

DIGEST = f'"{"ab" * 32}"'
TERMS = """'{"consent":{"status":"withdrawn"}}'"""
TABLES = {
    "collected": {"source": '"B07"', "place": '"town"', "method": '"by hand"'},
    "received": {"sender": '"B07"', "acceptance": '"partial"', "transfer": DIGEST, "accepted": '["1-3"]'},
    "sealed": {"first_item": "1", "items": "2", "lines": "4", "root": DIGEST, "checksums": DIGEST}
    | {"exclude": '["*.tmp"]', "allowed": '["special"]'},
    "verified": {},
    "accessed": {"place": '"town"'},
    "copied": {"carrier": '"disk 2"', "place": '"town"'},
    "transferred": {"recipient": '"B07"', "authority": '"order 3"', "purpose": '"court"', "carrier": '"disk 2"'},
    "disclosed": {"recipient": '"B07"', "authority": '"order 3"', "purpose": '"court"'}
    | {"approved_by": '"C01"', "list": DIGEST},
    "derived": {"original": "1", "copy": "2", "method": '"redacted"'},
    "consent-changed": {"terms": TERMS},
    "countersigned": {"entry": "1", "head": DIGEST},
    "admitted": {"agent": '"C01"', "key": f'"SHA256:{"B" * 43}"', "role": '"beside"'},
    "renewed": {"algorithm": '"blake2b"', "files": "3", "list": DIGEST, "list_renewed": f'"{"cd" * 64}"'},
    "corrected": {"entry": "1", "head": DIGEST, "correction": '"the third"'},
    "incident": {"description": '"it fell"', "place": '"town"'},
    "disposed": {"authority": '"order 3"', "method": '"returned"'},
}
HEADER = {
    "format": '"evtool-custody/1"',
    "collection": f'"{"0f" * 16}"',
    "sequence": "2",
    "event": "",
    "happened_at": "2026-03-01 14:30:00+09:00",
    "recorded_at": "2026-03-01T14:30:00.5Z",
    "clock": '"claimed"',
    "agent": '"A03"',
    "key": f'"SHA256:{"A" * 43}"',
    "reason": '"test"',
    "tool": '"evtool"',
    "items": '["1", "3-5"]',
}
FIXITY = {"scope": '"full"', "items": "9", "checked": "7", "ok": "4", "changed": "1", "missing": "1"}
FIXITY |= {"unreadable": "1", "extra": "0", "withheld": "2"}

VALUES = ["true", "1.0", "-1", "0", "1", "2", "8", "0x1", "9007199254740991", "9007199254740992", "1979-05-27"]
VALUES += ["2026-03-01 14:30:00", '""', "'B07'", '"x y/z"', '"é"', '"\\u0041"', '"a\\nb"', '"partial"', '"sample"']
VALUES += [
    "[]",
    "[1]",
    '["a"]',
    '["1"]',
    '["1", "2"]',
    '["3-1"]',
    '["1-9007199254740992"]',
    '["\\u2028"]',
    DIGEST.upper(),
]
VALUES += [f'"{"x" * 1000}"', f'"{"x" * 1001}"', '"""x"""', "'''x'''", '"a" # "b', "{}", "{ a = 1 }", "[[1]]", "@", "T"]
LINES = [
    "",
    " ",
    "# it's",
    "\t# x\r",
    "[x]",
    "[[x]]",
    "a.b = 1",
    '"a b" = 1',
    "[previous.timestamps]",
    '"a.tsr" = ' + DIGEST,
]
LINES += [
    "]",
    ",",
    "x",
    '"x"',
    "= 1",
    '"""',
    "'''",
    "'a' = \"b\"",
    f"{'k' * 129} = 1",
    "[ x . y ]",
    "[x.y.z]",
    "\x00",
    "é = 1",
]


def make_entry(rng: random.Random) -> tuple[bytes, str]:
    """Write an entry; tell what was done to it."""
    event = rng.choice(sorted(TABLES))
    optional = rng.random() < 0.5
    tables = {"": HEADER | {"event": f'"{event}"'}, "previous": {"entry": DIGEST, "signature": DIGEST}}
    tables |= {event: dict(TABLES[event]), "fixity": dict(FIXITY), "informational": {'"README.txt"': DIGEST}}
    if event in ("admitted", "disclosed") or optional:
        del tables[""]["items"]
    done = rng.choice(["nothing", "a field is gone", "a field has another value", "a line is added", "a table is gone"])
    name = rng.choice(sorted(name for name in tables if tables[name]))
    field = rng.choice(sorted(tables[name]))
    if done == "a field is gone":
        del tables[name][field]
    if done == "a field has another value" and field != "terms":  # whose words the second verifier does not judge
        tables[name][field] = rng.choice(VALUES)
    if done == "a table is gone" and name:
        del tables[name]
    lines = [f"{key} = {value}" for key, value in tables.pop("").items()]
    for title, table in tables.items():
        lines += [f"[{title}]", *(f"{key} = {value}" for key, value in table.items())]
    if done == "a line is added":
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(LINES))
    return "".join(f"{line}\n" for line in lines).encode(), f"{event}: {done}: {name}.{field}"
