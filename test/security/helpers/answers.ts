import type { Answer } from "../../e2e/client.ts";

/** All that a visitor can see of an answer, in the order in which it came, but the time of day. */
export const bytesOf = ({ status, headers, body }: Answer): string =>
  JSON.stringify([status, Object.entries(headers).filter(([name]) => name !== "date"), body]);

/** What differs between some things, for an `expect` that shows all of them when there is more than one. */
export const kinds = (things: readonly unknown[]): string[] => [
  ...new Set(things.map((thing) => (typeof thing === "string" ? thing : JSON.stringify(thing)))),
];
