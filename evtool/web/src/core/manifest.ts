/** Manifests and the lists beside them: the page FORMAT-manifest.md (M1 to M15, P1 to P9, D1 to D3, L1 to L3). */

import { encode, FormError, join, need, splitLines, unhex, unraw } from "./bytes.ts";
import { hasFields, isNumber, isText, isTexts, type Json, type JsonObject, readCanonical } from "./canonical.ts";
import type { SealTable } from "./entry.ts";
import { sha256 } from "./hashes.ts";
import { readTerms, type Terms } from "./terms.ts";
import {
  checkMtime,
  compare,
  countCharacters,
  isDigest,
  isSalt,
  parsePath,
  parseRanges,
  parseTarget,
  pathsTo,
  type Ranges,
} from "./text.ts";
import { hex } from "./bytes.ts";

const MAX_LINE = 65536;
const MAX_UNREAD_LINE = 16 * 1024 * 1024;
const MAX_CONTEXT = 128;
const MAX_GROUPS = 1024;
const OMISSIONS = ["unreadable", "unreadable-directory", "special", "changing"];
const FAILURES = [
  "no-confinement", "not-started", "too-large", "cpu-time", "wall-time", "killed", "answer", "unreadable", "changed", "withheld",
];
const LEAVES_NOTHING = ["no-confinement", "unreadable", "changed", "withheld"];

/** What an item is, as its content says. */
export interface Content {
  readonly type: "file" | "directory" | "symlink" | "omitted";
  readonly size: number;
  readonly sha256: string;
  readonly blake3: string;
  readonly target: string;
  readonly reason: string;
}

/** What a manifest discloses of one item. */
export interface Item {
  readonly number: number;
  /** Number of the entry that seals it. */
  readonly seal: number;
  readonly content: Content;
  /** Its path as a raw string; undefined if its name is withheld. */
  path: string | undefined;
  mtime: string | undefined;
  /** Kinds of the statements that exist and are withheld, in their order. */
  readonly withheld: string[];
  /** Fields of context that are disclosed, with what they say. */
  readonly context: Map<string, string>;
  terms: Terms | undefined;
  /** Number of the entry by which it has its name (E32). */
  namedBy: number;
}

export const isDirectoryItem = (content: Content): boolean =>
  content.type === "directory" || content.reason === "unreadable-directory";

/** Rule M12: the key that items are numbered by; undefined without a name. */
export function sortKey(item: Item): string | undefined {
  return item.path === undefined || !isDirectoryItem(item.content) ? item.path : `${item.path}/`;
}

// ------------------------------------------------------------------------------------------------------ statements

interface Statement {
  readonly kind: string;
  readonly item: number;
  readonly value: JsonObject;
  readonly statements: readonly string[];
  readonly terms?: Terms;
  readonly path?: string;
}

interface Withheld {
  readonly kind: "withheld";
  readonly lines: number;
  readonly hash: string;
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "content file": ["blake3", "item", "kind", "salt", "sha256", "size", "statements", "type"],
  "content directory": ["item", "kind", "salt", "statements", "type"],
  "content symlink": ["item", "kind", "salt", "statements", "target", "type"],
  "content omitted": ["item", "kind", "reason", "salt", "statements", "type"],
  file: ["item", "kind", "mtime", "path", "salt"],
  metadata: ["confinement", "item", "kind", "salt"],
  context: ["field", "item", "kind", "salt", "value"],
  consent: ["consent", "item", "kind", "salt"],
  withheld: ["hash", "kind", "lines"],
};
const OPTIONAL: Readonly<Record<string, readonly string[]>> = { metadata: ["claims", "failure"], consent: ["handling"] };

/** Rules M1 to M8: read one line, without its line feed. */
function readStatement(line: Uint8Array): Statement | Withheld {
  need(line.length <= MAX_LINE, "M1: a line is too long");
  const value = readCanonical(line);
  const kind = value["kind"];
  need(isText(kind), "M5: no kind");
  const type = value["type"];
  need(kind !== "content" || isText(type), "M5: no type"); // a list of one text would be spelled like it below
  const form = kind === "content" ? `content ${type}` : kind;
  const fields = Object.hasOwn(FIELDS, form) ? FIELDS[form] : undefined;
  need(fields !== undefined && hasFields(value, fields, OPTIONAL[form]), "M5: not a statement of a known kind");
  if (kind === "withheld") {
    const { lines, hash } = value;
    need(isNumber(lines) && lines >= 1 && isText(hash) && isDigest(hash), "M5: a withheld statement");
    return { kind, lines, hash };
  }
  const { item, salt } = value;
  need(isNumber(item) && item >= 1 && isText(salt) && isSalt(salt), "M6, T7: number or salt");
  return { kind, item, value, statements: kind === "content" ? readKinds(value) : [], ...readFields(form, value) };
}

/** Rule M7: the kinds of the other statements of an item. */
function readKinds(value: JsonObject): readonly string[] {
  const kinds = value["statements"] ?? null;
  need(isTexts(kinds) && /^file(,metadata)?(,context)*(,consent)?$/.test(kinds.join(",")), "M7: the statements");
  need(kinds.filter((kind) => kind === "context").length <= MAX_CONTEXT, "M7: too many fields of context");
  need(!kinds.includes("metadata") || value["type"] === "file", "M7: metadata of something that is not a file");
  return kinds;
}

function readFields(form: string, value: JsonObject): { terms?: Terms; path?: string } {
  if (form === "content file") {
    need([value["sha256"], value["blake3"]].every((each) => isText(each) && isDigest(each)), "T1: a digest");
    need(isNumber(value["size"]), "T2: the size");
  } else if (form === "content symlink") {
    need(isText(value["target"]) && parseTarget(value["target"]), "T13: the target");
  } else if (form === "content omitted") {
    need(isText(value["reason"]) && OMISSIONS.includes(value["reason"]), "M8: the reason");
  } else if (form === "file") {
    need(isText(value["path"]), "T10: the path");
    if (value["mtime"] !== null) {
      need(isText(value["mtime"]), "T3: the date");
      checkMtime(value["mtime"]);
    }
    return { path: parsePath(value["path"]) };
  } else if (form === "metadata") {
    checkMetadata(value);
  } else if (form === "context") {
    const { field, value: said } = value;
    need(isText(field) && /^[a-z][a-z0-9_-]{0,62}$/.test(field) && isText(said), "M5: a field of context");
    const count = countCharacters(said);
    need(count >= 1 && count <= 4000 && !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(said), "M5: a value of context");
  } else if (form === "consent") {
    const { consent = null, handling } = value;
    return { terms: readTerms(handling === undefined ? { consent } : { consent, handling }) };
  }
  return {};
}

/** What is claimed is not judged here, as FORMAT-manifest.md allows; its place and form are. */
function checkMetadata(value: JsonObject): void {
  const { confinement, claims, failure } = value;
  need(isText(confinement) && /^[a-z0-9-]+(\+[a-z0-9-]+)*$/.test(confinement) && confinement.length <= 128, "M5: confinement");
  need(claims !== undefined || failure !== undefined, "M5: neither claims nor a failure");
  need(claims === undefined || (claims !== null && typeof claims === "object" && !Array.isArray(claims)), "M5: claims");
  need(failure === undefined || (isText(failure) && FAILURES.includes(failure)), "M5: an unknown failure");
  need(claims === undefined || !LEAVES_NOTHING.includes(String(failure)), "M5: claims, although nothing was found");
}

// ----------------------------------------------------------------------------------------------------------- lines

/** One line of a manifest; what cannot be read still has its hash in the tree. */
interface Line {
  readonly text: Uint8Array;
  readonly statement: Statement | Withheld | undefined;
  readonly fault: string;
}

function readLine(text: Uint8Array): Line {
  try {
    return { text, statement: readStatement(text), fault: "" };
  } catch (error) {
    if (!(error instanceof FormError)) throw error;
    return { text, statement: undefined, fault: error.message };
  }
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

const linesOf = (line: Line): number => (line.statement?.kind === "withheld" ? (line.statement as Withheld).lines : 1);

/** Rules P1 and P3: so many lines, after so many others, are the leaves of one node. */
function checkNode(before: number, count: number): void {
  const isPower = Number.isInteger(Math.log2(count)) && 2 ** Math.round(Math.log2(count)) === count;
  need(isPower && before % count === 0, "P1, P3: withheld lines are no node");
}

/** Rules M14 and P4: the root hash, and how many lines there are, withheld ones counted. */
function computeRoot(lines: readonly Line[]): { root: string; count: number } {
  const trees: { node: Uint8Array; size: number }[] = [];
  let count = 0;
  for (const line of lines) {
    let size = linesOf(line);
    checkNode(count, size);
    count += size;
    need(count <= Number.MAX_SAFE_INTEGER, "T2: too many lines");
    let node =
      line.statement?.kind === "withheld" ? unhex((line.statement as Withheld).hash) : sha256(LEAF, line.text);
    for (let last = trees.at(-1); last?.size === size; last = trees.at(-1)) {
      node = sha256(NODE, last.node, node);
      trees.pop();
      size *= 2;
    }
    trees.push({ node, size });
  }
  let root = trees.pop()?.node ?? sha256();
  for (let tree = trees.pop(); tree !== undefined; tree = trees.pop()) root = sha256(NODE, tree.node, root);
  return { root: hex(root), count };
}

/** What reading a manifest gave. */
export interface Manifest {
  /** As far as it can be read. */
  readonly items: Item[];
  /** How many lines this copy does not disclose. */
  readonly withheldLines: number;
  /** Why it cannot be read to its end; empty if it can. */
  readonly fault: string;
  /** Whether root and number of lines are the signed ones, whether or not it can be read. */
  readonly isSigned: boolean;
  /** What differs from the entry; empty if nothing does. */
  readonly difference: string;
}

/** Steps 7b and 7c: read a manifest, and compare it with the entry that seals it. */
export function readManifest(data: Uint8Array, seal: SealTable, entry: number): Manifest {
  const parts = splitLines(data);
  const rest = parts.pop() ?? new Uint8Array();
  const lines = parts.map(readLine);
  const reading = new Reading(seal, entry);
  let fault = "";
  try {
    reading.read(lines);
    need(rest.length === 0, "M1: the last line does not end");
  } catch (error) {
    if (!(error instanceof FormError)) throw error;
    fault = error.message;
  }
  const isSigned = rest.length === 0 && isAsSigned(lines, seal);
  const difference = fault !== "" ? "" : isSigned ? reading.compareWithEntry() : "root or number of lines";
  return { items: reading.items, withheldLines: reading.withheldLines, fault, isSigned, difference };
}

function isAsSigned(lines: readonly Line[], seal: SealTable): boolean {
  if (lines.some((line) => line.text.length > MAX_UNREAD_LINE)) return false;
  try {
    const { root, count } = computeRoot(lines);
    return root === seal.root && count === seal.lines;
  } catch {
    return false;
  }
}

/** Rules M9 to M12 and P5 to P8: puts the statements of each item together. */
class Reading {
  readonly items: Item[] = [];
  withheldLines = 0;
  private place = 0;
  private end = 0;
  private next: number;
  private lastKey = "";
  private readonly paths = new Set<string>();
  private pending: { item: Item; statements: readonly string[]; start: number } | undefined;

  constructor(
    private readonly seal: SealTable,
    private readonly entry: number,
  ) {
    this.next = seal.first;
  }

  read(lines: readonly Line[]): void {
    for (const line of lines) {
      const statement = line.statement;
      if (statement === undefined) throw new FormError(line.fault);
      if (statement.kind === "withheld") {
        const { lines: count } = statement as Withheld;
        checkNode(this.place, count);
        this.withheldLines += count;
        this.place += count;
      } else {
        this.take(statement as Statement);
        this.place += 1;
      }
      if (this.pending !== undefined && this.place >= this.pending.start + 1 + this.pending.statements.length) this.close();
    }
    need(this.pending === undefined, "M9: an item is incomplete");
  }

  private take(statement: Statement): void {
    if (statement.kind === "content") {
      need(this.pending === undefined, "M9: an item is incomplete");
      const skipped = statement.item - this.next;
      checkLines(this.place - this.end, skipped);
      const item = makeItem(statement, this.entry);
      this.pending = { item, statements: statement.statements, start: this.place };
      return;
    }
    const pending = this.pending;
    need(pending !== undefined && pending.item.number === statement.item, "P6: its content is not disclosed");
    need(pending.statements[this.place - pending.start - 1] === statement.kind, "M9, P5: not where its content says");
    pending.item.withheld.splice(pending.item.withheld.indexOf(statement.kind), 1);
    addStatement(pending.item, statement);
  }

  private close(): void {
    const { item, statements, start } = this.pending ?? { item: undefined, statements: [], start: 0 };
    if (item === undefined) return;
    need(!item.withheld.includes("consent"), "P7: its terms of consent are withheld");
    const key = sortKey(item);
    if (item.path !== undefined && key !== undefined) {
      need(compare(this.lastKey, key) < 0, "M12: paths are out of order");
      need(!pathsTo(item.path).some((path) => this.paths.has(path)), "M13: it lies below another item, or in its place");
      this.lastKey = key;
      this.paths.add(item.path);
    }
    this.items.push(item);
    this.end = start + 1 + statements.length;
    this.next = item.number + 1;
    this.pending = undefined;
  }

  /** Rules M15, P8 and P9. */
  compareWithEntry(): string {
    if (this.withheldLines === 0 && this.items.length !== this.seal.items) return "number of items";
    const itemsAfter = this.seal.first + this.seal.items - this.next;
    try {
      checkLines(this.seal.lines - this.end, itemsAfter);
    } catch {
      return itemsAfter < 0 ? "P9: number of the last item" : "P8: lines after the last item";
    }
    return "";
  }
}

/** Rules M11 and P8: each withheld item has two lines at least, and each withheld line an item. */
function checkLines(lines: number, items: number): void {
  need(items >= 0 && lines >= 2 * items && (lines === 0) === (items === 0), "M11, P8: an item is not in its place");
}

function makeItem(statement: Statement, entry: number): Item {
  const text = (name: string): string => (isText(statement.value[name]) ? String(statement.value[name]) : "");
  const content: Content = {
    type: text("type") as Content["type"],
    size: Number(statement.value["size"] ?? 0),
    sha256: text("sha256"),
    blake3: text("blake3"),
    target: text("target"),
    reason: text("reason"),
  };
  return {
    number: statement.item, seal: entry, content, path: undefined, mtime: undefined, withheld: [...statement.statements],
    context: new Map(), terms: undefined, namedBy: entry,
  };
}

function addStatement(item: Item, statement: Statement): void {
  if (statement.path !== undefined) {
    item.path = statement.path;
    item.mtime = isText(statement.value["mtime"]) ? statement.value["mtime"] : undefined;
  }
  if (statement.terms !== undefined) item.terms = statement.terms;
  if (statement.kind === "context") {
    const field = String(statement.value["field"]);
    const last = [...item.context.keys()].at(-1);
    need(last === undefined || compare(last, field) < 0, "M10: fields of context are out of order");
    item.context.set(field, String(statement.value["value"]));
  }
}

// ----------------------------------------------------------------------------------------------- the list, step 8

const MAX_LISTED_PATH = 4095;

/** Rule L2: write the digest list that follows from the items, but for its first line. */
export function listChecksums(items: readonly Item[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { number, content, path } of items) {
    if (content.type !== "file" || path === undefined) continue;
    if (path.length > MAX_LISTED_PATH) {
      const says = `# item ${number} is not listed: its path has ${path.length} bytes, more than sha256sum can open\n`;
      parts.push(encode(says));
      continue;
    }
    const plain = path === "-" ? "./-" : path;
    const escaped = plain.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
    parts.push(unraw(`${escaped === plain ? "" : "\\"}${content.sha256}  ${escaped}\n`));
  }
  return join(...parts);
}

// ----------------------------------------------------------------------------------- the list of a disclosure, step 9

export interface Group {
  readonly first: number;
  readonly last: number;
  readonly withheld: readonly string[];
}

/** The list of a disclosure: what a bundle holds, as somebody signed it. */
export interface DisclosedList {
  readonly groups: readonly Group[];
  readonly entries: Ranges;
  readonly cover: string;
}

const MAX_LIST = 4 * 1024 * 1024;
const WITHHELD_NAME = /^(file|metadata|context\.[a-z][a-z0-9_-]{0,62})$/;

/** Rules D1 to D3. */
export function readDisclosedList(data: Uint8Array): DisclosedList {
  need(data.length <= MAX_LIST && data.at(-1) === 10, "D1: too long, or cut short");
  const value = readCanonical(data.subarray(0, -1));
  need(hasFields(value, ["cover", "format", "groups", "salt"], ["entries"]), "D1: other fields");
  const { cover, format, groups, salt, entries } = value;
  need(format === "evtool-disclosed/1" && isText(cover) && isDigest(cover) && isText(salt) && isSalt(salt), "D1: the fields");
  need(Array.isArray(groups) && groups.length >= 1 && groups.length <= MAX_GROUPS, "D1: the groups");
  const read = groups.map(readGroup);
  const kinds = read.map((group) => group.withheld.join(" "));
  need(new Set(kinds).size === kinds.length, "D2: two groups withhold the same");
  const firsts = read.map((group) => group.items[0]?.[0] ?? 0);
  need(firsts.every((first, at) => at === 0 || (firsts[at - 1] ?? 0) <= first), "D2: groups are out of order");
  const spans = read.flatMap(({ items, withheld }) => items.map(([first, last]) => ({ first, last, withheld })));
  spans.sort((one, other) => one.first - other.first);
  need(spans.every(({ first }, at) => at === 0 || (spans[at - 1]?.last ?? 0) < first), "D2: an item is named twice");
  return { groups: spans, entries: readEntries(entries), cover };
}

function readEntries(entries: Json | undefined): Ranges {
  if (entries === undefined) return [];
  need(isTexts(entries), "D3: the entries");
  const ranges = parseRanges(entries);
  need((ranges.at(-1)?.[1] ?? 0) <= 9999, "D3: an entry beyond 9999");
  return ranges;
}

function readGroup(value: Json): { items: Ranges; withheld: readonly string[] } {
  need(value !== null && typeof value === "object" && !Array.isArray(value), "D1: a group");
  need(hasFields(value, ["items", "withheld"]), "D1: a group");
  const { items = null, withheld = null } = value;
  need(isTexts(items) && isTexts(withheld) && withheld.every((name) => WITHHELD_NAME.test(name)), "D1: a group");
  const order = (name: string): string => `${name.startsWith("context") ? 1 : 0}${name}`;
  need(withheld.every((name, at) => at === 0 || compare(order(withheld[at - 1] ?? ""), order(name)) < 0), "D1: the order");
  return { items: parseRanges(items), withheld };
}
