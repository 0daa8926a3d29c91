/** JSON in its one spelling: rules M2 to M4 of FORMAT-manifest.md (RFC 8785, restricted to integers). */

import { decode, FormError, need } from "./bytes.ts";

export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

const MAX_NESTING = 16;

/** Write JSON in its canonical spelling. */
export function spell(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(spell).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${spell(value[name] ?? null)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Refuse what has no canonical spelling here (T2, M4). */
function checkPlain(value: Json, depth: number): void {
  if (typeof value === "number") {
    need(Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0), "T2: not a plain number");
  } else if (typeof value === "string") {
    need(!/[\ud800-\udfff]/u.test(value), "M2: a lone surrogate");
  } else if (Array.isArray(value)) {
    need(depth <= MAX_NESTING, "M4: nested too deep");
    for (const inner of value) checkPlain(inner, depth + 1);
  } else if (value !== null && typeof value === "object") {
    need(depth <= MAX_NESTING, "M4: nested too deep");
    for (const [name, inner] of Object.entries(value)) {
      need(/^[\x00-\x7f]*$/.test(name), "M3: a key is not ASCII");
      checkPlain(inner, depth + 1);
    }
  }
}

/** Rule M3: read one JSON object that is in its one spelling. */
export function readCanonical(line: Uint8Array): JsonObject {
  return readCanonicalText(decode(line));
}

export function readCanonicalText(text: string): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new FormError("M3: not JSON");
  }
  need(value !== null && typeof value === "object" && !Array.isArray(value), "M3: not an object");
  checkPlain(value, 0);
  need(spell(value) === text, "M3: not in its canonical spelling");
  return value;
}

/** Tell whether a value is an object with these fields and no others. */
export function hasFields(value: JsonObject, needed: readonly string[], optional: readonly string[] = []): boolean {
  const names = Object.keys(value);
  return needed.every((name) => names.includes(name)) && names.every((name) => needed.includes(name) || optional.includes(name));
}

export const isText = (value: Json | undefined): value is string => typeof value === "string";
export const isTexts = (value: Json | undefined): value is string[] => Array.isArray(value) && value.every(isText);
export const isNumber = (value: Json | undefined): value is number => typeof value === "number";
