/** Digests. `prepare` compiles the functions once; after that they are ordinary calls. */

import { sha512 as nobleSha512 } from "@noble/hashes/sha2.js";
import { createBLAKE2b, createBLAKE3, createCRC32, createSHA256, type IHasher } from "hash-wasm";

import { base64, hex } from "./bytes.ts";

/** Both digests of a file, and its size (rule T1). */
export interface Digests {
  readonly sha256: string;
  readonly blake3: string;
  readonly size: number;
  /** CRC-32 of the bytes, where a container gives one to compare with. */
  readonly crc?: number;
}

/** Something that gives the bytes of a file piece by piece. */
export type Pieces = AsyncIterable<Uint8Array>;

let small: IHasher | undefined;
let sum: IHasher | undefined;
let renewal: IHasher | undefined;

/** Make the hash functions ready. */
export async function prepare(): Promise<void> {
  small ??= await createSHA256();
  sum ??= await createCRC32();
  renewal ??= await createBLAKE2b(512);
}

function once(hasher: IHasher | undefined, parts: readonly Uint8Array[]): Uint8Array {
  if (hasher === undefined) throw new Error("prepare() was not called");
  hasher.init();
  for (const part of parts) hasher.update(part);
  return hasher.digest("binary");
}

export function sha256(...parts: Uint8Array[]): Uint8Array {
  return once(small, parts);
}

/** Rule T1: spell the SHA-256 of some bytes. */
export function digest(data: Uint8Array): string {
  return hex(sha256(data));
}

export function sha512(data: Uint8Array): Uint8Array {
  return nobleSha512(data);
}

/** BLAKE2b of 64 bytes, as `b2sum` computes it (FORMAT-time.md, "Renewal"). */
export function blake2b(data: Uint8Array): string {
  return hex(once(renewal, [data]));
}

/** Rule T6: name a key, which is in SSH wire form. */
export function fingerprint(key: Uint8Array): string {
  return `SHA256:${base64(sha256(key)).replace(/=+$/, "")}`;
}

/** CRC-32 of a stream. */
export async function crc32(pieces: Pieces): Promise<number> {
  if (sum === undefined) throw new Error("prepare() was not called");
  sum.init();
  for await (const piece of pieces) sum.update(piece);
  return parseInt(sum.digest("hex"), 16);
}

/** Hash a stream by both functions, in memory that does not grow. */
export class FileHasher {
  private constructor(
    private readonly first: IHasher,
    private readonly second: IHasher,
    private readonly sum: IHasher,
  ) {}

  static async make(): Promise<FileHasher> {
    return new FileHasher(await createSHA256(), await createBLAKE3(), await createCRC32());
  }

  /** Hash one file; never two at once by one hasher. `withCrc` asks for the CRC-32 as well. */
  async hash(pieces: Pieces, withCrc: boolean, tell: (bytes: number) => void = () => undefined): Promise<Digests> {
    const hashers = [this.first, this.second, ...(withCrc ? [this.sum] : [])];
    for (const hasher of hashers) hasher.init();
    let size = 0;
    for await (const piece of pieces) {
      for (const hasher of hashers) hasher.update(piece);
      size += piece.length;
      tell(piece.length);
    }
    const digests = { sha256: this.first.digest("hex"), blake3: this.second.digest("hex"), size };
    return withCrc ? { ...digests, crc: parseInt(this.sum.digest("hex"), 16) } : digests;
  }
}
