/** A piece of HTML that is safe to put into a page as it stands. */
export class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

type Child = Html | string | number | false | null | undefined | readonly Child[];

/** A template whose values are escaped unless they are {@link Html} themselves; `false` and nothing leave a blank. */
export function html(markup: TemplateStringsArray, ...children: Child[]): Html {
  return new Html(String.raw({ raw: markup }, ...children.map(inert)));
}

function inert(child: Child): string {
  if (child === false || child === null || child === undefined) return "";
  if (child instanceof Html) return String(child);
  return typeof child === "object" ? child.map(inert).join("") : escapeHtml(String(child));
}

/** Text made inert in element content and in quoted attributes. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
