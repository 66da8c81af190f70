// @ts-check
// One process, one subject: prints how late the event loop is while 16 people complete at once with a real hasher,
// in milliseconds, as JSON.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Argon2id } from "oslo/password";
import { makeUsers, sqlite } from "./backends.mjs";
import { PASSWORD, subjects } from "./subjects.mjs";

const PEOPLE = 16;
/** Milliseconds between two looks of the histogram, which it counts as delay. */
const RESOLUTION = 1;
const [subjectName = "hashing alone", waves = "6"] = process.argv.slice(2);

const hasher = new Argon2id();
const hash = (/** @type {string} */ password) => hasher.hash(password);
const users = makeUsers(PEOPLE * (1 + Number(waves)));
const subject = await subjects[subjectName]?.(await sqlite(users), hash);
if (!subject && subjectName !== "hashing alone") throw new Error("event-loop.mjs <subject> [waves]");

const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
let spent = 0;
for (let wave = 0; wave <= Number(waves); wave++) {
  /** @type {string[]} */
  const tokens = [];
  for (const { email } of users.slice(wave * PEOPLE, (wave + 1) * PEOPLE)) {
    const token = await subject?.request(email, wave * PEOPLE + tokens.length);
    tokens.push(token?.() ?? "");
  }
  await subject?.settle();
  // The first wave warms up.
  const measured = wave > 0;
  const began = performance.now();
  if (measured) histogram.enable();
  const done = await Promise.all(tokens.map((token) => (subject ? subject.complete(token, PASSWORD) : hash(PASSWORD))));
  if (measured) {
    histogram.disable();
    spent += performance.now() - began;
  }
  if (!done.every(Boolean)) throw new Error("not completed");
  await subject?.settle();
}

const late = (/** @type {number} */ nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
console.log(
  JSON.stringify({
    p50: late(histogram.percentile(50)),
    p99: late(histogram.percentile(99)),
    max: late(histogram.max),
    wave: spent / Number(waves),
  }),
);
