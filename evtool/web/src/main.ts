/** Everything in one script: the core for whoever loads it, the page where there is one, and the workers of the page. */

import type { FromWorker, ToWorker } from "./messages.ts";
import { App } from "./page/app.ts";
import { documentOf } from "./page/result.ts";
import { startWorker } from "./worker.ts";

export * from "./core/index.ts";
export { documentOf };

/** Let the page make workers of its own script; no other address is ever given to one. */
function workersOf(script: string): () => Worker {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const types = (globalThis as { trustedTypes?: { createPolicy: (name: string, rules: object) => { createScriptURL: (text: string) => string } } })
    .trustedTypes;
  const rules = {
    createScriptURL: (text: string): string => {
      if (text !== address) throw new TypeError("not the script of this page");
      return text;
    },
  };
  const trusted = types === undefined ? address : types.createPolicy("evtool-worker", rules).createScriptURL(address);
  return () => new Worker(trusted);
}

const root = typeof document === "undefined" ? null : document.getElementById("app");
if (root !== null) new App(root, workersOf(document.currentScript?.textContent ?? ""));
else if (typeof document === "undefined" && typeof self !== "undefined" && "WorkerGlobalScope" in self) {
  startWorker(
    (message: FromWorker) => self.postMessage(message),
    (hear) => self.addEventListener("message", (event: MessageEvent<ToWorker>) => hear(event.data)),
  );
}
