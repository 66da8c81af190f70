/** A name for SQL, of one or several parts, quoted so that no name can be anything but a name. */
export function quoted(quote: '"' | "`", ...parts: string[]): string {
  for (const part of parts) {
    if (part === "" || part.length > 63 || part.includes("\0"))
      throw new TypeError("a table name has 1 to 63 characters");
  }
  return parts.map((part) => quote + part.replaceAll(quote, quote + quote) + quote).join(".");
}
