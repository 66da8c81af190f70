/** A piece of HTML that can go into a page as it is. */
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

/** Fills a template. Values are escaped unless they are {@link Html} themselves; `false` and `undefined` leave a blank. */
export function html(markup: TemplateStringsArray, ...children: Child[]): Html {
  return new Html(String.raw({ raw: markup }, ...children.map(render)));
}

function render(child: Child): string {
  if (child === false || child === null || child === undefined) return "";
  if (child instanceof Html) return String(child);
  return typeof child === "object" ? child.map(render).join("") : escapeHtml(String(child));
}

/** Escapes a string for element content and for quoted attributes. */
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
