/**
 * Bytes, and text made of them.
 *
 * A *raw* string holds one byte in each character (U+0000 to U+00FF). Names of files are kept so: they compare, sort and
 * serve as keys by their bytes, whether or not they are UTF-8.
 */

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What is being read is not in its form; the message is for whoever mends the file. */
export class FormError extends Error {}

/** Refuse what is being read unless this holds. */
export function need(condition: unknown, what: string): asserts condition {
  if (!condition) throw new FormError(what);
}

export function encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Read UTF-8 without mercy (T9, M2); a byte order mark stays a character. */
export function decode(data: Uint8Array): string {
  try {
    return strict.decode(data);
  } catch {
    throw new FormError("not UTF-8");
  }
}

/** Give bytes as a raw string. */
export function raw(data: Uint8Array): string {
  let text = "";
  for (let at = 0; at < data.length; at += 8192) {
    text += String.fromCharCode(...data.subarray(at, at + 8192));
  }
  return text;
}

/** Give the bytes of a raw string. */
export function unraw(text: string): Uint8Array {
  const data = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) data[at] = text.charCodeAt(at);
  return data;
}

/** Give text as the raw string of its UTF-8. */
export function rawOf(text: string): string {
  return /^[\x00-\x7f]*$/.test(text) ? text : raw(encode(text));
}

export function join(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

export function startsWith(data: Uint8Array, start: Uint8Array): boolean {
  return data.length >= start.length && equal(data.subarray(0, start.length), start);
}

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function hex(data: Uint8Array): string {
  let text = "";
  for (const byte of data) text += DIGITS[byte];
  return text;
}

export function unhex(text: string): Uint8Array {
  need(/^([0-9a-f]{2})*$/.test(text), "not hexadecimal");
  const data = new Uint8Array(text.length / 2);
  for (let at = 0; at < data.length; at++) data[at] = parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return data;
}

export function base64(data: Uint8Array): string {
  return btoa(raw(data));
}

/** Read base64 (RFC 4648, section 4) in its one spelling: padded, no blanks, unused bits zero. */
export function unbase64(text: string): Uint8Array {
  need(/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0, "not base64");
  const data = unraw(atob(text));
  need(base64(data) === text, "base64 in another spelling");
  return data;
}

/** Undo what programs do to line ends (step 3h). */
export function withLf(data: Uint8Array): Uint8Array {
  if (!data.some((byte, at) => byte === 13 && data[at + 1] === 10)) return data;
  return data.filter((byte, at) => byte !== 13 || data[at + 1] !== 10);
}

/** Cut bytes at line feeds; the last part is what stands behind the last line feed. */
export function splitLines(data: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, start)) {
    lines.push(data.subarray(start, end));
    start = end + 1;
  }
  lines.push(data.subarray(start));
  return lines;
}
