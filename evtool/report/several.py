"""Verdicts on several directories: one line each, and what they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from evtool.core.errors import ExitCode
from evtool.core.finding import Listed, Words
from evtool.core.verdict.verdict import Report
from evtool.report.headline import render_one_line, say_mark
from evtool.report.language import Language, say_trust_file
from evtool.report.moments import format_local

_MOST_KEYS = 3

GRAVITY = (ExitCode.MISMATCH, ExitCode.NOT_CHECKED, ExitCode.NOT_ESTABLISHED, ExitCode.OK)
"""Exit codes of verdicts, the most serious first."""


def render_several(
    language: Language, results: Sequence[tuple[str, Report]], checked: datetime, trust_file: str | None = None
) -> str:
    """Write one line for each directory, under the name that the user gave it, and below what they come to.

    `trust_file` is the trust list if the environment named it.
    """
    lines = [render_one_line(language, report, name) for name, report in results]
    when = language.say("report.checked", time=format_local(language, checked))
    trusted = [] if trust_file is None else [say_trust_file(language, trust_file)]
    return "\n".join([*lines, "", render_sum(language, results), *_render_keys(language, results), *trusted, when])


def render_sum(language: Language, results: Sequence[tuple[str, Report]]) -> str:
    """Write how many ended in which verdict, the most serious first."""
    counts = Counter(report.exit_code for _, report in results)
    parts = tuple(
        Words("verdict-count", count=counts[code], mark=say_mark(language, code)) for code in GRAVITY if counts[code]
    )
    worst = next(code for code in GRAVITY if counts[code])
    key = "several.sum" if worst is ExitCode.OK else "several.sum-with-problems"
    return language.say(key, count=len(results), verdicts=Listed(parts, len(parts)), code=int(worst))


def _render_keys(language: Language, results: Sequence[tuple[str, Report]]) -> list[str]:
    """Name each key that the user does not trust once, with the number of directories that it signed."""
    unknown: Counter[tuple[str, str]] = Counter()
    for _, report in results:
        unknown.update({(signer.agent, signer.fingerprint) for signer in report.signers if not signer.trusted})
    lines: list[str] = [
        language.say("several.key", count=count, key=fingerprint, agent=agent)
        for (agent, fingerprint), count in unknown.most_common(_MOST_KEYS)
    ]
    more = len(unknown) - _MOST_KEYS
    return [*lines, language.say("several.more-keys", count=more)] if more > 0 else lines
