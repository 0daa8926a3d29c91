/** What a verification finds: codes, effects and axes, as FORMAT-verdict.md lists them. */

export type Effect = "disproves" | "unchecked" | "open" | "note";
export type Axis = "integrity" | "signatures" | "trust" | "time" | "custody" | "consent";
export type AxisState = "shown" | "failed" | "not established";

export const AXES: readonly Axis[] = ["integrity", "signatures", "trust", "time", "custody", "consent"];

/** Every verification asks for these. */
export const REQUIRED: readonly Axis[] = ["integrity", "signatures", "trust", "custody"];

const CODES_OF: Readonly<Record<Axis, string>> = {
  integrity: `changed missing extra renamed type-changed unreadable changing date-changed name-form name-twin withheld
    withheld-unexplained disclosure-invalid not-hashed not-selected omitted excluded companion no-items accounts-differ
    item-unknown manifest-invalid manifest-mismatch manifest-missing manifest-unreadable checksums-mismatch
    checksums-missing checksums-unreadable disposed new-name bag-broken neutral-name stated-only link-absent worker-lost
    not-visible`,
  signatures: "signature-invalid signer-differs",
  trust: `key-unknown key-other-agent key-other-namespace key-not-yet-valid key-no-longer-valid key-retired
    signers-too-few`,
  time: "no-timestamp time-not-proven time-claim time-contradiction timestamp-failed timestamp-open",
  custody: `entry-invalid entry-missing entry-unfinished entry-doubled entry-late chain-broken clock-order clock-doubtful
    continuation-apart head-unknown no-witness witnessed transfer-open receipt-invalid receipt-misplaced derived undo-invalid
    timestamp-missing timestamp-changed renewal-mismatch renewal-incomplete records-part custody-extra custody-companion
    line-ends custody-unreadable informational-changed informational-unsigned unfinished-write`,
  consent: "no-consent consent-stricter",
};

/** The code of a finding -> the question that it bears on. */
export const AXIS_OF: ReadonlyMap<string, Axis> = new Map(
  AXES.flatMap((axis) => CODES_OF[axis].split(/\s+/).map((code): [string, Axis] => [code, axis])),
);

/** What a finding can be about. */
export interface About {
  readonly item?: number;
  readonly path?: string;
  readonly entry?: number;
  readonly count?: number;
  readonly expected?: string;
  readonly found?: string;
  /** What exactly is wrong, in a few English words: the rule that is broken, or a name. */
  readonly why?: string;
}

/** One thing that a verification found. */
export interface Finding extends About {
  readonly code: string;
  readonly effect: Effect;
}

/** Make a finding. */
export function find(code: string, effect: Effect, about: About = {}): Finding {
  if (!AXIS_OF.has(code)) throw new Error(`unknown code ${code}`);
  return { code, effect, ...about };
}

export const axisOf = (finding: Finding): Axis => AXIS_OF.get(finding.code) ?? "integrity";

const SEVERITY: Readonly<Record<Effect, number>> = { disproves: 0, unchecked: 1, open: 2, note: 3 };

/** Put findings in the order of a report: worst first. */
export function sorted(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (one, other) =>
      SEVERITY[one.effect] - SEVERITY[other.effect] ||
      AXES.indexOf(axisOf(one)) - AXES.indexOf(axisOf(other)) ||
      (one.item ?? 0) - (other.item ?? 0),
  );
}

/** How far one step came: on how many things it is, and on how many it ran to its end. */
export interface StepResult {
  readonly step: number;
  readonly name: string;
  readonly axis: Axis;
  readonly subjects: number;
  readonly checked: number;
}

/** The state of each axis: shown by the steps that it rests on, never by the absence of findings. */
export function judgeAxes(steps: readonly StepResult[], findings: readonly Finding[]): Record<Axis, AxisState> {
  const judge = (axis: Axis): AxisState => {
    const effects = new Set(findings.filter((finding) => axisOf(finding) === axis).map((finding) => finding.effect));
    if (effects.has("disproves")) return "failed";
    const own = steps.filter((step) => step.axis === axis);
    const isComplete = own.length > 0 && own.every((step) => step.subjects > 0 && step.subjects === step.checked);
    return isComplete && !effects.has("unchecked") && !effects.has("open") ? "shown" : "not established";
  };
  const states = AXES.map((axis): [Axis, AxisState] => [axis, judge(axis)]);
  return Object.fromEntries(states) as Record<Axis, AxisState>;
}

/** Step 16: the exit code. */
export function weigh(findings: readonly Finding[], isEstablished: boolean): number {
  const effects = new Set(findings.map((finding) => finding.effect));
  if (effects.has("disproves")) return 1;
  if (effects.has("unchecked")) return 4;
  return isEstablished ? 0 : 3;
}
