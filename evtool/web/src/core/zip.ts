/** A zip container in the one form that every program reads alike: rules B16 to B23 of FORMAT-bundle.md. */

import { decode, equal, FormError, rawOf } from "./bytes.ts";
import { isUnsafe, PathSet } from "./payload.ts";
import type { Source, Thing } from "./source.ts";
import { pathsTo } from "./text.ts";

/** Bytes that can be read at any place. */
export interface Bytes {
  readonly size: number;
  read(start: number, end: number): Promise<Uint8Array>;
}

/** Why a container is refused, by the names that evtool gives the reasons. */
export class ZipError extends Error {
  constructor(
    readonly refusal: string,
    readonly detail = "",
  ) {
    super(detail === "" ? refusal : `${refusal}: ${detail}`);
  }
}

function refuseIf(condition: boolean, refusal: string, detail = ""): void {
  if (condition) throw new ZipError(refusal, detail);
}

/** One file of a container, as both of its headers say. */
export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly version: number;
  readonly stamp: number;
  readonly crc: number;
  readonly compressed: number;
  readonly size: number;
  readonly offset: number;
  readonly rawName: Uint8Array;
}

/** Where the data of a file lies. */
export interface Located {
  readonly start: number;
  readonly end: number;
  readonly size: number;
  readonly isDeflated: boolean;
  readonly crc: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const END = 0x06054b50;
const FULL_16 = 0xffff;
const FULL_32 = 0xffffffff;
const DEFLATED = 8;
const UTF8_NAME = 0x0800;
const MAX_ENTRIES = 200_000;
const MAX_NAME = 1024;
const MAX_RATIO = 100;
const SPARE = 4096;
const WINDOW = 1024 * 1024;

/** Reads forwards, a large piece at a time. */
class Cursor {
  at = 0;
  private window: Uint8Array = new Uint8Array();
  private from = 0;
  constructor(private readonly bytes: Bytes) {}

  async take(length: number): Promise<DataView> {
    const end = this.at + length;
    refuseIf(end > this.bytes.size, "cut-short");
    if (this.at < this.from || end > this.from + this.window.length) {
      this.from = this.at;
      this.window = await this.bytes.read(this.at, Math.min(this.bytes.size, this.at + Math.max(length, WINDOW)));
    }
    const start = this.window.byteOffset + this.at - this.from;
    this.at = end;
    return new DataView(this.window.buffer, start, length);
  }

  skip(length: number): void {
    refuseIf(this.at + length > this.bytes.size, "cut-short");
    this.at += length;
  }
}

/** A number of 64 bits; beyond 2^53 nothing can be read. */
function wide(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  refuseIf(value > BigInt(Number.MAX_SAFE_INTEGER), "cut-short");
  return Number(value);
}

const bytesOf = (view: DataView, start: number, end: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset + start, end - start).slice();

/** Read all headers of a container (B16 to B22); the data of files is not looked at yet. */
export async function readZip(bytes: Bytes, tell: (entry: ZipEntry, start: number) => void): Promise<void> {
  const cursor = new Cursor(bytes);
  let signature = bytes.size < 4 ? 0 : (await cursor.take(4)).getUint32(0, true);
  refuseIf(signature !== LOCAL, "not-zip");
  const entries: ZipEntry[] = [];
  const names = new PathSet();
  while (signature === LOCAL) {
    const offset = cursor.at - 4;
    refuseIf(entries.length >= MAX_ENTRIES, "too-many");
    const entry = await readLocal(cursor, offset);
    checkName(entry, names);
    entries.push(entry);
    tell(entry, cursor.at);
    cursor.skip(entry.compressed);
    signature = (await cursor.take(4)).getUint32(0, true);
  }
  refuseIf(![CENTRAL, END64, END].includes(signature), "gap");
  await readDirectory(cursor, signature, entries);
  refuseIf(cursor.at !== bytes.size, "trailing");
}

async function readLocal(cursor: Cursor, offset: number): Promise<ZipEntry> {
  const fixed = await cursor.take(26);
  const u16 = (at: number): number => fixed.getUint16(at, true);
  const u32 = (at: number): number => fixed.getUint32(at, true);
  const [version, flags, method, crc] = [u16(0), u16(2), u16(4), u32(10)];
  let [compressed, size] = [u32(14), u32(18)];
  const stamp = u32(6);
  const [nameLength, extraLength] = [u16(22), u16(24)];
  const rest = await cursor.take(nameLength + extraLength);
  const extra = bytesOf(rest, nameLength, nameLength + extraLength);
  checkFlags(flags, method);
  if (compressed === FULL_32 || size === FULL_32) {
    const values = readZip64(extra, 2);
    const isNeeded = compressed === FULL_32 && size === FULL_32 && Math.max(...values) >= FULL_32;
    refuseIf(!isNeeded, "zip64-field");
    [size = 0, compressed = 0] = values;
  } else refuseIf(extraLength > 0, "extra-field");
  refuseIf(method !== DEFLATED && size !== compressed, "stored-size");
  refuseIf(size > compressed * MAX_RATIO + SPARE, "ratio");
  return { name: "", flags, method, version, stamp, crc, compressed, size, offset, rawName: bytesOf(rest, 0, nameLength) };
}

/** Rule B19. */
function checkFlags(flags: number, method: number): void {
  refuseIf((flags & 0x2041) !== 0, "encrypted");
  refuseIf((flags & 0x0008) !== 0, "descriptor");
  refuseIf((flags & ~(UTF8_NAME | (method === DEFLATED ? 0x0006 : 0))) !== 0, "flags");
  refuseIf(method !== 0 && method !== DEFLATED, "method");
}

/** Rule B20. */
function readZip64(extra: Uint8Array, count: number): number[] {
  const view = new DataView(extra.buffer, extra.byteOffset, extra.length);
  const isField = extra.length === 4 + 8 * count && view.getUint16(0, true) === 1 && view.getUint16(2, true) === 8 * count;
  refuseIf(!isField, "zip64-field");
  return Array.from({ length: count }, (_, at) => wide(view, 4 + 8 * at));
}

/** Rule B21. */
function checkName(entry: ZipEntry, names: PathSet): void {
  refuseIf(entry.rawName.length === 0 || entry.rawName.length > MAX_NAME, "name-empty");
  const name = textOf(entry.rawName);
  refuseIf(name === undefined || (/[^\x00-\x7f]/.test(name) && (entry.flags & UTF8_NAME) === 0), "name-encoding");
  if (name === undefined) return;
  refuseIf(name.endsWith("/") && !isUnsafe(name.slice(0, -1)), "directory-entry");
  refuseIf(isUnsafe(name), "name-unsafe");
  try {
    names.add(name);
  } catch {
    throw new ZipError("name-twin");
  }
  Object.assign(entry, { name });
}

function textOf(data: Uint8Array): string | undefined {
  try {
    return decode(data);
  } catch {
    return undefined;
  }
}

/** Rule B17: the directory lists each file once, in the order of the files, and agrees with its other header. */
async function readDirectory(cursor: Cursor, first: number, entries: readonly ZipEntry[]): Promise<void> {
  const start = cursor.at - 4;
  let [signature, count] = [first, 0];
  while (signature === CENTRAL) {
    const central = await readCentral(cursor);
    const local = entries[count];
    if (local === undefined) throw new ZipError("count");
    const fields = ["flags", "method", "version", "stamp", "crc", "compressed", "size", "offset"] as const;
    const isSame = fields.every((field) => local[field] === central[field]) && equal(local.rawName, central.rawName);
    refuseIf(!isSame, "headers-differ");
    count++;
    signature = (await cursor.take(4)).getUint32(0, true);
  }
  const end = cursor.at - 4;
  const totals = await readEnd(cursor, signature, end);
  refuseIf(totals.entries !== count || count !== entries.length, "count");
  refuseIf(totals.offset !== start || totals.size !== end - start, "directory-size");
}

async function readCentral(cursor: Cursor): Promise<ZipEntry> {
  const fixed = await cursor.take(42);
  const u16 = (at: number): number => fixed.getUint16(at, true);
  const u32 = (at: number): number => fixed.getUint32(at, true);
  const [version, flags, method, stamp, crc] = [u16(2), u16(4), u16(6), u32(8), u32(12)];
  const [nameLength, extraLength, commentLength] = [u16(24), u16(26), u16(28)];
  const rest = await cursor.take(nameLength + extraLength + commentLength);
  refuseIf(commentLength > 0, "comment");
  refuseIf(u16(30) !== 0, "several-disks");
  checkFlags(flags, method);
  checkAttributes(u32(34));
  let [compressed, size, offset] = [u32(16), u32(20), u32(38)];
  const full = [size, compressed, offset].map((value) => value === FULL_32);
  if (full.includes(true)) {
    const values = readZip64(bytesOf(rest, nameLength, nameLength + extraLength), full.filter(Boolean).length);
    if (full[0] === true) size = values.shift() ?? 0;
    if (full[1] === true) compressed = values.shift() ?? 0;
    if (full[2] === true) offset = values.shift() ?? 0;
    refuseIf(full[0] !== full[1] || (full[2] === true && offset < FULL_32), "zip64-field");
  } else refuseIf(extraLength > 0, "extra-field");
  return { name: "", flags, method, version, stamp, crc, compressed, size, offset, rawName: bytesOf(rest, 0, nameLength) };
}

/** Rule B22: a program that believes the attributes would make a link or a device of it. */
function checkAttributes(attributes: number): void {
  const mode = attributes >>> 16;
  const type = mode & 0o170000;
  refuseIf((attributes & 0x10) !== 0 || type === 0o040000, "directory-entry");
  refuseIf((type !== 0 && type !== 0o100000) || (mode & 0o7000) !== 0, "special-file");
}

interface Totals {
  readonly entries: number;
  readonly size: number;
  readonly offset: number;
}

async function readEnd(cursor: Cursor, first: number, offset: number): Promise<Totals> {
  let totals64: Totals | undefined;
  let signature = first;
  if (signature === END64) {
    totals64 = readEnd64(await cursor.take(72), offset);
    signature = (await cursor.take(4)).getUint32(0, true);
  }
  refuseIf(signature !== END, "gap");
  const view = await cursor.take(18);
  const u16 = (at: number): number => view.getUint16(at, true);
  const [disk, diskStart, here, entries, comment] = [u16(0), u16(2), u16(4), u16(6), u16(16)];
  refuseIf(disk !== 0 || diskStart !== 0 || here !== entries, "several-disks");
  refuseIf(comment !== 0, "comment");
  const totals = { entries, size: view.getUint32(8, true), offset: view.getUint32(12, true) };
  if (totals64 === undefined) {
    refuseIf(needsZip64(totals), "zip64-end");
    return totals;
  }
  const isSame =
    Math.min(totals64.entries, FULL_16) === totals.entries &&
    Math.min(totals64.size, FULL_32) === totals.size &&
    Math.min(totals64.offset, FULL_32) === totals.offset;
  refuseIf(!isSame, "zip64-end");
  return totals64;
}

const needsZip64 = (totals: Totals): boolean =>
  totals.entries >= FULL_16 || totals.size >= FULL_32 || totals.offset >= FULL_32;

/** Read the ZIP64 end record, but for its signature, and its locator. */
function readEnd64(view: DataView, offset: number): Totals {
  const u32 = (at: number): number => view.getUint32(at, true);
  const isRight = wide(view, 0) === 44 && u32(52) === LOCATOR64 && wide(view, 60) === offset;
  refuseIf(!isRight, "zip64-end");
  const [here, entries] = [wide(view, 20), wide(view, 28)];
  refuseIf(u32(12) !== 0 || u32(16) !== 0 || u32(56) !== 0 || u32(68) !== 1 || here !== entries, "several-disks");
  const totals = { entries, size: wide(view, 36), offset: wide(view, 44) };
  refuseIf(!needsZip64(totals), "zip64-end");
  return totals;
}

// ------------------------------------------------------------------------------------------------------------- data

const CHUNK = 4 * 1024 * 1024;

/** Give the bytes of a file of a container, unpacked; a deflated one never beyond the size in its header (B18). */
export async function* readData(bytes: Bytes, located: Located): AsyncGenerator<Uint8Array> {
  if (!located.isDeflated) {
    for (let at = located.start; at < located.end; at += CHUNK) yield await bytes.read(at, Math.min(at + CHUNK, located.end));
    return;
  }
  let size = 0;
  for await (const piece of inflate(bytes, located.start, located.end)) {
    size += piece.length;
    refuseIf(size > located.size, "size");
    yield piece;
  }
  refuseIf(size !== located.size, "size");
  // Some runtimes take bytes behind the end of the stream. Without its last byte, a stream must not be whole.
  if (await endsEarly(bytes, located)) throw new ZipError("size");
}

async function endsEarly(bytes: Bytes, located: Located): Promise<boolean> {
  if (await findsTrailing()) return false;
  try {
    let size = 0;
    for await (const piece of inflate(bytes, located.start, located.end - 1)) {
      size += piece.length;
      if (size > located.size) return true;
    }
    return true;
  } catch {
    return false;
  }
}

async function* inflate(bytes: Bytes, start: number, end: number): AsyncGenerator<Uint8Array> {
  const stream = new DecompressionStream("deflate-raw");
  const writer = stream.writable.getWriter();
  const feeding = (async () => {
    for (let at = start; at < end; at += 65536) await writer.write((await bytes.read(at, Math.min(at + 65536, end))) as BufferSource);
    await writer.close();
  })();
  feeding.catch(() => undefined); // the reader below sees the same fault
  const reader = stream.readable.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    await feeding;
  } catch (error) {
    throw error instanceof ZipError ? error : new ZipError("size");
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

let canFindTrailing: boolean | undefined;

/** Find out once whether this runtime refuses bytes behind the end of a deflated stream. */
async function findsTrailing(): Promise<boolean> {
  if (canFindTrailing === undefined) {
    const stream = Uint8Array.of(3, 0, 0x41); // an empty stream, and a byte too many
    const bytes = { size: stream.length, read: (start: number, end: number) => Promise.resolve(stream.slice(start, end)) };
    try {
      for await (const _ of inflate(bytes, 0, 3)) break;
      canFindTrailing = false;
    } catch {
      canFindTrailing = true;
    }
  }
  return canFindTrailing;
}

/** A container as a source: its files, and the directories that lead to them. */
export class ZipSource implements Source {
  readonly showsAll = true;
  private readonly located = new Map<string, Located>();
  private constructor(readonly bytes: Bytes) {}

  /** Read the headers; throws ZipError if the container is not in the one form that is read. */
  static async open(bytes: Bytes): Promise<ZipSource> {
    const source = new ZipSource(bytes);
    await readZip(bytes, (entry, start) => {
      const { size, compressed, crc, method } = entry;
      source.located.set(rawOf(entry.name), { start, end: start + compressed, size, isDeflated: method === DEFLATED, crc });
    });
    return source;
  }

  list(): Promise<readonly Thing[]> {
    const directories = new Set<string>();
    const files: Thing[] = [];
    for (const [path, { size }] of this.located) {
      for (const above of pathsTo(path).slice(0, -1)) directories.add(above);
      files.push({ path, kind: "file", size });
    }
    return Promise.resolve([...files, ...[...directories].map((path): Thing => ({ path, kind: "directory", size: 0 }))]);
  }

  locate(path: string): Located {
    const located = this.located.get(path);
    if (located === undefined) throw new FormError("no such file");
    return located;
  }

  crcOf(path: string): number {
    return this.locate(path).crc;
  }

  pieces(path: string): AsyncGenerator<Uint8Array> {
    return readData(this.bytes, this.locate(path));
  }

  async slice(path: string, start: number, end: number): Promise<Uint8Array> {
    const located = this.locate(path);
    if (!located.isDeflated) return this.bytes.read(located.start + start, Math.min(located.start + end, located.end));
    const parts: Uint8Array[] = [];
    for await (const piece of this.pieces(path)) parts.push(piece);
    const whole = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
    return whole.subarray(start, end);
  }
}

