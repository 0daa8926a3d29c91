/** Steps 2 and 3 of FORMAT-verify.md: the signatures, and the chain of custody. */

import { FormError, withLf } from "./bytes.ts";
import { type Entry, readEntry } from "./entry.ts";
import { type Finding, find } from "./findings.ts";
import { digest } from "./hashes.ts";
import { type PublicKey, SignatureError, verifySignature } from "./sshsig.ts";

/** The bytes of one entry as they lie there. */
export interface EntryFiles {
  readonly number: number;
  readonly event: string;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
  readonly details: Uint8Array | undefined;
}

/** An entry that is usable. */
export interface Link {
  readonly entry: Entry;
  readonly key: PublicKey;
  readonly head: string;
  readonly signatureDigest: string;
}

export interface Chain {
  readonly links: readonly Link[];
  readonly findings: readonly Finding[];
  /** Of how many entries it was found out whether their signature verifies. */
  readonly decided: number;
  /** Digests of all entries that lie there, those that cannot be used too, by number. */
  readonly heads: readonly (readonly [number, string])[];
}

/** Whether every entry verifies and follows from the one before. */
export const isIntact = (chain: Chain): boolean =>
  chain.links.length > 0 && !chain.findings.some(({ effect }) => effect === "disproves" || effect === "unchecked");

/** Check entries in their order; `unreadable` are numbers of entries that are there and could not be read. */
export function checkChain(files: readonly EntryFiles[], unreadable: readonly number[]): Chain {
  const chain = readChain(files, unreadable);
  const restored = files.map((file) => ({ ...file, data: withLf(file.data), signature: withLf(file.signature) }));
  if (restored.every((file, at) => file.data === files[at]?.data && file.signature === files[at]?.signature)) return chain;
  const other = readChain(restored, unreadable);
  const heads = [...chain.heads, ...other.heads];
  if (other.links.length <= chain.links.length) return { ...chain, heads };
  // Step 3h: the cause in place of what follows from it; the entries stay unusable.
  return { ...chain, heads, findings: [...other.findings, find("line-ends", "unchecked")] };
}

function readChain(files: readonly EntryFiles[], unreadable: readonly number[]): Chain {
  const findings: Finding[] = checkDoubles([...files.map((file) => file.number), ...unreadable]);
  const links: Link[] = [];
  let before: EntryFiles | undefined;
  for (const file of files) {
    findings.push(...checkPosition(before?.number ?? 0, file.number, unreadable));
    const link = checkLink(file, findings);
    if (link !== undefined) {
      findings.push(...checkPrevious(link, before), ...checkAgainst(link, links));
      links.push(link);
    }
    before = file;
  }
  findings.push(...checkNumbering(links));
  const unsure = findings.filter(({ code, effect }) => code === "signature-invalid" && effect === "unchecked");
  const heads = files.map(({ number, data }): [number, string] => [number, digest(data)]);
  const decided = files.length - new Set(unsure.map((finding) => finding.entry)).size;
  return { links, findings, decided, heads };
}

/** Step 3a: no number comes twice. */
function checkDoubles(numbers: readonly number[]): Finding[] {
  const seen = new Set<number>();
  const doubled = new Set<number>();
  for (const number of numbers) (seen.has(number) ? doubled : seen).add(number);
  return [...doubled].sort((one, other) => one - other).map((entry) => find("entry-doubled", "disproves", { entry }));
}

/** Step 3a: numbers run from 1 without a gap. */
function checkPosition(last: number, number: number, unreadable: readonly number[]): Finding[] {
  for (let missing = last + 1; missing < number; missing++) {
    if (!unreadable.includes(missing)) return [find("entry-missing", "disproves", { entry: missing })];
  }
  return [];
}

/** Steps 2a, 3b, 3c and 2b, of one entry by itself. */
export function checkLink(file: EntryFiles, findings: Finding[]): Link | undefined {
  const entry = file.number;
  let key: PublicKey;
  try {
    key = verifySignature(file.signature, file.data);
  } catch (error) {
    if (!(error instanceof FormError || error instanceof SignatureError)) throw error;
    const effect = error instanceof SignatureError ? "disproves" : "unchecked";
    findings.push(find("signature-invalid", effect, { entry, why: error.message }));
    return undefined;
  }
  let read: Entry;
  try {
    read = addDetails(file, findings);
  } catch (error) {
    if (!(error instanceof FormError)) throw error;
    findings.push(find("entry-invalid", "unchecked", { entry, why: error.message }));
    return undefined;
  }
  if (read.sequence !== file.number || read.event !== file.event) {
    findings.push(find("chain-broken", "disproves", { entry, why: "3c: the name of the file" }));
    return undefined;
  }
  if (read.key !== key.fingerprint) {
    findings.push(find("signer-differs", "disproves", { entry, expected: read.key, found: key.fingerprint }));
  }
  return { entry: read, key, head: digest(file.data), signatureDigest: digest(file.signature) };
}

/** Step 3b: details count only if they are those that the entry names (E26). */
function addDetails(file: EntryFiles, findings: Finding[]): Entry {
  const plain = readEntry(file.data);
  if (file.details === undefined) return plain;
  if (digest(file.details) === plain.apart) return readEntry(file.data, file.details);
  if (digest(withLf(file.details)) === plain.apart) {
    findings.push(find("line-ends", "unchecked", { entry: file.number }));
  } else {
    findings.push(find("chain-broken", "disproves", { entry: file.number, why: "E26: other details" }));
  }
  return plain;
}

/** Step 3d. */
function checkPrevious(link: Link, before: EntryFiles | undefined): Finding[] {
  const { previous, sequence } = link.entry;
  if (previous === undefined || before === undefined || before.number !== sequence - 1) return [];
  const pairs: [string, Uint8Array][] = [[previous.entry, before.data], [previous.signature, before.signature]];
  return pairs
    .filter(([expected, data]) => digest(data) !== expected)
    .map(([expected, data]) =>
      find("chain-broken", "disproves", { entry: sequence, expected, found: digest(data), why: "3d: the entry before" }),
    );
}

/** Steps 3e and 3g, against the usable entries before. */
function checkAgainst(link: Link, links: readonly Link[]): Finding[] {
  const findings: Finding[] = [];
  const { collection, sequence, recordedAt } = link.entry;
  const first = links[0]?.entry.collection;
  if (first !== undefined && first !== collection) {
    findings.push(find("chain-broken", "disproves", { entry: sequence, expected: first, found: collection, why: "3e" }));
  }
  const last = links.at(-1)?.entry.recordedAt.milliseconds;
  if (last !== undefined && recordedAt.milliseconds < last) findings.push(find("clock-order", "note", { entry: sequence }));
  return findings;
}

/** Step 3f: item numbers go on from seal to seal. */
function checkNumbering(links: readonly Link[]): Finding[] {
  const findings: Finding[] = [];
  const usable = new Set(links.map((link) => link.entry.sequence));
  let [expected, before] = [1, 0];
  for (const { entry } of links) {
    if (entry.sealed === undefined) continue;
    let maySkip = false;
    for (let number = before + 1; number < entry.sequence; number++) maySkip ||= !usable.has(number);
    const first = entry.sealed.first;
    if (first < expected || (first > expected && !maySkip)) {
      findings.push(find("chain-broken", "disproves", { entry: entry.sequence, why: "3f: item numbers" }));
    }
    [before, expected] = [entry.sequence, first + entry.sealed.items];
  }
  return findings;
}
