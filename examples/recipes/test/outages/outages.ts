import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import pg from "pg";
import { sessionStamp } from "relatch";
import { memoryHasher } from "relatch/memory";
import { postgresTokensSql } from "relatch/postgres";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { SESSIONS_TABLE } from "../../logins/session-stamp.ts";
import { USERS_TABLE } from "../../users/pg.ts";
import { type Mail, mailServer, tokenIn } from "../mail-server.ts";
import { killAll, type Program, start } from "../processes.ts";
import { hasPostgres, hasRedis, postgresSchema, REDIS_URL, uniqueName } from "../servers.ts";
import { askForLink, createPerson, type Figures, type Person, post, setPassword, waitUntil } from "./people.ts";
import { type Outage, tcpProxy } from "./tcp-proxy.ts";

// PostgreSQL, Redis or the mail server fails for a while, in each of three ways, while people ask for links and set new
// passwords through two web processes and a worker. When it is back, everybody who was told that an email is on its way
// has got one, everybody who did not give up has their new password and a notice, and nothing went wrong in silence.

const LONG = process.env["RELATCH_PROCESSES"] === "long";
/** In each of two crowds: those who ask for a link around the outage, and those who have one and set a password. */
const PEOPLE = LONG ? 500 : 20;
/** A server that hangs is noticed only after `callTimeout`. */
const OUTAGE_MS: Record<Outage, number> = LONG
  ? { refuses: 60_000, hangs: 60_000, resets: 60_000, vanishes: 60_000 }
  : { refuses: 1500, hangs: 2500, resets: 1500, vanishes: 2500 };
/** A worker needs a while to notice that its connection to Redis is dead. */
const OUTAGES: Outage[] = ["refuses", "hangs", "resets", ...(LONG ? (["vanishes"] as const) : [])];
/** The outage starts in the middle of a rush of half of the people. The others come during the outage. */
const RUSH_MS = LONG ? 10_000 : 300;
/** Before each retry. People need longer than the library needs to give units back. */
const PAUSES = (LONG ? [5, 10, 15, 20, 25, 30] : [2.5, 2.5, 3, 3]).map((seconds) => seconds * 1000);
/** After the outage. The queue's last pause between attempts may be as long as the outage. */
const PATIENCE_MS = LONG ? 300_000 : 45_000;
const TIMEOUT = LONG ? 900_000 : 120_000;

const LIMITS: Record<string, string> = LONG
  ? { CALL_TIMEOUT_MS: "10000", DELIVERY_TIMEOUT_MS: "30000", TAKE_OVER_MS: "30000", STOP_MS: "40000" }
  : { CALL_TIMEOUT_MS: "2000", DELIVERY_TIMEOUT_MS: "5000", TAKE_OVER_MS: "8000", STOP_MS: "6000" };
/** Of nodemailer's transport. */
const MAIL_TIMEOUTS = ["connectionTimeout", "greetingTimeout", "socketTimeout"]
  .map((name) => `&${name}=${LONG ? 15_000 : 1500}`)
  .join("");

export type Server = "PostgreSQL" | "Redis" | "the mail server";

const servers = (await hasRedis()) && (await hasPostgres());

export function testOutages(server: Server): void {
  describe.skipIf(!servers)(`outages of ${server}`, () => {
    let city: City;
    beforeAll(async () => {
      city = await openCity();
    }, TIMEOUT);
    afterAll(() => city?.close());

    for (const outage of OUTAGES) {
      test(
        `${server} ${outage}: nobody is told ok without an email, and nobody who retries is locked out`,
        async () => {
          const { broken, errors, figures } = await suffer(city, server, outage);
          console.info(figures);
          if (LONG) console.info(errors);
          expect(broken).toEqual([]);
          // Otherwise nothing was tested.
          expect(errors).not.toEqual([]);
        },
        TIMEOUT,
      );
    }

    test(
      "the queue is empty afterwards, and no job has failed for good",
      async () => {
        const unfinished = () => city.queue.getJobCountByTypes("wait", "active", "delayed", "prioritized");
        await vi.waitFor(async () => expect(await unfinished()).toBe(0), { timeout: PATIENCE_MS, interval: 200 });
        expect(await city.queue.getFailedCount()).toBe(0);
      },
      TIMEOUT,
    );

    test(
      "the processes end cleanly, have reported every failure, and have logged no secret",
      async () => {
        for (const { kill } of city.programs) kill("SIGTERM");
        expect(await Promise.all(city.programs.map(({ ended }) => ended))).toEqual([0, 0, 0]);
        const output = city.programs.flatMap((program) => program.output);
        expect(output.filter((line) => line.startsWith('{"unreported"'))).toEqual([]);
        expect(findSilence(output)).toEqual([]);

        const text = output.join("\n");
        // A control of the search: it does see what is in the events.
        expect(text).toContain('"type":"mail_sent"');
        for (const secret of ["@example.org", "old password", "new password", "memory$", city.key]) {
          expect(text).not.toContain(secret);
        }
        const words = new Set(text.match(/[\w-]{43,}/g));
        expect([...city.tokens].filter((token) => words.has(token))).toEqual([]);
      },
      TIMEOUT,
    );
  });
}

/** Tests processes that nobody listens to, and that must end while Redis is down. */
export function testLonelyProcesses(): void {
  test.skipIf(!servers)(
    "processes without listeners print failures on stderr, and end on SIGTERM although Redis is down",
    async () => {
      const city = await openCity({ LISTENS: "no" });
      city.proxies.Redis.fail("refuses");
      const [port = 0] = city.ports;
      const response = await post(port, "127.0.0.1", "/password_reset", { email: "nobody@example.org" });
      for (const { kill } of city.programs) kill("SIGTERM");
      const ends = await Promise.all(city.programs.map(({ ended }) => ended));
      const output = city.programs.flatMap((program) => program.output).join("\n");
      await city.close();
      expect(response.status).toBe(503);
      expect(output).toContain("relatch: ERR_RATE_LIMITER");
      // A worker waits for Redis until its time is up.
      expect(ends).toEqual([0, 0, expect.any(Number)]);
    },
    TIMEOUT,
  );
}

/** Returns the functions whose failures were not all reported. */
function findSilence(output: string[]): unknown[] {
  const reports = output.filter((line) => line.startsWith('{"failures"')).map((line) => JSON.parse(line).failures);
  expect(reports).toHaveLength(3);
  return reports.flatMap((report: Record<string, { rejected: number; reported: number }>) =>
    Object.entries(report).filter(([, { rejected, reported }]) => rejected > reported),
  );
}

// ── Two web processes, a worker, three servers, and a town of people ────────────────────────────────────

type City = Awaited<ReturnType<typeof openCity>>;

async function openCity(more: Record<string, string> = {}) {
  const key = randomBytes(32).toString("base64");
  const prefix = uniqueName();
  const redis = new Redis(REDIS_URL, { lazyConnect: true });
  const queue = new Queue("password-reset", { connection: { url: REDIS_URL }, prefix });
  const mailboxes = new Map<string, Person>();
  const tokens = new Set<string>();
  let lastMail = 0;
  const deliver = (mail: Mail): void => {
    lastMail = Date.now();
    const person = mailboxes.get(mail.to);
    const token = tokenIn(mail);
    if (token) tokens.add(token);
    (token ? person?.links : person?.notices)?.push(mail);
  };
  const [{ url, drop }, mails] = await Promise.all([
    postgresSchema(USERS_TABLE, SESSIONS_TABLE, postgresTokensSql()),
    mailServer({ onMail: deliver }),
  ]);
  const db = new pg.Pool({ connectionString: url(), max: 2 });
  const proxies: Record<Server, Awaited<ReturnType<typeof tcpProxy>>> = {
    PostgreSQL: await tcpProxy(url()),
    Redis: await tcpProxy(REDIS_URL),
    "the mail server": await tcpProxy(mails.url),
  };
  const env = {
    ...LIMITS,
    ...more,
    DATABASE_URL: proxies.PostgreSQL.url,
    REDIS_URL: proxies.Redis.url,
    MAIL_URL: proxies["the mail server"].url + MAIL_TIMEOUTS,
    QUEUE_PREFIX: prefix,
    RESET_KEY: key,
  };
  const run = (name: string): Promise<Program> => start(`test/outages/${name}.ts`, env, { collects: true });
  const programs = await Promise.all([run("web"), run("web"), run("worker")]);
  const hasher = memoryHasher();

  return {
    key,
    queue,
    tokens,
    proxies,
    programs,
    ports: programs.slice(0, 2).map(({ ready }) => Number(ready.match(/port: (\d+)/)?.[1])),
    lastMail: () => lastMail,

    /** Adds people with an account, and with a session that the old password has opened. */
    async addCrowd(): Promise<Person[]> {
      const crowd: Person[] = [];
      for (let n = 0; n < PEOPLE; n++) {
        const person = createPerson(mailboxes.size + 1);
        const { id, email } = person;
        const passwordHash = await hasher.hash(`old password of ${id}`);
        await db.query("INSERT INTO users (id, email, canonical_email, password_hash) VALUES ($1, $2, $2, $3)", [
          id,
          email,
          passwordHash,
        ]);
        await db.query("INSERT INTO sessions (id_hash, user_id, stamp) VALUES ($1, $2, $3)", [
          randomBytes(32),
          id,
          sessionStamp({ id, passwordHash }),
        ]);
        mailboxes.set(email, person);
        crowd.push(person);
      }
      return crowd;
    },

    /** Reports whether the new password signs in, and how many sessions of any other are open. */
    async look({ id, newPassword }: Person): Promise<{ signsIn: boolean; oldSessions: number }> {
      const { rows } = await db.query("SELECT password_hash FROM users WHERE id = $1", [id]);
      const passwordHash: string = rows[0].password_hash;
      const stamp = sessionStamp({ id, passwordHash });
      const old = await db.query("SELECT FROM sessions WHERE user_id = $1 AND stamp <> $2", [id, stamp]);
      return { signsIn: await hasher.verify(passwordHash, newPassword), oldSessions: old.rows.length };
    },

    async close() {
      killAll();
      await Promise.all(programs.map(({ ended }) => ended));
      for (const proxy of Object.values(proxies)) proxy.close();
      await Promise.all([queue.close(), db.end()]);
      const keys = await redis.keys(`${prefix}*`);
      if (keys.length > 0) await redis.del(keys);
      await redis.quit();
      await Promise.all([drop(), mails.close()]);
    },
  };
}

/** Arrives with the rush at the start of the outage, or during the outage. */
const arrive = (index: number, outage: Outage) =>
  pause(Math.random() * (index % 2 === 0 ? RUSH_MS : OUTAGE_MS[outage] * 0.8));

async function suffer(city: City, server: Server, outage: Outage) {
  const figures: Figures = { requests: 0, failures: 0, retries: 0, slowestResponse: 0 };
  let end = Number.POSITIVE_INFINITY;
  const around = {
    ports: city.ports,
    pauses: PAUSES,
    signsIn: async (person: Person) => (await city.look(person)).signsIn,
    waitUntil: (condition: () => boolean | Promise<boolean>) => waitUntil(condition, () => Date.now() > end),
    figures,
  };
  const asking = await city.addCrowd();
  const completing = await city.addCrowd();
  const everybody = [...asking, ...completing];
  const links = await Promise.all(completing.map((person) => askForLink(person, around)));
  const before = figures.requests;
  const printed = city.programs.map(({ output }) => output.length);
  const findErrors = () =>
    city.programs
      .flatMap(({ output }, index) => output.slice(printed[index]))
      .filter((line) => line.startsWith('{"error"'));

  const broken: string[] = [];
  const note = (crowd: string) => (error: Error) => broken.push(`${crowd}: ${error.message}`);
  const resets = [
    ...asking.map(async (person, index) => {
      await arrive(index, outage);
      const token = await askForLink(person, around);
      if (token) await setPassword(person, token, around);
    }),
    ...completing.map(async (person, index) => {
      await arrive(index, outage);
      await setPassword(person, links[index] ?? "", around);
    }),
  ].map((reset, index) => reset.catch(note(index < PEOPLE ? "asking" : "completing")));
  await pause(RUSH_MS / 2);
  city.proxies[server].fail(outage);
  await pause(OUTAGE_MS[outage]);
  // On a busy machine it takes longer until anybody notices.
  const tooLate = Date.now() + TIMEOUT / 4;
  await waitUntil(
    () => findErrors().length > 0,
    () => Date.now() > tooLate,
  ).catch(() => {});
  await city.proxies[server].recover();
  const recovered = Date.now();
  end = recovered + PATIENCE_MS;
  await Promise.all(resets);

  const active = everybody.filter(({ hasGivenUp }) => !hasGivenUp);
  await around.waitUntil(() => active.every(({ notices }) => notices.length > 0)).catch(() => {});
  for (const person of everybody) {
    const { isPromised, hasGivenUp, notices } = person;
    if (isPromised && person.links.length === 0) broken.push("somebody was told ok and got no email");
    if (hasGivenUp) continue;
    const { signsIn, oldSessions } = await city.look(person);
    if (!signsIn) broken.push("somebody is locked out");
    if (notices.length === 0) broken.push("an owner got no notice");
    if (oldSessions > 0) broken.push("an old session is open");
  }
  const emails = everybody.flatMap((person) => [person.links.length, person.notices.length]);
  const total = emails.reduce((sum, count) => sum + count, 0);
  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
  return {
    broken: countEach(broken),
    /** The failures that relatch has reported meanwhile. */
    errors: countEach(findErrors()),
    figures: [
      `${server} ${outage}: ${figures.requests - before} requests of ${everybody.length} people`,
      `${figures.failures} failures and ${figures.retries} retries`,
      `${everybody.length - active.length} gave up`,
      `${total} emails, ${total - emails.filter((count) => count > 0).length} of them again`,
      `longest wait for a response ${seconds(figures.slowestResponse)}`,
      `last email ${seconds(city.lastMail() - recovered)} after the outage`,
    ].join(", "),
  };
}

const countEach = (lines: string[]): string[] =>
  [...new Set(lines)].map((line) => `${lines.filter((other) => other === line).length} × ${line}`);
