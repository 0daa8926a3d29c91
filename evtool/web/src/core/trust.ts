/** Whose keys count: step 4 of FORMAT-verify.md, by lines in the form of OpenSSH's allowed_signers, or by fingerprints. */

import { FormError, need, rawOf } from "./bytes.ts";
import type { Link } from "./chain.ts";
import { type Finding, find } from "./findings.ts";
import { NAMESPACE, type PublicKey, readKeyWords } from "./sshsig.ts";
import { isDay } from "./text.ts";

/** One line of the user's list: a key, and for whom, for what and when it counts. Texts are raw strings. */
export interface Signer {
  readonly principals: readonly string[];
  readonly key: PublicKey;
  readonly namespaces: readonly string[] | undefined;
  /** First and last moment at which it counts, in milliseconds since 1970. */
  readonly after: number | undefined;
  readonly before: number | undefined;
}

/** What the user trusts. */
export interface Trust {
  readonly signers: readonly Signer[];
  /** Numbers of the lines that trust nobody, because they cannot be understood. */
  readonly skipped: readonly number[];
  /** If any are given, these keys and no others count, for every agent. */
  readonly fingerprints: readonly string[];
  /** Code of a recipient -> keys with which its people sign receipts. */
  readonly recipients: ReadonlyMap<string, readonly PublicKey[]>;
}

export const NOBODY: Trust = { signers: [], skipped: [], fingerprints: [], recipients: new Map() };

const MAX_LINE = 8 * 1024;
const MAX_PATTERN = 1022;
const KEY_TYPE = /^(sk-|webauthn-sk-)?(ssh|ecdsa|rsa)-[^="]+$/;

/** Read a list; a line that cannot be understood trusts nobody. */
export function readSigners(text: string): Pick<Trust, "signers" | "skipped"> {
  const signers: Signer[] = [];
  const skipped: number[] = [];
  rawOf(text).split("\n").forEach((line, at) => {
    try {
      const signer = readLine(line);
      if (signer !== undefined) signers.push(signer);
    } catch (error) {
      if (!(error instanceof FormError)) throw error;
      skipped.push(at + 1);
    }
  });
  return { signers, skipped };
}

function readLine(line: string): Signer | undefined {
  need(line.length <= MAX_LINE && !line.includes("\0"), "too long, or a NUL");
  const start = line.search(/[^ \t\r\n]/);
  if (start < 0 || line[start] === "#") return undefined;
  const [principals, at] = takePrincipals(line, start);
  let rest = line.slice(at);
  let options = "";
  if (!KEY_TYPE.test(/^[^ \t]*/.exec(rest)?.[0] ?? "")) {
    options = rest.slice(0, endOfOptions(rest));
    rest = rest.slice(options.length).replace(/^[ \t]+/, "");
  }
  const words = /^([^ \t]+)[ \t]+([^ \t]+)/.exec(rest);
  const [type = "", key = ""] = [words?.[1], words?.[2]?.replace(/[\r\n]+$/, "")];
  need(KEY_TYPE.test(type) && key !== "", "no key");
  const said = readOptions(options);
  const signer = { principals: principals.split(","), key: readKeyWords(type, key), ...said };
  for (const pattern of [...signer.principals, ...(said.namespaces ?? [])]) {
    need(pattern.replace(/^!/, "").length <= MAX_PATTERN, "a pattern for which ssh-keygen finds no match");
  }
  return signer;
}

/** Read the first field as OpenSSH does: quotes may begin anywhere in it, and end it. */
function takePrincipals(line: string, start: number): [string, number] {
  let at = start;
  while (at < line.length && !' \t\r\n"'.includes(line[at] ?? "")) at++;
  let word = line.slice(start, at);
  if (line[at] === '"') {
    const end = line.indexOf('"', at + 1);
    need(end >= 0, "a quotation mark without its partner");
    word += line.slice(at + 1, end);
    at = end;
  }
  need(at < line.length, "no key");
  at++;
  while (at < line.length && " \t\r\n".includes(line[at] ?? "")) at++;
  return [word, at];
}

/** Find the blank after the options; blanks inside of quotes belong to them. */
function endOfOptions(text: string): number {
  let quoted = false;
  let at = 0;
  for (; at < text.length && (quoted || !" \t".includes(text[at] ?? "")); at++) {
    if (text.startsWith('\\"', at)) at++;
    else if (text[at] === '"') quoted = !quoted;
  }
  need(!quoted, "a quotation mark without its partner");
  return at;
}

function readOptions(options: string): Pick<Signer, "namespaces" | "after" | "before"> {
  const found = new Map<string, string>();
  let rest = options;
  while (rest !== "") {
    const match = /^(namespaces|valid-after|valid-before)="((?:\\"|\\(?!")|[^"\\])*)"/i.exec(rest);
    need(match !== null, "an option that is unknown, or means a certificate authority");
    const name = (match[1] ?? "").toLowerCase();
    need(!found.has(name), "an option is given twice");
    found.set(name, (match[2] ?? "").replaceAll('\\"', '"'));
    rest = rest.slice(match[0].length);
    need(rest === "" || (rest.startsWith(",") && rest !== ","), "an unknown option");
    rest = rest.slice(1);
  }
  const moment = (name: string): number | undefined => {
    const text = found.get(name);
    return text === undefined ? undefined : readMoment(text);
  };
  const [after, before] = [moment("valid-after"), moment("valid-before")];
  need(after === undefined || before === undefined || before > after, "the dates contradict each other");
  return { namespaces: found.get("namespaces")?.split(","), after, before };
}

/** Read YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS; with Z in UTC, otherwise in the zone of this machine. */
function readMoment(text: string): number {
  const match = /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?(Z|UTC)?$/i.exec(text);
  need(match !== null && isDay(`${match[1]}-${match[2]}-${match[3]}`), "not a moment");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map((part) => Number(part ?? 0));
  need(hour < 24 && minute < 60 && second < 60, "not a moment");
  const isUtc = match[7] !== undefined;
  const moment = isUtc
    ? Date.UTC(year, month - 1, day, hour, minute, second)
    : new Date(year, month - 1, day, hour, minute, second).getTime();
  need(moment > 0 && year >= 100, "not after the start of 1970");
  return moment;
}

/** Match a pattern of OpenSSH, which counts bytes: `*` stands for any, `?` for one. */
function matchPattern(text: string, pattern: string): boolean {
  let [at, place, star, resume] = [0, 0, -1, 0];
  while (at < text.length) {
    if (pattern[place] === "*") {
      [star, resume] = [place, at];
      place++;
    } else if (place < pattern.length && (pattern[place] === "?" || pattern[place] === text[at])) {
      at++;
      place++;
    } else if (star >= 0) {
      resume++;
      [at, place] = [resume, star + 1];
    } else return false;
  }
  return /^\**$/.test(pattern.slice(place));
}

function matchList(text: string, patterns: readonly string[]): boolean {
  if (patterns.some((pattern) => pattern.startsWith("!") && matchPattern(text, pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && matchPattern(text, pattern));
}

/** From farthest to nearest to trust: of several lines with a key, the nearest explains the answer. */
const OBJECTIONS = ["key-unknown", "key-other-agent", "key-other-namespace", "key-not-yet-valid", "key-no-longer-valid"];

/** The user's list at one moment. */
export class Policy {
  constructor(
    private readonly trust: Trust,
    private readonly now: number,
  ) {}

  /** Step 4a: give the code of why the signer of an entry is not trusted; undefined if it is. */
  judge(link: Link): string | undefined {
    const { agent } = link.entry;
    if (this.trust.fingerprints.length > 0) {
      return this.trust.fingerprints.includes(link.key.fingerprint) ? undefined : "key-unknown";
    }
    let nearest = 0;
    for (const signer of this.linesOf(link.key)) {
      const objection = this.judgeLine(signer, agent);
      if (objection === undefined) return undefined;
      nearest = Math.max(nearest, OBJECTIONS.indexOf(objection));
    }
    return this.isOfRecipient(link) ? undefined : OBJECTIONS[nearest];
  }

  /** Whether the user trusts the key for its agent at whatever time (step 4b). */
  knows(link: Link): boolean {
    const objection = this.judge(link);
    return objection === undefined || objection === "key-no-longer-valid" || objection === "key-not-yet-valid";
  }

  private linesOf(key: PublicKey): Signer[] {
    return this.trust.signers.filter((signer) => signer.key.fingerprint === key.fingerprint);
  }

  private judgeLine(signer: Signer, agent: string): string | undefined {
    if (!matchList(agent, signer.principals)) return "key-other-agent";
    if (signer.namespaces !== undefined && !matchList(NAMESPACE, signer.namespaces)) return "key-other-namespace";
    if (signer.after !== undefined && this.now < signer.after) return "key-not-yet-valid";
    if (signer.before !== undefined && this.now > signer.before) return "key-no-longer-valid";
    return undefined;
  }

  /** A recipient signed what recipients sign, with a key of its own that the list does not end. */
  private isOfRecipient(link: Link): boolean {
    if (link.entry.event !== "received" && link.entry.event !== "countersigned") return false;
    const keys = this.trust.recipients.get(link.entry.agent) ?? [];
    if (!keys.some((key) => key.fingerprint === link.key.fingerprint)) return false;
    return this.linesOf(link.key).every(
      ({ after, before }) => (after === undefined || after <= this.now) && (before === undefined || this.now <= before),
    );
  }
}

/** Steps 4a and 4c: say which signers are not trusted. */
export function judgeSigners(links: readonly Link[], retired: ReadonlyMap<number, number>, policy: Policy): Finding[] {
  return links.flatMap((link) => {
    const entry = link.entry.sequence;
    const about = { entry, found: link.key.fingerprint };
    const objection = policy.judge(link);
    return [
      ...(objection === undefined ? [] : [find(objection, "open", about)]),
      ...(retired.has(entry) ? [find("key-retired", "open", about)] : []),
    ];
  });
}
