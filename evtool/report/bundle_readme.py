"""The README.txt of a bundle: what it is, and how to check it with ordinary tools."""

from __future__ import annotations

from collections.abc import Sequence

from evtool.core import __version__
from evtool.core.ssh.signature import NAMESPACE
from evtool.report.checkers import Checker, sha256_of
from evtool.report.language import Language, in_every_language
from evtool.report.travels import Travels


def render_bundle_readme(entries: Sequence[tuple[str, str]], travels: Travels, *, neutral: bool) -> str:
    """Write the page; each entry is the name of its files without their endings, and the code of its signer."""

    def write(language: Language) -> str:
        parts = [language.say("bundle-readme.head"), _signatures(language, entries)]
        parts += [language.say("bundle-readme.statements"), _travels(language, travels)]
        if neutral:
            parts.append(language.say("bundle-readme.names"))
        parts.append(language.say("bundle-readme.script", version=__version__, script=sha256_of(Checker.SCRIPT)))
        return "\n".join([*parts, language.say("bundle-readme.limits")])

    return in_every_language(write)


def _travels(language: Language, travels: Travels) -> str:
    """Say what kinds of things the record contains besides the statements; the cover sheet lists them."""
    travelling = language.say(
        "bundle-readme.travelling",
        names=len(travels.names),
        metadata=travels.metadata,
        parties=len(travels.parties),
        terms=len(travels.other_terms),
        texts=len(travels.texts),
    )
    return "\n".join([language.say("bundle-readme.discloses"), travelling, ""])


def _signatures(language: Language, entries: Sequence[tuple[str, str]]) -> str:
    lines = [
        language.say("bundle-readme.signatures"),
        "",
        f'     CODE namespaces="{NAMESPACE}" ssh-ed25519 AAAA...',
        "",
    ]
    for stem, agent in entries:
        lines += [
            f"     ssh-keygen -Y verify -f ~/trusted_keys -I {agent} -n {NAMESPACE} \\",
            f"       -s custody/{stem}.toml.sig < custody/{stem}.toml",
        ]
    return "\n".join(lines) + "\n"
