type Attributes = Readonly<Record<string, string | boolean | undefined>>;

/** A new element. What it holds goes in as text: nothing here ever reads HTML. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

export function button(label: string, onClick: () => unknown, attributes: Attributes = {}): HTMLButtonElement {
  const made = element("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", () => void onClick());
  return made;
}

/** Lists terms with their meanings. Values that are code appear in a monospaced font. */
export function facts(entries: Readonly<Record<string, Node | string>>): HTMLDListElement {
  const rows = Object.entries(entries).map(([term, value]) =>
    element("div", {}, element("dt", {}, term), element("dd", {}, value)),
  );
  return element("dl", {}, ...rows);
}

export const code = (text: string): HTMLElement => element("code", {}, text);

/** The result of a call, unchanged. */
export const json = (value: unknown): string => JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");

/** The element of the page with this id, of the kind that is expected there. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} "${id}"`);
}

export const timeOf = (at: Date): string => at.toLocaleTimeString("en-GB");

/** A date as well, where the clock may have passed midnight. */
export const instantOf = (at: Date): string =>
  `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${timeOf(at)}`;
