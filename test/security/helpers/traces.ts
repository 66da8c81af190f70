import { inspect } from "node:util";

/** A secret as it may be found again: as it is, and as programs write it. */
export function spellings(secret: string): string[] {
  const texts = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
  const bytes = [Buffer.from(secret), Buffer.from(secret, "base64url")].filter(({ length }) => length >= 8);
  const coded = bytes.flatMap((each) => [
    each.toString("hex"),
    each.toString("base64").replace(/=+$/, ""),
    each.toString("base64url"),
    each.join(","),
    each.join(", "),
  ]);
  return [...new Set([...texts, ...coded])];
}

/** Everything about these things that can be printed: their hidden properties, their causes, as JSON and as text. */
export function printed(...things: unknown[]): string {
  const options = {
    depth: 12,
    showHidden: true,
    maxArrayLength: null,
    maxStringLength: null,
    breakLength: 1e9,
  };
  const texts = things.map((thing) => `${String(thing)} ${json(thing)} ${inspect(thing, options)}`);
  return texts.join("\n");
}

function json(thing: unknown): string {
  try {
    return JSON.stringify(thing) ?? "";
  } catch {
    return "";
  }
}

/** Which of these secrets are in the text, in whichever spelling. */
export const leaked = (text: string, ...secrets: string[]): string[] =>
  secrets.flatMap(spellings).filter((spelling) => text.includes(spelling));

/** Writes down every argument and every answer of the methods of these objects. */
export function writeDown(notes: unknown[], ...ports: object[]): void {
  for (const port of ports as Record<string, unknown>[]) {
    for (const [name, method] of Object.entries(port)) {
      if (typeof method !== "function") continue;
      port[name] = async (...given: unknown[]) => {
        notes.push([name, given]);
        const answer: unknown = await method.apply(port, given);
        notes.push([name, answer]);
        return answer;
      };
    }
  }
}
