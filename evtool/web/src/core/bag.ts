/** Step 12 of FORMAT-verify.md: the bag around the evidence (B1 to B6 of FORMAT-bundle.md), and what is a bundle. */

import { decode, encode, equal, FormError, need, raw, splitLines, withLf } from "./bytes.ts";
import { type Finding, find } from "./findings.ts";
import { type Digests, digest } from "./hashes.ts";
import { isUnsafe } from "./payload.ts";
import { type Custody, ReadError } from "./record.ts";
import { compare, composed, isDigest, store } from "./text.ts";

const DECLARATION = encode("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
const BAG_FILES = ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"];
export const MANIFEST = "manifest-sha256.txt";
export const TAG_MANIFEST = "tagmanifest-sha256.txt";
const MAX_LINE = 4096;
const MAX_INFO = 4096;
const INFO =
  /^Bag-Software-Agent: evtool [0-9A-Za-z.+-]{1,40}\nEvtool-Bundle: ([!-~]{1,40})\nExternal-Identifier: ([0-9a-f]{32})\nPayload-Oxum: (0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,11})\n$/;

/** A bundle, read: everything but the evidence in it. Paths are raw strings. */
export interface Bag {
  /** SHA-256 of every file outside of `data/`; undefined for one that was not read, or is beyond its limit. */
  readonly tags: ReadonlyMap<string, string | undefined>;
  /** The bytes of the files of the bag itself. */
  readonly texts: ReadonlyMap<string, Uint8Array>;
  /** What is outside of `data/` and neither a file nor a directory of the bag. */
  readonly foreign: readonly string[];
  readonly companions: number;
}

/** The payload as it was compared: by its path below `data/`. */
export interface Payload {
  readonly paths: ReadonlySet<string>;
  readonly read: ReadonlyMap<string, Digests>;
}

interface ListLine {
  readonly path: string;
  readonly sha256: string;
}

const broken = (why: string, about: { expected?: string; found?: string } = {}): Finding =>
  find("bag-broken", "disproves", { why, ...about });
const unread = (why: string): Finding => find("bag-broken", "unchecked", { why });

/** Compare a bag with its own lists. `collection` is the id that the record gives. */
export function checkBag(bag: Bag, payload: Payload, collection: string | undefined): Finding[] {
  const findings = bag.foreign.map((path) => broken(`B5: ${store(path)}`));
  if (bag.companions > 0) findings.push(find("companion", "note", { count: bag.companions }));
  for (const path of bag.tags.keys()) {
    const isKnown = BAG_FILES.includes(path) || path === "README.txt" || path.startsWith("custody/");
    if (!isKnown) findings.push(broken(`B5: ${store(path)}`));
  }
  const info = guarded(findings, () => {
    checkDeclaration(bag, findings);
    return readInfo(bag);
  });
  if (info !== undefined && collection !== undefined && info.collection !== collection) findings.push(broken("B2: the collection"));
  const listed = guarded(findings, () => checkPayload(bag, payload, findings));
  if (info !== undefined && listed !== undefined && info.files !== listed) findings.push(broken("B2: the number of files"));
  if (info !== undefined && payload.read.size === payload.paths.size) {
    const size = [...payload.read.values()].reduce((sum, digests) => sum + digests.size, 0);
    if (info.bytes !== size) findings.push(broken("B2: the number of bytes"));
  }
  guarded(findings, () => checkTags(bag, findings));
  return findings;
}

/** What breaks a form is unchecked, and what is not there disproves. */
function guarded<T>(findings: Finding[], check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (error instanceof FormError) findings.push(unread(error.message));
    else if (error instanceof ReadError) findings.push(broken(error.message));
    else throw error;
    return undefined;
  }
}

function textOf(bag: Bag, name: string): Uint8Array {
  const data = bag.texts.get(name);
  if (data !== undefined) return data;
  throw bag.tags.has(name) ? new FormError(`${name} is too long, or cannot be read`) : new ReadError(`${name} is not there`);
}

/** Rule B1. */
function checkDeclaration(bag: Bag, findings: Finding[]): void {
  guarded(findings, () => {
    need(equal(textOf(bag, "bagit.txt"), DECLARATION), "B1: bagit.txt");
  });
}

/** Rule B2. */
function readInfo(bag: Bag): { collection: string; bytes: number; files: number } {
  const data = textOf(bag, "bag-info.txt");
  need(data.length <= MAX_INFO, "B2: bag-info.txt is too long");
  const match = INFO.exec(raw(data));
  need(match !== null && match[1] === "evtool-bundle/1", "B2: bag-info.txt is not that of a bundle of this format");
  return { collection: match[2] ?? "", bytes: Number(match[3]), files: Number(match[4]) };
}

/** Rule B3: read a list, line by line. */
function* readList(bag: Bag, name: string): Generator<ListLine> {
  const lines = splitLines(textOf(bag, name));
  const rest = lines.pop();
  let before = "";
  for (const line of lines) {
    need(line.length < MAX_LINE, "B3: a line is too long");
    const text = raw(line);
    const [sha256, gap, path] = [text.slice(0, 64), text.slice(64, 66), text.slice(66)];
    need(gap === "  " && path !== "" && compare(before, path) < 0 && isDigest(sha256), "B3: a line of a list");
    need(!isUnsafe(decode(line.subarray(66))), "B3: a path that is not safe");
    before = path;
    yield { path, sha256 };
  }
  need(rest?.length === 0, "B3: the last line does not end");
}

/** Rule B4 for the payload; gives how many files are listed. */
function checkPayload(bag: Bag, payload: Payload, findings: Finding[]): number {
  const left = new Set(payload.paths);
  const unmatched: ListLine[] = [];
  let listed = 0;
  const compareFile = (path: string, line: ListLine): void => {
    left.delete(path);
    const found = payload.read.get(path)?.sha256;
    if (found !== undefined && found !== line.sha256) {
      findings.push(broken(`B4: ${store(line.path)}`, { expected: line.sha256, found }));
    }
  };
  for (const line of readList(bag, MANIFEST)) {
    listed++;
    const path = line.path.startsWith("data/") ? line.path.slice(5) : undefined;
    if (path === undefined) findings.push(broken(`B4: ${store(line.path)} is not payload`));
    else if (payload.paths.has(path)) compareFile(path, line);
    else unmatched.push({ ...line, path });
  }
  for (const line of unmatched) {
    const form = composed(store(line.path));
    const there = [...left].filter((path) => composed(store(path)) === form);
    const isOne = unmatched.filter((other) => composed(store(other.path)) === form).length === 1;
    if (there.length === 1 && there[0] !== undefined && isOne) compareFile(there[0], line);
    else findings.push(broken(`B4: ${store(line.path)} is missing`));
  }
  for (const path of left) findings.push(broken(`B4: ${store(path)} is not listed`));
  return listed;
}

/** Rule B4 for all other files. */
function checkTags(bag: Bag, findings: Finding[]): void {
  const left = new Set(bag.tags.keys());
  left.delete(TAG_MANIFEST);
  const found: Finding[] = [];
  for (const line of readList(bag, TAG_MANIFEST)) {
    left.delete(line.path);
    const sha256 = bag.tags.get(line.path);
    if (!bag.tags.has(line.path)) found.push(broken(`B4: ${store(line.path)} is missing`));
    else if (sha256 === undefined) found.push(unread(`B4: ${store(line.path)} cannot be read`));
    else if (sha256 !== line.sha256) found.push(broken(`B4: ${store(line.path)}`, { expected: line.sha256, found: sha256 }));
  }
  findings.push(...found, ...[...left].map((path) => broken(`B4: ${store(path)} is not listed`)));
}

/** Names of the payload files that are listed, below `data/`. */
export function listedPayload(list: Uint8Array): Set<string> {
  return new Set(raw(list).split("\n").map((line) => line.slice(66).replace(/^data\//, "")));
}

// --------------------------------------------------------------------------------------------------- what is a bundle

const LISTED_ENTRY = /^([0-9a-f]{64}) {2}custody\/([0-9]{4}-[a-z-]+\.toml(?:\.sig)?)\r?$/;
const MAX_TRIES = 50;

/** Section "What is a bundle": a folder whose tag manifest lists its record, and is not sealed in it. */
export function isBundleFolder(tagManifest: Uint8Array | undefined, custody: Custody): boolean {
  if (tagManifest === undefined) return false;
  const matches = raw(tagManifest).split("\n").flatMap((line) => LISTED_ENTRY.exec(line) ?? []);
  const listed: [string, string][] = [];
  for (let at = 0; at + 2 < matches.length && listed.length < MAX_TRIES; at += 3) listed.push([matches[at + 1] ?? "", matches[at + 2] ?? ""]);
  return listed.some(([sha256, name]) => hasDigest(custody, sha256, name)) && !sealsAny(custody, [digest(tagManifest)]);
}

function hasDigest(custody: Custody, sha256: string, name: string): boolean {
  try {
    const data = custody.read(name);
    return data.length <= 65536 && [digest(data), digest(withLf(data))].includes(sha256);
  } catch {
    return false;
  }
}

/** Tell whether a manifest of the record holds one of these digests. */
export function sealsAny(custody: Custody, digests: readonly string[]): boolean {
  return custody.entries.some(({ text }) => {
    try {
      const manifest = raw(custody.read(`${text}.jsonl`));
      return digests.some((each) => manifest.includes(each));
    } catch {
      return false;
    }
  });
}

