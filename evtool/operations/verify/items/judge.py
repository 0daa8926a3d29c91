"""Judging one item: what it was sealed as, and what is there now. Sealing and verifying ask the same judge."""

from __future__ import annotations

from collections.abc import Callable
from unicodedata import unidata_version

from msgspec import Struct, field

from evtool.core.container.payload_names import neutral_name, parse_neutral_name
from evtool.core.finding import Cause, Code, Effect, Finding, Words
from evtool.core.manifest.statement import ContentStatement, FileStatement, ItemType
from evtool.core.text.names import has_unassigned, store_name
from evtool.core.text.times import format_mtime
from evtool.core.verdict.accounts import ItemFates
from evtool.operations.record.record import SealedItem
from evtool.scan.observe import ItemProblem, Mode, Observation
from evtool.scan.walk import Kind

KIND_OF = {
    ItemType.FILE: Kind.FILE,
    ItemType.SYMLINK: Kind.SYMLINK,
    ItemType.DIRECTORY: Kind.EMPTY_DIRECTORY,
}

KIND_NAMES = {
    Kind.FILE: Words("kind-file"),
    Kind.SYMLINK: Words("kind-link"),
    Kind.EMPTY_DIRECTORY: Words("kind-empty-directory"),
    Kind.SPECIAL: Words("kind-special"),
    Kind.UNREADABLE: Words("kind-unlistable"),
}


class ItemJudge(Struct):
    """Compares items with what was observed in their place, and keeps the account of them.

    Attributes:
        mode: whether files were read, or only looked at.
        is_disposed: tells whether an entry records that an item was given up.
        may_lack: tells whether it is a link that a copy made from a bundle need not hold.
        keeps_dates: whether what is compared keeps modification dates; a bundle does not.
        findings: what differs from the seal, in no order.
        fates: number of the sealing entry -> what its items met.
        missing: items that were not found, until somebody says what became of them.
        doubtful: looked at and not read, of the sealed size with another date: only reading tells.
        other_dates: items as sealed but for their date.
        names_are_doubtful: items and things are left with names that a later version of Unicode may take for one.
        explain: asked of each changed item for a cause that can be shown; goes behind the message.
    """

    mode: Mode
    is_disposed: Callable[[SealedItem], bool]
    may_lack: Callable[[SealedItem], bool]
    keeps_dates: bool = True
    findings: list[Finding] = field(default_factory=list)
    fates: dict[int, ItemFates] = field(default_factory=dict)
    missing: list[SealedItem] = field(default_factory=list)
    doubtful: list[SealedItem] = field(default_factory=list)
    other_dates: int = 0
    names_are_doubtful: bool = False
    explain: Callable[[SealedItem], Words | None] = lambda _: None

    def fates_of(self, sealed: SealedItem) -> ItemFates:
        """Give the account of the seal that states an item."""
        return self.fates.setdefault(sealed.seal.number, ItemFates())

    def judge(self, sealed: SealedItem, observation: Observation, mode: Mode | None = None) -> bool:
        """Compare one item with what is in its place now; `mode` is how that was observed, if not as usual.

        Returns whether that is the item's place: what was given up frees its name, so something else that lies there
        is another thing, of which this says nothing.
        """
        content, fates = sealed.item.content, self.fates_of(sealed)
        problem = observation.problem
        if self.is_disposed(sealed) and problem in (None, ItemProblem.SPECIAL) and is_another(content, observation):
            self.report_missing(sealed)
            return False
        if observation.kind is not KIND_OF[content.type] and problem in (None, ItemProblem.SPECIAL):
            self.type_changed(sealed, KIND_NAMES[observation.kind])
        elif problem is ItemProblem.VANISHED:
            self.missing.append(sealed)
        elif problem is not None:
            fates.unreadable += 1
            code = Code.CHANGING if problem is ItemProblem.CHANGING else Code.UNREADABLE
            self.find(code, Effect.UNCHECKED, sealed, Words("unreadable", why=Cause(problem.value, observation.detail)))
        elif (mode or self.mode) is Mode.HASH and is_unread(sealed, observation):
            fates.unreadable += 1
            self.find(Code.UNREADABLE, Effect.UNCHECKED, sealed, Words("not-read"))
        elif (difference := find_difference(content, observation)) is not None:
            what, expected, found = difference
            fates.changed += 1
            cause = self.explain(sealed)
            self.find(Code.CHANGED, Effect.DISPROVES, sealed, what, expected, found, remarks=(cause,) if cause else ())
        else:
            self._judge_unchanged(sealed, observation, mode or self.mode)
        return True

    def _judge_unchanged(self, sealed: SealedItem, observation: Observation, mode: Mode) -> None:
        file, stamp = sealed.item.file, observation.stamp
        other_date = bool(file and stamp and file.mtime is not None and stamp.mtime != file.mtime)
        # The date of a link changes with every copy, and most tools cannot set it.
        other_date = other_date and observation.kind is not Kind.SYMLINK and self.keeps_dates
        if mode is Mode.HASH or observation.kind is not Kind.FILE:
            self.fates_of(sealed).ok += 1
            self.other_dates += other_date
        elif other_date:
            self.doubtful.append(sealed)
        else:
            self.fates_of(sealed).unread += 1

    def leave_doubtful(self, sealed: SealedItem, observed_mtime: int | None) -> None:
        """Say of an item with another date that it was not read."""
        file = sealed.item.file
        self.fates_of(sealed).unread += 1
        found = format_mtime(observed_mtime) if observed_mtime is not None else None
        sealed_date = format_mtime((file and file.mtime) or 0)
        says = Words("not-read", date=found or Words("no-date"), sealed=sealed_date)
        self.find(Code.DATE_CHANGED, Effect.OPEN, sealed, says)

    def type_changed(self, sealed: SealedItem, now: Words) -> None:
        """Say that something of another type is there."""
        was = KIND_NAMES[KIND_OF[sealed.item.content.type]]
        self.fates_of(sealed).type_changed += 1
        self.find(Code.TYPE_CHANGED, Effect.DISPROVES, sealed, Words("kind"), was, now)

    def respelled(self, sealed: SealedItem, path: bytes) -> None:
        """Say that an item lies under its name in another Unicode form."""
        name = store_name(path)
        code = Code.NEUTRAL_NAME if parse_neutral_name(name) == sealed.item.number else Code.NAME_FORM
        self.note(code, sealed, Words("respelled", name=name))

    def report_missing(self, sealed: SealedItem) -> None:
        """Say that an item is gone."""
        if self.is_disposed(sealed):
            self.fates_of(sealed).disposed += 1
            self.note(Code.DISPOSED, sealed, Words("missing"))
        elif self.may_lack(sealed):
            # Nobody can tell who left it out, so it is neither shown nor anybody's fault.
            self.fates_of(sealed).stated_only += 1
            self.find(Code.LINK_ABSENT, Effect.OPEN, sealed, Words("link", target=sealed.item.content.target or ""))
        else:
            self.fates_of(sealed).missing += 1
            self.accuse(Code.MISSING, sealed, Words("gone"))

    def accuse(
        self, code: Code, sealed: SealedItem, says: Words, expected: str | None = None, found: str | None = None
    ) -> None:
        """Say that an item is not where it was sealed, if this version of Unicode can tell."""
        effect, remarks = self.weigh_name(path_of(sealed))
        self.find(code, effect, sealed, says, expected, found, remarks=remarks)

    def weigh_name(self, path: str) -> tuple[Effect, tuple[Words, ...]]:
        """Give the effect of not finding a name, and what has to be said with it."""
        if self.names_are_doubtful and has_unassigned(path):
            return Effect.UNCHECKED, (Words("unicode", version=unidata_version),)
        return Effect.DISPROVES, ()

    def note(self, code: Code, sealed: SealedItem, says: Words) -> None:
        """Note something of an item that changes no answer."""
        self.find(code, Effect.NOTE, sealed, says)

    def find(
        self,
        code: Code,
        effect: Effect,
        sealed: SealedItem,
        says: Words,
        expected: str | Words | None = None,
        found: str | Words | None = None,
        *,
        remarks: tuple[Words, ...] = (),
    ) -> None:
        """Add a finding about an item."""
        finding = Finding(
            code,
            effect,
            says,
            item=sealed.item.number,
            path=path_of(sealed),
            expected=expected,
            found=found,
            entry=sealed.seal.number,
            remarks=remarks,
        )
        self.findings.append(finding)


def is_unread(sealed: SealedItem, observation: Observation) -> bool:
    """Tell whether a file has the sealed size, and was not read: then nothing is known about its bytes."""
    content, stamp = sealed.item.content, observation.stamp
    has_bytes = content.digests is not None and observation.problem is None and not observation.sha256
    return has_bytes and stamp is not None and stamp.size == content.size


def is_another(content: ContentStatement, observation: Observation) -> bool:
    """Tell whether what was observed is, for certain, not what was sealed."""
    return observation.kind is not KIND_OF[content.type] or find_difference(content, observation) is not None


def find_difference(content: ContentStatement, observation: Observation) -> tuple[Words, str, str] | None:
    """Compare what was sealed with what was observed: what differs, expected, found; None if nothing does."""
    if content.target is not None:
        target = store_name(observation.target)
        return None if target == content.target else (Words("target"), content.target, target)
    size = observation.stamp.size if observation.stamp else 0
    if content.digests is None:
        return None
    if observation.sha256:
        if observation.sha256 != content.digests.sha256:
            return Words("sha256"), content.digests.sha256, observation.sha256
        if observation.blake3 != content.digests.blake3:
            return Words("blake3"), content.digests.blake3, observation.blake3
    if size != content.size:
        return Words("size"), str(content.size), str(size)
    return None


def path_of(sealed: SealedItem) -> str:
    """Give the name of an item; one whose name is withheld goes by its number."""
    file: FileStatement | None = sealed.item.file
    return file.path if file is not None else neutral_name(sealed.item.number, None)
