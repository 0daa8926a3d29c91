/** The catalogues, as `build.mjs` compiles them in: code of a language -> table -> name -> text. */
declare module "texts" {
  export const CATALOGUES: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
}
/** Version of evtool that the page belongs to. */
declare const EVTOOL_VERSION: string;
