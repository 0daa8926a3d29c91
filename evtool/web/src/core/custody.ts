/** Steps 1 and 5 of FORMAT-verify.md: what lies in the record, receipts, references and witnesses. */

import { FormError } from "./bytes.ts";
import { type Chain, type Link } from "./chain.ts";
import { INFORMATIONAL, readEntry } from "./entry.ts";
import { type Finding, find } from "./findings.ts";
import { digest } from "./hashes.ts";
import { type Agents, HANDOVERS, type Houses } from "./houses.ts";
import { readDisclosedList } from "./manifest.ts";
import { COVER, type Custody, MAX_ENTRY, ownEndings, ReadError } from "./record.ts";
import { SignatureError, verifySignature } from "./sshsig.ts";
import type { Policy } from "./trust.ts";

const DAY = 24 * 60 * 60 * 1000;

/** Steps 1a, 1b and 1d. */
export function judgeListing(custody: Custody, chain: Chain): Finding[] {
  const { listing, entries } = custody;
  const findings = listing.foreign.map((path) => find("custody-extra", "disproves", { path }));
  const strays = listing.stamps.filter(({ entry, event }) => !listing.files.has(`${String(entry).padStart(4, "0")}-${event}`));
  for (const { text } of strays) findings.push(find("custody-extra", "disproves", { path: text }));
  for (const { text, event } of entries) {
    const own = ["toml", "toml.sig", ...ownEndings(event)];
    for (const ending of listing.files.get(text) ?? []) {
      if (!own.includes(ending)) findings.push(find("custody-extra", "disproves", { path: `${text}.${ending}` }));
    }
  }
  const lost = new Set(custody.lost.map((stem) => stem.text));
  for (const { text, number } of custody.unsigned) {
    findings.push(find("entry-unfinished", lost.has(text) ? "unchecked" : "note", { entry: number }));
  }
  if (listing.companions.length > 0) findings.push(find("custody-companion", "note", { count: listing.companions.length }));
  if (listing.unfinished.length > 0) findings.push(find("unfinished-write", "note", { count: listing.unfinished.length }));
  return [...findings, ...judgeInformational(custody, chain)];
}

/** Rule R9: files that prove nothing are compared with what the newest entry says of them. */
function judgeInformational(custody: Custody, chain: Chain): Finding[] {
  const newest = chain.links.at(-1);
  if (newest === undefined || newest.entry.sequence !== custody.entries.at(-1)?.number) return [];
  const findings: Finding[] = [];
  const digestOf = (name: string): string | undefined => {
    try {
      return digest(custody.read(name));
    } catch {
      return undefined;
    }
  };
  if (custody.listing.informational.includes(COVER) && !isSignedCover(custody, chain, digestOf(COVER))) {
    findings.push(find("informational-unsigned", "note", { path: COVER }));
  }
  for (const name of INFORMATIONAL) {
    const [expected, found] = [newest.entry.informational.get(name), digestOf(name)];
    if (expected !== found) findings.push(find("informational-changed", "note", { path: name }));
  }
  return findings;
}

function isSignedCover(custody: Custody, chain: Chain, cover: string | undefined): boolean {
  return chain.links.some((link) => {
    try {
      const data = custody.read(`${nameOf(link)}.items`);
      return link.entry.event === "disclosed" && digest(data) === link.entry.details["list"] && readDisclosedList(data).cover === cover;
    } catch {
      return false;
    }
  });
}

/** Give NNNN-EVENT of an entry. */
export const nameOf = (link: Link): string => `${String(link.entry.sequence).padStart(4, "0")}-${link.entry.event}`;

// ---------------------------------------------------------------------------------------------------------- step 5

/** Steps 5a to 5d. */
export function judgeCustody(
  custody: Custody,
  chain: Chain,
  houses: Houses,
  agents: Agents,
  policy: Policy,
  head: string | undefined,
): Finding[] {
  const { links } = chain;
  const findings = links.flatMap((link) => judgeReferences(link, custody, chain));
  const receipts = readReceipts(custody, links, policy, findings);
  findings.push(...openTransfers(links, receipts));
  if (head !== undefined && !links.some((link) => link.head === head)) {
    findings.push(find("head-unknown", "disproves", { expected: head, found: links.at(-1)?.head ?? "" }));
  }
  findings.push(judgeWitness(links, receipts, houses, agents, policy, head));
  return findings;
}

/** Step 5b: an entry that names another must name one that lies there (E17); step 5d: late entries. */
function judgeReferences(link: Link, custody: Custody, chain: Chain): Finding[] {
  const findings: Finding[] = [];
  const { event, details, sequence, isWithheld, happenedAt, recordedAt } = link.entry;
  if ((event === "countersigned" || event === "corrected") && !isWithheld) {
    const number = Number(details["entry"]);
    const heads = chain.heads.filter(([each]) => each === number).map(([, each]) => each);
    const isUnread = heads.length === 0 && custody.entries.some((stem) => stem.number === number);
    if (number >= sequence || !(isUnread || heads.includes(String(details["head"])))) {
      findings.push(find("chain-broken", "disproves", { entry: sequence, why: "E17: the entry that it names" }));
    }
  }
  if (recordedAt.milliseconds - happenedAt.milliseconds > DAY) findings.push(find("entry-late", "note", { entry: sequence }));
  return findings;
}

interface Receipt {
  /** Number of the entry that it answers, and of the newest one that the recipient saw. */
  readonly answers: number;
  readonly event: string;
  readonly witnessed: number;
}

class MismatchError extends Error {}

/** Section "Receipts": those that count; one by a key that is not trusted answers nothing. */
function readReceipts(custody: Custody, links: readonly Link[], policy: Policy, findings: Finding[]): Receipt[] {
  const receipts: Receipt[] = [];
  for (const { text, number, event } of custody.listing.receipts) {
    try {
      const { link, receipt } = checkReceipt(custody, text, links);
      const objection = policy.judge(link);
      if (objection !== undefined) findings.push(find(objection, "note", { entry: number }));
      else if (receipt.answers === number && receipt.event === event) receipts.push(receipt);
      else findings.push(find("receipt-misplaced", "note", { entry: number })); // nobody signed where it lies
    } catch (error) {
      const isUnread = error instanceof FormError || error instanceof ReadError;
      if (!isUnread && !(error instanceof MismatchError || error instanceof SignatureError)) throw error;
      findings.push(find("receipt-invalid", isUnread ? "unchecked" : "disproves", { entry: number, why: error.message }));
    }
  }
  return receipts;
}

function checkReceipt(custody: Custody, stem: string, links: readonly Link[]): { link: Link; receipt: Receipt } {
  const data = custody.read(`${stem}.receipt.toml`);
  const signature = custody.read(`${stem}.receipt.toml.sig`);
  if (links.length === 0) throw new ReadError("there is no entry that it could answer");
  if (data.length > MAX_ENTRY) throw new FormError("the receipt is too large");
  const key = verifySignature(signature, data);
  const entry = readEntry(data);
  if (entry.event !== "received" || entry.previous === undefined) throw new FormError("it records something else");
  const match = (condition: boolean, what: string): void => {
    if (!condition) throw new MismatchError(what);
  };
  match(entry.key === key.fingerprint, "it is signed by another key than it names");
  match(entry.collection === links[0]?.entry.collection, "it is for another collection");
  const transfer = links.find((link) => link.head === entry.details["transfer"]);
  const seen = links.find((link) => link.head === entry.previous?.entry);
  const isOfRecord = transfer !== undefined && seen !== undefined && seen.signatureDigest === entry.previous.signature;
  if (!isOfRecord) throw new MismatchError("it is for an entry that is not in this record");
  match(HANDOVERS.includes(transfer.entry.event) && seen.entry.sequence >= transfer.entry.sequence, "it answers no handover");
  const isBetween = transfer.entry.details["recipient"] === entry.agent && entry.details["sender"] === transfer.entry.agent;
  match(isBetween, "it is between other parties");
  const link: Link = { entry, key, head: digest(data), signatureDigest: digest(signature) };
  return { link, receipt: { answers: transfer.entry.sequence, event: transfer.entry.event, witnessed: seen.entry.sequence } };
}

/** Step 5d. */
function openTransfers(links: readonly Link[], receipts: readonly Receipt[]): Finding[] {
  const answered = new Set(receipts.map((receipt) => receipt.answers));
  for (const { entry } of links) {
    const transfer = entry.event === "received" ? links.find((link) => link.head === entry.details["transfer"]) : undefined;
    const isHandover = transfer !== undefined && HANDOVERS.includes(transfer.entry.event);
    if (isHandover && transfer.entry.details["recipient"] === entry.agent) answered.add(transfer.entry.sequence);
  }
  return links
    .filter(({ entry }) => HANDOVERS.includes(entry.event) && !answered.has(entry.sequence))
    .map(({ entry }) => find("transfer-open", "note", { entry: entry.sequence }));
}

/** Step 5c: up to where somebody else than the newest signer vouches for the chain. */
function judgeWitness(
  links: readonly Link[],
  receipts: readonly Receipt[],
  houses: Houses,
  agents: Agents,
  policy: Policy,
  head: string | undefined,
): Finding {
  const newest = links.at(-1);
  const isOneAgent = (one: Link, other: Link): boolean =>
    one.key.fingerprint === other.key.fingerprint || agents.name(one) === agents.name(other);
  let witnessed = Math.max(0, ...receipts.map((receipt) => receipt.witnessed));
  for (const link of links) {
    const isTrusted = policy.judge(link) === undefined && !houses.retired.has(link.entry.sequence);
    const isOther = newest !== undefined && !isOneAgent(link, newest) && isTrusted;
    if (isOther || link.head === head) witnessed = Math.max(witnessed, link.entry.sequence);
  }
  return witnessed === 0 ? find("no-witness", "note") : find("witnessed", "note", { entry: witnessed });
}
