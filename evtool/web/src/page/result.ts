/** The result, in the order in which people have to read it: terms first, then the verdict. */

import { AXES, type Early, inFours, REQUIRED, type Report, shown } from "../core/index.ts";
import type { Answer, Input } from "../messages.ts";
import { find, say, term, withSeparators } from "./catalogue.ts";
import { button, code, element, outside, section, table } from "./dom.ts";
import { itemsTable } from "./items_table.ts";

const PROGRAM = `evtool page ${EVTOOL_VERSION}`;

// ------------------------------------------------------------------------------------------------------- the terms

/** The handling and the terms: the first thing that anybody reads, also while the evidence is still being read. */
export function consentBox({ handling, consent }: Early): HTMLElement {
  const known = find("consent", handling) !== undefined && ["closed", "named", "partners", "public"].includes(handling);
  const box = element("div", { class: "consent", id: "consent" });
  box.append(element("p", { class: "handling" }, known ? say("consent", handling) : say("consent", "other")));
  if (consent === null) {
    box.append(element("p", {}, say("consent", "unreliable")));
    return box;
  }
  box.append(element("p", {}, say("consent", "stated", { items: consent.items, stated: consent.stated })));
  const rows: [string, string, Record<string, number>][] = [
    ["status", "status", consent.status], ["for", "for", consent.purposes], ["share", "share", consent.share],
    ["conditions", "conditions", consent.conditions], ["identity", "identity", consent.identity],
    ["onward", "onward", consent.onward], ["defence", "defence", consent.defence],
    ["agreement", "agreement", consent.agreements], ["unknown", "unknown", consent.unknown],
  ];
  const list = element("dl", {});
  for (const [name, terms, counts] of rows) {
    const said = Object.entries(counts).map(([each, count]) => `${shown(term(terms, each))} ${withSeparators(count)}`);
    if (said.length > 0) list.append(element("dt", {}, say("consent", name)), element("dd", {}, outside(said.join("; "))));
  }
  for (const [name, day] of [["from", consent.starts], ["until", consent.until], ["review", consent.review]] as const) {
    if (day !== null) list.append(element("dt", {}, say("consent", name)), element("dd", {}, day));
  }
  box.append(list);
  if (consent.as_of !== null) box.append(element("p", {}, say("consent", "as-of", { time: consent.as_of })));
  return box;
}

// ----------------------------------------------------------------------------------------------------- the verdict

const MARKS: Readonly<Record<string, string>> = { shown: "✓", failed: "✗", "not established": "?" };

export const verdictOf = (report: Report): string =>
  say("verdict", String(report.exit_code), { sealed: report.sealed, ok: report.items.ok });

function verdictSection(report: Report): HTMLElement {
  const rows = AXES.map((axis) => [
    say("axis", axis),
    element("span", { class: `state ${report.axes[axis].replace(" ", "-")}` }, `${MARKS[report.axes[axis]]} ${say("state", report.axes[axis])}`),
    REQUIRED.includes(axis) ? say("page", "yes") : say("page", "no"),
  ]);
  const headers = [say("verdict", "question"), say("verdict", "answer"), say("verdict", "asked")];
  return section(
    "verdict",
    say("verdict", "title"),
    element("p", { class: `verdict exit-${report.exit_code}` }, verdictOf(report)),
    table(say("verdict", "title"), headers, rows),
  );
}

function findingsSection(report: Report): HTMLElement {
  const made = section("findings", say("findings", "title"));
  if (report.findings.length === 0) made.append(element("p", {}, say("findings", "none")));
  for (const effect of ["disproves", "unchecked", "open", "note"]) {
    const own = report.findings.filter((finding) => finding.effect === effect);
    if (own.length === 0) continue;
    made.append(element("h3", {}, say("effect", effect)));
    const list = element("ul", { class: "findings" });
    for (const finding of own.slice(0, 500)) list.append(findingLine(finding));
    made.append(list);
    if (own.length > 500) made.append(element("p", {}, say("findings", "more", { count: own.length - 500 })));
  }
  return made;
}

function findingLine(finding: Report["findings"][number]): HTMLElement {
  const facts: (string | HTMLElement)[] = [];
  const fact = (name: string, value: string | HTMLElement): void => {
    facts.push(element("span", { class: "fact" }, `${name} `, value));
  };
  if (finding.item !== null) fact(say("page", "item"), String(finding.item));
  if (finding.entry !== null) fact(say("page", "entry"), String(finding.entry));
  if (finding.path !== null) fact(say("web", "name"), outside(shown(finding.path)));
  if (finding.count > 1) fact(say("web", "count"), withSeparators(finding.count));
  if (finding.expected !== null) fact(say("findings", "expected"), code(finding.expected));
  if (finding.found !== null) fact(say("findings", "found"), code(finding.found));
  if (finding.message !== "") fact(say("findings", "code"), code(shown(finding.message)));
  return element("li", {}, say("finding", finding.code), " ", code(finding.code), ...facts.flatMap((each) => [" ", each]));
}

function numbersSection(report: Report): HTMLElement {
  const rows = Object.entries(report.items)
    .filter(([, count]) => count > 0)
    .map(([fate, count]) => [say("fate", fate), withSeparators(count)]);
  rows.unshift([say("fate", "sealed"), withSeparators(report.sealed)]);
  if (report.evidence.extra > 0) rows.push([say("fate", "extra"), withSeparators(report.evidence.extra)]);
  rows.push([say("fate", "bytes"), withSeparators(report.bytes)]);
  const made = section("numbers", say("fate", "title"), table(say("fate", "title"), [say("fate", "fate"), say("page", "number")], rows));
  const { partial } = report;
  if (partial !== null) {
    made.append(element("p", {}, say("fate", "partial", { items: partial.items, sealed: partial.sealed, entry: partial.entry })));
  }
  return made;
}

// ------------------------------------------------------------------------------------------------- who signed, and when

function signersSection(report: Report, now: string): HTMLElement {
  const rows = report.signers.map((signer) => [
    String(signer.entry),
    say("event", signer.event),
    outside(signer.agent),
    code(signer.fingerprint),
    signer.trusted ? say("page", "yes") : say("page", "no"),
    signer.claimed_time,
  ]);
  const headers = [
    say("page", "entry"), say("timeline", "event"), say("timeline", "agent"), say("web", "fingerprint"),
    say("web", "trusted"), say("timeline", "claimed"),
  ];
  const made = section("signers", say("web", "signers"), element("p", {}, say("web", "signers-what")));
  made.append(table(say("web", "signers"), headers, rows), element("p", {}, say("web", "now", { time: now })));
  const lines = [...new Set(report.signers.filter((signer) => !signer.trusted).map(lineFor))];
  if (lines.length > 0) {
    const label = say("web", "signer-line");
    made.append(element("h3", {}, label), element("pre", { tabindex: "0", role: "group", "aria-label": label }, lines.join("\n")));
  }
  return made;
}

const lineFor = (signer: Report["signers"][number]): string =>
  `${signer.agent} namespaces="evtool-custody-v1" ${signer.public_key}`;

function headSection(report: Report): HTMLElement {
  const { head } = report;
  if (head === null) return section("head-shown", say("head", "title"), element("p", {}, say("head", "none")));
  const lines = inFours(head).match(/.{1,20}/g) ?? [];
  const collection = report.collection ?? "";
  return section(
    "head-shown",
    say("head", "title"),
    element("p", {}, `${say("page", "collection")} `, code(collection)),
    element("p", { class: "head" }, ...lines.flatMap((line) => [code(line.trim()), element("br", {})])),
    element("p", {}, say("head", "what")),
  );
}

function stampsSection(report: Report): HTMLElement | undefined {
  if (report.timestamps.length === 0) return undefined;
  const list = element("ul", {});
  for (const { entry, name, claimed_time: time } of report.timestamps) {
    list.append(element("li", {}, say("web", "stamp", { entry, name, time: time ?? say("page", "not-known") })));
  }
  const made = section("stamps", say("time", "title"), element("p", {}, say("web", "stamps", { count: report.timestamps.length })), list);
  const isListed = report.exit_code === 3 && REQUIRED.every((axis) => report.axes[axis] === "shown") && report.items.ok > 0;
  if (isListed) made.append(element("p", { class: "warning" }, say("web", "stamps-listed")));
  return made;
}

function limitsSection(): HTMLElement {
  const list = element("ul", {});
  for (const number of ["1", "2", "3", "4", "5", "6", "7"]) list.append(element("li", {}, say("limits", number)));
  for (const number of ["1", "2", "3"]) list.append(element("li", {}, say("note", number)));
  return section("limits", say("limits", "title"), list);
}

// ------------------------------------------------------------------------------------------------------- all of it

/** Put the answer together. */
export function showAnswer(answer: Answer, input: Input, now: Date): HTMLElement {
  const { report } = answer;
  const early = { handling: report.handling, consent: report.consent_summary };
  const made = element("div", { id: "answer" }, consentBox(early));
  for (const path of answer.planted) made.append(element("p", { class: "warning", role: "alert" }, say("web", "planted", { name: shown(path) })));
  made.append(element("p", { id: "checked" }, outside(say("web", "chosen", { name: shown(input.name) }))), verdictSection(report));
  // What a browser does not show, nobody can miss: that has to stand beside every verdict on a folder.
  if (input.kind === "folder") made.append(element("p", { class: "warning" }, say("web", "folder-limits")));
  const stamps = stampsSection(report);
  if (stamps !== undefined) made.append(stamps);
  made.append(findingsSection(report), numbersSection(report));
  if (answer.rows.length > 0) made.append(itemsTable(answer));
  if (answer.skipped.length > 0) made.append(element("p", { class: "warning" }, say("web", "trust-skipped", { numbers: answer.skipped.join(", ") })));
  if (answer.isByFingerprint) made.append(element("p", {}, say("web", "fingerprints-win")));
  if (report.signers.length > 0) made.append(signersSection(report, now.toISOString()));
  made.append(headSection(report), limitsSection(), actions(report, input.name));
  const values = { findings: report.findings.length, items: report.sealed, entries: report.signers.length };
  made.append(element("p", { class: "end" }, say("web", "checked-by", { program: PROGRAM }), " ", say("web", "end", values)));
  const unreviewed = say("page", "unreviewed");
  if (unreviewed !== "") made.append(element("p", {}, unreviewed));
  return made;
}

/** The document that programs read, and that can be compared with what evtool verify says. */
export function documentOf(report: Report, name: string): string {
  const { exit_code } = report;
  const document = { format: "evtool-report/1", checked_by: PROGRAM, exit_code, reports: [{ path: name, ...report }] };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function actions(report: Report, name: string): HTMLElement {
  const save = (): void => {
    const address = URL.createObjectURL(new Blob([documentOf(report, name)], { type: "application/json" }));
    const link = element("a", { href: address, download: "evtool-report.json" });
    link.click();
    URL.revokeObjectURL(address);
  };
  return element(
    "p",
    { class: "actions" },
    button(say("web", "save"), save, { id: "save" }),
    button(say("web", "print"), () => window.print(), { id: "print" }),
  );
}

