/** What an entry says: the pages FORMAT-entry.md (E1 to E15) and FORMAT-events.md (E16 to E37). */

import { FormError, need } from "./bytes.ts";
import { digest } from "./hashes.ts";
import { readTermsText, type Terms } from "./terms.ts";
import {
  compareText,
  countCharacters,
  countIn,
  GREATEST,
  isCode,
  isDigest,
  isFingerprint,
  isPrintable,
  isSalt,
  parsePath,
  parseRanges,
  pathsTo,
  type Ranges,
} from "./text.ts";
import { isTable, readToml, TomlDate, type TomlTable, type TomlValue } from "./toml.ts";

/** Events whose details may stand in a file of their own (E26). */
export const APART = ["accessed", "consent-changed", "corrected", "derived", "disposed", "incident", "renamed"];
const WITH_FIXITY = ["received", "verified", "copied", "transferred", "disclosed"];
const OMISSIONS = ["unreadable", "unreadable-directory", "special", "changing"];

/** A field of a table, read: text, a number, a truth, ranges or texts. */
export type FieldValue = string | number | boolean | Ranges | readonly string[];
type Fields = Readonly<Record<string, (value: TomlValue) => FieldValue>>;

/** A moment as an entry claims it. */
export interface Moment {
  readonly milliseconds: number;
  /** To the second, with its offset. */
  readonly text: string;
}

export interface Previous {
  readonly entry: string;
  readonly signature: string;
  readonly timestamps: ReadonlyMap<string, string>;
}

export interface SealTable {
  readonly first: number;
  readonly items: number;
  readonly lines: number;
  readonly root: string;
  readonly checksums: string;
  readonly exclude: readonly string[];
}

/** An entry as its signer wrote it. */
export interface Entry {
  readonly collection: string;
  readonly sequence: number;
  readonly event: string;
  readonly happenedAt: Moment;
  readonly recordedAt: Moment;
  readonly agent: string;
  readonly key: string;
  readonly reason: string;
  readonly previous: Previous | undefined;
  /** Digest of the file of details, if it has one. */
  readonly apart: string | undefined;
  /** Whether this copy does not hold the details. */
  readonly isWithheld: boolean;
  readonly items: Ranges | undefined;
  /** The table of the event; empty if the details are withheld. */
  readonly details: Readonly<Record<string, FieldValue>>;
  readonly informational: ReadonlyMap<string, string>;
  readonly sealed: SealTable | undefined;
  /** Of `consent-changed`: the changed terms. */
  readonly terms: Terms | undefined;
}

// --------------------------------------------------------------------------------------------- the forms of fields

function text(limit = 1000): (value: TomlValue) => string {
  return (value) => {
    need(typeof value === "string", "E4: not a text");
    const count = countCharacters(value);
    need(count >= 1 && count <= limit, "E10: a text is empty or too long");
    return value;
  };
}

function matching(check: (text: string) => boolean, rule: string): (value: TomlValue) => string {
  return (value) => {
    need(typeof value === "string" && check(value), rule);
    return value;
  };
}

function number(least = 0, greatest = GREATEST): (value: TomlValue) => number {
  return (value) => {
    need(typeof value === "bigint" && value >= BigInt(least) && value <= BigInt(greatest), "T2: not such a number");
    return Number(value);
  };
}

function texts(value: TomlValue): readonly string[] {
  need(Array.isArray(value) && value.every((each) => typeof each === "string"), "E4: not a list of texts");
  return value as string[];
}

function moment(value: TomlValue): Moment {
  need(value instanceof TomlDate && value.isDateTime() && !value.isLocal(), "T4: not a time with its offset");
  const spelled = value.toISOString().replace(/\.[0-9]+/, "").replace(/[+-]00:00$/, "Z");
  return { milliseconds: value.getTime(), text: spelled };
}

const code = matching(isCode, "T5: not a code");
const hash = matching(isDigest, "T1: not a digest");
const one = (...known: string[]) => matching((value) => known.includes(value), "E8: not a value that is known");
const key = matching(isFingerprint, "T6: not a fingerprint");
const ranges = (value: TomlValue): Ranges => parseRanges(texts(value));

function patterns(value: TomlValue): readonly string[] {
  const all = texts(value);
  const isGood = (each: string): boolean => each !== "" && countCharacters(each) <= 256 && isPrintable(each);
  need(all.length <= 64 && all.every(isGood), "E14: not patterns");
  return all;
}

function reasons(value: TomlValue): readonly string[] {
  need(texts(value).every((each) => OMISSIONS.includes(each)), "E15: an unknown reason");
  return texts(value);
}

function confirmed(value: TomlValue): readonly string[] {
  const all = texts(value);
  const isOne = (each: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(each);
  const inOrder = all.every((each, at) => at === 0 || compareText(all[at - 1] ?? "", each) < 0);
  need(all.length >= 1 && all.length <= 64 && all.every(isOne) && inOrder, "confirmed is no list of codes");
  return all;
}

/** Rules E30 and E31: new names, none of them another one, or below one. */
function paths(value: TomlValue): readonly string[] {
  const all = texts(value);
  const names = new Set(all.map(parsePath));
  need(names.size === all.length && names.size > 0, "E31: a name is given twice");
  for (const name of names) {
    need(!pathsTo(name).slice(0, -1).some((above) => names.has(above)), "E31: a name lies below another");
  }
  return all;
}

function isTrue(value: TomlValue): boolean {
  need(value === true, "E34: undone is true or absent");
  return true;
}

/** The tables of the events; `?` marks a field that may be absent. */
const TABLES: Readonly<Record<string, Fields>> = {
  collected: { "source?": code, "place?": text(), "method?": text() },
  received: { sender: code, acceptance: one("accepted", "partial", "rejected"), transfer: hash, "accepted?": ranges },
  sealed: {
    first_item: number(1), items: number(1), lines: number(1), root: hash, checksums: hash, exclude: patterns, allowed: reasons,
  },
  verified: {},
  accessed: { "place?": text() },
  copied: { carrier: text(), "place?": text() },
  transferred: { recipient: code, authority: text(), purpose: text(), "carrier?": text(), "confirmed?": confirmed },
  disclosed: {
    recipient: code, authority: text(), purpose: text(), "approved_by?": code, "list?": hash, "confirmed?": confirmed,
  },
  derived: { original: number(1), copy: number(1), method: text() },
  renamed: { paths },
  "consent-changed": { terms: text(16384) },
  countersigned: { entry: number(), head: hash },
  admitted: { agent: code, key, role: one("beside", "after") },
  renewed: {
    algorithm: one("blake2b"), files: number(1), list: hash,
    list_renewed: matching((each) => /^[0-9a-f]{128}$/.test(each), "not a digest of 64 bytes"),
  },
  corrected: { entry: number(), head: hash, correction: text(), "undone?": isTrue },
  incident: { description: text(), "place?": text() },
  disposed: { authority: text(), method: text() },
};

const FIXITY: Fields = {
  scope: one("full", "sample"), items: number(), checked: number(), ok: number(), changed: number(), missing: number(),
  unreadable: number(), extra: number(), withheld: number(),
};

/** Rules E4 and E5: read a table of these fields and no others. */
function readTable(table: TomlTable, fields: Fields): Record<string, FieldValue> {
  const read: Record<string, FieldValue> = {};
  const known = new Set<string>();
  for (const [spelled, take] of Object.entries(fields)) {
    const name = spelled.replace("?", "");
    known.add(name);
    const value = Object.hasOwn(table, name) ? table[name] : undefined;
    if (value !== undefined) read[name] = take(value);
    else need(spelled.endsWith("?"), `E4: ${name} is missing`);
  }
  for (const name of Object.keys(table)) need(known.has(name), `E5: an unknown field`);
  return read;
}

// ------------------------------------------------------------------------------------------------------- the entry

/** Read an entry, with its details if this copy holds them; whoever calls has checked their digest (E26). */
export function readEntry(data: Uint8Array, apart?: Uint8Array): Entry {
  const table = { ...readToml(data) };
  const ofDetails = ["reason", "items", ...Object.keys(TABLES)];
  const isApart = Object.hasOwn(table, "details");
  need(!isApart || !ofDetails.some((name) => Object.hasOwn(table, name)), "E27: this belongs in the details");
  if (apart !== undefined) {
    need(table["details"] === digest(apart), "E26: other details");
    Object.assign(table, readDetails(apart, ofDetails));
  }
  const event = matching((name) => Object.hasOwn(TABLES, name), "E8: an unknown event")(take(table, "event"));
  need(!isApart || APART.includes(event), "E26: such an entry has no details");
  need(event !== "renamed" || isApart, "E30: the names stand in a file of their own");
  const isWithheld = isApart && apart === undefined;
  const entry = readHeader(table, event, isWithheld);
  need(Object.keys(table).length === 0, "E5: an unknown field");
  checkRules(entry);
  return entry;
}

function take(table: TomlTable, name: string): TomlValue {
  const value = Object.hasOwn(table, name) ? table[name] : undefined;
  if (value === undefined) throw new FormError(`E4: ${name} is missing`);
  delete table[name];
  return value;
}

function takeTable(table: TomlTable, name: string): TomlTable | undefined {
  if (!Object.hasOwn(table, name)) return undefined;
  const value = take(table, name);
  need(isTable(value), `E4: ${name} is not a table`);
  return value;
}

/** Rule E28: the file of details. */
function readDetails(data: Uint8Array, ofDetails: readonly string[]): TomlTable {
  const stated = { ...readToml(data) };
  need(take(stated, "format") === "evtool-details/1", "E28: another format");
  matching(isSalt, "E28: no salt")(take(stated, "salt"));
  need(Object.keys(stated).every((name) => ofDetails.includes(name)), "E28: this belongs in the entry or nowhere");
  return stated;
}

function readHeader(table: TomlTable, event: string, isWithheld: boolean): Entry & { fixity?: Record<string, FieldValue> } {
  need(take(table, "format") === "evtool-custody/1", "E6: another format");
  const own = takeTable(table, event) ?? {};
  const details = isWithheld ? {} : readTable(own, TABLES[event] ?? {});
  const fixity = takeTable(table, "fixity");
  const informational = readInformational(takeTable(table, "informational") ?? {});
  one("claimed", "synced")(take(table, "clock"));
  text()(take(table, "tool"));
  return {
    collection: matching(isSalt, "T8: not the id of a collection")(take(table, "collection")),
    sequence: number(1, 9999)(take(table, "sequence")),
    event,
    happenedAt: moment(take(table, "happened_at")),
    recordedAt: moment(take(table, "recorded_at")),
    agent: code(take(table, "agent")),
    key: key(take(table, "key")),
    reason: isWithheld ? "" : text()(take(table, "reason")),
    previous: readPrevious(takeTable(table, "previous")),
    apart: Object.hasOwn(table, "details") ? hash(take(table, "details")) : undefined,
    isWithheld,
    items: Object.hasOwn(table, "items") ? ranges(take(table, "items")) : undefined,
    details,
    informational,
    sealed: event === "sealed" ? sealOf(details) : undefined,
    terms: event === "consent-changed" && !isWithheld ? readTermsText(String(details["terms"])) : undefined,
    ...(fixity === undefined ? {} : { fixity: readTable(fixity, FIXITY) }),
  };
}

function sealOf(details: Record<string, FieldValue>): SealTable {
  return {
    first: Number(details["first_item"]),
    items: Number(details["items"]),
    lines: Number(details["lines"]),
    root: String(details["root"]),
    checksums: String(details["checksums"]),
    exclude: details["exclude"] as readonly string[],
  };
}

function readPrevious(table: TomlTable | undefined): Previous | undefined {
  if (table === undefined) return undefined;
  const timestamps = takeTable(table, "timestamps") ?? {};
  const previous = {
    entry: hash(take(table, "entry")),
    signature: hash(take(table, "signature")),
    timestamps: new Map(Object.entries(timestamps).map(([name, value]): [string, string] => [name, hash(value)])),
  };
  need(Object.keys(table).length === 0, "E5: an unknown field");
  return previous;
}

function readInformational(table: TomlTable): Map<string, string> {
  const known = Object.entries(table).map(([name, value]): [string, string] => [name, hash(value)]);
  need(known.every(([name]) => INFORMATIONAL.includes(name)), "E5: not a file that helps a reader");
  return new Map(known);
}

/** Files that help a reader and prove nothing (R9). */
export const INFORMATIONAL = ["README.txt", "allowed_signers"];

/** The rules about several fields together. */
function checkRules(entry: Entry & { fixity?: Record<string, FieldValue> }): void {
  const { event, details, items, fixity } = entry;
  need((entry.previous === undefined) === (entry.sequence === 1), "E11: [previous] belongs to every entry but the first");
  if (entry.sealed !== undefined) need(entry.sealed.items <= entry.sealed.lines, "E13: more items than lines");
  need(event !== "disclosed" || details["list"] === undefined || items === undefined, "E16: a list, and items");
  need(event !== "admitted" || items === undefined, "E37: an admission about items");
  if (event === "received") {
    need((details["accepted"] !== undefined) === (details["acceptance"] === "partial"), "received: what was accepted");
  }
  if (event === "renamed" && !entry.isWithheld) {
    need(items !== undefined && countIn(items) === (details["paths"] as string[]).length, "E30: as many names as items");
  }
  if (event === "derived" && !entry.isWithheld) {
    need(Number(details["original"]) < Number(details["copy"]), "derived: the copy is the later item");
  }
  need(fixity !== undefined || !WITH_FIXITY.includes(event), "the table [fixity] is missing");
  if (fixity !== undefined) checkFixity(fixity);
}

/** Rule E19: the numbers add up. */
function checkFixity(fixity: Record<string, FieldValue>): void {
  const count = (name: string): number => Number(fixity[name]);
  const compared = count("ok") + count("changed") + count("missing") + count("unreadable");
  const left = count("items") - count("checked") - count("withheld");
  need(compared === count("checked") && left >= 0 && (left === 0 || fixity["scope"] === "sample"), "E19: the sums");
}
