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
from evtool.core.errors import EvtoolError, FormatError
from evtool.core.finding import Code, Effect, Finding
from evtool.core.text.limits import MAX_BAG_LINE, MAX_INFO
from evtool.core.text.names import nfc_key, shown, store_name
from evtool.operations.record.companions import report_companions
from evtool.store.bundle import PAYLOAD_PREFIX, RECORD, Bundle

BUNDLE_README = "README.txt"

TAG_FILES = BAG_FILES | {BUNDLE_README}
"""All that a bundle holds beside `data/` and `custody/`."""


def check_bag(bundle: Bundle, collection: str | None, *, whole: bool) -> list[Finding]:
    """Compare a bag with its own lists; payload digests only of files that have been read.

    `collection` is the id that the record gives; `whole` tells whether all payload was asked for.
    """
    findings = report_companions(Code.COMPANION, bundle.companions)
    for path in bundle.foreign:
        findings.append(_broken(f"{path}: is neither a file nor a directory of the bag"))
    for path in sorted(bundle.tags):
        if path not in TAG_FILES and not path.startswith(f"{RECORD}/"):
            what = (
                "names files that must be fetched from a network" if path == "fetch.txt" else "is not part of a bundle"
            )
            findings.append(_broken(f"{shown(path)}: {what}"))
    findings += _check_declaration(bundle)
    info = _check_info(bundle, collection, findings)
    listed = _check_manifest(bundle, findings, whole=whole)
    if info is not None and listed is not None and info.payload_files != listed:
        message = f"{INFO_FILE}: the Payload-Oxum gives {info.payload_files} files, {MANIFEST_FILE} lists {listed}"
        findings.append(_broken(message, str(listed), str(info.payload_files)))
    if info is not None and whole and bundle.sizes.keys() == bundle.payload.keys():
        size = sum(bundle.sizes.values())
        if info.payload_bytes != size:
            message = f"{INFO_FILE}: the Payload-Oxum gives {info.payload_bytes} bytes, the payload has {size}"
            findings.append(_broken(message, str(size), str(info.payload_bytes)))
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
        return [_broken(error.message)]
    return [_unread(f"{DECLARATION_FILE} does not declare BagIt 1.0 in UTF-8 in the two lines that a bundle has")]


def _check_info(bundle: Bundle, collection: str | None, findings: list[Finding]) -> BagInfo | None:
    try:
        info = read_info(bundle)
    except FormatError as error:
        findings.append(_unread(error.message))
        return None
    except EvtoolError as error:
        findings.append(_broken(error.message))
        return None
    if collection is not None and info.collection != collection:
        message = f"{INFO_FILE} names collection {info.collection}, but the record is about {collection}"
        findings.append(_broken(message, collection, info.collection))
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
                findings.append(_broken(f"{MANIFEST_FILE} lists {shown(line.path)}, which is not part of the payload"))
                continue
            name = _payload_name(line)
            if name not in bundle.payload:
                unmatched.append(line)
                continue
            left.discard(name)
            findings += _compare_payload(line, bundle.payload[name])
    except FormatError as error:
        findings.append(_unread(error.message))
        return None
    except EvtoolError as error:
        findings.append(_broken(error.message))
        return None
    if whole:
        findings += _match_name_forms(unmatched, left, bundle)
    findings += [_broken(f"{shown(store_name(name))}: {MANIFEST_FILE} does not list it") for name in sorted(left)]
    return listed


def _payload_name(line: ManifestLine) -> bytes:
    return line.path[len(PAYLOAD_PREFIX) :].encode("utf-8")


def _compare_payload(line: ManifestLine, found: str) -> list[Finding]:
    """Compare a payload file with its line; `found` is empty if it has not been read."""
    if not found or found == line.sha256:
        return []
    message = f"{shown(line.path)}: SHA-256 is {found[:16]}..., {MANIFEST_FILE} says {line.sha256[:16]}..."
    return [_broken(message, line.sha256, found)]


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
            findings.append(_broken(f"{shown(line.path)}: is missing, {MANIFEST_FILE} lists it"))
    return findings


def _check_tag_manifest(bundle: Bundle) -> list[Finding]:
    findings: list[Finding] = []
    left = set(bundle.tags) - {TAG_MANIFEST_FILE}
    try:
        for line in parse_manifest(_lines(bundle, TAG_MANIFEST_FILE), TAG_MANIFEST_FILE):
            found = bundle.tags.get(line.path)
            left.discard(line.path)
            if found is None:
                findings.append(_broken(f"{shown(line.path)}: is missing, {TAG_MANIFEST_FILE} lists it"))
            elif line.path in bundle.unread:
                findings.append(_unread(f"{bundle.unread[line.path]}, so it was not read completely"))
            elif found != line.sha256:
                message = f"{shown(line.path)}: SHA-256 is {found[:16]}..., {TAG_MANIFEST_FILE} says"
                findings.append(_broken(f"{message} {line.sha256[:16]}...", line.sha256, found))
    except FormatError as error:
        return [_unread(error.message)]
    except EvtoolError as error:
        return [_broken(error.message)]
    return findings + [_broken(f"{shown(path)}: {TAG_MANIFEST_FILE} does not list it") for path in sorted(left)]


def _lines(bundle: Bundle, path: str) -> Iterator[bytes]:
    with bundle.open_tag(path) as file:
        while line := file.readline(MAX_BAG_LINE):
            if not line.endswith(b"\n"):
                raise FormatError(f"{path}: a line is too long, or the last one does not end")
            yield line[:-1]


def _broken(message: str, expected: str | None = None, found: str | None = None) -> Finding:
    text = f"bag: {message}"
    return Finding(Code.BAG_BROKEN, Effect.DISPROVES, text, expected=expected, found=found)


def _unread(message: str) -> Finding:
    return Finding(Code.BAG_BROKEN, Effect.UNCHECKED, f"bag: {message}")
