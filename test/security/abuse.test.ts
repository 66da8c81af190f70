import { type PasswordResetOptions, signedTokens } from "relatch";
import { en, ru } from "relatch/languages";
import { describe, expect, test } from "vitest";
import { type Harness, harness, KEYS, MIKE } from "../helpers/harness.ts";
import type { Client } from "../system/http/client.ts";
import { RESET, SOME_TOKEN } from "../system/http/contract/helpers.ts";
import { inOrder, kinds, REFUSED, times } from "./helpers/flaw.ts";
import { clientOf, overRoutes } from "./helpers/front.ts";
import { generous, spyOnAll, watchLimiter, workOnLongStrings } from "./helpers/watch.ts";

// Long input, and made-up addresses of clients. The single flaws of this kind are in i-abuse.test.ts.

// ── A megabyte ────────────────────────────────────────────────────────────────────────────────────────────

const MEGABYTE = 2 ** 20;
/** Long strings as they come from a network: not put together of parts, which the first reader would have to join. */
const LONG_STRINGS = [
  ...["A", " ", "@", "é", "=?", "a.", "\ud83d", "\0"].map((unit) => unit.repeat(MEGABYTE / unit.length)),
  ...[`mike@${"example.".repeat(MEGABYTE / 8)}org`, `${MIKE.email}${"\t".repeat(MEGABYTE)}`],
  `${SOME_TOKEN}${"=".repeat(MEGABYTE)}`,
].map((text) => Buffer.from(text, "utf16le").toString("utf16le"));

const LONGEST_PASSWORD = times(256, (nth) => `word ${nth} `)
  .join("")
  .slice(0, 1024);

const TOKENS: [kind: string, options: Partial<PasswordResetOptions>, proof: readonly string[]][] = [
  ["stored", {}, ["tokens.find", "users.findById"]],
  ["signed", { tokens: signedTokens(), keys: KEYS }, ["users.findById"]],
];
type Ask = (app: Harness, text: string, token: string) => Promise<unknown>;

describe.each(TOKENS)("With %s tokens", (_, options, proof) => {
  /** By input: the call, its result, and the ports that it may ask. */
  const CALLS: Record<string, [ask: Ask, result: object, calls: readonly string[]]> = {
    "a link to look at": [({ passwordReset }, text) => passwordReset.verifyToken({ token: text }), REFUSED, []],
    "a link to use, and a password": [
      ({ passwordReset }, text) => passwordReset.completeReset({ token: text, newPassword: text }),
      REFUSED,
      [],
    ],
    "an address": [
      ({ passwordReset }, text) => passwordReset.requestReset({ email: text, ip: "192.0.2.1" }),
      { ok: false, reason: "invalid_email" },
      [],
    ],
    "a password with a valid link": [
      ({ passwordReset }, text, token) => passwordReset.completeReset({ token, newPassword: text }),
      { reason: "password_rejected", violations: [{ code: "too_long" }] },
      proof,
    ],
  };

  test.each(Object.entries(CALLS))(
    "a megabyte for %s costs a look at its length",
    async (_input, [ask, result, due]) => {
      const limiter = watchLimiter(generous);
      const app = harness({ ...options, languages: [en, ru], limits: { rateLimiter: limiter } });
      const token = await app.requestToken();
      const calls: string[] = [];
      const { users, tokens, mailer, hasher } = app;
      spyOnAll({ users, tokens, mailer, hasher }, (name) => calls.push(name));
      limiter.asked.length = 0;
      for (const text of LONG_STRINGS) {
        calls.length = 0;
        const work = await workOnLongStrings(async () => expect(await ask(app, text, token)).toMatchObject(result));
        expect([work, calls, limiter.asked]).toEqual([[], due, []]);
      }
      // The control: the longest valid input is worked on, and so is a long one that is read.
      await app.passwordReset.requestReset({ email: `${"a".repeat(64)}@example.org`, ip: "192.0.2.1" });
      await app.passwordReset.completeReset({ token, newPassword: LONGEST_PASSWORD });
      expect(limiter.asked).toHaveLength(3);
      expect(calls).toContain("hasher.hash");
      const seen = await workOnLongStrings(async () => [LONG_STRINGS[0]?.normalize(), JSON.stringify(LONG_STRINGS[1])]);
      expect(seen).toEqual(["String.normalize", "JSON.stringify"]);
    },
  );

  test("a megabyte for a client, a language, a tenant or a correlation id is not looked at", async () => {
    const limiter = watchLimiter(generous);
    const app = harness({ ...options, languages: [en, ru], limits: { rateLimiter: limiter } });
    const others = ([["blue"], "dynamic"] as const).map((tenants) => harness({ ...options, tenants }));
    const work = await workOnLongStrings(async () => {
      for (const text of LONG_STRINGS) {
        const request = { email: MIKE.email, ip: text, locale: text, correlationId: text };
        expect(await app.passwordReset.requestReset(request)).toEqual({ ok: true });
        for (const { passwordReset } of [app, ...others]) {
          const asking = passwordReset.requestReset({ ...request, tenant: text });
          await expect(asking).rejects.toMatchObject({ code: "ERR_OPTIONS" });
        }
      }
    });
    expect(work).toEqual([]);
    expect(kinds(limiter.keys("client"))).toEqual(["client:unusable"]);
    await app.passwordReset.drain();
  });
});

// ── Addresses of clients ──────────────────────────────────────────────────────────────────────────────────

const CLIENT = "198.51.100.7";

const ask = (app: { visitor(): Client }, nth: number, forwarded: string) =>
  app.visitor().post(RESET, { email: `stranger${nth}@example.net` }, { "X-Forwarded-For": forwarded });
const limited = [...new Array(30).fill(200), 429, 429];

overRoutes(
  "Behind a proxy a client has one share, whatever it sends itself",
  async (app) => {
    const answers = await inOrder(times(32, (nth) => () => ask(app, nth, `${clientOf(nth)}, ${CLIENT}`)));
    expect(answers.map(({ status }) => status)).toEqual(limited);
    expect((await ask(app, 99, "198.51.100.8")).status).toBe(200);
  },
  { isBehindProxy: true },
);

overRoutes("Without a proxy the header buys no share", async (app) => {
  const answers = await inOrder(times(32, (nth) => () => ask(app, nth, clientOf(nth))));
  expect(answers.map(({ status }) => status)).toEqual(limited);
});
