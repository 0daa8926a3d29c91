"""Checking the bag around the evidence: complete, without anything else, and with the digests that its lists give.

The lists of a bag are signed by nobody and prove nothing; but other programs believe them, so a bundle whose lists do
not hold is not what was packed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from evtool.core.container.bagit import (
    BAG_FILES,
    DECLARATION,
    DECLARATION_FILE,
    INFO_FILE,
    MANIFEST_FILE,
    TAG_MANIFEST_FILE,
    BagInfo,
    ManifestLine,
    parse_info,
    parse_manifest,
)
from evtool.core.errors import EvtoolError, FormatError, InputError
from evtool.core.finding import Cause, Code, Effect, Finding, Words
from evtool.core.text.limits import MAX_BAG_LINE, MAX_INFO
from evtool.core.text.names import nfc_key, store_name
from evtool.operations.record.companions import report_companions
from evtool.store.bundle import PAYLOAD_PREFIX, Bundle
from evtool.store.custody_names import RECORD

BUNDLE_README = "README.txt"

TAG_FILES = BAG_FILES | {BUNDLE_README}
"""All that a bundle holds beside `data/` and `custody/`."""


def check_bag(bundle: Bundle, collection: str | None, *, whole: bool) -> list[Finding]:
    """Compare a bag with its own lists; payload digests only of files that have been read.

    `collection` is the id that the record gives; `whole` tells whether all payload was asked for.
    """
    findings = report_companions(Code.COMPANION, bundle.companions)
    for path in bundle.foreign:
        findings.append(_broken(Words("foreign", name=path)))
    for path in sorted(bundle.tags):
        if path not in TAG_FILES and not path.startswith(f"{RECORD}/"):
            findings.append(_broken(Words("fetch" if path == "fetch.txt" else "stray", name=path)))
    findings += _check_declaration(bundle)
    info = _check_info(bundle, collection, findings)
    listed = _check_manifest(bundle, findings, whole=whole)
    if info is not None and listed is not None and info.payload_files != listed:
        findings.append(_broken(Words("oxum-files"), str(listed), str(info.payload_files)))
    if info is not None and whole and bundle.sizes.keys() == bundle.payload.keys():
        size = sum(bundle.sizes.values())
        if info.payload_bytes != size:
            findings.append(_broken(Words("oxum-bytes"), str(size), str(info.payload_bytes)))
    findings += _check_tag_manifest(bundle)
    return findings


def read_info(bundle: Bundle) -> BagInfo:
    """Read the `bag-info.txt` of a bundle.

    Raises:
        FormatError: it is not that of an evtool bundle.
        InputError: it is not there.
    """
    return parse_info(bundle.read_tag(INFO_FILE, MAX_INFO))


def _check_declaration(bundle: Bundle) -> list[Finding]:
    try:
        if bundle.read_tag(DECLARATION_FILE, len(DECLARATION)) == DECLARATION:
            return []
    except FormatError:
        pass
    except EvtoolError as error:
        return [_broken(_because(error))]
    return [_unread(Words("declaration"))]


def _check_info(bundle: Bundle, collection: str | None, findings: list[Finding]) -> BagInfo | None:
    try:
        info = read_info(bundle)
    except FormatError as error:
        findings.append(_unread(_because(error)))
        return None
    except EvtoolError as error:
        findings.append(_broken(_because(error)))
        return None
    if collection is not None and info.collection != collection:
        findings.append(_broken(Words("collection"), collection, info.collection))
    return info


def _check_manifest(bundle: Bundle, findings: list[Finding], *, whole: bool) -> int | None:
    """Check the payload against its list; return how many files that lists, None if it cannot be read."""
    left = set(bundle.payload) if whole else set()
    unmatched: list[ManifestLine] = []
    listed = 0
    try:
        for line in parse_manifest(_lines(bundle, MANIFEST_FILE), MANIFEST_FILE):
            listed += 1
            if not line.path.startswith(PAYLOAD_PREFIX):
                findings.append(_broken(Words("not-payload", name=line.path)))
                continue
            name = _payload_name(line)
            if name not in bundle.payload:
                unmatched.append(line)
                continue
            left.discard(name)
            findings += _compare_payload(line, bundle.payload[name])
    except FormatError as error:
        findings.append(_unread(_because(error)))
        return None
    except EvtoolError as error:
        findings.append(_broken(_because(error)))
        return None
    if whole:
        findings += _match_name_forms(unmatched, left, bundle)
    findings += [_broken(Words("unlisted", name=store_name(name), by=MANIFEST_FILE)) for name in sorted(left)]
    return listed


def _payload_name(line: ManifestLine) -> bytes:
    return line.path[len(PAYLOAD_PREFIX) :].encode("utf-8")


def _compare_payload(line: ManifestLine, found: str) -> list[Finding]:
    """Compare a payload file with its line; `found` is empty if it has not been read."""
    if not found or found == line.sha256:
        return []
    return [_broken(Words("digest", name=line.path, by=MANIFEST_FILE), line.sha256, found)]


def _match_name_forms(unmatched: list[ManifestLine], left: set[bytes], bundle: Bundle) -> list[Finding]:
    """Find listed files under the same name in another Unicode form, as other systems spell it; twins are missing."""
    there: dict[str, list[bytes]] = {}
    for name in left if unmatched else ():
        there.setdefault(nfc_key(store_name(name)), []).append(name)
    wanted = Counter(nfc_key(store_name(_payload_name(line))) for line in unmatched)
    findings: list[Finding] = []
    for line in unmatched:
        form = nfc_key(store_name(_payload_name(line)))
        if wanted[form] == len(there.get(form, ())) == 1:
            left.discard(there[form][0])
            findings += _compare_payload(line, bundle.payload[there[form][0]])
        else:
            findings.append(_broken(Words("missing", name=line.path, by=MANIFEST_FILE)))
    return findings


def _check_tag_manifest(bundle: Bundle) -> list[Finding]:
    findings: list[Finding] = []
    left = set(bundle.tags) - {TAG_MANIFEST_FILE}
    try:
        for line in parse_manifest(_lines(bundle, TAG_MANIFEST_FILE), TAG_MANIFEST_FILE):
            found = bundle.tags.get(line.path)
            left.discard(line.path)
            if found is None:
                findings.append(_broken(Words("missing", name=line.path, by=TAG_MANIFEST_FILE)))
            elif line.path in bundle.unread:
                findings.append(_unread(Words("unread", why=Cause(InputError.__name__, bundle.unread[line.path]))))
            elif found != line.sha256:
                findings.append(_broken(Words("digest", name=line.path, by=TAG_MANIFEST_FILE), line.sha256, found))
    except FormatError as error:
        return [_unread(_because(error))]
    except EvtoolError as error:
        return [_broken(_because(error))]
    return findings + [_broken(Words("unlisted", name=path, by=TAG_MANIFEST_FILE)) for path in sorted(left)]


def _lines(bundle: Bundle, path: str) -> Iterator[bytes]:
    with bundle.open_tag(path) as file:
        while line := file.readline(MAX_BAG_LINE):
            if not line.endswith(b"\n"):
                raise FormatError(
                    "{path}: a line is too long, or the last one does not end", key="bag-list-line", path=path
                )
            yield line[:-1]


def _broken(says: Words, expected: str | None = None, found: str | None = None) -> Finding:
    return Finding(Code.BAG_BROKEN, Effect.DISPROVES, says, expected=expected, found=found)


def _unread(says: Words) -> Finding:
    return Finding(Code.BAG_BROKEN, Effect.UNCHECKED, says)


def _because(error: EvtoolError) -> Words:
    return Words("refused", why=Cause.of(error))
