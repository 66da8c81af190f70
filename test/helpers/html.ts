/** An element with its attributes, whose values are decoded as in a browser. */
export interface Element {
  name: string;
  attributes: Record<string, string>;
}

/** A document as a list of its elements and of its visible strings. */
export interface Document {
  elements: Element[];
  text: string[];
  /** Returns the visible strings inside an element, joined. */
  textOf(element: Element | undefined): string;
  /** The nested elements with the names of their attributes. No value may change this. */
  tree: string;
}

const TOKEN =
  /<!doctype html>|<!--[^<>]*-->|<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z-]+(?:="[^"<>]*")?)*)(\/?)>|([^<>]+)/gy;
const VOID = new Set(["meta", "br", "img", "input", "link", "hr"]);

/**
 * Parses the strict HTML of emails and pages. Throws on everything else: an angle bracket in a string or an attribute, an
 * unclosed element, an ampersand that does not start a character reference.
 */
export function parseHtml(html: string): Document {
  const elements: Element[] = [];
  const text: string[] = [];
  const inside = new Map<Element | undefined, string>();
  const open: Element[] = [];
  let tree = "";
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < html.length) {
    const from = TOKEN.lastIndex;
    const [, slash, name, attributeText = "", end, words] = TOKEN.exec(html) ?? [];
    if (TOKEN.lastIndex === 0) throw new Error(`Not HTML at ${from}: ${html.slice(from, from + 60)}`);
    if (words !== undefined && open.at(-1)?.name !== "style") {
      if (words.trim() !== "") text.push(decode(words.trim()));
      for (const element of open) inside.set(element, (inside.get(element) ?? "") + decode(words));
    } else if (name !== undefined && slash === "/") {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes no element.`);
      tree += ")";
    } else if (name !== undefined) {
      const attributes = Object.fromEntries(
        [...attributeText.matchAll(/([a-zA-Z-]+)(?:="([^"]*)")?/g)].map(([, key = "", value = ""]) => [
          key,
          decode(value),
        ]),
      );
      const element = { name, attributes };
      elements.push(element);
      tree += ` ${name}[${Object.keys(attributes).join(" ")}]`;
      if (VOID.has(name) || end === "/") continue;
      open.push(element);
      tree += "(";
    }
  }
  if (open.length > 0) throw new Error(`Unclosed: ${open.map(({ name }) => name).join(" ")}`);
  return { elements, text, tree, textOf: (element) => inside.get(element) ?? "" };
}

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"' };

const decode = (source: string): string =>
  source.replace(/&(?:#(\d+);|([a-z]+);|)/g, (reference, code?: string, name?: string) => {
    const character = code === undefined ? NAMED[name ?? ""] : String.fromCodePoint(Number(code));
    if (character === undefined) throw new Error(`Bare ampersand: ${reference} in ${source}`);
    return character;
  });
