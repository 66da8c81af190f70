// @ts-check
/**
 * A database behind a network: each call waits, is counted, and then asks the SQLite database in this process.
 * Calls that are made at once wait at once, as connections of a pool would, and are one round trip.
 */
export class SlowDatabase {
  calls = 0;
  trips = 0;
  #waiting = 0;

  /** @param {number} milliseconds */
  constructor(milliseconds) {
    this.milliseconds = milliseconds;
  }

  /**
   * @template Result
   * @param {() => Result | Promise<Result>} run
   * @returns {Promise<Result>}
   */
  async call(run) {
    this.calls += 1;
    if (this.#waiting === 0) this.trips += 1;
    this.#waiting += 1;
    await new Promise((resolve) => setTimeout(resolve, this.milliseconds));
    this.#waiting -= 1;
    return run();
  }

  /**
   * The same functions, each of them a call.
   *
   * @template {object} Port
   * @param {Port} port
   * @returns {any}
   */
  slowed(port) {
    const slow = Object.entries(port).map(([name, run]) => [
      name,
      (/** @type {unknown[]} */ ...given) => this.call(() => run.apply(port, given)),
    ]);
    return Object.fromEntries(slow);
  }
}
