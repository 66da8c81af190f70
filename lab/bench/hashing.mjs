// @ts-check
// One process, one subject on one backend, with a real Argon2id: how much of the hasher's throughput is left when callers
// complete resets, compared with the same callers that only hash. Windows of both kinds alternate, so that anything that
// slows the machine down slows both down. Prints one reading of each pair of windows, as JSON.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Argon2id } from "oslo/password";
import { backends, makeUsers } from "./backends.mjs";
import { quantile } from "./statistics.mjs";
import { PASSWORD, subjects } from "./subjects.mjs";

const [backendName = "sqlite", subjectName = "relatch", callerCount = "4", windows = "6", size = "48"] =
  process.argv.slice(2);
const callers = Number(callerCount);
/** Calls of a window: as many for every caller. */
const calls = Math.max(1, Math.round(Number(size) / callers)) * callers;
/** Milliseconds between two looks of the histogram, which it counts as delay. */
const RESOLUTION = 1;

const hasher = new Argon2id();
const hash = (/** @type {string} */ password) => hasher.hash(password);
const users = makeUsers(calls * (1 + Number(windows)));
const backend = await backends[backendName]?.(users);
if (!backend) throw new Error("hashing.mjs <backend> <subject> [callers] [windows] [calls]");
const subject = await subjects[subjectName]?.(backend, hash);
if (!subject) throw new Error(`there is no subject ${subjectName}`);

/** @typedef {{ perSecond: number, p50: number, p99: number, late50: number, late99: number, latest: number }} Window */
/** @type {{ alone: Window, complete: Window }[]} */
const readings = [];
for (let round = 0; round <= Number(windows); round++) {
  const batch = users.slice(round * calls, (round + 1) * calls);
  for (const [index, { email }] of batch.entries()) await subject.request(email, round * calls + index);
  await subject.settle();
  const tokens = batch.map(({ email }) => subject.tokenOf(email));
  const runAlone = () =>
    measure(
      async () => Boolean(await hash(PASSWORD)),
      async () => {},
    );
  const runComplete = () => measure((call) => subject.complete(tokens[call] ?? "", PASSWORD), subject.settle);
  // Which one is first changes as well.
  if (round % 2 === 0) {
    const alone = await runAlone();
    keep(round, { alone, complete: await runComplete() });
  } else {
    const complete = await runComplete();
    keep(round, { alone: await runAlone(), complete });
  }
}
console.log(JSON.stringify(readings));
await backend.close();

/** The first pair warms up. @param {number} round @param {{ alone: Window, complete: Window }} reading */
function keep(round, reading) {
  if (round > 0) readings.push(reading);
}

/**
 * @param {(call: number) => Promise<boolean>} run
 * @param {() => Promise<unknown>} settle Jobs that have not run yet count as well.
 * @returns {Promise<Window>}
 */
async function measure(run, settle) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  /** @type {number[]} */
  const times = [];
  let next = 0;
  histogram.enable();
  const began = performance.now();
  const caller = async () => {
    while (next < calls) {
      const call = next++;
      const start = performance.now();
      if (!(await run(call))) throw new Error("not completed");
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  await settle();
  const seconds = (performance.now() - began) / 1000;
  histogram.disable();
  const late = (/** @type {number} */ nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  return {
    perSecond: calls / seconds,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    late50: late(histogram.percentile(50)),
    late99: late(histogram.percentile(99)),
    latest: late(histogram.max),
  };
}
