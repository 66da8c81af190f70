// Input from the network, from a queue, and what a driver throws or returns: it may be a proxy, or have getters that
// throw, and nothing that somebody put on `Object.prototype` may count as input.

/** Returns what `read` returns, or `undefined` if it throws. */
export function readSafely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Returns one own property of an object, or `undefined` if there is none or if reading it throws. */
export function readOwnField(input: unknown, name: string): unknown {
  if (typeof input !== "object" || input === null) return undefined;
  return readSafely(() => (Object.hasOwn(input, name) ? (input as Record<string, unknown>)[name] : undefined));
}

/** Returns the own properties of an object, or none if it is not an object or if reading it throws. */
export function readOwnFields(input: unknown): Record<string, unknown> {
  const fields: Record<string, unknown> = Object.create(null);
  if (typeof input !== "object" || input === null) return fields;
  return readSafely(() => Object.assign(fields, input)) ?? Object.create(null);
}
