/** Runs one check: a worker that verifies, and some that hash for it. */

import type { Digests, Early } from "../core/index.ts";
import { type Answer, type FromWorker, type HashJob, type Input, type Question, reason, type ToWorker } from "../messages.ts";

/** How far the reading is. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly seconds: number;
}

export interface Listener {
  readonly onEarly: (early: Early) => void;
  readonly onProgress: (progress: Progress) => void;
  readonly onAnswer: (answer: Answer) => void;
  /** Told why there is no answer; undefined if a worker died, which says no more. */
  readonly onError: (why: string | undefined) => void;
}

const MOST_WORKERS = 4;
/** A batch of files for one worker: so many at most, and so many bytes if they are small. */
const BATCH_FILES = 64;
const BATCH_BYTES = 16 * 1024 * 1024;

/** Makes workers that run the script of this page. */
export type MakeWorker = () => Worker;

export class Check {
  private readonly workers: Worker[] = [];
  private readonly files = new Map<string, Blob>();
  private readonly began = performance.now();
  private done = 0;
  private total = 0;

  constructor(
    private readonly makeWorker: MakeWorker,
    private readonly input: Input,
    question: Question,
    private readonly listener: Listener,
  ) {
    if (input.kind === "folder") for (const { path, file } of input.files) this.files.set(rawKey(path), file);
    const verifier = this.start((message) => this.hear(message, verifier), () => listener.onError(undefined));
    post(verifier, { kind: "verify", input, question });
  }

  /** End all of it; nothing is known then. */
  cancel(): void {
    for (const worker of this.workers) worker.terminate();
    this.workers.length = 0;
  }

  private start(hear: (message: FromWorker) => void, lose: () => void): Worker {
    const worker = this.makeWorker();
    worker.addEventListener("message", (event: MessageEvent<FromWorker>) => {
      if (this.workers.includes(worker)) hear(event.data); // what was under way when the check ended counts no more
    });
    worker.addEventListener("error", lose);
    worker.addEventListener("messageerror", lose);
    this.workers.push(worker);
    return worker;
  }

  private hear(message: FromWorker, verifier: Worker): void {
    if (message.kind === "record") this.listener.onEarly(message.early);
    else if (message.kind === "hash") {
      this.hash(message.jobs).then(
        (hashed) => post(verifier, hashed),
        (error: unknown) => this.listener.onError(reason(error)),
      );
    } else if (message.kind === "answer") {
      this.cancel();
      this.listener.onAnswer(message.answer);
    } else if (message.kind === "error") {
      this.cancel();
      this.listener.onError(message.why);
    }
  }

  /** Hash files in several workers; what a worker that dies had in hand stays unread. */
  private async hash(jobs: readonly HashJob[]): Promise<Extract<ToWorker, { kind: "hashed" }>> {
    this.total = jobs.reduce((sum, job) => sum + job.size, 0);
    const batches = makeBatches(jobs);
    const digests = new Map<string, Digests>();
    let [refusal, lost] = ["", 0];
    const serve = async (): Promise<void> => {
      let answer: (message: Extract<FromWorker, { kind: "digests" }> | undefined) => void = () => undefined;
      const worker = this.start(
        (message) => {
          if (message.kind === "progress") this.tell(message.bytes);
          else if (message.kind === "digests") answer(message);
          else if (message.kind === "error") answer(undefined);
        },
        () => answer(undefined),
      );
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
        const waiting = new Promise<Extract<FromWorker, { kind: "digests" }> | undefined>((resolve) => (answer = resolve));
        // The container goes along once, and not with each of its files: to hand over a blob takes time.
        const container = this.input.kind === "zip" ? this.input.file : undefined;
        post(worker, { kind: "hash", container, parts: batch.map((job) => ({ ...job, blob: this.files.get(job.path) })) });
        const message = await waiting;
        if (message === undefined) {
          lost++;
          return;
        }
        for (const [path, each] of message.digests) digests.set(path, each);
        refusal ||= message.refusal;
      }
    };
    const count = Math.max(1, Math.min(MOST_WORKERS, navigator.hardwareConcurrency || 2, batches.length));
    await Promise.all(Array.from({ length: count }, serve));
    return { kind: "hashed", digests, refusal, lost };
  }

  private tell(count: number): void {
    this.done += count;
    this.listener.onProgress({ done: this.done, total: this.total, seconds: (performance.now() - this.began) / 1000 });
  }
}

function post(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}

/** Paths travel as raw strings: one character for each byte of UTF-8. */
function rawKey(path: string): string {
  return Array.from(new TextEncoder().encode(path), (byte) => String.fromCharCode(byte)).join("");
}

function makeBatches(jobs: readonly HashJob[]): HashJob[][] {
  const batches: HashJob[][] = [];
  let size = 0;
  for (const job of jobs) {
    const last = batches.at(-1);
    if (last === undefined || last.length >= BATCH_FILES || size + job.size > BATCH_BYTES) {
      batches.push([job]);
      size = job.size;
    } else {
      last.push(job);
      size += job.size;
    }
  }
  return batches;
}

