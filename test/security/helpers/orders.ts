/** Waits for its turn, then does its work. */
export type Step = <T>(work: () => Promise<T>) => Promise<T>;

const settled = () => new Promise((resolve) => setImmediate(resolve));

/**
 * Runs the same callers under every order in which their steps can follow each other: one step at a time, each of
 * the callers waiting before each of its own. Answers how many orders there were.
 */
export async function everyOrder(run: (step: Step) => Promise<void>): Promise<number> {
  let path: number[] = [];
  for (let count = 1; ; count++) {
    const choices = await oneOrder(run, path);
    const last = choices.findLastIndex(({ taken, among }) => taken + 1 < among);
    if (last < 0) return count;
    path = [...choices.slice(0, last).map(({ taken }) => taken), choices[last]!.taken + 1];
  }
}

/** Takes the turns that the path says, and from there on always the first. Answers which there were to choose from. */
async function oneOrder(run: (step: Step) => Promise<void>, path: readonly number[]) {
  const waiting: (() => void)[] = [];
  const choices: { taken: number; among: number }[] = [];
  let isOver = false;
  const running = run(async (work) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return work();
  }).finally(() => {
    isOver = true;
  });
  running.catch(() => {});
  for (await settled(); !isOver; await settled()) {
    if (waiting.length === 0) throw new Error("nobody waits, and it is not over");
    const taken = path[choices.length] ?? 0;
    choices.push({ taken, among: waiting.length });
    waiting.splice(taken, 1)[0]?.();
  }
  await running;
  return choices;
}
