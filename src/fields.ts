/** What `read` answers, or `undefined` when it throws: input may be a proxy, or have getters. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/**
 * The own properties of whatever came in: what somebody put on `Object.prototype` is not input. Anything that is no
 * object, or throws when it is read, has none.
 */
export function ownFields(input: unknown): Record<string, unknown> {
  const isObject = typeof input === "object" && input !== null;
  return (
    (isObject ? attempt(() => Object.assign(Object.create(null), input)) : undefined) ?? Object.create(null)
  );
}

/** The same for a few names, without the copy. */
export function ownField(input: unknown, name: string): unknown {
  if (typeof input !== "object" || input === null) return undefined;
  try {
    return Object.hasOwn(input, name) ? (input as Record<string, unknown>)[name] : undefined;
  } catch {
    return undefined;
  }
}
