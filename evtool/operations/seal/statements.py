"""Which statement belongs to which item: the archivist's table and defaults, matched with what is to be sealed.

All of it happens before the first file is read, so that a slip in a table costs seconds and not a night of hashing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from evtool.core.custody.privacy import TextPolicy, denied_term
from evtool.core.errors import EvtoolError, FormatError, RefusedError, UsageError
from evtool.core.finding import Code, Effect, Finding, Phrase, Words, at, cell_of
from evtool.core.manifest.archivist_statements import ArchivistStatements
from evtool.core.terms.input import find_contradictions
from evtool.core.terms.terms import TERMS_BY_NAME, ConsentTerms, TermShape, parse_terms
from evtool.core.text.counts import counted
from evtool.core.text.names import nfc_key, shown, store_name
from evtool.core.values import replace
from evtool.interop.item_defaults import MAX_DEFAULTS, DirectoryDefaults, ItemDefaults, combine, parse_defaults
from evtool.interop.items_table import MAX_TABLE, PATH, Row, Table, TableError, first_errors, read_cells, read_table
from evtool.keys.files import read_any_file
from evtool.operations.record.record import Record, SealedItem
from evtool.operations.seal.options import StatementFiles
from evtool.operations.seal.problems import nothing_to_seal
from evtool.operations.verify.items.free_names import find_new
from evtool.report.language import in_english
from evtool.scan.tree import TreeLocation
from evtool.scan.walk import Found


def read_plan(
    files: StatementFiles, evidence: TreeLocation, policy: TextPolicy, *, sandbox: bool = True
) -> StatementPlan:
    """Read both files, a workbook in the confined process unless `sandbox` is False.

    Errors of the table are told by `StatementPlan.match`, together with what does not fit.

    Raises:
        UsageError: one of them lies in the evidence directory, where it would be evidence.
        InputError: one of them cannot be read.
        FormatError: one of them is not what it should be.
    """
    for path in (files.items, files.defaults):
        if path is not None:
            _check_outside(path, evidence)
    table = _read_table(Path(files.items), files.encoding, sandbox) if files.items else Table(())
    defaults = parse_defaults(read_any_file(Path(files.defaults), MAX_DEFAULTS)) if files.defaults else ItemDefaults()
    return StatementPlan(table, defaults, policy)


def _read_table(path: Path, encoding: str | None, sandbox: bool) -> Table:
    # Start-up time: it imports what starts confined processes, and most seals have no table.
    from evtool.metadata.tables import is_workbook, read_workbook
    from evtool.metadata.workbook import PREFERRED_SHEETS

    data = read_any_file(path, MAX_TABLE)
    if not is_workbook(data):
        return read_table(data, encoding)
    with path.open("rb") as file:
        workbook = read_workbook(data, file.fileno(), sandbox=sandbox)
    table = read_cells(enumerate(workbook.rows, start=1), "row")
    if workbook.sheets > 1 and workbook.sheet.lower() not in PREFERRED_SHEETS:
        return replace(table, note=f"of the {workbook.sheets} sheets of the table, {shown(workbook.sheet)} was read")
    return table


def _find_names(rows: Iterable[Row], defaults: ItemDefaults, policy: TextPolicy) -> list[str]:
    """Look for texts that could name somebody."""
    problems: list[str] = []
    for row in rows:
        if policy.holds_denied_term(row.path):
            problems.append(at(cell_of(row.where, PATH), denied_term()))
        problems += (at(cell_of(row.where, name), why) for name, why in _objections(row.stated, policy))
    for number, directory in enumerate(defaults.directories, start=1):
        if policy.holds_denied_term(directory.path):
            problems.append(at(_of_defaults(number, PATH), denied_term()))
        problems += (at(_of_defaults(number, name), why) for name, why in _objections(directory.stated, policy))
    return problems


def _of_defaults(number: int, name: str) -> Phrase:
    """Say where in the defaults something stands."""
    return in_english(Words("place-default", number=number, name=name))


def _refuse_names(names: list[str], problems: tuple[str, ...]) -> RefusedError:
    also = f", and the table has {counted(len(problems), 'error')}" if problems else ""
    texts = counted(len(names), "text could", "texts could")
    return RefusedError(
        "nothing was sealed, because {texts_en} name somebody{also_en}:",
        hint="use codes, and keep names in your own register",
        key="seal-texts-name",
        texts_en=texts,
        also_en=also,
        count=len(names),
        lines=first_errors((*names, *problems)),
    )


def _objections(stated: ArchivistStatements, policy: TextPolicy) -> Iterator[tuple[str, EvtoolError]]:
    for name, value in stated.context:
        # Addresses of pages often hold what looks like an e-mail address.
        objection = policy.objection(value) if name != "url" else None
        if objection or policy.holds_denied_term(value):
            yield name, objection or denied_term()
    for name, spelled in (stated.terms.stated if stated.terms else {}).items():
        for text in spelled if isinstance(spelled, list) else (spelled,):
            objection = policy.objection(text)
            if objection and TERMS_BY_NAME[name].shape in (TermShape.TEXT, TermShape.RECIPIENTS):
                yield name, objection


def check_table_place(path: str, directory: str) -> None:
    """Refuse to write a table where it would be evidence.

    Raises:
        UsageError: it would lie in the evidence directory.
        InputError: there is no such directory.
    """
    _check_outside(path, TreeLocation.find(directory))


def _check_outside(path: str, evidence: TreeLocation) -> None:
    root = os.path.realpath(evidence.path)
    if os.path.realpath(os.fsencode(path)).startswith(root + b"/"):
        raise UsageError(
            "{name} is in the evidence directory, so it would be sealed as evidence",
            hint="keep the table and the defaults elsewhere: they contain the names and terms of all items",
            key="seal-table-inside",
            name=shown(os.path.basename(path)),
        )


class _Candidates(Struct):
    """What is there under one name, whatever its Unicode form: stored name and the sealed item, or None if it is new.

    There is one for each row, mostly with one of each, so it holds nothing that could grow.
    """

    rows: tuple[Row, ...] = ()
    names: tuple[tuple[str, SealedItem | None], ...] = ()

    def note(self, name: str, sealed: SealedItem | None) -> None:
        """Take a name; what came under the same one before counts no more."""
        self.names = (*(pair for pair in self.names if pair[0] != name), (name, sealed))


class StatementPlan:
    """What will be stated about each new item; ready after `match`."""

    def __init__(self, table: Table, defaults: ItemDefaults, policy: TextPolicy) -> None:
        self._policy = policy
        self.findings: list[Finding] = []
        self.notes = (table.note,) if table.note else ()
        self._names = _find_names(table.rows, defaults, policy)
        self._defaults = defaults
        self._by_key: dict[str, _Candidates] = {}
        for row in table.rows:
            candidates = self._by_key.setdefault(nfc_key(row.path), _Candidates())
            # A row for what another row is for is among the problems of the table already.
            if all(row.path != other.path for other in candidates.rows):
                candidates.rows += (row,)
        self._unused_directories = set(defaults.directories)
        self._combined: dict[tuple[DirectoryDefaults, ...], ArchivistStatements] = {}
        self._checked: set[tuple[DirectoryDefaults, ...]] = set()
        self._matched: dict[str, Row] = {}
        self._problems: list[str] = list(table.problems)

    def match(self, record: Record | None, evidence: TreeLocation, founds: Iterable[Found]) -> None:
        """Pair rows with the names in the directory, and check what follows for each new item.

        Raises:
            EvidenceError: there is nothing in the directory.
            RefusedError: a text names somebody; it says where, and not what was found. What else is wrong is told too.
            TableError: the table has errors, or a row is for something that is not there, or not new, or for what
                another row is for; or what would be stated about an item makes no sense.
        """
        is_empty = True
        for sealed, found in find_new(record, evidence, founds, afresh=True):
            is_empty = False
            if sealed is not None and sealed.item.file is not None:
                self._note(sealed.item.file.path, sealed)
            elif found is not None:
                path = store_name(found.path)
                self._note(path, None)
                self._check_defaults(path)
        if is_empty:
            raise nothing_to_seal()  # whatever the table and the defaults say, they are not what is wrong
        for candidates in self._by_key.values():
            self._pair(candidates)
        next_item = record.next_item if record else 1
        for path, row in self._matched.items():
            self._check_row(path, row, next_item)
        for directory in self._defaults.directories:
            self._contradict(self._defaults_for(directory.path or "."), directory.stated.terms, whole=False)
        for directory in sorted(self._unused_directories, key=lambda directory: directory.path):
            nothing = FormatError(
                "there is nothing in the directory {name}", key="defaults-nothing", name=self._name(directory.path)
            )
            self._problems.append(at(in_english(Words("place-defaults")), nothing))
        problems = tuple(dict.fromkeys(self._problems))
        if self._names:
            raise _refuse_names(self._names, problems)
        if problems:
            raise TableError(problems)

    def find(self, path: str) -> ArchivistStatements:
        """Give what is stated about a new item, by its stored name."""
        row = self._matched.get(path)
        outer = self._state_defaults(path)
        return outer if row is None else combine((outer, row.stated))

    def take(self, path: str) -> ArchivistStatements:
        """As `find`, and remember that it was asked for."""
        stated = self.find(path)
        self._matched.pop(path, None)
        return stated

    @property
    def left_over(self) -> tuple[str, ...]:
        """Names of rows whose item was there, and was not asked for with `take`."""
        return tuple(self._matched)

    def _note(self, path: str, sealed: SealedItem | None) -> None:
        key = nfc_key(path)
        if key in self._by_key:
            self._by_key[key].note(path, sealed)
        if self._unused_directories:
            self._unused_directories -= {directory for directory in self._unused_directories if directory.covers(key)}

    def _check_defaults(self, path: str) -> None:
        """Check what is stated about an item that has no row, once for all that lie below the same directories."""
        directories = self._defaults.find(path)
        if nfc_key(path) not in self._by_key and directories not in self._checked:
            self._checked.add(directories)
            self._contradict(self._defaults_for(path), self._state_defaults(path).terms)

    def _state_defaults(self, path: str) -> ArchivistStatements:
        directories = self._defaults.find(path)
        if directories not in self._combined:
            self._combined[directories] = combine(tuple(directory.stated for directory in directories))
        return self._combined[directories]

    def _name(self, path: str) -> str:
        """Give a name as it may be repeated."""
        is_denied = self._policy.holds_denied_term(path)
        return in_english(Words("name-denied")) if is_denied else shown(path)

    def _defaults_for(self, path: str) -> Phrase:
        is_denied = self._policy.holds_denied_term(path)
        return in_english(Words("defaults-for", name=Words("name-denied") if is_denied else path))

    def _contradict(self, where: str, terms: ConsentTerms | None, *, whole: bool = True) -> None:
        if terms is None:
            return
        self._problems += (at(where, found) for found in find_contradictions(terms, whole=whole))
        try:
            # Lists that are put together may be longer than a statement can be.
            parse_terms(terms.serialize())
        except FormatError as error:
            self._problems.append(at(where, error))

    def _pair(self, candidates: _Candidates) -> None:
        """Exact names first; then one row and one name that differ in their Unicode form only."""
        found = dict(candidates.names)
        names, rows = dict(found), list(candidates.rows)
        pairs: list[tuple[Row, str]] = []
        for row in candidates.rows:
            if row.path in names:
                pairs.append((row, row.path))
                rows.remove(row)
                del names[row.path]
        if len(rows) == len(names) == 1:
            pairs.append((rows.pop(), names.popitem()[0]))
        for row in rows:
            self._problems.append(at(row.where, _why_unmatched(self._name(row.path), row, candidates)))
        for row, name in pairs:
            sealed = found[name]
            if sealed is None:
                self._matched[name] = row
            elif not row.has_errors and not self._is_said_by(row, sealed):
                sealed_before = FormatError(
                    "{name} is already sealed, with other statements; `evtool consent set` records a change",
                    key="table-sealed-before",
                    name=self._name(row.path),
                )
                self._problems.append(at(row.where, sealed_before))

    def _is_said_by(self, row: Row, sealed: SealedItem) -> bool:
        """Tell whether a sealed item says what a row does, alone or together with the defaults it was sealed with."""
        path = sealed.item.file.path if sealed.item.file else row.path
        together = combine((self._state_defaults(path), row.stated))
        return row.stated.is_said_by(sealed.item) or together.is_said_by(sealed.item)

    def _check_row(self, path: str, row: Row, next_item: int) -> None:
        where = row.where
        origin = dict(row.stated.context).get("derived_from")
        if origin is not None and int(origin) >= next_item:
            later = FormatError("item {item} is not yet sealed; seal it first", key="table-origin-later", item=origin)
            self._problems.append(at(cell_of(where, "derived_from"), later))
        if row.has_errors:
            return  # what its other cells say is not known
        # On its own first: what is put together leaves out what explains a state of consent that does not count.
        self._contradict(where, row.stated.terms, whole=False)
        outer = self._state_defaults(path)
        stated = combine((outer, row.stated))
        self._contradict(where, stated.terms)
        if stated.terms is None or row.stated.terms is None:
            return
        in_force = stated.terms.stated
        for name, value in row.stated.terms.stated.items():
            if in_force.get(name) != value:
                says = Words("defaults", where=row.where, column=name)
                self.findings.append(Finding(Code.CONSENT_STRICTER, Effect.NOTE, says))


def _why_unmatched(name: str, row: Row, candidates: _Candidates) -> FormatError:
    others = [other.where for other in candidates.rows if other is not row]
    if len(candidates.names) > 1:
        return FormatError(
            "{name}: several names in the directory differ from this one only in Unicode form; write it exactly",
            key="table-several-forms",
            name=name,
        )
    if candidates.names and others:
        return FormatError(
            "{name} is the same item as in {other}, in another Unicode form",
            key="table-other-form",
            name=name,
            other=others[0],
        )
    return FormatError(
        "{name}: there is no such item: it is missing, left out by a pattern, or a directory with files in it",
        key="table-no-item",
        name=name,
    )
