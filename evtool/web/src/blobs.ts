/** What a browser gives: blobs as bytes, and a folder as a source. */

import { type Bytes, type Source, type Thing } from "./core/index.ts";
import { rawOf } from "./core/bytes.ts";
import { pathsTo } from "./core/text.ts";

/** Give a blob as bytes that can be read at any place. */
export function bytesOf(blob: Blob): Bytes {
  return { size: blob.size, read: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()) };
}

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

  list(): Promise<readonly Thing[]> {
    const files = [...this.files].map(([path, file]): Thing => ({
      path, kind: "file", size: file.size, isDoubled: this.doubled.has(path),
    }));
    return Promise.resolve([...files, ...[...this.directories].map((path): Thing => ({ path, kind: "directory", size: 0 }))]);
  }

  async slice(path: string, start: number, end: number): Promise<Uint8Array> {
    const file = this.files.get(path);
    if (file === undefined || this.doubled.has(path)) throw new Error("no such file, or two");
    return bytesOf(file).read(start, end);
  }
}
