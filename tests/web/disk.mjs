/** Evidence on disk as a source for the core of the page: what `lstat` shows, names as bytes. */

import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";

const CHUNK = 4 * 1024 * 1024;

/** Give a folder as a source; `core` is what the script of the page offers. */
export function diskSource(core, root) {
  const place = (path) => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(core.unraw(path))]);

  function look(path) {
    const facts = lstatSync(place(path), { bigint: true });
    const kind = facts.isFile() ? "file" : facts.isDirectory() ? "directory" : facts.isSymbolicLink() ? "symlink" : "special";
    const thing = { path, kind, size: kind === "file" ? Number(facts.size) : 0, mtime: facts.mtimeNs };
    if (kind === "symlink") thing.target = core.raw(readlinkSync(place(path), "buffer"));
    return thing;
  }

  async function list() {
    const things = [];
    const waiting = [""];
    while (waiting.length > 0) {
      const directory = waiting.pop();
      let names = [];
      try {
        names = readdirSync(place(directory), "buffer");
      } catch {
        things.find((thing) => thing.path === directory).kind = "unlistable";
      }
      for (const name of names) {
        const path = directory === "" ? core.raw(name) : `${directory}/${core.raw(name)}`;
        const thing = look(path);
        if (thing.kind === "directory") waiting.push(path);
        things.push(thing);
      }
    }
    return things;
  }

  async function* pieces(path, size) {
    for (let at = 0; at < size; at += CHUNK) yield readAt(place(path), at, Math.min(size, at + CHUNK));
  }

  return { list, pieces, slice: async (path, start, end) => readAt(place(path), start, end), showsAll: true };
}

function readAt(path, start, end) {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const data = new Uint8Array(end - start);
    let at = 0;
    while (at < data.length) {
      const count = readSync(file, data, at, data.length - at, start + at);
      if (count === 0) return data.subarray(0, at);
      at += count;
    }
    return data;
  } finally {
    closeSync(file);
  }
}

/** Give a file on disk as bytes that can be read at any place. */
export function diskBytes(path) {
  return { size: lstatSync(path).size, read: async (start, end) => readAt(path, start, end) };
}

/** Hash files of a folder or a container, one after the other. */
export function hashFilesOf(core, source, hasher) {
  const isZip = source instanceof core.ZipSource;
  return async (things) => {
    const digests = new Map();
    for (const thing of things) {
      try {
        digests.set(thing.path, await hasher.hash(source.pieces(thing.path, thing.size), isZip));
      } catch (error) {
        if (isZip) throw error;
      }
    }
    return digests;
  };
}
