"""Evidence integrity toolkit: seal, sign, time-stamp and verify directories of evidence, offline.

What the commands do, a program can do with the same functions:

    import evtool

    report = evtool.verify("interview-0042", evtool.VerifyOptions(trust=evtool.load_trust()))
    for finding in report.findings:
        print(finding.code.value, finding.message)
    assert report.exit_code is evtool.ExitCode.OK

    anchors = evtool.load_anchors().anchors
    written = evtool.write_request("interview-0042")  # written.data is what an authority gets, on another machine
    evtool.import_response("interview-0042", answer, anchors)

The names below are the public interface; they are imported when they are first used, so that `import evtool` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evtool.core.custody.events import (
        Accessed,
        Collected,
        Copied,
        Corrected,
        Countersigned,
        Disposed,
        Incident,
        Transferred,
        Verified,
    )
    from evtool.core.errors import EvtoolError, ExitCode
    from evtool.core.finding import Axis, AxisState, Code, Effect, Finding
    from evtool.core.ssh.allowed_signers import AllowedSigners
    from evtool.core.verdict import Report
    from evtool.keys.recipients import Recipients, load_recipients
    from evtool.keys.signer import Signer, choose_signer
    from evtool.keys.trust import load_trust
    from evtool.keys.tsa_trust import AnchorSet, load_anchors, load_roots
    from evtool.operations.bundle.choice import Wanted
    from evtool.operations.bundle.pack import Disclosure, PackOptions, PackResult, pack
    from evtool.operations.bundle.unpack import UnpackResult, unpack
    from evtool.operations.entries.consent import change_consent, decide_items, known_consents, read_consent
    from evtool.operations.entries.fixity import FixityRequest
    from evtool.operations.entries.handover import (
        ReceiveOptions,
        add_receipt,
        read_receipt_file,
        receive,
        write_receipt,
    )
    from evtool.operations.entries.recall import recall
    from evtool.operations.entries.record_event import RecordResult, head_of_entry, record_event
    from evtool.operations.entries.register import RegisterCheck, check_register, read_register
    from evtool.operations.entries.writer import EntryHeader
    from evtool.operations.inspect import Inspection, inspect_files
    from evtool.operations.record.comparison import Selection
    from evtool.operations.record.read import list_items, list_nameless_items, open_record
    from evtool.operations.record.subject import BundleAccess
    from evtool.operations.record.trust import TrustPolicy
    from evtool.operations.seal.derive import derive
    from evtool.operations.seal.import_evidence import ImportResult, Origin, import_bag, import_list
    from evtool.operations.seal.metadata import MetadataChoice
    from evtool.operations.seal.options import SealOptions, SealResult
    from evtool.operations.seal.seal import preview_seal, seal
    from evtool.operations.seal.statements import StatementFiles
    from evtool.operations.seal.unsealed import list_new_names
    from evtool.operations.timestamps.add import (
        StampOptions,
        StampResult,
        add_timestamps,
        preview_blank,
        preview_timestamps,
    )
    from evtool.operations.timestamps.airgap import WrittenRequest, import_response, write_request
    from evtool.operations.timestamps.renew import RenewResult, renew
    from evtool.operations.timestamps.revocation import RevocationResult, add_revocation
    from evtool.operations.timestamps.storing import StoredStamp
    from evtool.operations.timestamps.upgrade import ProofUpgrade, upgrade_proofs
    from evtool.operations.verify.copies import CopiesReport, compare_copies
    from evtool.operations.verify.derivations import Derivation, list_derivations
    from evtool.operations.verify.due import DueResult, find_due
    from evtool.operations.verify.options import VerifyOptions
    from evtool.operations.verify.time.axis import TimeGrounds
    from evtool.operations.verify.verify import verify

__version__ = "0.1.0"

_HOMES = {
    "AllowedSigners": "evtool.core.ssh.allowed_signers",
    "EvtoolError": "evtool.core.errors",
    "ExitCode": "evtool.core.errors",
    "Accessed": "evtool.core.custody.events",
    "Collected": "evtool.core.custody.events",
    "Copied": "evtool.core.custody.events",
    "Corrected": "evtool.core.custody.events",
    "Countersigned": "evtool.core.custody.events",
    "Disposed": "evtool.core.custody.events",
    "Incident": "evtool.core.custody.events",
    "Transferred": "evtool.core.custody.events",
    "Verified": "evtool.core.custody.events",
    "Axis": "evtool.core.finding",
    "AxisState": "evtool.core.finding",
    "Code": "evtool.core.finding",
    "Effect": "evtool.core.finding",
    "Finding": "evtool.core.finding",
    "Report": "evtool.core.verdict",
    "Recipients": "evtool.keys.recipients",
    "load_recipients": "evtool.keys.recipients",
    "Signer": "evtool.keys.signer",
    "choose_signer": "evtool.keys.signer",
    "load_trust": "evtool.keys.trust",
    "AnchorSet": "evtool.keys.tsa_trust",
    "load_anchors": "evtool.keys.tsa_trust",
    "load_roots": "evtool.keys.tsa_trust",
    "WrittenRequest": "evtool.operations.timestamps.airgap",
    "import_response": "evtool.operations.timestamps.airgap",
    "write_request": "evtool.operations.timestamps.airgap",
    "CopiesReport": "evtool.operations.verify.copies",
    "compare_copies": "evtool.operations.verify.copies",
    "Selection": "evtool.operations.record.comparison",
    "change_consent": "evtool.operations.entries.consent",
    "decide_items": "evtool.operations.entries.consent",
    "known_consents": "evtool.operations.entries.consent",
    "read_consent": "evtool.operations.entries.consent",
    "Derivation": "evtool.operations.verify.derivations",
    "list_derivations": "evtool.operations.verify.derivations",
    "derive": "evtool.operations.seal.derive",
    "Wanted": "evtool.operations.bundle.choice",
    "DueResult": "evtool.operations.verify.due",
    "find_due": "evtool.operations.verify.due",
    "EntryHeader": "evtool.operations.entries.writer",
    "FixityRequest": "evtool.operations.entries.fixity",
    "ReceiveOptions": "evtool.operations.entries.handover",
    "add_receipt": "evtool.operations.entries.handover",
    "read_receipt_file": "evtool.operations.entries.handover",
    "receive": "evtool.operations.entries.handover",
    "write_receipt": "evtool.operations.entries.handover",
    "ImportResult": "evtool.operations.seal.import_evidence",
    "Origin": "evtool.operations.seal.import_evidence",
    "import_bag": "evtool.operations.seal.import_evidence",
    "import_list": "evtool.operations.seal.import_evidence",
    "Inspection": "evtool.operations.inspect",
    "inspect_files": "evtool.operations.inspect",
    "MetadataChoice": "evtool.operations.seal.metadata",
    "StatementFiles": "evtool.operations.seal.statements",
    "list_new_names": "evtool.operations.seal.unsealed",
    "Disclosure": "evtool.operations.bundle.pack",
    "PackOptions": "evtool.operations.bundle.pack",
    "PackResult": "evtool.operations.bundle.pack",
    "pack": "evtool.operations.bundle.pack",
    "list_items": "evtool.operations.record.read",
    "list_nameless_items": "evtool.operations.record.read",
    "open_record": "evtool.operations.record.read",
    "recall": "evtool.operations.entries.recall",
    "RecordResult": "evtool.operations.entries.record_event",
    "head_of_entry": "evtool.operations.entries.record_event",
    "record_event": "evtool.operations.entries.record_event",
    "RegisterCheck": "evtool.operations.entries.register",
    "check_register": "evtool.operations.entries.register",
    "read_register": "evtool.operations.entries.register",
    "RenewResult": "evtool.operations.timestamps.renew",
    "renew": "evtool.operations.timestamps.renew",
    "RevocationResult": "evtool.operations.timestamps.revocation",
    "add_revocation": "evtool.operations.timestamps.revocation",
    "preview_seal": "evtool.operations.seal.seal",
    "seal": "evtool.operations.seal.seal",
    "SealOptions": "evtool.operations.seal.options",
    "SealResult": "evtool.operations.seal.options",
    "StoredStamp": "evtool.operations.timestamps.storing",
    "BundleAccess": "evtool.operations.record.subject",
    "TimeGrounds": "evtool.operations.verify.time.axis",
    "StampOptions": "evtool.operations.timestamps.add",
    "StampResult": "evtool.operations.timestamps.add",
    "add_timestamps": "evtool.operations.timestamps.add",
    "preview_blank": "evtool.operations.timestamps.add",
    "preview_timestamps": "evtool.operations.timestamps.add",
    "TrustPolicy": "evtool.operations.record.trust",
    "UnpackResult": "evtool.operations.bundle.unpack",
    "unpack": "evtool.operations.bundle.unpack",
    "ProofUpgrade": "evtool.operations.timestamps.upgrade",
    "upgrade_proofs": "evtool.operations.timestamps.upgrade",
    "VerifyOptions": "evtool.operations.verify.options",
    "report_unreadable": "evtool.operations.verify.verify",
    "verify": "evtool.operations.verify.verify",
}

__all__ = [
    "Accessed",
    "AllowedSigners",
    "AnchorSet",
    "Axis",
    "AxisState",
    "BundleAccess",
    "Code",
    "Collected",
    "Copied",
    "CopiesReport",
    "Corrected",
    "Countersigned",
    "Derivation",
    "Disclosure",
    "Disposed",
    "DueResult",
    "Effect",
    "EntryHeader",
    "EvtoolError",
    "ExitCode",
    "Finding",
    "FixityRequest",
    "ImportResult",
    "Incident",
    "Inspection",
    "MetadataChoice",
    "Origin",
    "PackOptions",
    "PackResult",
    "ProofUpgrade",
    "ReceiveOptions",
    "Recipients",
    "RecordResult",
    "RegisterCheck",
    "RenewResult",
    "Report",
    "RevocationResult",
    "SealOptions",
    "SealResult",
    "Selection",
    "Signer",
    "StampOptions",
    "StampResult",
    "StatementFiles",
    "StoredStamp",
    "TimeGrounds",
    "Transferred",
    "TrustPolicy",
    "UnpackResult",
    "Verified",
    "VerifyOptions",
    "Wanted",
    "WrittenRequest",
    "add_receipt",
    "add_revocation",
    "add_timestamps",
    "change_consent",
    "check_register",
    "choose_signer",
    "compare_copies",
    "decide_items",
    "derive",
    "find_due",
    "head_of_entry",
    "import_bag",
    "import_list",
    "import_response",
    "inspect_files",
    "known_consents",
    "list_derivations",
    "list_items",
    "list_nameless_items",
    "list_new_names",
    "load_anchors",
    "load_recipients",
    "load_roots",
    "load_trust",
    "open_record",
    "pack",
    "preview_blank",
    "preview_seal",
    "preview_timestamps",
    "read_consent",
    "read_receipt_file",
    "read_register",
    "recall",
    "receive",
    "record_event",
    "renew",
    "report_unreadable",
    "seal",
    "unpack",
    "upgrade_proofs",
    "verify",
    "write_receipt",
    "write_request",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'evtool' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
