import { byteLength } from "../lib/bytes.ts";
import { mustBe, type Reader } from "../lib/shape.ts";

export const DEFAULT_TABLE = "password_reset_tokens";

/**
 * Reads the name of a table or schema. Postgres keeps 63 bytes of a name: of two longer names that it cuts alike, the
 * second would not be created. A table whose indexes are named after it may have 52.
 */
export const aName =
  (maxBytes = 63): Reader<string> =>
  (value, path) => {
    if (typeof value === "string" && /^[^\0]+$/.test(value) && byteLength(value) <= maxBytes) return value;
    throw mustBe(path, `a name of 1 to ${maxBytes} bytes without NUL`, value, '"password_reset_tokens"');
  };

/** Quotes a name of one or several parts, so that it can be nothing else than a name. Leaves out missing parts. */
export const quoteName = (quote: '"' | "`", ...parts: (string | undefined)[]): string =>
  parts
    .filter((part) => part !== undefined)
    .map((part) => quote + part.replaceAll(quote, quote + quote) + quote)
    .join(".");

/** Writes the statements that create the indexes of a table. `name` is its quoted name. */
export const createIndexes = (table: string, name: string): string[] =>
  ["user_id", "expires_at"].map((column) => {
    const index = quoteName('"', `${table}_${column}`);
    return `CREATE INDEX IF NOT EXISTS ${index} ON ${name} (${column})`;
  });
