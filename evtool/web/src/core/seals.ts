/** Steps 7 to 9 of FORMAT-verify.md: manifests, digest lists, and what is withheld. */

import { FormError, raw, withLf } from "./bytes.ts";
import type { Link } from "./chain.ts";
import { nameOf } from "./custody.ts";
import type { SealTable } from "./entry.ts";
import { type Finding, find } from "./findings.ts";
import { digest } from "./hashes.ts";
import { type DisclosedList, type Group, type Item, listChecksums, type Manifest, readDisclosedList, readManifest } from "./manifest.ts";
import { type Custody, ReadError } from "./record.ts";
import { countIn, holds, parsePath, type Ranges } from "./text.ts";
import { equal } from "./bytes.ts";

/** One seal, and what reading its manifest showed. */
export interface Seal {
  readonly link: Link;
  readonly table: SealTable;
  readonly number: number;
  readonly items: readonly Item[];
  readonly withheldLines: number;
  /** Whether what the manifest says is what was signed: it passed step 7. */
  readonly isSound: boolean;
  readonly findings: readonly Finding[];
}

/** Step 7 for one seal, and step 8 if it passed. */
export function readSeal(custody: Custody, link: Link, table: SealTable): Seal {
  const number = link.entry.sequence;
  const base = { link, table, number, items: [] as Item[], withheldLines: 0, isSound: false };
  const name = `${nameOf(link)}.jsonl`;
  let data: Uint8Array;
  try {
    data = custody.read(name);
  } catch (error) {
    return { ...base, findings: [unusable(custody, name, "manifest", "manifest-invalid", number, error)] };
  }
  const manifest = readManifest(data, table, number);
  const read = { ...base, items: manifest.items, withheldLines: manifest.withheldLines };
  if (manifest.fault !== "") return { ...read, findings: [judgeFault(manifest, data, table, number)] };
  if (manifest.difference !== "") {
    return { ...read, findings: [find("manifest-mismatch", "disproves", { entry: number, why: manifest.difference })] };
  }
  return { ...read, isSound: true, findings: checkChecksums(custody, link, table, manifest) };
}

/** Steps 7a and 8: a file of a seal that cannot be used. */
function unusable(custody: Custody, name: string, what: string, invalid: string, entry: number, error: unknown): Finding {
  if (error instanceof FormError) return find(invalid, "disproves", { entry, why: error.message });
  if (!(error instanceof ReadError)) throw error;
  return custody.has(name) ? find(`${what}-unreadable`, "unchecked", { entry }) : find(`${what}-missing`, "disproves", { entry });
}

/** Steps 7b and 7d: nothing is disproven if the manifest is the signed one, or but for converted line ends. */
function judgeFault(manifest: Manifest, data: Uint8Array, table: SealTable, entry: number): Finding {
  const unix = manifest.isSigned ? data : withLf(data);
  const isSigned = manifest.isSigned || (unix !== data && readManifest(unix, table, entry).isSigned);
  return find("manifest-invalid", isSigned ? "unchecked" : "disproves", { entry, why: manifest.fault });
}

const HEADER = /^# SHA-256 of the items of this seal; salt [0-9a-f]{32}\n/;
const MAX_LINE = 65536;

/** Step 8 (L1 to L3). */
function checkChecksums(custody: Custody, link: Link, table: SealTable, manifest: Manifest): Finding[] {
  const entry = link.entry.sequence;
  const name = `${nameOf(link)}.sha256`;
  const isWhole = manifest.withheldLines === 0;
  if (!isWhole && !custody.has(name)) return [];
  let data: Uint8Array;
  try {
    data = custody.read(name);
  } catch (error) {
    return [unusable(custody, name, "checksums", "checksums-mismatch", entry, error)];
  }
  const mismatch = (why: string): Finding[] => [find("checksums-mismatch", "disproves", { entry, why })];
  if (digest(data) !== table.checksums) {
    const unix = withLf(data);
    const isConverted = unix !== data && digest(unix) === table.checksums;
    return isConverted ? [find("checksums-mismatch", "unchecked", { entry, why: "line ends" })] : mismatch("L1");
  }
  const header = HEADER.exec(raw(data.subarray(0, 100)))?.[0] ?? "";
  const isList = header !== "" && data.at(-1) === 10 && !hasLongLine(data);
  if (!isList) return mismatch("L2: it has no salt, or does not end");
  if (isWhole && !equal(data.subarray(header.length), listChecksums(manifest.items))) return mismatch("L2: it differs from the manifest");
  return [];
}

function hasLongLine(data: Uint8Array): boolean {
  let start = 0;
  for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, start)) {
    if (end - start > MAX_LINE) return true;
    start = end + 1;
  }
  return false;
}

// ---------------------------------------------------------------------------------------------------------- step 9

/** What was found out about what a copy withholds. */
export interface Withholding {
  readonly findings: readonly Finding[];
  /** The entry `disclosed` that explains it; undefined if nothing is withheld, or nothing explains it. */
  readonly by: Link | undefined;
  readonly isWhole: boolean;
  /** Items that the newest list promises and that are not here, where no list explains the copy. */
  readonly missing: number;
}

export const isExplained = (withholding: Withholding): boolean => withholding.isWhole || withholding.by !== undefined;

/** Steps 9a to 9c. `isKnown` tells whether every seal is usable and sound. */
export function judgeWithholding(custody: Custody, links: readonly Link[], seals: readonly Seal[], isKnown: boolean): Withholding {
  const findings: Finding[] = [];
  const lists = [...links].reverse().flatMap((link) => readList(custody, link, findings));
  const lacking = links.filter((link) => link.entry.isWithheld).map((link) => link.entry.sequence);
  const isWhole = lacking.length === 0 && !seals.some((seal) => seal.withheldLines > 0);
  if (isWhole || !isKnown) return { findings, by: undefined, isWhole: isWhole && isKnown, missing: 0 };
  const by = lists.find(({ link, list }) => agrees(seals, lacking, link.entry.sequence, list))?.link;
  if (by !== undefined) return { findings, by, isWhole: false, missing: 0 };
  let missing = 0;
  const newest = lists[0];
  if (newest !== undefined) {
    const number = newest.link.entry.sequence;
    for (const entry of lacking) {
      if (entry < number && !holds(newest.list.entries, entry)) findings.push(find("disclosure-invalid", "disproves", { entry }));
    }
    for (const [first, last] of findPromised(itemsBefore(seals, number), newest.list.groups)) {
      missing += last - first + 1;
      findings.push(find("missing", "disproves", { item: first, entry: number, count: last - first + 1 }));
    }
  }
  findings.push(find("withheld-unexplained", "unchecked", { count: Math.max(1, countWithheld(seals)) }));
  return { findings, by: undefined, isWhole: false, missing };
}

/** Step 9a: a list that is there must be the signed one. */
function readList(custody: Custody, link: Link, findings: Finding[]): { link: Link; list: DisclosedList }[] {
  const path = `${nameOf(link)}.items`;
  if (link.entry.event !== "disclosed" || !custody.has(path)) return [];
  const about = { path, entry: link.entry.sequence };
  let data: Uint8Array;
  try {
    data = custody.read(path);
  } catch {
    findings.push(find("disclosure-invalid", "unchecked", about));
    return [];
  }
  if (digest(data) !== link.entry.details["list"]) {
    findings.push(find("disclosure-invalid", "disproves", about));
    return [];
  }
  try {
    return [{ link, list: readDisclosedList(data) }];
  } catch (error) {
    if (!(error instanceof FormError)) throw error;
    findings.push(find("disclosure-invalid", "unchecked", { ...about, why: error.message }));
    return [];
  }
}

const itemsBefore = (seals: readonly Seal[], entry: number): Item[] =>
  seals.filter((seal) => seal.number < entry).flatMap((seal) => seal.items);

/** Tell whether the copy is what a list says, and nothing is withheld later. */
function agrees(seals: readonly Seal[], lacking: readonly number[], entry: number, list: DisclosedList): boolean {
  const items = itemsBefore(seals, entry);
  const isLater = seals.some((seal) => seal.number > entry && seal.withheldLines > 0);
  const isSame = lacking.length === countIn(list.entries) && lacking.every((number) => holds(list.entries, number));
  if (isLater || !isSame || findPromised(items, list.groups).length > 0) return false;
  let at = 0;
  return items.every((item) => {
    while (at < list.groups.length && (list.groups[at]?.last ?? 0) < item.number) at++;
    const group = list.groups[at];
    return group !== undefined && group.first <= item.number && isAsListed(item, group);
  });
}

/** Tell whether of an item exactly that is withheld which a list says, as far as a copy shows it. */
function isAsListed(item: Item, group: Group): boolean {
  const kinds = group.withheld.map((name) => name.replace(/\..*/, ""));
  return (
    item.withheld.join(" ") === kinds.join(" ") &&
    ![...item.context.keys()].some((field) => group.withheld.includes(`context.${field}`))
  );
}

/** Give the runs of items that a list discloses and this copy does not; `items` ascend. */
function findPromised(items: readonly Item[], groups: readonly Group[]): [number, number][] {
  const runs: [number, number][] = [];
  let at = 0;
  for (const { first, last } of groups) {
    let expected = first;
    while (at < items.length && (items[at]?.number ?? 0) <= last) {
      const number = items[at]?.number ?? 0;
      if (number > expected) runs.push([expected, number - 1]);
      expected = Math.max(expected, number + 1);
      at++;
    }
    if (expected <= last) runs.push([expected, last]);
  }
  return runs;
}

/** Count the items of which nothing is disclosed. */
export function countWithheld(seals: readonly Seal[]): number {
  return seals.reduce((sum, seal) => sum + (seal.isSound ? seal.table.items - seal.items.length : 0), 0);
}

/** Step 9b: what a copy that agrees with a list leaves out, as notes. */
export function noteWithheld(withholding: Withholding, withheldItems: number, lacking: readonly number[]): Finding[] {
  if (withholding.by === undefined) return [];
  const findings: Finding[] = [];
  if (withheldItems > 0) findings.push(find("withheld", "note", { count: withheldItems }));
  if (lacking[0] !== undefined) findings.push(find("withheld", "note", { entry: lacking[0] }));
  return findings;
}

// --------------------------------------------------------------------------------------------------- names: E32, E33

/** Give items the names that they have now; one whose name is withheld stays without. Gives how many were renamed. */
export function giveNames(seals: readonly Seal[], links: readonly Link[], undone: ReadonlySet<number>): number {
  const given = new Map<number, { entry: number; path: string }[]>();
  for (const { entry } of links) {
    if (entry.event !== "renamed" || entry.isWithheld || undone.has(entry.sequence) || entry.items === undefined) continue;
    const paths = entry.details["paths"] as readonly string[];
    numbersIn(entry.items).forEach((number, at) => {
      const name = { entry: entry.sequence, path: parsePath(paths[at] ?? "") };
      given.set(number, [...(given.get(number) ?? []), name]);
    });
  }
  let renamed = 0;
  for (const item of seals.flatMap((seal) => seal.items)) {
    const name = given.get(item.number)?.filter(({ entry }) => entry > item.seal).at(-1);
    if (name === undefined || item.path === undefined) continue;
    renamed++;
    [item.path, item.namedBy] = [name.path, name.entry];
  }
  return renamed;
}

/** The numbers in ranges; an entry with as many names as numbers bounds them (E30). */
function numbersIn(ranges: Ranges): number[] {
  return ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, at) => first + at));
}
