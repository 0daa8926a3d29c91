"""Whose keys count: the list that an option or the environment names, or the user's own."""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec import Struct

from evtool.cli.environment import Variable, blaming
from evtool.core.ssh.allowed_signers import AllowedSigners
from evtool.keys.trust import load_trust
from evtool.report.language import choose_language, say_trust_file
from evtool.report.trust_used import TrustChosen, TrustKind, TrustOrigin


class TrustChoice(Struct, frozen=True):
    """Whose keys count in a run.

    Attributes:
        keys: the list.
        file: where it is, if it is not the user's own.
        signers: fingerprints; if any are given, these keys and no others count.
        origin: what decided that.
    """

    keys: AllowedSigners
    file: Path | None
    signers: tuple[str, ...]
    origin: TrustOrigin

    @property
    def kind(self) -> TrustKind:
        """Where the keys come from."""
        if self.signers:
            return TrustKind.FINGERPRINTS
        return TrustKind.OWN_LIST if self.file is None else TrustKind.FILE

    @property
    def variable_says(self) -> str | None:
        """The file that the environment named; None if the environment decided nothing."""
        return str(self.file) if self.origin is TrustOrigin.ENVIRONMENT else None

    def tell(self) -> None:
        """Say on stderr whose keys count, if the environment decided that."""
        if self.variable_says is not None:
            language = choose_language()
            said = say_trust_file(language, self.variable_says)
            sys.stderr.write(f"evtool: {language.word('program', 'note')}: {said}\n")

    def document(self) -> TrustChosen:
        """Describe it for a script."""
        return TrustChosen(
            kind=self.kind,
            origin=self.origin,
            path=str(self.file) if self.file is not None and self.origin is TrustOrigin.OPTION else None,
            sha256=self.keys.sha256 or None,
            keys=len(self.signers or {signer.public_key for signer in self.keys.signers}),
            fingerprints=tuple(sorted(self.signers)),
        )


def choose_trust(file: Path | None, signers: tuple[str, ...] = ()) -> TrustChoice:
    """Read the trust list: the file that was named, else the one that EVTOOL_TRUST names, else the user's own.

    Raises:
        InputError, FormatError, KeyFileError: as `load_trust`.
        UsageError: EVTOOL_TRUST holds no full path.
    """
    if file is not None or signers:
        return TrustChoice(load_trust(file), file, signers, TrustOrigin.OPTION)
    named = Variable.TRUST.read_path()
    if named is None:
        return TrustChoice(load_trust(), None, (), TrustOrigin.DEFAULT)
    with blaming(Variable.TRUST):
        return TrustChoice(load_trust(Path(named)), Path(named), (), TrustOrigin.ENVIRONMENT)


def told_trust(file: Path | None) -> TrustChoice:
    """Do as `choose_trust`, and tell on stderr what the environment decided; for commands whose answer does not.

    Raises:
        InputError, FormatError, KeyFileError: as `load_trust`.
    """
    choice = choose_trust(file)
    choice.tell()
    return choice
