/** Everything in one script: the core, and the page where there is one. */

export * from "./core/index.ts";
