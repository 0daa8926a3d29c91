/** Detached SSHSIG signatures and the keys in them: rules S1 to S5 of FORMAT-entry.md. */

import { ed25519 } from "@noble/curves/ed25519.js";

import { base64, decode, encode, equal, FormError, join, need, raw, unbase64 } from "./bytes.ts";
import { fingerprint, sha256, sha512 } from "./hashes.ts";
import { isPrintable } from "./text.ts";

const NAMESPACE = "evtool-custody-v1";
const PLAIN = "ssh-ed25519";
const SECURITY_KEY = "sk-ssh-ed25519@openssh.com";
const BEGIN = "-----BEGIN SSH SIGNATURE-----\n";
const END = "-----END SSH SIGNATURE-----\n";
const MAX_ARMORED = 4096;

/** A signature is one, and is bad: that disproves (S5). */
export class SignatureError extends Error {}

/** A public key that passed S3. */
export interface PublicKey {
  readonly type: string;
  readonly point: Uint8Array;
  readonly application: string;
  readonly blob: Uint8Array;
  readonly fingerprint: string;
  /** As in a `.pub` file, without a comment. */
  readonly line: string;
}

interface Signature {
  readonly key: PublicKey;
  readonly namespace: string;
  readonly hash: string;
  readonly raw: Uint8Array;
  readonly flags: number;
  readonly counter: Uint8Array;
}

/** Reads the binary form of SSH (RFC 4251, section 5). */
class Wire {
  private at = 0;
  constructor(private readonly data: Uint8Array) {}

  take(size: number): Uint8Array {
    need(this.at + size <= this.data.length, "S2: cut short");
    this.at += size;
    return this.data.subarray(this.at - size, this.at);
  }

  number(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.take(4);
    return a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
  }

  string(): Uint8Array {
    return this.take(this.number());
  }

  text(): string {
    const text = decode(this.string());
    need(isPrintable(text), "S2: a text is not printable");
    return text;
  }

  finish(): void {
    need(this.at === this.data.length, "S2: something follows");
  }
}

function putNumber(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function putString(value: Uint8Array | string): Uint8Array {
  const data = typeof value === "string" ? encode(value) : value;
  return join(putNumber(data.length), data);
}

// ------------------------------------------------------------------------------------------------------------ keys

const PRIME = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
/** y of every point whose order divides 8 (S3, S5). */
const SMALL_ORDER = [
  0n,
  1n,
  PRIME - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
];

function littleEndian(data: Uint8Array): bigint {
  return data.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function isGoodPoint(point: Uint8Array): boolean {
  const y = littleEndian(point) % 2n ** 255n;
  return y < PRIME && !SMALL_ORDER.includes(y);
}

/** Rule S3: read a key in SSH wire form. */
export function readKey(blob: Uint8Array): PublicKey {
  const wire = new Wire(blob);
  const type = wire.text();
  need(type === PLAIN || type === SECURITY_KEY, "S3: not an Ed25519 key");
  const point = wire.string();
  const application = type === SECURITY_KEY ? wire.text() : "";
  wire.finish();
  need(point.length === 32 && isGoodPoint(point), "S3: the point is of small order, or in a second spelling");
  need((type === SECURITY_KEY) === (application !== ""), "S3: the application");
  return { type, point, application, blob, fingerprint: fingerprint(blob), line: `${type} ${base64(blob)}` };
}

/** Read a key as in a `.pub` file: its type and base64. */
export function readKeyWords(type: string, text: string): PublicKey {
  const key = readKey(unbase64(text));
  need(key.type === type, "the line names another type of key");
  return key;
}

// ------------------------------------------------------------------------------------------------------ signatures

/** Rules S1 to S4: read a signature file. */
function readSignature(armored: Uint8Array): Signature {
  need(armored.length <= MAX_ARMORED, "S1: too long");
  const text = raw(armored);
  need(text.startsWith(BEGIN) && text.endsWith(END), "S1: not an SSH signature");
  const blob = unbase64(text.slice(BEGIN.length, -END.length).replaceAll("\n", ""));
  need(text === armor(blob), "S1: wrapped otherwise, or something stands before or after");
  const wire = new Wire(blob);
  need(raw(wire.take(6)) === "SSHSIG" && wire.number() === 1, "S2: not SSHSIG of version 1");
  const key = readKey(wire.string());
  const namespace = wire.text();
  need(namespace !== "" && wire.string().length === 0, "S2: the namespace, or the reserved field");
  const hash = wire.text();
  need(hash === "sha256" || hash === "sha512", "S2: the hash algorithm");
  const inner = new Wire(wire.string());
  wire.finish();
  need(inner.text() === key.type, "S4: made by another type of key");
  const value = inner.string();
  need(value.length === 64, "S4: not 64 bytes");
  const flags = key.type === SECURITY_KEY ? (inner.take(1)[0] ?? 0) : 1;
  const counter = key.type === SECURITY_KEY ? inner.take(4) : new Uint8Array();
  inner.finish();
  return { key, namespace, hash, raw: value, flags, counter };
}

function armor(blob: Uint8Array): string {
  return BEGIN + base64(blob).replace(/.{1,70}/g, "$&\n") + END;
}

/**
 * Give the key that signed a message.
 *
 * Throws FormError if the file is no signature that is read (S1 to S4), and SignatureError if it is a bad one (S5).
 */
export function verifySignature(armored: Uint8Array, message: Uint8Array): PublicKey {
  const signature = readSignature(armored);
  if (signature.namespace !== NAMESPACE) throw new SignatureError("S5: made for something else");
  const hashed = signature.hash === "sha256" ? sha256(message) : sha512(message);
  let signed = join(encode("SSHSIG"), putString(signature.namespace), putString(""), putString(signature.hash), putString(hashed));
  if (signature.key.type === SECURITY_KEY) {
    if ((signature.flags & 1) === 0) throw new SignatureError("S5: nobody touched the security key");
    const application = sha256(encode(signature.key.application));
    signed = join(application, Uint8Array.of(signature.flags), signature.counter, sha256(signed));
  }
  verifyEd25519(signature.key.point, signature.raw, signed);
  return signature.key;
}

/**
 * Rule S5: RFC 8032, section 5.1.7, without the cofactor, as libsodium and OpenSSH do it: R is computed and compared.
 *
 * Neither WebCrypto nor the ready-made `verify` of noble decides this: the one accepts made-up signatures under keys of
 * small order in some browsers, and both may accept an R to which a point of small order was added.
 */
function verifyEd25519(point: Uint8Array, signature: Uint8Array, message: Uint8Array): void {
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (!isGoodPoint(r)) throw new SignatureError("S5: R");
  if (s >= ORDER) throw new SignatureError("S5: S");
  const k = littleEndian(sha512(join(r, point, message))) % ORDER;
  let found: Uint8Array;
  try {
    const key = ed25519.Point.fromBytes(point, false);
    const base = s === 0n ? ed25519.Point.ZERO : ed25519.Point.BASE.multiply(s); // by a table that is made once
    found = base.subtract(key.multiplyUnsafe(k)).toBytes();
  } catch {
    throw new SignatureError("S5: the key is not on the curve");
  }
  if (!equal(found, r)) throw new SignatureError("S5: the signature does not match these bytes and this key");
}

export { FormError, NAMESPACE };
