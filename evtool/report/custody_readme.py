"""The README.txt of a custody directory: how to repeat the check with ordinary tools."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from evtool.core import __version__
from evtool.core.ssh.signature import NAMESPACE
from evtool.report.checkers import Checker, sha256_of
from evtool.report.language import Language, in_every_language


class EntryLine(Struct, frozen=True):
    """What the page says about one entry.

    Attributes:
        stem: name of its files without their endings, `0001-sealed`.
        agent: code of the signer.
        seals: whether it has a manifest and a list of checksums.
    """

    stem: str
    agent: str
    seals: bool


def render_custody_readme(
    entries: list[EntryLine],
    *,
    inside: bool,
    unlisted: int,
    repeats: Sequence[Sequence[str]] = (),
    is_continued: bool = False,
) -> str:
    """Write the page for a directory with these entries.

    `inside` tells whether the custody directory lies in the evidence directory. `is_continued` tells whether it
    continues the record of a bundle. `unlisted` counts the files of the newest seal whose paths are too long for
    sha256sum. `repeats` holds the commands that check each time-stamp again.
    """
    page = _Page(entries, inside, unlisted, repeats, is_continued)
    return in_every_language(page.write)


class _Page(Struct, frozen=True):
    """What the page is made from, whatever its language is."""

    entries: list[EntryLine]
    inside: bool
    unlisted: int
    repeats: Sequence[Sequence[str]]
    is_continued: bool

    @property
    def folder(self) -> str:
        """How commands name the custody directory."""
        return "custody" if self.inside and not self.is_continued else '"$CUSTODY"'

    def write(self, language: Language) -> str:
        """Write it in one language; the commands are the same in all."""
        place = "continued" if self.is_continued else "inside" if self.inside else "outside"
        head = language.say("readme.head")
        parts = [language.say("readme.continues") + head if self.is_continued else head]
        parts += [language.say("readme.trust", namespace=NAMESPACE), language.say(f"readme.place-{place}")]
        parts += [self._signatures(language), self._digests(language), self._order(language)]
        times = self._times(language)
        if self.inside and not self.is_continued:
            times += language.say("readme.script", version=__version__, script=sha256_of(Checker.SCRIPT))
        return "\n".join([*parts, times, language.say("readme.limits")])

    def _signatures(self, language: Language) -> str:
        lines = [language.say("readme.signatures"), ""]
        for entry in self.entries:
            path = f"{self.folder}/{entry.stem}.toml"
            lines += [
                f"     ssh-keygen -Y verify -f ~/trusted_keys -I {entry.agent} -n {NAMESPACE} \\",
                f"       -s {path}.sig < {path}",
            ]
        return "\n".join(lines) + "\n"

    def _digests(self, language: Language) -> str:
        lines = [language.say("readme.files"), ""]
        for entry in self.entries:
            if entry.seals:
                path = f"{self.folder}/{entry.stem}"
                lines += [
                    f"     sha256sum -c {path}.sha256",
                    f"     sha256sum {path}.sha256; grep checksums {path}.toml",
                ]
        lines += ["", language.say("readme.not-listed")]
        if any(entry.stem.endswith("-renamed") for entry in self.entries):
            lines += ["", language.say("readme.renamed", folder=self.folder)]
        if self.unlisted:
            lines += ["", language.say("readme.too-long", count=self.unlisted)]
        return "\n".join(lines) + "\n"

    def _order(self, language: Language) -> str:
        if len(self.entries) < 2:
            return language.say("readme.order-of-one") + "\n"
        lines = [language.say("readme.order"), ""]
        for before, entry in pairwise(self.entries):
            path = f"{self.folder}/{before.stem}.toml"
            lines += [
                f"     sha256sum {path} {path}.sig",
                f"     grep -A 2 previous {self.folder}/{entry.stem}.toml",
            ]
        return "\n".join(lines) + "\n"

    def _times(self, language: Language) -> str:
        times = language.say("readme.times")
        if not self.repeats:
            return times
        commands = [f"     {line}" for commands in self.repeats for line in commands]
        return "\n".join([times, language.say("readme.times-here"), "", *commands]) + "\n"
