/** The table of items: filtered, 200 rows a view. */

import type { Row } from "../core/index.ts";
import type { Answer } from "../messages.ts";
import { say, withSeparators } from "./catalogue.ts";
import { button, code, element, field, outside, section, table } from "./dom.ts";

const ROWS = 200;
const PLAIN = ["ok", "stated_only", "omitted", "disposed"];

/** Show the items, and let the reader look for some of them. */
export function itemsTable(answer: Answer): HTMLElement {
  const found = new Set(answer.report.findings.flatMap((finding) => (finding.item === null ? [] : [finding.item])));
  const which = element("select", {});
  which.append(element("option", { value: "all" }, say("web", "items-all")), element("option", { value: "found" }, say("web", "items-found")));
  const search = element("input", { type: "search", autocomplete: "off" });
  const count = element("p", { role: "status" });
  const place = element("div", {});
  let start = 0;

  const chosen = (): Row[] =>
    answer.rows.filter((row) => {
      const isFound = !PLAIN.includes(row.fate) || found.has(row.number);
      const text = search.value.trim();
      return (which.value === "all" || isFound) && (text === "" || String(row.number).includes(text) || (row.name ?? "").includes(text));
    });

  const draw = (): void => {
    const rows = chosen();
    start = Math.max(0, Math.min(start, Math.floor((rows.length - 1) / ROWS) * ROWS));
    const shown = rows.slice(start, start + ROWS).map((row) => [
      String(row.number),
      outside(row.name ?? say("web", "withheld-name")),
      say("fate", row.fate),
      row.size === null ? "" : withSeparators(row.size),
      row.sha256 === "" ? "" : code(row.sha256),
    ]);
    const headers = [say("web", "number"), say("web", "name"), say("web", "fate"), say("web", "size"), "SHA-256"];
    place.replaceChildren(table(say("web", "items"), headers, shown));
    const from = rows.length === 0 ? "0" : `${withSeparators(start + 1)}-${withSeparators(start + shown.length)}`;
    count.textContent = `${say("web", "items-count", { shown: rows.length, total: answer.rows.length })} (${from})`;
    back.disabled = start === 0;
    on.disabled = start + ROWS >= rows.length;
  };

  const turn = (by: number) => (): void => {
    start += by;
    draw();
  };
  const back = button(say("web", "previous"), turn(-ROWS));
  const on = button(say("web", "next"), turn(ROWS));
  for (const input of [which, search]) input.addEventListener("input", () => turn(-start)());
  const tools = element("div", { class: "tools" }, field("which", say("web", "items-filter"), which), field("search", say("web", "items-search"), search));
  draw();
  return section("items", say("web", "items"), tools, count, place, element("p", { class: "actions" }, back, on));
}
