/** The lines of an entry, and the TOML in them: rules E1 to E3 of FORMAT-entry.md. */

import { parse, TomlDate } from "smol-toml";

import { decode, FormError, need } from "./bytes.ts";
import { countCharacters, isDay } from "./text.ts";

/** A value of an entry. Integers come as bigint, so that 1 and 1.0 stay apart. */
export type TomlValue = string | bigint | number | boolean | TomlDate | TomlValue[] | TomlTable;
export interface TomlTable {
  [name: string]: TomlValue;
}

export { TomlDate };

const MAX_KEY = 128;

/** Reads one line from left to right; nothing that was taken is ever given back. */
class LineReader {
  at = 0;
  constructor(readonly line: string) {}

  /** Take what a sticky expression matches here; empty if it matches nothing. */
  take(expression: RegExp): string {
    expression.lastIndex = this.at;
    const found = expression.exec(this.line)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  sign(character: string): boolean {
    if (this.line[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  blanks(): void {
    this.take(/[ \t]*/y);
  }

  /** Take a text in quotes. */
  text(): string {
    return this.take(/"(?:[^"\\]|\\[^\n])*"|'[^']*'/y);
  }

  key(): boolean {
    const key = this.take(/[A-Za-z0-9_-]+/y) || this.text();
    need(countCharacters(key) <= MAX_KEY, "E3: a key has more than 128 characters");
    return key !== "";
  }

  /** Take a text, a number, a boolean or a time. */
  atom(): boolean {
    if (this.text() !== "") return true;
    const plain = this.take(/[0-9A-Za-z+-][0-9A-Za-z:+._-]{0,63}(?: [0-9][0-9:.Zz+-]{0,40})?/y);
    const date = /^[0-9]{4}-[0-9]{2}-[0-9]{2}/.exec(plain);
    // smol-toml takes 30 February and the year 0; no other reader of TOML does.
    need(date === null || isDay(date[0]), "E1: there is no such day");
    return plain !== "";
  }

  /** Take values of a list, with a comma behind each but perhaps the last. */
  atoms(): void {
    while (this.atom()) {
      this.blanks();
      if (!this.sign(",")) break;
      this.blanks();
    }
    this.blanks();
  }

  /** Take a comment and the end of the line. */
  end(): void {
    this.blanks();
    // smol-toml takes any character into a comment close behind a number; no other reader of TOML takes control characters.
    this.take(/#[^\u0000-\u0008\u000a-\u001f\u007f]*/y);
    this.sign("\r");
    need(this.at === this.line.length, "E2: a line is not a table, a key with a plain value, or part of a list");
  }
}

/** Rule E2: refuse every line that is not blank, a comment, a table, a key with its value, or part of a list. */
function checkLines(text: string): void {
  let inList = false;
  for (const line of text.split("\n")) {
    const reader = new LineReader(line);
    reader.blanks();
    if (inList) {
      reader.atoms();
      inList = !reader.sign("]");
    } else {
      inList = checkLine(reader);
    }
    reader.end();
  }
}

/** Check a line that begins outside of a list; tells whether it begins one that goes on. */
function checkLine(reader: LineReader): boolean {
  if (reader.sign("[")) {
    reader.blanks();
    need(reader.key(), "E2: a table has no name");
    reader.blanks();
    if (reader.sign(".")) {
      reader.blanks();
      need(reader.key(), "E2: a table has no name");
      reader.blanks();
    }
    need(reader.sign("]"), "E2: the name of a table does not end");
    return false;
  }
  if (!reader.key()) return false;
  reader.blanks();
  need(reader.sign("="), "E2: a key has no value");
  reader.blanks();
  if (reader.sign("[")) {
    reader.blanks();
    reader.atoms();
    return !reader.sign("]");
  }
  need(reader.atom(), "E2: a key has no plain value");
  return false;
}

/** Read an entry or its details (rules E1 to E3). */
export function readToml(data: Uint8Array): TomlTable {
  const text = decode(data);
  need(!text.startsWith("\ufeff"), "E1: a byte order mark");
  checkLines(text);
  let table: TomlTable;
  try {
    table = parse(text, { integersAsBigInt: true, maxDepth: 8 }) as TomlTable;
  } catch {
    throw new FormError("E1: not TOML");
  }
  checkTexts(table);
  return table;
}

/** Refuse surrogates, which smol-toml lets an escape make. */
function checkTexts(value: TomlValue): void {
  if (typeof value === "string") need(!/[\ud800-\udfff]/u.test(value), "E1: a surrogate");
  else if (Array.isArray(value)) value.forEach(checkTexts);
  else if (isTable(value)) Object.entries(value).flat().forEach(checkTexts);
}

/** Tell whether a value is a table. */
export function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === "object" && !Array.isArray(value) && !(value instanceof TomlDate);
}
