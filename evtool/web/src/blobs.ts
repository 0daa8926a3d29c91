/** What a browser gives: blobs as bytes, and a folder as a source. */

import { type Bytes, type Source, type Thing } from "./core/index.ts";
import { rawOf } from "./core/bytes.ts";
import { pathsTo } from "./core/text.ts";

/**
 * Give a blob as bytes that can be read at any place.
 *
 * A file that is gone has no bytes in Chromium, and its pieces are empty. Only to read all of it fails.
 */
export function bytesOf(blob: Blob): Bytes {
  const piece = (start: number, end: number): Blob => (blob.size === 0 ? blob : blob.slice(start, end));
  return { size: blob.size, read: async (start, end) => new Uint8Array(await piece(start, end).arrayBuffer()) };
}

const isGone = async (file: File): Promise<boolean> =>
  file.size === 0 && bytesOf(file).read(0, 0).then(() => false, () => true);

/** A folder as a browser shows it: files, and directories as far as something lies in them or they were dropped. */
export class FolderSource implements Source {
  readonly showsAll = false;
  private readonly files = new Map<string, File>();
  /** Paths of several files: a browser shows `a\b` as `a/b`, also where that is there as well. */
  private readonly doubled = new Set<string>();
  private readonly directories = new Set<string>();

  constructor(files: readonly { path: string; file: File }[], directories: readonly string[]) {
    for (const { path, file } of files) {
      if (this.files.has(rawOf(path))) this.doubled.add(rawOf(path));
      this.files.set(rawOf(path), file);
      for (const above of pathsTo(rawOf(path)).slice(0, -1)) this.directories.add(above);
    }
    for (const path of directories) for (const above of pathsTo(rawOf(path))) this.directories.add(above);
  }

  async list(): Promise<readonly Thing[]> {
    const files = [...this.files].map(async ([path, file]): Promise<Thing> => ({
      path, kind: "file", size: file.size, isUnreadable: this.doubled.has(path) || (await isGone(file)),
    }));
    return [...(await Promise.all(files)), ...[...this.directories].map((path): Thing => ({ path, kind: "directory", size: 0 }))];
  }

  async slice(path: string, start: number, end: number): Promise<Uint8Array> {
    const file = this.files.get(path);
    if (file === undefined || this.doubled.has(path)) throw new Error("no such file, or two");
    return bytesOf(file).read(start, end);
  }
}
