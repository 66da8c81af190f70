// @ts-check
// One process, one subject on one backend: prints the microseconds of processor time that a call of each kind takes,
// as JSON. Processor time, not wall-clock time, because it leaves out other processes and contains the collection of
// garbage.
import { backends, makeUsers, nextPasswordHash } from "./backends.mjs";
import { PASSWORD, subjects } from "./subjects.mjs";

/** Calls between two readings: so few that no follow-up (50 ms later at the soonest) falls between. */
const BATCH = 100;
const WARM_UP = 20;
const [backendName = "memory", subjectName = "relatch", batches = "40"] = process.argv.slice(2);
const total = WARM_UP + Number(batches);

// Everybody asks once: nothing is looked up that was seen before, and no limit is reached.
const users = makeUsers(total * BATCH);
const [makeBackend, makeSubject] = [backends[backendName], subjects[subjectName]];
if (!makeBackend || !makeSubject) throw new Error("operations.mjs <backend> <subject> [batches]");
const subject = await makeSubject(await makeBackend(users), async () => nextPasswordHash());
const spent = { request: 0, verify: 0, complete: 0 };

for (let round = 0; round < total; round++) {
  if (round === WARM_UP) spent.request = spent.verify = spent.complete = 0;
  const batch = users.slice(round * BATCH, (round + 1) * BATCH);
  /** @type {(() => string)[]} */
  const mails = [];
  await measure("request", async () => {
    for (const [index, { email }] of batch.entries()) mails.push(await subject.request(email, round * BATCH + index));
  });
  const tokens = mails.map((token) => token());
  await measure("verify", async () => {
    for (const token of tokens) if (!(await subject.verify(token))) throw new Error("not verified");
  });
  await measure("complete", async () => {
    for (const token of tokens) if (!(await subject.complete(token, PASSWORD))) throw new Error("not completed");
  });
  await subject.settle();
}

const calls = Number(batches) * BATCH;
console.log(
  JSON.stringify({
    request: spent.request / calls,
    verify: spent.verify / calls,
    complete: spent.complete / calls,
  }),
);

/**
 * @param {keyof typeof spent} operation
 * @param {() => Promise<void>} run
 */
async function measure(operation, run) {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  spent[operation] += user + system;
}
