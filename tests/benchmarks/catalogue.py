"""Measures a large catalogue: `python -m tests.benchmarks.catalogue --work FOLDER [--items 1000000]`.

Fills the tables of a catalogue that holds titles, with 100 items to a collection, two copies of each bundle and terms
as they are in life; one item in a hundred lies in another collection, too. Then whole commands are timed, with their
start.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from evtool.store.catalogue.database import Catalogue, Names, make_catalogue, open_catalogue
from tests.benchmarks import peers

IN_COLLECTION = 100
WORDS = (
    "증언",
    "수용소",
    "강제송환",
    "사진",
    "영상",
    "녹취",
    "회령",
    "온성",
    "청진",
    "구술",
    "편지",
    "명단",
    "판결문",
    "지도",
)
RARE = "요덕"
KINDS = ("interview", "photograph", "document", "video")
STATUSES = ("given", "given", "given", "not-required", "withdrawn", "refused")
HOUR = "2026-11-{:02d}T09:00:00Z"

BARS = {"find --text": 1.5, "duplicates": 2.0, "due": 0.5, "start": 0.3}


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the catalogue")
    parser.add_argument("--items", type=int, default=1_000_000, help="how many items there are")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each command")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    options.work.mkdir(parents=True, exist_ok=True)
    path = options.work / f"large-{options.items}.cat"
    if not path.exists():
        make_catalogue(path, Names.TITLES)
        with open_catalogue(path) as catalogue:
            fill(catalogue, options.items)
    environment = os.environ | peers.make_home(options.work / "home")
    commands = {
        "find --text": ("find", str(path), "--text", RARE, "--json"),
        "duplicates": ("duplicates", str(path), "--json"),
        "due": ("due", str(path), "--json"),
        "start": ("list", str(path), "--from", "nobody"),
    }
    print(
        f"{options.items:,} items, {path.stat().st_size / 1e6:,.0f} MB, median of {options.runs} runs, start included"
    )
    for name, arguments in commands.items():
        runs = [run(arguments, environment) for _ in range(options.runs + 1)][1:]
        wall, processor = (statistics.median(each) for each in zip(*runs, strict=True))
        verdict = "" if wall <= BARS[name] else "MISSED"
        print(f"{name:12} {wall:6.2f} s, processor {processor:6.2f} s  (at most {BARS[name]:.1f}) {verdict}")


def run(arguments: Sequence[str], environment: dict[str, str]) -> tuple[float, float]:
    """Run a command of `evtool catalogue`; give its seconds, and those of processor time."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*peers.EVTOOL, "catalogue", *arguments], env=environment, capture_output=True, check=False)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 3) or not done.stdout:
        raise SystemExit(done.stderr.decode())
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def fill(catalogue: Catalogue, items: int) -> None:
    """Fill the tables."""
    rng = random.Random(16)
    collections = items // IN_COLLECTION
    with catalogue.write() as connection:
        fill_terms(connection)
        connection.execute("INSERT INTO location(code, kind, root, cycle_days) VALUES('vault-1', 'disk', '/srv/1', 30)")
        connection.execute(
            "INSERT INTO location(code, kind, root, cycle_days) VALUES('safe', 'offline', '/srv/2', 365)"
        )
        for number in range(1, collections + 1):
            fill_collection(connection, rng, number, collections)
    with catalogue.read() as connection:
        assert connection.execute("SELECT COUNT(*) FROM item").fetchone() == (items,)


def fill_terms(connection: sqlite3.Connection) -> None:
    """Terms with 300 different ends and reviews, over ten years."""
    for number in range(1, 301):
        day = date(2026, 11, 1) + timedelta(days=number * 12)
        row = (number, f"{number}", "named", STATUSES[number % 6], f"{day}", f"{day - timedelta(days=200)}")
        connection.execute(
            "INSERT INTO terms(id, known, text, handling, status, until, review) VALUES(?, 'stated', ?, ?, ?, ?, ?)",
            row,
        )


def fill_collection(connection: sqlite3.Connection, rng: random.Random, number: int, collections: int) -> None:
    """One collection: five entries, a hundred items, what came in, two copies."""
    uid = hashlib.sha256(b"%d" % number).hexdigest()[:32]
    insert(connection, "collection", id=number, uid=uid, sender=f"ngo-{number % 40}", first_seen=HOUR.format(1))
    digests = [hashlib.sha256(f"{uid} {entry}".encode()).hexdigest() for entry in range(1, 6)]
    for entry, event in enumerate(("sealed", "consent-changed", "disclosed", "received", "accessed"), 1):
        insert(
            connection,
            "entry",
            collection=number,
            sequence=entry,
            digest=digests[entry - 1],
            signature=digests[entry - 1],
            previous=digests[entry - 2] if entry > 1 else None,
            event=event,
            agent="A1",
            key="SHA256:x",
            retired=0,
            happened=HOUR.format(entry),
            first_seen=HOUR.format(20),
            party="ohchr-dprk" if event == "disclosed" else None,
            answers=digests[2] if event == "received" and number % 10 else None,
        )
    terms = rng.randrange(1, 301)
    insert(connection, "basis", id=number, collection=number, terms=terms, entries=digests[0])
    connection.executemany(
        "INSERT INTO item(collection, number, sealed_by, type, size, digest, media, kind, title, words, disposed, "
        "sealed, basis) VALUES(?,?,1,'file',?,?,'image/jpeg',?,?,?,0,?,?)",
        item_rows(rng, number, collections, terms),
    )
    head, seen = digests[-1], datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=number % 28)
    insert(
        connection,
        "holding",
        id=number,
        collection=number,
        container="zip",
        sha256=head,
        bytes=10**8,
        head=head,
        sender=f"ngo-{number % 40}",
        name="b.zip",
        seen=f"{seen:%Y-%m-%dT%H:%M:%SZ}",
        state="accepted",
        exit_code=0,
        reasons="",
        findings="",
    )
    connection.execute("INSERT INTO holding_item VALUES(?, 1, ?)", (number, IN_COLLECTION))
    for location in ("vault-1", "safe"):
        insert(
            connection,
            "copy",
            holding=number,
            location=location,
            path=f"{uid}/{head}.zip",
            carrier=f"disk {number % 50}" if location == "safe" else None,
            next_item=1,
            last_proof=f"{seen:%Y-%m-%dT%H:%M:%SZ}",
            last_result="ok",
        )


def item_rows(rng: random.Random, number: int, collections: int, terms: int) -> Iterator[tuple[object, ...]]:
    """The items of a collection: a title of five words, one in ten thousand of them rare."""
    for item in range(1, IN_COLLECTION + 1):
        # One in a hundred is the same bytes as one of the next collection.
        name = f"shared {number // 2 * 2}" if item == 50 and number < collections else f"{number} {item}"
        words = [RARE if rng.random() < 0.0001 else rng.choice(WORDS) for _ in range(5)]
        digest = hashlib.sha256(name.encode()).digest()[:16]
        yield (
            *(number, item, rng.randrange(10**7), digest, rng.choice(KINDS)),
            *(" ".join(words), "".join(words), terms, number),
        )


def insert(connection: sqlite3.Connection, table: str, **values: object) -> None:
    """Write one row."""
    marks = ",".join("?" * len(values))
    connection.execute(f"INSERT INTO {table}({', '.join(values)}) VALUES({marks})", tuple(values.values()))


if __name__ == "__main__":
    main()
