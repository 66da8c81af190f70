/**
 * The own properties of whatever came in, in an object without a prototype: what somebody put on
 * `Object.prototype` is not input. Anything that is no object, or throws when it is read, has none.
 */
export function ownFields(input: unknown): Record<string, unknown> {
  const fields: Record<string, unknown> = Object.create(null);
  try {
    return typeof input === "object" ? Object.assign(fields, input) : fields;
  } catch {
    return Object.create(null);
  }
}
