/** The texts of the page in the language of its reader, from the catalogues of evtool. */

import { CATALOGUES } from "texts";

export const LANGUAGES = Object.keys(CATALOGUES);

let language = "en";

export function setLanguage(code: string): void {
  language = LANGUAGES.includes(code) ? code : "en";
}

export const languageNow = (): string => language;

/** Give the text of a key, `table.name`, with values in the place of their names; undefined if there is none. */
export function find(table: string, name: string): string | undefined {
  const texts = CATALOGUES[language]?.[table] ?? {};
  return Object.hasOwn(texts, name) ? texts[name] : undefined; // a stranger's code may be called "constructor"
}

export type Values = Readonly<Record<string, string | number>>;

/** Give a text. `{name}` is a value, `{name:,}` a number with separators. */
export function say(table: string, name: string, values: Values = {}): string {
  const text = find(table, name);
  if (text === undefined) throw new Error(`no text ${table}.${name}`);
  return text.replace(/\{([a-z_]+)(:,)?\}/g, (_, key: string, separated: string | undefined) => {
    const value = values[key] ?? "";
    return separated === undefined || typeof value === "string" ? String(value) : withSeparators(value);
  });
}

export const withSeparators = (number: number): string => number.toLocaleString("en-US");

/** Name a language in itself. */
export const nameOf = (code: string): string => CATALOGUES[code]?.["language"]?.["name"] ?? code;

/** Give the name of a term, or the code itself for one that this version does not know. */
export const term = (table: string, code: string): string => find(`term.${table}`, code) ?? find("term.any", code) ?? code;

/** Spell a number of bytes for people. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [count, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
