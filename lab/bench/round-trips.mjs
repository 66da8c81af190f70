// @ts-check
// One process, one subject: prints how often each operation calls a database that takes 5 ms to respond, and how long
// it takes, in multiples of one such call, as JSON. `request` and `complete` end with the response. Later calls
// are counted apart.
import { makeUsers, nextPasswordHash, sqlite } from "./backends.mjs";
import { clock } from "./clock.mjs";
import { handWritten, statements } from "./hand-written.mjs";
import { SlowDatabase } from "./slow-database.mjs";
import { median } from "./statistics.mjs";
import { NO_LIMITS, PASSWORD, relatch } from "./subjects.mjs";

const PEOPLE = 9;
const [subjectName = "relatch"] = process.argv.slice(2);
const hash = async () => nextPasswordHash();

const users = makeUsers(PEOPLE + 1);
const slow = new SlowDatabase(5);
const backend = await sqlite(users);
const subject = await makeSubject();

/** A timer is late by a fraction of a millisecond: the yardstick is a call as it comes out. */
const calls = [];
for (let call = 0; call < 40; call++) calls.push((await clock(() => slow.call(() => true))).time);
const oneCall = median(calls.slice(10));

/** @type {Record<string, { trips: number[], times: number[] }>} */
const figures = {};
for (const [index, { email }] of users.entries()) {
  const token = await count("request", () => subject.request(email, index));
  await count("requestJob", () => subject.settle());
  await count("verify", () => subject.verify(token()));
  if (!(await count("complete", () => subject.complete(token(), PASSWORD)))) throw new Error("not completed");
  await count("completeJob", () => subject.settle());
  // The first one loads what is loaded late.
  if (index === 0) for (const name of Object.keys(figures)) delete figures[name];
}
const result = Object.entries(figures).map(([name, { trips, times }]) => {
  if (new Set(trips).size > 1) throw new Error(`${name} took now ${trips.join(", now ")} calls`);
  return [name, { trips: trips[0], time: median(times) / oneCall }];
});
console.log(JSON.stringify(Object.fromEntries(result)));

/** @returns {Promise<import("./subjects.mjs").Subject>} */
async function makeSubject() {
  const { db, given } = backend;
  if (!db) throw new Error("no database");
  if (subjectName === "hand-written") return handWritten(slow.slowed(statements(db)), hash);
  if (subjectName === "better-auth") {
    const { betterAuthSubject } = await import("./better-auth.mjs");
    const { slowKysely } = await import("./slow-kysely.mjs");
    return betterAuthSubject({ db, given }, hash, slowKysely(db, slow));
  }
  /** @type {(() => Promise<void>)[]} */
  const held = [];
  const tokens = slow.slowed(await backend.tokens());
  const { revokeSessions } = slow.slowed({ revokeSessions: backend.revokeSessions });
  return relatch({ ...backend, users: slow.slowed(backend.users), tokens: () => tokens }, hash, {
    ...NO_LIMITS,
    // Jobs wait until they are counted.
    dispatcher: {
      dispatch: async (job, deliver) => void held.push(() => deliver(job)),
      async drain() {
        for (const deliver of held.splice(0)) await deliver();
      },
    },
    revokeSessions: subjectName === "relatch, sessions in the commit" ? "in_transaction" : revokeSessions,
  });
}

/**
 * @template Result
 * @param {string} name
 * @param {() => Promise<Result>} run
 */
async function count(name, run) {
  const before = slow.trips;
  const { result, time } = await clock(run);
  const { trips = [], times = [] } = figures[name] ?? {};
  figures[name] = { trips: [...trips, slow.trips - before], times: [...times, time] };
  return result;
}
