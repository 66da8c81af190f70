/** Remembers something of the last `capacity` keys: for "has this one been done?" without growing for ever. */
export class Recent<Value> {
  readonly #entries = new Map<string, Value>();
  /** One iterator for all deletions: a new one would pass over the places of all that were deleted before. */
  readonly #byAge = this.#entries.keys();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: Value): void {
    this.#entries.set(key, value);
    if (this.#entries.size > this.#capacity) this.#entries.delete(this.#byAge.next().value as string);
  }
}
