"""Whatever the names and whatever happens to the files: verify and a simple model of the directory agree."""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from evtool import AllowedSigners, EvtoolError, ExitCode, Report, SealOptions, VerifyOptions, load_trust, seal, verify
from evtool.core.text.names import nfc_key, parse_name, store_name
from evtool.keys.own import create_own_key
from evtool.keys.passphrase import FilePassphrase
from evtool.keys.signer import Signer, choose_signer
from evtool.keys.trust import add_signer
from evtool.operations.author import Author

SPECIAL = [
    "김철수",
    unicodedata.normalize("NFD", "김철수"),
    "-",
    "--",
    "a\nb",
    "\x1b[0m",
    "\u202e",
    "%41",
    "\\",
    "custody",
    "é",
    "A",
    "a",
]

COMPONENTS = st.one_of(
    st.binary(min_size=1, max_size=30),
    st.text(min_size=1, max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(SPECIAL).map(str.encode),
).filter(lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..") and len(name) < 256)

PATHS = (
    st.lists(COMPONENTS, min_size=1, max_size=3).map(b"/".join).filter(lambda path: path.split(b"/")[0] != b"custody")
)

CONTENTS = st.binary(max_size=200)

Thing = tuple[str, bytes]
"""What an item is: `file` with its bytes, `link` with its target, `directory` with nothing."""


class SealedDirectory(RuleBasedStateMachine):
    """A directory that is sealed, added to, tampered with and mended, beside a model that knows the truth."""

    paths: Bundle[bytes] = Bundle("paths")

    def __init__(self) -> None:
        super().__init__()
        # In memory where that is possible: a seal waits for the disk eleven times.
        where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.root = Path(tempfile.mkdtemp(dir=where))
        self.case = self.root / "case"
        self.case.mkdir()
        own = create_own_key("A03", None, self.root / "home")
        add_signer("A03", own.file.public_key, home=self.root / "home")
        self.trust: AllowedSigners = load_trust(home=self.root / "home")
        unused = FilePassphrase(Path("unused"))
        self.signer: Signer = choose_signer(key=None, agent_code=None, passphrase=unused, home=self.root / "home")
        self.there: dict[bytes, Thing] = {}
        self.sealed: dict[bytes, Thing] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    def at(self, path: bytes) -> bytes:
        return os.path.join(os.fsencode(self.case), path)

    def is_free(self, path: bytes) -> bool:
        """Whether an item can be made there, in the model: no item above, below, or of the same name elsewhere."""
        key = nfc_key(store_name(path)).casefold()
        for other in set(self.there) | set(self.sealed):
            other_key = nfc_key(store_name(other)).casefold()
            if (other != path and (other_key + "/").startswith(key + "/")) or (key + "/").startswith(other_key + "/"):
                return False
        return path not in self.there and path not in self.sealed

    def make(self, path: bytes, thing: Thing) -> None:
        os.makedirs(os.path.dirname(self.at(path)), exist_ok=True)
        kind, data = thing
        if kind == "file":
            with open(self.at(path), "wb") as file:
                file.write(data)
        elif kind == "link":
            os.symlink(data, self.at(path))
        else:
            os.mkdir(self.at(path))
        self.there[path] = thing

    def take(self, path: bytes) -> None:
        if self.there.pop(path)[0] == "directory":
            os.rmdir(self.at(path))
        else:
            os.unlink(self.at(path))
        # A directory that has become empty is an item of its own; so it goes with its last item.
        above = os.path.dirname(path)
        while above and not os.listdir(self.at(above)):
            os.rmdir(self.at(above))
            above = os.path.dirname(above)

    @initialize(target=paths, path=PATHS, content=CONTENTS)
    def begin(self, path: bytes, content: bytes) -> bytes:
        self.make(path, ("file", content))
        self.seal_all()
        return path

    @rule(
        target=paths, path=PATHS, content=CONTENTS, kind=st.sampled_from(["file", "file", "file", "link", "directory"])
    )
    def add(self, path: bytes, content: bytes, kind: str) -> bytes:
        assume(self.is_free(path))
        self.make(
            path, (kind, b"" if kind == "directory" else content if kind == "file" else b"to " + content.hex().encode())
        )
        return path

    @rule(path=paths, content=CONTENTS)
    def overwrite(self, path: bytes, content: bytes) -> None:
        assume(self.there.get(path, ("", b""))[0] == "file")
        os.unlink(self.at(path))
        self.make(path, ("file", content))

    @rule(path=paths)
    def flip(self, path: bytes) -> None:
        """Change one bit, and set the date back."""
        kind, data = self.there.get(path, ("", b""))
        assume(kind == "file" and data)
        facts = os.stat(self.at(path))
        with open(self.at(path), "r+b") as file:
            file.write(bytes([data[0] ^ 1]))
        os.utime(self.at(path), ns=(facts.st_atime_ns, facts.st_mtime_ns))
        self.there[path] = (kind, bytes([data[0] ^ 1]) + data[1:])

    @rule(path=paths)
    def remove(self, path: bytes) -> None:
        assume(path in self.there and len(self.there) > 1)
        self.take(path)

    @rule(path=paths, content=CONTENTS, kind=st.sampled_from(["file", "link", "directory"]))
    def replace(self, path: bytes, content: bytes, kind: str) -> None:
        """Put something else under the same name."""
        assume(path in self.there)
        self.take(path)
        self.make(path, (kind, {"file": content, "link": b"elsewhere", "directory": b""}[kind]))

    @rule(target=paths, path=consumes(paths), new=PATHS)
    def rename(self, path: bytes, new: bytes) -> bytes:
        assume(path in self.there and self.is_free(new))
        thing = self.there[path]
        self.take(path)
        self.make(new, thing)
        return new

    @rule()
    def mend(self) -> None:
        """Bring everything back to what was sealed."""
        for path in list(self.there):
            self.take(path)
        for path, thing in self.sealed.items():
            self.make(path, thing)

    @precondition(lambda self: all(self.there.get(path) == thing for path, thing in self.sealed.items()))
    @rule()
    def seal_all(self) -> None:
        """Seal what is new; what is sealed is as it was."""
        result = seal(self.case, Author(self.signer), SealOptions(jobs=1, reset_exclusions=True))
        assert result.new_items == len(self.there) - len(self.sealed)
        assert result.weigh() is not ExitCode.MISMATCH
        self.sealed = dict(self.there)

    # A sealed file that has another name now is asked about before anything is signed.
    @precondition(lambda self: set(self.sealed) < set(self.there))
    @rule()
    def seal_with_a_broken_key(self) -> None:
        """A seal that cannot be signed changes nothing."""

        class Broken:
            public_key = self.signer.public_key
            code = self.signer.code

            def sign(self, message: bytes) -> bytes:
                raise EvtoolError("the key was pulled out")

        with pytest.raises(EvtoolError, match="the key was pulled out"):
            seal(self.case, Author(Broken()), SealOptions(jobs=1, reset_exclusions=True))

    @invariant()
    def verify_agrees_with_the_model(self) -> None:
        if not self.sealed:
            return
        report = verify(self.case, VerifyOptions(trust=self.trust, jobs=1))
        differing = {path for path in self.sealed | self.there if self.sealed.get(path) != self.there.get(path)}
        assert (report.exit_code is ExitCode.OK) == (not differing), (differing, report.findings)
        assert report.exit_code in (ExitCode.OK, ExitCode.MISMATCH, ExitCode.NOT_CHECKED)
        assert named_paths(report) == differing
        counts = report.items
        fates = counts.changed, counts.missing, counts.renamed, counts.type_changed, counts.unreadable, counts.ok
        assert sum(fates) == report.sealed == len(self.sealed)
        assert counts.ok == len(self.sealed) - len(differing & set(self.sealed))


def named_paths(report: Report) -> set[bytes]:
    """Give every path that the report says is not as it was sealed."""
    paths: set[bytes] = set()
    for finding in report.findings:
        if finding.path is not None and finding.code.value not in ("name-twin", "informational-changed"):
            paths.add(parse_name(finding.path))
            if finding.code.value == "renamed" and finding.found is not None:
                paths.add(parse_name(finding.found))
    return paths


TestSealedDirectory = SealedDirectory.TestCase
# Most rules need a directory in a certain state, so many of the drawn ones are passed over; that is how it is meant.
TestSealedDirectory.settings = settings(
    max_examples=25, stateful_step_count=20, suppress_health_check=[HealthCheck.filter_too_much]
)
