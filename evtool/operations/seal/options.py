"""What a seal is asked for, and what it answers."""

from __future__ import annotations

from msgspec import Struct, field

from evtool.core.custody.item_names import Rename
from evtool.core.errors import ExitCode, SealExitCode, UsageError
from evtool.core.finding import Finding, is_open, weigh
from evtool.core.manifest.statement import OmissionReason
from evtool.core.text.names import shown
from evtool.core.verdict.accounts import LeftOut
from evtool.operations.author import EntryHeader
from evtool.operations.record.place import Where
from evtool.operations.seal.metadata import MetadataChoice, MetadataSummary

UNMATCHED = "unmatched"
"""Allows patterns that match nothing yet."""

ALLOWABLE: dict[str, tuple[OmissionReason, ...]] = {
    "unreadable": (OmissionReason.UNREADABLE, OmissionReason.UNREADABLE_DIRECTORY),
    "special": (OmissionReason.SPECIAL,),
    "changing": (OmissionReason.CHANGING,),
    UNMATCHED: (),
}
"""What is refused otherwise, as the user says it -> the reasons for leaving items out that the entry records."""


class StatementFiles(Struct, frozen=True):
    """Where an archivist keeps what is to be stated.

    Attributes:
        items: path of the table, or None.
        defaults: path of the file of defaults, or None.
        encoding: what the user says of the encoding of the table, or None.
    """

    items: str | None = None
    defaults: str | None = None
    encoding: str | None = None

    def __bool__(self) -> bool:
        return self.items is not None or self.defaults is not None


class SealOptions(Struct, frozen=True):
    """How to seal.

    Attributes:
        header: what the signer says of the entry; its items are those that are new.
        exclude: patterns to leave out, beside those that are in force already.
        reset_exclusions: begin with no patterns at all, not even the default ones.
        allow: keys of `ALLOWABLE`: what may be named without its content being sealed, and new patterns that match
            nothing.
        renamed: give items that lie under other names these names; True for all that are found, or what has been found
            and accepted: with anything else nothing is sealed.
        statements: the archivist's table and defaults: context and consent of the new items.
        where: where the custody directory is, if not in the evidence directory.
        jobs: number of workers; None means a number that suits this machine.
        scheduler: address of the Dask scheduler whose workers do the work in their stead.
        metadata: how much of what new files say about themselves is stated.
        sandbox: False parses files even where the platform cannot confine the parser.
    """

    header: EntryHeader = field(default_factory=EntryHeader)
    exclude: tuple[str, ...] = ()
    reset_exclusions: bool = False
    allow: frozenset[str] = frozenset()
    renamed: bool | tuple[Rename, ...] = False
    statements: StatementFiles = field(default_factory=StatementFiles)
    where: Where = None
    jobs: int | None = None
    scheduler: str | None = None
    metadata: MetadataChoice = MetadataChoice.BASIC
    sandbox: bool = True

    def __post_init__(self) -> None:
        if unknown := self.allow - set(ALLOWABLE):
            raise UsageError(
                "only {names} can be allowed, not {found}",
                key="allow-unknown",
                names=", ".join(ALLOWABLE),
                found=shown(sorted(unknown)[0]),
            )

    @property
    def allowed(self) -> tuple[OmissionReason, ...]:
        """The reasons that the entry records, in their fixed order."""
        return tuple(reason for name, reasons in ALLOWABLE.items() if name in self.allow for reason in reasons)


class SealResult(Struct):
    """What a seal did, or would do.

    Attributes:
        entry: number of the new entry; None if nothing was new, or nothing was to be written.
        head: SHA-256 of the new entry, or of the newest one there is.
        renamed: items that have other names now.
        renamed_by: numbers of the entries that say so.
        new_items, new_bytes: what is new.
        kept_items: items of earlier seals that are there as they were sealed: by size and date, or by their bytes.
        reused: new files that an interrupted run had hashed already.
        omitted: new items that are named but whose content is not sealed.
        excluded: entries of the directory that patterns left out.
        left_out: the first thousand of them.
        other_dates: of `kept_items`, how many have another date; they were read, and their bytes are as sealed.
        empty: stored paths of the first new files that have no bytes.
        empty_count: how many there are.
        findings: sealed items that changed or vanished, and names that other systems mix up.
        metadata: what new files say about themselves, without values; None if nothing was read for it.
        notes: what else is to be known, in sentences that are safe to print.
    """

    entry: int | None = None
    head: str | None = None
    new_items: int = 0
    new_bytes: int = 0
    kept_items: int = 0
    reused: int = 0
    omitted: int = 0
    excluded: int = 0
    left_out: tuple[LeftOut, ...] = ()
    other_dates: int = 0
    empty: list[str] = field(default_factory=list)
    empty_count: int = 0
    findings: list[Finding] = field(default_factory=list)
    metadata: MetadataSummary | None = None
    notes: list[str] = field(default_factory=list)
    renamed: tuple[Rename, ...] = ()
    renamed_by: tuple[int, ...] = ()

    @property
    def newest_entry(self) -> int | None:
        """Number of the newest entry that was added; None if none was."""
        return self.entry or max(self.renamed_by, default=None)

    @property
    def exit_code(self) -> SealExitCode:
        """The exit code of the command `seal`, time-stamps aside: not 0 if a sealed item is not as it was sealed."""
        return self.code_for(self.weigh())

    def weigh(self, *, is_stamped: bool = True) -> ExitCode:
        """Give the verdict on the items of earlier seals, and on the time-stamps that were asked for."""
        return weigh(self.findings, established=is_stamped and not is_open(self.findings))

    def code_for(self, verdict: ExitCode) -> SealExitCode:
        """Give the exit code for a verdict: a script has to know whether its new files were sealed all the same."""
        is_sealed = self.newest_entry is not None and verdict is not ExitCode.OK
        return SealExitCode.SEALED_BUT if is_sealed else SealExitCode(verdict)
