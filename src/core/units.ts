import { pauseInBackground, within } from "../lib/time.ts";
import { refundUnit, type TakenUnit } from "../ports/guarded.ts";
import type { Core } from "./core.ts";

/** How long it is attempted to give units back, in milliseconds: the shortest window by default. */
const PATIENCE = 60_000;
/** Milliseconds between two attempts. Most people ask again only after a few seconds. */
const PAUSE = 250;
/** How long the response waits, in milliseconds: usually the first attempt succeeds at once. */
const MAX_DELAY = 1000;

/**
 * Gives the units of a request that failed back to its address, once `wasLost` says that nothing became of it. Otherwise the
 * next request would be refused, and in silence. Whatever made the request fail may have made the limiter fail as well, so
 * this goes on in the background.
 */
export async function giveUnitsBack(
  core: Core,
  key: string,
  units: readonly TakenUnit[],
  wasLost: Promise<boolean>,
): Promise<void> {
  const { owed } = core;
  const state = { isOver: false };
  const giveAllBack = async () => {
    if (await wasLost) await Promise.all(units.map((unit) => giveBack(core, key, unit, state)));
  };
  const work = Promise.all([owed.get(key), giveAllBack()]);
  owed.set(key, work);
  void Promise.race([work, pauseInBackground(PATIENCE)]).then(() => {
    state.isOver = true;
    if (owed.get(key) === work) owed.delete(key);
  });
  await settleWithin(MAX_DELAY, work);
}

/** Waits until nothing is left to give back to this address, but not longer than a call may take. */
export const settleUnits = async ({ owed, config }: Core, key: string): Promise<void> =>
  settleWithin(config.calls.timeout, owed.get(key));

async function giveBack(
  core: Core,
  key: string,
  { rule, isTaken }: TakenUnit,
  state: { isOver: boolean },
): Promise<void> {
  // A call without a response may still take its unit, and only then can it be given back.
  if (!(await isTaken)) return;
  const { calls, rateLimiter } = core.config;
  // One after the other, so that a limiter that is down is asked four times a second, however many requests have failed.
  const turn = core.refunds.then(async () => {
    while (!(await refundUnit(calls, rateLimiter, key, rule)) && !state.isOver) await pauseInBackground(PAUSE);
  });
  core.refunds = turn;
  await turn;
}

async function settleWithin(milliseconds: number, work: Promise<unknown> | undefined): Promise<void> {
  if (work) await within(milliseconds, work, () => new Error("late")).catch(() => {});
}
