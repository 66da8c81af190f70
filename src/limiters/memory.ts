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
 * on a common store. Keeps at most `maxKeys` counts of requests (default: 100,000). When it is full, counts of clients are
 * forgotten, the oldest first. If that is not enough, new keys share 1,024 merged counts. So nobody can make it forget
 * how often an email address was used, not even with a million addresses. Attempts at codes, and at second factors, have
 * `maxKeys` counts each, which are neither forgotten nor merged: when these are full, new keys are refused. `now` returns
 * milliseconds since the epoch (default: the system's clock).
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
  const requests = countRequests(maxKeys, now);
  // Apart, because tickets are given to everybody, and the count of a factor needs a valid link.
  const codes = countAttempts(maxKeys, now);
  const factors = countAttempts(maxKeys, now);
  const tableOf = (key: string) => (key.startsWith("ticket") ? codes : key.startsWith("factor_") ? factors : requests);

  return {
    async consume(key, rule) {
      const table = tableOf(key);
      const window = table.find(key, rule) ?? table.open(key, rule);
      if (!window) return { allowed: false, retryAfterSeconds: Math.ceil(rule.window.milliseconds() / 1000) };
      if (window.used >= rule.max) {
        return { allowed: false, retryAfterSeconds: Math.ceil((window.endsAt - now()) / 1000) };
      }
      window.used += 1;
      return { allowed: true, retryAfterSeconds: 0 };
    },

    async refund(key, rule) {
      const window = tableOf(key).find(key, rule);
      if (window && window.used > 0) window.used -= 1;
    },
  };
}

interface Table {
  /** Returns the open window of a key. */
  find(key: string, rule: RateRule): Window | undefined;
  /** Opens a window, or returns `undefined` if there is no room. */
  open(key: string, rule: RateRule): Window | undefined;
}

/** Counts of clients may be forgotten early, those of addresses are kept until their window ends. */
function countRequests(maxKeys: number, now: () => number): Table {
  const clients = new Group(now);
  const addresses = new Group(now);
  const merged = new Group(now);
  const groupOf = (key: string) => (/^(?:client|network):/.test(key) ? clients : addresses);

  function makeRoom(): boolean {
    clients.deleteEnded();
    addresses.deleteEnded();
    const isFull = () => clients.size + addresses.size >= maxKeys;
    while (isFull() && clients.deleteOldest());
    return !isFull();
  }

  return {
    find: (key, rule) => groupOf(key).of(rule).find(key) ?? merged.of(rule).find(mergedKey(key)),
    open: (key, rule) => (makeRoom() ? groupOf(key).of(rule).open(key) : merged.of(rule).open(mergedKey(key))),
  };
}

/** A merged count could end before the key's own window would, and so allow more attempts than the rule. */
function countAttempts(maxKeys: number, now: () => number): Table {
  const all = new Group(now);
  return {
    find: (key, rule) => all.of(rule).find(key),
    open(key, rule) {
      all.deleteEnded();
      return all.size < maxKeys ? all.of(rule).open(key) : undefined;
    },
  };
}

/** Spreads keys over the merged counts. */
function mergedKey(key: string): string {
  let sum = 0;
  for (const character of key) sum = (sum * 31 + character.charCodeAt(0)) % MERGED_COUNTS;
  return String(sum);
}

/** The counts of some kinds of keys. */
class Group {
  readonly #now: () => number;
  readonly #byRule = new Map<string, Counts>();

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    let size = 0;
    for (const counts of this.#byRule.values()) size += counts.size;
    return size;
  }

  /** Returns the counts of one rule. */
  of({ max, window }: RateRule): Counts {
    const length = window.milliseconds();
    const rule = `${max}/${length}`;
    const counts = this.#byRule.get(rule) ?? new Counts(length, this.#now);
    this.#byRule.set(rule, counts);
    return counts;
  }

  deleteEnded(): void {
    for (const counts of this.#byRule.values()) counts.deleteEnded();
  }

  /** Deletes the oldest count of one rule and reports whether there was one. */
  deleteOldest(): boolean {
    for (const counts of this.#byRule.values()) if (counts.deleteOldest()) return true;
    return false;
  }
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
