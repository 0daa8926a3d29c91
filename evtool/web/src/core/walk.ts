/** Step 10 of FORMAT-verify.md: what lies in the evidence. */

import { type Finding, find } from "./findings.ts";
import { hides, LITTER, matches } from "./patterns.ts";
import { isCompanionFile } from "./record.ts";
import type { Source, Thing, Tree } from "./source.ts";
import { baseName, compare, composed, directoryOf, fold, store } from "./text.ts";

/** What a walk came across. */
export interface Walk {
  /** Files, links, empty directories, special things and directories that cannot be listed, by path. */
  readonly things: Map<string, Thing>;
  readonly findings: Finding[];
  readonly companions: Set<string>;
  /** Companions that were taken out of `things`, as no list of a bundle names them. */
  aside: number;
  seen: number;
  excluded: number;
  directories: number;
}

/** A walk over evidence; `custody` is the name of the record in it, `prefix` where the evidence begins. */
export async function walk(
  source: Source,
  tree: Tree,
  prefix: string,
  custody: string | undefined,
  patterns: readonly string[],
): Promise<Walk> {
  const found: Walk = { things: new Map(), findings: [], companions: new Set(), aside: 0, seen: 0, excluded: 0, directories: 0 };
  const waiting = [""];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    const at = directory;
    const inside = [...tree.list(placeOf(prefix, at)).values()].filter((thing) => at !== "" || baseName(thing.path) !== custody);
    found.seen += inside.length;
    const kept: Thing[] = [];
    for (const thing of inside) {
      const path = at === "" ? baseName(thing.path) : `${at}/${baseName(thing.path)}`;
      const isCompanion = await isCompanionFile(source, thing, (name) => tree.get(placeOf(directoryOf(thing.path), name)) !== undefined);
      if (isCompanion) found.companions.add(path);
      if (isLeftOut(path, isCompanion, patterns)) found.excluded++;
      else kept.push({ ...thing, path });
    }
    noteTwins(kept, at === "" ? custody : undefined, found.findings);
    if (at !== "") {
      if (kept.length === 0) found.things.set(at, { path: at, kind: "directory", size: 0 });
      else found.directories++;
    }
    for (const thing of kept) {
      if (thing.kind === "directory") waiting.push(thing.path);
      else found.things.set(thing.path, thing);
    }
  }
  return found;
}

const placeOf = (directory: string, path: string): string =>
  directory === "" ? path : path === "" ? directory : `${directory}/${path}`;

/** Step 10b: a pattern with the name of litter leaves out only what has its bytes, too. */
function isLeftOut(path: string, isCompanion: boolean, patterns: readonly string[]): boolean {
  if (matches(path, patterns.filter((pattern) => !LITTER.includes(pattern)))) return true;
  return isCompanion && matches(path, patterns.filter((pattern) => LITTER.includes(pattern)));
}

/** Step 10c: names that another system takes for one. */
function noteTwins(things: readonly Thing[], custody: string | undefined, findings: Finding[]): void {
  const key = (thing: Thing): string => (thing.kind === "directory" ? `${thing.path}/` : thing.path);
  const paths = [...things].sort((one, other) => compare(key(one), key(other))).map((thing) => thing.path);
  const seen = new Map<string, string>();
  for (const path of custody === undefined ? paths : [...paths, custody]) {
    const name = fold(composed(store(baseName(path))));
    const other = seen.get(name);
    if (other === undefined) seen.set(name, path);
    else findings.push(find("name-twin", "note", { path: store(other) }));
  }
}

/** Step 11e: find something that a pattern hides, without following links; a directory counts as empty. */
export function findHidden(tree: Tree, path: string, patterns: readonly string[]): Thing | undefined {
  if (!hides(store(path), patterns)) return undefined;
  for (let above = directoryOf(path); above !== ""; above = directoryOf(above)) {
    if (tree.get(above)?.kind !== "directory") return undefined;
  }
  return tree.get(path);
}

/** Tell whether a pattern hides the directory in which something lies. */
export const isBelowHidden = (path: string, patterns: readonly string[]): boolean =>
  directoryOf(path) !== "" && hides(store(directoryOf(path)), patterns);
