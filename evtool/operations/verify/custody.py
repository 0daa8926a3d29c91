"""What the chain says beyond holding together: whose signatures count, handovers, witnesses, late entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evtool.core.custody.chain import Link, check_head
from evtool.core.custody.entry import Entry
from evtool.core.custody.events import Admitted, Corrected, Countersigned
from evtool.core.custody.house import Agents, Houses
from evtool.core.custody.receipt import Receipt, answered_transfers, check_receipt, transfer_details
from evtool.core.errors import EvtoolError, FormatError, InputError
from evtool.core.finding import Cause, Code, Effect, Finding, Words
from evtool.core.text.times import format_time
from evtool.core.verdict.verdict import SignerReport
from evtool.operations.record.record import Record
from evtool.operations.record.trust import TrustPolicy, judge_retired


def _find_admissions(links: Iterable[Link], houses: Houses, policy: TrustPolicy) -> dict[tuple[str, str], Entry]:
    """Find who is admitted by entries that count and whose signers are trusted: code and key -> the first of them."""
    found: dict[tuple[str, str], Entry] = {}
    for link in links:
        details, counts = link.entry.details, link.entry.sequence in houses.admitting
        if isinstance(details, Admitted) and counts and policy.judge_entry(link, houses) is None:
            found.setdefault((details.agent, details.key), link.entry)
    return found


def judge_signers(
    links: Iterable[Link], houses: Houses, policy: TrustPolicy, findings: list[Finding]
) -> list[SignerReport]:
    """Judge the signer of each entry of a record, with its houses; what is not trusted is added to the findings."""
    links = list(links)
    reports: list[SignerReport] = []
    admitted = _find_admissions(links, houses, policy)
    for link in links:
        entry, key = link.entry, link.public_key
        objection, retired = policy.judge(link), judge_retired(link, houses)
        if objection:
            code, reason = objection
            says, remarks = Words("signer", agent=entry.agent, why=reason), tuple[Words, ...]()
            admission = admitted.get((entry.agent, key.fingerprint))
            if code is Code.KEY_UNKNOWN and admission is not None:
                remarks = (Words("admitted", entry=admission.sequence, by=admission.agent, agent=entry.agent),)
            findings.append(
                Finding(code, Effect.OPEN, says, found=key.fingerprint, entry=entry.sequence, remarks=remarks)
            )
        if retired:
            findings.append(Finding(retired[0], Effect.OPEN, retired[1], found=key.fingerprint, entry=entry.sequence))
        reports.append(
            SignerReport(
                entry=entry.sequence,
                event=entry.event.value,
                agent=entry.agent,
                fingerprint=key.fingerprint,
                public_key=key.line,
                trusted=objection is None and retired is None,
                claimed_time=format_time(entry.happened_at),
                head=link.head,
            )
        )
    return reports


def judge_second_signatures(record: Record, policy: TrustPolicy, agents: Agents, required: int) -> list[Finding]:
    """Count the agents with trusted keys under each seal: its own signer and those who countersigned it.

    One agent with two keys is no second agent, and neither is one with a next key under another code. Two codes with
    one key are not two either: a key counts for the code that it signed under first.
    """
    if required < 2:
        return []
    links, houses = record.chain.links, record.houses
    holders: dict[int, dict[str, str]] = {link.entry.sequence: {} for link in links if link.entry.sealed}
    for link in links:
        details = link.entry.details
        number = details.entry if isinstance(details, Countersigned) else link.entry.sequence
        if number in holders and policy.judge_entry(link, houses) is None:
            holders[number].setdefault(link.public_key.fingerprint, link.entry.agent)
    findings: list[Finding] = []
    for number, signed in holders.items():
        count = len({agents.name(agent, key) for key, agent in signed.items()})
        if count < required:
            says = Words("agents", number=count, required=required)
            findings.append(Finding(Code.SIGNERS_TOO_FEW, Effect.OPEN, says, entry=number))
    return findings


def judge_custody(
    record: Record, policy: TrustPolicy, agents: Agents, expected_head: str | None, stamped: int
) -> list[Finding]:
    """Find open handovers, receipts that do not fit, references that lead nowhere, and who witnessed the chain.

    `stamped` is the number of the newest entry with a time-stamp that the user trusts, 0 without any.
    """
    links = record.chain.links
    findings = [finding for link in links for finding in _judge_references(link, record)]
    findings += record.undone.findings
    receipts = _read_receipts(record, policy, findings)
    findings += _open_transfers(links, receipts)
    if expected_head is not None:
        finding = check_head(record.chain, expected_head)
        if finding:
            findings.append(finding)
    findings += _judge_witness(record, receipts, policy, agents, expected_head, stamped)
    return findings


def _judge_references(link: Link, record: Record) -> list[Finding]:
    """An entry that names another must name one that lies there, by its digest, whether or not it can be used."""
    findings: list[Finding] = []
    entry, details = link.entry, link.entry.details
    if isinstance(details, Countersigned | Corrected):
        heads = [head for number, head in record.chain.heads if number == details.entry]
        unread = not heads and any(number == details.entry for number, _ in record.listing.entries)
        if details.entry >= entry.sequence or not (unread or details.head in heads):
            findings.append(
                Finding(
                    Code.CHAIN_BROKEN,
                    Effect.DISPROVES,
                    Words("reference", other=details.entry),
                    expected=details.head,
                    found=min(heads, default=None),
                    entry=entry.sequence,
                )
            )
    if entry.is_late:
        findings.append(Finding(Code.ENTRY_LATE, Effect.NOTE, Words("late"), entry=entry.sequence))
    return findings


def _read_receipts(record: Record, policy: TrustPolicy, findings: list[Finding]) -> list[Receipt]:
    """Read the receipts beside the entries; one by a key that is not trusted answers nothing."""
    receipts: list[Receipt] = []
    for sequence, event in sorted(record.listing.receipts):
        try:
            entry, signature = record.custody.read_receipt(sequence, event)
            receipt = check_receipt(record.chain.links, entry, signature)
        except EvtoolError as error:
            # What this version cannot read may be what a later one wrote; its bytes are signed as they stand.
            is_unread = isinstance(error, FormatError | InputError)
            says = Words("unreadable" if is_unread else "fails", why=Cause.of(error))
            effect = Effect.UNCHECKED if is_unread else Effect.DISPROVES
            findings.append(Finding(Code.RECEIPT_INVALID, effect, says, entry=sequence))
            continue
        objection = policy.judge(receipt.link)
        if objection:
            key, agent = receipt.link.public_key.fingerprint, receipt.link.entry.agent
            says = Words("receipt", key=key, agent=agent, why=objection[1])
            findings.append(Finding(objection[0], Effect.NOTE, says, entry=sequence))
        elif (receipt.transfer.entry.sequence, receipt.transfer.entry.event.value) == (sequence, event):
            receipts.append(receipt)
        else:
            # Nobody signs where a receipt lies. Somebody moved it, or two were swapped; like one that is not there, it
            # accuses nobody and answers nothing.
            says = Words("elsewhere", answers=receipt.transfer.entry.sequence)
            findings.append(Finding(Code.RECEIPT_MISPLACED, Effect.NOTE, says, entry=sequence))
    return receipts


def _open_transfers(links: Sequence[Link], receipts: Sequence[Receipt]) -> list[Finding]:
    answered = answered_transfers(links) | {receipt.transfer.entry.sequence for receipt in receipts}
    findings: list[Finding] = []
    for link in links:
        details = transfer_details(link)
        if details and link.entry.sequence not in answered:
            says = Words("no-receipt", recipient=details.recipient)
            findings.append(Finding(Code.TRANSFER_OPEN, Effect.NOTE, says, entry=link.entry.sequence))
    return findings


def _judge_witness(
    record: Record,
    receipts: Sequence[Receipt],
    policy: TrustPolicy,
    agents: Agents,
    expected_head: str | None,
    stamped: int,
) -> list[Finding]:
    """Say up to where somebody else than the newest signer vouches for the chain; later cuts would not show."""
    links, houses = record.chain.links, record.houses
    newest = links[-1] if links else None
    witnessed = max((receipt.witnessed for receipt in receipts), default=0)
    witnessed = max(witnessed, stamped)
    for link in links:
        if newest and not _is_one_agent(agents, link, newest) and policy.judge_entry(link, houses) is None:
            witnessed = max(witnessed, link.entry.sequence)
        if link.head == expected_head:
            witnessed = max(witnessed, link.entry.sequence)
    last = links[-1].entry.sequence if links else 0
    if witnessed == 0:
        return [Finding(Code.NO_WITNESS, Effect.NOTE, Words("nobody"))]
    says = Words("all") if witnessed == last else Words("up-to", rest=((witnessed + 1, last),))
    return [Finding(Code.WITNESSED, Effect.NOTE, says, entry=witnessed)]


def _is_one_agent(agents: Agents, first: Link, second: Link) -> bool:
    """Tell whether two entries were signed by one agent: nobody vouches for themselves with their next key."""
    one, other = (agents.name(link.entry.agent, link.public_key.fingerprint) for link in (first, second))
    return first.public_key == second.public_key or one == other
