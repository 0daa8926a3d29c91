"""The commands with which anybody repeats the check of a token with stock OpenSSL, computed as values.

Two things go wrong when people write them by hand. Without `-attime` openssl judges a token as of today and rejects
it once the authority's certificate has ended. And `openssl ts` does not know RSA-PSS, and minds a token that calls its
authority by another name; `openssl cms` does not, but then the imprint has to be compared by eye.
"""

from __future__ import annotations

import shlex
from datetime import UTC
from enum import Enum

from msgspec import Struct

from evtool.core.timestamp.result import Caution, SignerFacts, TokenFacts, TokenVerdict


class RepeatTool(Enum):
    """What repeats the check."""

    TS = "openssl ts"
    CMS = "openssl cms"
    NONE = "none"


class RepeatFiles(Struct, frozen=True):
    """The files the commands name, relative to where they are run.

    Attributes:
        data: what was stamped.
        response: the `.tsr`.
        anchors: the user's anchors in one PEM file.
        chain: further certificates in one PEM file, "" without any.
        bare: the response is a bare token.
    """

    data: str
    response: str
    anchors: str = "roots.pem"
    chain: str = ""
    bare: bool = False


class Repeat(Struct, frozen=True):
    """How to repeat a check.

    Attributes:
        tool: what repeats it.
        commands: the command lines in order, each as its arguments; none where no stock command can do it.
        remark: what to look at, or why there is no command; "" where the commands say it all.
    """

    tool: RepeatTool
    commands: tuple[tuple[str, ...], ...]
    remark: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """Spell the commands for a POSIX shell."""
        return tuple(shlex.join(command) for command in self.commands)


def compute_repeat(verdict: TokenVerdict, files: RepeatFiles) -> Repeat:
    """Compute the commands that repeat the check of a token whose signature was verified."""
    facts, signer = verdict.claimed, verdict.signer
    if facts is None or signer is None:
        return Repeat(RepeatTool.NONE, (), "there is no verified signature whose check could be repeated")
    if signer.scheme in ("ed25519", "ed448"):
        return Repeat(RepeatTool.NONE, (), f"no stock command of OpenSSL 3.0 verifies {signer.scheme} time-stamps")
    if signer.by_key_identifier and not files.bare:
        remark = "OpenSSL 3.0 cannot take a token that names its signer by key identifier out of its response"
        return Repeat(RepeatTool.NONE, (), remark)
    partial = verdict.path and not verdict.path[-1].self_issued
    trust = ["-CAfile", files.anchors, *(["-partial_chain"] if partial else []), "-attime", _epoch(facts)]
    if _needs_cms(verdict, signer):
        return _repeat_with_cms(facts, files, trust)
    bare = ["-token_in"] if files.bare else []
    chain = ["-untrusted", files.chain] if files.chain else []
    command = ["openssl", "ts", "-verify", "-data", files.data, "-in", files.response, *bare, *trust, *chain]
    return Repeat(RepeatTool.TS, (tuple(command),))


def _epoch(facts: TokenFacts) -> str:
    return str(int(facts.gen_time.astimezone(UTC).timestamp()))


def _needs_cms(verdict: TokenVerdict, signer: SignerFacts) -> bool:
    differs = any(caution is Caution.TSA_NAME_DIFFERS for caution, _ in verdict.cautions)
    return signer.scheme == "rsa-pss" or signer.by_key_identifier or differs


def _repeat_with_cms(facts: TokenFacts, files: RepeatFiles, trust: list[str]) -> Repeat:
    token, content = f"{files.response}.token", f"{files.response}.tstinfo"
    chain = ["-certfile", files.chain] if files.chain else []
    unwrap = ["openssl", "ts", "-reply", "-in", files.response, "-token_out", "-out", token]
    verify = ["openssl", "cms", "-verify", "-cades", "-inform", "DER", "-in", files.response if files.bare else token]
    verify += [*trust, *chain, "-purpose", "timestampsign", "-out", content]
    commands = [] if files.bare else [unwrap]
    commands += [verify, ["openssl", "asn1parse", "-inform", "DER", "-in", content]]
    commands += [["openssl", "dgst", f"-{facts.imprint_hash}", files.data]]
    remark = "compare the digest of the last line with the OCTET STRING of the line before"
    return Repeat(RepeatTool.CMS, tuple(tuple(command) for command in commands), remark)
