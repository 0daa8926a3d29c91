/**
 * Builds check.html: one file with its style, its texts and its script, which nobody has to trust unread.
 *
 *     npm ci --ignore-scripts && node build.mjs           writes check.html and LICENSES.txt
 *     node build.mjs --check                              fails if they are not what this writes
 *
 * The script is not minified. The same sources give the same bytes.
 */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { parse } from "smol-toml";

const here = dirname(fileURLToPath(import.meta.url));
const texts = join(here, "..", "report", "texts");
const read = (path) => readFileSync(path, "utf8");


function tablesOf(value, prefix = "") {
  const found = {};
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner !== "object") continue;
    const texts = Object.fromEntries(Object.entries(inner).filter(([, text]) => typeof text === "string"));
    if (Object.keys(texts).length > 0) found[prefix + name] = texts;
    Object.assign(found, tablesOf(inner, `${prefix}${name}.`));
  }
  return found;
}

/** What the page says of the catalogues: whole tables, or some texts of a table. */
const WHOLE = [
  "consent", "verdict", "axis", "state", "fate", "effect", "event", "limits", "term.any", "term.handling", "term.status",
  "term.for", "term.identity", "term.onward", "term.defence", "term.conditions", "web", "note", "finding",
];
const SOME = {
  language: ["name"],
  page: ["yes", "no", "item", "entry", "number", "collection", "not-known", "unreviewed"],
  head: ["title", "what", "none"],
  findings: ["title", "none", "more", "expected", "found", "code"],
  timeline: ["event", "agent", "claimed"],
  time: ["title"],
};

function catalogue(language) {
  const { term = {} } = parse(read(join(texts, `${language}.toml`)));
  const all = tablesOf({ term });
  for (const folder of ["page", "web"]) Object.assign(all, tablesOf(parse(read(join(texts, folder, `${language}.toml`)))));
  const lacking = [...WHOLE, ...Object.keys(SOME)].filter((table) => all[table] === undefined);
  if (lacking.length > 0) throw new Error(`${language} has no texts for ${lacking.join(", ")}`);
  const some = ([table, names]) => [table, Object.fromEntries(names.map((name) => [name, all[table][name]]))];
  return Object.fromEntries([...WHOLE.map((table) => [table, all[table]]), ...Object.entries(SOME).map(some)]);
}

const catalogues = {
  name: "texts",
  setup(plugin) {
    plugin.onResolve({ filter: /^texts$/ }, () => ({ path: "texts", namespace: "texts" }));
    plugin.onLoad({ filter: /.*/, namespace: "texts" }, () => {
      const all = { en: catalogue("en"), ko: catalogue("ko") };
      return { contents: `export const CATALOGUES = ${JSON.stringify(all, null, 1).replaceAll('\n  ', '\n')};`, loader: "js" };
    });
  },
};

async function script() {
  const version = /^version = "([^"]+)"$/m.exec(read(join(here, "..", "..", "pyproject.toml")))[1];
  const result = await build({
    absWorkingDir: here,
    entryPoints: ["src/main.ts"],
    bundle: true,
    format: "cjs",
    target: "es2022",
    charset: "utf8",
    legalComments: "eof",
    define: { EVTOOL_VERSION: JSON.stringify(version) },
    plugins: [catalogues],
    write: false,
  });
  // What tells a bundler that a call has no effect tells a reader nothing.
  const code = result.outputFiles[0].text.replaceAll("/* @__PURE__ */ ", "");
  // Not esbuild's own form of this, which indents every line of every library.
  return `\nvar evtoolPage = (() => {\nconst module = { exports: {} };\n${code}return module.exports;\n})();\n`;
}

/** SHA-256 over all that the page is made of, but for its texts: whoever has no esbuild can still tell an old page. */
function sources() {
  const folders = ["src", "src/core", "src/page"];
  const names = ["build.mjs", "package-lock.json", "package.json", "page.css", "page.html"];
  for (const folder of folders) names.push(...readdirSync(join(here, folder)).filter((name) => name.endsWith(".ts")).map((name) => `${folder}/${name}`));
  const lines = names.sort().map((name) => `${createHash("sha256").update(readFileSync(join(here, name))).digest("hex")}  ${name}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex");
}

const digest = (text) => `'sha256-${createHash("sha256").update(text, "utf8").digest("base64")}'`;

function page(code, style) {
  if (/<\/script|<!--/i.test(code)) throw new Error("the script would end in the middle");
  const policy = [
    "default-src 'none'",
    `script-src ${digest(code)} 'wasm-unsafe-eval'`,
    "worker-src blob:",
    `style-src ${digest(style)}`,
    "connect-src 'none'",
    "form-action 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types evtool-worker",
  ].join("; ");
  const parts = { "@POLICY@": policy, "@STYLE@": style, "@SCRIPT@": code, "@SOURCES@": sources() };
  return read(join(here, "page.html")).replace(/@[A-Z]+@/g, (name) => parts[name]);
}

/** The licences of what is in the page, as their packages give them. */
function licences() {
  const { dependencies } = JSON.parse(read(join(here, "package.json")));
  const parts = Object.keys(dependencies).sort().map((name) => {
    const folder = join(here, "node_modules", name);
    const about = JSON.parse(read(join(folder, "package.json")));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    if (file === undefined || !existsSync(join(folder, file))) throw new Error(`${name} has no licence`);
    return `${name} ${about.version} (${about.license})\n\n${read(join(folder, file)).trim()}\n`;
  });
  return `check.html contains these packages, unchanged.\n\n${parts.join("\n----\n\n")}`;
}

const made = { "check.html": page(await script(), read(join(here, "page.css"))), "LICENSES.txt": licences() };
for (const [name, text] of Object.entries(made)) {
  const path = join(here, name);
  if (!process.argv.includes("--check")) writeFileSync(path, text);
  else if (!existsSync(path) || read(path) !== text) {
    console.error(`${name} is not what its sources give: run node build.mjs`);
    process.exitCode = 1;
  }
}
