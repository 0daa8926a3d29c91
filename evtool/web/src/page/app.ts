/** The page: what the user gives, and when which part of it is shown. */

import { type Early, isFingerprint, shown } from "../core/index.ts";
import type { Answer, Input, Question } from "../messages.ts";
import { bytes, LANGUAGES, languageNow, nameOf, say, setLanguage } from "./catalogue.ts";
import { button, element, field } from "./dom.ts";
import { Check, type MakeWorker, type Progress } from "./engine.ts";
import { ofDrop, ofFile, ofFolder } from "./input.ts";
import { consentBox, showAnswer, verdictOf } from "./result.ts";

/** What is on the screen. */
type Phase =
  | { readonly kind: "form"; readonly said: string }
  | { readonly kind: "busy"; readonly check: Check; early: Early | undefined }
  | { readonly kind: "answer"; readonly answer: Answer; readonly input: Input; readonly now: Date };

export class App {
  private phase: Phase = { kind: "form", said: "" };
  private input: Input | undefined;
  private lines = "";
  private fingerprints = "";
  private head = "";
  private drawn = 0;
  private readonly place = element("div");
  /** What is said aloud: only a place that stays on the page is listened to. */
  private readonly announced = element("p", { id: "announced", role: "status" });

  constructor(
    root: HTMLElement,
    private readonly makeWorker: MakeWorker,
  ) {
    setLanguage(navigator.language.slice(0, 2));
    root.replaceChildren(this.place, this.announced);
    // Anywhere on the page: a browser leaves the page for a file that is dropped beside the box.
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer !== null) this.take(event.dataTransfer);
    });
    this.draw();
  }

  private draw(focus?: string): void {
    document.documentElement.lang = languageNow();
    document.title = say("web", "title");
    const body = this.phase.kind === "form" ? this.form(this.phase.said) : this.result();
    this.place.replaceChildren(this.top(), ...body);
    this.announced.textContent = this.news();
    if (focus !== undefined) document.getElementById(focus)?.focus();
  }

  private news(): string {
    const { phase } = this;
    if (phase.kind === "answer") return verdictOf(phase.answer.report);
    if (phase.kind === "form") return phase.said === "" ? this.chosen() : phase.said;
    return phase.early === undefined ? say("web", "reading") : say("web", "busy");
  }

  // ------------------------------------------------------------------------------------------------------------- top

  private top(): HTMLElement {
    const languages = element("select", {});
    for (const each of LANGUAGES) {
      const option = element("option", { value: each, lang: each }, nameOf(each));
      option.selected = each === languageNow();
      languages.append(option);
    }
    languages.addEventListener("change", () => {
      setLanguage(languages.value);
      this.draw("language");
    });
    return element(
      "header",
      {},
      field("language", say("web", "language"), languages),
      element("h1", {}, say("web", "title")),
      element("p", { class: "hint" }, say("web", "offline")),
      element("p", {}, say("web", "what")),
      element("p", {}, say("web", "origin")),
    );
  }

  // ------------------------------------------------------------------------------------------------------------ form

  private form(said: string): HTMLElement[] {
    const made = element("form", { id: "form" });
    made.addEventListener("submit", (event) => {
      event.preventDefault();
      this.start();
    });
    const start = element("button", { type: "submit", id: "start" }, say("web", "start"));
    start.disabled = this.input === undefined;
    made.append(this.choosing(), this.trusting(), this.noting(), element("p", { class: "actions" }, start));
    made.append(element("p", { class: "warning", id: "said" }, said));
    return [made];
  }

  private choosing(): HTMLElement {
    const zip = element("input", { type: "file", accept: ".zip,.age" });
    const folder = element("input", { type: "file", webkitdirectory: "" });
    zip.addEventListener("change", () => {
      const file = zip.files?.[0];
      if (file !== undefined) this.choose(ofFile(file));
    });
    folder.addEventListener("change", () => {
      if (folder.files !== null && folder.files.length > 0) this.choose(ofFolder(folder.files));
    });
    return element(
      "fieldset",
      {},
      element("legend", {}, say("web", "choose")),
      field("zip", say("web", "zip"), zip),
      field("folder", say("web", "folder"), folder),
      element("p", { class: "drop", id: "drop" }, say("web", "drop")),
      element("p", {}, say("web", "folder-limits")),
      element("p", { id: "chosen" }, this.chosen()),
    );
  }

  private take(dropped: DataTransfer): void {
    if (this.phase.kind !== "form" || dropped.files.length === 0) return; // text may be dropped as well
    ofDrop(dropped).then((input) => this.choose(input), () => {
      if (this.phase.kind === "form") this.refuse(say("web", "drop-folder"), "folder"); // Chromium, for a page on disk
    });
  }

  private chosen(): string {
    const name = this.input?.name;
    return name === undefined ? say("web", "chosen-none") : say("web", "chosen", { name: shown(name) });
  }

  private choose(input: Input | undefined): void {
    if (this.phase.kind !== "form") return; // a large folder that was dropped before a check began
    this.input = input;
    this.phase = { kind: "form", said: input === undefined ? say("web", "age") : "" };
    this.draw(input === undefined ? "zip" : "start");
  }

  private trusting(): HTMLElement {
    const lines = element("textarea", { rows: "4", spellcheck: "false", autocomplete: "off" });
    lines.value = this.lines;
    lines.addEventListener("input", () => (this.lines = lines.value));
    const file = element("input", { type: "file" });
    file.addEventListener("change", () => {
      void file.files?.[0]?.text().then((text) => {
        this.lines = lines.value = text;
      });
    });
    const fingerprints = element("textarea", { rows: "2", spellcheck: "false", autocomplete: "off" });
    fingerprints.value = this.fingerprints;
    fingerprints.addEventListener("input", () => (this.fingerprints = fingerprints.value));
    return element(
      "fieldset",
      {},
      element("legend", {}, say("web", "trust")),
      element("p", {}, say("web", "trust-what")),
      field("lines", say("web", "trust-lines"), lines),
      field("lines-file", say("web", "trust-file"), file),
      field("fingerprints", say("web", "fingerprints"), fingerprints),
    );
  }

  private noting(): HTMLElement {
    const head = element("input", { type: "text", spellcheck: "false", autocomplete: "off" });
    head.value = this.head;
    head.addEventListener("input", () => (this.head = head.value));
    return element("fieldset", {}, element("legend", {}, say("web", "head")), field("head", say("head", "title"), head));
  }

  // ----------------------------------------------------------------------------------------------------------- running

  private start(): void {
    const { input } = this;
    if (input === undefined) return;
    const lines = this.fingerprints.split("\n").map((line) => line.trim());
    const wrong = lines.flatMap((line, at) => (line === "" || isFingerprint(line) ? [] : [at + 1]));
    if (wrong.length > 0) return this.refuse(say("web", "fingerprints-wrong", { numbers: wrong.join(", ") }), "fingerprints");
    const head = this.head.replace(/\s/g, "").toLowerCase();
    if (head !== "" && !/^[0-9a-f]{64}$/.test(head)) return this.refuse(say("web", "head-wrong"), "head");
    const now = new Date();
    const question: Question = {
      lines: this.lines, fingerprints: lines.filter(isFingerprint), head: head === "" ? undefined : head, now: now.getTime(),
    };
    const check = new Check(this.makeWorker, input, question, {
      onEarly: (early) => {
        if (this.phase.kind === "busy") this.phase.early = early;
        this.draw();
      },
      onProgress: (progress) => this.progress(progress),
      onAnswer: (answer) => {
        this.phase = { kind: "answer", answer, input, now };
        this.draw("result-title");
      },
      onError: (why) => {
        check.cancel();
        this.refuse(why === undefined ? say("finding", "worker-lost") : say("web", "failed", { why }), "start");
      },
    });
    this.phase = { kind: "busy", check, early: undefined };
    this.draw("cancel");
  }

  private refuse(said: string, focus: string): void {
    this.phase = { kind: "form", said };
    this.draw(focus);
  }

  private progress({ done, total, seconds }: Progress): void {
    const now = performance.now();
    if (now - this.drawn < 250) return;
    this.drawn = now;
    const bar = document.getElementById("bar");
    const text = document.getElementById("progress");
    if (!(bar instanceof HTMLProgressElement) || text === null) return;
    [bar.max, bar.value] = [Math.max(total, 1), done];
    const rate = done / Math.max(seconds, 0.001);
    const left = `${Math.ceil((total - done) / Math.max(rate, 1))} s`;
    text.textContent = say("web", "hashing", { done: bytes(done), total: bytes(total), rate: bytes(rate), left });
  }

  private result(): HTMLElement[] {
    const { phase } = this;
    const title = element("h2", { id: "result-title", tabindex: "-1", class: "quiet" }, say("web", "result"));
    if (phase.kind === "answer") {
      const region = element("div", { id: "result", role: "region", "aria-labelledby": "result-title" });
      region.append(showAnswer(phase.answer, phase.input, phase.now));
      return [title, region, element("p", { class: "actions" }, button(say("web", "again"), () => this.again(), { id: "again" }))];
    }
    if (phase.kind !== "busy") return [];
    const region = element("div", { id: "result", role: "region", "aria-labelledby": "result-title", "aria-busy": "true" });
    if (phase.early !== undefined) region.append(consentBox(phase.early), element("p", {}, say("web", "busy")));
    const bar = element("progress", { id: "bar", "aria-label": say("web", "reading"), max: "1" });
    const cancel = button(say("web", "cancel"), () => {
      phase.check.cancel();
      this.refuse(say("web", "cancelled"), "start");
    }, { id: "cancel" });
    return [title, region, element("p", {}, bar), element("p", { id: "progress" }, say("web", "reading")), element("p", { class: "actions" }, cancel)];
  }

  private again(): void {
    this.input = undefined;
    this.refuse("", "zip");
  }
}
