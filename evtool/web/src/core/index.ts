/** What the page, and tests, use of the core. */

export { FormError, raw, unraw } from "./bytes.ts";
export { AXES, REQUIRED } from "./findings.ts";
export { type Digests, FileHasher, prepare } from "./hashes.ts";
export { findParting } from "./houses.ts";
export type { Report } from "./report.ts";
export type { HashFiles, Source, Thing } from "./source.ts";
export { readKeyWords, SignatureError, verifySignature } from "./sshsig.ts";
export { inFours, isFingerprint, shown, store } from "./text.ts";
export { NOBODY, readSigners, type Trust } from "./trust.ts";
export { type Early, refused, type Result, type Row, verify } from "./verify.ts";
export { type Bytes, type Located, readData, readZip, ZipError, ZipSource } from "./zip.ts";
