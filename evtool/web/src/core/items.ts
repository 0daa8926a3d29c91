/** Step 11 of FORMAT-verify.md: what became of each item, and what is left over. */

import { type Effect, type Finding, find } from "./findings.ts";
import type { Digests } from "./hashes.ts";
import { type Item, sortKey } from "./manifest.ts";
import { neutralName, parseNeutralName } from "./payload.ts";
import type { Thing, Tree } from "./source.ts";
import { compare, composed, directoryOf, isUnknown, isUtf8, store } from "./text.ts";
import { findHidden, isBelowHidden, type Walk } from "./walk.ts";

export type Fate =
  | "ok" | "changed" | "missing" | "renamed" | "type_changed" | "unreadable" | "withheld" | "omitted" | "disposed"
  | "stated_only" | "unread" | "not_selected" | "unjudged";
export type EvidenceClass =
  | "seen" | "compared" | "renamed" | "omitted" | "extra" | "unlistable" | "not_selected" | "unjudged" | "excluded"
  | "companions" | "directories";

/** What the comparison needs to know of the record. */
export interface Known {
  readonly items: readonly Item[];
  /** Tells whether an entry, before the one of this number, gave an item up (E21 to E24). */
  readonly isDisposed: (item: Item, before?: number) => boolean;
  /** Tells whether it is a link that a copy made from a bundle need not hold (11l). */
  readonly mayLack: (item: Item) => boolean;
  /** Numbers of the seals that passed step 7. */
  readonly sound: ReadonlySet<number>;
  /** Whether there may be sealed items that nothing here tells of (11o). */
  readonly isUndecided: boolean;
  readonly isBundle: boolean;
  readonly patterns: readonly string[];
  /** Whether a browser shows all that lies there; it shows no links and no empty directories of a folder. */
  readonly showsAll: boolean;
}

/** Tells the digests of something that was read; undefined if it could not be. */
export type DigestsOf = (thing: Thing) => Digests | undefined;

export class Comparison {
  readonly findings: Finding[] = [];
  /** What became of each item. */
  readonly fates = new Map<Item, Fate>();
  readonly evidence: Record<EvidenceClass, number> = {
    seen: 0, compared: 0, renamed: 0, omitted: 0, extra: 0, unlistable: 0, not_selected: 0, unjudged: 0, excluded: 0,
    companions: 0, directories: 0,
  };
  /** Digests of the payload that was compared, by path. */
  readonly read = new Map<string, Digests>();
  private missing: Item[] = [];
  private readonly extra: Map<string, Thing>;
  private readonly omitted: string[] = [];
  private readonly gone = new Set<Item>();
  private otherDates = 0;
  private neutralNames = 0;
  private isDoubtful = false;

  constructor(
    private readonly known: Known,
    private readonly walked: Walk,
    private readonly tree: Tree,
    private readonly digestsOf: DigestsOf,
  ) {
    this.extra = new Map([...walked.things].sort(([one], [other]) => compare(one, other)));
  }

  /** Try to find each item, one way after the other; then say what is left. */
  run(): void {
    this.atTheirPaths();
    this.behindPatterns();
    this.underTheirNumbers();
    this.belowUnlistable();
    this.withoutPlace();
    this.inAnotherForm();
    this.isDoubtful = this.missing.some((item) => isUnknown(nameOf(item))) && [...this.extra.keys()].some((path) => isUnknown(store(path)));
    this.underOtherNames();
    for (const item of this.missing) this.reportMissing(item);
    this.reportExtra();
    this.sumUp();
  }

  // ---------------------------------------------------------------------------------------- 11a to 11d: under the path

  private atTheirPaths(): void {
    const named = this.known.items.filter((item) => item.path !== undefined);
    named.sort((one, other) => compare(keyOf(one), keyOf(other)) || one.namedBy - other.namedBy);
    named.forEach((item, at) => {
      const later = named[at + 1];
      const isReplaced = later !== undefined && keyOf(item) === keyOf(later) && item.namedBy < later.namedBy;
      if (isReplaced && this.known.isDisposed(item, later.namedBy)) this.gone.add(item);
    });
    const byKey = new Map([...this.extra.values()].map((thing) => [thingKey(thing), thing]));
    for (const item of named) {
      const thing = this.gone.has(item) ? undefined : byKey.get(keyOf(item));
      if (thing !== undefined) byKey.delete(keyOf(item));
      if (this.isOmitted(item, thing)) continue;
      if (thing === undefined) this.addMissing(item);
      else this.compare(item, thing);
    }
    const waiting = this.missing;
    this.missing = [];
    for (const item of waiting) {
      const thing = this.gone.has(item) ? undefined : this.extra.get(item.path ?? "");
      if (thing !== undefined && thingKey(thing) === keyOf(item)) this.compare(item, thing);
      else this.missing.push(item);
    }
  }

  /** 11a: an omitted item is not compared; what lies in its place is set aside with it. */
  private isOmitted(item: Item, thing: Thing | undefined): boolean {
    if (item.content.type !== "omitted") return false;
    this.settle(item, "omitted", "omitted", "note");
    if (thing !== undefined) {
      this.extra.delete(thing.path);
      this.evidence.omitted++;
    }
    if (item.content.reason === "unreadable-directory" && item.path !== undefined) this.omitted.push(`${item.path}/`);
    return true;
  }

  private addMissing(item: Item): void {
    if (this.known.isBundle && item.content.type !== "file") this.fates.set(item, "stated_only");
    else this.missing.push(item);
  }

  /** Compare an item with what is taken for it. */
  private compare(item: Item, thing: Thing): void {
    const { content } = item;
    const isSameKind = thing.kind === content.type;
    const isLooked = thing.kind !== "unlistable";
    const difference = isSameKind ? this.findDifference(item, thing) : undefined;
    if (this.known.isDisposed(item) && isLooked && (!isSameKind || difference === "changed")) {
      this.reportMissing(item); // the name is free again: what lies there is another thing
      return;
    }
    this.extra.delete(thing.path);
    this.evidence.compared++;
    if (!isLooked) this.settle(item, "unreadable", "unreadable", "unchecked");
    else if (!isSameKind) this.settle(item, "type_changed", "type-changed", "disproves");
    else if (difference === "unreadable") this.settle(item, "unreadable", "unreadable", "unchecked");
    else if (difference === "changed") this.settle(item, "changed", "changed", "disproves");
    else {
      this.fates.set(item, "ok");
      if (this.isOfAnotherDate(item, thing)) this.otherDates++;
    }
  }

  private findDifference(item: Item, thing: Thing): "changed" | "unreadable" | undefined {
    const { content } = item;
    if (content.type === "symlink") return store(thing.target ?? "") === content.target ? undefined : "changed";
    if (content.type !== "file") return undefined;
    if (thing.isUnreadable === true) return "unreadable";
    if (thing.size !== content.size) return "changed";
    const digests = this.digestsOf(thing);
    if (digests === undefined) return "unreadable";
    this.read.set(thing.path, digests);
    const isSame = digests.sha256 === content.sha256 && digests.blake3 === content.blake3 && digests.size === content.size;
    return isSame ? undefined : "changed";
  }

  /** The date of a link changes with every copy, and a bundle keeps none. */
  private isOfAnotherDate(item: Item, thing: Thing): boolean {
    if (this.known.isBundle || item.content.type === "symlink" || item.mtime === undefined || thing.mtime === undefined) return false;
    return thing.mtime !== nanoseconds(item.mtime);
  }

  // ------------------------------------------------------------------------------------- 11e to 11i: what is left over

  private behindPatterns(): void {
    if (this.known.isBundle) return;
    this.tryEach((item) => {
      if (item.path === undefined) return false;
      const thing = findHidden(this.tree, item.path, this.known.patterns);
      if (thing === undefined) return false;
      if (isBelowHidden(item.path, this.known.patterns)) this.walked.seen++;
      else this.walked.excluded--;
      this.compare(item, thing);
      return true;
    });
  }

  private underTheirNumbers(): void {
    for (const item of this.known.items) {
      if (item.path === undefined && !this.isOmitted(item, undefined)) this.addMissing(item);
    }
    const numbers = new Map<number, Thing>();
    for (const thing of this.extra.values()) {
      const number = parseNeutralName(store(thing.path));
      if (number !== undefined) numbers.set(number, thing);
    }
    this.tryEach((item) => {
      const thing = numbers.get(item.number);
      if (thing === undefined) return false;
      this.neutralNames++;
      this.compare(item, thing);
      return true;
    });
  }

  private belowUnlistable(): void {
    const unlistable = [...this.extra.values()].filter((thing) => thing.kind === "unlistable");
    for (const { path } of unlistable) {
      this.extra.delete(path);
      this.evidence.unlistable++;
      this.findings.push(find("unreadable", "unchecked", { path: store(path) }));
    }
    this.tryEach((item) => {
      const isBelow = unlistable.some(({ path }) => keyOf(item).startsWith(`${path}/`));
      if (isBelow) this.settle(item, "unreadable", "unreadable", "unchecked");
      return isBelow;
    });
  }

  /** 11h: items that nobody misses; 11i: items in whose place, or below it, lies something else. */
  private withoutPlace(): void {
    this.tryEach((item) => {
      if (!this.known.isDisposed(item)) return false;
      this.reportMissing(item);
      return true;
    });
    const parents = new Set<string>();
    for (const path of this.extra.keys()) for (let above = directoryOf(path); above !== ""; above = directoryOf(above)) parents.add(above);
    this.tryEach((item) => {
      const path = item.path ?? neutralName(item.number);
      const isThere = this.extra.delete(path);
      if (isThere) this.evidence.compared++;
      if (!isThere && !parents.has(path)) return false;
      this.settle(item, "type_changed", "type-changed", "disproves");
      return true;
    });
  }

  // --------------------------------------------------------------------------------------------- 11j to 11m: the rest

  private inAnotherForm(): void {
    const things = groupBy([...this.extra.values()], (thing) => composed(store(thing.path)));
    const items = groupBy(this.missing, (item) => composed(nameOf(item)));
    this.tryEach((item) => {
      const form = composed(nameOf(item));
      const [thing, ...others] = things.get(form) ?? [];
      if (thing === undefined || others.length > 0 || items.get(form)?.length !== 1) return false;
      const code = parseNeutralName(store(thing.path)) === item.number ? "neutral-name" : "name-form";
      this.add(item, code, "note");
      this.compare(item, thing);
      return true;
    });
  }

  private underOtherNames(): void {
    for (const thing of [...this.extra.values()]) {
      const candidates = this.missing.filter(({ content }) => content.type === "file" && content.size > 0 && content.size === thing.size);
      if (thing.kind !== "file" || candidates.length === 0) continue;
      const digests = this.digestsOf(thing);
      if (digests === undefined) continue;
      this.read.set(thing.path, digests);
      const item = candidates.find(({ content }) => content.sha256 === digests.sha256 && content.blake3 === digests.blake3);
      if (item === undefined) continue;
      this.missing = this.missing.filter((each) => each !== item);
      this.extra.delete(thing.path);
      this.evidence.renamed++;
      this.settle(item, "renamed", "renamed", this.weighName(nameOf(item)), { found: store(thing.path) });
    }
  }

  private reportMissing(item: Item): void {
    if (this.known.isDisposed(item)) this.settle(item, "disposed", "disposed", "note");
    else if (this.known.mayLack(item)) this.settle(item, "stated_only", "link-absent", "open");
    else if (!this.known.showsAll && isNeverShown(item)) {
      this.settle(item, "unreadable", "not-visible", "unchecked");
    } else this.settle(item, "missing", "missing", this.weighName(nameOf(item)));
  }

  private reportExtra(): void {
    let extra = [...this.extra.values()];
    const isOfOmitted = (thing: Thing): boolean => this.omitted.some((prefix) => `${thing.path}/`.startsWith(prefix));
    this.evidence.omitted += extra.filter(isOfOmitted).length;
    extra = extra.filter((thing) => !isOfOmitted(thing));
    const { companions } = this.walked;
    const left = this.known.isBundle ? extra : extra.filter((thing) => !companions.has(thing.path));
    this.evidence.companions = this.walked.aside + extra.length - left.length;
    if (this.known.isUndecided) {
      this.evidence.unjudged = left.length;
      if (left.length > 0) this.findings.push(find("not-hashed", "unchecked", { count: left.length }));
      return;
    }
    this.evidence.extra = left.length;
    for (const { path } of left) this.findings.push(find("extra", this.weighName(store(path)), { path: store(path) }));
  }

  /** 11n: what was compared with a manifest that is not the signed one accuses nobody; and notes about many items. */
  private sumUp(): void {
    const isUnsound = (finding: Finding): boolean => finding.entry !== undefined && !this.known.sound.has(finding.entry);
    this.findings.forEach((finding, at) => {
      if (finding.effect === "disproves" && isUnsound(finding)) this.findings[at] = { ...finding, effect: "unchecked" };
    });
    for (const item of this.known.items) if (!this.known.sound.has(item.seal)) this.fates.delete(item);
    const { evidence, walked } = this;
    const statedOnly = [...this.fates.values()].filter((fate) => fate === "stated_only").length;
    const note = (code: string, count: number): void => {
      if (count > 0) this.findings.push(find(code, "note", { count }));
    };
    note("neutral-name", this.neutralNames);
    note("stated-only", statedOnly);
    note("date-changed", this.otherDates);
    note("excluded", walked.excluded);
    note("companion", evidence.companions);
    this.findings.push(...walked.findings);
    [evidence.seen, evidence.excluded, evidence.directories] = [walked.seen, walked.excluded, walked.directories];
  }

  // ------------------------------------------------------------------------------------------------------------ tools

  private tryEach(attempt: (item: Item) => boolean): void {
    const waiting = this.missing;
    this.missing = [];
    const left = waiting.filter((item) => !attempt(item));
    this.missing = [...left, ...this.missing];
  }

  private settle(item: Item, fate: Fate, code: string, effect: Effect, about: { found?: string } = {}): void {
    this.fates.set(item, fate);
    this.add(item, code, effect, about);
  }

  private add(item: Item, code: string, effect: Effect, about: { found?: string } = {}): void {
    this.findings.push(find(code, effect, { item: item.number, path: nameOf(item), entry: item.seal, ...about }));
  }

  /** 11p: two names that this version of Unicode cannot compare may be one to a later version. */
  private weighName(stored: string): Effect {
    return this.isDoubtful && isUnknown(stored) ? "unchecked" : "disproves";
  }
}

/** Of a folder a browser shows no links, no empty folders, and no names that are not UTF-8 or hold a backslash. */
function isNeverShown({ content, path }: Item): boolean {
  const isOtherwise = path !== undefined && (path.includes("\\") || !isUtf8(path));
  return content.type === "symlink" || content.type === "directory" || isOtherwise;
}

/** Give the stored name of an item; one whose name is withheld goes by its number. */
export const nameOf = (item: Item): string => (item.path === undefined ? neutralName(item.number) : store(item.path));

const keyOf = (item: Item): string => sortKey(item) ?? "";
const thingKey = (thing: Thing): string =>
  thing.kind === "directory" || thing.kind === "unlistable" ? `${thing.path}/` : thing.path;

function groupBy<T>(things: readonly T[], keyOfThing: (thing: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const thing of things) groups.set(keyOfThing(thing), [...(groups.get(keyOfThing(thing)) ?? []), thing]);
  return groups;
}

/** Read a modification time (T3) as nanoseconds since 1970. */
function nanoseconds(text: string): bigint {
  return BigInt(Date.parse(`${text.slice(0, 19)}Z`)) * 1000000n + BigInt(text.slice(20, 29));
}
