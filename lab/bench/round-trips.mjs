// @ts-check
// One process, one subject: prints how many round trips each operation makes to a database that takes 5 ms to respond, and how
// many milliseconds it takes, as JSON. `request` and `complete` end with the response. Later ones are counted apart.
import { backends, makeUsers, nextPasswordHash } from "./backends.mjs";
import { clock } from "./clock.mjs";
import { handWritten } from "./hand-written.mjs";
import { SlowDatabase } from "./slow-database.mjs";
import { median } from "./statistics.mjs";
import { holdJobs, PASSWORD, relatch } from "./subjects.mjs";

const PEOPLE = 9;
const [subjectName = "relatch"] = process.argv.slice(2);
const hash = async () => nextPasswordHash();

const users = makeUsers(PEOPLE + 1);
const slow = new SlowDatabase(5);
const backend = await backends["sqlite"]?.(users);
if (!backend) throw new Error("no SQLite");
const subject = await makeSubject(backend);

/** @type {Record<string, { trips: number[], times: number[] }>} */
const figures = {};
for (const [index, { email }] of users.entries()) {
  await count("request", () => subject.request(email, index));
  await count("job", () => subject.settle());
  const token = subject.tokenOf(email);
  if (!(await count("verify", () => subject.verify(token)))) throw new Error("not verified");
  if (!(await count("complete", () => subject.complete(token, PASSWORD)))) throw new Error("not completed");
  await count("followUp", () => subject.settle());
  // The first one loads what is loaded late.
  if (index === 0) for (const name of Object.keys(figures)) delete figures[name];
}
const result = Object.entries(figures).map(([name, { trips, times }]) => {
  if (new Set(trips).size > 1) throw new Error(`${name} took now ${trips.join(", now ")} round trips`);
  return [name, { trips: trips[0], milliseconds: median(times) / 1000 }];
});
console.log(JSON.stringify(Object.fromEntries(result)));

/**
 * @param {import("./backends.mjs").Backend} given
 * @returns {Promise<import("./subjects.mjs").Subject>}
 */
async function makeSubject({ db, statements, revokeSessions, ...given }) {
  if (subjectName === "hand-written") return handWritten(slow.slowed(statements), hash);
  if (subjectName === "better-auth") {
    if (!db) throw new Error("no database");
    const { betterAuthSubject } = await import("./better-auth.mjs");
    const { slowKysely } = await import("./slow-kysely.mjs");
    return betterAuthSubject(given, hash, slowKysely(db, slow));
  }
  const { signedTokens } = await import("../../dist/index.js");
  const tokens = slow.slowed(await given.tokens());
  return relatch({ ...given, statements, revokeSessions, users: slow.slowed(given.users) }, hash, {
    dispatcher: holdJobs(),
    tokens: subjectName.includes("signed") ? signedTokens() : tokens,
    revokeSessions: subjectName === "relatch" ? slow.slowed({ revokeSessions }).revokeSessions : "in_transaction",
    ...(subjectName.includes("signed") && { keys: [crypto.getRandomValues(new Uint8Array(32))] }),
  });
}

/**
 * @template Result
 * @param {string} name
 * @param {() => Promise<Result>} run
 */
async function count(name, run) {
  const before = slow.trips;
  const { result: done, time } = await clock(run);
  const { trips = [], times = [] } = figures[name] ?? {};
  figures[name] = { trips: [...trips, slow.trips - before], times: [...times, time] };
  return done;
}
