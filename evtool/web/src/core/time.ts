/**
 * Step 6 of FORMAT-verify.md, as far as this page takes it: which time evidence lies there, and whether it is what
 * entries list. No token is judged here: none shows anything, and none is a reason to fail.
 */

import type { Link } from "./chain.ts";
import { FormError, raw } from "./bytes.ts";
import { type Finding, find } from "./findings.ts";
import { digest } from "./hashes.ts";
import { type Custody, readStampName } from "./record.ts";

/** A time-stamp as it lies there; the time in it is a claim. */
export interface ClaimedStamp {
  readonly entry: number;
  readonly name: string;
  /** `genTime` of a token as it stands there; null if there is none, or it is a proof that leads to a block. */
  readonly claimed_time: string | null;
  readonly state: "not judged here";
}

export interface TimeResult {
  readonly findings: Finding[];
  readonly stamps: ClaimedStamp[];
  /** Whether a signed entry lists time evidence that was not judged; then nothing here says that all is well. */
  readonly isListedUnjudged: boolean;
}

const EVIDENCE = ["tsr", "ots"];

export function judgeTime(custody: Custody, links: readonly Link[]): TimeResult {
  const findings: Finding[] = [];
  const recorded = recordedDigests(links);
  const there = custody.listing.stamps.filter((name) => EVIDENCE.includes(name.role));
  for (const [text, records] of recorded) {
    const name = readStampName(text);
    const entry = records[0]?.entry ?? 0;
    if (name === undefined || !EVIDENCE.includes(name.role) || name.entry >= entry) {
      findings.push(find("custody-unreadable", "unchecked", { entry, why: "a kind of time evidence that is unknown" }));
    } else if (!there.some((each) => each.text === text)) {
      findings.push(find("timestamp-missing", "disproves", { entry, path: text }));
    }
  }
  const stamps: ClaimedStamp[] = [];
  let isListedUnjudged = false;
  for (const { text, entry, event } of there) {
    if (!links.some((link) => link.entry.sequence === entry && link.entry.event === event)) continue;
    const records = recorded.get(text) ?? [];
    try {
      const data = custody.read(text);
      const found = digest(data);
      for (const record of records.filter((each) => each.digest !== found)) {
        const about = { entry: record.entry, path: text, expected: record.digest, found };
        findings.push(find("timestamp-changed", "disproves", about));
      }
      isListedUnjudged ||= records.some((each) => each.digest === found);
      stamps.push({ entry, name: text, claimed_time: readGenTime(data), state: "not judged here" });
    } catch (error) {
      const isTooLarge = error instanceof FormError && records.length > 0;
      if (isTooLarge) findings.push(find("timestamp-changed", "disproves", { entry, path: text }));
      else findings.push(find("custody-unreadable", records.length > 0 ? "unchecked" : "note", { entry, path: text }));
    }
  }
  findings.push(find(stamps.length === 0 ? "no-timestamp" : "time-not-proven", "open", { count: Math.max(stamps.length, 1) }));
  return { findings, stamps, isListedUnjudged };
}

/** Collect what entries say of time evidence: name of the file -> the entries that list it. */
function recordedDigests(links: readonly Link[]): Map<string, { entry: number; digest: string }[]> {
  const recorded = new Map<string, { entry: number; digest: string }[]>();
  for (const { entry } of links) {
    for (const [name, value] of entry.previous?.timestamps ?? []) {
      recorded.set(name, [...(recorded.get(name) ?? []), { entry: entry.sequence, digest: value }]);
    }
  }
  return recorded;
}

/** Give `genTime` of a token, for display: the first GeneralizedTime behind the type id-ct-TSTInfo. */
function readGenTime(data: Uint8Array): string | null {
  const text = raw(data);
  const start = text.indexOf("\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04");
  const match = start < 0 ? null : /\x18[\x0f-\x1f]([0-9]{14}(?:\.[0-9]{1,9})?Z)/.exec(text.slice(start, start + 1024));
  return match?.[1]?.replace(/^(....)(..)(..)(..)(..)(.*)$/, "$1-$2-$3T$4:$5:$6") ?? null;
}
