/** Markup that is inserted as it is. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

export type Child = Html | string | number | false | undefined | readonly Child[];

/** A template whose values are escaped, unless they are {@link Html}. `false` and `undefined` leave nothing. */
export const html = (strings: TemplateStringsArray, ...children: readonly Child[]): Html =>
  new Html(String.raw({ raw: strings }, ...children.map(render)));

function render(child: Child): string {
  if (child === false || child === undefined) return "";
  if (child instanceof Html) return child.markup;
  return typeof child === "object" ? child.map(render).join("") : escapeText(String(child));
}

/** Makes text inert in the content of elements and in quoted attributes. Browsers drop or misread control characters. */
const escapeText = (text: string): string =>
  text.replace(/[&<>"']|(?![\t\r\n])\p{Cc}/gu, (character) =>
    /\p{Cc}/u.test(character) ? "\ufffd" : `&#${character.charCodeAt(0)};`,
  );
