"""What a verification is asked for, as options that `verify` and `report` share."""

from __future__ import annotations

import re
from pathlib import Path

import click
from msgspec import Struct

from evtool.cli.command import flag, misuse, one_of_two
from evtool.cli.completion import offers
from evtool.cli.options.common import load_receipt_keys, recipients_flag, trust_flag
from evtool.cli.options.trust import TrustChoice, choose_trust
from evtool.cli.options.values import digest_value
from evtool.core.errors import UsageError
from evtool.core.finding import Axis
from evtool.core.text.expressions import compiled_when_used
from evtool.operations.verify.options import VerifyOptions

_FINGERPRINT = compiled_when_used(r"SHA256:[A-Za-z0-9+/]{43}\Z")


def _fingerprint(text: str) -> str:
    if not _FINGERPRINT.match(text):
        why = UsageError("a fingerprint looks like SHA256: and 43 more characters", key="no-fingerprint")
        raise click.BadParameter(why.message) from why
    return text


class AskedOptions(Struct, frozen=True):
    """What is asked for.

    Attributes:
        trust_file: trust list; None for the user's own.
        recipients_file: recipient list, whose keys count for receipts; None for the user's own.
        signers: fingerprints of the only keys that are trusted, in place of a list.
        expect_head: head of an entry that has to be in the record, or None.
        require: what is required beside what always is.
        quick: compare types, sizes and dates only.
    """

    trust_file: Path | None = trust_flag()
    recipients_file: Path | None = recipients_flag()
    signers: tuple[str, ...] = flag(
        "--signer", multiple=True, type=_fingerprint, metavar="SHA256:...", help="Trust only this key."
    )
    expect_head: str | None = flag(
        "--expect-head", type=digest_value, metavar="HEX", help="Head of an entry that you noted."
    )
    require: tuple[str, ...] = flag(
        "--require",
        multiple=True,
        metavar="WHAT",
        completes=offers.words(("time", "consent", "whole", "signers=2")),
        help="Ask for more than integrity, signatures, trust and custody: time; consent; whole (a partial copy is not "
        "enough); signers=2 (two agents whom you trust signed each seal). May be repeated.",
    )
    quick: bool = flag(
        "--quick", otherwise=False, is_flag=True, help="Compare types, sizes and dates only; never a verification."
    )

    def trust(self) -> TrustChoice:
        """Read the trust list.

        Raises:
            click.UsageError: two options contradict each other.
            InputError, FormatError, KeyFileError: as `choose_trust`.
        """
        if self.trust_file is not None and self.signers:
            raise misuse(one_of_two("--trust", "--signer"))
        return choose_trust(self.trust_file, self.signers)

    def load(self, trust: TrustChoice) -> VerifyOptions:
        """Read the list of recipients, and give what is asked for.

        Raises:
            click.UsageError: an option has a value that it does not take.
            InputError, FormatError, KeyFileError: as `load_receipt_keys`.
        """
        return VerifyOptions(
            trust=trust.keys,
            signers=frozenset(trust.signers),
            receipts=load_receipt_keys(trust.file, self.recipients_file),
            expected_head=self.expect_head,
            required=frozenset(Axis(name) for name in self.require if name in _AXES),
            whole=_WHOLE in self.require,
            min_signers=_min_signers(self.require),
            quick=self.quick,
        )


_AXES = (Axis.TIME.value, Axis.CONSENT.value)
_WHOLE = "whole"


def _min_signers(require: tuple[str, ...]) -> int:
    """Take signers=N out of what is required, and refuse what is not known."""
    number = 1
    for name in require:
        match = re.fullmatch(r"signers=([1-9])", name)
        if match:
            number = max(number, int(match[1]))
        elif name not in (*_AXES, _WHOLE):
            raise misuse(
                UsageError(
                    "--require takes {names_en} or signers=N, N from 1 to 9",
                    key="not-required",
                    names_en=", ".join((*_AXES, _WHOLE)),
                    names=", ".join((*_AXES, _WHOLE)),
                )
            )
    return number
