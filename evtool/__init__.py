"""Evidence integrity toolkit: seal, sign, time-stamp and verify directories of evidence, offline.

What the commands do, a program can do with the same functions:

    import evtool

    report = evtool.verify("interview-0042", evtool.VerifyOptions(trust=evtool.load_trust()))
    for finding in report.findings:
        print(finding.code.value, finding.message)
    assert report.exit_code is evtool.ExitCode.OK

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
    from evtool.operations.comparison import Selection
    from evtool.operations.seal import preview_seal, seal
    from evtool.operations.seal_options import SealOptions, SealResult
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
    "Selection": "evtool.operations.compare",
    "SealOptions": "evtool.operations.seal_options",
    "SealResult": "evtool.operations.seal_options",
    "preview_seal": "evtool.operations.seal",
    "seal": "evtool.operations.seal",
    "VerifyOptions": "evtool.operations.verify",
    "verify": "evtool.operations.verify",
}

__all__ = [
    "AllowedSigners",
    "Axis",
    "AxisState",
    "Code",
    "Effect",
    "EvtoolError",
    "ExitCode",
    "Finding",
    "Report",
    "SealOptions",
    "SealResult",
    "Selection",
    "Signer",
    "VerifyOptions",
    "choose_signer",
    "load_trust",
    "preview_seal",
    "seal",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'evtool' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
