/** The custody directory, read: names, limits, leftovers and companions (R1 to R13 of FORMAT-entry.md). */

import { FormError } from "./bytes.ts";
import { APART, INFORMATIONAL } from "./entry.ts";
import { isCompanion, mayBeCompanion, SYSTEM_DIRECTORIES } from "./patterns.ts";
import type { Source, Thing } from "./source.ts";
import { baseName, compare } from "./text.ts";

/** A file of the record is not there, or cannot be read from the medium. */
export class ReadError extends Error {}

export const COVER = "COVER.txt";

const KIB = 1024;
const MIB = 1024 * KIB;
export const MAX_ENTRY = 64 * KIB;
export const MAX_SIGNATURE = 16 * KIB;
export const MAX_INFORMATIONAL = MIB;
/** A manifest may be of any size, but this page holds it in memory. */
const MAX_HELD = 512 * MIB;

const ENTRY_FILE = /^([0-9]{4})-([a-z]+(?:-[a-z]+)*)\.(toml|toml\.sig|jsonl|sha256|blake2b|items|details)$/;
const RECEIPT_FILE = /^([0-9]{4})-(transferred|disclosed)\.receipt\.toml(\.sig)?$/;
const UNFINISHED = /^\.(?:[0-9]{4}-[a-z-]+\.[a-z0-9.-]+|README\.txt|allowed_signers|lock)\.part$/;
const LABEL = "[a-z0-9]+(?:-[a-z0-9]+)*";
const STAMP_FILE = new RegExp(
  `^([0-9]{4})-([a-z]+(?:-[a-z]+)*)\\.toml\\.sig(?:\\.(${LABEL})(?:\\.[1-9][0-9]?\\.(crl|ocsp)|\\.(tsr|tsq|chain\\.pem|ots))|\\.(ots))$`,
);

/** The name of a file of time evidence (FORMAT-time.md). */
export interface StampName {
  readonly text: string;
  readonly entry: number;
  readonly event: string;
  readonly role: string;
}

export function readStampName(text: string): StampName | undefined {
  const match = STAMP_FILE.exec(text);
  if (match === null || match[1] === "0000" || (match[3] ?? "").length > 32) return undefined;
  return { text, entry: Number(match[1]), event: match[2] ?? "", role: match[4] ?? match[5] ?? match[6] ?? "" };
}

const STAMP_LIMITS: Readonly<Record<string, number>> = {
  tsr: MIB, tsq: 4 * KIB, "chain.pem": MIB, crl: 16 * MIB, ocsp: MIB, ots: 256 * KIB,
};

/** Bytes that a file may have by its name (FORMAT-limits.md). */
function limitOf(name: string): number {
  const entry = ENTRY_FILE.exec(name);
  if (entry !== null) {
    const limits: Record<string, number> = {
      toml: MAX_ENTRY, "toml.sig": MAX_SIGNATURE, details: MAX_ENTRY, items: 4 * MIB,
    };
    return limits[entry[3] ?? ""] ?? MAX_HELD;
  }
  const receipt = RECEIPT_FILE.exec(name);
  if (receipt !== null) return receipt[3] === undefined ? MAX_ENTRY : MAX_SIGNATURE;
  return STAMP_LIMITS[readStampName(name)?.role ?? ""] ?? MAX_INFORMATIONAL;
}

/** A file of the record, read or not. */
type Held = { readonly data: Uint8Array } | { readonly problem: "unreadable" | "too-large" };

/** An entry by its number and event, as the names of its files say. */
export interface Stem {
  readonly number: number;
  readonly event: string;
  readonly text: string;
}

/** The names in a custody directory, sorted by what they are. */
export interface Listing {
  /** NNNN-EVENT -> endings of the files that are there. */
  readonly files: ReadonlyMap<string, ReadonlySet<string>>;
  readonly receipts: readonly Stem[];
  readonly stamps: readonly StampName[];
  readonly informational: readonly string[];
  readonly unfinished: readonly string[];
  readonly companions: readonly string[];
  readonly foreign: readonly string[];
}

const stemOf = (text: string): Stem => ({ number: Number(text.slice(0, 4)), event: text.slice(5), text });

/** A custody directory. */
export class Custody {
  private constructor(
    private readonly held: ReadonlyMap<string, Held>,
    readonly listing: Listing,
  ) {}

  /** Read a custody directory into memory; `directory` is where it lies in the source, with its things. */
  static async load(source: Source, things: Iterable<Thing>): Promise<Custody> {
    const held = new Map<string, Held>();
    const all = [...things];
    const names = new Set(all.map((thing) => baseName(thing.path)));
    const companions = new Set<string>();
    for (const thing of all) {
      const name = baseName(thing.path);
      if (thing.kind !== "file") continue;
      if (isOfRecord(name)) held.set(name, await hold(source, thing, limitOf(name)));
      else if (await isCompanionFile(source, thing, (other) => names.has(other))) companions.add(name);
    }
    return new Custody(held, sortNames(all, companions));
  }

  /** Entries that exist: those whose signature is there (R2), in the order of number and event. */
  get entries(): Stem[] {
    return this.stems((endings) => endings.has("toml.sig"));
  }

  /** Entries of which some file is there, but no signature. */
  get unsigned(): Stem[] {
    return this.stems((endings) => !endings.has("toml.sig"));
  }

  /** Those of them that no interrupted run explains (R4). */
  get lost(): Stem[] {
    return this.unsigned.filter(({ text }) => !this.listing.unfinished.some((name) => explains(name, text)));
  }

  private stems(choose: (endings: ReadonlySet<string>) => boolean): Stem[] {
    const found = [...this.listing.files].filter(([, endings]) => choose(endings)).map(([text]) => stemOf(text));
    return found.sort((one, other) => one.number - other.number || compare(one.event, other.event));
  }

  has(name: string): boolean {
    return this.held.has(name);
  }

  /** Give the bytes of a file: ReadError if it is not there or unreadable, FormError if it is too large. */
  read(name: string): Uint8Array {
    const held = this.held.get(name);
    if (held === undefined) throw new ReadError(`${name} is not there`);
    if ("data" in held) return held.data;
    if (held.problem === "too-large") throw new FormError(`${name} is too large`);
    throw new ReadError(`${name} cannot be read`);
  }

  /** Rules R12 and R13: read a directory that continues the record as one with it. */
  continuedBy(added: Custody): Custody {
    const last = this.entries.at(-1)?.number ?? 0;
    const base = this.listing;
    const more = added.listing;
    const taken = new Set(base.stamps.map((name) => name.text));
    const isLater = (number: number): boolean => number > last;
    const files = [...more.files].filter(([text]) => isLater(stemOf(text).number));
    const receipts = more.receipts.filter((stem) => isLater(stem.number));
    const stamps = more.stamps.filter((name) => !taken.has(name.text));
    const informational = more.informational.filter((name) => name !== COVER);
    const own = namesIn({ ...more, files: new Map(files), receipts, stamps, informational });
    const strays = namesIn(more).filter((name) => !own.includes(name)).sort(compare);
    const held = new Map(this.held);
    for (const name of INFORMATIONAL) held.delete(name);
    for (const [name, file] of added.held) if (!held.has(name)) held.set(name, file);
    return new Custody(held, {
      files: new Map([...base.files, ...files]),
      receipts: [...base.receipts, ...receipts],
      stamps: [...base.stamps, ...stamps].sort((one, other) => compare(one.text, other.text)),
      informational: [...base.informational.filter((name) => name === COVER), ...informational],
      unfinished: [...base.unfinished, ...more.unfinished],
      companions: [...base.companions, ...more.companions],
      foreign: [...base.foreign, ...more.foreign, ...strays],
    });
  }

  /** Names of the files that belong to the record, but for those that are information only. */
  get recordFiles(): string[] {
    return namesIn({ ...this.listing, informational: [] }).sort(compare);
  }
}

function namesIn(listing: Listing): string[] {
  const names = [...listing.files].flatMap(([text, endings]) => [...endings].map((ending) => `${text}.${ending}`));
  for (const { text } of listing.receipts) names.push(`${text}.receipt.toml`, `${text}.receipt.toml.sig`);
  return [...names, ...listing.stamps.map((name) => name.text), ...listing.informational];
}

function isOfRecord(name: string): boolean {
  const isEntry = ENTRY_FILE.test(name) && !name.startsWith("0000");
  return isEntry || RECEIPT_FILE.test(name) || readStampName(name) !== undefined || INFORMATIONAL.includes(name) || name === COVER;
}

async function hold(source: Source, thing: Thing, limit: number): Promise<Held> {
  if (thing.size > limit) return { problem: "too-large" };
  try {
    return { data: await source.slice(thing.path, 0, thing.size) };
  } catch {
    return { problem: "unreadable" };
  }
}

/** Tell whether a file is a companion; its first bytes are read for that (R6). */
export async function isCompanionFile(source: Source, thing: Thing, isBeside: (name: string) => boolean): Promise<boolean> {
  const name = baseName(thing.path);
  if (thing.kind !== "file" || !mayBeCompanion(name)) return false;
  try {
    return isCompanion(name, await source.slice(thing.path, 0, Math.min(thing.size, 4096)), thing.size, isBeside);
  } catch {
    return false;
  }
}

/** Rule R4: a leftover explains an entry without a signature, unless it is one of time evidence. */
function explains(unfinished: string, stem: string): boolean {
  const written = unfinished.replace(/^\./, "").replace(/\.part$/, "");
  return written.startsWith(`${stem}.`) && readStampName(written) === undefined;
}

/** Rules R5 to R7. */
function sortNames(things: readonly Thing[], companionFiles: ReadonlySet<string>): Listing {
  const files = new Map<string, Set<string>>();
  const receipts = new Map<string, string[]>();
  const stamps: StampName[] = [];
  const [informational, unfinished, companions, foreign] = [[], [], [], []] as [string[], string[], string[], string[]];
  for (const thing of [...things].sort((one, other) => compare(one.path, other.path))) {
    const name = baseName(thing.path);
    const entry = ENTRY_FILE.exec(name);
    const receipt = RECEIPT_FILE.exec(name);
    const stamp = readStampName(name);
    if (thing.kind === "directory" && SYSTEM_DIRECTORIES.includes(name)) companions.push(name);
    else if (thing.kind !== "file") foreign.push(name);
    else if (entry !== null && entry[1] !== "0000") {
      const stem = `${entry[1]}-${entry[2]}`;
      files.set(stem, (files.get(stem) ?? new Set()).add(entry[3] ?? ""));
    } else if (receipt !== null) {
      const stem = `${receipt[1]}-${receipt[2]}`;
      receipts.set(stem, [...(receipts.get(stem) ?? []), name]);
    } else if (stamp !== undefined) stamps.push(stamp);
    else if (INFORMATIONAL.includes(name) || name === COVER) informational.push(name);
    else if (UNFINISHED.test(name)) unfinished.push(name);
    else if (companionFiles.has(name)) companions.push(name);
    else foreign.push(name);
  }
  for (const [stem, names] of receipts) {
    const isAlone = names.length === 1 && names[0] === `${stem}.receipt.toml`;
    if (isAlone && unfinished.includes(`.${stem}.receipt.toml.sig.part`)) {
      unfinished.push(...names); // an interrupted run: the signature gets its name last
      receipts.delete(stem);
    }
  }
  return { files, receipts: [...receipts.keys()].sort(compare).map(stemOf), stamps, informational, unfinished, companions, foreign };
}

/** Event -> endings of the files that only its entries have (R8). */
export function ownEndings(event: string): readonly string[] {
  if (event === "sealed") return ["jsonl", "sha256"];
  if (event === "renewed") return ["blake2b"];
  if (event === "disclosed") return ["items"];
  return APART.includes(event) ? ["details"] : [];
}
