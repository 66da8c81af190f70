// @ts-check
// One process, one subject on SQLite: prints the longest turn of the event loop, in milliseconds of processor time, as JSON,
// while 16 people complete at once, again and again, and the follow-up jobs run when their time has come. The hasher waits
// and does not compute, so every turn is the subject's. Processor time leaves out the times in which another process had the
// processor. `first` is the first wave, which loads the modules that are loaded late; `later` are all others.
import { backends, makeUsers, nextPasswordHash } from "./backends.mjs";
import { PASSWORD, subjects } from "./subjects.mjs";

const PEOPLE = 16;
/** Milliseconds that a hash takes, at random. */
const HASH = [20, 30];
/** Milliseconds after which the last follow-up job has run. */
const FOLLOW_UPS = 700;
const [subjectName = "relatch", waves = "40"] = process.argv.slice(2);

const users = makeUsers(PEOPLE * (1 + Number(waves)));
const backend = await backends["sqlite"]?.(users);
if (!backend) throw new Error("no SQLite");
const subject = await subjects[subjectName]?.(backend, async () => {
  const [least = 0, most = 0] = HASH;
  await new Promise((resolve) => setTimeout(resolve, least + Math.random() * (most - least)));
  return nextPasswordHash();
});
if (!subject) throw new Error("turns.mjs <subject> [waves]");

/** @type {string[]} */
const tokens = [];
for (const [index, { email }] of users.entries()) {
  await subject.request(email, index);
  // Fewer than the queue of the dispatcher takes.
  if (index % 500 === 499) await subject.settle();
}
await subject.settle();
for (const { email } of users) tokens.push(subject.tokenOf(email));

let longest = 0;
let isWatching = true;
let before = process.cpuUsage();
function watch() {
  const { user, system } = process.cpuUsage(before);
  longest = Math.max(longest, (user + system) / 1000);
  before = process.cpuUsage();
  if (isWatching) setImmediate(watch);
}
setImmediate(watch);

let first = 0;
for (let wave = 0; wave <= Number(waves); wave++) {
  const batch = tokens.slice(wave * PEOPLE, (wave + 1) * PEOPLE);
  const done = await Promise.all(batch.map((token) => subject.complete(token, PASSWORD)));
  if (!done.every(Boolean)) throw new Error("not completed");
  if (wave > 0) continue;
  first = longest;
  longest = 0;
}
await new Promise((resolve) => setTimeout(resolve, FOLLOW_UPS));
isWatching = false;
console.log(JSON.stringify({ first, later: longest }));
await subject.settle();
await backend.close();
