/** Names under `data/` of a bundle: rules B7 to B15 of FORMAT-bundle.md. */

import { encode, FormError } from "./bytes.ts";
import { composed, foldPath } from "./text.ts";

const MAX_PATH = 200;
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const FORBIDDEN = /[<>:"|?*\\%]/;
const RESERVED = /^(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\u00b9\u00b2\u00b3])(?:[ .].*)?$/is;

/** Tell whether some system or program could misread a path (B7 to B9, B11, B12). */
export function isUnsafe(path: string): boolean {
  if (path === "" || encode(path).length > MAX_PATH || HIDDEN.test(path) || composed(path) !== path) return true;
  return path
    .split("/")
    .some((part) => ["", ".", ".."].includes(part) || FORBIDDEN.test(part) || /[. ]$|^[~ ]/.test(part) || RESERVED.test(part));
}

/** Name an item by its number. */
export const neutralName = (number: number): string => `item-${String(number).padStart(6, "0")}`;

/** Give the number of the item that a neutral name stands for; undefined if it is none. */
export function parseNeutralName(name: string): number | undefined {
  const match = /^item-([0-9]{6,16})(\.[a-z0-9]{1,8})?$/.exec(name);
  const number = Number(match?.[1] ?? 0);
  return match !== null && number > 0 && neutralName(number) === `item-${match[1]}` ? number : undefined;
}

/** The paths of a container; refuses what two systems would store differently (B15, B21). */
export class PathSet {
  private readonly seen = new Map<string, string>();

  add(path: string): void {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const prefix = `${parts.slice(0, depth).join("/")}/`;
      const folded = foldPath(prefix);
      if ((this.seen.get(folded) ?? prefix) !== prefix || this.seen.has(folded.slice(0, -1))) throw new FormError("twin");
      this.seen.set(folded, prefix);
    }
    const folded = foldPath(path);
    if (this.seen.has(folded) || this.seen.has(`${folded}/`)) throw new FormError("twin");
    this.seen.set(folded, path);
  }
}
