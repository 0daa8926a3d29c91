/** The two kinds of workers: one that verifies, and some that hash for it. Both run this same script. */

import { bytesOf, FolderSource } from "./blobs.ts";
import {
  type Bytes, type Digests, FileHasher, NOBODY, prepare, readData, readSigners, type Source, store, verify, ZipError, ZipSource,
} from "./core/index.ts";
import { baseName } from "./core/text.ts";
import { type FromWorker, type HashPart, type Input, type Question, reason, type ToWorker } from "./messages.ts";

type Hashed = Extract<ToWorker, { kind: "hashed" }>;
type HashOrder = Extract<ToWorker, { kind: "hash" }>;

const PROGRAMS = ["check.html", "check.py"];

/** Answer the messages of the page, one after the other: a hasher must never have two files at once. */
export function startWorker(post: (message: FromWorker) => void, listen: (hear: (message: ToWorker) => void) => void): void {
  let hashed: ((answer: Hashed) => void) | undefined;
  let hasher: Promise<FileHasher> | undefined;
  let queue = Promise.resolve();
  const report = (error: unknown): void => post({ kind: "error", why: reason(error) });
  listen((message) => {
    if (message.kind === "hashed") hashed?.(message);
    else if (message.kind === "verify") {
      const ask = new Promise<Hashed>((resolve) => (hashed = resolve));
      check(message.input, message.question, post, ask).catch(report);
    } else {
      hasher ??= FileHasher.make();
      const own = hasher;
      queue = queue.then(async () => hashAll(await own, message, post)).catch(report);
    }
  });
}

// -------------------------------------------------------------------------------------------------------- verifying

async function check(input: Input, question: Question, post: (message: FromWorker) => void, hashed: Promise<Hashed>): Promise<void> {
  await prepare();
  const source = await open(input);
  const { signers, skipped } = readSigners(question.lines);
  let lost = 0;
  const result = await verify(source, {
    trust: { ...NOBODY, signers, skipped, fingerprints: question.fingerprints },
    now: question.now,
    head: question.head,
    onRecord: (early) => post({ kind: "record", early }),
    hashFiles: async (things) => {
      const jobs = things.map(({ path, size }) => ({
        path, size, located: source instanceof ZipSource ? source.locate(path) : undefined,
      }));
      post({ kind: "hash", jobs });
      const answer = await hashed;
      if (answer.refusal !== "") throw new ZipError(answer.refusal);
      lost = answer.lost;
      return answer.digests;
    },
    lost: () => lost,
  });
  const isByFingerprint = question.fingerprints.length > 0;
  const { report, rows } = result;
  post({ kind: "answer", answer: { report, rows, planted: await findPrograms(source), skipped, isByFingerprint } });
}

/** Open what was chosen; a container that is refused is a source in which nothing lies. */
async function open(input: Input): Promise<Source | ZipSource> {
  if (input.kind === "folder") return new FolderSource(input.files, input.directories);
  const bytes = bytesOf(input.file);
  if (bytes.size === 0) await bytes.read(0, 0); // it fails for a file that is gone
  try {
    return await ZipSource.open(bytes);
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    return { showsAll: true, list: () => Promise.reject(error), slice: () => Promise.reject(error) };
  }
}

/** Find programs with the names of the page and the script: whoever opens one believes its sender. */
async function findPrograms(source: Source): Promise<string[]> {
  try {
    const things = await source.list();
    return things.filter((thing) => PROGRAMS.includes(baseName(thing.path).toLowerCase())).map((thing) => store(thing.path));
  } catch {
    return [];
  }
}

// ---------------------------------------------------------------------------------------------------------- hashing

const SMALL = 1024 * 1024;

/** A file that is to be hashed, with the bytes that it or its container has. */
interface Hashable extends HashPart {
  readonly bytes: Bytes;
}

async function hashAll(hasher: FileHasher, order: HashOrder, post: (message: FromWorker) => void): Promise<void> {
  const digests = new Map<string, Digests>();
  let refusal = "";
  const container = order.container === undefined ? undefined : await near(bytesOf(order.container), order.parts);
  const parts = order.parts.map((part) => ({ ...part, bytes: container ?? bytesOf(part.blob ?? new Blob()) }));
  const reads = parts.map(readSmall);
  for (const read of reads) read.catch(() => undefined); // what fails is told when its turn comes
  let small = 0;
  for (const [at, part] of parts.entries()) {
    const tell = (bytes: number): void => {
      if (part.size > SMALL) post({ kind: "progress", bytes });
      else small += bytes;
    };
    try {
      digests.set(part.path, await hasher.hash((await reads[at]) ?? piecesOfPart(part), part.located !== undefined, tell));
    } catch (error) {
      // A file that cannot be read is said to be so; a container that cannot be read to its end is refused.
      if (error instanceof ZipError) refusal ||= error.message;
      else if (part.located !== undefined) refusal ||= "it cannot be read";
    }
  }
  post({ kind: "progress", bytes: small });
  post({ kind: "digests", digests, refusal });
}

const NEAR = 32 * 1024 * 1024;

/** Files of a container that lie together are read together: each reading by itself takes longer than to hash it. */
async function near(bytes: Bytes, parts: readonly HashPart[]): Promise<Bytes> {
  const start = Math.min(...parts.map((part) => part.located?.start ?? 0));
  const end = Math.max(...parts.map((part) => part.located?.end ?? 0));
  if (end - start > NEAR) return bytes;
  const held = await bytes.read(start, end);
  const isHeld = (from: number, to: number): boolean => from >= start && to <= end;
  return { ...bytes, read: async (from, to) => (isHeld(from, to) ? held.subarray(from - start, to - start) : bytes.read(from, to)) };
}

/** Begin to read small files before their turn comes. */
async function readSmall({ bytes, size, located }: Hashable): Promise<AsyncIterable<Uint8Array> | undefined> {
  if (size > SMALL || located?.isDeflated === true) return undefined;
  return one(await bytes.read(located?.start ?? 0, located?.end ?? bytes.size));
}

async function* one(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(data);
}

const piecesOfPart = ({ bytes, located }: Hashable): AsyncIterable<Uint8Array> =>
  readData(bytes, located ?? { start: 0, end: bytes.size, size: bytes.size, isDeflated: false, crc: 0 });
