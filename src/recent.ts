/** Remembers the last `capacity` keys: for "has this one been done?" without growing for ever. */
export class Recent {
  readonly #keys = new Set<string>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  add(key: string): void {
    this.#keys.add(key);
    if (this.#keys.size <= this.#capacity) return;
    // A Set keeps its keys in order of insertion: the first is the oldest.
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest);
      break;
    }
  }
}
