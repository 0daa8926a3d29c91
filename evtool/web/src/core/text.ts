/** Values, text and names: the page FORMAT-text.md. Its rules are named T1 to T13. */

import { decode, FormError, need, rawOf, unraw } from "./bytes.ts";

/** The greatest number that every reader of JSON can hold (T2). */
export const GREATEST = Number.MAX_SAFE_INTEGER;

/** First and last number of each range, both included. */
export type Ranges = readonly (readonly [number, number])[];

const UNPRINTABLE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Rule T9: tell whether text is printable; the list is closed. */
export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

/** Count characters as people number code points. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

export const isDigest = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);
export const isSalt = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);
export const isCode = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text);
export const isFingerprint = (text: string): boolean => /^SHA256:[A-Za-z0-9+/]{43}$/.test(text);

// ------------------------------------------------------------------------------------------------ names: T10 to T13

/** Rule T10: give the stored form of a name, which is a raw string. */
export function store(name: string): string {
  if (/^[ -$&-~]*$/.test(name)) return name;
  const data = unraw(name);
  if (isUtf8(name)) {
    const plain = decode(data);
    if (!/[\u0000-\u001f%\u007f-\u009f]/.test(plain)) return plain;
  }
  let text = "";
  for (let at = 0; at < data.length; ) {
    const length = lengthOfCharacter(data, at);
    if (length === 0) {
      text += escape(data[at] ?? 0);
      at += 1;
      continue;
    }
    const character = decode(data.subarray(at, at + length));
    text += /[\u0000-\u001f%\u007f-\u009f]/.test(character)
      ? Array.from(data.subarray(at, at + length), escape).join("")
      : character;
    at += length;
  }
  return text;
}

/** Tell whether a name is UTF-8 on disk. */
export function isUtf8(name: string): boolean {
  try {
    decode(unraw(name));
    return true;
  } catch {
    return false;
  }
}

const escape = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;

/** Give how many bytes the character has that begins here; 0 if none does. */
function lengthOfCharacter(data: Uint8Array, at: number): number {
  const first = data[at] ?? 0;
  const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
  if (length === 0 || at + length > data.length) return 0;
  try {
    decode(data.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

/** Rule T10: give the name, as a raw string, that has this stored form and no other. */
export function unstore(stored: string): string {
  need(!/[\ud800-\udfff]/u.test(stored), "a name holds a surrogate");
  if (/^[ -$&-~]*$/.test(stored)) return stored;
  const name = rawOf(stored).replace(/%([0-9A-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 16)),
  );
  need(store(name) === stored, "a name is not in its one spelling");
  return name;
}

/** Rules T10 to T12: give the path, as a raw string, that an item can have. */
export function parsePath(stored: string): string {
  const path = unstore(stored);
  need(!/\0|(^|\/)(\.\.?)?(\/|$)/.test(path), "a path is not plain and relative");
  return path;
}

/** Rule T13: read the target of a link, which may lead anywhere. */
export function parseTarget(stored: string): string {
  need(unstore(stored) !== "", "the target of a link is empty");
  return stored;
}

/** Give the paths of all directories above a path, and the path itself. */
export function pathsTo(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"));
}

export const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
export const directoryOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf("/"), 0));

/** Order raw strings and ASCII by their bytes. */
export const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Order texts by code point, as other languages do. */
export function compareText(one: string, other: string): number {
  return compare(rawOf(one), rawOf(other));
}

// -------------------------------------------------------------------------------------------------------- Unicode

export const composed = (text: string): string => text.normalize("NFC");

/** Full case folding. Only the dotless i is another letter to the tables of Unicode than to upper case. */
export function fold(text: string): string {
  let folded = "";
  for (const character of text) {
    folded += character === "\u0131" ? character : character.toLowerCase().toUpperCase().toLowerCase();
  }
  return folded;
}

/** The form under which two paths are one to a system that ignores case or Unicode forms. */
export const foldPath = (path: string): string => composed(fold(composed(path)));

/** Tell whether a name holds a code point that this version of Unicode does not assign (step 11p). */
export const isUnknown = (stored: string): boolean => /\p{Cn}/u.test(stored);

/** Escape text from outside: printable, on one line, and no two texts alike. */
export function shown(text: string): string {
  if (text === "") return "\\(empty)";
  const safe = Array.from(text, (character, at) => {
    const atEdge = character === " " && (at === 0 || at === text.length - 1);
    if (character === "\\") return "\\\\";
    return INVISIBLE.test(character) || atEdge ? `\\u{${character.codePointAt(0)?.toString(16).toUpperCase()}}` : character;
  }).join("");
  return text === composed(text) ? safe : `${safe} \\(not NFC)`;
}

const INVISIBLE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\u{16fe4}\u{1d159}\u{e0100}-\u{e01ef}]|(?! )\p{Zs}/u;

// ------------------------------------------------------------------------------------------------- dates and ranges

/** Tell whether there is such a day, given as YYYY-MM-DD; years run from 1 to 9999. */
export function isDay(text: string): boolean {
  const match = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= (days[month - 1] ?? 0);
}

/** Rule T3: check the spelling of a modification time. */
export function checkMtime(text: string): void {
  const isSpelled = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{9}Z$/.test(text);
  need(isSpelled && isDay(text.slice(0, 10)), "not a modification time");
}

/** Section "Events": ranges of items, ascending and not touching. */
export function parseRanges(texts: readonly string[]): Ranges {
  const ranges: [number, number][] = [];
  need(texts.length > 0, "ranges are empty");
  for (const text of texts) {
    const match = /^([1-9][0-9]{0,15})(?:-([1-9][0-9]{0,15}))?$/.exec(text);
    if (match === null) throw new FormError("not a range");
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    need(last <= GREATEST && (match[2] === undefined || first < last), "not a range");
    need((ranges.at(-1)?.[1] ?? -1) + 1 < first, "ranges are out of order");
    ranges.push([first, last]);
  }
  return ranges;
}

export const holds = (ranges: Ranges, number: number): boolean =>
  ranges.some(([first, last]) => first <= number && number <= last);

export const countIn = (ranges: Ranges): number => ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);

/** Give text in groups of four, as a head is printed for people. */
export const inFours = (text: string): string => text.replace(/(.{4})(?=.)/g, "$1 ");


