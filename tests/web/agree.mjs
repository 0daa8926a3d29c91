/**
 * Runs the script of the page without a page, on what is asked for, and prints what it says.
 *
 *     node agree.mjs check.html < jobs.json > answers.json
 *
 * It is the script that lies in the file, byte for byte. Each job says its `kind`: `verify` a folder or a container,
 * read a `signature` or read a `zip`. One process answers all of them.
 */

import { readFileSync } from "node:fs";
import vm from "node:vm";

import { diskBytes, diskSource, hashFilesOf } from "./disk.mjs";

const page = readFileSync(process.argv[2], "utf8");
const script = /<script>([\s\S]*)<\/script>/.exec(page)[1];
vm.runInThisContext(`${script}\nglobalThis.evtoolPage = evtoolPage;`);
const core = globalThis.evtoolPage;
await core.prepare();

/** One hasher for all: the code of the hash functions is compiled once. */
const hasher = await core.FileHasher.make();

async function check(path, job) {
  const isZip = job.zip === true;
  let source;
  try {
    source = isZip ? await core.ZipSource.open(diskBytes(path)) : diskSource(core, path);
  } catch (error) {
    if (!(error instanceof core.ZipError)) throw error;
    return { report: core.refused(error.message), links: [], rows: [] };
  }
  const recipients = Object.entries(job.recipients ?? {}).map(([code, lines]) => [
    code,
    lines.map((line) => core.readKeyWords(...line.split(" ").slice(0, 2))),
  ]);
  const trust = {
    ...core.NOBODY,
    ...core.readSigners(job.trust ?? ""),
    fingerprints: job.fingerprints ?? [],
    recipients: new Map(recipients),
  };
  return core.verify(source, {
    trust,
    now: Date.parse(job.now),
    head: job.head ?? undefined,
    signers: job.signers ?? 1,
    hashFiles: hashFilesOf(core, source, hasher),
    ...(job.continued && path === job.path ? { continued: diskSource(core, job.continued) } : {}),
  });
}

/** Step 5e, which is about two records: a copy that anybody could have signed accuses nobody. */
async function compareWith(job, result) {
  const other = await check(job.beside, job);
  const parting = core.findParting(other.links, result.links);
  if (parting === undefined) return result.report;
  const trusted = new Set([...other.report.signers, ...result.report.signers].filter((each) => each.trusted).map((each) => each.head));
  const isProven = parting.every((link) => trusted.has(link.head));
  const finding = { code: "records-part", effect: isProven ? "disproves" : "open", item: null, entry: parting[1].entry.sequence, path: null };
  const { report } = result;
  const exit = isProven ? 1 : report.exit_code === 0 ? 3 : report.exit_code;
  return { ...report, exit_code: exit, findings: [...report.findings, finding] };
}

async function readContainer(path) {
  const located = [];
  try {
    const bytes = diskBytes(path);
    try {
      await core.readZip(bytes, (entry, start) => located.push({ entry, start }));
    } catch (error) {
      await readAll(bytes, located.slice(0, -1)); // of two faults the one that comes first counts
      throw error;
    }
    await readAll(bytes, located);
    return "read";
  } catch (error) {
    if (error instanceof core.ZipError) return error.refusal;
    throw error;
  }
}

async function readAll(bytes, located) {
  for (const { entry, start } of located) {
    const isDeflated = entry.method === 8;
    const place = { start, end: start + entry.compressed, size: entry.size, isDeflated, crc: entry.crc };
    const { crc } = await hasher.hash(core.readData(bytes, place), true);
    if (crc !== entry.crc) throw new core.ZipError("crc");
  }
}

function readSignature(job) {
  try {
    core.verifySignature(Buffer.from(job.armored, "base64"), Buffer.from(job.message, "base64"));
    return "success";
  } catch (error) {
    if (error instanceof core.FormError) return "format failure";
    if (error instanceof core.SignatureError) return "signature failure";
    throw error;
  }
}

const answers = [];
for (const job of JSON.parse(readFileSync(0, "utf8"))) {
  if (job.kind === "verify") {
    const result = await check(job.path, job);
    answers.push(job.beside ? await compareWith(job, result) : result.report);
  } else answers.push(job.kind === "zip" ? await readContainer(job.path) : readSignature(job));
}
process.stdout.write(JSON.stringify(answers));
