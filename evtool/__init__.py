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
    from evtool.core.allowed_signers import AllowedSigners
    from evtool.core.errors import EvtoolError, ExitCode
    from evtool.core.events import (
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
    from evtool.core.finding import Axis, AxisState, Code, Effect, Finding
    from evtool.core.verdict import Report
    from evtool.keys.recipients import Recipients, load_recipients
    from evtool.keys.signer import Signer, choose_signer
    from evtool.keys.trust import load_trust
    from evtool.keys.tsa_trust import AnchorSet, load_anchors, load_roots
    from evtool.operations.airgap import WrittenRequest, import_response, write_request
    from evtool.operations.compare_copies import CopiesReport, compare_copies
    from evtool.operations.comparison import Selection
    from evtool.operations.consent import change_consent, decide_items, known_consents, read_consent
    from evtool.operations.derivations import Derivation, list_derivations
    from evtool.operations.derive import derive
    from evtool.operations.disclosure_choice import Wanted
    from evtool.operations.due import DueResult, find_due
    from evtool.operations.entry_writer import EntryHeader
    from evtool.operations.fixity import FixityRequest
    from evtool.operations.handover import ReceiveOptions, add_receipt, read_receipt_file, receive, write_receipt
    from evtool.operations.import_evidence import ImportResult, Origin, import_bag, import_list
    from evtool.operations.inspect import Inspection, inspect_files
    from evtool.operations.item_metadata import MetadataChoice
    from evtool.operations.item_statements import StatementFiles
    from evtool.operations.new_items import list_new_names
    from evtool.operations.pack import Disclosure, PackOptions, PackResult, pack
    from evtool.operations.read import list_items, list_nameless_items, open_record
    from evtool.operations.recall import recall
    from evtool.operations.record import RecordResult, head_of_entry, record_event
    from evtool.operations.register_check import RegisterCheck, check_register, read_register
    from evtool.operations.renew import RenewResult, renew
    from evtool.operations.revocation import RevocationResult, add_revocation
    from evtool.operations.seal import preview_seal, seal
    from evtool.operations.seal_options import SealOptions, SealResult
    from evtool.operations.stamp_store import StoredStamp
    from evtool.operations.subject import BundleAccess
    from evtool.operations.time_axis import TimeGrounds
    from evtool.operations.timestamp import StampOptions, StampResult, add_timestamps, preview_blank, preview_timestamps
    from evtool.operations.trust import TrustPolicy
    from evtool.operations.unpack import UnpackResult, unpack
    from evtool.operations.upgrade import ProofUpgrade, upgrade_proofs
    from evtool.operations.verify import verify
    from evtool.operations.verify_options import VerifyOptions

__version__ = "0.1.0"

_HOMES = {
    "AllowedSigners": "evtool.core.allowed_signers",
    "EvtoolError": "evtool.core.errors",
    "ExitCode": "evtool.core.errors",
    "Accessed": "evtool.core.events",
    "Collected": "evtool.core.events",
    "Copied": "evtool.core.events",
    "Corrected": "evtool.core.events",
    "Countersigned": "evtool.core.events",
    "Disposed": "evtool.core.events",
    "Incident": "evtool.core.events",
    "Transferred": "evtool.core.events",
    "Verified": "evtool.core.events",
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
    "WrittenRequest": "evtool.operations.airgap",
    "import_response": "evtool.operations.airgap",
    "write_request": "evtool.operations.airgap",
    "CopiesReport": "evtool.operations.compare_copies",
    "compare_copies": "evtool.operations.compare_copies",
    "Selection": "evtool.operations.comparison",
    "change_consent": "evtool.operations.consent",
    "decide_items": "evtool.operations.consent",
    "known_consents": "evtool.operations.consent",
    "read_consent": "evtool.operations.consent",
    "Derivation": "evtool.operations.derivations",
    "list_derivations": "evtool.operations.derivations",
    "derive": "evtool.operations.derive",
    "Wanted": "evtool.operations.disclosure_choice",
    "DueResult": "evtool.operations.due",
    "find_due": "evtool.operations.due",
    "EntryHeader": "evtool.operations.entry_writer",
    "FixityRequest": "evtool.operations.fixity",
    "ReceiveOptions": "evtool.operations.handover",
    "add_receipt": "evtool.operations.handover",
    "read_receipt_file": "evtool.operations.handover",
    "receive": "evtool.operations.handover",
    "write_receipt": "evtool.operations.handover",
    "ImportResult": "evtool.operations.import_evidence",
    "Origin": "evtool.operations.import_evidence",
    "import_bag": "evtool.operations.import_evidence",
    "import_list": "evtool.operations.import_evidence",
    "Inspection": "evtool.operations.inspect",
    "inspect_files": "evtool.operations.inspect",
    "MetadataChoice": "evtool.operations.item_metadata",
    "StatementFiles": "evtool.operations.item_statements",
    "list_new_names": "evtool.operations.new_items",
    "Disclosure": "evtool.operations.pack",
    "PackOptions": "evtool.operations.pack",
    "PackResult": "evtool.operations.pack",
    "pack": "evtool.operations.pack",
    "list_items": "evtool.operations.read",
    "list_nameless_items": "evtool.operations.read",
    "open_record": "evtool.operations.read",
    "recall": "evtool.operations.recall",
    "RecordResult": "evtool.operations.record",
    "head_of_entry": "evtool.operations.record",
    "record_event": "evtool.operations.record",
    "RegisterCheck": "evtool.operations.register_check",
    "check_register": "evtool.operations.register_check",
    "read_register": "evtool.operations.register_check",
    "RenewResult": "evtool.operations.renew",
    "renew": "evtool.operations.renew",
    "RevocationResult": "evtool.operations.revocation",
    "add_revocation": "evtool.operations.revocation",
    "preview_seal": "evtool.operations.seal",
    "seal": "evtool.operations.seal",
    "SealOptions": "evtool.operations.seal_options",
    "SealResult": "evtool.operations.seal_options",
    "StoredStamp": "evtool.operations.stamp_store",
    "BundleAccess": "evtool.operations.subject",
    "TimeGrounds": "evtool.operations.time_axis",
    "StampOptions": "evtool.operations.timestamp",
    "StampResult": "evtool.operations.timestamp",
    "add_timestamps": "evtool.operations.timestamp",
    "preview_blank": "evtool.operations.timestamp",
    "preview_timestamps": "evtool.operations.timestamp",
    "TrustPolicy": "evtool.operations.trust",
    "UnpackResult": "evtool.operations.unpack",
    "unpack": "evtool.operations.unpack",
    "ProofUpgrade": "evtool.operations.upgrade",
    "upgrade_proofs": "evtool.operations.upgrade",
    "VerifyOptions": "evtool.operations.verify_options",
    "report_unreadable": "evtool.operations.verify",
    "verify": "evtool.operations.verify",
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
