import type { RequestListener } from "node:http";
import express from "express";
import { type Context, Hono } from "hono";
import Database from "libsql";
import { RateLimiterMemory } from "rate-limiter-flexible";
import {
  canonicalEmail,
  checkPassword,
  memoryRateLimiter,
  type PasswordResetOptions,
  type RateLimiter,
  signedTokens,
} from "relatch";
import { en, ru } from "relatch/languages";
import { rateLimiterFlexible } from "relatch/rate-limiter-flexible";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { passwordResetRoutes as expressRoutes } from "../../examples/express/adapter.ts";
import { passwordResetRoutes as honoRoutes } from "../../examples/hono/adapter.ts";
import { nodeClientIp, nodeListener } from "../../examples/hono/node.ts";
import type { Sql } from "../../examples/shared/database.ts";
import { rateLimiterSchema, sqlRateLimiter } from "../../examples/shared/rate-limiter.ts";
import type { Answer, Client } from "../e2e/client.ts";
import { both, COMPLETE, FORM, RESET, SOME_TOKEN, tokenIn, VERIFY } from "../e2e/contract/helpers.ts";
import { GOOD_PASSWORD, type Harness, harness, MIKE } from "../harness.ts";
import { overRoutes, proxiedClientIp, type RoutesOptions, startFront } from "./helpers/adapters.ts";
import { bytesOf, kinds } from "./helpers/answers.ts";
import { clientOf, inOrder, recipientsOf, times } from "./helpers/front.ts";
import { generous, watched } from "./helpers/limiter.ts";
import { LONG } from "./helpers/runs.ts";
import { workOnLongTexts } from "./helpers/work.ts";

// What many machines, or one that never tires, can do to an address, to a link, and to the server's time. The single
// flaws of this kind are in i-abuse.test.ts. RELATCH_SECURITY=long guesses ten times as often, and prints figures.

vi.setConfig({ testTimeout: LONG ? 3_600_000 : 60_000 });

/** How many digests were computed. Counted by hand: a spy would keep what each of a million calls was given. */
const digests = vi.hoisted(() => ({ count: 0 }));
vi.mock("@oslojs/crypto/sha2", async (original) => {
  const actual = await original<typeof import("@oslojs/crypto/sha2")>();
  const sha256: typeof actual.sha256 = (data) => {
    digests.count += 1;
    return actual.sha256(data);
  };
  return { ...actual, sha256 };
});
vi.mock("@oslojs/crypto/hmac", async (original) => {
  const actual = await original<typeof import("@oslojs/crypto/hmac")>();
  const hmac: typeof actual.hmac = (...args) => {
    digests.count += 1;
    return actual.hmac(...args);
  };
  return { ...actual, hmac };
});

const REFUSED = { ok: false, reason: "invalid_or_expired_token" };

/** Both kinds of links. */
const TOKENS: [string, Partial<PasswordResetOptions>][] = [
  ["a token store", {}],
  ["signed tokens", { tokens: signedTokens({ keys: [crypto.getRandomValues(new Uint8Array(32))] }) }],
];

/** The tokens that were mailed, the oldest first. */
const mailedTokens = ({ mailer }: Harness): string[] =>
  mailer.sent.map(({ text }) => tokenIn(/https:\S+/.exec(text)?.[0] ?? ""));

describe.each(TOKENS)("%s: 200 requests from 200 clients for one address", (kind, options) => {
  const CLIENTS = 200;
  // 200 of these are 59 minutes and 40 seconds.
  const STEP = 17_900;
  const spellings = [MIKE.email, "MIKE@EXAMPLE.ORG", " Mike@Example.org\n", "mike@EXAMPLE.org"];
  const spelling = (nth: number): string => spellings[nth % spellings.length] ?? "";
  const ask = ({ passwordReset }: Harness, nth: number) =>
    passwordReset.requestReset({ email: spelling(nth), ip: clientOf(nth) });

  /** The last link sets the password; of the others only signed ones are alive until then. */
  async function expectLastLink(app: Harness): Promise<void> {
    const tokens = mailedTokens(app);
    const [token, ...earlier] = tokens.toReversed();
    expect(new Set(tokens).size).toBe(tokens.length);
    for (const each of earlier) {
      const verified = await app.passwordReset.verifyToken(each);
      expect(verified.ok).toBe(kind === "signed tokens");
    }
    const completed = await app.passwordReset.completeReset({ token, newPassword: GOOD_PASSWORD });
    expect(completed).toMatchObject({ ok: true, userId: MIKE.id });
    for (const each of tokens) expect(await app.passwordReset.verifyToken(each)).toEqual(REFUSED);
  }

  test("at the same time: one mail, and its link works", async () => {
    const app = harness(options);
    expect(kinds(await Promise.all(times(CLIENTS, (nth) => ask(app, nth))))).toEqual(['{"ok":true}']);
    expect(await recipientsOf(app)).toEqual([MIKE.email]);
    await expectLastLink(app);
  });

  test("within an hour: three mails, and the link in the last of them works", async () => {
    const app = harness(options);
    for (let nth = 0; nth < CLIENTS; nth++) {
      expect(await ask(app, nth)).toEqual({ ok: true });
      await app.passwordReset.drain();
      app.clock.now += STEP;
    }
    expect(await recipientsOf(app)).toEqual([MIKE.email, MIKE.email, MIKE.email]);
    await expectLastLink(app);
  });

  test("all day long: three mails an hour, and the link in the last of them works at any time", async () => {
    const app = harness(options);
    for (let nth = 0; nth < CLIENTS; nth++) {
      await ask(app, nth);
      await app.passwordReset.drain();
      app.clock.now += 7 * 60_000;
      expect(await app.passwordReset.verifyToken(mailedTokens(app).at(-1))).toMatchObject({ ok: true });
    }
    expect(app.mailer.sent.length).toBeGreaterThan(24);
    expect(app.mailer.sent.length).toBeLessThanOrEqual(3 * 24);
  });

  overRoutes(
    "over HTTP, by forms and by JSON: three mails, and the link in the last of them works",
    async (app) => {
      const answers: Answer[] = [];
      for (let nth = 0; nth < CLIENTS; nth++) {
        const headers = { "X-Forwarded-For": clientOf(nth) };
        const email = spelling(nth);
        const visitor = app.visitor();
        answers.push(
          await (nth % 2 ? visitor.json(RESET, { email }, headers) : visitor.post(RESET, { email }, headers)),
        );
        await app.passwordReset.drain();
        app.clock.now += STEP;
      }
      expect(kinds(answers.map(bytesOf))).toHaveLength(2);
      expect(kinds(answers.map(({ status }) => status))).toEqual(["200"]);
      expect(await recipientsOf(app)).toEqual([MIKE.email, MIKE.email, MIKE.email]);

      const link = `${RESET}/${mailedTokens(app).at(-1)}`;
      expect((await app.client.get(link)).headers.location).toBe(FORM);
      const set = await app.client.post(link, both(GOOD_PASSWORD));
      expect([set.status, set.headers.location]).toEqual([303, "/login?notice=password_set"]);
    },
    { ...options, isBehindProxy: true },
  );
});

describe.each(TOKENS)("%s: a hundred thousand guesses", (kind, options) => {
  const GUESSES = LONG ? 1_000_000 : 100_000;

  const random = new Uint8Array(65_536);
  let used = random.length;
  /** So many random bytes; a call of the generator for each would take longer than the guess. */
  function randomBytes(size: number): Uint8Array {
    if (used + size > random.length) {
      crypto.getRandomValues(random);
      used = 0;
    }
    used += size;
    return random.slice(used - size, used);
  }

  /**
   * What a stranger may make of all that he can know, and of a link that he has seen: random bytes, a link with one
   * byte changed, one with its first half, its second half, or all but the signature as it was.
   */
  function guess(nth: number, link: string): string {
    const bytes = Uint8Array.from(Buffer.from(link, "base64url"));
    const [at = 0, change = 0] = randomBytes(2);
    const half = bytes.length >> 1;
    const ways = [
      () => bytes.set(randomBytes(bytes.length)),
      () => bytes.set([(bytes[at % bytes.length] ?? 0) ^ (change || 1)], at % bytes.length),
      () => bytes.set(randomBytes(half)),
      () => bytes.set(randomBytes(half), bytes.length - half),
      () => bytes.set(randomBytes(half), half >> 1),
    ];
    ways[nth % ways.length]?.();
    return Buffer.from(bytes).toString("base64url");
  }

  test("no hit, no lock-out, no password hash", async () => {
    const judged = vi.fn();
    const refusals: Record<string, number> = {};
    const app = harness({
      ...options,
      passwordRules: [judged],
      onEvent(event) {
        const what = "reason" in event ? `${event.type}:${event.reason}` : event.type;
        refusals[what] = (refusals[what] ?? 0) + 1;
      },
    });
    const { passwordReset, users } = app;
    const token = await app.requestToken();
    const findById = vi.spyOn(users, "findById");
    const hash = vi.spyOn(app.hasher, "hash");
    for (const what of Object.keys(refusals)) delete refusals[what];

    let hits = 0;
    const start = performance.now();
    for (let nth = 0; nth < GUESSES; nth++) {
      const made = guess(nth, token);
      const answer =
        nth % 2
          ? await passwordReset.verifyToken(made)
          : await passwordReset.completeReset({ token: made, newPassword: GOOD_PASSWORD });
      if (answer.ok || answer.reason !== REFUSED.reason) hits += 1;
    }
    if (LONG) {
      const each = (1000 * (performance.now() - start)) / GUESSES;
      console.log(`${kind}: ${GUESSES} guesses, ${each.toFixed(1)} µs each`);
    }

    expect(hits).toBe(0);
    expect(refusals).toEqual({ "token_refused:unknown": GUESSES });
    for (const untouched of [findById, hash, judged]) expect(untouched).not.toHaveBeenCalled();

    // The owner gets in as if nothing had been, by this link and by the next one.
    expect(users.get(MIKE.id)).toEqual(MIKE);
    expect(app.revoked).toEqual([]);
    expect(await passwordReset.verifyToken(token)).toMatchObject({ ok: true });
    app.clock.now += 60_000;
    const next = await app.requestToken();
    expect(await passwordReset.completeReset({ token: next, newPassword: GOOD_PASSWORD })).toMatchObject({
      ok: true,
    });
    for (const once of [hash, judged]) expect(once).toHaveBeenCalledTimes(1);
  });

  overRoutes(
    "over HTTP each of them gets the same answer, and the owner gets in",
    async (app) => {
      const token = await app.requestToken();
      const hash = vi.spyOn(app.hasher, "hash");
      const answers: string[][] = [];
      for (let nth = 0; nth < (LONG ? 2500 : 50); nth++) {
        const made = guess(nth, token);
        const visitor = app.visitor();
        const ways = await Promise.all([
          visitor.get(`${RESET}/${made}`),
          visitor.post(`${RESET}/${made}`, both(GOOD_PASSWORD)),
          visitor.json(VERIFY, { token: made }),
          visitor.json(COMPLETE, { token: made, password: GOOD_PASSWORD }),
        ]);
        answers.push(ways.map(bytesOf));
      }
      for (const way of [0, 1, 2, 3]) expect(kinds(answers.map((ways) => ways[way]))).toHaveLength(1);
      expect(kinds(app.happened().slice(-4 * answers.length))).toEqual(["token_refused:unknown"]);
      expect(hash).not.toHaveBeenCalled();
      expect(app.users.get(MIKE.id)).toEqual(MIKE);
      const set = await app.client.post(`${RESET}/${token}`, both(GOOD_PASSWORD));
      expect([set.status, set.headers.location]).toEqual([303, "/login?notice=password_set"]);
    },
    options,
  );
});

const MEGABYTE = 2 ** 20;
/** As they come from a network: not put together of parts, which the first one to look at them would have to join. */
const LONG_TEXTS = [
  ...["A", " ", "@", "é", "=?", "a.", "\ud83d", "\0"].map((unit) => unit.repeat(MEGABYTE / unit.length)),
  `mike@${"example.".repeat(MEGABYTE / 8)}org`,
  `${MIKE.email}${"\t".repeat(MEGABYTE)}`,
  `${SOME_TOKEN}${"=".repeat(MEGABYTE)}`,
].map((text) => Buffer.from(text, "utf16le").toString("utf16le"));

describe.each(TOKENS)("%s: a megabyte is refused", (kind, options) => {
  /** Each with what it costs: calls of ports, and digests for a link that has the right form. */
  const refusals: Record<
    string,
    { ask(app: Harness, text: string, token: string): Promise<unknown>; answer: object; calls: string[] }
  > = {
    "for a link to be looked at": {
      ask: ({ passwordReset }, text) => passwordReset.verifyToken(text),
      answer: REFUSED,
      calls: [],
    },
    "for a link to be used": {
      ask: ({ passwordReset }, text) =>
        passwordReset.completeReset({ token: text, newPassword: GOOD_PASSWORD }),
      answer: REFUSED,
      calls: [],
    },
    "for a link and for a password": {
      ask: ({ passwordReset }, text) => passwordReset.completeReset({ token: text, newPassword: text }),
      answer: REFUSED,
      calls: [],
    },
    "for an address": {
      ask: ({ passwordReset }, text) => passwordReset.requestReset({ email: text, ip: "192.0.2.1" }),
      answer: { ok: false, reason: "invalid_email" },
      calls: [],
    },
    "for a password, with a link that works": {
      ask: ({ passwordReset }, text, token) => passwordReset.completeReset({ token, newPassword: text }),
      answer: { ok: false, reason: "password_rejected", violations: [{ code: "too_long" }] },
      calls: kind === "signed tokens" ? ["users.findById"] : ["tokens.find", "users.findById"],
    },
  };
  const entries = Object.entries(refusals);

  /** What is called from now on, of ports and of digests. */
  function watch({ users, tokens, mailer, hasher }: Harness, limiter: ReturnType<typeof watched>) {
    const calls: string[] = [];
    for (const [port, methods] of Object.entries({ users, tokens, mailer, hasher })) {
      for (const [name, method] of Object.entries(methods)) {
        if (typeof method !== "function") continue;
        Object.assign(methods, {
          [name]: (...args: unknown[]) => {
            calls.push(`${port}.${name}`);
            return Reflect.apply(method, methods, args);
          },
        });
      }
    }
    return () => {
      const seen = { digests: digests.count, asked: [...calls, ...limiter.asked.map(({ key }) => key)] };
      digests.count = calls.length = limiter.asked.length = 0;
      return seen;
    };
  }

  test.each(entries)(
    "%s: only its length is looked at; no pattern, no digest, no hash, and no port for it",
    async (_, { ask, answer, calls }) => {
      const limiter = watched(generous);
      const judged = vi.fn();
      const app = harness({
        ...options,
        languages: [en, ru],
        passwordRules: [judged],
        limits: { rateLimiter: limiter },
      });
      const token = await app.requestToken();
      const seen = watch(app, limiter);
      const isProof = calls.length > 0;
      for (const text of LONG_TEXTS) {
        seen();
        const work = await workOnLongTexts(async () => {
          expect(await ask(app, text, token)).toMatchObject(answer);
        });
        expect(work).toEqual([]);
        const cost = seen();
        expect(cost.asked).toEqual(calls);
        // A link that is proved takes as many as ever.
        expect(cost.digests > 0).toBe(isProof);
      }
      expect(judged).not.toHaveBeenCalled();
      expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: true });
    },
  );

  test("the control: one that is as long as it may be is looked at", async () => {
    const limiter = watched(generous);
    const app = harness({ ...options, limits: { rateLimiter: limiter } });
    const token = await app.requestToken();
    const seen = watch(app, limiter);
    seen();
    await app.passwordReset.verifyToken(token);
    expect(seen().digests).toBeGreaterThan(0);
    await app.passwordReset.requestReset({ email: `${"a".repeat(64)}@example.org`, ip: "192.0.2.1" });
    expect(seen()).toEqual({
      digests: 1,
      asked: ["client:192.0.2.1", ...new Array(2).fill(expect.any(String))],
    });
    await app.passwordReset.completeReset({ token, newPassword: "x".repeat(1024) });
    expect(seen().asked).toContain("hasher.hash");
  });

  test("for a client's address or a language it buys no bucket, and no look at it; for a tenant it is a mistake", async () => {
    const limiter = watched(generous);
    const app = harness({ ...options, languages: [en, ru], limits: { rateLimiter: limiter } });
    const work = await workOnLongTexts(async () => {
      for (const text of LONG_TEXTS) {
        const request = { email: MIKE.email, ip: text, locale: text };
        expect(await app.passwordReset.requestReset(request)).toEqual({ ok: true });
        await expect(app.passwordReset.requestReset({ ...request, tenant: text })).rejects.toMatchObject({
          code: "ERR_OPTIONS",
        });
        expect(canonicalEmail(text)).toBeUndefined();
        expect(await checkPassword(text)).toMatchObject([{ code: "too_long" }]);
      }
    });
    expect(work).toEqual([]);
    expect(kinds(limiter.keys("client"))).toEqual(["client:unusable"]);
    await app.passwordReset.drain();
  });

  test("in no more than ten times the time of a character", async () => {
    const app = harness({ ...options, onEvent: () => {}, limits: { rateLimiter: generous } });
    const token = await app.requestToken();
    // One character is refused for what it is: for a link and for an address after as little work.
    for (const [name, { ask }] of entries) {
      const shortest = { "one character": Number.POSITIVE_INFINITY, "a megabyte": Number.POSITIVE_INFINITY };
      const samples: number[] = [];
      for (let round = 0; round < 33; round++) {
        for (const [size, text] of [
          ["one character", "x"],
          ["a megabyte", LONG_TEXTS[round % LONG_TEXTS.length] ?? ""],
        ] as const) {
          const start = performance.now();
          for (let nth = 0; nth < 10; nth++) await ask(app, text, token);
          const each = (performance.now() - start) / 10;
          shortest[size] = Math.min(shortest[size], each);
          if (size === "a megabyte") samples.push(each);
        }
      }
      expect(shortest["a megabyte"] / shortest["one character"], name).toBeLessThan(10);
      if (!LONG) continue;
      const median = samples.sort((a, b) => a - b)[samples.length >> 1] ?? 0;
      console.log(`${kind}, a megabyte ${name}: ${(1000 * median).toFixed(1)} µs (median)`);
    }
  });

  overRoutes(
    "over HTTP it is not even read",
    async (app) => {
      const token = await app.requestToken();
      const hash = vi.spyOn(app.hasher, "hash");
      app.events.length = 0;
      const text = "A".repeat(MEGABYTE);
      const requests: [(visitor: Client, fields: Record<string, string>) => Promise<Answer>, object][] = [
        [(visitor, fields) => visitor.post(RESET, fields), { email: text }],
        [(visitor, fields) => visitor.post(RESET, fields), { email: MIKE.email, more: text }],
        [(visitor, fields) => visitor.json(RESET, fields), { email: text }],
        [(visitor, fields) => visitor.json(RESET, fields), { email: MIKE.email, more: text }],
        [(visitor, fields) => visitor.post(`${RESET}/${token}`, fields), both(text)],
        [(visitor, fields) => visitor.post(FORM, fields), { ...both(text), handle: "0".repeat(16) }],
        [(visitor, fields) => visitor.json(VERIFY, fields), { token: text }],
        [(visitor, fields) => visitor.json(COMPLETE, fields), { token: text, password: GOOD_PASSWORD }],
        [(visitor, fields) => visitor.json(COMPLETE, fields), { token, password: text }],
      ];
      for (const [send, fields] of requests) {
        expect((await send(app.visitor(), fields as Record<string, string>)).status).toBe(413);
      }
      // In a request line or in a cookie it does not get past the server. Who is still sending may miss the answer.
      const head = "Host: localhost\r\nConnection: close\r\n";
      for (const request of [
        `GET ${RESET}/${text} HTTP/1.1\r\n${head}\r\n`,
        `POST ${RESET}/${text} HTTP/1.1\r\n${head}Content-Length: 0\r\n\r\n`,
        `GET ${FORM} HTTP/1.1\r\n${head}Cookie: password_reset=${text}\r\n\r\n`,
        `GET ${RESET} HTTP/1.1\r\n${head}Accept-Language: ${text}\r\n\r\n`,
      ]) {
        expect(await app.client.raw(request)).toMatch(/^$|^HTTP\/1\.1 431 /);
      }
      expect(app.events).toEqual([]);

      // As much of it as gets there is junk, like any other.
      const junk = text.slice(0, 8000);
      expect((await app.client.get(`${RESET}/${junk}`)).headers.location).toMatch(
        /invalid_or_expired_token$/,
      );
      const withCookie = await app.client.get(FORM, { Cookie: `__Secure-password_reset=${junk}` });
      expect(withCookie.headers.location).toMatch(/invalid_or_expired_token$/);
      expect((await app.client.json(COMPLETE, { token: junk, password: junk })).status).toBe(400);
      expect((await app.client.json(RESET, { email: junk })).status).toBe(400);
      expect(kinds(app.happened())).toEqual(["token_refused:malformed", "request_refused:invalid_email"]);
      expect(hash).not.toHaveBeenCalled();
      expect(app.faults).toEqual([]);
      expect(await app.passwordReset.verifyToken(token)).toMatchObject({ ok: true });
    },
    options,
  );
});

describe("50 requests at the same time", () => {
  const COUNT = 50;
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

  const limiters: Record<string, () => RateLimiter> = {
    "in memory": () => memoryRateLimiter(),
    "somewhere else, which takes its time": () => {
      const limiter = memoryRateLimiter();
      return {
        async consume(key, rule) {
          await turn();
          const verdict = await limiter.consume(key, rule);
          await turn();
          return verdict;
        },
      };
    },
    "of rate-limiter-flexible": () =>
      rateLimiterFlexible(
        ({ max, windowSeconds }) =>
          new RateLimiterMemory({ keyPrefix: `${windowSeconds}`, points: max, duration: windowSeconds }),
      ),
    "in the application's database": () => {
      const db = new Database(":memory:");
      onTestFinished(() => void db.close());
      db.exec(rateLimiterSchema);
      const sql: Sql = {
        async get(statement, ...values) {
          await turn();
          return db.prepare(statement).get(...values);
        },
        async run(statement, ...values) {
          await turn();
          return Number(db.prepare(statement).run(...values).changes);
        },
      };
      return sqlRateLimiter(sql);
    },
  };

  const throttled = { ok: false, reason: "throttled", retryAfterSeconds: expect.any(Number) };

  async function passesOfOneClient(rateLimiter: RateLimiter): Promise<number> {
    const app = harness({ limits: { rateLimiter, client: { max: 10, windowSeconds: 900 } } });
    const answers = await Promise.all(
      times(COUNT, (nth) =>
        app.passwordReset.requestReset({ email: `stranger${nth}@example.net`, ip: "192.0.2.1" }),
      ),
    );
    await app.passwordReset.drain();
    for (const answer of answers) if (!answer.ok) expect(answer).toEqual(throttled);
    return answers.filter(({ ok }) => ok).length;
  }

  async function mailsToOneAddress(rateLimiter: RateLimiter): Promise<number> {
    const app = harness({ limits: { rateLimiter } });
    const answers = await Promise.all(
      times(COUNT, (nth) => app.passwordReset.requestReset({ email: MIKE.email, ip: clientOf(nth) })),
    );
    expect(kinds(answers)).toEqual(['{"ok":true}']);
    return (await recipientsOf(app)).length;
  }

  describe.each(Object.entries(limiters))("a limiter %s", (_, create) => {
    test("of one client: as many pass as the rule says", async () => {
      expect(await passesOfOneClient(create())).toBe(10);
    });

    test("for one address: one is mailed, and all are answered alike", async () => {
      expect(await mailsToOneAddress(create())).toBe(1);
    });
  });

  test("the control: with a limiter that looks first and counts later all of them pass", async () => {
    const naive = (): RateLimiter => {
      const counts = new Map<string, number>();
      return {
        async consume(key, { max, windowSeconds }) {
          const count = counts.get(`${windowSeconds} ${key}`) ?? 0;
          await turn();
          if (count >= max) return { allowed: false, retryAfterSeconds: windowSeconds };
          counts.set(`${windowSeconds} ${key}`, count + 1);
          return { allowed: true, retryAfterSeconds: 0 };
        },
      };
    };
    expect(await passesOfOneClient(naive())).toBe(COUNT);
    expect(await mailsToOneAddress(naive())).toBe(COUNT);
  });

  overRoutes("over HTTP, of one client for one address: 30 pass, and one is mailed", async (app) => {
    const answers = await Promise.all(
      times(COUNT, (nth) =>
        nth % 2
          ? app.visitor().json(RESET, { email: MIKE.email })
          : app.visitor().post(RESET, { email: MIKE.email }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([
      ...new Array(30).fill(200),
      ...new Array(20).fill(429),
    ]);
    expect(await recipientsOf(app)).toEqual([MIKE.email]);
  });

  overRoutes(
    "over HTTP, of 50 clients for one address: all pass, and one is mailed",
    async (app) => {
      const answers = await Promise.all(
        times(COUNT, (nth) =>
          app.visitor().post(RESET, { email: MIKE.email }, { "X-Forwarded-For": clientOf(nth) }),
        ),
      );
      expect(kinds(answers.map(bytesOf))).toHaveLength(1);
      expect(answers[0]?.status).toBe(200);
      expect(await recipientsOf(app)).toEqual([MIKE.email]);
    },
    { isBehindProxy: true },
  );
});

describe("X-Forwarded-For is believed as the framework's setting says", () => {
  const CLIENT = "198.51.100.7";
  const MADE_UP = "203.0.113.9";
  const PROXY = "10.1.2.3";
  /** Who is connected. */
  const HERE = "client:127.0.0.1";

  /** Under which keys a form and JSON are counted that come with this header. */
  async function keysFor(
    listenerOf: (options: RoutesOptions) => RequestListener,
    headers: Record<string, string>,
  ): Promise<string[]> {
    const limiter = watched(generous);
    const app = await startFront(listenerOf, { limits: { rateLimiter: limiter } });
    await app.visitor().post(RESET, { email: MIKE.email }, headers);
    await app.visitor().json(RESET, { email: MIKE.email }, headers);
    const keys = limiter.keys("client");
    expect(keys).toHaveLength(2);
    return kinds(keys);
  }

  const isProxy = (ip: string) => ip === "127.0.0.1" || ip === PROXY;
  const settings: [title: string, trust: unknown, forwarded: string, key: string][] = [
    ["nothing set", undefined, CLIENT, HERE],
    ["nothing set, and several in it", undefined, `${MADE_UP}, ${CLIENT}`, HERE],
    ["false", false, CLIENT, HERE],
    ["no hop", 0, CLIENT, HERE],
    ["a proxy that is elsewhere", "10.0.0.0/8", CLIENT, HERE],
    ["a proxy that is elsewhere, by a function", (ip: string) => ip === PROXY, CLIENT, HERE],
    ["a proxy here", "loopback", CLIENT, `client:${CLIENT}`],
    [
      "a proxy here, and what the client sent before",
      "loopback",
      `${MADE_UP}, ${CLIENT}`,
      `client:${CLIENT}`,
    ],
    ["one hop", 1, `${MADE_UP}, ${CLIENT}`, `client:${CLIENT}`],
    ["two hops", 2, `${MADE_UP}, ${CLIENT}, ${PROXY}`, `client:${CLIENT}`],
    ["two proxies", ["loopback", "10.0.0.0/8"], `${MADE_UP}, ${CLIENT}, ${PROXY}`, `client:${CLIENT}`],
    ["two proxies, by a function", isProxy, `${MADE_UP}, ${CLIENT}, ${PROXY}`, `client:${CLIENT}`],
    [
      "a client that names a proxy of ours before",
      isProxy,
      `${MADE_UP}, ${PROXY}, ${CLIENT}`,
      `client:${CLIENT}`,
    ],
    ["true: then the client chooses", true, `${MADE_UP}, ${CLIENT}`, `client:${MADE_UP}`],
    ["an IPv6 client", "loopback", "2001:db8:7:7:8::1", "client:2001:db8:7:7::/64"],
    ["IPv4 in IPv6", "loopback", `::ffff:${CLIENT}`, `client:${CLIENT}`],
    ["what is no address", "loopback", "client-1", "client:unusable"],
    ["an address with a port", "loopback", `${CLIENT}:4711`, "client:unusable"],
    ["nothing in it", "loopback", "", HERE],
  ];

  test.each(settings)("Express: %s", async (_, trust, forwarded, key) => {
    const listener = (options: RoutesOptions): RequestListener => {
      const app = express();
      if (trust !== undefined) app.set("trust proxy", trust);
      return app.use(expressRoutes(options));
    };
    expect(await keysFor(listener, { "X-Forwarded-For": forwarded })).toEqual([key]);
  });

  // Hono has no such setting: what `clientIp` answers counts, and the adapter reads no header by itself.
  const readers: [
    title: string,
    clientIp: (c: Context) => string | undefined,
    forwarded: string,
    key: string,
  ][] = [
    ["the connection's address", nodeClientIp, CLIENT, HERE],
    ["the connection's address, and several in it", nodeClientIp, `${MADE_UP}, ${CLIENT}`, HERE],
    ["a proxy's last word", proxiedClientIp, `${MADE_UP}, ${CLIENT}`, `client:${CLIENT}`],
    ["a proxy's last word that is no address", proxiedClientIp, `${CLIENT}, client-1`, "client:unusable"],
    ["a proxy that says nothing", proxiedClientIp, "", "client:unusable"],
    [
      "another header, which is not there",
      (c) => c.req.header("CF-Connecting-IP"),
      CLIENT,
      "client:unusable",
    ],
    ["the whole header", (c) => c.req.header("X-Forwarded-For"), `${MADE_UP}, ${CLIENT}`, "client:unusable"],
  ];

  test.each(readers)("Hono: %s", async (_, clientIp, forwarded, key) => {
    const listener = (options: RoutesOptions): RequestListener =>
      nodeListener(new Hono().route("/", honoRoutes({ ...options, clientIp })));
    expect(await keysFor(listener, { "X-Forwarded-For": forwarded })).toEqual([key]);
  });

  const ask = (app: { visitor(): Client }, nth: number, forwarded: string) =>
    app.visitor().post(RESET, { email: `stranger${nth}@example.net` }, { "X-Forwarded-For": forwarded });
  const limited = [...new Array(30).fill(200), 429, 429];

  overRoutes(
    "behind a proxy a client has one share, whatever it sends itself, and leaves the others theirs",
    async (app) => {
      const answers = await inOrder(times(32, (nth) => () => ask(app, nth, `${clientOf(nth)}, ${CLIENT}`)));
      expect(answers.map(({ status }) => status)).toEqual(limited);
      expect((await ask(app, 99, "198.51.100.8")).status).toBe(200);
    },
    { isBehindProxy: true },
  );

  overRoutes("without one the header buys no share at all", async (app) => {
    const answers = await inOrder(times(32, (nth) => () => ask(app, nth, clientOf(nth))));
    expect(answers.map(({ status }) => status)).toEqual(limited);
  });
});
