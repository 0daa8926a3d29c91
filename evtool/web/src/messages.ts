/** What the page and its workers say to each other. */

import type { Digests, Early, Located, Report, Row } from "./core/index.ts";

/** What the user chose: a container, or the files of a folder with their paths as text. */
export type Input =
  | { readonly kind: "zip"; readonly name: string; readonly file: File }
  | {
      readonly kind: "folder";
      readonly name: string;
      readonly files: readonly { readonly path: string; readonly file: File }[];
      readonly directories: readonly string[];
    };

/** What the user asks. */
export interface Question {
  readonly lines: string;
  readonly fingerprints: readonly string[];
  readonly head: string | undefined;
  readonly now: number;
}

/** One file to be hashed; of a container, where its data lies. */
export interface HashJob {
  readonly path: string;
  readonly size: number;
  readonly located: Located | undefined;
}

/** The answer. */
export interface Answer {
  readonly report: Report;
  readonly rows: readonly Row[];
  /** Names of programs that somebody put beside the evidence. */
  readonly planted: readonly string[];
  readonly skipped: readonly number[];
  /** Whether fingerprints were given, so that lines counted for nothing. */
  readonly isByFingerprint: boolean;
}

export type ToWorker =
  | { readonly kind: "verify"; readonly input: Input; readonly question: Question }
  | { readonly kind: "hashed"; readonly digests: ReadonlyMap<string, Digests>; readonly refusal: string; readonly lost: number }
  | { readonly kind: "hash"; readonly container: Blob | undefined; readonly parts: readonly HashPart[] };

/** A file for a worker that hashes, or where its data lies in the container. */
export interface HashPart {
  readonly path: string;
  readonly size: number;
  readonly blob: Blob | undefined;
  readonly located: Located | undefined;
}

export type FromWorker =
  | { readonly kind: "record"; readonly early: Early }
  | { readonly kind: "hash"; readonly jobs: readonly HashJob[] }
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "error"; readonly why: string }
  | { readonly kind: "progress"; readonly bytes: number }
  | { readonly kind: "digests"; readonly digests: ReadonlyMap<string, Digests>; readonly refusal: string };

/** What went wrong, in words of the browser that stand within a sentence. */
export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error)).replace(/[.\s]+$/, "");
