/** What the user chose or dropped, as the workers want it. */

import type { Input } from "../messages.ts";

/** A container that was chosen; undefined if it is encrypted, and first has to be decrypted with age. */
export function ofFile(file: File): Input | undefined {
  return /\.age$/i.test(file.name) ? undefined : { kind: "zip", name: file.name, file };
}

/** A folder that was chosen with a dialog: every path begins with its name. */
export function ofFolder(list: FileList): Input | undefined {
  const all = Array.from(list);
  const name = all[0]?.webkitRelativePath.split("/")[0];
  if (name === undefined) return undefined;
  const files = all.map((file) => ({ path: file.webkitRelativePath.slice(name.length + 1), file }));
  return { kind: "folder", name, files, directories: [] };
}

/** What was dropped: one file, or one folder with all that lies in it. */
export async function ofDrop(transfer: DataTransfer): Promise<Input | undefined> {
  const entry = transfer.items[0]?.webkitGetAsEntry() ?? null;
  const file = transfer.files[0];
  if (entry === null || !entry.isDirectory) return file === undefined ? undefined : ofFile(file);
  const files: { path: string; file: File }[] = [];
  const directories: string[] = [];
  const waiting: [string, FileSystemDirectoryEntry][] = [["", entry as FileSystemDirectoryEntry]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [prefix, directory] = next;
    for (const inside of await listDropped(directory)) {
      const path = prefix === "" ? inside.name : `${prefix}/${inside.name}`;
      if (inside.isDirectory) {
        directories.push(path);
        waiting.push([path, inside as FileSystemDirectoryEntry]);
      } else files.push({ path, file: await fileOf(inside as FileSystemFileEntry) });
    }
  }
  return { kind: "folder", name: entry.name, files, directories };
}

/** A browser gives the entries of a directory in pieces, until one is empty. */
async function listDropped(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const piece = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (piece.length === 0) return all;
    all.push(...piece);
  }
}

const fileOf = (entry: FileSystemFileEntry): Promise<File> => new Promise((resolve, reject) => entry.file(resolve, reject));
