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
    from evtool.core.verdict import Axis, AxisState, Code, Effect, Finding, Report
    from evtool.keys.signer import Signer, choose_signer
    from evtool.keys.trust import load_trust
    from evtool.keys.tsa_trust import AnchorSet, load_anchors, load_roots
    from evtool.operations.airgap import WrittenRequest, import_response, write_request
    from evtool.operations.comparison import Selection
    from evtool.operations.due import DueResult, find_due
    from evtool.operations.entry_writer import EntryHeader
    from evtool.operations.renew import RenewResult, renew
    from evtool.operations.revocation import RevocationResult, add_revocation
    from evtool.operations.seal import preview_seal, seal
    from evtool.operations.seal_options import SealOptions, SealResult
    from evtool.operations.stamp_store import StoredStamp
    from evtool.operations.time_axis import TimeGrounds
    from evtool.operations.timestamp import StampOptions, StampResult, add_timestamps, preview_blank, preview_timestamps
    from evtool.operations.upgrade import ProofUpgrade, upgrade_proofs
    from evtool.operations.verify import VerifyOptions, verify

__version__ = "0.1.0"

_HOMES = {
    "AllowedSigners": "evtool.core.allowed_signers",
    "EvtoolError": "evtool.core.errors",
    "ExitCode": "evtool.core.errors",
    "Axis": "evtool.core.verdict",
    "AxisState": "evtool.core.verdict",
    "Code": "evtool.core.verdict",
    "Effect": "evtool.core.verdict",
    "Finding": "evtool.core.verdict",
    "Report": "evtool.core.verdict",
    "Signer": "evtool.keys.signer",
    "choose_signer": "evtool.keys.signer",
    "load_trust": "evtool.keys.trust",
    "AnchorSet": "evtool.keys.tsa_trust",
    "load_anchors": "evtool.keys.tsa_trust",
    "load_roots": "evtool.keys.tsa_trust",
    "WrittenRequest": "evtool.operations.airgap",
    "import_response": "evtool.operations.airgap",
    "write_request": "evtool.operations.airgap",
    "Selection": "evtool.operations.comparison",
    "DueResult": "evtool.operations.due",
    "find_due": "evtool.operations.due",
    "EntryHeader": "evtool.operations.entry_writer",
    "RenewResult": "evtool.operations.renew",
    "renew": "evtool.operations.renew",
    "RevocationResult": "evtool.operations.revocation",
    "add_revocation": "evtool.operations.revocation",
    "preview_seal": "evtool.operations.seal",
    "seal": "evtool.operations.seal",
    "SealOptions": "evtool.operations.seal_options",
    "SealResult": "evtool.operations.seal_options",
    "StoredStamp": "evtool.operations.stamp_store",
    "TimeGrounds": "evtool.operations.time_axis",
    "StampOptions": "evtool.operations.timestamp",
    "StampResult": "evtool.operations.timestamp",
    "add_timestamps": "evtool.operations.timestamp",
    "preview_blank": "evtool.operations.timestamp",
    "preview_timestamps": "evtool.operations.timestamp",
    "ProofUpgrade": "evtool.operations.upgrade",
    "upgrade_proofs": "evtool.operations.upgrade",
    "VerifyOptions": "evtool.operations.verify",
    "verify": "evtool.operations.verify",
}

__all__ = [
    "AllowedSigners",
    "AnchorSet",
    "Axis",
    "AxisState",
    "Code",
    "DueResult",
    "Effect",
    "EntryHeader",
    "EvtoolError",
    "ExitCode",
    "Finding",
    "ProofUpgrade",
    "RenewResult",
    "Report",
    "RevocationResult",
    "SealOptions",
    "SealResult",
    "Selection",
    "Signer",
    "StampOptions",
    "StampResult",
    "StoredStamp",
    "TimeGrounds",
    "VerifyOptions",
    "WrittenRequest",
    "add_revocation",
    "add_timestamps",
    "choose_signer",
    "find_due",
    "import_response",
    "load_anchors",
    "load_roots",
    "load_trust",
    "preview_blank",
    "preview_seal",
    "preview_timestamps",
    "renew",
    "seal",
    "upgrade_proofs",
    "verify",
    "write_request",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'evtool' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
