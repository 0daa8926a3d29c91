/** Building the page. Everything that is said goes in as text, never as markup. */

type Child = Node | string | undefined;

/** Make an element with attributes and children. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  for (const child of children) if (child !== undefined) made.append(child);
  return made;
}

/** Show something that came from outside: isolated, so that no name turns the text around it. */
export const outside = (text: string): HTMLElement => element("bdi", {}, text);

/** Show a digest, a key or a code. */
export const code = (text: string): HTMLElement => element("code", {}, text);

export function button(text: string, act: () => void, attributes: Readonly<Record<string, string>> = {}): HTMLButtonElement {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", act);
  return made;
}

/** Make a table; the first cell of each row is its header. */
export function table(name: string, headers: readonly string[], rows: readonly (readonly Child[])[]): HTMLElement {
  const head = element("tr", {}, ...headers.map((text) => element("th", { scope: "col" }, text)));
  const body = rows.map(([first, ...others]) =>
    element("tr", {}, element("th", { scope: "row" }, first), ...others.map((cell) => element("td", {}, cell))),
  );
  const made = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
  // Wide on a narrow screen; whoever uses the keyboard scrolls it as well.
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": name }, made);
}

export const section = (id: string, title: string, ...children: readonly Child[]): HTMLElement =>
  element("section", { id, "aria-labelledby": `${id}-title` }, element("h2", { id: `${id}-title` }, title), ...children);

/** A labelled field. */
export function field(id: string, label: string, input: HTMLElement): HTMLElement {
  input.id = id;
  return element("p", { class: "field" }, element("label", { for: id }, label), input);
}
