"""A stranger with a key: a generator of signed records whose contents are extreme, or contradict each other.

`python -m tests.attacks.stranger ROUNDS [SEED]` runs the commands of `COMMANDS` on so many records, and tells what took
longest and most. The bound that each run has to keep, beyond a fixed part, is a multiple of what lies on the disk:
`allowed_seconds` and `allowed_memory`. Each run is a fork of a process that has imported evtool, and is measured by
itself: what the system counts for that fork is its processor time, and its memory with all that it shares.

A record of which every part is broken is refused at its first part, so rounds have a temper: in some nothing is broken,
only extreme, and those reach what lies behind all refusals.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

from evtool.cli.app import main
from evtool.cli.screen import COMMANDS as PROGRAM
from tests.attacks.forge import Key, Record, content, name, sha256, statement

MIB = 1 << 20
A1, B7 = Key("A1"), Key("B7")
HUGE = 2**53 - 1
_DISPROVES = b'"effect": "disproves"'
_ITEM = re.compile(rb'"item":([0-9]{1,9})[,}]')
_T = TypeVar("_T")

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("verify", "EV", "--trust", "TRUST", "--json"),
    ("show", "EV"),
    ("log", "EV", "--json"),
    ("due", "EV"),
    ("consent", "show", "EV", "--json"),
    ("consent", "check", "EV", "--to", "B7", "--for", "research", "--trust", "TRUST", "--json"),
    ("consent", "recall", "EV", "--json"),
    ("pack", "EV", "-o", "OUT.zip", "--trust", "TRUST", "--to", "B7", "--for", "research", "--authority", "x"),
    ("verify", "BAG.zip", "--trust", "TRUST", "--json"),
    ("unpack", "BAG.zip", "-o", "UNPACKED"),
    ("verify", "BAG", "--trust", "TRUST", "--json"),
    ("unpack", "BAG", "-o", "UNPACKED-FOLDER"),
)


READERS = [command for command in COMMANDS if command[0] in ("show", "log", "due", "consent")]
"""Commands that read the record and little else; each round runs two of them."""

_RECIPIENTS = """
format = "evtool-recipients/1"
[recipient.B7]
kinds = ["ngo", "research"]
purposes = ["research"]
agreements = []
"""


def allowed_seconds(on_disk: int) -> float:
    """Give the seconds that a run may take: 10, and one for each MiB that lies on the disk."""
    return 10 + on_disk / MIB


def allowed_memory(on_disk: int) -> int:
    """Give the bytes that a run may hold: 256 MiB, and 16 for each byte that lies on the disk."""
    return 256 * MIB + 16 * on_disk


@dataclass(frozen=True)
class Run:
    """What one command did on one record."""

    command: tuple[str, ...]
    code: int
    seconds: float
    memory: int
    output: bytes
    on_disk: int

    @property
    def faults(self) -> list[str]:
        """Say what is wrong with it; empty where nothing is."""
        found = []
        if self.seconds > allowed_seconds(self.on_disk):
            found.append(f"{self.seconds:.1f} s")
        if self.memory > allowed_memory(self.on_disk):
            found.append(f"{self.memory >> 20} MiB")
        if b"Traceback (most recent" in self.output or b"internal error" in self.output:
            found.append(self.output[-600:].decode("utf-8", "replace"))
        # A stranger's record can contradict itself, and exit 1 then says how; without a word it is Python's own.
        if self.code not in (0, 1, 2, 3, 4, 5) or (self.code == 1 and not self.output.strip()):
            found.append(f"exit code {self.code}")
        if (
            self.code == 1
            and "--json" in self.command
            and self.command[0] == "verify"
            and _DISPROVES not in self.output
        ):
            found.append("exit code 1, and nothing is disproven")
        return found


class Stranger:
    """Builds one record out of several extreme parts."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)  # no secret: the same seed has to build the same record
        self.evidence = folder / "ev"
        self.evidence.mkdir()
        self.record = Record(self.evidence / "custody", A1)
        self.heads: list[tuple[int, str]] = []
        """Numbers and heads of the seals."""
        self.items = 0
        self.temper = self.random.choice([0.0, 0.0, 0.05, 0.5])
        """How often a part is broken, instead of extreme."""
        self.parts = [f"temper {self.temper}"]

    def build(self) -> None:
        """Build a record: one seal, then entries of any kind, sometimes seals between them, files beside them."""
        self._seal()
        kinds: list[Callable[[], None]] = [self._consent, self._handover, self._accessed, self._disposed, self._strange]
        kinds += [self._correction, self._seal, self._many_changes, self._ranges, self._beside, self._claims]
        kinds += [self._disclosure]
        for kind in self.random.choices(kinds, k=self.random.randint(1, 6)):
            self.parts.append(kind.__name__)
            kind()

    def _pick(self, sound: Sequence[_T], broken: Sequence[_T]) -> _T:
        """Choose what can be read, however extreme, or what no reader may take, as the temper of the round has it."""
        return self.random.choice(broken if self.random.random() < self.temper else sound)

    def _number(self) -> int:
        return self._pick([1, 2, self.items], [self.items + 1, 10**6, 10**15, HUGE, HUGE + 1, 0])

    def _range(self) -> list[str]:
        many = self.random.random() < 0.2  # such lists take most of the time of a round
        last = max(self.items, 2)
        sound: list[list[str]] = [["1"], [f"1-{last}"], [f"2-{last}"] if last > 2 else ["2"], []]
        if many:
            sound = [[str(number) for number in range(1, min(last, 9000), 2)]]
        broken = [["2", "1"], [f"1-{HUGE * 10}"], [f"1-{HUGE}"]]
        if many:
            broken = [[str(number) for number in range(1, 9000, 2)]]
            broken += [[f"{first}-{first + 1}" for first in range(1, 9_000, 3)]]
        return self._pick(sound, broken)

    def _path(self, number: int) -> str:
        pick = self.random.randrange(60) if self.random.random() < 2 * self.temper else 60
        if pick == 0:
            return f"{number:06d}" + "/d" * self.random.choice([50, 2_000, 15_000])
        if pick == 1:
            return f"{number:06d}" + "a" * self.random.choice([200, 240, 5_000, 60_000])
        return f"{number:06d}{self.random.choice(['.txt', '.txt', '김철수', chr(0x202E), ' ', '..', ':x'])}"

    def _seal(self) -> None:
        first, count = self.items + 1, self.random.choices([1, 3, 130, 700], [4, 4, 2, 1])[0]
        lines: list[bytes] = []
        listed: list[str] = []
        for number in range(first, first + count):
            data, path = b"%d" % number, self._path(number)
            claimed = self._pick([None], [None] * 50 + [HUGE, 0])
            more = self._more(number)
            follow = [json.loads(line)["kind"] for line in more]
            lines += [content(number, data, claimed, follow), name(number, path), *more]
            listed.append(f"{sha256(data)}  {path}\n")
            if len(path) < 200 and "/" not in path and self.random.random() < 1 - self.temper / 10:
                file = self.evidence / path
                file.write_bytes(data)
                if self.random.random() < 0.005 * (self.temper > 0):
                    os.truncate(file, self.random.choice([10**12, 10**7]))
        claims: dict[str, int] = {}
        if self.random.random() < 0.1 * (self.temper > 0):
            claims = {self.random.choice(["items", "lines", "first_item"]): self._number()}
        slow = [["*" + "a" * 110 + f"?b{k}" for k in range(64)], ["*/" * 120 + "x"]]
        exclude = self._pick(slow, [["a"] * 65, ["*?" * 128] * 64]) if self.random.random() < 0.3 else []
        head = self.record.seal(lines, first, count, listed="".join(listed), claims=claims, exclude=exclude)
        self.heads.append((self.record.sequence, head))
        if self.random.random() < 0.3 * self.temper:
            self._withhold(lines)
        self.items += count

    def _withhold(self, lines: list[bytes]) -> None:
        """Replace lines by hashes, true or made up, each for itself."""
        size = self.random.choice([1, 2, 1 << 40, 1 << 52])
        some = [statement(hash=sha256(b"\0" + line), kind="withheld", lines=1) for line in lines]
        wrong = [statement(hash="00" * 32, kind="withheld", lines=size)] * self.random.choice([1, 1000, 50_000])
        chosen = self.random.choice([some, wrong, [*lines[:-1], *wrong], [*wrong, *lines]])
        path = self.record.folder / f"{self.record.sequence:04d}-sealed.jsonl"
        path.write_bytes(b"".join(line + b"\n" for line in chosen))

    def _more(self, item: int) -> list[bytes]:
        pick = self.random.randrange(120)
        if pick == 0:
            count, size = self._pick([(128, 4000), (5, 4000), (5, 4000)], [(129, 10)])
            fields = (f"x-{number:05d}" for number in range(count))
            return [statement(field=field, item=item, kind="context", value="v" * size) for field in fields]
        if pick < 50:
            consent = {"conditions": sorted({f"x-{self.random.randrange(10**6)}" for _ in range(60)})}
            return [statement(consent=consent, handling="named", item=item, kind="consent")]
        if pick == 50 and self.random.random() < 0.1 * (self.temper > 0):
            return [statement(item=item, kind="consent", consent=self._nested(self.random.choice([15, 18, 5_000])))]
        return []

    def _nested(self, depth: int) -> dict[str, object]:
        inner: object = 1
        for _ in range(min(depth, 300)):
            inner = {"a": inner}
        return {"for": inner}

    def _terms(self) -> str:
        conditions = sorted({f"x-{self.random.randrange(10**6)}" for _ in range(64)})
        share = sorted({f"R{self.random.randrange(10**6)}" for _ in range(250)})
        consent = self.random.choice(
            [
                {"conditions": conditions, "status": "given"},
                {"share": share, "status": "given", "until": "9999-12-31", "from": "0001-01-01"},
                {"status": "withdrawn"},
                {"for": [], "status": self.random.choice(["given", "x-unknown"])},
            ]
        )
        return statement(consent=consent, handling="public", kind="").decode().replace(',"kind":"","salt"', ',"_"')

    def _consent(self) -> None:
        terms = self._terms().partition(',"_"')[0] + "}"
        self.record.add("consent-changed", f"[consent-changed]\nterms = '{terms}'", self._range())

    def _many_changes(self) -> None:
        for _ in range(self.random.choices([20, 60, 300], [4, 3, 1])[0]):
            self._consent()

    def _ranges(self) -> None:
        for first in range(self.random.choices([3, 40], [4, 1])[0]):
            terms = f'{{"consent":{{"conditions":["x-{first}"]}}}}'
            numbers = [str(number) for number in range(first + 1, self._pick([max(self.items, first + 2)], [9000]), 2)]
            self.record.add("consent-changed", f"[consent-changed]\nterms = '{terms}'", numbers)

    def _handover(self) -> None:
        event = self.random.choice(["transferred", "disclosed"])
        table = f'[{event}]\nrecipient = "B7"\nauthority = "x"\npurpose = "research"' + self._fixity()
        head = self.record.add(event, table, self._range())
        receipt = Record(self.record.folder / "r", B7)
        acceptance = self._pick(["accepted", "rejected"], ["x", "partial"])
        answer = f'[received]\nsender = "A1"\nacceptance = "{acceptance}"\n'
        answer += f'transfer = "{self._pick([head], ["00" * 32])}"{self._fixity()}'
        receipt.sequence, receipt.previous = self._pick([(self.record.sequence, self.record.previous)], [(0, None)])
        receipt.add("received", answer, self._range())
        for end in ("toml", "toml.sig"):
            name_ = f"{self.record.sequence:04d}-{event}.receipt.{end}"
            (receipt.folder / f"{receipt.sequence:04d}-received.{end}").rename(self.record.folder / name_)
        receipt.folder.rmdir()

    def _disclosure(self) -> None:
        """Hand over some of the items, and withhold the others as the list says, or otherwise."""
        odd = [str(number) for number in range(1, self.items + 1, 2)]
        whole = ["1"] if self.items == 1 else [f"1-{self.items}"]
        listed = self._pick([["1"], whole, odd], [["9", "1"]])
        kinds = self._pick([[]], [["file"], ["content"], ["context.x-00001"], ["metadata"]])
        groups = [{"items": listed, "withheld": kinds}] * self._pick([1], [2, 2_000])
        value = {"cover": "00" * 32, "format": "evtool-disclosed/1", "groups": groups, "salt": "11" * 16}
        data = json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        table = f'[disclosed]\nrecipient = "B7"\nauthority = "x"\npurpose = "x"\nlist = "{sha256(data)}"'
        table += self._fixity()
        self.record.add("disclosed", table)
        (self.record.folder / f"{self.record.sequence:04d}-disclosed.items").write_bytes(data)
        if kinds == [] and self.random.random() < 0.5:
            self._withhold_items(listed)

    def _withhold_items(self, kept: list[str]) -> None:
        """Withhold all lines of the items that are not listed, each by its true hash."""
        numbers: set[int] = set()
        for items in kept:
            first, _, last = items.partition("-")
            numbers |= set(range(int(first), min(int(last or first), self.items) + 1))
        for path in sorted(self.evidence.glob("[0-9]*")):
            if int(path.name[:6]) not in numbers:
                path.unlink()
        for path in sorted(self.record.folder.glob("*-sealed.jsonl")):
            lines = path.read_bytes().split(b"\n")[:-1]
            for at, line in enumerate(lines):
                if (number := _ITEM.search(line)) and int(number[1]) not in numbers:
                    lines[at] = statement(hash=sha256(b"\0" + line), kind="withheld", lines=1)
            path.write_bytes(b"".join(line + b"\n" for line in lines))

    def _fixity(self) -> str:
        ok = self._pick([self.items], [HUGE, 0, self.items + 1])
        numbers = {"items": self.items, "checked": self.items, "ok": ok, "changed": 0, "missing": 0, "unreadable": 0}
        numbers |= {"extra": 0, "withheld": 0}
        return '\n[fixity]\nscope = "full"\n' + "".join(f"{key} = {value}\n" for key, value in numbers.items())

    def _accessed(self) -> None:
        times = [
            "0001-01-01 00:00:00+23:59",
            "9999-12-31 23:59:59-23:59",
            "2026-01-01",
            "1979-05-27 00:32:00.999999-07:00",
        ]
        usual = ["2026-01-02 00:00:00+00:00", "1979-05-27 00:32:00.999999-07:00"]
        one, two = self._pick(usual, times), self._pick(usual, times)
        self.record.add("accessed", '[accessed]\nplace = "x"', self._range(), happened_at=one, recorded_at=two)

    def _disposed(self) -> None:
        self.record.add("disposed", '[disposed]\nauthority = "x"\nmethod = "x"', self._range())

    def _correction(self) -> None:
        number, head = self._pick(self.heads, [(self._number(), "11" * 32), (self._number(), self.heads[0][1])])
        table = f'[corrected]\nentry = {number}\nhead = "{head}"\ncorrection = "x"'
        self.record.add("corrected", table)

    def _strange(self) -> None:
        extra = self._pick(
            ["", "# " + "a" * 60_000, "\n" * 60_000, "#\n" * 30_000],
            [
                "x = {" + ".".join(["a"] * 20_000) + "=1}",
                '    "a".' + ".".join(["a"] * 20_000) + "=1",
                "x = " + "[" * 30_000,
                " " * 60_000 + "x",
                'x = "' + '\\"' * 30_000,
                "\n".join(f"[a{number}]" for number in range(8_000)),
                "x = 1" + "0" * 60_000,
            ],
        )
        self.record.add("accessed", '[accessed]\nplace = "x"', extra=extra)

    def _claims(self) -> None:
        original, copy = self._pick([(1, 2), (1, max(self.items, 2))], [(self._number(), self._number())])
        table = f"[derived]\noriginal = {original}\ncopy = {copy}\nmethod = 'x'"
        self.record.add("derived", table)

    def _beside(self) -> None:
        """Lay files beside the entries that no entry lists: junk, beginnings without end, and sparse ones."""
        stem = self.record.folder / "0001-sealed.toml.sig.x"
        for label in range(self.random.choice([1, 30])):
            (stem.parent / f"{stem.name}{label}.tsr").write_bytes(self.random.choice([b"x", b"0\x80" * 999]))
            chain = b"-----BEGIN CERTIFICATE-----" * self.random.choice([1, 5_000])
            (stem.parent / f"{stem.name}{label}.chain.pem").write_bytes(chain)
            for number in range(self.random.choice([1, 5])):
                self._sparse(stem.parent / f"{stem.name}{label}.{number + 1}.crl")
        ends = ["toml.sig.x.ots", "blake2b", "jsonl", "sha256", "toml", "toml.sig"]
        self._sparse(self.record.folder / f"0001-sealed.{self.random.choice(ends)}")
        self._sparse(self.record.folder / self.random.choice(["README.txt", "COVER.txt", "allowed_signers", "foreign"]))

    def _sparse(self, path: Path) -> None:
        if self.random.random() < 0.4 * (self.temper > 0):
            with path.open("ab") as file:
                file.truncate(self.random.choice([16 * MIB, 10**12]))


def size_on_disk(folder: Path) -> int:
    """Give what files take on the medium, or would take without holes if that is less."""
    total = 0
    for root, _, files in os.walk(folder):
        facts = [os.lstat(os.path.join(root, file)) for file in files]
        total += sum(min(status.st_size, status.st_blocks * 512) for status in facts)
    return total


def run_all(folder: Path, seed: int) -> tuple[list[Run], list[str]]:
    """Build one record, and run all commands on it; the runs, and what the record is made of."""
    stranger = Stranger(folder, seed)
    stranger.build()
    trust = folder / "trust"
    trust.write_text(A1.line + B7.line)
    bag, bag_folder = folder / "BAG.zip", folder / "BAG"
    _make_bags(stranger, bag, bag_folder)
    on_disk = size_on_disk(stranger.evidence)
    home = folder / "home"
    home.mkdir()
    _run(["key", "new", "A1", "--no-passphrase"], ("key", "new"), folder, home, 0)
    (home / "recipients.toml").write_text(_RECIPIENTS)
    places = {"EV": stranger.evidence, "TRUST": trust, "BAG.zip": bag, "OUT.zip": folder / "OUT.zip"}
    places |= {"BAG": bag_folder, "UNPACKED": folder / "UNPACKED", "UNPACKED-FOLDER": folder / "UNPACKED-FOLDER"}
    runs = []
    # Most commands begin by reading the same record; some of those that do little else are left out of each round.
    left_out = stranger.random.sample(READERS, len(READERS) - 2)
    for command in COMMANDS:
        if command in left_out:
            continue
        arguments = [str(places.get(word, word)) for word in command]
        runs.append(_run(arguments, command, folder, home, on_disk))
    return runs, stranger.parts


def _run(arguments: list[str], command: tuple[str, ...], folder: Path, home: Path, on_disk: int) -> Run:
    """Run a command in a fork of this process, which has imported all of evtool."""
    output = folder / "output"
    output.write_bytes(b"")
    started = time.monotonic()
    # The system ends what takes twice the processor time that it may.
    limit = round(2 * allowed_seconds(on_disk))
    if (process := os.fork()) == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        _child(arguments, output, home)
    while (ended := os.wait4(process, os.WNOHANG))[0] == 0:
        if time.monotonic() - started > _HANGS * allowed_seconds(on_disk):
            os.kill(process, signal.SIGKILL)
        time.sleep(0.005)
    code, used = os.waitstatus_to_exitcode(ended[1]), ended[2]
    # Processor time, so that a busy machine accuses nobody; but a run that hung until it was ended took all its time.
    seconds = used.ru_utime + used.ru_stime if code != -signal.SIGKILL else time.monotonic() - started
    return Run(command, code, seconds, used.ru_maxrss * 1024, _ends_of(output), on_disk)


_HANGS = 60
"""How many times the allowed seconds may pass on a busy machine before a run that takes no processor time hangs."""


def _child(arguments: list[str], output: Path, home: Path) -> NoReturn:
    os.setpgid(0, 0)
    for descriptor in (1, 2):
        os.dup2(os.open(output, os.O_WRONLY | os.O_APPEND), descriptor)
    # Whoever runs the tests may have put something else in their place.
    sys.stdout, sys.stderr = (open(descriptor, "w", encoding="utf-8", closefd=False) for descriptor in (1, 2))  # noqa: SIM115
    os.environ |= {"EVTOOL_HOME": str(home), "LC_ALL": "C.UTF-8"}
    try:
        main(arguments)
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(end.code if isinstance(end.code, int) else 70)
    except BaseException:  # noqa: BLE001  # whatever gets through here would be a traceback
        os.write(2, b"Traceback (most recent call last)")
    os._exit(70)


def _ends_of(output: Path) -> bytes:
    """Give how an output begins and ends; some are large."""
    with output.open("rb") as file:
        start = file.read(MIB)
        file.seek(max(len(start), output.stat().st_size - MIB))
        return start + file.read(MIB)


@dataclass(frozen=True)
class _Part:
    """One file of a bundle, and where its bytes lie or what they are."""

    path: str
    source: Path | bytes

    def read(self) -> bytes:
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()


def _make_bags(stranger: Stranger, container: Path, folder: Path) -> None:
    """Make two bundles of what lies there, a zip and a folder, with lists that fit; all but lists is as it is here."""
    parts = [_Part("bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")]
    parts += _record_parts(stranger)
    payload = _payload_parts(stranger)
    size = sum(len(part.read()) for part in payload)
    info = "Bag-Software-Agent: evtool 0.1.0\nEvtool-Bundle: evtool-bundle/1\n"
    info += f"External-Identifier: {stranger.record.collection}\nPayload-Oxum: {size}.{len(payload)}\n"
    parts += [_Part("bag-info.txt", info.encode()), _Part("manifest-sha256.txt", _list_parts(payload))]
    parts += [_Part("tagmanifest-sha256.txt", _list_parts(parts))]
    with zipfile.ZipFile(container, "w") as bag:
        for part in [*parts, *payload]:
            data = part.read()
            # A file that would shrink too far is refused as a bomb.
            how = zipfile.ZIP_DEFLATED if 0 < len(data) < 50 * len(zlib.compress(data, 1)) else zipfile.ZIP_STORED
            bag.writestr(zipfile.ZipInfo(part.path), data, how)
    for part in [*parts, *payload]:
        path = folder / part.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(part.read())
    (folder / "data").mkdir(exist_ok=True)
    if payload and stranger.random.random() < 0.3 * (stranger.temper > 0):
        os.truncate(folder / stranger.random.choice(payload).path, 10**12)


def _record_parts(stranger: Stranger) -> list[_Part]:
    """Give the files of the record, but for those that no zip of a bearable size can hold."""
    files = sorted(stranger.record.folder.iterdir())
    return [_Part(f"custody/{file.name}", file) for file in files if file.stat().st_size <= 12 * MIB]


def _payload_parts(stranger: Stranger) -> list[_Part]:
    """Give the payload under names as a bundle has them; now and then under the name that is not safe."""
    files = [file for file in sorted(stranger.evidence.iterdir()) if file.is_file() and file.stat().st_size <= 16 * MIB]
    parts = []
    for file in files:
        is_plain = file.name.endswith((".txt", "김철수")) or stranger.random.random() < 0.01 * stranger.temper
        parts.append(_Part(f"data/{file.name if is_plain else f'item-{file.name[:6]}'}", file))
    return sorted(parts, key=lambda part: part.path.encode())


def _list_parts(parts: Sequence[_Part]) -> bytes:
    ordered = sorted(parts, key=lambda part: part.path.encode())
    return "".join(f"{sha256(part.read())}  {part.path}\n" for part in ordered).encode()


def import_all() -> None:
    """Import whatever a command may need, so that its forks need not."""
    for module, _ in PROGRAM.values():
        importlib.import_module(module)


def run_rounds(rounds: int, seed: int) -> int:
    """Run rounds, and tell how they went; the exit code."""
    import_all()
    slowest: dict[str, tuple[float, int]] = {}
    largest: dict[str, tuple[int, int]] = {}
    bad = 0
    codes: dict[int, int] = {}
    print(f"seed {seed}, {rounds} rounds", flush=True)
    for number in range(seed, seed + rounds):
        # Removed by name: what a fork runs at its end must not remove it.
        folder = Path(tempfile.mkdtemp())
        runs, parts = run_all(folder, number)
        shutil.rmtree(folder)
        if (number - seed + 1) % 50 == 0:
            print(f"{number - seed + 1} rounds, exit codes {dict(sorted(codes.items()))}, {bad} bad runs", flush=True)
        for run in runs:
            what = " ".join(run.command[:2])
            slowest[what] = max(slowest.get(what, (0.0, 0)), (round(run.seconds, 2), number))
            largest[what] = max(largest.get(what, (0, 0)), (run.memory >> 20, number))
            codes[run.code] = codes.get(run.code, 0) + 1
            if run.faults:
                bad += 1
                print(f"BAD {number} {what} {run.on_disk >> 10} KiB {parts}: {run.faults}", flush=True)
    for what in slowest:
        print(f"{what:24} slowest {slowest[what][0]:6.2f} s (round {slowest[what][1]}), most {largest[what][0]} MiB")
    print(f"exit codes {dict(sorted(codes.items()))}, {bad} bad runs")
    return 1 if bad else 0


if __name__ == "__main__":
    chosen = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(10**6)
    sys.exit(run_rounds(int(sys.argv[1]), chosen))
