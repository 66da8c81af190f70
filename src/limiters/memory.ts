import { aFunction, anInteger, optional, readOptions } from "../lib/shape.ts";
import type { RateLimiter, RateRule } from "../ports/contract.ts";

/** When memory is full, new keys share this many counts per rule. */
const MERGED_COUNTS = 1024;

interface Window {
  used: number;
  /** Milliseconds since the epoch. */
  endsAt: number;
}

/**
 * Counts in this process: right for one process, and for tests. Several processes share their counts through a limiter
 * on a common store. Keeps at most `maxKeys` counts (default: 100,000). When it is full, counts of clients are
 * forgotten, the oldest first. If that is not enough, new keys share 1,024 merged counts. So nobody can make it forget
 * how often an email address was used, not even with a million addresses. `now` returns milliseconds since the epoch
 * (default: the system's clock).
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is invalid.
 * @example
 * const limits = { rateLimiter: memoryRateLimiter({ maxKeys: 1_000_000 }) };
 */
export function memoryRateLimiter(
  options: { maxKeys?: number | undefined; now?: (() => number) | undefined } = {},
): RateLimiter {
  const { maxKeys, now } = readOptions("memoryRateLimiter", options, {
    maxKeys: optional(anInteger(1), 100_000),
    now: optional(aFunction<() => number>(), () => Date.now()),
  });
  // By rule. Counts of clients may be forgotten early, others are kept until their window ends.
  const clients = new Map<string, Counts>();
  const others = new Map<string, Counts>();
  const merged = new Map<string, Counts>();

  function countsOf(group: Map<string, Counts>, { max, window }: RateRule): Counts {
    const length = window.milliseconds();
    const rule = `${max}/${length}`;
    const counts = group.get(rule) ?? new Counts(length, now);
    group.set(rule, counts);
    return counts;
  }

  const groupOf = (key: string) => (key.startsWith("client:") || key.startsWith("network:") ? clients : others);

  const findWindow = (key: string, rule: RateRule): Window | undefined =>
    countsOf(groupOf(key), rule).find(key) ?? countsOf(merged, rule).find(mergedKey(key));

  const openWindow = (key: string, rule: RateRule): Window =>
    makeRoom() ? countsOf(groupOf(key), rule).open(key) : countsOf(merged, rule).open(mergedKey(key));

  /** Reports whether there is room for one more count. */
  function makeRoom(): boolean {
    const all = [...clients.values(), ...others.values()];
    for (const counts of all) counts.deleteEnded();
    const isFull = () => all.reduce((size, counts) => size + counts.size, 0) >= maxKeys;
    for (const counts of clients.values()) while (isFull() && counts.deleteOldest());
    return !isFull();
  }

  return {
    async consume(key, rule) {
      const window = findWindow(key, rule) ?? openWindow(key, rule);
      if (window.used >= rule.max) {
        return { allowed: false, retryAfterSeconds: Math.ceil((window.endsAt - now()) / 1000) };
      }
      window.used += 1;
      return { allowed: true, retryAfterSeconds: 0 };
    },

    async refund(key, rule) {
      const window = findWindow(key, rule);
      if (window && window.used > 0) window.used -= 1;
    },
  };
}

/** Spreads keys over the merged counts. */
function mergedKey(key: string): string {
  let sum = 0;
  for (const character of key) sum = (sum * 31 + character.charCodeAt(0)) % MERGED_COUNTS;
  return String(sum);
}

/** The counts of one rule. Windows are in the order in which they were opened, which is also that in which they end. */
class Counts {
  readonly #length: number;
  readonly #now: () => number;
  readonly #windows = new Map<string, Window>();
  #latest = 0;
  // One iterator for all deletions, because a new one passes over the places of the keys deleted before. For an
  // attacker with a new key each time, at 100,000 keys, `consume` takes 3 to 20 µs. With a new iterator it takes 13 to
  // 300 µs, and more with each key (150,000 keys, Node.js 20, a busy machine).
  #byAge = this.#windows.entries();
  #oldest = this.#byAge.next();

  constructor(length: number, now: () => number) {
    this.#length = length;
    this.#now = now;
  }

  get size(): number {
    return this.#windows.size;
  }

  /** Returns the open window of a key. */
  find(key: string): Window | undefined {
    const window = this.#windows.get(key);
    return window && this.#isOpen(window) ? window : undefined;
  }

  open(key: string): Window {
    const window = { used: 0, endsAt: this.#readClock() + this.#length };
    // Deleted first, so that it becomes the youngest.
    this.#windows.delete(key);
    this.#windows.set(key, window);
    return window;
  }

  deleteEnded(): void {
    for (let oldest = this.#findOldest(); oldest; oldest = this.#findOldest()) {
      const [key, window] = oldest;
      if (this.#isOpen(window)) return;
      this.#windows.delete(key);
    }
  }

  /** Reports whether there was one. */
  deleteOldest(): boolean {
    const oldest = this.#findOldest();
    return oldest !== undefined && this.#windows.delete(oldest[0]);
  }

  #isOpen(window: Window): boolean {
    const now = this.#readClock(); // first, because it may change the window
    return window.endsAt > now;
  }

  /** If the clock was set back, no count is forgotten, and no window lasts longer than one that is opened now. */
  #readClock(): number {
    const now = this.#now();
    if (now < this.#latest) {
      for (const window of this.#windows.values()) window.endsAt = Math.min(window.endsAt, now + this.#length);
    }
    this.#latest = now;
    return now;
  }

  #findOldest(): [string, Window] | undefined {
    while (this.#windows.size > 0) {
      if (this.#oldest.done) this.#byAge = this.#windows.entries();
      else if (this.#windows.get(this.#oldest.value[0]) === this.#oldest.value[1]) return this.#oldest.value;
      this.#oldest = this.#byAge.next();
    }
    return undefined;
  }
}
