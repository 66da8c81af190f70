/** Milliseconds that another process's clock may be ahead of ours. */
export const CLOCK_SKEW = 5 * 60 * 1000;

/** Resolves after so many milliseconds. */
export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

const AT_ONCE = Promise.resolve();

/** The work's own outcome, or `late()` as a rejection when it takes longer. The work itself is not stopped. */
export function within<T>(milliseconds: number, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isSettled = false;
    const settle = () => {
      isSettled = true;
      clearTimeout(timer);
      resolve(work);
    };
    work.then(settle, settle);
    // In the next microtask: what has answered by then, as a port in memory has, needs no clock.
    void AT_ONCE.then(() => {
      if (!isSettled) timer = setTimeout(() => reject(late()), milliseconds);
    });
  });
}

/** Whether a step can be done within so many milliseconds, in three tries. */
export async function succeeds(milliseconds: number, step: () => Promise<unknown>): Promise<boolean> {
  const tries = async () => {
    for (const delay of [50, 200]) {
      try {
        return await step();
      } catch {
        await pause(delay);
      }
    }
    return step();
  };
  return within(milliseconds, tries(), () => new Error("late")).then(
    () => true,
    () => false,
  );
}
