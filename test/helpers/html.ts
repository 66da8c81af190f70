/** An element as it was opened: its name, and its attributes with their values as a browser reads them. */
export interface Element {
  name: string;
  attributes: Record<string, string>;
}

/** A document as a list of its elements and the text that a reader sees, one piece for each run of text. */
export interface Document {
  elements: Element[];
  text: string[];
  /** The elements and how they are nested, attributes by name only: what no value may change. */
  tree: string;
}

const TOKEN = /<!doctype html>|<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+="[^"<>]*")*)>|([^<>]+)/gy;
const VOID = new Set(["meta", "br", "img", "input", "link", "hr"]);

/**
 * Reads the strict HTML that the mails are written in, and throws on everything else: an angle bracket in a
 * text or in an attribute, an element left open, an ampersand that starts no character reference.
 */
export function parseHtml(html: string): Document {
  const elements: Element[] = [];
  const text: string[] = [];
  const open: string[] = [];
  let tree = "";
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < html.length) {
    const from = TOKEN.lastIndex;
    const [, slash, name, attributeText = "", words] = TOKEN.exec(html) ?? [];
    if (TOKEN.lastIndex === 0) throw new Error(`no HTML from ${from}: ${html.slice(from, from + 60)}`);
    if (words !== undefined && open.at(-1) !== "style") {
      if (words.trim() !== "") text.push(decode(words.trim()));
    } else if (name !== undefined && slash === "/") {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
      tree += ")";
    } else if (name !== undefined) {
      const attributes = Object.fromEntries(
        [...attributeText.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [
          key,
          decode(value),
        ]),
      );
      elements.push({ name, attributes });
      tree += ` ${name}[${Object.keys(attributes).join(" ")}]`;
      if (VOID.has(name)) continue;
      open.push(name);
      tree += "(";
    }
  }
  if (open.length > 0) throw new Error(`left open: ${open.join(" ")}`);
  return { elements, text, tree };
}

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"' };

const decode = (source: string): string =>
  source.replace(/&(?:#(\d+);|([a-z]+);|)/g, (reference, code?: string, name?: string) => {
    const character = code === undefined ? NAMED[name ?? ""] : String.fromCodePoint(Number(code));
    if (character === undefined) throw new Error(`a bare ampersand: ${reference} in ${source}`);
    return character;
  });
