/** Step 14 of FORMAT-verify.md: under which consent the items may be used. */

import { type Chain, isIntact } from "./chain.ts";
import { type Finding, find } from "./findings.ts";
import type { Custody } from "./record.ts";
import type { Seal } from "./seals.ts";
import { type Summary, Tally, type Terms } from "./terms.ts";
import { holds, type Ranges } from "./text.ts";

interface Change {
  readonly entry: number;
  readonly items: Ranges | undefined;
  readonly terms: Terms;
}

/** What the terms of all disclosed items amount to; null if nothing can be relied on. */
export function summarizeConsent(
  custody: Custody,
  chain: Chain,
  seals: readonly Seal[],
  undone: ReadonlySet<number>,
  isWithholdingExplained: boolean,
): Summary | null {
  const isKnown = seals.length > 0 && seals.every((seal) => seal.isSound) && tellsAllChanges(custody, chain);
  if (!isKnown || !isWithholdingExplained) return null;
  const changes = chain.links.flatMap(({ entry }): Change[] =>
    entry.terms === undefined || undone.has(entry.sequence) ? [] : [{ entry: entry.sequence, items: entry.items, terms: entry.terms }],
  );
  const tally = new Tally();
  for (const item of seals.flatMap((seal) => seal.items)) {
    const own = changes.filter(({ entry, items }) => (items === undefined ? item.seal < entry : holds(items, item.number)));
    tally.add(item.seal, item.terms, own);
  }
  tally.summary.as_of = chain.links.at(-1)?.entry.recordedAt.text ?? null;
  return tally.summary;
}

/** Whether all entries are there, can be read and verify; one of which that is not so may change terms. */
function tellsAllChanges(custody: Custody, chain: Chain): boolean {
  const usable = new Set(chain.links.map((link) => link.entry.sequence));
  const unsigned = custody.unsigned.filter((stem) => stem.event === "consent-changed");
  return isIntact(chain) && [...custody.entries, ...custody.lost, ...unsigned].every((stem) => usable.has(stem.number));
}

export function judgeConsent(summary: Summary | null): Finding[] {
  if (summary === null) return [find("no-consent", "open")];
  if (summary.problem) return [find("no-consent", "unchecked")];
  const missing = summary.items - summary.stated;
  if (summary.items === missing) return [find("no-consent", "open")];
  return missing > 0 ? [find("no-consent", "open", { count: missing })] : [];
}
