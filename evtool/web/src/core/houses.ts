/** Who acts for whom, what is undone, and where records part: rules E34 to E41 of FORMAT-events.md. */

import type { Link } from "./chain.ts";
import { type Finding, find } from "./findings.ts";

export const HANDOVERS = ["transferred", "disclosed"];
const UNDOABLE = ["consent-changed", "disposed", "renamed"];
const SENDER = 0;

const whoOf = (link: Link): string => `${link.entry.agent} ${link.key.fingerprint}`;
const admittedBy = (link: Link): string => `${link.entry.details["agent"]} ${link.entry.details["key"]}`;

/** The houses of one record. */
export interface Houses {
  /** Entries `admitted` that count. */
  readonly admissions: readonly Link[];
  /** Number of an entry by a retired key -> number of the entry that admitted its successor. */
  readonly retired: ReadonlyMap<number, number>;
}

/** Rules E38 to E40. */
export function readHouses(links: readonly Link[]): Houses {
  const byRetired = new Map<number, number>();
  const admissions: Link[] = [];
  const homes = new Map<string, number>(); // code and key -> house
  const retired = new Map<string, { house: number; by: number }>(); // by key
  const successions = new Map<string, { key: string; house: number; by: number }[]>(); // by the key that retires others
  let isHandedOver = false;
  for (const link of links) {
    const key = link.key.fingerprint;
    const { sequence, event } = link.entry;
    for (const { key: old, house, by } of successions.get(key) ?? []) retired.set(old, { house, by });
    successions.delete(key);
    const isOfSender = !isHandedOver && event !== "received";
    isHandedOver ||= HANDOVERS.includes(event) || event === "received";
    const gone = retired.get(key);
    if (gone !== undefined) {
      byRetired.set(sequence, gone.by);
      continue;
    }
    const house = isOfSender ? SENDER : (homes.get(whoOf(link)) ?? sequence);
    homes.set(whoOf(link), house);
    if (event !== "admitted" || link.entry.details["key"] === key) continue;
    const home = homes.get(admittedBy(link));
    if (home !== undefined && home !== house && house !== SENDER) continue; // E39: it belongs to another house
    if (home === undefined || house === SENDER) homes.set(admittedBy(link), house);
    admissions.push(link);
    const admitted = String(link.entry.details["key"]);
    const taken = retired.get(admitted);
    if (taken !== undefined && (house === SENDER || house === taken.house)) retired.delete(admitted);
    if (link.entry.details["role"] === "after") {
      successions.set(admitted, [...(successions.get(admitted) ?? []), { key, house, by: sequence }]);
    }
  }
  return { admissions, retired: byRetired };
}

/** Step 4b: codes and keys that admissions with the role `after` connect are one agent. */
export class Agents {
  private readonly parents = new Map<string, string>();

  constructor(admissions: readonly Link[]) {
    for (const link of admissions) {
      if (link.entry.details["role"] !== "after") continue;
      const { agent, key } = link.entry.details;
      for (const node of [link.entry.agent, String(key), String(agent)]) this.join(link.key.fingerprint, node);
    }
  }

  /** Name the agent for whom a key signs under a code. */
  name(link: Link): string {
    return this.root(this.parents.has(link.key.fingerprint) ? link.key.fingerprint : link.entry.agent);
  }

  private root(node: string): string {
    let at = node;
    for (let up = this.parents.get(at); up !== undefined && up !== at; up = this.parents.get(at)) at = up;
    return at;
  }

  private join(first: string, second: string): void {
    for (const node of [first, second]) if (!this.parents.has(node)) this.parents.set(node, node);
    this.parents.set(this.root(first), this.root(second));
  }
}

/** Rules E34 and E35: the entries that are undone, and those that undo nothing. */
export function findUndone(links: readonly Link[], houses: Houses): { undone: ReadonlySet<number>; findings: Finding[] } {
  const undone = new Set<number>();
  const findings: Finding[] = [];
  const byNumber = new Map(links.map((link) => [link.entry.sequence, link]));
  for (const link of links) {
    const { details, sequence, event } = link.entry;
    if (event !== "corrected" || details["undone"] !== true) continue;
    const target = byNumber.get(Number(details["entry"]));
    if (target === undefined || target.head !== details["head"] || target.entry.sequence >= sequence) continue; // E17
    if (mayUndo(link, target, houses) && !undone.has(target.entry.sequence)) undone.add(target.entry.sequence);
    else findings.push(find("undo-invalid", "open", { entry: sequence }));
  }
  return { undone, findings };
}

function mayUndo(link: Link, target: Link, houses: Houses): boolean {
  const isSame =
    target.entry.isWithheld || JSON.stringify(link.entry.items ?? null) === JSON.stringify(target.entry.items ?? null);
  return (
    UNDOABLE.includes(target.entry.event) && isSame && !houses.retired.has(link.entry.sequence) && isAllowed(link, target, houses)
  );
}

/** The same signer, or one whom that signer admitted before. */
function isAllowed(link: Link, target: Link, houses: Houses): boolean {
  if (whoOf(link) === whoOf(target)) return true;
  return houses.admissions.some(
    (admission) =>
      admission.entry.sequence < link.entry.sequence &&
      whoOf(admission) === whoOf(target) &&
      admittedBy(admission) === whoOf(link) &&
      (admission.entry.details["role"] === "after" || target.entry.event !== "consent-changed"),
  );
}

// ------------------------------------------------------------------------------------------------ where records part

const placeOf = (link: Link): string => `${link.entry.previous?.entry ?? ""} ${link.entry.previous?.signature ?? ""}`;
const identityOf = (link: Link): string => `${link.head} ${link.signatureDigest}`;

/** Step 5e: two entries that follow the same one, neither the answer of a recipient. */
export function findParting(one: readonly Link[], other: readonly Link[]): readonly [Link, Link] | undefined {
  if (one[0] === undefined || one[0].entry.collection !== other[0]?.entry.collection) return undefined;
  const followers = new Map(one.map((link) => [placeOf(link), link]));
  const byIdentity = new Map(one.map((link) => [identityOf(link), link]));
  for (const second of other) {
    const first = followers.get(placeOf(second));
    if (first !== undefined && identityOf(first) !== identityOf(second)) {
      const before = byIdentity.get(placeOf(second));
      return isAnswer(first, before) || isAnswer(second, before) ? undefined : [first, second];
    }
  }
  return undefined;
}

function isAnswer(link: Link, before: Link | undefined): boolean {
  const { event, details, previous, agent } = link.entry;
  if (event !== "received" || previous === undefined || details["transfer"] !== previous.entry) return false;
  return before === undefined || (HANDOVERS.includes(before.entry.event) && before.entry.details["recipient"] === agent);
}
