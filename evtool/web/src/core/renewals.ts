/** Step 13 of FORMAT-verify.md: renewals, copies of items, and clocks. */

import { raw } from "./bytes.ts";
import type { Link } from "./chain.ts";
import { nameOf } from "./custody.ts";
import { type Finding, find } from "./findings.ts";
import { blake2b, digest } from "./hashes.ts";
import type { Custody } from "./record.ts";
import type { Seal } from "./seals.ts";
import { compare } from "./text.ts";

const LINE = /^([0-9a-f]{128}) {2}([A-Za-z0-9_][A-Za-z0-9_.-]{0,254})$/;

/** Compare what lies in the record with the lists of its renewals. */
export function judgeRenewals(custody: Custody, links: readonly Link[], seals: readonly Seal[]): Finding[] {
  const partial = new Set(partialFiles(custody, links, seals));
  const there = new Set(custody.recordFiles);
  return links
    .filter((link) => link.entry.event === "renewed")
    .flatMap((link) => judgeList(custody, link, there, partial));
}

function judgeList(custody: Custody, link: Link, there: ReadonlySet<string>, partial: ReadonlySet<string>): Finding[] {
  const entry = link.entry.sequence;
  const path = `${nameOf(link)}.blake2b`;
  let data: Uint8Array;
  try {
    data = custody.read(path);
  } catch {
    return [find("renewal-mismatch", custody.has(path) ? "unchecked" : "disproves", { path, entry })];
  }
  const { list, list_renewed: renewed } = link.entry.details;
  if (digest(data) !== list || blake2b(data) !== renewed) return [find("renewal-mismatch", "disproves", { path, entry })];
  const listed = readList(raw(data));
  if (listed === undefined) return [find("renewal-mismatch", "unchecked", { path, entry })];
  const findings: Finding[] = [];
  for (const [name, expected] of listed) {
    if (partial.has(name)) continue;
    const effect = there.has(name) ? compareFile(custody, name, expected) : "disproves";
    if (effect !== undefined) findings.push(find("renewal-mismatch", effect, { path: name, entry }));
  }
  const earlier = [...there].filter((name) => isOfEntryBefore(name, entry) && !listed.has(name));
  if (earlier.length > 0) findings.push(find("renewal-incomplete", "note", { entry, count: earlier.length }));
  return findings;
}

function compareFile(custody: Custody, name: string, expected: string): "disproves" | "unchecked" | undefined {
  try {
    return blake2b(custody.read(name)) === expected ? undefined : "disproves";
  } catch {
    return "unchecked";
  }
}

const isOfEntryBefore = (name: string, entry: number): boolean =>
  /^[0-9]{4}-[a-z-]+\.(toml|toml\.sig|jsonl|sha256|blake2b|items|details)$/.test(name) && Number(name.slice(0, 4)) < entry;

function readList(text: string): Map<string, string> | undefined {
  const listed = new Map<string, string>();
  const lines = text.split("\n");
  if (lines.pop() !== "") return undefined;
  let last = "";
  for (const line of lines) {
    const match = LINE.exec(line);
    const name = match?.[2] ?? "";
    if (match === null || compare(last, name) >= 0) return undefined;
    listed.set(name, match[1] ?? "");
    last = name;
  }
  return listed;
}

/** What a copy need not have, or has in another form (FORMAT-time.md, "Renewal"). */
function partialFiles(custody: Custody, links: readonly Link[], seals: readonly Seal[]): string[] {
  const cut = seals.filter((seal) => seal.withheldLines > 0 || isBroken(seal));
  const names = cut.flatMap((seal) => [`${nameOf(seal.link)}.jsonl`, `${nameOf(seal.link)}.sha256`]);
  for (const link of links) {
    if (link.entry.event === "disclosed" && !custody.has(`${nameOf(link)}.items`)) names.push(`${nameOf(link)}.items`);
    if (link.entry.isWithheld) names.push(`${nameOf(link)}.details`);
  }
  return names;
}

const isBroken = (seal: Seal): boolean =>
  seal.findings.some(({ code }) => ["manifest-invalid", "manifest-missing", "manifest-unreadable"].includes(code));

// ------------------------------------------------------------------------------------------------------------- copies

/** Say of every item here that it is a copy, or that a copy was made of it. */
export function judgeDerivations(links: readonly Link[], seals: readonly Seal[]): Finding[] {
  if (!seals.every((seal) => seal.isSound)) return [];
  const here = new Set(seals.flatMap((seal) => seal.items.map((item) => item.number)));
  const next = Math.max(1, ...seals.map(({ table }) => table.first + table.items));
  return links.flatMap(({ entry }) => {
    if (entry.event !== "derived" || entry.isWithheld) return [];
    const [original, copy] = [Number(entry.details["original"]), Number(entry.details["copy"])];
    if (copy >= next) return [find("item-unknown", "note", { entry: entry.sequence })];
    const item = here.has(copy) ? copy : here.has(original) ? original : undefined;
    return item === undefined ? [] : [find("derived", "note", { item, entry: entry.sequence })];
  });
}

// ------------------------------------------------------------------------------------------------------------- clocks

const BEGINNING = Date.UTC(2025, 0, 1);
const DAY = 24 * 60 * 60 * 1000;

/** Name entries that claim a time that cannot be right, and seals whose files are dated after them. */
export function judgeClocks(links: readonly Link[], seals: readonly Seal[], now: number): Finding[] {
  const of = (choose: (milliseconds: number) => boolean): Finding[] => {
    const found = links.filter(({ entry }) => choose(entry.recordedAt.milliseconds));
    const first = found[0]?.entry.sequence;
    return first === undefined ? [] : [find("clock-doubtful", "note", { entry: first, count: found.length })];
  };
  const findings = [...of((moment) => moment < BEGINNING), ...of((moment) => moment > now + DAY)];
  for (const seal of seals) {
    const limit = Math.floor(seal.link.entry.recordedAt.milliseconds / 1000) * 1000 + DAY;
    const count = seal.items.filter((item) => item.mtime !== undefined && isLater(item.mtime, limit)).length;
    if (count > 0) findings.push(find("clock-doubtful", "note", { entry: seal.number, count }));
  }
  return findings;
}

function isLater(mtime: string, limit: number): boolean {
  const seconds = Date.parse(`${mtime.slice(0, 19)}Z`);
  return seconds > limit || (seconds === limit && /[1-9]/.test(mtime.slice(20, 29)));
}
