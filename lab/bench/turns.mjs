// @ts-check
// One process, one subject on SQLite: prints the longest turn of the event loop, in milliseconds of processor time, as JSON,
// while 16 people complete at once. The hasher waits and does not compute, so every turn is the subject's. Processor time
// leaves out the times in which another process had the processor. `first` is the first wave, which loads what is loaded
// late; `later` are all others.
import { backends, makeUsers, nextPasswordHash } from "./backends.mjs";
import { PASSWORD, subjects } from "./subjects.mjs";

const PEOPLE = 16;
/** Milliseconds that a hash takes. */
const HASH = 25;
const [subjectName = "relatch", waves = "40"] = process.argv.slice(2);

const users = makeUsers(PEOPLE * (1 + Number(waves)));
const backend = await backends["sqlite"]?.(users);
if (!backend) throw new Error("no SQLite");
const subject = await subjects[subjectName]?.(backend, async () => {
  await new Promise((resolve) => setTimeout(resolve, HASH));
  return nextPasswordHash();
});
if (!subject) throw new Error("turns.mjs <subject> [waves]");

let longest = 0;
let isWatching = false;
let before = process.cpuUsage();
function watch() {
  const { user, system } = process.cpuUsage(before);
  longest = Math.max(longest, (user + system) / 1000);
  before = process.cpuUsage();
  if (isWatching) setImmediate(watch);
}

let first = 0;
for (let wave = 0; wave <= Number(waves); wave++) {
  const people = users.slice(wave * PEOPLE, (wave + 1) * PEOPLE);
  for (const [index, { email }] of people.entries()) await subject.request(email, wave * PEOPLE + index);
  await subject.settle();
  const tokens = people.map(({ email }) => subject.tokenOf(email));
  isWatching = true;
  before = process.cpuUsage();
  setImmediate(watch);
  const done = await Promise.all(tokens.map((token) => subject.complete(token, PASSWORD)));
  // The follow-up jobs of the wave, all at once, which is the most that can be.
  await subject.settle();
  isWatching = false;
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  if (!done.every(Boolean)) throw new Error("not completed");
  if (wave > 0) continue;
  first = longest;
  longest = 0;
}
console.log(JSON.stringify({ first, later: longest }));
await backend.close();
