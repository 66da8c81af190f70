/** How many milliseconds two clocks of one deployment may differ. */
export const CLOCK_SKEW = 5 * 60 * 1000;

// Fake timers of a test replace these later. Pauses that nothing but time can end must not depend on the test's clock.
const { setTimeout: realTimeout, performance: realPerformance } = globalThis;
const realNow = realPerformance.now.bind(realPerformance);

/** Returns milliseconds of a clock that no fake timers stop and no clock step moves. */
export const monotonicNow = (): number => realNow();

/** Resolves after this many milliseconds, also under fake timers. */
export const pauseInRealTime = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    realTimeout(resolve, milliseconds);
  });

/** Resolves after this many milliseconds. */
export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** Resolves after this many milliseconds, and does not keep the process alive until then. */
export const pauseInBackground = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    const timer: unknown = setTimeout(resolve, milliseconds);
    // On some platforms it is a number.
    (timer as { unref?: () => void }).unref?.();
  });

/** Settles as `work` does, or rejects with `late()` after this many milliseconds. The work itself is not stopped. */
export function within<T>(milliseconds: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), milliseconds);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Attempts a step up to three times and reports whether it succeeded within this many milliseconds. */
export async function succeedsWithin(milliseconds: number, step: () => Promise<unknown>): Promise<boolean> {
  const attempts = async () => {
    for (const delay of [50, 200]) {
      try {
        return await step();
      } catch {
        await pauseInRealTime(delay);
      }
    }
    return step();
  };
  return within(milliseconds, attempts(), () => new Error("late")).then(
    () => true,
    () => false,
  );
}
