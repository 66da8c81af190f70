// @ts-check
// One process, one subject on one backend: prints the microseconds of processor time that a call of each kind takes, as
// JSON. `request` and `complete` end with the response; `job` and `followUp` are the work after it. Processor time, not
// wall-clock time, because it leaves out other processes and contains the collection of garbage.
import { backends, makeUsers, nextPasswordHash } from "./backends.mjs";
import { holdJobs, PASSWORD, subjects } from "./subjects.mjs";

/** Calls between two readings. */
const BATCH = 100;
const [backendName = "sqlite", subjectName = "relatch", warmUp = "20", batches = "40"] = process.argv.slice(2);
const total = Number(warmUp) + Number(batches);

// Everybody asks once: nothing is looked up that was seen before, and no limit is reached.
const users = makeUsers(total * BATCH);
const [makeBackend, makeSubject] = [backends[backendName], subjects[subjectName]];
if (!makeBackend || !makeSubject) throw new Error("operations.mjs <backend> <subject> [warm-up] [batches]");
const backend = await makeBackend(users);
const subject = await makeSubject(backend, async () => nextPasswordHash(), { dispatcher: holdJobs() });
const spent = { request: 0, job: 0, verify: 0, complete: 0, followUp: 0 };

for (let round = 0; round < total; round++) {
  if (round === Number(warmUp)) Object.assign(spent, { request: 0, job: 0, verify: 0, complete: 0, followUp: 0 });
  const batch = users.slice(round * BATCH, (round + 1) * BATCH);
  await measure("request", async () => {
    for (const [index, { email }] of batch.entries()) await subject.request(email, round * BATCH + index);
  });
  await measure("job", subject.settle);
  const tokens = batch.map(({ email }) => subject.tokenOf(email));
  await measure("verify", async () => {
    for (const token of tokens) if (!(await subject.verify(token))) throw new Error("not verified");
  });
  await measure("complete", async () => {
    for (const token of tokens) if (!(await subject.complete(token, PASSWORD))) throw new Error("not completed");
  });
  await measure("followUp", subject.settle);
}

const calls = Number(batches) * BATCH;
console.log(JSON.stringify(Object.fromEntries(Object.entries(spent).map(([name, time]) => [name, time / calls]))));
await backend.close();

/**
 * @param {keyof typeof spent} operation
 * @param {() => Promise<unknown>} run
 */
async function measure(operation, run) {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  spent[operation] += user + system;
}
