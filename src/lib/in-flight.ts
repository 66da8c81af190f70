/** Keeps track of work that has started and not finished, so that somebody can wait for it. */
export class InFlight {
  readonly #work = new Set<Promise<unknown>>();

  /** Returns the same function with its calls tracked. */
  track<Input extends unknown[], Output>(run: (...input: Input) => Promise<Output>) {
    return (...input: Input): Promise<Output> => {
      const work = run(...input);
      const end = () => this.#work.delete(done);
      const done: Promise<unknown> = work.then(end, end);
      this.#work.add(done);
      return work;
    };
  }

  get size(): number {
    return this.#work.size;
  }

  /** Resolves when everything that is in flight now has settled. */
  async settled(): Promise<void> {
    await Promise.all(this.#work);
  }
}
