"""One verification that is told in full: what came of it, together with what the record says.

The evidence is read once, by the verification. The record is opened once; its manifests are read a second time from the
same open record, for what they state about items, and each is held against its signed root again: what is told of an
item is either what the verification saw, or it is said not to be.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from msgspec import Struct

from evtool.core import __version__
from evtool.core.consent.items import ItemTerms, TermsNeverStated, TermsStated, TermsWithheld
from evtool.core.custody.entry import Clock
from evtool.core.errors import FormatError, InputError
from evtool.core.finding import Finding
from evtool.core.metadata.claims import Claims
from evtool.core.text.ranges import ranges_of
from evtool.core.text.times import format_time
from evtool.core.verdict.verdict import Report
from evtool.operations.entries.consent import known_consents
from evtool.operations.examine.program import describe_platform, digest_code, list_packages
from evtool.operations.examine.self_test import run_self_test
from evtool.operations.record.items import nameless_items, read_afresh, read_items
from evtool.operations.record.place import Place
from evtool.operations.record.record import Record, SealedItem
from evtool.operations.verify.derivations import Derivation, list_derivations
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.verify import verify_and_tell
from evtool.report.account import (
    Account,
    AccountDerivation,
    AccountFinding,
    AccountItem,
    AccountVerdict,
    AnchorUsed,
    Audience,
    Hidden,
    ListedItems,
    MadeWith,
    Question,
    TermsKnown,
    TrustUsed,
)
from evtool.report.checker_document import describe_checker
from evtool.report.checkers import Checker
from evtool.report.consent_document import terms_document
from evtool.report.document import fill_verdict, log_entry
from evtool.report.findings import IN_JSON, in_english_if_words, list_findings
from evtool.report.told import tell
from evtool.report.trust_used import TrustKind
from evtool.scan.progress import NoProgress, Progress


def examine(
    place: Place, options: VerifyOptions, trusted: TrustKind, *, path: str, progress: Progress | None = None
) -> Account:
    """Verify something, and give the whole account of it, which `evtool.report.audience.restrict` cuts down.

    `trusted` says where the trusted keys came from, and `path` what the user typed.

    Raises:
        InputError: the self-test of this program failed, or the record changed while it was read; or as `verify`.
        KeyFileError: as `verify`.
    """
    tests = run_self_test()
    code = digest_code()
    python, platform = describe_platform()
    began = (options.now or datetime.now(UTC)).astimezone().replace(microsecond=0)
    report, told = verify_and_tell(place, options, _tell_record, progress or NoProgress())
    told = told or _Told()
    return Account(
        exit_code=report.exit_code,
        audience=Audience.CUSTODIAN,
        with_names=False,
        listed=ListedItems.ALL,
        path=path,
        made=MadeWith(
            evtool=__version__,
            python=python,
            platform=platform,
            packages=list_packages(),
            code_sha256=code.sha256,
            code_files=code.files,
            self_test=tests,
            verified_at=format_time(began),
            clock=Clock.CLAIMED,
            checkers=tuple(describe_checker(each) for each in Checker),
        ),
        asked=_question(options, trusted, report),
        report=_verdict(report, told),
        log=tuple(map(log_entry, report.links)),
        items=told.items,
        derived=tuple(map(_derivation, told.derivations)),
        hidden=Hidden(),
    )


class _Told(Struct, frozen=True):
    """What a record says beyond the verdict on it."""

    items: tuple[AccountItem, ...] = ()
    derivations: tuple[Derivation, ...] = ()


def _tell_record(record: Record) -> _Told:
    unread = read_afresh(record)
    sealed = [sealed for _, sealed in read_items(unread)]
    sealed = sorted([*sealed, *nameless_items(unread)], key=lambda each: each.item.number)
    for before, after in zip(record.seals, unread.seals, strict=True):
        if before.is_sound and not after.is_sound:
            raise InputError(
                "the manifest of entry {entry} changed while it was read",
                hint="run the command again",
                key="manifest-changed",
                entry=after.number,
            )
    try:
        consents = {number: consent.in_force for number, consent in known_consents(record, sealed).items()}
    except FormatError:
        # Terms that cannot be put together are a finding of the verification; the strictest count here.
        consents = {}
    items = tuple(_item(each, consents.get(each.item.number, TermsWithheld())) for each in sealed)
    return _Told(items, tuple(list_derivations(record)))


def _item(sealed: SealedItem, known: ItemTerms) -> AccountItem:
    item, content = sealed.item, sealed.item.content
    claims = item.metadata.claims if item.metadata else None
    return AccountItem(
        item=item.number,
        entry=sealed.seal.number,
        sound=sealed.seal.is_sound,
        name=item.file.path if item.file else None,
        type=content.type,
        size=content.size,
        sha256=content.digests.sha256 if content.digests else None,
        blake3=content.digests.blake3 if content.digests else None,
        target=content.target,
        omitted=content.reason,
        media_type=claims.format.media_type if claims and claims.format else None,
        context={statement.field: statement.value for statement in item.context},
        claims=_count_claims(claims) if claims else {},
        terms_known=_KNOWN[type(known)],
        terms=terms_document(known),
    )


_KNOWN = {
    TermsStated: TermsKnown.STATED,
    TermsNeverStated: TermsKnown.NEVER_STATED,
    TermsWithheld: TermsKnown.NOT_KNOWN,
}


def _count_claims(claims: Claims) -> dict[str, int]:
    kinds = {
        "times": claims.times,
        "places": claims.places,
        "durations": claims.durations,
        "texts": claims.texts,
        "tags": claims.tags,
    }
    return {kind: len(found) for kind, found in kinds.items() if found}


def _derivation(pair: Derivation) -> AccountDerivation:
    return AccountDerivation(entry=pair.entry, original=pair.original, copy=pair.copy, method=pair.method)


def _question(options: VerifyOptions, trusted: TrustKind, report: Report) -> Question:
    anchors = options.time.anchors() if report.timestamps else ()
    return Question(
        required=report.required,
        whole=options.whole,
        min_signers=options.min_signers,
        trust=TrustUsed(
            kind=trusted,
            sha256=options.trust.sha256 or None,
            keys=len({signer.public_key for signer in options.trust.signers} or options.signers),
            fingerprints=tuple(sorted(options.signers)),
        ),
        expected_head=options.expected_head,
        anchors=tuple(AnchorUsed(name=anchor.name, fingerprint=anchor.fingerprint) for anchor in anchors),
    )


def _verdict(report: Report, told: _Told) -> AccountVerdict:
    listed = list_findings(report.findings, IN_JSON)
    own = {"statuses": _statuses(told), "findings": tuple(map(_finding, listed.findings))}
    return fill_verdict(AccountVerdict, report, listed, own)


def _statuses(told: _Told) -> dict[str, tuple[str, ...]]:
    """Put the items together by where their consent stands."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for item in told.items:
        status = item.terms.get("status") if item.terms else None
        numbers[status if isinstance(status, str) else "not-stated"].append(item.item)
    return {status: tuple(ranges_of(numbers[status]).serialize()) for status in sorted(numbers)}


def _finding(finding: Finding) -> AccountFinding:
    return AccountFinding(
        code=finding.code,
        effect=finding.effect,
        axis=finding.axis,
        item=finding.item,
        entry=finding.entry,
        path=finding.path,
        expected=in_english_if_words(finding.expected),
        found=in_english_if_words(finding.found),
        count=finding.count,
        hidden=False,
        says=tell(finding.says, expected=finding.expected, found=finding.found),
        remarks=tuple(map(tell, finding.remarks)),
    )
