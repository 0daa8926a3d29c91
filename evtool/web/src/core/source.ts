/** What a verification is about, wherever it lies: a folder, a zip, a test. */

import type { Digests } from "./hashes.ts";
import { baseName, directoryOf } from "./text.ts";

export type Kind = "file" | "directory" | "symlink" | "special" | "unlistable";

/** One thing that lies there. Paths are raw strings, relative, with `/` between the components. */
export interface Thing {
  readonly path: string;
  readonly kind: Kind;
  /** Bytes of a file, else 0. */
  readonly size: number;
  /** Where a link points, as a raw string. */
  readonly target?: string;
  /** Modification time in nanoseconds since 1970; undefined if it is not known to the nanosecond. */
  readonly mtime?: bigint;
  /** Where it is to be read, if a browser shows it under another path than it has. */
  readonly place?: string;
  /** It is gone; or a browser shows two files under this path, and nobody can tell which of them has it. */
  readonly isUnreadable?: boolean;
}

/** Something that can be listed and read; nothing in it is followed, run or changed. */
export interface Source {
  /** Give everything below it, directories too, in any order. */
  list(): Promise<readonly Thing[]>;
  /** Give the bytes of a file from `start` up to `end`, or to its end; rejects if they cannot be read. */
  slice(path: string, start: number, end: number): Promise<Uint8Array>;
  /** Tells which CRC-32 a container gives for a file; undefined if it gives none. */
  crcOf?(path: string): number | undefined;
  /** Whether links and empty directories are listed; a browser shows none of a folder. */
  readonly showsAll: boolean;
}

/** Hashes whole files, in whatever thread; gives undefined for one that cannot be read. */
export type HashFiles = (things: readonly Thing[]) => Promise<ReadonlyMap<string, Digests>>;

/** A listing by directories. */
export class Tree {
  private readonly children = new Map<string, Map<string, Thing>>([["", new Map()]]);
  private readonly things = new Map<string, Thing>();

  constructor(things: readonly Thing[]) {
    for (const thing of things) {
      this.things.set(thing.path, thing);
      if (thing.kind === "directory") this.folder(thing.path);
      this.folder(directoryOf(thing.path)).set(baseName(thing.path), thing);
    }
  }

  private folder(path: string): Map<string, Thing> {
    const known = this.children.get(path) ?? new Map<string, Thing>();
    this.children.set(path, known);
    return known;
  }

  get(path: string): Thing | undefined {
    return this.things.get(path);
  }

  /** Give what a directory holds, name by name. */
  list(directory: string): ReadonlyMap<string, Thing> {
    return this.children.get(directory) ?? new Map<string, Thing>();
  }
}
