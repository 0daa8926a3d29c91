/** The document that a verification ends with: `evtool-report/1`, as FORMAT-json-report.md describes it. */

import type { Chain, Link } from "./chain.ts";
import {
  AXES, type Axis, type AxisState, axisOf, type Finding, find, judgeAxes, REQUIRED, sorted, type StepResult, weigh,
} from "./findings.ts";
import type { Comparison, EvidenceClass, Fate } from "./items.ts";
import { countWithheld, type Seal, type Withholding } from "./seals.ts";
import { strictestHandling, type Summary } from "./terms.ts";
import type { ClaimedStamp, TimeResult } from "./time.ts";
import type { Policy } from "./trust.ts";

export const FATES: readonly Fate[] = [
  "ok", "changed", "missing", "renamed", "type_changed", "unreadable", "withheld", "omitted", "disposed", "stated_only",
  "unread", "not_selected", "unjudged",
];
const CLASSES: readonly EvidenceClass[] = [
  "seen", "compared", "renamed", "omitted", "extra", "unlistable", "not_selected", "unjudged", "excluded", "companions",
  "directories",
];

export interface FindingDocument {
  code: string;
  effect: string;
  message: string;
  item: number | null;
  path: string | null;
  expected: string | null;
  found: string | null;
  entry: number | null;
  count: number;
  axis: Axis;
}

export interface SignerDocument {
  entry: number;
  event: string;
  agent: string;
  fingerprint: string;
  public_key: string;
  trusted: boolean;
  claimed_time: string;
  head: string;
}

/** The verdict on one directory or bundle. */
export interface Report {
  exit_code: number;
  axes: Record<Axis, AxisState>;
  required: readonly Axis[];
  collection: string | null;
  head: string | null;
  steps: StepResult[];
  sealed: number;
  items: Record<Fate, number>;
  evidence: Record<EvidenceClass, number>;
  bytes: number;
  partial: { entry: number; recipient: string; items: number; sealed: number } | null;
  continued: number | null;
  findings: FindingDocument[];
  more_findings: Record<string, number>;
  signers: SignerDocument[];
  handling: string;
  consent_summary: Omit<Summary, "problem"> | null;
  timestamps: ClaimedStamp[];
  intervals: [];
}

interface Parts {
  readonly chain: Chain;
  readonly seals: readonly Seal[];
  readonly findings: readonly Finding[];
  readonly steps: readonly StepResult[];
  readonly comparison: Comparison;
  readonly policy: Policy;
  readonly retired: ReadonlyMap<number, number>;
  readonly withholding: Withholding;
  readonly consent: Summary | null;
  readonly time: TimeResult;
  readonly bytes: number;
  readonly continued: number | null;
}

const zeros = <Name extends string>(names: readonly Name[]): Record<Name, number> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;

/** Give the report on something that has no entry, or cannot be read at all. */
export function unsealed(findings: readonly Finding[]): Report {
  return {
    exit_code: weigh(findings, false), axes: judgeAxes([], findings), required: REQUIRED, collection: null, head: null,
    steps: [], sealed: 0, items: zeros(FATES), evidence: zeros(CLASSES), bytes: 0, partial: null, continued: null,
    findings: sorted(findings).map(documentOf), more_findings: {}, signers: [], handling: "closed", consent_summary: null,
    timestamps: [], intervals: [],
  };
}

/** Steps 11q, 15 and 16. */
export function makeReport(parts: Parts): Report {
  const { chain, seals, comparison, withholding, consent } = parts;
  const sealed = seals.reduce((sum, seal) => sum + seal.table.items, 0);
  const items = countFates(parts);
  const compared = items.ok + items.changed + items.missing + items.renamed + items.type_changed;
  const apart = items.withheld + items.omitted + items.disposed + items.stated_only + items.not_selected;
  const findings = [...parts.findings];
  if (compared === 0) findings.push(find("no-items", "unchecked"));
  const { evidence } = comparison;
  const isAccounted = total(items) === sealed && total(evidence) - evidence.seen === evidence.seen;
  if (!isAccounted) findings.push(find("accounts-differ", "unchecked"));
  const subjects = sealed + evidence.seen;
  const steps: StepResult[] = [
    ...parts.steps,
    { step: 11, name: "items", axis: "integrity", subjects: sealed - apart, checked: compared },
    { step: 15, name: "accounts", axis: "integrity", subjects, checked: isAccounted ? subjects : 0 },
  ];
  steps.sort((one, other) => one.step - other.step);
  const axes = judgeAxes(steps, findings);
  // A listed time-stamp may be a forged one, which evtool would say; so nothing here is called complete.
  const isEstablished = items.ok > 0 && REQUIRED.every((axis) => axes[axis] === "shown") && !parts.time.isListedUnjudged;
  const by = withholding.by?.entry;
  return {
    exit_code: weigh(findings, isEstablished),
    axes,
    required: AXES.filter((axis) => REQUIRED.includes(axis)),
    collection: chain.links[0]?.entry.collection ?? null,
    head: chain.links.at(-1)?.head ?? null,
    steps,
    sealed,
    items,
    evidence,
    bytes: parts.bytes,
    partial:
      by === undefined
        ? null
        : { entry: by.sequence, recipient: String(by.details["recipient"]), items: sealed - items.withheld, sealed },
    continued: parts.continued,
    findings: sorted(findings).map(documentOf),
    more_findings: {},
    signers: chain.links.map((link) => signerOf(link, parts)),
    handling: strictestHandling(consent),
    consent_summary: publicSummary(consent),
    timestamps: parts.time.stamps,
    intervals: [],
  };
}

const total = (counts: Record<string, number>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Step 15: every sealed item ended in exactly one class. */
function countFates({ seals, comparison, withholding }: Parts): Record<Fate, number> {
  const items = zeros(FATES);
  for (const fate of comparison.fates.values()) items[fate]++;
  for (const seal of seals) if (!seal.isSound) items.unjudged += seal.table.items;
  items.withheld += countWithheld(seals) - withholding.missing;
  items.missing += withholding.missing;
  return items;
}

function signerOf(link: Link, { policy, retired }: Parts): SignerDocument {
  const { sequence, event, agent, happenedAt } = link.entry;
  return {
    entry: sequence, event, agent, fingerprint: link.key.fingerprint, public_key: link.key.line,
    trusted: policy.judge(link) === undefined && !retired.has(sequence), claimed_time: happenedAt.text, head: link.head,
  };
}

function documentOf(finding: Finding): FindingDocument {
  return {
    code: finding.code,
    effect: finding.effect,
    message: finding.why ?? "",
    item: finding.item ?? null,
    path: finding.path ?? null,
    expected: finding.expected ?? null,
    found: finding.found ?? null,
    entry: finding.entry ?? null,
    count: finding.count ?? 1,
    axis: axisOf(finding),
  };
}

/** Give a summary as documents have it. */
export function publicSummary(consent: Summary | null): Omit<Summary, "problem"> | null {
  if (consent === null) return null;
  const { problem: _, ...summary } = consent;
  return summary;
}
