/** Terms of consent, and how they are combined: the page FORMAT-consent.md. */

import { FormError, need } from "./bytes.ts";
import { isText, isTexts, type Json, type JsonObject, readCanonicalText } from "./canonical.ts";
import { compareText, countCharacters, isCode, isDay } from "./text.ts";

/** Terms as files spell them; only what is stated is there. A single agreement is a list of one here. */
export type Terms = Readonly<Record<string, string | readonly string[]>>;

/** The codes that this version knows, the strictest first where there is an order. */
export const CODES: Readonly<Record<string, readonly string[]>> = {
  handling: ["closed", "named", "partners", "public"],
  status: ["given", "not-required", "unknown", "expired", "refused", "withdrawn", "revoked"],
  by: ["subject", "guardian", "representative", "source-org"],
  for: [
    "accountability-intl",
    "accountability-national",
    "un-reporting",
    "truth-memory",
    "missing-persons",
    "sanctions",
    "research",
    "advocacy",
  ],
  identity: ["withheld", "to-court", "to-recipient", "public"],
  onward: ["no", "ask", "yes"],
  defence: ["no", "ask", "yes"],
  conditions: [
    "redact-identity",
    "redact-location",
    "closed-session",
    "notify-before-use",
    "no-state-authority",
    "no-death-penalty",
  ],
};

const LISTS: Readonly<Record<string, number>> = { for: 64, share: 256, conditions: 64 };
const DATES = ["from", "until", "review"];
const TEXTS: Readonly<Record<string, number>> = { agreement: 64, ref: 64, basis: 200, note: 400 };
const MAX_AGREEMENTS = 64;
const MAX_CHANGES = 256;
const MAX_CONDITIONS = 256;

/** What counts for an item of which nothing is known. */
export const STRICTEST_HANDLING = "closed";

/** Read the terms of a statement or an entry: `consent`, and `handling` beside it. */
export function readTerms(document: JsonObject): Terms {
  const { consent, handling, ...rest } = document;
  need(Object.keys(rest).length === 0, "terms: another field");
  need(consent !== null && typeof consent === "object" && !Array.isArray(consent), "terms: no object");
  need(!("handling" in consent), "terms: the handling stands beside the others");
  const stated: [string, Json][] = Object.entries(consent);
  if (handling !== undefined) stated.push(["handling", handling]);
  need(stated.length > 0, "terms: nothing is stated");
  return Object.fromEntries(stated.map(([name, value]) => [name, readTerm(name, value)]));
}

/** Read the terms of an entry `consent-changed`. */
export function readTermsText(text: string): Terms {
  return readTerms(readCanonicalText(text));
}

function readTerm(name: string, value: Json): string | readonly string[] {
  const limit = LISTS[name];
  if (limit !== undefined) {
    need(isTexts(value) && value.length <= limit && isSorted(value), `terms: ${name} is no list of codes`);
    need(value.every(name === "share" ? isCode : isTermCode), `terms: ${name} is no list of codes`);
    return value;
  }
  if (name === "agreement") return readAgreements(value);
  need(isText(value), `terms: ${name} is not text`);
  if (name in CODES) need(isTermCode(value), `terms: ${name} is no code`);
  else if (DATES.includes(name)) need(isDay(value), `terms: ${name} is no day`);
  else if (name in TEXTS) checkText(name, value);
  else throw new FormError(`terms: ${name} is unknown`);
  return value;
}

function readAgreements(value: Json): readonly string[] {
  const texts = isText(value) ? [value] : value;
  need(isTexts(texts) && isSorted(texts), "terms: agreement is no list of texts");
  need(isText(value) || (texts.length >= 2 && texts.length <= MAX_AGREEMENTS), "terms: agreement has another spelling");
  for (const text of texts) checkText("agreement", text);
  return texts;
}

function checkText(name: string, text: string): void {
  const count = countCharacters(text);
  need(count >= 1 && count <= (TEXTS[name] ?? 0), `terms: ${name} is empty or too long`);
  need(!/[\u0000-\u001f\u007f-\u009f]/.test(text), `terms: ${name} holds a control character`);
}

const isTermCode = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9:._-]{0,63}$/.test(text);
const isSorted = (texts: readonly string[]): boolean =>
  texts.every((text, at) => at === 0 || compareText(texts[at - 1] ?? "", text) < 0);
const isRegion = (code: string): boolean => /^region:[A-Z]{2}$/.test(code);

// ------------------------------------------------------------------------------------------------------- changes

/** Section "Changes": put together what was stated of an item, in the order of the entries; undefined if nothing was. */
export function combineAll(layers: readonly Terms[], changes: number): Terms | undefined {
  need(changes <= MAX_CHANGES, "too many entries change the terms of one item");
  return layers.reduce<Terms | undefined>((before, layer) => (before === undefined ? layer : combine(before, layer)), undefined);
}

function combine(before: Terms, later: Terms): Terms {
  const terms: Record<string, string | readonly string[]> = { ...before };
  for (const [name, value] of Object.entries(later)) {
    const earlier = before[name];
    terms[name] = earlier === undefined ? value : stricter(name, earlier, value);
  }
  return terms;
}

type Value = string | readonly string[];

function stricter(name: string, first: Value, second: Value): Value {
  if (typeof first !== "string" && typeof second !== "string") {
    if (name === "for" || name === "share") return first.filter((code) => second.includes(code));
    const all = [...new Set([...first, ...second])].sort(compareText);
    need(all.length <= MAX_CONDITIONS, "too many conditions for one item");
    return all;
  }
  if (typeof first !== "string" || typeof second !== "string") return second;
  if (name === "from") return first > second ? first : second;
  if (name === "until") return first < second ? first : second;
  if (!["handling", "identity", "onward", "defence"].includes(name)) return second;
  const order = CODES[name] ?? [];
  if (!order.includes(second)) return second;
  return !order.includes(first) || order.indexOf(first) < order.indexOf(second) ? first : second;
}

// ------------------------------------------------------------------------------------------------------- summary

type Counts = Record<string, number>;

/** What the terms in force for all disclosed items amount to; each count is code -> number of items. */
export interface Summary {
  items: number;
  stated: number;
  changed: number;
  handling: Counts;
  status: Counts;
  identity: Counts;
  onward: Counts;
  defence: Counts;
  purposes: Counts;
  share: Counts;
  conditions: Counts;
  agreements: Counts;
  unknown: Counts;
  starts: string | null;
  until: string | null;
  review: string | null;
  as_of: string | null;
  /** Whether the terms of some items could not be put together; no part of documents. */
  problem: boolean;
}

/** Counts items. */
export class Tally {
  readonly summary: Summary = {
    items: 0, stated: 0, changed: 0, handling: {}, status: {}, identity: {}, onward: {}, defence: {}, purposes: {},
    share: {}, conditions: {}, agreements: {}, unknown: {}, starts: null, until: null, review: null, as_of: null,
    problem: false,
  };

  /** Count an item by what was sealed with it, and by the changes that concern it, each with its entry. */
  add(sealedBy: number, sealed: Terms | undefined, changes: readonly { entry: number; terms: Terms }[]): void {
    const layers = [...changes];
    if (sealed !== undefined) layers.push({ entry: sealedBy, terms: sealed });
    layers.sort((one, other) => one.entry - other.entry);
    const summary = this.summary;
    summary.items += 1;
    if (changes.length > 0) summary.changed += 1;
    try {
      const terms = combineAll(layers.map((layer) => layer.terms), changes.length);
      if (terms !== undefined) summary.stated += 1;
      this.count(terms ?? {});
    } catch (error) {
      if (!(error instanceof FormError)) throw error;
      summary.problem = true; // nothing is known about it then, and counts as the strictest
      this.count({ handling: "closed", status: "unknown", for: [], share: [], identity: "withheld", onward: "no", defence: "no" });
    }
  }

  private count(terms: Terms): void {
    const summary = this.summary;
    for (const name of ["handling", "status", "identity", "onward", "defence"] as const) {
      bump(summary[name], String(terms[name] ?? "not-stated"));
    }
    const lists = { for: summary.purposes, share: summary.share, conditions: summary.conditions, agreement: summary.agreements };
    for (const [name, counts] of Object.entries(lists)) {
      const codes = terms[name];
      if (Array.isArray(codes)) for (const code of codes.length > 0 ? codes : ["none"]) bump(counts, code);
    }
    for (const [name, known] of Object.entries(CODES)) {
      for (const code of [terms[name] ?? []].flat()) {
        if (!known.includes(code) && !isRegion(code)) bump(summary.unknown, `${name}=${code}`);
      }
    }
    summary.starts = choose(summary.starts, terms["from"], (one, other) => one > other);
    summary.until = choose(summary.until, terms["until"], (one, other) => one < other);
    summary.review = choose(summary.review, terms["review"], (one, other) => one < other);
  }
}

function bump(counts: Counts, code: string): void {
  counts[code] = (Object.hasOwn(counts, code) ? (counts[code] ?? 0) : 0) + 1;
}

function choose(before: string | null, value: Value | undefined, wins: (one: string, other: string) => boolean): string | null {
  if (typeof value !== "string") return before;
  return before === null || wins(value, before) ? value : before;
}

/** Section "The label": the handling to keep to for all of it together. */
export function strictestHandling(summary: Summary | null): string {
  const order = CODES["handling"] ?? [];
  const severity = (code: string): number =>
    order.includes(code) ? order.indexOf(code) + (code === STRICTEST_HANDLING ? 0 : 1) : 1;
  const found = Object.keys(summary?.handling ?? {}).map((code) => (code === "not-stated" ? STRICTEST_HANDLING : code));
  found.sort((one, other) => severity(one) - severity(other) || compareText(one, other));
  return found[0] ?? STRICTEST_HANDLING;
}
