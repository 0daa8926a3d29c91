/**
 * A whole verification: the steps of FORMAT-verify.md, one after the other.
 *
 * Nothing is written, fetched or run, and nothing in the evidence is trusted: whose keys count is the user's to say.
 */

import { type Bag, checkBag, isBundleFolder, listedPayload, MANIFEST, sealsAny, TAG_MANIFEST } from "./bag.ts";
import { FormError } from "./bytes.ts";
import { type Chain, checkChain, checkLink, type EntryFiles, type Link } from "./chain.ts";
import { judgeConsent, summarizeConsent } from "./consent.ts";
import { judgeCustody, judgeListing } from "./custody.ts";
import { APART } from "./entry.ts";
import { type Axis, type Finding, find, type StepResult } from "./findings.ts";
import { crc32, digest, type Digests, prepare } from "./hashes.ts";
import { Agents, findUndone, type Houses, readHouses } from "./houses.ts";
import { Comparison } from "./items.ts";
import type { Item } from "./manifest.ts";
import { Custody, isCompanionFile, MAX_ENTRY, MAX_SIGNATURE, ReadError } from "./record.ts";
import { judgeClocks, judgeDerivations, judgeRenewals } from "./renewals.ts";
import { makeReport, publicSummary, type Report, unsealed } from "./report.ts";
import { countWithheld, giveNames, isExplained, judgeWithholding, noteWithheld, readSeal, type Seal, type Withholding } from "./seals.ts";
import { type HashFiles, type Source, type Thing, Tree } from "./source.ts";
import { SYSTEM_DIRECTORIES } from "./patterns.ts";
import { strictestHandling, type Summary } from "./terms.ts";
import { baseName, compare, holds, shown, store } from "./text.ts";
import { judgeTime, type TimeResult } from "./time.ts";
import { judgeSigners, Policy, type Trust } from "./trust.ts";
import { type Walk, walk } from "./walk.ts";
import { ZipError, ZipSource } from "./zip.ts";

/** What the user asks, and who reads the files. */
export interface Options {
  readonly trust: Trust;
  /** The moment at which keys have to be valid, in milliseconds since 1970. */
  readonly now: number;
  /** Digest of an entry that the user noted. */
  readonly head?: string | undefined;
  /** How many agents have to have signed each seal. */
  readonly signers?: number;
  readonly hashFiles: HashFiles;
  /** Told once the record is read, before any evidence is: who reads the result learns the terms first. */
  readonly onRecord?: (record: Early) => void;
  /** Tells how many threads that hashed files died. */
  readonly lost?: () => number;
  /** A directory that continues the record. */
  readonly continued?: Source;
}

/** What is known before the evidence is read. */
export interface Early {
  readonly handling: string;
  readonly consent: Report["consent_summary"];
}

/** One disclosed item, for people. */
export interface Row {
  readonly number: number;
  /** Escaped; null if the name is withheld. */
  readonly name: string | null;
  readonly fate: string;
  readonly size: number | null;
  readonly sha256: string;
}

export interface Result {
  readonly report: Report;
  readonly links: readonly Link[];
  readonly rows: readonly Row[];
}

/** The record of a collection, judged by steps 1 to 9. */
interface Judged {
  readonly custody: Custody;
  readonly chain: Chain;
  readonly houses: Houses;
  readonly undone: ReadonlySet<number>;
  readonly policy: Policy;
  readonly seals: readonly Seal[];
  readonly time: TimeResult;
  readonly withholding: Withholding;
  readonly consent: Summary | null;
  readonly renamed: number;
  /** Whether every seal is usable and passed step 7. */
  readonly isKnown: boolean;
  readonly findings: Finding[];
  readonly steps: StepResult[];
}

/** Verify a folder, or a container that was opened. */
export async function verify(source: Source, options: Options): Promise<Result> {
  await prepare();
  try {
    return await verifyOpen(source, options);
  } catch (error) {
    if (error instanceof ZipError) return nothing(refused(error.message));
    throw error;
  }
}

/** Give the report on a container that is refused: nothing in it counts. */
export const refused = (why: string): Report =>
  unsealed([find("bag-broken", "unchecked", { why }), find("no-items", "unchecked")]);

async function verifyOpen(source: Source, options: Options): Promise<Result> {
  const tree = new Tree(await source.list());
  const place = tree.get("custody");
  const isZip = source instanceof ZipSource;
  if (place?.kind !== "directory") return nothing(isZip ? refused("it is no bundle") : unsealed([find("no-items", "unchecked")]));
  if (isZip) await checkRecordSums(source);
  let custody = await Custody.load(source, tree.list("custody").values());
  const lists = await readTexts(source, tree, [MANIFEST, TAG_MANIFEST]);
  const isBundle = isZip || isBundleFolder(lists.get(TAG_MANIFEST), custody);
  const isOfNoBag = lists.size === 0 || sealsAny(custody, [...lists.values()].map(digest));
  const isElsewhere = isBundle && tree.get("data")?.kind === "symlink";
  if ((isZip && isOfNoBag) || isElsewhere) return nothing(refused("it is no bundle"));
  const apart: Finding[] = [];
  const last = custody.entries.at(-1)?.number;
  if (options.continued !== undefined && last !== undefined) {
    const things = new Tree(await options.continued.list()).list("");
    const added = await Custody.load(options.continued, things.values());
    const both = continueRecord(custody, added);
    if (both === undefined) apart.push(find("continuation-apart", "unchecked"));
    else custody = both;
  }
  if (custody.entries.length === 0) return nothing(unsealed([find("no-items", "unchecked"), ...leftBehind(custody)]));
  const judged = judgeRecord(custody, options, apart);
  options.onRecord?.({ handling: strictestHandling(judged.consent), consent: publicSummary(judged.consent) });
  const bag = isBundle ? await readBag(source, tree) : undefined;
  const compared = await compareEvidence(source, tree, judged, bag, options);
  const continued = options.continued !== undefined && apart.length === 0 ? (last ?? null) : null;
  if ((options.lost?.() ?? 0) > 0) judged.findings.push(find("worker-lost", "unchecked", { count: options.lost?.() ?? 0 }));
  return { report: finish(judged, compared, bag, continued), links: judged.chain.links, rows: rowsOf(judged, compared.comparison) };
}

const nothing = (report: Report): Result => ({ report, links: [], rows: [] });

function rowsOf(judged: Judged, comparison: Comparison): Row[] {
  return judged.seals
    .flatMap((seal) => seal.items)
    .map((item) => ({
      number: item.number,
      name: item.path === undefined ? null : shown(store(item.path)),
      fate: comparison.fates.get(item) ?? "unjudged",
      size: item.content.type === "file" ? item.content.size : null,
      sha256: item.content.sha256,
    }));
}

/** Without an entry there is nothing that anything could contradict: a foreign name disproves nothing (1e). */
function leftBehind(custody: Custody): Finding[] {
  const findings = judgeListing(custody, { links: [], findings: [], decided: 0, heads: [] });
  return findings.map((finding) => (finding.effect === "disproves" ? { ...finding, effect: "unchecked" } : finding));
}

/** Rules R10 to R13: read a continuation with its record; undefined if it does not go on where the record ends. */
function continueRecord(custody: Custody, added: Custody): Custody | undefined {
  const [last, first] = [custody.entries.at(-1), added.entries[0]];
  if (last === undefined || first === undefined || first.number !== last.number + 1) return undefined;
  try {
    const before = readFiles(custody, last.text, last.number, last.event);
    const following = readFiles(added, first.text, first.number, first.event);
    const link = usable(following);
    if (link === undefined) return custody.continuedBy(added); // for the steps to judge
    const collection = usable(before)?.entry.collection;
    const { previous } = link.entry;
    const isNext = previous?.entry === digest(before.data) && previous.signature === digest(before.signature);
    const isSame = collection === undefined || collection === link.entry.collection;
    return isNext && isSame ? custody.continuedBy(added) : undefined;
  } catch (error) {
    if (error instanceof ReadError || error instanceof FormError) return custody.continuedBy(added);
    throw error;
  }
}

/** Give an entry that is usable by itself (2a, 2b, 3b, 3c). */
function usable(file: EntryFiles): Link | undefined {
  const findings: Finding[] = [];
  const link = checkLink(file, findings);
  return findings.length === 0 ? link : undefined;
}

function readFiles(custody: Custody, stem: string, number: number, event: string): EntryFiles {
  const data = custody.read(`${stem}.toml`);
  const signature = custody.read(`${stem}.toml.sig`);
  const details = APART.includes(event) && custody.has(`${stem}.details`) ? custody.read(`${stem}.details`) : undefined;
  const isSmall = data.length <= MAX_ENTRY && (details?.length ?? 0) <= MAX_ENTRY && signature.length <= MAX_SIGNATURE;
  if (!isSmall) throw new FormError("an entry is too large");
  return { number, event, data, signature, details };
}

const MAX_ENTRIES_SIZE = 64 * 1024 * 1024;

/** Step 1c: the entries that exist, in their order. */
function readEntries(custody: Custody, findings: Finding[]): { files: EntryFiles[]; unreadable: number[] } {
  const files: EntryFiles[] = [];
  const unreadable: number[] = [];
  let size = 0;
  for (const { text, number, event } of custody.entries) {
    try {
      if (size > MAX_ENTRIES_SIZE) throw new FormError("the entries before it are too large");
      const file = readFiles(custody, text, number, event);
      size += file.data.length + (file.details?.length ?? 0);
      files.push(file);
    } catch (error) {
      if (!(error instanceof ReadError || error instanceof FormError)) throw error;
      unreadable.push(number);
      const isMissing = custody.listing.files.get(text)?.has("toml") !== true;
      const about = { entry: number, why: error.message };
      findings.push(isMissing ? find("entry-missing", "disproves", about) : find("custody-unreadable", "unchecked", about));
    }
  }
  return { files, unreadable };
}

/** Steps 1 to 9, 13 and 14: everything that asks the record alone. */
function judgeRecord(custody: Custody, options: Options, apart: readonly Finding[]): Judged {
  const findings: Finding[] = [...apart];
  const { files, unreadable } = readEntries(custody, findings);
  const chain = checkChain(files, unreadable);
  const { links } = chain;
  const houses = readHouses(links);
  const { undone, findings: invalid } = findUndone(links, houses);
  const policy = new Policy(options.trust, options.now);
  const agents = new Agents(houses.admissions.filter((link) => policy.knows(link)));
  const time = judgeTime(custody, links);
  const seals = links.flatMap((link) => (link.entry.sealed === undefined ? [] : [readSeal(custody, link, link.entry.sealed)]));
  const allSeals = [...custody.entries, ...custody.lost].filter((stem) => stem.event === "sealed");
  const usable = new Set(seals.map((seal) => seal.number));
  const isKnown = allSeals.every((stem) => usable.has(stem.number)) && seals.every((seal) => seal.isSound);
  const withholding = judgeWithholding(custody, links, seals, isKnown);
  const renamed = giveNames(seals, links, undone);
  const consent = summarizeConsent(custody, chain, seals, undone, isExplained(withholding));
  const lacking = links.filter((link) => link.entry.isWithheld).map((link) => link.entry.sequence);
  findings.push(
    ...judgeListing(custody, chain),
    ...chain.findings,
    ...judgeSigners(links, houses.retired, policy),
    ...judgeSecondSignatures(links, houses, agents, policy, options.signers ?? 1),
    ...judgeCustody(custody, chain, houses, agents, policy, options.head),
    ...invalid,
    ...time.findings,
    ...seals.flatMap((seal) => seal.findings),
    ...withholding.findings,
    ...noteWithheld(withholding, countWithheld(seals) - withholding.missing, lacking),
    ...judgeRenewals(custody, links, seals),
    ...judgeDerivations(links, seals),
    ...judgeClocks(links, seals, options.now),
    ...judgeConsent(consent),
  );
  const steps = stepsOfRecord(custody, chain, seals, allSeals.length, withholding, consent);
  return { custody, chain, houses, undone, policy, seals, time, withholding, consent, renamed, isKnown, findings, steps };
}

/** Step 4b: count the agents with trusted keys under each seal. */
function judgeSecondSignatures(links: readonly Link[], houses: Houses, agents: Agents, policy: Policy, required: number): Finding[] {
  if (required < 2) return [];
  const holders = new Map(links.filter(({ entry }) => entry.sealed).map(({ entry }) => [entry.sequence, new Map<string, Link>()]));
  for (const link of links) {
    const number = link.entry.event === "countersigned" ? Number(link.entry.details["entry"]) : link.entry.sequence;
    const signed = holders.get(number);
    const counts = policy.judge(link) === undefined && !houses.retired.has(link.entry.sequence);
    if (signed !== undefined && counts && !signed.has(link.key.fingerprint)) signed.set(link.key.fingerprint, link);
  }
  return [...holders].flatMap(([entry, signed]) => {
    const count = new Set([...signed.values()].map((link) => agents.name(link))).size;
    return count < required ? [find("signers-too-few", "open", { entry })] : [];
  });
}

const step = (number: number, name: string, axis: Axis, subjects: number, checked: number): StepResult => ({
  step: number, name, axis, subjects, checked,
});

/** How far the steps came that ask the record alone. */
function stepsOfRecord(
  custody: Custody, chain: Chain, seals: readonly Seal[], allSeals: number, withholding: Withholding, consent: Summary | null,
): StepResult[] {
  const { listing } = custody;
  const entries = custody.entries.length + custody.lost.length;
  const names = entries + listing.foreign.length + listing.stamps.length + listing.informational.length;
  const usable = chain.links.length;
  const broken = ["manifest-invalid", "manifest-missing", "manifest-unreadable"];
  const isBroken = (seal: Seal): boolean => seal.findings.some(({ code }) => broken.includes(code));
  const unread = seals.flatMap((seal) => seal.findings).filter(({ code, effect }) => code.startsWith("checksums") && effect === "unchecked");
  const disclosed = seals.reduce((sum, seal) => sum + seal.items.length, 0);
  return [
    step(1, "record", "custody", names, names),
    step(2, "signatures", "signatures", entries, chain.decided),
    step(3, "chain", "custody", entries, usable),
    step(4, "trust", "trust", entries, usable),
    step(5, "custody", "custody", entries, usable),
    step(6, "time", "time", allSeals, seals.length),
    step(7, "manifests", "integrity", allSeals, seals.filter((seal) => !isBroken(seal)).length),
    step(8, "checksums", "integrity", allSeals, seals.filter((seal) => seal.isSound).length - unread.length),
    step(9, "withholding", "integrity", allSeals, isExplained(withholding) ? allSeals : 0),
    step(13, "renewals", "custody", entries, usable),
    step(14, "consent", "consent", disclosed, consent?.items ?? 0),
  ];
}

// -------------------------------------------------------------------------------------------------------- the evidence

interface Compared {
  readonly comparison: Comparison;
  readonly walked: Walk;
  readonly bytes: number;
  /** Paths of the payload of a bundle. */
  readonly paths: ReadonlySet<string>;
}

/** Steps 10 and 11. */
async function compareEvidence(source: Source, tree: Tree, judged: Judged, bag: Bag | undefined, options: Options): Promise<Compared> {
  const { seals, chain, undone } = judged;
  const isBundle = bag !== undefined;
  const isZip = source instanceof ZipSource;
  const patterns = isBundle ? [] : (seals.at(-1)?.table.exclude ?? []);
  const walked = await walk(source, tree, isBundle ? "data" : "", isBundle ? undefined : "custody", patterns);
  if (isZip) {
    Object.assign(walked, { seen: walked.things.size, directories: 0, findings: [] });
    walked.companions.clear();
  } else if (isBundle) setCompanionsAside(walked, listedPayload(bag.texts.get(MANIFEST) ?? new Uint8Array()));
  if (!source.showsAll) readBackslashes(walked, seals.flatMap((seal) => seal.items));
  const paths = new Set([...walked.things.values()].filter((thing) => thing.kind === "file").map((thing) => thing.path));
  const items = seals.flatMap((seal) => seal.items);
  const sizes = new Set(items.filter((item) => item.content.type === "file").map((item) => item.content.size));
  const placeOf = (thing: Thing): string => (isBundle ? `data/${thing.path}` : (thing.place ?? thing.path));
  const wanted = [...everyFile(walked, tree, isBundle)].filter(
    (thing) => isZip || (sizes.has(thing.size) && thing.isUnreadable !== true),
  );
  const digests = await options.hashFiles(wanted.map((thing) => ({ ...thing, path: placeOf(thing) })));
  if (isZip) checkSums(source, digests);
  const disposals = chain.links.map((link) => link.entry).filter((entry) => entry.event === "disposed" && !entry.isWithheld && !undone.has(entry.sequence));
  const bundles = chain.links.filter(({ entry }) => entry.event === "disclosed" && entry.details["list"] !== undefined);
  const known = {
    items,
    isDisposed: (item: Item, before = 10000): boolean =>
      disposals.some(
        (entry) => entry.sequence < before && (entry.items === undefined ? item.seal < entry.sequence : holds(entry.items, item.number)),
      ),
    mayLack: (item: Item): boolean =>
      item.content.type === "symlink" && bundles.some(({ entry }) => entry.sequence > item.seal),
    sound: new Set(seals.filter((seal) => seal.isSound).map((seal) => seal.number)),
    isUndecided: !(judged.isKnown && isExplained(judged.withholding)),
    isBundle,
    patterns,
    showsAll: source.showsAll,
  };
  const comparison = new Comparison(known, walked, tree, (thing) => digests.get(placeOf(thing)));
  comparison.run();
  if (judged.renamed > 0) comparison.findings.push(find("new-name", "note", { count: judged.renamed }));
  if (isZip) for (const path of paths) readToo(comparison, path, digests.get(`data/${path}`));
  const bytes = [...comparison.read.values()].reduce((sum, each) => sum + each.size, 0);
  return { comparison, walked, bytes, paths };
}

/** A browser shows `a\\b` as `a/b`. Where no item has the second name, the file is read under the first. */
function readBackslashes(walked: Walk, items: readonly Item[]): void {
  const names = new Set(items.map((item) => item.path));
  for (const { path } of items) {
    const place = path?.replaceAll("\\", "/");
    const thing = place === undefined || names.has(place) ? undefined : walked.things.get(place);
    if (path === undefined || place === undefined || thing === undefined) continue;
    walked.things.delete(place);
    walked.things.set(path, { ...thing, path, place });
  }
}

/** A container is read to its end, whatever its files belong to. */
function readToo(comparison: Comparison, path: string, digests: Digests | undefined): void {
  if (digests !== undefined) comparison.read.set(path, digests);
}

/** What a walk came across, and what patterns hide and may be looked for. */
function* everyFile(walked: Walk, tree: Tree, isBundle: boolean): Generator<Thing> {
  const seen = new Set<string>();
  for (const thing of walked.things.values()) {
    if (thing.kind === "file") yield thing;
    seen.add(thing.path);
  }
  if (isBundle || walked.excluded === 0) return;
  const waiting = [""];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    for (const thing of tree.list(directory).values()) {
      if (thing.path === "custody") continue;
      if (thing.kind === "directory") waiting.push(thing.path);
      else if (thing.kind === "file" && !seen.has(thing.path)) yield thing;
    }
  }
}

/** Rule B6: companions under `data/` are no part of a bundle, unless its list names them. */
function setCompanionsAside(walked: Walk, listed: ReadonlySet<string>): void {
  for (const path of walked.companions) {
    if (listed.has(path) || !walked.things.delete(path)) continue;
    walked.aside++;
  }
}

// ------------------------------------------------------------------------------------------------------------- the bag

const MAX_TAG = 1024 * 1024;
const MAX_LIST = 512 * 1024 * 1024;

async function readTexts(source: Source, tree: Tree, names: readonly string[]): Promise<Map<string, Uint8Array>> {
  const texts = new Map<string, Uint8Array>();
  for (const name of names) {
    const thing = tree.get(name);
    const limit = name.includes("manifest") ? MAX_LIST : MAX_TAG;
    if (thing?.kind !== "file" || thing.size > limit) continue;
    try {
      texts.set(name, await source.slice(name, 0, thing.size));
    } catch (error) {
      if (error instanceof ZipError) throw error;
    }
  }
  return texts;
}

/** Read what a bundle holds beside its evidence. */
async function readBag(source: Source, tree: Tree): Promise<Bag> {
  const tags = new Map<string, string | undefined>();
  const foreign: string[] = [];
  let companions = 0;
  for (const directory of ["", "custody"]) {
    const things = [...tree.list(directory).values()].sort((one, other) => compare(one.path, other.path));
    const names = new Set(things.map((thing) => baseName(thing.path)));
    for (const thing of things) {
      const isOwn = directory === "" && thing.kind === "directory" && ["custody", "data"].includes(thing.path);
      if (isOwn) continue;
      const isZip = source instanceof ZipSource;
      const isSystem = thing.kind === "directory" && SYSTEM_DIRECTORIES.includes(baseName(thing.path));
      if (!isZip && (isSystem || (await isCompanionFile(source, thing, (name) => names.has(name))))) {
        if (directory === "") companions++;
      } else if (thing.kind === "file") tags.set(thing.path, undefined);
      else foreign.push(thing.path);
    }
  }
  if (source instanceof ZipSource) await strayFiles(source, tags, foreign);
  const texts = await readTexts(source, tree, [...tags.keys()].filter((path) => !path.startsWith("custody/")));
  for (const path of tags.keys()) tags.set(path, await digestOf(source, tree, path, texts.get(path)));
  return { tags, texts, foreign, companions };
}

/** In a container there are no directories: whatever lies deeper is a file that does not belong there. */
async function strayFiles(source: ZipSource, tags: Map<string, string | undefined>, foreign: string[]): Promise<void> {
  foreign.length = 0;
  for (const thing of await source.list()) {
    if (thing.kind === "file" && !thing.path.startsWith("data/")) tags.set(thing.path, undefined);
  }
}

async function digestOf(source: Source, tree: Tree, path: string, text: Uint8Array | undefined): Promise<string | undefined> {
  if (text !== undefined) return digest(text);
  const thing = tree.get(path);
  if (thing === undefined || thing.size > (path.startsWith("custody/") ? MAX_LIST : MAX_TAG)) return undefined;
  try {
    return digest(await source.slice(path, 0, thing.size));
  } catch (error) {
    if (error instanceof ZipError) throw error;
    return undefined;
  }
}

/** Rule B18: the CRC of every file is right; what is not payload is small and checked before it is read. */
async function checkRecordSums(source: ZipSource): Promise<void> {
  for (const thing of await source.list()) {
    if (thing.kind !== "file" || thing.path.startsWith("data/")) continue;
    if ((await crc32(source.pieces(thing.path))) !== source.crcOf(thing.path)) throw new ZipError("crc");
  }
}

function checkSums(source: ZipSource, digests: ReadonlyMap<string, Digests>): void {
  for (const [path, each] of digests) {
    if (each.size !== source.locate(path).size) throw new ZipError("size");
    if (each.crc !== source.crcOf(path)) throw new ZipError("crc");
  }
}

// ------------------------------------------------------------------------------------------------------------ the end

/** Steps 12, 15 and 16. */
function finish(judged: Judged, compared: Compared, bag: Bag | undefined, continued: number | null): Report {
  const { comparison, walked } = compared;
  const { seals, chain } = judged;
  const findings = [...judged.findings, ...comparison.findings];
  const steps = [...judged.steps];
  const collection = chain.links[0]?.entry.collection;
  if (bag !== undefined) {
    const found = checkBag(bag, { paths: compared.paths, read: comparison.read }, collection);
    findings.push(...found);
    const unread = found.filter((finding) => finding.effect === "unchecked").length;
    steps.push(step(12, "bag", "integrity", bag.tags.size, bag.tags.size - unread));
  }
  const directories = 1 + walked.directories + comparison.evidence.unlistable;
  steps.push(step(10, "evidence", "integrity", directories, directories - comparison.evidence.unlistable));
  return makeReport({
    chain, seals, findings, steps, comparison, policy: judged.policy, retired: judged.houses.retired,
    withholding: judged.withholding, consent: judged.consent, time: judged.time, bytes: compared.bytes, continued,
  });
}
