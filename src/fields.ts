/** What `read` answers, or `undefined` when it throws: input may be a proxy, or have getters. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/**
 * The own properties of whatever came in, in an object without a prototype: what somebody put on
 * `Object.prototype` is not input. Anything that is no object, or throws when it is read, has none.
 */
export function ownFields(input: unknown): Record<string, unknown> {
  const fields =
    typeof input === "object" ? attempt(() => Object.assign(Object.create(null), input)) : undefined;
  return fields ?? Object.create(null);
}
