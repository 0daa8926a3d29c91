"""What came of taking in a notice."""

from __future__ import annotations

from evtool.cli.answers.head import head_lines
from evtool.cli.output import Output
from evtool.core.consent.notice import Notice
from evtool.core.errors import ExitCode
from evtool.core.text.ranges import spell_any, spell_ranges
from evtool.operations.entries.notice import TakenNotice
from evtool.report.consent_document import TakenNoticeDocument


def answer_notice(output: Output, path: str, notice: Notice, taken: TakenNotice, *, dry_run: bool) -> ExitCode:
    """Print what a notice changed; exit code 1 if the sender's record parts from this one, for which nobody answers."""
    language, say = output.language, output.language.say
    exit_code = ExitCode.OK if taken.parting is None else ExitCode.MISMATCH
    about = language.say_ranges(taken.items.ranges, "items", None) if taken.items else None
    lines: list[str] = [say("notice.about", sender=notice.agent, items=about) if about else say("notice.about-none")]
    lines += [
        say("answer.would-add" if dry_run else "answer.added", name=path, entry=result.entry)
        for result in taken.written
    ]
    if about and not taken.written:
        lines.append(say("notice.known"))
    if taken.unknown is not None:
        first, last = taken.unknown
        lines.append(say("notice.unknown", first=first, last=last, count=last - first + 1))
    parts_after = taken.parting.first.sequence - 1 if taken.parting else None
    if parts_after is not None:
        lines.append(say("notice.parts", entry=parts_after))
    head = taken.written[-1].head if taken.written and not dry_run else None
    lines += head_lines(language, head) if head else []
    output.answer("\n".join(lines), done=not dry_run)
    output.document(
        TakenNoticeDocument(
            exit_code=exit_code,
            path=path,
            dry_run=dry_run,
            collection=notice.collection,
            sender=notice.agent,
            notice=notice.digest,
            items=spell_any(taken.items),
            entries=tuple(result.entry for result in taken.written),
            unknown=spell_ranges([taken.unknown])[0] if taken.unknown else None,
            parts_after=parts_after,
            head=head,
        )
    )
    return exit_code
