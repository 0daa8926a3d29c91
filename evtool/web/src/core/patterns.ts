/** Patterns that leave things out of a seal, and companions (FORMAT-text.md, "Patterns"; FORMAT-entry.md, "Companions"). */

import { raw } from "./bytes.ts";
import { store } from "./text.ts";

/** Patterns of these names leave out only what has the bytes of a companion as well. */
export const LITTER = [".DS_Store", "Thumbs.db", "ehthumbs.db", "desktop.ini"];

/** What systems keep at the top of a medium. */
export const SYSTEM_DIRECTORIES = [
  ".Spotlight-V100", ".Trashes", ".fseventsd", "$RECYCLE.BIN", "System Volume Information", "lost+found",
];

/** Tell whether `*` and `?` of a pattern fit all of a name; in time proportional to both lengths at worst. */
export function matchGlob(name: string, pattern: string): boolean {
  const text = [...name];
  const wanted = [...pattern];
  let [at, place, star, resume] = [0, 0, -1, 0];
  while (at < text.length) {
    if (wanted[place] === "*") {
      [star, resume] = [place, at];
      place += 1;
    } else if (place < wanted.length && (wanted[place] === "?" || wanted[place] === text[at])) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      resume += 1;
      [at, place] = [resume, star + 1];
    } else {
      return false;
    }
  }
  return wanted.slice(place).every((character) => character === "*");
}

/** Tell whether one of the patterns matches this path itself. */
export function matches(path: string, patterns: readonly string[]): boolean {
  const parts = store(path).split("/");
  return patterns.some((pattern) => {
    const forms = pattern.split("/");
    const names = forms.length === 1 ? parts.slice(-1) : parts;
    return names.length === forms.length && names.every((name, at) => matchGlob(name, forms[at] ?? ""));
  });
}

/** Tell whether a pattern matches a path, or that of a directory above it, whatever its bytes are. */
export function hides(path: string, patterns: readonly string[]): boolean {
  const parts = path.split("/");
  return parts.some((_, at) => matches(parts.slice(0, at + 1).join("/"), patterns));
}

interface CompanionRule {
  readonly name: RegExp;
  readonly limit: number;
  readonly mayBeEmpty: boolean;
  readonly check: (start: string) => boolean;
}

const begins = (magic: string) => (start: string) => start.startsWith(magic);
const APPLE_DOUBLE = begins("\x00\x05\x16\x07\x00\x02\x00\x00");

function isZone(start: string): boolean {
  return /^(\xef\xbb\xbf)?[\r\n]*\[ZoneTransfer\]/.test(start);
}

function isFolderSettings(start: string): boolean {
  const text = start.startsWith("\xff\xfe") ? start.slice(2).replaceAll("\0", "") : start.replace(/^\xef\xbb\xbf/, "");
  return /^[ \t\n\r\f\v]*\[(\.ShellClassInfo|ViewState|LocalizedFileNames|DeleteOnCopy|\{[0-9A-Fa-f-]{36}\})\]/.test(text);
}

const KIB = 1024;
const RULES: readonly CompanionRule[] = [
  { name: /^\._(.+)$/s, limit: 256 * KIB, mayBeEmpty: false, check: APPLE_DOUBLE },
  { name: /^(.+)(?::|\xef\x80\xba)Zone\.Identifier$/s, limit: 64 * KIB, mayBeEmpty: false, check: isZone },
  { name: /^(.+)@Syno(?:EAStream|Resource)$/s, limit: 256 * KIB, mayBeEmpty: false, check: APPLE_DOUBLE },
  { name: /^\.DS_Store$/, limit: 1024 * KIB, mayBeEmpty: true, check: begins("\x00\x00\x00\x01Bud1") },
  { name: /^(?:eh)?[Tt]humbs\.db$/, limit: 1024 * KIB, mayBeEmpty: true, check: begins("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") },
  { name: /^[Dd]esktop\.ini$/, limit: 64 * KIB, mayBeEmpty: true, check: isFolderSettings },
];

/** Tell whether a name, without directories, promises a companion. */
export const mayBeCompanion = (name: string): boolean => RULES.some((rule) => rule.name.test(name));

/**
 * Tell whether a file is a companion.
 *
 * `start` are its first 4,096 bytes, and `isBeside` tells whether a name lies in the same directory.
 */
export function isCompanion(name: string, start: Uint8Array, size: number, isBeside: (name: string) => boolean): boolean {
  const rule = RULES.find((each) => each.name.test(name));
  const beside = rule?.name.exec(name)?.[1];
  if (rule === undefined || (beside !== undefined && !isBeside(beside))) return false;
  return size === 0 ? rule.mayBeEmpty : size <= rule.limit && rule.check(raw(start));
}
